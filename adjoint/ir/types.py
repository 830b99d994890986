"""What is known of a value while compiling.

Types are immutable, hashable and compared by content: they are the key of the cache.

    Unknown, Bottom            nothing is known; no value at all (a variable not yet assigned)
    SomeArray(dtype)           nothing is known but that it is an ndarray with axes, and its dtype
    Scalar(cls)                a number: float, int, bool, complex, or a NumPy scalar class
    Array(dtype, axes)         an ndarray; axes tell whether a length is 1, not 1, or which symbol
    TupleOf, ListOf, DictOf    containers, item by item (a long uniform list: by its element)
    Instance(cls, fields)      an object, by class and the types of its attributes
    FunctionOf(code, ...)      a Python function by code, with the types of what it captures
    Literal(value)             None, strings, classes, modules, builtins: by value
    Opaque(cls)                anything else; carries no derivative
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adjoint.tree import Tangent


class Type:
    """Base of all types."""

    __slots__ = ()


@dataclass(frozen=True)
class Unknown(Type):
    """Anything: the generated code decides when it runs."""

    def __repr__(self) -> str:
        return "?"


@dataclass(frozen=True)
class Bottom(Type):
    """No value: a variable before its first assignment, code that is never reached."""

    def __repr__(self) -> str:
        return "undefined"


@dataclass(frozen=True)
class SomeArray(Unknown):
    """An array of one axis or more; how many, the generated code finds out when it runs."""

    dtype: np.dtype

    def __repr__(self) -> str:
        return f"{self.dtype}[...]"


UNKNOWN = Unknown()
BOTTOM = Bottom()


@dataclass(frozen=True)
class Length:
    """The length of an axis: a symbol plus a constant.

    Two lengths with equal symbol and offset are equal numbers, but for the symbol "n", which only
    tells that they are not 1. `plural` tells that the length is not 1.
    """

    symbol: Any
    offset: int = 0
    plural: bool = False

    def __repr__(self) -> str:
        return f"{self.symbol}{self.offset:+d}" if self.offset else f"{self.symbol}"


Axis = int | Length | None  # a known number; a symbol; nothing known


@dataclass(frozen=True)
class Scalar(Type):
    """A Python or NumPy number. `length` is set when it is an int that is the length of an axis."""

    cls: type
    length: Length | None = None

    def __repr__(self) -> str:
        return self.cls.__name__


class Real(float):
    """Stands in `Scalar(Real)` for: a Python int or float, which of the two is not known."""


class Double(float):
    """In `Scalar(Double)`: a Python real or a NumPy float64, which of the two is not known."""


@dataclass(frozen=True)
class Array(Type):
    dtype: np.dtype
    axes: tuple[Axis, ...]

    def __repr__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.axes))}]"

    @property
    def ndim(self) -> int:
        return len(self.axes)


@dataclass(frozen=True)
class TupleOf(Type):
    """A tuple, or a named tuple of class `cls`."""

    items: tuple[Type, ...]
    cls: type = tuple


@dataclass(frozen=True)
class ListOf(Type):
    """A list by its items; or, if `items` is None, of unknown length with elements of one type."""

    items: tuple[Type, ...] | None
    element: Type = UNKNOWN


@dataclass(frozen=True)
class DequeOf(ListOf):
    """A `collections.deque`, by the type of its items: a list with methods and a class of its own."""


@dataclass(frozen=True)
class DictOf(Type):
    items: tuple[tuple[Any, Type], ...]

    def get(self, key: Any) -> Type | None:
        return next((t for k, t in self.items if type(k) is type(key) and k == key), None)


@dataclass(frozen=True)
class Instance(Type):
    cls: type
    fields: tuple[tuple[str, Type], ...]

    def get(self, name: str) -> Type | None:
        return next((t for n, t in self.fields if n == name), None)

    def __repr__(self) -> str:
        return f"{self.cls.__name__}({', '.join(f'{n}: {t}' for n, t in self.fields)})"


@dataclass(frozen=True, eq=False)
class Identity:
    """Wraps an object so that it is compared by identity."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


