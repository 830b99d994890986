"""Layers that drop values at random while `training`, and do nothing after `nn.test_mode(model)`.

`rng` is a seed, a `np.random.Generator`, or None for fresh entropy; each call draws anew.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn.layer import Layer, SizeMismatch, listed


@ad.nondifferentiable(like=1)
def kept(rng: Any, x: Any, p: float, axes: tuple[int, ...] | None) -> np.ndarray:
    """Of the shape and dtype of x: 1 with probability 1 - p, else 0.  Equal along the axes not named."""
    shape = x.shape
    if axes is not None:
        if any(not -x.ndim <= axis < x.ndim for axis in axes):
            raise SizeMismatch(f"Dropout along the axes {axes} of x of shape {shape}")
        axes = tuple(axis % x.ndim for axis in axes)
        shape = tuple(n if i in axes else 1 for i, n in enumerate(shape))
    draw = rng.random(shape, np.float32 if x.dtype == np.float32 else np.float64)
    return np.broadcast_to((draw >= p).astype(x.dtype), x.shape)


def check_probability(layer: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"{layer}: p is a probability, between 0 and 1, not {p}")


class Dropout(Layer):
    """Sets entries to 0 with probability p and divides the others by 1 - p (Srivastava et al. 2014).

    axes: those along which entries are dropped one by one; along the others, together.  (0, 1) drops
    whole channels of images (batch, channels, height, width).
    """

    def __init__(
        self, p: float = 0.5, *, axes: int | tuple[int, ...] | None = None, rng: Any = None
    ) -> None:
        check_probability("Dropout", p)
        self.p, self.axes = p, (axes,) if isinstance(axes, int) else axes
        self.rng, self.training = np.random.default_rng(rng), True

    def __call__(self, x: Any) -> Any:
        if not self.training:
            return x
        p = ad.stop_gradient(self.p)
        return x * (kept(self.rng, x, p, self.axes) / max(1 - p, 1e-30))

    def arguments(self) -> str:
        return listed(self.p, **({} if self.axes is None else {"axes": self.axes}))


SELU_FLOOR = -1.7580993408473766  # what selu tends to on the left


class AlphaDropout(Layer):
    """Dropout that keeps mean 0 and variance 1, for networks of `selu` (Klambauer et al. 2017).

    Dropped entries become α′ = -λα; then a x + b with a = ((1 - p)(1 + p α′²))^(-1/2), b = -a α′ p.
    """

    def __init__(self, p: float = 0.5, *, rng: Any = None) -> None:
        check_probability("AlphaDropout", p)
        if p == 1:
            raise ValueError("AlphaDropout: p is below 1: with nothing kept there is no variance")
        self.p, self.rng, self.training = p, np.random.default_rng(rng), True

    def __call__(self, x: Any) -> Any:
        if not self.training:
            return x
        p = ad.stop_gradient(self.p)
        a = 1 / math.sqrt((1 - p) * (1 + p * SELU_FLOOR**2))
        keep = kept(self.rng, x, p, None)
        return a * (x * keep + SELU_FLOOR * (1 - keep)) - a * SELU_FLOOR * p

    def arguments(self) -> str:
        return listed(self.p)
