"""Layers made of layers.  Any callable may take the place of a layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from adjoint.nn.layer import Function, Layer, SizeMismatch, expect_together, listed, name_of


class Chain(Layer):
    """The layers one after the other: y = layers[-1](… layers[0](x)).

    `Chain(f, g)`, `Chain([f, g])`, or with names: `Chain(encoder=f, decoder=g)`.  `chain[i]` and
    `chain["encoder"]` are layers, and `chain[i:j]` a chain of the same layers.  Several arguments go
    to the first layer as one tuple.

    >>> Chain(lambda x: x * x, lambda x: x + 1)(5)
    26
    """

    def __init__(self, *layers: Any, **named: Function) -> None:
        if layers and named:
            raise TypeError("Chain: give names to all layers or to none")
        if "layers" in named:
            raise TypeError("Chain: `layers` is the attribute that holds them all: no name for one")
        if len(layers) == 1 and isinstance(layers[0], list | tuple):
            layers = tuple(layers[0])
        self.layers: tuple[Function, ...] = tuple(named.values()) if named else layers
        self.names = tuple(named) or None

    def __call__(self, x: Any, *others: Any) -> Any:
        if others:
            x = (x, *others)
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, index: int | slice | str) -> Any:
        if isinstance(index, str):
            if index not in (self.names or ()):
                raise KeyError(f"no layer of this chain is called {index!r}: {self.names}")
            return self.layers[(self.names or ()).index(index)]
        if isinstance(index, slice):
            if self.names:
                return Chain(**dict(zip(self.names[index], self.layers[index], strict=True)))
            return Chain(*self.layers[index])
        return self.layers[index]

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Function]:
        return iter(self.layers)


def chained(first: Function, second: Function) -> Chain:
    """`first >> second`: unnamed chains are joined, not nested."""
    parts: list[Function] = []
    for part in (first, second):
        joined = type(part) is Chain and part.names is None
        parts += part.layers if joined else (part,)
    return Chain(*parts)


class Maxout(Layer):
    """The largest of what the layers give, entry by entry (Goodfellow et al. 2013).

    `Maxout(f, g, …)`, or `Maxout(make, 3)` with a function that makes a new layer each time.
    """

    def __init__(self, *layers: Any) -> None:
        if len(layers) == 2 and isinstance(layers[1], int):
            layers = tuple(layers[0]() for _ in range(layers[1]))
        if not layers:
            raise ValueError("Maxout needs at least one layer")
        self.layers = layers

    def __call__(self, x: Any) -> Any:
        y = self.layers[0](x)
        for layer in self.layers[1:]:
            other = layer(x)
            expect_together("Maxout", np.shape(y), np.shape(other))
            y = np.maximum(y, other)
        return y


class SkipConnection(Layer):
    """y = connection(layer(x), x): what the layer gives comes first.

    >>> import operator
    >>> SkipConnection(lambda x: x * x, operator.add)(3)
    12
    """

    def __init__(self, layer: Function, connection: Function) -> None:
        self.layer, self.connection = layer, connection

    def __call__(self, x: Any) -> Any:
        return self.connection(self.layer(x), x)

    def arguments(self) -> str:
        inner = [] if isinstance(self.layer, Layer) else [name_of(self.layer)]
        return listed(*inner, name_of(self.connection))


class Parallel(Layer):
    """y = connection(y₁, y₂, …) of layers beside each other.

    One input goes to every layer; of several (or a tuple of several) each goes to its own; if there
    is one layer alone, each goes to that.

    >>> Parallel(lambda a, b: a + 10 * b, lambda x: x + 1, lambda x: x + 2)(0, 1)
    31
    """

    def __init__(self, connection: Function, *layers: Any) -> None:
        if len(layers) == 1 and isinstance(layers[0], list | tuple):
            layers = tuple(layers[0])
        if not layers:
            raise ValueError("Parallel needs at least one layer")
        self.connection, self.layers = connection, layers

    def __call__(self, x: Any, *others: Any) -> Any:
        xs = (x, *others) if others else x if isinstance(x, tuple) else (x,)
        layers = self.layers
        if len(xs) == 1:
            ys = [layer(xs[0]) for layer in layers]
        elif len(layers) == 1:
            ys = [layers[0](x) for x in xs]
        elif len(xs) == len(layers):
            ys = [layer(x) for layer, x in zip(layers, xs)]
        else:
            raise SizeMismatch(f"Parallel has {len(layers)} layers and was given {len(xs)} inputs")
        return self.connection(*ys)

    def arguments(self) -> str:
        return name_of(self.connection)

    def __getitem__(self, index: int) -> Function:
        return self.layers[index]


class PairwiseFusion(Layer):
    """y₁ = layer₁(x₁), yᵢ = layerᵢ(connection(yᵢ₋₁, xᵢ)): the tuple of all y.

    One input stands for as many equal ones as there are layers.
    """

    def __init__(self, connection: Function, *layers: Function) -> None:
        self.connection, self.layers = connection, layers

    def __call__(self, x: Any, *others: Any) -> tuple[Any, ...]:
        given = (x, *others) if others else x if isinstance(x, tuple) else (x,)
        xs: Sequence[Any] = given * len(self.layers) if len(given) == 1 else given
        if len(xs) != len(self.layers):
            raise SizeMismatch(
                f"PairwiseFusion has {len(self.layers)} layers and was given {len(xs)} inputs"
            )
        y = self.layers[0](xs[0])
        ys: tuple[Any, ...] = (y,)
        for layer, x in zip(self.layers[1:], xs[1:]):
            y = layer(self.connection(y, x))
            ys = (*ys, y)
        return ys

    def arguments(self) -> str:
        return name_of(self.connection)
