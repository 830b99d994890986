"""Second derivatives of what is found at run time: the derivative of a pullback that was kept.

`pulled(f, active, args, kwargs, inner, y_bar)` gives the cotangents `inner(y_bar)` of a call's
operands, and a function from the cotangents of these to those of the callee, the arguments, the
keywords and `y_bar`.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules import (
    cursors,
    declarations,
    dispatch,
    lookup,
    missing,
    registry,
    structural,
)
from adjoint.rules.kept import Kept, hold, spelled_mask
from adjoint.rules.methods import array_of
from adjoint.rules.moving import TRANSPOSED, moves
from adjoint.rules.operators import is_hashable
from adjoint.rules.plain import SEQUENCE_TEXTS
from adjoint.runtime import (
    call_method,
    is_context_function,
)
from adjoint.tree import (
    Number,
    Tangent,
    accumulate,
    cotangent_dtype,
    same_container,
    tangent_field,
)

# The cotangents of: the callee, the positional arguments (a tuple), the keywords (a dict), y_bar.
Parts = tuple[Any, tuple, dict, Any]
Result = tuple[tuple, Callable[[Any], Parts]]


def pulled(
    function: Any, active: tuple, args: tuple, kwargs: dict, inner: Any, y_bar: Any
) -> Result:
    function = dispatch.respelled(function, args)
    if isinstance(inner, dispatch.Converted):
        return _of_converted(function, active, args, kwargs, inner, y_bar)
    if isinstance(inner, cursors.Linear):
        return _through_iterator(inner, args, y_bar)
    if moves(function, args):
        return _moved(function, args, inner, y_bar)
    special = SPECIAL.get(function) if is_hashable(function) else None
    if special is not None:
        return special(active, args, kwargs, inner, y_bar)
    if isinstance(function, Kept):
        return _kept(function, args[0], inner, y_bar)
    overloaded = dispatch._overloaded(function, args)
    if overloaded is not None:
        return _operator(*overloaded, active, args, kwargs, y_bar)
    if cursors.is_generator(function) or is_context_function(function):
        raise unsupported(function)
    chosen = dispatch.chosen_by_type(function, args)
    if chosen is not None:
        return pulled(chosen, active, args, kwargs, inner, y_bar)
    own = dispatch.own_iterators(function, args)
    if own:
        return _iterated(function, own, active, args, kwargs, y_bar)
    lists = dispatch.made_arrays(function, map(type, (*args, *kwargs.values())), kwargs)
    if lists:
        return _of_lists(function, lists, active, args, kwargs, y_bar)
    if registry.is_sampler(function):
        raise unsupported(function)  # it would be called again
    declared = registry.lookup(function)
    if declared is None and dispatch.is_bound(function):
        return _bound(function, active, args, kwargs, y_bar)
    if declared is None:
        return compiled(function, active, args, kwargs, y_bar)
    if declared.kind == "source":
        if cursors.is_generator(declared.text):  # as `itertools.islice` is
            raise unsupported(function)
        return compiled(declared.text, active, args, kwargs, y_bar)
    if declared.kind == "constant":
        return inner(y_bar), lambda bars_bar: (None, (None,) * len(args), {}, None)
    if all(plain(x) for x in (*args, *kwargs.values())):
        return compiled(function, active, args, kwargs, y_bar)
    if declared.kind == "partials":
        return _of_objects(function, active, args, kwargs, inner, y_bar)
    return through_text(declared.text, active, args, kwargs, y_bar)


def plain(x: Any) -> bool:
    """Is this a number, an array, or a setting, of which the compiler knows all it needs?"""
    if isinstance(x, tuple):
        return all(isinstance(i, int) for i in x)
    return x is None or isinstance(
        x, np.ndarray | Number | np.bool_ | str | slice | types.EllipsisType | type | np.dtype
    )


def unsupported(function: Any, order: str = "second", hint: str = "") -> MissingRuleError:
    name = missing.describe(function)
    return MissingRuleError(
        f"the {order} derivative through {name} is not supported",
        hint=hint or missing.missing_hint(function),
    )


def parts_of(bars_bar: Any, count: int) -> tuple[Any, tuple, dict]:
    """The cotangents of what a pullback returned: of the callee's, the arguments', the keywords'."""
    if bars_bar is None:
        return None, (None,) * count, {}
    callee, *rest, named = bars_bar
    return callee, tuple(rest), named or {}


# -- by the compiler, and by the text of a rule --------------------------------------------------------


