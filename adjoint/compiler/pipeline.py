"""The pipeline, on one screen: a function and types go in, a generated function comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from adjoint.checks import check_given, check_program, watch, watch_tangent
from adjoint.compiler.entry import (
    Entry,
    check_resolved,
    entry_program,
    input_labels,
    wanted_inputs,
)
from adjoint.compiler.expansion import expander
from adjoint.compiler.forms import finish, in_form, in_forward_form, marked
from adjoint.compiler.pushing import push_expander
from adjoint.compiler.special import derivative
from adjoint.emit import Loaded, emit, load
from adjoint.forward import forward
from adjoint.frontend import IN_PIECES, lower
from adjoint.inference import Inferred, infer
from adjoint.inference.sites import Root
from adjoint.ir.nodes import Function, Value
from adjoint.ir.options import Options, Sharing
from adjoint.ir.types import UNKNOWN, Type, literal
from adjoint.ir.verify import checked
from adjoint.optimise import optimise
from adjoint.optimise.dead import remove_dead
from adjoint.optimise.present import own_results
from adjoint.reverse import Derivative, reverse
from adjoint.reverse.control import InterruptedWrite
from adjoint.reverse.pieces import APART
from adjoint.reverse.program import receive
from adjoint.rules.dispatch import pull_call
from adjoint.rules.pushing import push_call
from adjoint.rules.refusals import in_the_middle, refuse_again
from adjoint.sources import on_sources

#: A rule that is differentiated at run time is compiled for the operands that are there.
RULE_CALLS = (literal(pull_call), literal(push_call))


@dataclass(frozen=True)
class Request:
    """What to compile.

    callee      the type of the callable (its own value, where it is the same at every call)
    arguments   the types of the positional arguments, keywords those of the named ones
    wrt         what to differentiate: positions, keywords, "callee"
    wanted      which of the callee's inputs to differentiate: called with ("callee", None),
                ("capture", name) or ("root", Root); all of them if it is None
    sharing     of a rule: its pullback takes the caller's shadows as well
    form        "gradient": one function that returns the cotangents
                "value_and_gradient": the same, with the value
                "rule": a function that returns the value and a pullback
                "jvp": a function that returns the value and its tangent
    """

    callee: Type
    arguments: tuple[Type, ...]
    keywords: tuple[tuple[str, Type], ...]
    wrt: tuple[int | str, ...]
    form: str
    wanted: Callable[[str, Any], bool] | None = field(default=None, compare=False)
    options: Options = field(default_factory=Options)
    sharing: Sharing | None = None


@dataclass
class Compiled:
    """A generated function.

    Its inputs are, in order: the callable (if `takes_callee`), the captured variables `captures`,
    the positional arguments, the keywords, and the `roots`; in forward mode then the tangents of
    those of them that `labels` names: ("callee", None), ("capture", name), ("argument", position)
    or ("keyword", name).
    """

    loaded: Loaded
    function: Function
    captures: list[str]
    takes_callee: bool
    roots: list[Root]
    guards: dict[Root, Any]
    writes_inputs: bool
    labels: list[tuple[str, Any]] = field(default_factory=list)


def compile_request(request: Request) -> Compiled:
    """The generated function; `try` bodies are taken to pieces where that is needed."""
    try:
        return generate(request)
    except InterruptedWrite:
        tokens = IN_PIECES.set(True), APART.set(True)
    try:
        return generate(request)
    except InterruptedWrite as interrupted:
        raise in_the_middle(interrupted.origin) from None
    finally:
        IN_PIECES.reset(tokens[0])
        APART.reset(tokens[1])


def generate(request: Request) -> Compiled:
    """Python source -> IR -> typed IR -> forward and reverse half -> smaller -> source -> function."""
    entry = entry_program(request)
    if not request.options.typed and request.callee not in RULE_CALLS:
        entry.inputs[entry.count :] = [UNKNOWN] * (len(entry.inputs) - entry.count)
    typed = infer(
        entry.function,
        entry.inputs,
        lower,
        request.options,
        derivative,
        sharing=request.sharing,
    )
    checked(typed.function)
    if request.callee in RULE_CALLS:
        refuse_again(typed.function.body)
    if request.form == "jvp":
        return compile_forward(request, entry, typed)
    wanted = wanted_inputs(typed, entry, request)
    nan_check = request.options.nan_check and request.callee not in RULE_CALLS
    if nan_check:
        check_program(typed.function, wanted, typed.derived, request.form != "rule")
    program = differentiate(typed.function, wanted, request.options, request.sharing)
    if nan_check and request.form == "rule":
        check_given(program)
    check_resolved(program.function, typed.function, entry)
    function = checked(finish(program, typed, entry, request))
    function = (optimise if request.options.optimise else own_results)(function, begins_reverse)
    final, reverse_start = in_form(function, typed, entry, request, program.shadows)
    loaded = load(emit(final, reverse_start=reverse_start))
    takes_callee = len(final.parameters) == len(typed.function.parameters)
    return Compiled(
        loaded,
        final,
        entry.captures,
        takes_callee,
        typed.roots,
        typed.guards,
        program.writes_inputs,
    )


def compile_forward(request: Request, entry: Entry, typed: Inferred) -> Compiled:
    """The same with the tangent computed beside the value."""
    wanted = wanted_inputs(typed, entry, request)
    nan_check = request.options.nan_check and request.callee not in RULE_CALLS
    if nan_check:
        check_program(typed.function, wanted, typed.derived, False)
    own = watch_tangent if nan_check else None
    program = forward(typed.function, wanted, push_expander(request.options), own)
    if request.options.sources:
        on_sources(program.function.body)
    check_resolved(program.function, typed.function, entry)
    function = checked(marked(program))
    if request.options.optimise:
        function = optimise(function, begins_reverse)
    else:
        remove_dead(function, begins_reverse)
        own_results(function, begins_reverse)
    final = in_forward_form(function, program, typed, entry)
    takes_callee = any(p.value is typed.function.parameters[0].value for p in final.parameters)
    labels = input_labels(typed, entry, request)
    return Compiled(
        load(emit(final)),
        final,
        entry.captures,
        takes_callee,
        typed.roots,
        typed.guards,
        program.writes_inputs,
        [labels[v] for v in program.wrt],
    )


def begins_reverse(callee: object) -> bool:
    return callee is receive


def differentiate(
    function: Function, wrt: list[Value], options: Options, sharing: Sharing | None = None
) -> Derivative:
    own = watch if options.nan_check else None
    return reverse(function, wrt, expander(options), own, sharing)
