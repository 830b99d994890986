"""From a run-time value to its `Type`: the signature that compilations are keyed by."""

from __future__ import annotations

import array
import collections
import functools
import numbers
import types
from typing import Any

import numpy as np

from adjoint.cursor import Cursor, View
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    DictOf,
    FunctionOf,
    Identity,
    Instance,
    Length,
    ListOf,
    Literal,
    Opaque,
    Scalar,
    TupleOf,
    Type,
    element_of,
    literal,
    unliteral,
)
from adjoint.parts import parts_of, slot_names

PLURAL = Length("·", 0, True)
LONG_LIST = 32  # a list of more items is typed by its element, if that is uniform
SCALARS: dict[type, Type] = {cls: Scalar(cls) for cls in (float, int, complex)}
SCALARS |= {
    cls: Scalar(cls) for cls in np.sctypeDict.values() if issubclass(cls, np.number | np.bool_)
}
LITERALS = (
    type(None), bool, str, bytes, type, types.ModuleType, types.BuiltinFunctionType, np.dtype,
    np.ufunc, types.MethodDescriptorType, types.WrapperDescriptorType, type(Ellipsis),
    type(NotImplemented), type(np.mean), type(np._NoValue),
)  # fmt: skip


# Containers of numbers, of which the compiler does not know what is in them.
OTHER_CONTAINERS = (
    dict, list, types.MappingProxyType, memoryview, collections.deque, array.array,
    type({}.values()), type({}.items()),
)  # fmt: skip
# Where the closures and objects are made that rules at run time consist of.
RUN_TIME = {
    "adjoint.cache", "adjoint.callees", "adjoint.rules.dispatch", "adjoint.rules.pulled",
    "adjoint.rules.declarations", "adjoint.rules.kept", "adjoint.rules.structural",
}  # fmt: skip


@functools.lru_cache(4096)
def _array(dtype: np.dtype, ones: tuple[bool, ...]) -> Array:
    return Array(dtype, tuple(1 if one else PLURAL for one in ones))


def type_of(value: Any, seen: tuple[int, ...] = ()) -> Type:
    """The type of a value, as an argument: of an axis only whether it is 1."""
    cls = type(value)
    found = SCALARS.get(cls)
    if found is not None:
        return found
    if cls is np.ndarray and value.dtype.kind != "V":
        return _array(value.dtype, tuple([n == 1 for n in value.shape]))
    if isinstance(value, LITERALS):
        return literal(value)
    if of_run_time(value):
        return UNKNOWN
    if id(value) in seen or len(seen) > 24:
        itself = cls is types.FunctionType and seen and seen[-1] == id(value)
        return Literal("self", None) if itself else UNKNOWN
    if isinstance(value, Cursor | View):
        return UNKNOWN
    seen = (*seen, id(value))
    if isinstance(value, tuple) and cls is not tuple and not hasattr(cls, "_fields"):
        return UNKNOWN  # its class says what it is
    if isinstance(value, tuple):
        return TupleOf(tuple([type_of(v, seen) for v in value]), cls)
    if cls is list:
        return _type_of_list(value, seen)
    if cls is dict:
        return DictOf(tuple([(k, type_of(v, seen)) for k, v in value.items()]))
    if cls is types.FunctionType:
        return _type_of_function(value, seen)
    if cls is types.CellType:
        return Instance(cls, (("cell_contents", cell_type(value, seen)),))
    if cls is types.MethodType or cls is functools.partial:
        names = (
            ("__self__", "__func__") if cls is types.MethodType else ("func", "args", "keywords")
        )
        return Instance(cls, tuple((n, type_of(getattr(value, n), seen)) for n in names))
    if holds_numbers(value):
        return UNKNOWN
    if isinstance(value, np.ndarray | np.generic) or cls in (set, frozenset, range, slice):
        return Opaque(cls)
    fields = attributes(value)
    if fields is None:
        return Opaque(cls)
    return Instance(cls, tuple([(n, type_of(v, seen)) for n, v in fields.items()]))


def holds_numbers(value: Any) -> bool:
    """Is this of a class that nothing is known of while compiling, and may there be numbers in it?"""
    if isinstance(value, np.ndarray):  # of a subclass
        return value.dtype.kind in "iufcOV"
    if isinstance(value, set | frozenset):
        return any(map(_may_hold_reals, value))
    number = isinstance(value, numbers.Number) and not isinstance(value, np.generic)
    return number or isinstance(value, OTHER_CONTAINERS)


def _may_hold_reals(item: Any) -> bool:
    """Is this a number that is no integer, or are there such in it, for all that is known?"""
    if isinstance(item, tuple | frozenset):
        return any(map(_may_hold_reals, item))
    number = isinstance(item, float | complex | np.inexact)
    return number or not isinstance(item, LITERALS) and bool(attributes(item))


def of_run_time(value: Any) -> bool:
    """Is this a pullback of a rule found at run time, of which nothing is asked while compiling?"""
    if type(value) is types.FunctionType:
        return value.__closure__ is not None and value.__module__ in RUN_TIME
    return type(value).__module__ in RUN_TIME


def attributes(value: Any) -> dict[str, Any] | None:
    """The attributes that an object keeps; None for an object of C that keeps none."""
    parts = parts_of(type(value))
    if parts is not None:
        return {name: getattr(value, name) for name in parts.names}
    fields = getattr(value, "__dict__", None)
    slots = [s for c in type(value).__mro__ for s in slot_names(c)]
    if not slots:
        return fields if isinstance(fields, dict) else None
    fields = dict(fields) if isinstance(fields, dict) else {}
    return {s: getattr(value, s) for s in slots if hasattr(value, s)} | fields


def has_slots(cls: type) -> bool:
    """Do objects of this class keep attributes outside of their `__dict__`?"""
    return parts_of(cls) is not None or any(slot_names(c) for c in cls.__mro__)


def _type_of_list(value: list, seen: tuple[int, ...]) -> Type:
    if len(value) > LONG_LIST and all(type(v) is float for v in value):
        return ListOf(None, SCALARS[float])
    items = tuple([type_of(v, seen) for v in value])
    if items and isinstance(items[0], Scalar | Array) and all(i == items[0] for i in items):
        return ListOf(None, items[0])
    if len(items) > LONG_LIST:
        return ListOf(None, unliteral(element_of(ListOf(items))))
    return ListOf(items)


def _type_of_function(value: types.FunctionType, seen: tuple[int, ...]) -> Type:
    captures: tuple[tuple[str, Type], ...] = ()
    if value.__closure__:
        names = value.__code__.co_freevars
        captures = tuple(
            [(n, cell_type(c, seen)) for n, c in zip(names, value.__closure__, strict=True)]
        )
    defaults: tuple[tuple[str, Type], ...] = ()
    if value.__defaults__ or value.__kwdefaults__:
        defaults = tuple([(n, type_of(v, seen)) for n, v in function_defaults(value).items()])
    return FunctionOf(Identity(value.__code__), Identity(value.__globals__), captures, defaults)


def cell_type(cell: types.CellType, seen: tuple[int, ...]) -> Type:
    """The type of what a closure captured."""
    try:
        content = cell.cell_contents
    except ValueError:
        return UNKNOWN
    return type_of(content, seen)


def function_defaults(function: types.FunctionType) -> dict[str, Any]:
    """Default values by parameter name."""
    code = function.__code__
    defaults = function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    return dict(zip(names, defaults, strict=True)) | (function.__kwdefaults__ or {})
