"""Calls, one by one: what each becomes in the forward half and what it adds to the reverse half."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import shadows, tree
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.clone import clone_statement, lookup
from adjoint.ir.closures import captured_early, makers
from adjoint.ir.nodes import (
    Block,
    Call,
    Closure,
    Const,
    If,
    Loop,
    Operand,
    Splat,
    Statement,
    Try,
    Value,
    operands_of,
    targets_of,
    used_values,
    walk,
)
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    Instance,
    TupleOf,
    is_number,
    literal,
)
from adjoint.reverse import control, mutation, norms, text
from adjoint.reverse.closures import close_closure, close_together
from adjoint.reverse.cotangents import Scope, add_unknown, bar_name, conform, cotangent_type
from adjoint.reverse.hoist import structural_read
from adjoint.rules.activity import is_active, is_constant
from adjoint.rules.aliasing import Memory
from adjoint.rules.calls import (
    always_there,
    gives_text,
    missing,
    static_operands,
    takes_text,
    touches,
    without_rule,
)
from adjoint.rules.dispatch import apply_rule
from adjoint.rules.memory import shares_memory, written_operand
from adjoint.rules.refusals import refuse_at_run_time
from adjoint.rules.signatures import operand_type
from adjoint.runtime import (
    check_bound,
    make_dict,
    make_list,
    make_tuple,
    set_attribute,
    set_item,
    unpack_sequence,
)

if TYPE_CHECKING:
    from adjoint.reverse.program import Expansion

Backward = Callable[[Scope], None]
Steps = list[tuple[Statement, Backward]]


class Reverser:
    """One reversal: which values are active, and how a call is expanded into its rule."""

    def __init__(
        self,
        active: set[Value],
        selected: set[Value],
        expand: Callable[[Call, bool], Expansion | None],
        memory: Memory,
    ) -> None:
        self.active, self.selected, self.expand = active, selected, expand
        self.memory = memory
        self.checked: set[int] = set()  # statements of rules, whose residuals were looked at
        self.unchanged: set[Operand] = set()  # read by others, and not written to in between
        self.definitions: dict[Value, Call] = {}
        self.statements: list[Statement] = []  # of the block that is being reversed

    def forward(self, block: Block) -> tuple[Block, Steps]:
        """The forward half of a block, and the steps that write its reverse half, in forward order."""
        statements: list[Statement] = []
        steps: Steps = []
        for statement in block.statements:
            self.statements = block.statements
            new, backward = self.statement(statement)
            statements += new
            if backward is not None:
                steps.append((statement, backward))
        return Block(statements, list(block.results)), steps

    def backward(self, steps: Steps, scope: Scope) -> None:
        for statement, step in reversed(steps):
            scope.origin = statement.origin
            step(scope)

    def statement(self, s: Statement) -> tuple[list[Statement], Backward | None]:
        if isinstance(s, Call):
            refuse_at_run_time(s, self.memory, self.active)
        if isinstance(s, Call) and (owner := written_operand(s)) is not None:
            return mutation.write(self, s) if is_active(owner, self.active) else ([s], None)
        if isinstance(s, If | Loop | Try) and touches(s, self.active):
            pass
        elif not any(t in self.active for t in targets_of(s)):
            return [s], None
        if isinstance(s, Call):
            return self.call(s)
        if isinstance(s, If):
            return control.branch(self, s)
        if isinstance(s, Loop):
            return control.loop(self, s)
        if isinstance(s, Closure):
            group = (
                makers(s, self.statements) if s.target in captured_early(self.statements) else []
            )
            if len(group) > 1:
                return [s], lambda scope: close_together(group, scope)
            return [s], lambda scope: close_closure(s, scope)
        return control.attempt(self, s)

    def is_selected(self, value: Value) -> bool:
        return value in self.selected

    def saved(self, operand: Operand, s: Statement, forward: list[Statement]) -> Operand:
        return mutation.saved(self, operand, s, forward)

    def residuals(
        self, plain: Call, expansion: Expansion, s: Call
    ) -> tuple[list[Statement], dict[Value, Operand]]:
        return mutation.residuals(self, plain, expansion, s)

    def call(self, s: Call) -> tuple[list[Statement], Backward | None]:
        if not any(is_active(o, self.active) for o in operands_of(s)) or is_constant(s.callee):
            return [s], None  # active only because it is written to
        if self.memory.is_written(s.target) and self.memory.view_of(s.target) is not None:
            return [s], None  # its cotangent is in the shadow of what it is a view of
        structural = self.structural(s)
        if structural is not None:
            return [s], structural
        if gives_text(s):
            return [s], lambda scope: text.refuse(s, scope)
        if takes_text(s, self.active):
            return [s], lambda scope: text.read(s, scope, self.active)
        if self.indexing(s):
            return self.indexed(s)
        expansion = self.expand_static(s)
        if expansion is not None:
            return self.inline(s, expansion)
        if isinstance(s.callee, Const) and s.callee.value is set_item:
            raise UnsupportedSyntaxError(
                "writing a value that carries a derivative into a container is not supported yet",
                s.origin,
                "Build the list or dict in one expression, for example with a comprehension.",
            )
        if without_rule(s):
            return [missing(s)], None
        return self.dynamic(s)

    def expand_static(self, s: Call) -> Expansion | None:
        if not static_operands(s) or not always_there(s.target.type):
            return None
        if s.callee.value is operator.getitem:  # type: ignore[union-attr]
            return None
        return self.expand(norms.as_norm(s, self.definitions), s.target in self.selected)

    # -- containers and objects --

    def structural(self, s: Call) -> Backward | None:
        """Building and taking apart what has named or numbered parts."""
        function = s.callee.value if isinstance(s.callee, Const) else None
        args = s.args
        if any(isinstance(a, Splat) for a in args):
            return None
        plain: list[Operand] = args  # type: ignore[assignment]
        if function in (make_tuple, make_list):
            return lambda scope: take_items(scope, s.target, dict(enumerate(plain)))
        if isinstance(function, type) and isinstance(s.target.type, TupleOf) and not s.kwargs:
            return lambda scope: take_items(scope, s.target, dict(enumerate(plain)))
        if function is make_dict and all(isinstance(k, Const) for k in plain[::2]):
            keys = [k.value for k in plain[::2]]  # type: ignore[union-attr]
            return lambda scope: take_items(
                scope, s.target, dict(zip(keys, plain[1::2], strict=True))
            )
        if function is check_bound:
            return lambda scope: scope.add(plain[0], scope.take(s.target))
        if function is set_attribute and isinstance(s.target.type, Instance):
            return lambda scope: take_attribute(scope, s)
        read = structural_read(s)
        if read is not None:
            key = s.args[1].value  # type: ignore[union-attr]
            return lambda scope: scope.add_part(read[0], key, s.target, scope.take_rest(s.target))
        if function is unpack_sequence and isinstance(s.target.type, TupleOf) and len(args) == 2:
            return lambda scope: take_unpacked(scope, s)
        return None

    def indexing(self, s: Call) -> bool:
        """`x[i]` of an array: accumulated in place, never through a fresh array of zeros."""
        if not isinstance(s.callee, Const) or s.callee.value is not operator.getitem:
            return False
        return isinstance(operand_type(s.args[0]), Array)  # type: ignore[arg-type]

    def indexed(self, s: Call) -> tuple[list[Statement], Backward]:
        forward: list[Statement] = [s]
        index = self.saved(s.args[1], s, forward)  # type: ignore[arg-type]
        return forward, lambda scope: self.scatter(s, index, scope)

    def scatter(self, s: Call, index: Operand, scope: Scope) -> None:
        bar = self.received(s, scope)
        x = s.args[0]
        if bar is None or not is_active(x, self.active):  # type: ignore[arg-type]
            return
        assert isinstance(x, Value)
        kind = cotangent_type(x.type)
        if scope.is_shadowed(x):
            scope.call(shadows.add_at, scope.shadow(x), index, bar, type=literal(None))
            return
        entry = scope.sum_of(x)
        if entry.term is None:
            entry.term, entry.owned = scope.call(tree.zeros_like, x, type=kind), True
        elif not entry.owned:
            entry.term, entry.owned = scope.call(tree.copied, entry.term, type=kind), True
        entry.term = scope.call(tree.index_add, entry.term, index, bar, type=kind, name=bar_name(x))
        entry.term.named = x.named

    # -- rules known while compiling --

    def inline(self, s: Call, expansion: Expansion) -> tuple[list[Statement], Backward]:
        """The rule's own statements: some before the reverse half begins, some in it."""
        if expansion.primal is None:
            raise AssertionError(f"the rule of {s.callee} does not call it")
        forward, env = self.residuals(s, expansion, s)

        def backward(scope: Scope) -> None:
            bar = self.received(s, scope)
            if bar is not None:
                skipped = (0,) if self.gives_back(s, scope) else ()
                self.pull_back(s, expansion, env, bar, scope, skipped)

        return forward, backward

    def gives_back(self, s: Call, scope: Scope) -> bool:
        """Does a call of ours add to its first operand and return it, both with one shadow?"""
        known = isinstance(s.callee, Const) and s.callee.value in (tree.index_add, tree.add_into)
        return known and scope.is_shadowed(s.target)

    def received(self, s: Call, scope: Scope) -> Operand | None:
        """The cotangent of a call's result; of a possible view, only if it was none."""
        if scope.is_shadowed(s.target) and shares_memory(s):
            operands = [o for o in operands_of(s) if isinstance(o, Value)]
            owners = [o for o in operands if self.memory.is_written(o)]
            whole = scope.call(shadows.together, *owners, type=UNKNOWN) if owners[1:] else owners[0]
            y, found = s.target, scope.shadows_value()
            if not isinstance(y.type, Array):
                rest = scope.take_rest(y)
                rest = Const(None) if rest is None else rest
                apart = [] if self.gives_back(s, scope) else [whole]
                return scope.call(shadows.collect, found, y, rest, *apart, type=UNKNOWN)
            kind = cotangent_type(y.type)
            if self.gives_back(s, scope):
                return scope.call(np.ndarray.copy, scope.shadow(y), type=kind)
            bar = scope.call(shadows.shadow_of, found, y, type=kind)
            return scope.call(shadows.apart, bar, y, whole, type=kind)
        return scope.take(s.target)

    def pull_back(
        self,
        s: Call,
        expansion: Expansion,
        env: dict[Value, Operand],
        bar: Operand,
        scope: Scope,
        skipped: tuple[int, ...] = (),
    ) -> None:
        """Write the reverse half of a rule, and contribute what it gives to the operands."""
        operands: list[Operand] = [*s.args, *(o for _, o in s.kwargs)]  # type: ignore[list-item]
        local = {**env, expansion.y_bar: bar}
        wanted = [
            i
            for i, (o, b) in enumerate(zip(operands, expansion.bars, strict=True))
            if b is not None and is_active(o, self.active) and i not in skipped
        ]
        needed = needed_for(expansion.reverse, [expansion.bars[i] for i in wanted])
        start = len(scope.out)
        for statement in expansion.reverse:
            if id(statement) in needed:
                scope.out.append(clone_statement(statement, local, s.origin))
        written = Block(scope.out[start:], [])
        self.checked.update(map(id, walk(written)))
        read = used_values(written)
        for i in wanted:
            contribution = lookup(expansion.bars[i], local)  # type: ignore[arg-type]
            made = next((s for s in written.statements if contribution in targets_of(s)), None)
            own = (
                isinstance(made, Call)
                and contribution not in read
                and (not shares_memory(made) or is_broadcast(scope, contribution))
            )
            own = own and expansion.bars.count(expansion.bars[i]) == 1
            self.contribute(scope, operands[i], contribution, own)

    def contribute(self, scope: Scope, primal: Operand, bar: Operand, own: bool = False) -> None:
        """Add what a rule returned for an operand, in the operand's form."""
        if not isinstance(primal, Value):
            return
        if is_number(primal.type) and operand_type(bar) is UNKNOWN:
            bar = scope.call(tree.instantiate, bar, primal, type=cotangent_type(primal.type))
        elif is_number(primal.type):
            conformed, made = conform(scope, bar, primal)
            own = made or own or conformed is not bar and is_broadcast(scope, conformed)
            bar = conformed
        if scope.is_shadowed(primal):
            scope.add_to_shadow(primal, bar, own)
        else:
            scope.add(primal, bar)

    # -- rules found at run time --

    def dynamic(self, s: Call) -> tuple[list[Statement], Backward]:
        """`y, y_pullback = apply_rule(f, …)` and, in the reverse half, `… = y_pullback(y_bar)`."""
        positions: list[object] = []
        if is_active(s.callee, self.active):
            positions.append("callee")
        starred = False  # after a star nobody knows at which position an argument arrives
        for i, a in enumerate(s.args):
            starred = starred or isinstance(a, Splat)
            if is_active(a.operand if isinstance(a, Splat) else a, self.active):
                positions.append("*" if starred else i)
        positions += [
            k if k is not None else "**" for k, o in s.kwargs if is_active(o, self.active)
        ]
        copies, call = mutation.kept_apart(self, s)
        mask = Const(tuple(positions))
        name = s.target.name
        both = Value(
            f"{name}_both" if name else "", TupleOf((s.target.type, UNKNOWN)), False, s.origin
        )
        pullback = Value(f"{name}_pullback" if name else "pullback", UNKNOWN, True, s.origin)
        forward: list[Statement] = [
            *copies,
            Call(both, Const(apply_rule), [call.callee, mask, *call.args], call.kwargs, s.origin),
            Call(s.target, Const(operator.getitem), [both, Const(0)], [], s.origin),
            Call(pullback, Const(operator.getitem), [both, Const(1)], [], s.origin),
        ]
        s.target.named = True

        def backward(scope: Scope) -> None:
            bar = self.received(s, scope)
            if bar is None:
                return
            bars = Value("", UNKNOWN, False, scope.origin)
            scope.out.append(Call(bars, pullback, [bar], [], scope.origin))
            self.distribute(scope, s, bars)

        return forward, backward

    def distribute(self, scope: Scope, s: Call, bars: Value) -> None:
        """`callee_bar, *argument_bars, keyword_bars = bars`"""

        def part(key: int) -> Value:
            return scope.call(operator.getitem, bars, Const(key), type=UNKNOWN)

        if is_active(s.callee, self.active):
            scope.add(s.callee, part(0))
        starred = [a.operand for a in s.args if isinstance(a, Splat)]
        if starred:
            pattern = Const("".join("*" if isinstance(a, Splat) else "." for a in s.args))
            bars = scope.call(tree.split_bars, bars, pattern, *starred, type=UNKNOWN)
        for i, a in enumerate(s.args):
            operand = a.operand if isinstance(a, Splat) else a
            if i == 0 and self.gives_back(s, scope):
                continue
            if is_active(operand, self.active):
                self.receive_dynamic(scope, operand, part(i + 1))
        for k, operand in s.kwargs:
            if is_active(operand, self.active):
                named = part(-1)
                if k is not None:
                    named = scope.call(tree.tangent_item, named, Const(k), type=UNKNOWN)
                self.receive_dynamic(scope, operand, named)

    def receive_dynamic(self, scope: Scope, primal: Operand, bar: Operand) -> None:
        """A cotangent from run time may be None: a number's is made zeros."""
        assert isinstance(primal, Value)
        if is_number(primal.type):
            bar = scope.call(tree.instantiate, bar, primal, type=cotangent_type(primal.type))
        scope.add(primal, bar)


