"""Iterators of classes that define `__next__`, and `try` bodies that callees leave between their writes."""

import copy
import heapq
import itertools
from collections import Counter, OrderedDict, deque

import numpy as np

from tests.programs.registry import normal, program, spread, static


class Countdown:
    def __init__(self, x, n):
        self.x, self.n = x, n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        self.x = np.sin(self.x) * 2
        return self.x


class Endless:
    def __init__(self, x):
        self.x = x

    def __iter__(self):
        return self

    def __next__(self):
        self.x = np.cos(self.x)
        return self.x


class Source:
    def __init__(self, v):
        self.v = v

    def __iter__(self):
        return Reader(self)


class Reader:
    def __init__(self, source):
        self.source, self.i = source, -1

    def __iter__(self):
        return self

    def __next__(self):
        self.i += 1
        try:
            return self.source.v[self.i], self.source.v[self.i] ** 2
        except IndexError:
            raise StopIteration from None


@program(0.7)
def loop_left_and_taken_up_again(x):
    it = Countdown(x, 4)
    s = 0.0
    for y in it:
        s += y * it.x * it.n
        if y > 1.7:
            break
    else:
        s += 1
    for z in it:
        s += z
    return s + z


@program(0.7)
def asked_by_hand(x):
    it = Countdown(x, 3)
    return next(it) * it.__next__() * next(it) + next(it, x) + it.x


@program(0.7)
def stopped_by_hand(x):
    it = Countdown(x, 4)
    s = 0.0
    out = []
    while True:
        try:
            y = next(it)
        except StopIteration:
            break
        out.append(y)
        s += y * it.x
    return s + sum(out) + it.x


@program(0.7)
def endless(x):
    s = 0.0
    for y in Endless(x):
        s += y
        if s > 3:
            return s * y


@program(normal(4))
def a_reader_apart(v):
    s = Source(v)
    t = 0.0
    for a, b in s:
        for _, d in s:
            t += a * d
        t += b
    (p, q), *rest = s
    return t + sum(p * q for p, q in s) + len([a for a, _ in s]) + p * rest[0][1] * q


@program(0.7)
def comprehensions(x):
    it = Countdown(x, 4)
    ys = [y * it.x for y in it]
    d = {k: y for k, y in enumerate(Countdown(x, 3))}
    return ys[0] * ys[-1] + sum(ys) + d[1] * d[2]


@program(0.7)
def taken_at_once(x):
    def f(a, b, *c):
        return a * b + sum(c)

    s = sum(list(Countdown(x, 4))) + max(Countdown(x, 3)) + sum(sorted(Countdown(x, 3)))
    d = dict(zip("abcd", Countdown(x, 4)))
    q = deque(Countdown(x, 2))
    xs = [x]
    xs.extend(Countdown(x, 3))
    return s + f(*Countdown(x, 4)) + d["a"] * d["d"] + q[0] * q[1] + xs[1] * xs[3]


@program(0.7)
def zipped_with_a_list(x):
    s = 0.0
    it = Countdown(x, 5)
    for a, b in zip([1.0, x, 3.0], it):
        s += a * b * it.n
    for a, b in zip(it, [x, x]):
        s += a * b
    return s + it.x


@program(0.7)
def numbered_and_left(x):
    s = 0.0
    it = Countdown(x, 5)
    for i, b in enumerate(it, 1):
        s += i * b * it.n
        if i == 3:
            break
    return s + it.x + next(it)


@program(0.7)
def mapped_filtered_sliced(x):
    s = 0.0
    it = Countdown(x, 6)
    for b in map(lambda y: y * it.n, filter(lambda y: y > 1.5, itertools.islice(it, 4))):
        s += b
    return s * next(it) + sum(itertools.takewhile(lambda y: y > 0.9, Endless(x)))


@program(0.7)
def searched(x):
    it = Countdown(x, 5)
    found = any(y > 1.5 for y in it)
    s = it.x * found
    s += it.x * any(it) + it.n
    other = Countdown(x, 3)
    return s + other.x * (2 if 5.0 in other else 3) * other.x


@program(normal(6))
def asked_until_none(v):
    pos = 0

    def read():
        nonlocal pos
        pos += 1
        return v[pos - 1] if pos < 5 else None

    return sum(a * a for a in iter(read, None))


@program(0.7)
def several_in_a_list(x):
    s = 0.0
    for it in [Countdown(x, 4), Countdown(2 * x, 3)]:
        for y in it:
            s += y * y
    return s


@program(normal(5), normal(4))
def indices_of_arrays(a, b):
    D = np.full((len(a) + 1, len(b) + 1), np.inf)
    D[0, 0] = 0
    for i, j in np.ndindex(len(a), len(b)):
        D[i + 1, j + 1] = (a[i] - b[j]) ** 2 + min(D[i, j], D[i, j + 1], D[i + 1, j])
    for (i, j), d in np.ndenumerate(np.outer(a, b)):
        D[i + 1, j + 1] += d * a[i]
    return np.sum(D[1:, 1:])


# -- bodies of `try` ---------------------------------------------------------------------------------


