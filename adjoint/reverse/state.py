"""Changes of objects, lists and dicts, reversed on their slots.

owner.name = v     v_bar = the slot's cotangent, which the slot then has no more
y = owner.name     the slot's cotangent += y_bar
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from adjoint import contents, slots, tree
from adjoint.ir.nodes import Call, Const, Loop, Operand, Statement, Value, operands_of
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    Instance,
    ListOf,
    Literal,
    Scalar,
    Unknown,
    is_open_dict,
    literal,
    unliteral,
)
from adjoint.reverse.cotangents import Scope, add_unknown
from adjoint.rules.activity import carries, is_active
from adjoint.rules.aliasing import Memory
from adjoint.rules.memory import LOADS, changed_operand
from adjoint.rules.signatures import operand_type
from adjoint.runtime import make_dict, make_list, make_tuple, new_object, set_attribute

if TYPE_CHECKING:
    from adjoint.reverse.straight import Backward, Reverser

Written = tuple[list[Statement], "Backward"]


def change(reverser: Reverser, s: Call) -> tuple[list[Statement], Backward]:
    """The forward half and the reverse of a call that changes an object, list or dict."""
    function = s.callee.value  # type: ignore[union-attr]
    if function is contents.append:
        return append(reverser, s)
    if function is contents.store_item:
        return store_item(reverser, s)
    if function is contents.change:
        return by_method(reverser, s)
    owner, key, *values = s.args

    def backward(scope: Scope) -> None:
        bar = taken(scope, owner, key)
        for v in values:
            if isinstance(v, Value) and carries(v, reverser.active):
                add_unknown(scope, v, bar)

    return [s], backward


def append(reverser: Reverser, s: Call) -> Written:
    items, v = s.args
    place = Value("", Scalar(int), False, s.origin)
    forward: list[Statement] = [Call(place, Const(len), [items], [], s.origin), s]
    return forward, lambda scope: take(reverser, scope, items, place, v)


def store_item(reverser: Reverser, s: Call) -> Written:
    owner, key, v = s.args
    forward, place = placed(reverser, s, owner, key)
    return forward, lambda scope: take(reverser, scope, owner, place, v)


def take(reverser: Reverser, scope: Scope, owner: Any, place: Operand, v: Any) -> None:
    bar = taken(scope, owner, place)
    if isinstance(v, Value) and carries(v, reverser.active):
        add_unknown(scope, v, bar)


def taken(scope: Scope, owner: Any, key: Any) -> Value:
    """The cotangent of what was written to a slot, by the name of the slot if it has one."""
    known = isinstance(key, Const) and isinstance(key.value, str) and key.value.isidentifier()
    name = f"{key.value}_bar" if known else ""
    return scope.call(slots.take_slot, scope.shadows_value(), owner, key, type=UNKNOWN, name=name)


def placed(
    reverser: Reverser, s: Call, owner: Any, key: Any, position: Any = contents.position
) -> tuple[list[Statement], Operand]:
    """The forward half with what names the slot of `owner[key]`, and that."""
    kind = operand_type(key)
    value = kind.value if isinstance(kind, Literal) else None
    known = isinstance(value, str) or isinstance(value, int) and value >= 0
    unknown = isinstance(operand_type(owner), Unknown)
    if not unknown and (known or not isinstance(operand_type(owner), ListOf)):
        return [s], key
    place = Value("", kind, False, s.origin)
    return [Call(place, Const(position), [owner, key], [], s.origin), s], place


def by_method(reverser: Reverser, s: Call) -> Written:
    """`y, change = …`: what the method did is undone on the slots of its owner."""
    args = s.args[2:]

    def backward(scope: Scope) -> None:
        entry = scope.take_sum(s.target)
        part = entry.parts.get(0) if entry is not None else None
        y_bar: Operand = Const(None) if part is None or part.term is None else part.term
        if entry is not None and entry.term is not None:  # of both together, from another block
            of_both = scope.call(tree.tangent_item, entry.term, Const(0), type=UNKNOWN)
            y_bar = scope.call(tree.accumulate, of_both, y_bar, type=UNKNOWN)
        undo = scope.call(operator.getitem, s.target, Const(1), type=UNKNOWN)
        bars = scope.call(contents.undone, scope.shadows_value(), undo, y_bar, type=UNKNOWN)
        for i, v in enumerate(args):
            if isinstance(v, Value) and carries(v, reverser.active):
                bar = scope.call(operator.getitem, bars, Const(i), type=UNKNOWN)
                add_unknown(scope, v, bar)

    return [s], backward


def item_read(reverser: Reverser, s: Call) -> Written:
    """`owner[key]`, of a list or dict that changes, or of what is known only when it runs."""
    owner, key = s.args
    unknown = isinstance(operand_type(owner), Unknown)  # type: ignore[arg-type]
    position = contents.position_read if unknown else contents.position
    forward, place = placed(reverser, s, owner, key, position)

    def backward(scope: Scope) -> None:
        arrays = reverser.memory.is_written(owner)
        bar = reverser.received(s, scope) if arrays else scope.take_rest(s.target)
        item = isinstance(unliteral(operand_type(key)), Scalar)  # type: ignore[arg-type]
        if bar is None and item:
            return
        assert isinstance(owner, Value)
        found = scope.shadows_value()
        kind = operand_type(owner)
        known = isinstance(kind, ListOf) and item or is_open_dict(kind)
        if known and bar is not None:
            scope.call(slots.add_slot, found, owner, place, bar, type=literal(None))
        else:
            function = contents.read_back_item
            operands = [found, owner, place, s.target, bar or Const(None), Const(arrays)]
            scope.add_rest(owner, scope.call(function, *operands, type=UNKNOWN))

    return forward, backward


def iterated(reverser: Reverser, s: Loop) -> tuple[list[Statement], Operand | None]:
    """What a loop runs over, watched if it may change meanwhile, and the call that makes it."""
    if not reverser.memory.is_changed(s.iterable):
        return [], s.iterable
    assert isinstance(s.iterable, Value)
    watched = Value("", s.iterable.type, False, s.origin)
    made = reverser.definitions.get(s.iterable)
    if made is not None and made.callee.value is contents.view:  # type: ignore[union-attr]
        operands: list[Any] = [s.iterable, *made.args]
        return [Call(watched, Const(contents.watched_view), operands, [], s.origin)], watched
    return [Call(watched, Const(contents.steady), [s.iterable], [], s.origin)], watched


def standing(reverser: Reverser, s: Call) -> Written:
    """What a loop runs over, where only running tells what it is."""
    x = s.args[0]

    def backward(scope: Scope) -> None:
        bar = scope.take_rest(s.target)
        if bar is not None:
            reverser.receive_dynamic(scope, x, bar)  # type: ignore[arg-type]

    return [Call(s.target, Const(contents.standing), [x], [], s.origin)], backward


def viewed(reverser: Reverser, s: Call) -> Written:
    """A view of a dict that changes: its keys tell which slots its items are of."""
    owner, name = s.args
    assert isinstance(name, Const)
    keys = Value("", UNKNOWN, False, s.origin)
    forward: list[Statement] = [Call(keys, Const(list), [owner], [], s.origin), s]

    def backward(scope: Scope) -> None:
        if name.value != "keys":
            operands: list[Any] = [scope.shadows_value(), owner, keys, name, s.target]
            scope.call(contents.add_view, *operands, type=literal(None))

    return forward, backward


def got(reverser: Reverser, s: Call) -> Written:
    """`owner.get(key, default)`, of a dict that changes."""
    owner, key, *default = s.args
    found = Value("", Scalar(bool), False, s.origin)
    forward: list[Statement] = [
        Call(found, Const(operator.contains), [owner, key], [], s.origin),
        s,
    ]

    def backward(scope: Scope) -> None:
        bar = scope.take_rest(s.target)
        if bar is None:
            return
        operands: list[Any] = [scope.shadows_value(), owner, key, found, bar]
        rest = scope.call(contents.get_back, *operands, type=UNKNOWN)
        for v in default:
            if isinstance(v, Value) and carries(v, reverser.active):
                add_unknown(scope, v, rest)

    return forward, backward


def bar_is_none(bar: Operand | None) -> bool:
    return bar is None or isinstance(bar, Const) and bar.value is None


def read(scope: Scope, s: Call) -> None:
    """Contribute to what was read of an object that changes."""
    bar = scope.take_rest(s.target)
    if bar is None:
        return
    owner, key = s.args
    assert isinstance(owner, Value)
    found = scope.shadows_value()
    if isinstance(operand_type(owner), Instance) or s.callee.value is not slots.load_attribute:  # type: ignore[union-attr]
        scope.call(slots.add_slot, found, owner, key, bar, type=literal(None))  # type: ignore[arg-type]
    else:
        rest = scope.call(slots.read_back, found, owner, key, bar, type=UNKNOWN)  # type: ignore[arg-type]
        scope.add_rest(owner, rest)


def take_initial(scope: Scope, s: Call) -> None:
    """`owner.name = value` in a constructor, of an attribute that changes later."""
    _, name, value = s.args
    bar = taken(scope, s.target, name)
    if isinstance(value, Value):
        add_unknown(scope, value, bar)


def is_made(s: Call) -> bool:
    """May the result be a container that nothing had before, and whose parts are not operands?"""
    function = s.callee.value if isinstance(s.callee, Const) else None
    if function in (contents.view, contents.get):
        return False
    parts = (make_list, make_dict, make_tuple, new_object, set_attribute, contents.change)
    return function not in parts and function not in LOADS and function is not operator.getitem


def read_whole(reverser: Reverser, s: Call) -> list[Value]:
    """The operands that may hold other containers, or arrays that are written to, by the time that
    contributions to all that they hold arrive."""
    function = s.callee.value if isinstance(s.callee, Const) else None
    if (
        not is_made(s)
        or changed_operand(s) is not None
        or function in (getattr, len, slots.cell_of)
    ):
        return []
    found = []
    for o in dict.fromkeys(operands_of(s)):
        if isinstance(o, Value) and reverser.memory.is_changed(o) and is_active(o, reverser.active):
            kind = operand_type(o)
            element = kind.element if isinstance(kind, ListOf) and kind.items is None else UNKNOWN
            flat = isinstance(element, Scalar)
            flat = flat or isinstance(element, Array) and not reverser.memory.is_written(o)
            found += [] if flat else [o]
    return found


def note(reverser: Reverser, made: Value) -> list[Call]:
    """What notes what the result of a call holds, if that may change later."""
    if not reverser.memory.is_changed(made):
        return []
    noted = Value(f"{made.name}_held" if made.name else "", UNKNOWN, False, made.origin)
    return [Call(noted, Const(slots.held), [made], [], made.origin)]


def note_inputs(wrt: list[Value], memory: Memory) -> dict[Value, Value]:
    """By argument, the value that notes what it holds when the program begins."""
    noted = {}
    for value in wrt:
        if memory.is_changed(value):
            made = Value(f"{value.name}_held", UNKNOWN, True)
            noted[value] = made
    return noted


def notes(
    noted: dict[Value, Value], inputs: list[Value], memory: Memory
) -> tuple[list[Statement], list[Statement]]:
    """What notes what arguments hold; and, behind the program, the check that by no other name than
    it was compiled for a list or dict has changed."""
    first: list[Statement] = [
        Call(made, Const(slots.held), [value], [], None) for value, made in noted.items()
    ]
    given: list[Any] = [v for v in inputs if memory.is_changed(v)]
    if memory.shares:
        return first, []  # then nothing is assumed of what a list or dict holds
    if not given or slots.ITEMS not in memory.names:
        return first, []
    found = Value("shared", UNKNOWN, True)
    first.append(Call(found, Const(slots.shared), given, [], None))
    return first, [Call(Value(""), Const(slots.check_shared), [found], [], None)]
