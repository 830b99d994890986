"""Discrete Fourier transforms, convolution and correlation."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.rules.registry import nondifferentiable, rule

SWAPPED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


@nondifferentiable
def swapped(norm: Any) -> str:
    """Of the transposed transform, which scales where this one does not."""
    return SWAPPED[norm]


def resized(x: Any, length: int, axis: int) -> Any:
    """Cut, or filled up with zeros, to a length."""
    if x.shape[axis] >= length:
        return np.take(x, range(length), axis)
    widths = [(0, 0)] * x.ndim
    widths[axis] = (0, length - x.shape[axis])
    return np.pad(x, widths)


@rule(resized, linear="x")
def _(x, length, axis):
    y = resized(x, length, axis)
    before = x.shape[axis]

    def pullback(y_bar):
        return resized(y_bar, before, axis)

    return y, pullback


@nondifferentiable
def hermitian_weights(y: Any, axis: int) -> np.ndarray:
    """How often a real signal has each entry of its half spectrum."""
    length = y.shape[axis]
    weights = np.full(length // 2 + 1, 2.0, y.dtype)
    weights[0] = 1.0
    if length % 2 == 0:
        weights[-1] = 1.0
    shape = [1] * y.ndim
    shape[axis] = len(weights)
    return weights.reshape(shape)


@rule(np.fft.fft, linear="a")
def fft(a, n=None, axis=-1, norm=None, out=None):
    """The matrix is symmetric: its adjoint is the conjugate, the inverse with the other scale."""
    y = np.fft.fft(a, n, axis, norm)
    before = np.shape(a)[axis]

    def pullback(y_bar):
        return resized(np.fft.ifft(y_bar, None, axis, swapped(norm)), before, axis)

    return y, pullback


@rule(np.fft.ifft, linear="a")
def ifft(a, n=None, axis=-1, norm=None, out=None):
    y = np.fft.ifft(a, n, axis, norm)
    before = np.shape(a)[axis]

    def pullback(y_bar):
        return resized(np.fft.fft(y_bar, None, axis, swapped(norm)), before, axis)

    return y, pullback


@rule(np.fft.rfft, linear="a")
def rfft(a, n=None, axis=-1, norm=None, out=None):
    """The first half of fft of a real signal: the adjoint fills the other half with zeros."""
    y = np.fft.rfft(a, n, axis, norm)
    before = np.shape(a)[axis]
    length = before if n is None else n

    def pullback(y_bar):
        whole = np.fft.ifft(y_bar, length, axis, swapped(norm))
        return resized(np.real(whole), before, axis)

    return y, pullback


@rule(np.fft.irfft, linear="a")
def irfft(a, n=None, axis=-1, norm=None, out=None):
    """Every entry but the first (and, of an even length, the last) stands for two."""
    y = np.fft.irfft(a, n, axis, norm)
    before = np.shape(a)[axis]
    weights = hermitian_weights(y, axis)

    def pullback(y_bar):
        half = np.fft.rfft(y_bar, None, axis, swapped(norm))
        return resized(weights * half, before, axis)

    return y, pullback


# -- several axes --------------------------------------------------------------------------------------


def resized_all(x: Any, shape: tuple[int, ...]) -> Any:
    """Cut, or filled up with zeros, to a shape."""
    for axis, length in enumerate(shape):
        x = resized(x, length, axis)
    return x


@rule(resized_all, linear="x")
def _(x, shape):
    y = resized_all(x, shape)
    before = x.shape

    def pullback(y_bar):
        return resized_all(y_bar, before)

    return y, pullback


@rule(np.fft.fftn, linear="a")
def fftn(a, s=None, axes=None, norm=None, out=None):
    y = np.fft.fftn(a, s, axes, norm)
    before, last = np.shape(a), transformed(np.ndim(a), s, axes)

    def pullback(y_bar):
        return resized_all(np.fft.ifftn(y_bar, None, last, swapped(norm)), before)

    return y, pullback


@rule(np.fft.ifftn, linear="a")
def ifftn(a, s=None, axes=None, norm=None, out=None):
    y = np.fft.ifftn(a, s, axes, norm)
    before, last = np.shape(a), transformed(np.ndim(a), s, axes)

    def pullback(y_bar):
        return resized_all(np.fft.fftn(y_bar, None, last, swapped(norm)), before)

    return y, pullback


@nondifferentiable
def transformed(ndim: int, s: Any, axes: Any) -> tuple[int, ...]:
    """The axes that fftn transforms."""
    if axes is not None:
        return tuple(axes)
    return (
        tuple(range(ndim if s is None else len(s)))[-ndim:]
        if s is None
        else tuple(range(ndim - len(s), ndim))
    )


@rule(np.fft.fft2, linear="a")
def fft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    y = np.fft.fft2(a, s, axes, norm)
    before = np.shape(a)

    def pullback(y_bar):
        return resized_all(np.fft.ifft2(y_bar, None, axes, swapped(norm)), before)

    return y, pullback


@rule(np.fft.ifft2, linear="a")
def ifft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    y = np.fft.ifft2(a, s, axes, norm)
    before = np.shape(a)

    def pullback(y_bar):
        return resized_all(np.fft.fft2(y_bar, None, axes, swapped(norm)), before)

    return y, pullback


# -- convolution -----------------------------------------------------------------------------------------


@nondifferentiable
def full_place(a: Any, v: Any, mode: Any, correlating: bool) -> tuple[int, int]:
    """Where the full convolution holds that of this mode, and how long the full one is."""
    longer, shorter = max(len(a), len(v)), min(len(a), len(v))
    start = 0
    if mode in ("same", 1):
        start = shorter // 2 if correlating and len(a) < len(v) else (shorter - 1) // 2
    elif mode in ("valid", 0):
        start = shorter - 1
    return start, longer + shorter - 1


def widened(y: Any, place: tuple[int, int]) -> Any:
    """Zeros, with the array at its place."""
    start, length = place
    return np.pad(y, (start, length - start - len(y)))


@rule(widened, linear="y")
def _(y, place):
    z = widened(y, place)
    start, stop = place[0], place[0] + len(y)

    def pullback(z_bar):
        return z_bar[start:stop]

    return z, pullback


@rule(np.convolve, linear=("a", "v"))
def convolve(a, v, mode="full"):
    """yₚ = Σ aᵢ vₚ₋ᵢ, so ā and v̄ are correlations of ȳ with the other."""
    y = np.convolve(a, v, mode)
    place = full_place(a, v, mode, False)

    def pullback(y_bar):
        full = widened(y_bar, place)
        return np.correlate(full, v, "valid"), np.correlate(full, a, "valid")

    return y, pullback


@rule(np.correlate, linear="a")
def correlate(a, v, mode="valid"):
    """yₚ = Σ aₙ₊ₚ v̂ₙ, v̂ the conjugate of v."""
    y = np.correlate(a, v, mode)
    place = full_place(a, v, mode, True)

    def pullback(y_bar):
        full = widened(y_bar, place)
        return np.convolve(full, v, "valid"), np.correlate(a, full, "valid")

    return y, pullback
