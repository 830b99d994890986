"""Copies of values, and the dict in which an object keeps its attributes."""

from __future__ import annotations

import copy
import types
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule, source_of
from adjoint.slots import parts_by_key
from adjoint.tree import Number, Tangent, tangent_field


@source_of(copy.copy)
def shallow_copy(x):
    if type(x) is list:
        return list(x)
    if type(x) is dict:
        return dict(x)
    if type(x) is np.ndarray:
        return x.copy()
    own = own_copy(type(x), "__copy__")
    return copied(x) if own is None else own(x)


@source_of(copy.deepcopy)
def deep_copy(x, memo=None, /):
    if type(x) is np.ndarray and memo is None:
        return x.copy()
    own = own_copy(type(x), "__deepcopy__")
    return copied_whole(x) if own is None else own(x, {} if memo is None else memo)


@nondifferentiable
def own_copy(cls: type, name: str) -> Any:
    """What a class of the user's says how its objects are copied; None if it says nothing."""
    found = getattr(cls, name, None)
    return found if isinstance(found, types.FunctionType) else None


#: What else a class may say of it.
STATES = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__")


def copied(x: Any) -> Any:
    """A copy of `x` whose parts are those of `x`."""
    refuse_own(x, (*STATES, "__copy__"))
    return copy.copy(x)


copied.stands_for = copy.copy  # in errors


@rule(copied, linear="x")
def _(x):
    y = copied(x)

    def pullback(y_bar):
        return (y_bar,)

    return y, pullback


def copied_whole(x: Any) -> Any:
    """A copy of `x`, at any depth."""
    todo, seen = [x], set()
    while todo:
        part = todo.pop()
        if id(part) not in seen and not isinstance(part, np.ndarray | np.generic | Number | str):
            seen.add(id(part))
            refuse_own(part, (*STATES, "__deepcopy__"))
            todo += parts_by_key(part).values()
    return copy.deepcopy(x)


copied_whole.stands_for = copy.deepcopy


@rule(copied_whole, linear="x")
def _(x):
    y = copied_whole(x)

    def pullback(y_bar):
        return (y_bar,)

    return y, pullback


def refuse_own(x: Any, names: tuple[str, ...]) -> None:
    """Refuse what is copied by code of its class."""
    for name in names:
        if isinstance(getattr(type(x), name, None), types.FunctionType):
            raise MissingRuleError(
                f"no derivative is known for copies of a {type(x).__name__}, which its class makes"
                f" by its {name}",
                hint="Make the copy by a method of your own.",
            )


@rule(vars)
def vars_(owner, /):
    y = vars(owner)

    def pullback(y_bar):
        return object_tangent(y_bar)

    return y, pullback


@jvp_rule(vars)
def vars_jvp(primals, tangents):
    return vars(primals[0]), fields_of(tangents[0])


def object_tangent(fields: Any) -> Any:
    """The cotangent of an object from that of the dict that keeps its attributes."""
    return None if fields is None else Tangent(**fields)


@rule(object_tangent, linear="fields")
def _(fields):
    y = object_tangent(fields)

    def pullback(y_bar):
        return fields_of(y_bar)

    return y, pullback


def fields_of(tangent: Any) -> Any:
    """`object_tangent` undone."""
    return None if tangent is None else {name: tangent_field(tangent, name) for name in tangent}


@rule(fields_of, linear="tangent")
def _(tangent):
    y = fields_of(tangent)

    def pullback(y_bar):
        return object_tangent(y_bar)

    return y, pullback
