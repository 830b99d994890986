"""`scipy.interpolate`: piecewise polynomials, which are their coefficients and their breakpoints.

S(x) = Σ c_ji (x - x_i)^(k-j) on [x_i, x_i+1), with c of shape (k + 1, intervals, …). A spline (`CubicSpline`,
`PchipInterpolator` …) is such an object: its cotangent has the attributes c and x.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import interpolate
from scipy.interpolate import BPoly, PPoly

from adjoint.errors import MissingRuleError
from adjoint.parts import declare_parts, refuse_assignment
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, flag, part, valued

BASE = next(cls for cls in PPoly.__mro__ if "__call__" in vars(cls))

declare_parts(BASE, "c", "x")

# In SciPy 1.18 and later a polynomial keeps another object, which has the coefficients.
KEPT = getattr(PPoly([[0.0]], [0.0, 1.0]), "_delegate_to", None)
if KEPT is not None:
    declare_parts(type(KEPT), "c", "x")


@source_of(vars(BASE)["c"].fget)
def _(self):
    return part(self, "c")


@source_of(vars(BASE)["x"].fget)
def _(self):
    return part(self, "x")


@nondifferentiable
def refuse_setting(self: Any, name: str) -> None:
    refuse_assignment(type(self), name)


@source_of(vars(BASE)["c"].fset)
def _(self, c):
    refuse_setting(self, "c")


@source_of(vars(BASE)["x"].fset)
def _(self, x):
    refuse_setting(self, "x")


@nondifferentiable
def refuse_others(function: Any) -> None:
    """Polynomials in another basis are evaluated by the same methods."""
    if isinstance(function, BPoly):
        raise MissingRuleError(
            f"no derivative is known for the values of a {type(function).__name__}",
            hint="Make a PPoly of it: scipy.interpolate.PPoly.from_bernstein_basis.",
        )


# -- values -----------------------------------------------------------------------------------------


@source_of(BASE.__call__, apart=True)
def _(self, x, nu=0, extrapolate=None):
    refuse_others(self)
    beyond = flag(self, "extrapolate") if extrapolate is None else extrapolate
    exact = computed(BASE.__call__, self, x, nu, extrapolate)
    x = np.asarray(x)
    values = polynomial(part(self, "c"), part(self, "x"), x, nu, beyond)
    return valued(exact, along_axis(values, np.ndim(x), flag(self, "axis")))


def polynomial(c, breaks, x, nu, beyond):
    return horner(c, breaks, x, nu, beyond)


@source_of(polynomial, apart=True)
def horner(c, breaks, x, nu, beyond):
    """The values (or derivatives of order nu), of shape x.shape + c.shape[2:]."""
    points = np.reshape(x, (-1,))
    if beyond == "periodic":
        points = wrapped(points, breaks)
    i = interval(breaks, points, beyond)
    h = np.reshape(points - breaks[i], (-1,) + (1,) * (np.ndim(c) - 2))
    order = np.shape(c)[0]
    total = np.zeros(np.shape(points) + np.shape(c)[2:])
    for j in range(order - nu):
        total = total * h + math.perm(order - 1 - j, nu) * c[j][i]
    if beyond is False:
        outside = np.reshape(left_out(breaks, points), (-1,) + (1,) * (np.ndim(c) - 2))
        total = np.where(outside, np.nan, total)
    return np.reshape(total, np.shape(x) + np.shape(c)[2:])


def wrapped(points, breaks):
    """Points in the first period."""
    start, period = breaks[0], breaks[-1] - breaks[0]
    turns = np.floor((points - start) / period)
    return points - turns * period


@nondifferentiable
def interval(breaks: Any, points: Any, beyond: Any) -> Any:
    """The number of the interval that each point is in, the outer ones as long as one likes."""
    sign = 1 if breaks[-1] >= breaks[0] else -1
    places = np.searchsorted(sign * breaks, sign * points, side="right") - 1
    return np.clip(places, 0, len(breaks) - 2)


@nondifferentiable
def left_out(breaks: Any, points: Any) -> Any:
    low, high = min(breaks[0], breaks[-1]), max(breaks[0], breaks[-1])
    return ~((points >= low) & (points <= high))


def along_axis(values, ndim, axis):
    """The axes of the points, put in the place of the axis that was interpolated."""
    if axis == 0:
        return values
    order = axes_of_values(np.ndim(values), ndim, axis)
    return np.transpose(values, order)


@nondifferentiable
def axes_of_values(total: int, ndim: int, axis: int) -> tuple[int, ...]:
    order = list(range(total))
    return tuple(order[ndim : ndim + axis] + order[:ndim] + order[ndim + axis :])


source_of(wrapped)(wrapped)
source_of(along_axis)(along_axis)


# -- derivatives and integrals ------------------------------------------------------------------------


@source_of(PPoly.derivative, apart=True)
def _(self, nu=1):
    made = computed(PPoly.derivative, self, nu)
    c, x = part(self, "c"), part(self, "x")
    if nu < 0:
        return consisting_of(made, integrated(c, x, -nu), x)
    return consisting_of(made, differentiated(c, nu), x)


@source_of(PPoly.antiderivative, apart=True)
def _(self, nu=1):
    made = computed(PPoly.antiderivative, self, nu)
    c, x = part(self, "c"), part(self, "x")
    if nu <= 0:
        return consisting_of(made, differentiated(c, -nu), x)
    return consisting_of(made, integrated(c, x, nu), x)


def differentiated(c, nu):
    order = np.shape(c)[0]
    if nu >= order:
        return 0.0 * c[:1]
    factors = np.array([math.perm(order - 1 - j, nu) for j in range(order - nu)], float)
    return c[: order - nu] * np.reshape(factors, (-1,) + (1,) * (np.ndim(c) - 1))


def integrated(c, x, nu):
    """Once or more, continuous where the intervals meet, and 0 at the first breakpoint."""
    for _ in range(nu):
        order = np.shape(c)[0]
        column = (-1,) + (1,) * (np.ndim(c) - 1)
        higher = c / np.reshape(np.arange(order, 0, -1), column)
        h = np.reshape(np.diff(x), (-1,) + (1,) * (np.ndim(c) - 2))
        gains = 0.0 * h
        for j in range(order):
            gains = (gains + higher[j]) * h
        ends = np.cumsum(gains, axis=0)
        c = np.concatenate([higher, [np.concatenate([0.0 * ends[:1], ends[:-1]])]])
    return c


@source_of(PPoly.integrate, apart=True)
def _(self, a, b, extrapolate=None):
    beyond = flag(self, "extrapolate") if extrapolate is None else extrapolate
    exact = computed(PPoly.integrate, self, a, b, extrapolate)
    c, x = part(self, "c"), part(self, "x")
    return valued(exact, integral(integrated(c, x, 1), x, a, b, beyond))


def integral(c, x, a, b, beyond):
    """From a to b, of an antiderivative; of a periodic function, with all the periods between them."""
    if beyond == "periodic":
        whole = polynomial(c, x, x[-1], 0, True)
        period = x[-1] - x[0]
        turns = np.floor((b - x[0]) / period) - np.floor((a - x[0]) / period)
        a, b = wrapped(a, x), wrapped(b, x)
        return turns * whole + polynomial(c, x, b, 0, True) - polynomial(c, x, a, 0, True)
    return polynomial(c, x, b, 0, beyond) - polynomial(c, x, a, 0, beyond)


for helper in (differentiated, integrated, integral):
    source_of(helper)(helper)


# -- made of coefficients --------------------------------------------------------------------------------


@source_of(PPoly, apart=True)
def _(c, x, extrapolate=None, axis=0):
    made = computed(interpolate.PPoly, c, x, extrapolate, axis)
    c = np.asarray(c)
    if axis != 0:
        c = np.moveaxis(np.moveaxis(c, axis + 1, 0), axis + 1, 0)
    return consisting_of(made, c, np.asarray(x))


@source_of(vars(BASE)["construct_fast"].__func__, apart=True)
def _(cls, c, x, extrapolate=None, axis=0):
    made = computed(vars(BASE)["construct_fast"].__func__, cls, c, x, extrapolate, axis)
    return consisting_of(made, np.asarray(c), np.asarray(x))


@rule(PPoly.solve, underived="self y")
def _(self, y=0.0, discontinuity=True, extrapolate=None):
    x = PPoly.solve(self, y, discontinuity, extrapolate)

    def pullback(x_bar):
        return None

    return x, pullback


@rule(PPoly.roots, underived="self")
def _(self, discontinuity=True, extrapolate=None):
    x = PPoly.roots(self, discontinuity, extrapolate)

    def pullback(x_bar):
        return None

    return x, pullback