@dataclass(frozen=True)
class FunctionOf(Type):
    """A Python function: its code (by identity), globals, and the types of captures and defaults.

    `captures` pairs each free variable with the type of its cell; a function that captures itself
    has Literal("self") there.
    """

    code: Identity
    globals: Identity
    captures: tuple[tuple[str, Type], ...] = ()
    defaults: tuple[tuple[str, Type], ...] = ()

    def __repr__(self) -> str:
        return f"function {self.code.value.co_name}"


@dataclass(frozen=True)
class Literal(Type):
    """A value known exactly. `key` is what is compared: the value, or its `Identity`."""

    key: Any
    value: Any = field(compare=False)

    def __repr__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True, repr=False)
class ClassOf(Literal):
    """A class that the program makes: which one is known, and the types of what its methods capture."""

    captures: tuple[Type, ...] = ()


@dataclass(frozen=True)
class Opaque(Type):
    cls: type

    def __repr__(self) -> str:
        return f"<{self.cls.__name__}>"


@dataclass(frozen=True)
class OpenDict(Opaque):
    """A dict that changes: the types of its values by key, and of those under keys not known here.

    `factory` makes the values that a `defaultdict` lacks. Of class `object` it stands for what is put
    into a dict of any class.
    """

    items: tuple[tuple[Hashable, Type], ...] = ()
    rest: Type = BOTTOM
    factory: Any = None

    def __repr__(self) -> str:
        known = [f"{k!r}: {t!r}" for k, t in self.items]
        return "dict{" + ", ".join([*known, f"...: {self.rest!r}"]) + "}"

    def value_at(self, key: Type) -> Type:
        """The type of `d[key]`."""
        found = self.rest
        for k, t in self.items:
            if not isinstance(key, Literal) or k == key.value:
                found = join(found, t)
        return UNKNOWN if found is BOTTOM else found


@dataclass(frozen=True)
class IteratorOf(Type):
    """What `range`, `zip`, `reversed`, `dict.items()` … give: an iterable by its elements."""

    cls: type
    element: Type
    items: tuple[Type, ...] | None = None


def literal(value: Any) -> Literal:
    """The type of a value that is known exactly."""
    if value is None or isinstance(value, str | bytes | bool | int | float | complex):
        # `1`, `1.0` and `True` are equal in Python; so are 0.0 and -0.0.
        return Literal((type(value), repr(value)), value)
    return Literal(Identity(value), value)


# -- questions -------------------------------------------------------------------------------------


def is_number(t: Type) -> bool:
    """A scalar or an array of numbers (bools included)."""
    return isinstance(t, Array) and t.dtype.kind in "biufc" or isinstance(t, Scalar)


def is_python_number(t: Type) -> bool:
    return isinstance(t, Scalar) and t.cls in (int, float, complex, bool, Real)


def may_carry_derivative(t: Type) -> bool:
    """Could a change of this value, however small, change a result? Ints count as reals."""
    if isinstance(t, Scalar):
        return t.cls not in (bool, np.bool_)
    if isinstance(t, Array):
        return t.dtype.kind in "iufcO"
    if isinstance(t, TupleOf):
        return any(map(may_carry_derivative, t.items))
    if isinstance(t, ListOf):
        return (
            may_carry_derivative(t.element)
            if t.items is None
            else any(map(may_carry_derivative, t.items))
        )
    if isinstance(t, DictOf):
        return any(may_carry_derivative(item) for _, item in t.items)
    if isinstance(t, Instance):
        return any(may_carry_derivative(item) for _, item in t.fields)
    if isinstance(t, FunctionOf):
        return any(may_carry_derivative(item) for _, item in t.captures + t.defaults)
    if isinstance(t, IteratorOf):
        return may_carry_derivative(t.element)
    if isinstance(t, ClassOf):
        return any(map(may_carry_derivative, t.captures))
    return isinstance(t, Unknown) or is_text(t) or is_open_dict(t)


