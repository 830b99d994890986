"""The quick question "does this compilation serve?" has the answer that the types give."""

import functools
import operator
import types
from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

import adjoint as ad
from adjoint import cache
from adjoint.ir.types import Literal
from adjoint.ir.values import type_of
from adjoint.matching import MANY

Pair = namedtuple("Pair", "first second")


class Point:
    def __init__(self, **fields):
        self.__dict__.update(fields)

    def method(self, x):
        return x


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


@dataclass(frozen=True)
class Record:
    w: object
    name: str = "record"


def capturing(value, other=None):
    return lambda x: (value, other, x)


def with_defaults(x, y=2.0, *, z=None):
    return x, y, z


def with_other_defaults(default, keyword):
    def f(x, y=default, *, z=keyword):
        return x, y, z

    return f


def recursive():
    def f(x):
        return f(x)

    return f


def capturing_a_list_of_itself():
    def f(x):
        return own, x

    own = [f]
    return f


def empty_cell():
    def f(x):
        return later * x  # pyright: ignore[reportUnboundVariable]

    if f is None:
        later = 1.0
    return f


def containing_itself():
    items = [1.0, "x"]
    items.append(items)
    return items


def point_to_itself():
    point = Point(x=1.0)
    vars(point)["self"] = point
    return point


ONES = np.ones
VALUES = [
    1.0, 2.0, 1, 2, 1j, True, False, None, "a", "b", b"a", np.float64(1.0), np.float32(1.0),
    np.int8(1), np.bool_(True), ..., int, float, np.sum, np.add, np, len, np.dtype(float),
    np.dtype(">f8"), range(3), slice(1), {1}, {1.0}, {(1, 2)}, {(1, 2.0)}, set(), frozenset(),
    frozenset([1]), frozenset([1.0]), {Point(x=1.0)}, operator.itemgetter(0), operator.itemgetter(1),
    ONES(3), ONES(4), ONES(1), ONES(()), ONES((3, 3)), ONES((1, 3)), ONES((3, 1)), ONES((0, 3)),
    ONES(3, np.float32), ONES(3, ">f8"), ONES(3, int), ONES(3, bool), ONES((2, 3, 4)),
    np.ma.array([1.0]), np.array([None]), np.zeros(2, [("a", float)]), np.array("text"),
    (), (1.0,), (1.0, 2.0), (1, 2.0), (1.0, "a"), ("a",), (ONES(3), 1.0), Pair(1.0, 2.0), ((1.0,),),
    [], [1.0], [2.0, 3.0], [1, 2], [1, 2.0], [True], [True, False], [True] * 40, [1.0] * 40,
    [1.0] * 40 + [1], [1] * 40 + [2.0], [ONES(3)], [ONES(3), ONES(4)], [ONES(3), ONES(1)],
    [ONES(3)] * 40 + [ONES(1)], ["a"] * 40, [[1.0], [2.0]], [[1.0], [2]], [None], [np.float32(1)],
    {}, {"a": 1.0}, {"a": 2.0, "b": 1}, {"b": 1, "a": 2.0}, {"a": 1}, {2: 1.0}, OrderedDict(a=1.0),
    {"a": {"b": ONES(3)}}, {"a": {"b": ONES(1)}},
    Point(), Point(x=1.0), Point(x=2.0), Point(x=1), Point(x=1.0, y=2.0), Point(y=2.0, x=1.0),
    Point(x=Point(x=1.0)), Slotted(1.0), Slotted(1), Slotted(None), Record(1.0), Record(1),
    Record(1.0, "other"), Point(x=1.0).method, Point(x=2.0).method, Point(x=1).method,
    types.SimpleNamespace(x=1.0), functools.partial(with_defaults, 1.0),
    functools.partial(with_defaults, 1), functools.partial(with_defaults, y=1.0), with_defaults,
    with_other_defaults(1.0, None), with_other_defaults(2.0, None), with_other_defaults(1, None),
    with_other_defaults(1.0, 1.0), with_other_defaults(None, ONES(3)), capturing(1.0),
    capturing(2.0), capturing(1), capturing(1.0, ONES(3)), capturing(1.0, ONES(1)),
    capturing(capturing(1.0)), capturing(capturing(1)), recursive(), recursive(),
    capturing_a_list_of_itself(), capturing_a_list_of_itself(), empty_cell(), empty_cell(),
    containing_itself(), containing_itself(), point_to_itself(), (recursive(),),
    tuple([1.0] * (MANY + 1)), tuple([1.0] * (MANY + 1)), tuple([1.0] * MANY + [1]),
]  # fmt: skip


