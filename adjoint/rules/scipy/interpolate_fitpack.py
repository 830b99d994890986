"""`scipy.interpolate`: splines by least squares, and those of FITPACK where they are evaluated."""

from __future__ import annotations

import numpy as np
from scipy import interpolate
from scipy.interpolate import UnivariateSpline

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, flag, valued
from adjoint.rules.scipy.interpolate_bsplines import bspline


@source_of(interpolate.make_lsq_spline, apart=True)
def _(x, y, t, k=3, w=None, axis=0, check_finite=True, *, method="qr"):
    """Bᵀ W² B c = Bᵀ W² y, B the values of the basis at x."""
    made = computed(interpolate.make_lsq_spline, x, y, t, k, w, axis, check_finite, method=method)
    x, t, y = np.asarray(x), np.asarray(t), np.moveaxis(np.asarray(y), axis, 0)
    count = len(x)
    B = bspline(t, np.eye(len(t) - k - 1), k, x, 0, True)
    flat = np.reshape(y, (count, -1))
    weighted = B if w is None else np.reshape(np.square(w), (-1, 1)) * B
    c = np.linalg.solve(B.T @ weighted, weighted.T @ flat)
    return consisting_of(made, t, np.reshape(c, (-1,) + np.shape(y)[1:]))


@source_of(interpolate.splev, apart=True)
def _(x, tck, der=0, ext=0):
    if isinstance(tck, interpolate.BSpline):
        return tck(x, der, True)
    exact = computed(interpolate.splev, x, tck, der, ext)
    t, c, k = tck
    refuse_curve(c)
    return valued(exact, of_fitpack(np.asarray(t), np.asarray(c), k, np.asarray(x), der, ext))


@nondifferentiable
def refuse_curve(c):
    if np.ndim(c[0]):
        raise MissingRuleError(
            "no derivative is known for scipy.interpolate.splev of a curve",
            hint="Make a scipy.interpolate.BSpline(t, np.transpose(c), k) of it, and call that.",
        )


def of_fitpack(t, c, k, x, der, ext):
    """Outside of the knots the polynomial goes on, or the value is 0, or that at the end (and yet its
    derivative that of the polynomial)."""
    if ext == 3 and der == 0:
        x = np.clip(x, t[k], t[-k - 1])
    values = bspline(t, c, k, x, der, True)
    if ext == 1:
        values = np.where((x < t[k]) | (x > t[-k - 1]), 0.0, values)
    return values


source_of(of_fitpack)(of_fitpack)


@source_of(UnivariateSpline.__call__, apart=True, underived="self")
def _(self, x, nu=0, ext=None):
    exact = computed(UnivariateSpline.__call__, self, x, nu, ext)
    t, c, k = flag(self, "_eval_args")
    return valued(exact, of_fitpack(t, c, k, np.asarray(x), nu, outside_mode(self, ext)))


@nondifferentiable
def outside_mode(self, ext):
    modes = {"extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}
    return self.ext if ext is None else modes.get(ext, ext)
