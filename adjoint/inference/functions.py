"""Calls of Python functions: bound to their parameters and inlined, or left to run time."""

from __future__ import annotations

import operator
import types
from collections import deque
from inspect import CO_GENERATOR
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import slots
from adjoint.errors import AdjointError
from adjoint.inference import calls, classes, iterators, objects, state
from adjoint.inference.sites import (
    NAMESPACE,
    Arguments,
    Keywords,
    ReadError,
    Restart,
    Root,
    Site,
    Span,
)
from adjoint.ir.nodes import Call, Closure, Const, Function, Operand, Parameter, Value, walk
from adjoint.ir.types import (
    UNKNOWN,
    DictOf,
    FunctionOf,
    Identity,
    Literal,
    TupleOf,
    Type,
    literal,
    unliteral,
)
from adjoint.rules import registry
from adjoint.rules.classes import is_active_cell, refuse_captured
from adjoint.rules.kept import Refused
from adjoint.rules.memory import AUGMENTED, changed_operand
from adjoint.rules.missing import constant
from adjoint.rules.signatures import operand_type
from adjoint.rules.writes import METHODS, writes_of
from adjoint.runtime import (
    SURROUNDINGS,
    call_method,
    call_within,
    fail,
    load_capture,
    make_dict,
    make_tuple,
    share,
)

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser


NESTED = 3  # inlining of functions that call themselves and write, until it is known what
DEEPEST, LONGEST, LARGEST = 24, 400, 6000  # inlining: nesting, statements of a callee, of a program


def default_of(spec: Specialiser, name: str, value: Any) -> Operand:
    """The default of a parameter: one that can change is an input of the program, as globals are."""
    if isinstance(value, list | dict | deque | np.ndarray):
        return spec.read_root(Root("constant", Identity(value), name), name)
    return Const(value)


def call_python(
    spec: Specialiser,
    callee: Const,
    function: types.FunctionType,
    args: list[Operand],
    kwargs: Keywords,
    site: Site,
) -> Operand:
    """Inline a Python function, or leave the calls.call to run time (recursion, size, refused syntax)."""
    objects.guard_code(spec, function)
    try:
        lowered = spec.lower(function)
    except AdjointError as error:
        return spec.emit(
            Const(Refused(function, error), callee.name), list(args), kwargs, site, UNKNOWN
        )
    for cell in function.__closure__ or ():
        if is_active_cell(cell) and id(cell) not in spec.class_cells:
            refuse_captured(function)
    captures: list[Root | Operand] = [
        spec.class_cells.get(id(cell)) or Root("capture", Identity(cell), name)
        for cell, name in zip(
            function.__closure__ or (), function.__code__.co_freevars, strict=True
        )
    ]
    defaults: dict[str, Operand] = {}
    signature_defaults = function.__defaults__ or ()
    positional = function.__code__.co_varnames[: function.__code__.co_argcount]
    for name, value in zip(
        positional[len(positional) - len(signature_defaults) :], signature_defaults, strict=True
    ):
        defaults[name] = default_of(spec, name, value)
    for name, value in (function.__kwdefaults__ or {}).items():
        defaults[name] = default_of(spec, name, value)
    try:
        result = inline(spec, lowered, captures, defaults, args, kwargs, site)
    except Fails:
        return spec.emit(Const(fail), [callee, *args], kwargs, site, UNKNOWN)
    return left_to_run_time(spec, callee, args, kwargs, site) if result is None else result