def is_broadcast(scope: Scope, bar: Operand) -> bool:
    """Was this just made of a number, by `np.broadcast_to`?"""
    s = scope.out[-1] if scope.out else None
    known = isinstance(s, Call) and s.target is bar and isinstance(s.callee, Const)
    return known and s.callee.value is np.broadcast_to  # type: ignore[union-attr]


# -- questions ---------------------------------------------------------------------------------------


def needed_for(statements: list[Statement], results: list[Operand | None]) -> set[int]:
    """The ids of the statements on which the results depend."""
    from adjoint.ir.nodes import blocks_of, operands_of, used_values, yields_of

    wanted = {r for r in results if isinstance(r, Value)}
    needed: set[int] = set()
    for s in reversed(statements):
        if any(t in wanted for t in targets_of(s)):
            needed.add(id(s))
            wanted |= {o for o in [*operands_of(s), *yields_of(s)] if isinstance(o, Value)}
            for block in blocks_of(s):
                wanted |= used_values(block)
    return needed


# -- containers --------------------------------------------------------------------------------------


def take_items(scope: Scope, target: Value, items: dict[Any, Operand]) -> None:
    """The cotangent of a container goes to what it was built from."""
    entry = scope.take_sum(target)
    if entry is None:
        return
    for key, operand in items.items():
        part = entry.parts.get(key)
        if part is not None:
            scope.add_rest(operand, part.term)
        if entry.term is not None and isinstance(operand, Value):
            bar = scope.call(tree.tangent_item, entry.term, Const(key), type=UNKNOWN)
            add_unknown(scope, operand, bar)


