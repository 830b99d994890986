"""The types of what functions of numbers and arrays give, where the lengths of axes are worked out.

Two symbols may have to be one: `x + y` of lengths n and m has whichever is not 1.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from adjoint.ir.nodes import Const, Operand
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    Axis,
    Literal,
    Real,
    Scalar,
    TupleOf,
    Type,
    is_number,
    is_plural,
    unliteral,
)
from adjoint.rules.samples import by_samples, quietly, sample_scalar, scalar_of

COMPARISONS = {operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne}


def python_arithmetic(function: Any, args: list[Operand], types: list[Type]) -> Type:
    classes = [unliteral(t).cls for t in types]  # type: ignore[attr-defined]
    if function in COMPARISONS:
        return Scalar(bool)
    if Real in classes:
        return Scalar(float if function is operator.truediv else Real)
    if function in (operator.pow, pow) and classes == [int, int]:
        exponent = args[1].value if isinstance(args[1], Const) else None
        return Scalar(Real) if exponent is None else Scalar(int if exponent >= 0 else float)
    values = [1 if c is int else c(1) for c in classes]
    return scalar_of(function(*values))


def elementwise(function: Any, args: list[Operand], types: list[Type]) -> Type:
    types = [unliteral(t) for t in types]
    if not all(map(is_number, types)):
        return UNKNOWN
    if isinstance(function, np.ufunc) and function.signature is not None:
        return by_samples(function, args, [])
    samples: list[Any] = []
    for operand, t in zip(args, types, strict=True):
        if isinstance(t, Array):
            samples.append(np.ones((1,) * t.ndim, t.dtype))
        else:
            exact = isinstance(operand, Const) and isinstance(operand.value, int)
            samples.append(operand.value if exact else sample_scalar(t))  # type: ignore[union-attr]
    results = quietly(function, samples)
    axes = broadcast_axes([t.axes for t in types if isinstance(t, Array)])
    if isinstance(results, tuple):
        return TupleOf(tuple(with_axes(r, axes) for r in results))
    return with_axes(results, axes)


def with_axes(sample: Any, axes: tuple[Axis, ...]) -> Type:
    if isinstance(sample, np.ndarray):
        return Array(sample.dtype, axes)
    return scalar_of(sample)


def broadcast_axes(shapes: Iterable[tuple[Axis, ...]]) -> tuple[Axis, ...]:
    """The axes of what arrays of these axes broadcast to."""
    shapes = list(shapes)
    ndim = max((len(s) for s in shapes), default=0)
    out: list[Axis] = []
    for i in range(ndim):
        column = [s[len(s) - ndim + i] for s in shapes if len(s) - ndim + i >= 0]
        out.append(functools.reduce(broadcast_axis, column))
    return tuple(out)


def broadcast_axis(a: Axis, b: Axis) -> Axis:
    if a == 1 or a == b:
        return b
    if b == 1:
        return a
    if isinstance(a, int) or isinstance(b, int):  # a number that is not 1 decides
        return a if isinstance(a, int) else b
    if is_plural(a):
        return a
    return b if is_plural(b) else None


def transposed(types: list[Type]) -> Type:
    """The type of `x.transpose(1, 0, 2)`."""
    array, order = types[0], [t.value for t in types[1:] if isinstance(t, Literal)]
    known = all(type(i) is int for i in order) and len(order) == len(types) - 1
    if not isinstance(array, Array) or not known:
        return UNKNOWN
    inside = all(-array.ndim <= i < array.ndim for i in order)
    if not inside or sorted(i % array.ndim for i in order) != list(range(array.ndim)):
        return UNKNOWN
    return Array(array.dtype, tuple(array.axes[i] for i in order))


def taken_along(args: list[Operand], types: list[Type], kwargs: dict[str | None, Operand]) -> Type:
    """Along the axis as many as there are indices; the other axes are broadcast."""
    axis = args[2] if len(args) > 2 else kwargs.get("axis")
    if len(types) < 2 or not isinstance(axis, Const) or not isinstance(axis.value, int):
        return UNKNOWN
    array, indices = types[:2]
    if not (isinstance(array, Array) and isinstance(indices, Array)):
        return UNKNOWN
    if array.ndim != indices.ndim or not -array.ndim <= axis.value < array.ndim:
        return UNKNOWN
    axes = list(broadcast_axes([array.axes, indices.axes]))
    axes[axis.value] = indices.axes[axis.value]
    return Array(array.dtype, tuple(axes))


def product(function: Any, a: Type, b: Type) -> Type:
    a, b = unliteral(a), unliteral(b)
    if not (isinstance(a, Array) and isinstance(b, Array) and a.ndim and b.ndim):
        return UNKNOWN
    if function in (np.dot, np.ndarray.dot) and max(a.ndim, b.ndim) > 2:
        return UNKNOWN
    sample = function(np.ones((1,) * a.ndim, a.dtype), np.ones((1,) * b.ndim, b.dtype))
    rows = a.axes[-2:-1] if a.ndim > 1 else ()
    columns = b.axes[-1:] if b.ndim > 1 else ()
    axes = (*broadcast_axes([a.axes[:-2], b.axes[:-2]]), *rows, *columns)
    return with_axes(sample, axes)


#: Functions of square matrices, of which few are invertible: the axes of their results.
SQUARE: dict[Any, Any] = {
    np.linalg.inv: lambda a: a, np.linalg.cholesky: lambda a: a, np.linalg.matrix_power: lambda a: a,
    np.linalg.det: lambda a: a[:-2], np.linalg.slogdet: lambda a: (a[:-2], a[:-2]),
    np.linalg.eigvalsh: lambda a: a[:-1], np.linalg.eigh: lambda a: (a[:-1], a),
    np.linalg.solve: None,
}  # fmt: skip


def of_square(function: Any, args: list[Operand], types: list[Type]) -> Type:
    """The type of a function of matrices whose last two axes are as long as each other."""
    first = types[0]
    if not isinstance(first, Array) or first.ndim < 2:
        return UNKNOWN
    ones = [np.ones((1,) * t.ndim, t.dtype) if isinstance(t, Array) else None for t in types]
    given = [a.value if isinstance(a, Const) else one for a, one in zip(args, ones, strict=True)]
    sample = quietly(function, given)
    axes = (*first.axes[:-1], first.axes[-2])
    if function is np.linalg.solve:
        b = types[1]
        if not isinstance(b, Array):
            return UNKNOWN
        own = (axes[-1],) if b.ndim == 1 else (axes[-1], b.axes[-1])
        return with_axes(sample, (*broadcast_axes([axes[:-2], b.axes[:-2]]), *own))
    found = SQUARE[function](axes)
    if isinstance(sample, tuple):
        parts = tuple(with_axes(x, own) for x, own in zip(sample, found, strict=True))
        return TupleOf(parts, type(sample))
    return with_axes(sample, found)
