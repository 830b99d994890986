"""Methods of NumPy's functions of two arguments: outer, accumulate, reduce, reduceat.

Sums, products, maxima and minima have rules of their own; the others are what the function gives
again and again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.rules.computed import computed, valued
from adjoint.rules.reductions import MISSING
from adjoint.rules.registry import lookup, nondifferentiable, source_of, table


def declare(function: Any) -> None:
    """The methods of one function that have no rule yet."""

    def outer(A, B, /):
        A = np.asarray(A)
        return function(np.reshape(A, np.shape(A) + (1,) * np.ndim(B)), B)

    def accumulate(array, axis=0, dtype=None, out=None):
        y = computed(function.accumulate, array, axis, dtype)
        rows = np.moveaxis(np.asarray(array), axis, 0)
        total = rows[0]
        parts = [total]
        for row in rows[1:]:
            total = function(total, row)
            parts = [*parts, total]
        return valued(y, np.moveaxis(np.stack(parts), 0, axis))

    def reduce(array, axis=0, dtype=None, out=None, keepdims=False, initial=MISSING, where=True):
        y = computed(function.reduce, array, axis, dtype, None, keepdims, initial, where)
        rows = reduced_first(np.asarray(array), axis)
        if where is not True:
            mask = reduced_first(np.broadcast_to(where, np.shape(array)), axis)
        start = function.identity if initial is MISSING else initial
        total = rows[0] if start is None else start
        for i in range(0 if start is not None else 1, np.shape(rows)[0]):
            following = function(total, rows[i])
            total = following if where is True else np.where(mask[i], following, total)
        return valued(y, np.reshape(total, np.shape(y)))

    def reduceat(array, indices, axis=0, dtype=None, out=None):
        y = computed(function.reduceat, array, indices, axis, dtype)
        rows = np.moveaxis(np.asarray(array), axis, 0)
        parts = [function.reduce(rows[i:j]) for i, j in segments(indices, np.shape(rows)[0])]
        return valued(y, np.moveaxis(np.stack(parts), 0, axis))

    texts = {"outer": outer, "accumulate": accumulate, "reduce": reduce, "reduceat": reduceat}
    for name, text in texts.items():
        method = getattr(function, name)
        if lookup(method) is None:
            source_of(method)(text)


def reduced_first(a, axis):
    """The axes that are reduced, as one axis before all others."""
    if axis is None:
        return np.reshape(a, (-1,))
    axes = axis if isinstance(axis, tuple) else (axis,)
    moved = np.moveaxis(a, axes, tuple(range(len(axes))))
    return np.reshape(moved, (-1,) + np.shape(moved)[len(axes) :])


source_of(reduced_first)(reduced_first)


@nondifferentiable
def segments(indices, n):
    """From each index to the next, where that is greater; else the one element."""
    stops = [*indices[1:], n]
    return [(int(i), max(int(j), int(i) + 1)) for i, j in zip(indices, stops, strict=True)]


for each, declared in table().items():
    if isinstance(each, np.ufunc) and each.nin == 2 and declared.kind == "partials":
        declare(each)
