"""What the rules of SciPy's solvers share: plain calls, results with many fields, trees of cotangents."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules import dispatch
from adjoint.rules.dispatch import apply_rule
from adjoint.rules.pushing import push_rule
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule, source_of
from adjoint.rules.text import leaves, vanishes
from adjoint.tree import Number, Tangent, Underived, same_container


@nondifferentiable
def plain(function, *args, **kwargs):
    """The call as it stands. What has a derivative is put into its place afterwards."""
    return function(*args, **kwargs)


def known_unless(value, condition, what, hint):
    """The value; refused where it carries a derivative and the condition holds."""
    return value


@rule(known_unless)
def _(value, condition, what, hint):
    y = checked(value, condition, what, hint)

    def pullback(y_bar):
        return y_bar

    return y, pullback


@jvp_rule(known_unless)
def known_unless_jvp(primals, tangents):
    return checked(*primals), tangents[0]


def checked(value, condition, what, hint):
    if condition:
        raise MissingRuleError(f"no derivative is known for {what}", hint=hint)
    return value


source_of(checked)(checked)


def as_tuple(args):
    return args if isinstance(args, tuple) else (args,)


source_of(as_tuple)(as_tuple)


def held(value, name):
    """The value of a parameter of which no derivative is known: a call in which it has one is refused."""
    return value


@rule(held)
def _(value, name):
    y = refused(value, name)

    def pullback(y_bar):
        return (None,)

    return y, pullback


@jvp_rule(held)
def held_jvp(primals, tangents):
    return primals[0] if vanishes(tangents[0]) else refused(*primals), None


@nondifferentiable
def refused(value, name):
    arrays = any(isinstance(leaf, np.ndarray) for leaf in leaves(value))
    if dispatch.reads_parameters() and not arrays:
        return value  # a setting among the globals is no parameter
    raise MissingRuleError(
        f"no derivative with respect to {name} is known",
        hint="Keep it out of the derivative: pass a constant, or adjoint.stop_gradient(…).",
    )


# -- results with fields -------------------------------------------------------------------------------


def with_values(result, names, values, constant=()):
    """The result of a solver (a dict of fields) with these values, which carry derivatives.

    The derivative of the fields in `constant`, and of what is no floating number, is zero; that of all
    others is not known, and refused where it is asked for.
    """
    made = copy.copy(result)
    for name, value in zip(names, values, strict=True):
        made[name] = value
    return made


@rule(with_values)
def _(result, names, values, constant=()):
    made = with_values(result, names, values, constant)

    def pullback(made_bar):
        return None, None, chosen_fields(made_bar, made, names, constant)

    return made, pullback


@jvp_rule(with_values)
def with_values_jvp(primals, tangents):
    result, names, values, *constant = primals
    made = with_values(result, names, values, *constant)
    return made, fields_of(tangents[2], made, names, *constant)


def chosen_fields(bar: Any, result: Any, names: tuple, constant: tuple = ()) -> tuple:
    """The cotangents of the named fields; those of unknown derivative must have none."""
    bar = {} if bar is None else bar
    for name in bar:
        known = name in names or name in constant or not is_floating(result[name])
        if not known and not vanishes(bar[name]):
            raise unknown_field(result, name)
    return tuple([bar.get(name) for name in names])


@rule(chosen_fields, linear="bar")
def _(bar, result, names, constant=()):
    bars = chosen_fields(bar, result, names, constant)

    def pullback(bars_bar):
        return (named_fields(bars_bar, names),)

    return bars, pullback


def named_fields(bars: Any, names: tuple) -> Any:
    return None if bars is None else dict(zip(names, bars, strict=True))


@rule(named_fields, linear="bars")
def _(bars, names):
    y = named_fields(bars, names)

    def pullback(y_bar):
        return (fields_named(y_bar, names),)

    return y, pullback


def fields_named(bar: Any, names: tuple) -> Any:
    return None if bar is None else tuple([bar.get(name) for name in names])


@rule(fields_named, linear="bar")
def _(bar, names):
    y = fields_named(bar, names)

    def pullback(y_bar):
        return (named_fields(y_bar, names),)

    return y, pullback


def fields_of(dots: Any, result: Any, names: tuple, constant: tuple = ()) -> Any:
    """The tangent of a result: of the named fields, and a mark on those of unknown derivative."""
    if dots is None:
        return None
    unknown = {
        name: Underived(unknown_field(result, name))
        for name, value in result.items()
        if name not in names and name not in constant and is_floating(value)
    }
    return {**unknown, **dict(zip(names, dots, strict=True))}


@rule(fields_of, linear="dots")
def _(dots, result, names, constant=()):
    y = fields_of(dots, result, names, constant)

    def pullback(y_bar):
        return (chosen_fields(y_bar, result, names, constant),)

    return y, pullback


def is_floating(value: Any) -> bool:
    """May this depend on the operands as a function that has a derivative does?"""
    if isinstance(value, int | np.integer | str | bool | np.bool_ | None):
        return False
    return not isinstance(value, np.ndarray) or value.dtype.kind in "fcO"


def unknown_field(result: Any, name: str) -> MissingRuleError:
    return MissingRuleError(
        f"no derivative is known of the field {name!r} of a {type(result).__name__}",
        hint=f"Compute it from what has one, or keep it out: adjoint.stop_gradient(result.{name}).",
    )


# -- values that are given, and derivatives from elsewhere -----------------------------------------------


def known(value, again, *args):
    """`value`, which is what `again(*args)` gives: it is called for the derivative alone."""
    return value


@rule(known, calls=True)
def _(value, again, *args):
    y = known(value, again, *args)

    def pullback(y_bar):
        return known_cotangents(y_bar, again, args)

    return y, pullback


def known_cotangents(y_bar, again, args):
    _, pullback = apply_rule(again, ("callee", "*"), *args)
    again_bar, *bars = pullback(y_bar)[:-1]
    return None, again_bar, *bars


source_of(known_cotangents)(known_cotangents)


@jvp_rule(known)
def known_jvp(primals, tangents):
    y = known(*primals)
    return y, push_rule(primals[1], (*tangents[1:], {}), *primals[2:])[1]


# -- inner products of trees -----------------------------------------------------------------------------


def inner(a: Any, b: Any) -> Any:
    """The real inner product of two cotangents of one value; None is zero."""
    if a is None or b is None:
        return 0.0
    if isinstance(a, Tangent):
        return sum([inner(getattr(a, n), getattr(b, n, None)) for n in a], 0.0)
    if isinstance(a, dict):
        return sum([inner(a[k], b.get(k)) for k in a], 0.0)
    if isinstance(a, list | tuple):
        return sum([inner(x, y) for x, y in zip(a, b, strict=True)], 0.0)
    return np.sum(np.real(np.conj(a) * b))


def scaled(tree: Any, factor: Any) -> Any:
    """A cotangent times a real number."""
    if isinstance(tree, Tangent):
        return Tangent(**{n: scaled(getattr(tree, n), factor) for n in tree})
    if isinstance(tree, dict):
        return {k: scaled(x, factor) for k, x in tree.items()}
    if isinstance(tree, list | tuple):
        return same_container(tree, [scaled(x, factor) for x in tree])
    return tree * factor if isinstance(tree, np.ndarray | Number) else None


@rule(inner, linear=("a", "b"))
def _(a, b):
    y = inner(a, b)

    def pullback(y_bar):
        return scaled(b, y_bar), scaled(a, y_bar)

    return y, pullback


@rule(scaled, linear=("tree", "factor"))
def _(tree, factor):
    y = scaled(tree, factor)

    def pullback(y_bar):
        return scaled(y_bar, factor), inner(y_bar, tree)

    return y, pullback
