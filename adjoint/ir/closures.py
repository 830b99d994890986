"""Functions that refer to functions which are made after them, as in mutual recursion."""

from __future__ import annotations

from collections.abc import Sequence

from adjoint.ir.nodes import Closure, Statement, Value


def captured_early(statements: Sequence[Statement]) -> set[Value]:
    """The functions that are captured by functions made before them."""
    made: set[Value] = set()
    early: set[Value] = set()
    for s in reversed(statements):
        if isinstance(s, Closure):
            early |= {c for c in s.captures if isinstance(c, Value) and c in made}
            made.add(s.target)
    return early


def makers(last: Closure, statements: Sequence[Statement]) -> list[Closure]:
    """The functions made before `last` that lead to it by what they capture, and itself."""
    before = [s for s in statements[: statements.index(last)] if isinstance(s, Closure)]
    group = {last.target}
    size = 0
    while size != len(group):
        size = len(group)
        group |= {s.target for s in before if any(c in group for c in s.captures)}
    return [*(s for s in before if s.target in group), last]
