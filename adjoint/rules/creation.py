"""Arrays from numbers and from nothing."""

from __future__ import annotations

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.tree import project, unbroadcast

nondifferentiable(
    *(np.zeros, np.ones, np.empty, np.eye, np.identity, np.tri, np.indices),
    *(np.zeros_like, np.ones_like, np.empty_like),
    *(np.tril_indices, np.triu_indices, np.diag_indices, np.mask_indices),
    *(np.tril_indices_from, np.triu_indices_from, np.diag_indices_from),
)

nondifferentiable(
    *(np.shape, np.ndim, np.size, np.broadcast_shapes, np.iterable),
    *(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort),
    *(np.ndarray.argmax, np.ndarray.argmin, np.ndarray.argsort, np.ndarray.argpartition),
    *(np.nonzero, np.flatnonzero, np.argwhere, np.ndarray.nonzero, np.count_nonzero),
    *(np.any, np.all, np.ndarray.any, np.ndarray.all),
    *(np.logical_and.reduce, np.logical_or.reduce),
    *(np.searchsorted, np.ndarray.searchsorted, np.digitize),
    *(np.ix_, np.unravel_index, np.ravel_multi_index, np.isin),
    np.errstate,
    *(np.linalg.matrix_rank, np.einsum_path),
)

# -- arrays of numbers and arrays -----------------------------------------------------------------


@rule(np.array, linear="object")
def array(object, dtype=None, *, copy=True, order="K", subok=False, ndmin=0, like=None):
    y = np.array(object, dtype, copy=copy, order=order, subok=subok, ndmin=ndmin)

    def pullback(y_bar):
        if isinstance(object, list | tuple):
            object_bar = nested(y_bar, object)
        elif ndmin > 0:
            object_bar = np.reshape(y_bar, np.shape(object))
        else:
            object_bar = y_bar
        return object_bar

    return y, pullback


@source_of(np.fromiter)
def fromiter(iter, dtype, count=-1, *, like=None):
    items = list(iter)
    return np.array(items if count < 0 else items[:count], dtype)


@rule(np.asarray, linear="a")
def asarray(a, dtype=None, order=None, *, device=None, copy=None, like=None):
    y = np.asarray(a, dtype, order, copy=copy)

    def pullback(y_bar):
        return nested(y_bar, a) if isinstance(a, list | tuple) else y_bar

    return y, pullback


@rule(np.asanyarray, linear="a")
def asanyarray(a, dtype=None, order=None, *, device=None, copy=None, like=None):
    y = np.asanyarray(a, dtype, order, copy=copy)

    def pullback(y_bar):
        return nested(y_bar, a) if isinstance(a, list | tuple) else y_bar

    return y, pullback


@rule(np.ascontiguousarray, linear="a")
def ascontiguousarray(a, dtype=None):
    y = np.ascontiguousarray(a, dtype)

    def pullback(y_bar):
        if isinstance(a, list | tuple):
            a_bar = nested(y_bar, a)
        else:
            a_bar = np.reshape(y_bar, np.shape(a))
        return a_bar

    return y, pullback


@rule(np.asfortranarray, linear="a")
def asfortranarray(a, dtype=None):
    y = np.asfortranarray(a, dtype)

    def pullback(y_bar):
        if isinstance(a, list | tuple):
            a_bar = nested(y_bar, a)
        else:
            a_bar = np.reshape(y_bar, np.shape(a))
        return a_bar

    return y, pullback


@rule(np.copy, linear="a")
def copy(a, order="K", subok=False):
    y = np.copy(a, order, subok)

    def pullback(y_bar):
        return nested(y_bar, a) if isinstance(a, list | tuple) else y_bar

    return y, pullback


@rule(np.astype)
def astype(x, dtype, /, *, copy=True, device=None):
    y = np.astype(x, dtype, copy=copy)
    floating = np.issubdtype(dtype, np.inexact)

    def pullback(y_bar):
        return y_bar if floating else None

    return y, pullback


def nested(y_bar, like):
    """The rows of a cotangent, in lists nested as those of `like`."""
    if not isinstance(like, list | tuple):
        return np.reshape(y_bar, np.shape(like))
    rows = np.reshape(y_bar, (len(like), *np.shape(y_bar)[np.ndim(y_bar) - np.ndim(like) + 1 :]))
    return [nested(row, each) for row, each in zip(rows, like, strict=True)]


@rule(nested, linear="y_bar", form="like")
def nested_rule(y_bar, like):
    bars = nested(y_bar, like)
    shape = np.shape(y_bar)

    def pullback(c):
        return np.reshape(unnested(c, like), shape)

    return bars, pullback


