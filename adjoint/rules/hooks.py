"""`hook(fn, x)`: the identity, whose cotangent passes through a function of the user's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint import tree
from adjoint.errors import MissingRuleError, SourceUnavailableError, UnsupportedSyntaxError
from adjoint.rules import dispatch
from adjoint.rules.kept import Result
from adjoint.rules.registry import rule
from adjoint.tree import Number, Tangent, project, same_container

NUMBERS = (np.ndarray, int, float, complex, np.number)


def hook(fn: Callable, x: Any, /) -> Any:
    """`x` itself, whose cotangent passes through `fn`: to look at a gradient in flight, or to change it.

    y = x,  x̄ = fn(ȳ)

        h = ad.hook(print, np.tanh(x @ W))                      # look at it
        h = ad.hook(lambda g: np.clip(g, -1.0, 1.0), h)         # clip it

    `fn` is given a copy of its own of the cotangent, in the form of `x`: an array of its shape, a
    container of the same form, a `Tangent` for an object. What it returns takes its place; if it
    returns None, what it was given does.

    `fn` runs once each time the pullback passes this call, in the reverse order of the calls: of
    `hook(f, hook(g, x))`, `f` before `g`. It does not run where the result does not depend on `x`.
    The cotangents of a second derivative pass through it in turn, and there `fn` is differentiated as
    well; one that only looks, and returns None, need not have a derivative.

    An array is copied, so that writing into the result does not go past the hook.

    Raises ValueError if `fn` returns something of another shape or form.
    """
    if hasattr(x, "__tracked__"):  # on the tape of `adjoint.tracker`
        return x.__tracked__(hook, fn, x)
    return x.copy() if isinstance(x, np.ndarray) else x


@rule(hook, linear="x")
def _(fn, x):
    y = hook(fn, x)

    def pullback(y_bar):
        whole = y_bar if isinstance(x, NUMBERS) else tree.complete(y_bar, x)
        return None, through_hook(fn, whole)

    return y, pullback


def through_hook(fn: Callable, x_bar: Any) -> Any:
    """What a hook makes of a cotangent; it may keep, or write into, what it is given."""
    given = own_copy(x_bar)
    return answer(fn(given), given)


def own_copy(x_bar: Any) -> Any:
    """A cotangent of which no part is used elsewhere."""
    if isinstance(x_bar, np.ndarray):
        return x_bar.copy()
    if isinstance(x_bar, tuple | list):
        return same_container(x_bar, list(map(own_copy, x_bar)))
    if isinstance(x_bar, dict):
        return {k: own_copy(v) for k, v in x_bar.items()}
    if isinstance(x_bar, Tangent):
        return Tangent(**{n: own_copy(getattr(x_bar, n)) for n in x_bar})
    return x_bar


def answer(found: Any, given: Any) -> Any:
    """What a hook returned, in the form of what it was given."""
    if found is None:
        return given
    if isinstance(given, np.ndarray | Number):
        if not isinstance(found, np.ndarray | Number) or np.shape(found) != np.shape(given):
            raise ValueError(
                f"a hook returned {described(found)} for a cotangent that is {described(given)}"
            )
        return project(found, given)
    if isinstance(given, tuple | list):
        if not isinstance(found, type(given)) or len(found) != len(given):
            raise ValueError(
                f"a hook returned {described(found)} for a cotangent that is {described(given)}"
            )
        return same_container(given, list(map(answer, found, given)))
    if isinstance(given, dict | Tangent):
        keys = list(given)
        if type(found) is not type(given) or list(found) != keys:
            raise ValueError(
                f"a hook returned {described(found)} for a cotangent that is {described(given)}"
            )
        if isinstance(given, dict):
            return {k: answer(found[k], given[k]) for k in keys}
        return Tangent(**{n: answer(getattr(found, n), getattr(given, n)) for n in keys})
    return found


def described(x_bar: Any) -> str:
    if isinstance(x_bar, np.ndarray):
        return f"an array of shape {x_bar.shape}"
    if isinstance(x_bar, tuple | list):
        return f"a {type(x_bar).__name__} of {len(x_bar)}"
    if isinstance(x_bar, dict | Tangent):
        return f"a {type(x_bar).__name__} with {', '.join(map(repr, x_bar)) or 'nothing in it'}"
    return "a number" if isinstance(x_bar, Number) else f"a {type(x_bar).__name__}"


# -- the derivative of a gradient that went through a hook --------------------------------------------


def _through_hook(active: tuple, fn: Callable, x_bar: Any) -> Result:
    given = own_copy(x_bar)
    mask = tuple("callee" if a == 0 else 0 for a in active)
    try:
        found, back = dispatch.apply_rule(fn, mask, given)
    except (UnsupportedSyntaxError, MissingRuleError, SourceUnavailableError):
        found, back = fn(given), None
        if found is not None or not unchanged(given, x_bar):
            raise  # it changes cotangents, in a way that has no derivative
    if found is None:  # it only looked
        return given, lambda bar: (None, None, bar, {})
    assert back is not None

    def pull(bar: Any) -> tuple:
        fn_bar, given_bar, _ = back(bar)
        return None, fn_bar, given_bar, {}

    return answer(found, given), pull


def unchanged(given: Any, before: Any) -> bool:
    """Is a cotangent, bit for bit, what it was?"""
    if isinstance(given, np.ndarray):
        return np.array_equal(given, before, equal_nan=True)
    if isinstance(given, tuple | list):
        return all(map(unchanged, given, before))
    if isinstance(given, dict):
        return all(unchanged(given[k], before[k]) for k in given)
    if isinstance(given, Tangent):
        return all(unchanged(getattr(given, n), getattr(before, n)) for n in given)
    return given is before


dispatch.STRUCTURAL[through_hook] = _through_hook
