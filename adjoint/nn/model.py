"""What is done to whole models."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import numpy as np


def modules(model: Any) -> Iterator[Any]:
    """Every object in a model that has attributes, each once, a layer before those in it."""
    yield from _modules(model, set())


def _modules(thing: Any, seen: set[int]) -> Iterator[Any]:
    if isinstance(thing, str | bytes | type | types.FunctionType | np.ndarray) or id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, list | tuple):
        for item in thing:
            yield from _modules(item, seen)
    elif isinstance(thing, dict):
        for item in thing.values():
            yield from _modules(item, seen)
    elif isinstance(getattr(thing, "__dict__", None), dict) and not isinstance(
        thing, types.ModuleType
    ):
        yield thing
        for item in list(vars(thing).values()):
            yield from _modules(item, seen)


def _set_training(model: Any, training: bool) -> Any:
    for module in modules(model):
        if "training" in vars(module):
            module.training = training
    return model


def train_mode(model: Any) -> Any:
    """Layers that behave differently while training (Dropout, BatchNorm, …) do so.  Returns the model."""
    return _set_training(model, True)


def test_mode(model: Any) -> Any:
    """Layers behave as they do after training.  Returns the model."""
    return _set_training(model, False)
