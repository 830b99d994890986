"""Forward rules found at run time, in reverse mode: what `push_rule` is differentiated by.

`y, y_dot = push_rule(f, tangents, *args)` is two calls: that of f, and one of a function that gives the
tangent. Each is differentiated by its own rule.
"""

from __future__ import annotations

import functools
import operator
import types
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np

from adjoint.cursor import Cursor
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.types import is_static
from adjoint.ir.values import type_of
from adjoint.rules import cursors, declarations, dispatch, lookup, missing, pushing, registry
from adjoint.rules.dispatch import apply_rule
from adjoint.rules.kept import Kept, Result
from adjoint.rules.operators import is_hashable
from adjoint.rules.pulled import held, unsupported
from adjoint.rules.pushing import Unresolved, fitted_dots, listed, push_call, push_rule
from adjoint.rules.slot_tangents import LOOKING
from adjoint.rules.tangents import beside, check_in_step, link_tangents, refitted
from adjoint.runtime import call_method, is_context_function, iterated, load_capture
from adjoint.tree import Number, Tangent, accumulate, make_tangent, tangent_field, tangent_item

# The calls that the compiler is asked for, each with what it is given: one may come down to itself.
_underway: ContextVar[tuple] = ContextVar("underway", default=())
#: They hand an iterator on, or take items of it that others do not get then.
ONE_BY_ONE = {iter, next, iterated}


def pushed(active: tuple, function: Any, tangents: tuple, /, *args: Any, **kwargs: Any) -> Result:
    """`((y, y_dot), pullback)` of `push_rule(function, tangents, *args, **kwargs)`."""
    function = dispatch.respelled(function, args)
    refuse_generator(function)
    special = SPECIAL.get(function) if is_hashable(function) else None
    if special is not None:
        found = special(tangents, *args, **kwargs)
        if found is not None:
            return found
    one_by_one = is_hashable(function) and function in ONE_BY_ONE
    if one_by_one and isinstance(
        args[0], types.GeneratorType
    ):  # `runtime.watched`, which counts nothing
        raise UnsupportedSyntaxError(
            "the gradient of a derivative along a direction, through a loop over an iterator in a `try` "
            "body, is not supported",
            hint="Make a list of its items first.",
        )
    if not one_by_one and any(isinstance(x, Cursor) for x in [*args, *tangents[1:-1]]):
        return of_cursors(function, tangents, args, kwargs)
    if isinstance(function, Kept):
        return compiled(function, tangents, args, kwargs)
    if goes_through_others(function, tangents, args, kwargs):
        return compiled(function, tangents, args, kwargs)
    overloaded = dispatch._overloaded(function, args)
    if overloaded is not None:
        method, order = overloaded
        moved = (None, *[tangents[1 + i] for i in order], tangents[-1])
        pair, back = pushed((), method, moved, *[args[i] for i in order], **kwargs)
        places = [order.index(i) for i in range(len(args))]

        def pull_reordered(bar: Any) -> tuple:
            _, _, dots, *bars, named = back(bar)
            own = (None, *[dots[1 + i] for i in places], dots[-1])
            return (None, None, own, *[bars[i] for i in places], named)

        return pair, pull_reordered
    pushing.refuse_objects_within(function, args, tangents)
    chosen = dispatch.chosen_by_type(function, args)
    if chosen is not None:
        return pushed((), chosen, tangents, *args, **kwargs)
    if registry.is_sampler(function):
        raise unsupported(function)
    declared, text = registry.lookup(function), registry.forward_rule(function)
    if text is not None and all(t is None for t in tangents[-1].values()):
        lazy = one_by_one or function in declarations.LAZY
        return by_text(text, tangents, args, kwargs, lazy)
    if declared is None and dispatch.is_bound(function):
        own = tangent_field(tangents[0], "__self__")
        operands = (function.__self__, *args)
        pair, back = pushed(
            (), dispatch.unbound(function), (None, own, *tangents[1:]), *operands, **kwargs
        )

        def pull_bound(bar: Any) -> tuple:
            _, _, dots, self_bar, *bars = back(bar)
            instance, of_dot = [
                None if b is None else Tangent(__self__=b) for b in (self_bar, dots[1])
            ]
            return (None, instance, (of_dot, *dots[2:]), *bars)

        return pair, pull_bound
    if declared is not None and declared.kind == "partials":
        if all(isinstance(x, np.ndarray | Number | np.bool_) for x in args):
            return elementwise(declared, function, tangents, args, kwargs)
        if isinstance(args[0], list | tuple) and function in pushing.SEQUENCES:
            return by_text(pushing.SEQUENCES[function], tangents, args, kwargs)
    if declared is not None and declared.kind == "rule":
        return by_declaration(declared, function, tangents, args, kwargs)
    if declared is not None and declared.kind == "source":
        args, tangents = listed(args, tangents)
        function = declared.text
    return compiled(function, tangents, args, kwargs)


