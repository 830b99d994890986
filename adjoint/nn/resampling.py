"""Images made larger or rearranged.  x: (batch, channels, *spatial)"""

from __future__ import annotations

from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn.layer import Layer, SizeMismatch, expect_channels, listed

AXES = {"linear": 1, "bilinear": 2, "trilinear": 3}


def flatten(x: Any) -> Any:
    """(batch, …) → (batch, features)"""
    return x.reshape(x.shape[0], -1)


@ad.nondifferentiable(shape=lambda x, size, linear, corners: (x[-1], None))
def interpolation(x: Any, size: int, linear: bool, corners: bool) -> np.ndarray:
    """The matrix M for which x M is x with the length `size` along its last axis: (length, size)"""
    length = x.shape[-1]
    places = np.arange(size)
    if not linear:
        at = places * length // size
        return (np.arange(length)[:, None] == at).astype(x.dtype)
    if corners:  # the first and last values stay where they are
        at = places * ((length - 1) / max(size - 1, 1))
    else:  # values stand for intervals of equal lengths
        at = np.clip((places + 0.5) * (length / size) - 0.5, 0, length - 1)
    distance = np.abs(np.arange(length)[:, None] - at)
    return np.maximum(1 - distance, 0).astype(x.dtype)


class Upsample(Layer):
    """Images of another size: `Upsample("bilinear", scale=2)` or `Upsample("nearest", size=(8, 8))`.

    mode: "nearest" for any number of axes; "linear", "bilinear", "trilinear" for 1, 2, 3.
    scale: an int, or one for each axis; size: one for each axis.  corners: linear modes keep the
    values at the corners where they are; with `corners=False` values stand for equal intervals.
    """

    def __init__(
        self, mode: str = "nearest", *, scale: Any = None, size: Any = None, corners: bool = True
    ) -> None:
        if mode != "nearest" and mode not in AXES:
            raise ValueError(f"Upsample: mode is nearest, {', '.join(AXES)}, not {mode!r}")
        if (scale is None) == (size is None):
            raise ValueError("Upsample: give scale or size, one of the two")
        self.mode, self.corners = mode, corners
        self.scale = tuple(scale) if isinstance(scale, list | tuple) else scale
        self.linear = mode != "nearest"
        self.size = None if size is None else tuple(size)

    def check(self, shape: tuple[int, ...]) -> None:
        expect_channels("Upsample", shape, None, AXES[self.mode] if self.linear else None)
        if len(shape) > 5:
            raise SizeMismatch(f"Upsample takes images of 1 to 3 axes, not x of shape {shape}")
        for name in ("scale", "size"):
            given = getattr(self, name)
            if isinstance(given, tuple) and len(given) != len(shape) - 2:
                raise SizeMismatch(f"Upsample by {name}={given} of x of shape {shape}")

    def stretched(self, x: Any, axis: int) -> Any:
        """x with the new size along one axis."""
        if self.size is not None:
            size = self.size[axis - 2]
        elif isinstance(self.scale, tuple):
            size = x.shape[axis] * self.scale[axis - 2]
        else:
            size = x.shape[axis] * self.scale
        x = np.swapaxes(x, -1, axis)
        return np.swapaxes(x @ interpolation(x, size, self.linear, self.corners), -1, axis)

    def __call__(self, x: Any) -> Any:
        check_upsample(self, x.shape)
        y = self.stretched(x, 2)
        if x.ndim > 3:
            y = self.stretched(y, 3)
        if x.ndim > 4:
            y = self.stretched(y, 4)
        return y

    def arguments(self) -> str:
        settings = {"scale": self.scale} if self.size is None else {"size": self.size}
        return listed(repr(self.mode), **settings)


@ad.nondifferentiable
def check_shuffle(r: int, shape: tuple[int, ...]) -> None:
    places = r ** max(len(shape) - 2, 1)
    if not 3 <= len(shape) <= 5 or shape[1] % places:
        raise SizeMismatch(
            f"PixelShuffle({r}) takes x of shape (batch, channels · {places}, ...), not {shape}"
        )


@ad.nondifferentiable
def check_upsample(layer: Upsample, shape: tuple[int, ...]) -> None:
    layer.check(shape)


class PixelShuffle(Layer):
    """Channels become places: (batch, channels · rⁿ, *spatial) → (batch, channels, *(r · spatial)).

    n: the number of spatial axes.  The first place along each axis comes from the first of its r
    channels (Shi et al. 2016).
    """

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def __call__(self, x: Any) -> Any:
        r, batch, spatial = self.factor, x.shape[0], x.shape[2:]
        check_shuffle(r, x.shape)
        if x.ndim == 3:
            y = x.reshape(batch, -1, r, *spatial).transpose(0, 1, 3, 2)
        elif x.ndim == 4:
            y = x.reshape(batch, -1, r, r, *spatial).transpose(0, 1, 4, 2, 5, 3)
        else:
            y = x.reshape(batch, -1, r, r, r, *spatial).transpose(0, 1, 5, 2, 6, 3, 7, 4)
        return y.reshape(batch, y.shape[1], *[n * r for n in spatial])

    def arguments(self) -> str:
        return listed(self.factor)
