"""Functions that have the values of SciPy's and the derivative of a formula in NumPy.

What SciPy computes in compiled code or by writing into arrays is written here once more, as a formula that
is differentiated by its source, in both modes and as often as one likes:

    @source_of(Spline.__call__)
    def _(self, x):
        return valued(computed(Spline.__call__, self, x), spline(self.c, self.x, x))
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.parts import parts_of
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule
from adjoint.tree import make_tangent, part_cotangents, tangent_field


@nondifferentiable
def computed(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """The value of a call, a constant."""
    return function(*args, **kwargs)


def valued(exact: Any, formula: Any) -> Any:
    """The first, with the derivative of the second, which is the same number but for rounding."""
    if np.shape(exact) != np.shape(formula):
        raise AssertionError(f"a formula of shape {np.shape(formula)} for {np.shape(exact)}")
    return exact


@rule(valued, form="exact")
def _(exact, formula):
    y = valued(exact, formula)

    def pullback(y_bar):
        return None, y_bar

    return y, pullback


@jvp_rule(valued)
def _(primals, tangents):
    return valued(*primals), tangents[1]


def consisting_of(made: Any, *values: Any) -> Any:
    """An object, whose parts have the derivatives of these."""
    return made


@rule(consisting_of, form="made")
def _(made, *values):
    y = consisting_of(made, *values)

    def pullback(y_bar):
        return None, *cotangents_of_parts(y_bar, made)

    return y, pullback


@jvp_rule(consisting_of)
def _(primals, tangents):
    made, dots = primals[0], tangents[1:]
    names = parts_of(type(made)).names  # pyright: ignore[reportOptionalMemberAccess]
    return made, make_tangent(*[each for pair in zip(names, dots) for each in pair])


def cotangents_of_parts(x_bar: Any, x: Any) -> tuple:
    names = parts_of(type(x)).names  # pyright: ignore[reportOptionalMemberAccess]
    return part_cotangents(x_bar, x, names)


@rule(cotangents_of_parts, linear="x_bar", form="x")
def _(x_bar, x):
    y = cotangents_of_parts(x_bar, x)

    def pullback(y_bar):
        return None if x_bar is None else tangent_of_parts(y_bar, x)

    return y, pullback


def tangent_of_parts(bars: Any, x: Any) -> Any:
    """The cotangent of an object from those of its parts."""
    names = parts_of(type(x)).names  # pyright: ignore[reportOptionalMemberAccess]
    return None if bars is None else make_tangent(*[v for p in zip(names, bars) for v in p])


@rule(tangent_of_parts, linear="bars", form="x")
def _(bars, x):
    y = tangent_of_parts(bars, x)

    def pullback(y_bar):
        return (cotangents_of_parts(y_bar, x),)

    return y, pullback


def part(x: Any, name: str) -> Any:
    """An attribute of an object that is one of its parts."""
    if parts_of(type(x)) is None:
        raise MissingRuleError(
            f"no derivative is known for a {type(x).__name__}",
            hint="Make an object of another class of the same numbers.",
        )
    return getattr(x, name)


@rule(part)
def _(x, name):
    y = part(x, name)

    def pullback(y_bar):
        return make_tangent(name, y_bar)

    return y, pullback


@jvp_rule(part)
def _(primals, tangents):
    return part(*primals), tangent_field(tangents[0], primals[1])


@nondifferentiable
def flag(x: Any, name: str) -> Any:
    """An attribute of an object that is a setting of it."""
    return getattr(x, name)
