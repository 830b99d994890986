"""Derivatives by the implicit function theorem."""

import numpy as np
import pytest

import adjoint as ad
from adjoint.rules import implicit
from adjoint.testing import case, check_rule, expand, normal


def cubic(x, a, b):
    return x**3 + a * x - b


def equations(X, A, b):
    return A @ X - b + 0.1 * X**3


A = 3 * np.eye(3) + 0.3
B = np.array([1.0, 2.0, 0.5])

CASES = [
    case(implicit.scalar_root_cotangents, 1.5, cubic, 0.9, (1.3, 2.0)),
    case(implicit.root_cotangents, normal(3), equations, normal(3), (A, B)),
    case(implicit.implicit_cotangents, normal(3), equations, normal(3), (A, B)),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


@ad.implicit(cubic)
def root(a, b):
    """The root, by a search that is not differentiable."""
    low, high = -10.0, 10.0
    while high - low > 1e-15 * abs(high):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if cubic(middle, a, b) < 0 else (low, middle)
    return low


@ad.implicit(equations)
def solution(A, b):
    X = np.zeros_like(b)
    for _ in range(80):
        X = np.linalg.solve(A + np.diag(0.3 * X**2), b + 0.2 * X**3)
    return X


def test_a_number():
    x = root(1.3, 2.0)
    np.testing.assert_allclose(
        ad.gradient(root, 1.3, 2.0), (-x / (3 * x * x + 1.3), 1 / (3 * x * x + 1.3))
    )
    ad.check_gradient(lambda a, b: root(a, b) ** 2 * a, 1.3, 2.0, order=2)


def test_an_array():
    ad.check_gradient(lambda A, b: np.sum(solution(A, b) ** 2 * b), A, B, order=2)


def test_a_matrix_of_unknowns():
    def residual(X, a):
        return X @ X - a

    @ad.implicit(residual)
    def square_root(a):
        X = np.eye(2)
        for _ in range(60):
            X = 0.5 * (X + np.linalg.solve(X, a))
        return X

    a = np.array([[2.0, 0.3], [0.1, 1.5]])
    ad.check_gradient(lambda a: np.sum(square_root(a) * np.array([[1.0, 2.0], [3.0, 4.0]])), a)


def test_a_minimum_by_its_gradient():
    """Ridge regression, by descent on its loss: the weights of the closed form have the same slope."""
    x = np.random.default_rng(0).standard_normal((6, 3))
    y = x @ np.array([1.0, -2.0, 0.5])

    def loss(w, penalty):
        return np.sum((x @ w - y) ** 2) + penalty * np.sum(w * w)

    @ad.implicit(lambda w, penalty: ad.gradient(loss, w, penalty)[0])
    def fit(penalty):
        w = np.zeros(3)
        for _ in range(3000):
            w = w - 0.02 * ad.gradient(loss, w, penalty)[0]
        return w

    def closed(penalty):
        return np.linalg.solve(x.T @ x + penalty * np.eye(3), x.T @ y)

    ours, theirs = (ad.gradient(lambda p, f=f: np.sum(f(p) ** 2), 0.7) for f in (fit, closed))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_where_the_equations_do_not_determine_the_solution():
    @ad.implicit(lambda x, a: (x - a) ** 2)
    def double_root(a):
        return np.atleast_1d(a)

    with pytest.raises(np.linalg.LinAlgError):
        ad.gradient(lambda a: np.sum(double_root(a)), 1.0)
