"""Changes of objects, lists and dicts: the tangents of their slots change beside them.

owner.name = v     tangents of (owner, name) = v_dot
y = owner.name     y_dot = tangents of (owner, name)
"""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adjoint import contents, slots
from adjoint.errors import UnsupportedSyntaxError
from adjoint.forward.mutation import shadows_of
from adjoint.ir.nodes import Call, Const, Loop, Operand, Splat, Statement, Value, operands_of
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    DictOf,
    Instance,
    ListOf,
    Literal,
    Opaque,
    Scalar,
    TupleOf,
    Unknown,
    is_open_dict,
    unliteral,
)
from adjoint.rules import slot_tangents, traversal
from adjoint.rules.activity import is_active
from adjoint.rules.memory import IN_STORES, LOADS, changed_operand
from adjoint.rules.refusals import refuse_late
from adjoint.rules.signatures import operand_type
from adjoint.rules.tangents import item_tangents
from adjoint.runtime import (
    check_bound,
    load_capture,
    make_dict,
    make_list,
    make_tuple,
    new_object,
    set_attribute,
    yield_value,
)

if TYPE_CHECKING:
    from adjoint.forward.straight import Pusher

STORES = (slots.store_attribute, slots.store_plainly, slots.store_cell, slots.store_global)
#: Methods that take over the items of another container.
JOINING = ("extend", "extendleft", "update", "__iadd__", "__ior__", "__setitem__")
#: They hand on what they are given, and do not look into it.
REFERRING = (
    make_tuple,
    make_list,
    make_dict,
    set_attribute,
    check_bound,
    load_capture,
    len,
    slots.cell_of,
)
#: They add to what is looked up, and give nothing.
ADDING = (slots.add_slot, contents.add_items, contents.add_view)
#: They tell places and keep what is there; their results have no derivative.
PLACES = (contents.position, contents.position_read, slots.held, slots.shared, slots.check_shared)


def is_changing(pusher: Pusher, value: Any) -> bool:
    """Are there tangents in slots of what this value holds?"""
    return is_active(value, pusher.active) and pusher.memory.is_changed(value)


def has_slots(pusher: Pusher, value: Any) -> bool:
    """Are the tangents of this list's or dict's items in slots?"""
    return is_changing(pusher, value) and slots.ITEMS in pusher.memory.names


def emit(pusher: Pusher, function: Any, *args: Operand, name: str = "") -> Value:
    return pusher.emit(function, shadows_of(pusher), *args, type=UNKNOWN, name=name)


# -- changes -----------------------------------------------------------------------------------------


def change(pusher: Pusher, s: Call) -> None:
    """A call that changes an object, list or dict."""
    function = s.callee.value  # type: ignore[union-attr]
    pusher.out.append(s)
    owner, *rest = s.args
    if not is_active(owner, pusher.active):  # type: ignore[arg-type]
        return
    if function is contents.change:
        by_method(pusher, s)
        return
    dot = pusher.dot_or_none(rest[-1])  # type: ignore[arg-type]
    if function is contents.append:
        emit(pusher, slot_tangents.write_last, owner, dot)  # type: ignore[arg-type]
    elif function is slots.delete_attribute:
        emit(pusher, slot_tangents.write_slot, owner, rest[0], Const(None))  # type: ignore[arg-type]
    else:
        write = slot_tangents.write_slot if function in STORES else slot_tangents.write_item
        emit(pusher, write, owner, rest[0], dot)  # type: ignore[arg-type]


def by_method(pusher: Pusher, s: Call) -> None:
    """`y, change = …`: what the method did is done to the slots of its owner."""
    done = pusher.emit(operator.getitem, s.target, Const(1), type=UNKNOWN)
    _, name, *args = s.args
    taken_over = name.value in JOINING  # type: ignore[union-attr]
    given = [whole(pusher, a) if taken_over else pusher.dot_or_none(a) for a in args]  # type: ignore[arg-type]
    y_dot = emit(pusher, slot_tangents.redone, done, *given)
    kind = TupleOf((UNKNOWN, operand_type(Const(None))))
    pusher.keep(s.target, pusher.emit(make_tuple, y_dot, Const(None), type=kind))


# -- what is read ------------------------------------------------------------------------------------


