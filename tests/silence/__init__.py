"""Programs whose derivative an engine could drop without a word, and the check of them.

Every function of these modules with a public name is a program: it takes its argument where a
careless derivative loses sight of it. The gradient equals finite differences or is an error of
adjoint's own; there is no third outcome.
"""

import copy
import types

import numpy as np

import adjoint as ad
from adjoint.errors import AdjointError


def programs(namespace):
    """The programs of a module, in order."""
    own = [f for f in namespace.values() if getattr(f, "__module__", None) == namespace["__name__"]]
    return [
        f
        for f in own
        if isinstance(f, types.FunctionType) and not f.__name__.startswith(("_", "test_"))
    ]


def check(f, x):
    """The gradient of a program is right, or refused."""
    extra = getattr(f, "extra", ())
    numeric = differences(f, x, extra)
    try:
        bar = ad.gradient(f, copy.deepcopy(x), *copy.deepcopy(extra))[0]
    except AdjointError as error:
        assert str(error)
        return
    assert bar is not None, "dropped"
    np.testing.assert_allclose(bar, numeric, rtol=1e-4, atol=1e-6)


def check_slope(f, x):
    """The derivative along a direction, in forward mode, is right, or refused."""
    extra = getattr(f, "extra", ())
    v = direction(x)
    wanted = np.sum(differences(f, x, extra) * v)
    try:
        dots = (v, *(None for _ in extra))
        _, y_dot = ad.jvp(f, (copy.deepcopy(x), *copy.deepcopy(extra)), dots)
    except AdjointError as error:
        assert str(error)
        return
    assert y_dot is not None, "dropped"
    np.testing.assert_allclose(np.real(y_dot), wanted, rtol=1e-4, atol=1e-5)


def gradient_of_slope(f, x, v):
    return ad.gradient(lambda x: np.real(ad.jvp(f, (x,), (v,))[1]), x)[0]


def slope_of_gradient(f, x, v):
    return ad.jvp(lambda x: ad.gradient(f, x)[0], (x,), (v,))[1]


def gradient_of_gradient(f, x, v):
    return ad.gradient(lambda x: np.sum(ad.gradient(f, x)[0] * v), x)[0]


def slope_of_slope(f, x, v):
    return ad.jvp(lambda x: ad.jvp(f, (x,), (v,))[1], (x,), (v,))[1]


def check_second_order(order, f, x):
    """The Hessian times a direction is right, or refused; expected are differences of the gradient."""
    v, step = direction(x), 1e-5
    try:
        after, before = (ad.gradient(f, copy.deepcopy(x + s * v))[0] for s in (step, -step))
        found = order(f, copy.deepcopy(x), v)
    except AdjointError as error:
        assert str(error)
        return
    wanted = (after - before) / (2 * step)
    wanted = np.sum(wanted * v) if order is slope_of_slope else wanted
    np.testing.assert_allclose(np.real(found), wanted, rtol=1e-3, atol=1e-4)


def direction(x):
    """A tangent for the argument."""
    return np.array([0.3, -0.5, 0.7, 0.2]) if isinstance(x, np.ndarray) else 0.6


def differences(f, x, extra=()):
    """The gradient of `f` at x by central differences; every call gets its own copies."""

    def value(at):
        return float(np.real(f(at, *copy.deepcopy(extra))))

    step = 1e-5
    if not isinstance(x, np.ndarray):
        return (value(x + step) - value(x - step)) / (2 * step)
    numeric = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        v = np.zeros(x.shape)
        v[i] = step
        numeric[i] = (value(x + v) - value(x - v)) / (2 * step)
    return numeric