class Model:
    def __init__(self, w):
        self.w = w.copy()
        self.log = []

    def step(self, x):
        self.w += x
        self.log.append(self.w[0])
        if self.w @ self.w > 20:
            raise ValueError("diverged")
        self.w *= 0.9
        return self.w @ x


@program(normal(3), normal(5, 3))
def steps_that_diverge(w, xs):
    m = Model(w)
    total = 0.0
    for x in xs:
        try:
            total += m.step(3 * x)
        except ValueError:
            m.w *= 0.25
            total += m.w[1] ** 2
    return total + sum(m.log) + m.w @ m.w


@program(normal(3), normal(5, 3))
def loop_that_diverges(w, xs):
    m = Model(w)
    total = 0.0
    try:
        for x in xs:
            for k in range(3):
                total += m.step(2 * x) * (k + 1)
    except ValueError:
        m.w *= 0.25
    else:
        total += 5.0 * m.w[0]
    return total + sum(m.log) + m.w @ m.w


@program(normal(4), static(2))
def attempts_inside_attempts(v, n):
    log = {"a": v[0]}
    y = v.copy()

    def change(k):
        try:
            y[0] *= v[k]
            log["a"] += y[0]
            y[k] = 1.5 * y[7 - k]
            log["a"] *= 2
        except IndexError:
            y[1] += y[0]
            if k == n:
                log["b"] = y[1]
                raise KeyError("n") from None
            log["a"] += y[1]
        finally:
            log["a"] *= 1.5

    for k in range(4):
        try:
            change(k)
            y[3] *= 2
        except KeyError:
            y[2] -= log["a"]
    return y @ v + log["a"] * log["b"]


@program(normal(3, 3), normal(3))
def factors_that_fail_late(A, b):
    S = A @ A.T
    kept = []

    def solved(shift):
        kept.append(shift * b[0])
        L = np.linalg.cholesky(S + shift * np.eye(3))
        kept[-1] *= 2
        return L

    for shift in (-100.0, 0.0, 1.0):
        try:
            L = solved(shift)
            kept.append(L[0, 0])
        except np.linalg.LinAlgError:
            kept[0] += 1.0
            continue
        break
    return np.sum(L @ b) + kept[0] * kept[1] + kept[2]


@program(normal(3))
def a_callee_that_writes_and_raises(v):
    y = v.copy()

    def scale(z, i):
        z *= v[0]
        z[i] = v[1]
        return z[i] * z[0]

    total = 0.0
    for i in (1, 5, 2):
        try:
            total += scale(y, i)
        except IndexError as error:
            y[0] += len(str(error))
    return total + y @ y


# -- queues of pairs, sets that are asked, objects with slots ------------------------------------------


@program(spread(6))
def shortest_path(w):
    a, b, c, d, e, _ = w**2
    graph = {0: [(1, a), (2, b)], 1: [(3, c)], 2: [(3, d), (1, e)], 3: []}
    dist = {0: 0.0}
    queue = [(0.0, 0)]
    done = set()
    while queue:
        d, u = heapq.heappop(queue)
        if u in done:
            continue
        done.add(u)
        for v, c in graph[u]:
            if v not in dist or d + c < dist[v]:
                dist[v] = d + c
                heapq.heappush(queue, (d + c, v))
    return dist[3] + dist[1] * dist[2]


@program(normal(4))
def stack_of_pairs(v):
    stack = [(0.0, 0)]
    for i in range(3):
        stack.append((v[i] * v[3], i))
    s = 0.0
    while stack:
        d, u = stack.pop()
        s += d * v[u]
    return s


class Node:
    __slots__ = ("next", "value")

    def __init__(self, value, following=None):
        self.value, self.next = value, following


@program(normal(5))
def linked_nodes(v):
    head = None
    for a in v:
        head = Node(a * a, head)
    head.next.value += head.value * v[0]
    before = None
    while head is not None:
        head.next, before, head = before, head, head.next
    total, k = 0.0, 1
    while before is not None:
        total += before.value * k
        before, k = before.next, k + 1
    return total


@program(normal(3))
def arrays_in_slots(v):
    node = Node(v * 2)
    node.value[0] = v[1] ** 2
    other = Node(node.value[1:])
    other.value *= v[0]
    node.next = other
    node.next.value[0] += node.value[0]
    both = [node, other]
    return np.sum(node.value * v) + both[0].next.value[0] * both[1].value[1]


@program(normal(3))
def sums_of_nothing(v):
    a = [x for x in v if x > 100]
    b = []
    for x in v:
        if x > 100:
            b.append((1.0, x))
    return v @ v + sum(a) + sum(y for _, y in b) + sum(a, v[0]) + sum([x for x in a], 0.0) * v[1]


@program(normal(4))
def words_by_name(v):
    store = {}
    for i, a in enumerate(v):
        store[f"x{i:02d}"] = a * i
    s = sum(store[k] for k in sorted(store))
    return s * store.pop("x02") + store.setdefault("new", v[0])


