"""Tangents: what a user gives, what generated code asks of them while it runs.

A tangent has the form of a cotangent: a number or array for a number or array, the same container for
a tuple, list or dict, a `Tangent` for an object or a function with captured values. None is zero.
"""

from __future__ import annotations

import functools
import itertools
import types
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from adjoint import shadows
from adjoint.cursor import Counted
from adjoint.errors import MissingRuleError, UnsupportedSyntaxError
from adjoint.ir.values import attributes
from adjoint.rules import declarations
from adjoint.rules.creation import nested
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule
from adjoint.rules.text import refuse_read_back
from adjoint.tree import (
    Number,
    ReadBack,
    Tangent,
    Underived,
    cotangent_dtype,
    iterable_cotangent,
    own_items,
    project,
    same_container,
    tangent_field,
    tangent_item,
    without_field,
    zero_cotangent,
)

#: The tangent of a text that was made of active values.
TEXT = ReadBack("", None)


# -- in the form of the primal ---------------------------------------------------------------------


def fit_tangent(x_dot: Any, x: Any, where: str = "the tangent", above: tuple = ()) -> Any:
    """A tangent in the form of its primal: zeros for the numbers that it does not have.

    An object of the class of `x` may stand for its `Tangent`. Raises ValueError if a shape or the
    number of items differs, TypeError if something else than a number is given for a number.
    """
    if isinstance(x, bool | np.bool_ | str | bytes | type(None)):
        return None
    if isinstance(x_dot, Underived):
        return x_dot
    if isinstance(x, np.ndarray | Number):
        return fit_number(x_dot, x, where)
    if any(x is each for each in above):
        return None
    if isinstance(x, Iterator):  # its tangent is an iterator beside it
        return x_dot
    above = (*above, x)
    if isinstance(x, tuple | list):
        held = own_items(x)
        items = [None] * len(held) if x_dot is None else own_items(x_dot)
        if len(items) != len(held):
            raise ValueError(f"{where} has {len(items)} items, its primal {len(held)}")
        fitted = [
            fit_tangent(d, v, f"{where}[{i}]", above) for i, (d, v) in enumerate(zip(items, held))
        ]
        return same_container(x, fitted)
    if isinstance(x, dict):
        items = {} if x_dot is None else x_dot
        if any(key not in x for key in items):
            raise ValueError(f"{where} has keys that its primal has not")
        return {k: fit_tangent(items.get(k), v, f"{where}[{k!r}]", above) for k, v in x.items()}
    if isinstance(x, types.MethodType | functools.partial):
        bound = isinstance(x, types.MethodType)
        names = ("__self__", "__func__") if bound else ("func", "args", "keywords")
        fitted = {
            n: fit_tangent(tangent_field(x_dot, n), getattr(x, n), where, above) for n in names
        }
        return Tangent(**fitted)
    fields = None if callable(x) and hasattr(x, "__code__") else attributes(x)
    if fields is None or isinstance(x, type | types.ModuleType):
        return x_dot
    return Tangent(
        **{
            n: fit_tangent(tangent_field(x_dot, n), v, f"{where}.{n}", above)
            for n, v in fields.items()
        }
    )


def fit_number(x_dot: Any, x: Any, where: str) -> Any:
    """The tangent of a number or array: of its shape and its floating dtype."""
    if isinstance(x, np.ndarray) and x.dtype.kind not in "iufc":
        return None
    if x_dot is None:
        return zero_cotangent(x)
    if not isinstance(x_dot, np.ndarray | Number | np.bool_ | bool):
        raise TypeError(f"{where} is a {type(x_dot).__name__}, its primal a number or array")
    if np.shape(x_dot) != np.shape(x):
        raise ValueError(f"{where} has shape {np.shape(x_dot)}, its primal {np.shape(x)}")
    if isinstance(x, np.ndarray | np.generic):
        dtype = cotangent_dtype(x.dtype)
        if np.iscomplexobj(x_dot) and dtype.kind != "c":
            raise TypeError(f"{where} is complex, its primal real")
        fitted = np.asarray(x_dot, dtype)
        return fitted if isinstance(x, np.ndarray) else fitted[()]
    if np.iscomplexobj(x_dot) and not isinstance(x, complex):
        raise TypeError(f"{where} is complex, its primal real")
    number = x_dot.item() if isinstance(x_dot, np.ndarray | np.generic) else x_dot
    return complex(number) if isinstance(x, complex) else float(number)


