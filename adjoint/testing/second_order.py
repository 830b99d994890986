"""Second derivatives of rules: the compiler's derivative of a pullback against its difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.rules import registry
from adjoint.testing.cases import Case
from adjoint.testing.differences import along
from adjoint.testing.leaves import inner, is_floating
from adjoint.testing.rules import (
    RuleError,
    apply_rule,
    random_cotangent,
    random_of,
    settled,
    tangent_of,
    underived_operands,
)
from adjoint.tree import project


def check_second_order(case: Case) -> None:
    """Raise `RuleError` unless the gradient of <pullback(y_bar), v> agrees with its difference.

    Of the arguments that are themselves numbers or arrays; the others are held fixed.
    """
    import adjoint

    args, kwargs = case.operands()
    random = random_of(case)
    fixed = underived_operands(case.function, args, kwargs)
    active = [i for i, arg in enumerate(args) if is_floating(arg) and i not in fixed]
    if not active or not case.second:
        return
    function, (first, *_), last = case.function, active, active[-1]
    operands = args[first : last + 1]
    before, after = args[:first], args[last + 1 :]
    y_bar = random_cotangent(settled(function(*args, **kwargs)), random)
    vs = [tangent_of(x, random) if is_floating(x) else None for x in operands]
    ws = [tangent_of(x, random) if is_floating(x) else None for x in operands]

    def applied(*xs):
        return function(*before, *xs, *after, **kwargs)

    def slope(*xs):
        bars = adjoint.pullback(applied, *xs)[1](y_bar)
        total = 0.0
        for bar, v in zip(bars, vs, strict=True):
            if v is not None:
                total = total + np.sum(np.real(np.conj(v) * bar))
        return total

    def slope_by_rule(step: float) -> float:
        xs = [x if w is None else x + step * w for x, w in zip(operands, ws, strict=True)]
        back = rule_or_compiler(function, (*before, *xs, *after), kwargs)
        bars = back(y_bar)[first : last + 1]
        return sum(inner(project(bar, x), v) for bar, x, v in zip(bars, xs, vs, strict=True))

    (numeric,) = along(slope_by_rule)
    derived = sum(
        inner(bar, w) for bar, w in zip(adjoint.gradient(slope, *operands), ws, strict=True)
    )
    if not abs(numeric - derived) <= 10 * case.tolerance * (1 + abs(numeric) + abs(derived)):
        raise RuleError(
            f"{case}: second order: adjoint gives {derived:.12g} along a random direction, the "
            f"finite difference of the pullback {numeric:.12g}"
        )


def rule_or_compiler(function: Any, args: tuple, kwargs: dict[str, Any]) -> Callable:
    """The pullback by the rule, or by the compiler of what is defined in Python."""
    declared = registry.lookup(function)
    if declared is not None and declared.kind in ("rule", "partials"):
        return apply_rule(function, args, kwargs)[1]
    import adjoint

    return adjoint.pullback(lambda *xs: function(*xs, **kwargs), *args)[1]
