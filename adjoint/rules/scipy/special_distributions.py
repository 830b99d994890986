"""Distribution functions of `scipy.special`, by the incomplete gamma and beta functions.

The counts of discrete distributions have no derivative.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from adjoint.rules.registry import partials, source_of
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


def student_slope(df, t):
    """∂/∂df of the distribution function ½ + sign(t)/2 (1 - I_z(df/2, 1/2)), z = df / (df + t²);
    ∂z/∂df = t² / (df + t²)²."""
    square = t * t
    z = df / (df + square)
    by_shape = 0.5 * beta_integral(0.5 * df, 0.5, z, 1, 0)
    by_z = beta_density(0.5 * df, 0.5, z, 0, 0) * square / (df + square) ** 2
    return -0.5 * np.sign(t) * (by_shape + by_z)


source_of(student_slope)(student_slope)


@partials(special.stdtr)
def stdtr(df, t, y):
    return student_slope(df, t), student_density(df, t)


def fisher_density(dfn, dfd, x):
    """The derivative of I_z(dfn/2, dfd/2), z = dfn x / (dfn x + dfd), with respect to z, and ∂z / ∂(dfn x)
    without the factor dfd."""
    total = dfn * x + dfd
    return beta_density(0.5 * dfn, 0.5 * dfd, dfn * x / total, 0, 0) / (total * total)


def fisher_slopes(dfn, dfd, x):
    """The derivatives of the distribution function with respect to dfn and dfd."""
    z = dfn * x / (dfn * x + dfd)
    by_z = fisher_density(dfn, dfd, x)
    return (
        0.5 * beta_integral(0.5 * dfn, 0.5 * dfd, z, 1, 0) + by_z * x * dfd,
        0.5 * beta_integral(0.5 * dfn, 0.5 * dfd, z, 0, 1) - by_z * x * dfn,
    )


source_of(fisher_density)(fisher_density)
source_of(fisher_slopes)(fisher_slopes)


@partials(special.fdtr)
def fdtr(dfn, dfd, x, y):
    slopes = fisher_slopes(dfn, dfd, x)
    return slopes[0], slopes[1], fisher_density(dfn, dfd, x) * dfn * dfd


@partials(special.fdtrc)
def fdtrc(dfn, dfd, x, y):
    slopes = fisher_slopes(dfn, dfd, x)
    return -slopes[0], -slopes[1], -fisher_density(dfn, dfd, x) * dfn * dfd
