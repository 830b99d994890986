"""Derivatives inside programs: inferred, reversed, and written into the program around them."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from adjoint import shadows, tree
from adjoint.checks import check_values, watch
from adjoint.compiler.expansion import expander, is_receive
from adjoint.compiler.forms import check_scalar_type, is_complete, is_none, one_of, replace_value
from adjoint.compiler.special import NESTED
from adjoint.errors import MissingRuleError
from adjoint.inference import attributes, calls
from adjoint.inference.infer import Specialiser, closure_type, settled
from adjoint.inference.items import dict_parts, item, iterable_parts
from adjoint.inference.sites import Site
from adjoint.ir.clone import clone_block
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
)
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
    literal,
    may_carry_derivative,
    unliteral,
)
from adjoint.optimise.dead import remove_dead
from adjoint.optimise.present import makers, own_arrays
from adjoint.reverse import reverse
from adjoint.reverse.cotangents import cotangent_type
from adjoint.reverse.program import receive
from adjoint.rules import registry
from adjoint.rules.calls import always_there, static_operands
from adjoint.rules.dispatch import apply_rule, pull_call
from adjoint.rules.kept import Held, read_mask
from adjoint.rules.missing import constant
from adjoint.rules.plain import SEQUENCE_TEXTS, elementwise_text
from adjoint.rules.signatures import operand_type, result_type
from adjoint.runtime import make_dict, make_tuple


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
    settled(spec, program)
    remove_dead(program)
    nan_check = spec.options.nan_check
    if nan_check:
        check_values(block, spec.derived)
    wanted = [v for v in inputs if may_carry_derivative(v.type)]
    done = reverse(program, wanted, expander(spec.options), watch if nan_check else None)
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
    callee, mask, positional, named, y_bar = args
    parts = iterable_parts(spec, positional)
    keywords = dict_parts(spec, named, site)
    if parts is None or keywords is None:
        return None
    kind = operand_type(callee)
    if isinstance(kind, Literal) and isinstance(kind.value, type) and issubclass(kind.value, Held):
        callee = Const(kind.value.functions[0])
        kind = literal(callee.value)
    text = rule_text(spec, kind.value, parts, keywords) if isinstance(kind, Literal) else None
    own, named = parts, keywords
    if isinstance(kind, Literal):  # what this holds fixed, nothing is derived with respect to
        parts, keywords = held_fixed(spec, kind.value, mask, parts, keywords, site)
    if text is not None:
        return pull_through(spec, text, parts, keywords, y_bar, site)
    declared = registry.lookup(kind.value) if isinstance(kind, Literal) else None
    if declared is not None and declared.apart:
        callee = Const(declared.text)  # a call of what is kept apart would stand for itself
    wrt = [callee, *[p if p is given else Const(None) for p, given in zip(parts, own, strict=True)]]
    wrt += [
        o if o is given else Const(None) for (_, o), (_, given) in zip(keywords, named, strict=True)
    ]
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


def held_fixed(
    spec: Specialiser, function: Any, mask: Operand, parts: list, keywords: list, site: Site
) -> tuple[list, list]:
    """The operands of a call, those constants that carry no derivative although those around them do.

    That matters where the function has parameters of which no derivative is known.
    """
    kind = operand_type(mask)
    if not isinstance(kind, Literal):
        return parts, keywords
    active = read_mask(kind.value)

    def fixed(key: Any, operand: Operand) -> Operand:
        if key in active or ("*" if isinstance(key, int) else "**") in active:
            return operand
        return spec.emit(Const(constant), [operand], [], site, operand_type(operand))

    return (
        [fixed(i, part) for i, part in enumerate(parts)],
        [(k, fixed(k, operand)) for k, operand in keywords],
    )


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


def nested_gradient(with_value: bool, has_aux: bool = False) -> Any:
    """How `gradient` and `value_and_gradient` inside a program are inferred.

    With `has_aux` the function gives a pair, of which the first item is differentiated.
    """

    def handler(spec: Specialiser, args: list[Operand], kwargs: list, site: Site) -> Operand | None:
        callee, *rest = args
        inner = stand_ins(rest)
        found = inner_derivative(spec, callee, inner, kwargs, inner, site)
        if found is None:
            return None
        value, seed_value, bars, body = found
        bars = own_bars(body, bars)
        whole = unliteral(operand_type(value))
        if has_aux and not (isinstance(whole, TupleOf) and len(whole.items) == 2):
            return None
        kind = unliteral(whole.items[0]) if has_aux else whole  # type: ignore[attr-defined]
        check_scalar_type(kind, Function(site.name or "the function", [], body, origin=site.origin))
        copies, start = splice_forward(spec, body, dict(zip(inner, rest, strict=True)))
        result = mapped(value, copies)
        one: Operand
        if isinstance(kind, Scalar):
            one = one_of(kind, body, free_values(body))
        else:
            scalar = item(spec, result, 0, site) if has_aux else result
            one = spec.emit(Const(tree.seed_of), [scalar], [], site, cotangent_type(kind))
        if has_aux:
            pair = TupleOf((operand_type(one), operand_type(Const(None))))
            one = spec.emit(Const(make_tuple), [one, Const(None)], [], site, pair)
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


def own_bars(body: Block, bars: list[Operand]) -> list[Operand]:
    """The cotangents as arrays that belong to nobody else, as those of a derivative that is called."""
    at = next(i for i, s in enumerate(body.statements) if is_receive(s))
    made = makers(Block(body.statements[at:], []))
    return own_arrays(body, bars, made, free_values(body) | set(makers(body)) - set(made))


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
    bars = own_bars(body, bars)
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
    fitted = Value("y_bar", UNKNOWN)
    own_seed = Value("y_bar", seed_value.type)  # a copy: the caller may write to what it gave
    block.statements[:0] = [
        Call(fitted, Const(tree.fit_cotangent), [seed, result]),
        Call(own_seed, Const(shadows.snapshot), [fitted]),
    ]
    replace_value(block, seed_value, own_seed)
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

    chosen, *flags = (
        operand_type(field_of(name)) for name in ("positions", "has_aux", "with_value")
    )
    positions: Any = ast.literal_eval(chosen.value) if isinstance(chosen, Literal) else None
    if positions is None or not all(isinstance(f, Literal) for f in flags):
        return None
    has_aux, with_value = (f.value for f in flags)  # type: ignore[attr-defined]
    both = nested_gradient(True, has_aux)(spec, [field_of("f"), *rest], kwargs, site)
    if both is None:
        return None
    value, bars = (item(spec, both, i, site) for i in (0, 1))
    if isinstance(positions, tuple):
        parts = [item(spec, bars, i, site) for i in positions]
        kinds = TupleOf(tuple(map(operand_type, parts)))
        picked: Operand = spec.emit(Const(make_tuple), list(parts), [], site, kinds)
    else:
        picked = item(spec, bars, positions, site)
    if has_aux and not with_value:
        parts = [picked, item(spec, value, 1, site)]
    elif with_value:
        parts = [value, picked]
    else:
        return picked
    kinds = TupleOf(tuple(map(operand_type, parts)))
    return spec.emit(Const(make_tuple), list(parts), [], site, kinds)


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
    spec.derive(body.statements[:at], copies)
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
    spec.derive(body.statements[start:], copies)


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
    objects = any(isinstance(operand_type(p), Instance) for p in parts)
    if declared is not None and declared.kind == "partials" and not objects:
        return elementwise_text(function, declared)
    return declared.text if declared is not None and declared.kind == "rule" else None


def pull_through(
    spec: Specialiser, text: Any, parts: list[Operand], keywords: list, y_bar: Operand, site: Site
) -> Operand:
    """`text(*args)[1](y_bar)`, as ordinary code."""
    both = calls.call(spec, Const(text), list(parts), list(keywords), site)
    bars = calls.call(spec, item(spec, both, 1, site), [y_bar], [], site)
    parameters = inspect.signature(text).parameters
    names = list(parameters)
    starred = any(p.kind is p.VAR_POSITIONAL for p in parameters.values())
    rest = next((n for n, p in parameters.items() if p.kind is p.VAR_KEYWORD), None)

    def leading(i: int) -> Operand:
        return calls.call(spec, Const(tree.leading_bar), [bars, Const(i)], [], site)

    def of_keyword(key: Any) -> Operand:
        if key in names and key != rest:
            return leading(names.index(key))
        if rest is None:
            return Const(None)
        others = leading(-1 if starred else names.index(rest))
        return calls.call(spec, Const(tree.tangent_item), [others, Const(key)], [], site)

    results: list[Operand] = [Const(None), *map(leading, range(len(parts)))]
    named = [o for k, _ in keywords for o in (Const(k), of_keyword(k))]
    results.append(spec.emit(Const(make_dict), list(named), [], site, UNKNOWN))
    kind = TupleOf(tuple(map(operand_type, results)))
    return spec.emit(Const(make_tuple), list(results), [], site, kind)


NESTED[pull_call] = nested_pull
