"""The pipeline, on one screen: a function and types go in, a generated function comes out."""

from __future__ import annotations

import ast
import inspect
import operator
import types
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adjoint import tree
from adjoint.emit import Loaded, emit, load
from adjoint.errors import MissingRuleError, NonScalarOutputError, UnsupportedSyntaxError
from adjoint.frontend import lower
from adjoint.inference import Inferred, attributes, calls, infer
from adjoint.inference.infer import Specialiser, closure_type
from adjoint.inference.items import dict_parts, item, iterable_parts
from adjoint.inference.sites import Root, Site
from adjoint.ir.clone import clone_block
from adjoint.ir.nodes import (
    Block,
    Call,
    Closure,
    Const,
    Function,
    Operand,
    Parameter,
    Splat,
    Value,
    defined_values,
    free_values,
    substitute,
)
from adjoint.ir.options import Options
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    DictOf,
    FunctionOf,
    Instance,
    ListOf,
    Literal,
    Scalar,
    TupleOf,
    Type,
    dtype_of,
    literal,
    may_carry_derivative,
    unliteral,
)
from adjoint.optimise import optimise
from adjoint.optimise.dead import remove_dead
from adjoint.reverse import Derivative, Expansion, reverse
from adjoint.reverse.cotangents import cotangent_type
from adjoint.reverse.program import receive
from adjoint.reverse.straight import always_there, static_operands
from adjoint.rules import registry
from adjoint.rules.dispatch import (
    SEQUENCE_TEXTS,
    Held,
    apply_rule,
    generatable,
    keyword_bar,
    pull_call,
    scale,
)
from adjoint.rules.signatures import operand_type, result_type
from adjoint.runtime import load_capture, make_dict, make_list, make_tuple


@dataclass(frozen=True)
class Request:
    """What to compile.

    callee      the type of the callable (its own value, where it is the same at every call)
    arguments   the types of the positional arguments, keywords those of the named ones
    wrt         what to differentiate: positions, keywords, "callee"
    wanted      which of the callee's inputs to differentiate: called with ("callee", None),
                ("capture", name) or ("root", Root); all of them if it is None
    form        "gradient": one function that returns the cotangents
                "value_and_gradient": the same, with the value
                "rule": a function that returns the value and a pullback
    """

    callee: Type
    arguments: tuple[Type, ...]
    keywords: tuple[tuple[str, Type], ...]
    wrt: tuple[int | str, ...]
    form: str
    wanted: Callable[[str, Any], bool] | None = None
    options: Options = field(default_factory=Options)


@dataclass
class Compiled:
    """A generated function.

    Its inputs are, in order: the callable (if `takes_callee`), the captured variables `captures`,
    the positional arguments, the keywords, and the `roots`.
    """

    loaded: Loaded
    function: Function
    captures: list[str]
    takes_callee: bool
    roots: list[Root]
    guards: dict[Root, Any]
    root_types: list[Type] = field(default_factory=list)


def compile_request(request: Request) -> Compiled:
    """Python source -> IR -> typed IR -> forward and reverse half -> smaller -> source -> function."""
    entry = entry_program(request)
    if not request.options.typed:
        entry.inputs[entry.count :] = [UNKNOWN] * (len(entry.inputs) - entry.count)
    typed = infer(entry.function, entry.inputs, lower, request.options, derivative)
    program = differentiate(typed.function, wanted_inputs(typed, entry, request), request.options)
    check_resolved(program.function, typed.function, entry)
    function = finish(program, typed, entry, request)
    if request.options.optimise:
        function = optimise(function, lambda callee: callee is receive)
    return load_program(function, typed, entry, request)


# -- the program that is compiled ---------------------------------------------------------------------


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
        names = [p.name for p in lowered.parameters if p.kind.startswith("positional")]
        target = parameter(name, callee)
        operands: list[Operand] = []
        for own, kind in callee.captures:
            if kind == Literal("self", None):
                operands.append(target)
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
        name = type_name(callee)
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


def blank_function(kind: FunctionOf) -> types.FunctionType:
    """A function of the right code, for lowering; its captures are empty."""
    code = kind.code.value
    cells = tuple(types.CellType() for _ in code.co_freevars)
    return types.FunctionType(code, kind.globals.value, code.co_name, None, cells)


