"""Second derivatives of rules: each mode over each mode, against each other and against differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

WAYS = (
    "reverse over reverse",
    "forward over reverse",
    "reverse over forward",
    "forward over forward",
)


def check_second_order(case: Case, ways: tuple[str, ...] = WAYS) -> None:
    """Raise `RuleError` unless d²⟨y_bar, f⟩ along two random directions v and w is the same each way.

    Of ⟨pullback(y_bar), v⟩ and of ⟨y_bar, y_dot⟩, with y_dot the tangent along v, the derivative along w is
    taken by `gradient` and by `jvp`, and of the first by finite differences too. Of the arguments that are
    themselves numbers or arrays; the others are held fixed.
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
    y = function(*args, **kwargs)
    y_bar = random_cotangent(settled(y), random)
    vs = tuple([tangent_of(x, random) if is_floating(x) else None for x in operands])
    ws = tuple([tangent_of(x, random) if is_floating(x) else None for x in operands])

    def applied(*xs):
        return function(*before, *xs, *after, **kwargs)

    def by_pullback(*xs):
        bars = adjoint.pullback(applied, *xs)[1](y_bar)
        total = 0.0
        for bar, v in zip(bars, vs, strict=True):
            if v is not None:
                total = total + np.sum(np.real(np.conj(v) * bar))
        return total

    def by_tangent(*xs):
        return product(y_bar, adjoint.jvp(applied, xs, vs)[1])

    def by_rule(step: float) -> float:
        xs = [x if w is None else x + step * w for x, w in zip(operands, ws, strict=True)]
        back = rule_or_compiler(function, (*before, *xs, *after), kwargs)
        bars = back(y_bar)[first : last + 1]
        return sum(inner(project(bar, x), v) for bar, x, v in zip(bars, xs, vs, strict=True))

    (numeric,) = along(by_rule)
    for way in ways:
        outer, inside = way.split(" over ")
        if inside == "forward" and isinstance(y, Iterator):  # it goes through what it is given once
            continue
        slope = by_pullback if inside == "reverse" else by_tangent
        if outer == "reverse":
            bars = adjoint.gradient(slope, *operands)
            derived = sum(inner(bar, w) for bar, w in zip(bars, ws, strict=True))
        else:
            derived = inner(1.0, adjoint.jvp(slope, operands, ws)[1])
        if not abs(numeric - derived) <= 10 * case.tolerance * (1 + abs(numeric) + abs(derived)):
            raise RuleError(
                f"{case}: second order, {way}: adjoint gives {derived:.12g} along random "
                f"directions, the finite difference of the pullback {numeric:.12g}"
            )


def product(bar: Any, dot: Any) -> Any:
    """The real inner product of a cotangent and a tangent of one value; None is zero."""
    if bar is None or dot is None:
        return 0.0
    if isinstance(bar, tuple | list):
        return sum([product(b, d) for b, d in zip(bar, dot, strict=True)])
    if isinstance(bar, dict):
        return sum([product(b, dot[key]) for key, b in bar.items()])
    return np.sum(np.real(np.conj(bar) * dot))


def rule_or_compiler(function: Any, args: tuple, kwargs: dict[str, Any]) -> Callable:
    """The pullback by the rule, or by the compiler of what is defined in Python."""
    declared = registry.lookup(function)
    if declared is not None and declared.kind in ("rule", "partials"):
        return apply_rule(function, args, kwargs)[1]
    import adjoint

    return adjoint.pullback(lambda *xs: function(*xs, **kwargs), *args)[1]
