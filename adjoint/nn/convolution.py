"""Convolutions, each one product of matrices.  x: (batch, channels, *spatial), 1 to 3 spatial axes."""

from __future__ import annotations

from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn.activation import identity
from adjoint.nn.initialisers import glorot_uniform
from adjoint.nn.layer import Function, Layer, SizeMismatch, expect_channels, listed
from adjoint.nn.windows import Sizes, each, fold, least, pads, unfold


def flipped(weight: Any) -> Any:
    """The kernel back to front along its spatial axes.  weight: (*kernel, in, out)"""
    if weight.ndim == 3:
        return weight[::-1]
    if weight.ndim == 4:
        return weight[::-1, ::-1]
    return weight[::-1, ::-1, ::-1]


class Convolution(Layer):
    """Base of the layers below: settings, and the weight as a matrix."""

    flip = False

    def __init__(
        self, kernel: Sizes, weight_sizes: Sizes, outputs: int, activation: Function, stride: Any,
        pad: Any, dilation: Any, groups: int, bias: bool, init: Function, rng: Any, dtype: Any,
    ) -> None:  # fmt: skip
        if isinstance(kernel, int) or not 1 <= len(kernel) <= 3:
            raise TypeError(
                f"{type(self).__name__}: the kernel is a tuple of 1 to 3 sizes, one for each spatial "
                f"axis, as (3, 3), not {kernel!r}"
            )
        self.weight = init((*kernel, *weight_sizes), rng=rng, dtype=dtype)
        self.bias = np.zeros(outputs, dtype) if bias else None
        self.activation = activation
        axes = len(kernel)
        self.kernel, self.stride = tuple(kernel), each("stride", stride, axes)
        self.dilation = each("dilation", dilation, axes)
        self.pad = pads(pad, self.kernel, self.dilation)
        self.least = least(self.kernel, self.pad, self.dilation)
        self.groups, self.grouped = groups, groups > 1

    def effective_weight(self) -> Any:
        return flipped(self.weight) if self.flip else self.weight

    def finished(self, y: Any) -> Any:
        """activation(y + bias) of an image."""
        if self.bias is not None:
            y = y + self.bias.reshape((-1,) + (1,) * (y.ndim - 2))
        return self.activation(y)

    def settings(self) -> dict[str, Any]:
        """Those that are not as they are by default."""
        found: dict[str, Any] = {}
        if any(s != 1 for s in self.stride):
            found["stride"] = self.stride
        if any(map(any, self.pad)):
            equal = all(lo == hi for lo, hi in self.pad)
            found["pad"] = tuple(lo for lo, _ in self.pad) if equal else sum(self.pad, ())
        if any(d != 1 for d in self.dilation):
            found["dilation"] = self.dilation
        if self.grouped:
            found["groups"] = self.groups
        if self.bias is None:
            found["bias"] = False
        return found


def divided(layer: str, inputs: int, outputs: int, groups: int) -> int:
    """Channels of one group.  ValueError if they do not come out even."""
    if groups < 1 or inputs % groups or outputs % groups:
        raise ValueError(
            f"{layer}: {groups} groups do not divide {inputs} inputs, {outputs} outputs"
        )
    return inputs // groups


