"""Layers that bring values to mean 0 and variance 1.  Variances are biased (÷ n) and get `eps` added."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn.activation import identity
from adjoint.nn.layer import (
    Function,
    Layer,
    SizeMismatch,
    expect_axis,
    expect_channels,
    expect_last,
    listed,
    name_of,
)


def centre(x: Any, axes: Any) -> tuple[Any, Any, Any]:
    """x less its mean, the mean, and the variance, over these axes, which stay with length 1."""
    mean = np.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    return centred, mean, np.mean(centred * centred, axis=axes, keepdims=True)


def normalise(x: Any, axes: Any = -1, eps: float = 1e-5) -> Any:
    """y = (x - mean) / √(variance + eps), over these axes"""
    centred, _, variance = centre(x, axes)
    return centred * inverse_root(variance, eps)


def inverse_root(variance: Any, eps: float) -> Any:
    """1 / √(variance + eps): multiplied by, so that what divides is small."""
    return 1 / np.sqrt(variance + ad.stop_gradient(eps))


def places(x: Any) -> tuple[int, ...]:
    """The axes after (batch, channels); written out, they are known while compiling."""
    if x.ndim == 2:
        return ()
    if x.ndim == 3:
        return (2,)
    if x.ndim == 4:
        return (2, 3)
    if x.ndim == 5:
        return (2, 3, 4)
    return tuple(range(2, x.ndim))


def last_axes(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """As many of the last axes as there are sizes."""
    if len(sizes) == 1:
        return (-1,)
    if len(sizes) == 2:
        return (-2, -1)
    if len(sizes) == 3:
        return (-3, -2, -1)
    return tuple(range(-len(sizes), 0))


class LayerNorm(Layer):
    """y = activation(scale · (x - mean) / √(variance + eps) + bias), over the last axes, those of the
    sizes given (Ba et al. 2016).  x: (..., *sizes)  scale, bias: sizes; `affine=False`: none.

    >>> LayerNorm(4)(np.array([[1.0, 2.0, 3.0, 4.0]], np.float32)).round(2)
    array([[-1.34, -0.45,  0.45,  1.34]], dtype=float32)
    """

    def __init__(
        self,
        *sizes: int,
        activation: Function = identity,
        affine: bool = True,
        eps: float = 1e-5,
        dtype: Any = np.float32,
    ) -> None:
        self.sizes, self.eps, self.activation = sizes, eps, activation
        self.scale = np.ones(sizes, dtype) if affine else None
        self.bias = np.zeros(sizes, dtype) if affine else None

    def __call__(self, x: Any) -> Any:
        expect_last("LayerNorm", x.shape, self.sizes)
        y = normalise(x, last_axes(self.sizes), self.eps)
        return self.activation(y if self.scale is None else y * self.scale + self.bias)

    def arguments(self) -> str:
        settings = {} if self.scale is not None else {"affine": False}
        return listed(*self.sizes, activation=self.activation, **settings)


class RMSNorm(Layer):
    """y = scale · x / √(mean(x²) + eps), over the last axis (Zhang and Sennrich 2019).  scale: (size,)"""

    def __init__(self, size: int, *, eps: float = 1e-6, dtype: Any = np.float32) -> None:
        self.scale, self.eps = np.ones(size, dtype), eps

    def __call__(self, x: Any) -> Any:
        expect_last("RMSNorm", x.shape, self.scale.shape)
        square = np.mean(x * x, axis=-1, keepdims=True)
        return x * inverse_root(square, self.eps) * self.scale

    def arguments(self) -> str:
        return listed(*self.scale.shape)


class ChannelNorm(Layer):
    """Base of the layers that scale and shift each channel.  x: (batch, channels, *spatial)"""

    scale: Any
    bias: Any
    activation: Function

    def __init__(
        self, channels: int, activation: Function, affine: bool, eps: float, dtype: Any
    ) -> None:
        self.channels, self.activation, self.eps = channels, activation, eps
        self.scale = np.ones(channels, dtype) if affine else None
        self.bias = np.zeros(channels, dtype) if affine else None

    def scaled(self, y: Any, factor: Any) -> Any:
        """activation(scale · factor · y + bias), channel by channel."""
        if self.scale is None:
            return self.activation(y * factor)
        form = (-1,) + (1,) * (y.ndim - 2)
        factor = factor * self.scale.reshape(form)
        return self.activation(y * factor + self.bias.reshape(form))

    def arguments(self) -> str:
        settings = {} if self.scale is not None else {"affine": False}
        return listed(self.channels, activation=self.activation, **settings)


@ad.nondifferentiable(like=0)
def moved(running: Any, found: Any, momentum: float, factor: float = 1.0) -> Any:
    """The running statistic after a batch; its dtype stays, and it does if the batch's is not finite."""
    if not np.isfinite(found).all():
        return running
    kept = (1 - momentum) * running + (momentum * factor) * found
    return kept.astype(running.dtype, copy=False)


