"""Which values of a program may share memory, and what of it is written: one walk, flow-insensitive.

    y = np.zeros(3)         y and row are one class: `row` is a view of `y`, and the
    row = y[1:]             class is written. Its shadow can be sliced as `y` is, because
    row[0] = x              nothing else is in the class.

Classes are merged wherever sharing is possible (Steensgaard 1996). Inputs may share memory with each
other: somebody may pass one array twice.
"""

from __future__ import annotations

import itertools
from typing import Any

from adjoint import slots
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
    blocks_of,
    operands_of,
    walk,
)
from adjoint.ir.types import (
    Array,
    Instance,
    ListOf,
    Opaque,
    Scalar,
    TupleOf,
    Type,
    Unknown,
    unliteral,
)
from adjoint.rules import registry
from adjoint.rules.memory import (
    ATTRIBUTE_CHANGES,
    ITEM_CHANGES,
    adds_to_arrays,
    changed_operand,
    draws,
    draws_numbers,
    holds_memory,
    is_shared,
    is_view,
    keyword,
    may_change,
    plain_args,
    shares_memory,
    store_of,
    written_operand,
)
from adjoint.rules.signatures import operand_type
from adjoint.runtime import call_method, call_within, consult, recomputed
from adjoint.shadows import shadow_of

#: A position behind all statements.
FOREVER = 1 << 60


