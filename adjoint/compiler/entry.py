"""The program that is compiled: one call of the function, and which of its inputs are differentiated."""

from __future__ import annotations

import types
from dataclasses import dataclass
from inspect import CO_GENERATOR
from typing import TYPE_CHECKING, Any

from adjoint import slots
from adjoint.errors import MissingRuleError, UnsupportedSyntaxError
from adjoint.frontend import lower
from adjoint.inference import Inferred
from adjoint.ir.nodes import Block, Call, Closure, Const, Function, Operand, Parameter, Splat, Value
from adjoint.ir.types import FunctionOf, Identity, Instance, Literal, Type, may_carry_derivative
from adjoint.rules import registry
from adjoint.rules.dispatch import apply_rule
from adjoint.rules.missing import generatable, missing_hint
from adjoint.rules.pushing import Unresolved, push_rule
from adjoint.rules.signatures import operand_type
from adjoint.runtime import load_capture

#: What rules are found by at run time.
AT_RUN_TIME = (apply_rule, push_rule)

if TYPE_CHECKING:
    from adjoint.compiler.pipeline import Request


@dataclass
class Entry:
    """The call that is differentiated, as a program: `callee(*arguments, **keywords)`."""

    function: Function
    inputs: list[Type]
    captures: list[str]
    count: int
    operand: Operand
    code: Any


def entry_program(request: Request) -> Entry:
    callee = request.callee
    inputs: list[Type] = []
    parameters: list[Parameter] = []

    def parameter(name: str, kind: Type) -> Value:
        value = Value(name, named=True)
        parameters.append(Parameter(value))
        inputs.append(kind)
        return value

    statements: list[Any] = []
    captured: list[str] = []
    name, names, code, origin, operand = "call", [], None, None, Const(None)
    lowered = None
    named = {key for key, _ in request.keywords}
    if isinstance(callee, FunctionOf) and registry.code_has_rule(callee.code.value):
        code = callee.code.value  # its source does not matter
        name, names = code.co_name, list(code.co_varnames[: code.co_argcount])
        operand = parameter(name, callee)
    elif isinstance(callee, FunctionOf):
        code = callee.code.value
        lowered = code if isinstance(code, Function) else lower(blank_function(callee))
        name, origin = lowered.name, lowered.origin
        generator = isinstance(code, types.CodeType) and bool(code.co_flags & CO_GENERATOR)
        if generator and request.form not in ("rule", "jvp"):
            raise UnsupportedSyntaxError(
                f"{name} is a generator function: what it returns is not a value",
                origin,
                "Differentiate a function that consumes what it yields.",
            )
        names = [p.name for p in lowered.parameters if p.kind.startswith("positional")]
        target = parameter(name, callee)
        operands: list[Operand] = []
        for own, kind in callee.captures:
            if kind == Literal("self", None):
                operands.append(target)
            elif own in lowered.cells:
                cell = Value(own)
                statements.append(Call(cell, Const(slots.cell_of), [target, Const(own)]))
                operands.append(cell)
            elif isinstance(kind, Literal):
                operands.append(Const(kind.value, own))
            else:
                captured.append(own)
                operands.append(parameter(own, kind))
        operand = Value(name)
        defaults = {}
        for own, kind in callee.defaults:
            if isinstance(kind, Literal):
                defaults[own] = Const(kind.value)
            elif own not in named:
                defaults[own] = Value(own, kind)
                statements.append(Call(defaults[own], Const(load_capture), [target, Const(own)]))
        statements.append(Closure(operand, lowered, operands, defaults))
    elif isinstance(callee, Literal):
        operand = Const(callee.value)
        name = getattr(callee.value, "__name__", "call")
        parameter("function", Literal(("unused",), None))
    else:
        operand = parameter("self", callee)
        name, names = type_name(callee), method_names(callee)
    args = [
        parameter(names[i] if i < len(names) else f"argument_{i}", kind)
        for i, kind in enumerate(request.arguments)
    ]
    kwargs = [(key, parameter(key, kind)) for key, kind in request.keywords]
    result = Value("y", named=False)
    statements.append(Call(result, operand, list(args), list(kwargs), origin))
    body = Block(statements, [result])
    function = Function(name, parameters, body, origin=origin)
    return Entry(function, inputs, captured, 1 + len(captured), operand, lowered)


def type_name(kind: Type) -> str:
    cls = getattr(kind, "cls", None)
    return "call" if cls is None else cls.__name__.lower()


def method_names(kind: Type) -> list[str]:
    """The names of the parameters of a bound method, or of the `__call__` of an object."""
    if not isinstance(kind, Instance):
        return []
    method: Any = getattr(kind.cls, "__call__", None)  # noqa: B004
    if kind.cls is types.MethodType:
        function = kind.get("__func__")
        method = (
            function.code if isinstance(function, FunctionOf) else getattr(function, "value", 0)
        )
    code = method.value if isinstance(method, Identity) else getattr(method, "__code__", None)
    return list(code.co_varnames[1 : code.co_argcount]) if isinstance(code, types.CodeType) else []


