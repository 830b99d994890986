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
from collections.abc import Iterator
from typing import Any

import numpy as np

from adjoint import tree
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    Operand,
    Value,
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
from adjoint.runtime import make_dict, make_list, make_tuple

VIEWS = (
    getattr,
    operator.getitem,
    np.transpose,
    np.reshape,
    np.broadcast_to,
    np.ravel,
    np.swapaxes,
)
CONTAINERS = (make_tuple, make_list, make_dict, tree.make_tangent, tree.complete)


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
    if isinstance(marker, Call):  # what is returned is the user's
        made = definitions(Block(after, []))
        users = {t for t, s in definitions(body).items() if not is_derived(s)} - set(made)
        body.results[1:] = own_arrays(body, body.results[1:], made, {*function.inputs, *users})
    return function


def own_arrays(
    body: Block, results: list[Operand], made: dict[Value, Call], kept: set[Value]
) -> list[Operand]:
    """The results of which arrays are copied that are others' (`kept`), views of these, or there twice:
    by themselves, or in the containers that are results. `made` is where it is looked for what they are."""
    results = list(results)
    places = list(array_places(body, results, made))
    whole = {holder[i] for holder, i, _ in places}
    seen: set[Operand] = set()
    for holder, i, maker in places:
        result = holder[i]
        root = root_of(result, made)
        if root in seen or root in kept or root in whole and root is not result:
            copy = Value("", result.type)
            at = len(body.statements) if maker is None else body.statements.index(maker)
            body.statements.insert(at, Call(copy, Const(np.ndarray.copy), [result]))
            holder[i] = copy
        seen.add(root)
    return results


def array_places(
    body: Block, results: list[Operand], made: dict[Value, Call]
) -> Iterator[tuple[list[Any], int, Call | None]]:
    """Where the arrays among the results stand: there, or among the operands of what makes a container."""
    todo: list[tuple[list[Any], int, Call | None]] = [
        (results, i, None) for i in range(len(results))
    ]
    met: list[Call] = []
    while todo:
        holder, i, maker = todo.pop(0)
        operand = holder[i]
        if not isinstance(operand, Value):
            continue
        if isinstance(operand.type, Array):
            yield holder, i, maker
            continue
        s = made.get(operand)
        if s is not None and is_call_of(s, *CONTAINERS) and s in body.statements and s not in met:
            met.append(s)
            count = 1 if is_call_of(s, tree.complete) else len(s.args)
            todo += [(s.args, k, s) for k in range(count)]


def root_of(result: Operand, made: dict[Value, Call]) -> Operand:
    """The array that this is a view of."""
    while result in made and is_call_of(made[result], *VIEWS):
        owner = made[result].args[0]
        if not isinstance(owner, Value):
            break
        result = owner
    return result


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
