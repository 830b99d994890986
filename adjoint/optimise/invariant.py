"""What does not change from one iteration of a reverse loop to the next is left outside of it.

    total_bar = 1.0                            for x in reversed(xs):
    for x in reversed(xs):               ->        x_bar = 2.0 * x
        x_bar = 2 * total_bar * x

    for …:                                     W_T = W.T
        h_bar = h_bar @ W.T              ->    for …:
                                                   h_bar = h_bar @ W_T

Statements move only if they cannot fail, since the loop may not run at all.

>>> import operator
>>> from adjoint.ir.nodes import Block, Call, Const, Function, Parameter, Value
>>> from adjoint.ir.printer import show
>>> xs, x, a, b, c, d, e, f = (Value(n) for n in ("xs", "x", "a", "b", "c", "d", "e", "f"))
>>> body = Block([Call(e, Const(operator.mul), [b, x])], [b, e])
>>> loop = Loop(body, [b, c], [Const(1.0), Const(0.0)], [d, f], xs, [x])
>>> program = Function("f", [Parameter(xs)], Block([loop], [f]))
>>> print(show(leave_loops(program)))
function f(xs)
  f = for x in xs carrying c = 0.0:
    e = mul(1.0, x)
    yield e
  return f
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    Loop,
    Operand,
    Statement,
    Value,
    blocks_of,
    defined_values,
    operands_of,
    substitute,
    walk,
)
from adjoint.ir.types import Array, Scalar
from adjoint.optimise.facts import (
    IsMarker,
    definitions,
    is_array,
    is_call_of,
    is_derived,
    kind_of,
    marker_index,
    written_values,
)

CHEAP = (
    operator.add, operator.sub, operator.mul, operator.neg, np.transpose, np.conj, getattr,
    operator.truediv,
)  # fmt: skip
ATTRIBUTES = ("T", "shape", "size", "ndim")


def leave_loops(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Rewrite the loops of the reverse half in place; returns the function."""
    start = marker_index(function, is_marker) or 0
    body = function.body
    mover = _Mover(function)
    if any(map(is_derived, walk(Block(body.statements[:start], [])))):
        mover.free = is_derived  # the loops are the user's, the derivative is among what is in them
        start = 0
    body.statements[start:] = mover.statements(body.statements[start:])
    if mover.replaced:
        substitute(body, mover.resolve)
    return function


class _Mover:
    def __init__(self, function: Function) -> None:
        self.written = written_values(function.body)
        self.sure = {*function.inputs, *definitions(function.body)}
        self.replaced: dict[Value, Operand] = {}
        self.free: Callable[[Statement], bool] = lambda s: True

    def resolve(self, operand: Operand) -> Operand:
        while isinstance(operand, Value) and operand in self.replaced:
            operand = self.replaced[operand]
        return operand

    def statements(self, statements: list[Statement]) -> list[Statement]:
        """The statements of one block, with what left the loops among them."""
        out: list[Statement] = []
        for s in statements:
            for inner in blocks_of(s):
                inner.statements = self.statements(inner.statements)
            if isinstance(s, Loop):
                self.drop_unchanged(s)
                out += self.invariants(s)
            out.append(s)
        return out

    def drop_unchanged(self, loop: Loop) -> None:
        """A carried value that every iteration leaves alone is what it was at first."""
        keep = []
        for i, (carried, init) in enumerate(zip(loop.carried, loop.inits, strict=True)):
            fixed = self.resolve(loop.body.results[i]) is carried
            if not fixed or carried in self.written or loop.targets[i] in self.written:
                keep.append(i)
                continue
            self.replaced[carried] = self.replaced[loop.targets[i]] = init
        loop.carried = [loop.carried[i] for i in keep]
        loop.inits = [loop.inits[i] for i in keep]
        loop.targets = [loop.targets[i] for i in keep]
        loop.body.results = [loop.body.results[i] for i in keep]

    def invariants(self, loop: Loop) -> list[Statement]:
        inside = defined_values(Block([loop], []))
        moved: list[Statement] = []
        kept: list[Statement] = []
        for s in loop.body.statements:
            if isinstance(s, Call) and self.may_leave(s, inside):
                inside.discard(s.target)
                s.origin = (
                    loop.origin
                    if not is_derived(s) or loop.origin is None
                    else replace(loop.origin, derived=True)
                )
                moved.append(s)
            else:
                kept.append(s)
        loop.body.statements = kept
        return moved

    def may_leave(self, s: Call, inside: set[Value]) -> bool:
        if not is_call_of(s, *CHEAP) or s.target in self.written or not self.free(s):
            return False
        operands = [self.resolve(o) for o in operands_of(s)[1:]]
        values = [o for o in operands if isinstance(o, Value)]
        if any(v in inside or v in self.written or v not in self.sure for v in values):
            return False
        function: Any = s.callee.value  # type: ignore[union-attr]
        if function is getattr:
            name = operands[1]
            return is_array(operands[0]) and isinstance(name, Const) and name.value in ATTRIBUTES
        if not all(isinstance(kind_of(o), Array | Scalar) for o in operands):
            return False
        return function is not operator.truediv or any(map(is_array, operands))


__all__ = ["leave_loops"]