def check_resolved(program: Function, typed: Function, entry: Entry) -> None:
    """Refuse a program that would only call itself: the call it was made for, left to run time."""
    parameters = [p.value for p in typed.parameters]
    for s in program.body.statements:
        if isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is apply_rule:
            callee, _, *args = s.args
            operands = [*args, *(o for _, o in s.kwargs)]
            if operands == parameters[entry.count :] and is_entry(callee, parameters[0], entry):
                raise UnsupportedSyntaxError(
                    f"the call of {entry.function.name} could not be resolved: its arguments do not fit "
                    "its parameters, or a variable that it reads has no value",
                    entry.function.origin,
                )


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


def outside_inputs(typed: Inferred, entry: Entry) -> list[tuple[Value, tuple[str, Any]]]:
    """The inputs that are not arguments, and what `Request.wanted` calls them."""
    values = [p.value for p in typed.function.parameters[: entry.count]]
    labels: list[tuple[str, Any]] = [("callee", None), *(("capture", n) for n in entry.captures)]
    labels += [("root", root) for root in typed.roots]
    return list(zip([*values, *typed.function.globals], labels, strict=True))


def differentiate(function: Function, wrt: list[Value], options: Options) -> Derivative:
    return reverse(function, wrt, expander(options))


# -- the form that the caller wants ------------------------------------------------------------------


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
            cotangents.append(presented(statements, values[entry.count + i], by_input))
    if "callee" in request.wrt:
        for value in [*values[: entry.count], *typed.function.globals]:
            cotangents.append(by_input.get(value, Const(None)))
    value = result if request.form == "value_and_gradient" else Const(None)
    function.body.results = [value, *cotangents]
    return function


def presented(statements: list, value: Value, by_input: dict[Value, Operand]) -> Operand:
    """A cotangent as users see it: zeros where a number had no influence."""
    kind = value.type
    bar = by_input.get(value, Const(None))
    if isinstance(kind, Scalar | Array) and not is_none(bar):
        return bar
    if not may_carry_derivative(kind):
        return Const(None)
    if isinstance(kind, Scalar) and kind.cls in (int, float):
        return Const(0.0)
    if is_complete(bar, kind, {s.target: s for s in statements if isinstance(s, Call)}):
        return bar
    target = Value(f"{value.name}_bar", cotangent_type(kind), True)
    if isinstance(kind, Scalar | Array):
        statements.append(Call(target, Const(tree.zeros_like), [value]))
    else:
        statements.append(Call(target, Const(tree.complete), [bar, value]))
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
        dtype = tree.cotangent_dtype(dtype_of(kind))  # type: ignore[arg-type]
        one = 1.0 if dtype == np.dtype(float) else dtype.type(1.0)
        replace_value(function.body, program.seed, Const(one))
        if request.form == "gradient":
            marker.args = [Const(None)]  # nothing needs the value
        return
    checked = Value("y_bar", program.seed.type, True)
    function.body.statements.insert(i + 1, Call(checked, Const(tree.seed_of), [result]))
    statements = function.body.statements[i + 2 :]
    rest = Block(statements, function.body.results)
    replace_value(rest, program.seed, checked)
    function.body.results = rest.results


