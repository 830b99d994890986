"""Iterators of the user's classes, which change themselves when they are asked for an item.

A loop over one asks in its body:

    for y in steps:            while True:
        …                          try: y = steps.__next__()
                        ->         except StopIteration: break
                                   …
"""

from __future__ import annotations

import math
import operator
import types
from collections import deque
from inspect import CO_GENERATOR
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint.cursor import Cursor
from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference import calls, objects
from adjoint.inference.iterators import TAKING
from adjoint.inference.sites import Keywords, Site
from adjoint.ir.nodes import (
    UNDEFINED,
    Block,
    Call,
    Const,
    Gather,
    Handler,
    If,
    Loop,
    Operand,
    Origin,
    Statement,
    Try,
    Value,
)
from adjoint.ir.types import (
    Array,
    Instance,
    IteratorOf,
    ListOf,
    Literal,
    Opaque,
    TupleOf,
    Unknown,
    literal,
    unliteral,
)
from adjoint.rules.lookup import items_by_next, refuse_own_next
from adjoint.rules.operators import is_hashable, iteration_method
from adjoint.rules.signatures import operand_type
from adjoint.rules.stepping import CLASSES, SEARCHES, Asked, Items
from adjoint.runtime import call_method, make_list, make_tuple, unpack_sequence

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

NO, YES, NOTHING = Const(False), Const(True), Const(UNDEFINED)
#: What takes all items at once.
WHOLE = {dict, set, frozenset, deque, math.prod, math.fsum, np.fromiter}
STOPPED = Const(StopIteration, "StopIteration")


def is_stepping(iterable: Operand) -> bool:
    """Is this an object whose class defines `__next__` in Python?"""
    return next_method(iterable) is not None


def next_method(iterable: Operand) -> types.FunctionType | None:
    kind = operand_type(iterable)
    if not isinstance(kind, Instance) or kind.cls.__module__ == Cursor.__module__:
        return None
    return objects.python_method(kind, "__next__")


