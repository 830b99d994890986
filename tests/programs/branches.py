"""Conditionals: what a branch assigns, what it leaves alone, and how branches nest."""

import numpy as np

from tests.programs.registry import normal, program, static


@program(1.5)
@program(-1.5)
def if_else(x):
    if x > 0:
        y = x * x
    else:
        y = -3 * x
    return y + x


@program(1.5)
@program(-1.5)
def if_without_else(x):
    y = x * 2
    if x > 0:
        y = y * x
    return y


@program(-2.0)
@program(0.5)
@program(3.0)
def elif_chain(x):
    if x < -1:
        y = x**3
    elif x < 1:
        y = np.sin(x)
    elif x < 2:
        y = x
    else:
        y = np.log(x)
    return y * x


@program(1.0, 2.0)
@program(2.0, 1.0)
@program(-1.0, 0.5)
@program(-1.0, -2.0)
def nested(x, y):
    if x > 0:
        if x > y:
            z = x * y
        else:
            z = x - y * y
        z = z * 2
    else:
        z = y
        if y > 0:
            z = z * x
    return z * z + x


@program(0.4)
@program(1.4)
def branches_assign_different_names(x):
    a = x
    b = 2.0
    if x > 1:
        a = a * b
    else:
        b = x + b
    return a * a + b * b * x


@program(0.4)
@program(-0.4)
def returns_in_both(x):
    if x > 0:
        return x * x
    else:
        return np.exp(x)


@program(0.4)
@program(-0.4)
def name_used_in_branch_only(x):
    if x > 0:
        t = x * 3
        x = t * t
    return x * x


@program(2.0, 1.0)
@program(1.0, 2.0)
def swapped_in_branch(a, b):
    if a > b:
        a, b = b, a
    return a * a - 2 * b


@program(0.5)
def branch_that_passes(x):
    if x > 1:
        pass
    else:
        x = x * 3
    return x * x


@program(normal(3), static(True))
@program(normal(3), static(False))
def flag(x, squared):
    y = x * 2
    if squared:
        y = y * y
    return np.sum(np.sin(y))


@program(normal(4))
@program(np.array([1.0, 2.0, -0.5]))
def condition_on_reduction(x):
    if x.sum() > 0 and np.all(x < 10):
        return np.sum(x**3)
    return np.mean(np.exp(x))


@program(normal(2), normal(1, 3), static(True))
@program(normal(2), normal(1, 3), static(False))
def defined_on_one_path(x, a, c):
    if c:
        y = np.exp(a)
    out = np.sum(x**2)
    for _ in range(2):
        if c:
            out = out + np.sum(y * y) * np.sum(x)
    return out


@program(0.3, static("sine"))
@program(0.3, static("square"))
@program(0.3, static("other"))
def branch_on_string(x, kind):
    if kind == "sine":
        return np.sin(x)
    elif kind == "square":
        return x * x
    return 5 * x


@program(normal(3), static(None))
@program(normal(3), normal(3))
def optional_argument(x, weights):
    if weights is None:
        return np.sum(x * x)
    return np.sum(weights * x * x)


@program(1.2)
@program(-0.3)
def ternary(x):
    y = x * x if x > 0 else -x
    return y + (2 * x if y > 1 else x**3)


@program(1.2, 0.7)
@program(-1.2, 0.7)
def piecewise_by_product(x, y):
    return (x > 0) * x * y + (x <= 0) * y * y


@program(normal(2, 3))
@program(normal(3))
def branch_on_dimension(x):
    if x.ndim == 2:
        return np.sum(x @ x.T)
    else:
        return x @ x


@program(2.5)
@program(-2.5)
@program(0.25)
def sequence_of_branches(x):
    y = 1.0
    if x > 0:
        y = y * x
    if x > 1:
        y = y + x * x
    if x < 0:
        y = np.cos(x) * y
    return y * x


@program(0.5)
def huber(x):
    delta = 1.0
    if abs(x) <= delta:
        return 0.5 * x**2
    return delta * (abs(x) - 0.5 * delta)


@program(0.5, 2.0)
def array_made_in_branch(x, y):
    if x < y:
        z = np.array([x, y, x * y])
    else:
        z = np.zeros(3)
    return z @ z
