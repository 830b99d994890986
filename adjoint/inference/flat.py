"""Loops over pairs of pairs become loops over all that is in them.

    for i, (a, b) in enumerate(zip(x, w)): …     ->     for i, a, b in zip(count(), x, w): …

What each item is one of is then known, so that its cotangent or tangent is one of a plain list.
"""

from __future__ import annotations

import itertools
import operator
from collections import Counter

from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    Loop,
    Operand,
    Splat,
    Statement,
    Value,
    blocks_of,
    operands_of,
    substitute,
    walk,
    yields_of,
)
from adjoint.ir.types import IteratorOf, Scalar, TupleOf, unliteral
from adjoint.rules.signatures import operand_type
from adjoint.rules.traversal import has_items

PAIRING = (zip, enumerate)


def flatten(function: Function) -> None:
    """Rewrite the loops of a typed program, in place."""
    body = function.body
    for s in list(walk(body)):
        if isinstance(s, Loop) and s.unpack and is_pairing(s.iterable):
            while flatten_one(body, s):
                pass


def flatten_one(body: Block, loop: Loop) -> bool:
    """Take one pair of a loop apart; False if it has none."""
    uses = Counter(o for s in walk(body) for o in (*operands_of(s), *yields_of(s)))
    uses += Counter(body.results)
    block = next(b for b in [body, *inner_blocks(body)] if loop in b.statements)
    made = pairing(loop.iterable, block, uses)
    if made is None or made.callee.value is zip and made.kwargs:  # pyright: ignore
        return False
    columns = list(made.args) if is_call(made, zip) else [None, *made.args[:1]]
    if len(columns) != len(loop.items) or not all(map(is_whole_number, start_of(made))):
        return False
    for k, (column, item) in enumerate(zip(columns, loop.items, strict=True)):
        inner = pairing(column, block, uses)
        if inner is None or not is_call(inner, zip) or inner.kwargs or not inner.args:
            continue
        if not all(map(is_sequence, inner.args)) or not follows(block, inner, made):
            continue
        parts = taken_apart(loop, item, len(inner.args), uses[item])
        if parts is None:
            continue
        if columns[0] is None:
            columns[0] = counted(block, made)
        columns[k : k + 1] = inner.args
        loop.items[k : k + 1] = parts
        block.statements.remove(inner)
        made.callee, made.kwargs = Const(zip), []
        made.args = columns
        made.target.type = IteratorOf(zip, TupleOf(tuple(v.type for v in loop.items)))
        return True
    return False


def inner_blocks(block: Block) -> list[Block]:
    return [inner for s in walk(block) for inner in blocks_of(s)]


def start_of(made: Call) -> list[Operand]:
    """What `enumerate` begins to count at, if it is given."""
    return [] if is_call(made, zip) else [*made.args[1:], *(o for _, o in made.kwargs)]  # pyright: ignore


def is_whole_number(operand: Operand) -> bool:
    """Of others `enumerate` makes one, which `itertools.count` does not."""
    return unliteral(operand_type(operand)) == Scalar(int)


def is_call(s: Statement, function: object) -> bool:
    return isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is function


def is_pairing(operand: object) -> bool:
    kind = operand_type(operand) if isinstance(operand, Value) else None
    return isinstance(kind, IteratorOf) and kind.cls in PAIRING


def pairing(operand: object, block: Block, uses: Counter) -> Call | None:
    """The call that made an iterator that nobody else asks."""
    if not is_pairing(operand) or uses[operand] != 1:
        return None
    for s in block.statements:
        if isinstance(s, Call) and s.target is operand and any(is_call(s, f) for f in PAIRING):
            return None if any(isinstance(a, Splat) for a in s.args) else s
    return None


def is_sequence(operand: object) -> bool:
    """Does it give its items without being changed by that? Of an iterator others may take some."""
    kind = operand_type(operand)  # pyright: ignore[reportArgumentType]
    return has_items(kind) or isinstance(kind, IteratorOf) and kind.cls is range


def follows(block: Block, inner: Call, made: Call) -> bool:
    """Is nothing done between the two calls but making iterators?"""
    start, end = (block.statements.index(s) for s in (inner, made))
    between = block.statements[start + 1 : end]
    return all(any(is_call(s, f) for f in (*PAIRING, itertools.count)) for s in between)


def taken_apart(loop: Loop, item: Value, count: int, uses: int) -> list[Value] | None:
    """The items of a loop's item, if the body asks for nothing else of it; reads of them are gone."""
    reads = [s for s in walk(loop.body) if is_read(s, item, count)]
    if len(reads) != uses:
        return None
    kind = operand_type(item)
    if not isinstance(kind, TupleOf) or len(kind.items) != count:
        return None
    parts: list[Value] = [Value("_", t, True, item.origin) for t in kind.items]
    replaced: dict[Operand, Operand] = {}
    for read in reads:
        assert isinstance(read, Call) and isinstance(read.args[1], Const)
        index, target = read.args[1].value, read.target
        if parts[index].name == "_":
            parts[index] = Value(target.name, parts[index].type, target.named, target.origin)
        replaced[target] = parts[index]
    for block in [loop.body, *inner_blocks(loop.body)]:
        block.statements = [s for s in block.statements if s not in reads]
    substitute(loop.body, lambda o: replaced.get(o, o))
    for gather in loop.gathers:
        gather.elements = [replaced.get(e, e) for e in gather.elements]
    if loop.stop is not None:
        loop.stop = replaced.get(loop.stop, loop.stop)
    return parts


def is_read(s: Statement, item: Value, count: int) -> bool:
    """Does it read one of the items, known which?"""
    if not is_call(s, operator.getitem) or s.args[0] is not item:  # pyright: ignore
        return False
    index = s.args[1]  # pyright: ignore
    return isinstance(index, Const) and type(index.value) is int and index.value in range(count)


def counted(block: Block, made: Call) -> Value:
    """What `enumerate` counts, before the call."""
    numbers = Value("", IteratorOf(itertools.count, Scalar(int)), False, made.origin)
    call = Call(numbers, Const(itertools.count), list(start_of(made)), [], made.origin)
    block.statements.insert(block.statements.index(made), call)
    return numbers
