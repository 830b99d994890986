"""OrderedDict, Counter, queues, sets that are asked, deep copies that are written to, lists made by `[x] * n`."""

import collections
import copy
import heapq
from collections import Counter, OrderedDict

import numpy as np

from tests.silence.listed import IN_PLACE, KEPT, NO_RULE, OTHER_NAME, VECTOR, Record

ARGUMENTS = (VECTOR,)
REFUSED = {
    KEPT: """
        ordered_dict_of_another
        copied_before_and_after_a_write
    """,
    NO_RULE: "counter_updated counter_subtracted copied_with_a_memo",
    IN_PLACE: "kept_up_to_date_by_del set_of_active_numbers set_gone_through",
    OTHER_NAME: "one_array_many_times",
}


# -- OrderedDict -------------------------------------------------------------------------------------


def moved_to_the_end(v):
    d = OrderedDict(a=v[0], b=v[1], c=v[2])
    d.move_to_end("a")
    d["a"] *= d["b"]
    d.move_to_end("c", last=False)
    return sum(k * y for k, y in enumerate(d.values(), 1))


def moved_while_values_change(v):
    d = OrderedDict()
    for i in range(3):
        d[i] = v[i] * v[0]
    s = 0.0
    for i in (1, 0, 1, 2):
        d.move_to_end(i)
        d[i] = d[i] * v[2] + s
        s += d[i]
        d.move_to_end(0, False)
    k, y = d.popitem()
    m, z = d.popitem(last=False)
    return s + y * k + z * (m + 1) + sum(d.values())


def moved_key_that_is_missing(v):
    d = OrderedDict([("a", v[0]), ("b", v[1])])
    s = 0.0
    for k in ("a", "z", "b"):
        try:
            d[k + "x"] = v[2]
            d.move_to_end(k)
            d[k] *= 2
        except KeyError:
            s += d["ax"] * d["a"]
    return s + sum(i * y for i, y in enumerate(d.values()))


def moved_then_shared(v):
    d = OrderedDict(a=v * 1, b=v * 2)
    a = d["a"]
    d.move_to_end("a")
    a[0] = v[1] ** 2
    last = next(reversed(d))
    return d[last] @ d["b"] + a[0]


def ordered_dicts_are_equal_in_order(v):
    d, e = OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)
    e.move_to_end("b")
    return v @ v if d == e else v[0]


def cache_of_two(v):
    class Cache:
        def __init__(self):
            self.items = OrderedDict()

        def get(self, k):
            if k not in self.items:
                self.items[k] = v[k] ** 2
            self.items.move_to_end(k)
            if len(self.items) > 2:
                self.items.popitem(last=False)
            return self.items[k]

    c = Cache()
    s = 0.0
    for k in (0, 1, 0, 2, 1):
        s += c.get(k) * (k + 1)
        c.items[k] *= v[0]
    return s + sum(c.items.values())


def ordered_dict_of_another(v):
    d = {"a": v[0]}
    e = OrderedDict(d)
    e["a"] *= 2
    e.update(b=v[1])
    f = e.copy()
    f["b"] *= v[2]
    return d["a"] * e["a"] + e["b"] * f["b"]


# -- Counter -----------------------------------------------------------------------------------------


def counter_of_weights(v):
    c = Counter()
    for i, k in enumerate("abab"):
        c[k] += v[i % 3] ** 2
    return c["a"] * c["b"] + c["no"] * v[0] + len(c)


def counter_that_lacks(v):
    c = Counter()
    s = c["x"] * v[0]
    c["x"] += v[1]
    s += c["x"]
    c["y"] -= s
    c["x"] *= c["y"]
    return s * c["x"] + sum(c.values())


def counter_updated(v):
    c = Counter({"a": v[0]})
    c.update({"a": v[1], "b": v[2]})
    return c["a"] * c["b"]


def counter_subtracted(v):
    c = Counter(a=v[0], b=v[1])
    c.subtract({"a": v[2]})
    return c["a"] * c["b"]


def most_common_weights(v):
    c = Counter()
    for i, k in enumerate("abc"):
        c[k] += v[i] ** 2
    (k, y), *rest = c.most_common()
    return y * v[0] + rest[0][1] * 2


def total_of_a_counter(v):
    c = Counter()
    c["a"] += v[0]
    c["b"] += v[1] * v[2]
    return c.total() ** 2


def counter_of_letters(v):
    c = Counter("abracadabra")
    return c["a"] * v[0] + v[1] ** c["b"] + sum(c.values()) * v[2]


def counter_given_and_changed(v):
    c = Counter()

    def count(k, y):
        c[k] += y
        return c[k]

    s = count("a", v[0]) * count("a", v[1])
    return s + count("b", s) * c["a"]


def kept_up_to_date_by_del(v):
    c = Counter()
    c["a"] += v[0]
    del c["a"]
    del c["never"]
    c["a"] += v[1]
    return c["a"] ** 2


# -- deep copies, then writes ------------------------------------------------------------------------


class Model:
    def __init__(self, w):
        self.w, self.state, self.children = w, {"h": w[0]}, []


def copied_then_both_written(v):
    m = Model(v * 2)
    n = copy.deepcopy(m)
    m.w[0] *= v[1]
    n.w[1] *= v[2]
    m.state["h"] *= 3
    n.state["h"] += m.state["h"]
    return m.w @ n.w + n.state["h"] * m.state["h"]


def copied_with_what_is_shared_inside(v):
    m = Model(v * 2)
    m.again = m.w
    n = copy.deepcopy(m)
    n.w[0] = v[1]
    n.again[1] *= n.w[0]
    return np.sum(n.w * n.again) + m.w @ m.again


