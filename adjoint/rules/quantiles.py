"""Medians, percentiles and quantiles: each is a weighted sum of two of the elements."""

from __future__ import annotations

import numpy as np

from adjoint.rules.reductions import MISSING
from adjoint.rules.registry import nondifferentiable, rule, source_of


@rule(np.median)
def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    y = np.median(a, axis, out, False, keepdims)  # the pullback looks at a
    kept = kept_shape(np.shape(a), axis)

    def pullback(y_bar):
        return quantile_shares(a, 0.5, axis) * np.reshape(y_bar, kept)

    return y, pullback


@rule(np.quantile)
def quantile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False,
    *, weights=None,
):  # fmt: skip
    y = np.quantile(a, q, axis, out, False, method, keepdims, weights=weights)
    kept = kept_shape(np.shape(a), axis)

    def pullback(y_bar):
        wide = np.reshape(y_bar, np.shape(q) + kept)
        return quantile_cotangents(wide, a, q, axis, method, weights, False)

    return y, pullback


@rule(np.percentile)
def percentile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False,
    *, weights=None,
):  # fmt: skip
    y = np.percentile(a, q, axis, out, False, method, keepdims, weights=weights)
    kept = kept_shape(np.shape(a), axis)

    def pullback(y_bar):
        wide = np.reshape(y_bar, np.shape(q) + kept)
        share = np.asarray(q) / 100
        a_bar, q_bar = quantile_cotangents(wide, a, share, axis, method, weights, False)
        return a_bar, q_bar / 100

    return y, pullback


def quantile_cotangents(wide, a, q, axis, method, weights, skip_nans):
    """From ȳ with q's axes, then a's (reduced ones as 1): ā and q̄."""
    shares = quantile_shares(a, q, axis, method, weights, skip_nans)
    slopes = quantile_slopes(a, q, axis, method, weights, skip_nans)
    each = (
        slopes * np.where(slopes == 0, 0, a) * wide
    )  # an element that is infinite may be far away
    q_bar = np.sum(each, axis=tuple(range(-np.ndim(a), 0)))
    return np.sum(shares * wide, axis=tuple(range(np.ndim(q)))), q_bar


source_of(quantile_cotangents)(quantile_cotangents)


