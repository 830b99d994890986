"""`scipy.interpolate`: the coefficients of cubic splines, from data and their positions."""

from __future__ import annotations

import numpy as np
from scipy import interpolate, linalg

from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of


def rows(y, axis):
    """The data with their axis first."""
    return np.moveaxis(np.asarray(y), axis, 0)


def column(h, y):
    """A vector that is broadcast along the first axis of y."""
    return np.reshape(h, (-1,) + (1,) * (np.ndim(y) - 1))


def hermite(x, y, slopes):
    """The coefficients of the cubic polynomials that have these values and slopes at both ends."""
    h = column(np.diff(x), y)
    slope = np.diff(y, axis=0) / h
    t = (slopes[:-1] + slopes[1:] - 2 * slope) / h
    return np.stack([t / h, (slope - slopes[:-1]) / h - t, slopes[:-1] + 0.0 * t, y[:-1] + 0.0 * t])


for helper in (rows, column, hermite):
    source_of(helper)(helper)


@source_of(interpolate.CubicHermiteSpline, apart=True)
def _(x, y, dydx, axis=0, extrapolate=None):
    made = computed(interpolate.CubicHermiteSpline, x, y, dydx, axis, extrapolate)
    x = np.asarray(x)
    return consisting_of(made, hermite(x, rows(y, axis), rows(dydx, axis)), x)


# -- twice continuously differentiable -----------------------------------------------------------------


@source_of(interpolate.CubicSpline, apart=True)
def _(x, y, axis=0, bc_type="not-a-knot", extrapolate=None):
    made = computed(interpolate.CubicSpline, x, y, axis, bc_type, extrapolate)
    x, y = np.asarray(x), rows(y, axis)
    if bc_type == "periodic":
        slopes = periodic_slopes(x, y)
    else:
        first, last = (bc_type, bc_type) if isinstance(bc_type, str) else bc_type
        slopes = spline_slopes(x, y, first, last)
    return consisting_of(made, hermite(x, y, slopes), x)


def condition(bc):
    """A condition at an end: the order of a derivative and its value; None: not a knot."""
    if isinstance(bc, str):
        return None if bc == "not-a-knot" else (1 if bc == "clamped" else 2, 0.0)
    return bc[0], bc[1]


def spline_slopes(x, y, first, last):
    """The slopes sᵢ with which the second derivatives are continuous, one equation for each point:
    hᵢ sᵢ₋₁ + 2 (hᵢ₋₁ + hᵢ) sᵢ + hᵢ₋₁ sᵢ₊₁ = 3 (hᵢ dᵢ₋₁ + hᵢ₋₁ dᵢ), d the differences (de Boor, ch. IV)."""
    h = np.diff(x)
    d = np.diff(y, axis=0) / column(h, y)
    start, end = condition(first), condition(last)
    if len(h) == 2 and start is None and end is None:
        bend = (d[1] - d[0]) / (h[0] + h[1])
        return np.stack([d[0] - h[0] * bend, d[0] + h[0] * bend, d[1] + h[1] * bend])
    H = column(h, y)
    inner = 3 * (H[1:] * d[:-1] + H[:-1] * d[1:])
    first_row, b_first = end_equation(h, d, start)
    last_row, b_last = end_equation(np.flip(h), np.flip(d, 0), mirrored(end))
    zero = np.zeros(1)
    upper = np.concatenate([zero, first_row[1:], h[:-1]])
    diagonal = np.concatenate([first_row[:1], 2 * (h[:-1] + h[1:]), last_row[:1]])
    lower = np.concatenate([h[1:], last_row[1:], zero])
    b = np.concatenate([[b_first], inner, [b_last]])
    bands = np.stack([upper, diagonal, lower])
    flat = np.reshape(b, (np.shape(b)[0], -1))
    return np.reshape(linalg.solve_banded((1, 1), bands, flat), np.shape(b))


def mirrored(end):
    """A condition seen from the other side: with x, the second derivative changes its sign, as data do."""
    return end if end is None or end[0] == 1 else (2, -1.0 * np.asarray(end[1]))


