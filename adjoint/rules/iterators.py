"""`zip`, `enumerate`, `reversed` and the views of dicts.

The cotangent of an iterator is the list of those of the items that it gave.
"""

from __future__ import annotations

import itertools
import operator
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np

from adjoint import runtime
from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules.containers import items_of
from adjoint.rules.registry import jvp_rule, rule, source_of
from adjoint.rules.tangents import item_tangents
from adjoint.tree import column, iterable_cotangent


@rule(zip)
def zip_(*iterables, strict=False):
    y = zip(*iterables, strict=strict)

    def pullback(y_bar):
        return unzipped(y_bar, iterables)

    return y, pullback


@jvp_rule(zip)
def zip_jvp(primals, tangents, strict=False):
    own = [getattr(x, "cursor", x) for x in primals if isinstance(x, Iterator)]
    if len({id(x) for x in own}) < len(own):
        raise UnsupportedSyntaxError(
            "`zip` takes several items of one iterator, which forward mode does not know yet",
            hint="Go through a list of its items by indices.",
        )
    columns = [item_tangents(dot, x) for dot, x in zip(tangents, primals, strict=True)]
    return zip(*primals, strict=strict), zip(*columns)


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
    return enumerate(iterable, start), zip(
        itertools.repeat(None), item_tangents(tangents[0], iterable)
    )


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
    return reversed(primals[0]), reversed(dots if live else list(dots))


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
    y, dot = runtime.repeatable(primals[0]), tangents[0]
    return y, dot if dot is None or y is primals[0] else list(item_tangents(dot, y))


@jvp_rule(runtime.iterated)
def iterated_jvp(primals, tangents):
    return runtime.iterated(primals[0]), tangents[0]


@jvp_rule(iter)
def iter_jvp(primals, tangents):
    if len(primals) > 1:
        raise UnsupportedSyntaxError(
            "`iter` of a function is not differentiated", hint="Write a loop with `break`."
        )
    return iter(primals[0]), iter(item_tangents(tangents[0], primals[0]))


@jvp_rule(next)
def next_jvp(primals, tangents):
    """The tangent of an iterator is one of tangents, and goes along with it."""
    iterator, *default = primals
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


# -- dicts -----------------------------------------------------------------------------------------


@rule(dict.values, OrderedDict.values)
def values(mapping, /):
    y = mapping.values()

    def pullback(y_bar):
        return (keyed(mapping, y_bar),)

    return y, pullback


@jvp_rule(dict.values, OrderedDict.values)
def values_jvp(primals, tangents):
    return primals[0].values(), at_keys(tangents[0], primals[0])


@rule(dict.items, OrderedDict.items)
def items(mapping, /):
    y = mapping.items()

    def pullback(y_bar):
        return (keyed(mapping, column(y_bar, 1)),)

    return y, pullback


@jvp_rule(dict.items, OrderedDict.items)
def items_jvp(primals, tangents):
    return primals[0].items(), [(None, dot) for dot in at_keys(tangents[0], primals[0])]


def keyed(mapping: dict, bars: Any) -> Any:
    """The cotangents of a dict's values, in its order, as those of the dict."""
    return None if bars is None else dict(zip(mapping, bars))


@rule(keyed, linear="bars", form="mapping")
def _(mapping, bars):
    y = keyed(mapping, bars)

    def pullback(y_bar):
        return None, at_keys(y_bar, mapping)

    return y, pullback


def at_keys(bars: Any, mapping: dict) -> Any:
    """The cotangents in a dict at the keys of another, in order."""
    return None if bars is None else [bars.get(key) for key in mapping]


@rule(at_keys, linear="bars", form="mapping")
def _(bars, mapping):
    y = at_keys(bars, mapping)

    def pullback(y_bar):
        return (keyed(mapping, y_bar),)

    return y, pullback


@source_of(dict.get)
def get(mapping, key, default=None, /):
    return mapping[key] if key in mapping else default


@rule(dict.copy, OrderedDict.copy)
def copy(mapping, /):
    y = mapping.copy()

    def pullback(y_bar):
        return (y_bar,)

    return y, pullback


@jvp_rule(dict.copy, OrderedDict.copy)
def copy_jvp(primals, tangents):
    return primals[0].copy(), tangents[0]


@rule(dict)
def dict_(items=(), /):
    y = dict(items)

    def pullback(y_bar):
        return (pairs_of(items, y_bar),)

    return y, pullback


def pairs_of(items: Any, bars: Any) -> Any:
    """The cotangents of a dict's values, as those of the mapping or the pairs it was made from."""
    if bars is None:
        return None
    if hasattr(items, "keys"):
        return {key: bars.get(key) for key in items}
    last = {key: i for i, (key, _) in enumerate(items)}
    return [(None, bars.get(key) if last[key] == i else None) for i, (key, _) in enumerate(items)]


