"""Methods of discrete distributions of which only running tells the parameters, such as frozen ones.

What counts, and locations, may not carry a derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from adjoint.rules.missing import constant
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.scipy.results import known_unless
from adjoint.rules.scipy.stats_discrete import (
    cumulated_cotangent,
    is_fixed,
    known_of,
    probability_cotangent,
)
from adjoint.rules.scipy.stats_methods import distribution_of, parameters, shape_names


def called(dist, method, k, shapes, loc):
    return getattr(distribution_of(dist), method)(k, *shapes, loc=loc)


@rule(called)
def _(dist, method, k, shapes, loc):
    known_of(dist)  # raises if it is not known
    y = called(dist, method, k, shapes, loc)

    def pullback(y_bar):
        return None, None, None, shape_cotangents(y_bar, y, dist, method, k - loc, shapes)

    return y, pullback


@nondifferentiable
def places(dist: Any) -> list[int]:
    """Of each shape, its number among those that are no counts, or -1."""
    fixed = is_fixed(dist)
    return [-1 if count else sum(not f for f in fixed[:i]) for i, count in enumerate(fixed)]


def shape_cotangents(y_bar, y, dist, method, j, shapes):
    """Counts have none: those that vary are refused where they become parameters."""
    at = places(dist)
    fixed = tuple([shape for shape, i in zip(shapes, at) if i < 0])
    free = tuple([shape for shape, i in zip(shapes, at) if i >= 0])
    if method in ("pmf", "logpmf"):
        bars = probability_cotangent(y_bar, y, dist, method, j, fixed, free)
    else:
        bars = cumulated_cotangent(y_bar, y, dist, method, j, fixed, free)
    return tuple([None if i < 0 else bars[i] for i in at])


source_of(shape_cotangents)(shape_cotangents)


@nondifferentiable
def is_count(dist: Any, key: int | str, given: Any) -> bool:
    """Is a parameter, the positional one of a number or that of a name, a count or a location that may
    vary? Integers do not."""
    names = [*shape_names(dist), "loc"]
    name = names[key] if isinstance(key, int) else key
    return may_vary(given) and (name == "loc" or is_fixed(dist)[names.index(name)])


@nondifferentiable
def may_vary(k: Any) -> bool:
    return np.asarray(k).dtype.kind not in "biu"


def held_counts(dist, args, kwds):
    """The parameters of a distribution; refused is a count among them that carries a derivative."""
    kept, named = [], {}
    for i, given in enumerate(args):
        kept = [*kept, known_unless(given, is_count(dist, i, given), COUNT, CONSTANT)]
    for name, given in kwds.items():
        named = {**named, name: known_unless(given, is_count(dist, name, given), COUNT, CONSTANT)}
    return tuple(kept), named


source_of(held_counts)(held_counts)

COUNT = "counts, or the location, of a discrete distribution, where they are floating numbers"
CONSTANT = "Give counts as integers, or adjoint.stop_gradient(…) of them."


def with_parameters(dist, method, k, args, kwds):
    shapes, loc, _ = parameters(dist, args, kwds)
    k = np.asarray(known_unless(k, may_vary(k), COUNT, CONSTANT))
    return called(dist, method, constant(k), shapes, constant(loc))


source_of(with_parameters)(with_parameters)


@source_of(stats.rv_discrete.pmf)
def _(self, k, *args, **kwds):
    args, kwds = held_counts(self, args, kwds)
    return with_parameters(self, "pmf", k, args, kwds)


@source_of(stats.rv_discrete.logpmf)
def _(self, k, *args, **kwds):
    args, kwds = held_counts(self, args, kwds)
    return with_parameters(self, "logpmf", k, args, kwds)


@source_of(stats.rv_discrete.cdf)
def _(self, k, *args, **kwds):
    args, kwds = held_counts(self, args, kwds)
    return with_parameters(self, "cdf", k, args, kwds)


@source_of(stats.rv_discrete.sf)
def _(self, k, *args, **kwds):
    args, kwds = held_counts(self, args, kwds)
    return with_parameters(self, "sf", k, args, kwds)


@source_of(stats.rv_discrete.logcdf)
def _(self, k, *args, **kwds):
    args, kwds = held_counts(self, args, kwds)
    return with_parameters(self, "logcdf", k, args, kwds)


@source_of(stats.rv_discrete.logsf)
def _(self, k, *args, **kwds):
    args, kwds = held_counts(self, args, kwds)
    return with_parameters(self, "logsf", k, args, kwds)
