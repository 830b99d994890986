"""Parameters by identity: arrays, wherever the code of a function reaches them."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from adjoint import cache
from adjoint.ir.values import attributes
from adjoint.rules.registry import rule
from adjoint.runtime import load_capture
from adjoint.tree import RootTangent, Tangent, accumulate


class Params:
    """A list of arrays, each once, told apart by identity."""

    takes_list = True  # its cotangent is the list of those of its arrays

    def __init__(self, arrays: Iterable[Any] = ()) -> None:
        self._arrays: dict[int, Any] = {}
        for array in arrays:
            if not isinstance(array, np.ndarray):
                raise TypeError(f"a parameter is an array, not {type(array).__name__}")
            self._arrays.setdefault(id(array), array)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._arrays.values()))

    def __len__(self) -> int:
        return len(self._arrays)

    def __getitem__(self, index: int) -> Any:
        return list(self._arrays.values())[index]

    def __contains__(self, array: Any) -> bool:
        return id(array) in self._arrays

    def __repr__(self) -> str:
        return f"Params({list(self._arrays.values())!r})"


def params(*things: Any) -> Params:
    """Every array with a floating dtype in arrays, objects, lists and dicts, each once, in order."""
    found: list[Any] = []
    _collect_arrays(things, found, {})
    return Params(found)


def _collect_arrays(thing: Any, found: list[Any], seen: dict[int, Any]) -> None:
    if isinstance(thing, np.ndarray):
        if thing.dtype.kind in "fc":
            found.append(thing)
        return
    if isinstance(thing, str | bytes | type) or id(thing) in seen:
        return
    seen[id(thing)] = thing  # kept: what `trainable()` gives is new, and numbers are used again
    if isinstance(thing, Params | list | tuple | set | frozenset):
        for item in thing:
            _collect_arrays(item, found, seen)
    elif isinstance(thing, dict):
        for item in thing.values():
            _collect_arrays(item, found, seen)
    elif callable(getattr(thing, "__code__", None)) or hasattr(thing, "__closure__"):
        for cell in thing.__closure__ or ():
            _collect_arrays(cell.cell_contents, found, seen)
    else:
        trainable = getattr(thing, "trainable", None)
        if callable(trainable):
            _collect_arrays(trainable(), found, seen)
            return
        for item in (attributes(thing) or {}).values():
            _collect_arrays(item, found, seen)


@rule(params)
def _params(*things: Any) -> Any:
    y = params(*things)

    def pullback(y_bar: Any) -> Any:
        return params_cotangent(things, y, y_bar)

    return y, pullback


def params_cotangent(things: tuple, ps: Params, bars: list) -> tuple:
    """The cotangents of arrays, in the form of the things in which they were found."""
    by_array = {id(p): bar for p, bar in zip(ps, bars, strict=True)}
    return tuple([_spread(thing, by_array, set()) for thing in things])


def _spread(thing: Any, bars: dict[int, Any], seen: set[int]) -> Any:
    if isinstance(thing, np.ndarray):
        return bars.pop(id(thing), None)
    if isinstance(thing, str | bytes | type) or id(thing) in seen:
        return None
    seen.add(id(thing))
    if isinstance(thing, Params | list | tuple):
        items = [_spread(item, bars, seen) for item in thing]
        return tuple(items) if isinstance(thing, tuple) else items
    if isinstance(thing, dict):
        return {k: _spread(v, bars, seen) for k, v in thing.items()}
    if hasattr(thing, "__closure__"):
        names = thing.__code__.co_freevars
        cells = thing.__closure__ or ()
        return Tangent(
            **{n: _spread(c.cell_contents, bars, seen) for n, c in zip(names, cells, strict=True)}
        )
    fields = attributes(thing) or {}
    return Tangent(**{n: _spread(v, bars, seen) for n, v in fields.items()})


class Grads:
    """The gradients of `Params`, looked up by identity: `gs[W]`."""

    def __init__(self, ps: Params, bars: dict[int, Any]) -> None:
        self.params = ps
        self._bars = {id(p): bars.get(id(p)) for p in ps}
        for p in ps:
            if self._bars[id(p)] is None:
                self._bars[id(p)] = np.zeros(p.shape, p.dtype)

    def __getitem__(self, array: Any) -> Any:
        try:
            return self._bars[id(array)]
        except KeyError:
            raise KeyError("this array is not one of the parameters of these gradients") from None

    def __contains__(self, array: Any) -> bool:
        return id(array) in self._bars

    def __iter__(self) -> Iterator[Any]:
        return iter([self._bars[id(p)] for p in self.params])

    def __len__(self) -> int:
        return len(self._bars)

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Pairs of parameter and gradient."""
        return iter([(p, self._bars[id(p)]) for p in self.params])

    def __repr__(self) -> str:
        return f"Grads({list(self)!r})"


def implicit_gradients(f: Callable, ps: Params, kwargs: dict[str, Any]) -> tuple[Any, Grads]:
    """Value and gradients with respect to arrays, wherever the code reaches them."""

    def wanted(kind: str, key: Any) -> bool:
        value = f if kind == "callee" else load_capture(f, key) if kind == "capture" else key.read()
        return value in ps if type(value) is np.ndarray else True

    with cache.implicit():
        return _implicit_call(f, ps, kwargs, wanted)


def _implicit_call(
    f: Callable, ps: Params, kwargs: dict[str, Any], wanted: Any
) -> tuple[Any, Grads]:
    entry, inputs = cache.find("value_and_gradient", f, (), kwargs, ("callee",), wanted)
    value, bars = cache.call(entry, inputs)
    captured = [load_capture(f, name) for name in entry.captures]
    roots = inputs[len(inputs) - len(entry.compiled.roots) :]
    found: dict[int, Any] = {}
    for outside, bar in zip([f, *captured, *roots], bars, strict=True):
        _gather(outside, bar, ps, found)
    return value, Grads(ps, found)


def _gather(value: Any, bar: Any, ps: Params, found: dict[int, Any]) -> None:
    """Add up the cotangents of parameters that are found in a value."""
    if bar is None:
        return
    if isinstance(bar, RootTangent):
        _gather(value, bar.own, ps, found)
        for root, root_bar in bar.roots.values():
            _gather(root, root_bar, ps, found)
    elif isinstance(value, np.ndarray):
        if value in ps:
            found[id(value)] = accumulate(found.get(id(value)), bar)
    elif isinstance(value, Params | list | tuple):
        for item, item_bar in zip(value, bar, strict=True):
            _gather(item, item_bar, ps, found)
    elif isinstance(value, dict):
        for key, item_bar in bar.items():
            _gather(value[key], item_bar, ps, found)
    elif isinstance(bar, Tangent):
        for name in bar:
            function = isinstance(value, types.FunctionType)
            inner = load_capture(value, name) if function else getattr(value, name)
            _gather(inner, getattr(bar, name), ps, found)
