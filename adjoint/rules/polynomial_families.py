"""The functions of numpy.polynomial, by what `polynomials.py` says of all families."""

from __future__ import annotations

import numpy as np
from numpy.polynomial import polyutils

from adjoint.rules.computed import found
from adjoint.rules.fourier import resized
from adjoint.rules.least_squares import fitted
from adjoint.rules.polynomials import (
    MODULES,
    basis,
    companion,
    converted,
    derivative,
    from_roots,
    integral,
    module_of,
    of,
    powered,
    product,
    quotient,
    roots,
    series,
    trimmed,
    value,
)
from adjoint.rules.registry import nondifferentiable, rule, source_of, varying


@nondifferentiable
def check_power(power, maxpower):
    if power != int(power) or power < 0:
        raise ValueError("Power must be a non-negative integer.")
    if maxpower is not None and power > maxpower:
        raise ValueError("Power is too large")


@nondifferentiable
def check_order(order, constants=0):
    """As NumPy does."""
    if order < 0:
        raise ValueError("The order of derivation or integration must be non-negative")
    if constants > order:
        raise ValueError("Too many integration constants")


def declare(family: str) -> None:
    """The functions of one family."""

    def val(x, c, tensor=True):
        c = np.array(c, ndmin=1, copy=None)
        c = c if c.dtype.kind in "fcO" else c + 0.0
        x = np.asarray(x) if isinstance(x, tuple | list) else x
        return value(family, x, c, tensor)

    def vander(x, deg):
        return basis(family, np.array(x, copy=None, ndmin=1), deg)

    def vander2d(x, y, deg):
        points = np.asarray((x, y)) + 0.0
        first, second = vander(points[0], deg[0]), vander(points[1], deg[1])
        both = first[..., :, None] * second[..., None, :]
        return np.reshape(both, both.shape[:-2] + (-1,))

    def vander3d(x, y, z, deg):
        points = np.asarray((x, y, z)) + 0.0
        first, second = vander(points[0], deg[0]), vander(points[1], deg[1])
        third = vander(points[2], deg[2])
        all_three = first[..., :, None, None] * second[..., None, :, None]
        all_three = all_three * third[..., None, None, :]
        return np.reshape(all_three, all_three.shape[:-3] + (-1,))

    def der(c, m=1, scl=1, axis=0):
        check_order(m)
        c = series(np.array(c, ndmin=1))
        for _ in range(m):
            c = derivative(family, c, scl, axis)
        return c

    def int_of(c, m=1, k=(), lbnd=0, scl=1, axis=0):
        constants = list(k) if np.iterable(k) else [k]
        check_order(m, len(constants))
        c = series(np.array(c, ndmin=1))
        for i in range(m):
            c = integral(family, c, constants[i] if i < len(constants) else 0, lbnd, scl, axis)
        return c

    def mul(c1, c2):
        return product(family, series(c1), series(c2))

    def div(c1, c2):
        return quotient(family, series(c1), trimmed(series(c2)))

    def pow_of(c, pow, maxpower=16):
        check_power(pow, maxpower)
        return powered(family, series(c), pow)

    def mulx(c):
        return converted(family, "mulx", series(c))

    def fromroots(of_polynomial):
        return from_roots(family, series(of_polynomial))

    def roots_of(c):
        return roots(family, trimmed(series(c)))

    def companion_of(c):
        return companion(family, trimmed(series(c)))

    def fit(x, y, deg, rcond=None, full=False, w=None):
        return fitted(family, x, y, deg, rcond, full, w)

    definitions = {
        "val": val, "vander": vander, "vander2d": vander2d, "vander3d": vander3d,
        "der": der, "int": int_of, "mul": mul, "div": div, "pow": pow_of, "mulx": mulx,
        "fromroots": fromroots, "roots": roots_of, "companion": companion_of, "fit": fit,
    }  # fmt: skip
    for name, text in definitions.items():
        source_of(of(family, name))(text)
    if family != "poly":

        def to_power(c):
            return converted(family, "2poly", series(c))

        def from_power(pol):
            return converted(family, "poly2" + family, series(pol))

        source_of(of(family, "2poly"))(to_power)
        source_of(getattr(module_of(family), "poly2" + family))(from_power)


for family in MODULES:
    declare(family)
nondifferentiable(
    *[
        getattr(module, family + name)
        for family in MODULES
        for module in (module_of(family),)
        for name in ("gauss", "pts1", "pts2")
        if hasattr(module, family + name)
    ]
)


ADD, SUB, TRIM = [[of(family, name) for family in MODULES] for name in ("add", "sub", "trim")]


@rule(*ADD, shape=varying)
def add(c1, c2):
    y = np.polynomial.polynomial.polyadd(c1, c2)
    n, m = np.size(c1), np.size(c2)

    def pullback(y_bar):
        return fitting(y_bar, n, np.shape(c1)), fitting(y_bar, m, np.shape(c2))

    return y, pullback


@rule(*SUB, shape=varying)
def sub(c1, c2):
    y = np.polynomial.polynomial.polysub(c1, c2)
    n, m = np.size(c1), np.size(c2)

    def pullback(y_bar):
        return fitting(y_bar, n, np.shape(c1)), -fitting(y_bar, m, np.shape(c2))

    return y, pullback


@rule(polyutils.trimcoef, *TRIM, shape=varying)
def trim(c, tol=0):
    y = np.polynomial.polynomial.polytrim(c, tol)

    def pullback(y_bar):
        return fitting(y_bar, np.size(c), np.shape(c))

    return y, pullback


def fitting(y_bar, n, shape):
    """Coefficients that are left out count as 0."""
    return np.reshape(resized(y_bar, n, 0), shape)


source_of(fitting)(fitting)


@source_of(polyutils.as_series)
def as_series(alist, trim=True):
    dtype = dtype_of(found(polyutils.as_series, alist, trim))
    arrays = [np.array(c, dtype, ndmin=1) for c in alist]
    return [trimmed(c) for c in arrays] if trim else arrays


@nondifferentiable
def dtype_of(arrays):
    return arrays[0].dtype