class TrackedNorm(ChannelNorm):
    """Base of those that remember the mean and variance of each channel for later use.

    While `training`, statistics are those of the batch, and the running ones move towards them:
    running ← (1 - momentum) running + momentum · batch, with the unbiased variance.  Afterwards
    (`nn.test_mode(model)`) the running ones are used.  They are not trained and get no gradient.
    """

    running_mean: Any
    running_var: Any

    def __init__(
        self, channels: int, activation: Function, affine: bool, track: bool, eps: float,
        momentum: float, dtype: Any,
    ) -> None:  # fmt: skip
        super().__init__(channels, activation, affine, eps, dtype)
        self.momentum, self.training, self.tracks = momentum, True, track
        self.running_mean = np.zeros(channels, dtype) if track else None
        self.running_var = np.ones(channels, dtype) if track else None

    def parameters(self) -> dict[str, Any]:
        return {"scale": self.scale, "bias": self.bias}

    def track(self, mean: Any, variance: Any, count: int) -> None:
        """Move the running statistics.  mean, variance: (channels,), of `count` values each"""
        m = self.momentum
        self.running_mean = moved(self.running_mean, mean, m)
        self.running_var = moved(self.running_var, variance, m, count / (count - 1))

    def by_running(self, x: Any) -> Any:
        """y by the running statistics."""
        form = (-1,) + (1,) * (x.ndim - 2)
        mean, variance = ad.stop_gradient(self.running_mean), ad.stop_gradient(self.running_var)
        return self.scaled(x - mean.reshape(form), inverse_root(variance, self.eps).reshape(form))


@ad.nondifferentiable
def expect_several(layer: str, shape: tuple[int, ...], count: int) -> None:
    if count < 2:
        raise SizeMismatch(
            f"{layer}: x of shape {shape} has one value per channel, which has no variance; train on "
            "larger batches, or use nn.test_mode(model)"
        )


