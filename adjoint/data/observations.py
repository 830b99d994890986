"""Data as observations: how many there are, and some of them.

Observations are along the first axis of an array.  A tuple or dict (of named fields) of such data is
data whose observations are tuples or dicts; a list holds an observation in each item, and so does any
object with `__len__` and `__getitem__`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

Rows = int | slice | np.ndarray
Fractions = float | int | Sequence[float] | Sequence[int]


def count(data: Any) -> int:
    """The number of observations.  ValueError where the parts have different numbers.

    >>> count((np.zeros((5, 2)), {"label": [1, 2, 3, 4, 5]}))
    5
    """
    if isinstance(data, tuple | dict):
        parts = data.values() if isinstance(data, dict) else data
        counts = [count(part) for part in parts]
        if len(set(counts)) != 1:
            raise ValueError(
                f"the parts of the data have {counts} observations: not the same number"
            )
        return counts[0]
    if isinstance(data, np.ndarray) and not data.ndim:
        raise ValueError("an array without axes holds no observations")
    return len(data)


def take(data: Any, rows: Rows) -> Any:
    """One observation (`rows` is a number) or some (a slice or an array of numbers).

    >>> take((np.arange(6).reshape(3, 2), ["a", "b", "c"]), np.array([2, 0]))
    (array([[4, 5],
           [0, 1]]), ['c', 'a'])
    """
    if isinstance(data, tuple):
        items = [take(part, rows) for part in data]
        return type(data)(*items) if hasattr(data, "_fields") else tuple(items)
    if isinstance(data, dict):
        return {name: take(part, rows) for name, part in data.items()}
    if isinstance(data, np.ndarray) or hasattr(data, "takes_rows"):
        return data[rows]
    if isinstance(rows, slice):
        rows = np.arange(len(data))[rows]
    if isinstance(rows, np.ndarray):
        return [data[int(i)] for i in rows]
    return data[rows]


def collate(items: Sequence[Any]) -> Any:
    """A list of observations as one batch: arrays and numbers stacked, containers by their parts.

    What cannot be stacked (texts, arrays of different shapes) stays a list.

    >>> collate([(np.zeros(2), 1, "a"), (np.ones(2), 0, "b")])
    (array([[0., 0.],
           [1., 1.]]), array([1, 0]), ['a', 'b'])
    """
    first = items[0]
    if isinstance(first, tuple):
        parts = [collate(part) for part in zip(*items, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    if isinstance(first, dict):
        return {name: collate([item[name] for item in items]) for name in first}
    if isinstance(first, np.ndarray | np.generic | int | float | complex):
        if len({np.shape(item) for item in items}) == 1:
            return np.stack(items)
    return list(items)


def shuffled(data: Any, *, rng: Any = None) -> Any:
    """The observations in a random order; `rng` is a seed, a `np.random.Generator`, or None."""
    return take(data, np.random.default_rng(rng).permutation(count(data)))


def sample(data: Any, size: int, *, replace: bool = False, rng: Any = None) -> Any:
    """So many observations at random, each at most once unless `replace`."""
    return take(data, np.random.default_rng(rng).choice(count(data), size, replace=replace))


def grouped(data: Any, by: Callable[[Any], Hashable] | Any) -> dict[Any, Any]:
    """The observations by label: `by` is a function of one, or the labels of all.

    >>> grouped(np.arange(5), by=lambda n: int(n) % 2)
    {0: array([0, 2, 4]), 1: array([1, 3])}
    """
    return {label: take(data, rows) for label, rows in rows_by_label(data, by).items()}


def rows_by_label(data: Any, by: Any) -> dict[Any, np.ndarray]:
    n = count(data)
    labels = [by(take(data, i)) for i in range(n)] if callable(by) else list(by)
    if len(labels) != n:
        raise ValueError(f"there are {len(labels)} labels for {n} observations")
    rows: dict[Any, list[int]] = {}
    for i, label in enumerate(labels):
        rows.setdefault(label.item() if isinstance(label, np.generic) else label, []).append(i)
    return {label: np.array(found) for label, found in rows.items()}


def oversampled(data: Any, by: Any, *, rng: Any = None) -> Any:
    """As many of each label as of the most frequent, some repeated at random; shuffled."""
    return balanced(data, by, max, rng)


def undersampled(data: Any, by: Any, *, rng: Any = None) -> Any:
    """As many of each label as of the rarest, chosen at random; shuffled."""
    return balanced(data, by, min, rng)


def balanced(data: Any, by: Any, wanted: Callable, rng: Any) -> Any:
    rng, groups = np.random.default_rng(rng), rows_by_label(data, by).values()
    size = wanted(map(len, groups))
    chosen = []
    for rows in groups:
        again = rng.choice(rows, max(size - len(rows), 0))
        chosen += [rng.permutation(rows)[:size], again]
    return take(data, rng.permutation(np.concatenate(chosen)))


# -- parts -------------------------------------------------------------------------------------------


def split(
    data: Any,
    at: Fractions = 0.8,
    *,
    shuffle: bool | None = None,
    stratify: Any = None,
    rng: Any = None,
) -> tuple:
    """The data in parts: `at` is the size of the first, or a list of the sizes of all but the last.

    Sizes are fractions (floats) or numbers of observations.  shuffle: in random order, as it is where
    an `rng` is given unless shuffle=False.  stratify: labels, or a function of an observation; then
    each part has each label in the same proportion, in random order.

    >>> train, valid, test = split(np.arange(10), (0.5, 0.3))
    >>> train, valid, test
    (array([0, 1, 2, 3, 4]), array([5, 6, 7]), array([8, 9]))
    """
    sizes = list(at) if isinstance(at, Sequence) else [at]
    shuffle = rng is not None if shuffle is None else shuffle
    if stratify is None:
        n = count(data)
        if not shuffle:
            edges = edges_of(sizes, n)
            return tuple(take(data, slice(a, b)) for a, b in pairwise(edges))
        parts = cut(np.random.default_rng(rng).permutation(n), sizes)
    else:
        if any(isinstance(size, int) for size in sizes):
            raise ValueError("stratified parts have sizes that are fractions, like 0.8")
        rng = np.random.default_rng(rng)
        groups = rows_by_label(data, stratify).values()
        cuts = zip(*[cut(rng.permutation(rows), sizes) for rows in groups], strict=True)
        parts = [rng.permutation(np.concatenate(pieces)) for pieces in cuts]
    return tuple(take(data, rows) for rows in parts)


def edges_of(sizes: Sequence[float], n: int) -> list[int]:
    ends, total = [0], 0.0
    for size in sizes:
        total += size if isinstance(size, int) else size * n
        ends.append(round(total))
    if any(size < 0 for size in sizes) or ends[-1] > n:
        raise ValueError(f"parts of sizes {list(sizes)} are more than the {n} observations")
    return [*ends, n]


def cut(rows: np.ndarray, sizes: Sequence[float]) -> list[np.ndarray]:
    edges = edges_of(sizes, len(rows))
    return [rows[a:b] for a, b in pairwise(edges)]


def folds(
    data: Any, k: int = 5, *, shuffle: bool | None = None, stratify: Any = None, rng: Any = None
) -> Iterator[tuple[Any, Any]]:
    """k pairs (train, valid): each observation is in `valid` once.

    shuffle, stratify: as in `split`.
    """
    n = count(data)
    shuffle = rng is not None if shuffle is None else shuffle
    if not 1 < k <= n:
        raise ValueError(f"{k} folds of {n} observations: there have to be from 2 to {n}")
    rng = np.random.default_rng(rng)
    if stratify is not None:
        groups = [rng.permutation(rows) for rows in rows_by_label(data, stratify).values()]
        order = np.concatenate(groups)
        members = [order[i::k] for i in range(k)]  # dealt out, label after label
    else:
        members = np.array_split(rng.permutation(n) if shuffle else np.arange(n), k)
    for rows in members:
        outside = np.ones(n, bool)
        outside[rows] = False
        yield take(data, np.flatnonzero(outside)), take(data, rows)


def leave_out(data: Any, size: int = 1) -> Iterator[tuple[Any, Any]]:
    """`folds` whose valid part has so many observations (the last perhaps fewer)."""
    return folds(data, -(-count(data) // size))


def time_folds(data: Any, k: int = 5) -> Iterator[tuple[Any, Any]]:
    """k pairs (past, next): the data is cut into k + 1, and nothing is trained on what comes later."""
    edges = [round(i * count(data) / (k + 1)) for i in range(k + 2)]
    for now, then in pairwise(edges[1:]):
        yield take(data, slice(0, now)), take(data, slice(now, then))


# -- one by one --------------------------------------------------------------------------------------


class Mapped:
    """Data of which each observation is passed through a function when it is asked for."""

    def __init__(self, f: Callable[[Any], Any], data: Any) -> None:
        self.f, self.data = f, data

    def __len__(self) -> int:
        return count(self.data)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> Any:
        if not -len(self) <= i < len(self):
            raise IndexError(i)
        return self.f(take(self.data, i))


def mapped(f: Callable[[Any], Any], data: Any) -> Mapped:
    """The data, each observation passed through `f` when it is asked for."""
    return Mapped(f, data)


def filtered(keep: Callable[[Any], bool], data: Any) -> Any:
    """The observations for which `keep` is true."""
    return take(data, np.array([i for i in range(count(data)) if keep(take(data, i))], int))


def joined(*data: Any) -> Any:
    """The observations of the first, then those of the next, of the same form.

    >>> joined((np.zeros(2), ["a", "b"]), (np.ones(1), ["c"]))
    (array([0., 0., 1.]), ['a', 'b', 'c'])
    """
    first = data[0]
    if isinstance(first, tuple):
        parts = [joined(*part) for part in zip(*data, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    if isinstance(first, dict):
        return {name: joined(*[part[name] for part in data]) for name in first}
    if isinstance(first, np.ndarray):
        return np.concatenate(data)
    if hasattr(first, "takes_rows") and all(type(part) is type(first) for part in data):
        return first.joined(*data[1:])
    return [take(part, i) for part in data for i in range(count(part))]
