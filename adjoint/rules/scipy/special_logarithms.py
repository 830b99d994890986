"""Logistic functions, entropies, robust losses, Box-Cox, and what NumPy has under another name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from adjoint.rules.registry import partials

# -- functions that are computed from a series near a removable singularity -------------------------


def log_quotient(z: Any, n: int) -> Any:
    """The n-th derivative of f = log z / (1 - z): (1 - z) fₙ = log⁽ⁿ⁾ z + n fₙ₋₁; and by the series
    -Σ (1 - z)ᵏ / (k + 1) near 1."""
    near = np.abs(z - 1) < 0.3
    away, close = np.where(near, 2.0, z), np.where(near, 1 - z, 0.0)
    found = np.log(away) / (1 - away)
    for k in range(1, n + 1):
        found = (-math.factorial(k - 1) * (-away) ** -k + k * found) / (1 - away)
    total = 0.0 * close
    for k in range(44 + n, n - 1, -1):
        total = total * close - math.perm(k, n) * (-1) ** n / (k + 1)
    return _like(np.where(near, total, found), z)


@partials(log_quotient)
def _(z, n, y):
    return log_quotient(z, n + 1), None


def relative_exponential(x: Any, n: int) -> Any:
    """The n-th derivative of f = (eˣ - 1) / x: x fₙ = eˣ - n fₙ₋₁; and by the series near 0."""
    near = np.abs(x) < n + 1
    away, close = np.where(near, n + 1.0, x), np.where(near, x, 0.0)
    found = np.expm1(away) / away
    for k in range(1, n + 1):
        found = (np.exp(away) - k * found) / away
    total = 0.0 * close
    for k in range(30 + 4 * n, n - 1, -1):
        total = total * close + math.perm(k, n) / math.factorial(k + 1)
    return _like(np.where(near, total, found), x)


@partials(relative_exponential)
def _(x, n, y):
    return relative_exponential(x, n + 1), None


def _like(y: Any, x: Any) -> Any:
    """y in the precision of x."""
    single = getattr(x, "dtype", None) == np.float32
    return y.astype(np.float32)[()] if single else y[()]


def log_ratio(x: Any, y: Any) -> Any:
    """log(x / y) that neither overflows nor loses what is left where x and y are nearly equal."""
    close = np.abs(x - y) < 0.5 * y
    quotient = (x - y) / np.where(close, y, 1)
    return np.where(close, np.log1p(np.where(close, quotient, 0)), np.log(x) - np.log(y))[()]


@partials(log_ratio, singular=True)
def _(x, y, out):
    return 1 / x, -1 / y


def ratio_or_zero(x: Any, y: Any) -> Any:
    """`x / y`, and 0 where both are 0."""
    return x / (y + ((x == 0) & (y == 0)))


@partials(ratio_or_zero, singular=True)
def _(x, y, out):
    return ratio_or_zero(1.0, y), -ratio_or_zero(out, y)


# -- logistic functions ------------------------------------------------------------------------------


@partials(special.expit)
def expit(x, y):
    """y (1 - y), where 1 - y loses nothing."""
    return y * special.expit(-x)


@partials(special.log_expit)
def log_expit(x, y):
    return special.expit(-x)


@partials(special.logit, singular=True)
def logit(x, y):
    return 1 / (x * (1 - x))


# -- entropies -----------------------------------------------------------------------------------------


@partials(special.xlogy, singular=True)
def xlogy(x, y, out):
    """0 with respect to y where both are 0."""
    return np.log(y), ratio_or_zero(x, y)


@partials(special.xlog1py, singular=True)
def xlog1py(x, y, out):
    return np.log1p(y), ratio_or_zero(x, 1 + y)


@partials(special.entr, singular=True)
def entr(x, y):
    return -np.log(x) - 1


@partials(special.rel_entr, singular=True)
def rel_entr(x, y, out):
    return log_ratio(x, y) + 1, -ratio_or_zero(x, y)


@partials(special.kl_div, singular=True)
def kl_div(x, y, out):
    return log_ratio(x, y), 1 - ratio_or_zero(x, y)


# -- robust losses ------------------------------------------------------------------------------------


@partials(special.huber)
def huber(delta, r, y):
    return np.maximum(np.abs(r) - delta, 0), np.clip(r, -delta, delta)


@partials(special.pseudo_huber)
def pseudo_huber(delta, r, y):
    """With u = r/δ and s = √(1 + u²): ∂y/∂δ = 2δ(s - 1) - δu²/s = δ u⁴ / (s (1 + s)²)."""
    square = (r / delta) * (r / delta)
    s = np.sqrt(1 + square)
    return delta * square * square / (s * (1 + s) * (1 + s)), r / s


# -- Box and Cox -----------------------------------------------------------------------------------------


@partials(special.boxcox, singular=True)
def boxcox(x, lmbda, y):
    """y = L (eᶻ - 1) / z with L = log x, z = λ L."""
    log = np.log(x)
    return np.power(x, lmbda - 1.0), log * log * relative_exponential(lmbda * log, 1)


@partials(special.boxcox1p, singular=True)
def boxcox1p(x, lmbda, y):
    log = np.log1p(x)
    return np.exp((lmbda - 1) * log), log * log * relative_exponential(lmbda * log, 1)


@partials(special.inv_boxcox, singular=True)
def inv_boxcox(y, lmbda, x):
    """log x = log(1 + λy) / λ."""
    return x / (1 + lmbda * y), -x * y * y * log_quotient(1 + lmbda * y, 1)


@partials(special.inv_boxcox1p, singular=True)
def inv_boxcox1p(y, lmbda, x):
    return (x + 1) / (1 + lmbda * y), -(x + 1) * y * y * log_quotient(1 + lmbda * y, 1)


# -- exponentials and logarithms --------------------------------------------------------------------------


@partials(special.exprel)
def exprel(x, y):
    return relative_exponential(x, 1)


@partials(special.spence)
def spence(z, y):
    return log_quotient(z, 0)


@partials(special.expm1)
def expm1(z, y):
    return y + 1


@partials(special.log1p, singular=True)
def log1p(z, y):
    return 1 / (1 + z)


@partials(special.exp2)
def exp2(x, y):
    return y * math.log(2)


@partials(special.exp10)
def exp10(x, y):
    return y * math.log(10)


@partials(special.cbrt, singular=True)
def cbrt(x, y):
    return 1 / (3 * y * y)


@partials(special.powm1, singular=True)
def powm1(x, y, out):
    return y * np.power(x, y - 1.0), (out + 1) * np.log(x)


# -- trigonometric functions ---------------------------------------------------------------------------


@partials(special.cosm1)
def cosm1(x, y):
    return -np.sin(x)


@partials(special.sindg)
def sindg(x, y):
    return special.cosdg(x) * (math.pi / 180)


@partials(special.cosdg)
def cosdg(x, y):
    return special.sindg(x) * (-math.pi / 180)


@partials(special.tandg)
def tandg(x, y):
    return (1 + y * y) * (math.pi / 180)


@partials(special.cotdg)
def cotdg(x, y):
    return (1 + y * y) * (-math.pi / 180)


@partials(special.radian)
def radian(d, m, s, y):
    return math.pi / 180, math.pi / 10800, math.pi / 648000
