"""Sequences of different lengths as arrays, windows on them; scales, counts and chunks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np


class Padded(NamedTuple):
    """values: (n, length, ...)  mask: (n, length), true where there is something"""

    values: np.ndarray
    mask: np.ndarray


def pad(sequences: Sequence[Any], value: Any = 0, *, length: int | None = None) -> Padded:
    """Sequences (lengthᵢ, ...) in one array, filled up with `value`, and where they were.

    length: that of the array; the longest sequence's if not given, and longer ones are cut.

    >>> values, mask = pad([[1, 2, 3], [4]], value=-1)
    >>> values, mask
    (array([[ 1,  2,  3],
           [ 4, -1, -1]]), array([[ True,  True,  True],
           [ True, False, False]]))
    """
    arrays = [np.asarray(sequence) for sequence in sequences]
    if length is None:
        length = max(map(len, arrays), default=0)
    inner = {a.shape[1:] for a in arrays if len(a)}
    if len(inner) > 1:
        raise ValueError(f"the items of the sequences have different shapes: {sorted(inner)}")
    shape = (len(arrays), length, *(inner.pop() if inner else ()))
    dtype = np.result_type(*[a for a in arrays if len(a)]) if any(map(len, arrays)) else float
    values, mask = np.full(shape, value, dtype), np.zeros(shape[:2], bool)
    if len(arrays) and values.size and np.any(values.reshape(-1)[0] != value) and value == value:
        raise ValueError(f"{value!r} cannot fill up sequences of {dtype}")
    for row, seen, a in zip(values, mask, arrays):
        row[: len(a)], seen[: len(a)] = a[:length], True
    return Padded(values, mask)


def unpad(values: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
    """The sequences that were padded."""
    return [row[seen] for row, seen in zip(values, mask, strict=True)]


def windows(x: np.ndarray, size: int, *, stride: int = 1) -> np.ndarray:
    """Stretches of the first axis: (n, ...) to (windows, size, ...), a view that is not to be written to.

    >>> windows(np.arange(5), 3)
    array([[0, 1, 2],
           [1, 2, 3],
           [2, 3, 4]])
    """
    if size > len(x):
        raise ValueError(f"windows of {size} on {len(x)} observations")
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis=0)
    return np.moveaxis(view, -1, 1)[::stride]


def following(x: Any, size: int, *, stride: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Windows, and the same one step later: what a model of sequences reads, and what it predicts.

    stride: that of the windows, one after the other if not given.

    >>> following(np.arange(5), 2)
    (array([[0, 1],
           [2, 3]]), array([[1, 2],
           [3, 4]]))
    """
    pairs = windows(np.asarray(x), size + 1, stride=stride or size)
    return pairs[:, :-1], pairs[:, 1:]


def chunk(items: Any, n: int | None = None, *, size: int | None = None) -> list:
    """Consecutive pieces: at most `n` of about the same size, or each of `size` items.

    >>> chunk([1, 2, 3, 4, 5], size=2)
    [[1, 2], [3, 4], [5]]
    """
    if (n is None) == (size is None):
        raise TypeError("chunk takes either n, how many, or size, how long")
    step = max(size or 1, 1) if n is None else max(-(-len(items) // n), 1)
    return [items[i : i + step] for i in range(0, len(items), step)]


def frequencies(items: Iterable[Any]) -> dict[Any, int]:
    """How often each item occurs.

    >>> frequencies("abca")
    {'a': 2, 'b': 1, 'c': 1}
    """
    return dict(Counter(items))


def normalise(x: Any, axis: Any = 0, *, eps: float = 1e-5) -> Any:
    """Of mean 0 and, nearly, variance 1 along the axis: (x - mean) / (std + eps).

    axis: 0, over the observations, each feature by itself; None for one scale for all.
    """
    return (x - np.mean(x, axis=axis, keepdims=True)) / (np.std(x, axis=axis, keepdims=True) + eps)


def rescale(x: Any, low: float = 0.0, high: float = 1.0, axis: Any = 0) -> Any:
    """From `low` to `high` along the axis; what is the same everywhere becomes `low`."""
    least = np.min(x, axis=axis, keepdims=True)
    width = np.max(x, axis=axis, keepdims=True) - least
    return low + (high - low) * (x - least) / np.where(width == 0, 1, width)