def zeros_of(y: Any) -> Any:
    """The zero cotangent of a value, with a zero for every number in it; refuses an object."""
    if isinstance(y, Tangent):
        return Tangent(**{n: zeros_of(getattr(y, n)) for n in y})
    if not isinstance(
        y, np.ndarray | Number | list | tuple | dict | str | bytes | bool | np.bool_ | None
    ):
        raise MissingRuleError(f"no forward derivative is known for a {type(y).__name__}")
    if isinstance(y, list | tuple):
        return same_container(y, [zeros_of(item) for item in y])
    if isinstance(y, dict):
        return {k: zeros_of(item) for k, item in y.items()}
    return zero_cotangent(y)


# -- taking apart, putting together ------------------------------------------------------------------


def item_tangents(x_dot: Any, x: Any) -> Iterable[Any]:
    """The tangents of the items that iteration over `x` gives, in order."""
    if x_dot is None or isinstance(x, dict | str | bytes | range):
        return itertools.repeat(None) if isinstance(x, Iterator) else [None] * len(x)
    if isinstance(x_dot, ReadBack):  # of a list of words that came from a text
        return [x_dot] * len(x)
    if isinstance(x, np.ndarray | list | tuple):
        return x_dot
    if isinstance(x_dot, Iterator | list | tuple):
        check_in_step(x_dot, x)
        return x_dot
    raise UnsupportedSyntaxError(
        f"the items of a {type(x).__name__} have tangents, which is not supported",
        hint="Make it a list first.",
    )


@nondifferentiable
def check_in_step(x_dot: Any, x: Any) -> None:
    """Refuse an iterator of which items were taken without their tangents."""
    beside, cursor = (getattr(each, "cursor", each) for each in (x_dot, x))
    if isinstance(beside, Counted) and isinstance(cursor, Counted) and beside.given != cursor.given:
        raise UnsupportedSyntaxError(
            "the gradient of a derivative along a direction, through an iterator of which items were "
            "taken that have no derivative, is not supported",
            hint="Go through a list of its items.",
        )


def with_field(tangent: Any, name: str, dot: Any) -> Tangent:
    """The tangent of an object whose attribute was assigned."""
    fields = {} if tangent is None else {n: getattr(tangent, n) for n in tangent}
    return Tangent(**{**fields, name: dot})


def link_tangents(links: tuple, dots: tuple) -> None:
    """Functions that capture each other: function i has captured, under this name, function j."""
    for i, name, j in links:
        setattr(dots[i], name, dots[j])


def dense(dot: Any, x: Any) -> Any:
    """The tangent of numbers in nested lists as an array; None is 0."""
    if isinstance(x, list | tuple):
        return np.array([dense(tangent_item(dot, i), item) for i, item in enumerate(x)])
    refuse_objects(dot, x)
    return zero_cotangent(x) if dot is None else dot


def refuse_objects(dot: Any, x: Any) -> None:
    """Raises if there is the tangent of an object, or of one in a list, where numbers are expected."""
    if isinstance(dot, list | tuple) and isinstance(x, list | tuple):
        for item_dot, item in zip(dot, x, strict=False):
            refuse_objects(item_dot, item)
    elif isinstance(dot, Tangent):
        raise MissingRuleError(
            f"a {type(x).__name__} is taken for a number: no derivative is known for that",
            hint="Compute with its attributes, or call the method that makes the number.",
        )


def like_cotangent(dot: Any, bar: Any, x: Any) -> Any:
    """The tangent of a sequence of numbers, as an array if its cotangent `bar` is one."""
    return dense(dot, x) if isinstance(bar, np.ndarray) and isinstance(dot, list | tuple) else dot


# -- memory that is written to -----------------------------------------------------------------------


