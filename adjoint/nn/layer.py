"""What layers have in common: they compose with `>>`, and print as they are built, or as a table.

A layer is a callable with arrays among its attributes.  Deriving from `Layer` is not needed for
that: it gives the two conveniences, to built-in layers and to yours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import adjoint as ad

Function = Callable[..., Any]


class Layer:
    """Base of the layers here.  Derive from it, define `__call__`, and perhaps

    arguments()    the text between the parentheses of the layer's `repr`
    parameters()   the attributes that training may change, as a dict; all, if not defined
    transient      the names of attributes that are no part of the model: a state between calls
    title          what it is called where it is shown; as its class, if not given
    """

    frozen = False  # see `nn.freeze`
    transient: tuple[str, ...] = ()
    title = ""

    def __call__(self, *xs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")

    def __rshift__(self, other: Function) -> Any:
        """`self >> other`: a `Chain` of the two"""
        from adjoint.nn.compose import chained

        return chained(self, other)

    def __rrshift__(self, other: Function) -> Any:
        from adjoint.nn.compose import chained

        return chained(other, self)

    def parameters(self) -> dict[str, Any]:
        return vars(self)

    def trainable(self) -> dict[str, Any]:
        """What `ad.params` looks for arrays in."""
        return {} if self.frozen else self.parameters()

    def arguments(self) -> str:
        return ""

    def __repr__(self) -> str:
        return table(self) if any(True for _ in children(self)) else headline(self)


def headline(layer: Any) -> str:
    """A layer without inner ones as it is built: `Dense(3, 2, relu)`."""
    if not isinstance(layer, Layer):
        return name_of(layer)
    return f"{type(layer).__name__}({layer.arguments()})"


def name_of(function: Any) -> str:
    """How a function is shown: by its name, or that of its class where it does not say how itself."""
    if name := getattr(function, "__name__", None):
        return name
    plain = type(function).__repr__ is object.__repr__
    return f"{type(function).__name__}()" if plain else repr(function)


def listed(*parts: Any, activation: Any = None, **settings: Any) -> str:
    """The text of arguments: sizes, an activation that is not the identity, settings that are not as
    they are by default (those that are have to be left out)."""
    shown = [str(part) for part in parts]
    if activation is not None and name_of(activation) != "identity":
        shown.append(name_of(activation))
    return ", ".join([*shown, *(f"{name}={value!r}" for name, value in settings.items())])


def children(layer: Any) -> Iterator[tuple[str, Any]]:
    """The layers and functions that a layer of layers is made of, each with what it is called."""
    names = getattr(layer, "names", None)
    for attribute, value in vars(layer).items() if isinstance(layer, Layer) else ():
        if isinstance(value, Layer):
            yield attribute, value
        elif isinstance(value, tuple | list) and value and all(map(callable, value)):
            inner = names if names and attribute == "layers" else [""] * len(value)
            yield from zip(inner, value, strict=True)


# -- tables --------------------------------------------------------------------------------------------


def table(model: Any) -> str:
    """The layers of a model, one a line, with the number of parameters of each; totals at the end."""
    lines = list(rows(model, "", 0))
    width = max(len(text) for text, _ in lines)
    lines[-1] = lines[-1][0], totals(model)
    return "\n".join(f"{text:{width}}  # {note}" if note else text for text, note in lines)


def rows(layer: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Lines of the table: what stands in it, and its comment."""
    indent, label = "  " * depth, f"{name}=" if name else ""
    comma = "," if depth else ""
    inner = list(children(layer))
    if not inner:
        yield f"{indent}{label}{headline(layer)}{comma}", remark(layer)
        return
    yield f"{indent}{label}{layer.title or type(layer).__name__}(", ""
    if arguments := layer.arguments():
        yield f"{indent}  {arguments},", ""
    alone = len(inner) == 1 and not getattr(layer, "names", None)
    for part, value in inner:
        yield from rows(value, "" if alone else part, depth + 1)
    yield f"{indent}){comma}", ""


def remark(layer: Any) -> str:
    """How many parameters a layer has, and whether something is wrong with them."""
    arrays = list(ad.params(layer))
    count = sum(a.size for a in arrays)
    if not count:
        return ""
    wrong = ""
    if not all(np.isfinite(a).all() for a in arrays):
        wrong = " (not all finite)"
    elif not any(a.any() for a in arrays):
        wrong = " (all zero)"
    return f"{count:,} parameters{wrong}"