def is_text(t: Type) -> bool:
    """Is this text that is known only when the program runs?"""
    return isinstance(t, Opaque) and t.cls in (str, bytes)


def dtype_of(t: Type) -> np.dtype | None:
    """The dtype of a number; of a Python number the one that NumPy would give it."""
    if isinstance(t, Array):
        return t.dtype
    if isinstance(t, Scalar):
        return np.dtype(float if t.cls in (Real, Double) else t.cls)
    return None


def cotangent_dtype(dtype: np.dtype) -> np.dtype:
    """Floating dtypes are their own; integers are taken as reals."""
    return dtype if dtype.kind in "fc" else np.dtype(float)


def is_static(kind: Any) -> bool:
    """Is nothing left to run time in a value of this type, and is it no object or function?"""
    if isinstance(kind, Unknown | Instance | FunctionOf):
        return False
    items = getattr(kind, "items", None)
    if isinstance(items, tuple):
        return all(is_static(i[1] if isinstance(i, tuple) else i) for i in items)
    element = getattr(kind, "element", None)
    return element is None or is_static(element)


def cotangent_type(kind: Type) -> Type:
    """The type of the cotangents of values of a type."""
    kind = unliteral(kind)
    if isinstance(kind, Array):
        return Array(cotangent_dtype(kind.dtype), kind.axes)
    if isinstance(kind, Scalar):
        dtype = cotangent_dtype(dtype_of(kind))  # type: ignore[arg-type]
        if kind.cls is Double:
            return kind
        if issubclass(kind.cls, np.generic):
            return Scalar(dtype.type)
        return Scalar(complex if dtype.kind == "c" else float)
    return UNKNOWN


def tangent_type(kind: Type) -> Type:
    """The type of the tangents of values of a type: of the same form, with None for what has none."""
    kind = unliteral(kind)
    if isinstance(kind, Unknown) or isinstance(kind, Array) and kind.dtype.kind == "O":
        return UNKNOWN
    if not may_carry_derivative(kind) or isinstance(kind, FunctionOf | IteratorOf | Opaque):
        return UNKNOWN if may_carry_derivative(kind) else literal(None)
    if isinstance(kind, TupleOf):
        return TupleOf(tuple(map(tangent_type, kind.items)), kind.cls)
    if isinstance(kind, ListOf):
        if kind.items is None:
            return ListOf(None, tangent_type(kind.element))
        return ListOf(tuple(map(tangent_type, kind.items)))
    if isinstance(kind, DictOf):
        return DictOf(tuple((k, tangent_type(t)) for k, t in kind.items))
    if isinstance(kind, Instance):
        return Instance(Tangent, tuple((n, tangent_type(t)) for n, t in kind.fields))
    return cotangent_type(kind)