def compiled(function: Any, mask: tuple, args: tuple, kwargs: dict, y_bar: Any) -> Result:
    """By the source of the function, or by a rule that the compiler can inline."""
    assert dispatch.generate is not None
    operands = (held(function), spelled_mask(function, mask), args, kwargs, y_bar)
    bars, pullback = dispatch.generate(dispatch.pull_call, (0, 2, 3, 4), operands, {})

    def pull(bars_bar: Any) -> Parts:
        _, function_bar, _, args_bar, kwargs_bar, y_bar_bar, _ = pullback(bars_bar)
        return function_bar, args_bar or (None,) * len(args), kwargs_bar or {}, y_bar_bar

    return bars, pull


def held(function: Any) -> Any:
    """A Python function that has a rule, in a form that the compiler takes for a constant."""
    known = function is dispatch.pull_call or is_hashable(function) and registry.lookup(function)
    # `scipy.fft.fft` is an object.
    scipys = (getattr(function, "__module__", None) or "").startswith("scipy.")
    if known and (isinstance(function, types.FunctionType) or scipys):
        return hold(function)
    return function


def through_text(text: Any, active: tuple, args: tuple, kwargs: dict, y_bar: Any) -> Result:
    """By the text of a rule, as the ordinary Python that it is."""
    (_, inner), back = dispatch.apply_rule(text, active, *args, **kwargs)
    raw, inner_back = dispatch.apply_rule(inner, ("callee", 0), y_bar)
    bars = declarations.assign_bars(text, raw, args, kwargs)

    def pull(bars_bar: Any) -> Parts:
        _, rest, named = parts_of(bars_bar, len(args))
        leading = list(raw) if isinstance(raw, tuple) else [raw]
        given: list[Any] = [None] * len(leading)
        for i, (bar, own, x) in enumerate(zip(rest, leading, args, strict=False)):
            given[i] = unfit(bar, own, x)
        for key, bar in named.items():
            i = declarations.keyword_position(text, len(leading), key)
            if i is not None and isinstance(leading[i], dict) and key in leading[i]:
                given[i] = {**(given[i] or {}), key: bar}
            elif i is not None:
                given[i] = unfit(bar, leading[i], kwargs[key])
        raw_bar = tuple(given) if isinstance(raw, tuple) else given[0]
        inner_bar, y_bar_bar, _ = inner_back(raw_bar)
        _, *args_bar, kwargs_bar = back((None, inner_bar))
        return None, tuple(args_bar), kwargs_bar, y_bar_bar

    return bars, pull


def unfit(bar: Any, raw: Any, primal: Any) -> Any:
    """`fit` and its projections, transposed: a cotangent of `raw` from one of `fit(raw, primal)`."""
    if bar is None or raw is None:
        return None
    if isinstance(raw, list | tuple):
        items = primal if isinstance(primal, list | tuple) else [None] * len(raw)
        return same_container(
            raw, [unfit(b, r, x) for b, r, x in zip(bar, raw, items, strict=True)]
        )
    if isinstance(raw, np.ndarray | Number) and np.shape(bar) != np.shape(raw):
        if np.ndim(bar) <= np.ndim(raw):
            return np.broadcast_to(bar, np.shape(raw))
        return np.sum(bar)
    return bar


# -- calls that are other calls ---------------------------------------------------------------------------


def _operator(
    method: Any, order: tuple, active: tuple, args: tuple, kwargs: dict, y_bar: Any
) -> Result:
    positions = tuple(order.index(a) if isinstance(a, int) else a for a in active)
    bars, inner = compiled(method, positions, tuple([args[i] for i in order]), kwargs, y_bar)
    callee, *rest, named = bars

    def pull(bars_bar: Any) -> Parts:
        _, given, named_bar = parts_of(bars_bar, len(args))
        _, own, keywords, y_bar_bar = inner((None, *[given[i] for i in order], named_bar))
        return None, tuple([own[order.index(i)] for i in range(len(args))]), keywords, y_bar_bar

    return (callee, *[rest[order.index(i)] for i in range(len(args))], named), pull


def _bound(function: Any, active: tuple, args: tuple, kwargs: dict, y_bar: Any) -> Result:
    own, mask = dispatch.unbound(function), dispatch.bound_mask(active)
    bars, inner = again(own, mask, (function.__self__, *args), kwargs, y_bar)
    _, self_bar, *rest = bars

    def pull(bars_bar: Any) -> Parts:
        callee, given, named = parts_of(bars_bar, len(args))
        _, found, keywords, y_bar_bar = inner(
            (None, tangent_field(callee, "__self__"), *given, named)
        )
        owner = None if found[0] is None else Tangent(__self__=found[0])
        return owner, tuple(found[1:]), keywords, y_bar_bar

    return (None if self_bar is None else Tangent(__self__=self_bar), *rest), pull


