"""`scipy.signal`: convolution, correlation and linear filters."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from scipy import signal

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, rule, source_of

# -- convolution: y_k = Σ a_i b_{k-i} along each axis -----------------------------------------------------


@nondifferentiable
def window(mode: str, first: tuple[int, ...], second: tuple[int, ...]) -> tuple[slice, ...]:
    """The part of the full convolution that a mode gives."""
    if mode == "full":
        return tuple(slice(0, m + n - 1) for m, n in zip(first, second))
    if mode == "same":
        return tuple(slice((n - 1) // 2, (n - 1) // 2 + m) for m, n in zip(first, second))
    return tuple(slice(min(m, n) - 1, max(m, n)) for m, n in zip(first, second))


def widened_to_full(y_bar: Any, mode: str, first: tuple[int, ...], second: tuple[int, ...]) -> Any:
    """The cotangent of the full convolution."""
    parts = window(mode, first, second)
    widths = [
        (part.start, m + n - 1 - part.start - length)
        for part, m, n, length in zip(parts, first, second, np.shape(y_bar))
    ]
    return np.pad(y_bar, widths)


source_of(widened_to_full)(widened_to_full)


def convolution_cotangents(y_bar, a, b, mode):
    """ā = ȳ correlated with b, and b̄ with a."""
    whole = widened_to_full(y_bar, mode, np.shape(a), np.shape(b))
    return correlated(whole, b, a), correlated(whole, a, b)


def correlated(whole, a, like):
    found = signal.correlate(whole, a, "valid")
    return found if np.iscomplexobj(like) else np.real(found)


source_of(convolution_cotangents)(convolution_cotangents)
source_of(correlated)(correlated)


@rule(signal.convolve, linear=("in1", "in2"))
def convolve(in1, in2, mode="full", method="auto"):
    y = signal.convolve(in1, in2, mode, method)

    def pullback(y_bar):
        return convolution_cotangents(y_bar, in1, in2, mode)

    return y, pullback


@rule(signal.correlate)
def correlate(in1, in2, mode="full", method="auto"):
    """The convolution with the second reversed and conjugated."""
    y = signal.correlate(in1, in2, mode, method)

    def pullback(y_bar):
        turned = np.conj(np.flip(in2))
        first, second = convolution_cotangents(y_bar, in1, turned, mode)
        return first, np.conj(np.flip(second))

    return y, pullback


@rule(signal.fftconvolve, linear=("in1", "in2"))
def fftconvolve(in1, in2, mode="full", axes=None):
    y = signal.fftconvolve(in1, in2, mode, axes)

    def pullback(y_bar):
        check_all_axes(axes, np.ndim(in1))
        return convolution_cotangents(y_bar, in1, in2, mode)

    return y, pullback


@rule(signal.oaconvolve, linear=("in1", "in2"))
def oaconvolve(in1, in2, mode="full", axes=None):
    y = signal.oaconvolve(in1, in2, mode, axes)

    def pullback(y_bar):
        check_all_axes(axes, np.ndim(in1))
        return convolution_cotangents(y_bar, in1, in2, mode)

    return y, pullback


@nondifferentiable
def check_all_axes(axes: Any, ndim: int) -> None:
    if axes is not None and np.size(axes) != ndim:
        raise MissingRuleError(
            f"no derivative is known for a convolution of {ndim} axes along the axes {axes} only",
            hint="Convolve row by row, with scipy.signal.convolve.",
        )


# -- filters: Σ a_j y_{k-j} = Σ b_i x_{k-i} -----------------------------------------------------------------


@rule(signal.lfilter, underived="zi")
def lfilter(b, a, x, axis=-1, zi=None):
    """With A the filter 1/a: y = A (b * x). Reversed in time it is its own adjoint: with u = Aᵀ ȳ,
    x̄ = u correlated with b, b̄ᵢ = Σ u_k x_{k-i}, āⱼ = -Σ u_k y_{k-j}."""
    y = signal.lfilter(b, a, x, axis, zi)

    def pullback(y_bar):
        return lfilter_cotangents(y_bar, y, b, a, x, axis, zi)

    return y, pullback


def lfilter_cotangents(y_bar, y, b, a, x, axis, zi):
    if zi is not None:
        raise MissingRuleError(
            "no derivative is known for scipy.signal.lfilter with zi",
            hint="Put the past in front of x, and cut it off afterwards.",
        )
    a1, b1 = np.atleast_1d(a), np.atleast_1d(b)
    turned = np.flip(y_bar, axis)
    u = np.flip(signal.lfilter(np.ones(1, a1.dtype), np.conj(a1), turned, axis), axis)
    x_bar = np.flip(signal.lfilter(np.conj(b1), np.conj(a1), turned, axis), axis)
    b_bar = lagged_products(u, x, len(b1), axis)
    a_bar = -lagged_products(u, y, len(a1), axis)
    return np.reshape(b_bar, np.shape(b)), np.reshape(a_bar, np.shape(a)), x_bar


def lagged_products(u, x, count, axis):
    """Σ u_k x*_{k-i} for the lags i < count."""
    u, x = np.moveaxis(u, axis, -1), np.conj(np.moveaxis(x, axis, -1))
    n = np.shape(x)[-1]
    sums = [np.sum(u[..., i:] * x[..., : n - i]) if i < n else 0.0 for i in range(count)]
    return np.stack(sums)


source_of(lfilter_cotangents)(lfilter_cotangents)
source_of(lagged_products)(lagged_products)


importlib.import_module("adjoint.rules.scipy.signal_linear")  # which builds on these
