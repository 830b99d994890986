"""Forward rules as IR, from the declarations that reverse mode has.

elementwise         the partial derivatives, each times the tangent of its argument
linear              the function itself, of the tangents
`jvp_rule`          as it says
everything else     the transpose of the pullback, which is linear in the cotangent
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from typing import Any

import numpy as np

from adjoint import tree
from adjoint.compiler.expansion import (
    expander,
    expansion_key,
    is_primal,
    leading_bars,
    place,
    times,
)
from adjoint.compiler.special import derivative
from adjoint.forward import Pushforward
from adjoint.frontend import lower
from adjoint.inference import infer
from adjoint.ir.clone import clone_block
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    Operand,
    Parameter,
    Splat,
    Statement,
    Value,
    defined_values,
    operands_of,
    substitute,
    targets_of,
    walk,
)
from adjoint.ir.options import Options
from adjoint.ir.types import (
    Array,
    Axis,
    ListOf,
    Scalar,
    TupleOf,
    Type,
    Unknown,
    cotangent_type,
    dtype_of,
    is_number,
    is_plural,
    tangent_type,
    unliteral,
)
from adjoint.optimise.dead import remove_dead
from adjoint.reverse.transpose import transpose
from adjoint.rules import registry
from adjoint.rules.memory import writes_anything
from adjoint.rules.signatures import operand_type, result_type
from adjoint.rules.tangents import like_cotangent, zeros_of
from adjoint.runtime import make_tuple

_pushforwards: OrderedDict[Any, Pushforward | None] = OrderedDict()


def push_expander(options: Options) -> Any:
    """The `expand` that `forward` needs: the forward rule of a call as IR."""

    def expand(call: Call, dots: list[Value | None]) -> Pushforward | None:
        if not options.templates:
            return None
        function = call.callee.value  # type: ignore[union-attr]
        declared, text = registry.lookup(function), registry.forward_rule(function)
        if text is None and (declared is None or declared.kind not in ("rule", "partials")):
            return None
        kinds = tuple(None if d is None else unliteral(d.type) for d in dots)
        key = expansion_key(call, declared or registry.Rule("jvp", text), False)  # type: ignore[arg-type]
        key = None if key is None or declared is None else (key, kinds, call.target.type)
        if key is None or key not in _pushforwards:
            made = Template(call, kinds, declared).pushforward(text)
            if key is None:
                return made
            _pushforwards[key] = made
            while len(_pushforwards) > 4096:
                _pushforwards.popitem(last=False)
        return _pushforwards[key]

    return expand


class Template:
    """One call, with values that stand for its operands and their tangents."""

    def __init__(
        self, call: Call, kinds: tuple[Type | None, ...], declared: registry.Rule | None
    ) -> None:
        self.call, self.declared = call, declared
        self.function = call.callee.value  # type: ignore[union-attr]
        self.operands: list[Operand] = [*call.args, *(o for _, o in call.kwargs)]  # type: ignore[list-item]
        self.inputs = [
            Value(o.name if isinstance(o, Value) else f"x{i}", operand_type(o))
            for i, o in enumerate(self.operands)
        ]
        self.dots = [
            None if kind is None else Value(f"{x.name}_dot", kind, True)
            for x, kind in zip(self.inputs, kinds, strict=True)
        ]
        self.count = len(call.args)

    # -- pieces --------------------------------------------------------------------------------------

    def keywords(self, values: list[Any]) -> list[tuple[str | None, Operand]]:
        names = [k for k, _ in self.call.kwargs]
        return list(zip(names, values[self.count :], strict=True))

    def inferred(self, body: list[Statement], out: Value, more: list[Value]) -> Function | None:
        """The program that computes `out`, typed; its inputs stay the template's own."""
        values = [*self.inputs, *more]
        fresh = [Value(v.name, v.type) for v in values]
        env = dict(zip(values, fresh, strict=True))
        block = clone_block(Block(body, [out]), dict(env))
        wrapper = Function("rule", [Parameter(v) for v in fresh], block)
        typed = infer(wrapper, [v.type for v in values], lower, Options(), derivative).function
        if typed.globals:
            return None
        for value in defined_values(typed.body):  # a rule's own names are no names of the user's
            value.named = False
        renamed = {p.value: v for p, v in zip(typed.parameters, values, strict=True)}
        substitute(typed.body, lambda o: renamed.get(o, o) if isinstance(o, Value) else o)
        return typed

    def finished(
        self, statements: list[Statement], y: Operand, y_dot: Operand | None
    ) -> Pushforward | None:
        """The rule, without what its result does not need."""
        primal = next((s for s in statements if self.is_primal(s) and s.target is y), None)  # type: ignore[union-attr]
        if not isinstance(primal, Call) or not isinstance(y, Value):
            return None
        if y_dot is not None:
            y_dot = self.conformed(statements, y_dot, y)
        given = [*self.inputs, *(d for d in self.dots if d is not None)]
        results: list[Operand] = [y] if y_dot is None else [y, y_dot]
        function = Function("rule", [Parameter(v) for v in given], Block(statements, results))
        remove_dead(function)
        for s in walk(function.body):
            s.origin = None  # they take that of the call
        return Pushforward(self.inputs, self.dots, function.body.statements, y, y_dot, primal)

    def is_primal(self, s: Statement) -> bool:
        if self.declared is not None:
            return is_primal(s, self.declared)
        return (
            isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is self.function
        )

    def write(
        self, statements: list[Statement], function: Any, *args: Operand, kind: Type | None = None,
        keywords: list[tuple[str | None, Operand]] | None = None,
    ) -> Value:  # fmt: skip
        keywords = keywords or []
        kind = result_type(function, list(args), keywords) if kind is None else kind
        target = Value("", kind)
        statements.append(Call(target, Const(function), list(args), keywords))
        return target

    def conformed(self, statements: list[Statement], dot: Operand, y: Value) -> Operand:
        """A tangent that may lack axes of its primal, in the form of the primal."""
        wanted, found = cotangent_type(y.type), unliteral(operand_type(dot))
        if not is_number(wanted):
            return dot
        if isinstance(wanted, Scalar):
            if isinstance(found, Scalar) and dtype_of(found) == dtype_of(wanted):
                return dot
        elif isinstance(found, Array | Scalar):
            if np.result_type(dtype_of(found)).kind == "c" != wanted.dtype.kind:  # type: ignore[attr-defined]
                dot = self.write(statements, np.real, dot)
                found = dot.type
            if isinstance(found, Array) and as_long(found.axes, wanted.axes):  # type: ignore[attr-defined]
                if found.dtype == wanted.dtype:  # type: ignore[attr-defined]
                    return dot
                dtype = Const(wanted.dtype)  # type: ignore[attr-defined]
                return self.write(statements, np.ndarray.astype, dot, dtype, kind=wanted)
            if dtype_of(found) == wanted.dtype:  # type: ignore[attr-defined]
                shape = self.write(statements, np.shape, y)
                return self.write(statements, np.broadcast_to, dot, shape, kind=wanted)
        return self.write(statements, tree.instantiate, dot, y, kind=wanted)

    # -- the four ways ---------------------------------------------------------------------------------

    def pushforward(self, text: Any) -> Pushforward | None:
        of_keywords = any(d is not None for d in self.dots[self.count :])
        if text is not None and not of_keywords:
            found = self.by_text(text)
            if found is not None:
                return found
        if self.declared is None or self.declared.kind not in ("rule", "partials"):
            return None
        if self.declared.kind == "partials":
            return self.by_partials(self.declared)
        if self.is_linear(self.declared):
            found = self.by_itself(self.declared)
            if found is not None:
                return found
        return self.by_transposition(self.declared)

    def by_text(self, text: Any) -> Pushforward | None:
        """`text(primals, tangents)`"""
        primals, tangents, both = Value(), Value(), Value()
        dots: list[Operand] = [Const(None) if d is None else d for d in self.dots[: self.count]]
        body: list[Statement] = [
            Call(primals, Const(make_tuple), list(self.inputs[: self.count])),
            Call(tangents, Const(make_tuple), list(dots)),
            Call(both, Const(text), [primals, tangents], self.keywords(self.inputs)),
        ]
        function = self.inferred(body, both, [d for d in self.dots if d is not None])
        if function is None:
            return None
        statements, out = function.body.statements, function.body.results[0]
        built = next((s for s in statements if isinstance(s, Call) and s.target is out), None)
        if (
            built is None
            or not isinstance(built.callee, Const)
            or built.callee.value is not make_tuple
        ):
            return None
        y, y_dot = built.args
        zero = isinstance(y_dot, Const) and y_dot.value is None
        statements = [s for s in statements if s is not built]
        return self.finished(statements, y, None if zero else y_dot)  # type: ignore[arg-type]

    def by_partials(self, declared: registry.Rule) -> Pushforward | None:
        """Σ ∂y/∂xᵢ ẋᵢ"""
        y, derivatives, out = Value(), Value(), Value()
        args: list[Operand | Splat] = list(self.inputs[: self.count])
        body: list[Statement] = [
            Call(y, Const(self.function), args, self.keywords(self.inputs)),
            Call(derivatives, Const(declared.text), [*args, y]),
            Call(out, Const(make_tuple), [y, derivatives]),
        ]
        function = self.inferred(body, out, [])
        if function is None:
            return None
        statements, result = function.body.statements, function.body.results[0]
        built = next(s for s in statements if isinstance(s, Call) and s.target is result)
        value, found = built.args
        statements.remove(built)
        parts = leading_bars(found, statements, len(self.inputs))
        if parts is None or not isinstance(value, Value):
            return None
        total: Operand | None = None
        for d, dot, x in zip(parts, self.dots, self.inputs, strict=False):
            if dot is None:
                continue
            guarded = declared.singular and not bounded(d, self.function, self.operands, x, value)
            term = times(statements, dot, d, guarded, conjugate=False)
            if term is not None:
                term = self.spread(statements, term, value)
                total = term if total is None else self.write(statements, operator.add, total, term)
        return self.finished(statements, value, total)

    def spread(self, statements: list[Statement], term: Operand, y: Value) -> Operand:
        """A term of unknown kind, in the form of the result."""
        kind = cotangent_type(y.type)
        if not isinstance(operand_type(term), Unknown) or not is_number(kind):
            return term
        return self.write(statements, tree.instantiate, term, y, kind=kind)

    def is_linear(self, declared: registry.Rule) -> bool:
        """Is the function linear in each operand that has a tangent, and are these no integers?"""
        names = self.parameter_names(declared)
        if names is None or "initial" in names:  # from which a sum begins
            return False
        for name, dot, x in zip(names, self.dots, self.inputs, strict=True):
            if dot is None:
                continue
            kind = unliteral(x.type)
            if name in declared.form:
                continue
            if name not in declared.linear or not is_floating(kind) or not is_floating(dot.type):
                return False
        return True

    def parameter_names(self, declared: registry.Rule) -> list[str] | None:
        code = declared.text.__code__
        positional = code.co_varnames[: code.co_argcount]
        if self.count > len(positional):
            starred = code.co_flags & 0x04
            if not starred:
                return None
            positional += ("*",) * (self.count - len(positional))
        return [*positional[: self.count], *(k or "**" for k, _ in self.call.kwargs)]

    def by_itself(self, declared: registry.Rule) -> Pushforward | None:
        """Σ f(…, ẋᵢ, …)"""
        y = Value("", self.call.target.type)
        args: list[Operand | Splat] = list(self.inputs[: self.count])
        statements: list[Statement] = [
            Call(y, Const(self.function), args, self.keywords(self.inputs))
        ]
        wanted = tangent_type(y.type)
        total: Operand | None = None
        names = self.parameter_names(declared) or []
        for i, (dot, name) in enumerate(zip(self.dots, names, strict=True)):
            if dot is None or name in declared.form:
                continue
            given = [*self.inputs[:i], dot, *self.inputs[i + 1 :]]
            known = [
                dot if v is dot else o for v, o in zip(given, self.operands, strict=True)
            ]  # constants are known to their types only as such
            kind = result_type(self.function, known[: self.count], self.keywords(known))
            if not alike(kind, wanted):
                return None
            term = self.write(
                statements, self.function, *given[: self.count], kind=kind,
                keywords=self.keywords(given),
            )  # fmt: skip
            plus = operator.add if is_number(wanted) else tree.accumulate
            total = term if total is None else self.write(statements, plus, total, term, kind=kind)
        primal = statements[0]
        assert isinstance(primal, Call)
        return Pushforward(self.inputs, self.dots, statements, y, total, primal)

    def by_transposition(self, declared: registry.Rule) -> Pushforward | None:
        """The reverse of the pullback, with respect to the cotangent that it is given."""
        kind = tangent_type(self.call.target.type)
        if isinstance(kind, Unknown):
            return None
        y_bar, both, y, pullback, bars, out = (Value(n) for n in ("y_bar", "", "", "", "", ""))
        y_bar.type = kind
        args: list[Operand | Splat] = list(self.inputs[: self.count])
        body: list[Statement] = [
            Call(both, Const(declared.text), args, self.keywords(self.inputs)),
            Call(y, Const(operator.getitem), [both, Const(0)]),
            Call(pullback, Const(operator.getitem), [both, Const(1)]),
            Call(bars, pullback, [y_bar]),
            Call(out, Const(make_tuple), [y, bars]),
        ]
        function = self.inferred(body, out, [y_bar])
        if function is None:
            return None
        statements, result = function.body.statements, function.body.results[0]
        built = next(s for s in statements if isinstance(s, Call) and s.target is result)
        value, found = built.args
        statements.remove(built)
        leading = leading_bars(found, statements, len(self.inputs))
        if leading is None or not isinstance(value, Value):
            return None
        leading = [None if isinstance(b, Const) and b.value is None else b for b in leading]
        placed = place(leading, declared, self.call)
        pairs = [
            (bar, x, dot)
            for bar, x, dot in zip(placed, self.inputs, self.dots, strict=True)
            if bar is not None and dot is not None
        ]
        pairs = [(bar, x, self.as_array(statements, bar, x, dot)) for bar, x, dot in pairs]
        done = transpose(self.inputs, statements, y_bar, pairs, expander(Options()))
        made, y_dot, unread = done
        unread = unread and not writes_anything(statements)
        made = self.stand_in(made, y_bar, value, unread)
        return self.finished(made, value, y_dot)

    def as_array(self, statements: list[Statement], bar: Operand, x: Value, dot: Value) -> Value:
        """The tangent of a sequence of numbers whose cotangent is an array."""
        kind = operand_type(bar)
        if not isinstance(x.type, TupleOf | ListOf) or not isinstance(kind, Array | Unknown):
            return dot
        return self.write(statements, like_cotangent, dot, bar, x, kind=kind)

    def stand_in(
        self, statements: list[Statement], y_bar: Value, y: Value, unread: bool
    ) -> list[Statement]:
        """What takes the place of the cotangent, of which only the form matters.

        That is the value itself, where its form is the cotangent's and its contents are not read.
        """
        at = next(i for i, s in enumerate(statements) if isinstance(s, Call) and s.target is y)
        early = statements[: at + 1]
        asking: set[Value] = {y_bar}  # what reads of the cotangent were moved to the beginning
        waiting: list[Statement] = []
        for s in list(early):
            if any(o in asking for o in operands_of(s)):
                early.remove(s)
                waiting.append(s)
                asking.update(targets_of(s))
        rest = [*waiting, *statements[at + 1 :]]
        if not unread or y_bar.type != unliteral(y.type):
            return [*early, Call(y_bar, Const(zeros_of), [y]), *rest]
        for s in rest:
            substitute(Block([s], []), lambda o: y if o is y_bar else o)
        return [*early, *rest]


