"""Objects of other libraries that stand for numbers: which of their attributes carry a derivative.

A spline is its breakpoints and its coefficients, a sparse matrix the numbers that it stores; the rest of
what such an object keeps says how they are meant. Its cotangent has the attributes that are declared here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError


@dataclass(frozen=True)
class Parts:
    """names    the attributes that carry a derivative
    present  the cotangent as users see it, from the object and the cotangents of these by name; else
             it is a `Tangent`
    """

    names: tuple[str, ...]
    present: Callable[[Any, dict[str, Any]], Any] | None = None


_PARTS: dict[type, Parts] = {}
# Set by the table of rules: declares what belongs to a class whose module the program has imported.
ask: Callable[[type], None] | None = None


def declare_parts(
    cls: type, *names: str, present: Callable[[Any, dict[str, Any]], Any] | None = None
) -> None:
    """Objects of the class, and of its subclasses, are these attributes."""
    _PARTS[cls] = Parts(names, present)


def refuse_assignment(cls: type, name: str, origin: Any = None) -> None:
    """Raises, of an object that stands for its parts: what is assigned would not count as one of them."""
    if parts_of(cls) is not None:
        raise MissingRuleError(
            f"no derivative is known for assigning the attribute {name!r} of a {cls.__name__}",
            origin,
            "Make a new object of the new numbers.",
        )


def unknown_part(x: Any, name: str) -> MissingRuleError | None:
    """Of an object that stands for its parts, why the derivative of another attribute is not known; None
    if the attribute is a part, or no number that might have one."""
    parts = parts_of(type(x))
    if parts is None or name in parts.names:
        return None
    value = getattr(x, name)
    if is_setting(value) and not (name.startswith("_") and holds_attributes(value)):
        return None
    return MissingRuleError(
        f"no derivative is known for the attribute {name!r} of {type(x).__name__}",
        hint=f"Those that have one are {', '.join(parts.names)}.",
    )


def holds_attributes(value: Any) -> bool:
    """Is this an object that may keep the parts by names of its own? SciPy's splines are made of such."""
    return hasattr(value, "__dict__") and not (inspect.isroutine(value) or inspect.isclass(value))


def is_setting(value: Any) -> bool:
    """Is this no floating number, and does it hold none?"""
    if isinstance(value, tuple | list):
        return all(map(is_setting, value))
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "biuUS"
    return value is None or callable(value) or isinstance(value, int | str)


def parts_of(cls: type) -> Parts | None:
    """What is declared of a class or of its bases."""
    if ask is not None:
        ask(cls)
    return next((_PARTS[base] for base in cls.__mro__ if base in _PARTS), None) if _PARTS else None


def slot_names(cls: type) -> tuple[str, ...]:
    """The attributes that a class itself, not its bases, keeps in `__slots__`."""
    slots = cls.__dict__.get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else tuple(slots)
    return tuple(n for n in names if n not in ("__dict__", "__weakref__"))


def in_slots(x: Any) -> dict[str, Any]:
    """What an object keeps in the `__slots__` of its class and bases."""
    if getattr(type(x), "__slots__", None) is None:
        return {}
    names = [n for c in type(x).__mro__ if "__slots__" in c.__dict__ for n in slot_names(c)]
    return {n: getattr(x, n) for n in names if hasattr(x, n)}
