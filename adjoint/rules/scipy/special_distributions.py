"""Distribution functions of `scipy.special`, by the incomplete gamma and beta functions.

The counts of discrete distributions have no derivative.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from adjoint.rules.registry import partials
from adjoint.rules.scipy.special_incomplete import (
    beta_density,
    beta_integral,
    gamma_density,
    gamma_integral,
)


@partials(special.chdtr)
def chdtr(v, x, y):
    """P(v/2, x/2)"""
    return (
        0.5 * gamma_integral(0.5 * v, 0.5 * x, 1),
        0.5 * gamma_density(0.5 * v, 0.5 * x, 0),
    )


@partials(special.chdtrc)
def chdtrc(v, x, y):
    return (
        -0.5 * gamma_integral(0.5 * v, 0.5 * x, 1),
        -0.5 * gamma_density(0.5 * v, 0.5 * x, 0),
    )


@partials(special.gdtr)
def gdtr(a, b, x, y):
    """P(b, a x)"""
    density = gamma_density(b, a * x, 0)
    return x * density, gamma_integral(b, a * x, 1), a * density


@partials(special.gdtrc)
def gdtrc(a, b, x, y):
    density = gamma_density(b, a * x, 0)
    return -x * density, -gamma_integral(b, a * x, 1), -a * density


@partials(special.pdtr, underived="k")
def pdtr(k, m, y):
    """Q(⌊k⌋ + 1, m)"""
    return None, -gamma_density(np.floor(k) + 1, m, 0)


@partials(special.pdtrc, underived="k")
def pdtrc(k, m, y):
    return None, gamma_density(np.floor(k) + 1, m, 0)


@partials(special.bdtr, underived="k n")
def bdtr(k, n, p, y):
    """1 - I_p(⌊k⌋ + 1, n - ⌊k⌋)"""
    return None, None, -beta_density(np.floor(k) + 1, n - np.floor(k), p, 0, 0)


@partials(special.bdtrc, underived="k n")
def bdtrc(k, n, p, y):
    return None, None, beta_density(np.floor(k) + 1, n - np.floor(k), p, 0, 0)


@partials(special.nbdtr, underived="k n")
def nbdtr(k, n, p, y):
    """I_p(n, k + 1)"""
    return None, None, beta_density(n, k + 1, p, 0, 0)


@partials(special.nbdtrc, underived="k n")
def nbdtrc(k, n, p, y):
    return None, None, -beta_density(n, k + 1, p, 0, 0)


def student_density(df, t):
    """The density of Student's t."""
    half = 0.5 * (df + 1)
    scale = special.gammaln(half) - special.gammaln(0.5 * df) - 0.5 * np.log(np.pi * df)
    return np.exp(scale - half * np.log1p(t * t / df))


@partials(student_density)
def _(df, t, y):
    square = t * t / df
    half = 0.5 * (df + 1)
    slope = special.psi(half) - special.psi(0.5 * df) - 1 / df - np.log1p(square)
    return (
        0.5 * y * (slope + 2 * half * square / (df * (1 + square))),
        -2 * half * t / (df * (1 + square)) * y,
    )


@partials(special.stdtr)
def stdtr(df, t, y):
    """½ + sign(t)/2 (1 - I_z(df/2, 1/2)), z = df / (df + t²); ∂z/∂df = t² / (df + t²)²."""
    square = t * t
    z = df / (df + square)
    by_shape = 0.5 * beta_integral(0.5 * df, 0.5, z, 1, 0)
    by_z = beta_density(0.5 * df, 0.5, z, 0, 0) * square / (df + square) ** 2
    return -0.5 * np.sign(t) * (by_shape + by_z), student_density(df, t)


@partials(special.fdtr)
def fdtr(dfn, dfd, x, y):
    """I_z(dfn/2, dfd/2), z = dfn x / (dfn x + dfd)."""
    total = dfn * x + dfd
    z = dfn * x / total
    by_z = beta_density(0.5 * dfn, 0.5 * dfd, z, 0, 0) / (total * total)
    return (
        0.5 * beta_integral(0.5 * dfn, 0.5 * dfd, z, 1, 0) + by_z * x * dfd,
        0.5 * beta_integral(0.5 * dfn, 0.5 * dfd, z, 0, 1) - by_z * x * dfn,
        by_z * dfn * dfd,
    )


@partials(special.fdtrc)
def fdtrc(dfn, dfd, x, y):
    total = dfn * x + dfd
    z = dfn * x / total
    by_z = beta_density(0.5 * dfn, 0.5 * dfd, z, 0, 0) / (total * total)
    return (
        -0.5 * beta_integral(0.5 * dfn, 0.5 * dfd, z, 1, 0) - by_z * x * dfd,
        by_z * x * dfn - 0.5 * beta_integral(0.5 * dfn, 0.5 * dfd, z, 0, 1),
        -by_z * dfn * dfd,
    )
