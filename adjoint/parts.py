"""Objects of other libraries that stand for numbers: which of their attributes carry a derivative.

A spline is its breakpoints and its coefficients, a sparse matrix the numbers that it stores; the rest of
what such an object keeps says how they are meant. Its cotangent has the attributes that are declared here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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


def parts_of(cls: type) -> Parts | None:
    """What is declared of a class or of its bases."""
    if ask is not None:
        ask(cls)
    return next((_PARTS[base] for base in cls.__mro__ if base in _PARTS), None) if _PARTS else None