def refuse_generator(function: Any) -> None:
    """Refuse a generator, whose items come with their tangents one by one."""
    function = getattr(function, "function", function) if isinstance(function, Kept) else function
    declared = registry.lookup(function) if is_hashable(function) else None
    text = function if declared is None else declared.text
    if cursors.is_generator(text) or is_context_function(function):
        raise UnsupportedSyntaxError(
            f"the derivative of a derivative along a direction, through the generator {missing.describe(function)}, "
            "is not supported",
            hint="Make a list of its items in one expression.",
        )


def goes_through_others(function: Any, tangents: tuple, args: tuple, kwargs: dict) -> bool:
    """Does a call come down to calls with what is made of its arguments, or of another function?"""
    return bool(
        dispatch.converted(function, pushing.mask_of(tangents), args)
        or dispatch.own_iterators(function, args)
        or dispatch.made_arrays(function, map(type, (*args, *kwargs.values())), kwargs)
    )


def of_cursors(function: Any, tangents: tuple, args: tuple, kwargs: dict) -> Result:
    """Of iterators and their tangents, which count what is taken of them: by what they still have."""
    if function is call_method or function is getattr:
        raise UnsupportedSyntaxError(
            f"the gradient of a derivative along a direction, through {args[1]!r} of an iterator, is not "
            "supported",
            hint="Iterate over it.",
        )
    for x, dot in zip(args, tangents[1:-1]):
        check_in_step(dot, x)
    take = iterated if function in declarations.LAZY else cursors.remaining
    operands, backs = [*args, *tangents[1:-1]], {}
    for i, x in enumerate(operands):
        if isinstance(x, Cursor):
            operands[i], backs[i] = apply_rule(take, (0,), x)
    count = len(args)
    moved = (tangents[0], *operands[count:], tangents[-1])
    pair, back = pushed((), function, moved, *operands[:count], **kwargs)

    def pull(bar: Any) -> tuple:
        _, of_function, dots, *bars, named = back(bar)
        whole = [*bars, *dots[1:-1]]
        for i, of_cursor in backs.items():
            whole[i] = None if whole[i] is None else of_cursor(whole[i])[1]
        return (None, of_function, (dots[0], *whole[count:], dots[-1]), *whole[:count], named)

    return pair, pull


def by_text(text: Any, tangents: tuple, args: tuple, kwargs: dict, lazy: bool = False) -> Result:
    """By the text of a forward rule, as the ordinary Python that it is.

    `lazy` tells that iterators are handed on, or are read one by one.
    """
    if not lazy:
        args, tangents = listed(args, tangents)
    pair, back = apply_rule(text, (0, 1), args, tangents[1:-1], **kwargs)

    def pull(bar: Any) -> tuple:
        _, args_bar, dots_bar, *_ = back(bar)
        return (None, None, of_dots(dots_bar, args), *of_args(args_bar, args), {})

    return pair, pull


def of_args(bars: Any, args: tuple) -> tuple:
    return (None,) * len(args) if bars is None else tuple(bars)


def of_dots(bars: Any, args: tuple) -> tuple:
    """The cotangents of `tangents`, from those of the arguments' tangents."""
    return (None, *of_args(bars, args), {})


