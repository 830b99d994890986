"""Callables without a rule, and parameters of which a rule knows no derivative: what is said of them."""

from __future__ import annotations

import functools
import types
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules import registry
from adjoint.rules.operators import (
    is_hashable,
)

# What goes into a file may be read back: its derivative would be lost on the way.
FILES = {np.save, np.savez, np.savez_compressed, np.savetxt, np.load, np.loadtxt, np.genfromtxt}


def generatable(function: Any) -> bool:
    """Is there Python source, or an object of Python's own making, to derive a rule from?"""
    if is_hashable(function) and function in FILES or is_batching(function):
        return False
    if isinstance(function, types.FunctionType | functools.partial):
        return True
    if isinstance(getattr(function, "__wrapped__", None), types.FunctionType):
        return True
    if isinstance(function, type):
        return function.__module__ != "builtins"
    return isinstance(getattr(type(function), "__call__", None), types.FunctionType)  # noqa: B004


def is_batching(function: Any) -> bool:
    """Is this what SciPy makes of a function of its own, compiled code mostly, that it calls for each matrix
    of a batch? What it writes to has nothing to do with the function that the user called."""
    code = getattr(function, "__code__", None)
    return (
        code is not None
        and code.co_qualname.startswith("_apply_over_batch.")
        and function.__globals__.get("__name__") == "scipy._lib._util"
    )


def describe(function: Any) -> str:
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", repr(function))
    module = getattr(function, "__module__", None)
    return f"{module}.{name}" if module and module != "builtins" else str(name)


def missing_hint(function: Any) -> str:
    name = getattr(function, "__name__", "f")
    return (
        f"Declare one: @adjoint.rule({name}), a function of {name}'s arguments that returns "
        f"(y, pullback); or adjoint.nondifferentiable({name}) if its derivative is zero."
    )


def missing_rule(function: Any, origin: Any) -> Any:
    """Raises: the user's code reached a callable on an active path that has no rule."""
    raise MissingRuleError(
        f"no derivative is known for {describe(function)}", origin, missing_hint(function)
    )


def underived_name(declared: registry.Rule, key: int | str) -> str | None:
    """The name of the parameter, if no derivative is known of it, that takes an operand of a call:
    the positional one of a number, or the keyword of a name."""
    if isinstance(key, str):
        return key if key in declared.underived else None
    code = declared.text.__code__
    names = code.co_varnames[: code.co_argcount]
    return names[key] if key < len(names) and names[key] in declared.underived else None


def missing_parameter(function: Any, name: str, origin: Any = None) -> Any:
    """Raises: a parameter carries a derivative, of which the rule of the callee knows none."""
    raise MissingRuleError(
        f"no derivative of {describe(function)} with respect to its parameter {name} is known",
        origin,
        f"Keep {name} out of the derivative: pass a constant, or adjoint.stop_gradient({name}).",
    )


@registry.nondifferentiable
def constant(x: Any) -> Any:
    """The identity, with no derivative."""
    return x


def carries(active: tuple, position: int) -> bool:
    """Does the positional argument carry a derivative?"""
    return position in active or "*" in active


def refuse_underived(
    function: Any, declared: registry.Rule, active: tuple, args: tuple, kwargs: dict
) -> None:
    """Refuse operands that carry a derivative, of which the rule knows none."""
    for key in [*[i for i in range(len(args)) if carries(active, i)], *kwargs]:
        name = underived_name(declared, key)
        if name is not None and (isinstance(key, int) or key in active or "**" in active):
            missing_parameter(function, name)
