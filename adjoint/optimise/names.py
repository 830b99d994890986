"""The names that rules give to what they compute on the way are dropped if it is read once.

    share = 1.0 / x.size
    x_bar = share * x            ->    x_bar = 1.0 / x.size * x

The emitter then writes the expression where it is read. Names of the user's variables, and of the
cotangents of these, stay.
"""

from __future__ import annotations

from adjoint.ir.nodes import Block, Call, Const, Function, walk
from adjoint.optimise.facts import IsMarker, count_uses, marker_index
from adjoint.rules.effects import is_pure


def drop_names(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Rename in place; returns the function."""
    start = marker_index(function, is_marker) or 0
    uses, results = count_uses(function.body), set(function.body.results)
    for s in walk(Block(function.body.statements[start:], [])):
        if not isinstance(s, Call) or not isinstance(s.callee, Const):
            continue
        if is_pure(s.callee.value) and not s.target.named and uses[s.target] == 1:
            if s.target not in results:
                s.target.name = ""
    return function
