"""The compiler against the rules as they run by themselves."""

from __future__ import annotations

import numpy as np

from adjoint.rules import registry
from adjoint.testing.cases import Case
from adjoint.testing.differences import along, moved
from adjoint.testing.leaves import cotangents, inner, is_floating, leaves
from adjoint.testing.rules import (
    RuleError,
    apply_rule,
    projected,
    random_cotangent,
    random_of,
    same,
    settled,
    tangent_of,
    underived_operands,
)


def check_compiled(case: Case) -> None:
    """Raise `RuleError` unless `adjoint.pullback` of the call agrees with its rule.

    What has no pullback of its own, because it is defined in Python, is compared with finite
    differences, and so is what a case reads of its result.
    """
    import adjoint

    declared = registry.lookup(case.function)
    if declared is None or declared.kind == "constant":
        return
    function, (args, kwargs), read = case.function, case.operands(), case.read or whole

    fixed = [*underived_operands(function, args, kwargs), *case.held]
    moving = [i for i in range(len(args)) if i not in fixed]
    if fixed:  # only numbers between them, so that what is fixed is not in the way
        moving = [i for i in moving if any(is_floating(leaf) for _, leaf in leaves(args[i]))]
    first, last = (moving[0], moving[-1] + 1) if moving else (0, 0)
    before, after = args[:first], args[last:]

    def call(*xs):
        return read(function(*before, *xs, *after, **kwargs))

    y, back = adjoint.pullback(call, *args[first:last])
    expected = settled(read(function(*args, **kwargs)))
    if not same(settled(y), expected):
        raise RuleError(f"{case}: compiled, the value is {y!r}, by the function {expected!r}")
    random = random_of(case)
    y_bar = random_cotangent(expected, random)
    given = [*[None] * len(before), *back(y_bar), *[None] * len(after)]
    bars = projected(args, given)
    if declared.kind == "source" or case.read is not None:
        wanted = None
    else:
        by_rule = apply_rule(function, args, kwargs)[1](y_bar)
        wanted = projected(args, by_rule[: len(args)])
    owners = [i for i, arg in enumerate(args) for _ in leaves(arg)]
    for position, ((path, leaf), bar) in enumerate(zip(leaves(args), bars, strict=True)):
        if not first <= owners[position] < last:
            continue
        if wanted is not None:
            expected_bar = wanted[position]
            a = 0.0 if bar is None else bar
            b = 0.0 if expected_bar is None else expected_bar
            close = np.allclose(a, b, rtol=1e-12, atol=1e-12)
        elif is_floating(leaf):
            v = tangent_of(leaf, random)
            slopes = along(_moving(case, args, kwargs, position, v))
            pairs = zip(cotangents(expected, y_bar), slopes, strict=True)
            a, b = inner(bar, v), sum(inner(each, slope) for each, slope in pairs)
            close = abs(a - b) <= case.tolerance * (1 + abs(a) + abs(b))
        else:
            continue
        if not close:
            raise RuleError(f"{case}: operand {path}: compiled {a!r}, expected {b!r}")


def whole(result):
    """All of a result."""
    return result


def _moving(case, args, kwargs, position, v):
    read = case.read or whole
    return lambda step: settled(read(case.function(*moved(args, position, v, step), **kwargs)))
