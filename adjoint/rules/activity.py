"""Which values may change a result when an active input changes."""

from __future__ import annotations

import numpy as np

from adjoint.ir.closures import captured_early
from adjoint.ir.nodes import (
    UNDEFINED,
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
from adjoint.ir.types import Array, Instance, IteratorOf, Scalar, Unknown, may_carry_derivative
from adjoint.rules import registry
from adjoint.rules.aliasing import Memory
from adjoint.rules.memory import changed_operand, is_shared, may_change, store_of, written_operand
from adjoint.rules.operators import CONSTANT_OF_NUMBERS
from adjoint.rules.signatures import operand_type
from adjoint.runtime import leave_context, raise_again, raise_exception

METADATA = {"shape", "size", "ndim", "dtype", "itemsize", "nbytes", "strides", "flags", "__class__"}


def is_active(operand: Operand, active: set[Value]) -> bool:
    return isinstance(operand, Value) and operand in active


def carries(operand: Operand, active: set[Value]) -> bool:
    """May a value that is written somewhere carry a derivative there? An exception does not."""
    return is_active(operand, active) and may_carry_derivative(operand.type)  # type: ignore[union-attr]


def is_constant(s: Call) -> bool:
    """Is this a call of what is declared to have no derivative?"""
    if not isinstance(s.callee, Const):
        return False
    declared = registry.lookup(s.callee.value)
    if declared is None or declared.kind != "constant" or declared.textual:
        return False
    if s.callee.value in CONSTANT_OF_NUMBERS:
        kinds = [operand_type(a) for a in s.args if isinstance(a, Value)]
        return not any(isinstance(k, Unknown | Instance) for k in kinds)
    return True


def all_active(body: Block, active: set[Value], memory: Memory) -> set[Value]:
    """`active`, what depends on it, and the memory that it is written into, with all its views."""
    while True:
        active_values(body, active)
        before = len(active)
        for s in walk(body):
            owner = written_operand(s) if isinstance(s, Call) else None
            owner = owner or changed_operand(s)
            if is_shared(s):
                members = memory.class_of(s.target)  # type: ignore[union-attr]
                if any(is_active(o, active) for o in [*operands_of(s), *members]):
                    active.update(v for v in members if may_carry_derivative(v.type))
            if isinstance(owner, Value):
                members = memory.class_of(owner)
                if any(carries(o, active) for o in operands_of(s)):
                    active.update(
                        v for v in members if may_carry_derivative(v.type) or memory.is_changed(v)
                    )
                elif owner not in active and may_overwrite(owner, memory, active):
                    active.add(owner)
            store = store_of(s)
            if isinstance(store, Value) and any(carries(o, active) for o in operands_of(s)):
                active.add(store)
                active.update(v for v in memory.class_of(store) if may_carry_derivative(v.type))
        if len(active) == before:
            return active


def may_overwrite(owner: Value, memory: Memory, active: set[Value]) -> bool:
    """May a write here replace what an argument holds, of which the program knows another name?"""
    given = [v for v in memory.class_of(owner) if v in active and v in memory.inputs]
    if isinstance(owner.type, Array):
        return owner.type.dtype.kind in "fc" and bool(given)
    return any(may_change(v.type) for v in given)


def active_values(block: Block, active: set[Value]) -> set[Value]:
    """`active`, and what depends on it in this block at any depth. Changes and returns the set."""
    while True:
        for statement in block.statements:
            _visit(statement, active)
        early = captured_early(block.statements) & active
        if all(
            s.target in active
            for s in block.statements
            if isinstance(s, Closure) and any(c in early for c in s.captures)
        ):
            return active


def _visit(s: Statement, active: set[Value]) -> None:
    if isinstance(s, Call):
        if may_carry_derivative(s.target.type) and not is_constant(s) and not _metadata(s):
            operands = operands_of(s)
            if isinstance(s.callee, Const) and s.callee.value is leave_context:
                operands = operands[:2]  # what the exception carries does not count
            if any(is_active(o, active) for o in operands):
                active.add(s.target)
    elif isinstance(s, Closure):
        if any(is_active(o, active) for o in operands_of(s)):
            active.add(s.target)
    elif isinstance(s, If):
        active_values(s.then, active)
        active_values(s.orelse, active)
        _merge(s.targets, [s.then, s.orelse], active)
    elif isinstance(s, Try):
        active_values(s.body, active)
        for handler in s.handlers:
            if handler.name is not None and any(_may_raise(c, active) for c in walk(s.body)):
                active.add(handler.name)
            active_values(handler.block, active)
        _merge(s.targets, [s.body, *(h.block for h in s.handlers)], active)
    else:
        _visit_loop(s, active)


def _may_raise(s: Statement, active: set[Value]) -> bool:
    """May an exception out of this call carry a value that has a derivative?"""
    if not isinstance(s, Call) or not any(is_active(o, active) for o in operands_of(s)):
        return False
    if not isinstance(s.callee, Const) or s.callee.value in (raise_exception, raise_again):
        return True
    declared = registry.lookup(s.callee.value)
    return declared is None or declared.kind == "source"


def _merge(targets: list[Value], blocks: list[Block], active: set[Value]) -> None:
    for i, target in enumerate(targets):
        if any(_passes(b.results[i], target, active) for b in blocks):
            active.add(target)


def _passes(operand: Operand, target: Value, active: set[Value]) -> bool:
    """Is what is handed on active where it arrives? An exception is in a variable of the user's; where
    it only waits to be raised again, nobody reads what it carries."""
    if not is_active(operand, active):
        return False
    kept = not may_carry_derivative(operand.type)  # type: ignore[union-attr]
    return kept or may_carry_derivative(target.type)


def _visit_loop(s: Loop, active: set[Value]) -> None:
    if s.iterable is not None and is_active(s.iterable, active):
        counted = isinstance(s.iterable.type, IteratorOf) and s.iterable.type.cls is enumerate  # type: ignore[union-attr]
        items = (
            s.items[1:] if counted and len(s.items) == 2 else s.items
        )  # a number is no derivative
        active.update(v for v in items if may_carry_derivative(v.type))
    for carried, init in zip(s.carried, s.inits, strict=True):
        if is_active(init, active) and may_carry_derivative(carried.type):
            active.add(carried)
    while True:
        active_values(s.body, active)
        grown = [
            c
            for c, r in zip(s.carried, s.body.results, strict=True)
            if c not in active and _passes(r, c, active)
        ]
        if not grown:
            break
        active.update(grown)
    for carried, target in zip(s.carried, s.targets, strict=True):
        if carried in active:
            active.add(target)
    for gather in s.gathers:
        if any(is_active(e, active) for e in gather.elements):
            active.add(gather.target)


def undefined_values(block: Block) -> set[Value]:
    """What has no value on some of the paths that lead to where it is read or merged again."""
    rows: list[tuple[list[Value], list[Operand]]] = []
    for s in walk(block):
        if isinstance(s, If | Try):
            results = zip(*(b.results for b in blocks_of(s)), strict=True)
            rows += [([t], list(r)) for t, r in zip(s.targets, results, strict=True)]
        elif isinstance(s, Loop):
            ends = zip(s.carried, s.targets, s.inits, s.body.results, strict=True)
            rows += [([carried, target], [*ends]) for carried, target, *ends in ends]
    found: set[Value] = set()
    size = -1
    while size != len(found):
        size = len(found)
        for targets, sources in rows:
            if any(o in found if isinstance(o, Value) else o.value is UNDEFINED for o in sources):
                found.update(targets)
    return found


def _metadata(s: Call) -> bool:
    """`x.shape` and the like of an array."""
    if not isinstance(s.callee, Const) or s.callee.value is not getattr:
        return False
    owner, name = s.args[0], s.args[1]
    if isinstance(owner, Splat) or not isinstance(name, Const):
        return False
    known = isinstance(owner, Value) and isinstance(owner.type, Array | Scalar)
    return (
        name.value == "__class__"
        or known
        and name.value in METADATA
        and hasattr(np.ndarray, name.value)
    )