def compiled(function: Any, tangents: tuple, args: tuple, kwargs: dict) -> Result:
    """By the compiler, which writes the forward derivative of the call and reverses it."""
    assert dispatch.generate is not None
    call = (function, *args)
    if any(len(call) == len(c) and all(map(operator.is_, call, c)) for c in _underway.get()):
        raise UnsupportedSyntaxError(
            f"the gradient of a derivative along a direction, through {missing.describe(function)} where "
            "only running tells what it is given, is not supported",
            hint="Differentiate the other way round: the derivative along a direction of the gradient.",
        )
    operands = (held(function), tangents, args, kwargs)
    token = _underway.set((*_underway.get(), call))
    try:
        pair, back = dispatch.generate(push_call, (0, 1, 2, 3), operands, {})
    finally:
        _underway.reset(token)

    def pull(bar: Any) -> tuple:
        _, function_bar, tangents_bar, args_bar, kwargs_bar, _ = back(bar)
        dots = (None,) * (len(args) + 1) + ({},) if tangents_bar is None else tangents_bar
        return (None, function_bar, dots, *of_args(args_bar, args), kwargs_bar or {})

    return pair, pull


def by_declaration(
    declared: registry.Rule, function: Any, tangents: tuple, args: tuple, kwargs: dict
) -> Result:
    """By the rule of the function, and that of the function that gives its tangent."""
    args, tangents = listed(args, tangents)
    operands = (*args, *kwargs.values())
    dots = fitted_dots(tangents, args, kwargs)
    mask = (*range(len(args)), *kwargs)
    y, back = apply_rule(function, mask, *args, **kwargs)
    positional = all(d is None for d in tangents[-1].values())
    try:
        if positional and pushing.is_linear(declared, tangents, args, kwargs):
            return linear(declared, function, tangents, args, kwargs)
        if not all(is_static(type_of(x)) for x in operands):
            return compiled(function, tangents, args, kwargs)
        assert pushing.tangent_function is not None
        tangent = pushing.tangent_function(function, args, kwargs, y, dots)
    except Unresolved:
        return compiled(function, tangents, args, kwargs)
    given = [d for d in dots if d is not None]
    inner = (*operands, y, *given)
    y_dot, back_dot = apply_rule(tangent, tuple(range(len(inner))), *inner)

    def pull(bar: Any) -> tuple:
        y_bar, y_dot_bar = (None, None) if bar is None else bar
        _, *bars, _ = (
            back_dot(y_dot_bar) if y_dot_bar is not None else (None, *[None] * len(inner), {})
        )
        count = len(operands)
        _, *own, named = back(accumulate(y_bar, bars[count]))
        total = [accumulate(a, b) for a, b in zip(own, bars, strict=False)]
        later = {k: accumulate(named.get(k), b) for k, b in zip(kwargs, bars[len(args) : count])}
        rest = iter(bars[count + 1 :])
        of_given = [None if d is None else next(rest) for d in dots]
        raw = [*tangents[1:-1], *[tangents[-1].get(k) for k in kwargs]]
        back_dots = [
            None if b is None else refitted(b, d) for b, d in zip(of_given, raw, strict=True)
        ]
        own_dots = (None, *back_dots[: len(args)], dict(zip(kwargs, back_dots[len(args) :])))
        return (None, None, own_dots, *total, later)

    return (y, y_dot), pull


def elementwise(
    declared: registry.Rule, function: Any, tangents: tuple, args: tuple, kwargs: dict
) -> Result:
    """By the partial derivatives."""
    y, back = apply_rule(function, tuple(range(len(args))), *args, **kwargs)
    dots = tuple(fitted_dots(tangents, args, {}))
    settings = (declared.text, declared.singular)
    y_dot, back_dot = apply_rule(pushing.weighted, (0, 1, 2), args, y, dots, *settings)

    def pull(bar: Any) -> tuple:
        y_bar, y_dot_bar = (None, None) if bar is None else bar
        _, args_bar, more, dots_bar, *_ = (None,) * 4 if y_dot_bar is None else back_dot(y_dot_bar)
        _, *own, named = back(accumulate(y_bar, more))
        total = [accumulate(a, b) for a, b in zip(own, of_args(args_bar, args), strict=True)]
        given = zip(of_args(dots_bar, args), tangents[1:-1], strict=True)
        return (None, None, (None, *[refitted(b, d) for b, d in given], {}), *total, named)

    return (y, y_dot), pull


