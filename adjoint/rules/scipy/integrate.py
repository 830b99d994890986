"""`scipy.integrate` of samples: sums with weights that follow from where the samples were taken."""

from __future__ import annotations

import numpy as np
from scipy import integrate

from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.scipy import integrate_ode, integrate_quadrature  # noqa: F401  # they declare rules


def spread(y_bar, axis):
    """A cotangent of sums along an axis, with that axis back."""
    return np.expand_dims(y_bar, axis)


def spacing(x, dx, axis, ndim):
    """The distances of the samples along the axis, broadcast against them."""
    if x is None:
        return dx
    if np.ndim(x) == 1:
        shape = [1] * ndim
        shape = [*shape[: axis % ndim], -1, *shape[axis % ndim + 1 :]]
        return np.reshape(np.diff(x), shape)
    return np.diff(x, axis=axis)


def between(y, axis):
    """The sums of neighbours."""
    moved = np.moveaxis(y, axis, -1)
    return np.moveaxis(moved[..., 1:] + moved[..., :-1], -1, axis)


source_of(spread)(spread)
source_of(spacing)(spacing)
source_of(between)(between)


def pieces_cotangents(pieces_bar, y, x, dx, axis):
    """Of ½ d (yᵢ + yᵢ₊₁), d = xᵢ₊₁ - xᵢ, or dx."""
    ndim, n = np.ndim(y), np.shape(y)[axis]
    d = spacing(x, dx, axis, ndim)
    half = np.moveaxis(0.5 * d * pieces_bar, axis, -1)
    zero = np.zeros_like(half[..., :1])
    summed = np.concatenate((half, zero), axis=-1) + np.concatenate((zero, half), axis=-1)
    d_bar = 0.5 * between(y, axis) * pieces_bar
    if x is None:
        return np.moveaxis(summed, -1, axis), None, np.sum(d_bar)
    steps = np.moveaxis(d_bar, axis, -1)
    if np.ndim(x) == 1:
        steps = np.sum(np.reshape(steps, (-1, n - 1)), axis=0)
    none = np.zeros_like(steps[..., :1])
    x_bar = np.concatenate((none, steps), axis=-1) - np.concatenate((steps, none), axis=-1)
    return (
        np.moveaxis(summed, -1, axis),
        x_bar if np.ndim(x) == 1 else np.moveaxis(x_bar, -1, axis),
        None,
    )


source_of(pieces_cotangents)(pieces_cotangents)


@rule(integrate.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    total = integrate.trapezoid(y, x, dx, axis)

    def pullback(total_bar):
        pieces_bar = spread(total_bar, axis) * np.ones_like(between(np.asarray(y), axis))
        return pieces_cotangents(pieces_bar, np.asarray(y), x, dx, axis)

    return total, pullback


@rule(integrate.cumulative_trapezoid, underived="initial")
def cumulative_trapezoid(y, x=None, dx=1.0, axis=-1, initial=None):
    totals = integrate.cumulative_trapezoid(y, x, dx, axis, initial)

    def pullback(totals_bar):
        moved = np.moveaxis(totals_bar, axis, -1)
        moved = moved if initial is None else moved[..., 1:]
        later = np.flip(np.cumsum(np.flip(moved, -1), axis=-1), -1)
        return pieces_cotangents(np.moveaxis(later, -1, axis), np.asarray(y), x, dx, axis)

    return totals, pullback


@rule(integrate.simpson, underived="x dx")
def simpson(y, x=None, *, dx=1.0, axis=-1):
    """Linear in the samples: the weight of each is what the rule makes of it alone."""
    total = integrate.simpson(y, x, dx=dx, axis=axis)

    def pullback(total_bar):
        return spread(total_bar, axis) * simpson_weights(np.shape(y), x, dx, axis)

    return total, pullback


@nondifferentiable
def simpson_weights(shape, x, dx, axis):
    """The weights of the samples of each row; x, if it has rows of its own, moves along with them."""
    weights = np.empty(shape)
    for i in range(shape[axis]):
        one = np.zeros(shape)
        np.moveaxis(one, axis, 0)[i] = 1.0
        np.moveaxis(weights, axis, 0)[i] = integrate.simpson(one, x, dx=dx, axis=axis)
    return weights
