"""`scipy.fft`: discrete Fourier, cosine and sine transforms, along one axis or several.

Each is linear; its adjoint is the transform the other way, with the scale that this one lacks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import fft as transforms

from adjoint.rules.fourier import hermitian_weights, resized, resized_all, swapped
from adjoint.rules.registry import nondifferentiable, rule, source_of


@nondifferentiable
def axes_of(s: Any, axes: Any, ndim: int) -> list[int]:
    """The axes that are transformed: the last ones if only their lengths are given."""
    if axes is not None:
        return [axes] if isinstance(axes, int) else list(axes)
    return list(range(ndim)) if s is None else list(range(-len(s), 0))


@nondifferentiable
def lengths_of(s: Any, axes: list[int], shape: tuple[int, ...]) -> list[int]:
    """The lengths that are transformed, of an array of this shape."""
    return [shape[axis] if s is None or s[i] == -1 else s[i] for i, axis in enumerate(axes)]


@rule(transforms.fft, linear="x")
def fft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.fft(x, n, axis, norm, False, workers, plan=plan)
    before = np.shape(x)[axis]

    def pullback(y_bar):
        return resized(transforms.ifft(y_bar, None, axis, swapped(norm)), before, axis)

    return y, pullback


@rule(transforms.ifft, linear="x")
def ifft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.ifft(x, n, axis, norm, False, workers, plan=plan)
    before = np.shape(x)[axis]

    def pullback(y_bar):
        return resized(transforms.fft(y_bar, None, axis, swapped(norm)), before, axis)

    return y, pullback


@rule(transforms.rfft, linear="x")
def rfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.rfft(x, n, axis, norm, False, workers, plan=plan)
    before = np.shape(x)[axis]
    length = before if n is None else n

    def pullback(y_bar):
        whole = transforms.ifft(y_bar, length, axis, swapped(norm))
        return resized(np.real(whole), before, axis)

    return y, pullback


@rule(transforms.irfft, linear="x")
def irfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.irfft(x, n, axis, norm, False, workers, plan=plan)
    before = np.shape(x)[axis]
    weights = hermitian_weights(y, axis)

    def pullback(y_bar):
        half = transforms.rfft(y_bar, None, axis, swapped(norm))
        return resized(weights * half, before, axis)

    return y, pullback


@rule(transforms.hfft)
def hfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.hfft(x, n, axis, norm, False, workers, plan=plan)
    before = np.shape(x)[axis]
    weights = hermitian_weights(y, axis)

    def pullback(y_bar):
        half = transforms.rfft(y_bar, None, axis, swapped(swapped(norm)))
        return resized(np.conj(weights * half), before, axis)

    return y, pullback


@rule(transforms.ihfft)
def ihfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.ihfft(x, n, axis, norm, False, workers, plan=plan)
    before = np.shape(x)[axis]
    length = before if n is None else n

    def pullback(y_bar):
        whole = transforms.ifft(np.conj(y_bar), length, axis, swapped(swapped(norm)))
        return resized(np.real(whole), before, axis)

    return y, pullback


# -- several axes --------------------------------------------------------------------------------------


@rule(transforms.fftn, linear="x")
def fftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.fftn(x, s, axes, norm, False, workers, plan=plan)
    shape, chosen = np.shape(x), axes_of(s, axes, np.ndim(x))

    def pullback(y_bar):
        return resized_all(transforms.ifftn(y_bar, None, chosen, swapped(norm)), shape)

    return y, pullback


@rule(transforms.fft2, linear="x")
def fft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.fft2(x, s, axes, norm, False, workers, plan=plan)
    shape, chosen = np.shape(x), axes_of(s, axes, np.ndim(x))

    def pullback(y_bar):
        return resized_all(transforms.ifftn(y_bar, None, chosen, swapped(norm)), shape)

    return y, pullback


@rule(transforms.ifftn, linear="x")
def ifftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.ifftn(x, s, axes, norm, False, workers, plan=plan)
    shape, chosen = np.shape(x), axes_of(s, axes, np.ndim(x))

    def pullback(y_bar):
        return resized_all(transforms.fftn(y_bar, None, chosen, swapped(norm)), shape)

    return y, pullback


@rule(transforms.ifft2, linear="x")
def ifft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.ifft2(x, s, axes, norm, False, workers, plan=plan)
    shape, chosen = np.shape(x), axes_of(s, axes, np.ndim(x))

    def pullback(y_bar):
        return resized_all(transforms.fftn(y_bar, None, chosen, swapped(norm)), shape)

    return y, pullback


@rule(transforms.rfftn, linear="x")
def rfftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.rfftn(x, s, axes, norm, False, workers, plan=plan)
    shape, chosen = np.shape(x), axes_of(s, axes, np.ndim(x))
    lengths = lengths_of(s, chosen, shape)

    def pullback(y_bar):
        whole = transforms.ifftn(y_bar, lengths, chosen, swapped(norm))
        return resized_all(np.real(whole), shape)

    return y, pullback


@rule(transforms.rfft2, linear="x")
def rfft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.rfft2(x, s, axes, norm, False, workers, plan=plan)
    shape, chosen = np.shape(x), axes_of(s, axes, np.ndim(x))
    lengths = lengths_of(s, chosen, shape)

    def pullback(y_bar):
        whole = transforms.ifftn(y_bar, lengths, chosen, swapped(norm))
        return resized_all(np.real(whole), shape)

    return y, pullback


@rule(transforms.irfftn, linear="x")
def irfftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.irfftn(x, s, axes, norm, False, workers, plan=plan)
    shape, chosen = np.shape(x), axes_of(s, axes, np.ndim(x))
    weights = hermitian_weights(y, chosen[-1])

    def pullback(y_bar):
        half = transforms.rfftn(y_bar, None, chosen, swapped(norm))
        return resized_all(weights * half, shape)

    return y, pullback


@rule(transforms.irfft2, linear="x")
def irfft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    y = transforms.irfft2(x, s, axes, norm, False, workers, plan=plan)
    shape, chosen = np.shape(x), axes_of(s, axes, np.ndim(x))
    weights = hermitian_weights(y, chosen[-1])

    def pullback(y_bar):
        half = transforms.rfftn(y_bar, None, chosen, swapped(norm))
        return resized_all(weights * half, shape)

    return y, pullback


# -- cosine and sine transforms: products with a matrix, which is what they make of the unit vectors --------


def transposed_product(matrix: Any, y_bar: Any, axis: int) -> Any:
    """The product of the transposed matrix with the vectors along an axis."""
    return np.moveaxis(np.moveaxis(y_bar, axis, -1) @ matrix, -1, axis)


source_of(transposed_product)(transposed_product)


@rule(transforms.dct, linear="x")
def dct(x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    y = transforms.dct(x, type, n, axis, norm, False, workers, orthogonalize)
    before = np.shape(x)[axis]
    unit = np.eye(before, dtype=np.result_type(y))

    def pullback(y_bar):
        matrix = transforms.dct(unit, type, n, 0, norm, False, workers, orthogonalize)
        return transposed_product(matrix, y_bar, axis)

    return y, pullback


@rule(transforms.idct, linear="x")
def idct(
    x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None
):
    y = transforms.idct(x, type, n, axis, norm, False, workers, orthogonalize)
    before = np.shape(x)[axis]
    unit = np.eye(before, dtype=np.result_type(y))

    def pullback(y_bar):
        matrix = transforms.idct(unit, type, n, 0, norm, False, workers, orthogonalize)
        return transposed_product(matrix, y_bar, axis)

    return y, pullback


@rule(transforms.dst, linear="x")
def dst(x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None):
    y = transforms.dst(x, type, n, axis, norm, False, workers, orthogonalize)
    before = np.shape(x)[axis]
    unit = np.eye(before, dtype=np.result_type(y))

    def pullback(y_bar):
        matrix = transforms.dst(unit, type, n, 0, norm, False, workers, orthogonalize)
        return transposed_product(matrix, y_bar, axis)

    return y, pullback


@rule(transforms.idst, linear="x")
def idst(
    x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, orthogonalize=None
):
    y = transforms.idst(x, type, n, axis, norm, False, workers, orthogonalize)
    before = np.shape(x)[axis]
    unit = np.eye(before, dtype=np.result_type(y))

    def pullback(y_bar):
        matrix = transforms.idst(unit, type, n, 0, norm, False, workers, orthogonalize)
        return transposed_product(matrix, y_bar, axis)

    return y, pullback


@source_of(transforms.dctn)
def dctn(
    x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, orthogonalize=None
):
    chosen = axes_of(s, axes, np.ndim(x))
    lengths = lengths_of(s, chosen, np.shape(x))
    for axis, length in zip(chosen, lengths):
        x = transforms.dct(x, type, length, axis, norm, False, workers, orthogonalize)
    return x


@source_of(transforms.idctn)
def idctn(
    x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, orthogonalize=None
):
    chosen = axes_of(s, axes, np.ndim(x))
    lengths = lengths_of(s, chosen, np.shape(x))
    for axis, length in zip(chosen, lengths):
        x = transforms.idct(x, type, length, axis, norm, False, workers, orthogonalize)
    return x


@source_of(transforms.dstn)
def dstn(
    x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, orthogonalize=None
):
    chosen = axes_of(s, axes, np.ndim(x))
    lengths = lengths_of(s, chosen, np.shape(x))
    for axis, length in zip(chosen, lengths):
        x = transforms.dst(x, type, length, axis, norm, False, workers, orthogonalize)
    return x


@source_of(transforms.idstn)
def idstn(
    x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, orthogonalize=None
):
    chosen = axes_of(s, axes, np.ndim(x))
    lengths = lengths_of(s, chosen, np.shape(x))
    for axis, length in zip(chosen, lengths):
        x = transforms.idst(x, type, length, axis, norm, False, workers, orthogonalize)
    return x
