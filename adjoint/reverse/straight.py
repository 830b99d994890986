"""Calls, one by one: what each becomes in the forward half and what it adds to the reverse half."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from adjoint import contents, shadows, slots, tree
from adjoint.cursor import item_bar
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
    ListOf,
    Scalar,
    TupleOf,
    Unknown,
    is_number,
    literal,
    unliteral,
)
from adjoint.parts import refuse_assignment
from adjoint.reverse import control, iterators, loops, mutation, norms, sharing, state, text
from adjoint.reverse.closures import close_closure, close_together
from adjoint.reverse.containers import take_attribute, take_items, take_unpacked
from adjoint.reverse.control import refuse_carried
from adjoint.reverse.cotangents import Scope, bar_name, conform, cotangent_type
from adjoint.reverse.hoist import structural_read
from adjoint.rules import registry
from adjoint.rules.activity import is_active, is_constant
from adjoint.rules.aliasing import Memory
from adjoint.rules.calls import (
    always_there,
    gives_text,
    is_exception,
    is_item,
    missing,
    missing_of,
    static_operands,
    takes_text,
    touches,
    underived,
    without_rule,
)
from adjoint.rules.creation import in_form_of
from adjoint.rules.dispatch import apply_rule
from adjoint.rules.memory import (
    LOADS,
    changed_operand,
    is_shared,
    shares_memory,
    written_operand,
)
from adjoint.rules.refusals import refuse_at_run_time, refuse_hooked, refuse_read
from adjoint.rules.signatures import operand_type
from adjoint.runtime import (
    ClassBody,
    check_bound,
    iterated,
    make_dict,
    make_list,
    make_tuple,
    set_attribute,
    set_item,
    unpack_sequence,
    yield_value,
)

if TYPE_CHECKING:
    from adjoint.reverse.program import Expansion

Backward = Callable[[Scope], None]
Steps = list[tuple[Statement, Backward]]
Watch = Callable[["Reverser", Scope, Operand, Operand], None]


class Reverser:
    """One reversal: which values are active, and how a call is expanded into its rule."""

    def __init__(
        self,
        active: set[Value],
        selected: set[Value],
        expand: Callable[[Call, bool], Expansion | None],
        memory: Memory,
        watch: Watch | None = None,
    ) -> None:
        self.active, self.selected, self.expand = active, selected, expand
        self.memory, self.watch = memory, watch
        self.checked: set[int] = set()  # statements of rules, whose residuals were looked at
        self.unchanged: set[Operand] = set()  # read by others, and not written to in between
        self.definitions: dict[Value, Call] = {}
        self.known_origins: dict[Value, frozenset[Value]] = {}
        self.statements: list[Statement] = []  # of the block that is being reversed
        self.caught: set[Value] = set()  # the exceptions of handlers, gone after these
        self.seed: Value  # the cotangent of the program's result

    def forward(self, block: Block) -> tuple[Block, Steps]:
        """The forward half of a block, and the steps that write its reverse half, in forward order."""
        statements: list[Statement] = []
        steps: Steps = []
        for statement in block.statements:
            self.statements = block.statements
            new, backward = self.whole(statement, *self.statement(statement))
            statements += new
            if backward is not None:
                steps.append((statement, backward))
        return Block(statements, list(block.results)), steps

    def whole(
        self, s: Statement, forward: list[Statement], backward: Backward | None
    ) -> tuple[list[Statement], Backward | None]:
        """Note what containers that change hold where they are made, and where all of one is read."""
        if backward is None or not self.memory.stateful or not isinstance(s, Call):
            return forward, backward
        made = state.note(self, s.target) if state.is_made(s) else []
        read = {o: state.note(self, o)[0] for o in state.read_whole(self, s)}
        if not made and not read:
            return forward, backward

        def noted(scope: Scope) -> None:
            for n in made:
                scope.before[s.target] = n.target
            scope.now = {o: n.target for o, n in read.items()}
            backward(scope)
            scope.now = {}

        return [*read.values(), *forward, *made], noted

    def backward(self, steps: Steps, scope: Scope) -> None:
        for statement, step in reversed(steps):
            scope.origin = statement.origin
            step(scope)

    def statement(self, s: Statement) -> tuple[list[Statement], Backward | None]:
        if isinstance(s, Call) and self.gives(s):
            return [s], lambda scope: self.take_item(s, scope)
        if isinstance(s, Call) and isinstance(s.callee, Const):
            refuse_at_run_time(s, self.memory, self.active)
            refuse_hooked(s, self.memory, self.active)
            if s.callee.value is slots.read_elsewhere:
                refuse_read(s, self.active)
                return [], None
        if is_shared(s):
            return sharing.call(self, s) if sharing.is_reached(self, s) else ([s], None)  # type: ignore[arg-type]
        if isinstance(s, Call) and (owner := written_operand(s)) is not None:
            return mutation.write(self, s) if is_active(owner, self.active) else ([s], None)
        if isinstance(s, Call) and (owner := changed_operand(s)) is not None:
            return state.change(self, s) if is_active(owner, self.active) else ([s], None)
        if isinstance(s, If | Loop | Try) and (
            touches(s, self.active) or sharing.is_inside(self, s)
        ):
            pass
        elif not any(t in self.active for t in targets_of(s)) and not self.gives(s):
            return [s], None
        if isinstance(s, Call):
            return self.call(s)
        if isinstance(s, If):
            return control.branch(self, s)
        if isinstance(s, Loop):
            return loops.loop(self, s)
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

    def gives(self, s: Statement) -> bool:
        """Does a generator yield a value here that has a derivative?"""
        return any(
            isinstance(each, Call)
            and isinstance(each.callee, Const)
            and each.callee.value is yield_value
            and is_active(each.args[0], self.active)  # type: ignore[arg-type]
            for each in walk(Block([s]))
        )

    def take_item(self, s: Call, scope: Scope) -> None:
        """The cotangent of what a generator has yielded: one of those of its items."""
        bars = scope.call(tree.tangent_item, self.seed, Const(0), type=UNKNOWN)
        bar = scope.call(item_bar, bars, s.target, type=UNKNOWN)
        scope.add(s.args[0], bar)  # type: ignore[arg-type]

    def call(self, s: Call) -> tuple[list[Statement], Backward | None]:
        if not any(is_active(o, self.active) for o in operands_of(s)) or is_constant(s):
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
        if self.indexing_list(s):
            return [s], lambda scope: self.scatter_item(s, scope)
        if iterators.is_iterator(self, s):
            return iterators.iterator(self, s)
        if isinstance(s.callee, Const) and s.args and self.changes_items(s.args[0]):  # type: ignore[arg-type]
            special = {contents.view: state.viewed, contents.get: state.got}.get(s.callee.value)
            if s.callee.value is iterated and self.memory.shares:
                special = state.standing
            if special is not None:
                return special(self, s)
        if is_item(s) and self.changes_items(s.args[0]):  # type: ignore[arg-type]
            return state.item_read(self, s)
        if is_exception(s):
            return [s], lambda scope: refuse_carried(scope, scope.take_rest(s.target))
        if isinstance(s.callee, Const) and isinstance(s.callee.value, ClassBody):
            raise UnsupportedSyntaxError(
                "a class inside this function captures a value that may have a derivative",
                s.origin,
                "Pass the value to the constructor, or to the methods.",
            )
        unknown = underived(s, self.active)
        if unknown is not None:
            return [missing_of(s, unknown)], None
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
        if function is slots.cell_of:
            return lambda scope: None  # what it holds changes: its cotangent is in a slot
        if function is check_bound:
            return lambda scope: scope.add_rest(plain[0], scope.take_rest(s.target))
        if function in (make_tuple, make_list):
            changes = function is make_list and self.changes_items(s.target)
            return lambda scope: take_items(scope, s.target, dict(enumerate(plain)), changes)
        if isinstance(function, type) and isinstance(s.target.type, TupleOf) and not s.kwargs:
            return lambda scope: take_items(scope, s.target, dict(enumerate(plain)))
        if function is make_dict and all(isinstance(k, Const) for k in plain[::2]):
            keys = [k.value for k in plain[::2]]  # type: ignore[union-attr]
            items = dict(zip(keys, plain[1::2], strict=True))
            return lambda scope: take_items(scope, s.target, items, self.changes_items(s.target))
        if function is set_attribute and isinstance(s.target.type, Instance):
            name = plain[1].value  # type: ignore[union-attr]
            if is_active(plain[2], self.active):
                refuse_assignment(s.target.type.cls, name, s.origin)
            changes = self.memory.is_changed(s.target) and name in self.memory.names
            return lambda scope: take_attribute(scope, s, changes)
        if function in LOADS and self.memory.is_changed(plain[0]):
            return lambda scope: state.read(scope, s)
        if function is slots.load_attribute and isinstance(operand_type(plain[0]), Instance):
            # Of a class of objects that change this is none that does.
            owner, key = plain[0], plain[1].value  # type: ignore[union-attr]
            return lambda scope: scope.add_part(owner, key, s.target, scope.take_rest(s.target))
        read = structural_read(s)
        if read is not None:
            key = s.args[1].value  # type: ignore[union-attr]
            return lambda scope: scope.add_part(read[0], key, s.target, scope.take_rest(s.target))
        if function is unpack_sequence and isinstance(s.target.type, TupleOf) and len(args) == 2:
            return lambda scope: take_unpacked(scope, s)
        return None

    def changes_items(self, value: Value) -> bool:
        """Are the cotangents of this list's or dict's items in slots?"""
        return self.memory.is_changed(value) and slots.ITEMS in self.memory.names

    def changes_list(self, value: object) -> bool:
        """Is this a list, with the cotangents of its items in slots?"""
        return (
            isinstance(value, Value)
            and isinstance(value.type, ListOf)
            and self.changes_items(value)
        )

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
        if isinstance(operand_type(bar), Unknown):
            bar = scope.call(tree.instantiate, bar, s.target, type=UNKNOWN)
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

    def indexing_list(self, s: Call) -> bool:
        """`x[i]` of a list that stays as it is: accumulated in place, never through a list of its own."""
        if not isinstance(s.callee, Const) or s.callee.value is not operator.getitem or s.kwargs:
            return False
        kind, index = operand_type(s.args[0]), unliteral(operand_type(s.args[1]))  # type: ignore[arg-type]
        whole = isinstance(index, Scalar) and issubclass(index.cls, int | np.integer)
        return whole and type(kind) is ListOf and not self.changes_list(s.args[0])

    def scatter_item(self, s: Call, scope: Scope) -> None:
        bar = self.received(s, scope)
        x, index = s.args
        assert not isinstance(x, Splat) and not isinstance(index, Splat)
        if bar is None or not isinstance(x, Value) or not is_active(x, self.active):
            return
        if scope.is_shadowed(x):
            whole = scope.call(tree.accumulate_item, Const(None), x, index, bar, type=UNKNOWN)
            scope.add(x, whole)
            return
        term, owned = scope.peek(x)
        entry = scope.sum_of(x)
        if term is not None and not owned:
            term = scope.call(tree.listed, term, x, type=UNKNOWN)
        start = Const(None) if term is None else term
        entry.term = scope.call(
            tree.accumulate_item, start, x, index, bar, type=UNKNOWN, name=bar_name(x)
        )
        entry.owned = True
        scope.in_place.add(x)

    # -- rules known while compiling --

    def inline(self, s: Call, expansion: Expansion) -> tuple[list[Statement], Backward]:
        """The rule's own statements: some before the reverse half begins, some in it."""
        if expansion.primal is None:
            raise AssertionError(f"the rule of {s.callee} does not call it")
        forward, env = self.residuals(s, expansion, s)

        def backward(scope: Scope) -> None:
            bar = self.received(s, scope)
            if bar is not None:
                if isinstance(s.target.type, TupleOf) and isinstance(operand_type(bar), Unknown):
                    count = Const(len(s.target.type.items))
                    bar = scope.call(tree.bars_of_results, bar, count, type=UNKNOWN)
                skipped = (0,) if self.gives_back(s, scope) else ()
                self.pull_back(s, expansion, env, bar, scope, skipped)

        return forward, backward

    def gives_back(self, s: Call, scope: Scope) -> bool:
        """Does a call of ours add to its first operand and return it, both with one shadow?"""
        known = isinstance(s.callee, Const) and s.callee.value in (tree.index_add, tree.add_into)
        return known and scope.is_shadowed(s.target)

    def received(self, s: Call, scope: Scope) -> Operand | None:
        """The cotangent of a call's result; of a possible view, only if it was none."""
        if scope.is_shadowed(s.target) and shares_memory(s, self.memory.holds):
            operands = [o for o in operands_of(s) if isinstance(o, Value)]
            owners = [o for o in operands if scope.is_shadowed(o)]
            y = s.target
            if not owners and isinstance(y.type, Array):
                return scope.take(y)
            whole: Operand = Const(None)
            if owners:
                several = (
                    scope.call(shadows.together, *owners, type=UNKNOWN) if owners[1:] else None
                )
                whole = owners[0] if several is None else several
            found = scope.shadows_value()
            if not isinstance(y.type, Array):
                rest = scope.take_rest(y)
                rest = Const(None) if rest is None else rest
                apart = [] if self.gives_back(s, scope) else [whole]
                held, arrays = scope.before.get(y, y), self.memory.is_written(y)
                return scope.of_whole(slots.collect_once, held, rest, *apart, arrays=arrays)
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
        alone = len(frozenset().union(*map(self.shape_origins, operands))) < 2
        for i in wanted:
            contribution = lookup(expansion.bars[i], local)  # type: ignore[arg-type]
            made = next((s for s in written.statements if contribution in targets_of(s)), None)
            own = (
                isinstance(made, Call)
                and contribution not in read
                and (not shares_memory(made) or is_broadcast(scope, contribution))
            )
            own = own and expansion.bars.count(expansion.bars[i]) == 1
            self.contribute(scope, operands[i], contribution, own, alone, bar)

    def shape_origins(self, operand: Operand) -> frozenset[Value]:
        """The arrays that an operand has its shape from: through elementwise functions, as far as known."""
        if not isinstance(operand, Value) or not isinstance(operand_type(operand), Array):
            return frozenset()
        if operand not in self.known_origins:
            made = self.definitions.get(operand)
            known = made is not None and isinstance(made.callee, Const)
            declared = registry.lookup(made.callee.value) if known else None  # type: ignore[union-attr]
            through = declared is not None and declared.kind == "partials"
            parts = map(self.shape_origins, made.args) if through else ({operand},)  # type: ignore[union-attr,arg-type]
            self.known_origins[operand] = frozenset().union(*parts)
        return self.known_origins[operand]

    def contribute(
        self,
        scope: Scope,
        primal: Operand,
        bar: Operand,
        own: bool = False,
        alone: bool = True,
        pulled: Operand | None = None,
    ) -> None:
        """Add what a rule returned for an operand, in the operand's form; it was given `pulled`."""
        if not isinstance(primal, Value):
            return
        if is_number(primal.type) and isinstance(operand_type(bar), Unknown):
            bar = scope.call(tree.instantiate, bar, primal, type=cotangent_type(primal.type))
        elif is_number(primal.type):
            conformed, made = conform(scope, bar, primal, alone)
            own = made or own or conformed is not bar and is_broadcast(scope, conformed)
            bar = conformed
        elif isinstance(
            primal.type, Unknown
        ):  # a number, an array or a list that was written into an array
            bar, own = scope.call(in_form_of, bar, primal, type=UNKNOWN), False
        if self.watch is not None and pulled is not None and bar is not pulled:
            self.watch(self, scope, primal, bar)
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
            *mutation.result_of(self, s, both),
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
        if self.watch is not None:
            self.watch(self, scope, primal, bar)
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
