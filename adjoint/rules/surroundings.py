"""Calls at run time of functions that may read parameters from their surroundings, the globals.

    y, pullback = apply_rule(call_within, active, surroundings, function, *args)

What a function reads of globals has cotangents beside its own, as a `RootTangent`. Where the function
is a value that may have none (it captures nothing), they go to `surroundings`, a root of the program.
"""

from __future__ import annotations

import functools
from typing import Any

from adjoint.rules import dispatch, registry
from adjoint.rules.pulled import SPECIAL, Parts, Result, again, parts_of, unsupported
from adjoint.runtime import call_within
from adjoint.tree import RootTangent, Tangent, accumulate, same_container


def call_within_rule(
    active: tuple, around: Any, function: Any, /, *args: Any, **kwargs: Any
) -> Any:
    y, pullback = dispatch.apply_rule(function, mask_of(active), *args, **kwargs)

    def pull(y_bar: Any) -> tuple:
        own, *bars = pullback(y_bar)
        return (None, *apart(own), *bars)

    def pull_all(y_bar: Any) -> tuple:
        roots: list[RootTangent] = []
        own, *bars = without_roots(pullback(y_bar), roots)
        return (None, functools.reduce(accumulate, roots, None), own, *bars)

    if not calls_functions(function):
        return y, pull
    assert dispatch.as_now is not None
    return y, dispatch.as_now(pull_all)


def calls_functions(function: Any) -> bool:
    """Does this call functions that it is given? What they read is beside the cotangents of these."""
    declared = registry.lookup(function)
    return declared is not None and declared.calls


def without_roots(bar: Any, roots: list[RootTangent]) -> Any:
    """A cotangent without those of globals, which are put into a list."""
    if isinstance(bar, RootTangent):
        roots.append(RootTangent(None, bar.roots))
        return without_roots(bar.own, roots)
    if isinstance(bar, Tangent):
        return Tangent(**{n: without_roots(getattr(bar, n), roots) for n in bar})
    if isinstance(bar, dict):
        return {k: without_roots(b, roots) for k, b in bar.items()}
    if isinstance(bar, list | tuple):
        return same_container(bar, [without_roots(b, roots) for b in bar])
    return bar


def mask_of(active: tuple) -> tuple:
    """What is active of `call_within(surroundings, function, …)`, as of `function(…)`."""
    shifted = [a - 2 if isinstance(a, int) else a for a in active if a not in (0, 1)]
    return ("callee", *shifted) if 0 in active or 1 in active else tuple(shifted)


def apart(bar: Any) -> tuple[Any, Any]:
    """The cotangents of the globals that a function read, and its own."""
    return (RootTangent(None, bar.roots), bar.own) if isinstance(bar, RootTangent) else (None, bar)


def call_within_pulled(active: tuple, args: tuple, kwargs: dict, inner: Any, y_bar: Any) -> Result:
    _, function, *rest = args
    if calls_functions(function):
        raise unsupported(function)
    bars, back = again(function, mask_of(active), tuple(rest), kwargs, y_bar)
    own, *more = bars

    def pull(bars_bar: Any) -> Parts:
        _, (around_bar, function_bar, *given), named = parts_of(bars_bar, len(args))
        if around_bar is not None:
            raise unsupported(function)
        callee, found, keywords, y_bar_bar = back((function_bar, *given, named))
        return None, (*apart(callee), *found), keywords, y_bar_bar

    return (None, *apart(own), *more), pull


dispatch.STRUCTURAL[call_within] = call_within_rule
SPECIAL[call_within] = call_within_pulled
