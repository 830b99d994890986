"""`zip`, `enumerate` and `reversed`, reversed by what they go over.

for x, y in zip(xs, ys): …     xs_bar = the cotangents of the x, in the form of xs
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adjoint import contents, tree
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Loop,
    Operand,
    Statement,
    Value,
    operands_of,
    walk,
    yields_of,
)
from adjoint.ir.types import Scalar, Unknown, literal
from adjoint.reverse.cotangents import Scope, cotangent_type
from adjoint.rules import traversal
from adjoint.rules.activity import is_active
from adjoint.rules.iterators import backwards
from adjoint.rules.refusals import refuse_late
from adjoint.rules.signatures import operand_type

if TYPE_CHECKING:
    from adjoint.reverse.straight import Backward, Reverser


def is_iterator(reverser: Reverser, s: object) -> bool:
    """Is it known of this call what its items are those of?"""
    if traversal.maker(s) is None:
        return False
    assert isinstance(s, Call)
    if any(reverser.changes_list(a) for a in s.args):
        return True
    known = traversal.is_over(s, lambda a: is_steady(reverser, a))
    return known and is_gone_through(reverser, s.target)


def is_gone_through(reverser: Reverser, value: Value) -> bool:
    """Is it given to one loop of this block? Others ask an iterator how far it is."""
    uses = [
        s
        for s in walk(Block(reverser.statements))
        if value in operands_of(s) or value in yields_of(s)
    ]
    if len(uses) != 1 or uses[0] not in reverser.statements:
        return False
    loop = isinstance(uses[0], Loop) and uses[0].iterable is value
    return loop or is_iterator(reverser, uses[0])


def is_steady(reverser: Reverser, operand: Operand) -> bool:
    """Does it give its items without being changed by that, or has it no cotangent?"""
    if not is_active(operand, reverser.active):
        return True
    if reverser.memory.is_written(operand) or reverser.memory.is_changed(operand):
        return False
    return traversal.has_items(operand_type(operand))


def columns(reverser: Reverser, iterable: object, count: int) -> list[Operand | None] | None:
    """Of tuples of so many items that a loop goes over: what each item is one of, if it is known."""
    made = reverser.definitions.get(iterable)  # type: ignore[arg-type]
    if made is None or not is_iterator(reverser, made):
        return None
    if any(reverser.changes_list(a) for a in made.args):
        return None
    return traversal.columns(made, count)


def iterator(reverser: Reverser, s: Call) -> tuple[list[Statement], Backward]:
    """A call of one of them. Lists that may change meanwhile are watched."""
    function, args = s.callee.value, list(s.args)  # type: ignore[union-attr]
    if isinstance(s.target.type, Unknown):  # it is kept in a variable
        refuse_late(s)
    forward: list[Statement] = []
    count = Value("", Scalar(int), False, s.origin)
    if function is reversed and reverser.changes_list(args[0]):
        forward.append(Call(count, Const(len), [args[0]], [], s.origin))
    for i, a in enumerate(args):
        if reverser.changes_list(a):
            watched = Value("", a.type, False, s.origin)  # type: ignore[union-attr]
            steady = contents.backwards if function is reversed else contents.steady
            forward.append(Call(watched, Const(steady), [a], [], s.origin))
            args[i] = watched
    callee = Const(iter) if function is reversed and forward else s.callee
    forward.append(Call(s.target, callee, args, s.kwargs, s.origin))

    def backward(scope: Scope) -> None:
        bars = scope.take_rest(s.target)
        if bars is None or isinstance(bars, Const) and bars.value is None:
            return
        for i, x in enumerate(traversal.gone_over(s)):
            if not isinstance(x, Value) or not is_active(x, reverser.active):
                continue
            column = bars
            if function is not reversed:
                key = Const(1 if function is enumerate else i)
                column = scope.call(tree.column, bars, key)
            if reverser.changes_list(x):
                last = [count] if function is reversed else []
                operands = [scope.shadows_value(), x, column, *last]
                scope.call(contents.add_items, *operands, type=literal(None))
                continue
            if function is reversed:
                column = scope.call(backwards, column, x)
            reverser.receive_dynamic(scope, x, in_form(scope, column, x))

    return forward, backward


def in_form(scope: Scope, bars: Operand, iterable: Value) -> Operand:
    """The cotangent of what gave items, from theirs."""
    if traversal.is_iterator(iterable.type):
        return bars
    return scope.call(tree.iterable_cotangent, bars, iterable, type=cotangent_type(iterable.type))