def read(pusher: Pusher, s: Call) -> Any:
    """The tangent of what is read of something that changes; NotImplemented for another call.

    Writes the call.
    """
    function = s.callee.value if isinstance(s.callee, Const) else None
    if function in PLACES:
        pusher.out.append(s)
        return None
    if any(isinstance(a, Splat) for a in s.args) or not s.args:
        return NotImplemented
    owner, *rest = s.args
    if function is set_attribute:
        return construct(pusher, s)
    if not is_changing(pusher, owner):
        return NotImplemented
    kind, dot = operand_type(owner), pusher.dot_or_none(owner)  # type: ignore[arg-type]
    if function in LOADS or function is getattr and is_slot(pusher, s):
        pusher.out.append(s)
        name = f"{rest[0].value}_dot"  # type: ignore[union-attr]
        return emit(pusher, slot_tangents.read_slot, owner, rest[0], dot, name=name)  # type: ignore[arg-type]
    if function is contents.get:
        pusher.out.append(s)
        default = [pusher.dot_or_none(a) for a in rest[1:]]  # type: ignore[arg-type]
        return emit(pusher, slot_tangents.read_got, owner, rest[0], dot, *default)  # type: ignore[arg-type]
    if function in (contents.steady, contents.watched_view):
        pusher.out.append(s)
        return whole(pusher, owner)  # type: ignore[arg-type]
    if function is contents.backwards:
        pusher.out.append(s)
        return pusher.emit(slot_tangents.backwards, whole(pusher, owner), owner, type=UNKNOWN)  # type: ignore[arg-type]
    if function is contents.view:
        pusher.out.append(s)
        return emit(pusher, slot_tangents.view_tangents, owner, dot, rest[0])  # type: ignore[arg-type]
    if function is not operator.getitem:
        return NotImplemented
    if isinstance(kind, ListOf | DictOf) or is_open_dict(kind):
        pusher.out.append(s)
        found = emit(pusher, slot_tangents.read_item, owner, rest[0], dot)  # type: ignore[arg-type]
        item = isinstance(unliteral(operand_type(rest[0])), Scalar | Literal)  # type: ignore[arg-type]
        return found if item else emit(pusher, slot_tangents.settle, s.target, found)
    if isinstance(kind, Unknown):
        return read_unknown(pusher, s)
    return NotImplemented


def read_unknown(pusher: Pusher, s: Call) -> Operand:
    """`owner[key]`, where only running tells what the owner is."""
    owner, key = s.args
    dots = [pusher.dot_or_none(o) for o in (owner, key)]  # type: ignore[arg-type]
    both = pusher.emit(
        slot_tangents.item_of_any, shadows_of(pusher), owner, key, *dots,
        type=TupleOf((s.target.type, UNKNOWN)),
    )  # fmt: skip
    pusher.out.append(Call(s.target, Const(operator.getitem), [both, Const(0)], [], s.origin))
    return pusher.emit(operator.getitem, both, Const(1), type=UNKNOWN)


def is_slot(pusher: Pusher, s: Call) -> bool:
    """Is an attribute read that changes, of this or of another class?"""
    kind, name = operand_type(s.args[0]), s.args[1]  # type: ignore[arg-type]
    known = isinstance(kind, Instance) and isinstance(name, Const) and len(s.args) == 2
    return known and name.value in pusher.memory.names and kind.get(name.value) is not None  # type: ignore[union-attr]


def construct(pusher: Pusher, s: Call) -> Any:
    """`owner.name = value` in a constructor, of an attribute that changes later."""
    owner, name, value = s.args
    if not is_changing(pusher, s.target) or name.value not in pusher.memory.names:  # type: ignore[union-attr]
        return NotImplemented
    pusher.out.append(s)
    emit(pusher, slot_tangents.write_slot, s.target, name, pusher.dot_or_none(value))  # type: ignore[arg-type]
    return pusher.dot(owner)  # type: ignore[arg-type]


def is_list(pusher: Pusher, x: Any) -> bool:
    return isinstance(x, Value) and isinstance(x.type, ListOf) and has_slots(pusher, x)


# -- whole values ------------------------------------------------------------------------------------


def looks_inside(s: Call) -> bool:
    """May a call read all that a container holds?"""
    function = s.callee.value if isinstance(s.callee, Const) else None
    if function is operator.getitem and isinstance(operand_type(s.args[0]), TupleOf):  # type: ignore[arg-type]
        return False
    spread = any(isinstance(a, Splat) for a in s.args)
    return (spread or function not in REFERRING) and changed_operand(s) is None


def whole(pusher: Pusher, operand: Operand) -> Operand:
    """The tangent of all that an operand holds now."""
    dot = pusher.dot_or_none(operand)
    if not is_changing(pusher, operand) or flat(pusher, operand) and not has_slots(pusher, operand):
        return dot
    return emit(pusher, slot_tangents.gather, operand, dot)


def flat(pusher: Pusher, operand: Operand) -> bool:
    """Is this a list of numbers?"""
    kind = operand_type(operand)
    element = kind.element if isinstance(kind, ListOf) and kind.items is None else UNKNOWN
    return isinstance(element, Scalar | Array)


def gathered(pusher: Pusher, s: Call) -> dict[Value, Operand]:
    """The whole tangents of the operands that hold what changes, of a call that may look inside."""
    if not pusher.memory.stateful or not looks_inside(s):
        return {}
    found = [o for o in dict.fromkeys(operands_of(s)) if is_changing(pusher, o)]
    if isinstance(s.callee, Const) and s.callee.value in REFERRING:
        found = [o for o in found if any(isinstance(a, Splat) and a.operand is o for a in s.args)]
    return {o: whole(pusher, o) for o in found}  # type: ignore[misc]


def is_made(s: Call) -> bool:
    """May the result be a container that has no slots yet?"""
    function = s.callee.value if isinstance(s.callee, Const) else None
    handed = (
        make_tuple,
        new_object,
        set_attribute,
        check_bound,
        load_capture,
        operator.getitem,
        getattr,
    )
    return function not in handed and function not in LOADS and changed_operand(s) is None


