"""Rules that tell the shape of their result: what follows is compiled, and the pullback may write."""

import numpy as np
import pytest

import adjoint as ad


def doubled(x):
    return x * 2.0


@ad.rule(doubled, like=0)
def _(x):
    def pullback(y_bar):
        x_bar = np.empty_like(x)
        x_bar[...] = y_bar * 2.0
        return x_bar

    return doubled(x), pullback


def first_twice(x):
    return np.full(3, x[0] * 2.0)


@ad.rule(first_twice, shape=lambda x: (None,))
def _(x):
    def pullback(y_bar):
        x_bar = np.zeros_like(x)
        for part in y_bar:
            x_bar[0] += 2.0 * part
        return x_bar

    return first_twice(x), pullback


def total(x):
    return float(np.sum(x))


@ad.rule(total, shape=lambda x: ())
def _(x):
    def pullback(y_bar):
        return np.full(x.shape, y_bar)

    return total(x), pullback


@pytest.mark.parametrize("function", [doubled, first_twice])
def test_a_pullback_that_writes(function):
    def loss(x):
        y = function(x)
        return np.sum(y * y * np.array([1.0, 2.0, 3.0]))

    x, v, h = np.array([1.3, -0.4, 2.1]), np.array([0.5, 1.0, -2.0]), 1e-6
    difference = (loss(x + h * v) - loss(x - h * v)) / (2 * h)
    assert ad.gradient(loss, x)[0] @ v == pytest.approx(difference)
    y, y_dot = ad.jvp(loss, (x,), (v,))
    assert y == loss(x) and y_dot == pytest.approx(difference)


def test_a_number_has_no_axes():
    def loss(x):
        y = x * 1.0
        y += total(x)
        return np.sum(y * y) + total(x)

    x = np.array([1.0, 2.0])
    assert ad.gradient(loss, x)[0].tolist() == [8.0 + 10.0 + 8.0 + 1.0, 10.0 + 10.0 + 8.0 + 1.0]