def _iterated(
    function: Any, own: list[int], active: tuple, args: tuple, kwargs: dict, y_bar: Any
) -> Result:
    """A call that goes through objects: what `__iter__` of each gives, and the call of that."""
    items = list(args)
    methods = {i: dispatch.iteration_method(type(args[i])) for i in own}
    for i, method in methods.items():
        items[i] = list(method(args[i]))  # type: ignore[misc]
    bars, inner = again(function, active, tuple(items), kwargs, y_bar)
    callee, *rest, named = bars
    through = {i: compiled(methods[i], (0,), (args[i],), {}, rest[i]) for i in own}
    for i in own:
        rest[i] = through[i][0][1]

    def pull(bars_bar: Any) -> Parts:
        callee_bar, given, named_bar = parts_of(bars_bar, len(args))
        of_items, of_objects = list(given), {}
        for i in own:
            _, (of_objects[i],), _, of_items[i] = through[i][1]((None, given[i], {}))
        callee_own, found, keywords, y_bar_bar = inner((callee_bar, *of_items, named_bar))
        sums = list(found)
        for i in own:
            _, back = dispatch.apply_rule(methods[i], (0,), args[i])
            sums[i] = accumulate(of_objects[i], back(found[i])[1])
        return callee_own, tuple(sums), keywords, y_bar_bar

    return (callee, *rest, named), pull


def _through_iterator(inner: cursors.Linear, args: tuple, y_bar: Any) -> Result:
    """Of an iterator, `iter` or `next`."""

    def pull(bars_bar: Any) -> Parts:
        _, given, _ = parts_of(bars_bar, len(args))
        back = None if y_bar is None else inner.transpose(given[0], y_bar)
        return None, (None,) * len(args), {}, back

    return inner(y_bar), pull


def _of_converted(
    function: Any, active: tuple, args: tuple, kwargs: dict, inner: Any, y_bar: Any
) -> Result:
    """A call on what it makes of objects of the user's: the conversions, then the call."""
    bars, own = pulled(function, active, inner.args, kwargs, inner.inner, y_bar)
    callee, *inner_bars, named = bars
    back = {i: pulled(make, (0,), (args[i],), {}, outer, inner_bars[i])
            for i, (make, _, outer) in inner.made.items()}  # fmt: skip
    first = [back[i][0][1] if i in back else bar for i, bar in enumerate(inner_bars)]

    def pull(bars_bar: Any) -> Parts:
        callee_bar, given, named_bar = parts_of(bars_bar, len(args))
        given, through = list(given), {}
        for i, (_, pull_back) in back.items():
            _, through[i], _, given[i] = pull_back((None, given[i], {}))
        callee, found, keywords, y_bar_bar = own((callee_bar, *given, named_bar))
        found = list(found)
        for i, (_, _, outer) in inner.made.items():
            found[i] = accumulate(outer(found[i])[1], through[i][0])
        return callee, tuple(found), keywords, y_bar_bar

    return (callee, *first, named), pull


def again(function: Any, active: tuple, args: tuple, kwargs: dict, y_bar: Any) -> Result:
    """`pulled`, of a call whose pullback there is not yet."""
    _, inner = dispatch.apply_rule(function, active, *args, **kwargs)
    return pulled(function, active, args, kwargs, inner, y_bar)


def _method_call(active: tuple, args: tuple, kwargs: dict, inner: Any, y_bar: Any) -> Result:
    owner, name, *rest = args
    function, callee_mask = dispatch.method_of(owner, name, *rest[:1]), dispatch.method_mask(active)
    if function is not None:
        bars, own = again(function, callee_mask, (owner, *rest), kwargs, y_bar)

        def pull(bars_bar: Any) -> Parts:
            _, given, named = parts_of(bars_bar, len(args))
            _, found, keywords, y_bar_bar = own((None, given[0], *given[2:], named))
            return None, (found[0], None, *found[1:]), keywords, y_bar_bar

        return (None, bars[1], None, *bars[2:]), pull
    mask = tuple(a - 1 if isinstance(a, int) else a for a in callee_mask if a != 0)
    method, attribute_inner = dispatch.apply_rule(getattr, (0,), owner, name)
    bars, own = again(method, (*mask, "callee"), tuple(rest), kwargs, y_bar)
    read, read_own = pulled(getattr, (0,), (owner, name), {}, attribute_inner, bars[0])

    def pull_both(bars_bar: Any) -> Parts:
        _, given, named = parts_of(bars_bar, len(args))
        _, from_read, _, method_bar_bar = read_own((None, given[0], None, {}))
        method_bar, found, keywords, y_bar_bar = own((method_bar_bar, *given[2:], named))
        from_method = attribute_inner(method_bar)[1]
        return None, (accumulate(from_read[0], from_method), None, *found), keywords, y_bar_bar

    return (None, read[1], None, *bars[1:]), pull_both


