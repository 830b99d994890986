"""Covariances, histograms, differences and sets: NumPy computes them, definitions say what they are."""

from __future__ import annotations

import math

import numpy as np

from adjoint.rules.computed import computed, found, valued
from adjoint.rules.registry import nondifferentiable, rule, source_of

# -- covariances ----------------------------------------------------------------------------------


@source_of(np.cov)
def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    """(Σ w (x − x̄)(x − x̄)ᴴ) / f: f is the sum of the weights, less ddof of them on average."""
    c = computed(
        np.cov, m, y, rowvar, bias, ddof, fweights=fweights, aweights=aweights, dtype=dtype
    )
    return valued(c, covariance(m, y, rowvar, bias, ddof, fweights, aweights, c))


def covariance(m, y, rowvar, bias, ddof, fweights, aweights, c):
    X = rows_of(m, rowvar)
    X = X if y is None else np.concatenate([X, rows_of(y, rowvar)])
    less = (0 if bias else 1) if ddof is None else ddof
    if fweights is None and aweights is None:
        count = np.shape(X)[1]
        centred = X - np.mean(X, axis=1, keepdims=True)
        found = centred @ np.conj(centred).T / (count - less)
    else:
        ones = np.ones(np.shape(X)[1], np.result_type(c).type(0).real.dtype)
        a = ones if aweights is None else ones * aweights
        w = a if fweights is None else a * fweights
        total = np.sum(w)
        centred = X - np.sum(X * w, axis=1, keepdims=True) / total
        freedom = total - less * np.sum(w * a) / total
        found = centred @ np.conj(centred * w).T / freedom
    return np.reshape(found, np.shape(c))


def rows_of(m, rowvar):
    X = np.asarray(m)
    X = np.reshape(X, (1, -1)) if np.ndim(X) < 2 else X
    return X if rowvar or np.ndim(m) < 2 else X.T


source_of(covariance)(covariance)
source_of(rows_of)(rows_of)


@source_of(np.corrcoef)
def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    c = computed(np.corrcoef, x, y, rowvar, dtype=dtype)
    C = covariance(x, y, rowvar, False, None, None, None, np.cov(x, y, rowvar))
    if np.ndim(C) == 0:
        return valued(c, C / C)
    d = np.sqrt(np.real(np.diagonal(C)))
    return valued(c, C / d[:, None] / d[None, :])


# -- differences ----------------------------------------------------------------------------------


