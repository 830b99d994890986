"""Absolute values, and the functions of complex numbers that are not holomorphic.

The cotangent of z = x + iy is dL/dx + i dL/dy.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from adjoint.rules.guarded import direction, quotient_or_zero
from adjoint.rules.registry import rule, source_of


@rule(np.absolute)
def absolute(x, /):
    y = np.absolute(x)

    def pullback(y_bar):
        return y_bar * (np.sign(x) if np.isrealobj(x) else direction(x))

    return y, pullback


@rule(abs, operator.abs)
def builtin_abs(x, /):
    y = abs(x)

    def pullback(y_bar):
        return y_bar * direction(x)

    return y, pullback


@rule(np.real, linear="val")
def real(val):
    y = np.real(val)

    def pullback(y_bar):
        return y_bar

    return y, pullback


@rule(np.imag, linear="val")
def imag(val):
    y = np.imag(val)

    def pullback(y_bar):
        return 1j * y_bar

    return y, pullback


@rule(np.conjugate, linear="x")
def conjugate(x, /):
    y = np.conjugate(x)

    def pullback(y_bar):
        return np.conjugate(y_bar)

    return y, pullback


@rule(np.angle)
def angle(z, deg=False):
    """θ = arctan2(y, x), so z̄ = θ̄ iz/|z|²; 0 at the origin."""
    y = np.angle(z, deg)

    def pullback(y_bar):
        turning = quotient_or_zero(1j * z, np.square(np.absolute(z)))
        return y_bar * (180 / math.pi) * turning if deg else y_bar * turning

    return y, pullback


def replacements(y_bar, x):
    """The cotangents of what stands in for NaN and for the two infinities."""
    high, low = np.isinf(x) & (x > 0), np.isinf(x) & (x < 0)
    return np.where(np.isnan(x), y_bar, 0), np.where(high, y_bar, 0), np.where(low, y_bar, 0)


source_of(replacements)(replacements)


@rule(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """What was replaced is constant: in a complex number, the part that was."""
    y = np.nan_to_num(x, copy, nan, posinf, neginf)
    kept = np.isfinite(np.real(x))
    kept_imag = np.isfinite(np.imag(x))

    def pullback(y_bar):
        x_bar = np.where(kept, np.real(y_bar), 0)
        nan_bar, high_bar, low_bar = replacements(np.real(y_bar), np.real(x))
        if np.iscomplexobj(x):
            x_bar = x_bar + 1j * np.where(kept_imag, np.imag(y_bar), 0)
            more = replacements(np.imag(y_bar), np.imag(x))
            nan_bar, high_bar, low_bar = nan_bar + more[0], high_bar + more[1], low_bar + more[2]
        return x_bar, None, nan_bar, high_bar, low_bar

    return y, pullback
