"""Calls, one by one: each is followed by what computes the tangent of its result."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import slots, tree
from adjoint.errors import UnsupportedSyntaxError
from adjoint.forward import containers, control, exceptions, iterators, mutation, state
from adjoint.ir.clone import clone_statement, lookup
from adjoint.ir.nodes import (
    UNDEFINED,
    Block,
    Call,
    Closure,
    Const,
    If,
    Loop,
    Operand,
    Origin,
    Splat,
    Statement,
    Value,
    operands_of,
    targets_of,
    walk,
)
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    ListOf,
    Scalar,
    TupleOf,
    Type,
    cotangent_type,
    dtype_of,
    is_number,
    literal,
)
from adjoint.rules.activity import is_constant
from adjoint.rules.aliasing import Memory, may_write
from adjoint.rules.calls import (
    always_there,
    gives_text,
    missing,
    missing_of,
    static_operands,
    takes_text,
    touches,
    underived,
    without_rule,
)
from adjoint.rules.memory import changed_operand, store_of, written_operand
from adjoint.rules.pushing import push_rule
from adjoint.rules.refusals import LATE, refuse_late, refuse_read
from adjoint.rules.registry import forward_rule
from adjoint.rules.signatures import operand_type, result_type
from adjoint.rules.slot_tangents import Tangents, refuse_started
from adjoint.rules.tangents import TEXT, item_tangents, read_from_text
from adjoint.runtime import make_dict, make_tuple, merge_dicts, set_item
from adjoint.shadows import Shadows

if TYPE_CHECKING:
    from adjoint.forward.program import Expand, Pushforward, Watch


class Pusher:
    """One forward derivative being written to `out`: the values' tangents, as far as they are."""

    def __init__(
        self, active: set[Value], expand: Expand, memory: Memory, watch: Watch | None = None
    ) -> None:
        self.active, self.expand, self.memory, self.watch = active, expand, memory, watch
        self.dots: dict[Value, Operand] = {}
        self.made: set[Operand] = set()  # tangents that were computed here, not handed on
        self.owned: set[Operand] = set()  # arrays among them that nothing else refers to
        self.caught: set[Operand] = set()  # exceptions that may carry a derivative
        self.definitions: dict[Value, Call] = {}
        self.shadows: Value | None = None
        self.yields = False  # is this the body of a generator?
        self.out: list[Statement] = []
        self.first = self.out  # the statements of the program itself
        self.statements: list[Statement] = []  # of the block that is being pushed forward
        self.origin: Origin | None = None

    def program(self, body: Block, inputs: list[Value], given: dict[Value, Operand]) -> Block:
        """The whole program, from the tangents of its inputs."""
        self.definitions = {s.target: s for s in walk(body) if isinstance(s, Call)}
        self.yields = any(map(state.is_yield, walk(body)))
        mutation.begin(self, inputs, given)
        state.begin(self, given)
        for s in self.within(body):
            self.statement(s)
        result = body.results[0]
        if result in self.caught:
            exceptions.refuse_read(self.origin)
        dot = self.dot(result) if not state.is_changing(self, result) else state.whole(self, result)
        return Block(self.out, [result, Const(None) if dot is None else dot])

    def within(self, block: Block) -> Iterator[Statement]:
        """The statements of a block, of which `statements` tells meanwhile."""
        outer, self.statements = self.statements, block.statements
        yield from block.statements
        self.statements = outer

    def block(self, block: Block) -> list[Statement]:
        """The statements of a block inside, with their tangents."""
        outer, self.out = self.out, []
        for s in self.within(block):
            self.statement(s)
        out, self.out = self.out, outer
        return out

    def statement(self, s: Statement) -> None:
        self.origin = replace(s.origin or Origin("", 0), derived=True)
        if isinstance(s, Call):
            self.call(s)
        elif not self.yields and not touches(s, self.active) and not any(
            t in self.active for t in targets_of(s)
        ):  # fmt: skip
            self.out.append(s)
        elif isinstance(s, If):
            control.branch(self, s)
        elif isinstance(s, Loop):
            control.loop(self, s)
        elif isinstance(s, Closure):
            containers.close(self, s)
        else:
            control.attempt(self, s)

    # -- tangents ------------------------------------------------------------------------------------

    def dot(self, operand: Operand) -> Operand | None:
        """The tangent of an operand; None if it is zero."""
        return self.dots.get(operand) if isinstance(operand, Value) else None

    def emit(
        self,
        function: Callable[..., Any],
        *args: Operand | Splat,
        type: Type | None = None,
        kwargs: Sequence[tuple[str | None, Operand]] = (),
        name: str = "",
    ) -> Value:
        """Write a call of the derivative."""
        if type is None:
            type = result_type(function, list(args), list(kwargs))  # type: ignore[arg-type]
        target = Value(name, type, False, self.origin)
        self.out.append(Call(target, Const(function), list(args), list(kwargs), self.origin))
        self.made.add(target)
        return target

    def define(self, s: Call, dot: Operand | None) -> None:
        """The tangent of a call's result, in the form of the result and in memory of its own kind."""
        made = state.is_made(s)
        dot = mutation.apart(self, s, dot)
        dot = mutation.placed(self, s, self.formed(s.target, dot), made)
        self.keep(s.target, state.settled(self, s.target, dot) if made else dot)

    def keep(self, target: Value, dot: Operand | None) -> None:
        """Note the tangent of a value, and name it after the value if it was made for it."""
        if dot is None or isinstance(dot, Const) and dot.value is None:
            return
        if dot in self.made and not dot.named:  # type: ignore[union-attr]
            assert isinstance(dot, Value)
            dot.name = f"{target.name}_dot" if target.name else dot.name
            dot.named = target.named
            self.made.discard(dot)
        self.dots[target] = dot

    def formed(self, primal: Value, dot: Operand | None) -> Operand | None:
        """The tangent of a number, from run time: zeros if it is None there."""
        if dot is None or not is_number(primal.type) or is_number(operand_type(dot)):
            return dot
        if isinstance(dot, Const) and dot.value is None:
            return None
        kind, name = cotangent_type(primal.type), dot.name if dot in self.made else ""
        return self.emit(tree.instantiate, dot, primal, type=kind, name=name)

    def zero(self, operand: Operand) -> Operand:
        """The zero tangent of an operand."""
        if isinstance(operand, Const) and operand.value is UNDEFINED:
            return operand
        kind = cotangent_type(operand_type(operand))
        if isinstance(kind, Scalar) and dtype_of(kind) == np.dtype(float):
            return Const(0.0)
        if is_number(kind):
            zeros = self.emit(tree.zeros_like, operand, type=kind)
            self.owned.add(zeros)
            return zeros
        return Const(None)

    def dot_or_zero(self, operand: Operand) -> Operand:
        dot = self.dot(operand)
        return self.zero(operand) if dot is None else dot

    # -- calls ---------------------------------------------------------------------------------------

    def call(self, s: Call) -> None:
        if store_of(s) in self.active:
            state.look_up(self, s)
            return
        if isinstance(s.callee, Const) and s.callee.value in (Shadows, Tangents):
            state.begin_store(self, s)
            return
        if isinstance(s.callee, Const) and s.callee.value is slots.read_elsewhere:
            refuse_read(s, self.active)
            return
        exceptions.refuse_unknown(self, s)
        if exceptions.is_raised(self, s):
            self.out.append(s)
            return
        owner = written_operand(s)
        if owner is not None:
            if owner in self.active:
                mutation.write(self, s)
                if self.watch is not None:
                    self.watch(self, s, self.dots[owner])
            else:
                self.out.append(s)
            return
        if changed_operand(s) is not None:
            state.change(self, s)
            return
        if state.is_yield(s):
            state.give(self, s)
            return
        given, s = s, state.watched_lists(self, s)
        exceptions.refuse_again(self, s)
        late = isinstance(s.callee, Const) and s.callee.value in LATE and s is given
        if late and any(state.may_move(self, o, s) for o in operands_of(s)):
            refuse_late(s)
        if mutation.accumulates(s):
            mutation.accumulate(self, s)
            return
        if s.target not in self.active:
            self.out.append(s)
            return
        found = state.read(self, s)
        if found is not NotImplemented:
            self.define(s, found)
            return
        whole = state.gathered(self, s)
        before = {o: self.dots.pop(o, None) for o in whole}
        self.dots |= whole
        self.whole_call(s)
        for o, dot in before.items():
            self.dots.pop(o)
            self.keep(o, dot)

    def whole_call(self, s: Call) -> None:
        """A call whose operands have whole tangents."""
        if is_constant(s) or all(self.dot(o) is None for o in operands_of(s)):
            self.out.append(s)
            self.define(s, None)
            return
        self.active_call(s)
        dot = self.dot(s.target)
        if self.watch is not None and dot is not None:
            self.watch(self, s, dot)

    def active_call(self, s: Call) -> None:
        """A call of which an operand has a tangent."""
        callee: Any = s.callee.value if isinstance(s.callee, Const) else None
        if mutation.is_shared_view(self, s):
            self.out.append(s)
            base, *rest = s.args
            self.keep(s.target, self.emit_view(s, self.dot_or_zero(base), rest))  # type: ignore[arg-type]
            return
        found = containers.structural(self, s)
        if found is not NotImplemented:
            self.define(s, found)
            return
        if iterators.is_iterator(self, s):
            self.out.append(s)
            self.define(s, iterators.iterator(self, s))
            return
        if gives_text(s):
            self.out.append(s)
            self.keep(s.target, Const(TEXT))
            return
        if takes_text(s, self.active):
            self.out.append(s)
            reader = getattr(callee, "__name__", "a call")
            if is_number(s.target.type):
                kind = cotangent_type(s.target.type)
                operands = [Const(reader), Const(s.origin)]
                self.keep(s.target, self.emit(read_from_text, *operands, type=kind))
            else:
                self.keep(s.target, Const(tree.ReadBack(reader, s.origin)))
            return
        if callee is operator.getitem and isinstance(operand_type(s.args[0]), Array):  # type: ignore[arg-type]
            self.out.append(s)
            self.define(s, self.items_of_array(s))
            return
        unknown = underived(s, self.active)
        if unknown is not None:
            self.out.append(missing_of(s, unknown))
            return
        push = self.expand_static(s)
        if push is not None:
            self.define(s, self.inline(s, push))
        elif callee is set_item:
            raise UnsupportedSyntaxError(
                "writing a value that carries a derivative into a container is not supported yet",
                s.origin,
                "Build the list or dict in one expression, for example with a comprehension.",
            )
        elif without_rule(s) and forward_rule(callee) is None:
            self.out.append(missing(s))
        else:
            self.dynamic(s)

    def emit_view(self, s: Call, base: Operand, rest: list) -> Value:
        """The same view of the tangent."""
        kind = cotangent_type(s.target.type)
        return self.emit(s.callee.value, base, *rest, type=kind, kwargs=s.kwargs)  # type: ignore[union-attr]

    def items_of_array(self, s: Call) -> Operand | None:
        x_dot = self.dot(s.args[0])  # type: ignore[arg-type]
        if x_dot is None:
            return None
        kind = cotangent_type(s.target.type)
        return self.emit(operator.getitem, x_dot, s.args[1], type=kind)

    def expand_static(self, s: Call) -> Pushforward | None:
        if not static_operands(s) or not always_there(s.target.type):
            return None
        dots = [self.dot(o) for o in [*s.args, *(o for _, o in s.kwargs)]]
        if not all(d is None or fits(operand_type(d)) for d in dots):
            return None
        return self.expand(s, [None if d is None else as_value(d) for d in dots])

    # -- rules known while compiling -------------------------------------------------------------------

    def inline(self, s: Call, push: Pushforward) -> Operand | None:
        """Write a rule's statements, the call itself among them, and give the tangent."""
        operands: list[Operand] = [*s.args, *(o for _, o in s.kwargs)]  # type: ignore[list-item]
        env: dict[Value, Operand] = dict(zip(push.inputs, operands, strict=True))
        for own, operand in zip(push.dots, operands, strict=True):
            if own is not None:
                env[own] = self.dot(operand)  # type: ignore[assignment]
        for each in push.statements:
            if each is push.primal:
                self.out.append(s)
                env[push.primal.target] = s.target
            else:
                self.copy(each, env)
        return None if push.y_dot is None else lookup(push.y_dot, env)

    def copy(self, statement: Statement, env: dict[Value, Operand]) -> None:
        """Write a statement of a rule."""
        new = clone_statement(statement, env, self.origin)
        self.made.update(targets_of(new))
        self.out.append(new)

    # -- rules found at run time -----------------------------------------------------------------------

    def dynamic(self, s: Call) -> None:
        """`y, y_dot = push_rule(f, (f_dot, x_dot, …), x, …)`"""
        args: list[Operand | Splat] = []
        dots: list[Operand | Splat] = [self.dot_or_none(s.callee)]
        for a in s.args:
            if not isinstance(a, Splat):
                args.append(a)
                dots.append(self.dot_or_none(a))
                continue
            items, dot = containers.more_than_once(self, a.operand, self.dot_or_none(a.operand))
            args.append(Splat(items))
            dots.append(Splat(self.emit(item_tangents, dot, items, type=UNKNOWN)))
        pairs = [(Const(k), self.dot_or_none(o)) for k, o in s.kwargs if k is not None]
        spread = [d for k, o in s.kwargs if k is None and (d := self.dot(o)) is not None]
        named = self.emit(make_dict, *[o for pair in pairs for o in pair], type=UNKNOWN)
        dots.append(self.emit(merge_dicts, named, *spread, type=UNKNOWN) if spread else named)
        tangents = self.emit(make_tuple, *dots, type=UNKNOWN)
        pair = TupleOf((s.target.type, UNKNOWN))
        both = Value("", pair, False, s.origin)
        self.out += [
            Call(both, Const(push_rule), [s.callee, tangents, *args], s.kwargs, s.origin),
            Call(s.target, Const(operator.getitem), [both, Const(0)], [], s.origin),
        ]
        if may_write(s) and any(self.memory.is_written_after(o, s) for o in operands_of(s)):
            self.emit(refuse_started, s.target, type=literal(None))
        self.define(s, self.emit(operator.getitem, both, Const(1), type=UNKNOWN))

    def dot_or_none(self, operand: Operand) -> Operand:
        dot = self.dot(operand)
        return Const(None) if dot is None else dot


def fits(kind: Type) -> bool:
    """Is this the type of a tangent that a rule known while compiling can take?"""
    if is_number(kind) or kind == literal(None) or isinstance(kind, Scalar):
        return True
    if isinstance(kind, ListOf) and kind.items is None:
        return fits(kind.element)
    return isinstance(kind, TupleOf | ListOf) and all(map(fits, kind.items or ()))


def as_value(operand: Operand) -> Value:
    """An operand's type in a value: a constant tangent is a number like any other."""
    if isinstance(operand, Value):
        return operand
    return Value("", Scalar(type(operand.value)))
