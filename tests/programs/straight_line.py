"""Assignments and arithmetic on scalars and arrays, no control flow."""

import math

import numpy as np

from tests.programs.registry import definite, normal, positive, program, static, uniform


@program(2.0)
@program(3)
@program(np.float64(-1.5))
def polynomial(x):
    return 3 * x**2 + 2 * x + 1


@program(3.0, 7.0)
@program(3, 7)
@program(2, -0.5)
def product(a, b):
    return a * b


@program(1.3, 0.4, -2.0)
def operators(x, y, z):
    a = x + y - z
    b = -x * +y / z
    c = (x**3 + 2.0**y) * (x - z) ** 2
    return a * b + c / (1 + z**2)


@program(5.5, 2.0)
def floor_and_remainder(x, y):
    return x % y + x // y * x + (x % 3.2) * y


@program(1.7)
def reassigned(x):
    y = x * x
    y = y + x
    y = y * y
    x = y - x
    return x * y


@program(0.7)
def augmented(x):
    y = x
    y += 2.0
    y *= x
    y -= x / 3
    y /= 1 + x * x
    y **= 2
    return y


@program(1.1, 2.3)
def swapped(a, b):
    a, b = b, a
    a, b = a * 2, b * b
    return a / b


@program(0.8)
def chained_assignment(x):
    a = b = x * x
    a = a + 1
    return a * b


@program(1.4)
def dead_code(x):
    unused = np.exp(x)
    overwritten = unused * 3
    overwritten = x * 2
    return overwritten * x


@program(2.5, 1.0)
def argument_without_influence(x, ignored):
    return x * x


@program(2.5)
def same_value_many_times(x):
    y = x * x
    return y * y + y * x + y / (y + 1) - y


@program(0.6)
def math_functions(x):
    a = math.sin(x) * math.cos(x) + math.tan(x / 2)
    b = math.exp(-x) + math.log(1 + x) + math.log1p(x) + math.expm1(x)
    c = math.sqrt(x) + math.atan2(x, 2.0) + math.hypot(x, 3.0)
    return a + b * c + math.pi * x + math.erf(x) + math.pow(x, 1.5)


@program(0.6)
def numpy_functions_of_a_scalar(x):
    a = np.sin(x) * np.cos(x) + np.arctan(x)
    b = np.exp(-x) + np.log(1 + x) + np.log1p(x)
    return a * np.sqrt(b) + np.tanh(x) + np.sinh(x) / np.cosh(x) + np.square(x)


@program(0.3)
def inverse_functions(x):
    return np.arcsin(x) + np.arccos(x * 0.5) + np.arcsinh(x) + np.arctanh(x) + np.arccosh(2 + x)


@program(normal(3), normal(3))
@program(normal(3), 1.5)
@program(normal(2, 3), normal(3))
@program(normal(2, 1), normal(3))
@program(normal(3, dtype=np.float32), normal(3, dtype=np.float32))
@program(np.array([2, 1]), np.array([2, 0]))
def squared_error(x, y):
    return np.sum((x - y) ** 2)


@program(normal(2, 3), normal(3), normal(2))
def linear_map(W, x, b):
    y = W @ x + b
    return (y * y).sum()


@program(normal(3), positive(3))
def elementwise_mix(x, y):
    z = np.tanh(x) * np.exp(-y) + np.log(y) / (1 + x**2)
    return np.sum(z * np.sqrt(y) - x / y)


@program(normal(4), 0.5)
def scalar_and_array(x, s):
    return np.sum(s * x + s**2 - x / s) * s


@program(normal(3, 1), normal(1, 4), normal(4), 2.0)
def broadcast_four_ways(a, b, c, s):
    return np.mean((a + b) * c * s + a * s - b)


@program(normal(1), normal(5))
def length_one_against_many(a, x):
    return np.sum(np.sin(a * x) + a)


@program(definite(3), normal(3))
def quadratic_form(A, x):
    return 0.5 * x @ A @ x - x.sum()


@program(uniform(0.5, 1.5, 3), 2.0)
def powers(x, p):
    return np.sum(x**p + p**x + x**3 + x**-1.0 + x**0.5 + np.power(x, 2))


@program(normal(3), static(2))
def static_exponent(x, n):
    return np.sum(x**n) + n


@program(1.5)
def constant_result(x):
    return 4.0


@program(np.float32(1.25), np.float32(0.5))
def single_precision_scalars(x, y):
    return np.tanh(x * y) + x / y


@program(np.array(1.5), np.array([[2.0]]))
def zero_dimensional(x, y):
    return (x * y * y).sum() + x


@program(3, np.array([1, 2, 3]))
def integers_as_reals(n, x):
    return np.sum(n * x * x) / n


@program(0.7, 1.9)
def many_intermediates(x, y):
    a = x * y
    b = np.sin(a)
    c = b + x
    d = c * y
    e = np.exp(-d)
    g = e * a + c
    h = g / (1 + d * d)
    return h * b - e


@program(0.0, expected=(0.0,))
def kink_of_abs(x):
    return abs(x)


@program(1.5, 1.5, expected=(0.5, 0.5))
def tie_of_maximum(x, y):
    return np.maximum(x, y)


@program(-2.3)
@program(1.2)
def absolute_value(x):
    return abs(x) * x + np.abs(x)
