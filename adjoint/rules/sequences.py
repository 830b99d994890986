"""Cotangents of sequences of numbers or arrays: helpers of the rules of `sum`, `max`, `fsum`, ...

A sequence is a list, a tuple, or an array seen as its items; the cotangent has the same form. An
item whose cotangent is None is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import rule
from adjoint.tree import same_container, zeros_like

SEQUENCES = list | tuple | np.ndarray


def form_of(values: Any) -> Any:
    """What the cotangent of an iterable has the form of; refuses one that can be read only once."""
    if isinstance(values, Iterator):
        raise MissingRuleError(
            f"no derivative is known for a {type(values).__name__} that was used up",
            hint="Make it a list first.",
        )
    return values


def filled(values: Any, item: Any) -> Any:
    """A sequence of the form of `values`, each item being `item`; None for the keys of a dict."""
    if isinstance(values, dict):
        return None
    if isinstance(form_of(values), np.ndarray):
        return np.broadcast_to(item, values.shape)
    if not isinstance(values, SEQUENCES):
        return [item for _ in values]
    return same_container(values, [item for _ in values])


@rule(filled, linear="item", form="values")
def _(values, item):
    y = filled(values, item)

    def pullback(y_bar):
        return None, total(y_bar)

    return y, pullback


def total(values: Any) -> Any:
    """The sum of the items that are not None; keys of a dict have no derivative."""
    if isinstance(values, dict | None):
        return None
    if isinstance(values, np.ndarray):
        return np.sum(values, axis=0)
    items = [value for value in values if value is not None]
    return sum(items[1:], items[0]) if items else None


@rule(total, linear="values")
def _(values):
    y = total(values)

    def pullback(y_bar):
        return (filled(values, y_bar),)

    return y, pullback


def or_zero(found: Any, y: Any) -> Any:
    """A total as the tangent of the sum y: zero where there are no items, or none has a tangent."""
    return zeros_like(y) if found is None else found


@rule(or_zero, linear="found")
def _(found, y):
    y = or_zero(found, y)

    def pullback(y_bar):
        return y_bar, None

    return y, pullback


def scaled(values: Any, factor: Any) -> Any:
    """Every item times the factor."""
    if isinstance(values, np.ndarray):
        return values * factor
    if not isinstance(form_of(values), SEQUENCES):
        return None
    return same_container(values, [None if v is None else v * factor for v in values])


@rule(scaled, linear=("values", "factor"))
def _(values, factor):
    y = scaled(values, factor)

    def pullback(y_bar):
        return scaled(y_bar, factor), inner(values, y_bar)

    return y, pullback


def shifted(values: Any, step: Any) -> Any:
    """Every item plus the step."""
    if isinstance(values, np.ndarray):
        return values + step
    return same_container(form_of(values), [value + step for value in values])


@rule(shifted)
def _(values, step):
    y = shifted(values, step)

    def pullback(y_bar):
        return y_bar, total(y_bar)

    return y, pullback


def inner(a: Any, b: Any) -> Any:
    """The sum of the products of items that are not None; None, the zero of any form, gives None."""
    if a is None or b is None:
        return None
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return np.sum(a * b)
    products = [x * y for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    return sum(products[1:], products[0]) if products else None


@rule(inner, linear=("a", "b"))
def _(a, b):
    y = inner(a, b)

    def pullback(y_bar):
        return scaled(b, y_bar), scaled(a, y_bar)

    return y, pullback


def spread(values: Any, positions: tuple[int, ...], item: Any) -> Any:
    """A sequence of the form of `values`: equal shares of `item` at the positions, else None."""
    share = item if len(positions) == 1 else item / len(positions)
    if isinstance(form_of(values), np.ndarray):
        shares = np.zeros(values.shape, np.result_type(share))
        shares[list(positions)] = share
        return shares
    return same_container(values, [share if i in positions else None for i in range(len(values))])


@rule(spread, linear="item", form="values")
def _(values, positions, item):
    y = spread(values, positions, item)

    def pullback(y_bar):
        return None, None, gathered(y_bar, positions)

    return y, pullback


def gathered(values: Any, positions: tuple[int, ...]) -> Any:
    """The mean of the items at the positions, None counting as 0."""
    if values is None:
        return None
    chosen = [values[i] for i in positions if values[i] is not None]
    if not chosen:
        return None
    return chosen[0] if len(positions) == 1 else sum(chosen[1:], chosen[0]) / len(positions)


@rule(gathered, linear="values")
def _(values, positions):
    y = gathered(values, positions)

    def pullback(y_bar):
        return (spread(values, positions, y_bar),)

    return y, pullback
