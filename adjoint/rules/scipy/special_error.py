"""Error functions, the normal distribution, and exponential and trigonometric integrals (DLMF 6, 7)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from adjoint.rules.registry import partials, rule
from adjoint.rules.scipy.several import weighted

ROOT_PI = math.sqrt(math.pi)
ROOT_2 = math.sqrt(2)
ROOT_2PI = math.sqrt(2 * math.pi)

# -- the error function and its inverse --------------------------------------------------------------


@partials(special.erf)
def erf(z, y):
    return (2 / ROOT_PI) * np.exp(-z * z)


@partials(special.erfc)
def erfc(x, y):
    return (-2 / ROOT_PI) * np.exp(-x * x)


@partials(special.erfi)
def erfi(z, y):
    return (2 / ROOT_PI) * np.exp(z * z)


@partials(special.erfinv, singular=True)
def erfinv(y, x):
    return (0.5 * ROOT_PI) * np.exp(x * x)


@partials(special.erfcinv, singular=True)
def erfcinv(y, x):
    return (-0.5 * ROOT_PI) * np.exp(x * x)


# -- scaled: f' = p z f + q -------------------------------------------------------------------------


def _orders(f: Any, z: Any, n: int, p: float, q: complex, far: Any) -> Any:
    """The n-th derivative, n ≥ 1, of f with f' = p z f + q; where `far`, by the asymptotic series
    f ~ -q/p Σ (-sign p)ᵏ (2k - 1)!! / (2ᵏ z²ᵏ⁺¹), because there f' is a small difference."""
    before, now = f, p * z * f + q
    for k in range(1, n):
        before, now = now, p * (z * now + k * before)
    if not np.any(far):
        return now
    inverse = 1 / np.where(far, z, 1)
    total, coefficient = 0.0 * inverse, -q / p
    for k in range(20):
        falling = math.prod(-(2 * k + 1 + i) for i in range(n))
        total = total + coefficient * falling * inverse ** (2 * k + 1 + n)
        coefficient = coefficient * -math.copysign(1, p) * (2 * k + 1) / 2
    return np.where(far, total, now)[()]


def erfcx_derivative(x: Any, n: int) -> Any:
    return _orders(special.erfcx(x), x, n, 2.0, -2 / ROOT_PI, np.real(x) > 11)


@partials(erfcx_derivative)
def _(x, n, y):
    return erfcx_derivative(x, n + 1), None


@partials(special.erfcx)
def erfcx(x, y):
    return erfcx_derivative(x, 1)


def dawsn_derivative(x: Any, n: int) -> Any:
    far = np.abs(np.real(x)) > 11 + np.abs(np.imag(x))
    return _orders(special.dawsn(x), x, n, -2.0, 1.0, far)


@partials(dawsn_derivative)
def _(x, n, y):
    return dawsn_derivative(x, n + 1), None


@partials(special.dawsn)
def dawsn(x, y):
    return dawsn_derivative(x, 1)


def wofz_derivative(z: Any, n: int) -> Any:
    z = np.asarray(z) + 0j
    far = (np.abs(z) > 11) & ((np.imag(z) >= 0) | (np.abs(np.real(z)) > 11 - np.imag(z)))
    return _orders(special.wofz(z), z, n, -2.0, 2j / ROOT_PI, far)


@partials(wofz_derivative)
def _(z, n, y):
    return wofz_derivative(z, n + 1), None


@partials(special.wofz)
def wofz(z, y):
    return wofz_derivative(z, 1)


@partials(special.voigt_profile)
def voigt_profile(x, sigma, gamma, y):
    """Re w(z) / (σ √2π), z = (x + iγ) / (σ √2)."""
    slope = wofz_derivative((x + 1j * gamma) / (ROOT_2 * sigma), 1)
    scale = 1 / (2 * ROOT_PI * sigma * sigma)
    by_z = scale * (x * np.real(slope) - gamma * np.imag(slope)) / sigma
    return scale * np.real(slope), -(y / sigma + by_z), -scale * np.imag(slope)


# -- the normal distribution ------------------------------------------------------------------------


@partials(special.ndtr)
def ndtr(x, y):
    return (1 / ROOT_2PI) * np.exp(-0.5 * x * x)


@partials(special.log_ndtr)
def log_ndtr(x, y):
    """φ(x) / Φ(x), without the quotient of two numbers that vanish."""
    return math.sqrt(2 / math.pi) / special.erfcx(-x / ROOT_2)


@partials(special.ndtri, singular=True)
def ndtri(y, x):
    return ROOT_2PI * np.exp(0.5 * x * x)


@partials(special.ndtri_exp, singular=True)
def ndtri_exp(y, x):
    return math.sqrt(math.pi / 2) * special.erfcx(-x / ROOT_2)


@partials(special.owens_t)
def owens_t(h, a, y):
    """DLMF has none: Owen 1956, (2.1) and its derivative with respect to h."""
    return (
        (-0.5 / ROOT_2PI) * special.erf(a * h / ROOT_2) * np.exp(-0.5 * h * h),
        np.exp(-0.5 * h * h * (1 + a * a)) / (2 * math.pi * (1 + a * a)),
    )


# -- integrals ---------------------------------------------------------------------------------------


@rule(special.fresnel)
def fresnel(z, /):
    """S and C"""
    y = special.fresnel(z)

    def pullback(y_bar):
        angle = (0.5 * math.pi) * z * z
        return weighted(y_bar[0], np.sin(angle)) + weighted(y_bar[1], np.cos(angle))

    return y, pullback


@partials(special.expi, singular=True)
def expi(x, y):
    return np.exp(x) / x


@partials(special.exp1, singular=True)
def exp1(z, y):
    return -np.exp(-z) / z


def exponential_integral(n: Any, x: Any) -> Any:
    """Eₙ(x), also for integers n below 0: Eₙ = (e⁻ˣ - n Eₙ₊₁) / x (DLMF 8.19.12)."""
    if np.all(np.asarray(n) >= 0):
        return special.expn(n, x)
    below = (np.exp(-x) - n * exponential_integral(n + 1, x)) / x
    return np.where(np.asarray(n) < 0, below, special.expn(np.maximum(n, 0), x))[()]


@partials(exponential_integral)
def _(n, x, y):
    return None, -exponential_integral(n - 1, x)


@partials(special.expn, underived="n")
def expn(n, x, y):
    return None, -exponential_integral(n - 1, x)


@rule(special.sici)
def sici(z, /):
    y = special.sici(z)

    def pullback(y_bar):
        return weighted(y_bar[0], np.sinc(z / math.pi)) + weighted(y_bar[1], np.cos(z) / z)

    return y, pullback


@rule(special.shichi)
def shichi(z, /):
    y = special.shichi(z)

    def pullback(y_bar):
        return weighted(y_bar[0], np.sinh(z) / z) + weighted(y_bar[1], np.cosh(z) / z)

    return y, pullback
