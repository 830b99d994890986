"""Sums, means, spreads and products along axes."""

from __future__ import annotations

import numpy as np

from adjoint.rules.registry import nondifferentiable, rule, source_of

MISSING = np._NoValue

# -- shapes of reduced cotangents -----------------------------------------------------------------


def widen(y_bar, axis=None, keepdims=MISSING):
    """The reduced axes back, with length 1, so that y_bar broadcasts against the operand."""
    if axis is None or axis == () or keepdims is not MISSING and keepdims:
        return y_bar
    return np.expand_dims(y_bar, axis)


@rule(widen, linear="y_bar")
def widen_rule(y_bar, axis=None, keepdims=MISSING):
    wide = widen(y_bar, axis, keepdims)
    shape = np.shape(y_bar)

    def pullback(wide_bar):
        return np.reshape(wide_bar, shape)

    return wide, pullback


@nondifferentiable
def reduced_count(shape, axis=None, where=MISSING, keepdims=MISSING, like=1.0):
    """How many elements each element of the result was made of; an array of them is of its dtype."""
    if where is not MISSING and where is not True:
        keepdims = keepdims is not MISSING and bool(keepdims)
        counts = np.count_nonzero(np.broadcast_to(where, shape), axis, keepdims=keepdims)
        return np.asarray(counts, np.real(like).dtype)[()]
    if axis is None:
        return int(np.prod(shape))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return int(np.prod([shape[i] for i in axes]))


# -- sums and means -------------------------------------------------------------------------------


@rule(np.sum, np.ndarray.sum, linear="a")
def sum(a, axis=None, dtype=None, out=None, keepdims=MISSING, initial=MISSING, where=MISSING):
    y = np.sum(a, axis, dtype, out, keepdims, initial, where)
    shape = np.shape(a)

    def pullback(y_bar):
        wide = y_bar if axis is None else widen(y_bar, axis, keepdims)
        a_bar = np.broadcast_to(wide, shape)
        a_bar = a_bar if where is MISSING else np.where(where, a_bar, 0)
        return a_bar if initial is MISSING else (a_bar, None, None, None, None, np.sum(y_bar))

    return y, pullback


@rule(np.add.reduce, linear="a")
def add_reduce(a, axis=0, dtype=None, out=None, keepdims=False, initial=MISSING, where=True):
    y = np.add.reduce(a, axis, dtype, out, keepdims, initial, where)
    shape = np.shape(a)

    def pullback(y_bar):
        wide = y_bar if axis is None else widen(y_bar, axis, keepdims)
        a_bar = np.broadcast_to(wide, shape)
        a_bar = a_bar if where is True else np.where(where, a_bar, 0)
        return a_bar if initial is MISSING else (a_bar, None, None, None, None, np.sum(y_bar))

    return y, pullback


@rule(np.nansum)
def nansum(a, axis=None, dtype=None, out=None, keepdims=MISSING, initial=MISSING, where=MISSING):
    y = np.nansum(a, axis, dtype, out, keepdims, initial, where)
    counted = present(a, where)

    def pullback(y_bar):
        a_bar = counted * widen(y_bar, axis, keepdims)
        return a_bar if initial is MISSING else (a_bar, None, None, None, None, np.sum(y_bar))

    return y, pullback


@nondifferentiable
def present(a, where=MISSING):
    """Where there is a number, and it is asked for."""
    return ~np.isnan(a) if where is MISSING else ~np.isnan(a) & where


@rule(np.mean, np.ndarray.mean, linear="a")
def mean(a, axis=None, dtype=None, out=None, keepdims=MISSING, *, where=MISSING):
    y = np.mean(a, axis, dtype, out, keepdims, where=where)
    shape = np.shape(a)
    count = (
        np.size(a)
        if axis is None and where is MISSING
        else reduced_count(shape, axis, where, keepdims, y)
    )

    def pullback(y_bar):
        share = y_bar / count
        wide = share if axis is None else widen(share, axis, keepdims)
        a_bar = np.broadcast_to(wide, shape)
        return a_bar if where is MISSING else np.where(where, a_bar, 0)

    return y, pullback