def end_equation(h, d, end):
    """The coefficients of the first two slopes, and the right-hand side; of two points the slope is that
    between them."""
    if end is None and len(h) == 1:
        return np.array([1.0, 0.0]), d[0]
    if end is None:
        both = h[0] + h[1]
        right = ((h[0] + 2 * both) * h[1] * d[0] + h[0] ** 2 * d[1]) / both
        return np.stack([h[1], both]), right
    if end[0] == 1:
        return np.array([1.0, 0.0]), end[1] + 0.0 * d[0]
    return np.stack([2 * h[0], h[0]]), 3 * d[0] * h[0] - 0.5 * np.asarray(end[1]) * h[0] ** 2


def periodic_slopes(x, y):
    """The same equations, closed to a ring: sₙ = s₀."""
    h = np.diff(x)
    d = np.diff(y, axis=0) / column(h, y)
    count = len(h)
    if count == 1:
        return 0.0 * y + d[0]
    before, d_before = np.roll(h, 1), np.roll(d, 1, axis=0)
    eye = np.eye(count)
    A = np.diag(2 * (h + before)) + column(h, eye) * np.roll(eye, -1, 1)
    A = A + column(before, eye) * np.roll(eye, 1, 1)
    b = 3 * (column(h, y) * d_before + column(before, y) * d)
    s = np.linalg.solve(A, np.reshape(b, (count, -1)))
    s = np.reshape(s, np.shape(b))
    return np.concatenate([s, s[:1]])


for helper in (condition, spline_slopes, mirrored, end_equation, periodic_slopes):
    source_of(helper)(helper)


# -- that keep the shape of the data ------------------------------------------------------------------------


@source_of(interpolate.PchipInterpolator, apart=True)
def _(x, y, axis=0, extrapolate=None):
    made = computed(interpolate.PchipInterpolator, x, y, axis, extrapolate)
    x, y = np.asarray(x), rows(y, axis)
    return consisting_of(made, hermite(x, y, monotone_slopes(x, y)), x)


def monotone_slopes(x, y):
    """Weighted harmonic means of the differences, 0 where these have different signs (Fritsch and Butland)."""
    h = column(np.diff(x), y)
    d = np.diff(y, axis=0) / h
    if len(h) == 1:
        return np.concatenate([d, d])
    turning = np.sign(d[1:]) * np.sign(d[:-1]) <= 0
    before, after = np.where(turning, 1.0, d[:-1]), np.where(turning, 1.0, d[1:])
    w, v = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    inner = np.where(turning, 0.0, (w + v) / (w / before + v / after))
    first = one_sided(h[0], h[1], d[0], d[1])
    last = one_sided(h[-1], h[-2], d[-1], d[-2])
    return np.concatenate([[first], inner, [last]])


def one_sided(h0, h1, d0, d1):
    """The slope at an end from three points, as far as it keeps the shape."""
    slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
    steep = (np.sign(d0) != np.sign(d1)) & (np.abs(slope) > 3.0 * np.abs(d0))
    return np.where(np.sign(slope) != np.sign(d0), 0.0, np.where(steep, 3.0 * d0, slope))


@source_of(interpolate.Akima1DInterpolator, apart=True)
def _(x, y, axis=0, *, method="akima", extrapolate=None):
    made = computed(
        interpolate.Akima1DInterpolator, x, y, axis, method=method, extrapolate=extrapolate
    )
    x, y = np.asarray(x), rows(y, axis)
    return consisting_of(made, hermite(x, y, akima_slopes(x, y, method)), x)


def akima_slopes(x, y, method):
    """Means of the neighbouring differences, each weighted by how little those beyond it vary."""
    d = np.diff(y, axis=0) / column(np.diff(x), y)
    if len(d) == 1:
        return np.concatenate([d, d])
    left, right = 2.0 * d[0] - d[1], 2.0 * d[-1] - d[-2]
    m = np.concatenate([[2.0 * left - d[0]], [left], d, [right], [2.0 * right - d[-1]]])
    away = np.abs(np.diff(m, axis=0))
    if method == "makima":
        away = away + 0.5 * np.abs(m[1:] + m[:-1])
    before, after = away[:-2], away[2:]
    flat = flat_places(before + after)
    total = np.where(flat, 1.0, before + after)
    weighted = (after * m[1:-2] + before * m[2:-1]) / total
    return np.where(flat, 0.5 * (m[3:] + m[:-3]), weighted)


@nondifferentiable
def flat_places(total):
    """Where the differences do not vary, so that they have no weights."""
    return ~(total > 1e-9 * np.max(total))


for helper in (monotone_slopes, one_sided, akima_slopes):
    source_of(helper)(helper)
