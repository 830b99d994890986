"""Cotangents that are handed out are arrays that one may write to, not read-only broadcasts.

>>> import numpy as np
>>> from adjoint.ir.nodes import Block, Call, Const, Function, Parameter, Value
>>> from adjoint.ir.printer import show
>>> from adjoint.ir.types import Array
>>> x, x_bar = (Value(n, Array(np.dtype(float), (3,))) for n in ("x", "x_bar"))
>>> program = Function("f", [Parameter(x)], Block([
...     Call(x_bar, Const(np.broadcast_to), [Const(2.0), Const((3,))]),
... ], [x_bar]))
>>> print(show(own_results(program), types=False))
function f(x)
  x_bar = full((3,), 2.0)
  return x_bar
"""

from __future__ import annotations

import numpy as np

from adjoint.ir.nodes import Call, Const, Function, Operand
from adjoint.ir.types import Array, Scalar, dtype_of
from adjoint.optimise.facts import (
    IsMarker,
    is_call_of,
    kind_of,
    marker_index,
)


def own_results(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Rewrite what defines the results, in place; returns the function."""
    start = marker_index(function, is_marker)
    results = set(function.body.results if start is None else function.body.results[1:])
    for s in function.body.statements[start or 0 :]:
        if is_call_of(s, np.broadcast_to) and isinstance(s, Call) and s.target in results:
            fill(s)
    return function


def fill(s: Call) -> None:
    """`np.broadcast_to(s, shape)` -> `np.full(shape, s)`"""
    if len(s.args) != 2 or not isinstance(s.target.type, Array):
        return
    value, shape = s.args
    kind = kind_of(value)
    if not isinstance(kind, Scalar):
        return
    dtype = s.target.type.dtype
    more: list[Operand] = [] if dtype_of(kind) == dtype else [Const(dtype)]
    if isinstance(value, Const) and value.value == 1.0 and dtype == np.dtype(float):
        s.callee, s.args = Const(np.ones), [shape]
    else:
        s.callee, s.args = Const(np.full), [shape, value, *more]