def blank_function(kind: FunctionOf) -> types.FunctionType:
    """A function of the right code, for lowering; its captures are empty."""
    code = kind.code.value
    cells = tuple(types.CellType() for _ in code.co_freevars)
    return types.FunctionType(code, kind.globals.value, code.co_name, None, cells)


def check_resolved(program: Function, typed: Function, entry: Entry) -> None:
    """Refuse a program that would only call itself: the call it was made for, left to run time."""
    parameters = [p.value for p in typed.parameters]
    for s in program.body.statements:
        if isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value in AT_RUN_TIME:
            callee, _, *args = s.args
            operands = [*args, *(o for _, o in s.kwargs)]
            if s.callee.value is push_rule and is_declared(callee, parameters[0], entry):
                raise Unresolved
            own = parameters[entry.count :]
            same = len(operands) == len(own) and all(map(is_passed_on, operands, own))
            if same and is_entry(callee, parameters[0], entry):
                refuse_opaque(entry.operand)
                raise UnsupportedSyntaxError(
                    f"the call of {entry.function.name} could not be resolved: its arguments do not fit "
                    "its parameters, or a variable that it reads has no value",
                    entry.function.origin,
                )


def is_passed_on(operand: Operand | Splat, parameter: Value) -> bool:
    """Is this operand the parameter, or the value that it is known to have?"""
    kind = parameter.type
    known = isinstance(operand, Const) and isinstance(kind, Literal)
    return operand is parameter or known and operand.value is kind.value  # type: ignore[union-attr]


def refuse_opaque(callee: Operand) -> None:
    """Refuse a class that makes its instances in a way of its own."""
    function = callee.value if isinstance(callee, Const) else None
    plain = function is None or (
        type(function) is type
        and function.__new__ is object.__new__
        and "__init__" not in vars(function)
    )
    if isinstance(function, type) and not plain:
        raise MissingRuleError(
            f"no derivative is known for making a {function.__qualname__}: "
            "its class has a __new__ or a metaclass of its own, or is not written in Python",
            hint=missing_hint(function),
        )


def is_declared(callee: Any, parameter: Value, entry: Entry) -> bool:
    """Is this the function that is called, whose rule, and no source of its own, is to be had?"""
    own = declared_function(parameter if isinstance(entry.operand, Value) else entry.operand)
    return own is not None and declared_function(callee) is own


def declared_function(operand: Operand) -> Any:
    """The function that an operand is known to be, if a rule is declared for it."""
    kind = operand_type(operand)
    if isinstance(kind, FunctionOf):
        code = kind.code.value
        return registry.with_code(code) if registry.code_has_rule(code) else None
    function = operand.value if isinstance(operand, Const) else None
    declared = registry.lookup(function)
    return function if declared is not None and declared.kind == "rule" else None


def is_entry(callee: Any, parameter: Value, entry: Entry) -> bool:
    """Is this what the program calls, with nothing but the program itself to derive its rule from?"""
    kind = operand_type(parameter)
    if isinstance(kind, FunctionOf) and registry.code_has_rule(kind.code.value):
        return False
    if callee is parameter:
        return getattr(parameter.type, "cls", None) is not types.MethodType
    if isinstance(callee, Const):
        own = isinstance(entry.operand, Const) and callee.value is entry.operand.value
        declared = registry.lookup(callee.value)
        return own and generatable(callee.value) and (declared is None or declared.kind == "source")
    kind = operand_type(callee)
    return (
        isinstance(kind, FunctionOf)
        and entry.code is not None
        and kind.code.value in (entry.code, getattr(entry.code, "code", None))
    )


def wanted_inputs(typed: Inferred, entry: Entry, request: Request) -> list[Value]:
    """The inputs to differentiate with respect to."""
    values = [p.value for p in typed.function.parameters]
    wanted: list[Value] = []
    for w in request.wrt:
        if w == "callee":
            for value, label in outside_inputs(typed, entry):
                if may_carry_derivative(value.type) and (
                    request.wanted is None or request.wanted(*label)
                ):
                    wanted.append(value)
        elif isinstance(w, int):
            wanted.append(values[entry.count + w])
        else:
            keys = [k for k, _ in request.keywords]
            wanted.append(values[entry.count + len(request.arguments) + keys.index(w)])
    return [v for v in wanted if may_carry_derivative(v.type)]


def input_labels(typed: Inferred, entry: Entry, request: Request) -> dict[Value, tuple[str, Any]]:
    """What each input of the program is, in the words of `Compiled.labels`."""
    values = [p.value for p in typed.function.parameters[entry.count :]]
    labels: list[tuple[str, Any]] = [("argument", i) for i in range(len(request.arguments))]
    labels += [("keyword", key) for key, _ in request.keywords]
    return dict(zip(values, labels, strict=True)) | dict(outside_inputs(typed, entry))


def outside_inputs(typed: Inferred, entry: Entry) -> list[tuple[Value, tuple[str, Any]]]:
    """The inputs that are not arguments, and what `Request.wanted` calls them."""
    values = [p.value for p in typed.function.parameters[: entry.count]]
    labels: list[tuple[str, Any]] = [("callee", None), *(("capture", n) for n in entry.captures)]
    labels += [("root", root) for root in typed.roots]
    return list(zip([*values, *typed.function.globals], labels, strict=True))
