"""Branches, loops and `try`: what they carry has its tangent carried beside it."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from adjoint.forward import iterators, mutation, state
from adjoint.forward.containers import more_than_once
from adjoint.forward.exceptions import reads, refuse_kept
from adjoint.ir.nodes import (
    Block,
    Const,
    Gather,
    Handler,
    If,
    Loop,
    Operand,
    Try,
    Value,
    operands_of,
    walk,
)
from adjoint.ir.types import (
    UNKNOWN,
    ListOf,
    Literal,
    Scalar,
    TupleOf,
    Type,
    Unknown,
    cotangent_type,
    element_of,
    is_number,
)
from adjoint.rules.signatures import operand_type
from adjoint.rules.slot_tangents import unpacked_tangents
from adjoint.rules.tangents import item_tangents
from adjoint.runtime import iterated, unpack_sequence

if TYPE_CHECKING:
    from adjoint.forward.straight import Pusher


def dot_of(pusher: Pusher, value: Value, kind: Type | None = None) -> Value:
    """A fresh value for the tangent of another; what is not in slots may be None."""
    own = UNKNOWN if state.is_changing(pusher, value) else cotangent_type(value.type)
    name = f"{value.name}_dot" if value.name else ""
    return Value(
        name, own if not isinstance(own, Unknown) else kind or UNKNOWN, value.named, value.origin
    )


# -- branches --------------------------------------------------------------------------------------


def branch(pusher: Pusher, s: If) -> None:
    blocks = [Block(pusher.block(b), list(b.results)) for b in (s.then, s.orelse)]
    targets = list(s.targets)
    merge(pusher, s.targets, blocks, targets)
    pusher.out.append(If(s.condition, blocks[0], blocks[1], targets, s.origin))


def attempt(pusher: Pusher, s: Try) -> None:
    body = Block(pusher.block(s.body), list(s.body.results))
    pusher.caught.update(h.name for h in s.handlers if h.name in pusher.active)
    handlers = [
        Handler(
            h.exceptions, h.name, Block(pusher.block(h.block), list(h.block.results)), h.records
        )
        for h in s.handlers
    ]
    targets = list(s.targets)
    merge(pusher, s.targets, [body, *(h.block for h in handlers)], targets)
    pusher.out.append(Try(body, handlers, targets, s.path, s.origin))


def merge(
    pusher: Pusher, targets: list[Value], blocks: list[Block], all_targets: list[Value]
) -> None:
    """Each block yields the tangents of what it yields."""
    for i, target in enumerate(targets):
        results = [b.results[i] for b in blocks]
        if any(r in pusher.caught for r in results):
            pusher.caught.add(target)
        if target not in pusher.active or all(pusher.dot(r) is None for r in results):
            continue
        dots = [result_dot(pusher, block, target, i) for block in blocks]
        kinds = {operand_type(d) for d in dots}
        merged = dot_of(pusher, target, kinds.pop() if len(kinds) == 1 else None)
        for block, dot in zip(blocks, dots, strict=True):
            block.results.append(dot)
        all_targets.append(merged)
        pusher.dots[target] = merged
        if all(d in pusher.owned for d in dots):
            pusher.owned.add(merged)


def result_dot(pusher: Pusher, block: Block, target: Value, i: int) -> Operand:
    """The tangent of a block's result, in the form of what it becomes; written into the block."""
    result = block.results[i]
    outer, pusher.out = pusher.out, block.statements
    dot = pusher.dot_or_zero(result)
    if is_number(target.type) and isinstance(result, Value):
        dot = pusher.formed(result, dot) if is_number(result.type) else dot
        if dot is None or not is_number(operand_type(dot)):
            dot = pusher.formed(target_like(result, target), dot) or pusher.zero(result)
    pusher.out = outer
    return dot


def target_like(result: Value, target: Value) -> Value:
    """The result, known to be of the type of what it becomes."""
    result.type = target.type
    return result


# -- loops -----------------------------------------------------------------------------------------


def loop(pusher: Pusher, s: Loop) -> None:
    refuse_kept(pusher, s, [o for o in operands_of(s) if o not in s.inits])
    hand_on(pusher, s)
    carried = [i for i, c in enumerate(s.carried) if c in pusher.active]
    inits = [pusher.dot_or_zero(s.inits[i]) for i in carried]
    for i, init in zip(carried, inits, strict=True):
        kind = operand_type(init)
        pusher.dots[s.carried[i]] = dot_of(
            pusher, s.carried[i], None if isinstance(kind, Literal) else UNKNOWN
        )
    inits = [mutation.own_carried(pusher, s, i, d) for i, d in zip(carried, inits, strict=True)]
    iterable, items, unpack = s.iterable, list(s.items), s.unpack
    before: list = []
    if s.iterable is not None and state.is_changing(pusher, s.iterable):
        iterable, items, unpack, before = side_by_side(pusher, s, state.pairs(pusher, s))
    elif s.iterable is not None and pusher.dot(s.iterable) is not None:
        iterable, items, unpack, before = side_by_side(pusher, s)
    body = Block(pusher.block(s.body), list(s.body.results))
    refuse_kept(pusher, s, [o for g in s.gathers for o in g.elements])
    hand_on(pusher, s)
    body.statements[:0] = before
    outer, pusher.out = pusher.out, body.statements
    body.results += [
        mutation.own_result(pusher, s, i, pusher.dot_or_zero(s.body.results[i])) for i in carried
    ]
    gathers = [*s.gathers, *gathered(pusher, s)]
    pusher.out = outer
    targets = [dot_of(pusher, s.targets[i]) for i in carried]
    own: list[Any] = [pusher.dots[s.carried[i]] for i in carried]
    for i, target in zip(carried, targets, strict=True):
        pusher.dots[s.targets[i]] = target
        if pusher.dots[s.carried[i]] in pusher.owned:
            pusher.owned.add(target)
    pusher.out.append(
        Loop(body, [*s.carried, *own], [*s.inits, *inits], [*s.targets, *targets], iterable, items,
             unpack, s.test, s.stop, gathers, s.origin)
    )  # fmt: skip
    for gather in s.gathers:
        pusher.keep(gather.target, state.settled(pusher, gather.target, pusher.dot(gather.target)))


