"""Forward rules found at run time, in forward mode: forward over forward.

`y, y_dot = push_rule(f, tangents, *args)` has the tangents y' = Df(args) args' and
y_dot' = D²f(args)[args', tangents] + Df(args) tangents'.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.ir.types import is_static
from adjoint.ir.values import type_of
from adjoint.rules import cursors, dispatch, lookup, pushing, registry
from adjoint.rules.operators import is_hashable
from adjoint.rules.pulled import held, unsupported
from adjoint.rules.pushed import refuse_generator
from adjoint.rules.pushing import (
    PUSHED,
    Pair,
    Unresolved,
    fitted_dots,
    listed,
    push_call,
    push_rule,
)
from adjoint.runtime import call_method, iterated, load_capture
from adjoint.tree import Number, accumulate, tangent_field

#: Files of rules whose functions only move what they are given.
MOVING = (
    "adjoint.rules.iterators",
    "adjoint.rules.dicts",
    "adjoint.rules.containers",
    "adjoint.rules.callables",
)


def of_push(tangents: tuple, function: Any, inner: tuple, /, *args: Any, **kwargs: Any) -> Pair:
    """The tangents of `push_rule(function, inner, *args, **kwargs)`."""
    _, function_dot, inner_dot, *rest = tangents
    outer = (function_dot, *rest)
    cursors.refuse_again(function, args, next, iterated)
    inner_dot = (None,) * len(inner) if inner_dot is None else inner_dot
    inner_dot = (*inner_dot[:-1], inner_dot[-1] or {})
    args, inner, inner_dot, outer = listed(args, inner, inner_dot, outer)
    function = dispatch.respelled(function, args)
    refuse_generator(function)
    if moves(function, args):
        pair = push_rule(function, inner, *args, **kwargs)
        _, y_outer = push_rule(function, outer, *args, **kwargs)
        _, y_dot_outer = push_rule(function, inner_dot, *args, **kwargs)
        return pair, (y_outer, y_dot_outer)
    return of_call(function, inner, inner_dot, outer, args, kwargs)


def goes_through_others(function: Any, args: tuple) -> bool:
    """Does a call come down to calls of methods, of an object that it is given?"""
    everything = tuple(range(len(args)))
    return bool(
        dispatch.converted(function, everything, args)
        or dispatch.own_iterators(function, args)
        or dispatch._overloaded(function, args)
    )


def of_call(
    function: Any, inner: tuple, inner_dot: tuple, outer: tuple, args: tuple, kwargs: dict
) -> Pair:
    """By the compiler, which writes the forward derivative of the call and pushes it forward."""
    if function is call_method:
        method = dispatch.method_of(*args[:3])
        if method is None:
            raise MissingRuleError(
                f"the second derivative through the method {args[1]!r} is not supported"
            )
        whole = [(None, t[1], *t[3:]) for t in (inner, inner_dot, outer)]
        return of_push_again(method, *whole, (args[0], *args[2:]), kwargs)
    if function is getattr:
        computed = lookup.attribute_call(*args)
        assert computed is not None
        function, before, after = computed
        nothing = (None,) * len(before), (None,) * len(after)
        whole = [(None, *nothing[0], t[1], *nothing[1], {}) for t in (inner, inner_dot, outer)]
        return of_push_again(function, *whole, (*before, args[0], *after), kwargs)
    chosen = dispatch.chosen_by_type(function, args)
    if chosen is not None:
        return of_push_again(chosen, inner, inner_dot, outer, args, kwargs)
    if registry.is_sampler(function):
        raise unsupported(function)
    declared = registry.lookup(function) if is_hashable(function) else None
    if declared is None and dispatch.is_bound(function):
        whole = [(None, tangent_field(t[0], "__self__"), *t[1:]) for t in (inner, inner_dot, outer)]
        operands = (function.__self__, *args)
        return of_push_again(dispatch.unbound(function), *whole, operands, kwargs)
    text = registry.forward_rule(function)
    # Not of the rules of iterators, whose tangents are counted along with them.
    numeric = text is not None and text.__module__.startswith("adjoint.rules.scipy.")
    if numeric and all(t is None for t in inner[-1].values()):
        along = (None, tuple(outer[1:-1]), tuple(inner_dot[1:-1]), {})
        pair, dots = push_rule(text, along, args, tuple(inner[1:-1]), **kwargs)
        return pair, (None, None) if dots is None else dots
    if function in pushing.SEQUENCES and isinstance(args[0], list | tuple):
        along = (None, tuple(outer[1:-1]), tuple(inner_dot[1:-1]), {})
        return push_rule(pushing.SEQUENCES[function], along, args, tuple(inner[1:-1]))
    if declared is not None and declared.kind == "partials":
        if all(isinstance(x, np.ndarray | Number | np.bool_) for x in args):
            return elementwise(declared, function, inner, inner_dot, outer, args, kwargs)
    if declared is not None and declared.kind == "rule":
        found = by_declaration(declared, function, inner, inner_dot, outer, args, kwargs)
        if found is not None:
            return found
    if declared is not None and declared.kind == "source":
        function = declared.text
    assert pushing.generate is not None
    inner, inner_dot, outer = map(whole_tangents, (inner, inner_dot, outer))
    operands = (held(function), inner, args, kwargs)
    dots = (outer[0], inner_dot, tuple(outer[1:-1]), outer[-1])
    return pushing.generate(push_call, (None, *dots, {}), operands, {})


def by_declaration(
    declared: registry.Rule,
    function: Any,
    inner: tuple,
    inner_dot: tuple,
    outer: tuple,
    args: tuple,
    kwargs: dict,
) -> Pair | None:
    """By the rule of the function, and by that of the function that gives its tangent."""
    args, outer = listed(args, outer)
    positional = all(t is None for t in inner[-1].values())
    if positional and pushing.is_linear(declared, inner, args, kwargs):
        return linear(declared, function, inner, inner_dot, outer, args, kwargs)
    operands = (*args, *kwargs.values())
    if not all(is_static(type_of(x)) for x in operands):
        return None
    y, y_outer = push_rule(function, outer, *args, **kwargs)
    dots = fitted_dots(inner, args, kwargs)
    assert pushing.tangent_function is not None
    try:
        tangent = pushing.tangent_function(function, args, kwargs, y, dots)
    except Unresolved:
        return None
    pairs = zip(dots, fitted_dots(inner_dot, args, kwargs), strict=True)
    given = [(d, of_d) for d, of_d in pairs if d is not None]
    along = [*outer[1:-1], *[outer[-1].get(k) for k in kwargs], y_outer, *[d for _, d in given]]
    y_dot, y_dot_outer = push_rule(
        tangent, (None, *along, {}), *operands, y, *[d for d, _ in given]
    )
    return (y, y_dot), (y_outer, y_dot_outer)


def elementwise(
    declared: registry.Rule,
    function: Any,
    inner: tuple,
    inner_dot: tuple,
    outer: tuple,
    args: tuple,
    kwargs: dict,
) -> Pair:
    """By the partial derivatives."""
    y, y_outer = push_rule(function, outer, *args, **kwargs)
    dots = tuple(fitted_dots(inner, args, {}))
    of_dots = tuple(
        [None if d is None else own
         for d, own in zip(dots, fitted_dots(inner_dot, args, {}), strict=True)]
    )  # fmt: skip
    along = (None, tuple(outer[1:-1]), y_outer, of_dots, None, None, {})
    y_dot, y_dot_outer = push_rule(
        pushing.weighted, along, args, y, dots, declared.text, declared.singular
    )
    return (y, y_dot), (y_outer, y_dot_outer)


def linear(
    declared: registry.Rule,
    function: Any,
    inner: tuple,
    inner_dot: tuple,
    outer: tuple,
    args: tuple,
    kwargs: dict,
) -> Pair:
    """Of a linear function: its derivative, with the tangent of each operand in turn in its place."""
    y, y_outer = push_rule(function, outer, *args, **kwargs)
    y_dot = y_dot_outer = None
    names = pushing.positional_names(declared, len(args))
    dots, of_dots = (pushing.filled(function, t, args) for t in (inner, inner_dot))
    for i, (dot, of_dot, name) in enumerate(zip(dots, of_dots, names, strict=True)):
        if dot is not None and name in declared.linear:
            along = (*outer[: 1 + i], of_dot, *outer[2 + i :])
            term, term_dot = push_rule(function, along, *args[:i], dot, *args[i + 1 :], **kwargs)
            y_dot, y_dot_outer = accumulate(y_dot, term), accumulate(y_dot_outer, term_dot)
    return (y, y_dot), (y_outer, y_dot_outer)


def of_push_again(
    function: Any, inner: tuple, inner_dot: tuple, outer: tuple, args: tuple, kwargs: dict
) -> Pair:
    return of_push((None, outer[0], inner_dot, *outer[1:]), function, inner, *args, **kwargs)


def whole_tangents(tangents: tuple) -> tuple:
    """Tangents that come one by one, as lists; those of what has none, as None."""
    return tuple(
        [None if isinstance(t, itertools.repeat) else list(t) if isinstance(t, Iterator) else t
         for t in tangents]
    )  # fmt: skip


def moves(function: Any, args: tuple) -> bool:
    """Does a call give what it is given, whatever that is: is its tangent the call of the tangents?"""
    if not is_hashable(function) or goes_through_others(function, args):
        return False
    if function is getattr:
        return lookup.attribute_call(*args) is None
    if function is operator.getitem:
        return not isinstance(
            getattr(type(args[0]), "__getitem__", None), type(of_push)
        )  # else it is a call
    if function in (dict, load_capture, functools.partial):
        return True
    text = registry.forward_rule(function)
    return text is not None and text.__module__ in MOVING


PUSHED[push_rule] = of_push
