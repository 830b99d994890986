"""Containers, objects and closures: their tangents are built and taken apart as they are."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adjoint import tree
from adjoint.forward.exceptions import refuse_kept
from adjoint.ir.closures import captured_early, makers
from adjoint.ir.nodes import Call, Closure, Const, Operand, Splat, Value, operands_of
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    DictOf,
    Instance,
    IteratorOf,
    ListOf,
    Literal,
    TupleOf,
    Type,
    Unknown,
    element_of,
)
from adjoint.parts import refuse_assignment
from adjoint.rules.activity import is_active
from adjoint.rules.iterators import repeated
from adjoint.rules.signatures import operand_type
from adjoint.rules.tangents import item_tangents, link_tangents, with_field
from adjoint.runtime import (
    check_bound,
    load_capture,
    make_dict,
    make_list,
    make_tuple,
    set_attribute,
    unpack_sequence,
)

if TYPE_CHECKING:
    from adjoint.forward.straight import Pusher


def structural(pusher: Pusher, s: Call) -> Any:
    """The tangent of the result of building or taking apart; NotImplemented for another call."""
    function = s.callee.value if isinstance(s.callee, Const) else None
    if any(isinstance(a, Splat) for a in s.args):
        return NotImplemented
    args: list[Operand] = s.args  # type: ignore[assignment]
    made = built(pusher, s, function, args)
    if made is NotImplemented:
        made = taken(pusher, s, function, args)
    return made


def built(pusher: Pusher, s: Call, function: Any, args: list[Operand]) -> Any:
    if function in (make_tuple, make_list) or (
        isinstance(function, type) and isinstance(s.target.type, TupleOf) and not s.kwargs
    ):
        pusher.out.append(s)
        dots = [pusher.dot_or_none(a) for a in args]
        kinds, kind = tuple(map(operand_type, dots)), s.target.type
        cls = kind.cls if isinstance(kind, TupleOf) else tuple
        kind = ListOf(kinds) if function is make_list else TupleOf(kinds, cls)
        return pusher.emit(function, *dots, type=kind)
    if function is make_dict and all(isinstance(k, Const) for k in args[::2]):
        pusher.out.append(s)
        dots = [pusher.dot_or_none(a) for a in args[1::2]]
        keys = [k.value for k in args[::2]]  # type: ignore[union-attr]
        kind = DictOf(tuple(zip(keys, map(operand_type, dots), strict=True)))
        flat = [o for pair in zip(args[::2], dots, strict=True) for o in pair]
        return pusher.emit(make_dict, *flat, type=kind)
    if function is set_attribute and isinstance(s.target.type, Instance):
        pusher.out.append(s)
        owner, name, value = args
        before, dot = pusher.dot_or_none(owner), pusher.dot_or_none(value)
        if is_active(value, pusher.active):
            refuse_assignment(s.target.type.cls, name.value, s.origin)  # type: ignore[union-attr]
        kind = with_part(operand_type(before), name.value, operand_type(dot))  # type: ignore[union-attr]
        return pusher.emit(with_field, before, name, dot, type=kind)
    return NotImplemented


def with_part(kind: Type, name: str, part: Type) -> Type:
    """The type of a tangent with one more attribute."""
    if isinstance(kind, Instance):
        fields = tuple(f for f in kind.fields if f[0] != name)
        return Instance(tree.Tangent, (*fields, (name, part)))
    if isinstance(kind, Literal):
        return Instance(tree.Tangent, ((name, part),))
    return UNKNOWN


def more_than_once(pusher: Pusher, iterable: Operand, dot: Operand) -> tuple[Operand, Operand]:
    """An iterable and its tangent; if it may be an iterator, what gives the same once more."""
    if not isinstance(operand_type(iterable), Unknown | IteratorOf):
        return iterable, dot
    both = pusher.emit(repeated, dot, iterable, type=TupleOf((UNKNOWN, UNKNOWN)))
    items, dots = (pusher.emit(operator.getitem, both, Const(i), type=UNKNOWN) for i in (0, 1))
    return items, dots


def taken(pusher: Pusher, s: Call, function: Any, args: list[Operand]) -> Any:
    if function is check_bound:
        pusher.out.append(s)
        return pusher.dot(args[0])
    if function is unpack_sequence:
        dot = pusher.dot(args[0])
        if dot is None:
            pusher.out.append(s)
            return None
        iterable, dot = more_than_once(pusher, args[0], dot)
        pusher.out.append(replace(s, args=[iterable, *args[1:]]))
        kind = operand_type(dot)
        if not isinstance(kind, TupleOf | Array):
            dot = pusher.emit(item_tangents, dot, iterable, type=UNKNOWN)
        return pusher.emit(unpack_sequence, dot, *args[1:], type=unpacked(kind, args))
    if len(args) != 2 or s.kwargs:
        return NotImplemented
    owner, key = args
    dot = pusher.dot(owner)
    kind = operand_type(owner)
    if function is load_capture or function is getattr and isinstance(kind, Instance):
        if not isinstance(key, Const):
            return NotImplemented
        if function is getattr and kind.get(key.value) is None:  # type: ignore
            return NotImplemented
        pusher.out.append(s)
        return None if dot is None else part(pusher, tree.tangent_field, dot, key)
    if function is operator.getitem and isinstance(kind, TupleOf | ListOf | DictOf):
        pusher.out.append(s)
        return None if dot is None else part(pusher, tree.tangent_item, dot, key)
    return NotImplemented


def unpacked(kind: Type, args: list[Operand]) -> Type:
    """The type of the tangents that are unpacked, one by one."""
    if len(args) != 2:
        return UNKNOWN
    if isinstance(kind, Array):
        return TupleOf((element_of(kind),) * args[1].value)  # type: ignore[union-attr]
    return kind if isinstance(kind, TupleOf) else UNKNOWN


def part(pusher: Pusher, function: Any, dot: Operand, key: Operand) -> Operand | None:
    """One part of a tangent, directly where its type tells that there is one."""
    known = part_type(operand_type(dot), key)
    if known is None:
        return pusher.emit(function, dot, key, type=UNKNOWN)
    if isinstance(known, Literal) and known.value is None:
        return None
    plain = getattr if function is tree.tangent_field else operator.getitem
    return pusher.emit(plain, dot, key, type=known)


def part_type(kind: Type, key: Operand) -> Type | None:
    if not isinstance(key, Const):
        uniform = isinstance(kind, ListOf) and kind.items is None
        integer = getattr(operand_type(key), "cls", None) is int
        return kind.element if uniform and integer else None  # type: ignore[attr-defined]
    if isinstance(kind, Instance | DictOf):
        return kind.get(key.value)
    if isinstance(kind, TupleOf | ListOf) and type(key.value) is int:
        items = kind.items
        if items is None:
            return kind.element  # type: ignore[union-attr]
        return items[key.value] if -len(items) <= key.value < len(items) else None
    return None


# -- closures --------------------------------------------------------------------------------------


def close(pusher: Pusher, s: Closure) -> None:
    """The tangent of a function: those of what it captured, by name."""
    refuse_kept(pusher, s, operands_of(s))
    pusher.out.append(s)
    group = makers(s, pusher.statements) if s.target in captured_early(pusher.statements) else [s]
    later = {each.target for each in group} if len(group) > 1 else set()
    parts: list[Operand] = []
    for name, operand in captured(s):
        dot = pusher.dot(operand)
        if operand is not s.target and operand not in later and dot is not None:
            parts += [Const(name), dot]
    if not parts and not later and s.target not in captured_in(pusher):
        return
    kinds = tuple((parts[i].value, operand_type(parts[i + 1])) for i in range(0, len(parts), 2))  # type: ignore[union-attr]
    kind = UNKNOWN if later else Instance(tree.Tangent, kinds)
    pusher.keep(s.target, pusher.emit(tree.make_tangent, *parts, type=kind))
    if len(group) > 1:
        link(pusher, group)


def captured_in(pusher: Pusher) -> set[Value]:
    """The functions of this block that others made before them capture."""
    early = captured_early(pusher.statements)
    found: set[Value] = set()
    for s in pusher.statements:
        if isinstance(s, Closure) and s.target in early:
            found |= {each.target for each in makers(s, pusher.statements)}
    return found


def link(pusher: Pusher, group: list[Closure]) -> None:
    """Functions that capture each other have each other's tangents."""
    targets = [s.target for s in group]
    links: list[Any] = [
        (i, name, targets.index(operand))
        for i, s in enumerate(group)
        for name, operand in captured(s)
        if operand in targets and operand is not s.target
    ]
    dots = pusher.emit(make_tuple, *[pusher.dots[t] for t in targets], type=UNKNOWN)
    pusher.emit(link_tangents, Const(tuple(links)), dots, type=UNKNOWN)


def captured(s: Closure) -> list[tuple[str, Operand]]:
    """What a function keeps, by the names that its tangent has for it."""
    names = [v.name for v in s.function.captures]
    return [*zip(names, s.captures, strict=True), *s.defaults.items()]
