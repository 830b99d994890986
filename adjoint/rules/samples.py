"""Results of calls on samples: what NumPy itself gives for small operands of the types in question.

Lengths that are only known as symbols are given two different sets of sizes, and the lengths of the
two results tell which symbol (plus which constant) each axis of the result has. Integers of unknown
value are given several.
"""

from __future__ import annotations

import itertools
import math
import operator
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from adjoint.ir.nodes import Const, Operand, Value
from adjoint.ir.types import (
    BOTTOM,
    UNKNOWN,
    Array,
    Axis,
    DictOf,
    Length,
    ListOf,
    Literal,
    Real,
    Scalar,
    SomeArray,
    TupleOf,
    Type,
    join,
)

SIZES = ((5, 7, 11, 13, 17, 19, 23, 29), (11, 17, 27, 37, 49, 61, 77, 97))
# An integer may decide the shape of a result: lengths, axes, positions. Of several, the order matters.
INTEGERS: tuple[tuple[int, ...], ...] = (
    (0,),
    (1,),
    (2,),
    (3,),
    (-1,),
    (0, 1, 2, 3),
    (3, 1, 2, 0),
    (1, 0),
    (0, -1),
    (-1, 0),
)
# Lengths of which nothing is known may be one, or not, or 1: for each of the two attempts.
UNKNOWN_LENGTHS = (((41,), (67,)), ((41, 43, 47, 53), (67, 71, 79, 89)), ((1,), (1,)))
# The same for arrays with several such axes, which would be large. What the two attempts differ by is
# never what two sizes of one symbol differ by.
SHORT_LENGTHS = (((13,), (20,)), ((13, 14, 15, 16), (20, 22, 24, 27)), ((1,), (1,)))
# Where integers are many or few, they may be a shape, or axes: their number decides the result's axes.
FEW = (((1,), (1,)), ((2,), (2,)), ((3,), (3,)))


class NoSample(Exception):
    """An operand of which no sample can be made."""


#: Samples of more numbers than this are not worth making.
LARGEST = 10**7


def by_samples(
    function: Any, args: list[Operand], kwargs: list[tuple[str | None, Operand]], beyond: int = 0
) -> Type:
    """The type that all results have of `function` of samples, whose axes are longer than `beyond`."""
    operands = [*args, *(o for _, o in kwargs)]
    kinds = [o.type for o in operands if isinstance(o, Value)]
    asked = function is not operator.getitem and any(map(_has_integers, kinds))
    found: Type | None = None
    tried = _integers_to_try(kinds) if asked else INTEGERS[:1]
    several = any(isinstance(t, Array) and t.axes.count(None) > 2 for t in kinds)
    unknown = SHORT_LENGTHS if several else UNKNOWN_LENGTHS
    if not any(map(_has_unknown_lengths, kinds)):
        unknown = unknown[:1]
    counted = asked and any(map(_has_integers_of_unknown_number, kinds))
    taken = set()
    for integers, lengths in itertools.product(tried, FEW if counted else unknown):
        try:
            kind = _by_sizes(function, args, kwargs, integers, lengths, beyond)
        except NoSample:  # the function does not take these integers, or these lengths together
            continue
        found = kind if found is None else join(found, kind)
        taken.add(lengths)
    if found is None or counted and len(taken) < len(FEW):
        raise NoSample
    if len(unknown) > 1 and taken == {unknown[-1]}:
        raise NoSample  # that it takes lengths of one says nothing of others, which it broadcasts
    return (
        UNKNOWN if isinstance(found, SomeArray) else found
    )  # of other integers it may be a number


def _by_sizes(
    function: Any,
    args: list[Operand],
    kwargs: list[tuple[str | None, Operand]],
    integers: tuple[int, ...],
    lengths: tuple[tuple[int, ...], ...],
    beyond: int,
) -> Type:
    kinds = [o.type for o in [*args, *(o for _, o in kwargs)] if isinstance(o, Value)]
    symbols = list(dict.fromkeys(_symbols(t) for t in kinds))
    names = list(dict.fromkeys(s for group in symbols for s in group))
    if len(names) > len(SIZES[0]):
        return UNKNOWN
    results = []
    for attempt, sizes in enumerate(SIZES):
        more = beyond * (attempt + 1)
        table = {name: size + more for name, size in zip(names, sizes, strict=False)}
        samples = Samples(
            table, attempt, integers, tuple(n + more if n > 1 else n for n in lengths[attempt])
        )
        values = [samples.of_operand(o) for o in args]
        named = {k: samples.of_operand(o) for k, o in kwargs if k is not None}
        results.append((quietly(function, values, named), table))
    plural = {s for t in kinds for s in _plurals(t)}
    return _compare(results[0][0], results[1][0], results[0][1], results[1][1], plural)