def next_item(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`next` of such an object."""
    method = next_method(args[0])
    if method is None:
        return None
    objects.guard_member(spec, operand_type(args[0]).cls, "__next__")  # type: ignore[attr-defined]
    if len(args) == 1:
        return calls.call(spec, Const(method), [args[0]], [], site)
    iterator, item, target = Value(), Value(), Value(site.name)
    env: dict[Value, Operand] = {iterator: args[0]}
    ask = Call(item, Const(next, "next"), [iterator], [], site.origin)
    default = Handler(STOPPED, None, Block([], [args[1]]))
    env |= {o: o for o in args[1:] if isinstance(o, Value)}
    spec.statement(Try(Block([ask], [item]), [default], [target], None, site.origin), env)
    return env[target]


def lazily(
    spec: Specialiser, function: Any, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`iter`, `zip`, `any` … of such an object, and of what has one for its `__iter__`."""
    if not is_hashable(function):
        return None
    if function in SEARCHES or function in WHOLE:
        return searched(spec, function, args, kwargs, site)
    if function is not iter and function not in CLASSES:
        return None
    if function is iter and len(args) == 2:
        asked = calls.call(spec, Const(Asked, "Asked"), list(args), [], Site(site.origin))
        return asked if isinstance(operand_type(asked), Instance) else None
    cls, first, last = CLASSES.get(function, (None, 0, 1))
    iterables = args[first:last]
    if not any(may_step(spec, each, site) for each in iterables):
        return None
    iterators = [iterator_of(spec, each, site) for each in iterables]
    if function is iter:
        return iterators[0]
    if kwargs and function is zip or function is islice and len(args) != 2:
        raise UnsupportedSyntaxError(
            f"`{function.__name__}` with more arguments, of an object with a `__next__` of its own, is not "
            "differentiated",
            site.origin,
            "Take its items in a loop.",
        )
    given = [*args[:first], *iterators, *([] if last is None else args[last:])]
    return calls.call(spec, Const(cls, cls.__name__), list(given), kwargs, Site(site.origin))


def searched(
    spec: Specialiser, function: Any, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`any`, `in`, `dict` … of such an object; where only running tells, it is asked."""
    if args and function in SEARCHES and isinstance(operand_type(args[0]), Unknown):
        check = Const(refuse_own_next, "refuse_own_next")
        spec.emit(check, [args[0]], [], Site(site.origin), literal(None))
        return None
    if not args or not may_step(spec, args[0], site):
        return None
    iterator = iterator_of(spec, args[0], site)
    if function in SEARCHES:
        own = function is operator.contains and objects.python_method(
            operand_type(args[0]), "__contains__"
        )
        return (
            None
            if own
            else calls.call(spec, Const(SEARCHES[function]), [iterator, *args[1:]], [], site)
        )
    items = all_items(spec, iterator, site)
    return calls.call(spec, Const(function), [items, *args[1:]], kwargs, site)


def takes_items(function: Any) -> bool:
    """Is this a function of Python's that goes through what it is given?"""
    module = getattr(function, "__module__", None)
    named = module == "builtins" and getattr(function, "__name__", "") in TAKING
    return named or module in ("itertools", "collections", "_collections", "_functools", "heapq")


def all_items(spec: Specialiser, iterator: Operand, site: Site) -> Operand:
    """The list of what such an object still gives."""
    return calls.call(spec, Const(items_by_next), [iterator], [], Site(site.origin))


def may_step(spec: Specialiser, iterable: Operand, site: Site) -> bool:
    """Does a loop over this ask an object of the user's for its items?"""
    if is_stepping(iterable):
        return True
    kind = operand_type(iterable)
    method = iteration_method(kind.cls) if isinstance(kind, Instance) else None
    if method is None or method.__code__.co_flags & CO_GENERATOR:
        return False
    outer, spec.out = spec.out, []
    try:
        return is_stepping(objects.own_iterator(spec, iterable, site))
    finally:
        spec.out = outer


def iterator_of(spec: Specialiser, iterable: Operand, site: Site) -> Operand:
    kind = operand_type(iterable)
    plain = unliteral(kind)
    by_number = isinstance(kind, IteratorOf) and kind.cls is range
    by_number |= isinstance(plain, Opaque) and plain.cls in (str, bytes)
    by_number |= isinstance(kind, Literal) and isinstance(kind.value, str | bytes | tuple | range)
    if by_number or isinstance(kind, Array | ListOf | TupleOf):
        return calls.call(spec, Const(Items, "Items"), [iterable], [], Site(site.origin))
    if isinstance(kind, Instance):
        return objects.own_iterator(spec, iterable, site)
    return calls.call(spec, Const(iter), [iterable], [], Site(site.origin))


def asking(loop: Loop, iterable: Operand, env: dict[Value, Operand]) -> list[Statement]:
    """The statements that stand for a loop over such an object."""
    origin, iterator, item, ended = loop.origin, Value(), Value(), Value("ended")
    env[iterator] = iterable
    before: list[Statement] = []
    inside: list[Statement] = []
    if loop.unpack:
        taken = Value()
        inside += taken_apart(taken, loop.items, origin)
    else:
        taken = loop.items[0]
    ask = Call(item, Const(next, "next"), [iterator], [], origin)
    over = Handler(STOPPED, None, Block([], [NOTHING, YES]))
    attempt = Try(Block([ask], [item, NO]), [over], [taken, ended], None, origin)
    inside += loop.body.statements
    for gather in loop.gathers:
        before.append(Call(gather.target, Const(make_list), [], [], origin))
        inside += appended(gather, origin)
    ends = [Value(v.name, origin=origin) for v in loop.carried]
    left = Value("stop", origin=origin)
    then = Block([], [*loop.carried, YES])
    orelse = Block(inside, [*loop.body.results, loop.stop or NO])
    turn = If(ended, then, orelse, [*ends, left], origin)
    new = Loop(
        Block([attempt, turn], list(ends)),
        loop.carried,
        loop.inits,
        loop.targets,
        test=Block([], [YES]),
        stop=left,
        origin=origin,
    )
    return [*before, new]


def taken_apart(whole: Value, parts: list[Value], origin: Origin | None) -> list[Statement]:
    items = Value()
    count = Const(len(parts))
    return [
        Call(items, Const(unpack_sequence), [whole, count], [], origin),
        *(
            Call(part, Const(operator.getitem), [items, Const(i)], [], origin)
            for i, part in enumerate(parts)
        ),
    ]


def appended(gather: Gather, origin: Origin | None) -> list[Statement]:
    """`target.append(elements)`"""
    out: list[Statement] = []
    element = gather.elements[0]
    if gather.pack or len(gather.elements) > 1:
        element = Value()
        out.append(Call(element, Const(make_tuple), list(gather.elements), [], origin))
    append = [gather.target, Const("append"), element]
    return [*out, Call(Value(), Const(call_method), append, [], origin)]
