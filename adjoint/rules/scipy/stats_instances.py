"""Methods of any distribution: of those that frozen ones hold, of the user's, and of those without a table.

A distribution of which no table knows the slopes has the derivative of its own Python source: SciPy writes
`_logpdf`, `_cdf` … of the standardised variable, for points inside of the support.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.scipy.formulas import computed, valued
from adjoint.rules.scipy.results import known_unless
from adjoint.rules.scipy.stats_continuous import (
    density,
    distribution,
    known_of,
    log_density,
    quantile,
)
from adjoint.rules.scipy.stats_methods import parameters
from adjoint.rules.scipy.stats_scores import CONTINUOUS

GENERIC = next(cls for cls in stats.rv_continuous.__mro__ if "_isf" in vars(cls))


@nondifferentiable
def is_known(dist: Any) -> bool:
    return type(dist) in CONTINUOUS


@nondifferentiable
def inside(dist: Any, z: Any, shapes: tuple, closed: bool) -> Any:
    return dist._support_mask(z, *shapes) if closed else dist._open_support_mask(z, *shapes)


@nondifferentiable
def interior(dist: Any, q: Any, shapes: tuple) -> Any:
    return dist._ppf(q, *shapes)


#: Whose Python source was compared with finite differences.
SOURCED = set(
    """
    alpha anglit arcsine argus betaprime bradford burr burr12 chi cosine crystalball dgamma
    dpareto_lognorm dweibull exponnorm exponpow exponweib fatiguelife fisk foldcauchy foldnorm
    genexpon genextreme gengamma genhalflogistic genlogistic genpareto gibrat gompertz halfgennorm
    halflogistic hypsecant invgauss invweibull jf_skew_t johnsonsb johnsonsu kappa3 kappa4
    laplace_asymmetric levy levy_l loggamma loglaplace loguniform lomax maxwell mielke moyal nakagami
    norminvgauss powerlaw powerlognorm powernorm rdist recipinvgauss reciprocal rel_breitwigner rice
    semicircular skewcauchy skewnorm trapezoid triang truncexpon truncweibull_min wald weibull_max
    """.split()
)
#: Shapes at which SciPy has another formula, which says nothing of the neighbours.
SPECIAL = {
    "genextreme": (0.0,), "genpareto": (0.0,), "kappa4": (0.0,), "skewnorm": (0.0,),
    "trapezoid": (0.0, 1.0), "triang": (0.0, 1.0),
}  # fmt: skip
WHAT = "a distribution at this shape, of which SciPy has a formula of its own"
HOW = "Take a shape beside it, or adjoint.stop_gradient(…) of the shape."


@nondifferentiable
def refuse_other(dist: Any) -> None:
    if type(dist).__module__.startswith("scipy.") and dist.name not in SOURCED:
        known_of(dist)  # raises


@nondifferentiable
def is_special(dist: Any, shape: Any) -> bool:
    return any(np.any(np.equal(shape, value)) for value in SPECIAL.get(dist.name, ()))


def regular(dist, shapes):
    """The shapes, of a distribution whose source has a derivative with respect to them."""
    refuse_other(dist)
    return tuple([known_unless(shape, is_special(dist, shape), WHAT, HOW) for shape in shapes])


def standardised(dist, x, shapes, loc, scale, closed=False):
    """(x - loc) / scale, and where it is inside of the support; a point from there elsewhere."""
    z = (np.asarray(x) - loc) / scale
    where = inside(dist, z, shapes, closed)
    return np.where(where, z, interior(dist, 0.4, shapes)), where


def inverse(dist, q, shapes):
    """z with F(z) = q: two of Newton's steps from there have its derivatives up to the third."""
    z = interior(dist, q, shapes)
    for _ in range(2):
        z = z - (dist._cdf(z, *shapes) - q) / dist._pdf(z, *shapes)
    return z


for helper in (regular, standardised, inverse):
    source_of(helper)(helper)

# -- continuous distributions -------------------------------------------------------------------------------


