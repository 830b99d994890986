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
