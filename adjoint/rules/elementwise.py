"""Elementwise functions of real or complex arrays, and Python's arithmetic operators.

Each text is `(arguments..., y) -> partial derivatives`; broadcasting, dtypes and the conjugate of a
complex partial are the engine's.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from adjoint.rules.guarded import guarded_log, inverse, larger, picked, quotient_or_zero
from adjoint.rules.registry import partials, source_of
from adjoint.rules.special_functions import bessel_i, sinc_derivative

# -- arithmetic ------------------------------------------------------------------------------------


@partials(np.add, operator.add)
def add(x1, x2, y):
    return 1, 1


@partials(np.subtract, operator.sub)
def subtract(x1, x2, y):
    return 1, -1


@partials(np.multiply, operator.mul)
def multiply(x1, x2, y):
    return x2, x1


@partials(np.divide, operator.truediv, singular=True)
def divide(x1, x2, y):
    return 1 / x2, -y / x2


@partials(np.negative, operator.neg)
def negative(x, y):
    return -1


@partials(np.positive, operator.pos)
def positive(x, y):
    return 1


@partials(np.reciprocal, singular=True)
def reciprocal(x, y):
    return -y * y


@partials(np.square)
def square(x, y):
    return 2 * x


@partials(np.power, operator.pow, pow, singular=True)
def power(x1, x2, y):
    """n xⁿ⁻¹, which is 0 at n = 0; and the real part of y log x, taken as 0 at x = 0."""
    return x2 * x1 ** (x2 - (x2 != 0)), y * guarded_log(x1)


@partials(np.float_power, singular=True)
def float_power(x1, x2, y):
    return x2 * np.float_power(x1, x2 - (x2 != 0)), y * guarded_log(x1)


@partials(np.remainder, operator.mod)
def remainder(x1, x2, y):
    return 1, -(x1 // x2)


@partials(np.fmod)
def fmod(x1, x2, y):
    return 1, -np.rint((x1 - y) / x2)


@source_of(np.divmod)
def floor_and_remainder(x1, x2, /):
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


@source_of(divmod)
def builtin_divmod(x1, x2, /):
    return x1 // x2, x1 % x2


# -- roots, exponentials and logarithms ------------------------------------------------------------


@partials(np.sqrt, singular=True)
def sqrt(x, y):
    return 0.5 / y


@partials(np.cbrt, singular=True)
def cbrt(x, y):
    return 1 / (3 * y * y)


@partials(np.exp, math.exp)
def exp(x, y):
    return y


@partials(np.exp2, math.exp2)
def exp2(x, y):
    return y * math.log(2)


@partials(np.expm1)
def expm1(x, y):
    """Not y + 1, of which nothing is left where y is near −1."""
    return np.exp(x)


@partials(math.expm1)
def math_expm1(x, y):
    return math.exp(x)


# Python divides no number of its own by zero, where NumPy's logarithm is defined.


@partials(np.log, singular=True)
def log(x, y):
    return inverse(x) if type(x) in (float, int) else 1 / x


@partials(np.log2, math.log2, singular=True)
def log2(x, y):
    return inverse(x * math.log(2)) if type(x) in (float, int) else 1 / (x * math.log(2))


@partials(np.log10, math.log10, singular=True)
def log10(x, y):
    return inverse(x * math.log(10)) if type(x) in (float, int) else 1 / (x * math.log(10))


@partials(np.log1p, math.log1p, singular=True)
def log1p(x, y):
    return inverse(1 + x) if type(x) in (float, int) else 1 / (1 + x)


@partials(np.logaddexp)
def logaddexp(x1, x2, y):
    """exp(x - y); 0 where y is -inf, so where both arguments are."""
    return (
        np.exp(x1 - np.where(y == -math.inf, 0, y)),
        np.exp(x2 - np.where(y == -math.inf, 0, y)),
    )


@partials(np.logaddexp2)
def logaddexp2(x1, x2, y):
    return (
        np.exp2(x1 - np.where(y == -math.inf, 0, y)),
        np.exp2(x2 - np.where(y == -math.inf, 0, y)),
    )


# -- circular and hyperbolic functions -------------------------------------------------------------


@partials(np.sin)
def sin(x, y):
    return np.cos(x)


@partials(np.cos)
def cos(x, y):
    return -np.sin(x)


@partials(np.tan, math.tan)
def tan(x, y):
    return 1 + y * y


@partials(np.arcsin, singular=True)
def arcsin(x, y):
    """1 / √(1 − x²), in factors that are exact near ±1; 1 / cos y on the branch of a complex y."""
    return 1 / (np.cos(y) if np.iscomplexobj(x) else np.sqrt((1 - x) * (1 + x)))


@partials(np.arccos, singular=True)
def arccos(x, y):
    return -1 / (np.sin(y) if np.iscomplexobj(x) else np.sqrt((1 - x) * (1 + x)))


@partials(np.arctan, math.atan)
def arctan(x, y):
    return 1 / (1 + x * x)


@partials(np.arctan2, math.atan2)
def arctan2(x1, x2, y):
    """0 at the origin."""
    return (
        quotient_or_zero(x2, x1 * x1 + x2 * x2),
        -quotient_or_zero(x1, x1 * x1 + x2 * x2),
    )


@partials(np.hypot)
def hypot(x1, x2, y):
    """0 at the origin."""
    return quotient_or_zero(x1, y), quotient_or_zero(x2, y)


@partials(np.sinh)
def sinh(x, y):
    return np.cosh(x)


@partials(np.cosh)
def cosh(x, y):
    return np.sinh(x)


@partials(np.tanh, math.tanh)
def tanh(x, y):
    return 1 - y * y


@partials(np.arcsinh)
def arcsinh(x, y):
    return 1 / np.sqrt(1 + x * x)


@partials(np.arccosh, singular=True)
def arccosh(x, y):
    """Two roots: √(x² - 1) has another branch cut in the complex plane."""
    return 1 / (np.sqrt(x - 1) * np.sqrt(x + 1))


@partials(np.arctanh, math.atanh, singular=True)
def arctanh(x, y):
    slope = (1 - x) * (1 + x)
    return inverse(slope) if type(x) in (float, int) else 1 / slope


@partials(np.deg2rad, np.radians, math.radians)
def radians(x, y):
    return math.pi / 180


@partials(np.rad2deg, np.degrees, math.degrees)
def degrees(x, y):
    return 180 / math.pi


# -- selections and signs --------------------------------------------------------------------------


@partials(np.maximum)
def maximum(x1, x2, y):
    """Ties share equally."""
    return larger(x1, x2), larger(x2, x1)


@partials(np.minimum)
def minimum(x1, x2, y):
    return larger(x2, x1), larger(x1, x2)


@partials(np.fmax, np.fmin)
def fmax(x1, x2, y):
    """What is compared with a NaN is chosen."""
    return picked(x1, x2, y), picked(x2, x1, y)


@partials(np.fabs)
def fabs(x, y):
    return np.sign(x)


@partials(np.copysign)
def copysign(x1, x2, y):
    return np.sign(x1) * np.copysign(1.0, x2), None


@partials(np.heaviside)
def heaviside(x1, x2, y):
    return None, x1 == 0


@partials(np.nextafter, math.nextafter)
def nextafter(x1, x2, y):
    return 1, None


@partials(np.ldexp)
def ldexp(x1, x2, y):
    return np.ldexp(np.ones_like(y), x2), None


# -- special functions -----------------------------------------------------------------------------


@partials(np.sinc)
def sinc(x, y):
    return sinc_derivative(x, 1)


@partials(np.i0)
def i0(x, y):
    return bessel_i(x, 1)
