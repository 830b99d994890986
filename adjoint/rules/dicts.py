"""Dicts and their views, and the displays of tuples, lists and dicts."""

from __future__ import annotations

import operator
from collections import OrderedDict
from typing import Any

from adjoint import runtime
from adjoint.rules.containers import items_of
from adjoint.rules.iterators import first
from adjoint.rules.registry import jvp_rule, rule, source_of
from adjoint.tree import column


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
    count = 0 if bars is None else len(bars)  # fewer, where a loop has left early

    def pullback(y_bar):
        return None, first(at_keys(y_bar, mapping), count)

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
