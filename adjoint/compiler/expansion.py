"""Rules as IR: what a rule does for operands of these types, to be written into a program."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from adjoint import tree
from adjoint.compiler.special import derivative
from adjoint.frontend import lower
from adjoint.inference import infer
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    Operand,
    Parameter,
    Splat,
    Value,
    defined_values,
)
from adjoint.ir.options import Options
from adjoint.ir.types import UNKNOWN, Array, Scalar, TupleOf, Unknown, unliteral
from adjoint.reverse import Expansion
from adjoint.reverse.program import receive
from adjoint.rules import registry
from adjoint.rules.declarations import check_count, keyword_bar
from adjoint.rules.memory import writes_anything
from adjoint.rules.plain import scale
from adjoint.rules.signatures import operand_type, result_type
from adjoint.runtime import make_tuple

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
    leading = leading_bars(bars, backward, len(function.parameters))
    if leading is None:
        return None
    kept = [s for s in backward if s is not built]
    if writes_anything(kept):  # of these statements only what is asked for is taken
        return None
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


def leading_bars(bars: Any, statements: list[Any], count: int) -> list[Any] | None:
    """What a pullback returns, as one operand per leading parameter; may write to `statements`."""
    definitions = {t: s for s in statements if isinstance(s, Call) for t in [s.target]}
    made = definitions.get(bars)
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
    elif isinstance(operand_type(bars), TupleOf):
        return None
    elif isinstance(operand_type(bars), Unknown) and count > 1:
        leading = []
        for i in range(count):
            part = Value("", UNKNOWN)
            statements.append(Call(part, Const(tree.leading_bar), [bars, Const(i)]))
            leading.append(part)
    return leading


def is_receive(s: Any) -> bool:
    return isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is receive


def is_primal(s: Any, declared: registry.Rule) -> bool:
    return (
        isinstance(s, Call)
        and isinstance(s.callee, Const)
        and registry.lookup(s.callee.value) is declared
    )


def times(
    statements: list[Any], y_bar: Value, d: Operand, guarded: bool, conjugate: bool = True
) -> Operand | None:
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
    if conjugate and (
        isinstance(kind, Unknown)
        or isinstance(kind, Array)
        and kind.dtype.kind == "c"
        or (isinstance(kind, Scalar) and issubclass(kind.cls, complex | np.complexfloating))
    ):
        d = write(np.conj, d)
    return write(scale if guarded else operator.mul, y_bar, d)


def place(leading: Sequence[Any], declared: registry.Rule, call: Call) -> list[Operand | None]:
    """The cotangents of a rule's leading parameters, as those of the call's operands."""
    check_count(declared.text, len(leading))
    out: list[Operand | None] = [
        leading[i] if i < len(leading) else None for i in range(len(call.args))
    ]
    return out + [
        keyword_bar(declared.text, tuple(leading), k) for k, _ in call.kwargs if k is not None
    ]