class Memory:
    """The classes of values that may share memory."""

    def __init__(
        self, body: Block, inputs: list[Value], given: tuple[str, ...] | None = None
    ) -> None:
        """`given` tells that the cotangents of what the inputs and the result hold are in shadows and
        slots of the caller's, who changes the attributes of these names and may write at any time."""
        self.parent: dict[Value, Value] = {}
        self.members: dict[Value, list[Value]] = {}
        self.made: dict[Value, Statement] = {}
        self.writes: dict[Value, list[int]] = {}
        self.unsure: dict[Value, list[int]] = {}  # calls of functions that are not known
        self.position: dict[int, int] = {}
        self.loops: dict[int, list[tuple[int, int]]] = {}
        self.changes: dict[Value, list[int]] = {}
        self.stores: set[int] = set()  # those of the changes that are of attributes
        changed = [o for s in walk(body) if (o := changed_operand(s)) is not None]
        calls = [s for s in walk(body) if is_shared(s)]
        self.shares = given is not None or any(map(writes_anywhere, calls))
        self.stateful = bool(changed or calls) or given is not None
        self.names = names_of(body) if self.stateful else ()
        outside = [v for v in inputs if self.holds(v.type)]
        self.inputs = set(outside)
        self.parts: list[tuple[Value, Value]] = []
        self._visit(body, [])
        for shadow, whole in self.parts:
            self._union(shadow, whole)
        written = [o for s in walk(body) if isinstance(s, Call) and (o := written_operand(s))]
        if written or changed or calls or given is not None:
            self._merge_all(outside)
        self.open: set[Value] = set()  # classes whose shadows others find by address
        for s in calls:  # they may get hold of whatever is outside
            self._merge_all([s.target, *outside])
        for s in walk(body):
            owner = written_operand(s) if isinstance(s, Call) else None
            if isinstance(owner, Value):
                self.writes.setdefault(self.root(owner), []).append(self.position[id(s)])
            changes = changed_operand(s)
            if isinstance(changes, Value):
                self.changes.setdefault(self.root(changes), []).append(self.position[id(s)])
                if s.callee.value in ATTRIBUTE_CHANGES:  # type: ignore[union-attr]
                    self.stores.add(self.position[id(s)])
            if isinstance(s, Call) and may_write(s):
                for o in operands_of(s):
                    if isinstance(o, Value) and isinstance(o.type, Array):
                        positions = self.unsure.setdefault(self.root(o), [])
                        positions.append(self.position[id(s)])
        self.unknown_calls = any(isinstance(s, Call) and may_write(s) for s in walk(body))
        for s in calls:
            self._share(s.target, -1)
        self.static: dict[Value, bool] = {}
        self.writes_inputs = any(map(self._may_write, self.inputs))
        self.own_names = self.names
        if given is not None:
            self.names = given
            self._give([*outside, *body.results])

    def _may_write(self, value: Value) -> bool:
        """Does a statement here write to the memory of this value, or change what it holds?"""
        positions = self.writes.get(self.root(value), [])
        if may_change(value.type):
            positions = [*positions, *self.changes.get(self.root(value), [])]
        return any(p >= 0 for p in positions)

    def _give(self, operands: list[Operand]) -> None:
        """The cotangents of these are in the caller's shadows and slots."""
        held = [o for o in operands if isinstance(o, Value) and self.holds(o.type)]
        self._merge_all(held)
        for found in (self.writes, self.changes, self.unsure):
            rows = list(found.items())
            found.clear()
            for value, positions in rows:
                found.setdefault(self.root(value), []).extend(positions)
        self.open = {self.root(value) for value in self.open}
        for value in held:
            self._share(value, FOREVER)

    def _share(self, value: Value, position: int) -> None:
        """Its cotangent is in shadows and slots, at least from this position on."""
        root = self.root(value)
        self.open.add(root)
        self.writes.setdefault(root, []).append(position)
        self.changes.setdefault(root, []).append(position)

    def note_stores(self, body: Block) -> None:
        """Count what a reverse half writes to when it runs, of which only the forward mode knows."""
        for s in walk(body):
            store = store_of(s)
            if isinstance(store, Value) and adds_to_arrays(s):
                self.writes.setdefault(self.root(store), []).append(self.position[id(s)])

    def holds(self, kind: Type) -> bool:
        """May a value of this type refer to memory that somebody else may write to?"""
        return holds_memory(kind) or self.stateful and may_change(kind)

    # -- classes --

    def root(self, value: Value) -> Value:
        while (above := self.parent.get(value, value)) is not value:
            self.parent[value] = value = self.parent.get(above, above)
        return value

    def _merge_all(self, operands: list[Operand] | list[Value]) -> None:
        values = [o for o in operands if isinstance(o, Value) and self.holds(o.type)]
        for a, b in itertools.pairwise(values):
            self._union(a, b)

    def _union(self, a: Value, b: Value) -> None:
        a, b = self.root(a), self.root(b)
        if a is not b:
            self.parent[b] = a
            self.members[a] = self.members.pop(a, [a]) + self.members.pop(b, [b])

    def _visit(self, block: Block, around: list[int]) -> None:
        for s in block.statements:
            self.position[id(s)] = len(self.position)
            if isinstance(s, Call):
                self.made[s.target] = s
                if is_shared(s):
                    self._merge_all([s.target, *operands_of(s)])
                elif isinstance(s.callee, Const) and s.callee.value is shadow_of:
                    self.parts.append((s.target, s.args[0]))  # type: ignore[arg-type]
                elif (owner := written_operand(s)) is not None:
                    self._merge_all([s.target, owner])  # it may give back what it wrote to
                    if changes_items(s):
                        self._merge_all(operands_of(s))
                elif changed_operand(s) is not None:
                    # What is stored can be reached from the owner, and so could what is taken.
                    self._merge_all([s.target, *operands_of(s)])
                elif shares_memory(s, self.holds):
                    self._merge_all([s.target, *operands_of(s)])
            elif isinstance(s, Closure):
                self.made[s.target] = s
                self._merge_all([s.target, *operands_of(s)])
            else:
                self._region(s)
            for inner in blocks_of(s):
                self._visit(inner, around)
            if isinstance(s, Loop):
                self.loops[self.position[id(s)]] = [(self.position[id(s)], len(self.position))]

    def _region(self, s: If | Try | Loop) -> None:
        self.made.update(dict.fromkeys(s.targets, s))
        if isinstance(s, Loop):
            for values in zip(s.carried, s.inits, s.body.results, s.targets, strict=True):
                self._merge_all(list(values))
            for gather in s.gathers:
                self.made[gather.target] = s
                self._merge_all([gather.target, *gather.elements])
            self.made.update(dict.fromkeys([*s.carried, *s.items], s))
            if s.iterable is not None:
                self._merge_all([s.iterable, *s.items])
            return
        for i, target in enumerate(s.targets):
            self._merge_all([target, *(b.results[i] for b in blocks_of(s))])

    # -- questions --

    def is_written(self, operand: object) -> bool:
        """May the memory of this value be written to, at any time?"""
        if not self.writes or not isinstance(operand, Value):
            return False
        return self.root(operand) in self.writes

    def is_changed(self, operand: object) -> bool:
        """May what this object, list or dict holds be replaced, at any time?"""
        if not self.changes or not isinstance(operand, Value) or not may_change(operand.type):
            return False
        return self.root(operand) in self.changes

    def may_differ_after(self, operand: object, s: Statement) -> bool:
        """May the truth of a value, of whether it is empty, be another when the reverse half asks?"""
        if self.is_written_after(operand, s):
            return True
        return self.unknown_calls and isinstance(operand, Value) and may_change(operand.type)

    def is_written_after(
        self, operand: object, s: Statement, unsure: bool = False, attributes: bool = True
    ) -> bool:
        """May it be written to after this statement, and before the reverse half reads it?

        `unsure` counts the functions that only running tells, to which it is passed; without `attributes`
        only items count that change, and arrays.
        """
        if not isinstance(operand, Value) or not self.holds(operand.type):
            return False
        here = self.position[id(s)]
        positions = self.writes.get(self.root(operand), [])
        if self.is_changed(operand):
            changes = self.changes[self.root(operand)]
            if not attributes:
                changes = [p for p in changes if p not in self.stores]
            positions = [*positions, *changes]
        if any(p >= here for p in positions):
            return True
        if unsure:
            positions = [*positions, *self.unsure.get(self.root(operand), [])]
            if any(p > here for p in positions):
                return True
        spans = [span for found in self.loops.values() for span in found]
        return any(a < here < b and any(a < p < b for p in positions) for a, b in spans)

    def class_of(self, value: Value) -> list[Value]:
        root = self.root(value)
        return self.members.get(root, [root])

    def is_static(self, value: Value) -> bool:
        """Is every member of the class one array, or known to be this or that view of it?"""
        root = self.root(value)
        if root not in self.static:
            members = self.class_of(value)
            owners = [v for v in members if not self.view_of(v)]
            single = root not in self.open and len(owners) == 1
            single = single and all(isinstance(v.type, Array) for v in members)
            self.static[root] = single and self._is_owner(owners[0])
        return self.static[root]

    def _is_owner(self, value: Value) -> bool:
        made = self.made.get(value)
        return value in self.inputs or isinstance(made, Call) and not shares_memory(made)

    def view_of(self, value: Value) -> Call | None:
        """The call that makes `value` a known view of another array, or that array itself."""
        made = self.made.get(value)
        if not isinstance(made, Call):
            return None
        return made if is_view(made) or self.same_as(made) is not None else None

    def same_as(self, s: Call) -> Value | None:
        """The array that an in-place operator, or a call with `out=`, gives back."""
        if not isinstance(s.target.type, Array):
            return None
        out = keyword(s, "out")
        owner = written_operand(s)
        if owner is None or not isinstance(owner, Value):
            return None
        return owner if owner is out or owner is plain_args(s)[0] else None


