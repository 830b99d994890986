"""`x op= y` on arrays: a write, which becomes `x = x op y` where nobody can see the difference.

    total = np.zeros(3)                       total = np.zeros(3)
    for row in rows:                   ->     for row in rows:
        total += row                              total = total + row

The difference could be seen through another name of the same memory: so the array has to be made
in this function, and be used for nothing that keeps or shares it, nor after it was written to.
Everything else stays a write.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    If,
    Loop,
    Operand,
    Statement,
    Try,
    Value,
    blocks_of,
    operands_of,
    targets_of,
    walk,
)
from adjoint.ir.types import Array
from adjoint.rules import registry
from adjoint.rules.memory import AUGMENTED, SHARING
from adjoint.rules.signatures import operand_type, result_type
from adjoint.runtime import augment


def settle(function: Function) -> None:
    """Replace every augmented assignment to an array by a plain one, or refuse it."""
    found = [s for s in walk(function.body) if is_write(s) or is_undecided(s)]
    if not found:
        return
    survey = Survey(function)
    settled = [s for s in found if isinstance(s, Call) and unseen(s, survey)]
    for s in settled:
        s.callee, s.args = Const(AUGMENTED[operator_of(s)]), s.args[-2:]


def is_undecided(s: Statement) -> bool:
    """An augmented assignment of which only running tells whether it writes."""
    return isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is augment


def operator_of(s: Call) -> Any:
    operand = s.args[0] if is_undecided(s) else s.callee
    assert isinstance(operand, Const)
    return operand.value


def is_write(s: Statement) -> bool:
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or not s.args:
        return False
    try:
        known = s.callee.value in AUGMENTED
    except TypeError:
        return False
    return known and isinstance(operand_type(s.args[0]), Array)  # type: ignore[arg-type]


Place = tuple[float, tuple[tuple[int, int], ...]]  # position, and the branches that lead there


class Survey:
    """Where each value is read and defined, and which values are one array by several names."""

    def __init__(self, function: Function) -> None:
        self.uses: dict[Value, list[Statement]] = {}
        self.reads: dict[Value, list[Place]] = {}
        self.made: dict[Value, Statement] = {}
        self.followed: dict[Value, list[Value]] = {}
        self.place: dict[int, Place] = {}
        self.defined: dict[Value, float] = {}
        self.loops: list[tuple[float, float]] = []
        self._visit(function.body, ())

    def _visit(self, block: Block, path: tuple[tuple[int, int], ...]) -> None:
        for s in block.statements:
            start = len(self.place)
            self.place[id(s)] = start, path
            operands = operands_of(s)
            if isinstance(s, Loop):
                self.made.update(dict.fromkeys(s.carried, s))
                self.defined.update(dict.fromkeys([*s.carried, *s.items], start))
                operands += [e for g in s.gathers for e in g.elements]
            for i, inner in enumerate(blocks_of(s)):
                self._visit(inner, (*path, (start, i)) if isinstance(s, If) else path)
            end = len(self.place) - 0.5
            if isinstance(s, Loop):
                self.loops.append((start, end))
            for o in operands:
                if isinstance(o, Value):
                    self.uses.setdefault(o, []).append(s)
                    self.reads.setdefault(o, []).append((start, path))
            for t in targets_of(s):
                self.made[t] = s
                self.defined[t] = end
            for t in [*targets_of(s), *(s.carried if isinstance(s, Loop) else [])]:
                for o in flows(t, s):
                    if isinstance(o, Value):
                        self.followed.setdefault(o, []).append(t)
        for o in block.results:
            if isinstance(o, Value):
                self.reads.setdefault(o, []).append((len(self.place) - 0.5, path))

    def names(self, value: Value) -> set[Value]:
        """The values that may be this very array, whichever way control went."""
        found, todo = {value}, [value]
        while todo:
            v = todo.pop()
            near = [*flows(v, self.made.get(v)), *self.followed.get(v, [])]
            new = {o for o in near if isinstance(o, Value)} - found
            found |= new
            todo += new
        return found

    def is_read_after(self, value: Value, s: Statement) -> bool:
        """May a value that was there before `s` be read after it, or in a later iteration?"""
        here, path = self.place[id(s)]
        origin = self.defined.get(value, -1.0)
        if origin >= here:
            return False
        again = [(a, b) for a, b in self.loops if origin < a < here < b]
        for there, other in self.reads.get(value, []):
            if there > here and not exclude(path, other):
                return True
            if there != here and any(a < there <= b for a, b in again):
                return True
        return False


def exclude(path: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]) -> bool:
    """Are these two different branches of one `if`?"""
    taken = dict(path)
    return any(taken.get(branch, i) != i for branch, i in other)


def unseen(s: Call, survey: Survey) -> bool:
    """Can nobody tell that a new array is made instead of writing into the old one?"""
    array = s.args[-2]
    if not isinstance(array, Value) or not own(array, survey.made, set()):
        return False
    plain = result_type(AUGMENTED[operator_of(s)], list(s.args[-2:]), [])  # type: ignore[arg-type]
    if not is_undecided(s) and plain != array.type:
        return False
    for value in survey.names(array):
        if survey.is_read_after(value, s) or any(
            shared(value, use) for use in survey.uses.get(value, []) if use is not s
        ):
            return False
    return True


def shared(value: Value, use: Statement) -> bool:
    """May something else have the memory of a value after a statement that reads it?"""
    if isinstance(use, Loop):
        return use.iterable is value or any(value in g.elements for g in use.gathers)
    return not isinstance(use, If | Try) and (not isinstance(use, Call) or keeps(use))


def keeps(use: Call) -> bool:
    """May the result of this call share memory with its operands, or something keep them?"""
    if not isinstance(use.callee, Const):
        return True
    function = use.callee.value
    if function is augment:
        return False
    if (
        is_write(use)
        or isinstance(function, np.ufunc)
        or getattr(function, "__module__", "") == "_operator"
    ):
        return function in SHARING
    if function is getattr:
        return not (
            isinstance(use.args[1], Const)
            and use.args[1].value in ("shape", "size", "ndim", "dtype")
        )
    known = (
        registry.package_of(function) == "numpy"
        or getattr(function, "__objclass__", None) is np.ndarray
        or function is len
    )
    return not known or function in SHARING


def own(value: Operand, made: dict[Value, Statement], seen: set[Value]) -> bool:
    """Was the array made by a statement of this function, whichever way control went?"""
    if not isinstance(value, Value):
        return isinstance(value.value, int | float | complex)
    if value in seen:
        return True
    seen.add(value)
    s = made.get(value)
    if isinstance(s, Call) and not is_write(s) and not is_undecided(s):
        return not keeps(s)
    return bool(flows(value, s)) and all(own(o, made, seen) for o in flows(value, s))


def flows(value: Value, s: Statement | None) -> list[Operand]:
    """What `value` is by another name: one of these, or what an augmented assignment gives back."""
    if isinstance(s, Call) and (is_write(s) or is_undecided(s)):
        return [s.args[-2]]  # type: ignore[list-item]
    if isinstance(s, If | Try) and value in s.targets:
        i = s.targets.index(value)
        return [b.results[i] for b in blocks_of(s)]
    if isinstance(s, Loop) and value in [*s.carried, *s.targets]:
        i = (s.carried if value in s.carried else s.targets).index(value)
        return [s.inits[i], s.body.results[i]]
    return []
