"""Forward rules found at run time: `push_rule` gives the value and the tangent of any call.

    y, y_dot = push_rule(f, (f_dot, *args_dot, kwargs_dot), *args, **kwargs)

Tangents may be None, which stands for zero. It is the counterpart of `dispatch.apply_rule`.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adjoint.cursor import Counted, Cursor
from adjoint.errors import MissingRuleError, UnsupportedSyntaxError
from adjoint.ir.types import is_static
from adjoint.ir.values import type_of
from adjoint.rules import cursors, dispatch, missing, registry
from adjoint.rules.classes import refuse_captured
from adjoint.rules.dispatch import apply_rule
from adjoint.rules.iterators import in_step
from adjoint.rules.kept import Kept, Refused
from adjoint.rules.operators import is_hashable, iteration_method
from adjoint.rules.plain import scale
from adjoint.rules.pulled import pulled
from adjoint.rules.tangents import (
    TEXT,
    dense,
    fit_tangent,
    item_tangents,
    refuse_objects,
    zeros_of,
)
from adjoint.rules.text import only_text, refuse_read_back
from adjoint.rules.writes import refuse_write, writes_of
from adjoint.runtime import (
    GeneratorContext,
    fail,
    is_context_function,
)
from adjoint.tree import (
    Number,
    ReadBack,
    Tangent,
    accumulate,
    cotangent_dtype,
    project,
    tangent_field,
)

Pair = tuple[Any, Any]

# What has a forward rule of its own: (tangents, *args, **kwargs) -> the value and its tangent.
PUSHED: dict[Any, Callable[..., Pair]] = {}
# Set by the compiler: the value and tangent of a call of a Python function, or of a declared one.
generate: Callable[[Any, tuple, tuple, dict], Pair] | None = None
# Set by `pushed_pullbacks`: the tangents of the cotangents that a pullback gives.
of_kept: Callable[[Kept, tuple, Any], Pair] | None = None
# Set by the compiler: what computes the tangent of a call of a declared function from its value.
tangent_function: Callable[[Any, tuple, dict, Any, list], Callable] | None = None


def push_rule(function: Any, tangents: tuple, /, *args: Any, **kwargs: Any) -> Pair:
    """The value of a call and its tangent, by whatever rule the callable has."""
    function = dispatch.respelled(function, args)
    hashable = is_hashable(function)
    special = PUSHED.get(function) if hashable else None
    if special is not None:
        return special(tangents, *args, **kwargs)
    refuse_captured(function)
    if all(t is None for t in tangents[:-1]) and all(t is None for t in tangents[-1].values()):
        return function(*args, **kwargs), None
    if function is fail:
        fail(*args, **kwargs)
    refuse(function, kwargs)
    active = mask_of(tangents)
    if only_text(function, active, args, kwargs):
        return of_text(function, args, kwargs)
    if isinstance(function, Refused):
        raise function.error
    if isinstance(function, Kept):
        assert of_kept is not None
        return of_kept(function, tangents, *args)
    made = dispatch.converted(function, active, args)
    if made:
        return push_rule(function, *of_converted(made, tangents, args), **kwargs)
    overloaded = dispatch._overloaded(function, args)
    if overloaded is not None:
        method, order = overloaded
        moved = (None, *[tangents[1 + i] for i in order], tangents[-1])
        return push_rule(method, moved, *[args[i] for i in order], **kwargs)
    chosen = dispatch.chosen_by_type(function, args)
    if chosen is not None:
        return push_rule(chosen, tangents, *args, **kwargs)
    made = {i: iteration_method(type(args[i])) for i in dispatch.own_iterators(function, args)}
    if made:
        return push_rule(function, *of_converted(made, tangents, args), **kwargs)
    lists = dispatch.made_arrays(function, map(type, (*args, *kwargs.values())), kwargs)
    if lists:
        return of_lists(function, lists, tangents, args, kwargs)
    refuse_objects_within(function, args, tangents)
    declared, text = registry.lookup(function), registry.forward_rule(function)
    if getattr(function, "__module__", None) == Cursor.__module__:
        raise UnsupportedSyntaxError(
            f"the method {function.__name__} of a generator is called, which forward mode does not know",
            hint="Iterate over it.",
        )
    if is_context_function(function):
        return of_context(function, tangents, args, kwargs)
    if text is not None and all(t is None for t in tangents[-1].values()):
        y, y_dot = text(args, tangents[1:-1], **kwargs)
        number = y_dot is not None and isinstance(y, np.ndarray | Number)
        return y, in_form(y_dot, y) if number else y_dot
    if declared is None and dispatch.is_bound(function):
        own = tangent_field(tangents[0], "__self__")
        moved = (None, own, *tangents[1:])
        return push_rule(dispatch.unbound(function), moved, function.__self__, *args, **kwargs)
    lazily = reads_iterators(function) if declared is None else cursors.is_generator(declared.text)
    draining = is_hashable(function) and function in cursors.DRAINING
    iterators = [x for x in args if draining and isinstance(x, Counted)]
    args, tangents = (counted if lazily else listed)(args, tangents)
    for x in iterators:
        x.drained = True
    if declared is not None and declared.underived:
        missing.refuse_underived(function, declared, active, args, kwargs)
    if declared is not None and declared.kind != "source":
        dispatch.refuse_objects(function, active, args)
        return by_declaration(declared, function, tangents, args, kwargs)
    if declared is None and not missing.generatable(function):
        raise MissingRuleError(
            f"no derivative is known for {missing.describe(function)}",
            hint=missing.missing_hint(function),
        )
    assert generate is not None
    y, y_dot = generate(function if declared is None else declared.text, tangents, args, kwargs)
    if is_hashable(function) and function in cursors.MAKERS:  # its definition makes a list
        return in_step(y, item_tangents(y_dot, y))
    return y, y_dot


def of_converted(made: dict[int, Any], tangents: tuple, args: tuple) -> tuple:
    """The tangents and arguments of a call, some arguments being what a function makes of them."""
    function_dot, *dots, named = tangents
    given = list(args)
    for i, make in made.items():
        given[i], dots[i] = push_rule(make, (None, dots[i], {}), args[i])
    return (function_dot, *dots, named), *given


def of_lists(function: Any, lists: list, tangents: tuple, args: tuple, kwargs: dict) -> Pair:
    """A call that makes arrays of lists: the call with these arrays."""
    function_dot, *dots, named = tangents
    operands, given = {**dict(enumerate(args)), **kwargs}, {**dict(enumerate(dots)), **named}
    for key in lists:
        x, dot = operands[key], given.get(key)
        operands[key] = np.asarray(x)
        given[key] = None if dot is None else dense(dot, x)
    count = len(args)
    moved = (function_dot, *[given[i] for i in range(count)], {k: given.get(k) for k in kwargs})
    return push_rule(
        function, moved, *[operands[i] for i in range(count)], **{k: operands[k] for k in kwargs}
    )


def of_context(function: Any, tangents: tuple, args: tuple, kwargs: dict) -> Pair:
    """A call of a function that `contextlib.contextmanager` has made of a generator function."""
    own = getattr(tangents[0], "func", tangents[0])  # of what the decorator was given
    generator, dots = push_rule(function.__wrapped__, (own, *tangents[1:]), *args, **kwargs)
    return GeneratorContext(generator), Tangent(generator=dots)


def reads_iterators(function: Any) -> bool:
    """Is this a function of the user's, which takes items of an iterator as it likes?"""
    module = getattr(function, "__module__", None) or "adjoint"
    return module.partition(".")[0] != "adjoint"