@nondifferentiable
def kept_shape(shape, axis=None):
    """The shape with the reduced axes as 1."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    reduced = {i % len(shape) for i in axes}
    return tuple(1 if i in reduced else n for i, n in enumerate(shape))


def quantile_shares(a, q, axis=None, method="linear", weights=None, skip_nans=False):
    """How much each element counts in its quantile; has q's axes, then a's."""
    return shares_and_slopes(a, q, axis, method, weights, skip_nans)[0]


@rule(quantile_shares)
def quantile_shares_rule(a, q, axis=None, method="linear", weights=None, skip_nans=False):
    shares = quantile_shares(a, q, axis, method, weights, skip_nans)

    def pullback(shares_bar):
        slopes = quantile_slopes(a, q, axis, method, weights, skip_nans)
        return None, np.sum(shares_bar * slopes, axis=tuple(range(-np.ndim(a), 0)))

    return shares, pullback


@nondifferentiable
def quantile_slopes(a, q, axis=None, method="linear", weights=None, skip_nans=False):
    """How fast `quantile_shares` change with q."""
    return shares_and_slopes(a, q, axis, method, weights, skip_nans)[1]


def shares_and_slopes(a, q, axis, method, weights, skip_nans):
    """`quantile_shares`, `quantile_slopes`.

    A quantile of 0, 1, ..., n-1 is its own position in the sorted order, whatever the method.
    """
    if skip_nans:
        return without_nans(a, q, axis, method, weights)
    if weights is not None:
        return weighted_shares(a, q, axis, method, weights)
    ndim = np.ndim(a)
    axes = tuple(range(ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(a, axes, last)
    lanes = np.reshape(moved, np.shape(moved)[: ndim - len(axes)] + (-1,))
    n = np.shape(lanes)[-1]
    order = np.argsort(lanes, -1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(n), np.shape(order)), -1)
    positions = np.ravel(np.quantile(np.arange(n), q, method=method))
    rate = n + QUANTILE_RATES[method] if method in QUANTILE_RATES else 0
    shares, slopes = [], []
    for position in positions:
        low = min(int(np.floor(position)), max(n - 2, 0))
        upper = position - low
        share = (rank == low) * (1 - upper) + (rank == low + 1) * upper
        inside = method == "linear" or 0 < position < n - 1
        slope = ((rank == low + 1) * 1.0 - (rank == low)) * (rate * inside)
        shares.append(np.moveaxis(np.reshape(share, np.shape(moved)), last, axes))
        slopes.append(np.moveaxis(np.reshape(slope, np.shape(moved)), last, axes))
    shape = np.shape(q) + np.shape(a)
    dtype = np.result_type(a, np.float16)
    return np.reshape(shares, shape).astype(dtype), np.reshape(slopes, shape).astype(dtype)


# How fast the position grows with q, less n; in other methods it jumps (Hyndman and Fan 1996).
QUANTILE_RATES = {
    "linear": -1,
    "weibull": 1,
    "hazen": 0,
    "interpolated_inverted_cdf": 0,
    "median_unbiased": 1 / 3,
    "normal_unbiased": 1 / 4,
}


def weighted_shares(a, q, axis, method, weights):
    """A quantile with weights is one of the elements; equal ones share."""
    axes = tuple(range(np.ndim(a))) if axis is None else axis
    shares = []
    for each in np.ravel(q):
        y = np.quantile(a, each, axis, method=method, keepdims=True, weights=weights)
        hits = np.equal(a, y)
        shares.append(hits / np.count_nonzero(hits, axes, keepdims=True))
    shares = np.reshape(shares, np.shape(q) + np.shape(a)).astype(np.result_type(a, np.float16))
    return shares, np.zeros_like(shares)


# -- NaNs left out --------------------------------------------------------------------------------


@rule(np.nanmedian)
def nanmedian(a, axis=None, out=None, overwrite_input=False, keepdims=MISSING):
    y = np.nanmedian(a, axis, out, False, keepdims)
    kept = kept_shape(np.shape(a), axis)

    def pullback(y_bar):
        shares = quantile_shares(a, 0.5, axis, "linear", None, True)
        return shares * np.reshape(y_bar, kept)

    return y, pullback


@rule(np.nanquantile)
def nanquantile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=MISSING,
    *, weights=None,
):  # fmt: skip
    y = np.nanquantile(a, q, axis, out, False, method, keepdims, weights=weights)
    kept = kept_shape(np.shape(a), axis)

    def pullback(y_bar):
        wide = np.reshape(y_bar, np.shape(q) + kept)
        return quantile_cotangents(wide, a, q, axis, method, weights, True)

    return y, pullback


@rule(np.nanpercentile)
def nanpercentile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=MISSING,
    *, weights=None,
):  # fmt: skip
    y = np.nanpercentile(a, q, axis, out, False, method, keepdims, weights=weights)
    kept = kept_shape(np.shape(a), axis)

    def pullback(y_bar):
        wide = np.reshape(y_bar, np.shape(q) + kept)
        share = np.asarray(q) / 100
        a_bar, q_bar = quantile_cotangents(wide, a, share, axis, method, weights, True)
        return a_bar, q_bar / 100

    return y, pullback


def without_nans(a, q, axis, method, weights):
    """`shares_and_slopes`, without the NaNs of each lane."""
    ndim = np.ndim(a)
    axes = tuple(range(ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(a, axes, last)
    rest = np.shape(moved)[: ndim - len(axes)]
    lanes = np.reshape(moved, (*rest, -1))
    if weights is not None:
        weights = np.broadcast_to(weights, np.shape(a)) if np.ndim(weights) == ndim else weights
        weights = np.moveaxis(weights, axes, last) if np.ndim(weights) == ndim else weights
        weights = np.reshape(np.broadcast_to(weights, np.shape(moved)), np.shape(lanes))
    both = np.zeros((2, *np.shape(q), *np.shape(lanes)), np.result_type(a, np.float16))
    for i in np.ndindex(rest):
        there = ~np.isnan(lanes[i])
        if there.any():
            w = None if weights is None else weights[i][there]
            found = np.zeros((2, *np.shape(q), len(there)))
            found[..., there] = shares_and_slopes(lanes[i][there], q, None, method, w, False)
            both[(..., *i, slice(None))] = found
    wide = np.reshape(both, (2, *np.shape(q), *np.shape(moved)))
    out = np.moveaxis(wide, last, tuple(i % ndim - ndim for i in axes))
    return out[0], out[1]
