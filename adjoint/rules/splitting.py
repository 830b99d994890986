"""Functions that split numbers into two parts, the second of which is constant."""

from __future__ import annotations

import math

import numpy as np

from adjoint.rules.registry import nondifferentiable, partials, source_of


def fraction(x):
    return np.modf(x)[0]


@partials(fraction)
def _(x, y):
    return 1


@source_of(np.modf)
def modf(x, /):
    return fraction(x), np.trunc(x)


def number_fraction(x):
    return math.modf(x)[0]


@partials(number_fraction)
def _(x, y):
    return 1


@nondifferentiable
def whole(x):
    return math.modf(x)[1]


@source_of(math.modf)
def number_modf(x, /):
    return number_fraction(x), whole(x)


@nondifferentiable
def exponent(x):
    return np.frexp(x)[1]


@source_of(np.frexp)
def frexp(x, /):
    return np.ldexp(x, -exponent(x)), exponent(x)


@nondifferentiable
def number_exponent(x):
    return math.frexp(x)[1]


@source_of(math.frexp)
def number_frexp(x, /):
    return math.ldexp(x, -number_exponent(x)), number_exponent(x)
