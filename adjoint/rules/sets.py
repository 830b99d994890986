"""Sets of numbers.

Of equal numbers a set keeps the first, which then has the derivative. The cotangent of a set, and its
tangent, is the list of those of its items, in the order in which it gives them.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator
from typing import Any

from adjoint import runtime
from adjoint.rules.containers import reformed
from adjoint.rules.iterators import taken
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule, source_of


@nondifferentiable
def positions(y: set | frozenset, items: list | tuple) -> list[int]:
    """Which of the items each item of the set is: the first of those that are equal."""
    first: dict[Any, int] = {}
    for i, item in enumerate(items):
        first.setdefault(item, i)
    return [first[item] for item in y]


def at(bars: Any, places: list[int]) -> list | None:
    """The items at these places."""
    return None if bars is None else [bars[i] for i in places]


@rule(at, linear="bars")
def _(bars, places):
    y = at(bars, places)

    def pullback(y_bar):
        return (None if bars is None else put(y_bar, places, len(bars)),)

    return y, pullback


def put(bars: Any, places: list[int], count: int) -> list | None:
    """So many items: these at these places, None elsewhere."""
    if bars is None:
        return None
    found = dict(zip(places, bars, strict=True))
    return [found.get(i) for i in range(count)]


@rule(put, linear="bars")
def _(bars, places, count):
    y = put(bars, places, count)

    def pullback(y_bar):
        return (None if bars is None else at(y_bar, places),)

    return y, pullback


@rule(runtime.make_set)
def make_set(*items):
    y = runtime.make_set(*items)
    places, count = positions(y, items), len(items)

    def pullback(y_bar):
        bars = put(y_bar, places, count)
        return (None,) * count if bars is None else tuple(bars)

    return y, pullback


@jvp_rule(runtime.make_set)
def make_set_jvp(primals, tangents):
    y = runtime.make_set(*primals)
    return y, at(tangents, positions(y, primals))


@rule(set)
def set_(iterable=(), /):
    items = list(iterable)
    y = set(items)
    places, count = positions(y, items), len(items)

    def pullback(y_bar):
        return (reformed(put(y_bar, places, count), iterable),)

    return y, pullback


@jvp_rule(set)
def set_jvp(primals, tangents):
    items, dots = taken(tangents[0], primals[0]) if primals else ([], [])
    y = set(items)
    return y, at(dots, positions(y, items))


@rule(frozenset)
def frozenset_(iterable=(), /):
    items = list(iterable)
    y = frozenset(items)
    places, count = positions(y, items), len(items)

    def pullback(y_bar):
        return (reformed(put(y_bar, places, count), iterable),)

    return y, pullback


@jvp_rule(frozenset)
def frozenset_jvp(primals, tangents):
    items, dots = taken(tangents[0], primals[0]) if primals else ([], [])
    y = frozenset(items)
    return y, at(dots, positions(y, items))


# -- sets made of sets -------------------------------------------------------------------------------


def combined(name: str, *sets: Any) -> set | frozenset:
    """What a method of the first set makes of it and of the others."""
    return getattr(sets[0], name)(*sets[1:])


@rule(combined)
def _(name, *sets):
    y = combined(name, *sets)
    places = positions(y, list(itertools.chain(*sets)))
    counts = tuple(map(len, sets))

    def pullback(y_bar):
        shares = portions(put(y_bar, places, sum(counts)), counts)
        return None, *map(reformed, shares, sets)

    return y, pullback


@jvp_rule(combined)
def combined_jvp(primals, tangents):
    name, *sets = primals
    sets = [list(each) if isinstance(each, Iterator) else each for each in sets]
    y = combined(name, *sets)
    pairs = [taken(dot, each) for dot, each in zip(tangents[1:], sets, strict=True)]
    items, dots = (list(itertools.chain(*column)) for column in zip(*pairs, strict=True))
    return y, at(dots, positions(y, items))


def portions(bars: list | None, counts: tuple[int, ...]) -> list:
    """A list in pieces of these lengths."""
    ends = list(itertools.accumulate(counts))
    return [
        None if bars is None else bars[end - n : end] for end, n in zip(ends, counts, strict=True)
    ]


@rule(portions, linear="bars")
def _(bars, counts):
    y = portions(bars, counts)

    def pullback(y_bar):
        return (None if y_bar is None else whole(y_bar, counts),)

    return y, pullback


def whole(pieces: list, counts: tuple[int, ...]) -> list:
    """The pieces in one list, None for each item of one that is None."""
    found = [[None] * n if p is None else p for p, n in zip(pieces, counts, strict=True)]
    return list(itertools.chain(*found))


@rule(whole, linear="pieces")
def _(pieces, counts):
    y = whole(pieces, counts)

    def pullback(y_bar):
        return (portions(y_bar, counts),)

    return y, pullback


@source_of(set.union, frozenset.union)
def union(*sets):
    return combined("union", *sets)


@source_of(set.intersection, frozenset.intersection)
def intersection(*sets):
    return combined("intersection", *sets)


@source_of(set.difference, frozenset.difference)
def difference(*sets):
    return combined("difference", *sets)


@source_of(set.symmetric_difference, frozenset.symmetric_difference)
def symmetric_difference(*sets):
    return combined("symmetric_difference", *sets)


@source_of(set.copy, frozenset.copy)
def copy(x):
    return combined("copy", x)


#: By operator of sets: the definition of the method that does the same.
OPERATORS = {
    operator.or_: union,
    operator.and_: intersection,
    operator.sub: difference,
    operator.xor: symmetric_difference,
}
