"""Calls that change what their caller sees, of functions that are known only when the program runs.

    y, pullback = apply_shared(names, writes, f, *args, **kwargs)
    f_bar, *args_bars, kwargs_bar = pullback(y_bar, shadows)

Recursion, for one. The cotangents of all memory, and of attributes, items and shared variables that
change, are in the caller's `shadows`, which the callee's reverse half works on in place: as both run
backwards, each finds there what is right at that point. What the pullback takes and returns is the rest.

`names` are the attributes that change while the caller runs, `writes` tells whether the callee may
change anything: else the caller does, and the callee may look at it by a global name.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint import contents, slots
from adjoint import shadows as memory
from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules import dispatch, missing, registry
from adjoint.runtime import call_method
from adjoint.shadows import Shadows
from adjoint.tree import Number, Tangent

Pullback = Callable[[Any, Shadows], tuple]
Result = tuple[Any, Pullback]

# Set by the compiler: gives the rule of a Python function from its source.
generate_shared: Callable[[tuple, bool, Any, tuple, dict], Result] | None = None


def apply_shared(
    names: tuple[str, ...], writes: bool, function: Any, /, *args: Any, **kwargs: Any
) -> Result:
    """The value of a call, and its pullback, which shares the caller's shadows."""
    if function is call_method:
        return _method_call(names, writes, *args, **kwargs)
    if isinstance(function, types.MethodType):
        y, pull = apply_shared(names, writes, function.__func__, function.__self__, *args, **kwargs)

        def bound(y_bar: Any, shadows: Shadows) -> tuple:
            _, self_bar, *rest = pull(y_bar, shadows)
            return (None if self_bar is None else Tangent(__self__=self_bar), *rest)

        return y, bound
    method = getattr(type(function), "__call__", None)  # noqa: B004
    if isinstance(method, types.FunctionType):
        y, pull = apply_shared(names, writes, method, function, *args, **kwargs)
        return y, lambda y_bar, shadows: pull(y_bar, shadows)[1:]
    chosen = dispatch.chosen_by_type(function, args)
    if chosen is not None:
        return apply_shared(names, writes, chosen, *args, **kwargs)
    made = isinstance(function, type) and function.__module__ != "builtins"
    if registry.lookup(function) is None and (made or isinstance(function, types.FunctionType)):
        assert generate_shared is not None
        return generate_shared(names, writes, function, args, kwargs)
    return _by_value(function, args, kwargs)


def _method_call(
    names: tuple[str, ...], writes: bool, owner: Any, name: str, *args: Any, **kwargs: Any
) -> Result:
    if type(owner) in contents.CONTAINERS and name in contents.changes_of(owner):
        y, change = contents.change(owner, name, *args, **kwargs)

        def of_change(y_bar: Any, shadows: Shadows) -> tuple:
            bars = contents.undone(shadows, change, y_bar)
            return (None, None, None, *bars, *[None] * (len(args) - len(bars)), {})

        return y, of_change
    method = dispatch.method_of(owner, name, *args[:1])
    if method is not None:
        y, pull = apply_shared(names, writes, method, owner, *args, **kwargs)

        def of_method(y_bar: Any, shadows: Shadows) -> tuple:
            _, owner_bar, *rest = pull(y_bar, shadows)
            return (None, owner_bar, None, *rest)

        return y, of_method
    y, pull = apply_shared(names, writes, getattr(owner, name), *args, **kwargs)

    def of_attribute(y_bar: Any, shadows: Shadows) -> tuple:
        callee, *rest = pull(y_bar, shadows)
        return (None, None if callee is None else Tangent(**{name: callee}), None, *rest)

    return y, of_attribute


def _by_value(function: Any, args: tuple, kwargs: dict) -> Result:
    """A call of what has a rule of its own, which works on copies: nothing else is known of it."""
    kept = tuple(map(memory.snapshot, args))
    named = {name: memory.snapshot(value) for name, value in kwargs.items()}
    active = (*range(len(args)), *kwargs)
    if not all(map(is_copied, (*args, *kwargs.values()))):
        refuse_opaque(function)
    y, inner = dispatch.apply_rule(function, active, *kept, **named)
    if (
        not isinstance(y, np.ndarray | Number | None)
        or isinstance(y, np.ndarray)
        and memory.shares(y, (kept, named))
    ):
        refuse_opaque(function)
    return y, lambda y_bar, shadows: inner(slots.collect(shadows, y, y_bar))


def is_copied(x: Any) -> bool:
    """Does `snapshot` copy all of this that may be written to?"""
    if isinstance(x, tuple | list | dict):
        return all(map(is_copied, x.values() if isinstance(x, dict) else x))
    return isinstance(x, np.ndarray | Number | str | bytes | slice | range | type | None)


def refuse_opaque(function: Any) -> None:
    raise UnsupportedSyntaxError(
        f"{missing.describe(function)} is called when the program runs, where others change what it "
        "is given",
        hint="Call it by its name, or give it a copy.",
    )
