"""Orthogonal polynomials, with respect to their argument (DLMF 18.9).

The degree n - 1 of a derivative is taken as 0 where n is 0: the factor n is 0 there.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from adjoint.rules.registry import partials


@partials(special.eval_jacobi, underived="n alpha beta")
def eval_jacobi(n, alpha, beta, x, y):
    lower = special.eval_jacobi(n - (n != 0), alpha + 1, beta + 1, x)
    return None, None, None, 0.5 * (n != 0) * (n + alpha + beta + 1) * lower


@partials(special.eval_legendre, underived="n")
def eval_legendre(n, x, y):
    return None, 0.5 * (n != 0) * (n + 1) * special.eval_jacobi(n - (n != 0), 1, 1, x)


@partials(special.eval_gegenbauer, underived="n alpha")
def eval_gegenbauer(n, alpha, x, y):
    lower = special.eval_gegenbauer(n - (n != 0), alpha + 1, x)
    return None, None, 2 * (n != 0) * alpha * lower


@partials(special.eval_chebyt, underived="n")
def eval_chebyt(n, x, y):
    return None, n * special.eval_chebyu(n - (n != 0), x)


@partials(special.eval_chebyu, underived="n")
def eval_chebyu(n, x, y):
    return None, 2 * (n != 0) * special.eval_gegenbauer(n - (n != 0), 2, x)


@partials(special.eval_hermite, underived="n")
def eval_hermite(n, x, y):
    return None, 2 * n * special.eval_hermite(n - (n != 0), x)


@partials(special.eval_hermitenorm, underived="n")
def eval_hermitenorm(n, x, y):
    return None, n * special.eval_hermitenorm(n - (n != 0), x)


@partials(special.eval_genlaguerre, underived="n alpha")
def eval_genlaguerre(n, alpha, x, y):
    return None, None, -1 * (n != 0) * special.eval_genlaguerre(n - (n != 0), alpha + 1, x)


@partials(special.eval_laguerre, underived="n")
def eval_laguerre(n, x, y):
    return None, -1 * (n != 0) * special.eval_genlaguerre(n - (n != 0), 1, x)


@partials(special.sph_harm_y, underived="n m")
def sph_harm_y(n, m, theta, phi, y):
    """∂Y/∂θ = m cot θ Y + √((n - m)(n + m + 1)) e⁻ⁱᵠ Y of the order m + 1 (DLMF 14.10.4, 14.30.1)"""
    above = np.exp(-1j * phi) * special.sph_harm_y(n, m + 1, theta, phi)
    return (
        None,
        None,
        m * y / np.tan(theta) + np.sqrt(np.maximum((n - m) * (n + m + 1.0), 0)) * above,
        1j * m * y,
    )
