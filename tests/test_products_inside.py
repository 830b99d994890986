"""Jacobians, Hessians and their products inside other derivatives, and forward mode over what only running
tells."""

import numpy as np
import pytest
import scipy.linalg
from scipy.spatial.distance import cdist

import adjoint as ad
from adjoint.cache import use_options

x, v, w = np.array([0.8, 1.3]), np.array([0.3, -1.0]), np.array([0.7, 0.2])


def loss(x):
    return np.sum(x**4) + np.prod(x) ** 2


def three(x):
    return np.stack([np.sum(x**3), x[0] * x[1] ** 2, np.sin(x[0])])


def slope_of(f, x, v, h=1e-5):
    return (f(x + h * v) - f(x - h * v)) / (2 * h)


INSIDE = {
    "jacobian": lambda x: np.sum(ad.jacobian(three, x)[0] ** 2),
    "jacobian of a number": lambda x: np.sum(ad.jacobian(loss, x)[0] ** 2),
    "jacobian of two": lambda x: np.sum(ad.jacobian(lambda a, b: three(a) * b[0], x, x**2)[1] ** 2),
    "jacrev": lambda x: np.sum(ad.jacrev(three)(x) ** 2),
    "jacfwd": lambda x: np.sum(ad.jacfwd(three)(x) ** 2),
    "hessian": lambda x: np.sum(ad.hessian(loss, x) ** 2),
    "hvp": lambda x: np.sum(ad.hvp(loss, x, v) ** 2),
    "diaghessian": lambda x: np.sum(ad.diaghessian(loss, x) ** 2),
    "hessian of a number": lambda x: ad.hessian(lambda t: loss(x * t), x[1]) ** 2,
    "log of the determinant": lambda x: np.linalg.slogdet(ad.hessian(loss, x))[1],
}


@pytest.mark.parametrize("name", INSIDE)
def test_inside_a_derivative(name):
    f = INSIDE[name]
    numeric = slope_of(f, x, v)
    np.testing.assert_allclose(ad.gradient(f, x)[0] @ v, numeric, rtol=1e-7)
    np.testing.assert_allclose(ad.jvp(f, (x,), (v,))[1], numeric, rtol=1e-7)


A = np.array([[4.0, 0.3, -0.2], [0.1, 5.0, 0.4], [0.2, -0.5, 3.0]])
B = A @ A.T
LATE = {
    "solve": (lambda A: np.sum(scipy.linalg.solve(A, B[0])), A),
    "cholesky": (lambda A: scipy.linalg.cholesky(A)[0, 1] ** 2, B),
    "logm": (lambda A: np.sum(scipy.linalg.logm(A) ** 3), B),  # pyright: ignore
    "eigh": (lambda A: scipy.linalg.eigh(A)[0][0] ** 2, B),
    "block_diag": (lambda A: np.sum(scipy.linalg.block_diag(A @ A, A[0])) ** 2, A),  # pyright: ignore
    "cdist": (lambda A: np.sum(cdist(A, B) ** 3), A),
    "list * number": (lambda A: np.sum(np.concatenate([A[0]] * 2 + [A[1]] * 1) ** 3), A),
}


@pytest.mark.parametrize("name", LATE)
def test_forward_over_forward(name):
    f, X = LATE[name]
    V, W = np.random.default_rng(0).normal(size=(2, *X.shape))
    V, W = V + V.T, W + W.T

    def slope(X):
        return ad.jvp(f, (X,), (V,))[1]

    twice = ad.jvp(slope, (X,), (W,))[1]
    np.testing.assert_allclose(twice, slope_of(slope, X, W), rtol=1e-6)
    np.testing.assert_allclose(twice, np.sum(ad.hvp(f, X, W) * V), rtol=1e-8)


def products_by_keyword(x):
    return np.sum(np.kron(x * x, b=x) ** 2)


def rest_by_keyword(x):
    return np.sum(np.kron(v, b=x * x) ** 2)


@pytest.mark.parametrize("f", [products_by_keyword, rest_by_keyword, loss, three])
@pytest.mark.parametrize("known", [True, False])
def test_every_mode_over_every_mode(f, known):
    """Of a linear function that is given its operand by keyword, too, if only running tells the types."""

    def total(x):
        return np.sum(f(x))

    def along(x):
        return ad.jvp(total, (x,), (v,))[1]

    def product(x):
        return np.sum(ad.gradient(total, x)[0] * v)

    with use_options(typed=known, templates=known, inline=known):
        numeric = slope_of(along, x, w)
        for slope in (along, product):
            np.testing.assert_allclose(ad.gradient(slope, x)[0] @ w, numeric, rtol=1e-8)
            np.testing.assert_allclose(ad.jvp(slope, (x,), (w,))[1], numeric, rtol=1e-8)