def beside(found: shadows.Shadows, x: Any, x_dot: Any) -> Any:
    """The tangent of `x` in memory beside the memory of its arrays, shared as that is shared."""
    if isinstance(x, np.ndarray):
        if x.dtype.kind not in "iufc":
            return None
        place = shadows.shadow_of(found, x)
        if x_dot is not None:
            place[...] = x_dot
        return place
    if isinstance(x, tuple | list | deque):
        return same_container(
            x, [beside(found, v, tangent_item(x_dot, i)) for i, v in enumerate(x)]
        )
    if isinstance(x, dict):
        return {k: beside(found, v, tangent_item(x_dot, k)) for k, v in x.items()}
    if isinstance(x_dot, Tangent):
        parts = {n: getattr(x, n) for n in x_dot if hasattr(x, n)}
        return Tangent(
            **{n: beside(found, parts[n], getattr(x_dot, n)) if n in parts else getattr(x_dot, n)
               for n in x_dot}
        )  # fmt: skip
    return x_dot


def refuse_shared(*arrays: Any) -> None:
    """Raises if arrays that are given tangents of their own share memory that is written to."""
    whole = [x for x in arrays if isinstance(x, np.ndarray)]
    for a, b in itertools.combinations(whole, 2):
        if np.shares_memory(a, b):
            raise UnsupportedSyntaxError(
                "two arguments share memory that the function writes to, and each has a tangent",
                hint="Pass a copy for one of them.",
            )


# -- text --------------------------------------------------------------------------------------------


def read_from_text(reader: str, origin: Any) -> Any:
    """Raises: numbers are read from the text of a value that has a tangent, and are used."""
    refuse_read_back(ReadBack(reader, origin), origin)


# -- what differentiates them ------------------------------------------------------------------------


@rule(fit_tangent, linear="x_dot", form="x")
def _(x_dot, x, where="the tangent", above=()):
    y = fit_tangent(x_dot, x, where, above)

    def pullback(y_bar):
        return (refitted(y_bar, x_dot),)

    return y, pullback


def refitted(bar: Any, x_dot: Any) -> Any:
    """A cotangent of a fitted tangent, as one of the tangent that was given."""
    if bar is None or x_dot is None:
        return None
    if isinstance(x_dot, tuple | list):
        return same_container(x_dot, [refitted(b, d) for b, d in zip(bar, x_dot, strict=True)])
    if isinstance(x_dot, dict):
        return {k: refitted(bar.get(k), d) for k, d in x_dot.items()}
    return project(bar, x_dot)


@rule(refitted, linear="bar", form="x_dot")
def _(bar, x_dot):
    y = refitted(bar, x_dot)

    def pullback(y_bar):
        return (refitted(y_bar, bar),)

    return y, pullback


@rule(item_tangents, linear="x_dot", form="x")
def _(x_dot, x):
    items = item_tangents(x_dot, x)

    def pullback(items_bar):
        return (None if x_dot is None else iterable_cotangent(items_bar, x_dot),)

    return items, pullback


@jvp_rule(item_tangents)
def item_tangents_jvp(primals, tangents):
    x_dot, x = primals
    return item_tangents(x_dot, x), None if tangents[0] is None else item_tangents(tangents[0], x)


@rule(with_field)
def _(tangent, name, dot):
    y = with_field(tangent, name, dot)

    def pullback(y_bar):
        return without_field(y_bar, name), None, tangent_field(y_bar, name)

    return y, pullback


@rule(dense, linear="dot", form="x")
def _(dot, x):
    y = dense(dot, x)

    def pullback(y_bar):
        if dot is None or isinstance(
            y_bar, list | tuple
        ):  # of a list of arrays that are no one array
            return (None if dot is None else y_bar,)
        return (nested(y_bar, x),)

    return y, pullback


@rule(like_cotangent, linear="dot", form=("bar", "x"))
def _(dot, bar, x):
    y = like_cotangent(dot, bar, x)
    sequence = isinstance(dot, list | tuple)

    def pullback(y_bar):
        whole = sequence and not isinstance(y_bar, list | tuple)
        return (nested(y_bar, x) if whole else y_bar,)

    return y, pullback


@jvp_rule(beside)
def beside_jvp(primals, tangents):
    return beside(*primals), tangents[2]


declarations.ITERATOR_MAKERS.add(item_tangents)
declarations.LAZY.add(item_tangents)  # its operands are not to be used up
nondifferentiable(refuse_shared, zeros_of)
