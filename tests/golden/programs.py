"""The functions whose generated gradients are kept in `tests/golden/*.py`."""

import numpy as np

from adjoint.nn import relu

rng = np.random.default_rng(0)


def array(*shape):
    return rng.normal(size=shape)


def poly(x):
    return 3 * x**2 + 2 * x + 1


def linear_regression(w, b, x, y):
    error = x @ w + b - y
    return np.mean(error**2)


def mlp_loss(W1, b1, W2, b2, x, y):
    hidden = np.tanh(x @ W1 + b1)
    error = hidden @ W2 + b2 - y
    return np.mean(error * error)


def energy(x, w, steps):
    total = 0.0
    for _ in range(steps):
        x = np.tanh(w * x)
        if x > 0:
            total = total + x * x
    return total


def classifier_loss(W1, b1, W2, b2, x, labels):
    hidden = relu(x @ W1 + b1)
    scores = hidden @ W2 + b2
    scores = scores - np.max(scores, axis=1, keepdims=True)
    log_norm = np.log(np.sum(np.exp(scores), axis=1))
    return np.mean(log_norm - np.sum(labels * scores, axis=1))


def pendulum(state):
    return np.array([state[1], -np.sin(state[0])])


def rk4_loss(state, h, steps):
    for _ in range(steps):
        k1 = pendulum(state)
        k2 = pendulum(state + 0.5 * h * k1)
        k3 = pendulum(state + 0.5 * h * k2)
        k4 = pendulum(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.sum(state**2)


def newton_root(x):
    guess = x
    while True:
        step = (guess * guess - x) / (2 * guess)
        guess = guess - step
        if abs(step) < 1e-12:
            break
    return guess


def items(x):
    return x[0] ** 2 + x[1]


def softmax_cross_entropy(scores, target):
    shifted = np.exp(scores - np.max(scores))
    return -np.log(shifted[target] / np.sum(shifted))


def logistic_regression(w, x, y):
    p = 1 / (1 + np.exp(-(x @ w)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def square(x):
    return x * x


def with_closure(x, scale):
    def scaled(v):
        return scale * square(v)

    return scaled(x) + scaled(x + 1)


def comprehension_sum(xs):
    return sum([x * x for x in xs])


def early_return(x):
    if x < 0:
        return x * x
    y = np.sin(x)
    return y * x


def recurrent(W, U, h, xs):
    for x in xs:
        h = np.tanh(W @ h + U @ x)
    return np.sum(h * h)


def stencil(field, rate, steps):
    u = field.copy()
    for _ in range(steps):
        u[1:-1] += rate * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u * u)


def gauss_seidel(x, b):
    u = x * 1.5
    for i in range(1, len(u) - 1):
        u[i] = 0.5 * (u[i - 1] + u[i + 1] + b[i])
    return np.sum(u * u)


def spaced(k, n):
    grid = np.linspace(0.0, 1.0, 5)
    return np.sum(np.exp(k * grid) * np.arange(5.0)) + n


class Cell:
    def __init__(self, W, U):
        self.W, self.U, self.h = W, U, np.zeros(len(W))

    def __call__(self, x):
        self.h = np.tanh(self.W @ self.h + self.U @ x)
        return self.h


def stateful_cell(W, U, xs):
    cell = Cell(W, U)
    for x in xs:
        cell(x)
    return np.sum(cell.h * cell.h)


def growing_list(x, rate, steps):
    values = [x]
    for _ in range(steps):
        values.append(values[-1] + rate * np.sin(values[-1]))
    return sum(values)


def heat(u, k, steps):
    u = u.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            u[i] += k * (u[i - 1] - 2 * u[i] + u[i + 1])
    return np.sum(u * u)


def square_root(x, a):
    for _ in range(5):
        if x * x > a:
            x = x - (x * x - a) / (2 * x)
        else:
            x = x + 0.1 * a
    return x


PROGRAMS = [
    (poly, (2.0,)),
    (linear_regression, (array(3), 0.5, array(5, 3), array(5))),
    (mlp_loss, (array(4, 3), array(3), array(3, 2), array(2), array(5, 4), array(5, 2))),
    (energy, (0.5, 1.2, 3)),
    (
        classifier_loss,
        (array(4, 3), array(3), array(3, 2), array(2), array(5, 4), np.eye(2)[[0, 1, 1, 0, 1]]),
    ),
    (rk4_loss, (array(2), 0.1, 3)),
    (newton_root, (2.0,)),
    (items, (array(3),)),
    (softmax_cross_entropy, (array(4), 2)),
    (logistic_regression, (array(3), array(5, 3), np.array([0.0, 1.0, 1.0, 0.0, 1.0]))),
    (with_closure, (1.5, 2.0)),
    (comprehension_sum, ([1.0, 2.0, 3.0],)),
    (early_return, (1.5,)),
    (stencil, (array(6), 0.1, 3)),
    (gauss_seidel, (array(5), array(5))),
    (spaced, (0.5, 2.0)),
    (recurrent, (array(3, 3), array(3, 2), array(3), array(6, 2))),
    (stateful_cell, (array(3, 3), array(3, 2), array(6, 2))),
    (growing_list, (0.5, 0.1, 4)),
    (heat, (array(6), 0.1, 3)),
    (square_root, (3.0, 2.0)),
]
