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

from adjoint.ir.nodes import Call, Operand
from adjoint.ir.types import Array, Scalar
from adjoint.optimise.algebra import operands
from adjoint.optimise.facts import covers, kind_of, same_operand
from adjoint.optimise.rewriting import Rewriter
from adjoint.rules.signatures import result_type

UNARY = (operator.neg, np.negative, np.conj, np.conjugate, np.real)
BINARY = (
    operator.add, operator.sub, operator.mul, operator.truediv, np.add, np.subtract, np.multiply,
    np.divide,
)  # fmt: skip


def broadcast(r: Rewriter, operand: Any) -> Call | None:
    found = r.definition(operand, np.broadcast_to)
    return found if found is not None and len(found.args) == 2 else None


def in_full_company(r: Rewriter, call: Call) -> Operand | None:
    """An operand was broadcast to a shape that another operand has: NumPy does that by itself."""
    found = operands(call)
    if found is None or len(found) < 2:
        return None
    for i, operand in enumerate(found):
        wide = broadcast(r, operand)
        if wide is None:
            continue
        others = [kind_of(o) for j, o in enumerate(found) if j != i]
        axes = kind_of(operand).axes  # type: ignore[attr-defined]
        if not any(isinstance(k, Array) and covers(k.axes, axes) for k in others):
            continue
        function = call.callee.value  # type: ignore[union-attr]
        args = [*found[:i], wide.args[0], *found[i + 1 :]]
        kind = result_type(function, args, [])
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
    return r.emit(np.broadcast_to, small, first.args[1])  # type: ignore[arg-type]


REWRITES: dict[Any, list] = {f: [outwards] for f in UNARY}
REWRITES |= {f: [in_full_company, outwards] for f in BINARY}
REWRITES[np.where] = [in_full_company]