@rule(np.nanmean)
def nanmean(a, axis=None, dtype=None, out=None, keepdims=MISSING, *, where=MISSING):
    y = np.nanmean(a, axis, dtype, out, keepdims, where=where)
    counted = present(a, where)

    def pullback(y_bar):
        count = np.sum(counted, axis, y.dtype, keepdims=keepdims)
        return counted * widen(y_bar / count, axis, keepdims)

    return y, pullback


# -- variance and standard deviation --------------------------------------------------------------
# With d = ddof (or correction) and m = mean: ∂y/∂d = y / (n − d) and ∂y/∂m = −Σ ∂y/∂a of the variance.


@rule(np.var, np.ndarray.var)
def var(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=MISSING,
    *, where=MISSING, mean=MISSING, correction=MISSING,
):  # fmt: skip
    """y = Σ |a − mean|² / (n − ddof)"""
    y = np.var(a, axis, dtype, out, ddof, keepdims, where=where, mean=mean, correction=correction)
    freedom = reduced_count(np.shape(a), axis, where, keepdims, y) - (
        ddof if correction is MISSING else correction
    )

    def pullback(y_bar):
        centre = np.mean(a, axis, keepdims=True, where=where) if mean is MISSING else mean
        a_bar = widen(2 * y_bar / freedom, axis, keepdims) * (a - centre)
        a_bar = a_bar if where is MISSING else np.where(where, a_bar, 0)
        mean_bar, ddof_bar = -a_bar, y_bar * y / freedom
        return a_bar, None, None, None, ddof_bar, None, None, mean_bar, ddof_bar

    return y, pullback


@rule(np.std, np.ndarray.std)
def std(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=MISSING,
    *, where=MISSING, mean=MISSING, correction=MISSING,
):  # fmt: skip
    """y = √var; 0 where y is 0."""
    y = np.std(a, axis, dtype, out, ddof, keepdims, where=where, mean=mean, correction=correction)
    freedom = reduced_count(np.shape(a), axis, where, keepdims, y) - (
        ddof if correction is MISSING else correction
    )

    def pullback(y_bar):
        centre = np.mean(a, axis, keepdims=True, where=where) if mean is MISSING else mean
        a_bar = widen(y_bar / (freedom * (y + (y == 0))), axis, keepdims) * (a - centre)
        a_bar = a_bar if where is MISSING else np.where(where, a_bar, 0)
        mean_bar, ddof_bar = -a_bar, y_bar * y / (2 * freedom)
        return a_bar, None, None, None, ddof_bar, None, None, mean_bar, ddof_bar

    return y, pullback


@rule(np.nanvar)
def nanvar(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=MISSING,
    *, where=MISSING, mean=MISSING, correction=MISSING,
):  # fmt: skip
    y = np.nanvar(
        a, axis, dtype, out, ddof, keepdims, where=where, mean=mean, correction=correction
    )
    counted = present(a, where)

    def pullback(y_bar):
        freedom = np.sum(counted, axis, y.dtype, keepdims=keepdims) - (
            ddof if correction is MISSING else correction
        )
        centre = np.nanmean(a, axis, keepdims=True, where=where) if mean is MISSING else mean
        a_bar = np.where(counted, widen(2 * y_bar / freedom, axis, keepdims) * (a - centre), 0)
        mean_bar, ddof_bar = -a_bar, y_bar * y / freedom
        return a_bar, None, None, None, ddof_bar, None, None, mean_bar, ddof_bar

    return y, pullback


