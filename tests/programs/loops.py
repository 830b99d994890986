"""Loops: what they carry, over what they run, how they nest."""

import numpy as np

from tests.programs.registry import normal, program, static, uniform


@program(1.1, static(4))
@program(1.1, static(0))
def repeated_product(x, n):
    y = 1.0
    for _ in range(n):
        y = y * x
    return y


@program(0.5, 1.3, static(6))
def energy(x, w, steps):
    total = 0.0
    for _ in range(steps):
        x = np.tanh(w * x)
        if x > 0:
            total = total + x * x
    return total


@program(0.7, static(5))
def index_in_arithmetic(x, n):
    y = 0.0
    for i in range(n):
        y += i * x ** (i + 1) / (i + 2)
    return y


@program(normal(5))
@program([0.5, -1.5, 2.0])
@program((1, 2.5))
def over_elements(xs):
    y = 0.0
    for x in xs:
        y = y + x * x * x
    return y


@program(normal(3, 2))
def over_rows(A):
    total = 0.0
    for row in A:
        total = total + np.prod(row) + np.sum(row)
    return total


@program(normal(4))
def by_index(x):
    total = 0.0
    for i in range(1, len(x)):
        total += (x[i] - x[i - 1]) ** 2
    return total


@program(normal(6), 0.5)
def range_with_step(x, s):
    total = s
    for i in range(5, -1, -2):
        total = total * s + x[i]
    return total


@program(normal(3, 4))
def nested_loops(A):
    total = 0.0
    for i in range(A.shape[0]):
        row = 1.0
        for j in range(A.shape[1]):
            row = row * (1 + 0.1 * A[i, j])
        total = total + row * i
    return total


@program(1.2, static(4))
def triangular_loops(x, n):
    total = 0.0
    for i in range(n):
        for j in range(i):
            total = total + x**i * (j + 1)
        total = total * 0.5
    return total


@program(0.3, 2.0)
def two_carried(a, b):
    for _ in range(3):
        a, b = b * 0.5, a + b
    return a * b


@program(1.0, 1.0, static(7))
def fibonacci_like(a, b, n):
    for _ in range(n):
        a, b = b, a + b * 0.3
    return b


@program(3.7)
def while_on_value(x):
    count = 0
    while x > 1:
        x = x / 2
        count = count + 1
    return x * count + x**2


@program(0.9, static(4))
def while_with_counter(x, n):
    i = 0
    y = x
    while i < n:
        y = np.sin(y) + x
        i += 1
    return y


@program(0.9)
def while_that_never_runs(x):
    while x > 100:
        x = x * x
    return x * 3


@program(5.0, 3.0)
def nested_while(x, y):
    total = 0.0
    while x > 1:
        z = y
        while z > 1:
            z = z * 0.4
            total += z * x
        x = x * 0.6
    return total


@program(uniform(0.1, 0.9, 5))
def while_over_array(x):
    i, total = 0, 0.0
    while i < len(x) and total < 1.5:
        total = total + x[i] ** 2 + 0.3
        i += 1
    return total


@program(normal(4))
def branch_in_loop(x):
    total = 1.0
    for value in x:
        if value > 0:
            total = total * (1 + value)
        else:
            total = total - value * value
    return total


@program(normal(3), normal(3, 3))
def array_carried(x, W):
    for _ in range(4):
        x = np.tanh(W @ x)
    return np.sum(x)


@program(normal(3), normal(3))
def value_from_before_and_after(x, y):
    last = 0.0
    for i in range(3):
        last = x[i] * y[i]
    return last * np.sum(x)


@program(0.5)
def variable_first_bound_in_loop(x):
    for i in range(3):
        t = x * i
    return t * t


@program(normal(3))
def loop_variable_after_the_loop(x):
    for value in x:
        pass
    return value * value + np.sum(x)


@program(1.5)
def type_changes_once(x):
    total = 0
    for i in range(3):
        total = total + x * i
    return total * x


@program(normal(3), 2.0)
def loop_invariant(x, s):
    total = 0.0
    for i in range(3):
        scale = np.exp(-s)
        total = total + scale * x[i] * s
    return total


@program(0.4)
def for_else(x):
    y = x
    for i in range(3):
        y = y * x + i
    else:
        y = y + 10 * x
    return y


@program(normal(4))
def running_maximum(x):
    best = x[0]
    for value in x[1:]:
        if value > best:
            best = value
    return best * best


@program(0.2, static(50))
def long_loop(x, n):
    y = x
    for _ in range(n):
        y = y + 0.01 * np.cos(y * x)
    return y


@program(normal(3), static(3))
def array_power_by_loop(x, n):
    y = np.ones_like(x)
    for _ in range(n):
        y = y * x
    return y.sum()


@program([0.5, 1.5], [2.0, -1.0])
def loop_over_loop_of_lists(xs, ys):
    total = 0.0
    for x in xs:
        for y in ys:
            total += np.exp(-((x - y) ** 2))
    return total
