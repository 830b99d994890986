"""Layers are objects as a user's are: what a program changes of them keeps its derivative."""

import numpy as np
import pytest

import adjoint as ad
from adjoint import nn

WEIGHT = np.random.default_rng(0).normal(size=(3, 3))
X = np.array([0.7, 1.3, -0.4])
CALLS = {"plain": lambda layer, z: layer(z) + layer.bias}


def made(v):
    layer = nn.Dense(3, 3)
    layer.weight, layer.bias = WEIGHT * v[0], v * 1.0
    return layer


def tangent(v):
    return ad.Tangent(weight=WEIGHT * v[0], bias=v * 1.0)


def written_in_place(layer, x):
    layer.bias += x
    layer.weight[0] *= x
    return np.sum(layer(x[None]) ** 2)


def called_when_the_program_runs(layer, x):
    layer.bias = layer.bias * x[1]
    return np.sum(CALLS["plain" if x[0] > 0 else "none"](layer, x[None]) ** 2)


def reached_by_other_names(layer, x):
    layer.bias = layer.bias * x[1]
    held = {"layers": [layer]}
    again = held["layers"][0]
    again.weight = again.weight * x[0]
    pair = (again, x)
    return np.sum(pair[0](x[None]) * layer.bias)


def in_a_chain(layer, x):
    chain = nn.Chain(layer, np.tanh, layer)
    y = chain(x[None])
    layer.bias = layer.bias * y[0, 0]
    return np.sum(chain(x[None]) ** 2)


def _descend(n, layer, x):
    layer.bias = layer.bias * x[n]
    y = np.sum(layer(x[None]))
    return y if n == 0 else y * _descend(n - 1, layer, x)


def by_recursion(layer, x):
    return _descend(2, layer, x) + np.sum(layer.bias)


PROGRAMS = (
    written_in_place,
    called_when_the_program_runs,
    reached_by_other_names,
    in_a_chain,
    by_recursion,
)
# Forward mode does not know what is changed by a function that is called when the program runs.
BY_CALLS = (called_when_the_program_runs, by_recursion)


def differences(f, v, step=1e-6):
    after, before = (f(made(X + s * v), X + s * v) for s in (step, -step))
    return (after - before) / (2 * step)


@pytest.mark.parametrize("f", PROGRAMS)
def test_gradient(f):
    layer_bar, x_bar = ad.gradient(f, made(X), X.copy())
    found = np.sum(layer_bar.weight * WEIGHT, axis=None) * np.eye(3)[0] + layer_bar.bias + x_bar
    wanted = [differences(f, v) for v in np.eye(3)]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("f", [f for f in PROGRAMS if f not in BY_CALLS])
def test_slope(f):
    v = np.array([0.3, -0.5, 0.8])
    _, found = ad.jvp(f, (made(X), X.copy()), (tangent(v), v))
    np.testing.assert_allclose(found, differences(f, v), rtol=1e-6)


def test_slope_of_layers_in_a_list():
    def f(x):
        layer = made(x)
        layers = [layer]
        layers[0].bias = layers[0].bias * x[1]
        z = x[None]
        for each in (*layers, layer):
            z = each(z)
        return z

    v = np.array([0.3, -0.5, 0.8])
    _, found = ad.jvp(f, (X,), (v,))
    wanted = (f(X + 1e-6 * v) - f(X - 1e-6 * v)) / 2e-6
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