def replace_value(block: Block, value: Value, by: Operand) -> None:
    from adjoint.ir.nodes import substitute

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
    if kind is not UNKNOWN and (not number or complex_result):
        raise NonScalarOutputError(
            tree.scalar_message(f"{function.name} returns {describe_type(kind)}"),
            function.origin,
            tree.SCALAR_HINT,
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


def load_program(function: Function, typed: Inferred, entry: Entry, request: Request) -> Compiled:
    """Split the joined program into the requested form, print it and load it."""
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
        outer_free = free_values(inner) - {marker.target}  # type: ignore[union-attr]
        captures = [v for v in ordered(function, forward) if v in outer_free]
        pullback = Function(
            "pullback",
            [Parameter(marker.target)],  # pyright: ignore
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
    used = free_values(body)
    takes_callee = used_inputs[0].value in used
    if not takes_callee:
        final.parameters = used_inputs[1:]
    loaded = load(emit(final, reverse_start=start))
    return Compiled(loaded, final, entry.captures, takes_callee, typed.roots, typed.guards)


def ordered(function: Function, statements: list[Any]) -> list[Value]:
    from adjoint.ir.nodes import targets_of

    return [*function.inputs, *(t for s in statements for t in targets_of(s))]


def short_path(filename: str) -> str:
    parts = filename.replace("\\", "/").split("/")
    return "/".join(parts[-2:])


# -- rules as IR ------------------------------------------------------------------------------------

_expansions: OrderedDict[Any, Expansion | None] = OrderedDict()


def expander(options: Options) -> Any:
    """The `expand` that `reverse` needs: the rule of a call as IR, for the types of its operands."""

    def expand(call: Call, guarded: bool = False) -> Expansion | None:
        if not options.templates:
            return None
        declared = registry.lookup(call.callee.value)  # type: ignore[union-attr]
        if declared is None or declared.kind not in ("rule", "partials"):
            return None
        guarded = guarded and declared.singular
        key = expansion_key(call, declared, guarded)
        if key is None or key not in _expansions:
            made = build_expansion(call, declared, guarded)
            if key is None:
                return made
            _expansions[key] = made
            while len(_expansions) > 4096:
                _expansions.popitem(last=False)
        return _expansions[key]

    return expand


def expansion_key(call: Call, declared: registry.Rule, guarded: bool) -> Any:
    operands = [*call.args, *(o for _, o in call.kwargs)]
    kinds = tuple(operand_type(o) for o in operands)
    key = (id(declared), guarded, call.callee.value, kinds, tuple(k for k, _ in call.kwargs))  # type: ignore[union-attr]
    try:
        hash(key)
    except TypeError:
        return None
    return key


def build_expansion(call: Call, declared: registry.Rule, guarded: bool = False) -> Expansion | None:
    operands: list[Operand] = [*call.args, *(o for _, o in call.kwargs)]  # type: ignore[list-item]
    values = [
        Value(f"x{i}" if not isinstance(o, Value) else o.name) for i, o in enumerate(operands)
    ]
    args: list[Operand | Splat] = list(values[: len(call.args)])
    kwargs = [(k, v) for (k, _), v in zip(call.kwargs, values[len(call.args) :], strict=True)]
    y, y_bar, out = Value(), Value("y_bar"), Value()
    callee = Const(call.callee.value)  # type: ignore[union-attr]
    if declared.kind == "rule":
        both, pullback, bars = Value(), Value(), Value()
        body = [
            Call(both, Const(declared.text), args, list(kwargs)),
            Call(y, Const(operator.getitem), [both, Const(0)]),
            Call(pullback, Const(operator.getitem), [both, Const(1)]),
            Call(y_bar, Const(receive), [y]),
            Call(bars, pullback, [y_bar]),
            Call(out, Const(make_tuple), [y, bars]),
        ]
    else:
        derivatives = Value()
        body = [
            Call(y, callee, args, list(kwargs)),
            Call(y_bar, Const(receive), [y]),
            Call(derivatives, Const(declared.text), [*args, y]),
            Call(out, Const(make_tuple), [y, derivatives]),
        ]
    wrapper = Function("rule", [Parameter(v) for v in values], Block(body, [out]))  # pyright: ignore
    typed = infer(wrapper, [operand_type(o) for o in operands], lower, Options(), derivative)
    return split_expansion(typed.function, declared, call, guarded)


def split_expansion(
    function: Function, declared: registry.Rule, call: Call, guarded: bool
) -> Expansion | None:
    statements = function.body.statements
    at = next((i for i, s in enumerate(statements) if is_receive(s)), None)
    built = next(
        (s for s in statements if isinstance(s, Call) and s.target is function.body.results[0]),
        None,
    )
    if at is None or built is None or function.globals:
        return None
    forward, backward = statements[:at], statements[at + 1 :]
    marker = statements[at]
    assert isinstance(marker, Call)
    for value in defined_values(function.body):  # a rule's own names are no names of the user's
        value.named = False
    y, bars = built.args[0], built.args[1]
    primal = next((s for s in forward if is_primal(s, declared)), None)
    if primal is None or not isinstance(y, Value) or primal.target is not y:  # pyright: ignore
        return None
    definitions = {t: s for s in backward if isinstance(s, Call) for t in [s.target]}
    made = definitions.get(bars)  # type: ignore[arg-type]
    leading: list[Any] = [bars]
    starred = made is not None and any(isinstance(a, Splat) for a in made.args)
    if (
        made is not None
        and isinstance(made.callee, Const)
        and made.callee.value is make_tuple
        and not starred
    ):
        leading = list(made.args)
    elif isinstance(bars, Const) and isinstance(bars.value, tuple):
        leading = [Const(v) for v in bars.value]
    elif isinstance(operand_type(bars), TupleOf):  # type: ignore[arg-type]
        return None
    elif operand_type(bars) is UNKNOWN and len(function.parameters) > 1:  # type: ignore[arg-type]
        leading = []
        for i in range(len(function.parameters)):
            part = Value("", UNKNOWN)
            backward.append(Call(part, Const(tree.leading_bar), [bars, Const(i)]))
            leading.append(part)
    kept = [s for s in backward if s is not built]
    inputs = [p.value for p in function.parameters]
    if declared.kind == "partials":
        leading = [times(kept, marker.target, d, guarded) for d in leading]
    else:
        leading = [None if isinstance(b, Const) and b.value is None else b for b in leading]
    return Expansion(
        inputs,
        forward,
        y,
        marker.target,
        kept,
        place(leading, declared, call),
        primal,  # pyright: ignore
    )


def is_receive(s: Any) -> bool:
    return isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is receive


def is_primal(s: Any, declared: registry.Rule) -> bool:
    return (
        isinstance(s, Call)
        and isinstance(s.callee, Const)
        and registry.lookup(s.callee.value) is declared
    )


def times(statements: list[Any], y_bar: Value, d: Operand, guarded: bool) -> Operand | None:
    """y_bar times a partial derivative; 1 and -1 are not multiplied by."""

    def write(function: Any, *args: Operand) -> Value:
        kind = result_type(operator.mul if function is scale else function, list(args), [])
        target = Value("", kind)
        statements.append(Call(target, Const(function), list(args)))
        return target

    if isinstance(d, Const):
        if d.value is None or d.value == 0:
            return None
        if d.value == 1:
            return y_bar
        if d.value == -1:
            return write(operator.neg, y_bar)
    kind = unliteral(operand_type(d))
    if (
        kind is UNKNOWN
        or isinstance(kind, Array)
        and kind.dtype.kind == "c"
        or (isinstance(kind, Scalar) and issubclass(kind.cls, complex | np.complexfloating))
    ):
        d = write(np.conj, d)
    return write(scale if guarded else operator.mul, y_bar, d)


def place(leading: Sequence[Any], declared: registry.Rule, call: Call) -> list[Operand | None]:
    """The cotangents of a rule's leading parameters, as those of the call's operands."""
    out: list[Operand | None] = [
        leading[i] if i < len(leading) else None for i in range(len(call.args))
    ]
    return out + [
        keyword_bar(declared.text, tuple(leading), k) for k, _ in call.kwargs if k is not None
    ]


# -- derivatives inside programs ----------------------------------------------------------------------


def derivative(
    spec: Specialiser, function: Any, args: list[Operand], kwargs: list, site: Site
) -> Operand | None:
    """Calls that only the compiler understands: `receive`, and derivatives inside programs."""
    if function is receive:
        return spec.emit(
            Const(receive), list(args), [], site, cotangent_type(operand_type(args[0]))
        )
    nested = NESTED.get(function) if isinstance(function, types.FunctionType) else None
    if nested is None:
        return None
    result = nested(spec, args, kwargs, site)
    return (
        spec.emit(Const(function), list(args), kwargs, site, UNKNOWN) if result is None else result
    )


def inner_derivative(
    spec: Specialiser,
    callee: Operand,
    args: list[Operand],
    kwargs: list,
    wrt: list[Operand],
    site: Site,
) -> tuple[Operand, Value, list[Operand], Block] | None:
    """Infer a call into blocks of its own, reverse it, and give the pieces (value, seed, bars, block)."""
    outer, spec.out = spec.out, []
    try:
        result = calls.call(spec, callee, list(args), kwargs, site)
        block = Block(spec.out, [result])
    finally:
        spec.out = outer
    inputs = [w for w in dict.fromkeys(wrt) if isinstance(w, Value)]
    inner = dict.fromkeys([*inputs, *free_values(block)])
    program = Function("inner", [Parameter(v) for v in inner], block)
    remove_dead(program)
    done = reverse(
        program, [v for v in inputs if may_carry_derivative(v.type)], expander(spec.options)
    )
    remove_dead(done.function, lambda callee: callee is receive)
    value, *bars = done.function.body.results
    by_input: dict[Operand, Operand] = dict(zip(done.wrt, bars, strict=True))
    return value, done.seed, [by_input.get(w, Const(None)) for w in wrt], done.function.body


def stand_ins(args: list[Operand]) -> list[Operand]:
    """A value of its own for each argument of an inner derivative.

    The derivative is with respect to the argument, not to what was passed: `x` may be passed twice,
    or be captured as well, and a constant may be passed.
    """
    out: list[Operand] = []
    for operand in args:
        kind = unliteral(operand_type(operand))
        plain = isinstance(kind, Literal | FunctionOf) or not may_carry_derivative(kind)
        name = operand.name if isinstance(operand, Value) else ""
        out.append(operand if plain else Value(name, kind, bool(name)))
    return out


def nested_pull(spec: Specialiser, args: list[Operand], kwargs: list, site: Site) -> Operand | None:
    """`pull_call(f, mask, args, kwargs, y_bar)`"""
    callee, _, positional, named, y_bar = args
    parts = iterable_parts(spec, positional)
    keywords = dict_parts(spec, named, site)
    if parts is None or keywords is None:
        return None
    kind = operand_type(callee)
    if isinstance(kind, Literal) and isinstance(kind.value, type) and issubclass(kind.value, Held):
        callee = Const(kind.value.functions[0])
        kind = literal(callee.value)
    text = rule_text(spec, kind.value, parts, keywords) if isinstance(kind, Literal) else None
    if text is not None:
        return pull_through(spec, text, parts, keywords, y_bar, site)
    wrt = [callee, *parts, *(o for _, o in keywords)]
    found = inner_derivative(spec, callee, parts, keywords, wrt, site)
    if found is None:
        return None
    _, seed_value, bars, body = found
    check_pulled(body, callee, parts)
    copies, start = splice_forward(spec, body)
    splice_reverse(spec, body, start, {seed_value: y_bar}, copies)
    bars = [mapped(b, copies) for b in bars]
    named_bars = [
        o for (k, _), b in zip(keywords, bars[1 + len(parts) :], strict=True) for o in (Const(k), b)
    ]
    keyword_bar = spec.emit(Const(make_dict), list(named_bars), [], site, UNKNOWN)
    results = [*bars[: 1 + len(parts)], keyword_bar]
    kind = TupleOf(tuple(operand_type(b) for b in results))
    return spec.emit(Const(make_tuple), list(results), [], site, kind)


def check_pulled(body: Block, callee: Operand, parts: list[Operand]) -> None:
    """Refuse what would be differentiated by itself, again and again."""
    for s in body.statements:
        if isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is apply_rule:
            own, _, *args = s.args
            same = (
                own is callee
                or isinstance(own, Const)
                and isinstance(callee, Const)
                and (own.value is callee.value)
            )
            if same and args == parts:
                kind = operand_type(callee)
                value = kind.value if isinstance(kind, Literal) else getattr(kind, "code", kind)
                name = getattr(value, "__qualname__", None) or str(value)
                raise MissingRuleError(f"the second derivative through {name} is not supported")


def nested_gradient(with_value: bool) -> Any:
    """How `gradient` and `value_and_gradient` inside a program are inferred."""

    def handler(spec: Specialiser, args: list[Operand], kwargs: list, site: Site) -> Operand | None:
        callee, *rest = args
        inner = stand_ins(rest)
        found = inner_derivative(spec, callee, inner, kwargs, inner, site)
        if found is None:
            return None
        value, seed_value, bars, body = found
        kind = unliteral(operand_type(value))
        check_scalar_type(kind, Function(site.name or "the function", [], body, origin=site.origin))
        copies, start = splice_forward(spec, body, dict(zip(inner, rest, strict=True)))
        result = mapped(value, copies)
        one: Operand
        if isinstance(kind, Scalar):
            one = Const(1.0)
        else:
            one = spec.emit(Const(tree.seed_of), [result], [], site, cotangent_type(kind))
        splice_reverse(spec, body, start, {seed_value: one}, copies)
        cotangents = [
            presented_inside(spec, w, mapped(b, copies), site)
            for w, b in zip(rest, bars, strict=True)
        ]
        kinds = TupleOf(tuple(operand_type(c) for c in cotangents))
        gradient = spec.emit(Const(make_tuple), list(cotangents), [], site, kinds)
        if not with_value:
            return gradient
        both = TupleOf((operand_type(result), kinds), VALUE_AND_GRADIENT[0])
        return spec.emit(Const(VALUE_AND_GRADIENT[0]), [result, gradient], [], site, both)

    return handler


VALUE_AND_GRADIENT: list[Any] = [tuple]


def nested_pullback(
    spec: Specialiser, args: list[Operand], kwargs: list, site: Site
) -> Operand | None:
    """`pullback(f, …)` inside a program: the value, and a function made of the reverse half."""
    callee, *rest = args
    inner = stand_ins(rest)
    found = inner_derivative(spec, callee, inner, kwargs, inner, site)
    if found is None:
        return None
    value, seed_value, bars, body = found
    copies, start = splice_forward(spec, body, dict(zip(inner, rest, strict=True)))
    result = mapped(value, copies)
    block = clone_block(Block(body.statements[start:], list(bars)), dict(copies))
    parts: list[Operand] = []
    for primal, bar in zip(rest, block.results, strict=True):
        part = Value("", UNKNOWN)
        block.statements.append(Call(part, Const(tree.complete), [bar, primal]))
        parts.append(part)
    out = Value("", UNKNOWN)
    block.statements.append(Call(out, Const(make_tuple), list(parts)))
    block.results = [out]
    seed = Value("y_bar", seed_value.type, True)
    fitted = Value("y_bar", seed_value.type)
    block.statements.insert(0, Call(fitted, Const(tree.fit_cotangent), [seed, result]))
    replace_value(block, seed_value, fitted)
    free = sorted(free_values(block) - {seed}, key=lambda v: v.name)
    own = [Value(v.name, v.type, v.named) for v in free]
    by_free: dict[Value, Operand] = dict(zip(free, own, strict=True))
    substitute(block, lambda o: by_free.get(o, o) if isinstance(o, Value) else o)
    function = Function(
        "back", [Parameter(seed)], block, list(own), origin=site.origin, namespace={}
    )
    closure = Closure(Value("back", UNKNOWN, True), function, list(free), {}, site.origin)
    closure.target.type = closure_type(closure)
    spec.write(closure, closure.target)
    kinds = TupleOf((operand_type(result), closure.target.type))
    return spec.emit(Const(make_tuple), [result, closure.target], [], site, kinds)


def nested_gradient_call(
    spec: Specialiser, args: list[Operand], kwargs: list, site: Site
) -> Operand | None:
    """`grad(f)(…)` inside a program: the call of an object that holds `f` and what is wanted of it."""
    owner, *rest = args

    def field_of(name: str) -> Operand:
        return attributes.load_attribute(spec, owner, name, site)

    has_aux, with_value = map(field_of, ("has_aux", "with_value"))
    chosen = operand_type(field_of("positions"))
    flags = [operand_type(o) for o in (has_aux, with_value)]
    positions: Any = ast.literal_eval(chosen.value) if isinstance(chosen, Literal) else None
    if positions is None or not all(isinstance(f, Literal) for f in flags) or flags[0].value:  # type: ignore[attr-defined]
        return None
    both = nested_gradient(True)(spec, [field_of("f"), *rest], kwargs, site)
    if both is None:
        return None
    value, bars = (item(spec, both, i, site) for i in (0, 1))
    if isinstance(positions, tuple):
        parts = [item(spec, bars, i, site) for i in positions]
        kinds = TupleOf(tuple(map(operand_type, parts)))
        picked: Operand = spec.emit(Const(make_tuple), list(parts), [], site, kinds)
    else:
        picked = item(spec, bars, positions, site)
    if not flags[1].value:  # type: ignore[attr-defined]
        return picked
    kinds = TupleOf((operand_type(value), operand_type(picked)))
    return spec.emit(Const(make_tuple), [value, picked], [], site, kinds)


def presented_inside(spec: Specialiser, primal: Operand, bar: Operand, site: Site) -> Operand:
    """A cotangent as users see it, inside a program."""
    kind = operand_type(primal)
    if (
        isinstance(kind, Literal)
        and isinstance(kind.value, int | float)
        and not isinstance(kind.value, bool)
    ):
        return Const(0.0) if is_none(bar) else bar
    if not may_carry_derivative(kind):
        return bar
    if isinstance(kind, Scalar | Array) and not is_none(bar):
        return bar
    if is_complete(bar, kind, spec.definitions):  # type: ignore[arg-type]
        return bar
    if isinstance(kind, Scalar) and kind.cls in (int, float):
        return Const(0.0)
    if isinstance(kind, Scalar | Array):
        return spec.emit(Const(tree.zeros_like), [primal], [], site, cotangent_type(kind))
    return spec.emit(Const(tree.complete), [bar, primal], [], site, UNKNOWN)


def mapped(operand: Operand, copies: dict[Value, Operand]) -> Operand:
    return copies.get(operand, operand) if isinstance(operand, Value) else operand


def splice_forward(
    spec: Specialiser, body: Block, known: dict[Any, Operand] | None = None
) -> tuple[dict[Value, Operand], int]:
    """Write the forward half of a derivative into the program, through inference once more."""
    at = next(i for i, s in enumerate(body.statements) if is_receive(s))
    copies: dict[Value, Operand] = {v: v for v in free_values(body)}
    copies.update((v, o) for v, o in (known or {}).items() if isinstance(v, Value))
    for s in body.statements[:at]:
        spec.statement(s, copies)
    return copies, at + 1


def splice_reverse(
    spec: Specialiser,
    body: Block,
    start: int,
    known: dict[Value, Operand],
    copies: dict[Value, Operand],
) -> None:
    """Write the reverse half, with the seed's value."""
    copies.update(known)
    for s in body.statements[start:]:
        spec.statement(s, copies)


def rule_text(spec: Specialiser, function: Any, parts: list[Operand], keywords: list) -> Any:
    """The text of a rule that cannot be inlined for these operands, to be differentiated as it stands."""
    call = Call(Value(), Const(function), list(parts), list(keywords))
    call.target.type = result_type(function, parts, keywords)
    if (
        static_operands(call)
        and always_there(call.target.type)
        and expander(spec.options)(call) is not None
    ):
        return None
    sequence = isinstance(operand_type(parts[0]), ListOf | TupleOf | DictOf) if parts else False
    text = SEQUENCE_TEXTS.get(function) if sequence else None
    if text is not None:
        return text
    declared = registry.lookup(function)
    return declared.text if declared is not None and declared.kind == "rule" else None


def pull_through(
    spec: Specialiser, text: Any, parts: list[Operand], keywords: list, y_bar: Operand, site: Site
) -> Operand:
    """`text(*args)[1](y_bar)`, as ordinary code."""
    both = calls.call(spec, Const(text), list(parts), list(keywords), site)
    bars = calls.call(spec, item(spec, both, 1, site), [y_bar], [], site)
    names = list(inspect.signature(text).parameters)

    def leading(i: int) -> Operand:
        return calls.call(spec, Const(tree.leading_bar), [bars, Const(i)], [], site)

    results: list[Operand] = [Const(None), *map(leading, range(len(parts)))]
    named = [
        o
        for k, _ in keywords
        for o in (Const(k), leading(names.index(k)) if k in names else Const(None))
    ]
    results.append(spec.emit(Const(make_dict), list(named), [], site, UNKNOWN))
    kind = TupleOf(tuple(map(operand_type, results)))
    return spec.emit(Const(make_tuple), list(results), [], site, kind)


NESTED: dict[Any, Any] = {pull_call: nested_pull}