@rule(pairs_of, linear="bars", form="items")
def _(items, bars):
    y = pairs_of(items, bars)

    def pullback(y_bar):
        return None, of_pairs(items, y_bar)

    return y, pullback


def of_pairs(items: Any, bars: Any) -> Any:
    """`pairs_of` undone: a dict."""
    if bars is None:
        return None
    if hasattr(items, "keys"):
        return {key: bars.get(key) for key in items}
    return {key: None if bar is None else bar[1] for (key, _), bar in zip(items, bars, strict=True)}


@rule(of_pairs, linear="bars", form="items")
def _(items, bars):
    y = of_pairs(items, bars)

    def pullback(y_bar):
        return None, pairs_of(items, y_bar)

    return y, pullback


@rule(operator.or_)
def or_(a, b):
    y = a | b

    of_dicts = isinstance(y, dict)

    def pullback(y_bar):
        return unmerged((a, b), y_bar) if of_dicts else None

    return y, pullback


@jvp_rule(operator.or_)
def or_jvp(primals, tangents):
    y = primals[0] | primals[1]
    return y, merged_tangents(primals, tangents) if isinstance(y, dict) else None


def merged_tangents(dicts: tuple, dots: tuple) -> dict:
    """The tangent of dicts merged in order: of each key that of the last dict that has it."""
    merged: dict = {}
    for each, dot in zip(dicts, dots, strict=True):
        merged |= {key: None if dot is None else dot.get(key) for key in each}
    return merged


@rule(runtime.make_tuple)
def make_tuple(*items):
    y = runtime.make_tuple(*items)

    def pullback(y_bar):
        return items_of(y_bar)

    return y, pullback


@jvp_rule(runtime.make_tuple)
def make_tuple_jvp(primals, tangents):
    return primals, tuple(tangents)


@rule(runtime.make_list)
def make_list(*items):
    y = runtime.make_list(*items)

    def pullback(y_bar):
        return items_of(y_bar)

    return y, pullback


@jvp_rule(runtime.make_list)
def make_list_jvp(primals, tangents):
    return list(primals), list(tangents)


@rule(runtime.make_dict)
def make_dict(*keys_and_values):
    y = runtime.make_dict(*keys_and_values)

    def pullback(y_bar):
        return alternate(keys_and_values, y_bar)

    return y, pullback


@jvp_rule(runtime.make_dict)
def make_dict_jvp(primals, tangents):
    y = runtime.make_dict(*primals)
    return y, dict(zip(primals[::2], tangents[1::2], strict=True))


def alternate(keys_and_values: tuple, bars: dict) -> tuple:
    """None for each key, the value's cotangent for each value."""
    if bars is None:
        return (None,) * len(keys_and_values)
    return tuple(
        [bars.get(keys_and_values[i - 1]) if i % 2 else None for i in range(len(keys_and_values))]
    )


@rule(alternate, linear="bars", form="keys_and_values")
def _(keys_and_values, bars):
    y = alternate(keys_and_values, bars)

    def pullback(y_bar):
        return None, by_key(keys_and_values, y_bar)

    return y, pullback


def by_key(keys_and_values: tuple, bars: Any) -> Any:
    """`alternate` undone: a dict."""
    return None if bars is None else dict(zip(keys_and_values[::2], bars[1::2]))


@rule(by_key, linear="bars", form="keys_and_values")
def _(keys_and_values, bars):
    y = by_key(keys_and_values, bars)

    def pullback(y_bar):
        return None, alternate(keys_and_values, y_bar)

    return y, pullback


@rule(runtime.merge_dicts)
def merge_dicts(*dicts):
    y = runtime.merge_dicts(*dicts)

    def pullback(y_bar):
        return unmerged(dicts, y_bar)

    return y, pullback


@jvp_rule(runtime.merge_dicts)
def merge_dicts_jvp(primals, tangents):
    return runtime.merge_dicts(*primals), merged_tangents(primals, tangents)


def unmerged(dicts: tuple, bars: dict) -> tuple:
    """Each cotangent goes to the last dict that had the key."""
    if bars is None:
        return (None,) * len(dicts)
    owner = {key: i for i, each in enumerate(dicts) for key in each}
    return tuple([{k: b for k, b in bars.items() if owner.get(k) == i} for i in range(len(dicts))])


@rule(unmerged, linear="bars", form="dicts")
def _(dicts, bars):
    y = unmerged(dicts, bars)

    def pullback(y_bar):
        return None, remerged(dicts, y_bar)

    return y, pullback


def remerged(dicts: tuple, bars: Any) -> Any:
    """`unmerged` undone: a dict."""
    if bars is None:
        return None
    owner = {key: i for i, each in enumerate(dicts) for key in each}
    return {k: None if bars[i] is None else bars[i].get(k) for k, i in owner.items()}


@rule(remerged, linear="bars", form="dicts")
def _(dicts, bars):
    y = remerged(dicts, bars)

    def pullback(y_bar):
        return None, unmerged(dicts, y_bar)

    return y, pullback