@source_of(stats.rv_continuous.logpdf)
def _(self, x, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    if is_known(self):
        return log_density(self, x, shapes, loc, scale)
    shapes = regular(self, shapes)
    exact = computed(stats.rv_continuous.logpdf, self, x, *args, **kwds)
    z, where = standardised(self, x, shapes, loc, scale, True)
    return valued(exact, np.where(where, self._logpdf(z, *shapes) - np.log(scale), -math.inf))


@source_of(stats.rv_continuous.pdf)
def _(self, x, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    if is_known(self):
        return density(self, x, shapes, loc, scale)
    shapes = regular(self, shapes)
    exact = computed(stats.rv_continuous.pdf, self, x, *args, **kwds)
    z, where = standardised(self, x, shapes, loc, scale, True)
    return valued(exact, np.where(where, self._pdf(z, *shapes) / scale, 0.0))


@source_of(stats.rv_continuous.cdf)
def _(self, x, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    if is_known(self):
        return distribution(self, "cdf", x, shapes, loc, scale)
    shapes = regular(self, shapes)
    exact = computed(stats.rv_continuous.cdf, self, x, *args, **kwds)
    z, where = standardised(self, x, shapes, loc, scale)
    return valued(exact, np.where(where, self._cdf(z, *shapes), exact))


@source_of(stats.rv_continuous.sf)
def _(self, x, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    if is_known(self):
        return distribution(self, "sf", x, shapes, loc, scale)
    shapes = regular(self, shapes)
    exact = computed(stats.rv_continuous.sf, self, x, *args, **kwds)
    z, where = standardised(self, x, shapes, loc, scale)
    return valued(exact, np.where(where, self._sf(z, *shapes), exact))


@source_of(stats.rv_continuous.logcdf)
def _(self, x, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    if is_known(self):
        return distribution(self, "logcdf", x, shapes, loc, scale)
    shapes = regular(self, shapes)
    exact = computed(stats.rv_continuous.logcdf, self, x, *args, **kwds)
    z, where = standardised(self, x, shapes, loc, scale)
    return valued(exact, np.where(where, self._logcdf(z, *shapes), exact))


@source_of(stats.rv_continuous.logsf)
def _(self, x, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    if is_known(self):
        return distribution(self, "logsf", x, shapes, loc, scale)
    shapes = regular(self, shapes)
    exact = computed(stats.rv_continuous.logsf, self, x, *args, **kwds)
    z, where = standardised(self, x, shapes, loc, scale)
    return valued(exact, np.where(where, self._logsf(z, *shapes), exact))


@source_of(stats.rv_continuous.ppf)
def _(self, q, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    if is_known(self):
        return quantile(self, "ppf", q, shapes, loc, scale)
    shapes = regular(self, shapes)
    exact = computed(stats.rv_continuous.ppf, self, q, *args, **kwds)
    return valued(exact, loc + scale * self._ppf(np.asarray(q), *shapes))


@source_of(stats.rv_continuous.isf)
def _(self, q, *args, **kwds):
    shapes, loc, scale = parameters(self, args, kwds)
    if is_known(self):
        return quantile(self, "isf", q, shapes, loc, scale)
    shapes = regular(self, shapes)
    exact = computed(stats.rv_continuous.isf, self, q, *args, **kwds)
    return valued(exact, loc + scale * self._isf(np.asarray(q), *shapes))


#: Of these SciPy computes quantiles in compiled code, or by writing into arrays.
COMPILED = ("betaprime", "invgauss", "rdist", "recipinvgauss", "semicircular", "wald")


@source_of(stats.rv_continuous._ppf, *[type(getattr(stats, name))._ppf for name in COMPILED])
def _(self, q, *args):
    return inverse(self, q, args)


@source_of(GENERIC._isf, *[type(getattr(stats, name))._isf for name in COMPILED])
def _(self, q, *args):
    return self._ppf(1.0 - q, *args)


@source_of(stats.rv_continuous._logcdf)
def _(self, x, *args):
    low = x < interior(self, 0.5, args)
    return np.where(low, np.log(self._cdf(x, *args)), np.log1p(-self._sf(x, *args)))


@source_of(stats.rv_continuous._logsf)
def _(self, x, *args):
    high = x > interior(self, 0.5, args)
    return np.where(high, np.log(self._sf(x, *args)), np.log1p(-self._cdf(x, *args)))


@source_of(type(stats.genextreme)._logpdf)
def _(self, x, c):
    shift = self._loglogcdf(x, c)
    return shift - np.exp(shift) - np.log1p(-c * x)