def linear(
    declared: registry.Rule, function: Any, tangents: tuple, args: tuple, kwargs: dict
) -> Result:
    """Of a linear function: its rule, for the tangent of each operand in turn."""
    y, back = apply_rule(function, (*range(len(args)), *kwargs), *args, **kwargs)
    names = pushing.positional_names(declared, len(args))
    y_dot, backs = None, []
    fitted = pushing.filled(function, tangents, args)
    for i, (dot, name) in enumerate(zip(fitted, names, strict=True)):
        if dot is not None and name in declared.linear:
            term, own = apply_rule(
                function, (*range(len(args)), *kwargs), *args[:i], dot, *args[i + 1 :], **kwargs
            )
            y_dot = accumulate(y_dot, term)
            backs.append((i, own))

    def pull(bar: Any) -> tuple:
        y_bar, y_dot_bar = (None, None) if bar is None else bar
        _, *bars, named = back(y_bar)
        dots: list[Any] = [None] * len(args)
        for i, own in backs:
            _, *more, named_more = own(y_dot_bar)
            dots[i], more[i] = more[i], None
            bars = [accumulate(a, b) for a, b in zip(bars, more, strict=True)]
            named = accumulate(named, named_more)
        dots = [refitted(b, d) for b, d in zip(dots, tangents[1:-1], strict=True)]
        return (None, None, (None, *dots, {}), *bars, named)

    return (y, y_dot), pull


# -- calls that take apart and put together ---------------------------------------------------------------


def alongside(
    call: tuple[Any, tuple, dict], of_dots_call: tuple[Any, tuple, dict], place: Callable[[tuple], tuple],
    count: int,
) -> Result:  # fmt: skip
    """A call, and the like call of tangents; `place` puts the latter's cotangents where they belong."""
    function, args, kwargs = call
    y, back = apply_rule(function, (*range(len(args)), *kwargs), *args, **kwargs)
    own, own_args, own_kwargs = of_dots_call
    mask = (*range(len(own_args)), *own_kwargs)
    y_dot, back_dot = apply_rule(own, mask, *own_args, **own_kwargs)

    def pull(bar: Any) -> tuple:
        y_bar, y_dot_bar = (None, None) if bar is None else bar
        _, *bars, named = back(y_bar)
        dots = (
            place(back_dot(y_dot_bar)) if y_dot_bar is not None else (None,) * (count + 1) + ({},)
        )
        return (None, None, dots, *bars, named)

    return (y, y_dot), pull


def of_attribute(tangents: tuple, owner: Any, name: str, *default: Any) -> Result | None:
    if default:
        return of_attribute_or(tangents, owner, name, *default)
    if tangents[1] is None:
        return None
    computed = lookup.attribute_call(owner, name)
    if computed is not None:
        return of_computed(computed, tangents, owner)
    value = getattr(owner, name, None)
    bound = dispatch.is_bound(value) and value.__self__ is owner
    if not bound and (isinstance(owner, tuple | type) or not hasattr(owner, "__dict__")):
        return None
    if lookup.is_decorated(value) and getattr(value.function, "__self__", None) is owner:
        mirror = (of_decorated, (tangents[1],), {})
        return alongside((getattr, (owner, name), {}), mirror, lambda b: (None, b[1], None, {}), 2)
    if bound:
        mirror = (make_tangent, ("__self__", tangents[1]), {})
        return alongside((getattr, (owner, name), {}), mirror, lambda b: (None, b[2], None, {}), 2)
    mirror = (tangent_field, (tangents[1], name), {})
    return alongside((getattr, (owner, name), {}), mirror, lambda b: (None, b[1], None, {}), 2)


def of_computed(computed: tuple, tangents: tuple, owner: Any) -> Result:
    """An attribute that a call computes, as a property's."""
    function, before, after = computed
    at = len(before)
    moved = (None, *(None,) * at, tangents[1], *(None,) * len(after), {})
    pair, back = pushed((), function, moved, *before, owner, *after)

    def pull(bar: Any) -> tuple:
        _, _, dots, *bars, _ = back(bar)
        return (None, None, (None, dots[1 + at], None, {}), bars[at], None, {})

    return pair, pull


