"""`scipy.interpolate`: B-splines, which are their knots t and their coefficients c, of shape (n, …)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate
from scipy.interpolate import BSpline

from adjoint.parts import declare_parts
from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, flag, part, valued
from adjoint.rules.scipy.interpolate_polynomials import along_axis

declare_parts(BSpline, "t", "c")


@source_of(vars(BSpline)["c"].fget)
def _(self):
    return part(self, "c")


@source_of(vars(BSpline)["t"].fget)
def _(self):
    return part(self, "t")


@source_of(vars(BSpline)["tck"].fget)
def _(self):
    return part(self, "t"), part(self, "c"), flag(self, "k")


# -- values ------------------------------------------------------------------------------------------


@source_of(BSpline.__call__, apart=True)
def _(self, x, nu=0, extrapolate=None):
    beyond = flag(self, "extrapolate") if extrapolate is None else extrapolate
    exact = computed(BSpline.__call__, self, x, nu, extrapolate)
    x = np.asarray(x)
    values = bspline(part(self, "t"), part(self, "c"), flag(self, "k"), x, nu, beyond)
    return valued(exact, along_axis(values, np.ndim(x), flag(self, "axis")))


def bspline(t, c, k, x, nu, beyond):
    return de_boor(t, c, k, x, nu, beyond)


@source_of(bspline, apart=True)
def de_boor(t, c, k, x, nu, beyond):
    """The values (or derivatives of order nu), of shape x.shape + c.shape[1:] (de Boor, ch. X)."""
    points = np.reshape(x, (-1,))
    first, last = t[k], t[len(t) - k - 1]
    if beyond == "periodic":
        points = points - np.floor((points - first) / (last - first)) * (last - first)
    if nu > k:
        return np.zeros(np.shape(x) + np.shape(c)[1:])
    outside = outside_of(points, first, last)
    c = c[: len(t) - k - 1]
    for _ in range(nu):
        c = k * differences(c, t[k + 1 : -1] - t[1 : -k - 1])
        t, k = t[1:-1], k - 1
    span = spans(t, k, points)
    column = (1, -1) + (1,) * (np.ndim(c) - 1)
    b = c[beside(span, 0, k) - k]
    for r in range(1, k + 1):
        places = beside(span, r, k)
        low, high = t[places - k], t[places + 1 - r]
        share = (points - low) / (high - low)
        share = np.reshape(share, np.shape(share) + column[2:])
        b = (1 - share) * b[:-1] + share * b[1:]
    total = b[0]
    if not beyond:
        total = np.where(np.reshape(outside, column[1:]), np.nan, total)
    return np.reshape(total, np.shape(x) + np.shape(c)[1:])


def differences(c, gaps):
    """Of neighbours, divided by the gaps between the knots; of knots that are one, 0."""
    single = gaps == 0
    gaps = np.reshape(np.where(single, np.inf, gaps), (-1,) + (1,) * (np.ndim(c) - 1))
    return np.diff(c, axis=0) / gaps


@nondifferentiable
def spans(t: Any, k: int, points: Any) -> Any:
    """The number of the last knot before each point, of those that begin an interval."""
    count = len(t) - k - 1
    return np.clip(np.searchsorted(t[k : count + 1], points, side="right") - 1 + k, k, count - 1)


@nondifferentiable
def beside(span: Any, low: int, high: int) -> Any:
    """The numbers of the knots this far behind the spans, a row for each distance."""
    return span + np.arange(low, high + 1)[:, None]


@nondifferentiable
def outside_of(points: Any, first: Any, last: Any) -> Any:
    return ~((points >= first) & (points <= last))


source_of(differences)(differences)


# -- derivatives and integrals --------------------------------------------------------------------------


@source_of(BSpline.derivative, apart=True)
def _(self, nu=1):
    made = computed(BSpline.derivative, self, nu)
    t, c = raised(part(self, "t"), part(self, "c"), flag(self, "k"), -nu)
    return consisting_of(made, t, c)


@source_of(BSpline.antiderivative, apart=True)
def _(self, nu=1):
    made = computed(BSpline.antiderivative, self, nu)
    t, c = raised(part(self, "t"), part(self, "c"), flag(self, "k"), nu)
    return consisting_of(made, t, c)


def raised(t, c, k, times):
    """Knots and coefficients of the antiderivative, or for negative times of the derivative; these have
    zeros at their end, so that there are as many as knots, as FITPACK likes it."""
    c = c[: len(t) - k - 1]
    rest = 0.0 * c[:1]
    for _ in range(-times):
        c = k * differences(c, t[k + 1 : -1] - t[1 : -k - 1])
        t, k = t[1:-1], k - 1
    for _ in range(times):
        gaps = np.reshape(t[k + 1 :] - t[: -k - 1], (-1,) + (1,) * (np.ndim(c) - 1))
        c = np.concatenate([rest, np.cumsum(c * gaps, axis=0) / (k + 1)])
        t, k = np.concatenate([t[:1], t, t[-1:]]), k + 1
    last = c[-1:] if times > 0 else rest
    return t, np.concatenate([c] + [last] * (k + 1))


@source_of(BSpline.integrate, apart=True)
def _(self, a, b, extrapolate=None):
    beyond = flag(self, "extrapolate") if extrapolate is None else extrapolate
    exact = computed(BSpline.integrate, self, a, b, extrapolate)
    t, k = part(self, "t"), flag(self, "k")
    whole, c = raised(t, part(self, "c"), k, 1)
    return valued(exact, bspline_integral(whole, c, k + 1, a, b, beyond))


def bspline_integral(t, c, k, a, b, beyond):
    """From a to b, of an antiderivative; without extrapolation the spline is 0 outside of its interval."""
    first, last = t[k], t[len(t) - k - 1]
    if beyond == "periodic":
        period = last - first
        up, down = np.floor((b - first) / period), np.floor((a - first) / period)
        ends = bspline(
            t, c, k, np.stack([b - up * period, a - down * period, last, first]), 0, True
        )
        return (up - down) * (ends[2] - ends[3]) + ends[0] - ends[1]
    if not beyond:
        a, b = np.clip(a, first, last), np.clip(b, first, last)
    return bspline(t, c, k, b, 0, True) - bspline(t, c, k, a, 0, True)


for helper in (raised, bspline_integral):
    source_of(helper)(helper)

# -- made of coefficients, or of data --------------------------------------------------------------------


@source_of(BSpline, apart=True)
def _(t, c, k, extrapolate=True, axis=0):
    made = computed(interpolate.BSpline, t, c, k, extrapolate, axis)
    return consisting_of(made, np.asarray(t), np.moveaxis(np.asarray(c), axis, 0))


@source_of(vars(BSpline)["construct_fast"].__func__, apart=True)
def _(cls, t, c, k, extrapolate=True, axis=0):
    made = computed(vars(BSpline)["construct_fast"].__func__, cls, t, c, k, extrapolate, axis)
    return consisting_of(made, np.asarray(t), np.asarray(c))


@source_of(interpolate.make_interp_spline, apart=True)
def _(x, y, k=3, t=None, bc_type=None, axis=0, check_finite=True):
    made = computed(interpolate.make_interp_spline, x, y, k, t, bc_type, axis, check_finite)
    x, y = np.asarray(x), np.moveaxis(np.asarray(y), axis, 0)
    knots = interpolation_knots(x, k, bc_type) if t is None else np.asarray(t)
    if k == 0 or k == 1 and t is None:
        return consisting_of(made, knots, y)
    before, after = end_conditions(bc_type)
    parts = [bspline(knots, np.eye(len(knots) - k - 1), k, x, 0, True)]
    right = [y]
    if bc_type == "periodic":
        eye = np.eye(len(knots) - k - 1)
        rows = [bspline(knots, eye, k, x[:1], i + 1, True) for i in range(k - 1)]
        ends = [bspline(knots, eye, k, x[-1:], i + 1, True) for i in range(k - 1)]
        parts = [a - b for a, b in zip(rows, ends)] + parts
        right = [0.0 * y[:1] for _ in range(k - 1)] + right
    eye = np.eye(len(knots) - k - 1)
    parts = [bspline(knots, eye, k, x[:1], order, True) for order, _ in before] + parts
    right = [0.0 * y[:1] + value for _, value in before] + right
    parts = parts + [bspline(knots, eye, k, x[-1:], order, True) for order, _ in after]
    right = right + [0.0 * y[:1] + value for _, value in after]
    matrix, b = np.concatenate(parts), np.concatenate(right)
    c = np.linalg.solve(matrix, np.reshape(b, (np.shape(b)[0], -1)))
    return consisting_of(made, knots, np.reshape(c, np.shape(b)))


def end_conditions(bc_type):
    """The orders and values of the derivatives that are given at both ends."""
    if bc_type is None or isinstance(bc_type, str):
        return end_condition(bc_type), end_condition(bc_type)
    return end_condition(bc_type[0]), end_condition(bc_type[1])


def end_condition(bc):
    if bc is None or isinstance(bc, str):
        order = {"clamped": 1, "natural": 2}.get(bc)
        return [] if order is None else [(order, 0.0)]
    return list(bc)


def interpolation_knots(x, k, bc_type):
    """The knots that SciPy chooses: the positions, or for an even degree the middles between them; without
    those next to the ends, if nothing is said of derivatives there."""
    if k == 0:
        return np.concatenate([x, x[-1:]])
    if k == 1:
        return np.concatenate([x[:1], x, x[-1:]])
    if bc_type == "periodic":
        inner = x
        if k % 2 == 0:
            inner = np.concatenate([x[:1], 0.5 * (x[1:-1] + x[:-2]), x[-1:]])
        h = np.diff(inner)
        count = len(x) - 1
        before = np.stack([h[-(i % count) - 1] for i in range(k)])
        after = np.stack([h[i % count] for i in range(k)])
        first = np.flip(inner[0] - np.cumsum(before))
        return np.concatenate([first, inner, inner[-1] + np.cumsum(after)])
    first, last = [x[:1]] * (k + 1), [x[-1:]] * (k + 1)
    if bc_type is None or bc_type == "not-a-knot":
        inner = x if k % 2 == 1 else 0.5 * (x[1:] + x[:-1])
        skipped = (k + 1) // 2
        return np.concatenate([*first, inner[skipped:-skipped], *last])
    return np.concatenate([*first[1:], x, *last[1:]])


for helper in (end_conditions, end_condition, interpolation_knots):
    source_of(helper)(helper)