def totals(model: Any) -> str:
    """Number of arrays, parameters and bytes; arrays that several layers share count once."""
    arrays = list(ad.params(model))
    plural = "" if len(arrays) == 1 else "s"
    shown = f"total: {len(arrays)} array{plural}, {sum(a.size for a in arrays):,} parameters"
    known = {id(a) for a in arrays}
    others = [a for a in held_arrays(model) if id(a) not in known]
    if others:
        shown += f" and {sum(a.size for a in others):,} other numbers"
    return f"{shown}, {in_bytes(sum(a.nbytes for a in [*arrays, *others]))}"


def held_arrays(thing: Any, seen: set[int] | None = None) -> Iterator[np.ndarray]:
    """Every array of numbers in the attributes, items and parts of a thing, each once."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, str | bytes | type):
        return
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        if thing.dtype.kind in "fc":
            yield thing
    elif isinstance(thing, list | tuple):
        for item in thing:
            yield from held_arrays(item, seen)
    elif isinstance(thing, dict):
        for item in thing.values():
            yield from held_arrays(item, seen)
    elif isinstance(getattr(thing, "__dict__", None), dict):
        for item in vars(thing).values():
            yield from held_arrays(item, seen)


def in_bytes(count: float) -> str:
    """A number of bytes as people read it.

    >>> in_bytes(40), in_bytes(407080)
    ('40 bytes', '397.5 KiB')
    """
    if count < 1024:
        return f"{count} bytes"
    power = min(int(math.log2(count) // 10), 4)
    return f"{count / 1024**power:.1f} {('KiB', 'MiB', 'GiB', 'TiB')[power - 1]}"


# -- sizes ---------------------------------------------------------------------------------------------


class SizeMismatch(ValueError):
    """An array does not have the size that a layer was made for."""


@ad.nondifferentiable
def expect_axis(layer: str, shape: tuple[int, ...], axis: int, length: int) -> None:
    """SizeMismatch unless the axis, counted from the end, has this length."""
    if len(shape) < -axis or shape[axis] != length:
        form = ", ".join(["...", str(length), *["·"] * (-axis - 1)])
        raise SizeMismatch(f"{layer} takes x of shape ({form}), not {shape}")


@ad.nondifferentiable
def expect_channels(
    layer: str,
    shape: tuple[int, ...],
    channels: int | None,
    spatial: int | None,
    least: tuple[int, ...] = (),
) -> None:
    """SizeMismatch unless the shape is (batch, channels, *spatial): None fits any.  least: of each
    spatial axis, for a window to fit."""
    fits = len(shape) >= 3 if spatial is None else len(shape) == spatial + 2
    if not fits or (channels is not None and shape[1] != channels):
        axes = ["..."] if spatial is None else ["depth", "height", "width"][3 - spatial :]
        form = ", ".join(["batch", "channels" if channels is None else str(channels), *axes])
        raise SizeMismatch(f"{layer} takes x of shape ({form}), not {shape}")
    if any(n < m for n, m in zip(shape[2:], least, strict=False)):
        smallest = " × ".join(map(str, least))
        raise SizeMismatch(
            f"{layer} takes images of at least {smallest}, for its window to fit, not {shape[2:]}"
        )


@ad.nondifferentiable
def expect_sequences(layer: str, shape: tuple[int, ...], axes: str = "batch, time, in") -> None:
    """SizeMismatch unless there are three axes."""
    if len(shape) != 3:
        raise SizeMismatch(f"{layer} takes x of shape ({axes}), not {shape}")


@ad.nondifferentiable
def expect_together(layer: str, first: tuple[int, ...], second: tuple[int, ...]) -> None:
    """SizeMismatch unless arrays of the two shapes may be combined entry by entry."""
    try:
        np.broadcast_shapes(first, second)
    except ValueError:
        raise SizeMismatch(f"{layer}: the shapes {first} and {second} do not go together") from None


@ad.nondifferentiable
def expect_last(layer: str, shape: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    """SizeMismatch unless the last axes have these lengths."""
    if shape[len(shape) - len(sizes) :] != sizes:
        form = ", ".join(["...", *map(str, sizes)])
        raise SizeMismatch(f"{layer} takes x of shape ({form}), not {shape}")
