"""Text: what makes it of numbers, and the derivative that is lost where it is read back as numbers.

To print a value is no matter. But in `float(str(x))` the derivative of x would be lost without a
word: so text has a cotangent, a `ReadBack`, made where a number that was read from the text gets a
cotangent that is not zero, and refused where the text was made.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from adjoint import runtime
from adjoint.rules.registry import textual
from adjoint.tree import Number, ReadBack, Tangent, Underived

#: Methods of text that tell something about it; the others give text, or parts of it.
TELLING = {
    "count", "find", "index", "rfind", "rindex", "startswith", "endswith", "__len__", "__contains__",
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__",
    *(name for name in dir(str) if name.startswith("is")),
}  # fmt: skip
#: Methods of text that give one text.
GIVES_TEXT = {
    "capitalize", "casefold", "center", "encode", "decode", "expandtabs", "format", "format_map",
    "join", "ljust", "lower", "lstrip", "removeprefix", "removesuffix", "replace", "rjust", "rstrip",
    "strip", "swapcase", "title", "translate", "upper", "zfill", "hex",
}  # fmt: skip
MAKERS = {
    str, repr, ascii, format, bytes, np.array2string, np.array_repr, np.array_str,
    runtime.format_value, runtime.join_strings,
}  # fmt: skip

textual(
    *MAKERS, np.ndarray.tobytes, float.hex, bytearray,
    *(method for cls in (str, bytes) for name, method in vars(cls).items()
      if isinstance(method, types.MethodDescriptorType) and name not in TELLING),
)  # fmt: skip


def read_back(bar: Any, reader: str = "", origin: Any = None) -> Any:
    """The cotangent of a text, from that of what a call made of it; None if that is zero."""
    if vanishes(bar):
        return None
    return first_read_back(bar) or ReadBack(reader, origin)


def refuse_read_back(bar: Any, origin: Any = None) -> None:
    """Raises if something that is not constant was read from a text, whose cotangent this is."""
    if vanishes(bar):
        return
    found = first_read_back(bar) or ReadBack("", origin)
    if isinstance(found, Underived):
        found.refuse()
    ReadBack(found.reader, found.origin or origin).refuse()


def leaves(bar: Any) -> list[Any]:
    """The parts of a cotangent that have none themselves."""
    if isinstance(bar, dict):
        return [leaf for item in bar.values() for leaf in leaves(item)]
    if isinstance(bar, list | tuple):
        return [leaf for item in bar for leaf in leaves(item)]
    if isinstance(bar, Tangent):
        return [leaf for name in bar for leaf in leaves(getattr(bar, name))]
    return [] if bar is None else [bar]


def vanishes(bar: Any) -> bool:
    """Is a cotangent zero in every part?"""
    return not any(
        bool(np.any(leaf)) if isinstance(leaf, np.ndarray | Number) else True
        for leaf in leaves(bar)
    )


def first_read_back(bar: Any) -> ReadBack | None:
    return next((leaf for leaf in leaves(bar) if isinstance(leaf, ReadBack)), None)


def only_text(function: Any, active: tuple, args: tuple, kwargs: dict) -> bool:
    """Is a text all that has a derivative in this call (and no key, which only chooses an item)?"""
    if not active or "*" in active or "**" in active:
        return False
    operands = [kwargs.get(a) if isinstance(a, str) else args[a] for a in active if a != "callee"]
    if not operands or not all(isinstance(o, str | bytes) for o in operands):
        return False
    return 0 in active or getattr(function, "__name__", "") not in ("getitem", "call_method", "get")
