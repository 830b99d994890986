"""What the standard library makes of values: copies, caches, partial functions, keys, iterators."""

import contextlib
import copy
import functools
import itertools
import random


class _Pair:
    def __init__(self, a):
        self.a, self.b = a, a * a


class _CopiedDouble:
    def __init__(self, a):
        self.a = a

    def __copy__(self):
        return _CopiedDouble(self.a * 2)

    def __deepcopy__(self, memo):
        return _CopiedDouble(self.a * 3)


class _Reduced(_Pair):
    def __reduce__(self):
        return _Reduced, (self.a * 2,)


class _Doubling(dict):
    def __setitem__(self, key, value):
        dict.__setitem__(self, key, value * 2)


class _Halving(dict):
    def __getitem__(self, key):
        return dict.__getitem__(self, key) / 2


def attributes_by_their_dict(x):
    pair = _Pair(x)
    return pair.__dict__["a"] * vars(pair)["b"]


def attribute_written_through_its_dict(x):
    pair = _Pair(x)
    pair.__dict__.update(a=x * 3)
    return pair.a * x


def own_copies(x):
    return copy.copy(_CopiedDouble(x)).a * copy.deepcopy(_CopiedDouble(x * x)).a


def own_copy_within(x):
    return copy.deepcopy([_CopiedDouble(x)])[0].a * x


def own_reduction(x):
    return copy.copy(_Reduced(x)).b


def keywords_of_a_partial(x):
    g = functools.partial(dict, x, c=x * x) if x < 0 else functools.partial(dict, c=x * x)
    return g.keywords["c"] * 2 + functools.partial(max, x).args[0]


def items_stored_by_their_class(x):
    table = _Doubling()
    table["a"] = x
    return table["a"]


def items_read_by_their_class(x):
    table = _Halving()
    table["a"] = x
    return table["a"]


def keys_of_a_display(x):
    total = 0.0
    for key, value in {x: 2.0, x * x: x}.items():
        total += key * value
    return total


def keys_stored(x):
    table = {}
    table[x] = 1.0
    return list(table)[0] * 2


def keys_from_pairs(x):
    return sum(dict(zip([x, x * x], [1.0, 2.0], strict=True)).keys())


def keys_of_a_comprehension(x):
    return max({x * k: k for k in range(3)})


def sum_of_a_dict(x):
    return sum({1: x, 2: x}) * x + max({1: x, 3: x}) * x


def cache_of_a_function_that_counts(x):
    count = []

    @functools.cache
    def g(y):
        count.append(1)
        return y**2

    return g(x) * g(x) * len(count)


def cached_list_that_changes(x):
    @functools.cache
    def g(n):
        return [x * n]

    g(2).append(x)
    return sum(g(2))


def pairs_of_one_iterator(x):
    it = iter([x, x * x, 2.0, x])
    return sum(a * b for a, b in zip(it, it, strict=False))


def two_of_one_iterator(x):
    a, b = itertools.tee([x, x * x, 2.0])
    next(b)
    return sum(p * q for p, q in zip(a, b, strict=False))


def counted_without_end(x):
    return sum(k * c for k, c in zip(range(4), itertools.count(x, x), strict=False))


def number_of_a_text(x):
    return float(repr(x))


def choice_while_the_state_changes(x):
    random.seed(3)
    return random.gauss(x, 0.0) + random.choice([x, x])


def context_of_a_generator(x):
    @contextlib.contextmanager
    def scaled(s):
        yield s * x

    with scaled(2.0) as y:
        return y * x