def _of_objects(
    function: Any, active: tuple, args: tuple, kwargs: dict, inner: Any, y_bar: Any
) -> Result:
    """An elementwise function or operator of lists."""
    text = SEQUENCE_TEXTS.get(function)
    if text is not None and isinstance(args[0], list | tuple):
        return through_text(text, active, args, kwargs, y_bar)
    if any(isinstance(x, str | bytes | None | set | frozenset | type) for x in args):
        return inner(y_bar), lambda bars_bar: (None, (None,) * len(args), {}, None)
    raise unsupported(function)


def _of_lists(
    function: Any, lists: list, active: tuple, args: tuple, kwargs: dict, y_bar: Any
) -> Result:
    """A call that makes arrays of lists: the call with these arrays."""
    arrays, named = list(args), dict(kwargs)
    for key in lists:
        into: Any = arrays if isinstance(key, int) else named
        into[key] = np.asarray(into[key])
    bars, own = again(function, active, tuple(arrays), named, y_bar)
    callee, *rest, named_bars = bars

    def dense(bar: Any, key: Any) -> Any:
        a = arrays[key] if isinstance(key, int) else named[key]
        return array_of(bar, a.shape, cotangent_dtype(a.dtype)) if key in lists else bar

    def pull(bars_bar: Any) -> Parts:
        _, given, named_bar = parts_of(bars_bar, len(args))
        of_arrays = [dense(b, i) for i, b in enumerate(given)]
        _, found, keywords, y_bar_bar = own(
            (None, *of_arrays, {k: dense(b, k) for k, b in named_bar.items()})
        )
        nested = dispatch._as_lists(list(found), args, lists)
        return None, tuple(nested), dispatch._as_lists(keywords, kwargs, lists), y_bar_bar

    back = dispatch._as_lists(rest, args, lists)
    return (callee, *back, dispatch._as_lists(named_bars, kwargs, lists)), pull


def _kept(kept: Any, y_bar: Any, inner: Any, bars_bar: Any) -> Result:
    """A pullback that was kept, differentiated once more: third derivatives."""
    own, count = kept.function, len(kept.args)
    if isinstance(own, Kept):
        raise unsupported(innermost(own), "fourth")
    method = method_kept(kept)
    if method is not None:
        return _kept_method(kept, *method, y_bar, bars_bar)
    if moves(own, kept.args):

        def pull_moved(given: Any) -> Parts:
            _, (y_bar_bar_bar,), _ = parts_of(given, 1)
            moved = None if y_bar_bar_bar is None else kept.inner(y_bar_bar_bar)
            return None, (None,), {}, moved

        return inner(bars_bar), pull_moved
    call = (held(own), spelled_mask(own, kept.mask), kept.args, kept.kwargs, y_bar)
    bars, back = compiled(dispatch.pull_call, (0, 2, 3, 4), call, {}, bars_bar)
    _, own_bar, _, args_bar, kwargs_bar, y_bar_bar, _ = bars
    kept_bar = Tangent(function=own_bar, args=args_bar, kwargs=kwargs_bar)

    def pull(given: Any) -> Parts:
        later, (y_bar_bar_bar,), _ = parts_of(given, 1)
        fields = [tangent_field(later, name) for name in ("function", "args", "kwargs")]
        _, found, _, bars_bar_bar = back((None, fields[0], None, *fields[1:], y_bar_bar_bar, {}))
        function_bar, _, args_bar, kwargs_bar, y_bar_bar = found
        kept_bar = Tangent(
            function=function_bar, args=args_bar or (None,) * count, kwargs=kwargs_bar or {}
        )
        return kept_bar, (y_bar_bar,), {}, bars_bar_bar

    return (kept_bar, y_bar_bar, {}), pull


