"""`zip`, `enumerate` and `reversed` of sequences: what they go over, and whose items they give.

Where that is known, a derivative goes over cotangents or tangents in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.ir.nodes import Call, Const, Operand, Splat
from adjoint.ir.types import Array, IteratorOf, ListOf, TupleOf, Type

ITERATORS = (enumerate, zip, reversed)


def maker(s: object) -> Any:
    """Which of them a statement calls; None if it is another."""
    if not isinstance(s, Call) or not isinstance(s.callee, Const):
        return None
    return s.callee.value if s.callee.value in ITERATORS else None


def is_over(s: object, is_steady: Callable[[Operand], bool]) -> bool:
    """Does a statement call one of them, for no variable to keep, over operands that all are steady?"""
    if maker(s) is None or not isinstance(s.target.type, IteratorOf):  # type: ignore[attr-defined]
        return False
    return all(not isinstance(a, Splat) and is_steady(a) for a in gone_over(s))  # type: ignore[arg-type]


def gone_over(s: Call) -> list:
    """The operands that give items."""
    return s.args if maker(s) is zip else s.args[:1]


def has_items(kind: Type) -> bool:
    """Is it known of this type where its items are?"""
    return isinstance(kind, Array | ListOf | TupleOf) or is_iterator(kind)


def is_iterator(kind: Type) -> bool:
    """Is this what one of them gives?"""
    return isinstance(kind, IteratorOf) and kind.cls in ITERATORS


def columns(s: Call, count: int) -> list[Operand | None] | None:
    """Of tuples of `count` items: what each of these is an item of, None of a number that is counted.
    None if they are no such tuples."""
    if maker(s) is reversed:
        return None
    found = [None, s.args[0]] if maker(s) is enumerate else list(s.args)
    return found if len(found) == count else None  # type: ignore[return-value]
