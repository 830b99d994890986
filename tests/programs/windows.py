"""Programs that write into parts of arrays whose bounds only running tells, and by NumPy's other names."""

from __future__ import annotations

import numpy as np

from tests.programs.registry import normal, positive, program


@program(normal(6))
def growing_window(x):
    y = x.copy()
    n = 2
    for i in range(3):
        y[i + 1 :] += y[i] * x[0]
        y[:n] *= 2.0
        n += 1
    return np.sum(y * y)


@program(normal(4, 4))
def lower_right_corner(A):
    B = A + 3.0 * np.eye(4)
    for k in range(3):
        factors = B[k + 1 :, k] / B[k, k]
        B[k + 1 :, k:] -= np.outer(factors, B[k, k:])
    return np.sum(np.diag(B) ** 2)


@program(normal(5), normal(5))
def shifted_sum(x, y):
    z = np.zeros(9)
    for i in range(len(x)):
        z[i : i + len(y)] += x[i] * y
    return np.sum(z**2)


@program(normal(6))
def stepping_window(x):
    y = x * 1.0
    for step in (1, 2, 3):
        y[::step] *= x[step]
        y[step::2] = y[step::2] ** 2
    return np.sum(y)


@program(normal(6))
def places_of_the_flat_array(x):
    y = x.reshape(2, 3).T * 1.0
    y.flat[2] = x[0] ** 2
    y.flat[3:5] = x[1]
    y.flat[0] += y.flat[1] * 2.0
    z = np.ones((2, 3))
    z.flat = x[::-1]
    return np.sum(y * y) + np.sum(z * x.reshape(2, 3))


@program(positive(6), normal(2))
def values_that_come_again(x, v):
    y = x.copy()
    np.putmask(y, x > 1.0, v)
    np.putmask(y, x < 0.7, x * x)
    return np.sum(y * x)


@program(positive(5), normal(3))
def unbuffered(x, v):
    y = x.copy()
    np.subtract.at(y, [0, 0, 1], v)
    np.multiply.at(y, [1, 1, 2], x[:3])
    np.maximum.at(y, [3, 3], 2.0 * v[:2])
    return np.sum(y * y)


@program(positive(5))
def rounded_down_in_place(x):
    y = 4.0 * x
    y //= 2.0
    y[0] = x[0]
    y[1] %= 0.5
    return np.sum((y + 1.0) ** 2 * x)


@program(normal(5))
def writes_until_it_ends(x):
    y = x.copy()
    for i in range(5):
        try:
            y[i] = x[i] ** 2
            y[i + 1] *= 2.0
        except IndexError:
            y[0] += 1.0
    return np.sum(y * x)


@program(normal(5))
def shapes_that_do_not_fit(x):
    y = x.copy()
    try:
        y[1:3] *= x[0]
        y[2:4] += x[:3]
    except ValueError:
        y[0] *= 3.0
    return np.sum(y * x)
