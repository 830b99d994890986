"""Sparse Jacobians: the same numbers as the dense ones, at the cost of the colours and one check."""

import numpy as np
import pytest

import adjoint as ad
from adjoint import sparsity

rng = np.random.default_rng(0)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_in_a_loop(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def gradient_of_rosenbrock(x):
    return ad.gradient(rosenbrock, x)[0]


def gradient_in_a_loop(x):
    return ad.gradient(rosenbrock_in_a_loop, x)[0]


def residuals(x):
    return np.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x])


def heat(u):
    v = np.zeros_like(u)
    v[1:-1, 1:-1] = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
    return v + u**3


def first_times_rest(x):
    return x[0] * x[1:]


def total(x):
    return np.sum(np.exp(x))


def spectrum(x):
    return np.fft.fft(x).real  # not computed with sets: every number is taken to depend on all


@pytest.fixture
def products(monkeypatch):
    """How many products were computed."""
    count = [0]

    def counted(function):
        def call(*args):
            count[0] += 1
            return function(*args)

        return call

    pull = sparsity.pullback

    def pullback(f, *args):
        y, back = pull(f, *args)
        return y, counted(back)

    monkeypatch.setattr(sparsity, "jvp", counted(sparsity.jvp))
    monkeypatch.setattr(sparsity, "pullback", pullback)
    return count


CASES = [
    (gradient_of_rosenbrock, rng.normal(size=100), 3),
    (gradient_in_a_loop, rng.normal(size=100), 3),
    (residuals, rng.normal(size=50), 2),
    (heat, rng.normal(size=(6, 7)), 7),
    (first_times_rest, rng.normal(size=5), 2),
    (total, rng.normal(size=9), 1),
    (spectrum, rng.normal(size=4), 4),
    (np.tanh, 0.7, 1),
]


@pytest.mark.parametrize(("f", "x", "colours"), CASES, ids=[c[0].__name__ for c in CASES])
def test_the_numbers_are_the_dense_ones(f, x, colours, products):
    (found,) = ad.jacobian(f, x, sparsity="auto")
    assert products == [colours + 1]  # one checks the others
    dense = ad.jacobian(f, x)[0].reshape(found.shape)
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-12, atol=1e-12)
    if f is not spectrum:
        assert found.nnz <= np.count_nonzero(dense) + 1


def test_a_pattern_with_holes_is_not_trusted(monkeypatch):
    monkeypatch.setattr(
        sparsity, "pattern", lambda f, args, i, shape: [[r] for r in range(shape[0])]
    )
    x = rng.normal(size=6)
    (found,) = ad.jacobian(gradient_of_rosenbrock, x, sparsity="auto")
    np.testing.assert_allclose(found.toarray(), ad.jacobian(gradient_of_rosenbrock, x)[0])


def test_several_arguments():
    def f(x, scale):
        return x * scale

    by_x, by_scale = ad.jacobian(f, np.arange(3.0), 2.0, sparsity="auto")
    np.testing.assert_array_equal(by_x.toarray(), 2 * np.eye(3))
    np.testing.assert_array_equal(by_scale.toarray(), [[0.0], [1.0], [2.0]])
    assert by_x.nnz == 3


def test_float32_stays():
    (found,) = ad.jacobian(residuals, np.ones(4, np.float32), sparsity="auto")
    assert found.dtype == np.float32


def test_another_sparsity_is_refused():
    with pytest.raises(ValueError, match='"auto"'):
        ad.jacobian(residuals, np.ones(3), sparsity="banded")
    with pytest.raises(TypeError, match="real"):
        ad.jacobian(lambda z: z * z, np.ones(2) * 1j, sparsity="auto")