@rule(np.nanstd)
def nanstd(
    a, axis=None, dtype=None, out=None, ddof=0, keepdims=MISSING,
    *, where=MISSING, mean=MISSING, correction=MISSING,
):  # fmt: skip
    y = np.nanstd(
        a, axis, dtype, out, ddof, keepdims, where=where, mean=mean, correction=correction
    )
    counted = present(a, where)

    def pullback(y_bar):
        freedom = np.sum(counted, axis, y.dtype, keepdims=keepdims) - (
            ddof if correction is MISSING else correction
        )
        centre = np.nanmean(a, axis, keepdims=True, where=where) if mean is MISSING else mean
        slope = widen(y_bar / (freedom * (y + (y == 0))), axis, keepdims)
        a_bar = np.where(counted, slope * (a - centre), 0)
        mean_bar, ddof_bar = -a_bar, y_bar * y / (2 * freedom)
        return a_bar, None, None, None, ddof_bar, None, None, mean_bar, ddof_bar

    return y, pullback


# -- products -------------------------------------------------------------------------------------


@rule(np.prod, np.ndarray.prod)
def prod(a, axis=None, dtype=None, out=None, keepdims=MISSING, initial=MISSING, where=MISSING):
    y = np.prod(a, axis, dtype, out, keepdims, initial, where)

    def pullback(y_bar):
        factor = y_bar if initial is MISSING else np.conj(np.conj(y_bar) * initial)
        kept = a if where is MISSING else np.where(where, a, 1)
        a_bar = np.conj(product_of_others(kept, axis)) * widen(factor, axis, keepdims)
        a_bar = a_bar if where is MISSING else np.where(where, a_bar, 0)
        if initial is MISSING:
            bars = (a_bar,)
        else:
            product = np.prod(kept, axis, keepdims=keepdims)
            bars = (a_bar, None, None, None, None, np.sum(y_bar * np.conj(product)))
        return bars

    return y, pullback


@rule(np.multiply.reduce)
def multiply_reduce(a, axis=0, dtype=None, out=None, keepdims=False, initial=MISSING, where=True):
    y = np.multiply.reduce(a, axis, dtype, out, keepdims, initial, where)

    def pullback(y_bar):
        factor = y_bar if initial is MISSING else np.conj(np.conj(y_bar) * initial)
        kept = a if where is True else np.where(where, a, 1)
        a_bar = np.conj(product_of_others(kept, axis)) * widen(factor, axis, keepdims)
        a_bar = a_bar if where is True else np.where(where, a_bar, 0)
        if initial is MISSING:
            bars = (a_bar,)
        else:
            product = np.prod(kept, axis, keepdims=keepdims)
            bars = (a_bar, None, None, None, None, np.sum(y_bar * np.conj(product)))
        return bars

    return y, pullback


@rule(np.nanprod)
def nanprod(a, axis=None, dtype=None, out=None, keepdims=MISSING, initial=MISSING, where=MISSING):
    y = np.nanprod(a, axis, dtype, out, keepdims, initial, where)
    counted = present(a, where)

    def pullback(y_bar):
        factor = y_bar if initial is MISSING else np.conj(np.conj(y_bar) * initial)
        kept = np.where(counted, a, 1)
        a_bar = counted * np.conj(product_of_others(kept, axis)) * widen(factor, axis, keepdims)
        if initial is MISSING:
            bars = (a_bar,)
        else:
            product = np.prod(kept, axis, keepdims=keepdims)
            bars = (a_bar, None, None, None, None, np.sum(y_bar * np.conj(product)))
        return bars

    return y, pullback


def product_of_others(a, axis=None):
    """For each element the product of all others along the axes: y / a, and exact where a is 0."""
    if np.all(a):
        return np.prod(a, axis, keepdims=True) / a
    ndim = np.ndim(a)
    axes = tuple(range(ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(a, axes, last)
    flat = np.reshape(moved, np.shape(moved)[: ndim - len(axes)] + (-1,))
    one = np.ones_like(flat[..., :1])
    before = np.cumprod(np.concatenate([one, flat[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([one, flat[..., :0:-1]], -1), -1)[..., ::-1]
    return np.moveaxis(np.reshape(before * after, np.shape(moved)), last, axes)


source_of(product_of_others)(product_of_others)
