"""Functions of the user's that builtins call: what they change, no statement of the program shows.

`sorted(items, key=f)` calls `f`, `max` compares with `__lt__`, an f-string formats. They are run as
they are. If one of them changes something, or may, the program is refused.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from adjoint import contents, slots
from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference import functions, objects, stepping
from adjoint.ir.nodes import (
    Call,
    Const,
    Function,
    If,
    Loop,
    Origin,
    operands_of,
    walk,
)
from adjoint.ir.types import DictOf, FunctionOf, Instance, ListOf, Literal, TupleOf, Type
from adjoint.rules import registry
from adjoint.rules.builtins import extreme_positions
from adjoint.rules.iteration import leading, sorted_positions
from adjoint.rules.signatures import operand_type
from adjoint.runtime import make_dict, make_list, make_tuple, new_object, set_attribute

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

CALLING = (extreme_positions, sorted_positions, leading)
#: They hand objects on, and ask them nothing.
SILENT = (
    getattr, hasattr, isinstance, type, id, callable, make_tuple, make_list, make_dict, new_object, set_attribute,
    *(f for f in vars(slots).values() if isinstance(f, types.FunctionType)), contents.append,
)  # fmt: skip
IMPLICIT = (
    "__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__", "__hash__", "__bool__", "__str__", "__repr__",
    "__format__", "__index__", "__int__", "__float__", "__complex__", "__del__",
)  # fmt: skip


def check(spec: Specialiser, function: Function) -> None:
    """Raise `UnsupportedSyntaxError` where such a function may change something."""
    for kept in spec.kept:
        calls = [s for s in kept.statements if isinstance(s, Call)]
        late = any(not isinstance(s.callee, Const) or is_python(s.callee.value) for s in calls)
        if late and may_change(spec, kept.kind, []):
            refuse("a function that keeps its results", kept.origin)
    asked: dict[Any, bool] = {}
    for s in walk(function.body):
        if isinstance(s, Call):
            check_stepping(s)
        if isinstance(s, If):
            check_class(spec, operand_type(s.condition), ("__bool__", "__len__"), s.origin, asked)
        elif isinstance(s, Loop) and s.test is not None:
            kind = operand_type(s.test.results[0])
            check_class(spec, kind, ("__bool__", "__len__"), s.origin, asked)
        elif isinstance(s, Call) and isinstance(s.callee, Const):
            called = s.callee.value
            if is_new(called) and isinstance(s.target.type, Instance):
                check_class(spec, s.target.type, ("__del__",), s.origin, asked)
            if any(called is f for f in SILENT):
                continue
            operands = operands_of(s)[1:]
            calling = any(called is f for f in CALLING) or is_sort(s)
            held = [c for o in operands for c in reached(operand_type(o))] if calling else []
            for operand in operands:
                check_class(spec, operand_type(operand), IMPLICIT, s.origin, asked)
                if calling:
                    check_function(spec, operand_type(operand), held, s.origin)


def is_python(function: Any) -> bool:
    return isinstance(function, types.FunctionType) and registry.package_of(function) != "adjoint"


def is_sort(s: Call) -> bool:
    """`items.sort(key=f)`: the only method of lists and dicts that calls a function."""
    changes = isinstance(s.callee, Const) and s.callee.value is contents.change
    return changes and getattr(s.args[1], "value", None) == "sort"


def is_new(called: Any) -> bool:
    return called is new_object or isinstance(called, type)


def check_class(
    spec: Specialiser, kind: Type, names: tuple[str, ...], origin: Origin | None, asked: dict
) -> None:
    held = tuple(dict.fromkeys(reached(kind)))
    for cls in classes_in(kind):
        for name in names:
            method = getattr(cls, name, None)
            if not isinstance(method, types.FunctionType):
                continue
            if (method, held) not in asked:
                asked[method, held] = changes_something(spec, method, held)
            if asked[method, held]:
                refuse(f"`{cls.__name__}.{name}`", origin)


def check_function(
    spec: Specialiser, kind: Type, classes: list[type], origin: Origin | None
) -> None:
    """Refuse a function of this type if it may change something, given objects of these classes."""
    if may_change(spec, kind, classes):
        refuse("a function that is called here", origin)


def may_change(spec: Specialiser, kind: Type, classes: list[type]) -> bool:
    if isinstance(kind, FunctionOf) and isinstance(kind.code.value, types.CodeType):
        held = [t.value for _, t in kind.captures if isinstance(t, Literal)] + classes
        inner = [t for _, t in kind.captures if isinstance(t, FunctionOf)]
        return writes(spec, kind.code.value, kind.globals.value, held, set()) or any(
            functions.writes_to_parameters(spec, t.code.value, t.globals.value) for t in inner
        )
    if isinstance(kind, Instance) and kind.cls in (types.MethodType, functools.partial):
        return any(may_change(spec, t, classes) for _, t in kind.fields)
    if isinstance(kind, Instance):  # an object that is called
        return changes_something(spec, getattr(kind.cls, "__call__", None), classes)  # noqa: B004
    return isinstance(kind, Literal) and changes_something(spec, kind.value, classes)


def refuse(what: str, origin: Origin | None) -> None:
    raise UnsupportedSyntaxError(
        f"{what} changes something, and no statement shows when",
        origin,
        "Call it in a loop of your own, and work on what it gave.",
    )


def classes_in(kind: Type) -> Iterator[type]:
    """The classes of the objects in a value of this type that are compared, hashed or formatted."""
    if isinstance(kind, Instance):
        if not objects.is_settled(kind.cls.__module__):
            yield kind.cls
    elif isinstance(kind, TupleOf | ListOf):
        for item in kind.items if kind.items is not None else (kind.element,):
            yield from classes_in(item)
    elif isinstance(kind, DictOf):
        for _, item in kind.items:
            yield from classes_in(item)


def reached(kind: Type) -> Iterator[type]:
    """The classes of all objects that a value of this type holds, however deep."""
    yield from classes_in(kind)
    if isinstance(kind, Instance):
        parts = [t for _, t in kind.fields]
    elif isinstance(kind, FunctionOf):
        parts = [t for _, t in (*kind.captures, *kind.defaults)]
    elif isinstance(kind, TupleOf | ListOf):
        parts = list(kind.items if kind.items is not None else (kind.element,))
    else:
        parts = [t for _, t in kind.items] if isinstance(kind, DictOf) else []
    for part in parts:
        yield from reached(part)


def changes_something(
    spec: Specialiser, function: Any, held: Iterable[Any] = (), seen: set[Any] | None = None
) -> bool:
    """May a call of this function write to an array, or change an object, list or dict?

    held: what it may get hold of, besides its variables.
    """
    seen = set() if seen is None else seen
    function = getattr(function, "__func__", function)
    if isinstance(function, functools.partial):
        return changes_something(spec, function.func, held, seen)
    if isinstance(function, property):
        return changes_something(spec, function.fget, held, seen)
    if not isinstance(function, types.FunctionType):
        return False
    if objects.is_settled(function.__globals__.get("__name__")):
        return changes_something(spec, getattr(function, "__wrapped__", None), held, seen)
    cells = [c.cell_contents for c in function.__closure__ or () if is_filled(c)]
    # Closures of one code may hold different things, and equal codes stand in different modules.
    known = tuple(map(id, (function.__code__, function.__globals__, *cells)))
    if known in seen:
        return False
    seen.add(known)
    return writes(spec, function.__code__, function.__globals__, [*held, *cells], seen)


def is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def writes(
    spec: Specialiser, code: types.CodeType, namespace: dict, held: list[Any], seen: set[Any]
) -> bool:
    """Does code write, or a function that it may call by a name, or a method of what it may refer to?"""
    if functions.writes_to_parameters(spec, code, namespace):
        return True
    known = [*held, *(namespace[name] for name in code.co_names if name in namespace)]
    for value in known:
        if isinstance(value, types.FunctionType) and changes_something(spec, value, held, seen):
            return True
        cls = value if isinstance(value, type) else type(value)
        if cls.__module__.partition(".")[0] in ("builtins", "numpy", "types"):
            continue
        for name in (*code.co_names, *IMPLICIT):
            if changes_something(spec, getattr(cls, name, None), held, seen):
                return True
    return False


def check_stepping(s: Call) -> None:
    """Refuse to give an iterator of the user's to what takes items of it unseen."""
    called: Any = s.callee.value if isinstance(s.callee, Const) else None
    taking = functions.makes_generator(s.callee) or stepping.takes_items(called)
    for operand in operands_of(s)[1:] if taking else ():
        if stepping.is_stepping(operand):
            name = operand_type(operand).cls.__name__  # type: ignore[attr-defined]
            raise UnsupportedSyntaxError(
                f"items are taken here of a {name}, which changes at each, and no statement shows when",
                s.origin,
                "Take them in a loop of your own, or make a list of them first: list(items).",
            )
