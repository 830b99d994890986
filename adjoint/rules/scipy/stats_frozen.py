"""Frozen distributions, such as `stats.norm(mean, deviation)`: they are the arguments of their methods."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats
from scipy.stats.distributions import rv_frozen

from adjoint.parts import declare_parts
from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, flag, part, valued
from adjoint.rules.scipy.stats_counts import held_counts, with_parameters
from adjoint.rules.scipy.stats_methods import defined, parameters
from adjoint.rules.scipy.stats_multivariate import normal_logpdf

CONTINUOUS, DISCRETE = type(stats.norm()), type(stats.poisson(1.0))

declare_parts(rv_frozen, "args", "kwds")


@source_of(CONTINUOUS)
def _(dist, *args, **kwds):
    return consisting_of(computed(CONTINUOUS, dist, *args, **kwds), args, kwds)


@source_of(DISCRETE)
def _(dist, *args, **kwds):
    made = computed(DISCRETE, dist, *args, **kwds)
    args, kwds = held_counts(dist, args, kwds)
    return consisting_of(made, args, kwds)


CALL = "dist.{method}({passed}*part(self, 'args'), **part(self, 'kwds'))"
COUNT = "with_parameters(dist, {method!r}, {passed}part(self, 'args'), part(self, 'kwds'))"
#: methods by what they are given, besides the parameters
METHODS = {
    "x": ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf"),
    "k": ("pmf", "logpmf"),
    "q": ("ppf", "isf"),
    "confidence": ("interval",),
    "": ("median", "mean", "var", "std", "entropy", "support"),
}


@nondifferentiable
def is_discrete(dist: Any) -> bool:
    return isinstance(dist, stats.rv_discrete)


for given, names in METHODS.items():
    for method in names:
        owner = next(cls for cls in (CONTINUOUS, DISCRETE, rv_frozen) if method in vars(cls))
        lines = [f"def {method}(self, {given}):", "    dist = flag(self, 'dist')"]
        if "cdf" in method or "sf" in method.removeprefix("i") or given == "k":
            lines += ["    if is_discrete(dist):", f"        return {COUNT}"]
        text = "\n".join([*lines, f"    return {CALL}"]) + "\n"
        text = text.format(method=method, passed=given and given + ", ")
        made = defined(text, method, "frozen", flag, part, is_discrete, with_parameters)
        source_of(vars(owner)[method])(made)


@source_of(rv_frozen.expect)
def _(self, func=None, lb=None, ub=None, conditional=False, **kwds):
    dist = flag(self, "dist")
    shapes, loc, scale = parameters(dist, part(self, "args"), part(self, "kwds"))
    return dist.expect(func, shapes, loc, scale, lb, ub, conditional, **kwds)


# -- normal distributions of several variables: a mean and a covariance --------------------------------------

NORMAL = type(stats.multivariate_normal())

declare_parts(NORMAL, "mean", "cov")


@source_of(NORMAL)
def _(mean=None, cov=1, allow_singular=False, seed=None, maxpts=None, abseps=1e-5, releps=1e-5):
    made = computed(NORMAL, mean, cov, allow_singular, seed, maxpts, abseps, releps)
    shape = np.shape(flag(made, "mean"))
    center = np.zeros(shape) if mean is None else np.reshape(mean, shape)
    matrix = cov.covariance if isinstance(cov, stats.Covariance) else cov
    matrix = matrix if np.ndim(matrix) == 2 else matrix * np.eye(shape[0])
    return consisting_of(made, center, matrix)


@source_of(vars(NORMAL)["cov"].fget)
def _(self):
    return part(self, "cov")


@source_of(NORMAL.logpdf)
def _(self, x):
    exact = computed(NORMAL.logpdf, self, x)
    mean, cov = part(self, "mean"), part(self, "cov")
    return valued(exact, normal_logpdf(x, mean, cov, flag(self, "allow_singular")))


@source_of(NORMAL.entropy)
def _(self):
    size = len(flag(self, "mean"))
    return 0.5 * (size * (np.log(2 * math.pi) + 1) + np.linalg.slogdet(part(self, "cov"))[1])
