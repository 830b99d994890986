"""Continuous distributions: with z = (x - loc) / scale, log p(x) = log p(z) - log scale.

A method of a distribution, such as `stats.gamma.logpdf`, is a call of one of the functions here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.scipy.stats_methods import (
    defined,
    distribution_of,
    distributions_of,
    shape_names,
)
from adjoint.rules.scipy.stats_scores import CONTINUOUS, Known


def known_of(dist: Any) -> Known:
    dist = distribution_of(dist)
    known = CONTINUOUS.get(type(dist))
    if known is None:
        raise MissingRuleError(
            f"no derivative is known for the distribution scipy.stats.{dist.name}",
            hint="Write its logarithmic density in NumPy, or declare a rule for the function that "
            "calls it.",
        )
    return known


@nondifferentiable
def scores_of(dist: Any) -> Any:
    return known_of(dist).scores


@nondifferentiable
def slopes_of(dist: Any) -> Any:
    return known_of(dist).slopes


@nondifferentiable
def interior_of(dist: Any) -> float:
    return known_of(dist).interior


# -- densities ------------------------------------------------------------------------------------------


def log_density(dist, x, shapes, loc, scale):
    return distribution_of(dist).logpdf(x, *shapes, loc=loc, scale=scale)


@rule(log_density)
def _(dist, x, shapes, loc, scale):
    y = log_density(dist, x, shapes, loc, scale)

    def pullback(y_bar):
        outside = np.equal(y, -math.inf)
        return density_cotangents(y_bar, outside, dist, x, shapes, loc, scale)

    return y, pullback


def density(dist, x, shapes, loc, scale):
    return distribution_of(dist).pdf(x, *shapes, loc=loc, scale=scale)


@rule(density)
def _(dist, x, shapes, loc, scale):
    y = density(dist, x, shapes, loc, scale)

    def pullback(y_bar):
        return density_cotangents(y_bar * y, np.equal(y, 0), dist, x, shapes, loc, scale)

    return y, pullback


def density_cotangents(y_bar, outside, dist, x, shapes, loc, scale):
    """Of log p; 0 outside of the support."""
    z = np.where(outside, interior_of(dist), (x - loc) / scale)
    weight = np.where(outside, 0.0, y_bar)
    slope, *others = scores_of(dist)(z, *shapes)
    x_bar = weight * slope / scale
    shape_bars = tuple([weight * each for each in others])
    return None, x_bar, shape_bars, -x_bar, -weight * (1 + z * slope) / scale


source_of(density_cotangents)(density_cotangents)

# -- distribution functions --------------------------------------------------------------------------------


def distribution(dist, method, x, shapes, loc, scale):
    """`cdf`, `sf`, `logcdf` or `logsf`."""
    return getattr(distribution_of(dist), method)(x, *shapes, loc=loc, scale=scale)


@rule(distribution)
def _(dist, method, x, shapes, loc, scale):
    y = distribution(dist, method, x, shapes, loc, scale)

    def pullback(y_bar):
        return distribution_cotangents(y_bar, y, dist, method, x, shapes, loc, scale)

    return y, pullback


def distribution_cotangents(y_bar, y, dist, method, x, shapes, loc, scale):
    """∂F/∂x = p; of a logarithm p / F = exp(log p - log F), which does not vanish with F."""
    weight = -y_bar if method in ("sf", "logsf") else y_bar
    logarithm = method in ("logcdf", "logsf")
    if logarithm:
        gone = np.equal(y, -math.inf)
        shift = np.where(gone, 0.0, y)
        weight = np.where(gone, 0.0, weight)
        x_bar = weight * np.exp(log_density(dist, x, shapes, loc, scale) - shift)
        weight = weight * np.exp(np.minimum(-shift, 700.0))
    else:
        x_bar = weight * density(dist, x, shapes, loc, scale)
    z = (x - loc) / scale
    shape_bars = ()
    if len(shapes) > 0:  # a distribution without shapes needs no more
        outside = np.equal(density(dist, x, shapes, loc, scale), 0)
        slopes = slopes_of(dist)(np.where(outside, interior_of(dist), z), *shapes)
        shape_bars = tuple([np.where(outside, 0.0, weight * each) for each in slopes])
    return None, None, x_bar, shape_bars, -x_bar, -x_bar * z


source_of(distribution_cotangents)(distribution_cotangents)


def quantile(dist, method, q, shapes, loc, scale):
    """`ppf` or `isf`."""
    return getattr(distribution_of(dist), method)(q, *shapes, loc=loc, scale=scale)


@rule(quantile)
def _(dist, method, q, shapes, loc, scale):
    """F(x) = q: ∂x/∂q = 1 / p(x), and ∂x/∂a = -∂F/∂a / p(x) for a shape a."""
    x = quantile(dist, method, q, shapes, loc, scale)

    def pullback(x_bar):
        return quantile_cotangents(x_bar, x, dist, method, shapes, loc, scale)

    return x, pullback


def quantile_cotangents(x_bar, x, dist, method, shapes, loc, scale):
    weight = x_bar / density(dist, x, shapes, loc, scale)
    z = (x - loc) / scale
    shape_bars = ()
    if len(shapes) > 0:
        shape_bars = tuple([-weight * each for each in slopes_of(dist)(z, *shapes)])
    return None, None, -weight if method == "isf" else weight, shape_bars, x_bar, x_bar * z


source_of(quantile_cotangents)(quantile_cotangents)

# -- methods of SciPy's distributions, with the parameters that each has ------------------------------------

FORMULA = (
    "def {method}({x}, {names}loc=0, scale=1):\n    return {call}({args}, ({names}), loc, scale)\n"
)


def declare(dist: Any, method: str, call: Any, *how: str) -> None:
    x = "q" if method in ("ppf", "isf") else "x"
    names = "".join(f"{name}, " for name in shape_names(dist))
    args = ", ".join([repr(dist.name), *map(repr, how), x])
    text = FORMULA.format(method=method, x=x, names=names, call=call.__name__, args=args)
    source_of(getattr(dist, method))(defined(text, method, dist.name, call))


for dist in distributions_of(CONTINUOUS):
    declare(dist, "logpdf", log_density)
    declare(dist, "pdf", density)
    for method in ("cdf", "sf", "logcdf", "logsf"):
        declare(dist, method, distribution, method)
    for method in ("ppf", "isf"):
        declare(dist, method, quantile, method)
