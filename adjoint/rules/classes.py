"""Classes made in the program, and their instances: what their methods capture."""

from __future__ import annotations

import types
from typing import Any

from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules.operators import is_hashable
from adjoint.rules.registry import jvp_rule, rule
from adjoint.tree import Tangent

_active: set[Any] = set()  # classes that captured something with a derivative, and their methods


class Prototype:
    """A class made when the program is compiled, and the cells that its methods captured."""

    def __init__(self, cls: type, cells: dict[str, types.CellType]) -> None:
        self.cls, self.cells = cls, cells

    def activate(self) -> None:
        """Note that something captured carries a derivative: methods are inlined, or refused."""
        _active.add(self.cls)
        _active.update(map(id, self.cells.values()))
        for value in vars(self.cls).values():
            for part in ("__func__", "fget", "fset", "fdel", "func"):
                value = getattr(value, part, None) or value
            if isinstance(value, types.FunctionType):
                _active.add(value)


def made_class(prototype: Prototype, *captured: Any) -> type:
    """`class …`, inside a function: its methods capture these."""
    for cell, value in zip(prototype.cells.values(), captured, strict=True):
        cell.cell_contents = value
    return prototype.cls


@rule(made_class)
def _(prototype, *captured):
    y = made_class(prototype, *captured)

    def pullback(y_bar):
        return None

    return y, pullback


@jvp_rule(made_class)
def made_class_jvp(primals, tangents):
    return made_class(*primals), Tangent()


def new_captured(cls: Any, *captured: Any) -> Any:
    """An instance of such a class before `__init__`."""
    return cls.__new__(cls)


@rule(new_captured)
def _(cls, *captured):
    y = new_captured(cls, *captured)

    def pullback(y_bar):
        return None

    return y, pullback


@jvp_rule(new_captured)
def new_captured_jvp(primals, tangents):
    return new_captured(*primals), Tangent()


def is_active_cell(cell: types.CellType) -> bool:
    """Does it keep what has a derivative, captured by methods of a class?"""
    return id(cell) in _active


def refuse_captured(function: Any) -> None:
    """Refuse a class that captured what has a derivative, or a method, met when the program runs."""
    if not _active:
        return
    asked = function.__mro__ if isinstance(function, type) else (function, *type(function).__mro__)
    cells = getattr(function, "__closure__", None) or ()
    if any(is_hashable(f) and f in _active for f in asked) or any(map(is_active_cell, cells)):
        raise UnsupportedSyntaxError(
            f"{getattr(function, '__qualname__', 'an object')} captures a value that may have a"
            " derivative, and only running tells that it is called",
            hint="Pass the value to the constructor, or to the methods.",
        )
