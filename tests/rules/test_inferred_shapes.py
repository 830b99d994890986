"""Shapes that depend on numbers which only the program that runs knows."""

import numpy as np
import pytest

import adjoint as ad

X = np.random.default_rng(0).normal(size=(3, 4))
W = np.random.default_rng(1).normal(size=48)


def by_numbers(x, w, n):
    groups = x.reshape(-1, n, 4 // n).transpose(1, 2, 0)
    return np.sum(np.sin(groups @ w[: 12 * n].reshape(n, 3, 4)))


def by_a_tuple(x, w, n):
    groups = np.reshape(x, (3, n, 4 // n)).transpose(1, 2, 0)
    return np.sum(np.sin(groups @ w[: 12 * n].reshape((n, 3, 4))))


@pytest.mark.parametrize("f", [by_numbers, by_a_tuple])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_reshaped_to_numbers_that_are_known_late(f, n):
    ad.check_gradient(f, X, W, n)


def test_slices_up_to_numbers_that_are_known_late():
    def f(x, n):
        h = np.zeros((3, n))
        for _ in range(2):
            h = np.tanh(h + x[..., :n]) * x[:, n:]
        return np.sum(h)

    assert "apply_rule" not in str(ad.source(f, X, 2))
    ad.check_gradient(f, X, 2, order=2, rtol=1e-4, atol=1e-6)


def test_reshaping_back_is_plain():
    def f(x, w):
        y = x.reshape(-1, x.shape[2]) @ w
        return np.sum(y.reshape(x.shape[0], x.shape[1], w.shape[1]) ** 2)

    x, w = W.reshape(3, 4, 4), X[:, :3].T @ X
    source = str(ad.source(f, x, w[:, :2].T.repeat(2, axis=0)))
    assert "leading_bar" not in source and "apply_rule" not in source
    ad.check_gradient(f, x, w.T)
