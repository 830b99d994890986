"""The functions of `dataclasses` that go through the fields of an object."""

from __future__ import annotations

import dataclasses
from typing import Any

from adjoint.rules.copies import copied_whole
from adjoint.rules.registry import nondifferentiable, source_of


@nondifferentiable
def field_names(obj: Any, function: str) -> tuple[str, ...]:
    """The names of the fields of an instance of a dataclass; the TypeError of `function` for others."""
    if isinstance(obj, type) or not dataclasses.is_dataclass(obj):
        raise TypeError(f"{function}() should be called on dataclass instances")
    return tuple([f.name for f in dataclasses.fields(obj)])


@nondifferentiable
def has_fields(cls: type) -> bool:
    return dataclasses.is_dataclass(cls)


@nondifferentiable
def is_named(cls: type) -> bool:
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


@source_of(dataclasses.replace)
def replaced(obj, /, **changes):
    kept = {
        f.name: getattr(obj, f.name)
        for f in dataclasses.fields(obj)
        if f.init and f.name not in changes
    }
    return type(obj)(**kept, **changes)


@source_of(dataclasses.asdict)
def asdict(obj, *, dict_factory=dict):
    names = field_names(obj, "asdict")
    return dict_factory([(n, plain(getattr(obj, n), "asdict", dict_factory)) for n in names])


@source_of(dataclasses.astuple)
def astuple(obj, *, tuple_factory=tuple):
    names = field_names(obj, "astuple")
    return tuple_factory([plain(getattr(obj, n), "astuple", tuple_factory) for n in names])


def plain(value, function, factory):
    """A part of a dataclass as `asdict` or `astuple` gives it."""
    cls = type(value)
    if has_fields(cls) and function == "asdict":
        return dataclasses.asdict(value, dict_factory=factory)
    if has_fields(cls):
        return dataclasses.astuple(value, tuple_factory=factory)
    if is_named(cls):
        return cls(*[plain(v, function, factory) for v in value])
    if cls is list:
        return [plain(v, function, factory) for v in value]
    if cls is tuple:
        return tuple([plain(v, function, factory) for v in value])
    if cls is dict:
        return {plain(k, function, factory): plain(v, function, factory) for k, v in value.items()}
    if isinstance(value, int | float | complex | str | None):
        return value
    return copied_whole(value)


source_of(plain)(plain)
