"""Functions made of functions: `partial`, `cache`, and what `operator` makes."""

from __future__ import annotations

import functools
import operator
from typing import Any

from adjoint.rules.registry import jvp_rule, rule, source_of
from adjoint.runtime import call_method
from adjoint.tree import Tangent, make_tangent, tangent_field, tangent_item


@rule(functools.cache)
def cache(user_function, /):
    y = functools.cache(user_function)

    def pullback(y_bar):
        return (tangent_field(y_bar, "__wrapped__"),)

    return y, pullback


@jvp_rule(functools.cache)
def cache_jvp(primals, tangents):
    return functools.cache(primals[0]), make_tangent("__wrapped__", tangents[0])


@rule(functools.update_wrapper)
def update_wrapper(
    wrapper, wrapped, assigned=functools.WRAPPER_ASSIGNMENTS, updated=functools.WRAPPER_UPDATES
):
    y = functools.update_wrapper(wrapper, wrapped, assigned, updated)

    def pullback(y_bar):
        return y_bar

    return y, pullback


@jvp_rule(functools.update_wrapper)
def update_wrapper_jvp(
    primals, tangents, assigned=functools.WRAPPER_ASSIGNMENTS, updated=functools.WRAPPER_UPDATES
):
    wrapper, wrapped = primals
    return functools.update_wrapper(wrapper, wrapped, assigned, updated), tangents[0]


@rule(functools.partial)
def partial(function, /, *args, **kwargs):
    y = functools.partial(function, *args, **kwargs)

    names = tuple(kwargs)
    count = len(args)

    def pullback(y_bar):
        return partial_parts(y_bar, count, names)

    return y, pullback


def partial_parts(bar: Any, count: int, names: tuple) -> tuple:
    """The cotangents of what a `partial` holds: its function, its arguments, its keywords."""
    args, keywords = tangent_field(bar, "args"), tangent_field(bar, "keywords")
    return (
        tangent_field(bar, "func"),
        *([None] * count if args is None else args),
        {n: tangent_item(keywords, n) for n in names},
    )


@rule(partial_parts, linear="bar")
def _(bar, count, names):
    y = partial_parts(bar, count, names)

    def pullback(y_bar):
        return (partial_tangent(y_bar, count, names),)

    return y, pullback


def partial_tangent(parts: Any, count: int, names: tuple) -> Any:
    """`partial_parts` undone."""
    if parts is None:
        return None
    return Tangent(func=parts[0], args=tuple(parts[1 : 1 + count]), keywords=parts[1 + count])


@rule(partial_tangent, linear="parts")
def _(parts, count, names):
    y = partial_tangent(parts, count, names)

    def pullback(y_bar):
        return (partial_parts(y_bar, count, names),)

    return y, pullback


@source_of(operator.itemgetter)
def itemgetter(*keys):
    if len(keys) == 1:
        return lambda owner: owner[keys[0]]
    return lambda owner: tuple([owner[key] for key in keys])


@source_of(operator.attrgetter)
def attrgetter(*names):
    if len(names) == 1:
        return lambda owner: attribute_along(owner, names[0].split("."))
    return lambda owner: tuple([attribute_along(owner, name.split(".")) for name in names])


def attribute_along(owner, path):
    """`owner.a.b.c`"""
    for name in path:
        owner = getattr(owner, name)
    return owner


source_of(attribute_along)(attribute_along)


@source_of(operator.concat)
def concat(a, b, /):
    return a + b


@source_of(operator.iconcat)
def iconcat(a, b, /):
    a += b
    return a


@source_of(operator.methodcaller)
def methodcaller(name, /, *args, **kwargs):
    return lambda owner: call_method(owner, name, *args, **kwargs)