def join(a: Type, b: Type) -> Type:
    """The smallest type that holds both."""
    if a == b or isinstance(b, Bottom):
        return a
    if isinstance(a, Bottom):
        return b
    a, b = unliteral(a), unliteral(b)
    if a == b:
        return a
    if _is_str(a) and _is_str(b):
        return Opaque(str)
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        if a.cls is b.cls:
            return Scalar(a.cls)
        if {a.cls, b.cls} <= {int, float, Real}:
            return Scalar(Real)
        if {a.cls, b.cls} <= {int, float, Real, np.float64, Double}:
            return Scalar(Double)
    if isinstance(a, Array) and isinstance(b, Array) and a.ndim == b.ndim and a.dtype == b.dtype:
        return Array(a.dtype, tuple(map(join_axes, a.axes, b.axes)))
    if _has_axes(a) and _has_axes(b) and a.dtype == b.dtype:  # type: ignore[attr-defined]
        return SomeArray(a.dtype)  # type: ignore[attr-defined]
    if isinstance(a, TupleOf) and isinstance(b, TupleOf) and a.cls is b.cls:
        if len(a.items) == len(b.items):
            return TupleOf(tuple(map(join, a.items, b.items)), a.cls)
    if isinstance(a, DequeOf) or isinstance(b, DequeOf):
        both = isinstance(a, DequeOf) and isinstance(b, DequeOf)
        return DequeOf(None, join(a.element, b.element)) if both else UNKNOWN  # type: ignore[attr-defined]
    if isinstance(a, ListOf) and isinstance(b, ListOf):
        if a.items is not None and b.items is not None and len(a.items) == len(b.items):
            return ListOf(tuple(map(join, a.items, b.items)))
        return ListOf(None, join(element_of(a), element_of(b)))
    if isinstance(a, DictOf) and isinstance(b, DictOf):
        if [k for k, _ in a.items] == [k for k, _ in b.items]:
            return DictOf(tuple((k, join(t, u)) for (k, t), (_, u) in zip(a.items, b.items)))
    if isinstance(a, OpenDict) and isinstance(b, OpenDict):
        known = {(k.cls, k.factory) for k in (a, b) if k.cls is not object} or {(object, None)}
        if len(known) > 1:
            return UNKNOWN  # of one dict, reading makes what is missing; of the other, it does not
        [(cls, factory)] = known
        keys = dict.fromkeys(k for k, _ in (*a.items, *b.items))
        found = [dict(a.items), dict(b.items)]
        items = [(k, join(*(each.get(k, BOTTOM) for each in found))) for k in keys]
        return OpenDict(cls, tuple(items), join(a.rest, b.rest), factory)
    if is_open_dict(a) and is_open_dict(b) and a.cls is b.cls:  # type: ignore[attr-defined]
        return Opaque(dict)
    if isinstance(a, Instance) and isinstance(b, Instance) and a.cls is b.cls:
        if [n for n, _ in a.fields] == [n for n, _ in b.fields]:
            return Instance(
                a.cls, tuple((n, join(t, u)) for (n, t), (_, u) in zip(a.fields, b.fields))
            )
    if isinstance(a, IteratorOf) and isinstance(b, IteratorOf) and a.cls is b.cls:
        return IteratorOf(a.cls, join(a.element, b.element))
    return UNKNOWN


def _has_axes(kind: Type) -> bool:
    return isinstance(kind, SomeArray) or isinstance(kind, Array) and kind.ndim > 0


def _is_str(kind: Type) -> bool:
    known = isinstance(kind, Literal) and isinstance(kind.value, str)
    return known or isinstance(kind, Opaque) and kind.cls is str


def is_open_dict(kind: Type) -> bool:
    """Is this a dict of which not all is known?"""
    return isinstance(kind, Opaque) and kind.cls in (dict, defaultdict, OrderedDict)


def join_axes(a: Axis, b: Axis) -> Axis:
    if a == b:
        return a
    if is_plural(a) and is_plural(b):
        return Length(("join", a, b) if not _mentions_join(a, b) else "n", 0, True)
    return None


def _mentions_join(*axes: Axis) -> bool:
    return any(
        isinstance(a, Length) and (a.symbol == "n" or isinstance(a.symbol, tuple)) for a in axes
    )


def is_plural(axis: Axis) -> bool:
    """Known not to be 1."""
    return axis.plural if isinstance(axis, Length) else axis is not None and axis != 1


def unliteral(t: Type) -> Type:
    """Forget the exact value of a number."""
    if isinstance(t, Literal) and isinstance(t.value, int | float | complex):
        return Scalar(type(t.value))
    return t


def element_of(t: Type) -> Type:
    """The type of what iteration over a value of this type gives."""
    if isinstance(t, Array):
        if t.ndim == 0:
            return UNKNOWN
        return Scalar(t.dtype.type) if t.ndim == 1 else Array(t.dtype, t.axes[1:])
    if isinstance(t, TupleOf | ListOf):
        if t.items is None:
            return t.element
        out: Type = BOTTOM
        for item in t.items:
            out = join(out, item)
        return unliteral(out)
    if isinstance(t, IteratorOf):
        return t.element
    return UNKNOWN
