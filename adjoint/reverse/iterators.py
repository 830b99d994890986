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
    Splat,
    Statement,
    Value,
    operands_of,
    walk,
    yields_of,
)
from adjoint.ir.types import Array, IteratorOf, ListOf, Scalar, TupleOf, Unknown, literal
from adjoint.reverse.cotangents import Scope, cotangent_type
from adjoint.rules.activity import is_active
from adjoint.rules.iterators import backwards
from adjoint.rules.refusals import refuse_late
from adjoint.rules.signatures import operand_type

if TYPE_CHECKING:
    from adjoint.reverse.straight import Backward, Reverser

ITERATORS = (enumerate, zip, reversed)


def is_iterator(reverser: Reverser, s: object) -> bool:
    """Is it known of this call what its items are those of?"""
    if (
        not isinstance(s, Call)
        or not isinstance(s.callee, Const)
        or s.callee.value not in ITERATORS
    ):
        return False
    if any(reverser.changes_list(a) for a in s.args):
        return True
    known = isinstance(s.target.type, IteratorOf)  # one that no variable keeps
    known = known and all(is_sequence(reverser, a) for a in gone_over(s))
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


def gone_over(s: Call) -> list:
    """The operands that give items."""
    return s.args if s.callee.value is zip else s.args[:1]  # type: ignore[union-attr]


def is_sequence(reverser: Reverser, operand: object) -> bool:
    """Does it give its items without being changed by that, or has it no cotangent?"""
    if isinstance(operand, Splat):
        return False
    if not is_active(operand, reverser.active):  # type: ignore[arg-type]
        return True
    if reverser.memory.is_written(operand) or reverser.memory.is_changed(operand):
        return False
    kind = operand_type(operand)  # type: ignore[arg-type]
    return isinstance(kind, Array | ListOf | TupleOf) or is_own_iterator(kind)


def is_own_iterator(kind: object) -> bool:
    return isinstance(kind, IteratorOf) and kind.cls in ITERATORS


def columns(reverser: Reverser, iterable: object, count: int) -> list[Operand | None] | None:
    """Of tuples of so many items that a loop goes over: what each item is one of, if it is known."""
    made = reverser.definitions.get(iterable)  # type: ignore[arg-type]
    if made is None or not is_iterator(reverser, made) or made.callee.value is reversed:  # type: ignore[union-attr]
        return None
    if any(reverser.changes_list(a) for a in made.args):
        return None
    found = [None, made.args[0]] if made.callee.value is enumerate else made.args  # type: ignore[union-attr]
    return list(found) if len(found) == count else None  # type: ignore[arg-type]


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
        for i, x in enumerate(gone_over(s)):
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
    if is_own_iterator(iterable.type):
        return bars
    return scope.call(tree.iterable_cotangent, bars, iterable, type=cotangent_type(iterable.type))
