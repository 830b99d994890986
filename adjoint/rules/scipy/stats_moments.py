"""Means, variances and the like of distributions: the derivative of what SciPy writes of standardised ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import integrate, stats

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.scipy.formulas import computed, valued
from adjoint.rules.scipy.stats_methods import parameters

GENERIC = next(cls for cls in stats.rv_continuous.__mro__ if "mean" in vars(cls))


@nondifferentiable
def refuse_numerical(dist: Any, moment: Any) -> None:
    """SciPy integrates moments for which it has no formula."""
    if moment is None:
        raise MissingRuleError(
            f"no derivative is known for the moments of scipy.stats.{dist.name}",
            hint="Integrate over its density: scipy.integrate.quad has a derivative.",
        )


def standard_moment(dist, shapes, which):
    """The mean (0) or the variance (1) of the standardised variable."""
    found = dist._stats(*shapes)[which]
    refuse_numerical(dist, found)
    return found


def spread(exact, formula):
    """`exact`, with the derivative of the formula, which is broadcast."""
    return valued(exact, np.broadcast_to(formula, np.shape(exact)))


def end(bound, loc, scale):
    """An end of the support, which stays where it is if it is infinite."""
    finite = np.isfinite(bound)
    return np.where(finite, loc + scale * np.where(finite, bound, 0.0), bound)


for helper in (standard_moment, spread, end):
    source_of(helper)(helper)


@source_of(GENERIC.mean)
def _(self, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    exact = computed(GENERIC.mean, self, *args, **kwds)
    return spread(exact, loc + scale * standard_moment(self, shapes, 0))


@source_of(GENERIC.var)
def _(self, *args, **kwds):
    shapes, _, scale = parameters(self, args, kwds)
    exact = computed(GENERIC.var, self, *args, **kwds)
    return spread(exact, scale * scale * standard_moment(self, shapes, 1))


@source_of(GENERIC.std)
def _(self, *args, **kwds):
    shapes, _, scale = parameters(self, args, kwds)
    exact = computed(GENERIC.std, self, *args, **kwds)
    return spread(exact, scale * np.sqrt(standard_moment(self, shapes, 1)))


@source_of(GENERIC.entropy)
def _(self, *args, **kwds):
    shapes, _, scale = parameters(self, args, kwds)
    exact = computed(GENERIC.entropy, self, *args, **kwds)
    return spread(exact, self._entropy(*shapes) + np.log(scale))


@source_of(GENERIC.support)
def _(self, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    exact = computed(GENERIC.support, self, *args, **kwds)
    low, high = self._get_support(*shapes)
    return spread(exact[0], end(low, loc, scale)), spread(exact[1], end(high, loc, scale))


# -- expectations ------------------------------------------------------------------------------------------


@nondifferentiable
def inner_bounds(dist: Any, shapes: tuple, loc: Any, scale: Any, low: Any, high: Any) -> tuple:
    """Where SciPy divides the integral: 5 % of the probability on either side."""
    ends = dist.cdf([low, high], *shapes, loc=loc, scale=scale)
    return tuple(
        dist.ppf(ends[0] + (ends[1] - ends[0]) * np.array([0.05, 0.95]), *shapes, loc, scale)
    )


@source_of(stats.rv_continuous.expect)
def _(self, func=None, args=(), loc=0, scale=1, lb=None, ub=None, conditional=False, **kwds):
    exact = computed(
        stats.rv_continuous.expect, self, func, args, loc, scale, lb, ub, conditional, **kwds
    )

    def weighted(x):
        density = self.pdf(x, *args, loc=loc, scale=scale)
        return x * density if func is None else func(x) * density

    least, most = self._get_support(*args)
    low = end(least, loc, scale) if lb is None else lb
    high = end(most, loc, scale) if ub is None else ub
    first, last = inner_bounds(self, args, loc, scale, low, high)
    total = (
        integrate.quad(weighted, low, first, **kwds)[0]
        + integrate.quad(weighted, first, last, **kwds)[0]
        + integrate.quad(weighted, last, high, **kwds)[0]
    )
    if conditional:
        ends = self.cdf(np.array([low, high]), *args, loc=loc, scale=scale)
        total = total / (ends[1] - ends[0])
    return valued(exact, total)
