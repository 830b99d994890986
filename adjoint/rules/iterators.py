"""`zip`, `enumerate`, `reversed` and the views of dicts.

The cotangent of an iterator is the list of those of the items that it gave.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from adjoint import runtime
from adjoint.cursor import Beside, Counted
from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules.lookup import refuse_own_next
from adjoint.rules.registry import jvp_rule, rule, source_of
from adjoint.rules.tangents import check_in_step, item_tangents
from adjoint.tree import column, iterable_cotangent


def taken(x_dot: Any, x: Any) -> tuple[list, list]:
    """All items that an iterable gives, and the tangents of as many, one after the other."""
    pairs = list(zip(x, item_tangents(x_dot, x)))
    return [item for item, _ in pairs], [dot for _, dot in pairs]


def in_step(y: Iterable, dots: Iterable) -> tuple[Counted, Beside]:
    """An iterator of which others may take items, and the tangents of these."""
    cursor = Counted(iter(y))
    return cursor, Beside(cursor, dots)


@source_of(in_step)
def _(y, dots):
    return iter(y), iter(dots)  # of which it is checked that they are


def repeated(x_dot: Any, x: Any) -> tuple[Any, Any]:
    """What gives the items of an iterable more than once, and their tangents: of an iterator, lists."""
    return taken(x_dot, x) if isinstance(x, Iterator) else (x, x_dot)


@rule(repeated)
def _(x_dot, x):
    refuse_iterator(x)

    def pullback(y_bar):
        return (None, None) if y_bar is None else (y_bar[1], y_bar[0])

    return (x, x_dot), pullback


@jvp_rule(repeated)
def repeated_jvp(primals, tangents):
    refuse_iterator(primals[1])
    return repeated(*primals), (tangents[1], tangents[0])


def refuse_iterator(x: Any) -> None:
    if isinstance(x, Iterator):
        raise UnsupportedSyntaxError(
            "a derivative of a derivative along a direction, through an iterator that is taken apart, "
            "is not supported",
            hint="Make a list of its items first.",
        )


@rule(zip)
def zip_(*iterables, strict=False):
    y = zip(*iterables, strict=strict)

    def pullback(y_bar):
        return unzipped(y_bar, iterables)

    return y, pullback


@jvp_rule(zip)
def zip_jvp(primals, tangents, strict=False):
    columns = [item_tangents(dot, x) for dot, x in zip(tangents, primals, strict=True)]
    if any(isinstance(x, Iterator) for x in primals[:-1]):
        return in_step(*zipped_together(primals, columns, strict))
    return in_step(zip(*primals, strict=strict), zip(*columns))


def zipped_together(primals: tuple, columns: list, strict: bool) -> tuple[Iterator, Iterator]:
    """`zip` of items and of their tangents, where others may go on with an iterator that they come of,
    or where it comes twice.

    It takes an item of it even where another has none left, and so its tangent.
    """
    pairs = [zip(x, dots) for x, dots in zip(primals, columns, strict=True)]
    first, second = itertools.tee(zip(*pairs, strict=strict))
    items = (tuple([x for x, _ in each]) for each in first)
    return items, (tuple([dot for _, dot in each]) for each in second)


@rule(zipped_together)
def _(primals, columns, strict):
    raise UnsupportedSyntaxError(
        "the gradient of a derivative along a direction, through `zip` of an iterator that others may "
        "go on with, is not supported",
        hint="Go through a list of its items: list(items).",
    )


def unzipped(bars: Any, iterables: tuple) -> tuple:
    """From the cotangents of tuples of items, one cotangent per iterable."""
    return tuple([iterable_cotangent(column(bars, i), x) for i, x in enumerate(iterables)])


@rule(unzipped, linear="bars", form="iterables")
def _(bars, iterables):
    y = unzipped(bars, iterables)

    count = 0 if bars is None else len(bars)

    def pullback(y_bar):
        return (rows_of(y_bar, count),)

    return y, pullback


def rows_of(columns: Any, count: int) -> Any:
    """One tuple per row, from cotangents of columns, each of which may be None."""
    if columns is None:
        return None
    whole = [[None] * count if c is None else list(c) for c in columns]
    return [tuple([c[i] for c in whole]) for i in range(count)]


@rule(rows_of, linear="columns")
def _(columns, count):
    y = rows_of(columns, count)

    def pullback(y_bar):
        return (columns_of(y_bar, columns),)

    return y, pullback


def columns_of(rows: Any, columns: Any) -> Any:
    """`rows_of` undone: the cotangent of the columns."""
    if rows is None or columns is None:
        return None
    return tuple(
        [
            None if c is None else iterable_cotangent(column(rows, i), c)
            for i, c in enumerate(columns)
        ]
    )


@rule(columns_of, linear="rows", form="columns")
def _(rows, columns):
    y = columns_of(rows, columns)
    count = 0 if rows is None else len(rows)

    def pullback(y_bar):
        return (rows_of(y_bar, count),)

    return y, pullback


@rule(enumerate)
def enumerate_(iterable, start=0):
    y = enumerate(iterable, start)

    def pullback(y_bar):
        return (iterable_cotangent(column(y_bar, 1), iterable),)

    return y, pullback


@jvp_rule(enumerate)
def enumerate_jvp(primals, tangents, start=0):
    iterable, start = primals if len(primals) == 2 else (primals[0], start)
    dots = item_tangents(tangents[0], iterable)
    return in_step(enumerate(iterable, start), zip(itertools.repeat(None), dots))


@rule(reversed)
def reversed_(sequence, /):
    y = reversed(sequence)

    def pullback(y_bar):
        return (iterable_cotangent(backwards(y_bar, sequence), sequence),)

    return y, pullback


@jvp_rule(reversed)
def reversed_jvp(primals, tangents):
    dots = item_tangents(tangents[0], primals[0])
    live = isinstance(
        dots, np.ndarray | list | tuple
    )  # of an array that is written to: as it is then
    return in_step(reversed(primals[0]), reversed(dots if live else list(dots)))


def backwards(bars: Any, sequence: Any) -> list:
    """The cotangents of all items of a sequence, from those of the last ones, last first."""
    if bars is None:
        return None
    missing = len(sequence) - len(bars)
    return [None] * missing + list(bars)[::-1]


@rule(backwards, linear="bars", form="sequence")
def _(bars, sequence):
    y = backwards(bars, sequence)
    count = 0 if bars is None else len(bars)

    def pullback(y_bar):
        return (last_first(y_bar, count),)

    return y, pullback


def last_first(items: Any, count: int) -> Any:
    """The last items, the last one first."""
    return None if items is None else list(items)[::-1][:count]


@rule(last_first, linear="items")
def _(items, count):
    y = last_first(items, count)

    def pullback(y_bar):
        return (backwards(y_bar, items),)

    return y, pullback


def first(items: Any, count: int) -> Any:
    """The first items, as a list."""
    return None if items is None else list(items)[:count]


@rule(first, linear="items")
def _(items, count):
    y = first(items, count)

    def pullback(y_bar):
        return (iterable_cotangent(y_bar, items),)

    return y, pullback


@rule(column, linear="bars")
def _(bars, position):
    y = column(bars, position)

    def pullback(y_bar):
        return (placed(y_bar, bars, position),)

    return y, pullback


def placed(column_bars: Any, bars: Any, position: int) -> Any:
    """Cotangents of tuples, of which one item has one."""
    if column_bars is None or bars is None:
        return None
    return [
        None if bar is None else (*[None] * position, c, *[None] * (len(bar) - position - 1))
        for c, bar in zip(column_bars, bars, strict=True)
    ]


@rule(placed, linear="column_bars", form="bars")
def _(column_bars, bars, position):
    y = placed(column_bars, bars, position)

    def pullback(y_bar):
        return (column(y_bar, position),)

    return y, pullback


@rule(runtime.check_iterable)
def check_iterable(iterable):
    y = runtime.check_iterable(iterable)

    same = y is iterable

    def pullback(y_bar):
        return (y_bar if same else iterable_cotangent(y_bar, iterable),)

    return y, pullback


@jvp_rule(runtime.check_iterable)
def check_iterable_jvp(primals, tangents):
    y, dot = runtime.check_iterable(primals[0]), tangents[0]
    return y, dot if dot is None or y is primals[0] else item_tangents(dot, primals[0])


@rule(runtime.repeatable)
def repeatable(iterable):
    y = runtime.repeatable(iterable)
    same = y is iterable

    def pullback(y_bar):
        return (y_bar if same else iterable_cotangent(y_bar, iterable),)

    return y, pullback


@jvp_rule(runtime.repeatable)
def repeatable_jvp(primals, tangents):
    x, dot = primals[0], tangents[0]
    once = dot is not None and isinstance(x, Iterator)
    return taken(dot, x) if once else (runtime.repeatable(x), dot)


@jvp_rule(runtime.iterated)
def iterated_jvp(primals, tangents):
    return runtime.iterated(primals[0]), tangents[0]


@jvp_rule(iter)
def iter_jvp(primals, tangents):
    if len(primals) > 1:
        raise UnsupportedSyntaxError(
            "`iter` of a function is not differentiated", hint="Write a loop with `break`."
        )
    dots = item_tangents(tangents[0], primals[0])
    return (primals[0], dots) if isinstance(primals[0], Iterator) else in_step(primals[0], dots)


@jvp_rule(next)
def next_jvp(primals, tangents):
    """The tangent of an iterator is one of tangents, and goes along with it."""
    iterator, *default = primals
    if tangents[0] is not None and not isinstance(tangents[0], Iterator):
        refuse_own_next(iterator)
    check_in_step(tangents[0], iterator)
    missing = object()
    y = next(iterator, missing)
    if y is missing:
        return next(iterator, *default), tangents[1] if default else None
    return y, None if tangents[0] is None else next(tangents[0])


@rule(iterable_cotangent, linear="bars", form="iterable")
def _(bars, iterable):
    y = iterable_cotangent(bars, iterable)
    count = 0 if bars is None else len(bars)

    def pullback(y_bar):
        return (first(y_bar, count),)

    return y, pullback
