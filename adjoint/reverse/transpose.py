"""The transpose of a pullback: a pushforward, from the same declaration.

A pullback is linear in the cotangent that it is given: x_bar = Jᵀ y_bar. Its reverse with respect to
that cotangent is its transpose, y_dot = J x_dot, at the cost of the pullback:

    B_bar ↦ -Bᵀ @ B_bar @ Bᵀ            becomes            A_dot ↦ -B @ A_dot @ B
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adjoint import tree
from adjoint.ir.nodes import (
    Block,
    Call,
    Function,
    Operand,
    Parameter,
    Statement,
    Value,
    inner_definitions,
    operands_of,
    targets_of,
    walk,
    yields_of,
)
from adjoint.ir.types import UNKNOWN, Unknown, is_number
from adjoint.reverse.cotangents import Scope, conform
from adjoint.reverse.hoist import hoist
from adjoint.reverse.norms import definitions_of
from adjoint.reverse.straight import Reverser
from adjoint.rules.activity import all_active, is_active
from adjoint.rules.aliasing import Memory
from adjoint.rules.memory import reads_contents
from adjoint.rules.signatures import operand_type


def transpose(
    inputs: list[Value],
    statements: list[Statement],
    y_bar: Value,
    pairs: Sequence[tuple[Operand, Value, Value]],
    expand: Callable[..., Any],
) -> tuple[list[Statement], Operand | None, bool]:
    """Statements that compute the transpose of a linear program, and its result (None: zero).

    `statements` compute cotangents from `y_bar` and the other inputs. `pairs` are triples: a
    cotangent, the primal that it belongs to, and the primal's tangent, which takes its place. Last
    comes whether the contents of `y_bar` are seen not to be read; where they may be, in what is found
    at run time, any will do.
    """
    scope = Scope(local=None, memory=Memory(Block([], []), []))
    bars = [fitted(scope, bar, primal) for bar, primal, _ in pairs]
    everything = [*inputs, y_bar, *(dot for _, _, dot in pairs)]
    block = Block([*statements, *scope.out], list(bars))
    body = hoist(Function("pullback", [Parameter(v) for v in everything], block))
    memory = Memory(body, everything)
    active = all_active(body, {y_bar}, memory)
    reverser = Reverser(active, set(), expand, memory)
    reverser.definitions = definitions_of(body)
    forward, steps = reverser.forward(body)
    scope = Scope(local=None, memory=memory)
    for bar, (_, _, dot) in zip(body.results, pairs, strict=True):
        if is_active(bar, active):
            scope.add(bar, dot)
    reverser.backward(steps, scope)
    y_dot = scope.take(y_bar)
    made = [*forward.statements, *scope.out]
    return made, y_dot, y_dot not in dependent(made, y_bar)


def fitted(scope: Scope, bar: Operand, primal: Value) -> Operand:
    """A cotangent in the form of its primal."""
    if not is_number(primal.type):
        return bar
    if isinstance(operand_type(bar), Unknown):
        return scope.call(tree.project, bar, primal, type=UNKNOWN)
    return conform(scope, bar, primal)[0]


def dependent(statements: list[Statement], source: Value) -> set[Value]:
    """The values that depend on the contents of `source`, not only on its shape and dtype."""
    found = {source}
    while True:
        before = len(found)
        for s in walk(Block(statements, [])):
            if isinstance(s, Call):
                depends = any(o in found and reads_contents(s, o) for o in operands_of(s))
            else:
                depends = any(o in found for o in [*operands_of(s), *yields_of(s)])
            if depends:
                found.update([*targets_of(s), *inner_definitions(s)])
        if len(found) == before:
            return found
