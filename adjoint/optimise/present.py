"""Cotangents that are handed out are arrays that one may write to.

They are neither read-only broadcasts, nor the arguments themselves, nor twice the same array:

    return b, a          ->    return b.copy(), a.copy()

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

import operator

import numpy as np

from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    Operand,
    Statement,
    Value,
    used_values,
)
from adjoint.ir.types import Array, Scalar, dtype_of
from adjoint.optimise.facts import (
    IsMarker,
    definitions,
    is_call_of,
    is_derived,
    kind_of,
    marker_index,
)

VIEWS = (
    getattr,
    operator.getitem,
    np.transpose,
    np.reshape,
    np.broadcast_to,
    np.ravel,
    np.swapaxes,
)


def own_results(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Rewrite what defines the results, in place; returns the function."""
    body = function.body
    start = marker_index(function, is_marker)
    first = 0 if start is None else 1
    results = set(body.results[first:])
    tangents = [s for s in body.statements[: start or 0] if is_derived(s)]
    after = [*tangents, *body.statements[start or 0 :]]
    for s in after:
        if is_call_of(s, np.broadcast_to) and isinstance(s, Call) and s.target in results:
            fill(s)
    marker = body.statements[start] if start is not None else None
    if isinstance(marker, Call) and marker.target not in used_values(
        Block(body.statements[(start or 0) + 1 :], body.results)
    ):
        copy_aliases(function, after)  # what is returned is the user's
    return function


def copy_aliases(function: Function, after: list[Statement]) -> None:
    """Copy the results that are arrays of the forward half, or views of these, or there twice."""
    body = function.body
    made = definitions(Block(after, []))
    users = {t for t, s in definitions(body).items() if not is_derived(s)} - set(made)
    kept = {*function.inputs, *users}
    seen: set[Value] = set()
    for i, result in enumerate(body.results):
        if i == 0 or not isinstance(result, Value) or not isinstance(result.type, Array):
            continue
        root = result
        while root in made and is_call_of(made[root], *VIEWS):
            owner = made[root].args[0]
            if not isinstance(owner, Value):
                break
            root = owner
        if root in seen or root in kept or root in body.results and root is not result:
            copy = Value("", result.type)
            body.statements.append(Call(copy, Const(np.ndarray.copy), [result]))
            body.results[i] = copy
        seen.add(root)


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
