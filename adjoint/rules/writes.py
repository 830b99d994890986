"""Calls that write into their operands: which they are, and the refusal of those that matter."""

from __future__ import annotations

import collections
import operator
from typing import Any

import numpy as np

from adjoint.errors import UnsupportedSyntaxError

CONTAINERS = (list, dict, set, bytearray, collections.deque, np.ndarray)
METHODS = {
    "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update", "setdefault",
    "popitem", "add", "discard", "appendleft", "extendleft", "popleft", "rotate", "fill", "put",
    "itemset", "partition", "resize", "setfield", "byteswap", "move_to_end", "subtract",
    "intersection_update", "difference_update", "symmetric_difference_update",
    "__setitem__", "__delitem__", "__iadd__", "__setattr__", "__delattr__",
}  # fmt: skip
FUNCTIONS = {
    np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis,
    operator.setitem, operator.delitem, setattr, delattr,
    np.ndarray.fill, np.ndarray.sort, np.ndarray.put, np.ndarray.partition,
    np.ndarray.resize, np.ndarray.setfield, np.ndarray.byteswap, np.add.at,
}  # fmt: skip
#: What changes a set. What it is asked, if a number is there, has no derivative.
SET_CHANGES = (set.add, set.discard, set.remove, set.clear)
HINT = "Build a new value instead: a comprehension for a list, np.where or np.concatenate for an array."


def writes_of(function: Any) -> bool:
    """Does a call of this function write into its first operand?"""
    try:
        if function in FUNCTIONS:
            return True
    except TypeError:
        return False
    owner = getattr(function, "__objclass__", None)
    if owner is not None:
        return owner in CONTAINERS and function.__name__ in METHODS
    bound = getattr(function, "__self__", None)
    return isinstance(bound, CONTAINERS) and getattr(function, "__name__", "") in METHODS


def refuse_write(what: str, origin: Any = None) -> Any:
    """Raises: a value that carries a derivative is written somewhere."""
    if what == "setattr":
        raise UnsupportedSyntaxError(
            "an attribute of a class is assigned a value that may have a derivative",
            origin,
            "Keep it in an attribute of an instance, in a list, or in a global variable.",
        )
    raise UnsupportedSyntaxError(
        f"{what} writes into a value in place, which is not supported yet", origin, HINT
    )


def refuse_out(function: Any, *_: Any, **__: Any) -> Any:
    """Raises: `out=` writes the result into an array."""
    refuse_write(f"out= of {getattr(function, '__name__', 'a function')}")
