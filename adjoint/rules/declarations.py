"""Declared rules at run time: what a rule's text gives, as the cotangents of a call's operands."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from adjoint.errors import AdjointError, MissingRuleError
from adjoint.rules import registry
from adjoint.rules.kept import Result
from adjoint.rules.missing import describe, missing_hint
from adjoint.rules.plain import elementwise_text, joined, repeated
from adjoint.rules.text import refuse_read_back
from adjoint.rules.unchanged import refuse_changes
from adjoint.runtime import (
    check_iterable,
)
from adjoint.tree import (
    Number,
    project,
    same_container,
)

ITERATOR_MAKERS = {zip, enumerate, reversed, iter, next, check_iterable}


LAZY = {zip, enumerate, check_iterable}


def apply_declared(declared: registry.Rule, function: Any, args: tuple, kwargs: dict) -> Result:
    if declared.kind == "constant":
        y = function(*args, **kwargs)
        nothing = (None,) * (1 + len(args)) + ({},)
        if declared.textual:
            return y, lambda y_bar: (refuse_read_back(y_bar), *nothing[1:])
        return y, lambda y_bar: nothing
    if declared.kind == "partials":
        return _elementwise(declared, function, args, kwargs)
    if function not in ITERATOR_MAKERS:
        args = tuple([list(a) if isinstance(a, Iterator) else a for a in args])
    refuse_changes(function, declared, map(type, args))
    if kwargs:
        refuse_keywords(function, declared.text, kwargs)
    y, inner = declared.text(*args, **kwargs)

    def pullback(y_bar: Any) -> tuple:
        if y_bar is None:
            return (None,) * (1 + len(args)) + ({},)
        bars = inner(y_bar)
        return assign_bars(declared.text, bars, args, kwargs)

    return y, pullback


@registry.nondifferentiable
def check_count(text: Any, count: int) -> None:
    """A pullback gives a cotangent to each parameter of its rule at most."""
    parameters = inspect.signature(text).parameters.values()
    starred = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if count > len(parameters) and not starred:
        code = text.__code__
        raise AdjointError(
            f"a pullback returns {count} cotangents, and its rule has {len(parameters)} parameters: "
            f"{text.__qualname__} ({code.co_filename}, line {code.co_firstlineno})",
            hint="Return one cotangent for each parameter, None where there is none.",
        )


def refuse_keywords(function: Any, text: Any, kwargs: dict) -> None:
    """Refuse keywords that the function takes, and its rule does not."""
    parameters = inspect.signature(text).parameters.values()
    more = set(kwargs) - {p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY}
    if more and not any(p.kind is p.VAR_KEYWORD for p in parameters):
        function_name = describe(function)
        raise MissingRuleError(
            f"no derivative is known for {function_name} with {', '.join(sorted(more))}",
            hint=missing_hint(function),
        )


def assign_bars(text: Any, bars: Any, args: tuple, kwargs: dict) -> tuple:
    """The cotangents that a rule returns for its leading parameters, as those of a call's operands."""
    leading = bars if isinstance(bars, tuple) else (bars,)
    check_count(text, len(leading))
    if len(leading) < len(args):
        leading = (*leading, *(None,) * (len(args) - len(leading)))
    named = {k: fit(keyword_bar(text, leading, k), v) for k, v in kwargs.items()}
    return (None, *map(fit, leading[: len(args)], args), named)


def keyword_bar(text: Any, leading: tuple, name: str) -> Any:
    """The cotangent of a keyword argument among those of a rule's leading parameters."""
    i = keyword_position(text, len(leading), name)
    if i is None:
        return None
    if name not in inspect.signature(text).parameters:
        return None if leading[i] is None else leading[i].get(name)
    return leading[i]


def keyword_position(text: Any, count: int, name: str) -> int | None:
    """The position, among what a rule gives its parameters, of what is for a keyword: behind the
    cotangents of `*args` that of `**kwargs` is the last."""
    parameters = inspect.signature(text).parameters
    for i, (own, parameter) in enumerate(parameters.items()):
        if parameter.kind is parameter.VAR_POSITIONAL:
            others = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
            return count - 1 if others and name not in parameters else None
        if i >= count:
            return None
        if own == name or parameter.kind is parameter.VAR_KEYWORD and name not in parameters:
            return i
    return None


def fit(bar: Any, primal: Any) -> Any:
    """A cotangent in the form of its primal; of a container, item by item."""
    if isinstance(bar, list | tuple) and isinstance(primal, list | tuple):
        return same_container(primal, [fit(b, p) for b, p in zip(bar, primal, strict=True)])
    return project(bar, primal)


def _elementwise(declared: registry.Rule, function: Any, args: tuple, kwargs: dict) -> Result:
    if not all(isinstance(x, np.ndarray | Number | np.bool_) for x in args):
        return _of_objects(function, args, kwargs)
    if kwargs.get("where", True) is not True:
        raise MissingRuleError(f"no derivative is known for {describe(function)} with where=")
    y, inner = elementwise_text(function, declared)(*args, **kwargs)
    nothing = (None,) * len(args)
    return y, lambda y_bar: (None, *(nothing if y_bar is None else inner(y_bar)[:-1]), {})


def _of_objects(function: Any, args: tuple, kwargs: dict) -> Result:
    """An elementwise function or operator of something that is no number: sequences, nested lists."""
    if function in (operator.add, operator.mul) and isinstance(args[0], list | tuple | str):
        text = {operator.add: joined, operator.mul: repeated}[function]
        y, inner_pull = text(*args)
        return y, lambda y_bar: (None, *((None, None) if y_bar is None else inner_pull(y_bar)), {})
    if any(isinstance(x, str | bytes | None | set | frozenset | type) for x in args):
        rest = (None,) * len(args)
        return function(*args, **kwargs), lambda y_bar: (refuse_read_back(y_bar), *rest, {})
    function(*args, **kwargs)  # what Python refuses as well comes out as Python says it
    raise MissingRuleError(
        f"no derivative is known for {describe(function)} of "
        + " and ".join(type(x).__name__ for x in args),
        hint=missing_hint(function),
    )
