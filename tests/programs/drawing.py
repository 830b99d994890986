"""Programs that draw random numbers by generators of their own, and write what they draw into arrays."""

import numpy as np

from tests.programs.registry import normal, program


@program(normal(4), normal(3, 3))
def random_no_shuffle(v, A):
    rng = np.random.default_rng(3)
    order = rng.permutation(4)
    y = v[order]
    y[0] *= rng.normal()
    for i in rng.permutation(3):
        A = A * v[i]
    k = rng.choice(4, size=2, replace=False)
    z = np.zeros(4)
    z[k] = v[k] * rng.uniform(size=2)
    return y @ np.arange(4) + np.sum(v * rng.uniform(size=4)) + z.sum() + A.sum()


@program(normal(4))
def random_shuffle(v):
    rng = np.random.default_rng(3)
    y = v * 2
    rng.shuffle(y)
    y[0] *= rng.normal()
    return y @ np.arange(4)


@program(normal(3), normal(6, 3), normal(6))
def sgd_minibatches(w, X, t):
    rng = np.random.default_rng(0)
    w = w.copy()
    vel = np.zeros_like(w)
    for _ in range(2):
        order = rng.permutation(6)
        for start in range(0, 6, 2):
            idx = order[start : start + 2]
            e = X[idx] @ w - t[idx]
            vel *= 0.9
            vel -= 0.1 * X[idx].T @ e
            w += vel
    return np.sum(w**2)


@program(normal(3), normal(6, 3), normal(6))
def sgd_shuffled_index(w, X, t):
    rng = np.random.default_rng(0)
    w = w.copy()
    order = np.arange(6)
    for _ in range(2):
        rng.shuffle(order)
        for i in order:
            e = X[i] @ w - t[i]
            w -= 0.1 * X[i] * e
    return np.sum(w**2)


@program(normal(6))
def dropout_mask(v):
    rng = np.random.RandomState(0)
    m = rng.rand(6) > 0.5
    y = v.copy()
    y[m] = 0.0
    y[~m] *= 2
    return y @ y


@program(normal(4), 0.3)
def langevin(y, s):
    rng = np.random.default_rng(1)
    y = y.copy()
    path = np.empty((3, 4))
    for t in range(3):
        for i in range(len(y)):
            y[i] += -0.1 * y[i] + s * rng.normal()
        path[t] = y
        y += 0.1 * rng.normal(size=4) + rng.uniform(-1, 1, 4) * s
        y *= rng.random(size=(4,))
        j = rng.integers(0, 4)
        y[j] = path[t, rng.integers(4)] * 2
    return np.sum(path**2)


@program(normal(4), 0.3)
def active_parameters(y, s):
    rng = np.random.default_rng(1)
    y = y.copy()
    for t in range(3):
        y[t] += rng.normal(y[0], s**2)
        y += rng.normal(0.1, s**2, size=4)
    rng.shuffle(y)
    return y @ np.arange(4)


@program(normal(4))
def drawn_into(v):
    rng = np.random.default_rng(3)
    y = v * 2
    s = y @ y
    rng.standard_normal(out=y)
    return s + y @ v


@program(normal(4))
def generator_kept(v):
    class Sampler:
        def __init__(self, seed):
            self.rng = np.random.default_rng(seed)

        def draw(self, y):
            y[self.rng.integers(4)] *= self.rng.normal()
            return y

    s = Sampler(0)
    y = v.copy()
    for _ in range(3):
        y = s.draw(y)
    return y @ y
