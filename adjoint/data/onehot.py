"""Labels as vectors of one 1 and zeros, without the zeros."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np


class OneHot:
    """An array (..., classes) of zeros and, in each row, a one: what is kept is where it is.

    `encoded @ W` takes rows of W, and has its derivative; NumPy's functions see the array itself.

    >>> encoded = OneHot(np.array([2, 0]), 3)
    >>> encoded.shape, np.asarray(encoded)
    ((2, 3), array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32))
    >>> encoded @ np.array([[1, 2], [3, 4], [5, 6]])
    array([[5, 6],
           [1, 2]])
    """

    takes_rows = True  # of DataLoader and the like: `encoded[rows]` is an encoding

    def __init__(self, indices: Any, classes: int, dtype: Any = np.float32) -> None:
        indices = np.asarray(indices)
        if indices.dtype.kind not in "iu":
            raise TypeError(f"positions of ones are integers, not {indices.dtype}")
        if indices.size and not (0 <= indices.min() and indices.max() < classes):
            raise ValueError(
                f"positions from {indices.min()} to {indices.max()} in rows of {classes}"
            )
        self.indices, self.classes, self.dtype = indices, classes, np.dtype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.indices.shape, self.classes)

    @property
    def ndim(self) -> int:
        return self.indices.ndim + 1

    @property
    def size(self) -> int:
        return self.indices.size * self.classes

    def dense(self) -> np.ndarray:
        """The array, zeros and all."""
        return (self.indices[..., None] == np.arange(self.classes)).astype(self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("a one-hot encoding becomes an array only by making one")
        return self.dense() if dtype is None else self.dense().astype(dtype)

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[OneHot]:
        return (OneHot(i, self.classes, self.dtype) for i in self.indices)

    def __getitem__(self, rows: Any) -> Any:
        """Rows are an encoding again; what chooses among the classes as well is an array."""
        width = len(rows) if isinstance(rows, tuple) else 1
        if (
            width > self.indices.ndim
            or rows is Ellipsis
            or isinstance(rows, tuple)
            and (any(r is Ellipsis or r is None for r in rows))
        ):
            return self.dense()[rows]
        return OneHot(self.indices[rows], self.classes, self.dtype)

    def __matmul__(self, W: Any) -> Any:
        if np.shape(W)[0] != self.classes:
            raise ValueError(f"one-hot rows of {self.classes} times an array {np.shape(W)}")
        return W[self.indices]

    def __rmatmul__(self, A: Any) -> Any:
        return A @ self.dense()

    def __mul__(self, other: Any) -> Any:
        return self.dense() * other

    def __rmul__(self, other: Any) -> Any:
        return other * self.dense()

    def __add__(self, other: Any) -> Any:
        return self.dense() + other

    def __radd__(self, other: Any) -> Any:
        return other + self.dense()

    def __sub__(self, other: Any) -> Any:
        return self.dense() - other

    def __rsub__(self, other: Any) -> Any:
        return other - self.dense()

    __array_priority__ = 100.0
    __array_ufunc__ = None  # so that `array @ encoded` comes here

    def __eq__(self, other: object) -> Any:
        if isinstance(other, OneHot):
            return self.classes == other.classes and np.array_equal(self.indices, other.indices)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def argmax(self, axis: int = -1, out: Any = None) -> np.ndarray:
        """Of each row, where the one is."""
        return self.indices if axis in (-1, self.ndim - 1) else np.argmax(self.dense(), axis)

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, **options: Any) -> Any:
        """The number of rows in all; for the last axis ones; else how often each class is there."""
        return self.dense().sum(axis, dtype, out, **options)

    def joined(self, *others: OneHot) -> OneHot:
        """The rows of this encoding, then those of the others.  ValueError for other numbers of classes."""
        classes = [self.classes, *(other.classes for other in others)]
        if len(set(classes)) > 1:
            raise ValueError(f"one-hot rows of {classes} classes cannot be joined")
        indices = np.concatenate([self.indices, *(other.indices for other in others)])
        return OneHot(indices, self.classes, self.dtype)

    def counts(self) -> np.ndarray:
        """How often each class is there: (classes,)"""
        return np.bincount(self.indices.reshape(-1), minlength=self.classes)

    def __repr__(self) -> str:
        return f"OneHot({np.array2string(self.indices, threshold=10)}, {self.classes})"


def onehot(label: Any, labels: Sequence[Any], default: Any = None) -> OneHot:
    """The vector of zeros with a one where `labels` has the label.

    default: the label to take for one that is not among them; without it, ValueError.

    >>> np.asarray(onehot("b", "abc"))
    array([0., 1., 0.], dtype=float32)
    """
    return onehot_batch([label], labels, default)[0]


def onehot_batch(
    values: Iterable[Any], labels: Sequence[Any] | int | None = None, default: Any = None
) -> OneHot:
    """A row for each value (a character of a text, an item of a list, an entry of an array).

    labels: the classes in order, a number of classes 0, 1, …, or None for what occurs, sorted.

    >>> onehot_batch("cab", "abc")
    OneHot([2 0 1], 3)
    """
    values = values if isinstance(values, np.ndarray) else np.array(list(values), object)
    flat = values.reshape(-1).tolist()
    if labels is None:
        labels = sorted(set(flat))
    elif isinstance(labels, int):
        labels = range(labels)
    places = {label: i for i, label in enumerate(plain_labels(labels))}
    rest = None if default is None else places[default]
    try:
        indices = [places[v] if rest is None else places.get(v, rest) for v in flat]
    except KeyError as error:
        raise ValueError(
            f"{error.args[0]!r} is not among the labels {list(places)!r:.60}; give default= for such"
        ) from None
    return OneHot(np.array(indices, int).reshape(values.shape), len(places))


def plain_labels(labels: Any) -> list:
    return labels.tolist() if isinstance(labels, np.ndarray) else list(labels)


def onecold(scores: Any, labels: Sequence[Any] | None = None) -> Any:
    """Of each row (the last axis) the label of the greatest entry; without labels its position.

    The first where several are equal.  ValueError for a NaN.

    >>> onecold(np.array([[0.1, 0.9], [0.8, 0.2]]), ["no", "yes"])
    array(['yes', 'no'], dtype='<U3')
    """
    if isinstance(scores, OneHot):
        indices = scores.indices
    else:
        scores = np.asarray(scores)
        if scores.dtype.kind in "fc" and np.isnan(scores).any():
            raise ValueError("scores that are NaN have no greatest")
        indices = np.argmax(scores, axis=-1)
    return indices if labels is None else np.array(plain_labels(labels))[indices]
