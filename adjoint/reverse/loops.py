"""Loops, reversed: from the last iteration to the first, with what each of them kept.

for x in xs: y = f(x)      for x in reversed(tape): x_bar = …; x_bars.append(x_bar)
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from adjoint import contents, tree
from adjoint.ir.clone import lookup
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Gather,
    Loop,
    Operand,
    Statement,
    Value,
    defined_values,
    free_values,
    substitute,
)
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    IteratorOf,
    ListOf,
    Scalar,
    TupleOf,
    is_number,
    literal,
)
from adjoint.reverse import iterators, state
from adjoint.reverse.control import definitions_in
from adjoint.reverse.cotangents import Scope, bar_name, cotangent_type
from adjoint.reverse.indices import rebuild
from adjoint.rules.activity import is_active
from adjoint.rules.signatures import operand_type
from adjoint.runtime import make_tuple

if TYPE_CHECKING:
    from adjoint.reverse.straight import Backward, Reverser


def loop(reverser: Reverser, s: Loop) -> tuple[list[Statement], Backward]:
    columns = iterators.columns(reverser, s.iterable, len(s.items)) if s.unpack else None
    body, steps = reverser.forward(s.body)
    before, iterable = state.iterated(reverser, s)
    new = Loop(body, s.carried, s.inits, s.targets, iterable, s.items, s.unpack, s.test, s.stop,
               list(s.gathers), s.origin)  # fmt: skip
    changed = [g.target for g in s.gathers if reverser.changes_items(g.target)]
    counts = {v: Value("", Scalar(int), False, s.origin) for v in changed}
    after = [Call(n, Const(len), [v], [], s.origin) for v, n in counts.items()]

    def backward(scope: Scope) -> None:
        LoopReversal(reverser, new, scope, s.iterable, counts, columns).write(steps)

    return [*before, new, *after], backward


class LoopReversal:
    """Writes the reverse of one loop into a scope."""

    def __init__(
        self,
        reverser: Reverser,
        forward: Loop,
        scope: Scope,
        iterable: Operand | None,
        counts: dict[Value, Value],
        columns: list[Operand | None] | None,
    ) -> None:
        self.reverser, self.forward, self.scope = reverser, forward, scope
        self.iterable = iterable  # what the program iterates over
        self.columns = columns  # where its items come from, one by one, if that is known
        self.counts = (
            counts  # of the lists that the loop builds and that change later, their lengths
        )
        local = defined_values(forward.body) | set(forward.carried) | set(forward.items)
        self.inner = Scope(local, scope, carries=True, origin=forward.origin)
        self.carried: list[Value] = []
        self.inits: list[Operand] = []
        self.results: list[Operand] = []

    def write(self, steps: list) -> None:
        s, inner = self.forward, self.inner
        active = [i for i, c in enumerate(s.carried) if self.is_carried(c)]
        for i in active:
            self.carry_in(i)
        gathered = self.gathered_bars()
        self.reverser.backward(steps, inner)
        for i in active:
            self.results.append(self.final(s.carried[i]))
        collected = self.item_bars()
        accumulated = self.accumulators()
        if not self.carried and not collected and not inner.out:
            return
        targets = [Value(c.name, c.type, c.named, s.origin) for c in self.carried]
        block = Block(inner.out, self.results)
        reverse = Loop(block, self.carried, self.inits, targets, origin=s.origin)
        reverse.gathers = [gather for _, gather in collected]
        self.iterate(reverse, gathered)
        self.scope.out.append(reverse)
        self.deliver(active, targets, accumulated, collected)

    def is_carried(self, value: Value) -> bool:
        """Has a carried value a cotangent of its own, not in the shadow of its memory?"""
        shadowed = self.inner.is_shadowed(value) and isinstance(value.type, Array)
        return value in self.reverser.active and not shadowed

    def final(self, value: Value) -> Operand:
        if self.inner.is_shadowed(value):
            return self.inner.take_rest(value) or Const(None)
        return self.inner.final(value)

    def carry_in(self, i: int) -> None:
        """The cotangent of a carried value after an iteration; at first, that after the loop."""
        s = self.forward
        target = s.targets[i]
        bar = Value(
            bar_name(s.carried[i]), cotangent_type(s.carried[i].type), s.carried[i].named, s.origin
        )
        self.carried.append(bar)
        if self.scope.is_shadowed(target):
            self.inits.append(self.scope.take_rest(target) or Const(None))
        else:
            self.inits.append(self.scope.final(target))
        self.inner.add_rest(s.body.results[i], bar)

    def gathered_bars(self) -> list[tuple[Value, Operand]]:
        """For each list that the loop builds: the item's cotangent, and the list of them reversed."""
        out: list[tuple[Value, Operand]] = []
        for gather in self.forward.gathers:
            if gather.target not in self.reverser.active:
                continue
            bar = self.scope.take_rest(gather.target)
            if gather.target in self.counts:
                operands = [self.scope.shadows_value(), gather.target, self.counts[gather.target]]
                bars = self.scope.call(contents.take_items, *operands, type=UNKNOWN)
            elif bar is None:
                continue
            else:
                bars = self.scope.call(tree.listed, bar, gather.target, type=UNKNOWN)
            backwards = self.scope.call(reversed, bars, type=UNKNOWN)
            element = gather.elements[0]
            item = Value(bar_name(element) if isinstance(element, Value) else "item_bar", UNKNOWN)
            out.append((item, backwards))
            if gather.pack:
                for i, e in enumerate(gather.elements):
                    part = self.inner.call(tree.tangent_item, item, Const(i), type=UNKNOWN)
                    self.add_item(e, part)
            else:
                self.add_item(element, item)
        return out

    def add_item(self, primal: Operand, bar: Operand) -> None:
        if not is_active(primal, self.reverser.active):
            return
        assert isinstance(primal, Value)
        if is_number(primal.type):
            kind = cotangent_type(primal.type)
            zero = self.inner.zero(primal) if isinstance(kind, Scalar) else primal
            bar = self.inner.call(tree.instantiate, bar, zero, type=kind)
        self.inner.add_rest(primal, bar)

    def item_bars(self) -> list[tuple[Operand, Gather]]:
        """The cotangents of the loop's items, gathered (last first), beside what gave the items."""
        s = self.forward
        if s.iterable is None or not is_active(self.iterable, self.reverser.active):  # type: ignore[arg-type]
            return []
        bars = [self.inner.take_rest(v) for v in s.items]
        if all(b is None for b in bars):
            return []
        if self.columns is None:
            operands: list[Operand] = [Const(None) if b is None else b for b in bars]
            name = bars_name(s.items[0])
            if s.unpack:
                operands = [self.inner.call(make_tuple, *operands, type=UNKNOWN)]
                name = "items_bar"
            return [(self.iterable, self.gathered(name, operands))]  # type: ignore[list-item]
        return [
            (column, self.gathered(bars_name(item), [bar]))
            for item, bar, column in zip(s.items, bars, self.columns, strict=True)
            if column is not None and bar is not None and is_active(column, self.reverser.active)
        ]

    def gathered(self, name: str, operands: list[Operand]) -> Gather:
        return Gather(Value(name, ListOf(None, UNKNOWN), False, self.forward.origin), operands)

    def accumulators(self) -> list[Value]:
        """Carry the sums of contributions to values from outside the loop."""
        values = list(self.inner.outer)
        for value in values:
            start, owned = self.scope.peek(value)
            if start is None:
                start = self.scope.zero(value)
            elif not owned and isinstance(value.type, Array):
                start = self.scope.call(tree.copied, start, type=cotangent_type(value.type))
            elif not owned and value in self.scope.in_place:
                start = self.scope.call(tree.listed, start, value, type=UNKNOWN)
            accumulator = self.inner.outer[value]
            assert isinstance(accumulator, Value)
            self.carried.append(accumulator)
            self.inits.append(start)
            term, owned = self.inner.peek(value)
            if term is not None and not owned and value in self.scope.in_place:
                term = self.inner.call(
                    tree.listed, term, value, type=UNKNOWN
                )  # the next turn adds to it
            self.results.append(accumulator if term is None else term)
        return values

    def deliver(
        self,
        active: list[int],
        targets: list[Value],
        accumulated: list[Value],
        collected: list[tuple[Operand, Gather]],
    ) -> None:
        for value, target in zip(accumulated, targets[len(active) :], strict=True):
            entry = self.scope.sum_of(value)
            owned = isinstance(value.type, Array) or value in self.scope.in_place
            entry.term, entry.owned, entry.parts = target, owned, {}
        for i, target in zip(active, targets[: len(active)], strict=True):
            self.scope.add_rest(self.forward.inits[i], target)
        for iterable, gather in collected:
            assert isinstance(iterable, Value)
            last_first = Const(slice(None, None, -1))
            bars = self.scope.call(operator.getitem, gather.target, last_first, type=UNKNOWN)
            if self.reverser.changes_list(iterable):
                found = self.scope.shadows_value()
                self.scope.call(contents.add_items, found, iterable, bars, type=literal(None))
                continue
            self.scope.add(iterable, iterators.in_form(self.scope, bars, iterable))

    # -- what the reverse loop runs over --

    def iterate(self, reverse: Loop, gathered: list[tuple[Value, Operand]]) -> None:
        """Residuals: what the reverse body reads of the forward body is kept, one record an iteration."""
        s = self.forward
        local = (
            defined_values(s.body) | set(s.carried) | set(s.items)
        )  # with what branches now export
        rebuild(reverse.body, s.body, local)
        # What every iteration hands on as it is needs no record: it still is there after the loop.
        steady: dict[Value, Operand] = {
            c: target
            for c, target, result in zip(s.carried, s.targets, s.body.results, strict=False)
            if result is c
        }
        substitute(reverse.body, lambda o: lookup(o, steady))
        wanted = free_values(reverse.body) & local
        wanted |= {o for g in reverse.gathers for o in g.elements if isinstance(o, Value)} & local
        order = [*s.carried, *s.items, *definitions_in(s.body)]
        residuals = [v for v in order if v in wanted]
        copies = [Value(v.name, v.type, v.named, v.origin) for v in residuals]
        env: dict[Value, Operand] = dict(zip(residuals, copies, strict=True))
        substitute(reverse.body, lambda o: lookup(o, env))
        for g in reverse.gathers:
            g.elements = [lookup(e, env) for e in g.elements]
        if gathered:
            self.iterate_beside(reverse, gathered, residuals, copies)
        elif not residuals and self.sized():
            reverse.iterable, reverse.items = s.iterable, [Value("_", UNKNOWN, True)]
        elif residuals == s.items and not s.unpack and self.sized():
            reverse.iterable = self.scope.call(reversed, s.iterable, type=UNKNOWN)  # type: ignore[arg-type]
            reverse.items = copies
        else:
            tape = self.tape(list(residuals), pack=len(residuals) != 1)
            reverse.iterable = self.scope.call(reversed, tape, type=UNKNOWN)
            reverse.items, reverse.unpack = copies, len(copies) != 1
            if not copies:
                reverse.items, reverse.unpack = [Value("_", UNKNOWN, True)], False

    def iterate_beside(
        self,
        reverse: Loop,
        gathered: list[tuple[Value, Operand]],
        residuals: list[Value],
        copies: list[Value],
    ) -> None:
        """Beside the records run the cotangents of the lists that the loop built."""
        columns: list[Operand] = [backwards for _, backwards in gathered]
        items = [item for item, _ in gathered]
        for residual, copy in zip(residuals, copies, strict=True):
            tape = self.tape([residual], pack=False)
            columns.append(self.scope.call(reversed, tape, type=UNKNOWN))
            items.append(copy)
        if len(columns) == 1:
            reverse.iterable, reverse.items = columns[0], items
        else:
            reverse.iterable = self.scope.call(zip, *columns, type=UNKNOWN)
            reverse.items, reverse.unpack = items, True

    def tape(self, elements: list[Operand], pack: bool) -> Value:
        s = self.forward
        line = s.origin.line if s.origin is not None else 0
        name = f"loop_{line}"
        if not pack and isinstance(elements[0], Value) and elements[0].name and len(s.gathers):
            name = f"{elements[0].name}_{line}"
        element = TupleOf(tuple(map(operand_type, elements))) if pack else operand_type(elements[0])
        tape = Value(name, ListOf(None, element), True, s.origin)
        s.gathers.append(Gather(tape, elements, pack))
        return tape

    def sized(self) -> bool:
        """Can the iterable be iterated again, backwards, and was every item used?"""
        s = self.forward
        if (
            s.iterable is None
            or s.stop is not None
            or self.reverser.memory.is_changed(self.iterable)
        ):
            return False
        kind = operand_type(s.iterable)
        if isinstance(kind, IteratorOf):
            return kind.cls is range
        return isinstance(kind, Array | ListOf | TupleOf)


def bars_name(item: Value) -> str:
    """What the list of the cotangents of a loop's items is called."""
    return f"{item.name}_bars" if item.name else "items_bar"
