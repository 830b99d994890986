"""Random numbers of a location and a scale: the same draw, moved (the reparametrisation trick).

Of parameters that shape a distribution otherwise: `sampling_shapes`, or refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, partials, rule, source_of, varying

SOURCES = (np.random.Generator, np.random.RandomState)


def methods(name):
    return [getattr(source, name) for source in SOURCES]


@nondifferentiable(shape=varying)  # a trial would take numbers from the generator
def drawn(name: str, source: Any, *args: Any, **kwargs: Any) -> Any:
    """A sample; the parameters of the distribution are constants here."""
    return getattr(source, name)(*args, **kwargs)


# -- what a sample is of its parameters, where the draw is held -----------------------------------


# Each gives back the sample, as the function of the parameters that it is: its derivative is in terms of
# the result, in which the draw stands still.


def located(held, loc, scale):
    """loc + scale z"""
    return held


@partials(located)
def _(held, loc, scale, y):
    return None, 1, (y - loc) / scale


def scaled(held, scale):
    """scale z"""
    return held


@partials(scaled)
def _(held, scale, y):
    return None, y / scale


def between(held, low, high):
    """low + (high - low) u"""
    return held


@partials(between)
def _(held, low, high, y):
    return None, (high - y) / (high - low), (y - low) / (high - low)


def exponentiated(held, mean, sigma):
    """exp(mean + sigma z)"""
    return held


@partials(exponentiated)
def _(held, mean, sigma, y):
    return None, y, y * (np.log(y) - mean) / sigma


def rooted(held, a):
    """z^(1/a)"""
    return held


@partials(rooted)
def _(held, a, y):
    return None, -y * np.log(y) / a


def beyond_one(held, a):
    """exp(z / a) - 1"""
    return held


@partials(beyond_one)
def _(held, a, y):
    return None, -(1 + y) * np.log1p(y) / a


def in_triangle(held, left, mode, right):
    """(y - left)² = u (right - left)(mode - left) up to the mode, and mirrored beyond."""
    return held


@partials(in_triangle)
def _(held, left, mode, right, y):
    distance = np.where(y <= mode, y - left, right - y) / 2
    over_all = distance / (right - left)
    over_side = distance / np.where(y <= mode, mode - left, right - mode)
    own = 1 - over_all - over_side
    return (
        None,
        np.where(y <= mode, own, over_all),
        over_side,
        np.where(y <= mode, over_all, own),
    )


# -- the distributions ----------------------------------------------------------------------------


@source_of(*methods("normal"))
def normal(self, loc=0.0, scale=1.0, size=None):
    return located(drawn("normal", self, loc, scale, size), loc, scale)


@source_of(*methods("laplace"))
def laplace(self, loc=0.0, scale=1.0, size=None):
    return located(drawn("laplace", self, loc, scale, size), loc, scale)


@source_of(*methods("logistic"))
def logistic(self, loc=0.0, scale=1.0, size=None):
    return located(drawn("logistic", self, loc, scale, size), loc, scale)


@source_of(*methods("gumbel"))
def gumbel(self, loc=0.0, scale=1.0, size=None):
    return located(drawn("gumbel", self, loc, scale, size), loc, scale)


@source_of(*methods("uniform"))
def uniform(self, low=0.0, high=1.0, size=None):
    return between(drawn("uniform", self, low, high, size), low, high)


@source_of(*methods("exponential"))
def exponential(self, scale=1.0, size=None):
    return scaled(drawn("exponential", self, scale, size), scale)


@source_of(*methods("rayleigh"))
def rayleigh(self, scale=1.0, size=None):
    return scaled(drawn("rayleigh", self, scale, size), scale)


@source_of(*methods("lognormal"))
def lognormal(self, mean=0.0, sigma=1.0, size=None):
    return exponentiated(drawn("lognormal", self, mean, sigma, size), mean, sigma)


@source_of(*methods("weibull"))
def weibull(self, a, size=None):
    return rooted(drawn("weibull", self, a, size), a)


@source_of(*methods("power"))
def power(self, a, size=None):
    return rooted(drawn("power", self, a, size), a)


@source_of(*methods("pareto"))
def pareto(self, a, size=None):
    return beyond_one(drawn("pareto", self, a, size), a)


@source_of(*methods("triangular"))
def triangular(self, left, mode, right, size=None):
    return in_triangle(drawn("triangular", self, left, mode, right, size), left, mode, right)


@source_of(*methods("multivariate_normal"))
def multivariate_normal(self, mean, cov, size=None, check_valid="warn", tol=1e-8, **method):
    y = drawn("multivariate_normal", self, mean, cov, size, check_valid, tol, **method)
    return located(shaped(y, cov), mean, 1.0)


def shaped(y, parameter):
    """y, of which no derivative is known with respect to a parameter of its distribution."""
    return y


@rule(shaped, underived="parameter")
def _(y, parameter):
    z = shaped(y, parameter)

    def pullback(z_bar):
        return z_bar

    return z, pullback


# -- choices --------------------------------------------------------------------------------------


@source_of(np.random.Generator.permutation)
def permutation(self, x, axis=0):
    if isinstance(x, int | np.integer):
        return drawn("permutation", self, x, axis)
    x = np.asarray(x)
    return np.take(x, drawn("permutation", self, np.shape(x)[axis]), axis)


@source_of(np.random.RandomState.permutation)
def legacy_permutation(self, x):
    if isinstance(x, int | np.integer):
        return drawn("permutation", self, x)
    return np.take(x, drawn("permutation", self, np.shape(x)[0]), 0)


def shuffled(source, x, axis=0):
    """What `source.shuffle(x, axis)` writes into the array x: numbers are shuffled by the same draws."""
    return reordered(x, drawn_order(source, np.arange(np.shape(x)[axis])), axis)


source_of(shuffled)(shuffled)


def reordered(x: Any, order: Any, axis: int = 0) -> Any:
    """The items of an array in another order, a permutation."""
    return np.take(x, order, axis)


@rule(reordered, linear="x", like=0)
def _(x, order, axis=0):
    y = reordered(x, order, axis)

    def pullback(y_bar):
        return reordered(y_bar, np.argsort(order), axis)

    return y, pullback


@nondifferentiable(like=1)
def drawn_order(source: Any, numbers: Any) -> Any:
    """Which item of an array comes where when it is shuffled."""
    if not isinstance(source, SOURCES):
        raise MissingRuleError(
            f"no derivative is known for the shuffle of a {type(source).__name__}",
            hint="Use NumPy's generators, or x[order] with an order that is drawn by itself.",
        )
    source.shuffle(numbers)
    return numbers


@source_of(np.random.Generator.permuted)  # with `out=` it is a write, where the compiler sees it
def permuted(self, x, *, axis=None):
    return permuted_entries(self, np.asarray(x), axis=axis)


def permuted_entries(source, x, *, axis=None):
    """`source.permuted(x, axis=axis)` of an array"""
    numbers = np.reshape(np.arange(np.size(x)), np.shape(x))
    order = np.ravel(drawn_places(source, numbers, axis))
    return np.reshape(reordered(np.ravel(x), order), np.shape(x))


source_of(permuted_entries)(permuted_entries)


@nondifferentiable(like=1)
def drawn_places(source: Any, numbers: Any, axis: int | None) -> Any:
    """Which entry of an array comes where when it is permuted."""
    return source.permuted(numbers, axis=axis)


@source_of(np.random.Generator.choice)
def choice(self, a, size=None, replace=True, p=None, axis=0, shuffle=True):
    count = a if np.ndim(a) == 0 else np.shape(a)[axis]
    picked = shaped(drawn("choice", self, count, size, replace, p, 0, shuffle), p)
    return picked if np.ndim(a) == 0 else np.take(a, picked, axis)


@source_of(np.random.RandomState.choice)
def legacy_choice(self, a, size=None, replace=True, p=None):
    count = a if np.ndim(a) == 0 else np.shape(a)[0]
    picked = shaped(drawn("choice", self, count, size, replace, p), p)
    return picked if np.ndim(a) == 0 else np.take(a, picked, 0)
