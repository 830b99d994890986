"""`zip`, `enumerate`, `reversed`, `iter` and the views of dicts.

The cotangent of an iterator is the list of those of the items that it gave.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

from adjoint import runtime
from adjoint.rules.registry import rule, source_of
from adjoint.tree import column, iterable_cotangent


@rule(zip)
def zip_(*iterables, strict=False):
    y = zip(*iterables, strict=strict)

    def pullback(y_bar):
        return unzipped(y_bar, iterables)

    return y, pullback


def unzipped(bars: Any, iterables: tuple) -> tuple:
    """From the cotangents of tuples of items, one cotangent per iterable."""
    return tuple(iterable_cotangent(column(bars, i), x) for i, x in enumerate(iterables))


@rule(unzipped)
def _(bars, iterables):
    y = unzipped(bars, iterables)

    def pullback(y_bar):
        return ([tuple(items) for items in zip(*map(as_items, y_bar))],)

    return y, pullback


@rule(enumerate)
def enumerate_(iterable, start=0):
    y = enumerate(iterable, start)

    def pullback(y_bar):
        return (iterable_cotangent(column(y_bar, 1), iterable),)

    return y, pullback


@rule(reversed)
def reversed_(sequence, /):
    y = reversed(sequence)

    def pullback(y_bar):
        return (iterable_cotangent(backwards(y_bar, sequence), sequence),)

    return y, pullback


def backwards(bars: Any, sequence: Any) -> list:
    """The cotangents of all items of a sequence, from those of the last ones, last first."""
    missing = len(sequence) - len(bars)
    return [None] * missing + list(bars)[::-1]


@rule(backwards)
def _(bars, sequence):
    y = backwards(bars, sequence)
    count = len(bars)

    def pullback(y_bar):
        return (first(backwards(y_bar, y_bar), count),)

    return y, pullback


def first(items: list, count: int) -> list:
    return items[:count]


@rule(column)
def _(bars, position):
    y = column(bars, position)

    def pullback(y_bar):
        return (placed(y_bar, bars, position),)

    return y, pullback


def placed(column_bars: Any, bars: Any, position: int) -> list:
    """Cotangents of tuples, of which one item has one."""
    return [
        None if bar is None else (*[None] * position, c, *[None] * (len(bar) - position - 1))
        for c, bar in zip(column_bars, bars, strict=True)
    ]


@rule(iter)
def iter_(iterable, /):
    y = iter(iterable)

    def pullback(y_bar):
        return (iterable_cotangent(y_bar, iterable),)

    return y, pullback


@rule(iterable_cotangent)
def _(bars, iterable):
    y = iterable_cotangent(bars, iterable)
    count = len(bars)

    def pullback(y_bar):
        return (first(as_items(y_bar), count),)

    return y, pullback


def as_items(y_bar: Any) -> list:
    return list(y_bar) if y_bar is not None else []


# -- dicts -----------------------------------------------------------------------------------------


@rule(dict.values)
def values(mapping, /):
    y = mapping.values()

    def pullback(y_bar):
        return (keyed(mapping, y_bar),)

    return y, pullback


@rule(dict.items)
def items(mapping, /):
    y = mapping.items()

    def pullback(y_bar):
        return (keyed(mapping, column(y_bar, 1)),)

    return y, pullback


def keyed(mapping: dict, bars: Any) -> dict:
    """The cotangents of a dict's values, in its order, as those of the dict."""
    return dict(zip(mapping, bars))


@rule(keyed)
def _(mapping, bars):
    y = keyed(mapping, bars)

    def pullback(y_bar):
        return None, [y_bar.get(key) for key in y]

    return y, pullback


@source_of(dict.get)
def get(mapping, key, default=None, /):
    return mapping[key] if key in mapping else default


@rule(dict.copy)
def copy(mapping, /):
    y = mapping.copy()

    def pullback(y_bar):
        return (y_bar,)

    return y, pullback


@rule(dict)
def dict_(items=(), /):
    y = dict(items)

    def pullback(y_bar):
        return (pairs_of(items, y_bar),)

    return y, pullback


def pairs_of(items: Any, bars: dict) -> Any:
    """The cotangents of a dict's values, as those of the mapping or the pairs it was made from."""
    if hasattr(items, "keys"):
        return {key: bars.get(key) for key in items}
    last = {key: i for i, (key, _) in enumerate(items)}
    return [(None, bars.get(key) if last[key] == i else None) for i, (key, _) in enumerate(items)]


@rule(operator.or_)
def or_(a, b):
    y = a | b

    def pullback(y_bar):
        return unmerged((a, b), y_bar) if isinstance(y, dict) else None

    return y, pullback


@rule(runtime.make_tuple)
def make_tuple(*items):
    y = runtime.make_tuple(*items)

    def pullback(y_bar):
        return tuple(y_bar)

    return y, pullback


@rule(runtime.make_list)
def make_list(*items):
    y = runtime.make_list(*items)

    def pullback(y_bar):
        return tuple(y_bar)

    return y, pullback


@rule(runtime.make_dict)
def make_dict(*keys_and_values):
    y = runtime.make_dict(*keys_and_values)

    def pullback(y_bar):
        return alternate(keys_and_values, y_bar)

    return y, pullback


def alternate(keys_and_values: tuple, bars: dict) -> tuple:
    """None for each key, the value's cotangent for each value."""
    return tuple(
        bars.get(keys_and_values[i - 1]) if i % 2 else None for i in range(len(keys_and_values))
    )


@rule(runtime.merge_dicts)
def merge_dicts(*dicts):
    y = runtime.merge_dicts(*dicts)

    def pullback(y_bar):
        return unmerged(dicts, y_bar)

    return y, pullback


def unmerged(dicts: tuple, bars: dict) -> tuple:
    """Each cotangent goes to the last dict that had the key."""
    owner = {key: i for i, each in enumerate(dicts) for key in each}
    return tuple({k: b for k, b in bars.items() if owner.get(k) == i} for i in range(len(dicts)))


@rule(functools.partial)
def partial(function, /, *args, **kwargs):
    y = functools.partial(function, *args, **kwargs)

    def pullback(y_bar):
        return y_bar.func, *(y_bar.args or [None] * len(args))

    return y, pullback


@source_of(operator.itemgetter)
def itemgetter(*keys):
    if len(keys) == 1:
        return lambda owner: owner[keys[0]]
    return lambda owner: tuple([owner[key] for key in keys])
