"""Running sums, products and extrema, differences, and order statistics."""

from __future__ import annotations

import numpy as np

from adjoint.rules.indexing import along, scatter_along
from adjoint.rules.reductions import MISSING
from adjoint.rules.registry import nondifferentiable, rule, source_of

# -- running sums ---------------------------------------------------------------------------------


@rule(np.cumsum, np.ndarray.cumsum, linear="a")
def cumsum(a, axis=None, dtype=None, out=None):
    y = np.cumsum(a, axis, dtype, out)
    shape = np.shape(a)

    def pullback(y_bar):
        at = 0 if axis is None else axis
        a_bar = np.flip(np.cumsum(np.flip(y_bar, at), at), at)
        return np.reshape(a_bar, shape) if axis is None else a_bar

    return y, pullback


@rule(np.add.accumulate, linear="a")
def add_accumulate(a, axis=0, dtype=None, out=None):
    y = np.add.accumulate(a, axis, dtype, out)

    def pullback(y_bar):
        return np.flip(np.cumsum(np.flip(y_bar, axis), axis), axis)

    return y, pullback


@rule(np.nancumsum)
def nancumsum(a, axis=None, dtype=None, out=None):
    y = np.nancumsum(a, axis, dtype, out)
    counted = ~np.isnan(a)

    def pullback(y_bar):
        at = 0 if axis is None else axis
        a_bar = np.flip(np.cumsum(np.flip(y_bar, at), at), at)
        return counted * np.reshape(a_bar, np.shape(counted))

    return y, pullback


@rule(np.cumulative_sum, linear="x")
def cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    y = np.cumulative_sum(x, axis=axis, dtype=dtype, out=out, include_initial=include_initial)

    def pullback(y_bar):
        at = 0 if axis is None else axis
        sums_bar = np.delete(y_bar, 0, at) if include_initial else y_bar
        return np.flip(np.cumsum(np.flip(sums_bar, at), at), at)

    return y, pullback


# -- running products -----------------------------------------------------------------------------


@rule(np.cumprod, np.ndarray.cumprod)
def cumprod(a, axis=None, dtype=None, out=None):
    y = np.cumprod(a, axis, dtype, out)

    def pullback(y_bar):
        if axis is None:
            a_bar = np.reshape(cumprod_cotangent(y_bar, np.ravel(a), y, 0), np.shape(a))
        else:
            a_bar = cumprod_cotangent(y_bar, a, y, axis)
        return a_bar

    return y, pullback


@rule(np.multiply.accumulate)
def multiply_accumulate(a, axis=0, dtype=None, out=None):
    y = np.multiply.accumulate(a, axis, dtype, out)

    def pullback(y_bar):
        return cumprod_cotangent(y_bar, a, y, axis)

    return y, pullback


@rule(np.cumulative_prod)
def cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
    y = np.cumulative_prod(x, axis=axis, dtype=dtype, out=out, include_initial=include_initial)

    def pullback(y_bar):
        at = 0 if axis is None else axis
        products_bar = np.delete(y_bar, 0, at) if include_initial else y_bar
        products = np.delete(y, 0, at) if include_initial else y
        return cumprod_cotangent(products_bar, x, products, at)

    return y, pullback


def cumprod_cotangent(y_bar, a, y, axis):
    """a_bar[k] = y[k-1] s[k], where s[k] = y_bar[k] + a[k+1] s[k+1]: exact where a is 0."""
    bars = np.moveaxis(y_bar, axis, 0)
    factors = np.conj(np.moveaxis(a, axis, 0))
    products = np.conj(np.moveaxis(y, axis, 0))
    one = np.ones_like(products[:1])
    sums = linear_recurrence(bars[::-1], np.roll(factors[::-1], 1, 0))[::-1]
    return np.moveaxis(np.concatenate([one, products[:-1]]) * sums, 0, axis)


source_of(cumprod_cotangent)(cumprod_cotangent)


def linear_recurrence(x, factors):
    """s[k] = x[k] + factors[k] s[k-1] along the first axis."""
    s = np.array(x, np.result_type(x, factors))
    for k in range(1, len(s)):
        s[k] += factors[k] * s[k - 1]
    return s


