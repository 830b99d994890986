"""The numbers and arrays inside nested values: walking them, putting others in their place."""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adjoint.tree import Number, Tangent, same_container

ATOMS = (
    str | bytes | bool | np.bool_ | type | types.ModuleType | types.FunctionType | np.dtype
    | types.BuiltinFunctionType | np.ufunc | range | slice | np.random.Generator
)  # fmt: skip


def is_number(value: Any) -> bool:
    """A number or an array of numbers; not a bool."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iufc"
    return isinstance(value, Number) and not isinstance(value, bool | np.bool_)


def is_floating(value: Any) -> bool:
    """A real or complex number or array, not an integer."""
    return is_number(value) and np.asarray(value).dtype.kind in "fc"


def children(value: Any) -> list[tuple[str, Any]]:
    """What a container or an object holds, with the text by which it is reached."""
    if isinstance(value, dict):
        return [(f"[{key!r}]", item) for key, item in value.items()]
    names = getattr(value, "_fields", None)
    if isinstance(value, tuple) and names:
        return [(f".{name}", item) for name, item in zip(names, value, strict=True)]
    if isinstance(value, tuple | list):
        return [(f"[{i}]", item) for i, item in enumerate(value)]
    if value is None or isinstance(value, ATOMS) or is_number(value):
        return []
    return [(f".{name}", getattr(value, name)) for name in attribute_names(value)]


def attribute_names(value: Any) -> list[str]:
    """The attributes that an object has of its own."""
    slots = [name for cls in type(value).__mro__ for name in cls.__dict__.get("__slots__", ())]
    names = dict.fromkeys([*getattr(value, "__dict__", {}), *slots])
    return [name for name in names if not name.startswith("__") and hasattr(value, name)]


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Every number and array inside a value, each object looked into once.

    >>> leaves({"w": (1.0, [2.0, "text"])})
    [("['w'][0]", 1.0), ("['w'][1][0]", 2.0)]
    """
    return list(_leaves(value, path, []))


def _leaves(value: Any, path: str, above: list[Any]) -> Iterator[tuple[str, Any]]:
    if is_number(value):
        yield path, value
    elif not any(value is each for each in above):
        for name, item in children(value):
            yield from _leaves(item, path + name, [*above, value])


def replaced(value: Any, replace: Callable[[Any], Any]) -> Any:
    """A copy of the value in which each leaf is `replace(leaf)`, in the order of `leaves`."""
    if is_number(value):
        return replace(value)
    if isinstance(value, dict):
        return {key: replaced(item, replace) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return same_container(value, [replaced(item, replace) for item in value])
    if not children(value):
        return value
    made = copy.copy(value)
    for name in attribute_names(value):
        object.__setattr__(made, name, replaced(getattr(value, name), replace))
    return made


def with_leaves(value: Any, items: list[Any]) -> Any:
    """A copy of the value with these leaves."""
    rest = iter(items)
    return replaced(value, lambda _: next(rest))


def cotangents(value: Any, bar: Any) -> list[Any]:
    """The part of a cotangent that belongs to each of `leaves(value)`; None where there is none."""
    if is_number(value):
        return [bar]
    parts: list[Any] = []
    for position, (name, item) in enumerate(children(value)):
        if isinstance(bar, Tangent):
            item_bar = getattr(bar, name.removeprefix("."), None)
        elif isinstance(bar, dict):
            item_bar = bar.get(list(value)[position])
        else:
            item_bar = None if bar is None else bar[position]
        parts += cotangents(item, item_bar)
    return parts


def inner(a: Any, b: Any) -> float:
    """The real inner product of a cotangent and a tangent; None is zero."""
    if a is None or b is None:
        return 0.0
    return float(np.sum(np.real(np.conj(np.asarray(a)) * np.asarray(b))))