def method_kept(kept: Any) -> tuple[Kept, Callable, Callable] | None:
    """The pullback of a method, as that of the function that it is, and how the cotangents of the callee
    and of the operands are those of this function's, and back; None if it is of no method."""
    own, (*args,) = kept.function, kept.args
    if own is call_method:
        owner, name, *rest = args
        function = dispatch.method_of(owner, name, *rest[:1])
        if function is None:
            raise MissingRuleError(
                f"the third derivative through the method {name!r} is not supported"
            )
        mask = dispatch.method_mask(kept.mask)
        inward = lambda callee, bars: (None, (bars[0], *bars[2:]))  # noqa: E731
        outward = lambda callee, bars: (None, (bars[0], None, *bars[1:]))  # noqa: E731
    elif dispatch.is_bound(own):
        owner, rest, function = own.__self__, args, dispatch.unbound(own)
        mask = dispatch.bound_mask(kept.mask)
        inward = lambda callee, bars: (None, (tangent_field(callee, "__self__"), *bars))  # noqa: E731
        outward = lambda callee, bars: (Tangent(__self__=bars[0]), tuple(bars[1:]))  # noqa: E731
    else:
        return None
    _, inner = dispatch.apply_rule(function, mask, owner, *rest, **kept.kwargs)
    return Kept(function, mask, (owner, *rest), kept.kwargs, inner), inward, outward


def _kept_method(
    kept: Any, method: Kept, inward: Callable, outward: Callable, y_bar: Any, bars_bar: Any
) -> Result:
    """`_kept` of a method."""

    def moved(bars: Any, move: Callable) -> Any:
        if bars is None:
            return None
        callee, *given, named = bars
        callee, given = move(callee, given)
        return (callee, *given, named)

    def moved_kept(bar: Any, move: Callable, count: int) -> Any:
        if bar is None:
            return None
        function, given, named = (tangent_field(bar, n) for n in ("function", "args", "kwargs"))
        function, given = move(function, given or (None,) * count)
        return Tangent(function=function, args=given, kwargs=named or {})

    (own_bar, *rest), own = _kept(method, y_bar, method.inner, moved(bars_bar, inward))

    def pull(given: Any) -> Parts:
        later, found, named = parts_of(given, 1)
        whole = moved_kept(later, inward, len(kept.args))
        back, y_bars, keywords, bars = own((whole, *found, named))
        return moved_kept(back, outward, len(method.args)), y_bars, keywords, moved(bars, outward)

    return (moved_kept(own_bar, outward, len(method.args)), *rest), pull


def innermost(kept: Any) -> Any:
    """The function whose pullback's pullback's … was kept."""
    while isinstance(kept, Kept):
        kept = kept.function
    return kept


# -- calls that only take apart and put together: linear in y_bar -------------------------------------------


def _moved(function: Any, args: tuple, inner: Any, y_bar: Any) -> Result:
    def pull(bars_bar: Any) -> Parts:
        _, given, named = parts_of(bars_bar, len(args))
        return None, (None,) * len(args), {}, TRANSPOSED[function](args, given, named)

    return inner(y_bar), pull


def _attribute(active: tuple, args: tuple, kwargs: dict, inner: Any, y_bar: Any) -> Result:
    """An attribute that a property, or NumPy, computes."""
    computed = lookup.attribute_call(*args)
    assert computed is not None
    function, before, after = computed
    at = len(before)
    bars, own = again(function, (at,), (*before, args[0], *after), {}, y_bar)
    rest = (None,) * (len(args) - 1)

    def pull(bars_bar: Any) -> Parts:
        _, given, _ = parts_of(bars_bar, len(args))
        whole = (None, *(None,) * at, given[0], *(None,) * len(after), {})
        _, found, _, y_bar_bar = own(whole)
        return None, (found[at], *rest), {}, y_bar_bar

    return (None, bars[1 + at], *rest, {}), pull


def _item(active: tuple, args: tuple, kwargs: dict, inner: Any, y_bar: Any) -> Result:
    """An item that a method computes."""
    return compiled(type(args[0]).__getitem__, active, args, kwargs, y_bar)


def _rule_applied(active: tuple, args: tuple, kwargs: dict, inner: Any, y_bar: Any) -> Result:
    """`apply_rule` itself: the call that it makes, and the pullback that it keeps of it."""
    function, mask, *rest = args
    mask = structural.widened(mask, active)
    value_bar, kept_bar = (None, None) if y_bar is None else y_bar
    back = None
    if value_bar is not None:
        _, back = again(function, mask, tuple(rest), kwargs, value_bar)

    def pull(bars_bar: Any) -> Parts:
        _, (callee, _, *given), named = parts_of(bars_bar, len(args))
        later = (
            None if kept_bar is None else Tangent(function=callee, args=tuple(given), kwargs=named)
        )
        if back is None:
            return None, (None,) * len(args), {}, (None, later)
        own, found, keywords, value_bar_bar = back((callee, *given, named))
        return None, (own, None, *found), keywords, (value_bar_bar, later)

    return inner(y_bar), pull


SPECIAL: dict[Any, Callable[..., Result]] = {
    call_method: _method_call, getattr: _attribute, operator.getitem: _item, dispatch.apply_rule: _rule_applied,
}  # fmt: skip
