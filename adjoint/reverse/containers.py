"""Cotangents of what is built of parts, or taken apart: containers, objects, unpacked items."""

from __future__ import annotations

from typing import Any

from adjoint import slots, tree
from adjoint.ir.nodes import (
    Call,
    Const,
    Operand,
    Splat,
    Value,
)
from adjoint.ir.types import (
    UNKNOWN,
    TupleOf,
)
from adjoint.reverse import state
from adjoint.reverse.cotangents import Scope, add_unknown, cotangent_type


def take_items(
    scope: Scope, target: Value, items: dict[Any, Operand], changes: bool = False
) -> None:
    """The cotangent of a container goes to what it was built from."""
    for key, operand in items.items() if changes else ():
        if isinstance(operand, Value):
            bar = scope.call(
                slots.take_slot, scope.shadows_value(), target, Const(key), type=UNKNOWN
            )
            add_unknown(scope, operand, bar)
    entry = scope.take_sum(target)
    if entry is None:
        return
    for key, operand in items.items():
        part = entry.parts.get(key)
        if part is not None:
            scope.add_rest(operand, part.term)
        if entry.term is not None and isinstance(operand, Value):
            bar = scope.call(tree.tangent_item, entry.term, Const(key), type=UNKNOWN)
            add_unknown(scope, operand, bar)


def take_attribute(scope: Scope, s: Call, changes: bool) -> None:
    """`owner.name = value`: the value takes its attribute's cotangent, the owner the rest."""
    owner, name, value = s.args
    if changes:
        state.take_initial(scope, s)
    entry = scope.take_sum(s.target)
    if entry is None:
        return
    assert isinstance(name, Const) and isinstance(owner, Value) and not isinstance(value, Splat)
    part = entry.parts.pop(name.value, None)
    if part is not None:
        scope.add_rest(value, part.term)
    if entry.term is not None:
        if isinstance(value, Value):
            bar = scope.call(tree.tangent_field, entry.term, name, type=UNKNOWN)
            add_unknown(scope, value, bar)
        scope.add_rest(owner, scope.call(tree.without_field, entry.term, name, type=UNKNOWN))
    for key, rest in entry.parts.items():
        scope.add_part(owner, key, Const(None), rest.term)


def take_unpacked(scope: Scope, s: Call) -> None:
    """`a, b = x`: the cotangents of the items, as one of `x`."""
    entry = scope.take_sum(s.target)
    if entry is None:
        return
    x = s.args[0]
    assert isinstance(x, Value) and isinstance(s.target.type, TupleOf)
    bars = scope.whole(s.target, entry)
    assert bars is not None
    whole = scope.call(tree.iterable_cotangent, bars, x, type=cotangent_type(x.type))
    scope.add(x, whole, owned=True)
