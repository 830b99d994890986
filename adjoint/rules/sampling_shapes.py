"""Random numbers of parameters that shape their distribution: implicit reparametrisation.

A sample y of a distribution function F is where F(y, a) = u for a u that does not depend on a, so
dy/da = -(∂F/∂a) / (∂F/∂y) (Figurnov, Mohamed and Mnih 2018), whatever way it was drawn. What takes
SciPy's functions imports them when a derivative is computed, not before.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, partials, source_of
from adjoint.rules.sampling import drawn, methods, shaped

# -- what a sample is of its parameters, where the draw is held -----------------------------------


def of_gamma(held, a):
    """P(a, y) = u"""
    return held


@partials(of_gamma)
def _(held, a, y):
    return None, gamma_slope(a, y)


def of_beta(held, a, b):
    """I_y(a, b) = u"""
    return held


@partials(of_beta)
def _(held, a, b, y):
    return None, beta_slope(a, b, y), -beta_slope(b, a, 1 - y)


def of_wald(held, mean, scale):
    """Of the inverse Gaussian distribution; that y is a length, as both parameters are, gives the second."""
    return held


@partials(of_wald)
def _(held, mean, scale, y):
    slope = wald_slope(mean, scale, y)
    return None, slope, (y - mean * slope) / scale


def standing(held, y):
    """`held`, as the function of the parameters that y is, which has the same value but for rounding."""
    return held


@partials(standing)
def _(held, y, out):
    return None, 1


# -- their derivatives ----------------------------------------------------------------------------


def gamma_slope(a, y):
    """dy/da = -∂ₐP(a, y) / p, and y p(y; a) = a p(y; a + 1), which does not overflow"""
    return incomplete().gamma_sample_slope(a, y)


source_of(gamma_slope)(gamma_slope)


def beta_slope(a, b, y):
    """dy/da = -∂ₐI_y(a, b) / p"""
    return incomplete().beta_sample_slope(a, b, y)


source_of(beta_slope)(beta_slope)


def wald_slope(mean, scale, y):
    """dy/dμ = (2 λ/μ²) √(y³/λ) Q(b)/φ(b) with b = √(λ/y) (y/μ + 1), from F in closed form, in which
    all else cancels; Q/φ = √(π/2) erfcx(b/√2)"""
    b = np.sqrt(scale / y) * (y / mean + 1)
    tail = math.sqrt(math.pi / 2) * incomplete().special.erfcx(b / math.sqrt(2))
    return 2 * np.sqrt(scale * y) * y / (mean * mean) * tail


source_of(wald_slope)(wald_slope)


@nondifferentiable
@functools.cache
def incomplete() -> Any:
    """The incomplete gamma and beta functions, which are SciPy's."""
    try:
        from adjoint.rules.scipy import special, special_incomplete  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingRuleError(
            "the derivative of a sample with respect to the shape of its distribution takes SciPy",
            hint="pip install 'adjoint-ad[scipy]', or keep the shape out of the derivative.",
        ) from error
    return special_incomplete


# -- the distributions ----------------------------------------------------------------------------


@source_of(np.random.Generator.standard_gamma)
def standard_gamma(self, shape, size=None, dtype=np.float64, out=None):
    return of_gamma(drawn("standard_gamma", self, shape, size, dtype, out), shape)


@source_of(np.random.RandomState.standard_gamma)
def legacy_standard_gamma(self, shape, size=None):
    return of_gamma(drawn("standard_gamma", self, shape, size), shape)


@source_of(*methods("gamma"))
def gamma(self, shape, scale=1.0, size=None):
    y = drawn("gamma", self, shape, scale, size)
    return standing(y, scale * of_gamma(ratio(y, scale), shape))


@source_of(*methods("chisquare"))
def chisquare(self, df, size=None):
    y = drawn("chisquare", self, df, size)
    return standing(y, 2 * of_gamma(ratio(y, 2), df / 2))


@source_of(*methods("beta"))
def beta(self, a, b, size=None):
    return of_beta(drawn("beta", self, a, b, size), a, b)


@source_of(*methods("dirichlet"))
def dirichlet(self, alpha, size=None):
    """Each of the parts is a beta-distributed part of what those before it leave."""
    y = drawn("dirichlet", self, alpha, size)
    alpha = np.asarray(alpha)
    after = np.flip(np.cumsum(np.flip(alpha)))
    v = of_beta(part_of_rest(y), alpha[:-1], after[1:])
    one = np.ones((*np.shape(y)[:-1], 1))
    left = np.concatenate([one, np.cumprod(1 - v, -1)], -1)
    return standing(y, np.concatenate([v, one], -1) * left)


@source_of(*methods("f"))
def f(self, dfnum, dfden, size=None):
    """y = (d₂ v) / (d₁ (1 - v)), v of a beta distribution"""
    y = drawn("f", self, dfnum, dfden, size)
    v = of_beta(part_of(y, dfnum, dfden), dfnum / 2, dfden / 2)
    return standing(y, dfden * v / (dfnum * (1 - v)))


@source_of(*methods("standard_t"))
def standard_t(self, df, size=None):
    """y² = d v / (1 - v), v of a beta distribution"""
    y = drawn("standard_t", self, df, size)
    v = of_beta(part_of(y * y, 1, df), 0.5, df / 2)
    return standing(y, signed(y) * np.sqrt(df * v / (1 - v)))


@source_of(*methods("wald"))
def wald(self, mean, scale, size=None):
    return of_wald(drawn("wald", self, mean, scale, size), mean, scale)


@source_of(*methods("vonmises"))
def vonmises(self, mu, kappa, size=None):
    """Of the angle alone: the distribution function has no closed form in kappa."""
    y = drawn("vonmises", self, mu, kappa, size)
    return shaped(standing(y, mu + difference(y, mu)), kappa)


@nondifferentiable
def ratio(y: Any, scale: Any) -> Any:
    return y / scale


@nondifferentiable
def difference(y: Any, mu: Any) -> Any:
    return y - mu


@nondifferentiable
def part_of(y: Any, m: Any, n: Any) -> Any:
    return m * y / (m * y + n)


@nondifferentiable
def part_of_rest(y: Any) -> Any:
    rest = np.flip(np.cumsum(np.flip(y, -1), -1), -1)
    return np.where(rest > 0, y / np.where(rest > 0, rest, 1), 0.5)[..., :-1]


@nondifferentiable
def signed(y: Any) -> Any:
    return np.where(y < 0, -1.0, 1.0)
