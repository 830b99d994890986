"""Pullbacks found at run time, in forward mode: forward over reverse.

The tangent of a pullback is that of the call that it belongs to: a `Tangent` of the function, its
arguments and its keywords.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules import cursors, dispatch, lookup, pushing, registry
from adjoint.rules.dispatch import apply_rule, pull_call
from adjoint.rules.kept import Kept, spelled_mask
from adjoint.rules.pulled import held, innermost, moves, unsupported
from adjoint.rules.pushed_calls import of_attribute
from adjoint.rules.pushing import PUSHED, Pair, listed, push_rule
from adjoint.runtime import call_method
from adjoint.tree import Tangent, tangent_field


def of_rule(tangents: tuple, function: Any, mask: tuple, /, *args: Any, **kwargs: Any) -> Pair:
    """`apply_rule` itself: the tangent of a pullback is that of the call that it belongs to."""
    _, function_dot, _, *rest = tangents
    cursors.refuse_again(function, args, next)
    if cursors.is_generator(function):
        raise UnsupportedSyntaxError(
            f"the second derivative through the generator {function.__name__} is not supported",
            hint="Make a list of its items in one expression.",
        )
    args, (_, *rest) = listed(args, (None, *rest))
    y, y_dot = push_rule(function, (function_dot, *rest), *args, **kwargs)
    y = cursors.counted(function, y)
    kept = Kept(
        function, mask, args, kwargs, lambda y_bar: pull_call(function, mask, args, kwargs, y_bar)
    )
    own = Tangent(function=function_dot, args=tuple(rest[:-1]), kwargs=rest[-1])
    return (y, kept), (y_dot, own)


def of_kept(kept: Kept, tangents: tuple, y_bar: Any) -> Pair:
    """The cotangents that a pullback gives, and their tangents."""
    kept_dot, y_bar_dot, _ = tangents
    if y_bar is None:
        return kept(y_bar), None
    dots = [tangent_field(kept_dot, name) for name in ("function", "args", "kwargs")]
    dots[1] = (None,) * len(kept.args) if dots[1] is None else dots[1]
    return pushed_pull(kept.function, kept.mask, kept.args, kept.kwargs, dots, y_bar, y_bar_dot)


def pushed_pull(
    function: Any, mask: tuple, args: tuple, kwargs: dict, dots: list, y_bar: Any, y_bar_dot: Any
) -> Pair:
    """`pull_call` in forward mode; `dots` are the tangents of its first operands but the mask."""
    function = dispatch.respelled(function, args)
    if moves(function, args):
        bars = pull_call(function, mask, args, kwargs, y_bar)
        return bars, None if y_bar_dot is None else pull_call(
            function, mask, args, kwargs, y_bar_dot
        )
    if isinstance(function, Kept):
        hint = (
            "Take the gradient of the gradient instead, as `hessian` and `hvp` do: jacrev(grad(f))."
        )
        raise unsupported(innermost(function), "third", hint)
    if function is call_method:
        return pull_of_method(mask, args, kwargs, dots, y_bar, y_bar_dot)
    if function is getattr:
        return pull_of_attribute(args, dots, y_bar, y_bar_dot)
    overloaded = dispatch._overloaded(function, args)
    if overloaded is not None:
        method, order = overloaded
        positions = tuple(order.index(a) if isinstance(a, int) else a for a in mask)
        moved = [None, tuple([dots[1][i] for i in order]), dots[2]]
        ordered = tuple([args[i] for i in order])
        pair = pushed_pull(method, positions, ordered, kwargs, moved, y_bar, y_bar_dot)
        back = [order.index(i) for i in range(len(args))]
        return both(pair, lambda b: (b[0], *[b[1 + i] for i in back], b[-1]))
    chosen = dispatch.chosen_by_type(function, args)
    if chosen is not None:
        return pushed_pull(chosen, mask, args, kwargs, dots, y_bar, y_bar_dot)
    if registry.is_sampler(function):
        raise unsupported(function)
    declared = registry.lookup(function)
    if declared is None and dispatch.is_bound(function):
        moved = [None, (tangent_field(dots[0], "__self__"), *dots[1]), dots[2]]
        operands = (function.__self__, *args)
        own = dispatch.bound_mask(mask)
        pair = pushed_pull(
            dispatch.unbound(function), own, operands, kwargs, moved, y_bar, y_bar_dot
        )
        return both(pair, lambda b: (None if b[1] is None else Tangent(__self__=b[1]), *b[2:]))
    if declared is not None and declared.kind == "constant":
        return pull_call(function, mask, args, kwargs, y_bar), None
    mask = spelled_mask(function, mask)
    if declared is not None and declared.kind == "source":
        function = declared.text
    assert pushing.generate is not None
    operands = (held(function), mask, args, kwargs, y_bar)
    return pushing.generate(
        pull_call, (None, dots[0], None, *dots[1:], y_bar_dot, {}), operands, {}
    )


def both(pair: Pair, move: Callable[[tuple], tuple]) -> Pair:
    """Cotangents and their tangents, moved alike."""
    bars, dots = pair
    return move(bars), None if dots is None else move(dots)


def pull_of_method(
    mask: tuple, args: tuple, kwargs: dict, dots: list, y_bar: Any, y_bar_dot: Any
) -> Pair:
    owner, name, *rest = args
    function, own = dispatch.method_of(owner, name, *rest[:1]), dispatch.method_mask(mask)
    if function is None:
        method, method_dot = of_attribute((None, dots[1][0], None, {}), owner, name)
        positions = tuple(a - 1 if isinstance(a, int) else a for a in own if a != 0)
        moved = [method_dot, dots[1][2:], dots[2]]
        pair = pushed_pull(
            method, (*positions, "callee"), tuple(rest), kwargs, moved, y_bar, y_bar_dot
        )
        bars, bars_dot = pair
        of_bar = None if bars_dot is None else bars_dot[0]
        if bars[0] is None:
            read: Pair = ((None, None, None, {}), None)
        else:
            read = pushed_pull(
                getattr, (0,), (owner, name), {}, [None, dots[1][:2], {}], bars[0], of_bar
            )
        own_dot = None if read[1] is None else read[1][1]
        found = (None, read[0][1], None, *bars[1:])
        rest_dot = (None,) * (len(bars) - 2) + ({},) if bars_dot is None else bars_dot[1:]
        return found, (None, own_dot, None, *rest_dot)
    moved = [None, (dots[1][0], *dots[1][2:]), dots[2]]
    pair = pushed_pull(function, own, (owner, *rest), kwargs, moved, y_bar, y_bar_dot)
    return both(pair, lambda b: (None, b[1], None, *b[2:]))


def pull_of_attribute(args: tuple, dots: list, y_bar: Any, y_bar_dot: Any) -> Pair:
    """An attribute that a property, or NumPy, computes."""
    computed = lookup.attribute_call(*args[:2])
    assert computed is not None
    function, before, after = computed
    at, rest = len(before), (None,) * (len(args) - 1)
    moved = [None, ((None,) * at + (dots[1][0],) + (None,) * len(after)), {}]
    operands = (*before, args[0], *after)
    pair = pushed_pull(function, (at,), operands, {}, moved, y_bar, y_bar_dot)
    return both(pair, lambda b: (None, b[1 + at], *rest, {}))


PUSHED[apply_rule] = of_rule
pushing.of_kept = of_kept
