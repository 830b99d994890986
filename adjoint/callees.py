"""Rules of Python functions, found when a program runs: compiled, and called, by the cache."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import nullcontext
from typing import Any

from adjoint import cache
from adjoint.checks.finite import check_input, check_result
from adjoint.cursor import GeneratorCursor, GivenTangents, PushedCursor, Record
from adjoint.errors import (
    NonFiniteError,
    UnsupportedSyntaxError,
)
from adjoint.ir.options import Sharing
from adjoint.rules import cursors, dispatch, missing, pushing, registry, sharing
from adjoint.rules.tangents import fit_tangent
from adjoint.runtime import load_capture
from adjoint.slots import held
from adjoint.tree import Tangent, accumulate, tangent_field


def generate(callee: Any, active: tuple, args: tuple, kwargs: dict[str, Any]) -> Any:
    """`y, pullback` of any callable with Python source, called by a generated function."""
    y, pullback, _ = generate_outermost(callee, active, args, kwargs, within=True)
    return y, pullback


def generate_shared(
    names: tuple, writes: bool, callee: Any, args: tuple, kwargs: dict[str, Any]
) -> Any:
    """`y, pullback` of a callee that may change what its caller sees: `rules/sharing.py`."""
    given = cache.bind_defaults(callee, args, kwargs)
    wrt = ("callee", *range(len(args)), *given)
    if cursors.is_generator(callee):
        raise writes_to_arguments(callee)
    entry, inputs = cache.find("rule", callee, args, given, wrt, shared=Sharing(names, writes))
    y, pull = cache.call(entry, inputs)

    def pullback(y_bar: Any, shadows: Any) -> tuple:
        try:
            bars = pull(y_bar, shadows)
        except Exception as error:
            raise cache.explain(error, entry) from error.__cause__
        return without_defaults(bars, kwargs)

    return y, pullback


def without_defaults(bars: tuple, kwargs: dict[str, Any]) -> tuple:
    """The cotangents of a call; those of defaults that were no keywords of it are the callee's."""
    named = dict(bars[-1])
    more = {k: named.pop(k) for k in list(named) if k not in kwargs}
    if any(v is not None for v in more.values()):
        bars = (accumulate(bars[0], Tangent(**more)), *bars[1:])
    return (*bars[:-1], named)


def generate_outermost(
    callee: Any, active: tuple, args: tuple, kwargs: dict[str, Any], within: bool = False
) -> tuple[Any, Any, tuple]:
    """`y, pullback, given` of any callable with Python source: `given` is what the arguments held.

    A pullback knows nothing of what its caller did with the arguments' memory afterwards: a callee
    that writes there is refused, unless its caller is the user's own.
    """
    given_kwargs, original = kwargs, len(kwargs)
    kwargs = cache.bind_defaults(callee, args, kwargs)
    defaults = list(kwargs)[original:]
    if "callee" in active:
        active = (*active, *defaults)
    wrt = tuple(a for a in expand_mask(active, len(args), kwargs))
    entry, inputs = cache.find("rule", callee, args, kwargs, wrt)
    writes = entry.compiled.writes_inputs
    if writes and within:
        raise writes_to_arguments(callee)
    given = held(args) if writes else args
    y, pull = begun(cache.call(entry, inputs), callee)
    nothing = (None,) * (1 + len(args)) + ({},)

    def pullback(y_bar: Any) -> tuple:
        if y_bar is None:
            return nothing
        try:
            bars = pull(y_bar)
        except Exception as error:
            raise cache.explain(error, entry) from error.__cause__
        if bars is None:
            return nothing
        return without_defaults(bars, given_kwargs) if len(kwargs) > original else bars

    return y, pullback, given


def begun(result: Any, callee: Any) -> Any:
    """`y, pullback` of a call; of a generator function, whose body has not begun, a cursor."""
    if not cursors.is_generator(callee):
        return result
    record = Record(started(result, callee), callee.__name__)
    return GeneratorCursor(record), record.pullback


def started(result: Any, callee: Any) -> Generator[Any, int | None, Any]:
    """The generator that a call gives."""
    if not isinstance(result, Generator):
        raise UnsupportedSyntaxError(
            f"{callee.__name__} is a generator that yields nothing, and this is not supported",
            hint="Write a function that returns an empty list.",
        )
    return result


