"""Small gradients, where the cost is what surrounds the arithmetic, and a network of three sizes.

    python benchmarks/overhead.py [--short] [--only WORD]

Every candidate computes the value and the gradient (the polynomial and "all four": the gradient only).
"by hand" is what a careful person writes in NumPy, with buffers that are used again.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from harness import Candidate, Workload, main

import adjoint as ad

try:
    autograd: Any = import_module("autograd")
    anp: Any = import_module("autograd.numpy")
except ImportError:  # one candidate less
    autograd = anp = None


# -- a polynomial at a float ----------------------------------------------------------------------


def polynomial(x):
    return 3 * x**2 + 2 * x + 1


def polynomial_derivative(x):
    return 6 * x + 2


def polynomial_workload() -> Workload:
    x = 5.0
    derivative = ad.grad(polynomial)
    candidates: dict[str, Candidate] = {
        "by hand": lambda: polynomial_derivative(x),
        "adjoint gradient": lambda: ad.gradient(polynomial, x)[0],
        "adjoint grad": lambda: derivative(x),
    }
    if autograd is not None:
        taped = autograd.grad(polynomial)
        candidates["autograd"] = lambda: taped(x)
    return Workload("polynomial at a float", candidates)


# -- linear regression ----------------------------------------------------------------------------


def squared_error(W, b, x, y):
    error = W @ x + b - y
    return np.sum(error * error)


def squared_error_by_hand(outputs: int, inputs: int) -> Callable[..., Any]:
    """The value and the gradient of `squared_error`, written into buffers that are made once."""
    error, b_bar, W_bar = np.empty(outputs), np.empty(outputs), np.empty((outputs, inputs))
    column = b_bar[:, None]

    def value_and_gradient(W, b, x, y):
        W.dot(x, out=error)
        np.add(error, b, error)
        np.subtract(error, y, error)
        np.add(error, error, b_bar)
        column.dot(x[None], out=W_bar)
        return error.dot(error), W_bar, b_bar

    return value_and_gradient


def squared_error_plainly(W, b, x, y):
    """The same as one writes it down: new arrays, like those that `adjoint` has to return."""
    error = W @ x + b - y
    error_bar = error + error
    return error.dot(error), error_bar[:, None] * x, error_bar


def regression_workload() -> Workload:
    rng = np.random.default_rng(0)
    W, b, x, y = rng.normal(size=(2, 5)), rng.normal(size=2), rng.normal(size=5), rng.normal(size=2)
    by_hand = squared_error_by_hand(2, 5)

    def by_adjoint():
        value, (W_bar, b_bar) = ad.value_and_gradient(lambda W, b: squared_error(W, b, x, y), W, b)
        return value, W_bar, b_bar

    both = ad.value_and_grad(squared_error, argnums=(0, 1))
    candidates: dict[str, Candidate] = {
        "by hand": lambda: by_hand(W, b, x, y),
        "by hand, new arrays": lambda: squared_error_plainly(W, b, x, y),
        "adjoint value_and_gradient": by_adjoint,
        "adjoint value_and_grad": lambda: both(W, b, x, y),
    }
    if anp is not None:

        def with_autograd_numpy(W, b):
            error = W @ x + b - y
            return anp.sum(error * error)

        candidates["autograd"] = by_autograd(with_autograd_numpy, W, b)
    return Workload("linear regression 2x5", candidates)


def four_cotangents_by_hand(outputs: int, inputs: int) -> Callable[..., Any]:
    """The gradient of `squared_error` to all its arguments, in buffers that are made once."""
    error, b_bar, y_bar = np.empty(outputs), np.empty(outputs), np.empty(outputs)
    W_bar, x_bar = np.empty((outputs, inputs)), np.empty(inputs)
    column = b_bar[:, None]

    def gradient(W, b, x, y):
        W.dot(x, out=error)
        np.add(error, b, error)
        np.subtract(error, y, error)
        np.add(error, error, b_bar)
        column.dot(x[None], out=W_bar)
        b_bar.dot(W, out=x_bar)
        np.negative(b_bar, y_bar)
        return W_bar, b_bar, x_bar, y_bar

    return gradient


def four_cotangents_plainly(W, b, x, y):
    """The same as one writes it down: new arrays, like those that `adjoint` has to return."""
    error = W @ x + b - y
    error_bar = 2.0 * error
    return error_bar[:, None] * x, error_bar, W.T @ error_bar, -error_bar


def four_cotangents_workload() -> Workload:
    rng = np.random.default_rng(0)
    W, b, x, y = rng.normal(size=(2, 5)), rng.normal(size=2), rng.normal(size=5), rng.normal(size=2)
    by_hand = four_cotangents_by_hand(2, 5)
    candidates: dict[str, Candidate] = {
        "by hand": lambda: by_hand(W, b, x, y),
        "by hand, new arrays": lambda: four_cotangents_plainly(W, b, x, y),
        "adjoint gradient": lambda: ad.gradient(squared_error, W, b, x, y),
    }
    if anp is not None:

        def with_autograd_numpy(W, b, x, y):
            error = W @ x + b - y
            return anp.sum(error * error)

        taped = autograd.grad(with_autograd_numpy, argnum=(0, 1, 2, 3))
        candidates["autograd"] = lambda: taped(W, b, x, y)
    return Workload("linear regression 2x5, all four", candidates)


# -- a multilayer perceptron ----------------------------------------------------------------------

SIZES = (784, 128, 32, 10)


def network_loss(parameters, x, y):
    """Softmax cross-entropy of a relu network.  x: (batch, 784)  y: (batch, 10), one-hot"""
    W1, b1, W2, b2, W3, b3 = parameters
    hidden = np.maximum(x @ W1 + b1, 0)
    hidden = np.maximum(hidden @ W2 + b2, 0)
    logits = hidden @ W3 + b3
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    normaliser = np.log(np.sum(np.exp(shifted), axis=1))
    return np.mean(normaliser - np.sum(y * shifted, axis=1))


def network_by_hand(batch: int) -> Callable[..., Any]:
    """The value and the gradient of `network_loss`, written into buffers that are made once."""
    _, *widths = SIZES
    layers = [np.empty((batch, width), np.float32) for width in widths]
    masks = [np.empty((batch, width), bool) for width in widths[:-1]]
    layer_bars = [np.empty((batch, width), np.float32) for width in widths[:-1]]
    weight_bars = [np.empty(shape, np.float32) for shape in pairwise(SIZES)]
    bias_bars = [np.empty(width, np.float32) for width in widths]
    ones = np.ones(batch, np.float32)
    share = np.float32(1 / batch)
    product = np.dot if batch == 1 else np.matmul  # matmul is slow for the outer product of one row

    def value_and_gradient(parameters, x, y):
        weights, biases = parameters[0::2], parameters[1::2]
        h1, h2, scores = layers
        np.dot(x, weights[0], out=h1)
        h1 += biases[0]
        np.maximum(h1, 0, out=h1)
        np.dot(h1, weights[1], out=h2)
        h2 += biases[1]
        np.maximum(h2, 0, out=h2)
        np.dot(h2, weights[2], out=scores)
        scores += biases[2]
        scores -= np.maximum.reduce(scores, axis=1, keepdims=True)
        picked = np.vdot(y, scores)
        np.exp(scores, out=scores)
        sums = np.add.reduce(scores, axis=1, keepdims=True)
        value = (np.add.reduce(np.log(sums), axis=None) - picked) * share
        scores /= sums
        scores -= y
        scores *= share
        product(h2.T, scores, out=weight_bars[2])
        np.dot(ones, scores, out=bias_bars[2])
        h2_bar = np.dot(scores, weights[2].T, out=layer_bars[1])
        h2_bar *= np.greater(h2, 0, out=masks[1])
        product(h1.T, h2_bar, out=weight_bars[1])
        np.dot(ones, h2_bar, out=bias_bars[1])
        h1_bar = np.dot(h2_bar, weights[1].T, out=layer_bars[0])
        h1_bar *= np.greater(h1, 0, out=masks[0])
        product(x.T, h1_bar, out=weight_bars[0])
        np.dot(ones, h1_bar, out=bias_bars[0])
        return value, [bar for pair in zip(weight_bars, bias_bars, strict=True) for bar in pair]

    return value_and_gradient


def network_workload(batch: int) -> Workload:
    rng = np.random.default_rng(0)
    parameters = []
    for inputs, outputs in pairwise(SIZES):
        parameters.append(rng.normal(size=(inputs, outputs)) / np.sqrt(inputs))
        parameters.append(rng.normal(size=outputs) * 0.1)
    parameters = [p.astype(np.float32) for p in parameters]
    x = rng.random((batch, SIZES[0])).astype(np.float32)
    y = np.eye(SIZES[-1], dtype=np.float32)[rng.integers(0, SIZES[-1], batch)]
    by_hand = network_by_hand(batch)

    def by_adjoint():
        value, (bars,) = ad.value_and_gradient(lambda ps: network_loss(ps, x, y), parameters)
        return value, bars

    both = ad.value_and_grad(network_loss)
    candidates: dict[str, Candidate] = {
        "by hand": lambda: by_hand(parameters, x, y),
        "adjoint value_and_gradient": by_adjoint,
        "adjoint value_and_grad": lambda: both(parameters, x, y),
    }
    if anp is not None:

        def with_autograd_numpy(ps):
            W1, b1, W2, b2, W3, b3 = ps
            hidden = anp.maximum(x @ W1 + b1, 0)
            hidden = anp.maximum(hidden @ W2 + b2, 0)
            logits = hidden @ W3 + b3
            shifted = logits - anp.max(logits, axis=1, keepdims=True)
            normaliser = anp.log(anp.sum(anp.exp(shifted), axis=1))
            return anp.mean(normaliser - anp.sum(y * shifted, axis=1))

        candidates["autograd"] = by_autograd(with_autograd_numpy, parameters)
    return Workload(f"network 784-128-32-10, batch {batch}", candidates, tolerance=1e-5)


def by_autograd(function: Callable[..., Any], *parameters: Any) -> Candidate:
    """The value and the gradient to all parameters by Autograd."""
    taped = autograd.value_and_grad(function, argnum=tuple(range(len(parameters))))
    return lambda: taped(*parameters)


def workloads() -> list[Workload]:
    return [
        polynomial_workload(),
        regression_workload(),
        four_cotangents_workload(),
        *(network_workload(batch) for batch in (1, 64, 1024)),
    ]


if __name__ == "__main__":
    raise SystemExit(main(workloads))