def is_list_of_arrays(kind: Type) -> bool:
    """Is it a list or tuple of arrays and numbers alone?"""
    kind = unliteral(kind)
    if isinstance(kind, ListOf) and kind.items is None:
        parts: tuple[Type, ...] = (kind.element,)
    elif isinstance(kind, ListOf | TupleOf):
        parts = kind.items or ()
    else:
        return False
    return all(isinstance(unliteral(part), Array | Scalar) for part in parts)


def names_of(body: Block) -> tuple[str, ...]:
    """The attributes that a program changes, of whatever object."""
    names = {
        str(s.args[1].value)
        for s in walk(body)
        if isinstance(s, Call)
        and isinstance(s.callee, Const)
        and s.callee.value in (slots.store_attribute, slots.store_plainly, slots.delete_attribute)
        and isinstance(s.args[1], Const)
    }
    for s in walk(body):
        if (
            isinstance(s, Call)
            and isinstance(s.callee, Const)
            and s.callee.value is slots.store_cell
        ):
            names.add(slots.SHARED + s.args[1].value)  # type: ignore[union-attr]
    if any(changes_items(s) or writes_anywhere(s) for s in walk(body)):
        names.add(slots.ITEMS)
    return tuple(sorted(names))


def writes_anywhere(s: Statement) -> bool:
    """Is this a call that may change whatever it can reach?"""
    return is_shared(s) and s.callee.value is not consult  # type: ignore[union-attr]


def changes_items(s: Statement) -> bool:
    """Does a call change what a list or dict holds?"""
    return changed_operand(s) is not None and s.callee.value in ITEM_CHANGES  # type: ignore[union-attr]


def may_write(s: Call) -> bool:
    """Is this a call of a function that is not known, and may write to what it is given?"""
    if not isinstance(s.callee, Const):
        return True
    function = s.callee.value
    if function is call_within:
        return True
    if function is recomputed:  # its callee was looked at, if it was known
        return isinstance(s.args[0], Const) and s.args[0].value is None
    if function is call_method:
        owner = s.args[0]
        kind = operand_type(owner.operand if isinstance(owner, Splat) else owner)
        drawing = isinstance(kind, Opaque) and draws_numbers(kind.cls)
        return isinstance(kind, Unknown | Instance) or drawing and not draws(s)
    if is_of(function, "adjoint", "numpy", "builtins", "_operator", "math", "cmath"):
        return False
    try:
        return registry.lookup(function) is None
    except TypeError:
        return True


def is_of(function: Any, *modules: str) -> bool:
    """Is this function, class or object from one of these packages?"""
    module = getattr(function, "__module__", None) or type(function).__module__
    return module.partition(".")[0] in modules
