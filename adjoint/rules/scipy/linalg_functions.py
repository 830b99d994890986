"""Functions of matrices, and norms.

The derivative L(A, E) of an analytic f at A along E is the upper right block of f([[A, E], [0, A]]), and
its adjoint is L(Aᴴ, ·) (Higham 2008, "Functions of Matrices", §3).
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy import linalg

from adjoint.rules.norms import matrix_norm_slope, norm_kind, order_slope, vector_norm_slope
from adjoint.rules.reductions import widen
from adjoint.rules.registry import rule, source_of


def doubled(A, E):
    """[[Aᴴ, E], [0, Aᴴ]]"""
    At = np.conj(np.swapaxes(A, -1, -2))
    upper = np.concatenate((At, E), axis=-1)
    lower = np.concatenate((np.zeros_like(At), At), axis=-1)
    return np.concatenate((upper, lower), axis=-2)


def corner(y):
    """The upper right block."""
    n = np.shape(y)[-1] // 2
    return y[..., :n, n:]


source_of(doubled)(doubled)
source_of(corner)(corner)


@rule(linalg.expm)
def expm(A):
    y = linalg.expm(A)

    def pullback(y_bar):
        return corner(linalg.expm(doubled(A, y_bar)))

    return y, pullback


@rule(linalg.sinm)
def sinm(A):
    y = linalg.sinm(A)

    def pullback(y_bar):
        return corner(linalg.sinm(doubled(A, y_bar)))

    return y, pullback


@rule(linalg.cosm)
def cosm(A):
    y = linalg.cosm(A)

    def pullback(y_bar):
        return corner(linalg.cosm(doubled(A, y_bar)))

    return y, pullback


@rule(linalg.tanm)
def tanm(A):
    y = linalg.tanm(A)

    def pullback(y_bar):
        return corner(linalg.tanm(doubled(A, y_bar)))

    return y, pullback


@rule(linalg.sinhm)
def sinhm(A):
    y = linalg.sinhm(A)

    def pullback(y_bar):
        return corner(linalg.sinhm(doubled(A, y_bar)))

    return y, pullback


@rule(linalg.coshm)
def coshm(A):
    y = linalg.coshm(A)

    def pullback(y_bar):
        return corner(linalg.coshm(doubled(A, y_bar)))

    return y, pullback


@rule(linalg.tanhm)
def tanhm(A):
    y = linalg.tanhm(A)

    def pullback(y_bar):
        return corner(linalg.tanhm(doubled(A, y_bar)))

    return y, pullback


@rule(linalg.logm)
def logm(A):
    y = linalg.logm(A)

    def pullback(y_bar):
        return corner(principal_logarithm(doubled(A, y_bar)))

    return y, pullback


def principal_logarithm(A):
    """`logm` that does not warn: what SciPy estimates of the errors of the doubled matrix says little
    of its corner."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return linalg.logm(A)


@rule(principal_logarithm)
def _(A):
    y = principal_logarithm(A)

    def pullback(y_bar):
        return corner(principal_logarithm(doubled(A, y_bar)))

    return y, pullback


@rule(linalg.sqrtm)
def sqrtm(A):
    """Y Y = A: Yᴴ Ā + Ā Yᴴ = Ȳ."""
    y = linalg.sqrtm(A)

    def pullback(y_bar):
        Yt = np.conj(np.swapaxes(y, -1, -2))
        return linalg.solve_sylvester(Yt, Yt, y_bar)

    return y, pullback


@rule(linalg.norm)
def norm(a, ord=None, axis=None, keepdims=False, check_finite=True):
    """As `np.linalg.norm`, of which it is another implementation."""
    y = linalg.norm(a, ord, axis, keepdims, check_finite)

    def pullback(y_bar):
        return norm_cotangents(y_bar, np.asarray(y), a, ord, axis, keepdims)

    return y, pullback


def norm_cotangents(y_bar, y, x, ord, axis, keepdims):
    kind = norm_kind(ord, axis, np.ndim(x))
    y_wide, bar_wide = widen(y, axis, keepdims), widen(y_bar, axis, keepdims)
    if kind in ("frobenius", "euclidean"):
        return widen(y_bar / (y + (y == 0)), axis, keepdims) * x, None
    if kind == "matrix":
        return matrix_norm_slope(x, y_wide, ord, axis) * bar_wide, None
    slope = vector_norm_slope(x, y_wide, ord, axis) * bar_wide
    return slope, order_slope(x, y_wide, ord, axis) * bar_wide


source_of(norm_cotangents)(norm_cotangents)
