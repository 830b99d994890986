"""Affine maps and tables: a few attributes and a few lines of NumPy each.  x: (..., features)"""

from __future__ import annotations

from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn import initialisers
from adjoint.nn.activation import identity
from adjoint.nn.initialisers import glorot_uniform
from adjoint.nn.layer import (
    Function,
    Layer,
    SizeMismatch,
    expect_axis,
    expect_last,
    expect_together,
    listed,
)


def affine(x: Any, weight: Any, bias: Any) -> Any:
    """x W + b as one product of matrices, whatever the number of axes of x."""
    if x.ndim > 2:
        y = x.reshape(-1, x.shape[-1]) @ weight
        y = y if bias is None else y + bias
        return y.reshape(*x.shape[:-1], weight.shape[1])
    return x @ weight if bias is None else x @ weight + bias


class Dense(Layer):
    """y = activation(x W + b).  x: (..., in)  weight W: (in, out)  bias b: (out,)  y: (..., out)

    The weight starts Glorot-uniform, or as `init` says, drawn from `rng` (a seed, a
    `np.random.Generator`, or None for fresh entropy); the bias starts at zero, and with `bias=False`
    there is none.

    >>> Dense(3, 2, rng=0)(np.ones((4, 3), np.float32)).shape
    (4, 2)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: Function = identity,
        *,
        bias: bool = True,
        init: Function = glorot_uniform,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.weight = init((inputs, outputs), rng=rng, dtype=dtype)
        self.bias = np.zeros(outputs, dtype) if bias else None
        self.activation = activation

    def __call__(self, x: Any) -> Any:
        expect_axis("Dense", x.shape, -1, self.weight.shape[0])
        return self.activation(affine(x, self.weight, self.bias))

    def arguments(self) -> str:
        settings = {} if self.bias is not None else {"bias": False}
        return listed(*self.weight.shape, activation=self.activation, **settings)


class Scale(Layer):
    """y = activation(scale · x + bias), entry by entry.  scale, bias: the sizes given; x: (..., *sizes)

    The scale starts at one, the bias at zero; with `bias=False` there is none.
    """

    def __init__(
        self,
        *sizes: int,
        activation: Function = identity,
        bias: bool = True,
        init: Function = initialisers.ones,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.scale = init(sizes, rng=rng, dtype=dtype)
        self.bias = np.zeros(sizes, dtype) if bias else None
        self.activation = activation

    def __call__(self, x: Any) -> Any:
        expect_last("Scale", x.shape, self.scale.shape)
        y = self.scale * x
        return self.activation(y if self.bias is None else y + self.bias)

    def arguments(self) -> str:
        settings = {} if self.bias is not None else {"bias": False}
        return listed(*self.scale.shape, activation=self.activation, **settings)


class Bilinear(Layer):
    """zₒ = activation(Σᵢⱼ xᵢ W[i, j, o] yⱼ + bₒ).  x: (..., in1)  y: (..., in2)  z: (..., out)

    weight W: (in1, in2, out)  bias: (out,).  `Bilinear((in1, in2), out)`, or `Bilinear(n, out)` for
    two of one size; called with one argument x, y is x.
    """

    def __init__(
        self,
        inputs: int | tuple[int, int],
        outputs: int,
        activation: Function = identity,
        *,
        bias: bool = True,
        init: Function = glorot_uniform,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        first, second = (inputs, inputs) if isinstance(inputs, int) else inputs
        self.weight = init((first, second, outputs), rng=rng, dtype=dtype)
        self.bias = np.zeros(outputs, dtype) if bias else None
        self.activation = activation

    def __call__(self, x: Any, y: Any = None) -> Any:
        if isinstance(x, tuple):
            x, y = x
        y = x if y is None else y
        first, second, outputs = self.weight.shape
        expect_axis("Bilinear", x.shape, -1, first)
        expect_axis("Bilinear", y.shape, -1, second)
        expect_together("Bilinear", x.shape[:-1], y.shape[:-1])
        xw = affine(x, self.weight.reshape(first, -1), None).reshape(*x.shape[:-1], second, outputs)
        z = (y[..., None, :] @ xw)[..., 0, :]
        return self.activation(z if self.bias is None else z + self.bias)

    def arguments(self) -> str:
        *inputs, outputs = self.weight.shape
        settings = {} if self.bias is not None else {"bias": False}
        return listed(tuple(inputs), outputs, activation=self.activation, **settings)


@ad.nondifferentiable
def check_indices(layer: str, indices: Any, count: int) -> None:
    """IndexError for an index outside 0 … count - 1: NumPy would take a negative one from the end."""
    if np.size(indices) and not (np.min(indices) >= 0 and np.max(indices) < count):
        wrong = np.min(indices) if np.min(indices) < 0 else np.max(indices)
        raise IndexError(f"{layer} has {count} rows, 0 to {count - 1}: there is no row {wrong}")


class Embedding(Layer):
    """A row of the weight for each index.  weight: (in, out)  x: integers (...)  y: (..., out)

    x may also be one-hot or other weights of the rows, (..., in), of a floating type.  The row
    `padding_index` is zero and stays so: it gets no gradient.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        padding_index: int | None = None,
        init: Function = initialisers.normal,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.weight = init((inputs, outputs), rng=rng, dtype=dtype)
        self.padding_index = padding_index
        if padding_index is not None:
            check_indices("Embedding", padding_index, inputs)
            self.weight[padding_index] = 0

    def __call__(self, x: Any) -> Any:
        x = np.asarray(x)
        if x.dtype.kind in "fb":
            expect_axis("Embedding", x.shape, -1, self.weight.shape[0])
            if self.padding_index is not None:
                x = x * (np.arange(x.shape[-1]) != self.padding_index)
            return affine(x, self.weight, None)
        check_indices("Embedding", x, self.weight.shape[0])
        rows = self.weight[x]
        return rows if self.padding_index is None else rows * (x != self.padding_index)[..., None]

    def arguments(self) -> str:
        padding = {} if self.padding_index is None else {"padding_index": self.padding_index}
        return listed(*self.weight.shape, **padding)


