"""Programs that keep state: attributes, lists, dicts and variables of other functions that change."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from tests.programs.registry import normal, positive, program, static


class Cell:
    """A recurrent cell that keeps its state itself."""

    def __init__(self, Wx, Wh, h):
        self.Wx, self.Wh, self.h = Wx, Wh, h

    def __call__(self, x):
        self.h = np.tanh(x @ self.Wx + self.h @ self.Wh)
        return self.h


@program(normal(3, 2), normal(2, 2), normal(4, 3))
def stateful_cell(Wx, Wh, xs):
    cell = Cell(Wx, Wh, np.zeros(2))
    loss = 0.0
    for x in xs:
        loss = loss + np.sum(cell(x) ** 2)
    return loss + np.sum(cell.h)


@program(normal(3, 2), normal(2, 2), normal(3), static(4))
def stateful_cell_called_again(Wx, Wh, x, count):
    cell = Cell(Wx, Wh, x[:2] * 0.5)
    for _ in range(count):
        y = cell(x)
    return y @ cell.h


class Counter:
    def __init__(self, start=0):
        self.total = start
        self.calls = 0

    def add(self, x):
        self.total += x
        self.calls += 1
        return self

    @property
    def mean(self):
        return self.total / self.calls

    @mean.setter
    def mean(self, value):
        self.total = value * self.calls


@program(0.7, 1.3)
def counter(x, y):
    c = Counter()
    for i in range(3):
        c.add(x * i).add(y * x)
    return c.mean * c.total


@program(0.7, 1.3)
def property_with_setter(x, y):
    c = Counter(x)
    c.add(y).add(y * x)
    c.mean = c.mean * y
    c.mean *= x
    return c.total


class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next


@program(0.7, 1.3)
def linked_list_changed(x, y):
    c = Node(x * y)
    b = Node(y, c)
    a = Node(x, b)
    a.next.value = a.value * b.value
    b.next = a
    total = 0.0
    node = b
    for _ in range(3):
        total = total + node.value**2
        node = node.next
    return total + c.value


@program(0.7, 1.3)
def two_names_of_one_object(x, y):
    a = Node(x)
    b = a
    b.value = a.value * y
    c = Node(y, a)
    c.next.value = c.next.value + x
    return a.value * b.value + c.value


@program(0.7, 1.3)
@program(-0.7, 1.3)
def object_chosen_by_a_branch(x, y):
    a, b = Node(x), Node(y)
    chosen = a if x > 0 else b
    chosen.value = chosen.value * 3 + a.value
    if y > 1:
        a.value = a.value * b.value
    return a.value + b.value**2


@program(0.7, 1.3)
def swapped_attributes(x, y):
    pair = Node(x, y)
    pair.value, pair.next = pair.next * 2, pair.value
    return pair.value**2 + pair.next


@dataclasses.dataclass
class Particle:
    position: np.ndarray
    velocity: np.ndarray
    mass: float = 1.0

    def kick(self, force, dt):
        self.velocity = self.velocity + force / self.mass * dt
        self.position = self.position + self.velocity * dt


@program(normal(2), normal(2), 1.5)
def dataclass_changed(x, v, mass):
    p = Particle(x, v, mass)
    for _ in range(5):
        p.kick(-p.position, 0.1)
    p.mass *= 2
    return p.mass * np.sum(p.velocity**2) + np.sum(p.position**2)


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left, self.right = left, right


@program(0.7, 1.3)
def slots_changed(x, y):
    s = Slotted(x, y)
    for _ in range(3):
        s.left, s.right = s.right * x, s.left + y
    return s.left * s.right


class Checked:
    def __setattr__(self, name, value):
        object.__setattr__(self, name, value * 2 if name == "value" else value)


@program(0.7)
def own_setattr(x):
    c = Checked()
    c.value = x * x
    c.other = x
    return c.value * c.other


@program(0.7)
def set_by_name(x):
    n = Node(x)
    setattr(n, "value", n.value * x)
    setattr(n, "extra", x)
    del n.extra
    n.extra = x * 3
    return n.value * n.extra


@program(normal(3))
def attribute_with_an_array_written(x):
    n = Node(np.zeros(3))
    n.value[1:] = x[:2]
    n.value += x
    n.value[0] *= x[2]
    n.next = n.value
    n.value = n.next * 2
    n.next[0] = x[1]
    return np.sum(n.value * n.next)


# -- lists -------------------------------------------------------------------------------------------


@program(0.7)
def list_grown(x):
    terms = []
    for i in range(5):
        terms.append(x**i)
    return sum(terms) * terms[-1]


@program(normal(4))
def list_of_numbers_as_array(xs):
    out = []
    for x in xs:
        out.append(np.tanh(x) * x)
    return np.sum(np.array(out) ** 2)


@program(normal(4, 3))
def list_of_rows_stacked(xs):
    rows = []
    state = np.zeros(3)
    for x in xs:
        state = np.tanh(state + x)
        rows.append(state)
    return np.sum(np.stack(rows) ** 2) + rows[1] @ rows[2]


@program(0.7)
def list_read_while_it_grows(x):
    fibonacci = [x, x * x]
    while len(fibonacci) < 8:
        fibonacci.append(fibonacci[-1] + fibonacci[-2] * x)
    return fibonacci[5] * fibonacci[-1]


@program(0.7, 1.3)
def every_method_of_a_list(x, y):
    items = [x, y, x * y]
    items.insert(1, x + y)
    last = items.pop()
    first = items.pop(0)
    items.extend([last * 2, first, y])
    items += [x * 3]
    items.reverse()
    del items[0]
    items.sort()
    items[1:3] = [x * y, y, items[0] * x]
    items[-1] = items[-1] * y
    items[0] *= x
    items.remove(items[2])
    items *= 2
    return sum(item * (i + 1) for i, item in enumerate(items))


@program(0.7, 1.3)
def sorted_by_a_key(x, y):
    items = [x, -y, x * y, y - x]
    items.sort(key=lambda v: -abs(v))
    items.sort(key=lambda v: v, reverse=True)
    return sum(v * w for v, w in zip(items, (1.0, 2.0, 3.0, 4.0)))


@program(0.7)
def stack_machine(x):
    stack = []
    for word in ("x", "x", "*", "x", "+", "sin", "x", "*"):
        if word == "x":
            stack.append(x)
        elif word == "sin":
            stack.append(np.sin(stack.pop()))
        else:
            b, a = stack.pop(), stack.pop()
            stack.append(a * b if word == "*" else a + b)
    return stack.pop()


@program(normal(4))
def list_changed_while_it_is_enumerated(xs):
    items = list(xs)
    for i, item in enumerate(items):
        items[i] = item * item + (items[i - 1] if i else 0.0)
    for item in reversed(items):
        items[-1] = items[-1] + item * 0.5
    return sum(items)


@program(0.7)
def lists_in_a_list(x):
    rows = [[], []]
    for i in range(5):
        rows[i % 2].append(x * i)
    rows.append([x])
    return sum(rows[0]) * sum(rows[1]) + sum(rows[-1])


@program(0.7)
def list_by_two_names(x):
    a = [x]
    b = a
    pair = (a, [b])
    b.append(x * x)
    pair[1][0].append(x * 3)
    a[0] = a[1] * a[2]
    return sum(b) + pair[0][0]


@program(0.7)
def comprehension_changed(x):
    powers = [x**i for i in range(4)]
    powers.append(powers[2] * 2)
    powers[0] = powers[4]
    return sum(powers) * powers[0]


class Recorder:
    def __init__(self):
        self.log = []
        self.last = None

    def note(self, value):
        self.log.append(value)
        self.last = value
        return value


@program(0.7)
def list_in_an_attribute(x):
    recorder = Recorder()
    for i in range(4):
        recorder.note(x * i if recorder.last is None else recorder.last + x)
    return sum(recorder.log) * recorder.last


@program(normal(3))
def list_of_arrays_written(x):
    buffers = [np.zeros(3)]
    buffers.append(x * 2)
    buffers[0][1:] = x[:2]
    top = buffers.pop()
    top[0] = x[1] * x[2]
    buffers.append(top)
    return np.sum(buffers[0] * buffers[1])


@program(0.7)
def callee_that_appends(x):
    def add_to(items, value):
        items.append(value)
        return len(items)

    items = [x]
    n = add_to(items, x * x)
    n = add_to(items, items[-1] * n)
    return sum(items) * n


# -- dicts -------------------------------------------------------------------------------------------


@program(0.7)
def dict_filled(x):
    table = {}
    for i in range(4):
        table[i] = x**i
    table["sum"] = sum(table.values())
    return table["sum"] * table[2]


@program(0.7, 1.3)
def every_method_of_a_dict(x, y):
    d = {"a": x, "b": y}
    d["a"] = d["b"] * x
    d["c"] = d["a"] + d["b"]
    d["a"] *= y
    taken = d.pop("b")
    missing = d.pop("z", x * y)
    d.setdefault("e", x * 2)
    kept = d.setdefault("a", x)
    d.update({"f": y * y, "c": d["c"] * 2})
    d.update(g=x)
    key, value = d.popitem()
    del d["e"]
    total = taken + missing + kept * value
    for name, each in d.items():
        total = total + each * len(name)
    return total


@program(0.7)
def memoised_by_hand(x):
    known = {}

    def power(n):
        if n not in known:
            known[n] = x if n == 1 else power(n - 1) * x
        return known[n]

    return power(3)


@program(0.7)
def momentum_by_name(x):
    parameters = {"w": x, "b": x * 2}
    velocity = {name: 0.0 for name in parameters}
    for _ in range(3):
        for name in ("w", "b"):
            velocity[name] = 0.9 * velocity[name] - 0.1 * parameters[name]
            parameters[name] = parameters[name] + velocity[name]
    return parameters["w"] * parameters["b"]


# -- variables of other functions --------------------------------------------------------------------


@program(0.7)
def nonlocal_total(x):
    total, calls = 0.0, 0

    def add(value):
        nonlocal total, calls
        total = total + value * x
        calls += 1
        return total

    for i in range(3):
        add(x * i)
        total = total * 2.0
    return total * calls


@program(0.7)
def nonlocal_parameter(x, k=2.0):
    def twice():
        nonlocal x
        x = x * k

    twice()
    twice()
    return x * x


@program(0.7)
def made_by_a_maker(x):
    def maker():
        state = 0.5

        def step(value):
            nonlocal state
            state = np.tanh(state + value)
            return state

        def peek():
            return state

        return step, peek

    step, peek = maker()
    return step(x) + step(2 * x) * peek()


SCALE = 1.5


@program(0.7)
def global_assigned(x):
    global SCALE
    saved = SCALE
    SCALE = SCALE * x
    SCALE += x
    result = SCALE * SCALE
    SCALE = saved
    return result


@program(0.7)
def mutable_default(x):
    def collect(value, items=[]):  # noqa: B006 (what is tested)
        items.append(value)
        return sum(items)

    return collect(x) * collect(x * x)


@program(0.7)
def cached_inner_function(x):
    @functools.lru_cache
    def power(n):
        return x**n

    return power(2) * power(3) + power(2)


@program(np.array([0.7, 0.2]))
def exception_after_a_change(x):
    log = []
    node = Node(0.0)
    try:
        for i in range(4):
            node.value = node.value + x[i] ** 2
            log.append(node.value)
    except IndexError:
        log.append(node.value * 3)
    return sum(log)


# -- arguments that change ---------------------------------------------------------------------------


def changes_a_list(items, x):
    items.append(x * items[0])
    items[0] = items[1] * 2
    return sum(items) * x


def changes_an_object(node, x):
    node.value = node.value * x
    node.next.append(node.value)
    return sum(node.next) + node.value


@program(0.7)
def arguments_changed(x):
    items = [x, x * x]
    node = Node(x, [x * 3])
    first = changes_a_list(items, x) + changes_an_object(node, x)
    return first * sum(items) + node.value * len(node.next)


@program(0.7)
def items_written_in_a_loop_of_an_inner_function(x):
    out, table = [1.0, 2.0], np.zeros(3)

    def step(n):
        for i in range(n):
            out[0] = out[0] * x
            table[i] = out[0] + out[1]
        while out[1] > 0.5:
            out[1] = out[1] * x

    step(3)
    return out[0] * out[1] + np.sum(np.sin(table))


class Squared:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, owner, cls=None):
        return getattr(owner, self.name) * 2.0

    def __set__(self, owner, value):
        setattr(owner, self.name, value**2)


class Watched:
    area = Squared()

    def __init__(self, side):
        self._side, self.log = side, []

    @property
    def side(self):
        return self._side * 3.0

    @side.setter
    def side(self, value):
        self.log.append(value)
        self._side = value * value

    @side.deleter
    def side(self):
        self._side = 1.0


@program(normal(3))
def descriptors_that_set_and_delete(x):
    watched = Watched(x[0])
    watched.area = x[1] * watched.side
    watched.side += x[2]
    before = watched.side
    del watched.side
    watched.area *= before
    return watched.area + watched.side * before + sum(watched.log)


CALLS = 0
LAST = [0.0]


@program(normal(3))
def counter_beside_a_list_of_the_module(x):
    global CALLS
    CALLS += 1
    LAST[0] = x[0] * x[1]
    LAST.append(LAST[0] * x[2])
    value = LAST.pop() * LAST[0] * CALLS
    CALLS = 0
    LAST[0] = 0.0
    return value


@program(positive(3))
def sets_changed_by_operators(x):
    seen = {0}
    total = 0.0
    for i in (2, 1, 0, 2):
        if i in seen:
            total = total + x[i] ** 2
        seen |= {i}
        seen -= {0}
    seen ^= {5}
    return total * len(seen)


class Positive:
    """A descriptor that keeps the logarithm of what it is assigned."""

    def __set_name__(self, owner, name):
        self.name = "log_" + name

    def __get__(self, instance, owner=None):
        return np.exp(getattr(instance, self.name))

    def __set__(self, instance, value):
        setattr(instance, self.name, np.log(value))


class Prior:
    scale = Positive()

    def __init__(self, location, scale):
        self.width = 1.0
        self.location = location
        self.scale = scale

    @property
    def location(self):
        return self._location * self.width

    @location.setter
    def location(self, value):
        self._location = value * value
        self.width = self.width + value


class Centred(Prior):
    def __init__(self, scale):
        super().__init__(0.5, scale)
        self.location = self.scale * 2

    def __setattr__(self, name, value):
        super().__setattr__(name, value)


@program(0.7, 1.3)
def setters_in_constructors(x, y):
    prior = Prior(x, y)
    prior.scale = prior.scale * x + prior.location
    other = Centred(y)
    return prior.scale * prior.width + other.location * other.width
