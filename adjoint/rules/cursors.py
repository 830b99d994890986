"""Iterators at run time: `iter`, `next`, loops over them, and what other rules take of them."""

from __future__ import annotations

import contextlib
import itertools
import types
from collections.abc import Iterator
from inspect import CO_GENERATOR
from typing import Any

from adjoint import runtime
from adjoint.cursor import Counted, Cursor, GeneratorCursor, View, item_bar, placed
from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules import lookup, registry
from adjoint.rules.operators import is_hashable
from adjoint.tree import iterable_cotangent, tangent_field

# What they give is an iterator, of which others may take items too.
MAKERS = {
    zip, enumerate, reversed, map, filter, itertools.chain, itertools.chain.from_iterable,
    itertools.starmap, itertools.accumulate, itertools.product, itertools.pairwise,
    itertools.combinations, itertools.combinations_with_replacement, itertools.permutations,
}  # fmt: skip
# They take all items of an iterator here, and one after the other in Python.
DRAINING = {
    map, filter, itertools.chain, itertools.starmap, itertools.accumulate, itertools.pairwise,
    itertools.takewhile, itertools.dropwhile, itertools.zip_longest, itertools.tee,
}  # fmt: skip
Result = tuple[Any, Any]


def is_generator(function: Any) -> bool:
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code is not None and bool(code.co_flags & CO_GENERATOR)


def made_by(function: Any) -> Any:
    """What is differentiated in place of a function: of those in `itertools` often a generator."""
    declared = registry.lookup(function)
    return function if declared is None else declared.text


def cursor_over(y: Any) -> Any:
    """An iterator, or the list that stands for one, as a cursor."""
    return y if isinstance(y, Cursor) else Cursor(iter(y))


class Linear:
    """A pullback that moves the cotangents of one operand, the first; and its transpose."""

    def __init__(self, move: Any, transpose: Any, count: int = 1) -> None:
        self.move, self.transpose, self.count = move, transpose, count

    def __call__(self, y_bar: Any) -> tuple:
        bar = None if y_bar is None else self.move(y_bar)
        return (None, bar, *[None] * (self.count - 1), {})


def same(count: int = 1) -> Linear:
    return Linear(lambda bars: bars, lambda bars_bar, bars: bars_bar, count)


def iter_(apply_rule: Any, active: tuple, iterable: Any, *sentinel: Any) -> Result:
    if sentinel:
        raise UnsupportedSyntaxError(
            "`iter` of a function is not differentiated", hint="Write a loop with `break`."
        )
    if isinstance(iterable, Cursor):
        return iterable, same()
    return Cursor(iter(iterable)), Linear(
        lambda bars: iterable_cotangent(bars, iterable),
        lambda bars_bar, bars: None if bars_bar is None else list(bars_bar)[: len(bars)],
    )


def padded(bars: list | None, count: int) -> list | None:
    return None if bars is None else [*bars, *[None] * (count - len(bars))]


def next_(apply_rule: Any, active: tuple, iterator: Any, *default: Any) -> Result:
    if not isinstance(iterator, Cursor):
        if 0 in active:
            lookup.refuse_own_next(iterator)
        if 0 in active and isinstance(iterator, Iterator):
            raise UnsupportedSyntaxError(
                f"no derivative is known for `next` of a {type(iterator).__name__}",
                hint="Call `next` on what `iter` or a generator gives.",
            )
    number = getattr(iterator, "given", 0)
    try:
        y = next(iterator)
    except StopIteration:
        if not default:
            raise
        return default[0], lambda y_bar: (None, None, y_bar, {})
    if not isinstance(iterator, Cursor):
        return y, lambda y_bar: (None, None, *[None] * len(default), {})
    return y, Linear(
        lambda bar: placed([number], [bar]),
        lambda bars_bar, bar: item_bar(bars_bar, number),
        1 + len(default),
    )


def iterated(apply_rule: Any, active: tuple, iterable: Any) -> Result:
    if not isinstance(iterable, Cursor):
        if 0 in active:
            lookup.refuse_own_next(iterable)
        return iterable, same()
    view = View(iterable)
    return view, _of_view(view)


