"""Bessel functions and their relatives, with respect to their argument (DLMF 9, 10, 11).

With respect to the order they have no elementary derivative: a call whose order carries one is refused.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from adjoint.rules.registry import partials, rule, source_of
from adjoint.rules.scipy.several import weighted

# -- of the first and second kind: 2 𝒞ᵥ' = 𝒞ᵥ₋₁ - 𝒞ᵥ₊₁ ---------------------------------------------------


@partials(special.jv, underived="v")
def jv(v, z, y):
    return None, 0.5 * (special.jv(v - 1, z) - special.jv(v + 1, z))


@partials(special.yv, underived="v")
def yv(v, z, y):
    return None, 0.5 * (special.yv(v - 1, z) - special.yv(v + 1, z))


@partials(special.yn, underived="n")
def yn(n, x, y):
    return None, 0.5 * (special.yn(n - 1, x) - special.yn(n + 1, x))


@partials(special.hankel1, underived="v")
def hankel1(v, z, y):
    return None, 0.5 * (special.hankel1(v - 1, z) - special.hankel1(v + 1, z))


@partials(special.hankel2, underived="v")
def hankel2(v, z, y):
    return None, 0.5 * (special.hankel2(v - 1, z) - special.hankel2(v + 1, z))


@partials(special.hankel1e, underived="v")
def hankel1e(v, z, y):
    """e⁻ⁱᶻ H"""
    return None, 0.5 * (special.hankel1e(v - 1, z) - special.hankel1e(v + 1, z)) - 1j * y


@partials(special.hankel2e, underived="v")
def hankel2e(v, z, y):
    return None, 0.5 * (special.hankel2e(v - 1, z) - special.hankel2e(v + 1, z)) + 1j * y


@partials(special.j0)
def j0(x, y):
    return -special.j1(x)


@partials(special.j1)
def j1(x, y):
    return 0.5 * (special.j0(x) - special.jv(2, x))


@partials(special.y0)
def y0(x, y):
    return -special.y1(x)


@partials(special.y1)
def y1(x, y):
    return special.y0(x) - y / x


# -- modified: 2 Iᵥ' = Iᵥ₋₁ + Iᵥ₊₁, 2 Kᵥ' = -Kᵥ₋₁ - Kᵥ₊₁ --------------------------------------------------


@partials(special.iv, underived="v")
def iv(v, z, y):
    return None, 0.5 * (special.iv(v - 1, z) + special.iv(v + 1, z))


@partials(special.kv, underived="v")
def kv(v, z, y):
    return None, -0.5 * (special.kv(v - 1, z) + special.kv(v + 1, z))


@partials(special.kn, underived="n")
def kn(n, x, y):
    return None, -0.5 * (special.kn(np.abs(n - 1), x) + special.kn(n + 1, x))


@partials(special.kve, underived="v")
def kve(v, z, y):
    """eᶻ K"""
    return None, y - 0.5 * (special.kve(v - 1, z) + special.kve(v + 1, z))


@partials(special.i0)
def i0(x, y):
    return special.i1(x)


@partials(special.i1)
def i1(x, y):
    return 0.5 * (special.i0(x) + special.iv(2, x))


@partials(special.i0e)
def i0e(x, y):
    return special.i1e(x) - np.sign(x) * y


@partials(special.i1e)
def i1e(x, y):
    return 0.5 * (special.i0e(x) + special.ive(2, x)) - np.sign(x) * y


@partials(special.k0)
def k0(x, y):
    return -special.k1(x)


@partials(special.k1)
def k1(x, y):
    return -special.k0(x) - y / x


@partials(special.k0e)
def k0e(x, y):
    return y - special.k1e(x)


@partials(special.k1e)
def k1e(x, y):
    return y - 0.5 * (special.k0e(x) + special.kve(2, x))


# -- scaled by the modulus of an exponential, which is no complex derivative ------------------------------


@rule(special.ive, underived="v")
def ive(v, z):
    """e^(-|Re z|) Iᵥ(z)"""
    y = special.ive(v, z)

    def pullback(y_bar):
        slope = 0.5 * (special.ive(v - 1, z) + special.ive(v + 1, z))
        return None, np.conj(slope) * y_bar - np.sign(np.real(z)) * np.real(np.conj(y) * y_bar)

    return y, pullback


@rule(special.jve, underived="v")
def jve(v, z):
    """e^(-|Im z|) Jᵥ(z)"""
    y = special.jve(v, z)

    def pullback(y_bar):
        slope = 0.5 * (special.jve(v - 1, z) - special.jve(v + 1, z))
        return None, np.conj(slope) * y_bar - turned(z, np.real(np.conj(y) * y_bar))

    return y, pullback


@rule(special.yve, underived="v")
def yve(v, z):
    y = special.yve(v, z)

    def pullback(y_bar):
        slope = 0.5 * (special.yve(v - 1, z) - special.yve(v + 1, z))
        return None, np.conj(slope) * y_bar - turned(z, np.real(np.conj(y) * y_bar))

    return y, pullback


def turned(z: Any, bar: Any) -> Any:
    """The cotangent of z by |Im z|; a real z has none."""
    return 1j * np.sign(np.imag(z)) * bar if np.iscomplexobj(z) else 0.0 * bar


source_of(turned)(turned)

# -- Airy and Struve functions ----------------------------------------------------------------------------


@rule(special.airy)
def airy(z, /):
    """Ai, Ai', Bi, Bi':  Ai'' = z Ai."""
    y = special.airy(z)

    def pullback(y_bar):
        first = weighted(y_bar[0], y[1]) + weighted(y_bar[1], z * y[0])
        return first + weighted(y_bar[2], y[3]) + weighted(y_bar[3], z * y[2])

    return y, pullback


@rule(special.itairy)
def itairy(x, /):
    """The integrals of Ai and Bi from 0 to x, and of their reflections."""
    y = special.itairy(x)

    def pullback(y_bar):
        there, back = special.airy(x), special.airy(-x)
        first = weighted(y_bar[0], there[0]) + weighted(y_bar[1], there[2])
        return first + weighted(y_bar[2], back[0]) + weighted(y_bar[3], back[2])

    return y, pullback


def struve_term(v: Any, x: Any) -> Any:
    """(x/2)ᵛ / (√π Γ(v + 3/2))"""
    return np.power(0.5 * x, v) * special.rgamma(v + 1.5) / math.sqrt(math.pi)


@partials(struve_term)
def _(v, x, y):
    return None, 0.5 * v * np.power(0.5 * x, v - 1) * special.rgamma(v + 1.5) / math.sqrt(math.pi)


@partials(special.struve, underived="v")
def struve(v, x, y):
    """DLMF 11.4.25"""
    return None, 0.5 * (special.struve(v - 1, x) - special.struve(v + 1, x) + struve_term(v, x))


@partials(special.modstruve, underived="v")
def modstruve(v, x, y):
    return None, 0.5 * (
        special.modstruve(v - 1, x) + special.modstruve(v + 1, x) + struve_term(v, x)
    )


# -- spherical -------------------------------------------------------------------------------------------


@rule(special.spherical_jn, underived="n")
def spherical_jn(n, z, derivative=False):
    y = special.spherical_jn(n, z, derivative)

    def pullback(y_bar):
        if derivative:
            slope = spherical_bend(n, z, special.spherical_jn(n, z), y, -1)
        else:
            slope = special.spherical_jn(n, z, True)
        return None, np.conj(slope) * y_bar

    return y, pullback


@rule(special.spherical_yn, underived="n")
def spherical_yn(n, z, derivative=False):
    y = special.spherical_yn(n, z, derivative)

    def pullback(y_bar):
        if derivative:
            slope = spherical_bend(n, z, special.spherical_yn(n, z), y, -1)
        else:
            slope = special.spherical_yn(n, z, True)
        return None, np.conj(slope) * y_bar

    return y, pullback


@rule(special.spherical_in, underived="n")
def spherical_in(n, z, derivative=False):
    y = special.spherical_in(n, z, derivative)

    def pullback(y_bar):
        if derivative:
            slope = spherical_bend(n, z, special.spherical_in(n, z), y, 1)
        else:
            slope = special.spherical_in(n, z, True)
        return None, np.conj(slope) * y_bar

    return y, pullback


@rule(special.spherical_kn, underived="n")
def spherical_kn(n, z, derivative=False):
    y = special.spherical_kn(n, z, derivative)

    def pullback(y_bar):
        if derivative:
            slope = spherical_bend(n, z, special.spherical_kn(n, z), y, 1)
        else:
            slope = special.spherical_kn(n, z, True)
        return None, np.conj(slope) * y_bar

    return y, pullback


def spherical_bend(n, z, f, slope, sign):
    """f'' of z² f'' + 2 z f' - (n (n + 1) ± z²) f = 0 (DLMF 10.47.1, 10.47.2)."""
    return (n * (n + 1) / (z * z) + sign) * f - 2 * slope / z


source_of(spherical_bend)(spherical_bend)
