"""What is known of each continuous distribution, standardised: the derivatives of its log density
with respect to z and to its shapes, and those of its distribution function with respect to its shapes.

They are ordinary definitions, which are differentiated in turn where a second derivative is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

from adjoint.rules.scipy.special_distributions import fisher_slopes, student_slope
from adjoint.rules.scipy.special_incomplete import (
    ABSCISSAE,
    LEGENDRE,
    beta_integral,
    gamma_density,
    gamma_integral,
)

ROOT_2PI = math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class Known:
    """scores: (z, *shapes) -> derivatives of log p with respect to z and each shape;
    slopes: (z, *shapes) -> those of the distribution function with respect to each shape;
    interior: a point inside the support."""

    scores: Callable[..., tuple]
    slopes: Callable[..., tuple]
    interior: float = 0.5


def no_slopes(z):
    return ()


def norm_scores(z):
    return (-z,)


def cauchy_scores(z):
    return (-2 * z / (1 + z * z),)


def expon_scores(z):
    return (-1.0 + 0 * z,)


def uniform_scores(z):
    return (0 * z,)


def laplace_scores(z):
    return (-np.sign(z),)


def logistic_scores(z):
    return (-np.tanh(0.5 * z),)


def gumbel_r_scores(z):
    return (np.expm1(-z),)


def gumbel_l_scores(z):
    return (-np.expm1(z),)


def rayleigh_scores(z):
    return (1 / z - z,)


def gamma_scores(z, a):
    return (a - 1) / z - 1, np.log(z) - special.psi(a)


def gamma_slopes(z, a):
    return (gamma_integral(a, z, 1),)


def invgamma_scores(z, a):
    return (1 / z - (a + 1)) / z, -np.log(z) - special.psi(a)


def invgamma_slopes(z, a):
    return (-gamma_integral(a, 1 / z, 1),)


def chi2_scores(z, df):
    return (0.5 * df - 1) / z - 0.5, 0.5 * (np.log(0.5 * z) - special.psi(0.5 * df))


def chi2_slopes(z, df):
    return (0.5 * gamma_integral(0.5 * df, 0.5 * z, 1),)


def beta_scores(z, a, b):
    both = special.psi(a + b)
    return (
        (a - 1) / z - (b - 1) / (1 - z),
        np.log(z) - special.psi(a) + both,
        np.log1p(-z) - special.psi(b) + both,
    )


def beta_slopes(z, a, b):
    return beta_integral(a, b, z, 1, 0), beta_integral(a, b, z, 0, 1)


def t_scores(z, df):
    square = z * z / df
    half = special.psi(0.5 * (df + 1)) - special.psi(0.5 * df) - 1 / df - np.log1p(square)
    pull = (df + 1) / (1 + square)
    return -pull * z / df, 0.5 * (half + pull * square / df)


def t_slopes(z, df):
    return (student_slope(df, z),)


def f_scores(z, dfn, dfd):
    """log p = ½(m log(m/n) + (m - 2) log z - (m + n) log(1 + m z / n)) - log B(m/2, n/2)."""
    ratio = dfn * z / dfd
    share = (dfn + dfd) / (1 + ratio)
    both = special.psi(0.5 * (dfn + dfd))
    return (
        0.5 * ((dfn - 2) / z - share * dfn / dfd),
        0.5
        * (np.log(ratio) + 1 - np.log1p(ratio) - share * z / dfd - special.psi(0.5 * dfn) + both),
        0.5 * (-dfn / dfd - np.log1p(ratio) + share * ratio / dfd - special.psi(0.5 * dfd) + both),
    )


def f_slopes(z, dfn, dfd):
    return fisher_slopes(dfn, dfd, z)


def gennorm_scores(z, beta):
    size = np.abs(z)
    return (
        -beta * np.sign(z) * size ** (beta - 1),
        1 / beta + special.psi(1 / beta) / (beta * beta) - special.xlogy(size**beta, size),
    )


def gennorm_slopes(z, beta):
    power = np.abs(z) ** beta
    by_shape = -gamma_integral(1 / beta, power, 1) / (beta * beta)
    by_power = gamma_density(1 / beta, power, 0) * special.xlogy(power, np.abs(z))
    return (0.5 * np.sign(z) * (by_shape + by_power),)


def pareto_scores(z, b):
    return -(b + 1) / z, 1 / b - np.log(z)


def pareto_slopes(z, b):
    return (z**-b * np.log(z),)


def lognorm_scores(z, s):
    log = np.log(z)
    return -(1 + log / (s * s)) / z, (log * log / (s * s) - 1) / s


def lognorm_slopes(z, s):
    log = np.log(z)
    return (-np.exp(-0.5 * (log / s) ** 2) / ROOT_2PI * log / (s * s),)


def weibull_min_scores(z, c):
    power = z**c
    return (c - 1 - c * power) / z, 1 / c + np.log(z) * (1 - power)


def weibull_min_slopes(z, c):
    return (special.xlogy(z**c, z) * np.exp(-(z**c)),)


def vonmises_scores(z, kappa):
    return -kappa * np.sin(z), np.cos(z) - special.i1e(kappa) / special.i0e(kappa)


def vonmises_slopes(z, kappa):
    """∫ p(t) (cos t - I₁/I₀) dt from 0, where F is one half whatever the shape, as far as p matters."""
    within = np.asarray(z - 2 * math.pi * np.round(z / (2 * math.pi)))
    half = 0.5 * np.clip(within, -20 / np.sqrt(kappa), 20 / np.sqrt(kappa))
    t = half[..., None] * (1 + ABSCISSAE)
    kappa = np.asarray(kappa)[..., None]
    bend = np.cos(t) - special.i1e(kappa) / special.i0e(kappa)
    density = np.exp(kappa * (np.cos(t) - 1)) / (2 * math.pi * special.i0e(kappa))
    return (half * np.sum(LEGENDRE * density * bend, axis=-1),)


def wrapcauchy_scores(z, c):
    rest = 1 + c * c - 2 * c * np.cos(z)
    return -2 * c * np.sin(z) / rest, 2 * (np.cos(z) - c) / rest - 2 * c / (1 - c * c)


def wrapcauchy_slopes(z, c):
    """F = arctan(r tan z/2) / π with r = (1 + c) / (1 - c), up to a constant."""
    sine, cosine = np.sin(0.5 * z), np.cos(0.5 * z)
    return (2 / math.pi * sine * cosine / (((1 - c) * cosine) ** 2 + ((1 + c) * sine) ** 2),)


def log_mass(a, b):
    """log(Φ(b) - Φ(a)), on the side where it does not cancel."""
    flip = a > 0
    low, high = np.where(flip, -b, a), np.where(flip, -a, b)
    upper = special.log_ndtr(high)
    return upper + np.log1p(-np.exp(special.log_ndtr(low) - upper))


def truncnorm_scores(z, a, b):
    mass = log_mass(a, b)
    return -z, np.exp(-0.5 * a * a - mass) / ROOT_2PI, -np.exp(-0.5 * b * b - mass) / ROOT_2PI


def truncnorm_slopes(z, a, b):
    mass = log_mass(a, b)
    below = np.exp(log_mass(a, z) - mass)
    return (
        -np.exp(-0.5 * a * a - mass) / ROOT_2PI * (1 - below),
        -np.exp(-0.5 * b * b - mass) / ROOT_2PI * below,
    )


#: By class, so that frozen distributions, which hold an instance of their own, find it as well.
CONTINUOUS: dict[Any, Known] = {
    type(stats.beta): Known(beta_scores, beta_slopes),
    type(stats.cauchy): Known(cauchy_scores, no_slopes),
    type(stats.chi2): Known(chi2_scores, chi2_slopes),
    type(stats.expon): Known(expon_scores, no_slopes),
    type(stats.f): Known(f_scores, f_slopes),
    type(stats.gamma): Known(gamma_scores, gamma_slopes),
    type(stats.gennorm): Known(gennorm_scores, gennorm_slopes),
    type(stats.gumbel_l): Known(gumbel_l_scores, no_slopes),
    type(stats.gumbel_r): Known(gumbel_r_scores, no_slopes),
    type(stats.halfcauchy): Known(cauchy_scores, no_slopes),
    type(stats.halfnorm): Known(norm_scores, no_slopes),
    type(stats.invgamma): Known(invgamma_scores, invgamma_slopes),
    type(stats.laplace): Known(laplace_scores, no_slopes),
    type(stats.logistic): Known(logistic_scores, no_slopes),
    type(stats.lognorm): Known(lognorm_scores, lognorm_slopes),
    type(stats.norm): Known(norm_scores, no_slopes),
    type(stats.pareto): Known(pareto_scores, pareto_slopes, 2.0),
    type(stats.rayleigh): Known(rayleigh_scores, no_slopes),
    type(stats.t): Known(t_scores, t_slopes),
    type(stats.truncnorm): Known(truncnorm_scores, truncnorm_slopes),
    type(stats.uniform): Known(uniform_scores, no_slopes),
    type(stats.vonmises): Known(vonmises_scores, vonmises_slopes),
    type(stats.weibull_min): Known(weibull_min_scores, weibull_min_slopes),
    type(stats.wrapcauchy): Known(wrapcauchy_scores, wrapcauchy_slopes),
}
