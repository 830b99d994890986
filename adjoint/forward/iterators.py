"""`zip`, `enumerate` and `reversed`, and loops over them, beside the tangents of what they go over.

for x, y in zip(xs, ys): …     for x, y, x_dot, y_dot in zip(xs, ys, xs_dot, ys_dot): …
"""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING, Any

from adjoint.forward import state
from adjoint.ir.nodes import Call, Const, Loop, Operand, Value
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
from adjoint.rules import traversal
from adjoint.rules.signatures import operand_type
from adjoint.rules.tangents import item_tangents
from adjoint.runtime import iterated

if TYPE_CHECKING:
    from adjoint.forward.straight import Pusher

NONE = Const(None)


def is_iterator(pusher: Pusher, s: object) -> bool:
    """Is it known of this call what its items are those of?"""
    return traversal.is_over(s, lambda a: is_steady(pusher, a))


def is_steady(pusher: Pusher, operand: Operand) -> bool:
    """Are its items where they are for as long as the program runs, or have they no tangents?"""
    if state.is_changing(pusher, operand):  # its tangents are in slots
        return False
    kind = operand_type(operand)
    if pusher.dot(operand) is None:  # there are as many tangents as items
        return not isinstance(kind, Unknown) and not traversal.is_iterator(kind)
    return not pusher.memory.is_written(operand) and traversal.has_items(kind)


def iterator(pusher: Pusher, s: Call) -> Operand:
    """The tangent of a call of one of them: an iterator of tangents."""
    function, first = traversal.maker(s), s.args[0]
    if function is reversed:
        dot, kind = items_of(pusher, first)  # type: ignore[arg-type]
        dot = dot if isinstance(operand_type(dot), Array) else pusher.emit(list, dot, type=UNKNOWN)
        return pusher.emit(reversed, dot, type=IteratorOf(reversed, kind))
    sources: list = s.args if function is zip else [NONE, first]
    found = [items_of(pusher, x) for x in sources]
    dots = [
        without_tangents(pusher, x) if d is NONE else d
        for x, (d, _) in zip(sources, found, strict=True)
    ]
    return pusher.emit(zip, *dots, type=IteratorOf(zip, TupleOf(tuple(k for _, k in found))))


def without_tangents(pusher: Pusher, iterable: Operand) -> Operand:
    """As many times None as something has items; of the numbers that `enumerate` counts, any number."""
    if iterable is NONE:
        return pusher.emit(itertools.repeat, NONE, type=UNKNOWN)
    return pusher.emit(item_tangents, NONE, iterable, type=UNKNOWN)


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
        if is_steady(pusher, s.iterable) and not isinstance(kind, Unknown):
            pair = TupleOf((element_of(operand_type(s.iterable)), kind))
            both = pusher.emit(zip, s.iterable, dot, type=IteratorOf(zip, pair))
        else:
            both = pusher.emit(zip, s.iterable, dot, type=UNKNOWN)
            both = pusher.emit(
                iterated, both, type=UNKNOWN
            )  # which knows, in reverse, what it gave
        return both, [item_dot(s.items[0], kind)]
    made = pusher.definitions.get(s.iterable)  # type: ignore[arg-type]
    if made is None or not is_iterator(pusher, made):
        return None
    columns: Any = traversal.columns(made, len(s.items))
    if columns is None:
        return None
    if traversal.maker(made) is enumerate:
        sequence, *start = made.args
        assert isinstance(sequence, Value)
        if not isinstance(operand_type(sequence), Array | ListOf | TupleOf):  # it has no length
            return None
        columns[0] = numbers(pusher, sequence, [*start, *(o for _, o in made.kwargs)])  # type: ignore[list-item]
    pusher.out[:] = [each for each in pusher.out if each is not made]  # nothing else asks for it
    found = [items_of(pusher, x) for x in columns]
    dots = [d for d, _ in found if d is not NONE]
    kinds = [v.type for v in s.items] + [k for d, k in found if d is not NONE]
    strict = made.kwargs if traversal.maker(made) is zip else []
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