def take_attribute(scope: Scope, s: Call) -> None:
    """`owner.name = value`: the value takes its attribute's cotangent, the owner the rest."""
    owner, name, value = s.args
    entry = scope.take_sum(s.target)
    if entry is None:
        return
    assert isinstance(name, Const) and isinstance(owner, Value) and not isinstance(value, Splat)
    part = entry.parts.pop(name.value, None)
    if part is not None:
        scope.add(value, part.term)
    if entry.term is not None:
        if isinstance(value, Value):
            bar = scope.call(tree.tangent_field, entry.term, name, type=UNKNOWN)
            add_unknown(scope, value, bar)
        scope.add(owner, scope.call(tree.without_field, entry.term, name, type=UNKNOWN))
    for key, rest in entry.parts.items():
        scope.add_part(owner, key, Const(None), rest.term)


def take_unpacked(scope: Scope, s: Call) -> None:
    """`a, b = x`: the cotangents of the items, as one of `x`."""
    entry = scope.take_sum(s.target)
    if entry is None:
        return
    x = s.args[0]
    assert isinstance(x, Value) and isinstance(s.target.type, TupleOf)
    bars = scope.whole(s.target, entry)
    assert bars is not None
    whole = scope.call(tree.iterable_cotangent, bars, x, type=cotangent_type(x.type))
    scope.add(x, whole, owned=True)
