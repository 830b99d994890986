"""`class` statements inside functions, while inferring: one class stands for all that they make.

Python makes a new class each time. What its methods capture differs from one to the next, and nothing
else; so a class is made once for each place, when the program is compiled, and what is captured is
known there as the operands of the statement. Methods are inlined wherever they are called. That is done
where it matters: to a class that captures what may have a derivative, or whose methods change objects.
"""

from __future__ import annotations

import abc
import builtins
import dataclasses
import dis
import functools
import types
from inspect import CO_OPTIMIZED
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference.items import tuple_parts
from adjoint.inference.sites import Keywords, Restart, Site
from adjoint.ir.nodes import Const, Operand
from adjoint.ir.types import (
    ClassOf,
    Identity,
    Instance,
    Literal,
    TupleOf,
    Type,
    may_carry_derivative,
)
from adjoint.rules.classes import (
    Prototype,
    is_active_cell,
    made_class,
    new_captured,
    refuse_captured,
)
from adjoint.rules.signatures import operand_type
from adjoint.runtime import ClassBody, make_function, new_object

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

#: What the body of such a class may hold: functions, and what never changes.
KEPT = (
    types.FunctionType, staticmethod, classmethod, property, functools.cached_property, str, int, float, complex,
    bool, type(None), types.MemberDescriptorType, types.GetSetDescriptorType,
)  # fmt: skip
#: What is made by these is known by its items, or raised.
OTHERS = (tuple, list, dict, set, str, int, float, np.ndarray, BaseException)
CAPTURED = "captured by the class"


