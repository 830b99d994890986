"""The names that rules give to what they compute on the way are dropped if it is read once.

    share = 1.0 / x.size
    x_bar = share * x            ->    x_bar = 1.0 / x.size * x

The emitter then writes the expression where it is read. Names of the user's variables, and of the
cotangents of these, stay.
"""

from __future__ import annotations

from adjoint.ir.nodes import Const, Function
from adjoint.optimise.facts import IsMarker, count_uses, derivative_calls
from adjoint.rules.effects import is_pure


def drop_names(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Rename in place; returns the function."""
    uses, results = count_uses(function.body), set(function.body.results)
    for s in derivative_calls(function, is_marker):
        plain = isinstance(s.callee, Const) and is_pure(s.callee.value)
        if plain and not s.target.named and uses[s.target] == 1 and s.target not in results:
            s.target.name = ""
    return function
