"""Discrete distributions, with respect to their real parameters; counts and locations have no derivative.

With j = k - loc, each is known by the derivatives of log P(j) and of F(j) with respect to its shapes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special, stats

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.scipy.special_incomplete import beta_density, beta_integral, gamma_density
from adjoint.rules.scipy.special_logarithms import ratio_or_zero
from adjoint.rules.scipy.stats_methods import (
    defined,
    distribution_of,
    distributions_of,
    shape_names,
)


@dataclass(frozen=True)
class Known:
    """scores, slopes: (j, fixed, *shapes) -> derivatives of log P and of F; slopes may be None.
    fixed: the names of the shapes that are counts."""

    scores: Callable[..., tuple]
    slopes: Callable[..., tuple] | None
    fixed: tuple[str, ...] = ()


def bernoulli_scores(j, fixed, p):
    return (ratio_or_zero(j, p) - ratio_or_zero(1 - j, 1 - p),)


def bernoulli_slopes(j, fixed, p):
    return (np.where((j >= 0) & (j < 1), -1.0, 0.0) + 0 * p,)


def binom_scores(j, fixed, p):
    return (ratio_or_zero(j, p) - ratio_or_zero(fixed[0] - j, 1 - p),)


def binom_slopes(j, fixed, p):
    n, j = fixed[0], np.floor(j)
    inside = (j >= 0) & (j < n)
    low = np.where(inside, j, 0)
    return (np.where(inside, -beta_density(low + 1, np.where(inside, n - low, 1), p, 0, 0), 0),)


def geom_scores(j, fixed, p):
    return (1 / p - ratio_or_zero(j - 1, 1 - p),)


def geom_slopes(j, fixed, p):
    """F = 1 - (1 - p)ʲ"""
    j = np.maximum(np.floor(j), 0)
    return (np.where(j > 0, j * (1 - p) ** (j - (j > 0)), 0),)


def poisson_scores(j, fixed, mu):
    return (ratio_or_zero(j, mu) - 1,)


def poisson_slopes(j, fixed, mu):
    inside = j >= 0
    low = np.where(inside, np.floor(j), 0)
    return (np.where(inside, -gamma_density(low + 1, mu, 0), 0),)


def nbinom_scores(j, fixed, n, p):
    return (
        special.psi(j + n) - special.psi(n) + np.log(p),
        n / p - ratio_or_zero(j, 1 - p),
    )


def nbinom_slopes(j, fixed, n, p):
    """F = I_p(n, j + 1)"""
    inside = j >= 0
    above = np.where(inside, np.floor(j), 0) + 1
    return (
        np.where(inside, beta_integral(n, above, p, 1, 0), 0),
        np.where(inside, beta_density(n, above, p, 0, 0), 0),
    )


def betabinom_scores(j, fixed, a, b):
    n = fixed[0]
    both = special.psi(a + b) - special.psi(n + a + b)
    return (
        special.psi(j + a) - special.psi(a) + both,
        special.psi(n - j + b) - special.psi(b) + both,
    )


DISCRETE: dict[Any, Known] = {
    type(stats.bernoulli): Known(bernoulli_scores, bernoulli_slopes),
    type(stats.betabinom): Known(betabinom_scores, None, ("n",)),
    type(stats.binom): Known(binom_scores, binom_slopes, ("n",)),
    type(stats.geom): Known(geom_scores, geom_slopes),
    type(stats.nbinom): Known(nbinom_scores, nbinom_slopes),
    type(stats.poisson): Known(poisson_scores, poisson_slopes),
}


def known_of(dist: Any) -> Known:
    dist = distribution_of(dist)
    known = DISCRETE.get(type(dist))
    if known is None:
        raise MissingRuleError(
            f"no derivative is known for the distribution scipy.stats.{dist.name}",
            hint="Write the logarithm of its probabilities in NumPy, or declare a rule for the "
            "function that calls it.",
        )
    return known


@nondifferentiable
def scores_of(dist: Any) -> Any:
    return known_of(dist).scores


@nondifferentiable
def slopes_of(dist: Any) -> Any:
    known = known_of(dist)
    if known.slopes is None:
        raise MissingRuleError(
            f"no derivative of scipy.stats.{distribution_of(dist).name}.cdf is known",
            hint="Sum the probabilities: those have one.",
        )
    return known.slopes


@nondifferentiable
def is_fixed(dist: Any) -> tuple[bool, ...]:
    """Of each shape, whether it is a count."""
    dist = distribution_of(dist)
    return tuple(name in known_of(dist).fixed for name in shape_names(dist))


def value_of(dist: Any, method: str, k: Any, fixed: tuple, shapes: tuple, loc: Any) -> Any:
    counts, rest = iter(fixed), iter(shapes)
    values = [next(counts) if count else next(rest) for count in is_fixed(dist)]
    return getattr(distribution_of(dist), method)(k, *values, loc=loc)


def probability(dist, method, k, fixed, shapes, loc):
    """`pmf` or `logpmf`."""
    return value_of(dist, method, k, fixed, shapes, loc)


@rule(probability, underived="k fixed loc")
def _(dist, method, k, fixed, shapes, loc):
    y = probability(dist, method, k, fixed, shapes, loc)

    def pullback(y_bar):
        bars = probability_cotangent(y_bar, y, dist, method, k - loc, fixed, shapes)
        return None, None, None, None, bars

    return y, pullback


def probability_cotangent(y_bar, y, dist, method, j, fixed, shapes):
    outside = np.equal(y, -math.inf if method == "logpmf" else 0)
    weight = np.where(outside, 0.0, y_bar if method == "logpmf" else y_bar * y)
    scores = scores_of(dist)(np.where(outside, 1, j), fixed, *shapes)
    return tuple([np.where(outside, 0.0, weight * each) for each in scores])


source_of(probability_cotangent)(probability_cotangent)


def cumulated(dist, method, k, fixed, shapes, loc):
    """`cdf`, `sf`, `logcdf` or `logsf`."""
    return value_of(dist, method, k, fixed, shapes, loc)


@rule(cumulated, underived="k fixed loc")
def _(dist, method, k, fixed, shapes, loc):
    y = cumulated(dist, method, k, fixed, shapes, loc)

    def pullback(y_bar):
        return (
            None,
            None,
            None,
            None,
            cumulated_cotangent(y_bar, y, dist, method, k - loc, fixed, shapes),
        )

    return y, pullback


def cumulated_cotangent(y_bar, y, dist, method, j, fixed, shapes):
    weight = -y_bar if method in ("sf", "logsf") else y_bar
    if method in ("logcdf", "logsf"):
        gone = np.equal(y, -math.inf)
        weight = np.where(gone, 0.0, weight * np.exp(np.minimum(-np.where(gone, 0.0, y), 700.0)))
    return tuple([weight * each for each in slopes_of(dist)(j, fixed, *shapes)])


source_of(cumulated_cotangent)(cumulated_cotangent)

# -- methods ---------------------------------------------------------------------------------------------

FORMULA = "def {method}(k, {names}loc=0):\n    return {call}({dist!r}, {method!r}, k, ({fixed}), ({free}), loc)\n"


def joined(names: list[str]) -> str:
    return "".join(f"{name}, " for name in names)


for dist in distributions_of(DISCRETE):
    names, counts = shape_names(dist), DISCRETE[type(dist)].fixed
    for method in ("pmf", "logpmf", "cdf", "sf", "logcdf", "logsf"):
        call = probability if method in ("pmf", "logpmf") else cumulated
        text = FORMULA.format(
            method=method,
            names=joined(names),
            call=call.__name__,
            dist=dist.name,
            fixed=joined([name for name in names if name in counts]),
            free=joined([name for name in names if name not in counts]),
        )
        source_of(getattr(dist, method))(defined(text, method, dist.name, call))
