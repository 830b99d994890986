"""Functions without slopes, such as a choice of the largest, made smooth by noise.

>>> def first(x):
...     return np.eye(len(x))[np.argmax(x)]
>>> smooth = perturbed(first, samples=2000, sigma=0.5, rng=0)
>>> x = np.array([1.0, 1.2, 0.0])
>>> np.round(smooth(x), 1)  # how often each is the largest: with this noise, softmax(x / sigma)
array([0.4, 0.6, 0.1])
>>> ad.gradient(lambda x: smooth(x)[0], x)[0].round(1)
array([ 0.5, -0.4, -0. ])
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import adjoint as ad


class Gumbel:
    """The density exp(-z - exp(-z)).  The largest of x + Gumbel is drawn as softmax(x) says."""

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.gumbel(size=shape)

    def log_density(self, z: Any) -> Any:
        return -z - np.exp(-z)


class Normal:
    """The density exp(-z² / 2), but for a constant."""

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.normal(size=shape)

    def log_density(self, z: Any) -> Any:
        return -0.5 * z * z


@dataclass(eq=False)
class Perturbed:
    """What `perturbed` gives."""

    f: Callable
    samples: int
    sigma: float
    noise: Any
    baseline: bool
    vectorised: bool
    rng: np.random.Generator

    def __call__(self, *xs: Any) -> Any:
        sigma = ad.stop_gradient(self.sigma)
        near = moved(self, xs)
        density = 0.0
        for x, y in zip(xs, near):
            logs = self.noise.log_density((y - x) / sigma)
            density = density + np.sum(logs.reshape(self.samples, -1), axis=1)
        # 1, with the derivative of the density: that of what is drawn (Foerster et al. 2018, §4)
        weights = np.exp(density - ad.stop_gradient(density))
        values, middle = values_of(self, fixed(self.f), near, xs)
        return mean_of(weights, values, middle)


def perturbed(
    f: Callable,
    *,
    samples: int = 1000,
    sigma: float = 0.1,
    noise: Any = None,
    baseline: bool = True,
    vectorised: bool = False,
    rng: Any = None,
) -> Perturbed:
    """The mean of f(x + sigma · z) over random z, whose derivatives, to any order, need none of f.

    f: of one or more arrays, to an array or a list, tuple or dict of them.  The derivative is a mean of
    f(x + sigma · z) times the slope of the logarithm of the density (Berthet et al. 2020, proposition 3.1).
    samples: over how many z.  noise: `Gumbel()` by default, or `Normal()`, or an object with their
    methods.  baseline: take f(x) from each value first, which leaves the mean and lessens the variance.
    vectorised: f takes all points at once, along a new first axis of its arguments and of what it gives.
    rng: a seed, a generator, or None for fresh entropy; each call draws anew.

    Derivatives are with respect to the arguments alone.  Sigma is a constant; where what f captures
    carries a derivative, MissingRuleError is raised.
    """
    if samples < 1 or not sigma > 0:
        raise ValueError(f"samples and sigma are positive, not {samples} and {sigma}")
    noise = Gumbel() if noise is None else noise
    rng = np.random.default_rng(rng)
    return Perturbed(f, samples, sigma, noise, baseline, vectorised, rng)


def fixed(value: Any) -> Any:
    """The function, of whose captures no derivative is known."""
    return value


@ad.rule(fixed, underived="value")
def _(value):
    y = fixed(value)

    def pullback(y_bar):
        return (None,)

    return y, pullback


@ad.nondifferentiable
def moved(smooth: Perturbed, xs: tuple) -> tuple:
    """Points about the arguments, (samples, *x.shape) each."""
    points = []
    for x in xs:
        z = smooth.noise.sample(smooth.rng, (smooth.samples, *np.shape(x)))
        points.append(np.asarray(x) + smooth.sigma * z.astype(np.result_type(x, np.float32)))
    return tuple(points)


@ad.nondifferentiable
def values_of(smooth: Perturbed, f: Callable, near: tuple, xs: tuple) -> tuple[Any, Any]:
    """The values at all points, along a first axis, and that in the middle or 0."""
    if smooth.vectorised:
        middle = at_first(f(*[np.asarray(x)[None] for x in xs])) if smooth.baseline else None
        values = of_each(lambda x: stacked(list(x)), f(*near))
    else:
        middle = f(*xs) if smooth.baseline else None
        values = stacked([f(*point) for point in zip(*near)])
    return values, zeros(values) if middle is None else middle


def at_first(value: Any) -> Any:
    return of_each(lambda x: np.asarray(x)[0], value)


def zeros(value: Any) -> Any:
    return of_each(lambda x: 0.0, value)


def of_each(g: Callable, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: of_each(g, item) for key, item in value.items()}
    if isinstance(value, list):
        return [of_each(g, item) for item in value]
    return tuple([of_each(g, item) for item in value]) if isinstance(value, tuple) else g(value)


def stacked(values: list) -> Any:
    """Values of the same form as one, whose arrays have a new first axis."""
    first = values[0]
    if isinstance(first, dict):
        return {key: stacked([value[key] for value in values]) for key in first}
    if isinstance(first, list | tuple):
        items = [stacked(list(items)) for items in zip(*values, strict=True)]
        return items if isinstance(first, list) else tuple(items)
    arrays = np.stack(values)
    return arrays if arrays.dtype.kind in "fc" else arrays.astype(float)


def mean_of(weights: Any, values: Any, middle: Any) -> Any:
    """Σᵢ wᵢ (vᵢ - middle) / n + middle"""
    if isinstance(values, dict):
        return {key: mean_of(weights, values[key], middle[key]) for key in values}
    if isinstance(values, list):
        return [mean_of(weights, v, m) for v, m in zip(values, middle)]
    if isinstance(values, tuple):
        return tuple([mean_of(weights, v, m) for v, m in zip(values, middle)])
    w = np.reshape(weights, (-1,) + (1,) * (np.ndim(values) - 1))
    return np.mean(w * (values - middle), axis=0) + middle
