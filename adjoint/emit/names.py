"""A Python name for every value: what does not interfere and belongs together shares one.

The variable that a loop carries (its slot), what it starts from, what an iteration makes of it and
what is left of it afterwards become one name if they can, and so do the targets of a branch and
what its blocks yield; then the copies between them vanish from the text.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from typing import Any

from adjoint.emit import callees
from adjoint.emit.liveness import Interference
from adjoint.emit.namespace import identifier
from adjoint.emit.nesting import is_augmented
from adjoint.emit.plan import Plan
from adjoint.ir import nodes as ir


class Classes:
    """Values that share a name, as disjoint sets."""

    def __init__(
        self, interference: Interference, inputs: Iterable[ir.Value], alone: Iterable[ir.Value]
    ) -> None:
        self.interference = interference
        self.inputs = set(inputs)
        self.alone = set(alone)
        self.parent: dict[ir.Value, ir.Value] = {}
        self.members: dict[ir.Value, list[ir.Value]] = {}
        self.foes: dict[ir.Value, set[ir.Value]] = {}
        self.wish: dict[ir.Value, str] = {}

    def find(self, value: ir.Value) -> ir.Value:
        if value not in self.parent:
            self.parent[value] = value
            self.members[value] = [value]
            self.foes[value] = set(self.interference.conflicts[value])
            self.wish[value] = value.name
        while self.parent[value] is not value:
            value = self.parent[value]
        return value

    def binding(self, value: ir.Value) -> set[str]:
        """The names that a class must have: what the user wrote, what a caller knows."""
        members = self.members[self.find(value)]
        return {m.name for m in members if m.name and (m.named or m in self.inputs)}

    def merge(self, first: ir.Value, second: ir.Operand) -> None:
        """One name for both, `first`'s, if their ranges and what the user wrote allow it."""
        if not isinstance(second, ir.Value) or first in self.alone or second in self.alone:
            return
        a, b = self.find(first), self.find(second)
        if a is b or self.foes[a] & set(self.members[b]):
            return
        bound = self.binding(b)
        if bound and bound != {self.wish[a]} or len(bound | self.binding(a)) > 1:
            return
        if self.inputs & set(self.members[a]) and self.wish[b] not in ("", self.wish[a]):
            return
        self.parent[b] = a
        self.members[a] += self.members.pop(b)
        self.foes[a] |= self.foes.pop(b)
        self.wish[a] = self.wish[a] or self.wish[b]


def name_values(
    function: ir.Function, plan: Plan, interference: Interference, fixed: dict[ir.Value, str],
    reserved: set[str], reverse_start: int | None = None,
) -> dict[ir.Value, str]:  # fmt: skip
    """The name of every value of a function, slots included. `fixed` are given (captures)."""
    # What a nested function captures it must not assign: Python would take the name for a local.
    classes = Classes(interference, function.inputs, function.captures)
    _coalesce(function, plan, classes)
    suggest = _Suggestions(function, plan, reverse_start)
    names: dict[ir.Value, str] = {}
    chosen: dict[ir.Value, str] = {}
    carried = {c for s in ir.walk(function.body) if isinstance(s, ir.Loop) for c in s.carried}

    def choose(root: ir.Value, base: str, variants: list[str]) -> None:
        taken = {chosen[r] for foe in classes.foes[root] if (r := classes.find(foe)) in chosen}
        taken |= reserved
        candidates = [base, *variants]
        number = 2
        while candidates[0] in taken or keyword.iskeyword(candidates[0]):
            candidates.pop(0)
            if not candidates:
                candidates.append(f"{base}_{number}")
                number += 1
        chosen[root] = candidates[0]

    for value, name in fixed.items():
        chosen[classes.find(value)] = name
    order = [*function.inputs, *reversed(interference.order)]
    for value in dict.fromkeys(order):
        root = classes.find(value)
        if root not in chosen:
            members = classes.members[root]
            forwards = suggest.kept.get(members[0])  # what goes backwards has the name that it had
            if forwards is not None and classes.find(forwards) in chosen:
                base = chosen[classes.find(forwards)]
            else:
                base = identifier(classes.wish[root] or suggest(members[0]))
            choose(root, base, [f"{base}_in"] if carried.issuperset(members) else [])
        names[value] = chosen[root]
    return names


def _coalesce(function: ir.Function, plan: Plan, classes: Classes) -> None:
    """Merge what belongs together, the most telling pairs first."""
    statements = list(ir.walk(function.body))
    for statement in statements:
        if isinstance(statement, ir.Call):
            owned = callees.runtime_name(statement.callee) in callees.OWNER_RETURNED
            if (owned or is_augmented(statement)) and not isinstance(statement.args[0], ir.Splat):
                classes.merge(statement.target, statement.args[0])
    for statement in statements:
        if isinstance(statement, ir.Loop) and statement not in plan.comprehensions:
            _coalesce_loop(statement, plan, classes)
    for statement in statements:
        if isinstance(statement, ir.If | ir.Try):
            for block in ir.blocks_of(statement):
                for target, result in zip(statement.targets, block.results, strict=True):
                    classes.merge(target, result)


