"""Queues of pairs, sets that are asked, objects with slots, state that is made late, copies of what changes."""

import copy
import heapq
from collections import Counter, OrderedDict

import numpy as np

from tests.programs.registry import normal, program, spread


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