def counted(args: tuple, tangents: tuple) -> tuple[tuple, tuple]:
    """The arguments with a tangent that are iterators, as cursors; their tangents are iterators beside."""
    function_dot, *dots, named = tangents
    given = list(args)
    for i, (x, dot) in enumerate(zip(args, dots, strict=True)):
        if dot is not None and isinstance(x, Iterator):
            given[i], dots[i] = cursors.cursor_over(x), iter(item_tangents(dot, x))
    return tuple(given), (function_dot, *dots, named)


def listed(args: tuple, *tangents: tuple) -> tuple[tuple, ...]:
    """The arguments with tangents that can be read only once, as lists, and so these tangents, of which one
    is taken after each item."""
    columns = [list(args), *(list(dots[1:-1]) for dots in tangents)]
    for i, x in enumerate(args):
        beside = [dots[i] for dots in columns[1:]]
        if not isinstance(x, Iterator) or all(dot is None for dot in beside):
            continue
        taken = [item_tangents(dot, x) for dot in beside]
        rows = list(zip(x, *taken))
        for dots, whole in zip(columns, zip(*rows) if rows else [()] * len(columns), strict=True):
            dots[i] = None if dots[i] is None else list(whole)
    own = [(dots[0], *column, dots[-1]) for dots, column in zip(tangents, columns[1:], strict=True)]
    return tuple(columns[0]), *own