class CrossCor(Convolution):
    """y[n, o, i] = activation(Σ w[k, c, o] x[n, c, i·stride + k·dilation - pad] + b[o]).

    weight: (*kernel, in ÷ groups, out)  bias: (out,)
    x: (batch, in, *spatial)  y: (batch, out, *outputs), with outputs =
    (spatial + pads - dilation (kernel - 1) - 1) ÷ stride + 1.

    What PyTorch calls a convolution.  stride, dilation: an int, or one for each axis.  pad: an int,
    one or two for each axis, or "same".  groups: channels are taken in so many separate groups.

    >>> CrossCor((3, 3), 1, 2, rng=0)(np.ones((5, 1, 8, 8), np.float32)).shape
    (5, 2, 6, 6)
    """

    def __init__(
        self,
        kernel: Sizes,
        inputs: int,
        outputs: int,
        activation: Function = identity,
        *,
        stride: int | Sizes = 1,
        pad: Any = 0,
        dilation: int | Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        init: Function = glorot_uniform,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        one = divided(type(self).__name__, inputs, outputs, groups)
        super().__init__(
            kernel, (one, outputs), outputs, activation, stride, pad, dilation, groups, bias, init,
            rng, dtype,
        )  # fmt: skip

    def __call__(self, x: Any) -> Any:
        weight = self.effective_weight()
        inputs, outputs = weight.shape[-2] * self.groups, weight.shape[-1]
        expect_channels(type(self).__name__, x.shape, inputs, len(self.kernel), self.least)
        columns = unfold(x, self.kernel, self.stride, self.pad, self.dilation, 0.0)
        sizes = columns.shape[2:]
        if self.grouped:
            columns = columns.reshape(columns.shape[0], self.groups, weight.shape[-2], -1)
            columns = columns.transpose(1, 0, 2, 3).reshape(self.groups, -1, columns.shape[3])
            y = weight.reshape(-1, self.groups, outputs // self.groups).transpose(1, 2, 0) @ columns
            y = y.reshape(outputs, -1)
        else:
            matrix = weight.reshape(-1, outputs)
            y = matrix.T @ columns.reshape(matrix.shape[0], -1)
        if self.bias is not None:
            y = y + self.bias[:, None]
        return np.moveaxis(self.activation(y).reshape(outputs, *sizes), -1, 0)

    def arguments(self) -> str:
        inputs, outputs = self.weight.shape[-2:]
        return listed(
            self.kernel,
            inputs * self.groups,
            outputs,
            activation=self.activation,
            **self.settings(),
        )


class Conv(CrossCor):
    """A true convolution: `CrossCor` with its kernel flipped, as Flux has it.

    y[n, o, i] = activation(Σ w[K - 1 - k, c, o] x[n, c, i·stride + k·dilation - pad] + b[o])
    """

    flip = True


class DepthwiseConv(Conv):
    """A `Conv` of each channel for itself: groups = in.  weight: (*kernel, 1, out)

    out is a multiple of in: channel c gives the outputs c·(out ÷ in) and following.
    """

    def __init__(
        self,
        kernel: Sizes,
        inputs: int,
        outputs: int,
        activation: Function = identity,
        **settings: Any,
    ) -> None:
        super().__init__(kernel, inputs, outputs, activation, groups=inputs, **settings)


@ad.nondifferentiable
def expect_room(layer: str, shape: tuple[int, ...], outputs: Sizes) -> None:
    """SizeMismatch unless something is left of an image when its padding is taken away."""
    if min(outputs) < 1:
        raise SizeMismatch(
            f"{layer}: of x of shape {shape} nothing is left: the sizes of y would be {outputs}; pad less"
        )


class ConvTranspose(Convolution):
    """The transpose of `Conv`: what its derivative does to images, as a layer.

    weight: (*kernel, out ÷ groups, in)  bias: (out,)
    x: (batch, in, *spatial)  y: (batch, out, *outputs), with outputs =
    (spatial - 1) stride + dilation (kernel - 1) + 1 - pads + outpad.

    outpad: places added at the end of each axis, to choose among the sizes that a stride allows.
    pad "same": outputs are spatial · stride.
    """

    flip = True

    def __init__(
        self,
        kernel: Sizes,
        inputs: int,
        outputs: int,
        activation: Function = identity,
        *,
        stride: int | Sizes = 1,
        pad: Any = 0,
        outpad: int | Sizes = 0,
        dilation: int | Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        init: Function = glorot_uniform,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        one = divided("ConvTranspose", outputs, inputs, groups)
        super().__init__(
            kernel, (one, inputs), outputs, activation, stride, pad, dilation, groups, bias, init,
            rng, dtype,
        )  # fmt: skip
        self.outpad = each("outpad", outpad, len(kernel))
        if pad == "same":  # outputs of stride 1 would be `spatial`
            amounts = [d * (k - 1) + 1 - s for k, s, d in zip(kernel, self.stride, self.dilation)]
            self.outpad = tuple(o + max(-n, 0) for o, n in zip(self.outpad, amounts))
            self.pad = tuple((max(n, 0) - max(n, 0) // 2, max(n, 0) // 2) for n in amounts)

    def __call__(self, x: Any) -> Any:
        weight = self.effective_weight()
        one, inputs = weight.shape[-2:]
        expect_channels("ConvTranspose", x.shape, inputs, len(self.kernel))
        image = np.moveaxis(x, 0, -1)
        sizes = image.shape[1:]
        spatial = tuple([
            (n - 1) * s + d * (k - 1) + 1 - lo - hi + extra
            for n, k, s, (lo, hi), d, extra in zip(
                x.shape[2:], self.kernel, self.stride, self.pad, self.dilation, self.outpad
            )
        ])  # fmt: skip
        expect_room("ConvTranspose", x.shape, spatial)
        if self.grouped:
            groups = self.groups
            matrix = weight.reshape(-1, groups, inputs // groups).transpose(1, 0, 2)
            columns = matrix @ image.reshape(groups, inputs // groups, -1)
            columns = columns.reshape(groups, -1, one, columns.shape[2]).transpose(1, 0, 2, 3)
            columns = columns.reshape(-1, groups * one, *sizes)
        else:
            columns = weight.reshape(-1, inputs) @ image.reshape(inputs, -1)
            columns = columns.reshape(-1, one, *sizes)
        y = fold(columns, spatial, self.kernel, self.stride, self.pad, self.dilation)
        return self.finished(y)

    def arguments(self) -> str:
        one, inputs = self.weight.shape[-2:]
        extra = {"outpad": self.outpad} if any(self.outpad) else {}
        return listed(
            self.kernel, inputs, one * self.groups, activation=self.activation,
            **self.settings(), **extra,
        )  # fmt: skip
