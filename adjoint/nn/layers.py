"""Layers: a few attributes and a few lines of NumPy.  Any callable of one array is a layer too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adjoint.nn.activations import identity
from adjoint.nn.initialisers import glorot_uniform

Layer = Callable[[Any], Any]


class Dense:
    """y = activation(x W + b).  x: (..., in)  weight W: (in, out)  bias b: (out,)  y: (..., out)

    The weight starts Glorot-uniform, drawn from `rng` (a seed, a `np.random.Generator`, or None for
    fresh entropy); the bias starts at zero.

    >>> Dense(3, 2, rng=0)(np.ones((4, 3), np.float32)).shape
    (4, 2)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: Layer = identity,
        *,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        self.weight = glorot_uniform((inputs, outputs), rng=rng, dtype=dtype)
        self.bias = np.zeros(outputs, dtype)
        self.activation = activation

    def __call__(self, x: Any) -> Any:
        return self.activation(x @ self.weight + self.bias)

    def __repr__(self) -> str:
        inputs, outputs = self.weight.shape
        name = getattr(self.activation, "__name__", repr(self.activation))
        return f"Dense({inputs}, {outputs}{'' if self.activation is identity else f', {name}'})"


class Chain:
    """The layers one after the other: y = layers[-1](… layers[0](x)).

    `chain[i]` is a layer and `chain[i:j]` a chain of the same layers.

    >>> Chain(lambda x: x * x, lambda x: x + 1)(5)
    26
    """

    def __init__(self, *layers: Layer) -> None:
        self.layers = layers

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, index: int | slice) -> Any:
        return Chain(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __repr__(self) -> str:
        return f"Chain({', '.join(getattr(f, '__name__', repr(f)) for f in self.layers)})"