@program(normal(6))
def totals_in_a_counter(v):
    c = Counter()
    for i, k in enumerate("abracadabra"):
        c[k] += v[i % 6] ** 2
    c["z"] -= c["a"] * v[0]
    return c["z"] * c["b"] + sum(x * k for k, x in enumerate(c.values())) + c["missing"]


@program(normal(6))
def least_recently_used(v):
    cache = OrderedDict()
    total = 0.0
    for i, a in zip([0, 1, 0, 2, 3, 0], v):
        if i in cache:
            cache.move_to_end(i)
            total += cache[i]
        else:
            cache[i] = a * a
            if len(cache) > 2:
                cache.popitem(last=False)
    first = OrderedDict([("a", v[0]), ("b", v[1])])
    first["a"] *= first["b"]
    first.move_to_end("a")
    _, last = first.popitem()
    return total + sum(x * k for k, x in enumerate(cache.values())) + last


@program(normal(4))
def numbers_that_were_seen(v):
    seen = set()
    todo = [(0, v[0])]
    s = 0.0
    while todo:
        k, a = todo.pop()
        if k in seen or len(seen) > 5:
            continue
        seen.add(k)
        s += a * v[k] * len(seen)
        for j in (k + 1, k + 2):
            if j < 4:
                todo.append((j, a * v[j]))
    return s**2


class Lazy:
    count = 0
    decay = 0.5

    def __init__(self, w):
        self.w = w
        self.state = None

    def __call__(self, x):
        self.count += 1
        if self.state is None:
            self.state = np.zeros_like(self.w)
        self.state = self.decay * self.state + self.w * x
        return self.state.sum() + self.state.max()


@program(normal(3))
def state_made_when_needed(v):
    m = Lazy(v * 2)
    s = m(1.0) + m(v[0])
    m.decay = v[1]
    return s * m(2.0) * m.count


@program(normal(5))
def popped_in_callees(v):
    stack = list(v)
    d = {"a": v[0], "b": v[1]}
    log = []

    def step(k):
        x = stack.pop()
        log.append(x * k)
        y = d.pop("a", x)
        d["a"] = x * y
        z = d.setdefault("c", y)
        stack.insert(0, z * x)
        if x > 100:
            return 0.0
        w = stack.pop(1) if k < 3 else stack[7]
        return w * z + sum(d.values())

    s = 0.0
    for k in range(5):
        try:
            s += step(k)
        except IndexError:
            s += log[-1] * v[2]
    return s * d["a"] + sum(stack) + sum(log)


@program(0.7)
def taken_until_zero(x):
    left = [0, x, x * x]

    def take():
        return left.pop()

    s = 0.0
    for y in iter(take, 0):
        s += y * y
    return s


@program(0.7)
def attribute_of_a_class(x):
    class Local:
        rate = 0.1

    Local.rate = x * x
    return Local.rate * Local().rate


# -- copies of what changes ------------------------------------------------------------------------------


class Decaying:
    def __init__(self, w):
        self.w = w
        self.state = np.zeros(3)

    def __call__(self, x):
        self.state = 0.5 * self.state + self.w * x
        return np.sum(self.state)


@program(normal(3))
def deepcopied(v):
    m = Decaying(v * 2)
    m(v[0])
    n = copy.deepcopy(m)
    n.state = n.state * 2
    n(v[2])
    m(v[1])
    return np.sum(n.state * m.state)


@program(normal(3))
def deepcopied_arrays(v):
    m = Decaying(v * 2)
    m(v[0])
    n = copy.deepcopy(m)
    m.state *= 2
    n.state += 1.0
    m.w[0] = v[1]
    return np.sum(n.state * m.state) + n.w @ m.w


@program(normal(3))
def copied_list(v):
    s = [v[0], v[1]]
    t = copy.copy(s)
    t.append(v[2])
    u = copy.deepcopy([s, t])
    u[0][0] = v[0] * 2
    s[0] *= 3.0
    return sum(s) * sum(t) + sum(u[0]) * u[1][2]


@program(normal(3))
def best_so_far(v):
    params = {"w": v * 2, "b": v[0]}
    best, cost = None, 1e9
    for k in range(3):
        params["w"] = params["w"] * 0.9 - 0.1 * k * v[1]
        params["b"] *= v[2]
        c = np.sum(params["w"] ** 2)
        if c < cost:
            cost, best = c, copy.deepcopy(params)
    params["w"] = params["w"] * 5
    return np.sum(best["w"] * params["w"]) * best["b"]


@program(normal(3))
def filled_lists(v):
    n = len(v)
    out = [0.0] * n
    for i, a in enumerate(v):
        out[i] += a * v[0]
    rows = [[0.0] * n for _ in range(n)]
    rows[0][1] = out[1]
    rows[1][1] += out[2] * out[0]
    big = 100 * [v[1]]
    big[70] = v[0]
    same = [[v[0]]] * n
    same[0].append(v[1])
    none = [None] * n
    none[1] = out[1] * 2
    empty = [1.0] * (n - 5)
    kept = rows[1][1] * rows[0][1] + big[70] * big[71] + sum(same[2]) * len(same)
    return sum(out) + kept + none[1] + len(empty) + sum([v[2]] * n)
