"""What a program does with arrays that it writes to, in a form whose derivative is that of its parts.

A loop takes each item by its position, when its turn comes:

    for w in a:              for i in range(len(a)):
        a[…] = …      ->         w = a[i]
                                 a[…] = …

So does one over `zip` or `enumerate` of a list of arrays that it writes to. One that takes lists apart
which change does so in its body, where it is seen what is taken of which:

    for a, b in rows:        for row in rows:
                      ->         a, b = row

A view that shows an item more than once is one of a copy, if nothing is written afterwards.
"""

from __future__ import annotations

import operator
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
    used_values,
    walk,
)
from adjoint.ir.types import Array, DequeOf, DictOf, IteratorOf, ListOf, Scalar, TupleOf, element_of
from adjoint.rules.aliasing import Memory
from adjoint.rules.memory import changed_operand, written_operand
from adjoint.runtime import call_method, unpack_sequence

#: Views that may show an item more than once.
REPEATING = (
    np.broadcast_to, np.broadcast_arrays, np.meshgrid,
    np.lib.stride_tricks.sliding_window_view, np.lib.stride_tricks.as_strided,
)  # fmt: skip


def in_parts(function: Function) -> Function:
    """Rewrite in place; returns the function."""
    statements = list(walk(function.body))
    writes = [s for s in statements if isinstance(s, Call) and written_operand(s) is not None]
    loops = [s for s in statements if isinstance(s, Loop) and s.iterable is not None]
    if writes:
        _drop_unrolled(function.body)
    apart = any(loop.unpack for loop in loops) and any(map(changed_operand, statements))
    if writes and (loops or any(map(_repeats, statements))) or apart:
        _block(function.body, Memory(function.body, function.inputs))
    return function


def _drop_unrolled(body: Block) -> None:
    """Leave out the iterators of loops that were unrolled: nothing takes items of them any more."""
    used = used_values(body)
    for block in [body, *(inner for s in walk(body) for inner in blocks_of(s))]:
        block.statements = [s for s in block.statements if not _is_idle(s, used)]


def _is_idle(s: Statement, used: set[Value]) -> bool:
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or s.kwargs or s.target in used:
        return False
    if s.callee.value is call_method and len(s.args) == 2 and isinstance(s.args[1], Const):
        owner, name = s.args[0], s.args[1].value
        known = isinstance(owner, Value) and isinstance(owner.type, DictOf)
        return known and name in ("items", "keys", "values")
    return s.callee.value in (zip, enumerate, reversed) and all(
        isinstance(o, Value) and isinstance(o.type, ListOf | TupleOf) for o in s.args
    )


def _block(block: Block, memory: Memory) -> None:
    kept: list[Statement] = []
    for s in block.statements:
        for inner in blocks_of(s):
            _block(inner, memory)
        if isinstance(s, Loop) and isinstance(s.iterable, Value):
            before = _loop(s, s.iterable, memory)
            kept = [k for k in kept if k not in before] + before
        elif _repeats(s):
            kept += _of_copies(s, memory)  # type: ignore[arg-type]
        kept.append(s)
    block.statements = kept


def _repeats(s: Statement) -> bool:
    return (
        isinstance(s, Call)
        and isinstance(s.callee, Const)
        and any(s.callee.value is f for f in REPEATING)
    )


def _of_copies(s: Call, memory: Memory) -> list[Statement]:
    """The copies that a view is made of."""
    made: list[Statement] = []
    for i, operand in enumerate(s.args):
        if not isinstance(operand, Value) or not isinstance(operand.type, Array):
            continue
        if memory.is_written(operand) and not memory.is_written_after(operand, s):
            copy = Value(operand.name, operand.type)
            made.append(_call(copy, np.ndarray.copy, operand, at=s))
            s.args[i] = copy
    return made


def _loop(loop: Loop, iterable: Value, memory: Memory) -> list[Statement]:
    """What goes before the loop, which is changed."""
    before: list[Statement] = []
    if _is_written(iterable, memory):
        index = _index(before, iterable, loop)
        item = loop.items[0] if not loop.unpack else Value("", element_of(iterable.type))
        taken = [_call(item, operator.getitem, iterable, index, at=loop)]
        if loop.unpack:
            taken += _unpacked(item, loop)
        loop.iterable, loop.items, loop.unpack = before[-1].target, [index], False  # type: ignore[union-attr]
        loop.body.statements[:0] = taken
        return before
    if loop.unpack and memory.is_changed(iterable):
        item = Value("", element_of(iterable.type))
        if not isinstance(item.type, TupleOf):  # a list, say, which has slots of its own
            loop.body.statements[:0] = _unpacked(item, loop)
            loop.items, loop.unpack = [item], False
            return before
    made = memory.made.get(iterable)
    maker = made.callee.value if isinstance(made, Call) and isinstance(made.callee, Const) else None
    if (
        maker not in (zip, enumerate)
        or not loop.unpack
        or not isinstance(iterable.type, IteratorOf)
    ):
        return []
    assert isinstance(made, Call)
    for i, operand in enumerate(made.args[: 1 if maker is enumerate else None]):
        if not isinstance(operand, Value):
            continue
        if not _is_written(operand, memory) and not _holds_written(operand, memory):
            continue
        place = 1 if maker is enumerate else i
        index, item = _index(before, operand, loop), loop.items[place]
        loop.body.statements.insert(0, _call(item, operator.getitem, operand, index, at=loop))
        loop.items[place], made.args[i] = index, before[-1].target  # type: ignore[union-attr]
    if before:  # of the lengths, which are there before the iterator is made
        before.append(made)
    return before


def _is_written(value: Value, memory: Memory) -> bool:
    return isinstance(value.type, Array) and value.type.ndim > 0 and memory.is_written(value)


def _holds_written(value: Value, memory: Memory) -> bool:
    """Is this a list that stays as it is, of arrays that are written to?"""
    kind = value.type
    plain = isinstance(kind, ListOf) and not isinstance(kind, DequeOf)
    return plain and memory.is_written(value) and not memory.is_changed(value)


def _index(before: list[Statement], array: Value, loop: Loop) -> Value:
    """Write `range(len(array))`; gives what takes its items."""
    count, positions = Value("", Scalar(int)), Value("", IteratorOf(range, Scalar(int)))
    before.append(_call(count, len, array, at=loop))
    before.append(_call(positions, range, count, at=loop))
    return Value("i", Scalar(int))


def _unpacked(item: Value, loop: Loop) -> list[Statement]:
    """`a, b = item`"""
    whole = Value("", TupleOf(tuple(i.type for i in loop.items)))
    parts = [
        _call(part, operator.getitem, whole, Const(i), at=loop) for i, part in enumerate(loop.items)
    ]
    return [_call(whole, unpack_sequence, item, Const(len(loop.items)), at=loop), *parts]


def _call(target: Value, function: Any, *args: Operand, at: Statement) -> Call:
    return Call(target, Const(function, function.__name__), list(args), [], at.origin)
