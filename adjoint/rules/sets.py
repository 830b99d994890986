"""Sets of numbers.

Of equal numbers a set keeps the first, which then has the derivative. The cotangent of a set, and its
tangent, is the list of those of its items, in the order in which it gives them.
"""

from __future__ import annotations

from typing import Any

from adjoint import runtime
from adjoint.rules.containers import reformed
from adjoint.rules.iterators import taken
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule


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
