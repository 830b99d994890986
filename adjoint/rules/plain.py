"""Rules as ordinary Python, of what is one rule for many functions or for more kinds of operands.

They run where the kinds of the operands are known only at run time, and are differentiated as they
stand where that happens inside a derivative.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.rules import registry
from adjoint.tree import accumulate, accumulate_item, project


@functools.cache
def elementwise_text(function: Any, declared: registry.Rule) -> Callable[..., Any]:
    """The rule of an elementwise function, from its partial derivatives."""
    partials, times = declared.text, scale if declared.singular else operator.mul

    def text(*args: Any, **kwargs: Any) -> Any:
        y = function(*args, **kwargs)

        def pullback(y_bar: Any) -> tuple:
            derivatives = partials(*args, y)
            if not isinstance(derivatives, tuple):
                derivatives = (derivatives,)
            bars = [None if d is None else project(times(y_bar, np.conj(d) if np.iscomplexobj(d) else d), x)
                    for d, x in zip(derivatives, args, strict=True)]  # fmt: skip
            return (*bars, None)  # keywords have none

        return y, pullback

    return text


def joined(a: Any, b: Any) -> Any:
    """`a + b` of two sequences."""
    y = a + b

    def pullback(y_bar: Any) -> tuple:
        return y_bar[: len(a)], y_bar[len(a) :]

    return y, pullback


def repeated(a: Any, count: int) -> Any:
    """`a * count` of a sequence."""
    y = a * count

    def pullback(y_bar: Any) -> tuple:
        bars = y_bar[: len(a)]
        for k in range(1, count):
            bars = accumulate(bars, y_bar[k * len(a) : (k + 1) * len(a)])
        return bars, None

    return y, pullback


def item_of(owner: Any, index: Any) -> Any:
    """`owner[index]` of a list, tuple or dict."""
    y = owner[index]

    def pullback(y_bar: Any) -> Any:
        return (accumulate_item(None, owner, index, y_bar),)

    return y, pullback


SEQUENCE_TEXTS = {operator.add: joined, operator.mul: repeated, operator.getitem: item_of}


def scale(y_bar: Any, derivative: Any) -> Any:
    """y_bar · derivative; a cotangent that is zero stays zero where the derivative is infinite."""
    if isinstance(y_bar, float | int):
        if isinstance(derivative, float | int):
            return y_bar * derivative if y_bar else 0.0
    with np.errstate(invalid="ignore"):
        product = y_bar * derivative
    return np.where(np.equal(y_bar, 0), np.zeros_like(product), product)[()]


def summed(iterable: Any, /, start: Any = 0) -> Any:
    """`sum` of what is no number: additions in order, whatever they mean."""
    total = start
    for item in iterable:
        total = total + item
    return total


def replaced_fields(owner: Any, /, **changes: Any) -> Any:
    """`owner._replace(**changes)` of a named tuple."""
    unknown = [name for name in changes if name not in owner._fields]
    if unknown:
        raise ValueError(f"Got unexpected field names: {unknown!r}")
    return type(owner)(*[changes[n] if n in changes else getattr(owner, n) for n in owner._fields])