def made(
    spec: Specialiser, body: ClassBody, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """The class that a statement makes; None if that is left to run time."""
    empty = isinstance(args[0], Const) and args[0].value == ()
    captured = [] if empty else tuple_parts(spec, args[0])
    others = [operand_type(o) for o in [*args[1:], *(o for _, o in kwargs)]]
    if captured is None or not all(isinstance(t, Literal) for t in others):
        return None
    kinds = [operand_type(o) for o in captured]
    needed = any(map(may_carry_derivative, kinds)) or spec.depth == 1 and keeps_state(body.code)
    if not needed or not all(is_settled(spec, o) for o in captured):
        return None
    if any(isinstance(t, Instance) and t.cls is types.CellType for t in kinds) or reads(body.code):
        return None
    key = (Identity(body), site.origin)
    if key not in spec.prototypes:
        bases = [t.value for t in others[: len(args) - 1]]  # type: ignore[attr-defined]
        named = {k: t.value for (k, _), t in zip(kwargs, others[len(args) - 1 :], strict=True)}  # type: ignore[attr-defined]
        spec.prototypes[key] = prototype(body, bases, named)
    found = spec.prototypes[key]
    if found is None:
        return None
    names = [n for n in body.code.co_freevars if n != body.code.co_name]
    for name, operand in zip(names, captured, strict=True):
        spec.class_cells[id(found.cells[name])] = operand
    kind = ClassOf(Identity(found.cls), found.cls, tuple(kinds))
    return spec.emit(Const(made_class), [Const(found, body.__name__), *captured], [], site, kind)


def leave_to_run_time(spec: Specialiser, kind: ClassOf) -> None:
    """Begin again without knowing a class that changes, where its methods capture nothing that needs it."""
    if any(map(may_carry_derivative, kind.captures)):
        return
    for key, found in spec.prototypes.items():
        if found is not None and found.cls is kind.value:
            spec.prototypes[key] = None
            raise Restart


def is_settled(spec: Specialiser, operand: Operand) -> bool:
    """Is this the same wherever the class may be used, now or in another round of a loop?"""
    outside = operand in spec.parameters or any(operand is v for v in spec.roots.values())
    return isinstance(operand, Const) or spec.depth == 1 or outside or operand in spec.settled


def reads(code: types.CodeType) -> bool:
    """Does the body of a class itself read what it captures, and not only its methods?"""
    own = [i for i in dis.get_instructions(code) if i.argval in code.co_freevars]
    if any("DEREF" in i.opname and i.opname != "COPY_FREE_VARS" for i in own):
        return True
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return any(reads(c) for c in inner if not c.co_flags & CO_OPTIMIZED)


def keeps_state(code: types.CodeType) -> bool:
    """Does a method of such a class assign attributes, or is that left to others, where it has no
    constructor? Only what is inlined may change an object."""
    methods = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return any(map(assigns, methods)) or all(m.co_name != "__init__" for m in methods)


def assigns(code: types.CodeType) -> bool:
    return any(i.opname in ("STORE_ATTR", "DELETE_ATTR") for i in dis.get_instructions(code))


def assigns_to_class(cls: type) -> bool:
    """May a method change the class itself, which is made once here? Its own name, or its type, tells."""
    for value in held(cls):
        function = getattr(value, "__func__", value)
        if isinstance(function, types.FunctionType) and assigns(function.__code__):
            code = function.__code__
            names = {*code.co_freevars, *code.co_names}
            if isinstance(value, classmethod) or names & {cls.__name__, "type"}:
                return True
            if "__class__" in code.co_names:
                return True
    return False


def prototype(body: ClassBody, bases: list[Any], named: dict[Any, Any]) -> Prototype | None:
    """The class, with nothing in what its methods capture; None if it holds what may change."""
    code = body.code
    cells = {name: types.CellType() for name in code.co_freevars}
    function = make_function(code, body.namespace, None, None, *cells.values())
    try:
        cls = builtins.__build_class__(function, code.co_name, *bases, **named)
    except Exception:  # it comes again when the program runs
        return None
    if not isinstance(cls, type) or type(cls) not in (type, abc.ABCMeta) or issubclass(cls, OTHERS):
        return None
    if not all(isinstance(v, KEPT) for v in held(cls)) or assigns_to_class(cls):
        return None
    if code.co_name in cells:
        cells.pop(code.co_name).cell_contents = cls
    return Prototype(cls, cells)


def held(cls: type) -> list[Any]:
    """What the class itself keeps, besides what every class does."""
    plain = ("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__annotations__",
             "__slots__", "__firstlineno__", "__static_attributes__", "__abstractmethods__", "_abc_impl")  # fmt: skip
    return [v for name, v in vars(cls).items() if name not in plain]


def decorated(
    spec: Specialiser, function: Any, args: list[Operand], kwargs: Keywords
) -> Operand | None:
    """`dataclass(cls)` of a class that is made here: the class itself."""
    kind = operand_type(args[0]) if len(args) == 1 else None
    named = {str(k): operand_type(o) for k, o in kwargs}
    if function is not dataclasses.dataclass or not isinstance(kind, ClassOf | None):
        return None
    if not all(isinstance(t, Literal) for t in named.values()) or named.keys() - PLAIN:
        return None
    if kind is None:  # `@dataclass(frozen=True)`
        given = {k: t.value for k, t in named.items()}  # type: ignore[attr-defined]
        return None if args else Const(functools.partial(function, **given), "dataclass")
    if "__dataclass_params__" not in vars(kind.value):
        function(kind.value, **{k: t.value for k, t in named.items()})  # type: ignore[attr-defined]
    return args[0]


PLAIN = {"init", "repr", "eq", "order", "frozen", "kw_only", "match_args", "unsafe_hash"}


def captures_of(spec: Specialiser, cls: type) -> list[Operand]:
    """What the methods of a class have captured, if it was made in the program."""
    for found in spec.prototypes.values():
        if found is not None and found.cls in cls.__mro__:
            return [spec.class_cells[id(c)] for c in found.cells.values()]
    return []


def new(spec: Specialiser, cls: type, site: Site) -> Operand:
    """An instance before `__init__`."""
    captured = captures_of(spec, cls)
    if not captured:
        return spec.emit(Const(new_object), [Const(cls)], [], site, Instance(cls, ()))
    kinds: tuple[Type, ...] = tuple(map(operand_type, captured))
    kind = Instance(cls, ((CAPTURED, TupleOf(kinds)),))
    return spec.emit(Const(new_captured), [Const(cls), *captured], [], site, kind)


def refuse_late(spec: Specialiser, function: Any, site: Site) -> None:
    """Refuse to leave such a class, or a method of it, to run time, where what it captured is not known."""
    cells = getattr(function, "__closure__", None) or ()
    if any(is_active_cell(c) and id(c) not in spec.class_cells for c in cells):
        refuse_captured(function)
    operands = [spec.class_cells[id(c)] for c in cells if id(c) in spec.class_cells]
    operands += captures_of(spec, function) if isinstance(function, type) else []
    if any(may_carry_derivative(operand_type(o)) for o in operands):
        raise UnsupportedSyntaxError(
            f"{function.__qualname__} captures a value that may have a derivative, and is called where"
            " its statements cannot be written into the caller's derivative",
            site.origin,
            "Pass the value to the constructor, or to the methods.",
        )
