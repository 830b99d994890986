"""A model as one vector, and back: `v, rebuild = destructure(model)`.

Both directions are linear, and have derivatives: a rule each, the transposes of one another.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn.model import Path, walk


class Layout:
    """Where each trainable array of a model stands in the vector; an array used twice stands once."""

    def __init__(self, model: Any) -> None:
        self.model = model
        chosen = {id(p) for p in ad.params(model)}
        self.places: list[tuple[Path, slice, tuple[int, ...], Any]] = []
        known: dict[int, slice] = {}
        self.size = 0
        for path, thing in walk(model):
            if isinstance(thing, np.ndarray) and id(thing) in chosen:
                if id(thing) not in known:
                    known[id(thing)] = slice(self.size, self.size + thing.size)
                    self.size += thing.size
                self.places.append((path, known[id(thing)], thing.shape, thing.dtype))
        self.dtype = np.result_type(*{dtype for *_, dtype in self.places}) if self.places else float


@ad.nondifferentiable
def layout_of(model: Any) -> Layout:
    return Layout(model)


def at(thing: Any, path: Path) -> Any:
    """What is found in a model or cotangent by this path; None where there is none."""
    for step in path:
        if thing is None:
            return None
        if isinstance(thing, dict):
            thing = thing.get(step)
        else:
            thing = thing[step] if isinstance(thing, list | tuple) else getattr(thing, step, None)
    return thing


def ravel(model: Any, layout: Layout) -> np.ndarray:
    """The arrays of a model as a vector."""
    v = np.zeros(layout.size, layout.dtype)
    for path, place, _, _ in layout.places:
        v[place] = at(model, path).ravel()
    return v


def gather(model_bar: Any, layout: Layout) -> np.ndarray:
    """The cotangent of a model as a vector: of an array used twice, the sum."""
    v = np.zeros(layout.size, layout.dtype)
    for path, place, _, _ in layout.places:
        bar = at(model_bar, path)
        if bar is not None:
            v[place] += np.ravel(bar)
    return v


def spread(v: np.ndarray, layout: Layout) -> Any:
    """`gather`, transposed: a cotangent of the form of the model."""
    by_path = {
        path: np.asarray(v)[place].reshape(shape).astype(dtype)
        for path, place, shape, dtype in layout.places
    }
    return _formed(layout.model, by_path, ())


def _formed(thing: Any, by_path: dict[Path, Any], path: Path) -> Any:
    if path in by_path:
        return by_path[path]
    below = [p for p in by_path if p[: len(path)] == path]
    if not below:
        return None
    names = list(dict.fromkeys(p[len(path)] for p in below))
    inner = {name: _formed(at(thing, (name,)), by_path, (*path, name)) for name in names}
    if isinstance(thing, dict):
        return inner
    if isinstance(thing, list | tuple):
        items = [inner.get(i) for i in range(len(thing))]
        return items if isinstance(thing, list) else tuple(items)
    return ad.Tangent(**inner)


def filled(v: np.ndarray, layout: Layout) -> Any:
    """A copy of the model with the arrays that the vector tells."""
    if np.shape(v) != (layout.size,):
        raise ValueError(f"the model has {layout.size} parameters, the vector shape {np.shape(v)}")
    memo: dict[int, Any] = {}
    for path, place, shape, _ in layout.places:
        array = at(layout.model, path)
        if id(array) not in memo:
            memo[id(array)] = np.array(np.asarray(v)[place].reshape(shape))
    return copy.deepcopy(layout.model, memo)


@ad.rule(ravel, linear="model")
def _(model: Any, layout: Layout) -> Any:
    y = ravel(model, layout)

    def pullback(y_bar: Any) -> Any:
        return spread(y_bar, layout)

    return y, pullback


@ad.rule(spread, linear="v")
def _(v: Any, layout: Layout) -> Any:
    y = spread(v, layout)

    def pullback(y_bar: Any) -> Any:
        return gather(y_bar, layout)

    return y, pullback


@ad.rule(gather, linear="model_bar")
def _(model_bar: Any, layout: Layout) -> Any:
    y = gather(model_bar, layout)

    def pullback(y_bar: Any) -> Any:
        return spread(y_bar, layout)

    return y, pullback


@ad.rule(filled, linear="v")
def _(v: Any, layout: Layout) -> Any:
    y = filled(v, layout)

    def pullback(y_bar: Any) -> Any:
        return gather(y_bar, layout)

    return y, pullback


@ad.jvp_rule(filled)
def _(primals: tuple, tangents: tuple) -> Any:
    (v, layout), (v_dot, _) = primals, tangents
    return filled(v, layout), None if v_dot is None else spread(v_dot, layout)


class Rebuild:
    """From a vector to a model like the one that was taken apart."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def __call__(self, v: Any) -> Any:
        return filled(v, self.layout)

    def __repr__(self) -> str:
        return f"<rebuild {type(self.layout.model).__name__} from {self.layout.size} parameters>"


def destructure(model: Any) -> tuple[np.ndarray, Callable[[Any], Any]]:
    """`(v, rebuild)`: the trainable arrays of a model as one vector, and the function back.

    `rebuild(v)` is a new model with the values of v, in v's dtype; arrays that the model uses in
    several places stand in v once.  Gradients pass through both.
    """
    layout = layout_of(model)
    return ravel(model, layout), Rebuild(layout)