def settled(pusher: Pusher, target: Value, dot: Operand | None) -> Operand | None:
    """The tangent of a container that was made, in the slots that it has from now on."""
    if dot is None or not is_changing(pusher, target):
        return dot
    return emit(pusher, slot_tangents.settle, target, dot)


def begin(pusher: Pusher, given: dict[Value, Operand]) -> None:
    """The tangents of the inputs go into the slots that change."""
    for v in given:
        if pusher.memory.is_changed(v):
            rest = settled(pusher, v, pusher.dot(v))
            pusher.dots.pop(v, None)
            pusher.keep(v, rest)


# -- loops -------------------------------------------------------------------------------------------


def pairs(pusher: Pusher, s: Loop) -> Operand:
    """What a loop runs over that may change meanwhile: its items, each with its tangent at that time."""
    over, kind = s.iterable, operand_type(s.iterable)  # type: ignore[arg-type]
    made = pusher.definitions.get(over)  # type: ignore[arg-type]
    if made is not None and made.callee.value is contents.view:  # type: ignore[union-attr]
        over = pusher.emit(contents.watched_view, s.iterable, *made.args, type=kind)  # type: ignore[arg-type]
    elif isinstance(kind, ListOf):
        return emit(pusher, slot_tangents.item_pairs, over, pusher.dot_or_none(over))  # type: ignore[arg-type]
    else:
        over = pusher.emit(contents.steady, over, type=kind)  # type: ignore[arg-type]
    dots = pusher.emit(item_tangents, whole(pusher, s.iterable), s.iterable, type=UNKNOWN)  # type: ignore[arg-type]
    return pusher.emit(zip, over, dots, type=UNKNOWN)


def may_move(pusher: Pusher, operand: Operand, s: Call) -> bool:
    """May the items of what an iterator goes over be replaced before it comes to them?

    Those of arrays are beside their tangents, and so are those of a list that itself does not change.
    """
    kind = operand_type(operand)
    steady = isinstance(kind, ListOf) and not has_slots(pusher, operand) or isinstance(kind, Array)
    return not steady and pusher.memory.is_written_after(operand, s)


def watched_lists(pusher: Pusher, s: Call) -> Call:
    """`enumerate`, `zip` or `reversed` of lists that may change meanwhile, which are watched."""
    function = traversal.maker(s)
    if function is None or not any(is_list(pusher, a) for a in s.args):
        return s
    if isinstance(s.target.type, Unknown):  # it is kept in a variable
        refuse_late(s)
    args = list(s.args)
    for i, a in enumerate(args):
        if is_list(pusher, a):
            dot = whole(pusher, a)  # type: ignore[arg-type]
            steady = contents.steady
            if function is reversed:
                steady = contents.backwards
                dot = pusher.emit(slot_tangents.backwards, dot, a, type=UNKNOWN)
            args[i] = pusher.emit(steady, a, type=a.type)  # type: ignore[union-attr,arg-type]
            pusher.dots[args[i]] = dot  # type: ignore[index]
    return replace(s, callee=Const(iter) if function is reversed else s.callee, args=args)


# -- generators --------------------------------------------------------------------------------------


def is_yield(s: Statement) -> bool:
    return isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is yield_value


def give(pusher: Pusher, s: Call) -> None:
    """`yield v, v_dot`: whoever takes the items takes them apart."""
    v: Any = s.args[0]
    if is_active(v, pusher.active) and (pusher.memory.is_changed(v) or pusher.memory.is_written(v)):
        raise UnsupportedSyntaxError(
            "a generator yields what may change afterwards, which forward mode does not know",
            s.origin,
            "Yield a copy.",
        )
    both = pusher.emit(make_tuple, v, pusher.dot_or_none(v), type=UNKNOWN)
    pusher.out.append(replace(s, args=[both]))


# -- second derivatives: the shadows and slots of a reverse half ---------------------------------------


def begin_store(pusher: Pusher, s: Call) -> None:
    """The tangents of what a reverse half looks up are beside it, and are looked up as it is."""
    pusher.out.append(s)
    if s.target in pusher.active:
        kind = Opaque(slot_tangents.StoreTangents)
        beside = [s.target, shadows_of(pusher)]
        pusher.keep(s.target, pusher.emit(slot_tangents.StoreTangents, *beside, type=kind))


def look_up(pusher: Pusher, s: Call) -> None:
    """A call that is linear in what it looks up and in what it adds: the same of the tangents."""
    pusher.out.append(s)
    linear = IN_STORES[s.callee.value]  # type: ignore[union-attr]
    args: list[Any] = [pusher.dots[s.args[0]], *s.args[1:]]  # type: ignore[index]
    for i in linear:
        if i < len(args):
            args[i] = whole(pusher, args[i])
    dot = pusher.emit(s.callee.value, *args, type=UNKNOWN, kwargs=s.kwargs)  # type: ignore[union-attr]
    if s.target in pusher.active and s.callee.value not in ADDING:  # type: ignore[union-attr]
        pusher.define(s, dot)