def copied_with_a_view_inside(v):
    w = v * 2
    m = Record(w, w[1:])
    n = copy.deepcopy(m)
    n.value[1] = v[0]
    n.other[0] *= 5
    return np.sum(n.value) + n.other @ n.other + m.value @ v


def copied_in_a_circle(v):
    a, b = Record(v[0]), Record(v[1])
    a.other, b.other = b, a
    c = copy.deepcopy(a)
    c.other.value *= v[2]
    c.other.other.value += 1.0
    return a.value * b.value + c.value * c.other.value


def copied_several_times(v):
    m = Model(v * 1)
    kept = []
    for k in range(3):
        m.w *= v[k]
        m.state["h"] = m.w[k] * 2
        kept.append(copy.deepcopy(m))
    m.w[:] = 0.0
    s = 0.0
    for k, n in enumerate(kept):
        n.w[0] += k
        s += n.w @ v + n.state["h"]
    return s + m.state["h"]


def copied_before_and_after_a_write(v):
    xs = [v * 1, [v[0], v[1]]]
    a = copy.deepcopy(xs)
    xs[0][1] = v[2]
    xs[1][0] *= 2
    b = copy.deepcopy(xs)
    b[1].append(a[1][0])
    a[0] *= 2
    return a[0] @ b[0] + sum(b[1]) * sum(a[1])


def shallow_copy_of_a_model(v):
    m = Model(v * 2)
    n = copy.copy(m)
    n.w[0] = v[1]
    n.state["h"] *= v[2]
    n.w = n.w * 2
    return m.w @ n.w + m.state["h"]


def copied_with_a_memo(v):
    class Shared:
        def __init__(self, w):
            self.w = w

        def __deepcopy__(self, memo):
            return Shared(self.w * 2)

    m = Record(Shared(v * 1), v * 3)
    n = copy.deepcopy(m)
    n.value.w[0] += 1
    n.other[1] = v[0]
    return n.value.w @ n.other + m.value.w @ m.other


def copied_slots(v):
    class Node:
        __slots__ = ("following", "value")

        def __init__(self, value, following=None):
            self.value, self.following = value, following

    a = Node(v[0], Node(v * 1))
    b = copy.deepcopy(a)
    b.following.value[0] *= a.value
    a.following.value[1] = v[2] ** 2
    b.value += 1
    return b.following.value @ a.following.value + a.value * b.value


# -- queues and sets ---------------------------------------------------------------------------------


def cheapest_first(v):
    heap = [(y * y, i) for i, y in enumerate(v)]
    heapq.heapify(heap)
    s = 0.0
    while len(heap) > 1:
        a, i = heapq.heappop(heap)
        b, j = heapq.heappop(heap)
        s += (a + b) * (i + 2)
        heapq.heappush(heap, (a + b, i + j))
    return s * heap[0][0]


def pushed_and_popped_at_once(v):
    heap = [v[0] * v[1], v[1] ** 2]
    heapq.heapify(heap)
    a = heapq.heappushpop(heap, v[2])
    b = heapq.heapreplace(heap, a * v[0])
    return a * b + sum(k * y for k, y in enumerate(sorted(heap)))


def pairs_from_both_ends(v):
    q = collections.deque([(0, v[0])])
    s = 0.0
    while q:
        k, y = q.popleft()
        s += y * v[k]
        if k < 2:
            q.append((k + 1, y * v[1]))
            q.appendleft((k + 1, y + v[2]))
    return s


def seen_by_number(v):
    seen = set()
    s = 0.0
    for k in (0, 1, 0, 2, 1):
        if k in seen:
            s *= v[k]
            seen.discard(k)
            continue
        seen.add(k)
        s += v[k] * len(seen)
    return s


def set_of_active_numbers(v):
    seen = set()
    for y in v:
        seen.add(y * 2)
    return sum(seen) * v[0]


def set_gone_through(v):
    seen = set()
    for k in (2, 0):
        seen.add(k)
    s = 0.0
    for k in seen:
        s += v[k] * (k + 1)
    return s


def set_kept_by_two_names(v):
    seen = set()
    other = seen
    s = 0.0
    for k in range(3):
        other.add(k)
        s += v[k] if k in seen else 100 * v[k]
    return s * v[0]


# -- lists of one item -------------------------------------------------------------------------------


def one_list_many_times(v):
    rows = [[v[0], v[1]]] * 3
    rows[0][0] *= v[2]
    rows[1].append(rows[2][0])
    rows[2] = [1.0]
    return sum(rows[0]) * sum(rows[1]) + sum(rows[2])


def one_array_many_times(v):
    n = len(v)
    rows = [v * 2] * n
    rows[0][1] = v[0] ** 2
    rows[1] *= v[1]
    return sum(np.sum(r * (k + 1)) for k, r in enumerate(rows))


def item_made_once(v):
    made = []

    def make():
        made.append(v[0])
        return made[-1] * 2

    xs = [make()] * len(v)
    xs[1] *= v[1]
    return sum(xs) * len(made)


def none_at_all(v):
    xs = [v[0]] * (len(v) - 3)
    ys = [v[0]] * -1
    xs.append(v[1])
    return sum(xs) * v[2] + len(ys)


def table_of_an_unknown_size(v):
    n = int(np.sum(v > 0)) + 1
    best = [0.0] * n
    for i in range(1, n):
        best[i] = max(best[i - 1] * 0.5, 0.0) + v[i - 1] ** 2
    best *= 2
    return best[-1] * best[1] + sum(best)


def multiplied_in_place(v):
    xs = [v[0]]
    ys = xs
    n = len(v)
    xs *= n
    ys[2] = v[1] * v[2]
    return sum(xs) * ys[0]