def quietly(function: Any, args: list[Any], kwargs: dict[str, Any] | None = None) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*args, **(kwargs or {}))
        except Exception as error:  # whatever NumPy refuses gives no type
            raise NoSample from error


@dataclass
class Samples:
    """Samples of the operands of one call: sizes by symbol; integers and unknown lengths in turn."""

    sizes: dict[Any, int]
    attempt: int
    integers: tuple[int, ...]
    lengths: tuple[int, ...]
    taken: int = 0
    measured: int = 0

    def of_operand(self, operand: Operand) -> Any:
        return operand.value if isinstance(operand, Const) else self.of(operand.type)

    def of(self, t: Type) -> Any:
        if isinstance(t, Literal):
            return t.value
        if isinstance(t, Scalar):
            if t.length is not None:
                return self.sizes[t.length.symbol] + t.length.offset
            if is_integer(t):
                return t.cls(self.integer())
            return sample_scalar(t)
        if isinstance(t, Array):
            return self.array(t)
        if isinstance(t, TupleOf) and t.cls is tuple:
            return tuple(map(self.of, t.items))
        if isinstance(t, ListOf):
            items = t.items if t.items is not None else (t.element,) * self.length()
            return list(map(self.of, items))
        if isinstance(t, DictOf):
            return {k: self.of(i) for k, i in t.items}
        raise NoSample

    def array(self, t: Array) -> np.ndarray:
        shape = tuple(map(self.size, t.axes))
        if math.prod(shape) > LARGEST:
            raise NoSample
        if t.dtype.kind == "b" and self.attempt:  # a mask selects another number of items each time
            return np.arange(math.prod(shape)).reshape(shape) == 0
        if t.dtype.kind in "bfc":
            ones = np.ones(shape, t.dtype)
            square = len(shape) > 1 and shape[-1] == shape[-2] and t.dtype.kind != "b"
            return ones + np.eye(shape[-1], dtype=t.dtype) if square else ones  # to be inverted
        turns = np.resize(self.integers, shape) if math.prod(shape) else np.zeros(shape)
        return turns.astype(t.dtype)

    def integer(self) -> int:
        self.taken += 1
        return self.integers[(self.taken - 1) % len(self.integers)]

    def length(self) -> int:
        self.measured += 1
        return self.lengths[(self.measured - 1) % len(self.lengths)]

    def size(self, axis: Axis) -> int:
        if axis is None:
            return self.length()
        return axis if isinstance(axis, int) else self.sizes[axis.symbol] + axis.offset


def is_integer(t: Type) -> bool:
    return (
        isinstance(t, Scalar)
        and t.cls is not Real
        and issubclass(t.cls, int | np.integer)
        and (not issubclass(t.cls, bool))
    )


def _integers_to_try(kinds: list[Type]) -> Iterable[tuple[int, ...]]:
    """What unknown integers may be: a few take all values that name an axis, and some lengths."""
    count = sum(is_integer(t) and t.length is None for t in kinds)  # type: ignore[attr-defined]
    if not 0 < count <= 3 or sum(map(_has_integers, kinds)) > count:
        return INTEGERS
    top = max((t.ndim for t in kinds if isinstance(t, Array)), default=0)
    return itertools.product(range(-1, max(top, 4)), repeat=count)


def _has_unknown_lengths(t: Type) -> bool:
    if isinstance(t, Array):
        return None in t.axes
    if isinstance(t, ListOf) and t.items is None:
        return True
    return isinstance(t, TupleOf | ListOf) and any(map(_has_unknown_lengths, t.items))  # type: ignore[arg-type]


