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

from adjoint import shadows, tree
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    If,
    Loop,
    Operand,
    Statement,
    Try,
    Value,
    blocks_of,
    used_values,
    walk,
)
from adjoint.ir.types import Array, Scalar, dtype_of
from adjoint.optimise.facts import (
    IsMarker,
    is_call_of,
    is_derived,
    kind_of,
    marker_index,
)
from adjoint.rules.memory import SHARING, holds_memory, plain_args, shares_memory
from adjoint.rules.signatures import operand_type
from adjoint.runtime import make_dict, make_list, make_tuple

Made = dict[Value, Statement]

#: Calls that may hand on their first operand, and those that may hand on any of them.
FIRST = (
    tree.iterable_cotangent, tree.instantiate, tree.project, tree.unbroadcast, tree.complete, tree.add_into, tree.index_add,
    operator.iadd, operator.isub, operator.imul, operator.itruediv,
)  # fmt: skip
CONTAINERS = (make_tuple, make_list, make_dict, tree.make_tangent, tree.complete)
#: Instead of an array: what only running tells.
DOUBT = Const("anybody's")


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
        made = makers(Block(after, []))
        users = {t for t, s in makers(body).items() if not is_derived(s)} - set(made)
        kept = {*function.inputs, *users}
        # A pullback's or a tangent is looked at once more where it is handed out.
        inner = bool(tangents) or marker.target in used_values(Block(after[1:], body.results))
        body.results[1:] = own_arrays(body, body.results[1:], made, kept, sure=inner)
    return function


def own_arrays(
    body: Block, results: list[Operand], made: Made, kept: set[Value], sure: bool = False
) -> list[Operand]:
    """The results of which arrays are copied that may be others' (`kept`), views of these, or there twice:
    by themselves, or in the containers that are results. `made` is where it is looked for what they are;
    with `sure`, what only running tells is not copied."""
    results = list(results)
    seen: set[Operand] = set()
    for holder, i, maker in array_places(body, results, made):
        result = holder[i]
        found = origins(result, made, kept, set())
        if found & seen or found & kept or not sure and DOUBT in found:
            copy = Value("", result.type)
            at = len(body.statements) if maker is None else body.statements.index(maker)
            array = isinstance(result.type, Array) and result.type.ndim
            whole = np.ndarray.copy if array else shadows.snapshot
            body.statements.insert(at, Call(copy, Const(whole), [result]))
            holder[i] = copy
        seen |= found - {DOUBT}
    return results


def array_places(
    body: Block, results: list[Operand], made: Made
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
        s = made.get(operand)
        if isinstance(s, Call) and is_call_of(s, *CONTAINERS) and s in body.statements:
            count = 1 if is_call_of(s, tree.complete) else len(s.args)
            todo += [(s.args, k, s) for k in range(count)] if s not in met else []
            met.append(s)
        elif holds_memory(operand.type):
            yield holder, i, maker


def origins(operand: Operand, made: Made, kept: set[Value], met: set[Value]) -> set[Operand]:
    """The arrays of which this one may be a view, itself among them if it is new; `DOUBT` if nobody knows."""
    if not isinstance(operand, Value) or operand in met or not holds_memory(operand.type):
        return set()
    met.add(operand)
    s = made.get(operand)
    if operand in kept or s is None:
        return {operand} if operand in kept else {DOUBT}
    if isinstance(s, Call):
        filled = is_call_of(s, tree.iterable_cotangent) and isinstance(operand.type, Array)
        if filled or not shares_memory(s):
            return {operand}
        sources = handed_on(s)
        if sources is None:
            return {DOUBT}
    elif isinstance(s, If | Try):
        sources = [b.results[s.targets.index(operand)] for b in blocks_of(s)]
    elif isinstance(s, Loop) and operand in (gathers := [g.target for g in s.gathers]):
        elements = s.gathers[gathers.index(operand)].elements
        held = any(holds_memory(operand_type(e)) for e in elements)
        return {DOUBT} if held else {operand}  # one array may be there several times
    elif isinstance(s, Loop):
        i = (s.targets if operand in s.targets else s.carried).index(operand)
        sources = [s.inits[i], s.body.results[i]]
    else:
        return {DOUBT}
    found = set().union(*(origins(o, made, kept, met) for o in sources))
    return found or {operand}  # a number in the form of an array


def handed_on(s: Call) -> list[Operand] | None:
    """The operands that may be, or be reached from, the result; None if nobody knows."""
    if is_call_of(s, *FIRST):
        return s.args[:1]  # type: ignore[return-value]
    if is_call_of(s, *CONTAINERS, tree.accumulate):
        return s.args  # type: ignore[return-value]
    try:
        known = isinstance(s.callee, Const) and s.callee.value in SHARING
    except TypeError:
        return None
    return plain_args(s) if known else None


def makers(block: Block) -> Made:
    """What defines each value, at any depth: items of loops aside."""
    found: Made = {}
    for s in walk(block):
        if isinstance(s, Call):
            found[s.target] = s
        elif isinstance(s, If | Try | Loop):
            found.update(dict.fromkeys(s.targets, s))
            if isinstance(s, Loop):
                found.update(dict.fromkeys([*s.carried, *(g.target for g in s.gathers)], s))
    return found


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
