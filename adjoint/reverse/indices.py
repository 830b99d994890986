"""Indices of integers and slices are made again in the reverse half, from what they were made of.

for i in range(n):                 for i in reversed(range(n)):
    y[i - 1, :] = …         ->         … y_bar[i - 1, :] …
"""

from __future__ import annotations

import operator
import types

from adjoint.ir.clone import lookup
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Operand,
    Splat,
    Statement,
    Value,
    substitute,
    used_values,
)
from adjoint.ir.types import Literal, Opaque, Scalar, Type, unliteral
from adjoint.rules.signatures import operand_type
from adjoint.runtime import make_tuple


def rebuild(reverse_body: Block, body: Block, local: set[Value]) -> None:
    """Make indices again in the reverse of a loop's body or of a branch, rather than keep each of them."""
    made = {s.target: s for s in body.statements if isinstance(s, Call) and is_index(s)}
    made = {v: s for v, s in made.items() if v in local}
    out: list[Statement] = []
    for s in reverse_body.statements:
        _rebuild_for(Block([s], []), made, out)
        out.append(s)
    reverse_body.statements = out
    _rebuild_for(Block([], reverse_body.results), made, out)


def _rebuild_for(block: Block, made: dict[Value, Call], out: list[Statement]) -> None:
    """Write the calls that make the indices which a block reads, and let it read them."""
    env: dict[Value, Operand] = {}
    for value in [v for v in made if v in used_values(block)]:
        call = made[value]
        inner = Call(Value(value.name, value.type, False), call.callee, list(call.args), [])
        inner.origin = call.origin
        _rebuild_for(Block([inner], []), made, out)
        out.append(inner)
        env[value] = inner.target
    substitute(block, lambda o: lookup(o, env))


def is_index(s: Call) -> bool:
    """Is this arithmetic of integers, or the building of an index of integers and slices?"""
    if not isinstance(s.callee, Const) or s.kwargs or any(isinstance(a, Splat) for a in s.args):
        return False
    kinds = [operand_type(a) for a in s.args]  # type: ignore[arg-type]
    if s.callee.value in (operator.add, operator.sub):
        return all(is_integer(k) for k in [*kinds, s.target.type])
    return s.callee.value in (make_tuple, slice) and all(map(is_part_of_index, kinds))


def is_integer(kind: Type) -> bool:
    return isinstance(unliteral(kind), Scalar) and unliteral(kind).cls is int  # type: ignore[attr-defined]


def is_part_of_index(kind: Type) -> bool:
    if isinstance(kind, Literal):
        return kind.value is None or isinstance(kind.value, int | slice | types.EllipsisType)
    return is_integer(kind) or isinstance(kind, Opaque) and kind.cls is slice