class BatchNorm(TrackedNorm):
    """Normalises each channel over the batch and all places (Ioffe and Szegedy 2015).

    x: (batch, channels, *spatial)  scale, bias, running_mean, running_var: (channels,)
    `affine=False`: no scale and bias.  `track=False`: always by the statistics of the batch.
    """

    def __init__(
        self,
        channels: int,
        activation: Function = identity,
        *,
        affine: bool = True,
        track: bool = True,
        eps: float = 1e-5,
        momentum: float = 0.1,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(channels, activation, affine, track, eps, momentum, dtype)

    def __call__(self, x: Any) -> Any:
        if x.ndim == 2:
            expect_axis("BatchNorm", x.shape, -1, self.channels)
        else:
            expect_channels("BatchNorm", x.shape, self.channels, None)
        if self.tracks and not self.training:
            return self.by_running(x)
        count = x.size // x.shape[1]
        expect_several("BatchNorm", x.shape, count)
        centred, mean, variance = centre(x, (0, *places(x)))
        if self.tracks:
            self.track(mean.reshape(-1), variance.reshape(-1), count)
        return self.scaled(centred, inverse_root(variance, self.eps))


class InstanceNorm(TrackedNorm):
    """Normalises each channel of each example over all places (Ulyanov et al. 2016).

    x: (batch, channels, *spatial).  With `affine=True` scale and bias, with `track=True` running
    statistics (the mean over the batch), all (channels,).
    """

    def __init__(
        self,
        channels: int,
        activation: Function = identity,
        *,
        affine: bool = False,
        track: bool = False,
        eps: float = 1e-5,
        momentum: float = 0.1,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(channels, activation, affine, track, eps, momentum, dtype)

    def __call__(self, x: Any) -> Any:
        expect_channels("InstanceNorm", x.shape, self.channels, None)
        if self.tracks and not self.training:
            return self.by_running(x)
        count = math.prod(x.shape[2:])
        expect_several("InstanceNorm", x.shape, count)
        centred, mean, variance = centre(x, places(x))
        if self.tracks:
            examples = x.shape[:2]
            self.track(
                mean.reshape(examples).mean(axis=0), variance.reshape(examples).mean(axis=0), count
            )
        return self.scaled(centred, inverse_root(variance, self.eps))


class GroupNorm(ChannelNorm):
    """Normalises each of `groups` groups of channels of each example (Wu and He 2018).

    x: (batch, channels, *spatial)  scale, bias: (channels,); `affine=False`: none
    """

    def __init__(
        self,
        channels: int,
        groups: int,
        activation: Function = identity,
        *,
        affine: bool = True,
        eps: float = 1e-5,
        dtype: Any = np.float32,
    ) -> None:
        if groups < 1 or channels % groups:
            raise ValueError(f"GroupNorm: {channels} channels do not make {groups} equal groups")
        super().__init__(channels, activation, affine, eps, dtype)
        self.groups = groups

    def __call__(self, x: Any) -> Any:
        expect_channels("GroupNorm", x.shape, self.channels, None)
        grouped = x.reshape(x.shape[0], self.groups, -1)
        centred, _, variance = centre(grouped, -1)
        y = centred * inverse_root(variance, self.eps)
        return self.scaled(y.reshape(x.shape), 1.0)

    def arguments(self) -> str:
        settings = {} if self.scale is not None else {"affine": False}
        return listed(self.channels, self.groups, activation=self.activation, **settings)


class WeightNorm(Layer):
    """A layer whose weight is magnitude · direction / √(‖direction‖² + eps) (Salimans and Kingma 2016).

    The norm is over all axes but `axis`, the last: one magnitude for each output.  The two are
    trained in place of the weight, the attribute `name` of the layer; `remove_weight_norms` puts
    the weight back.
    """

    def __init__(
        self, layer: Any, name: str = "weight", *, axis: int = -1, eps: float = 0.0
    ) -> None:
        weight = getattr(layer, name)
        self.layer, self.name, self.eps = copy.copy(layer), name, eps
        self.axes = tuple(i for i in range(weight.ndim) if i != axis % weight.ndim)
        self.direction = weight.copy()
        self.magnitude = np.sqrt((weight * weight).sum(axis=self.axes, keepdims=True))
        setattr(self.layer, name, self.weight())

    def parameters(self) -> dict[str, Any]:
        others = {n: value for n, value in vars(self.layer).items() if n != self.name}
        return {"direction": self.direction, "magnitude": self.magnitude, "layer": others}

    def weight(self) -> Any:
        """magnitude · direction / √(‖direction‖² + eps)"""
        v = self.direction
        square = np.sum(v * v, axis=self.axes, keepdims=True)
        return v * (self.magnitude * inverse_root(square, self.eps))

    def __call__(self, x: Any) -> Any:
        setattr(self.layer, self.name, self.weight())
        return self.layer(x)

    def restored(self) -> Any:
        """The layer with its weight as it is now."""
        layer = copy.copy(self.layer)
        setattr(layer, self.name, self.weight())
        return layer

    def __repr__(self) -> str:
        return f"WeightNorm({name_of(self.restored())}, {self.name!r})"


def remove_weight_norms(model: Any) -> Any:
    """The model with every `WeightNorm` in it replaced by its layer, weights as they are now.

    Layers of layers are copied, everything else is shared with `model`.
    """
    if isinstance(model, WeightNorm):
        return model.restored()
    if isinstance(model, list | tuple):
        return type(model)(map(remove_weight_norms, model))
    if not isinstance(model, Layer):
        return model
    parts = {
        name: remove_weight_norms(value)
        for name, value in vars(model).items()
        if isinstance(value, Layer | list | tuple)
    }
    layer = copy.copy(model)
    vars(layer).update(parts)
    return layer
