"""What the type of a value says of it: truth, class, elements; and whether it is bound."""

from __future__ import annotations

import types
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from adjoint.ir.nodes import UNDEFINED, Call, Const, Operand, Splat, Value
from adjoint.ir.types import (
    Array,
    DequeOf,
    DictOf,
    Double,
    FunctionOf,
    Instance,
    IteratorOf,
    ListOf,
    Literal,
    Opaque,
    Real,
    Scalar,
    TupleOf,
    Type,
    element_of,
    literal,
)
from adjoint.rules import traversal
from adjoint.rules.signatures import operand_type

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

# What may be folded into the program: small things that cannot change.
METADATA = (
    int,
    bool,
    str,
    type(None),
    tuple,
    slice,
    np.dtype,
    type,
    types.UnionType,
    types.EllipsisType,
)


def truth(t: Type) -> bool | None:
    """The truth value of every value of this type, if it is one."""
    if isinstance(t, Literal) and t.key != "self":
        return None if isinstance(t.value, np.ndarray) else bool(t.value)
    if isinstance(t, FunctionOf):
        return True
    if isinstance(t, TupleOf):
        return None if hasattr(t.cls, "__bool__") else bool(t.items)
    if isinstance(t, ListOf | DictOf):
        return None if t.items is None else bool(t.items)
    if isinstance(t, Instance):
        plain = not (hasattr(t.cls, "__bool__") or hasattr(t.cls, "__len__"))
        return True if plain else None
    return None


def class_of(t: Type) -> type | None:
    """The exact class of every value of this type, if there is one."""
    if isinstance(t, Literal):
        return type(t.value) if t.key != "self" else types.FunctionType
    if isinstance(t, Array):
        return np.ndarray
    if isinstance(t, Scalar):
        return t.cls if t.cls not in (Real, Double) else None
    if isinstance(t, TupleOf | Instance | Opaque | IteratorOf):
        return t.cls if t.cls is not BaseException else None
    simple = {ListOf: list, DequeOf: deque, DictOf: dict, FunctionOf: types.FunctionType}
    return simple.get(type(t))


def element_type(t: Type) -> Type:
    """What iteration over a value of this type gives."""
    if isinstance(t, DictOf):
        kinds = {type(k) for k, _ in t.items}
        return Scalar(kinds.pop()) if kinds <= {int} and kinds else Opaque(object)
    if isinstance(t, Literal) and isinstance(t.value, range):
        return Scalar(int)
    if isinstance(t, Literal) and isinstance(t.value, str):
        return Opaque(str)
    if isinstance(t, Literal) and isinstance(t.value, tuple | list):
        return element_of(TupleOf(tuple(map(literal, t.value))))
    return element_of(t)


def is_unbound(spec: Specialiser, operand: Operand) -> bool:
    if isinstance(operand, Const):
        return operand.value is UNDEFINED
    return operand in spec.unbound


def cannot_raise(spec: Specialiser, iterable: Operand, strict: list[Call] | None = None) -> bool:
    """Is iteration over this sure not to raise? Calls of `zip` of sequences that have to be of one
    length are collected in `strict`, if it is given."""
    kind = operand_type(iterable)
    made = spec.definitions.get(iterable) if isinstance(iterable, Value) else None
    maker = traversal.maker(made)
    if maker is None and not isinstance(kind, IteratorOf):
        return class_of(kind) in (np.ndarray, tuple, list, dict, range)
    if not isinstance(made, Call) or any(isinstance(a, Splat) for a in made.args):
        return is_range(kind)
    inner: list[Operand] = traversal.gone_over(made)
    if any(name == "strict" for name, _ in made.kwargs):
        if strict is None or any(isinstance(operand_type(each), IteratorOf) for each in inner):
            return False
        strict.append(made)
    wraps = maker is not None and all(cannot_raise(spec, each, strict) for each in inner)
    return is_range(kind) or wraps


def is_range(kind: Type) -> bool:
    return isinstance(kind, IteratorOf) and kind.cls is range
