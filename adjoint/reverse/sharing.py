"""Calls that may change what the program sees, and whose reverse half works on its shadows.

y = f(x)     y, f_pullback = apply_shared(…, f, x)   …   f_bar, x_bar = pull_shared(shadows, f_pullback, y_bar)
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.nodes import Block, Call, Const, Splat, Statement, Value, operands_of, walk
from adjoint.ir.types import UNKNOWN, TupleOf
from adjoint.reverse.cotangents import Scope
from adjoint.rules.activity import is_active
from adjoint.rules.memory import is_shared
from adjoint.rules.sharing import apply_shared
from adjoint.runtime import consult
from adjoint.shadows import pull_shared

if TYPE_CHECKING:
    from adjoint.reverse.straight import Backward, Reverser


def is_reached(reverser: Reverser, s: Call) -> bool:
    """Does what the call is given, or can get hold of, carry a derivative?"""
    found = [*operands_of(s), *reverser.memory.class_of(s.target)]
    return any(is_active(o, reverser.active) for o in found)


def is_inside(reverser: Reverser, s: Statement) -> bool:
    """Is there such a call in the blocks of this statement?"""
    inner = walk(Block([s], []))
    return any(is_shared(each) and is_reached(reverser, each) for each in inner)  # type: ignore[arg-type]


def call(reverser: Reverser, s: Call) -> tuple[list[Statement], Backward]:
    """The forward half and the reverse of such a call."""
    shared = s.callee.value  # type: ignore[union-attr]
    if shared is apply_shared:
        raise UnsupportedSyntaxError(
            "a second derivative through a function that is called when the program runs and may "
            "change what it shares is not supported",
            s.origin,
            "Write it without recursion, or let it return what it makes.",
        )
    callee, *args = s.args
    if any(isinstance(a, Splat) for a in s.args) or any(k is None for k, _ in s.kwargs):
        raise UnsupportedSyntaxError(
            "a call with `*` or `**`, known only when the program runs, of what may change "
            "what it shares is not supported",
            s.origin,
            "Spell the arguments out.",
        )
    plain = Call(s.target, callee, list(args), list(s.kwargs), s.origin)  # type: ignore[arg-type]
    name = s.target.name
    both = Value(f"{name}_both" if name else "", TupleOf((UNKNOWN, UNKNOWN)), False, s.origin)
    pullback = Value(f"{name}_pullback" if name else "pullback", UNKNOWN, True, s.origin)
    first: list = [Const(reverser.memory.names), Const(shared is not consult), callee]
    forward: list[Statement] = [
        Call(both, Const(apply_shared), [*first, *args], list(s.kwargs), s.origin),
        Call(s.target, Const(operator.getitem), [both, Const(0)], [], s.origin),
        Call(pullback, Const(operator.getitem), [both, Const(1)], [], s.origin),
    ]
    s.target.named = True

    def backward(scope: Scope) -> None:
        bar = scope.take_rest(s.target)
        operands = [scope.shadows_value(), pullback, Const(None) if bar is None else bar]
        bars = scope.call(pull_shared, *operands, type=UNKNOWN)
        reverser.distribute(scope, plain, bars)

    return forward, backward