REDUCTIONS = {"mean": np.mean, "sum": np.sum, "max": np.max}


@ad.nondifferentiable
def check_bags(x: Any, starts: Any, count: int) -> None:
    """Raise unless x are indices of `count` rows, and cut into bags by `starts`, if there are any."""
    if x.dtype.kind not in "iu":
        raise TypeError(f"EmbeddingBag takes integers, the indices of rows, not {x.dtype}")
    check_indices("EmbeddingBag", x, count)
    if starts is None:
        if x.ndim < 1:
            raise SizeMismatch("EmbeddingBag takes x of shape (..., bag), not ()")
        return
    if x.ndim != 1 or starts.ndim != 1:
        raise SizeMismatch(
            f"EmbeddingBag takes x of shape (n,) and starts of shape (bags,), not {x.shape} and "
            f"{starts.shape}"
        )
    if starts.size == 0 or starts[0] != 0 or (np.diff(starts) < 0).any() or starts[-1] > len(x):
        raise ValueError(
            f"EmbeddingBag: starts begin with 0, do not decrease, and do not go beyond the {len(x)} "
            f"indices; not {starts}"
        )


@ad.nondifferentiable
def memberships(starts: Any, count: int, mean: bool, dtype: Any) -> np.ndarray:
    """Row b has the weight of each of the `count` items in bag b: (bags, count)."""
    bags = np.searchsorted(starts, np.arange(count), "right") - 1
    members = (bags == np.arange(len(starts))[:, None]).astype(dtype)
    return members / np.maximum(members.sum(1, keepdims=True), 1) if mean else members


class EmbeddingBag(Layer):
    """The mean, sum or maximum of the rows of a bag of indices.  weight: (in, out)

    `bag(x)`: x integers (..., bag), y (..., out).  `bag(x, starts)`: x integers (n,), cut into bags
    that begin at `starts` (the first at 0), y (bags, out); an empty bag gives zeros.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        reduction: str = "mean",
        *,
        init: Function = initialisers.normal,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        if reduction not in REDUCTIONS:
            raise ValueError(
                f"EmbeddingBag: reduction is one of {set(REDUCTIONS)}, not {reduction!r}"
            )
        self.weight = init((inputs, outputs), rng=rng, dtype=dtype)
        self.reduction = reduction

    def __call__(self, x: Any, starts: Any = None) -> Any:
        x = np.asarray(x)
        starts = None if starts is None else np.asarray(starts)
        check_bags(x, starts, self.weight.shape[0])
        rows = self.weight[x]
        if starts is None:
            return REDUCTIONS[self.reduction](rows, axis=-2)
        if self.reduction != "max":
            return memberships(starts, len(x), self.reduction == "mean", rows.dtype) @ rows
        ends = [*starts[1:], len(x)]
        bags = [
            np.max(rows[a:b], axis=0) if b > a else np.zeros_like(self.weight[0])
            for a, b in zip(starts, ends)
        ]
        return np.stack(bags)

    def arguments(self) -> str:
        return listed(*self.weight.shape, repr(self.reduction))
