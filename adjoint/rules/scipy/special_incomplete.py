"""Incomplete gamma and beta functions, with respect to all their parameters.

Both are integrals of a probability density p up to x. The derivatives of p with respect to its shape
parameters are p times a polynomial in those of log p, and the integral of that, from x towards the
nearer end, is computed by exp-sinh quadrature (Takahasi and Mori 1974) in s = |log(t / x)|: there the
integrand decays from s = 0 on, on whatever scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from adjoint.rules.registry import partials, source_of

ABSCISSAE, LEGENDRE = np.polynomial.legendre.leggauss(100)
STEP = 1 / 24
NODES = np.exp(0.5 * math.pi * np.sinh(np.arange(-4.2, 3.9, STEP)))
WEIGHTS = STEP * 0.5 * math.pi * np.cosh(np.arange(-4.2, 3.9, STEP)) * NODES


def _mixed(f: Callable[[int, int], Any], n: int, m: int) -> Any:
    """∂ₐⁿ ∂ᵦᵐ exp(f) / exp(f), where f(i, j) is ∂ₐⁱ ∂ᵦʲ f."""
    if n == m == 0:
        return 1.0
    total: Any = 0.0
    for i in range(max(n, 1) if n else 1):
        for j in range(m + 1 if n else m):
            ways = math.comb(n - 1, i) * math.comb(m, j) if n else math.comb(m - 1, j)
            slope = f(i + 1, j) if n else f(0, j + 1)
            rest = _mixed(f, n - 1 - i, m - j) if n else _mixed(f, 0, m - 1 - j)
            total = total + ways * rest * slope
    return total


def _psi(n: int, x: Any) -> Any:
    return special.psi(x) if n == 0 else special.polygamma(n, x)


def _double(*operands: Any) -> tuple[list[np.ndarray], np.dtype]:
    """The operands broadcast, in double precision; and the dtype that the result should have."""
    dtype = np.result_type(*operands)
    dtype = dtype if dtype.kind == "f" else np.dtype(float)
    return [np.asarray(x, float) for x in np.broadcast_arrays(*operands)], dtype


# -- gamma -----------------------------------------------------------------------------------------


def _gamma_slopes(a: Any, log_t: Any) -> Callable[[int, int], Any]:
    """The derivatives with respect to a of log p = (a - 1) log t - t - log Γ(a)."""
    return lambda n, _: (log_t if n == 1 else 0.0) - _psi(n - 1, a)


def gamma_density(a: Any, x: Any, n: int) -> Any:
    """∂ₐⁿ of the density xᵃ⁻¹ e⁻ˣ / Γ(a)."""
    (a, x), dtype = _double(a, x)
    density = np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))
    if n == 0:
        return density.astype(dtype)[()]
    log_x = np.log(np.where(x > 0, x, 1))
    return np.where(x > 0, density * _mixed(_gamma_slopes(a, log_x), n, 0), 0).astype(dtype)[()]


@partials(gamma_density)
def _(a, x, n, y):
    slope = ((a - 1) / x - 1) * y
    if n > 0:
        slope = slope + n * gamma_density(a, x, n - 1) / x
    return gamma_density(a, x, n + 1), slope, None


def gamma_integral(a: Any, x: Any, n: int) -> Any:
    """∂ₐⁿ of P(a, x), n ≥ 1: the integral to the left of x, or that to its right with the other sign,
    whichever is the smaller. Gauss-Legendre in s = |log(t / x)| as far as t p(t) is more than e⁻⁴⁰ of
    what it is at x."""
    (a, x), dtype = _double(a, x)
    inside = (x > 0) & (x < math.inf)
    x = np.where(inside, x, 1)
    upper = special.gammainc(a, x) > 0.5
    sign = np.where(upper, 1.0, -1.0)
    low = np.zeros_like(x)
    high = np.where(upper, 1 + np.log1p((100 + 10 * a) / x), (40 + x) / a)
    for _ in range(40):
        middle = 0.5 * (low + high)
        matters = sign * a * middle - x * np.expm1(sign * middle) > -40
        low, high = np.where(matters, middle, low), np.where(matters, high, middle)
    s = 0.5 * high[..., None] * (1 + ABSCISSAE)
    log_t = np.log(x)[..., None] + sign[..., None] * s
    a = a[..., None]
    weight = np.exp(a * log_t - np.exp(log_t) - special.gammaln(a)) * LEGENDRE
    total = 0.5 * high * np.sum(weight * _mixed(_gamma_slopes(a, log_t), n, 0), axis=-1)
    return np.where(inside, -sign * total, 0).astype(dtype)[()]


@partials(gamma_integral)
def _(a, x, n, y):
    return gamma_integral(a, x, n + 1), gamma_density(a, x, n), None


@partials(special.gammainc, singular=True)
def gammainc(a, x, y):
    return gamma_integral(a, x, 1), gamma_density(a, x, 0)


@partials(special.gammaincc, singular=True)
def gammaincc(a, x, y):
    return -gamma_integral(a, x, 1), -gamma_density(a, x, 0)


@partials(special.gammaincinv, singular=True)
def gammaincinv(a, y, x):
    density = gamma_density(a, x, 0)
    return -gamma_integral(a, x, 1) / density, 1 / density


@partials(special.gammainccinv, singular=True)
def gammainccinv(a, y, x):
    density = gamma_density(a, x, 0)
    return -gamma_integral(a, x, 1) / density, -1 / density


def gamma_sample_slope(a, x):
    """dx/da where P(a, x) stays, as `gammaincinv` has it: x p(x; a) = a p(x; a + 1) does not overflow."""
    return -x * gamma_integral(a, x, 1) / (a * gamma_density(a + 1, x, 0))


source_of(gamma_sample_slope)(gamma_sample_slope)


# -- beta ------------------------------------------------------------------------------------------


def _beta_slopes(a: Any, b: Any, log_t: Any, log_u: Any) -> Callable[[int, int], Any]:
    """Those of log p = (a - 1) log t + (b - 1) log u - log B(a, b), u = 1 - t."""

    def slope(n: int, m: int) -> Any:
        total = _psi(n + m - 1, a + b)
        if m == 0:
            total = total - _psi(n - 1, a) + (log_t if n == 1 else 0.0)
        if n == 0:
            total = total - _psi(m - 1, b) + (log_u if m == 1 else 0.0)
        return total

    return slope


def beta_density(a: Any, b: Any, x: Any, n: int, m: int) -> Any:
    """∂ₐⁿ ∂ᵦᵐ of the density xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b)."""
    (a, b, x), dtype = _double(a, b, x)
    density = np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))
    if n == m == 0:
        return density.astype(dtype)[()]
    inside = (x > 0) & (x < 1)
    x = np.where(inside, x, 0.5)
    slopes = _beta_slopes(a, b, np.log(x), np.log1p(-x))
    return np.where(inside, density * _mixed(slopes, n, m), 0).astype(dtype)[()]


@partials(beta_density)
def _(a, b, x, n, m, y):
    slope = ((a - 1) / x - (b - 1) / (1 - x)) * y
    if n > 0:
        slope = slope + n * beta_density(a, b, x, n - 1, m) / x
    if m > 0:
        slope = slope - m * beta_density(a, b, x, n, m - 1) / (1 - x)
    return beta_density(a, b, x, n + 1, m), beta_density(a, b, x, n, m + 1), slope, None, None


def _beta_below(a: Any, b: Any, x: Any, n: int, m: int) -> Any:
    """∂ₐⁿ ∂ᵦᵐ of I_x(a, b)."""
    a, b, x = a[..., None], b[..., None], x[..., None]
    with np.errstate(under="ignore"):
        log_t = np.log(x) - NODES
        log_u = np.log1p(-np.exp(log_t))
        weight = np.exp(a * log_t + (b - 1) * log_u - special.betaln(a, b)) * WEIGHTS
        terms = weight * _mixed(_beta_slopes(a, b, log_t, log_u), n, m)
    return np.sum(np.where(weight > 0, terms, 0), axis=-1)


def beta_integral(a: Any, b: Any, x: Any, n: int, m: int) -> Any:
    """∂ₐⁿ ∂ᵦᵐ of I_x(a, b), n + m ≥ 1; I_x(a, b) = 1 - I_{1-x}(b, a)."""
    (a, b, x), dtype = _double(a, b, x)
    inside = (x > 0) & (x < 1)
    below = special.betainc(a, b, x) < 0.5
    low, high = np.where(inside & below, x, 0.5), np.where(inside & ~below, 1 - x, 0.5)
    total = np.where(below, _beta_below(a, b, low, n, m), -_beta_below(b, a, high, m, n))
    return np.where(inside, total, 0).astype(dtype)[()]


@partials(beta_integral)
def _(a, b, x, n, m, y):
    return (
        beta_integral(a, b, x, n + 1, m),
        beta_integral(a, b, x, n, m + 1),
        beta_density(a, b, x, n, m),
        None,
        None,
    )


@partials(special.betainc)
def betainc(a, b, x, y):
    return beta_integral(a, b, x, 1, 0), beta_integral(a, b, x, 0, 1), beta_density(a, b, x, 0, 0)


@partials(special.betaincc)
def betaincc(a, b, x, y):
    return (
        -beta_integral(a, b, x, 1, 0),
        -beta_integral(a, b, x, 0, 1),
        -beta_density(a, b, x, 0, 0),
    )


@partials(special.betaincinv, singular=True)
def betaincinv(a, b, y, x):
    density = beta_density(a, b, x, 0, 0)
    return (
        -beta_integral(a, b, x, 1, 0) / density,
        -beta_integral(a, b, x, 0, 1) / density,
        1 / density,
    )


@partials(special.betainccinv, singular=True)
def betainccinv(a, b, y, x):
    density = beta_density(a, b, x, 0, 0)
    return (
        -beta_integral(a, b, x, 1, 0) / density,
        -beta_integral(a, b, x, 0, 1) / density,
        -1 / density,
    )


def beta_sample_slope(a, b, x):
    """dx/da where I_x(a, b) stays; x p(x; a, b) = a / (a + b) p(x; a + 1, b)"""
    return -x * beta_integral(a, b, x, 1, 0) * (a + b) / (a * beta_density(a + 1, b, x, 0, 0))


source_of(beta_sample_slope)(beta_sample_slope)
