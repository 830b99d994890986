"""Which values may change a result when an active input changes."""

from __future__ import annotations

import numpy as np

from adjoint.ir.closures import captured_early
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
    walk,
)
from adjoint.ir.types import Array, Scalar, may_carry_derivative
from adjoint.rules import registry
from adjoint.rules.aliasing import Memory
from adjoint.rules.memory import written_operand

METADATA = {"shape", "size", "ndim", "dtype", "itemsize", "nbytes", "strides", "flags", "__class__"}


def is_active(operand: Operand, active: set[Value]) -> bool:
    return isinstance(operand, Value) and operand in active


def is_constant(callee: Operand) -> bool:
    """Is this declared to have no derivative?"""
    if not isinstance(callee, Const):
        return False
    declared = registry.lookup(callee.value)
    return declared is not None and declared.kind == "constant" and not declared.textual


def all_active(body: Block, active: set[Value], memory: Memory) -> set[Value]:
    """`active`, what depends on it, and the memory that it is written into, with all its views."""
    while True:
        active_values(body, active)
        before = len(active)
        for s in walk(body):
            owner = written_operand(s) if isinstance(s, Call) else None
            if isinstance(owner, Value) and any(is_active(o, active) for o in operands_of(s)):
                active.update(v for v in memory.class_of(owner) if may_carry_derivative(v.type))
        if len(active) == before:
            return active


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
        if may_carry_derivative(s.target.type) and not is_constant(s.callee) and not _metadata(s):
            if any(is_active(o, active) for o in operands_of(s)):
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
            active_values(handler.block, active)
        _merge(s.targets, [s.body, *(h.block for h in s.handlers)], active)
    else:
        _visit_loop(s, active)


def _merge(targets: list[Value], blocks: list[Block], active: set[Value]) -> None:
    for i, target in enumerate(targets):
        if any(is_active(b.results[i], active) for b in blocks) and may_carry_derivative(
            target.type
        ):
            active.add(target)


def _visit_loop(s: Loop, active: set[Value]) -> None:
    if s.iterable is not None and is_active(s.iterable, active):
        active.update(v for v in s.items if may_carry_derivative(v.type))
    for carried, init in zip(s.carried, s.inits, strict=True):
        if is_active(init, active) and may_carry_derivative(carried.type):
            active.add(carried)
    while True:
        active_values(s.body, active)
        grown = [
            c
            for c, r in zip(s.carried, s.body.results, strict=True)
            if c not in active and is_active(r, active) and may_carry_derivative(c.type)
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


def _metadata(s: Call) -> bool:
    """`x.shape` and the like of an array."""
    if not isinstance(s.callee, Const) or s.callee.value is not getattr:
        return False
    owner, name = s.args[0], s.args[1]
    if isinstance(owner, Splat) or not isinstance(name, Const):
        return False
    known = isinstance(owner, Value) and isinstance(owner.type, Array | Scalar)
    return known and name.value in METADATA and hasattr(np.ndarray, name.value)
