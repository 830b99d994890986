"""A mapping keyed by array objects: by which array it is, not by what it contains."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np


class IdentityMap:
    """Values by array identity.  An entry goes when its array does.

    A copy or pickle that contains the arrays as well, such as that of `(model, state)`, maps the
    copied arrays.

    >>> a, b = np.zeros(2), np.zeros(2)
    >>> slots = IdentityMap()
    >>> slots[a] = "first"
    >>> slots.get(a), slots.get(b)
    ('first', None)
    >>> del a
    >>> len(slots)
    0
    """

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref, Any]] = {}

    def get(self, x: np.ndarray) -> Any:
        """The value of the array, or None."""
        entry = self._entries.get(id(x))
        return None if entry is None else entry[1]

    def __setitem__(self, x: np.ndarray, value: Any) -> None:
        key, entries = id(x), self._entries
        entries[key] = (weakref.ref(x, lambda _: entries.pop(key, None)), value)

    def __len__(self) -> int:
        return len(self._entries)

    def items(self) -> Iterator[tuple[np.ndarray, Any]]:
        """The arrays and their values, in the order in which they were first seen."""
        for reference, value in list(self._entries.values()):
            x = reference()
            if x is not None:
                yield x, value

    def __getstate__(self) -> list[tuple[np.ndarray, Any]]:
        return list(self.items())

    def __setstate__(self, items: list[tuple[np.ndarray, Any]]) -> None:
        self.__init__()
        for x, value in items:
            self[x] = value