@rule(linear_recurrence)
def linear_recurrence_rule(x, factors):
    """The transpose is the recurrence backwards."""
    s = linear_recurrence(x, factors)

    def pullback(s_bar):
        x_bar = linear_recurrence(s_bar[::-1], np.roll(np.conj(factors)[::-1], 1, 0))[::-1]
        before = np.concatenate([np.zeros_like(s[:1]), s[:-1]])
        return x_bar, x_bar * np.conj(before)

    return s, pullback


# -- running extrema ------------------------------------------------------------------------------


@rule(np.maximum.accumulate)
def maximum_accumulate(a, axis=0, dtype=None, out=None):
    y = np.maximum.accumulate(a, axis, dtype, out)
    record = records(a, y, axis)
    shape = np.shape(a)

    def pullback(y_bar):
        return scatter_along(y_bar, shape, record, axis)

    return y, pullback


@rule(np.minimum.accumulate)
def minimum_accumulate(a, axis=0, dtype=None, out=None):
    y = np.minimum.accumulate(a, axis, dtype, out)
    record = records(a, y, axis)
    shape = np.shape(a)

    def pullback(y_bar):
        return scatter_along(y_bar, shape, record, axis)

    return y, pullback


@nondifferentiable
def records(a, y, axis):
    """Where along the axis the running extremum was last attained."""
    counter = np.expand_dims(np.arange(np.shape(a)[axis]), tuple(range(1, np.ndim(a))))
    return np.maximum.accumulate(np.where(a == y, np.moveaxis(counter, 0, axis), 0), axis)


# -- differences ----------------------------------------------------------------------------------


@rule(np.diff)
def diff(a, n=1, axis=-1, prepend=MISSING, append=MISSING):
    y = np.diff(a, n, axis, prepend, append)
    length = np.shape(a)[axis]
    before = 0 if prepend is MISSING else edge_length(prepend, axis)

    def pullback(y_bar):
        joined_bar = diff_transpose(y_bar, n, axis)
        if n == 0 or prepend is MISSING and append is MISSING:
            bars = (joined_bar,)
        else:
            bars = (
                joined_bar[along(axis, before, before + length)],
                None,
                None,
                None if prepend is MISSING else joined_bar[along(axis, None, before)],
                None if append is MISSING else joined_bar[along(axis, before + length, None)],
            )
        return bars

    return y, pullback


@nondifferentiable
def edge_length(edge, axis):
    """How many values `prepend` or `append` adds."""
    return 1 if np.ndim(edge) == 0 else np.shape(edge)[axis]


@rule(np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    y = np.ediff1d(ary, to_end, to_begin)
    begin = 0 if to_begin is None else np.size(to_begin)
    end = np.size(y) - (0 if to_end is None else np.size(to_end))

    def pullback(y_bar):
        ary_bar = np.reshape(diff_transpose(y_bar[begin:end], 1, 0), np.shape(ary))
        to_end_bar = None if to_end is None else np.reshape(y_bar[end:], np.shape(to_end))
        to_begin_bar = None if to_begin is None else np.reshape(y_bar[:begin], np.shape(to_begin))
        return ary_bar, to_end_bar, to_begin_bar

    return y, pullback


def diff_transpose(y_bar, n=1, axis=-1):
    """The transpose of np.diff: for n = 1, element k gets y_bar[k-1] - y_bar[k]."""
    for _ in range(n):
        shape = list(np.shape(y_bar))
        shape[axis] += 1
        x_bar = np.zeros(shape, np.result_type(y_bar))
        x_bar[along(axis, 1, None)] = y_bar
        x_bar[along(axis, None, -1)] -= y_bar
        y_bar = x_bar
    return y_bar


@rule(diff_transpose, linear="y_bar")
def diff_transpose_rule(y_bar, n=1, axis=-1):
    x_bar = diff_transpose(y_bar, n, axis)

    def pullback(c):
        return np.diff(c, n, axis)

    return x_bar, pullback
