"""Builtins and statements that a value passes through."""

import contextlib
import json
import operator
import pickle
import struct
from types import SimpleNamespace


def through_hex(x):
    return float.fromhex((x * x).hex())


def through_eval(x):
    return eval("x * x")


def through_json(x):
    return json.loads(json.dumps(x * x))


def through_pickle(x):
    return pickle.loads(pickle.dumps(x * x))


def through_struct(x):
    return struct.unpack("d", struct.pack("d", x * x))[0]


def sorted_key(x):
    return sorted([x * x, x, 3.0], key=lambda v: -v)[1]


def sorted_reverse(x):
    return sorted([x * x, x, 3.0], reverse=True)[2]


def min_key(x):
    return min([x * x, 5.0], key=lambda v: abs(v))


def max_key(x):
    return max(x * x, 0.1 * x, key=abs)


def max_default(x):
    return max([x * x], default=0.0)


def max_empty_default(x):
    return max([], default=x * x)


def sum_start(x):
    return sum([1.0, x], x * x)


def round_whole(x):
    return round(x) * x


def int_of(x):
    return int(x) * x


def bool_of(x):
    return bool(x) * x


def float_of(x):
    return float(x) ** 2


def complex_of(x):
    return abs(complex(x, x * x))


def divmod_of(x):
    q, r = divmod(7.0, x)
    return q * r


def floor_divide(x):
    return (7.0 // x) * x


def modulo(x):
    return 7.0 % x + x % 0.5


def pow_modulo(x):
    return pow(x, 3)


def enumerate_start(x):
    total = 0.0
    for i, v in enumerate([x, x * x], start=3):
        total = total + i * v
    return total


def zip_strict(x):
    return sum(a * b for a, b in zip([x, 2.0], [3.0, x * x], strict=True))


def map_two(x):
    return sum(map(operator.mul, [x, 2.0], [x, x]))


def filter_of(x):
    return sum(filter(lambda v: v > 0, [x, -x, x * x]))


def filter_none(x):
    return sum(filter(None, [x, 0.0, x * x]))


def reversed_of(x):
    return list(reversed([x, x * x]))[0]


def iterator_next(x):
    it = iter([x, x * x])
    next(it)
    return next(it)


def next_default(x):
    return next(iter([]), x * x)


def iter_sentinel(x):
    values = [x, x * x, 9.0]
    return sum(iter(values.copy().pop, values[0]))


def generator_expression(x):
    return sum(x * k for k in range(4))


def any_all(x):
    return x * any([x > 0]) + x * all([x > 100])


def chained_comparison(x):
    return x * (0 < x < 2) * (x < 3 <= 3)


def walrus(x):
    return (y := x * x) + y


def star_arguments(x):
    return max(*[x, x * x])


def star_unpack(x):
    a, *rest = [x, x * x, x * x * x]
    return rest[-1] * a


def slice_object(x):
    return [x, x * x, 1.0][slice(1, 2)][0]


def namespace_store(x):
    n = SimpleNamespace()
    n.a = x * x
    return n.a


def setattr_of(x):
    n = SimpleNamespace(a=1.0)
    setattr(n, "a", x * x)
    return n.a


def through_object_dict(x):
    n = SimpleNamespace()
    n.__dict__["a"] = x * x
    return n.a


def dunder_call(x):
    return x.__mul__(x)


def unbound_method(x):
    return float.__mul__(x, x)


def type_call(x):
    return type(x)(x * x)


def isinstance_branch(x):
    return x * x if isinstance(x, float) else 0.0


def nested_function_default(x):
    def inner(y=x * x):
        return y

    return inner()


def lambda_default(x):
    return (lambda y=x * x: y)()


def nonlocal_write(x):
    total = 0.0

    def add(v):
        nonlocal total
        total = total + v

    add(x * x)
    return total


def function_attribute(x):
    def inner():
        return 1.0

    inner.value = x * x
    return inner.value


def generator_function(x):
    return sum(_generate(x))


def _generate(x):
    yield x
    yield x * x


def context_manager(x):
    with contextlib.nullcontext(x * x) as y:
        return y


def finally_write(x):
    y = x
    try:
        y = x * x
    finally:
        y = y * x
    return y


def match_statement(x):
    match [x, x * x]:
        case [_, b]:
            return b


_STATE = {"total": 0.0}
_HISTORY = []


def global_dict(x):
    _STATE["total"] = x * x
    return _STATE["total"]


def global_list(x):
    _HISTORY.append(x * x)
    return _HISTORY[-1]
