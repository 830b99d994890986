"""Lists, dicts and sets that hold the derivative's way."""

import collections


def append(x):
    xs = []
    xs.append(x * x)
    return xs[0]


def append_to_argument(x, xs):
    xs.append(x * x)
    return xs[-1]


append_to_argument.extra = ([],)


def append_alias(x):
    xs = []
    ys = xs
    ys.append(x * x)
    return xs[0]


def append_method(x):
    xs = []
    add = xs.append
    add(x * x)
    return xs[0]


def append_in_helper(x):
    xs = []
    _push(xs, x * x)
    return xs[0]


def _push(xs, value):
    xs.append(value)


def append_in_comprehension(x):
    xs = []
    [xs.append(x * k) for k in (1.0, 2.0)]
    return xs[0] * xs[1]


def append_by_map(x):
    xs = []
    list(map(xs.append, [x, x * x]))
    return xs[1]


def extend(x):
    xs = [1.0]
    xs.extend([x * x, x])
    return xs[1] * xs[2]


def insert(x):
    xs = [1.0]
    xs.insert(0, x * x)
    return xs[0]


def list_pop(x):
    xs = [x, x * x]
    return xs.pop() * xs.pop(0)


def list_plus_equals(x):
    xs = [x]
    xs += [x * x]
    return xs[1]


def list_plus_equals_argument(x, xs):
    xs += [x * x]
    return xs[-1]


list_plus_equals_argument.extra = ([],)


def list_item_store(x):
    xs = [1.0, 2.0]
    xs[1] = x * x
    return xs[1]


def list_slice_store(x):
    xs = [1.0, 2.0]
    xs[:] = [x, x * x]
    return xs[1]


def list_of_lists(x):
    xs = [[0.0] * 2] * 2
    xs[0][1] = x * x
    return xs[1][1]


def list_sort(x):
    xs = [x * x, x]
    xs.sort()
    return xs[0] * 3.0


def list_remove(x):
    xs = [1.0, x * x, 2.0]
    xs.remove(1.0)
    return xs[0]


def list_copy(x):
    xs = [x * x, 1.0]
    return xs.copy()[0]


def list_index(x):
    xs = [1.0, x * x]
    return xs[xs.index(1.0) + 1]


def delete_item(x):
    xs = [1.0, x * x]
    del xs[0]
    return xs[0]


def deque(x):
    d = collections.deque()
    d.append(x * x)
    return d[0]


def default_dict(x):
    d = collections.defaultdict(float)
    d["a"] += x * x
    return d["a"]


def dict_store(x):
    d = {}
    d["a"] = x * x
    return d["a"]


def dict_store_argument(x, d):
    d["a"] = x * x
    return d["a"]


dict_store_argument.extra = ({},)


def dict_setdefault(x):
    d = {}
    return d.setdefault("a", x * x)


def dict_setdefault_later(x):
    d = {}
    d.setdefault("a", x * x)
    return d["a"]


def dict_update(x):
    d = {"a": 1.0}
    d.update({"a": x * x})
    return d["a"]


def dict_update_keywords(x):
    d = {"a": 1.0}
    d.update(a=x * x)
    return d["a"]


def dict_pop(x):
    d = {"a": x * x}
    return d.pop("a")


def dict_popitem(x):
    d = {"a": x * x}
    return d.popitem()[1]


def dict_or(x):
    return ({"a": 1.0} | {"a": x * x})["a"]


def dict_or_equals(x):
    d = {"a": 1.0}
    d |= {"a": x * x}
    return d["a"]


def dict_fromkeys(x):
    return dict.fromkeys("ab", x * x)["b"]


def dict_values(x):
    return sum({"a": x, "b": x * x}.values())


def dict_items(x):
    total = 0.0
    for key, value in {"a": x, "b": x * x}.items():
        total = total + value * len(key)
    return total


def dict_view_kept(x):
    d = {"a": x}
    view = d.values()
    return sum(list(view)) * 2.0


def dict_get(x):
    return {"a": x * x}.get("a", 0.0) + {}.get("b", x)


def dict_comprehension(x):
    return sum({k: x * k for k in (1.0, 2.0)}.values())


def set_of_floats(x):
    return sum({x, x * x})


def set_add(x):
    s = set()
    s.add(x * x)
    return sum(s)


def set_pop(x):
    return {x * x}.pop()


def frozen_set(x):
    return max(frozenset([x, x * x]))
