"""Pooling: windows of an image reduced to one value.  x: (batch, channels, *spatial)"""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.nn.layer import Layer, expect_channels, listed
from adjoint.nn.normalisation import places
from adjoint.nn.windows import Sizes, each, least, pads, unfold


class Pool(Layer):
    """Base: the windows, their stride (their own size, if not given) and padding."""

    def __init__(self, window: Sizes, *, stride: Any = None, pad: Any = 0) -> None:
        if isinstance(window, int) or not 1 <= len(window) <= 3:
            raise TypeError(
                f"{type(self).__name__}: the window is a tuple of 1 to 3 sizes, one for each spatial "
                f"axis, as (2, 2), not {window!r}"
            )
        self.window = tuple(window)
        self.stride = self.window if stride is None else each("stride", stride, len(window))
        self.dilation = (1,) * len(window)
        self.pad = pads(pad, self.window, self.dilation)
        self.least = least(self.window, self.pad, self.dilation)

    def windows(self, x: Any, fill: float | str) -> Any:
        """(places, channels, *outputs, batch)"""
        expect_channels(type(self).__name__, x.shape, None, len(self.window), self.least)
        return unfold(x, self.window, self.stride, self.pad, self.dilation, fill)

    def arguments(self) -> str:
        settings: dict[str, Any] = {} if self.stride == self.window else {"stride": self.stride}
        if any(map(any, self.pad)):
            equal = all(lo == hi for lo, hi in self.pad)
            settings["pad"] = tuple(lo for lo, _ in self.pad) if equal else sum(self.pad, ())
        return listed(self.window, **settings)


class MaxPool(Pool):
    """The largest value of each window.  y: (batch, channels, *outputs), with outputs =
    (spatial + pads - window) ÷ stride + 1; padding never is the largest.  Where several are, they
    share the derivative equally.

    >>> MaxPool((2, 2))(np.arange(16.0).reshape(1, 1, 4, 4))[0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """

    def __call__(self, x: Any) -> Any:
        return np.moveaxis(np.max(self.windows(x, "lowest"), axis=0), -1, 0)


class MeanPool(Pool):
    """The mean of each window, padding counted as zeros.  Sizes as of `MaxPool`"""

    def __call__(self, x: Any) -> Any:
        return np.moveaxis(np.mean(self.windows(x, 0.0), axis=0), -1, 0)


class LpPool(Pool):
    """(Σ |x|ᵖ)^(1/p) of each window.  Sizes as of `MaxPool`"""

    def __init__(self, window: Sizes, p: float = 2.0, *, stride: Any = None, pad: Any = 0) -> None:
        super().__init__(window, stride=stride, pad=pad)
        self.p = p

    def __call__(self, x: Any) -> Any:
        total = np.sum(np.abs(self.windows(x, 0.0)) ** self.p, axis=0)
        return np.moveaxis(total ** (1 / self.p), -1, 0)

    def arguments(self) -> str:
        window, *others = super().arguments().split("), ")
        return ", ".join([window.rstrip(")") + ")", str(self.p), *others])


class GlobalMaxPool(Layer):
    """The largest value of each channel.  y: (batch, channels, 1, …)"""

    def __call__(self, x: Any) -> Any:
        expect_channels("GlobalMaxPool", x.shape, None, None)
        return np.max(x, axis=places(x), keepdims=True)


class GlobalMeanPool(Layer):
    """The mean of each channel.  y: (batch, channels, 1, …)"""

    def __call__(self, x: Any) -> Any:
        expect_channels("GlobalMeanPool", x.shape, None, None)
        return np.mean(x, axis=places(x), keepdims=True)


class AdaptivePool(Layer):
    """Base of pooling to a given size: stride = in ÷ out, window = in - (out - 1) stride."""

    def __init__(self, outputs: Sizes) -> None:
        self.outputs = tuple(outputs)

    def windows(self, x: Any, fill: float | str) -> Any:
        expect_channels(type(self).__name__, x.shape, None, len(self.outputs), self.outputs)
        sizes = list(zip(x.shape[2:], self.outputs))
        stride = tuple([n // m for n, m in sizes])
        window = tuple([n - (m - 1) * (n // m) for n, m in sizes])
        zeros = tuple([(0, 0) for _ in sizes])
        ones = tuple([1 for _ in sizes])
        return unfold(x, window, stride, zeros, ones, fill)

    def arguments(self) -> str:
        return listed(self.outputs)


class AdaptiveMaxPool(AdaptivePool):
    """Largest values, y of the size given: (batch, channels, *outputs)"""

    def __call__(self, x: Any) -> Any:
        return np.moveaxis(np.max(self.windows(x, "lowest"), axis=0), -1, 0)


class AdaptiveMeanPool(AdaptivePool):
    """Means, y of the size given: (batch, channels, *outputs)"""

    def __call__(self, x: Any) -> Any:
        return np.moveaxis(np.mean(self.windows(x, 0.0), axis=0), -1, 0)