def constant(x):
    return 1.0


def test_an_argument_serves_if_and_only_if_its_type_is_the_same():
    types_of = [type_of(value) for value in VALUES]
    wrong = []
    for value, kind in zip(VALUES, types_of, strict=True):
        entry, inputs = cache.find("rule", constant, (value,), {}, ())
        assert inputs is not None
        for other, other_kind in zip(VALUES, types_of, strict=True):
            serves = entry.match(constant, (other,), {}) is not None
            if serves != (kind == other_kind):
                wrong.append((value, other, serves))
    assert not wrong


def test_a_callee_serves_if_and_only_if_its_type_is_the_same():
    functions = [f for f in VALUES if type(f) in (types.FunctionType, types.MethodType)]
    assert len(functions) > 20
    for function in functions:
        request_type = cache.callee_type(function)
        try:
            entry, _ = cache.find("rule", function, (1.0,), {}, ())
        except NameError:
            continue  # it captured a variable that has no value yet
        for other in functions:
            keywords = cache.bind_defaults(other, (1.0,), {})
            serves = entry.match(other, (1.0,), keywords) is not None
            assert serves == (cache.callee_type(other) == request_type), (function, other)


def test_keywords_serve_by_name_order_and_type():
    def f(x, **keywords):
        return x

    entry, inputs = cache.find("rule", f, (1.0,), {"a": 1.0, "b": ONES(3)}, ())
    assert entry.match(f, (2.0,), {"a": 2.0, "b": ONES(4)}) is not None
    for keywords in (
        {}, {"a": 1.0}, {"b": ONES(3), "a": 1.0}, {"a": 1, "b": ONES(3)},
        {"a": 1.0, "b": ONES(1)}, {"a": 1.0, "b": ONES(3), "c": 1.0},
    ):  # fmt: skip
        assert entry.match(f, (1.0,), keywords) is None


def test_a_captured_variable_without_a_value_is_a_name_error():
    f = empty_cell()
    with pytest.raises(NameError, match="free variable 'later'"):
        f(1.0)
    for _ in range(2):
        with pytest.raises(NameError, match="free variable 'later'"):
            ad.gradient(f, 1.0)


@pytest.mark.parametrize("args", [(), (1.0, 2.0), (1,)])
def test_as_many_arguments_as_before(args):
    entry, _ = cache.find("rule", constant, (1.0,), {}, ())
    assert entry.match(constant, args, {}) is None


def test_callables_without_a_type_of_their_own_are_told_apart():
    first, second = operator.itemgetter(0), operator.itemgetter(1)
    assert isinstance(cache.callee_type(first), Literal)
    for getter, place in ((first, 0), (second, 1)):

        @ad.rule(getter)
        def item(xs, place=place, getter=getter):
            y = getter(xs)

            def pullback(y_bar):
                return [y_bar if i == place else 0.0 for i in range(2)]

            return y, pullback

    assert ad.gradient(first, [2.0, 3.0]) == ([1.0, 0.0],)
    assert ad.gradient(second, [2.0, 3.0]) == ([0.0, 1.0],)


np_before = make = lambda x: x * 2.0
callee = value_1 = known_1 = 3.0


def reads_globals_of_such_names(x):
    return np.sum(np_before(x)) * make(callee) * value_1 * known_1


def test_names_of_globals_do_not_meet_those_of_the_question(monkeypatch):
    space = reads_globals_of_such_names.__globals__
    before = dict(space)
    assert ad.gradient(reads_globals_of_such_names, 1.0) == (108.0,)
    assert ad.gradient(reads_globals_of_such_names, 1.0) == (108.0,)
    assert space == before
    monkeypatch.setitem(space, "np_before", lambda x: x * 4.0)
    assert ad.gradient(reads_globals_of_such_names, 1.0) == (216.0,)
    monkeypatch.setitem(space, "value_1", 1.0)
    assert ad.gradient(reads_globals_of_such_names, 1.0) == (72.0,)
    monkeypatch.setitem(space, "known_1", np.full(3, 1.0))
    with pytest.raises(ad.NonScalarOutputError):
        ad.gradient(reads_globals_of_such_names, 1.0)


def test_a_builtin_that_is_shadowed_is_noticed(monkeypatch):
    def f(x):
        return max(x, 1.0)

    assert ad.gradient(f, 3.0) == (1.0,)
    monkeypatch.setitem(globals(), "max", lambda x, y: x * y * 5.0)
    assert ad.gradient(f, 3.0) == (5.0,)
    monkeypatch.undo()
    assert ad.gradient(f, 3.0) == (1.0,)
