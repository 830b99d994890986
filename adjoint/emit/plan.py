"""What the planner decides and the printer follows: how each statement of the IR is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from adjoint.ir import nodes as ir


@dataclass(eq=False)
class Plan:
    """How each statement is printed. Statements are looked up by identity."""

    nested: dict[ir.Value, ir.Call | ir.If] = field(default_factory=dict)
    parts: dict[ir.Call, list[ir.Value | None]] = field(default_factory=dict)  # a, _ = call
    skipped: set[ir.Statement] = field(default_factory=set)  # printed by another statement
    ternary: set[ir.If] = field(default_factory=set)
    comprehensions: set[ir.Loop] = field(default_factory=set)
    simple_tests: set[ir.Loop] = field(default_factory=set)
    stops: dict[ir.Loop, tuple[ir.Operand, bool]] = field(default_factory=dict)  # operand, negated
    breaks: dict[tuple[ir.If, int], tuple[ir.Loop, list[tuple[ir.If, int]]]] = field(
        default_factory=dict
    )  # branches that end with `break`; the branches around them, innermost first
    slots: dict[ir.Loop, list[ir.Value]] = field(default_factory=dict)
    uses: Counter[ir.Value] = field(default_factory=Counter)

    def leaves(self, operands: Iterable[ir.Operand | None]) -> set[ir.Value]:
        """The named values that these operands read once everything nested is written out."""
        found: set[ir.Value] = set()
        work = [o for o in operands if isinstance(o, ir.Value)]
        while work:
            value = work.pop()
            statement = self.nested.get(value)
            if statement is None:
                found.add(value)
            else:
                work += [o for o in read_by(statement) if isinstance(o, ir.Value)]
        return found

    def targets(self, statement: ir.Statement) -> list[ir.Value]:
        """The names that a statement binds directly (not through the copies of its blocks)."""
        if isinstance(statement, ir.Call) and statement in self.parts:
            return [part for part in self.parts[statement] if part is not None]
        return ir.targets_of(statement)

    def is_printed(self, statement: ir.Statement) -> bool:
        if statement in self.skipped:
            return False
        single = isinstance(statement, ir.Call) or statement in self.ternary
        return not (single and any(t in self.nested for t in ir.targets_of(statement)))

    def ternary_index(self, statement: ir.If) -> int:
        """Which of the targets of a branch that only chooses a value is the one that is read."""
        used = [i for i, t in enumerate(statement.targets) if self.uses[t]]
        return used[0] if used else 0


def read_by(statement: ir.Call | ir.If) -> list[ir.Operand]:
    """What an expression reads: of a ternary, the condition and both values."""
    operands = ir.operands_of(statement)
    return operands + ir.yields_of(statement) if isinstance(statement, ir.If) else operands