def left_to_run_time(
    spec: Specialiser, callee: Const, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand:
    """A calls.call of a Python function that is not inlined; it may itself lead to parameters."""
    classes.refuse_late(spec, callee.value, site)
    iterators.keep(spec, *args, *(o for _, o in kwargs))
    callee = spec.function_root(callee) if spec.options.implicit else callee  # type: ignore[assignment]
    made = spec.emit(callee, list(args), kwargs, site, UNKNOWN)
    if not makes_generator(callee):
        spec.left.add(made)
    return made


def note_recursion(spec: Specialiser, name: str, made: Value) -> None:
    """A method is found at run time: it may be one of this name that is being inlined here."""
    for running, _ in spec.stack[1:]:
        if getattr(running, "co_name", None) == name:
            spec.recursive.add(running)
            spec.left.add(made)


def makes_generator(callee: Operand) -> bool:
    """Is it known to be a generator function, whose body runs later?"""
    kind = operand_type(callee)
    code: Any = kind.code.value if isinstance(kind, FunctionOf) else None
    if isinstance(kind, Literal):
        code = getattr(kind.value, "__code__", None)
    flags = getattr(getattr(code, "code", code), "co_flags", 0)
    return bool(flags & CO_GENERATOR)


def call_function_value(
    spec: Specialiser,
    callee: Operand,
    kind: FunctionOf,
    args: list[Operand],
    kwargs: Keywords,
    site: Site,
) -> Operand:
    """Call a function that is known by its code: made here, captured, or passed in."""
    made = spec.definitions.get(callee) if isinstance(callee, Value) else None
    code = kind.code.value
    known = isinstance(callee, Const)
    if known:
        return calls.call_known(spec, callee, callee.value, args, kwargs, site)
    left = not spec.may_inline and not isinstance(code, Function)
    if left and not registry.code_has_rule(code):
        left = not writes_to_parameters(spec, code, kind.globals.value)
    if registry.code_has_rule(code) and not kind.captures and not kind.defaults:
        function = registry.with_code(code)  # nothing but its code makes it what it is
        if function is not None:
            return calls.call_known(spec, Const(function), function, args, kwargs, site)
    if registry.code_has_rule(code):
        return spec.emit(callee, list(args), kwargs, site, UNKNOWN)
    if left:
        return known_left_to_run_time(spec, callee, list(args), kwargs, site)
    captures: list[Any]
    if isinstance(made, Closure):
        lowered, captures, defaults = made.function, list(made.captures), dict(made.defaults)
    else:
        if isinstance(code, Function):
            lowered = code
        else:
            cells = tuple(types.CellType() for _ in code.co_freevars)
            dummy = types.FunctionType(code, kind.globals.value, code.co_name, None, cells)
            try:
                lowered = spec.lower(dummy)
            except AdjointError:  # raised when it is called, if the call carries a derivative
                return spec.emit(callee, list(args), kwargs, site, UNKNOWN)
        captures = [LateCapture(callee, name, t) for name, t in kind.captures]
        defaults = {}
        for name, t in kind.defaults:
            defaults[name] = LateCapture(callee, name, t).read(spec)
    try:
        result = inline(spec, lowered, captures, defaults, args, kwargs, site)
    except Fails:
        return spec.emit(Const(fail), [callee, *args], kwargs, site, UNKNOWN)
    if result is not None:
        return result
    return known_left_to_run_time(spec, callee, list(args), kwargs, site)


def known_left_to_run_time(
    spec: Specialiser, callee: Operand, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand:
    """A call of a function that is known by its code, and is not inlined."""
    made = value_left_to_run_time(spec, callee, list(args), kwargs, site)
    if not makes_generator(callee):
        spec.left.add(made)  # type: ignore[arg-type]
    return made


def value_left_to_run_time(
    spec: Specialiser, callee: Operand, args: Arguments, kwargs: Keywords, site: Site
) -> Operand:
    """A call of a value; what it calls may read parameters, whatever the value is."""
    iterators.keep(spec, *args, *(o for _, o in kwargs))
    if spec.options.implicit and spec.shared.how is None:
        around = spec.function_root(Const(SURROUNDINGS, "surroundings"))
        return spec.emit(Const(call_within), [around, callee, *args], kwargs, site, UNKNOWN)
    return spec.emit(callee, args, kwargs, site, UNKNOWN)


def writes_to_parameters(spec: Specialiser, code: Any, namespace: Any) -> bool:
    """May a function write into what it is given? Then only the program that calls it can tell."""
    cells = tuple(types.CellType() for _ in code.co_freevars)
    try:
        lowered = spec.lower(types.FunctionType(code, namespace, code.co_name, None, cells))
    except AdjointError:
        return False
    return writes_somewhere(lowered)


def writes_somewhere(lowered: Function) -> bool:
    """Is there a statement that writes into something, by a name that it was given or its own?"""
    inputs = set(lowered.inputs)
    for s in walk(lowered.body):
        if isinstance(s, Call) and isinstance(s.callee, Const) and s.args:
            function, first = s.callee.value, s.args[0]
            method = function is call_method and isinstance(s.args[1], Const)
            named = method and s.args[1].value in METHODS  # type: ignore[union-attr]
            if function is operator.setitem or named or writes_of(function):
                return True
            if changed_operand(s) is not None:
                return True
            if first in inputs and any(function is f for f in AUGMENTED):
                return True
    return False


class LateCapture:
    """A free variable that is read from a function value when it is needed."""

    def __init__(self, function: Operand, name: str, kind: Type) -> None:
        self.function, self.name, self.kind = function, name, kind

    def read(self, spec: Specialiser) -> Operand:
        if isinstance(self.kind, Literal):
            return self.function if self.kind.key == "self" else Const(self.kind.value, self.name)
        return spec.emit(
            Const(load_capture),
            [self.function, Const(self.name)],
            [],
            Site(None, self.name),
            self.kind,
        )


def general(spec: Specialiser, operand: Operand) -> Operand:
    """An operand of which only the type is known: so that all branches are looked at."""
    kind = operand_type(operand)
    plain = unliteral(kind)
    if not isinstance(kind, Literal) or isinstance(plain, Literal):
        return operand
    return spec.emit(
        Const(constant), [operand], [], Site(None, getattr(operand, "name", "")), plain
    )


class Fails(Exception):
    """The calls.call itself will raise: wrong arguments, or a global that has no value."""


def inline(
    spec: Specialiser,
    function: Function,
    captures: list[Any],
    defaults: dict[str, Operand],
    args: list[Operand],
    kwargs: Keywords,
    site: Site,
) -> Operand | None:
    """The callee's body in place of the calls.call; None where that is not possible."""
    kinds = [unliteral(operand_type(o)) for o in [*args, *(o for _, o in kwargs)]]
    code = (function.code or function, tuple(kinds))
    if function.code is not None and function.code.co_flags & CO_GENERATOR and len(spec.stack) > 1:
        return None  # its body runs later, piece by piece
    if any(running == code[0] for running, _ in spec.stack):
        spec.recursive.add(code[0])
        if code[0] not in spec.shared.general and writes_somewhere(function):
            spec.shared.general.add(code[0])
            raise Restart
    depth = sum(1 for running, _ in spec.stack if running == code[0])
    if code[0] in spec.shared.general and depth >= (1 if spec.shared.how is share else NESTED):
        return None
    deep = code in spec.stack or len(spec.stack) > DEEPEST or spec.emitted > LARGEST
    if deep or sum(1 for _ in walk(function.body)) > LONGEST:
        return None
    bound = bind(spec, function.parameters, defaults, args, kwargs)
    if bound is None:
        raise Fails
    iterators.give(spec, function, bound)
    if code[0] in spec.shared.general:
        bound = {value: general(spec, operand) for value, operand in bound.items()}
    env: dict[Value, Operand] = dict(bound)
    assigned = [v.name for v in function.globals if ("module", v.name) in spec.fields]
    if assigned and len(spec.stack) > 1 and not any(v.name == NAMESPACE for v in function.globals):
        # What it reads may be assigned in the middle of it: Python is to look it up.
        namespace = spec.read_root(Root("namespace", Identity(function.namespace), NAMESPACE))
        for name in assigned:
            spec.emit(
                Const(slots.read_elsewhere), [namespace, Const(name)], [], site, literal(None)
            )
        return None
    if not bind_outside(spec, function, captures, env):
        raise Fails
    # The first to be inlined is the function that is differentiated: nothing of the user's calls it.
    outer, spec.caller = spec.caller, site.origin if len(spec.stack) > 1 else None
    spec.stack.append(code)
    start, reached = len(spec.out), [v for v in env.values() if isinstance(v, Value)]
    try:
        return spec.splice(function.body, env)[0]
    finally:
        if code[0] in spec.recursive:
            spec.spans.append(Span(code[0], spec.out[start:], reached))
        spec.stack.pop()
        spec.caller = outer


def bind_outside(
    spec: Specialiser, function: Function, captures: list[Any], env: dict[Value, Operand]
) -> bool:
    """Bind free variables and globals; False if one of them has no value now."""
    try:
        for value, capture in zip(function.captures, captures, strict=True):
            if value.name in function.cells:
                env[value] = state.bound_cell(spec, value.name, capture)
            elif isinstance(capture, Root):
                env[value] = spec.read_root(capture)
            elif isinstance(capture, LateCapture):
                env[value] = capture.read(spec)
            else:
                env[value] = capture
        for value in function.globals:
            assert function.namespace is not None, function.name
            kind = "namespace" if value.name == NAMESPACE else "global"
            env[value] = spec.read_root(Root(kind, Identity(function.namespace), value.name))
    except ReadError:
        return False
    return True


def bind(
    spec: Specialiser,
    parameters: list[Parameter],
    defaults: dict[str, Operand],
    args: list[Operand],
    kwargs: Keywords,
) -> dict[Value, Operand] | None:
    """Which operand each parameter gets; None where Python would raise TypeError."""
    bound: dict[Value, Operand] = {}
    rest, named = list(args), {k: o for k, o in kwargs if k is not None}
    for p in parameters:
        if p.kind in ("positional_only", "positional"):
            if rest:
                if p.kind == "positional" and p.name in named:
                    return None
                bound[p.value] = rest.pop(0)
            elif p.kind == "positional" and p.name in named:
                bound[p.value] = named.pop(p.name)
            elif p.name in defaults:
                bound[p.value] = defaults[p.name]
            else:
                return None
        elif p.kind == "varargs":
            kind = TupleOf(tuple(map(operand_type, rest)))
            bound[p.value] = spec.emit(Const(make_tuple), list(rest), [], Site(None, p.name), kind)
            rest = []
        elif p.kind == "keyword_only":
            if p.name not in named and p.name not in defaults:
                return None
            bound[p.value] = named.pop(p.name) if p.name in named else defaults[p.name]
        else:
            items: list[Operand] = [o for k, v in named.items() for o in (Const(k), v)]
            kind = DictOf(tuple((k, operand_type(v)) for k, v in named.items()))
            bound[p.value] = spec.emit(Const(make_dict), list(items), [], Site(None, p.name), kind)
            named = {}
    return None if rest or named else bound
