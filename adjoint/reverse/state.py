"""Changes of objects, lists and dicts, reversed on their slots.

owner.name = v     v_bar = the slot's cotangent, which the slot then has no more
y = owner.name     the slot's cotangent += y_bar
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adjoint import slots
from adjoint.ir.nodes import Call, Const, Statement, Value
from adjoint.ir.types import UNKNOWN, Instance, literal
from adjoint.reverse.activity import is_active
from adjoint.reverse.cotangents import Scope, add_unknown
from adjoint.rules.aliasing import Memory
from adjoint.rules.signatures import operand_type

if TYPE_CHECKING:
    from adjoint.reverse.straight import Backward, Reverser


def change(reverser: Reverser, s: Call) -> tuple[list[Statement], Backward]:
    """The forward half and the reverse of a call that changes an object, list or dict."""
    owner, key, *values = s.args

    def backward(scope: Scope) -> None:
        bar = scope.call(slots.take_slot, scope.shadows_value(), owner, key, type=UNKNOWN)  # type: ignore[arg-type]
        for v in values:
            if isinstance(v, Value) and is_active(v, reverser.active):
                add_unknown(scope, v, bar)

    return [s], backward


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
    bar = scope.call(slots.take_slot, scope.shadows_value(), s.target, name, type=UNKNOWN)  # type: ignore[arg-type]
    if isinstance(value, Value):
        add_unknown(scope, value, bar)


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


def notes(noted: dict[Value, Value]) -> list[Statement]:
    return [Call(made, Const(slots.held), [value], [], None) for value, made in noted.items()]
