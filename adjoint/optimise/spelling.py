"""The same calls in the spelling that NumPy runs fastest, at no cost to the reader.

np.sum(x, axis=0)       ->  x.sum(axis=0)      anywhere: to this the function comes down
2 * x                   ->  x + x              reverse half: no number to be converted
3 * x                   ->  3.0 * x
W.T @ v, x.T @ d        ->  W.T.dot(v), …      reverse half: vectors, and axes of length 1
d[:, None] * x          ->  d[:, None].dot(x[None])      reverse half

What a call costs whatever the size: `np.sum(x)` 1.5 µs and `x.sum()` 0.8, `2 * x` 0.45 and `x + x`
0.2, `W @ v` 0.65 and `W.dot(v)` 0.25. The product of a column with a row is nine times faster by
`dot`, and half as long as by `*`, whatever their lengths; of other matrices `@` is never slower, and four
times faster for some. Where a value of the user's is computed, `@` stays: of rows with gaps between their
items it is summed in another order.

>>> import numpy as np
>>> from adjoint.ir.nodes import Block, Call, Const, Function, Parameter, Value
>>> from adjoint.ir.printer import show
>>> from adjoint.ir.types import Array
>>> x, x_bar, y = (Value(n, Array(np.dtype(float), (3,))) for n in ("x", "x_bar", "y"))
>>> program = Function("f", [Parameter(x)], Block([
...     Call(x_bar, Const(operator.mul), [Const(2), x]),
...     Call(y, Const(np.sum), [x_bar]),
... ], [y]))
>>> print(show(respell(program), types=False))
function f(x)
  x_bar = add(x, x)
  y = sum(x_bar)
  return y
>>> program.body.statements[1].callee.value is np.ndarray.sum
True

Runs last: the other passes know the plain spelling.
"""

from __future__ import annotations

import operator
from collections import Counter
from typing import Any

import numpy as np

from adjoint.ir.nodes import Block, Call, Const, Function, Splat, Value, blocks_of, walk
from adjoint.ir.types import Array
from adjoint.optimise.facts import (
    IsMarker,
    count_uses,
    derivative_calls,
    is_call_of,
    kind_of,
    number,
)

METHODS: dict[Any, Any] = {
    np.sum: np.ndarray.sum, np.mean: np.ndarray.mean, np.prod: np.ndarray.prod,
    np.max: np.ndarray.max, np.amax: np.ndarray.max, np.min: np.ndarray.min,
    np.amin: np.ndarray.min,
}  # fmt: skip
ARITHMETIC = (operator.add, operator.sub, operator.mul, operator.truediv)
PRODUCTS = (operator.matmul, np.matmul, np.dot)


def respell(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Change callees and operands in place; returns the function."""
    for s in walk(function.body):
        if isinstance(s, Call):
            method(s)
    shared = count_uses(function.body)
    shared.update(function.inputs)
    free = derivative_calls(function, is_marker)
    for s in free:
        double(s, shared)
        floating_constant(s)
        dot(s)
    outer(function.body, set(map(id, free)))
    return function


def method(s: Call) -> None:
    """np.sum(x, …) -> x.sum(…)"""
    if not isinstance(s.callee, Const) or not s.args or isinstance(s.args[0], Splat):
        return
    given = [*s.args[1:], *(o for _, o in s.kwargs)]
    if any(isinstance(o, Const) and o.value is np._NoValue for o in given):
        return  # a method does not know this word for "not given"
    kind = kind_of(s.args[0])
    if isinstance(kind, Array) and kind.ndim and kind.dtype != object:
        for function, own in METHODS.items():
            if s.callee.value is function:
                s.callee = Const(own)


def double(s: Call, uses: Counter[Value]) -> None:
    """2 * x -> x + x, of an array that has a name anyway"""
    if not is_call_of(s, operator.mul):
        return
    c, x = s.args
    if number(c) != 2 or not isinstance(x, Value) or not is_floating(x):
        return
    if x.named or uses[x] > 1:
        s.callee, s.args = Const(operator.add), [x, x]
        uses[x] += 1


def floating_constant(s: Call) -> None:
    """1 - x -> 1.0 - x"""
    if is_call_of(s, *ARITHMETIC) and any(map(is_floating, s.args)):
        s.args = [
            Const(float(a.value)) if isinstance(a, Const) and type(a.value) is int else a
            for a in s.args
        ]


def dot(s: Call) -> None:
    """a @ b -> a.dot(b), where one of them is a vector, or both are matrices and one is thin"""
    if not is_call_of(s, *PRODUCTS):
        return
    a, b = map(kind_of, s.args)
    if not isinstance(a, Array) or not isinstance(b, Array) or a.dtype != b.dtype:
        return
    thin = 1 in (*a.axes, *b.axes)
    if {a.ndim, b.ndim} <= {1, 2} and (thin or 1 in (a.ndim, b.ndim)) and a.dtype.kind in "fc":
        s.callee = Const(np.ndarray.dot)


def outer(block: Block, free: set[int]) -> None:
    """column * row -> column.dot(row), which a vector becomes by an axis more"""
    for s in list(block.statements):
        for inner in blocks_of(s):
            outer(inner, free)
        if id(s) not in free or not is_call_of(s, operator.mul):
            continue
        assert isinstance(s, Call)
        a, b = s.args
        if not is_column(a):
            a, b = b, a
        kind = kind_of(b)
        if not is_column(a) or not is_floating(b) or kind_of(a).dtype != kind.dtype:  # type: ignore[attr-defined]
            continue
        if kind.ndim == 1:  # type: ignore[attr-defined]
            row = Value("", Array(kind.dtype, (1, *kind.axes)))  # type: ignore[attr-defined]
            at = block.statements.index(s)
            block.statements.insert(
                at, Call(row, Const(operator.getitem), [b, Const(None)], [], s.origin)
            )
        elif kind.ndim == 2 and kind.axes[0] == 1:  # type: ignore[attr-defined]
            row = b
        else:
            continue
        s.callee, s.args = Const(np.ndarray.dot), [a, row]


def is_column(operand: Any) -> bool:
    kind = kind_of(operand)
    return is_floating(operand) and kind.ndim == 2 and kind.axes[1] == 1  # type: ignore[attr-defined]


def is_floating(operand: Any) -> bool:
    kind = kind_of(operand)
    return isinstance(kind, Array) and kind.ndim > 0 and kind.dtype.kind in "fc"
