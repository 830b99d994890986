"""Types that say little of lists, dicts and objects: nothing that a call may change while it runs."""

from __future__ import annotations

import functools
import types
from dataclasses import replace
from typing import Any

import numpy as np

from adjoint.cursor import Cursor, View
from adjoint.ir.types import (
    UNKNOWN,
    DictOf,
    FunctionOf,
    Identity,
    Instance,
    IteratorOf,
    ListOf,
    Literal,
    OpenDict,
    TupleOf,
    Type,
)
from adjoint.ir.values import (
    LITERALS,
    SCALARS,
    attributes,
    function_defaults,
    holds_numbers,
    of_run_time,
    type_of,
)

ANY_LIST = ListOf(None, UNKNOWN)
ANY_DICT = OpenDict(dict, (), UNKNOWN)
#: Of their values `type_of` looks at no attribute.
KNOWN = (np.ndarray, np.generic, set, frozenset, range, slice, functools.partial, *LITERALS)


def coarse(kind: Type) -> Type:
    """What is known of a value of this type for certain, whatever its lists and dicts hold by now."""
    if isinstance(kind, ListOf):
        return ANY_LIST
    if isinstance(kind, DictOf):
        return ANY_DICT
    if isinstance(kind, OpenDict):
        return replace(kind, items=(), rest=UNKNOWN)
    if isinstance(kind, TupleOf):
        return TupleOf(tuple(map(coarse, kind.items)), kind.cls)
    if isinstance(kind, Instance):
        return Instance(kind.cls, tuple([(name, coarse(t)) for name, t in kind.fields]))
    if isinstance(kind, IteratorOf):
        items = None if kind.items is None else tuple(map(coarse, kind.items))
        return IteratorOf(kind.cls, coarse(kind.element), items)
    return kind


def coarse_type_of(value: Any, seen: tuple[int, ...] = ()) -> Type:
    """The coarse type of a value, as an argument: of an object its class and its attributes' names."""
    cls = type(value)
    if cls is list:
        return ANY_LIST
    if cls is dict:
        return ANY_DICT
    if id(value) in seen:
        itself = cls is types.FunctionType and seen[-1] == id(value)
        return Literal("self", None) if itself else UNKNOWN
    inside = bool(seen)
    seen = (*seen, id(value))
    if isinstance(value, tuple):
        return UNKNOWN if inside else TupleOf(tuple([_of_part(v, seen) for v in value]), cls)
    if cls is types.FunctionType and not of_run_time(value):
        return _of_function(value, seen)
    if cls is types.MethodType:
        parts = ("__self__", "__func__")
        return Instance(cls, tuple([(n, coarse_type_of(getattr(value, n), seen)) for n in parts]))
    if isinstance(value, Cursor | View):
        return UNKNOWN
    fields = None if isinstance(value, KNOWN) or cls in SCALARS else attributes(value)
    if fields is None or of_run_time(value) or holds_numbers(value):
        return type_of(value)
    return Instance(cls, tuple([(name, UNKNOWN) for name in fields]))


def _of_part(value: Any, seen: tuple[int, ...]) -> Type:
    return UNKNOWN if isinstance(value, tuple) else coarse_type_of(value, seen)


def _of_function(value: types.FunctionType, seen: tuple[int, ...]) -> Type:
    captures = []
    for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
        try:
            captures.append((name, coarse_type_of(cell.cell_contents, seen)))
        except ValueError:
            captures.append((name, UNKNOWN))
    defaults = ()
    if value.__defaults__ or value.__kwdefaults__:
        defaults = tuple(
            [(n, coarse_type_of(v, seen)) for n, v in function_defaults(value).items()]
        )
    return FunctionOf(
        Identity(value.__code__), Identity(value.__globals__), tuple(captures), defaults
    )
