"""Calls that only take apart and put together: their pullbacks move cotangents, and so are linear."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable
from typing import Any

from adjoint.rules import dispatch, lookup, structural
from adjoint.rules.operators import is_hashable
from adjoint.runtime import load_capture, make_function, new_object, set_attribute
from adjoint.tree import Tangent, tangent_field, tangent_item


def moves(function: Any, args: tuple) -> bool:
    """Does the pullback of this call only move cotangents, whatever the operands are?"""
    if not is_hashable(function) or function not in TRANSPOSED:
        return False
    if function is getattr:
        return lookup.attribute_call(*args) is None
    method = getattr(type(args[0]), "__getitem__", None)
    return function is not operator.getitem or not isinstance(method, types.FunctionType)


def attribute_read(args: tuple, given: tuple, named: dict) -> Any:
    owner, name, bar = args[0], args[1], given[0]
    if len(args) > 2 and not hasattr(owner, name):
        return given[2]
    if bar is None:
        return None
    value = getattr(owner, name, None)
    if dispatch.is_bound(value) and value.__self__ is owner:
        return Tangent(__self__=bar)
    if lookup.is_decorated(value) and getattr(value.function, "__self__", None) is owner:
        return Tangent(function=Tangent(__self__=bar))
    if isinstance(owner, tuple):
        return bar[owner._fields.index(name)] if name in getattr(owner, "_fields", ()) else None
    return tangent_field(bar, name)


def attribute_read_of_capture(args: tuple, given: tuple, named: dict) -> Any:
    return tangent_field(given[0], args[1])


def item_read(args: tuple, given: tuple, named: dict) -> Any:
    return tangent_item(given[0], args[1])


def assigned(args: tuple, given: tuple, named: dict) -> Any:
    rest = {} if given[0] is None else {n: getattr(given[0], n) for n in given[0]}
    return Tangent(**{**rest, args[1]: given[2]})


def function_made(args: tuple, given: tuple, named: dict) -> Any:
    return Tangent(**dict(structural.function_parts(args[0], given)))


def dict_made(args: tuple, given: tuple, named: dict) -> Any:
    bars: dict = {}
    if args and given[0] is not None:
        items = args[0]
        bars = (
            dict(given[0])
            if hasattr(items, "keys")
            else {k: None if b is None else b[1] for (k, _), b in zip(items, given[0], strict=True)}
        )
    return {**bars, **named}


def nothing(args: tuple, given: tuple, named: dict) -> Any:
    return None


# How the cotangents of what a pullback returned are those of what it was given.
TRANSPOSED: dict[Any, Callable[[tuple, tuple, dict], Any]] = {
    getattr: attribute_read, operator.getitem: item_read, set_attribute: assigned, new_object: nothing,
    dict: dict_made, load_capture: attribute_read_of_capture, make_function: function_made,
}  # fmt: skip
