"""Programs that keep arrays of different ranks in lists, dicts and objects, and change them in place, as descent does."""

import numpy as np

from tests.programs.registry import normal, program, spread


def slopes_of(W, b, X, y):
    residual = X @ W[:, 0] + b - y
    return [(2.0 / y.size) * np.outer(X.T @ residual, [1.0, 0.5]), (2.0 / y.size) * residual]


@program(normal(2, 2), normal(3), normal(3, 2), 0.1)
def descent(W, b, X, rate):
    parameters = [W * 1.0, b * 1.0]
    for _ in range(3):
        slopes = slopes_of(*parameters, X, np.ones(3))
        for p, slope in zip(parameters, slopes):
            p -= rate * slope
    return sum(np.sum(p * p) for p in parameters)


@program(normal(2, 2), normal(3), 0.9)
def momentum(W, b, beta):
    parameters = [np.tanh(W), b * b]
    velocities = [np.zeros_like(p) for p in parameters]
    for _ in range(2):
        slopes = [2.0 * p for p in parameters]
        for i in range(len(parameters)):
            velocities[i] *= beta
            velocities[i] += slopes[i]
            parameters[i] -= 0.1 * velocities[i]
    return np.sum(parameters[0] ** 2) + np.sum(parameters[1])


@program(normal(2, 2), normal(3))
def numbered(W, b):
    parameters = [W * 2.0, b * b, np.ones((2, 1, 2))]
    for i, p in enumerate(parameters):
        p *= b[i]
        p += i
        p **= 2
    return np.sum(parameters[0] * W) + np.sum(parameters[1]) * parameters[2].sum()


@program(normal(2, 2), normal(2), 0.1)
def by_name(W, b, rate):
    parameters = {"W": W * 1.0, "b": b * 1.0}
    slopes = {}
    for name in parameters:
        slopes[name] = 2.0 * parameters[name]
    for name in ("W", "b"):
        parameters[name] -= rate * slopes[name]
    for name, p in parameters.items():
        p *= b[0]
    return np.sum(parameters["W"] ** 2) + parameters["b"] @ b


class Model:
    def __init__(self, W, b):
        self.parameters = [W * 1.0, b * 1.0]

    def step(self, rate):
        for p in self.parameters:
            p -= rate * p * p


@program(normal(2, 2), normal(3), 0.1)
def steps_of_a_model(W, b, rate):
    model = Model(W, b)
    for _ in range(3):
        model.step(rate)
    return sum(p.sum() for p in model.parameters)


@program(normal(3, 3), normal(3))
def views_of_one_array(A, x):
    A = A * 1.0
    views = [A[0], A[:, 2], A[1:]]
    views[1] += x[0]
    views[2] *= x
    views[0] /= 2.0 + x * x
    return np.sum(A * A) + views[2][0, 0]


@program(spread(4))
def one_array_twice(x):
    y = x * x
    both = [y, y.reshape(2, 2)]
    for each in both:
        each += 1.0
        each *= x[0]
    both[0] -= both[1].ravel()[::-1]
    return y @ x


@program(normal(3), normal(6))
def repeated_and_written(x, w):
    y = x.repeat(2)
    y *= w
    z = np.repeat(np.outer(x, x), 2, axis=1)
    z[0] += y
    return np.sum(z * z) + y @ y


@program(normal(2, 2), normal(2))
def lists_side_by_side(W, b):
    left, right = [W * 1.0, W + 1.0], [W * W, W - b]
    for p, q in zip(left, right):
        p -= 0.5 * q
        q *= p
    return sum(np.sum(p * q) for p, q in zip(left, right))


@program(spread(3))
def results_written_of_what_is_known_late(x):
    unlike = [x * x, 1.0]
    first = int(x[0] * 0.0)
    w, v = np.tanh(unlike[first]), np.sqrt(unlike[first])
    w[:2] = v[1:]
    v[1] *= 3.0
    z = np.exp(unlike[first])
    z[0] = w[0]
    return np.sum(w * v) + np.sum(z * z)