def _has_integers_of_unknown_number(t: Type) -> bool:
    if isinstance(t, Array):
        return t.dtype.kind in "iu" and None in t.axes
    if isinstance(t, ListOf) and t.items is None:
        return _has_integers(t.element)
    return isinstance(t, TupleOf | ListOf) and any(map(_has_integers_of_unknown_number, t.items))  # type: ignore[arg-type]


def _has_integers(t: Type) -> bool:
    """Are there integers of which only the program that runs knows the value?"""
    if isinstance(t, Scalar):
        return is_integer(t) and t.length is None
    if isinstance(t, Array):
        return t.dtype.kind in "iu"
    if isinstance(t, TupleOf | ListOf):
        return any(map(_has_integers, t.items if t.items is not None else (t.element,)))  # type: ignore[arg-type]
    return isinstance(t, DictOf) and any(_has_integers(i) for _, i in t.items)


def sample_scalar(t: Type) -> Any:
    assert isinstance(t, Scalar)
    if t.cls is Real:
        return 0.75
    if issubclass(t.cls, bool | np.bool_):
        raise NoSample  # a flag decides what a function does
    if issubclass(t.cls, int | np.integer):
        return t.cls(2)
    return t.cls(0.75)


def _lengths(t: Type) -> list[Length]:
    if isinstance(t, Array):
        return [a for a in t.axes if isinstance(a, Length)]
    if isinstance(t, Scalar):
        return [t.length] if t.length is not None else []
    if isinstance(t, TupleOf | ListOf):
        items = t.items if t.items is not None else (t.element,)
        return [length for i in items for length in _lengths(i)]
    if isinstance(t, DictOf):
        return [length for _, i in t.items for length in _lengths(i)]
    return []


def _symbols(t: Type) -> tuple[Any, ...]:
    return tuple(length.symbol for length in _lengths(t))


def _plurals(t: Type) -> set[Any]:
    return {length.symbol for length in _lengths(t) if length.plural and not length.offset}


def _compare(a: Any, b: Any, sizes_a: dict, sizes_b: dict, plural: set[Any]) -> Type:
    """The type that two results of the same call on samples of different sizes have in common."""
    if type(a) is not type(b):
        return UNKNOWN
    if isinstance(a, np.ndarray):
        if a.ndim != b.ndim or a.dtype != b.dtype or a.dtype.kind not in "biufc":
            return UNKNOWN
        axes = (
            _axis(n, m, sizes_a, sizes_b, plural) for n, m in zip(a.shape, b.shape, strict=True)
        )
        return Array(a.dtype, tuple(axes))
    if isinstance(a, tuple | list):
        if len(a) != len(b):
            return (
                UNKNOWN
                if isinstance(a, tuple)
                else ListOf(None, _joined(a, b, sizes_a, sizes_b, plural))
            )
        items = tuple(_compare(x, y, sizes_a, sizes_b, plural) for x, y in zip(a, b, strict=True))
        if isinstance(a, list):
            return ListOf(items)
        return TupleOf(items, type(a))
    if isinstance(a, bool | np.bool_):
        return Scalar(type(a))
    if isinstance(a, int):
        axis = _axis(a, b, sizes_a, sizes_b, plural)
        return Scalar(int, axis if isinstance(axis, Length) else None)
    return scalar_of(a)


def _joined(a: list, b: list, sizes_a: dict, sizes_b: dict, plural: set[Any]) -> Type:
    out: Type = BOTTOM
    for x, y in zip(a, b, strict=False):
        out = join(out, _compare(x, y, sizes_a, sizes_b, plural))
    return UNKNOWN if out is BOTTOM else out


def _axis(n: int, m: int, sizes_a: dict, sizes_b: dict, plural: set[Any]) -> Axis:
    if n == m:
        return n
    for symbol in sizes_a:
        offset = n - sizes_a[symbol]
        if offset == m - sizes_b[symbol] and abs(offset) <= 4:
            if offset and symbol == "n":  # "not 1", of any axis: nothing is known of it less one
                return None
            return Length(symbol, offset, offset == 0 and symbol in plural)
    return None


def scalar_of(value: Any) -> Type:
    if isinstance(value, tuple):
        return TupleOf(tuple(map(scalar_of, value)))
    if isinstance(value, np.ndarray):
        return Array(value.dtype, tuple(value.shape))
    return Scalar(type(value)) if isinstance(value, int | float | complex | np.generic) else UNKNOWN