def of_decorated(self_dot: Any) -> Any:
    """The tangent of a decorated method, with its instance."""
    return make_tangent("function", make_tangent("__self__", self_dot))


def of_attribute_or(tangents: tuple, owner: Any, name: str, default: Any) -> Result:
    """`getattr(owner, name, default)`"""
    if hasattr(owner, name):
        pair, back = pushed((), getattr, (*tangents[:3], {}), owner, name)

        def pull(bar: Any) -> tuple:
            _, _, dots, owner_bar, _, _ = back(bar)
            return (None, None, (*dots[:3], None, {}), owner_bar, None, None, {})

        return pair, pull

    def pull_default(bar: Any) -> tuple:
        y_bar, y_dot_bar = (None, None) if bar is None else bar
        return (None, None, (None, None, None, y_dot_bar, {}), None, None, y_bar, {})

    return (default, tangents[3]), pull_default


def of_partial(tangents: tuple, function: Any, /, *args: Any, **kwargs: Any) -> Result:
    _, function_dot, *dots, named = tangents
    parts = ("func", function_dot, "args", tuple(dots), "keywords", named)

    def place(bars: tuple) -> tuple:
        return (None, bars[2], *of_args(bars[4], args), bars[6] or {})

    call = (functools.partial, (function, *args), kwargs)
    return alongside(call, (make_tangent, parts, {}), place, len(args) + 1)


def of_item(tangents: tuple, owner: Any, index: Any) -> Result | None:
    if not isinstance(owner, list | tuple | dict | deque) or tangents[1] is None:
        return None
    mirror = (tangent_item, (tangents[1], index), {})
    return alongside(
        (operator.getitem, (owner, index), {}), mirror, lambda b: (None, b[1], None, {}), 2
    )


def of_capture(tangents: tuple, function: Any, name: str) -> Result | None:
    mirror = (tangent_field, (tangents[1], name), {})
    return alongside(
        (load_capture, (function, name), {}), mirror, lambda b: (None, b[1], None, {}), 2
    )


def of_method(
    tangents: tuple, owner: Any, name: str, /, *args: Any, **kwargs: Any
) -> Result | None:
    function = dispatch.method_of(owner, name, *args[:1])
    if function is None:
        return None
    moved = (None, tangents[1], *tangents[3:])
    pair, back = pushed((), function, moved, owner, *args, **kwargs)

    def pull(bar: Any) -> tuple:
        _, _, dots, owner_bar, *bars = back(bar)
        return (None, None, (None, dots[1], None, *dots[2:]), owner_bar, None, *bars)

    return pair, pull


def of_dict(tangents: tuple, /, *positional: Any, **more: Any) -> Result | None:
    if positional and isinstance(positional[0], Iterator):
        return None
    if positional and not hasattr(positional[0], "keys"):
        return None
    own = positional and tangents[1] is not None
    dots = tuple([{k: tangents[1].get(k) for k in positional[0]}]) if own else ()
    named = {k: tangents[-1].get(k) for k in more}

    def place(bars: tuple) -> tuple:
        first = (bars[1],) if own else (None,) * len(positional)
        return (None, *first, bars[-1])

    return alongside((dict, positional, more), (dict, dots, named), place, len(positional))


SPECIAL: dict[Any, Callable[..., Result | None]] = {
    getattr: of_attribute, operator.getitem: of_item, load_capture: of_capture, call_method: of_method,
    dict: of_dict, functools.partial: of_partial,
}  # fmt: skip


def refused(active: tuple, *operands: Any) -> Result:
    """Tangents that refer to each other, or lie where only running tells, in reverse mode."""
    raise UnsupportedSyntaxError(
        "the gradient of a derivative along a direction, through objects, lists or dicts that change, "
        "arrays that are written to where only running tells which share memory, or functions that call "
        "each other, is not supported",
        hint="Differentiate the other way round: the derivative along a direction of the gradient.",
    )


dispatch.STRUCTURAL |= {push_rule: pushed, link_tangents: refused}
dispatch.STRUCTURAL |= dict.fromkeys([beside, *LOOKING], refused)
