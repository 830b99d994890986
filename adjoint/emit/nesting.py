"""Which statements of the IR become part of a larger expression.

    %1 = matmul(x, W)          hidden = np.tanh(x @ W)
    %hidden = tanh(%1)

A pure call whose nameless target is read once, in the same block, moves into its reader, unless
something in between may write to memory or has another effect. Branches that only choose a value
become `a if c else b`, loops that only gather become comprehensions, and `unpack_sequence` with
the `getitem`s after it becomes `a, b = pair`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

from adjoint import slots
from adjoint.emit import callees
from adjoint.emit.plan import Plan, read_by
from adjoint.emit.stops import plan_stop
from adjoint.ir import nodes as ir
from adjoint.ir.types import Array

WIDTH = 88  # expressions stop growing here
_SHORT = (*callees.BINARY, *callees.COMPARE, *callees.UNARY, operator.getitem, getattr)


def plan_nesting(
    function: ir.Function, pure: Callable[[Any], bool], boundary: int | None = None
) -> Plan:
    """The plan of a function and of the functions generated inside it."""
    planner = _Planner(pure)
    planner.function(function, 1, boundary)
    return planner.plan


class _Planner:
    def __init__(self, pure: Callable[[Any], bool]) -> None:
        self.plan = Plan()
        self.pure = pure
        self.readers: dict[ir.Value, list[ir.Statement]] = {}
        self.widths: dict[ir.Value, int] = {}

    def function(self, function: ir.Function, depth: int, boundary: int | None = None) -> None:
        self._count(function)
        pending = self._block(function.body, depth, boundary)
        self._nest(pending, function.body.results, WIDTH - 4 * depth - 7)

    def _count(self, function: ir.Function) -> None:
        uses = self.plan.uses
        uses.update(o for o in function.body.results if isinstance(o, ir.Value))
        for statement in ir.walk(function.body):
            operands = ir.operands_of(statement) + ir.yields_of(statement)
            for operand in operands:
                if isinstance(operand, ir.Value):
                    uses[operand] += 1
                    self.readers.setdefault(operand, []).append(statement)

    # -- blocks ------------------------------------------------------------------------------------

    def _block(self, block: ir.Block, depth: int, boundary: int | None = None) -> dict:
        """Plan a block; gives the calls that could still move into what the block yields."""
        pending: dict[ir.Value, ir.Call | ir.If] = {}
        self._find_unpacking(block)
        for index, statement in enumerate(block.statements):
            if index == boundary:
                pending.clear()
            if statement in self.plan.skipped:
                continue
            self._inside(statement, depth)
            target = next(iter(self.plan.targets(statement)), None)
            room = WIDTH - 4 * depth - (len(target.name) + 3 if target and target.name else 0)
            if is_message(statement):  # a text is no shorter in pieces
                room = 1000
            self._nest(pending, self._accepting(statement, pending), room, statement)
            if self._has_effect(statement):
                pending.clear()
            elif target is not None and self._may_move(statement, target):
                pending[target] = statement  # type: ignore[assignment]
                self.widths[target] = self._width(statement)
        return pending

    def _may_move(self, statement: ir.Statement, target: ir.Value) -> bool:
        expression = isinstance(statement, ir.Call) or statement in self.plan.ternary
        if not expression or statement in self.plan.parts or target.named:
            return False
        if target.name and not is_attribute(statement):  # which is named after the attribute
            return False
        return self.plan.uses[target] == 1 or self._is_first_of_and_or(target)

    def _is_first_of_and_or(self, value: ir.Value) -> bool:
        readers = self.readers.get(value, [])
        if len(readers) != 2 or readers[0] is not readers[1]:
            return False
        return isinstance(readers[0], ir.If) and and_or(readers[0]) is not None

    def _accepting(self, statement: ir.Statement, pending: dict) -> list[ir.Operand]:
        """The operands in whose place an expression may stand."""
        if isinstance(statement, ir.Call):
            operands = ir.operands_of(statement)
            if is_augmented(statement) and self._is_item(statement, pending):
                return operands[1:]  # `x[i] += y`
            owned = callees.runtime_name(statement.callee) in callees.OWNER_RETURNED
            if owned or is_augmented(statement) or callees.is_call_of(statement, "check_bound"):
                return operands[2:]
            return operands
        if isinstance(statement, ir.If):
            condition = statement.condition
            twice = isinstance(condition, ir.Value) and self.plan.uses[condition] > 1
            return [] if twice and statement not in self.plan.ternary else [condition]
        if isinstance(statement, ir.Loop):
            return [statement.iterable] if statement.iterable is not None else []
        return []

    def _is_item(self, statement: ir.Call, pending: dict) -> bool:
        """Does an augmented assignment write to an item that is not looked at again?"""
        made = pending.get(statement.args[0])
        if not isinstance(made, ir.Call) or not isinstance(made.target.type, Array):
            return False
        unread = not self.plan.uses[statement.target] and not statement.target.named
        return unread and callees.is_call_of(made, operator.getitem)

    def _nest(
        self,
        pending: dict,
        operands: Iterable[ir.Operand],
        room: int,
        user: ir.Statement | None = None,
    ) -> None:
        """Move what is pending into its reader, as long as the line stays short."""
        found = [o for o in operands if isinstance(o, ir.Value) and o in pending]
        moved = list(dict.fromkeys(found))
        for value in moved:
            self.plan.nested[value] = pending[value]

        def width() -> int:
            return (
                self._width(user) if user is not None else sum(map(self._operand_width, operands))
            )

        while moved and width() > room:
            widest = max(moved, key=lambda v: self.widths[v])
            moved.remove(widest)
            del self.plan.nested[widest]
        for value in found:
            pending.pop(value, None)

    def _has_effect(self, statement: ir.Statement) -> bool:
        if isinstance(statement, ir.Call):
            if makes_error(statement):
                return False
            return callees.is_effectful(statement, self.pure)
        if isinstance(statement, ir.Try):
            return True
        return any(self._has_effect(s) for b in ir.blocks_of(statement) for s in b.statements)

    # -- regions -----------------------------------------------------------------------------------

    def _inside(self, statement: ir.Statement, depth: int) -> None:
        if isinstance(statement, ir.If):
            self._branch(statement, depth)
        elif isinstance(statement, ir.Loop):
            self._loop(statement, depth)
        elif isinstance(statement, ir.Try):
            for block in ir.blocks_of(statement):
                self._block(block, depth + 1)
        elif isinstance(statement, ir.Closure) and statement.function.code is None:
            self.function(statement.function, depth + 1)

    def _branch(self, statement: ir.If, depth: int) -> None:
        blocks = ir.blocks_of(statement)
        pending = [self._block(block, depth + 1) for block in blocks]
        if any((statement, index) in self.plan.breaks for index in range(2)):
            return
        used = [i for i, t in enumerate(statement.targets) if self.plan.uses[t]]
        if len(used) != 1:
            return
        chosen = [block.results[used[0]] for block in blocks]
        if any(isinstance(c, ir.Const) and c.value is ir.UNDEFINED for c in chosen):
            return
        if not all(map(self._is_consumed, blocks, pending, ([c] for c in chosen))):
            self._keep_chain(statement.orelse)
            return
        name = statement.targets[used[0]].name
        kept = [
            isinstance(c, ir.Value) and c.name == name and c not in p
            for c, p in zip(chosen, pending)
        ]
        if name and any(kept):
            return
        width = sum(map(self._operand_width, [statement.condition, *chosen])) + 10
        if width > WIDTH - 4 * depth - len(name) - 3:
            return
        moving = [c for c, p in zip(chosen, pending) if isinstance(c, ir.Value) and c in p]
        for each, value in zip(pending, chosen):
            self._nest(each, [value], WIDTH)
        if not all(value in self.plan.nested for value in moving):  # one was too wide
            for value in moving:
                self.plan.nested.pop(value, None)
            return
        self.plan.ternary.add(statement)

    def _keep_chain(self, orelse: ir.Block) -> None:
        """`if … elif … else`: the last two are no conditional expression if the first is none."""
        printed = [s for s in orelse.statements if self.plan.is_printed(s)]
        if len(printed) != 1 or printed[0] not in self.plan.ternary:
            return
        last = printed[0]
        assert isinstance(last, ir.If)
        if last.targets[self.plan.ternary_index(last)] in self.plan.nested:
            return
        self.plan.ternary.remove(last)
        for block in ir.blocks_of(last):
            for result in block.results:
                self.plan.nested.pop(result, None)  # type: ignore[arg-type]

    def _is_consumed(self, block: ir.Block, pending: dict, ends: list[ir.Operand]) -> bool:
        """Would nothing be left of the block if these of its results were nested?"""
        moving = {id(pending[e]) for e in ends if isinstance(e, ir.Value) and e in pending}
        return all(id(s) in moving or not self.plan.is_printed(s) for s in block.statements)

    def _loop(self, loop: ir.Loop, depth: int) -> None:
        self.plan.slots[loop] = [ir.Value(c.name, c.type, c.named) for c in loop.carried]
        if loop.test is not None:
            pending = self._block(loop.test, depth + 1)
            if self._is_consumed(loop.test, pending, loop.test.results):
                self.plan.simple_tests.add(loop)
            self._nest(pending, loop.test.results, WIDTH - 4 * depth)
        plan_stop(loop, self.plan)
        pending = self._block(loop.body, depth + 1)
        elements = [e for g in loop.gathers for e in g.elements]
        room = WIDTH - 4 * depth - 20
        if self._is_comprehension(loop, pending, elements):
            self.plan.comprehensions.add(loop)
            room = 2 * WIDTH  # it is known to fit
        self._nest(pending, elements, room)
        stop, _ = self.plan.stops.get(loop, (loop.stop, False))
        if stop is not None and not self.plan.leaves(_written(stop, pending)) & set(loop.carried):
            self._nest(pending, [stop], room)

    def _is_comprehension(self, loop: ir.Loop, pending: dict, elements: list[ir.Operand]) -> bool:
        if loop.carried or loop.stop is not None or loop.iterable is None or len(loop.gathers) != 1:
            return False
        room = WIDTH - 4 * 3 - self._operand_width(loop.iterable)
        short = sum(map(self._operand_width, elements)) + len(loop.items) * 8 < room
        return short and self._is_consumed(loop.body, pending, elements)

    # -- unpacking ---------------------------------------------------------------------------------

    def _find_unpacking(self, block: ir.Block) -> None:
        here = set(block.statements)
        for call in block.statements:
            if not isinstance(call, ir.Call) or not callees.is_call_of(call, "unpack_sequence"):
                continue
            counts: list[Any] = [a.value for a in call.args[1:] if isinstance(a, ir.Const)]
            if call.target.name or not counts or len(counts) != len(call.args) - 1:
                continue
            before, after = [*counts, None][:2]
            size = before if after is None else before + 1 + after
            items = self._items_of(call.target, here)
            if items is None or not all(0 <= index < size for index in items):
                continue
            self.plan.skipped.update(items.values())
            parts: list[ir.Value | None] = [None] * size
            for index, item in items.items():
                used = self.plan.uses[item.target] or item.target.named
                parts[index] = item.target if used else None
            self.plan.parts[call] = parts

    def _items_of(self, value: ir.Value, here: set) -> dict[int, ir.Call] | None:
        """The `value[0]`, `value[1]`, … of this block by index, if nothing else reads the value."""
        items: dict[int, ir.Call] = {}
        for reader in self.readers.get(value, []):
            if not callees.is_call_of(reader, operator.getitem) or reader not in here:
                return None
            assert isinstance(reader, ir.Call)
            index = reader.args[1]
            if not isinstance(index, ir.Const) or type(index.value) is not int:
                return None
            if index.value in items or reader.args[0] is not value:
                return None
            items[index.value] = reader
        return items

    # -- widths ------------------------------------------------------------------------------------

    def _operand_width(self, operand: ir.Operand | ir.Splat | None) -> int:
        if isinstance(operand, ir.Splat):
            return 1 + self._operand_width(operand.operand)
        if isinstance(operand, ir.Value):
            return (
                self.widths.get(operand, 0)
                if operand in self.plan.nested
                else len(operand.name) or 8
            )
        value = operand.value if operand is not None else ""
        name = getattr(value, "__name__", None)
        return len(name) + 3 if isinstance(name, str) else min(len(repr(value)), 30)

    def _width(self, statement: ir.Statement) -> int:
        """About how many columns a statement takes, from the names that the values ask for."""
        if not isinstance(statement, ir.Call):
            operands = ir.operands_of(statement)
            if isinstance(statement, ir.If) and statement in self.plan.ternary:
                operands += [
                    b.results[self.plan.ternary_index(statement)] for b in ir.blocks_of(statement)
                ]
            return 10 + sum(map(self._operand_width, operands))
        widths = [self._operand_width(a) for a in statement.args]
        widths += [len(k or "*") + 1 + self._operand_width(o) for k, o in statement.kwargs]
        callee = statement.callee
        if isinstance(callee, ir.Const) and any(callee.value is f for f in _SHORT):
            return sum(widths) + 3
        if callees.runtime_name(callee):  # brackets, braces, a dot
            return sum(w + 2 for w in widths)
        return self._operand_width(callee) + sum(w + 2 for w in widths)


def is_message(statement: ir.Statement) -> bool:
    """Does it put a text together, or make and raise an error of one?"""
    joins = callees.is_call_of(statement, "join_strings")
    return joins or callees.is_call_of(statement, "raise_exception") or makes_error(statement)


def makes_error(statement: ir.Statement) -> bool:
    """Is one of Python's own exceptions made?"""
    callee = statement.callee if isinstance(statement, ir.Call) else None
    cls = callee.value if isinstance(callee, ir.Const) else None
    return isinstance(cls, type) and issubclass(cls, Exception) and cls.__module__ == "builtins"


def is_attribute(statement: ir.Statement) -> bool:
    """`owner.name`"""
    return callees.is_call_of(statement, getattr) or callees.is_call_of(
        statement, slots.load_attribute
    )


def _written(stop: ir.Operand, pending: dict) -> list[ir.Operand]:
    statement = pending.get(stop)
    return [stop] if statement is None else read_by(statement)


def is_augmented(call: ir.Call) -> bool:
    """`operator.iadd` and its kin, printed as `x += y`."""
    return (
        any(call.callee.value is f for f in callees.AUGMENTED)
        if isinstance(call.callee, ir.Const)
        else False
    )


def and_or(branch: ir.If) -> str | None:
    """`a and b`, `a or b`: a branch on a value that yields the value itself on one side."""
    if len(branch.targets) != 1 or not isinstance(branch.condition, ir.Value):
        return None
    if branch.orelse.results[0] is branch.condition and not branch.orelse.statements:
        return "and"
    if branch.then.results[0] is branch.condition and not branch.then.statements:
        return "or"
    return None