def writes_to_arguments(callee: Any) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        f"{missing.describe(callee)} writes into an array that it was given, "
        "and is called where its statements cannot be written into the caller's derivative",
        hint="Return a new array from it, or write the call without recursion.",
    )


def push(callee: Any, tangents: tuple, args: tuple, kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The value and the tangent of a call, of which only running tells: `pushing.push_rule`."""
    function_dot, *dots, named = tangents
    original = len(kwargs)
    kwargs = cache.bind_defaults(callee, args, kwargs)
    for key in list(kwargs)[original:]:
        named = {**named, key: tangent_field(function_dot, key)}
    wrt: list[Any] = [] if function_dot is None else ["callee"]
    wrt += [i for i, dot in enumerate(dots) if dot is not None]
    wrt += [key for key in kwargs if named.get(key) is not None]
    declared = registry.lookup(callee) is not None  # then it is the rule that is compiled
    with cache.use_options() if declared else nullcontext():
        entry, inputs = cache.find("jvp", callee, args, kwargs, tuple(wrt), within_callee)
    if entry.compiled.writes_inputs:
        raise writes_to_arguments(callee)
    given = []
    for kind, key in entry.compiled.labels:
        if kind == "callee":
            given.append(fit_tangent(function_dot, callee))
        elif kind == "capture":
            given.append(fit_tangent(tangent_field(function_dot, key), load_capture(callee, key)))
        elif kind == "argument":
            given.append(fit_tangent(dots[key], args[key]))
        else:
            given.append(fit_tangent(named[key], kwargs[key]))
    return pushed_items(cache.call(entry, (*inputs, *given)), callee)


def pushed_items(result: Any, callee: Any) -> tuple[Any, Any]:
    """The value and the tangent of a call; of a generator function, whose body has not begun, both
    item by item."""
    if not cursors.is_generator(callee):
        return result
    cursor = PushedCursor(Record(started(result, callee), callee.__name__))
    return cursor, GivenTangents(cursor)


def push_outermost(f: Any, tangents: tuple, args: tuple) -> tuple[Any, Any]:
    """`(y, y_dot)` of the user's own call: it may write to its arguments, and the tangents fit."""
    wrt = tuple([i for i, dot in enumerate(tangents) if dot is not None])
    if cursors.is_generator(f):
        raise UnsupportedSyntaxError(
            f"{f.__name__} is a generator function: what it returns is not a value",
            hint="Differentiate a function that consumes what it yields.",
        )
    if registry.forward_rule(f) is not None:
        return pushing.push_rule(f, (None, *tangents, {}), *args)
    try:
        entry, inputs = cache.find("jvp", f, args, {}, wrt, within_callee)
    except pushing.Unresolved:
        return pushing.push_rule(f, (None, *tangents, {}), *args)
    given = [tangents[key] if kind == "argument" else None for kind, key in entry.compiled.labels]
    if not cache.options().nan_check:
        return cache.call(entry, (*inputs, *given))
    for i, dot in enumerate(tangents):
        check_input(f"tangents[{i}]", dot)
    y, y_dot = cache.call(entry, (*inputs, *given))
    try:
        check_result(getattr(f, "__name__", "the function"), y)
    except NonFiniteError as error:
        origin = entry.compiled.function.origin
        raise NonFiniteError(error.message, origin, error.hint) from None
    return y, y_dot


def within_callee(kind: str, key: Any) -> bool:
    """The choice of what the callee itself holds, globals aside."""
    return kind != "root"


def expand_mask(active: tuple, count: int, kwargs: dict[str, Any]) -> list[Any]:
    """Positions and keywords that are active; stars stand for all."""
    wrt: list[Any] = []
    if "callee" in active:
        wrt.append("callee")
    wrt += range(count) if "*" in active else [a for a in active if isinstance(a, int)]
    wrt += [k for k in kwargs if "**" in active or k in active]
    return wrt


dispatch.generate = generate
sharing.generate_shared = generate_shared
dispatch.as_now = cache.as_now
dispatch.reads_parameters = lambda: cache.options().implicit
pushing.generate = push
