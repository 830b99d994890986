"""Programs of some length whose lists, dicts, objects and arrays change on the way."""

from __future__ import annotations

import numpy as np

from tests.programs.registry import normal, program, static, uniform


@program(0.7, 1.3)
def paths_by_a_stack(x, rate):
    """Depth first: what is on top of the stack is named where it is asked for."""
    stack, total = [(x, 0)], 0.0
    while stack and (top := stack.pop())[1] < 4:
        value, depth = top
        total += value * value
        if depth < 3:
            stack.append((value * rate, depth + 1))
            stack.append((value + x, depth + 1))
    return total


@program(0.7)
def costs_along_edges(x):
    """Costs of the nodes of a graph, in a dict, until the queue of nodes is empty."""
    edges = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]
    costs, queue = {"a": x}, ["a"]
    while queue:
        node = queue.pop(0)
        for start, end in edges:
            if start == node:
                costs[end] = costs.get(end, 0.0) + costs[start] * x
                queue.append(end)
    return costs["d"] * costs["b"]


@program(normal(6))
def values_in_bins(xs):
    """A histogram of weights, in a list of lists that grow."""
    bins = [[] for _ in range(3)]
    for i, x in enumerate(xs):
        bins[i % 3].append(x * x)
    for row in bins:
        row[0] = row[0] + row[-1] * xs[0]
    return sum([sum(row) * (k + 1) for k, row in enumerate(bins)])


@program(0.3)
def elimination_of_rows(x):
    """Two steps of Gauss on a list of lists, each row under a name of its own."""
    rows = [[2.0 + x, x, 1.0], [x * x, 3.0, x], [1.0, x, 2.5]]
    for i in range(2):
        pivot = rows[i]
        for k in range(i + 1, 3):
            row = rows[k]
            factor = row[i] / pivot[i]
            for j in range(3):
                row[j] -= factor * pivot[j]
    return rows[0][0] * rows[1][1] * rows[2][2]


@program(0.4)
def list_turned_round(x):
    """A linked list is made, turned round, and added up along its links."""
    head = None
    for i in range(4):
        head = Link(x * (i + 1), head)
    last, link = None, head
    while link is not None:
        link.next, last, link = last, link, link.next
    total, link = 0.0, last
    while link is not None:
        total = total * x + link.value
        link.value = total
        link = link.next
    return total * head.value


class Link:
    def __init__(self, value, next):
        self.value, self.next = value, next


class Gate:
    """A layer that keeps what it gave."""

    def __init__(self, weights):
        self.weights, self.outputs = weights, []

    def __call__(self, x):
        y = np.tanh(self.weights * x)
        self.outputs.append(y)
        return y


class Chain:
    def __init__(self, gates):
        self.gates, self.last = list(gates), None

    def __call__(self, x):
        for gate in self.gates:
            x = gate(x)
        self.last = x
        return x


@program(normal(3), normal(3), normal(3))
def layers_that_keep_their_outputs(v, w, x):
    """What layers gave is penalised, as activities are; the weights of one decay meanwhile."""
    first, second = Gate(v), Gate(w)
    model = Chain([first, second])
    model(x)
    first.weights = first.weights * 0.9
    y = model(model.last)
    penalty = sum([np.sum(h * h) for gate in model.gates for h in gate.outputs])
    return np.sum(y) + 0.1 * penalty


@program({"weights": [normal(3), normal(3)], "rate": 0.2}, static(3), writes=True)
def parameters_trained_in_a_dict(parameters, steps):
    """Gradient descent on a quartic, in place of what the dict holds."""
    for _ in range(steps):
        for i, w in enumerate(parameters["weights"]):
            parameters["weights"][i] = w - parameters["rate"] * w**3
    return sum([np.sum(w**2) for w in parameters["weights"]])


@program(normal(3, 4))
def rows_smoothed_as_they_pass(field):
    """Each row takes some of the one before, which has been smoothed already."""
    rows = field * 1.0
    for above, below in zip(rows, rows[1:]):
        below += 0.25 * (above - below)
    return np.sum(rows * rows)


class Tank:
    """Its area is computed when it is asked for, and again when the radius has changed."""

    def __init__(self, radius):
        self._radius, self._area = radius, None

    @property
    def area(self):
        if self._area is None:
            self._area = 3.0 * self._radius**2
        return self._area

    @property
    def radius(self):
        return self._radius

    @radius.setter
    def radius(self, value):
        self._radius, self._area = value, None


@program(0.7, uniform(0.5, 1.5, 4))
def cached_until_it_changes(radius, flows):
    tank, level = Tank(radius), 0.0
    for i in range(4):
        level = level + flows[i] / tank.area
        if i == 1:
            tank.radius = tank.radius * 1.5
        level = level * tank.area
    return level


@program(2.0, 0.4)
def steps_that_are_taken_back(x, step):
    """A step that goes too far is undone and tried again with half the length."""
    position, tried = [x], []
    for _ in range(5):
        before = position[0]
        try:
            position[0] = before - step * before**3
            tried.append(step)
            if position[0] < 0:
                raise ArithmeticError
        except ArithmeticError:
            position[0] = before
            step = step * 0.5
    return position[0] ** 2 + sum(tried)


@program(normal(3))
def replaced_at_an_index_from_numpy(xs):
    """An array takes the place of another in a list, at an index that only running tells."""
    layers = [xs * 1.0, xs * xs]
    worst = int(np.argmax(xs)) % 2
    layers[worst] = layers[worst] * layers[1 - worst] + 1.0
    for k in map(int, "10"):
        layers[k] = layers[k] * 3.0 + xs[0]
    layers[worst - 1] = layers[0] + layers[1]
    return np.sum(layers[0] * layers[1])


@program(0.7, 1.3)
def stored_by_the_method(x, y):
    """`__setitem__` by its name, of a list and a dict, at an index and at a slice."""
    items, table = [x, y], {"a": x}
    items.__setitem__(0, items[1] * y)
    items.__setitem__(slice(1, 2), [x * y, y])
    table.__setitem__("a", items[0] * table["a"])
    return items[0] * items[1] + items[2] * table["a"]


@program(normal(3))
def rows_taken_apart(xs):
    """Loops that take rows apart which have changed since they were put together."""
    rows, total = [[xs[0], xs[1]] for _ in range(3)], 0.0
    rows[0][0] = xs[2]
    for row in rows:
        row[1] = row[1] * xs[2]
    for a, b in rows:
        total += a * b
    for a, b in rows[:2]:
        total = total * a + b
    return total + sum([a * a * b for a, b in rows])


@program(normal(3))
def pairs_that_were_zipped(xs):
    pairs, total = [[a, b] for a, b in zip(xs, xs[::-1])], 1.0
    pairs[0][0] = xs[1] * xs[2]
    for a, b in pairs:
        total = total * a + b
    return total


@program(normal(3))
def columns_of_rows(xs):
    rows, total = [[x * k for x in xs] for k in range(1, 4)], 0.0
    rows[0][0] = xs[1]
    for a, b, c in rows:
        total = total + a * b * c
    return total
