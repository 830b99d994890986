"""Python's `math`, where its text differs from that of the NumPy function of the same name.

Numbers only, so that scalar code is differentiated into scalar code; the others are declared
together with NumPy's in `elementwise`.
"""

from __future__ import annotations

import math

from adjoint.rules.guarded import (
    direction,
    guarded_log,
    inverse,
    power_or_inf,
    quotient_or_zero,
)
from adjoint.rules.registry import partials, rule, source_of
from adjoint.rules.sequences import filled, scaled
from adjoint.rules.special_functions import polygamma


@partials(math.sqrt, singular=True)
def sqrt(x, y):
    return 0.5 * inverse(y)


@partials(math.cbrt, singular=True)
def cbrt(x, y):
    return inverse(3 * y * y)


@partials(math.pow, singular=True)
def power(x1, x2, y):
    return x2 * power_or_inf(x1, x2 - (x2 != 0)), y * guarded_log(x1)


@rule(math.log)
def log(x, base=None, /):
    y = math.log(x) if base is None else math.log(x, base)

    def pullback(y_bar):
        if base is None:
            return y_bar / x
        return y_bar / (x * math.log(base)), -y_bar * y / (base * math.log(base))

    return y, pullback


@partials(math.sin)
def sin(x, y):
    return math.cos(x)


@partials(math.cos)
def cos(x, y):
    return -math.sin(x)


@partials(math.asin, singular=True)
def asin(x, y):
    return inverse(math.sqrt(1 - x * x))


@partials(math.acos, singular=True)
def acos(x, y):
    return -inverse(math.sqrt(1 - x * x))


@partials(math.sinh)
def sinh(x, y):
    return math.cosh(x)


@partials(math.cosh)
def cosh(x, y):
    return math.sinh(x)


@partials(math.asinh)
def asinh(x, y):
    return 1 / math.sqrt(1 + x * x)


@partials(math.acosh, singular=True)
def acosh(x, y):
    return inverse(math.sqrt(x * x - 1))


@partials(math.fabs)
def fabs(x, y):
    return direction(x)


@partials(math.copysign)
def copysign(x1, x2, y):
    return direction(x1) * math.copysign(1.0, x2), None


@partials(math.fmod, math.remainder)
def fmod(x1, x2, y):
    return 1, -round((x1 - y) / x2)


@partials(math.ldexp)
def ldexp(x1, x2, y):
    return math.ldexp(1.0, x2), None


@partials(math.erf)
def erf(x, y):
    return (2 / math.sqrt(math.pi)) * math.exp(-x * x)


@partials(math.erfc)
def erfc(x, y):
    return (-2 / math.sqrt(math.pi)) * math.exp(-x * x)


@partials(math.gamma)
def gamma(x, y):
    return y * polygamma(0, x)


@partials(math.lgamma)
def lgamma(x, y):
    return polygamma(0, x)


if hasattr(math, "fma"):

    @partials(math.fma)
    def fma(x1, x2, x3, y):
        return x2, x1, 1


# -- functions of several numbers ------------------------------------------------------------------


def norm(values):
    return math.hypot(*values)


@rule(norm)
def _(values):
    y = norm(values)

    def pullback(y_bar):
        return (scaled(values, quotient_or_zero(y_bar, y)),)

    return y, pullback


@source_of(math.hypot)
def hypot(*coordinates):
    return norm(coordinates)


@source_of(math.dist)
def dist(p, q, /):
    if len(p) != len(q):
        raise ValueError("both points must have the same number of dimensions")
    return norm([a - b for a, b in zip(p, q)])


@rule(math.fsum, linear="seq")
def fsum(seq, /):
    y = math.fsum(seq)

    def pullback(y_bar):
        return (filled(seq, y_bar),)

    return y, pullback


@source_of(math.prod)
def prod(iterable, /, *, start=1):
    product = start
    for factor in iterable:
        product = product * factor
    return product


if hasattr(math, "sumprod"):

    @rule(math.sumprod, linear=("p", "q"))
    def sumprod(p, q, /):
        y = math.sumprod(p, q)

        def pullback(y_bar):
            return scaled(q, y_bar), scaled(p, y_bar)

        return y, pullback
