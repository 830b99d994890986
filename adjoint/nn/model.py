"""What is done to whole models: objects with arrays among their attributes, in lists, tuples, dicts."""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn.layer import SizeMismatch

Path = tuple[Any, ...]  # names of attributes, positions and keys


def parts(thing: Any) -> Iterator[tuple[Any, Any]]:
    """The attributes of an object, but for what it keeps between calls; items of a container."""
    if isinstance(thing, list | tuple):
        yield from enumerate(thing)
    elif isinstance(thing, dict):
        yield from thing.items()
    elif has_attributes(thing):
        transient = getattr(type(thing), "transient", ())
        yield from ((n, value) for n, value in vars(thing).items() if n not in transient)


def has_attributes(thing: Any) -> bool:
    return isinstance(getattr(thing, "__dict__", None), dict) and not isinstance(
        thing, type | types.FunctionType | types.ModuleType | np.ndarray | np.ufunc
    )


def walk(thing: Any, path: Path = (), within: tuple[int, ...] = ()) -> Iterator[tuple[Path, Any]]:
    """Everything in a model with the way to it, what is found twice by both ways."""
    yield path, thing
    if id(thing) not in within:
        for name, value in list(parts(thing)):
            yield from walk(value, (*path, name), (*within, id(thing)))


def modules(model: Any) -> Iterator[Any]:
    """Every object in a model that has attributes, each once, a layer before those in it."""
    seen = set()
    for _, thing in walk(model):
        if has_attributes(thing) and id(thing) not in seen:
            seen.add(id(thing))
            yield thing


def arrays(model: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Every array of reals or complex numbers with its name, as in "layers.0.weight"."""
    for path, thing in walk(model):
        if isinstance(thing, np.ndarray) and thing.dtype.kind in "fc":
            yield ".".join(map(str, path)), thing


def trainable(model: Any) -> dict[str, np.ndarray]:
    """The arrays that `ad.params` finds, each once, by name."""
    chosen = {id(p) for p in ad.params(model)}
    found: dict[int, tuple[str, np.ndarray]] = {}
    for name, array in arrays(model):
        if id(array) in chosen:
            found.setdefault(id(array), (name, array))
    return dict(found.values())


# -- modes ---------------------------------------------------------------------------------------------


def _mark(model: Any, name: str, value: bool) -> Any:
    for module in modules(model):
        if name in vars(module) or hasattr(type(module), name):
            setattr(module, name, value)
    return model


def train_mode(model: Any) -> Any:
    """Layers that behave differently while training (Dropout, BatchNorm, …) do so.  Returns the model."""
    return _mark(model, "training", True)


def test_mode(model: Any) -> Any:
    """Layers behave as they do after training.  Returns the model."""
    return _mark(model, "training", False)


def freeze(model: Any) -> Any:
    """`ad.params` no longer finds the arrays of the layers in the model.  Returns the model."""
    return _mark(model, "frozen", True)


def thaw(model: Any) -> Any:
    """`freeze` undone.  Returns the model."""
    return _mark(model, "frozen", False)


# -- state ---------------------------------------------------------------------------------------------


def state(model: Any) -> dict[str, np.ndarray]:
    """Copies of all arrays by name: parameters, and what else a model needs, as running statistics.

    >>> from adjoint.nn import Chain, Dense
    >>> {name: array.shape for name, array in state(Chain(Dense(3, 2))).items()}
    {'layers.0.weight': (3, 2), 'layers.0.bias': (2,)}
    """
    return {name: array.copy() for name, array in arrays(model)}


def load_state(model: Any, state: Mapping[str, Any], *, partial: bool = False) -> Any:
    """Write the arrays of a `state` into those of a model, in place, in the model's dtypes.

    All names have to fit; with `partial=True`, only those that are given are written.  Arrays that
    the model uses in several places have to have one value.  Nothing is written if anything does
    not fit.  Returns the model.

    Raises KeyError for names, `SizeMismatch` for shapes, ValueError for shared arrays.
    """
    targets = dict(arrays(model))
    unknown = [name for name in state if name not in targets]
    missing = [] if partial else [name for name in targets if name not in state]
    if unknown or missing:
        told = [f"no array is called {', '.join(unknown)}"] if unknown else []
        told += [f"there is nothing for {', '.join(missing)}"] if missing else []
        raise KeyError(f"the state does not fit the model: {'; '.join(told)}")
    values: dict[int, tuple[str, np.ndarray]] = {}
    for name, given in state.items():
        value, target = np.asarray(given), targets[name]
        if value.shape != target.shape:
            raise SizeMismatch(f"{name} has shape {target.shape}, in the state {value.shape}")
        if value.dtype.kind == "c" and target.dtype.kind != "c":
            raise ValueError(f"{name} is real, in the state complex")
        first, known = values.setdefault(id(target), (name, value))
        if not np.array_equal(known, value, equal_nan=True):
            raise ValueError(f"{first} and {name} are one array, and have two values in the state")
    for name in state:
        targets[name][...] = values[id(targets[name])][1]
    return model


def map_arrays(function: Callable[[np.ndarray], np.ndarray], model: Any) -> Any:
    """A deep copy of a model with `function` of each of its arrays; what was shared is shared."""
    memo: dict[int, Any] = {}
    for _, thing in walk(model):
        if isinstance(thing, np.ndarray) and thing.dtype.kind in "fc" and id(thing) not in memo:
            memo[id(thing)] = function(thing)
    return copy.deepcopy(model, memo)


def to_dtype(model: Any, dtype: Any) -> Any:
    """A copy of a model whose arrays have this dtype."""
    return map_arrays(lambda array: array.astype(dtype), model)


# -- looking inside ------------------------------------------------------------------------------------


def activations(chain: Any, x: Any) -> list[Any]:
    """The outputs of all layers of a chain, one after the other."""
    outputs: tuple[Any, ...] = ()
    for layer in chain.layers:
        x = layer(x)
        outputs = (*outputs, x)
    return list(outputs)


def output_size(model: Any, shape: tuple[int, ...], *, dtype: Any = np.float32) -> Any:
    """The shape of what a model gives for an input of this shape, batch included.

    A copy of the model, in test mode, is tried on zeros: the model itself does not change.  A tuple
    or list of outputs gives one of shapes.
    """
    y = test_mode(copy.deepcopy(model))(np.zeros(shape, dtype))
    return _shapes(y)


def _shapes(y: Any) -> Any:
    if isinstance(y, list | tuple):
        return type(y)(map(_shapes, y))
    return np.shape(y)
