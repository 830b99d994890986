"""Programs that take derivatives, and write to what they get."""

import numpy as np

import adjoint as ad
from tests.programs.registry import normal, program


@program(normal(3))
def gradient_that_is_scaled(x):
    w = x * 1.5
    g = ad.gradient(lambda z: np.sum(z * w), x)[0]
    g *= 2
    return np.sum(w * g)


@program(normal(3))
def gradient_and_a_late_write(x):
    w = x * 1.5
    g = ad.gradient(lambda z: np.sum(z * w), x)[0]
    w[0] = x[1]
    return np.sum(w * g * g)


@program(normal(3))
def two_gradients_that_are_alike(x):
    g, h = ad.gradient(lambda z, q: np.sum((z + q) ** 2), x, x)
    g *= 3
    return np.sum(h * g)


@program(normal(3))
def gradient_in_a_dict(x):
    w = x * 1.5
    g = ad.gradient(lambda z: np.sum(z["a"] * w), {"a": x})[0]["a"]
    w[1] = x[0]
    return np.sum(w * g)


@program(normal(3))
def slope_that_is_the_tangent(x):
    w = x * 1.5
    y_dot = ad.jvp(lambda z: z + 0, (x,), (w,))[1]
    w[0] = x[1]
    return np.sum(w * y_dot * y_dot)


@program(normal(3))
def slope_that_is_scaled(x):
    w = x * 1.5
    y_dot = ad.jvp(lambda z: z + 0, (x,), (w,))[1]
    y_dot *= x
    return np.sum(w * y_dot * y_dot)


@program(normal(3))
def slope_of_a_view(x):
    w = x * 1.5
    y_dot = ad.jvp(lambda z: np.reshape(z + 0, (3, 1)), (x,), (w,))[1]
    w[0] = x[1]
    return np.sum(w * y_dot[:, 0] * y_dot[:, 0])


@program(normal(3))
def slopes_that_are_alike(x):
    w = x * 1.5
    a, b = ad.jvp(lambda z: (z + 0, z - 1), (x,), (w,))[1]
    a[0] = 3.0
    return np.sum(w * a * b)


@program(normal(3))
def pullback_of_a_seed_that_changes(x):
    w = x * 1.5
    _, back = ad.pullback(lambda z: z + 0, x)
    seed = w * 2
    g = back(seed)[0]
    seed *= 3
    return np.sum(w * g * seed)


@program(normal(3))
def product_that_is_the_direction(x):
    w = x * 1.5
    g = ad.hvp(lambda z: np.sum(z * z) / 2, x, w)
    w[1] = x[0]
    return np.sum(w * g)
