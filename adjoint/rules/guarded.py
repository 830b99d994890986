"""Functions that pullbacks use in place of ones that would divide by zero there.

They are defined at every number, raise no floating point warning, and have rules of their own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.rules.registry import nondifferentiable, partials, rule


def quotient_or_zero(a: Any, b: Any) -> Any:
    """`a / b`, and 0 where b is 0."""
    if isinstance(b, np.ndarray):
        return a / np.where(b == 0, math.inf, b)
    return a / b if b else 0.0 * a


@partials(quotient_or_zero)
def _(a, b, y):
    return quotient_or_zero(1.0, b), -quotient_or_zero(y, b)


def root_of_squares(x: Any) -> Any:
    """The square root of what is known to be a sum of squares: a norm, whose slope at 0 is taken as 0."""
    return np.sqrt(x) if isinstance(x, np.ndarray | np.generic) else math.sqrt(x)


@partials(root_of_squares)
def _(x, y):
    return quotient_or_zero(0.5, y)


@nondifferentiable
def larger(a: Any, b: Any) -> Any:
    """Where a > b: 1 (of arrays True, if no two are equal), and one half where they are equal."""
    above, level = a > b, a == b
    if np.ndim(level) == 0:
        return above + 0.5 * level
    if not np.count_nonzero(level):  # several times faster than np.any
        return above
    return above + level * HALF.get(np.result_type(a, b), 0.5)


@nondifferentiable
def picked(a: Any, b: Any, y: Any) -> Any:
    """Where a is y: 1 (of arrays True, if no two are equal), and one half where a is b."""
    hit, level = np.equal(a, y), np.equal(a, b)
    if not np.count_nonzero(level):
        return hit
    return hit - level * HALF.get(np.result_type(a, b), 0.5)


HALF = {np.dtype(t): np.dtype(t).type(0.5) for t in (np.float16, np.float32, np.longdouble)}


def inverse(x: Any) -> Any:
    """`1 / x` of a Python number, infinite at 0 as in NumPy."""
    return 1.0 / x if x else math.copysign(math.inf, x)


@partials(inverse, singular=True)
def _(x, y):
    return -y * y


def power_or_inf(x: float, n: float) -> float:
    """`x ** n` of Python numbers, infinite where x is 0 and n is negative, as in NumPy."""
    return math.pow(x, n) if x or n >= 0 else math.inf


@partials(power_or_inf, singular=True)
def _(x, n, y):
    return n * power_or_inf(x, n - (n != 0)), y * guarded_log(x)


def guarded_log(x: Any) -> Any:
    """The real part of `log(x)`, or log(x) of a complex number; and 0 at 0."""
    if isinstance(x, int | float):
        return math.log(abs(x)) if x else 0.0
    if np.iscomplexobj(x):
        return np.log(np.where(x == 0, 1, x))
    return np.log(np.abs(np.where(x == 0, 1, x)))


@partials(guarded_log)
def _(x, y):
    return quotient_or_zero(1.0, x)


def direction(x: Any) -> Any:
    """`x / |x|`, and 0 at 0: `np.sign`, but differentiable where x is complex."""
    if isinstance(x, int | float):
        return math.copysign(1.0, x) if x else 0.0
    return np.sign(x)


@rule(direction)
def _(x):
    """y = z/|z|:  z̄ = (ȳ - y Re(y* ȳ)) / |z|; a real y is constant."""
    y = direction(x)

    def pullback(y_bar):
        turning = y_bar - y * np.real(np.conj(y) * y_bar)
        return None if np.isrealobj(x) else quotient_or_zero(turning, np.abs(x))

    return y, pullback
