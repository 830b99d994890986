"""Operators and builtins that the class of an operand may define: Python's table of special methods."""

from __future__ import annotations

import inspect
import math
import operator
import types
from typing import Any

import numpy as np

COMPARISONS = {
    operator.lt: ("__lt__", "__gt__"), operator.gt: ("__gt__", "__lt__"),
    operator.le: ("__le__", "__ge__"), operator.ge: ("__ge__", "__le__"),
    operator.eq: ("__eq__", "__eq__"), operator.ne: ("__ne__", "__ne__"),
}  # fmt: skip
BINARY = {
    **{getattr(operator, n): (f"__{n}__", f"__r{n}__")
       for n in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "xor", "lshift",
                 "rshift")},
    operator.and_: ("__and__", "__rand__"), operator.or_: ("__or__", "__ror__"),
    pow: ("__pow__", "__rpow__"), divmod: ("__divmod__", "__rdivmod__"),
}  # fmt: skip
IN_PLACE = {
    getattr(operator, "i" + n.strip("_")): getattr(operator, n)
    for n in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor",
              "lshift", "rshift")
}  # fmt: skip
UNARY = {
    operator.neg: "__neg__", operator.pos: "__pos__", operator.invert: "__invert__",
    abs: "__abs__", operator.abs: "__abs__", round: "__round__", math.floor: "__floor__",
    math.ceil: "__ceil__", math.trunc: "__trunc__", float: "__float__", complex: "__complex__",
    bool: "__bool__", len: "__len__", iter: "__iter__", reversed: "__reversed__",
    operator.getitem: "__getitem__", operator.contains: "__contains__",
}  # fmt: skip
#: Of numbers these have no derivative; of an object, what its class makes of it.
CONSTANT_OF_NUMBERS = {
    operator.floordiv, operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift,
    operator.invert, round, math.floor, math.ceil, math.trunc,
}  # fmt: skip
#: What goes through an iterable, and which of its arguments are iterables.
ITERATING = {
    list: 1, tuple: 1, set: 1, frozenset: 1, dict: 1, sum: 1, sorted: 1, enumerate: 1, any: 1, all: 1,
    math.prod: 1, math.fsum: 1, zip: None, max: 1, min: 1,
}  # fmt: skip


def is_hashable(function: Any) -> bool:
    """May a callable be looked up in a table? (Instances may say no, and functions of C libraries do.)"""
    try:
        hash(function)
    except TypeError:
        return False
    return True


def special_methods(function: Any) -> tuple[str, ...]:
    """The method of the first operand that implements a function, and that of the second, reflected."""
    if not is_hashable(function):
        return ()
    if function in UNARY:
        return (UNARY[function],)
    if function in IN_PLACE:
        return (f"__{function.__name__.strip('_')}__",)
    return BINARY.get(function) or COMPARISONS.get(function) or ()


def iterables(function: Any, count: int) -> range:
    """The positions of the arguments through which a call goes item by item."""
    last = ITERATING.get(function, 0) if is_hashable(function) else 0
    if last and count > 1 and (function is max or function is min):
        last = 0
    return range(count if last is None else min(last, count))


def iteration_method(cls: type) -> types.FunctionType | None:
    """`__iter__` of a class that defines it in Python."""
    method = inspect.getattr_static(cls, "__iter__", None)
    ours = cls.__module__.partition(".")[0] == "adjoint"  # iterators that count what they give
    own = isinstance(method, types.FunctionType) and not ours and not hasattr(cls, "takes_list")
    return method if own else None  # type: ignore[return-value]


def asks_second_operand(first: type, second: type) -> bool:
    """Does an operator with a first operand of this class ask the second for its reflected method?

    An array takes an object for one item, unless the object's class says otherwise.
    """
    if not issubclass(first, np.ndarray):
        return True
    if hasattr(second, "__array_ufunc__"):
        return second.__array_ufunc__ is None
    return getattr(second, "__array_priority__", -1.0) > 0.0
