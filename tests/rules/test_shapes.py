"""A rule tells the shape of what its function gives: what follows is compiled."""

import numpy as np
import pytest

import adjoint as ad


def convolve(x, w):
    return np.convolve(x, w, "valid")


@ad.rule(convolve, shape=lambda x, w: (None,))
def _(x, w):
    y = convolve(x, w)

    def pullback(y_bar):
        return np.convolve(y_bar, w[::-1]), np.convolve(x, y_bar[::-1], "valid")[::-1]

    return y, pullback


def scaled(x, factor):
    return x * factor


@ad.rule(scaled, like=0)
def _(x, factor):
    y = scaled(x, factor)

    def pullback(y_bar):
        return y_bar * factor, np.sum(y_bar * x)

    return y, pullback


@ad.nondifferentiable(like=1)
def noise(rng, x):
    return rng.random(x.shape).astype(x.dtype)


RNG = np.random.default_rng(0)
X, W = np.arange(1.0, 7.0), np.array([1.0, -2.0, 0.5])


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w: np.sum(convolve(x, w) ** 2),
        lambda x, w: np.sum(scaled(x, 2.0) ** 2) + w[0],
        lambda x, w: np.sum(x * noise(RNG, x)) * w[1],
    ],
    ids=["rule", "of an operand", "constant"],
)
def test_nothing_is_left_to_run_time(f):
    assert "apply_rule" not in str(ad.source(f, X, W))


@pytest.mark.parametrize(
    "f", [lambda x, w: np.sum(convolve(x, w) ** 2), lambda x, w: scaled(x[1], w[0])]
)
def test_the_gradient_is_right(f):
    ad.check_gradient(f, X, W)


def test_the_dtype_is_that_of_the_arrays():
    x = X.astype(np.float32)
    bars = ad.gradient(lambda x, w: np.sum(convolve(x, w) ** 2), x, W.astype(np.float32))
    assert [b.dtype for b in bars] == [np.float32, np.float32]


@pytest.mark.parametrize("x", [3.0, np.float32(3.0), np.ones(2), {"a": 1.0}, "text"], ids=repr)
def test_stop_gradient_takes_anything(x):
    y, back = ad.pullback(ad.stop_gradient, x)
    assert y is x or y == x
    assert np.all(back(y)[0] == np.zeros(np.shape(x))) or back(y)[0] in (None, {"a": 0.0})