@source_of(np.gradient)
def gradient(f, *varargs, axis=None, edge_order=1):
    """Of the parabola through three neighbours; at the ends through those, or of the line."""
    y = computed(np.gradient, f, *varargs, axis=axis, edge_order=edge_order)
    f = np.asarray(f)
    f = f if f.dtype.kind in "fc" else f * 1.0  # differences of unsigned integers are none
    axes = range(f.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    parts = y if isinstance(y, tuple | list) else (y,)
    slopes = []
    for i, k in enumerate(axes):
        spacing = varargs[i if len(varargs) > 1 else 0] if varargs else 1.0
        slopes = [*slopes, valued(parts[i], slope_along(f, spacing, k, edge_order))]
    return slopes[0] if not isinstance(y, tuple | list) else type(y)(slopes)


def slope_along(f, spacing, axis, edge_order):
    """The derivative along one axis, of numbers at a distance or at coordinates."""
    f = np.moveaxis(f, axis, 0)
    n = np.shape(f)[0]
    steps = np.diff(spacing) if np.ndim(spacing) else spacing * np.ones(n - 1, f.dtype)
    h = np.reshape(steps, (n - 1,) + (1,) * (np.ndim(f) - 1))
    s = (f[1:] - f[:-1]) / h
    inner = (h[1:] * s[:-1] + h[:-1] * s[1:]) / (h[:-1] + h[1:])
    if edge_order == 1:
        first, last = s[:1], s[-1:]
    else:
        first = s[:1] + h[:1] * (s[:1] - s[1:2]) / (h[:1] + h[1:2])
        last = s[-1:] + h[-1:] * (s[-1:] - s[-2:-1]) / (h[-1:] + h[-2:-1])
    return np.moveaxis(np.concatenate([first, inner, last]), 0, axis)


source_of(slope_along)(slope_along)


@source_of(np.unwrap)
def unwrap(p, discont=None, axis=-1, *, period=2 * math.pi):
    """A number of periods is added to each."""
    y = computed(np.unwrap, p, discont, axis, period=period)
    turns = whole_turns(y, p, period)
    return valued(y, p + turns * period)


@nondifferentiable
def whole_turns(y, p, period):
    return np.rint((y - np.asarray(p)) / period)


@source_of(np.kaiser)
def kaiser(M, beta):
    """I₀(β √(1 − t²)) / I₀(β), with t from −1 to 1."""
    y = computed(np.kaiser, M, beta)
    return valued(y, np.i0(beta * half_circle(M)) / np.i0(beta)) if M > 1 else y


@nondifferentiable
def half_circle(M):
    half = (M - 1) / 2
    return np.sqrt(1 - ((np.arange(M) - half) / half) ** 2)


# -- histograms -----------------------------------------------------------------------------------


@source_of(np.histogram_bin_edges)
def histogram_bin_edges(a, bins=10, range=None, weights=None):
    edges = found(np.histogram_bin_edges, a, bins, range, weights)
    return valued(edges, edges_between(a, bins, range, edges))


def edges_between(a, bins, range, edges):
    """The edges that are given, or evenly between the bounds, which are the extremes unless given."""
    if np.ndim(bins) == 1:
        return np.asarray(bins) * 1
    low, high = (np.min(a), np.max(a)) if range is None else (range[0], range[1])
    if np.ndim(range) == 0 and degenerate(low, high):
        low, high = low - 0.5, high + 0.5
    return low + (high - low) * shares_between(edges)


@nondifferentiable
def degenerate(low, high):
    return bool(low == high)


@nondifferentiable
def shares_between(edges):
    """From 0 to 1."""
    return np.linspace(0, 1, len(edges), dtype=edges.dtype)


source_of(edges_between)(edges_between)


@source_of(np.histogram)
def histogram(a, bins=10, range=None, density=None, weights=None):
    """Sums of the weights between edges; as densities, divided by the total and by the widths."""
    counts, edges = found(np.histogram, a, bins, range, density, weights)
    exact = valued(edges, edges_between(a, bins, range, edges))
    if weights is None and not density:
        return counts, exact
    places = bins_of(np.ravel(a), edges)
    sums = sums_at(
        np.ones(np.size(a)) if weights is None else np.ravel(weights), places, len(counts)
    )
    if density:
        sums = sums / np.diff(exact) / np.sum(sums)
    return valued(counts, sums), exact


@nondifferentiable
def bins_of(a, edges):
    """Which bin each number is in, or the number of bins if it is in none; the last is closed."""
    places = np.searchsorted(edges, a, "right") - 1
    places = np.where(a == edges[-1], len(edges) - 2, places)
    return np.where((a >= edges[0]) & (a <= edges[-1]), places, len(edges) - 1)


def sums_at(weights, places, count):
    """The sums of the weights at each of `count` places; those beyond are left out."""
    sums = np.zeros(count + 1, weights.dtype)
    np.add.at(sums, places, weights)
    return sums[:count]


@rule(sums_at, linear="weights")
def _(weights, places, count):
    y = sums_at(weights, places, count)

    def pullback(y_bar):
        return np.append(y_bar, np.zeros(1, y_bar.dtype))[places]

    return y, pullback


@source_of(np.histogramdd)
def histogramdd(sample, bins=10, range=None, density=None, weights=None):
    H, edges = found(np.histogramdd, sample, bins, range, density, weights)
    columns = np.asarray(sample) if np.ndim(sample) == 2 else np.stack(sample, axis=-1)
    exact, places = [], np.zeros(np.shape(columns)[0], int)
    for i, own in enumerate(edges):
        each = bins if np.ndim(bins) == 0 else bins[i]
        bounds = None if range is None else range[i]
        exact = [*exact, valued(own, edges_between(columns[:, i], each, bounds, own))]
        places = flat_places(places, columns[:, i], own, np.shape(H), i)
    w = np.ones(np.shape(columns)[0]) if weights is None else np.asarray(weights) * 1.0
    sums = np.reshape(sums_at(w, places, np.size(H)), np.shape(H))
    if density:
        sums = sums / np.sum(sums)
        for i, own in enumerate(exact):
            sums = sums / np.reshape(np.diff(own), (-1,) + (1,) * (np.ndim(H) - i - 1))
    return valued(H, sums), type(edges)(exact)


@nondifferentiable
def flat_places(places, a, edges, shape, axis):
    """The places in the flat array, after those of the axes before; beyond its end if outside."""
    own = bins_of(np.asarray(a), edges)
    inside = (own < shape[axis]) & (places < math.prod(shape))
    return np.where(inside, places + own * math.prod(shape[axis + 1 :]), math.prod(shape))


@source_of(np.histogram2d)
def histogram2d(x, y, bins=10, range=None, density=None, weights=None):
    if np.ndim(bins) == 1 and len(bins) not in (1, 2):
        bins = [np.asarray(bins), np.asarray(bins)]
    H, edges = np.histogramdd(np.stack([x, y], axis=-1), bins, range, density, weights)
    return H, edges[0], edges[1]


# -- sets -----------------------------------------------------------------------------------------


@source_of(np.intersect1d)
def intersect1d(ar1, ar2, assume_unique=False, return_indices=False):
    """As they stand in the first."""
    first = np.asarray(ar1)
    y = found(np.intersect1d, first, ar2, assume_unique, True)
    common = np.take(np.ravel(first), y[1])
    return (valued(y[0], common), y[1], y[2]) if return_indices else valued(y[0], common)


@source_of(np.setdiff1d)
def setdiff1d(ar1, ar2, assume_unique=False):
    return chosen_from(found(np.setdiff1d, ar1, ar2, assume_unique), np.ravel(ar1))


@source_of(np.setxor1d)
def setxor1d(ar1, ar2, assume_unique=False):
    both = np.concatenate([np.ravel(ar1), np.ravel(ar2)])
    return chosen_from(found(np.setxor1d, ar1, ar2, assume_unique), both)


def chosen_from(y, a):
    """The numbers y, each of which is its first occurrence in a."""
    return valued(y, np.take(a, occurrences(y, a)))


@nondifferentiable
def occurrences(y, a):
    order = np.argsort(a, kind="stable")
    return order[np.searchsorted(a[order], y)]


source_of(chosen_from)(chosen_from)
