"""The form that the caller wants: cotangents as users see them, or a rule."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import tree
from adjoint.compiler.entry import Entry
from adjoint.errors import NonScalarOutputError
from adjoint.forward import Pushed
from adjoint.inference import Inferred
from adjoint.ir.nodes import (
    Block,
    Call,
    Closure,
    Const,
    Function,
    Operand,
    Parameter,
    Value,
    free_values,
    substitute,
    targets_of,
)
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    Instance,
    ListOf,
    Literal,
    Scalar,
    TupleOf,
    Type,
    Unknown,
    dtype_of,
    may_carry_derivative,
    unliteral,
)
from adjoint.optimise.facts import has_narrow
from adjoint.reverse import Derivative
from adjoint.reverse.cotangents import cotangent_type
from adjoint.reverse.program import receive
from adjoint.rules.signatures import operand_type
from adjoint.runtime import fail, make_dict, make_list, make_tuple, raise_exception

if TYPE_CHECKING:
    from adjoint.compiler.pipeline import Request


def finish(program: Derivative, typed: Inferred, entry: Entry, request: Request) -> Function:
    """The joined program with its results in the requested form."""
    function = program.function
    if request.form != "rule":
        seed(program, request)
    result, *bars = function.body.results
    by_input = dict(zip(program.wrt, bars, strict=True))
    values = [p.value for p in typed.function.parameters]
    statements = function.body.statements
    if request.form == "rule":
        function.body.results = [
            result,
            *collect(statements, values, entry, by_input, request, typed),
        ]
        return function
    cotangents: list[Operand] = []
    for i in range(len(request.arguments)):
        if i in request.wrt:
            cotangents.append(
                presented(statements, values[entry.count + i], by_input, program.held)
            )
    if "callee" in request.wrt:
        for value in [*values[: entry.count], *typed.function.globals]:
            cotangents.append(by_input.get(value, Const(None)))
    value = result if request.form == "value_and_gradient" else Const(None)
    function.body.results = [value, *cotangents]
    return function


def presented(
    statements: list, value: Value, by_input: dict[Value, Operand], held: dict[Value, Value]
) -> Operand:
    """A cotangent as users see it: zeros where a number had no influence."""
    kind = value.type
    bar = by_input.get(value, Const(None))
    if isinstance(kind, Scalar | Array) and not is_none(bar):
        return bar
    if not may_carry_derivative(kind):
        return Const(None)
    if isinstance(kind, Scalar) and kind.cls in (int, float):
        return Const(0.0)
    made = {s.target: s for s in statements if isinstance(s, Call)}
    if is_complete(bar, kind, made):
        name_fields(bar, kind, made)
        return bar
    target = Value(f"{value.name}_bar", cotangent_type(kind), True)
    if isinstance(kind, Scalar | Array):
        statements.append(Call(target, Const(tree.zeros_like), [value]))
    else:
        statements.append(Call(target, Const(tree.complete), [bar, held.get(value, value)]))
    return target


def is_none(operand: Operand) -> bool:
    return isinstance(operand, Const) and operand.value is None


def is_complete(bar: Operand, kind: Type, made: dict[Value, Call]) -> bool:
    """Does a container of cotangents, as it is built, hold one for every number of its primal?"""
    if isinstance(kind, Scalar | Array) or not may_carry_derivative(kind):
        return not is_none(bar) or not may_carry_derivative(kind)
    s = made.get(bar)  # type: ignore[arg-type]
    if not isinstance(s, Call) or not isinstance(s.callee, Const):
        return False
    if (
        isinstance(kind, TupleOf | ListOf)
        and kind.items is not None
        and len(s.args) == len(kind.items)
    ):
        built = s.callee.value in (make_tuple, make_list) or isinstance(s.callee.value, type)
        return built and all(
            is_complete(a, k, made)  # pyright: ignore
            for a, k in zip(s.args, kind.items, strict=True)
        )
    if isinstance(kind, Instance) and s.callee.value is tree.make_tangent:
        parts = dict(zip((k.value for k in s.args[::2]), s.args[1::2], strict=True))  # type: ignore[union-attr]
        return all(is_complete(parts.get(n, Const(None)), k, made) for n, k in kind.fields)  # type: ignore[arg-type]
    return False


def name_fields(operand: Operand, kind: Type, made: dict[Value, Call]) -> None:
    """Give the tangents in a cotangent the names of all attributes of their objects."""
    s = made.get(operand)  # type: ignore[arg-type]
    if s is None or not may_carry_derivative(kind):
        return
    if isinstance(kind, TupleOf | ListOf) and kind.items is not None:
        for part, part_kind in zip(s.args, kind.items, strict=True):
            name_fields(part, part_kind, made)  # type: ignore[arg-type]
    elif isinstance(kind, Instance):
        parts = dict(zip((k.value for k in s.args[::2]), s.args[1::2], strict=True))  # type: ignore[union-attr]
        for name, part_kind in kind.fields:
            name_fields(parts.get(name, Const(None)), part_kind, made)  # type: ignore[arg-type]
            s.args += [] if name in parts else [Const(name), Const(None)]


def collect(
    statements: list, values: list[Value], entry: Entry, by_input: dict[Value, Operand],
    request: Request, typed: Inferred,
) -> list[Operand]:  # fmt: skip
    """callee_bar, one cotangent per argument, and a dict of those of keywords."""
    callee: Operand = by_input.get(values[0], Const(None))
    parts: list[Operand] = []
    for name, value in zip(entry.captures, values[1 : entry.count], strict=True):
        if value in by_input:
            parts += [Const(name), by_input[value]]
    if parts:
        own = Value("", UNKNOWN)
        statements.append(Call(own, Const(tree.make_tangent), list(parts)))
        if isinstance(callee, Const):
            callee = own
        else:
            both = Value("", UNKNOWN)
            statements.append(Call(both, Const(tree.accumulate), [callee, own]))
            callee = both
    roots: list[Operand] = []
    for value in typed.function.globals:
        bar = by_input.get(value, Const(None))
        if not is_none(bar):
            roots += [value, bar]
    if roots:
        found = Value("", UNKNOWN)
        statements.append(Call(found, Const(tree.root_tangent), [callee, *roots]))
        callee = found
    arguments = values[entry.count : entry.count + len(request.arguments)]
    named: list[Operand] = []
    for (key, _), value in zip(
        request.keywords, values[entry.count + len(arguments) :], strict=True
    ):
        named += [Const(key), by_input.get(value, Const(None))]
    keywords = Value("", UNKNOWN)
    statements.append(Call(keywords, Const(make_dict), named))  # pyright: ignore
    return [callee, *(by_input.get(a, Const(None)) for a in arguments), keywords]


def seed(program: Derivative, request: Request) -> None:
    """Begin the reverse half of a gradient with 1; refuse a result that is not one real number."""
    function = program.function
    result = function.body.results[0]
    kind = unliteral(operand_type(result))
    check_scalar_type(kind, function)
    marker = next(
        s for s in function.body.statements if isinstance(s, Call) and s.target is program.seed
    )
    i = function.body.statements.index(marker)
    if isinstance(kind, Scalar):
        replace_value(function.body, program.seed, one_of(kind, function.body, function.inputs))
        if request.form == "gradient":
            marker.args = [Const(None)]  # nothing needs the value
        return
    checked = Value("y_bar", program.seed.type, True)
    function.body.statements.insert(i + 1, Call(checked, Const(tree.seed_of), [result]))
    statements = function.body.statements[i + 2 :]
    rest = Block(statements, function.body.results)
    replace_value(rest, program.seed, checked)
    function.body.results = rest.results


def one_of(kind: Scalar, body: Block, inputs: Iterable[Value]) -> Const:
    """The cotangent 1 of a number.  Of a np.float64, `1.0` as well, unless there are narrower arrays: a
    Python float would take their dtype, where a np.float64 gives its own."""
    dtype = tree.cotangent_dtype(dtype_of(kind))  # type: ignore[arg-type]
    if dtype == np.dtype(float) and not (kind.cls is np.float64 and has_narrow(body, inputs)):
        return Const(1.0)
    return Const(dtype.type(1.0))


def replace_value(block: Block, value: Value, by: Operand) -> None:

    substitute(block, lambda o: by if o is value else o)


def check_scalar_type(kind: Type, function: Function) -> None:
    plural = isinstance(kind, Array) and any(
        isinstance(a, int) and a != 1 or getattr(a, "plural", False) for a in kind.axes
    )
    number = isinstance(kind, Scalar | Array) and not plural
    complex_result = (
        isinstance(kind, Scalar)
        and issubclass(kind.cls, complex | np.complexfloating)
        or (isinstance(kind, Array) and kind.dtype.kind == "c")
    )
    if (
        not isinstance(kind, Unknown)
        and (not number or complex_result)
        and not always_raises(function.body)
    ):
        raise NonScalarOutputError(
            tree.scalar_message(f"{function.name} returns {describe_type(kind)}"),
            function.origin,
            tree.SCALAR_HINT,
        )


def always_raises(body: Block) -> bool:
    """Does the program end in an exception, whatever its result would be?"""
    return any(
        isinstance(s, Call)
        and isinstance(s.callee, Const)
        and s.callee.value in (raise_exception, fail)
        for s in body.statements
    )


def describe_type(kind: Type) -> str:
    if isinstance(kind, Array):
        return f"an array of {kind.ndim} dimension{'s' * (kind.ndim != 1)} ({kind.dtype})"
    if isinstance(kind, Literal):
        return repr(kind.value)
    names = {
        "TupleOf": "a tuple",
        "ListOf": "a list",
        "DictOf": "a dict",
        "FunctionOf": "a function",
    }
    return names.get(
        type(kind).__name__, f"a {getattr(getattr(kind, 'cls', None), '__name__', kind)}"
    )


def in_form(
    function: Function,
    typed: Inferred,
    entry: Entry,
    request: Request,
    shadows: Value | None = None,
) -> tuple[Function, int | None]:
    """The joined program as the function that is printed, and where its reverse half begins.

    The callable itself is a parameter only if it is needed. `shadows` is a parameter of the pullback.
    """
    split_at = next(
        i for i, s in enumerate(function.body.statements)
        if isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is receive
    )  # fmt: skip
    marker = function.body.statements[split_at]
    forward, backward = (
        function.body.statements[:split_at],
        function.body.statements[split_at + 1 :],
    )
    result, *bars = function.body.results
    where = ""
    if function.origin is not None:
        where = f" ({short_path(function.origin.filename)}:{function.origin.line})"
    base = function.name if function.name.isidentifier() else "lambda_"
    used_inputs = typed.function.parameters
    if request.form == "rule":
        out = Value("", UNKNOWN)
        bars_value = Value("", UNKNOWN)
        inner = Block([*backward, Call(bars_value, Const(make_tuple), list(bars))], [bars_value])
        outer_free = free_values(inner) - {marker.target, shadows}  # type: ignore[union-attr]
        captures = [v for v in ordered(function, forward) if v in outer_free]
        pullback = Function(
            "pullback",
            [Parameter(v) for v in (marker.target, shadows) if v is not None],  # pyright: ignore
            inner,
            list(captures),
            origin=function.origin,
        )
        made = Value("pullback", UNKNOWN, True)
        statements = [
            *forward,
            Closure(made, pullback, list(captures)),
            Call(out, Const(make_tuple), [result, made]),
        ]
        body = Block(statements, [out])
        title, start = f"{base}_rule", None
        doc = f"Rule of {function.name}{where}."
    else:
        out = Value("", UNKNOWN)
        gradient: Operand = Value("", UNKNOWN)
        end: list[Any] = [Call(gradient, Const(make_tuple), list(bars))]
        if request.form == "value_and_gradient":
            end.append(Call(out, Const(make_tuple), [result, gradient]))
        body = Block([*forward, *backward, *end], [out if len(end) > 1 else gradient])
        start = len(forward)
        title = f"{base}_{'gradient' if request.form == 'gradient' else 'value_and_gradient'}"
        names = [p.value.name for p in used_inputs[entry.count :]]
        asked = [p.value for i, p in enumerate(used_inputs[entry.count :]) if i in request.wrt]
        wrt = [v.name for v, b in zip(asked, bars, strict=False) if not isinstance(b, Const)]
        doc = f"Gradient of {function.name}{where} with respect to {', '.join(wrt or names)}."
        if request.form == "value_and_gradient":
            doc = "Value and g" + doc[1:]
    final = Function(
        title, used_inputs, body, [], typed.function.globals, None, function.origin, doc
    )
    if used_inputs[0].value not in free_values(body):
        final.parameters = used_inputs[1:]
    return final, start


def marked(program: Pushed) -> Function:
    """A program with tangents, ready for the passes: the derivative stands among the statements."""
    function = program.function
    end = Call(Value(""), Const(receive), [Const(None)])
    inputs = [*function.parameters, *(Parameter(d) for d in program.dots)]
    body = Block([*function.body.statements, end], list(function.body.results))
    return dataclasses.replace(function, parameters=inputs, body=body)


def in_forward_form(function: Function, program: Pushed, typed: Inferred, entry: Entry) -> Function:
    """The program with tangents as the function that is printed."""
    out = Value("", UNKNOWN)
    statements = [s for s in function.body.statements if not is_marker(s)]
    name_results(function)
    end = Call(out, Const(make_tuple), list(function.body.results))
    body = Block([*statements, end], [out])
    name = function.name if function.name.isidentifier() else "lambda_"
    where = ""
    if function.origin is not None:
        where = f" ({short_path(function.origin.filename)}:{function.origin.line})"
    along = ", ".join(d.name for d in program.dots)
    doc = f"Value of {function.name}{where} and its derivative along {along}."
    inputs = [*typed.function.parameters, *map(Parameter, typed.function.globals)]
    if inputs[0].value not in free_values(body):
        inputs = inputs[1:]
    inputs += map(Parameter, program.dots)
    return Function(f"{name}_jvp", inputs, body, [], [], None, function.origin, doc)


def name_results(function: Function) -> None:
    """`return y, y_dot`: both have lines of their own."""
    y, y_dot = function.body.results
    if isinstance(y, Value) and not y.name:
        taken = any(v.name == "y" for v in function.inputs)
        y.name, y.named = "result" if taken else "y", True
    if isinstance(y_dot, Value) and isinstance(y, Value) and y_dot not in function.inputs:
        y_dot.name, y_dot.named = f"{y.name}_dot", True


def is_marker(s: Any) -> bool:
    return isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is receive


def ordered(function: Function, statements: list[Any]) -> list[Value]:
    return [*function.inputs, *(t for s in statements for t in targets_of(s))]


def short_path(filename: str) -> str:
    parts = filename.replace("\\", "/").split("/")
    return "/".join(parts[-2:])
