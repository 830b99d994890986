"""Functions that take functions or iterables, as plain Python to be differentiated in their place.

What Python makes an iterator is a list here.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterator
from typing import Any

from adjoint.cursor import View
from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules.registry import nondifferentiable, source_of

MISSING: Any = object()


@source_of(map)
def map_(function, iterable, /, *iterables):
    if iterables:
        return [function(*items) for items in zip(iterable, *iterables)]
    return [function(item) for item in iterable]


@source_of(filter)
def filter_(function, iterable, /):
    if function is None:
        return [item for item in iterable if item]
    return [item for item in iterable if function(item)]


@nondifferentiable
def sorted_positions(items: Any, key: Any, reverse: Any) -> list[int]:
    """Where each item of the sorted list stood before."""
    keys = items if key is None else [key(item) for item in items]
    return sorted(range(len(items)), key=keys.__getitem__, reverse=reverse)


@source_of(sorted)
def sorted_(iterable, /, *, key=None, reverse=False):
    items = list(iterable)
    return [items[position] for position in sorted_positions(items, key, reverse)]


@source_of(functools.reduce)
def reduce(function, iterable, initial=MISSING, /):
    items = list(iterable)
    if initial is MISSING and not items:
        raise TypeError("reduce() of empty iterable with no initial value")
    reduced = items[0] if initial is MISSING else initial
    for item in items[1:] if initial is MISSING else items:
        reduced = function(reduced, item)
    return reduced


@nondifferentiable
def leading(predicate: Any, items: Any) -> int:
    """How many items there are before the first for which the predicate does not hold."""
    return next((i for i, item in enumerate(items) if not predicate(item)), len(items))


@source_of(itertools.takewhile)
def takewhile(predicate, iterable, /):
    items = list(iterable)
    return items[: leading(predicate, items)]


@source_of(itertools.dropwhile)
def dropwhile(predicate, iterable, /):
    items = list(iterable)
    return items[leading(predicate, items) :]


def check_apart(iterables):
    """Refuse to take all items of one iterator before those that others take of it in turn."""
    taken = [getattr(x, "cursor", x) for x in iterables if isinstance(x, Iterator | View)]
    if len(set(map(id, taken))) < len(taken):
        raise UnsupportedSyntaxError(
            "`zip_longest` takes several items of one iterator, which is not differentiated",
            hint="Go through a list of its items by indices.",
        )


def check_lengths(*sequences, strict=False):
    """Refuse `zip(…, strict=True)` that is to raise in a loop of a `try` body."""
    if strict and len({len(x) for x in sequences}) > 1:
        raise UnsupportedSyntaxError(
            "`zip` is to raise in a loop of a `try` body, and what variables are then is not known",
            hint="Compare the lengths before the `try`.",
        )


nondifferentiable(check_apart, check_lengths)


@source_of(itertools.zip_longest)
def zip_longest(*iterables, fillvalue=None):
    check_apart(iterables)
    columns = [list(iterable) for iterable in iterables]
    count = max([len(column) for column in columns], default=0)
    return [
        tuple([column[i] if i < len(column) else fillvalue for column in columns])
        for i in range(count)
    ]


@source_of(itertools.accumulate)
def accumulate(iterable, func=None, *, initial=None):
    items = list(iterable) if initial is None else [initial, *iterable]
    results = items[:1]
    for item in items[1:]:
        results = [*results, results[-1] + item if func is None else func(results[-1], item)]
    return results


@source_of(itertools.chain)
def chain(*iterables):
    return [item for iterable in iterables for item in iterable]


@source_of(itertools.chain.from_iterable)
def chain_from_iterable(iterable, /):
    return [item for each in iterable for item in each]


@source_of(itertools.starmap)
def starmap(function, iterable, /):
    return [function(*items) for items in iterable]


@source_of(itertools.product)
def product(*iterables, repeat=1):
    rows = [()]
    for pool in [list(iterable) for _ in range(repeat) for iterable in iterables]:
        rows = [(*row, item) for row in rows for item in pool]
    return rows


@source_of(itertools.pairwise)
def pairwise(iterable, /):
    items = list(iterable)
    return [(items[i], items[i + 1]) for i in range(len(items) - 1)]


@nondifferentiable
def index_rows(choose: Any, count: int, length: Any) -> list[tuple[int, ...]]:
    """What an `itertools` function makes of range(count)."""
    return list(choose(range(count), length))


@source_of(itertools.combinations)
def combinations(iterable, r):
    items = list(iterable)
    return [
        tuple([items[i] for i in row]) for row in index_rows(itertools.combinations, len(items), r)
    ]


@source_of(itertools.combinations_with_replacement)
def combinations_with_replacement(iterable, r):
    items = list(iterable)
    return [
        tuple([items[i] for i in row])
        for row in index_rows(itertools.combinations_with_replacement, len(items), r)
    ]


@source_of(itertools.permutations)
def permutations(iterable, r=None):
    items = list(iterable)
    return [
        tuple([items[i] for i in row]) for row in index_rows(itertools.permutations, len(items), r)
    ]


@source_of(operator.call)
def call(obj, /, *args, **kwargs):
    return obj(*args, **kwargs)
