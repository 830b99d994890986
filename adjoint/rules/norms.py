"""Norms of vectors and matrices; 0 at 0."""

from __future__ import annotations

import numpy as np

from adjoint.rules.reductions import widen
from adjoint.rules.registry import nondifferentiable, rule, source_of


@rule(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    """The Euclidean norm of vectors and the Frobenius norm of matrices: x̄ = (ȳ / y) x."""
    y = np.linalg.norm(x, ord, axis, keepdims)
    kind = norm_kind(ord, axis, np.ndim(x))

    def pullback(y_bar):
        if ord is None or kind == "frobenius":
            bars = (widen(y_bar / (y + (y == 0)), axis, keepdims) * x,)
        else:
            y_wide = widen(y, axis, keepdims)
            bar_wide = widen(y_bar, axis, keepdims)
            if kind == "matrix":
                bars = (matrix_norm_slope(x, y_wide, ord, axis) * bar_wide,)
            else:
                if kind == "euclidean":
                    x_bar = widen(y_bar / (y + (y == 0)), axis, keepdims) * x
                else:
                    x_bar = vector_norm_slope(x, y_wide, ord, axis) * bar_wide
                bars = (x_bar, order_slope(x, y_wide, ord, axis) * bar_wide)
        return bars

    return y, pullback


@rule(np.linalg.vector_norm)
def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    y = np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)

    def pullback(y_bar):
        y_wide, bar_wide = widen(y, axis, keepdims), widen(y_bar, axis, keepdims)
        if ord == 2:
            x_bar = widen(y_bar / (y + (y == 0)), axis, keepdims) * x
        else:
            x_bar = vector_norm_slope(x, y_wide, ord, axis) * bar_wide
        return x_bar, None, None, order_slope(x, y_wide, ord, axis) * bar_wide

    return y, pullback


@rule(np.linalg.matrix_norm)
def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    y = np.linalg.matrix_norm(x, keepdims=keepdims, ord=ord)

    def pullback(y_bar):
        if ord is None or ord == "fro":
            x_bar = widen(y_bar / (y + (y == 0)), (-2, -1), keepdims) * x
        else:
            slope = matrix_norm_slope(x, widen(y, (-2, -1), keepdims), ord, (-2, -1))
            x_bar = slope * widen(y_bar, (-2, -1), keepdims)
        return x_bar

    return y, pullback


@nondifferentiable
def norm_kind(ord, axis, ndim):
    """Which formula np.linalg.norm applies: euclidean, frobenius, vector or matrix."""
    axes = ndim if axis is None else np.size(axis)
    if ord is None or ord == "fro":
        return "frobenius"
    if ord == 2 and axes == 1:
        return "euclidean"
    return "vector" if axes == 1 else "matrix"


def vector_norm_slope(x, y, ord, axis=None):
    """∂y/∂x of a vector norm; y has the axes of x. Ties of the maximum share equally."""
    size = np.abs(x)
    direction = x / (size + (size == 0))
    if ord in (np.inf, -np.inf):
        hits = size == y
        return direction * (hits / np.sum(hits, axis, np.result_type(y), keepdims=True))
    if ord == 0:
        return np.zeros_like(direction)
    if ord == 1:
        return direction
    ratio = (size + (size == 0)) / (y + (y == 0))
    return direction * ratio ** (ord - 1)


def order_slope(x, y, ord, axis=None):
    """∂y/∂ord of a vector norm, Σ rᵖ log r · y / p with r = |x| / y; y has the axes of x."""
    if not 0 < np.abs(ord) < np.inf:
        return np.zeros_like(y)
    ratio = np.abs(x) / (y + (y == 0))
    ratio = ratio + (ratio == 0)
    return y / ord * np.sum(ratio**ord * np.log(ratio), axis=axis, keepdims=True)


def matrix_norm_slope(x, y, ord, axis=None):
    """∂y/∂x of a matrix norm over two axes; y has the axes of x."""
    rows, columns = (-2, -1) if axis is None else axis
    if ord in (1, -1, np.inf, -np.inf):
        summed, compared = (rows, columns) if ord in (1, -1) else (columns, rows)
        size = np.abs(x)
        hits = np.sum(size, axis=summed, keepdims=True) == y
        shares = hits / np.sum(hits, compared, np.result_type(y), keepdims=True)
        return x / (size + (size == 0)) * shares
    U, s, Vh = np.linalg.svd(np.moveaxis(x, (rows, columns), (-2, -1)), full_matrices=False)
    if ord == "nuc":
        weights = (s > np.max(s, axis=-1, keepdims=True) * 1e-15).astype(s.dtype)
    else:
        extreme = np.max(s, -1, keepdims=True) if ord == 2 else np.min(s, -1, keepdims=True)
        hits = s == extreme
        weights = hits / np.sum(hits, -1, s.dtype, keepdims=True)
    return np.moveaxis((U * weights[..., None, :]) @ Vh, (-2, -1), (rows, columns))


source_of(vector_norm_slope)(vector_norm_slope)
source_of(order_slope)(order_slope)
source_of(matrix_norm_slope)(matrix_norm_slope)