def is_floating(kind: Type) -> bool:
    """Floating numbers, or sequences of such."""
    if isinstance(kind, TupleOf | ListOf):
        items = kind.items if kind.items is not None else (kind.element,)
        return all(map(is_floating, items))
    return is_number(kind) and cotangent_type(kind) == kind


def alike(found: Type, wanted: Type) -> bool:
    """Are these numbers of one dtype, or arrays of one dtype and as many axes?"""
    if isinstance(found, Array) and isinstance(wanted, Array):
        return found.dtype == wanted.dtype and found.ndim == wanted.ndim
    return found == wanted


def as_long(found: tuple[Axis, ...], wanted: tuple[Axis, ...]) -> bool:
    """Have arrays of these axes one shape, if the first broadcasts to the second?"""
    if len(found) != len(wanted):
        return False
    return all(a == b or b == 1 or is_plural(a) for a, b in zip(found, wanted, strict=True))


def bounded(d: Any, function: Any, operands: list[Operand], x: Value, y: Value) -> bool:
    """Is a singular function's partial derivative known to be finite for these operands?"""
    if isinstance(d, Const):
        return True
    values = [o.value if isinstance(o, Const) else None for o in operands]
    if function in (operator.truediv, np.divide):
        return isinstance(values[1], int | float) and values[1] != 0
    if function in (operator.pow, np.power, pow):
        return isinstance(values[1], int | float) and values[1] >= 1
    return False
