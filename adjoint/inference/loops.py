"""Loops while inferring: unrolled over what is enumerable and not uniform, else to a fixed point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adjoint.inference import calls, changing, iterators, objects, stepping
from adjoint.inference.items import item, iterable_parts
from adjoint.inference.questions import element_type, is_unbound
from adjoint.inference.sites import Site
from adjoint.ir.nodes import Const, Gather, Loop, Operand, Origin, Value
from adjoint.ir.types import (
    UNKNOWN,
    Instance,
    ListOf,
    TupleOf,
    Type,
    Unknown,
    element_of,
    is_number,
    join,
    unliteral,
)
from adjoint.rules.signatures import operand_type
from adjoint.runtime import iterated, make_list, make_tuple, unpack_sequence

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

LONGEST_UNROLLED = 64


def loop(spec: Specialiser, statement: Loop, env: dict[Value, Operand]) -> None:
    iterable = None if statement.iterable is None else env_read(statement.iterable, env)
    if iterable is not None:
        iterable = own_iterator(spec, iterable, Site(statement.origin))
        if stepping.is_stepping(iterable):
            for each in stepping.asking(statement, iterable, env):
                spec.statement(each, env)
            return
    if iterable is not None and statement.stop is None and spec.options.typed:
        items = iterable_parts(spec, iterable)
        if items is not None and len(items) <= LONGEST_UNROLLED and not uniform(items):
            start = len(spec.out)
            unroll(spec, statement, items, env)
            spec.unrolled.setdefault(iterable, []).append(spec.out[start:])  # type: ignore[arg-type]
            return
    inits = [env_read(i, env) for i in statement.inits]
    kinds = [unliteral(operand_type(i)) for i in inits]
    for attempt in range(8):
        emitted = spec.emitted
        new = trial(spec, statement, iterable, inits, kinds, env)
        found = [
            unliteral(join(kind, operand_type(r)))
            for kind, r in zip(kinds, new.body.results, strict=True)
        ]
        if found == kinds:
            break
        spec.emitted = emitted
        kinds = [k if k == f or attempt < 4 else UNKNOWN for k, f in zip(found, kinds, strict=True)]
    finish(spec, statement, new, env)


def own_iterator(spec: Specialiser, iterable: Operand, site: Site) -> Operand:
    """What `__iter__` gives, where the class of the iterable defines it in Python."""
    items = objects.own_iterator(spec, iterable, site)
    if items is not iterable or stepping.is_stepping(items):
        return items
    kind = operand_type(iterable)
    if isinstance(kind, Unknown) and iterable_parts(spec, iterable) is None:
        return spec.emit(Const(iterated), [iterable], [], site, UNKNOWN)
    if not isinstance(kind, Instance) or hasattr(kind.cls, "takes_list"):
        return iterable
    return calls.converted(spec, iter, iterable, 0, site)


def env_read(operand: Operand, env: dict[Value, Operand]) -> Operand:
    return env[operand] if isinstance(operand, Value) else operand


def uniform(items: list[Operand]) -> bool:
    """Are all items numbers of one type, so that nothing is gained by unrolling?"""
    kinds = [unliteral(operand_type(i)) for i in items]
    return all(k == kinds[0] and simple(k) for k in kinds)


def simple(kind: Type) -> bool:
    if isinstance(kind, TupleOf):
        return all(map(simple, kind.items))
    return is_number(kind)


def unroll(
    spec: Specialiser, statement: Loop, items: list[Operand], env: dict[Value, Operand]
) -> None:
    carried: list[Operand] = [env_read(i, env) for i in statement.inits]
    gathered: list[list[Operand]] = [[] for _ in statement.gathers]
    for element in items:
        bind_items(spec, statement, element, env)
        env.update(zip(statement.carried, carried, strict=True))
        carried = spec.splice(statement.body, env)
        for gather, into in zip(statement.gathers, gathered, strict=True):
            elements = [env_read(e, env) for e in gather.elements]
            if gather.pack:
                kind = TupleOf(tuple(map(operand_type, elements)))
                elements = [
                    spec.emit(Const(make_tuple), list(elements), [], Site(statement.origin), kind)
                ]
            into.append(elements[0])
    env.update(zip(statement.targets, carried, strict=True))
    for gather, into in zip(statement.gathers, gathered, strict=True):
        kind = changing.opened(spec, ListOf(tuple(map(operand_type, into))), statement.origin)
        site = Site(statement.origin, gather.target.name, gather.target.named)
        env[gather.target] = spec.emit(Const(make_list), list(into), [], site, kind)


def bind_items(
    spec: Specialiser, statement: Loop, item: Operand, env: dict[Value, Operand]
) -> None:
    if not statement.unpack:
        env[statement.items[0]] = item
        return
    parts = unpacked(spec, item, len(statement.items), statement.origin)
    env.update(zip(statement.items, parts, strict=True))


def trial(
    spec: Specialiser,
    statement: Loop,
    iterable: Operand | None,
    inits: list[Operand],
    kinds: list[Type],
    env: dict[Value, Operand],
) -> Loop:
    """The loop specialised for carried values of these types."""
    carried = []
    for old, kind, init in zip(statement.carried, kinds, inits, strict=True):
        value = Value(old.name, kind, old.named, old.origin)
        if is_unbound(spec, init):
            spec.unbound.add(value)
        env[old] = value
        spec.carried[value] = init
        carried.append(value)
    element = UNKNOWN if iterable is None else element_type(operand_type(iterable))
    items = []
    for i, old in enumerate(statement.items):
        kind = element
        if statement.unpack:
            known = isinstance(element, TupleOf) and len(element.items) == len(statement.items)
            kind = element.items[i] if known else element_of(element)  # type: ignore[attr-defined]
        value = Value(old.name, unliteral(kind), old.named, old.origin)
        env[old] = value
        items.append(value)
    test = None if statement.test is None else spec.block(statement.test, env)
    body = spec.block(statement.body, env)
    stop = None if statement.stop is None else env_read(statement.stop, env)
    gathers = []
    for gather in statement.gathers:
        elements = [env_read(e, env) for e in gather.elements]
        iterators.keep(spec, *elements)
        element_kinds = [unliteral(operand_type(e)) for e in elements]
        kind = TupleOf(tuple(element_kinds)) if gather.pack else element_kinds[0]
        gathered = changing.opened(spec, ListOf(None, kind), statement.origin)
        target = Value(gather.target.name, gathered, gather.target.named, gather.target.origin)
        gathers.append(Gather(target, elements, gather.pack))
    return Loop(
        body,
        carried,
        list(inits),
        [],
        iterable,
        items,
        statement.unpack,
        test,
        stop,
        gathers,
        statement.origin,
    )


def finish(spec: Specialiser, old: Loop, new: Loop, env: dict[Value, Operand]) -> None:
    """Name the loop's results; a carried value that the loop never changes is not carried."""
    for target, carried, init, result in zip(
        old.targets, new.carried, new.inits, new.body.results, strict=True
    ):
        value = Value(target.name, carried.type, target.named, target.origin)
        if is_unbound(spec, init) or is_unbound(spec, result):
            spec.unbound.add(value)
        new.targets.append(value)
        env[target] = value
    for gather, original in zip(new.gathers, old.gathers, strict=True):
        env[original.target] = gather.target
    spec.write(new, *new.targets, *[g.target for g in new.gathers])
    if isinstance(new.stop, Const) and not new.stop.value:
        new.stop = None


def unpacked(
    spec: Specialiser, operand: Operand, count: int, origin: Origin | None
) -> list[Operand]:
    """The operands of `a, b = operand`."""
    parts = iterable_parts(spec, operand)
    if parts is not None and len(parts) == count:
        return parts
    site = Site(origin)
    whole = calls.call(spec, Const(unpack_sequence), [operand, Const(count)], [], site)
    return [item(spec, whole, i, site) for i in range(count)]