def hand_on(pusher: Pusher, s: Loop) -> None:
    """An exception that waits to be raised after the loop; one that the body reads is refused."""
    for init, carried, result, target in zip(
        s.inits, s.carried, s.body.results, s.targets, strict=True
    ):
        if pusher.caught.isdisjoint((init, result)):
            continue
        if carried not in pusher.caught and any(reads(inner, carried) for inner in walk(s.body)):
            refuse_kept(pusher, s, [init, result])
        pusher.caught |= {carried, target}


def side_by_side(
    pusher: Pusher, s: Loop, both: Operand | None = None
) -> tuple[Operand, list[Value], bool, list]:
    """The items of an iterable beside their tangents; and what unpacks them in the body."""
    assert s.iterable is not None
    kind: Type = UNKNOWN
    if both is None:
        found = iterators.beside(pusher, s)
        if found is not None:
            both, dots = found
            pairs = [(v, d) for v, d in zip(s.items, dots, strict=True) if d is not None]
            before = into_block(pusher, [v for v, _ in pairs], [d for _, d in pairs])
            return both, [*s.items, *(d for _, d in pairs)], True, before
        dot, kind = iterators.items_of(pusher, s.iterable)
        both = pusher.emit(zip, s.iterable, dot, type=UNKNOWN)
        both = pusher.emit(iterated, both, type=UNKNOWN)  # which knows, in reverse, what it gave
    items_dot = Value("", kind, False, s.origin)
    if not s.unpack:
        items_dot = iterators.item_dot(s.items[0], kind)
        before = into_block(pusher, s.items, [items_dot])
        return both, [*s.items, items_dot], True, before
    element = Value("", element_of(operand_type(s.iterable)), False, s.origin)
    outer, pusher.out = pusher.out, []
    count = Const(len(s.items))
    whole, dots_of = element, items_dot
    if not state.is_changing(pusher, s.iterable):
        whole, dots_of = more_than_once(pusher, element, items_dot)
    parts = pusher.emit(unpack_sequence, whole, count, type=TupleOf(tuple(v.type for v in s.items)))
    for i, v in enumerate(s.items):
        pusher.out.append(unpacked(parts, i, v))
    if state.is_changing(pusher, s.iterable):  # the element may be a list, with slots of its own
        items_of = state.emit(pusher, unpacked_tangents, element, items_dot)
    elif not isinstance(items_dot.type, TupleOf):
        items_of = pusher.emit(item_tangents, dots_of, whole, type=UNKNOWN)
    else:
        items_of = dots_of
    kinds: tuple[Type, ...] = (UNKNOWN,) * len(s.items)
    if isinstance(items_dot.type, TupleOf) and len(items_dot.type.items) == len(kinds):
        kinds = items_dot.type.items  # else Python says that there are too few, or too many
    dots = pusher.emit(unpack_sequence, items_of, count, type=TupleOf(kinds))
    own = [pusher.emit(operator.getitem, dots, Const(i), type=k) for i, k in enumerate(kinds)]
    before, pusher.out = pusher.out, outer
    before += into_block(pusher, s.items, own)
    return both, [element, items_dot], True, before


def unpacked(parts: Value, i: int, target: Value):
    from adjoint.ir.nodes import Call

    return Call(target, Const(operator.getitem), [parts, Const(i)], [], target.origin)


def into_block(pusher: Pusher, items: list[Value], dots: list[Value]) -> list:
    """Note the tangents of a loop's items; what forms them is for the beginning of the body."""
    outer, pusher.out = pusher.out, []
    for item, dot in zip(items, dots, strict=True):
        if item in pusher.active and operand_type(dot) != operand_type(Const(None)):
            pusher.keep(item, pusher.formed(item, dot))
    out, pusher.out = pusher.out, outer
    return out


def gathered(pusher: Pusher, s: Loop) -> list[Gather]:
    """The lists of tangents beside the lists that a loop builds."""
    found = []
    for gather in s.gathers:
        if gather.target not in pusher.active:
            continue
        dots = [pusher.dot_or_none(e) for e in gather.elements]
        if all(isinstance(d, Const) and d.value is None for d in dots):
            continue
        if not gather.pack:
            dots = [pusher.dot_or_zero(gather.elements[0])]
        kinds = tuple(map(operand_type, dots))
        own = dot_of(pusher, gather.target)
        own.type = ListOf(None, TupleOf(kinds) if gather.pack else as_element(kinds[0]))
        pusher.dots[gather.target] = own
        found.append(Gather(own, dots, gather.pack))
    return found


def as_element(kind: Type) -> Type:
    return Scalar(float) if isinstance(kind, Literal) and isinstance(kind.value, float) else kind
