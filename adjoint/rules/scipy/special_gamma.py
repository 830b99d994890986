"""Gamma and beta functions and their relatives.

ψ = Γ'/Γ is `digamma`, its derivatives are `polygamma` (DLMF 5.2, 5.12, 5.15).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from adjoint.rules.registry import partials, rule
from adjoint.rules.special_functions import BERNOULLI

FAR = 15  # from here on the asymptotic series of ψ⁽ⁿ⁾ is exact to double precision


def polygamma_of(n: Any, x: Any) -> Any:
    """ψ⁽ⁿ⁾(x) in the precision of x, which may be complex."""
    if np.iscomplexobj(x):
        return _complex_polygamma(n, np.asarray(x))[()]
    y = special.polygamma(n, x)
    wanted = getattr(x, "dtype", y.dtype)
    return y.astype(wanted)[()] if wanted.kind == "f" else y[()]


def _complex_polygamma(n: int, z: np.ndarray) -> np.ndarray:
    """(-1)ⁿ⁺¹ n! Σ (z + k)⁻ⁿ⁻¹ up to Re z = FAR + n, and the asymptotic series beyond (DLMF 5.15.8)."""
    steps = max(0, math.ceil(FAR + n - float(np.min(z.real, initial=0.0))))
    sign = (-1.0) ** (n + 1)
    head = sum((math.factorial(n) * (z + k) ** -(n + 1) for k in range(steps)), 0.0 * z)
    z = z + steps
    tail = math.factorial(n - 1) * z**-n + 0.5 * math.factorial(n) * z ** -(n + 1)
    for k, bernoulli in enumerate(BERNOULLI, start=1):
        ratio = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        tail = tail + bernoulli * ratio * z ** -(2 * k + n)
    return sign * (head + tail)


@partials(polygamma_of)
def _(n, x, y):
    return None, polygamma_of(n + 1, x)


@partials(special.gamma)
def gamma(z, y):
    return y * special.psi(z)


@partials(special.gammaln, special.loggamma)
def gammaln(z, y):
    return special.psi(z)


@partials(special.rgamma)
def rgamma(z, y):
    return -y * special.psi(z)


@partials(special.psi)
def psi(z, y):
    return polygamma_of(1, z)


@partials(special.polygamma, underived="n")
def polygamma(n, x, y):
    return None, polygamma_of(n + 1, x)


@rule(special.zeta, underived="x")
def zeta(x, q=None, out=None):
    """Hurwitz: ∂ζ(x, q)/∂q = -x ζ(x + 1, q) (DLMF 25.11.17)."""
    y = special.zeta(x, q, out)

    def pullback(y_bar):
        return None, -y_bar * x * special.zeta(x + 1, q)

    return y, pullback


@partials(special.beta)
def beta(a, b, y):
    return y * (special.psi(a) - special.psi(a + b)), y * (special.psi(b) - special.psi(a + b))


@partials(special.betaln)
def betaln(a, b, y):
    return special.psi(a) - special.psi(a + b), special.psi(b) - special.psi(a + b)


@partials(special.poch)
def poch(z, m, y):
    return y * (special.psi(z + m) - special.psi(z)), y * special.psi(z + m)


@partials(special.binom)
def binom(x, y, out):
    rest = special.psi(x - y + 1)
    return out * (special.psi(x + 1) - rest), out * (rest - special.psi(y + 1))


@rule(special.factorial)
def factorial(n, exact=False, extend="zero"):
    """Γ(n + 1)"""
    y = special.factorial(n, exact, extend)

    def pullback(y_bar):
        return y_bar * y * special.psi(n + 1)

    return y, pullback


def multivariate_polygamma(a: Any, d: int, n: int) -> Any:
    """Σⱼ ψ⁽ⁿ⁾(a - j/2), j < d."""
    order = special.psi if n == 0 else lambda x: polygamma_of(n, x)
    return sum((order(a - 0.5 * j) for j in range(1, d)), order(a))


@partials(multivariate_polygamma)
def _(a, d, n, y):
    return multivariate_polygamma(a, d, n + 1), None, None


@partials(special.multigammaln, underived="d")
def multigammaln(a, d, y):
    return multivariate_polygamma(a, d, 0), None