def refuse(function: Any, kwargs: dict) -> None:
    """Refuse what writes to its operands."""
    if writes_of(function):
        refuse_write(getattr(function, "__name__", "this"))
    if kwargs.get("out") is not None and registry.package_of(function) in ("", "numpy"):
        refuse_write("out=")


def refuse_objects_within(function: Any, args: tuple, tangents: tuple) -> None:
    """Refuse objects in lists that are taken for numbers."""
    numeric = (np.ufunc, types.BuiltinFunctionType)
    package = registry.package_of(function)
    if isinstance(function, numeric) or package == "numpy":
        if package in ("", "numpy", "math"):
            for x, dot in zip(args, tangents[1:-1], strict=True):
                refuse_objects(dot, x)


def mask_of(tangents: tuple) -> tuple:
    """What carries a tangent, as `apply_rule` is told it."""
    function_dot, *dots, named = tangents
    active: list[Any] = [] if function_dot is None else ["callee"]
    active += [i for i, t in enumerate(dots) if t is not None]
    return tuple(active + [k for k, t in named.items() if t is not None])


def of_text(function: Any, args: tuple, kwargs: dict) -> Pair:
    """A call of which only text has a tangent."""
    name = getattr(function, "__name__", "a call")
    y = function(*args, **kwargs)
    return y, None if isinstance(y, bool) else ReadBack(name, None)


# -- declared rules ----------------------------------------------------------------------------------


def by_declaration(
    declared: registry.Rule, function: Any, tangents: tuple, args: tuple, kwargs: dict
) -> Pair:
    if declared.kind == "constant":
        return of_number(function, args)(*args, **kwargs), TEXT if declared.textual else None
    for dot in (*tangents[1:-1], *tangents[-1].values()):
        if isinstance(dot, ReadBack):
            refuse_read_back(dot)
    if declared.kind == "partials":
        return elementwise(declared, function, tangents, args, kwargs)
    if is_linear(declared, tangents, args, kwargs):
        return by_itself(declared, function, tangents, args, kwargs)
    operands = (*args, *kwargs.values())
    if not all(is_static(type_of(x)) for x in operands):
        return transposed(function, tangents, args, kwargs)
    dots = fitted_dots(tangents, args, kwargs)
    y = of_number(function, args)(*args, **kwargs)
    assert tangent_function is not None
    try:
        tangent = tangent_function(function, args, kwargs, y, dots)
    except Unresolved:
        return transposed(function, tangents, args, kwargs)
    return y, tangent(*operands, y, *[d for d in dots if d is not None])


