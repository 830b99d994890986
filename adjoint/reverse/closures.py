"""The cotangent of a function goes to what it captured."""

from __future__ import annotations

from typing import Any

from adjoint import tree
from adjoint.ir.nodes import Closure, Const, Operand, Value
from adjoint.ir.types import UNKNOWN
from adjoint.reverse.cotangents import Scope, add_unknown
from adjoint.runtime import make_tuple


def close_closure(s: Closure, scope: Scope) -> None:
    """A function that captures none which is made after it."""
    entry = scope.take_sum(s.target)
    if entry is None:
        return
    for name, operand in captured(s):
        part = entry.parts.get(name)
        if operand is s.target or not isinstance(operand, Value):
            continue
        if part is not None:
            scope.add_rest(operand, part.term)
        if entry.term is not None:
            bar = scope.call(tree.tangent_field, entry.term, Const(name), type=UNKNOWN)
            add_unknown(scope, operand, bar)


def close_together(group: list[Closure], scope: Scope) -> None:
    """Functions that capture each other: a cotangent of one has, in it, cotangents of the others.

    They are taken apart where the last of them was made, since what the others get later is nothing
    that has to do with it.
    """
    targets = [s.target for s in group]
    bars: list[Operand] = []
    for s in group:
        entry = scope.take_sum(s.target)
        whole = None if entry is None else scope.whole(s.target, entry)
        bars.append(Const(None) if whole is None else whole)
    if all(isinstance(b, Const) for b in bars):
        return
    links: list[Any] = [
        (i, name, targets.index(operand))
        for i, s in enumerate(group)
        for name, operand in captured(s)
        if operand in targets
    ]
    together = scope.call(make_tuple, *bars, type=UNKNOWN)
    own = scope.call(tree.taken_apart, Const(tuple(links)), together, type=UNKNOWN)
    linked = {(i, name) for i, name, _ in links}
    for i, s in enumerate(group):
        bar = scope.call(tree.tangent_item, own, Const(i), type=UNKNOWN)
        for name, operand in captured(s):
            if isinstance(operand, Value) and (i, name) not in linked:
                part = scope.call(tree.tangent_field, bar, Const(name), type=UNKNOWN)
                add_unknown(scope, operand, part)


def captured(s: Closure) -> list[tuple[str, Operand]]:
    """What a function keeps, by the names that its cotangent has for it."""
    names = [v.name for v in s.function.captures]
    return [*zip(names, s.captures, strict=True), *s.defaults.items()]
