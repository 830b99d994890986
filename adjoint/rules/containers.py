"""Lists and tuples made from iterables, where the compiler does not see their items."""

from __future__ import annotations

from collections import deque
from typing import Any

from adjoint import runtime
from adjoint.rules.iterators import taken
from adjoint.rules.registry import jvp_rule, rule, source_of
from adjoint.tree import iterable_cotangent


@source_of(list)
def list_(iterable=(), /):
    return [item for item in iterable]


@rule(tuple.__new__)
def new_tuple(cls, iterable=(), /):
    y = tuple.__new__(cls, iterable)

    def pullback(y_bar):
        return None, reformed(y_bar, iterable)

    return y, pullback


@jvp_rule(tuple.__new__)
def new_tuple_jvp(primals, tangents):
    cls, *given = primals
    items, dots = taken(tangents[1], given[0]) if given else ([], [])
    return tuple.__new__(cls, items), tuple.__new__(cls, dots)


@rule(deque)
def deque_(iterable=(), maxlen=None):
    y = deque(iterable, maxlen)

    def pullback(y_bar):
        return (reformed(last(y_bar, iterable), iterable),)

    return y, pullback


@jvp_rule(deque)
def deque_jvp(primals, tangents):
    items, dots = taken(tangents[0], primals[0]) if primals else ([], [])
    y = deque(items, *primals[1:])
    return y, dots[len(dots) - len(y) :]


def last(bars: Any, like: Any) -> Any:
    """The cotangents of as many items as `like` has, of which these are the last."""
    return None if bars is None else [*[None] * (len(like) - len(bars)), *bars]


@rule(last, linear="bars", form="like")
def _(bars, like):
    y = last(bars, like)

    def pullback(y_bar):
        return (latest(y_bar, bars),)

    return y, pullback


def latest(bars: Any, like: Any) -> Any:
    """`last` undone."""
    return None if bars is None else list(bars)[len(bars) - len(like) :]


@rule(latest, linear="bars", form="like")
def _(bars, like):
    y = latest(bars, like)

    def pullback(y_bar):
        return (last(y_bar, bars),)

    return y, pullback


@source_of(dict.fromkeys)
def fromkeys(iterable, value=None, /):
    return {key: value for key in iterable}


@rule(tuple)
def tuple_(iterable=(), /):
    y = tuple(iterable)

    def pullback(y_bar):
        return (reformed(y_bar, iterable),)

    return y, pullback


@jvp_rule(tuple)
def tuple_jvp(primals, tangents):
    items, dots = taken(tangents[0], primals[0])
    return tuple(items), tuple(dots)


def reformed(items: Any, like: Any) -> Any:
    """The cotangents of the items of `like`, as a cotangent of its form."""
    return None if items is None else iterable_cotangent(list(items), like)


@rule(reformed, linear="items", form="like")
def _(items, like):
    y = reformed(items, like)

    def pullback(y_bar):
        return (items_of(y_bar),)

    return y, pullback


def items_of(bars: Any) -> Any:
    """The cotangents of items, as a tuple."""
    return None if bars is None else tuple(bars)


@rule(items_of, linear="bars")
def _(bars):
    y = items_of(bars)

    def pullback(y_bar):
        return (reformed(y_bar, bars),)

    return y, pullback


@rule(runtime.flatten)
def flatten(lists):
    y = runtime.flatten(lists)

    def pullback(y_bar):
        return (cut(y_bar, lists),)

    return y, pullback


@jvp_rule(runtime.flatten)
def flatten_jvp(primals, tangents):
    return runtime.flatten(primals[0]), joined(tangents[0], primals[0])


def cut(items: Any, like: Any) -> list:
    """The items in order, as lists as long as those in `like`: `flatten` undone."""
    if items is None:
        return None
    pieces, start = [], 0
    for each in like:
        pieces.append(None if each is None else list(items[start : start + len(each)]))
        start += 0 if each is None else len(each)
    return pieces


@rule(cut, linear="items", form="like")
def _(items, like):
    y = cut(items, like)

    def pullback(y_bar):
        return (joined(y_bar, like),)

    return y, pullback


def joined(bars: Any, like: Any) -> list:
    """The cotangent of a flat list from those of its pieces, of which some may be None."""
    if bars is None:
        return None
    return [
        item
        for bar, each in zip(bars, like, strict=True)
        for item in (([] if each is None else [None] * len(each)) if bar is None else bar)
    ]


@rule(joined, linear="bars", form="like")
def _(bars, like):
    y = joined(bars, like)

    def pullback(y_bar):
        return (cut(y_bar, like),)

    return y, pullback
