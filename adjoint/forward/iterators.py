"""`zip`, `enumerate` and `reversed`, and loops over them, beside the tangents of what they go over.

for x, y in zip(xs, ys): …     for x, y, x_dot, y_dot in zip(xs, ys, xs_dot, ys_dot): …
"""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING, Any

from adjoint.forward import state
from adjoint.ir.nodes import Call, Const, Loop, Operand, Splat, Value
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    IteratorOf,
    ListOf,
    Literal,
    Scalar,
    TupleOf,
    Type,
    Unknown,
    element_of,
)
from adjoint.rules.signatures import operand_type
from adjoint.rules.tangents import item_tangents
from adjoint.runtime import iterated

if TYPE_CHECKING:
    from adjoint.forward.straight import Pusher

ITERATORS = (enumerate, zip, reversed)
NONE = Const(None)


def is_iterator(pusher: Pusher, s: object) -> bool:
    """Is it known of this call what its items are those of?"""
    if (
        not isinstance(s, Call)
        or not isinstance(s.callee, Const)
        or s.callee.value not in ITERATORS
    ):
        return False
    known = isinstance(s.target.type, IteratorOf)  # one that no variable keeps
    return known and all(is_sequence(pusher, a) for a in gone_over(s))


def gone_over(s: Call) -> list:
    """The operands that give items."""
    return s.args if s.callee.value is zip else s.args[:1]  # type: ignore[union-attr]


def is_sequence(pusher: Pusher, operand: Any) -> bool:
    """Are its items where they are for as long as the program runs, or have they no tangents?"""
    if isinstance(operand, Splat):
        return False
    if state.is_changing(pusher, operand):  # its tangents are in slots
        return False
    if pusher.dot(operand) is None:
        return True
    if pusher.memory.is_written(operand):
        return False
    kind = operand_type(operand)  # type: ignore[arg-type]
    own = isinstance(kind, IteratorOf) and kind.cls in ITERATORS
    return own or isinstance(kind, Array | ListOf | TupleOf)


def iterator(pusher: Pusher, s: Call) -> Operand:
    """The tangent of a call of one of them: an iterator of tangents."""
    function, first = s.callee.value, s.args[0]  # type: ignore[union-attr]
    if function is reversed:
        dot, kind = items_of(pusher, first)  # type: ignore[arg-type]
        dot = dot if isinstance(operand_type(dot), Array) else pusher.emit(list, dot, type=UNKNOWN)
        return pusher.emit(reversed, dot, type=IteratorOf(reversed, kind))
    sources: list = s.args if function is zip else [NONE, first]
    found = [items_of(pusher, x) for x in sources]
    dots = [pusher.emit(itertools.repeat, NONE, type=UNKNOWN) if d is NONE else d for d, _ in found]
    return pusher.emit(zip, *dots, type=IteratorOf(zip, TupleOf(tuple(k for _, k in found))))


def items_of(pusher: Pusher, iterable: Operand) -> tuple[Operand, Type]:
    """What gives the tangents of the items of something, and their type."""
    dot = pusher.dot(iterable)
    if dot is None:
        return NONE, UNKNOWN
    kind = operand_type(dot)
    plain = isinstance(kind, ListOf) and kind.items is None
    if not plain and not isinstance(kind, Array | TupleOf | IteratorOf):
        return pusher.emit(item_tangents, dot, iterable, type=UNKNOWN), UNKNOWN
    if isinstance(kind, TupleOf) and any(isinstance(i, Literal) for i in kind.items):
        return dot, UNKNOWN
    return dot, element_of(kind)


def beside(pusher: Pusher, s: Loop) -> tuple[Operand, list[Value]] | None:
    """A loop's iterable, which gives tangents after the items, and the tangents that it gives: of
    each of the items, or None. None if that cannot be said in one `zip`."""
    assert s.iterable is not None
    if not s.unpack:
        dot, kind = items_of(pusher, s.iterable)
        if is_sequence(pusher, s.iterable) and not isinstance(kind, Unknown):
            pair = TupleOf((element_of(operand_type(s.iterable)), kind))
            both = pusher.emit(zip, s.iterable, dot, type=IteratorOf(zip, pair))
        else:
            both = pusher.emit(zip, s.iterable, dot, type=UNKNOWN)
            both = pusher.emit(
                iterated, both, type=UNKNOWN
            )  # which knows, in reverse, what it gave
        return both, [item_dot(s.items[0], kind)]
    made = pusher.definitions.get(s.iterable)  # type: ignore[arg-type]
    if made is None or not is_iterator(pusher, made) or made.callee.value is reversed:  # type: ignore[union-attr]
        return None
    columns: list = list(made.args)
    if made.callee.value is enumerate:  # type: ignore[union-attr]
        sequence, *start = columns
        if not isinstance(operand_type(sequence), Array | ListOf | TupleOf):
            return None
        start += [o for _, o in made.kwargs]
        columns = [numbers(pusher, sequence, start), sequence]
    if len(columns) != len(s.items):
        return None
    pusher.out[:] = [each for each in pusher.out if each is not made]  # nothing else asks for it
    found = [items_of(pusher, x) for x in columns]
    dots = [d for d, _ in found if d is not NONE]
    kinds = [v.type for v in s.items] + [k for d, k in found if d is not NONE]
    strict = made.kwargs if made.callee.value is zip else []  # type: ignore[union-attr]
    kind = IteratorOf(zip, TupleOf(tuple(kinds)))
    both = pusher.emit(zip, *columns, *dots, type=kind, kwargs=strict)
    given = [
        None if d is NONE else item_dot(v, k) for v, (d, k) in zip(s.items, found, strict=True)
    ]
    return both, given  # type: ignore[return-value]


def numbers(pusher: Pusher, sequence: Value, start: list[Operand]) -> Value:
    """What `enumerate` counts."""
    count = pusher.emit(len, sequence, type=Scalar(int))
    operands: list[Operand] = [count]
    if start:
        operands = [start[0], pusher.emit(operator.add, start[0], count, type=Scalar(int))]
    return pusher.emit(range, *operands, type=IteratorOf(range, Scalar(int)))


def item_dot(item: Value, kind: Type) -> Value:
    """A fresh value for the tangent of a loop's item."""
    return Value(f"{item.name}_dot" if item.name else "", kind, item.named, item.origin)
