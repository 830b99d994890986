"""A number, or a smaller array, that was broadcast only to be combined with a full-size array.

a_bar = np.broadcast_to(s, shape)      x_bar = s * x
x_bar = a_bar * x                  ->

a_bar = np.broadcast_to(s, shape)      x_bar = np.broadcast_to(-s, shape)
x_bar = -a_bar                     ->
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from adjoint.ir.nodes import Call, Const, Operand
from adjoint.ir.types import Array, Scalar
from adjoint.optimise.algebra import operands
from adjoint.optimise.facts import (
    covers,
    is_array,
    is_call_of,
    is_numpy_number,
    kind_of,
    number,
    same_operand,
)
from adjoint.optimise.rewriting import Rewriter, type_of_call

UNARY = (operator.neg, np.negative, np.conj, np.conjugate, np.real)
BINARY = (
    operator.add, operator.sub, operator.mul, operator.truediv, np.add, np.subtract, np.multiply,
    np.divide,
)  # fmt: skip


def broadcast(r: Rewriter, operand: Any) -> Call | None:
    found = r.definition(operand, np.broadcast_to)
    return found if found is not None and len(found.args) == 2 else None


def without_broadcast(r: Rewriter, operand: Any) -> Operand | None:
    """What NumPy would broadcast to this operand by itself, beside a full-size one."""
    wide = broadcast(r, operand)
    if wide is not None:
        small: Any = wide.args[0]
        # A Python number takes the dtype of the array that it meets.
        return (
            Const(float(small.value))
            if is_numpy_number(small) and number(small) is not None
            else small
        )
    s = r.definition(operand, operator.getitem)
    if s is None or not isinstance(s.args[1], Const) or not is_array(s.args[0]):
        return None
    key = s.args[1].value
    keys = key if type(key) is tuple else (key,)
    if all(k is None for k in keys):
        return s.args[0]  # type: ignore[return-value]
    if all(k is None or k is Ellipsis or type(k) is slice and k == slice(None) for k in keys):
        small = without_broadcast(r, s.args[0])  # of one number, a new axis is no change
        return small if small is not None and isinstance(kind_of(small), Scalar) else None
    return None


def has_shape(r: Rewriter, operand: Any, other: Operand) -> bool:
    """Was this broadcast to `other.shape`?"""
    wide = broadcast(r, operand)
    s = r.definitions.get(wide.args[1]) if wide is not None else None  # type: ignore[call-overload]
    if s is None or s.args[0] is not other:
        return False
    attribute = (
        is_call_of(s, getattr) and isinstance(s.args[1], Const) and s.args[1].value == "shape"
    )
    return attribute or is_call_of(s, np.shape)


def in_full_company(r: Rewriter, call: Call) -> Operand | None:
    """An operand was broadcast to a shape that another operand has: NumPy does that by itself."""
    found = operands(call)
    if found is None or len(found) < 2:
        return None
    for i, operand in enumerate(found):
        small = without_broadcast(r, operand)
        if small is None:
            continue
        others = [o for j, o in enumerate(found) if j != i and is_array(o)]
        axes = kind_of(operand).axes  # type: ignore[attr-defined]
        if not any(covers(kind_of(o).axes, axes) or has_shape(r, operand, o) for o in others):  # type: ignore[attr-defined]
            continue
        function = call.callee.value  # type: ignore[union-attr]
        args = [*found[:i], small, *found[i + 1 :]]
        kind = type_of_call(function, args, [])
        if isinstance(kind, Array) and r.agree(kind, call.target.type):
            return r.emit(function, *args, kind=call.target.type)
    return None


def outwards(r: Rewriter, call: Call) -> Operand | None:
    """Work on what was broadcast, and broadcast the result."""
    found = operands(call)
    wides = [broadcast(r, o) for o in found or []]
    first = next((w for w in wides if w is not None), None)
    if found is None or first is None:
        return None
    for operand, wide in zip(found, wides, strict=True):
        same = wide is not None and same_operand(wide.args[1], first.args[1])
        if not same and not isinstance(kind_of(operand), Scalar):
            return None
    args = [o if w is None else w.args[0] for o, w in zip(found, wides, strict=True)]
    small = r.emit(call.callee.value, *args)  # type: ignore[union-attr,arg-type]
    if not isinstance(small.type, Array | Scalar):
        return None
    if call.target in r.written:  # a broadcast cannot be written to
        return r.emit(np.full, first.args[1], small)  # type: ignore[arg-type]
    return r.emit(np.broadcast_to, small, first.args[1])  # type: ignore[arg-type]


REWRITES: dict[Any, list] = {f: [outwards] for f in UNARY}
REWRITES |= {f: [in_full_company, outwards] for f in BINARY}
REWRITES[np.where] = [in_full_company]
