"""What a model holds, with names: `layers.0.weight`."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import numpy as np

import adjoint as ad

LEAVES = (np.ndarray, np.random.Generator)
CLOSED = (str, bytes, int, float, complex, bool, type, types.ModuleType, np.generic, np.dtype)


def walk(model: Any) -> Iterator[tuple[str, Any]]:
    """Every array, random generator and object in a model with its name, each once, in order.

    An attribute, an item and a key are parts of a name; what a function has captured as well.
    """
    yield from _walk(model, "", set())


def _walk(thing: Any, name: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if thing is None or isinstance(thing, CLOSED) or id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, LEAVES):
        yield name, thing
        return
    if not isinstance(thing, list | tuple | dict):
        yield name, thing
    for part, value in parts_of(thing):
        yield from _walk(value, f"{name}.{part}" if name else str(part), seen)


def parts_of(thing: Any) -> list[tuple[Any, Any]]:
    if isinstance(thing, dict):
        return list(thing.items())
    if isinstance(thing, list | tuple | ad.Params):
        return list(enumerate(thing))
    if isinstance(thing, types.FunctionType):
        cells = zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True)
        return [(name, cell.cell_contents) for name, cell in cells if held(cell)]
    if isinstance(thing, types.MethodType):
        return [("self", thing.__self__)]
    slots = [n for c in type(thing).__mro__ for n in vars(c).get("__slots__", ()) if n[:2] != "__"]
    found = [(n, getattr(thing, n)) for n in slots if hasattr(thing, n)]
    fields = getattr(thing, "__dict__", None)
    return [*found, *(fields.items() if isinstance(fields, dict) else ())]


def held(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:  # assigned later
        return False
    return True


def arrays(model: Any) -> dict[str, np.ndarray]:
    """The arrays by name: parameters, running means, whatever the model keeps."""
    found: dict[str, np.ndarray] = {}
    for name, x in walk(model):
        if isinstance(x, np.ndarray):
            name = name or "array"
            while name in found:  # a key with a dot in it
                name += "'"
            found[name] = x
    for name, x in found.items():
        if x.dtype.kind not in "biufc":
            raise TypeError(f"{name} is an array of {x.dtype}, which is not saved: keep numbers")
    return found


def generators(model: Any) -> dict[str, np.random.Generator]:
    """The random generators by name."""
    return {n or "rng": v for n, v in walk(model) if isinstance(v, np.random.Generator)}


class testing:
    """Inside the block whatever in the model has a `training` attribute has it False."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def __enter__(self) -> None:
        objects = [v for _, v in walk(self.model) if not isinstance(v, LEAVES)]
        self.active = [v for v in objects if getattr(v, "training", False) is True]
        for thing in self.active:
            thing.training = False

    def __exit__(self, *_: object) -> None:
        for thing in self.active:
            thing.training = True
