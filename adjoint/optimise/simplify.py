"""Rewrites of single calls, to a fixed point: what a careful person would not have written.

>>> import operator
>>> from adjoint.ir.nodes import Block, Call, Const, Function, Parameter, Value
>>> from adjoint.ir.printer import show
>>> from adjoint.ir.types import Scalar
>>> number = Scalar(float)
>>> x, a, x_bar = Value("x", number), Value("a", number), Value("x_bar", number)
>>> program = Function("f", [Parameter(x)], Block([
...     Call(a, Const(operator.mul), [Const(2), x]),
...     Call(x_bar, Const(operator.mul), [Const(3.0), a]),
... ], [x_bar]))
>>> print(show(program, types=False))
function f(x)
  a = mul(2, x)
  x_bar = mul(3.0, a)
  return x_bar
>>> print(show(remove_dead(simplify(program)), types=False))
function f(x)
  x_bar = mul(6.0, x)
  return x_bar

In the forward half nothing is rewritten but reads of shapes and sizes. The rewrites are in
`algebra`, `identities` and `broadcasting`.
"""

from __future__ import annotations

from typing import Any

from adjoint.ir.nodes import Function
from adjoint.optimise import algebra, broadcasting, identities
from adjoint.optimise.dead import remove_dead
from adjoint.optimise.facts import IsMarker
from adjoint.optimise.rewriting import Rewriter

ANYWHERE: dict[Any, list] = identities.ANYWHERE
REWRITES: dict[Any, list] = {}
for _module in (broadcasting, algebra, identities):
    for _function, _rewrites in _module.REWRITES.items():
        REWRITES.setdefault(_function, []).extend(_rewrites)


def simplify(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Rewrite in place; returns the function. What became unused stays, for `remove_dead`."""
    Rewriter(function, is_marker).run(REWRITES, ANYWHERE)
    return function


__all__ = ["remove_dead", "simplify"]