def of_number(function: Any, args: tuple) -> Any:
    """A method of arrays, of a number of NumPy's: the number has it by the same name."""
    if not args or not isinstance(args[0], np.generic):
        return function
    owner = getattr(function, "__objclass__", None)
    return getattr(np.generic, function.__name__) if owner is np.ndarray else function


def fitted_dots(tangents: tuple, args: tuple, kwargs: dict) -> list[Any]:
    """The tangents of a call's operands, in the form of these; None for constants."""
    operands = (*args, *kwargs.values())
    dots = [*tangents[1:-1], *[tangents[-1].get(k) for k in kwargs]]
    return [None if d is None else fit_tangent(d, x) for d, x in zip(dots, operands, strict=True)]


def is_linear(declared: registry.Rule, tangents: tuple, args: tuple, kwargs: dict) -> bool:
    """Is a function linear in each operand that has a tangent, and are these no integers?"""
    names = positional_names(declared, len(args))
    active = [(n, x) for n, x, d in zip(names, args, tangents[1:-1], strict=True) if d is not None]
    active += [(k, kwargs[k]) for k, d in tangents[-1].items() if d is not None]
    if {*names, *kwargs} & {
        "initial",
        "dtype",
    }:  # from which a sum begins; what becomes of the tangent
        return False
    active = [(n, x) for n, x in active if n not in declared.form]
    return all(n in declared.linear and not is_integer(x) for n, x in active)


def positional_names(declared: registry.Rule, count: int) -> list[str]:
    """The parameters of a rule that take positional arguments, the starred one as often as it does."""
    code = declared.text.__code__
    names = code.co_varnames[: min(code.co_argcount, count)]
    starred = (
        code.co_varnames[code.co_argcount + code.co_kwonlyargcount] if code.co_flags & 4 else ""
    )
    return [*names, *[starred] * (count - len(names))]


def is_integer(x: Any) -> bool:
    return isinstance(x, np.ndarray | Number) and np.asarray(x).dtype.kind not in "fc"


def by_itself(
    declared: registry.Rule, function: Any, tangents: tuple, args: tuple, kwargs: dict
) -> Pair:
    """The function itself, of each tangent in its primal's place."""
    tangents = (None, *filled(function, tangents, args), tangents[-1])
    function = of_number(function, args)
    y, y_dot = function(*args, **kwargs), None
    for i, (dot, name) in enumerate(zip(tangents[1:-1], positional_names(declared, len(args)))):
        if dot is not None and name in declared.linear:
            y_dot = accumulate(y_dot, function(*args[:i], dot, *args[i + 1 :], **kwargs))
    for key, dot in tangents[-1].items():
        if dot is not None and key in declared.linear:
            y_dot = accumulate(y_dot, function(*args, **{**kwargs, key: dot}))
    return y, y_dot


class Unresolved(Exception):
    """The compiler could make no forward rule of a declaration."""


def elementwise(
    declared: registry.Rule, function: Any, tangents: tuple, args: tuple, kwargs: dict
) -> Pair:
    """The sum of the partial derivatives, each times its argument's tangent."""
    if not all(isinstance(x, np.ndarray | Number | np.bool_) for x in args):
        return of_objects(function, tangents, args, kwargs)
    if kwargs.get("where", True) is not True:
        raise MissingRuleError(
            f"no derivative is known for {missing.describe(function)} with where="
        )
    y = function(*args, **kwargs)
    dots = tuple(fitted_dots(tangents, args, {}))
    return y, weighted(args, y, dots, declared.text, declared.singular)


def weighted(args: tuple, y: Any, dots: tuple, partials: Any, singular: bool) -> Any:
    """The partial derivatives, each times its argument's tangent, in the form of the result."""
    slopes = partials(*args, y)
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    total = None
    for dot, slope in zip(dots, slopes, strict=True):
        if dot is not None and slope is not None:
            total = accumulate(total, scale(dot, slope) if singular else dot * slope)
    return project(total, y)