def items_of(apply_rule: Any, active: tuple, cursor: Cursor) -> Result:
    """A list of what a cursor still has."""
    view = View(cursor)
    return list(view), _of_view(view)


def _of_view(view: View) -> Linear:
    return Linear(
        view.cotangent,
        lambda bars_bar, bars: [item_bar(bars_bar, n) for n in view.numbers[: len(bars)]],
    )


def remaining(cursor: Any) -> Any:
    """What rules of iterables take of a cursor; its derivative is `items_of`."""
    return list(cursor)


def drained(cursor: Any) -> Any:
    """The same for those who would take the items one by one: nobody else may ask for any, later on."""
    items = list(cursor)
    cursor.drained = True
    return items


def drained_rule(apply_rule: Any, active: tuple, cursor: Cursor) -> Result:
    found = items_of(apply_rule, active, cursor)
    cursor.drained = True
    return found


def context(apply_rule: Any, active: tuple, function: Any, args: tuple, kwargs: dict) -> Result:
    """A call of a function that `contextlib.contextmanager` has made of a generator function."""
    generator, pullback = apply_rule(function.__wrapped__, active, *args, **kwargs)
    if not isinstance(generator, Cursor):
        return function(*args, **kwargs), pullback
    y = runtime.GeneratorContext(generator)
    return y, lambda bar: pullback(tangent_field(bar, "generator"))


def context_function(apply_rule: Any, active: tuple, function: Any) -> Result:
    """`contextlib.contextmanager` itself: its cotangent is that of the generator function."""
    return contextlib.contextmanager(function), lambda bar: (None, bar, {})


def method(apply_rule: Any, active: tuple, cursor: Cursor, name: str, args: tuple) -> Result:
    """`close`, `throw`, `send(None)` and `__next__` of a cursor."""
    if name == "__next__" or name == "send" and args == (None,):
        y, pull = next_(apply_rule, active, cursor)
        return y, lambda y_bar: (None, pull(y_bar)[1], None, *(None,) * len(args), {})
    if name == "__iter__":
        return cursor, lambda bars: (None, bars, None, {})
    y = getattr(cursor, name)(*args)
    if name != "close":
        raise UnsupportedSyntaxError(
            f"no derivative is known for the method {name!r} of a generator",
            hint="Iterate over it.",
        )
    return y, lambda y_bar: (None, None, None, *(None,) * len(args), {})


def counted(function: Any, y: Any) -> Any:
    """What a call gives: of an iterator, one of which it is known if others have taken items of it."""
    made = is_hashable(function) and function in MAKERS and isinstance(y, Iterator)
    return Counted(y) if made and not isinstance(y, Counted) else y


def is_own(function: Any) -> bool:
    """Is this a function of the user's, which may do with an iterator what it likes?"""
    python = isinstance(function, types.FunctionType | types.MethodType)
    return python and (not is_hashable(function) or registry.lookup(function) is None)


def refuse_again(function: Any, args: tuple, *more: Any) -> None:
    """Refuse the second derivative of a call that advances an iterator: it is made more than once.

    `more` are functions of which this is so besides methods and context managers.
    """
    advanced = Iterator, runtime.GeneratorContext, contextlib._GeneratorContextManager
    advancing = (runtime.call_method, getattr, runtime.enter_context, *more)
    taken = [getattr(a, "cursor", a) for a in args if isinstance(a, Iterator | View)]
    shared = len(set(map(id, taken))) < len(taken)
    lazy = taken and is_hashable(function) and is_generator(made_by(function))
    lazy = lazy or any(isinstance(a, GeneratorCursor) for a in taken)
    by_hand = args and isinstance(args[0], advanced) and any(function is f for f in advancing)
    again = any(getattr(a, "given", 0) for a in taken)
    again = again or taken and is_own(function)
    if by_hand or shared or lazy or again:
        raise UnsupportedSyntaxError(
            "the second derivative through a generator or iterator that is advanced by hand is not supported",
            hint="Go through a list of its items with a loop.",
        )


RULES = {
    iter: iter_, next: next_, runtime.iterated: iterated, remaining: items_of, drained: drained_rule,
    contextlib.contextmanager: context_function,
}  # fmt: skip
