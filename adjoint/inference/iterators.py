"""Iterators that several may take items of.

One that stands where its items are taken, as in `for x, y in zip(xs, ys)`, is known by what it goes
over, and so is what a function is given that goes through it once. What keeps an iterator, or goes
on with it where another stopped, asks the iterator itself: inference begins again, and makes one.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

from adjoint import contents, slots
from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference.sites import Drained, Restart, Site
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    Loop,
    Operand,
    Statement,
    Value,
    blocks_of,
    operands_of,
    targets_of,
    walk,
    yields_of,
)
from adjoint.rules import cursors
from adjoint.rules.operators import is_hashable
from adjoint.runtime import (
    call_method,
    make_dict,
    make_list,
    make_tuple,
    set_attribute,
    set_item,
    yield_value,
)

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

#: Calls that keep what they are given.
KEEPING = {
    make_tuple, make_list, make_dict, set_attribute, set_item, yield_value, slots.store_attribute,
    slots.store_plainly, slots.store_cell, slots.store_global, slots.make_cell, contents.append,
    contents.store_item, contents.change, call_method,
}  # fmt: skip
#: Builtins that take all items at once.
TAKING = {
    "all", "any", "dict", "enumerate", "list", "max", "min", "reversed", "set", "sorted", "sum",
    "tuple", "zip",
}  # fmt: skip


#: Modules whose classes take all items at once, or pass them on.
CONTAINERS = ("builtins", "collections", "itertools", "functools", "numpy")


def drain(
    spec: Specialiser, function: Any, args: list[Operand], statements: list[Statement], site: Site
) -> None:
    """A call takes all items of these, which in Python its result takes one by one."""
    for a in args:
        if isinstance(a, Value) and gives_once(spec.definitions.get(a)):
            spec.drained.append(Drained(a, statements, function.__name__, site.origin))


def gives_once(s: Statement | None) -> bool:
    """Is what this makes an iterator?"""
    if not isinstance(s, Call) or not isinstance(s.callee, Const):
        return False
    function = s.callee.value
    return (
        function is iter
        or is_hashable(function)
        and (function in cursors.MAKERS or cursors.is_generator(cursors.made_by(function)))
    )


def check_drained(function: Function, drained: list[Drained]) -> None:
    """Refuse a call that takes all items of an iterator of which others take some as well."""
    if not drained:
        return
    statements = list(walk(function.body))
    order = {id(s): i for i, s in enumerate(statements)}
    loops = [{id(inner) for inner in within(s)} for s in statements if isinstance(s, Loop)]
    for value, taking, name, origin in drained:
        ours = {id(inner) for s in taking for inner in within(s)}
        if not ours <= order.keys() or not ours:
            continue  # of a body that was inferred again
        around = [
            loop
            for loop in loops
            if ours < loop and not any(value in targets_of(s) for s in statements if id(s) in loop)
        ]
        last = max(order[i] for i in ours)
        others = [
            s for s in statements if id(s) not in ours and value in [*operands_of(s), *yields_of(s)]
        ]
        if around or value in function.body.results or any(order[id(s)] > last for s in others):
            raise UnsupportedSyntaxError(
                f"`{name}` takes items of an iterator of which others take items as well",
                origin,
                "Make a list of its items first, and go through that.",
            )


def within(s: Statement) -> list[Statement]:
    return [s, *(inner for block in blocks_of(s) for inner in walk(block))]


def others_take(spec: Specialiser, function: Any, site: Site) -> bool:
    """Is the iterator that is made here kept, by a variable or by what was learned of it?"""
    return site.named or (function, site.origin) in spec.iterators


def note(spec: Specialiser, function: Any, made: Operand, site: Site) -> Operand:
    """An iterator, taken for what it goes over."""
    if isinstance(made, Value) and site.origin is not None:
        spec.passing[made] = {(function, site.origin)}
    return made


def is_keeping(callee: Operand) -> bool:
    """Does this call keep what it is given?"""
    if not isinstance(callee, Const) or not is_hashable(callee.value):
        return False
    own = isinstance(callee.value, type) and callee.value.__module__ not in CONTAINERS
    return own or callee.value in KEEPING


def keep(spec: Specialiser, *operands: object) -> None:
    """These are kept: if an iterator is among them that was not known to be, inference begins again."""
    found = [spec.passing[o] for o in operands if o in spec.passing]  # type: ignore[index]
    if found:
        spec.iterators.update(*found)
        raise Restart


def give(spec: Specialiser, function: Function, bound: dict[Value, Operand]) -> None:
    """A function is given these, and may keep them."""
    if spec.passing:
        keep(spec, *(o for v, o in bound.items() if not goes_through_once(function, v)))


def merge(spec: Specialiser, value: Value, *operands: Operand) -> None:
    """A value is one of these."""
    found = [spec.passing[o] for o in operands if o in spec.passing]
    if found:
        spec.passing[value] = set().union(*found)
        if value.named:
            keep(spec, value)


def goes_through_once(function: Function, value: Value) -> bool:
    """Does a function do nothing with it but to take its items, once?"""
    uses = [s for s in walk(function.body) if value in operands_of(s) or value in yields_of(s)]
    if value in function.body.results or len(uses) > 1:
        return False
    return not uses or is_taken(function, function.body, uses[0], value)


def is_taken(function: Function, body: Block, s: Statement, value: Value) -> bool:
    if s not in body.statements:
        return False
    if isinstance(s, Loop):
        return s.iterable is value and value not in yields_of(s) and value not in s.inits
    if not isinstance(s, Call) or list(s.args).count(value) != 1 or s.kwargs:
        return False
    callee = s.callee
    if isinstance(callee, Const):
        return callee.value in {getattr(builtins, name) for name in TAKING}
    return callee in function.globals and callee.name in TAKING and not is_global(function, callee)


def is_global(function: Function, name: Value) -> bool:
    """Has a module a variable of the name of a builtin?"""
    return function.namespace is None or name.name in function.namespace