def filled(function: Any, tangents: tuple, args: tuple) -> list[Any]:
    """The tangents of positional arguments as a linear function takes them: only ours know None."""
    whole = not (getattr(function, "__module__", None) or "").startswith("adjoint.")
    return [
        fit_tangent(d, x) if d is not None and (whole or isinstance(x, np.ndarray | Number)) else d
        for d, x in zip(tangents[1:-1], args, strict=True)
    ]


def in_form(y_dot: Any, y: Any) -> Any:
    """A tangent in the shape and the floating dtype of its primal, of which it may lack some axes."""
    if isinstance(y, np.ndarray | np.generic):
        dtype = cotangent_dtype(y.dtype)
        y_dot = np.asarray(np.real(y_dot) if dtype.kind != "c" else y_dot, dtype)
        y_dot = y_dot if y_dot.shape == y.shape else np.broadcast_to(y_dot, y.shape)
        return y_dot if isinstance(y, np.ndarray) else y_dot[()]
    return y_dot[()] if isinstance(y_dot, np.ndarray) else y_dot


def of_objects(function: Any, tangents: tuple, args: tuple, kwargs: dict) -> Pair:
    """An elementwise function or operator of something that is no number: sequences, nested lists."""
    function_dot, *dots, named = tangents
    numbers = np.ndarray | Number | np.bool_ | list | tuple
    if isinstance(function, np.ufunc) and all(isinstance(x, numbers) for x in args):
        own = [dense(d, x) if isinstance(x, list | tuple) and d is not None else d
               for d, x in zip(dots, args, strict=True)]  # fmt: skip
        arrays = [np.asarray(x) if isinstance(x, list | tuple) else x for x in args]
        return push_rule(function, (function_dot, *own, named), *arrays, **kwargs)
    text = SEQUENCES.get(function) if isinstance(args[0], list | tuple) else None
    if text is not None:
        return text(args, tangents[1:-1])
    if any(isinstance(x, str | bytes | None | set | frozenset | type) for x in args):
        y = function(*args, **kwargs)
        return y, TEXT if isinstance(y, str | bytes) else None
    raise MissingRuleError(
        f"no derivative is known for {missing.describe(function)} of "
        + " and ".join(type(x).__name__ for x in args),
        hint=missing.missing_hint(function),
    )


def joined(primals: tuple, tangents: tuple) -> Pair:
    """`a + b` of two sequences."""
    (a, b), (a_dot, b_dot) = primals, tangents
    return a + b, listed_like(a_dot, a) + listed_like(b_dot, b)


def listed_like(dot: Any, x: Any) -> Any:
    """The tangent of a sequence: of as many items as it has."""
    return (
        [None] * len(x)
        if dot is None and isinstance(x, list)
        else (None,) * len(x)
        if dot is None
        else dot
    )


def repeated(primals: tuple, tangents: tuple) -> Pair:
    """`a * count` of a sequence."""
    (a, count), (a_dot, _) = primals, tangents
    return a * count, None if a_dot is None else a_dot * count


SEQUENCES: dict[Any, Callable[[tuple, tuple], Pair]] = {
    operator.add: joined,
    operator.mul: repeated,
}


def transposed(function: Any, tangents: tuple, args: tuple, kwargs: dict) -> Pair:
    """By the pullback's own pullback, which is linear in the cotangent: its transpose."""
    function_dot, *dots, named = tangents
    mask = mask_of(tangents)
    y, inner = apply_rule(function, mask, *args, **kwargs)
    _, pull = pulled(function, mask, args, kwargs, inner, zeros_of(y))
    return y, pull((function_dot, *dots, {k: named.get(k) for k in kwargs}))[3]


def push_call(function: Any, tangents: tuple, args: tuple, kwargs: dict) -> Pair:
    """`push_rule(function, tangents, *args, **kwargs)`, in the form that is differentiated itself."""
    return push_rule(function, tangents, *args, **kwargs)