def unnested(bars, like):
    """The array of nested cotangents; those that are None are 0."""
    if bars is None:
        return np.zeros(np.shape(like))
    if not isinstance(like, list | tuple):
        return bars
    rows = [unnested(bar, each) for bar, each in zip(bars, like, strict=True)]
    return np.stack(rows) if rows else np.zeros(0)


@rule(unnested, linear="bars", form="like")
def unnested_rule(bars, like):
    y = unnested(bars, like)

    def pullback(y_bar):
        return nested(y_bar, like)

    return y, pullback


def in_form_of(y_bar, like):
    """The cotangent of what NumPy has made an array of and broadcast to the shape of `y_bar`."""
    if isinstance(like, list | tuple):
        return nested(unbroadcast(y_bar, np.shape(like)), like)
    return project(y_bar, like)


@rule(in_form_of, linear="y_bar", form="like")
def in_form_of_rule(y_bar, like):
    bars = in_form_of(y_bar, like)
    shape = np.shape(y_bar)

    def pullback(c):
        return np.broadcast_to(unnested(c, like), shape)

    return bars, pullback


# -- constant and evenly spaced -------------------------------------------------------------------


@rule(np.full)
def full(shape, fill_value, dtype=None, order="C", *, device=None, like=None):
    y = np.full(shape, fill_value, dtype, order)

    def pullback(y_bar):
        return None, y_bar

    return y, pullback


@rule(np.full_like)
def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
    y = np.full_like(a, fill_value, dtype, order, subok, shape)

    def pullback(y_bar):
        return None, y_bar

    return y, pullback


@rule(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    """y = (1 - t) start + t stop"""
    y = np.linspace(start, stop, num, endpoint, retstep, dtype, axis)
    t = unit_steps(num, endpoint, retstep).astype(np.real(y).dtype)

    def pullback(y_bar):
        return np.tensordot(1 - t, y_bar, (0, axis)), np.tensordot(t, y_bar, (0, axis))

    return y, pullback


@nondifferentiable
def unit_steps(num, endpoint, retstep=False):
    """`num` even steps from 0 to 1."""
    if retstep:
        raise MissingRuleError(
            "np.linspace with retstep=True is not differentiated",
            hint="compute the step from start, stop and num",
        )
    return np.linspace(0.0, 1.0, num, endpoint)


@rule(np.logspace)
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    """y = base ** ((1 - t) start + t stop)"""
    y = np.logspace(start, stop, num, endpoint, base, dtype, axis)
    t = unit_steps(num, endpoint).astype(np.real(y).dtype)

    def pullback(y_bar):
        power_bar = y_bar * np.conj(y * np.asarray(np.log(base), y.dtype))
        start_bar = np.tensordot(1 - t, power_bar, (0, axis))
        stop_bar = np.tensordot(t, power_bar, (0, axis))
        exponents = np.linspace(start, stop, num, endpoint, axis=axis).astype(y.dtype)
        base_bar = y_bar * y * exponents / base
        return start_bar, stop_bar, None, None, base_bar

    return y, pullback


@rule(np.geomspace)
def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """y = start ** (1 - t) * stop ** t"""
    y = np.geomspace(start, stop, num, endpoint, dtype, axis)
    t = unit_steps(num, endpoint)

    def pullback(y_bar):
        log_bar = y_bar * np.conj(y)
        start_bar = np.tensordot(1 - t, log_bar, (0, axis)) / np.conj(start)
        stop_bar = np.tensordot(t, log_bar, (0, axis)) / np.conj(stop)
        return start_bar, stop_bar

    return y, pullback


@rule(np.vander)
def vander(x, N=None, increasing=False):
    y = np.vander(x, N, increasing)
    powers = column_powers(np.shape(y)[-1], increasing)

    def pullback(y_bar):
        slopes = powers * np.expand_dims(x, -1) ** np.maximum(powers - 1, 0)
        return np.sum(y_bar * np.conj(slopes), axis=-1)

    return y, pullback


@nondifferentiable
def column_powers(count, increasing):
    """The power that each column of a Vandermonde matrix holds."""
    return np.arange(count) if increasing else np.arange(count)[::-1]


@rule(np.arange)
def arange(start, stop=None, step=1, dtype=None, *, device=None, like=None):
    """start + step · i: the number of items does not change with the operands."""
    y = np.arange(start, stop, step, dtype)
    floating = y.dtype.kind in "fc" and stop is not None

    def pullback(y_bar):
        start_bar = np.sum(y_bar) if floating else None
        return (
            start_bar,
            None,
            np.sum(y_bar * np.arange(np.size(y_bar))) if floating else None,
        )

    return y, pullback
