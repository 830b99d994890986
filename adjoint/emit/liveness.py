"""Which values must not share a name: one is assigned while the other is still to be read.

A walk backwards over the structured IR as it will be printed: nested expressions read where they
are printed, and the values that cross the border of a block are assigned by copies at its end.
Each loop-carried variable is a *slot*, a value of its own: assigned before the loop and at the end
of each iteration, read at the start of an iteration (into `carried`), by the test, and after the
loop (into `targets`). Most of these copies vanish because both sides get the same name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from adjoint.emit import callees
from adjoint.emit.nesting import is_augmented
from adjoint.emit.plan import Plan
from adjoint.ir import nodes as ir

Live = set[ir.Value]
Copies = Sequence[tuple[ir.Value, ir.Operand]]
Site = tuple[ir.Statement, int | str]  # a place where values are copied: a statement and which end


class Interference:
    """`conflicts[v]` are the values that must have another name than `v`."""

    def __init__(self, function: ir.Function, plan: Plan) -> None:
        self.plan = plan
        self.conflicts: defaultdict[ir.Value, set[ir.Value]] = defaultdict(set)
        self.order: list[ir.Value] = []  # every value that is assigned, last one first
        self.pinned = pinned_values(function)
        self.needed: set[tuple[Site, ir.Value]] = set()  # the copies that somebody reads
        self.copies: list[tuple[ir.Value, ir.Operand]] = []
        self._renamed: dict[ir.Value, ir.Value] = {}
        live = self._block(function.body, self._leaves(function.body.results) | self.pinned)
        self._define(reversed(function.inputs), live)

    def _leaves(self, operands: Iterable[ir.Operand | None]) -> Live:
        return {self._renamed.get(v, v) for v in self.plan.leaves(operands)}

    def _define(
        self, values: Iterable[ir.Value], live: Live, same: ir.Operand | None = None
    ) -> None:
        """`values` are assigned at once; `live` are needed after; `same` holds the same object."""
        values = list(values)
        for value in values:
            self.order.append(value)
            for other in live.union(values):
                if other is not value and other is not same:
                    self.conflicts[value].add(other)
                    self.conflicts[other].add(value)

    def _copy(self, copies: Copies, live: Live, site: Site) -> Live:
        """Copies that happen at once, of those that are needed; gives what is live before them."""
        needed = [(target, source) for target, source in copies if target in live]
        for target, source in needed:
            self._define([target], live, source)
            self.needed.add((site, target))
            self.copies.append((target, source))
        return (live - {t for t, _ in needed}) | self._leaves(s for _, s in needed)

    # -- statements --------------------------------------------------------------------------------

    def _block(self, block: ir.Block, live: Live) -> Live:
        later: Live = set()
        for statement in reversed(block.statements):
            if isinstance(statement, ir.Closure):
                live = self._closure(statement, live, later)
                later.add(statement.target)
            elif self.plan.is_printed(statement):
                live = self._statement(statement, live)
        return live

    def _statement(self, statement: ir.Statement, live: Live) -> Live:
        if isinstance(statement, ir.If) and statement not in self.plan.ternary:
            return self._branch(statement, live)
        if isinstance(statement, ir.Loop) and statement not in self.plan.comprehensions:
            return self._loop(statement, live)
        if isinstance(statement, ir.Try):
            return self._try(statement, live)
        assert not isinstance(statement, ir.Closure)
        reads = self._leaves(ir.operands_of(statement))
        targets, same, kept = self.plan.targets(statement), None, set()
        if isinstance(statement, ir.If):
            index = self.plan.ternary_index(statement)
            reads |= self._leaves(b.results[index] for b in ir.blocks_of(statement))
            targets = [statement.targets[index]]
        elif isinstance(statement, ir.Loop):
            inner = self._leaves(statement.gathers[0].elements)
            self._define(statement.items, inner | live)
            reads |= inner - set(statement.items)
        elif is_augmented(statement) or callees.is_call_of(statement, "add_into"):
            kept = reads - {statement.args[0]}
        elif callees.runtime_name(statement.callee) in callees.OWNER_RETURNED:
            same = statement.args[0] if isinstance(statement.args[0], ir.Value) else None
        self._define(targets, live | kept, same)
        return (live - set(targets)) | reads

    def _closure(self, closure: ir.Closure, live: Live, later: Live) -> Live:
        """`later` are the closures that follow in the block: this one may refer to them."""
        read = self._leaves(closure.captures) - later - {closure.target}
        self._define([closure.target], live | read)
        return (live - {closure.target}) | read | self._leaves(closure.defaults.values())

    def _branch(self, branch: ir.If, live: Live) -> Live:
        before: Live = set()
        inner = [ir.defined_values(block) for block in ir.blocks_of(branch)]
        for index, block in enumerate(ir.blocks_of(branch)):
            pairs = list(zip(branch.targets, block.results, strict=True))
            copied = self._copy(pairs, live - inner[1 - index], (branch, index))
            before |= self._block(block, copied)
        return (before - inner[0] - inner[1] - set(branch.targets)) | self._leaves(
            [branch.condition]
        )

    def _try(self, statement: ir.Try, live: Live) -> Live:
        def copies(block: ir.Block, path: int) -> Copies:
            pairs: list[tuple[ir.Value, ir.Operand]] = list(
                zip(statement.targets, block.results, strict=True)
            )
            return pairs + (
                [(statement.path, ir.Const(path))] if statement.path is not None else []
            )

        caught = self._leaves(h.exceptions for h in statement.handlers)
        for path, handler in enumerate(statement.handlers, 1):
            named = {handler.name} - {None}  # Python unbinds the name when the handler ends
            site = (statement, path)
            at_end = self._copy(copies(handler.block, path), live | named, site)  # type: ignore
            entry = self._block(handler.block, at_end | named)  # type: ignore[arg-type]
            self._define(named, entry | live)  # type: ignore[arg-type]
            caught |= entry - named - ir.defined_values(handler.block)
        at_end = self._copy(copies(statement.body, 0), live | caught, (statement, 0))
        before = self._block(statement.body, at_end | caught)
        return before - set(ir.targets_of(statement)) - ir.defined_values(statement.body)

    def _loop(self, loop: ir.Loop, live: Live) -> Live:
        slots = self.plan.slots[loop]
        stop, _ = self.plan.stops.get(loop, (loop.stop, False))
        lists = {g.target for g in loop.gathers}
        at_exit = (
            self._copy(list(zip(loop.targets, slots, strict=True)), live, (loop, "exit")) | lists
        )
        inner = ir.defined_values(loop.body) | set(loop.items) | set(loop.carried)
        header, size = set(at_exit), -1
        while size != len(header):
            size = len(header)
            at_end = self._leaves([stop]) | header | (at_exit if stop is not None else set())
            now = self._copy(
                list(zip(slots, loop.body.results, strict=True)), at_end, (loop, "end")
            )
            now = self._block(
                loop.body, now | lists | self._leaves(e for g in loop.gathers for e in g.elements)
            )
            now = self._copy(list(zip(loop.carried, slots, strict=True)), now, (loop, "start"))
            self._define(loop.items, now)
            now = now - set(loop.items)
            if loop.test is not None:
                now = self._test(loop, now | at_exit)
            header |= (now | at_exit) - inner
        before = header | self._leaves([loop.iterable])
        self._define([g.target for g in loop.gathers], before)
        return self._copy(
            list(zip(slots, loop.inits, strict=True)), before - lists, (loop, "entry")
        )

    def _test(self, loop: ir.Loop, live: Live) -> Live:
        """The test reads the slots: the carried names are assigned after it."""
        assert loop.test is not None
        outer = self._renamed
        self._renamed = outer | dict(zip(loop.carried, self.plan.slots[loop], strict=True))
        live = self._block(loop.test, live | self._leaves(loop.test.results))
        self._renamed = outer
        return live


def pinned_values(function: ir.Function) -> set[ir.Value]:
    """What nested `def`s read by name: it must keep its name until the function ends.

    A closure that captures something of a loop it is in gets its values as arguments of a factory
    instead (see `needs_factory`), so these are not among them.
    """
    pinned: set[ir.Value] = set()
    loop_values: set[ir.Value] = set()
    for statement in ir.walk(function.body):
        if isinstance(statement, ir.Loop):
            loop_values |= ir.defined_values(ir.Block([statement])) - set(ir.targets_of(statement))
    for statement in ir.walk(function.body):
        if isinstance(statement, ir.Closure) and statement.function.code is None:
            captured = {c for c in statement.captures if isinstance(c, ir.Value)}
            if not captured & loop_values:
                pinned |= captured
    return pinned


def closures_needing_factory(function: ir.Function) -> set[ir.Closure]:
    """Generated closures made in a loop that capture what differs between iterations."""
    found: set[ir.Closure] = set()
    for loop in ir.walk(function.body):
        if not isinstance(loop, ir.Loop):
            continue
        inner = ir.defined_values(ir.Block([loop])) - set(ir.targets_of(loop))
        for statement in ir.walk(loop.body):
            if isinstance(statement, ir.Closure) and statement.function.code is None:
                if inner & {c for c in statement.captures if isinstance(c, ir.Value)}:
                    found.add(statement)
    return found
