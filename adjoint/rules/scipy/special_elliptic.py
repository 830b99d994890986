"""Elliptic integrals and functions of the parameter m, Lambert's W, hypergeometric functions.

D(φ, m) = ∫ sin² / √(1 - m sin²) = (F - E) / m takes the place of differences that cancel
(DLMF 19.2.6, 19.4, 19.25.13, 22.13, 15.5, 13.3).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from adjoint.rules.registry import partials, rule
from adjoint.rules.scipy.several import weighted

# -- elliptic ------------------------------------------------------------------------------------------


def complete_d(p: Any) -> Any:
    """D(π/2, m) of p = 1 - m, which may be small."""
    return special.elliprd(0.0 * p, p, 1.0) / 3


@partials(complete_d)
def _(p, y):
    """dD/dm = (dK/dm - dE/dm - D) / m = ((K - D) / (1 - m) - D) / 2m"""
    return (y - (special.ellipkm1(p) - y) / p) / (2 * (1 - p))


@partials(special.ellipk, singular=True)
def ellipk(m, y):
    return (y - complete_d(1 - m)) / (2 * (1 - m))


@partials(special.ellipkm1, singular=True)
def ellipkm1(p, y):
    return (complete_d(p) - y) / (2 * p)


@partials(special.ellipe)
def ellipe(m, y):
    return -0.5 * complete_d(1 - m)


def incomplete_d(phi: Any, m: Any) -> Any:
    """D(φ, m) = sin³φ R_D(cos²φ, 1 - m sin²φ, 1) / 3 + 2k D(π/2, m), for φ within π/2 of kπ."""
    turns = np.round(phi / math.pi)
    sine, cosine = np.sin(phi - turns * math.pi), np.cos(phi - turns * math.pi)
    within = sine**3 * special.elliprd(cosine**2, 1 - m * sine**2, 1.0) / 3
    if not np.any(turns):
        return within
    whole = 2 * turns * complete_d(np.where(turns == 0, 1, 1 - m))
    return (within + whole).astype(np.result_type(within))[()]


@partials(incomplete_d)
def _(phi, m, y):
    """∂D/∂m = (∂F/∂m - ∂E/∂m - D) / m, and ∂E/∂m = -D / 2."""
    square = np.sin(phi) * np.sin(phi)
    return square / np.sqrt(1 - m * square), (by_parameter(phi, m) - 0.5 * y) / m


def by_parameter(phi: Any, m: Any) -> Any:
    """∂F(φ, m)/∂m = (F - D - sin φ cos φ / Δ) / (2 (1 - m)), Δ = √(1 - m sin²φ)."""
    sine = np.sin(phi)
    rest = sine * np.cos(phi) / np.sqrt(1 - m * sine * sine)
    return (special.ellipkinc(phi, m) - incomplete_d(phi, m) - rest) / (2 * (1 - m))


@partials(by_parameter)
def _(phi, m, y):
    """∂²F/∂φ∂m = sin²φ / 2Δ³; by m, the quotient above."""
    sine = np.sin(phi)
    square = 1 - m * sine * sine
    cube = square * np.sqrt(square)
    by_d = (y - 0.5 * incomplete_d(phi, m)) / m
    by_m = y - by_d - 0.5 * sine * sine * sine * np.cos(phi) / cube
    return 0.5 * sine * sine / cube, (by_m + 2 * y) / (2 * (1 - m))


@partials(special.ellipkinc)
def ellipkinc(phi, m, y):
    sine = np.sin(phi)
    return 1 / np.sqrt(1 - m * sine * sine), by_parameter(phi, m)


@partials(special.ellipeinc)
def ellipeinc(phi, m, y):
    sine = np.sin(phi)
    return np.sqrt(1 - m * sine * sine), -0.5 * incomplete_d(phi, m)


@rule(special.ellipj)
def ellipj(u, m, /):
    """sn, cn, dn and the amplitude φ: u = F(φ, m), so ∂φ/∂m = -dn ∂F/∂m."""
    y = special.ellipj(u, m)

    def pullback(y_bar):
        sn, cn, dn, phi = y
        turn = -dn * by_parameter(phi, m)
        sn_bar, cn_bar, dn_bar, phi_bar = y_bar
        turn_bar = (
            weighted(sn_bar, cn) + weighted(cn_bar, -sn) + weighted(phi_bar, np.ones_like(sn))
        )
        u_bar = turn_bar * dn + weighted(dn_bar, -m * sn * cn)
        slope = -(0.5 * sn * sn + m * sn * cn * turn) / dn
        return u_bar, turn_bar * turn + weighted(dn_bar, slope)

    return y, pullback


# -- Lambert's W ---------------------------------------------------------------------------------------


@rule(special.lambertw, underived="k tol")
def lambertw(z, k=0, tol=1e-8):
    """W eᵂ = z, so W' = e⁻ᵂ / (1 + W)."""
    y = special.lambertw(z, k, tol)

    def pullback(y_bar):
        return y_bar * np.conj(np.exp(-y) / (1 + y))

    return y, pullback


@partials(special.wrightomega)
def wrightomega(z, y):
    return y / (1 + y)


# -- hypergeometric functions, with respect to their argument -------------------------------------------


@partials(special.hyp0f1, underived="v")
def hyp0f1(v, z, y):
    return None, special.hyp0f1(v + 1, z) / v


@partials(special.hyp1f1, underived="a b")
def hyp1f1(a, b, x, y):
    return None, None, a / b * special.hyp1f1(a + 1, b + 1, x)


@partials(special.hyp2f1, underived="a b c")
def hyp2f1(a, b, c, z, y):
    return None, None, None, a * b / c * special.hyp2f1(a + 1, b + 1, c + 1, z)


@partials(special.hyperu, underived="a b")
def hyperu(a, b, x, y):
    return None, None, -a * special.hyperu(a + 1, b + 1, x)
