"""Forward derivatives inside programs: inferred, pushed forward, written into the program around them."""

from __future__ import annotations

from adjoint.checks import check_values, watch_tangent
from adjoint.compiler.nested import mapped, presented_inside, stand_ins
from adjoint.compiler.pushing import push_expander
from adjoint.compiler.special import NESTED
from adjoint.errors import MissingRuleError
from adjoint.forward import Pushed, forward
from adjoint.inference import calls
from adjoint.inference.infer import Specialiser
from adjoint.inference.items import dict_parts, iterable_parts
from adjoint.inference.sites import Site
from adjoint.ir.nodes import Block, Call, Const, Function, Operand, Parameter, Value, free_values
from adjoint.ir.types import Array, Literal, Scalar, TupleOf, literal, may_carry_derivative
from adjoint.optimise.dead import remove_dead
from adjoint.optimise.facts import is_derived
from adjoint.optimise.present import makers, own_arrays
from adjoint.rules.kept import Held
from adjoint.rules.missing import describe
from adjoint.rules.pushing import push_call, push_rule
from adjoint.rules.signatures import operand_type
from adjoint.rules.tangents import fit_tangent
from adjoint.runtime import make_tuple


def inner_forward(
    spec: Specialiser,
    callee: Operand,
    args: list[Operand],
    kwargs: list,
    wrt: list[Operand],
    site: Site,
) -> Pushed:
    """Infer a call into a block of its own, and push it forward along tangents of `wrt`."""
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
    nan_check = spec.options.nan_check
    if nan_check:
        check_values(block, spec.derived)
    wanted = [v for v in inputs if may_carry_derivative(v.type)]
    watch = watch_tangent if nan_check else None
    pushed = forward(program, wanted, push_expander(spec.options), watch)
    body = pushed.function.body
    made = makers(body)
    kept = free_values(body) | {v for v, s in made.items() if not is_derived(s)}
    own = own_arrays(body, body.results[1:], made, kept)  # as of a derivative that is called
    body.results[1:] = own
    remove_dead(pushed.function)
    return pushed


def splice(
    spec: Specialiser,
    pushed: Pushed,
    known: dict[Value, Operand],
    dots: dict[Value, Operand],
    site: Site,
) -> tuple[Operand, Operand]:
    """Write a program with tangents into the program around it; gives its value and tangent."""
    body = pushed.function.body
    copies: dict[Value, Operand] = {v: v for v in free_values(body)}
    copies.update(known)
    for value, own in zip(pushed.wrt, pushed.dots, strict=True):
        copies[own] = fitted(spec, dots[value], copies.get(value, value), own, site)
    for s in body.statements:
        spec.statement(s, copies)
    y, y_dot = (mapped(r, copies) for r in body.results)
    return y, y_dot


def fitted(spec: Specialiser, dot: Operand, primal: Operand, own: Value, site: Site) -> Operand:
    """A tangent that a program gives, in the form of its primal."""
    kind, wanted = operand_type(dot), own.type
    if isinstance(kind, Array | Scalar) and kind == wanted:
        return dot
    return spec.emit(Const(fit_tangent), [dot, primal], [], site, wanted)


def nested_jvp(spec: Specialiser, args: list[Operand], kwargs: list, site: Site) -> Operand | None:
    """`jvp(f, primals, tangents)` inside a program."""
    if len(args) != 3 or kwargs:
        return None
    callee, primals, tangents = args
    parts, given = iterable_parts(spec, primals), iterable_parts(spec, tangents)
    if parts is None or given is None or len(parts) != len(given):
        return None
    inner = stand_ins(parts)
    nothing = literal(None)
    wrt = [v for v, d in zip(inner, given, strict=True) if operand_type(d) != nothing]
    pushed = inner_forward(spec, callee, inner, [], wrt, site)
    known = {v: p for v, p in zip(inner, parts, strict=True) if isinstance(v, Value)}
    dots = {v: d for v, d in zip(inner, given, strict=True) if isinstance(v, Value)}
    y, y_dot = splice(spec, pushed, known, dots, site)
    y_dot = presented_inside(spec, y, y_dot, site)
    kind = TupleOf((operand_type(y), operand_type(y_dot)))
    return spec.emit(Const(make_tuple), [y, y_dot], [], site, kind)


def nested_push(spec: Specialiser, args: list[Operand], kwargs: list, site: Site) -> Operand | None:
    """`push_call(f, tangents, args, kwargs)`"""
    callee, tangents, positional, named = args
    kind = operand_type(callee)
    if isinstance(kind, Literal) and isinstance(kind.value, type) and issubclass(kind.value, Held):
        callee = Const(kind.value.functions[0])
    given, parts = iterable_parts(spec, tangents), iterable_parts(spec, positional)
    keywords = dict_parts(spec, named, site)
    if given is None or parts is None or keywords is None:
        return None
    named_dots = dict_parts(spec, given[-1], site)
    if named_dots is None:
        return None
    by_name = dict(named_dots)
    values = [callee, *parts, *(o for _, o in keywords)]
    all_dots = [*given[:-1], *(by_name.get(k, Const(None)) for k, _ in keywords)]
    pairs = [
        (v, d) for v, d in zip(values, all_dots, strict=True)
        if isinstance(v, Value) and operand_type(d) != literal(None)
    ]  # fmt: skip
    pushed = inner_forward(spec, callee, parts, keywords, [v for v, _ in pairs], site)
    check_pushed(pushed.function.body, callee, parts)
    y, y_dot = splice(spec, pushed, {}, dict(pairs), site)
    kind = TupleOf((operand_type(y), operand_type(y_dot)))
    return spec.emit(Const(make_tuple), [y, y_dot], [], site, kind)


def check_pushed(body: Block, callee: Operand, parts: list[Operand]) -> None:
    """Refuse what would be differentiated by itself, again and again."""
    for s in body.statements:
        if isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is push_rule:
            own, _, *args = s.args
            same = (
                isinstance(own, Const) and isinstance(callee, Const) and own.value is callee.value
            )
            if (own is callee or same) and args == parts:
                name = describe(callee.value) if isinstance(callee, Const) else "this"
                raise MissingRuleError(f"the second derivative through {name} is not supported")


NESTED[push_call] = nested_push
