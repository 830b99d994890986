"""Functions that are called at run time and read globals: their own cotangents, and the globals'."""

import numpy as np
import pytest

import adjoint as ad
from tests.programs.differences import differentiate
from tests.routes import ROUTES

rng = np.random.default_rng(0)
X, W, V = rng.normal(size=(4, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))


@pytest.fixture(params=ROUTES)
def route(request):
    with ROUTES[request.param]():
        yield request.param


def recursive(h, n):
    return h if n == 0 else np.tanh(recursive(h, n - 1) @ W) + V[0]


def closure(A):
    def own(h, n):
        return h if n == 0 else np.tanh(own(h, n - 1) @ A) + V[0]

    return own


def made_outside():
    own = closure(W)
    return lambda: np.sum(own(X, 3) ** 2)


def made_inside():
    def loss():
        def own(h, n):
            return h if n == 0 else np.tanh(own(h, n - 1) @ W) + V[0]

        return np.sum(own(X, 3) ** 2)

    return loss


def of_a_module():
    return lambda: np.sum(recursive(X, 3) ** 2)


class Layer:
    def __call__(self, h, n=2):
        return h if n == 0 else np.tanh(self(h, n - 1) @ W) + V[0]


def of_an_object():
    layer = Layer()
    return lambda: np.sum(layer(layer(X)) ** 2)


def passed_on():
    def apply(f, h, n):
        return f(h, 1) if n == 0 else f(apply(f, h, n - 1), 2)

    return lambda: np.sum(apply(recursive, X, 2) ** 2)


def starred():
    arguments = (X, 2)
    own = closure(W)
    return lambda: np.sum(own(*arguments) ** 2)


LOSSES = [made_outside, made_inside, of_a_module, of_an_object, passed_on, starred]


@pytest.mark.parametrize("make", LOSSES, ids=lambda m: m.__name__)
def test_parameters_are_found_wherever_they_are_read(route, make):
    loss = make()
    grads = ad.gradient(loss, ad.params(W, V))
    for array in (W, V):
        np.testing.assert_allclose(grads[array], slopes(loss, array), rtol=1e-6, atol=1e-8)


def slopes(loss, array):
    """The finite differences of a loss, with respect to an array that it reads."""
    kept = array.copy()

    def moved(entries):
        array[...] = entries
        try:
            return loss()
        finally:
            array[...] = kept

    return differentiate(moved, (kept.copy(),), frozenset()).gradient[(("item", 0),)]


def test_what_is_captured_has_its_derivative_beside_a_global(route):
    def f(x, A):
        return np.sum(closure(A)(x, 2) ** 2)

    found = ad.gradient(f, X, W)
    expected = differentiate(f, (X, W), frozenset()).gradient
    for i, bar in enumerate(found):
        np.testing.assert_allclose(bar, expected[(("item", i),)], rtol=1e-6, atol=1e-8)


def test_what_a_function_was_given_and_gave_back(route):
    def f(x, A):
        layer = (lambda g: g)(lambda h: np.tanh(h @ A) + V[0])
        return np.sum(layer(layer(x)) ** 2)

    found = ad.gradient(f, X, W)
    expected = differentiate(f, (X, W), frozenset()).gradient
    for i, bar in enumerate(found):
        np.testing.assert_allclose(bar, expected[(("item", i),)], rtol=1e-6, atol=1e-8)


def test_an_inner_derivative_does_not_make_constant_what_the_outer_varies(route):
    def power(v, k, n):
        return v * k * k if n == 0 else power(v * v, k, n - 1)

    def both(k):
        value, (slope,) = ad.value_and_gradient(lambda v: power(v, k, 1), 3.0)
        return value + slope

    np.testing.assert_allclose(ad.gradient(both, 2.0)[0], 2 * 9 * 2.0 + 2 * 6 * 2.0)


class Decorated:
    def __init__(self, weight):
        self.weight = weight

    @ad.differentiable
    def layer(self, x):
        return np.tanh(x @ self.weight)


def test_a_decorated_method_has_the_derivative_of_its_object(route):
    def called(model, x):
        return np.sum(model.layer(x) ** 2)

    def read(model, x):
        layer = model.layer
        return np.sum(layer(x) ** 2)

    plain = ad.gradient(lambda A: np.sum(np.tanh(X @ A) ** 2), W)[0]
    for f in (called, read):
        np.testing.assert_allclose(ad.gradient(f, Decorated(W), X)[0].weight, plain, rtol=1e-12)