def _coalesce_loop(loop: ir.Loop, plan: Plan, classes: Classes) -> None:
    slots = plan.slots[loop]
    made = ir.defined_values(loop.body)
    for slot, result in zip(slots, loop.body.results, strict=True):
        if result in made:
            classes.merge(slot, result)
    for others in (loop.targets, loop.inits, loop.carried, loop.body.results):
        for slot, other in zip(slots, others, strict=True):
            classes.merge(slot, other)


class _Suggestions:
    """Names for nameless values: `<the value it ends up in>_<operation>`."""

    def __init__(self, function: ir.Function, plan: Plan, reverse_start: int | None) -> None:
        halves = function.body.statements[: reverse_start or 0]
        self.forward = ir.defined_values(ir.Block(halves, []))
        self.definitions: dict[ir.Value, ir.Statement] = {}
        self.flows: dict[ir.Value, ir.Value] = {}
        self.kept: dict[ir.Value, ir.Value] = {}  # by item of a reverse loop, what was recorded
        tapes: dict[ir.Value, ir.Gather] = {}
        for statement in ir.walk(function.body):
            if isinstance(statement, ir.Loop):
                tapes |= {gather.target: gather for gather in statement.gathers}
                self._note_kept(statement, tapes)
            self.definitions |= dict.fromkeys(plan.targets(statement), statement)
            self.definitions |= dict.fromkeys(ir.targets_of(statement), statement)
            for source, target in _flows(statement):
                if isinstance(source, ir.Value):
                    self.flows.setdefault(source, target)

    def _note_kept(self, loop: ir.Loop, tapes: dict[ir.Value, ir.Gather]) -> None:
        """`for a, b in reversed(tape)`: what goes backwards has the name that it had forwards."""
        backwards = self.definitions.get(loop.iterable)  # type: ignore[call-overload]
        if backwards is None or not callees.is_call_of(backwards, reversed):
            return
        tape: Any = backwards.args[0]  # type: ignore[union-attr]
        # The tape of an inner loop is an item of the outer's.
        gather = tapes.get(self.kept.get(tape) or tape)
        if gather is not None and len(gather.elements) == len(loop.items):
            pairs = zip(loop.items, gather.elements, strict=True)
            self.kept |= {item: e for item, e in pairs if isinstance(e, ir.Value)}

    def __call__(self, value: ir.Value) -> str:
        made = self.definitions.get(value)
        if isinstance(made, ir.Call) and callees.short_name(made) == "T":
            owner = made.args[0]
            if isinstance(owner, ir.Value) and owner.name:
                return f"{owner.name}_T"
        operation = self._operation(value)
        target: ir.Value | None = value
        for _ in range(30):
            target = self.flows.get(target) if target is not None else None
            if target is None:
                return operation
            if target.name:
                if value in self.forward and target.name.endswith("_bar"):
                    return self._of_operand(made, operation)  # no part of a cotangent
                return f"{target.name}_{operation}"
        return operation

    def _of_operand(self, made: ir.Statement | None, operation: str) -> str:
        """The name of a residual: `<the value that it is made of>_<operation>`."""
        for operand in ir.operands_of(made) if isinstance(made, ir.Call) else ():
            if isinstance(operand, ir.Value) and operand.name:
                return f"{operand.name}_{operation}"
        return operation

    def _operation(self, value: ir.Value) -> str:
        statement = self.definitions.get(value)
        if isinstance(statement, ir.Call):
            return callees.short_name(statement)
        if isinstance(statement, ir.Closure):
            return statement.function.name
        if isinstance(statement, ir.Loop):
            return "items" if any(g.target is value for g in statement.gathers) else "value"
        if isinstance(statement, ir.Try) and value is statement.path:
            return "path"
        return "choice" if isinstance(statement, ir.If | ir.Try) else "item"


def _flows(statement: ir.Statement) -> Iterable[tuple[ir.Operand, ir.Value]]:
    """Which value ends up in which."""
    if isinstance(statement, ir.Call):
        return [(operand, statement.target) for operand in ir.operands_of(statement)]
    if isinstance(statement, ir.If | ir.Try):
        pairs = [zip(b.results, statement.targets, strict=True) for b in ir.blocks_of(statement)]
        return [pair for each in pairs for pair in each]
    if isinstance(statement, ir.Loop):
        pairs = [
            *zip(statement.body.results, statement.carried),
            *zip(statement.inits, statement.carried),
        ]
        return pairs + [(e, g.target) for g in statement.gathers for e in g.elements]
    return []
