"""Statements whose results nobody reads are removed.

    y = np.sum(x * x)          x_bar = 2.0 * x
    x_bar = 2.0 * x      ->    return x_bar
    return x_bar

A statement that does something, or that could raise in the plain call, stays.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from adjoint import slots
from adjoint.ir.closures import captured_early
from adjoint.ir.nodes import (
    Block,
    Call,
    Closure,
    Const,
    Function,
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
from adjoint.ir.types import Array, Instance, Scalar, Unknown
from adjoint.ir.values import has_slots
from adjoint.optimise.facts import is_call_of, is_derived
from adjoint.rules.effects import cannot_fail, is_pure
from adjoint.rules.memory import written_operand
from adjoint.rules.signatures import operand_type
from adjoint.rules.tangents import item_tangents
from adjoint.rules.traversal import ITERATORS, is_iterator
from adjoint.runtime import check_iterable, iterated, make_list, make_tuple

DISPLAYS = (make_tuple, make_list)
#: What they give goes over their operands.
OVER = (*ITERATORS, iterated, item_tangents, check_iterable)


def remove_dead(function: Function, is_marker: Callable[[Any], bool] = lambda c: False) -> Function:
    """Remove what is unused, in place; returns the function."""
    live: set[Value] = set()
    _block(function.body, live, _Half(is_marker, function.body))
    return function


class _Half:
    """Tells the forward half, whose statements are the user's, from the reverse half."""

    def __init__(self, is_marker: Callable[[Any], bool], body: Block) -> None:
        self.is_marker = is_marker
        self.protected = 0
        self.made = {s.target: s for s in walk(body) if isinstance(s, Call)}
        self.backward = any(
            isinstance(s, Call) and isinstance(s.callee, Const) and is_marker(s.callee.value)
            for s in body.statements
        )

    def visit(self, s: Statement) -> None:
        if isinstance(s, Call) and isinstance(s.callee, Const) and self.is_marker(s.callee.value):
            self.backward = False

    def may_advance(self, iterable: Operand) -> bool:
        """Does a loop over this take items of an iterator, of which others may take those that follow?"""
        kind = operand_type(iterable)
        if isinstance(kind, Scalar):  # Python says that there are no items
            return True
        if not isinstance(kind, Unknown) and not is_iterator(kind):
            return False
        made = self.made.get(iterable)  # type: ignore[arg-type]
        if made is None or not isinstance(made.callee, Const) or made.callee.value not in OVER:
            return True
        return any(self.may_advance(o.operand if isinstance(o, Splat) else o) for o in made.args)

    def removable(self, s: Call) -> bool:
        if is_sure_load(s):
            return True
        if not isinstance(s.callee, Const) or not is_pure(s.callee.value):
            return False
        if written_operand(s) is not None:
            return False
        if self.backward or s.origin is None or is_derived(s):
            return True
        return not self.protected and cannot_fail(s.callee.value) and shapes_fit(s)


def is_sure_load(s: Call) -> bool:
    """Does this read an attribute that the object had from the beginning, or `vars` of it?"""
    if is_call_of(s, vars) and len(s.args) == 1:
        kind = operand_type(s.args[0])  # type: ignore[arg-type]
        return isinstance(kind, Instance) and not has_slots(kind.cls)
    if not is_call_of(s, slots.load_attribute):
        return False
    owner, name = s.args
    kind = operand_type(owner)  # type: ignore[arg-type]
    return isinstance(kind, Instance) and kind.get(name.value) is not None  # type: ignore[union-attr]


def shapes_fit(s: Call) -> bool:
    """Do the types prove that the operands broadcast against each other, if they have to?"""
    if s.callee.value in DISPLAYS:  # type: ignore[union-attr]
        return True
    kinds = [operand_type(o) for o in operands_of(s)[1:]]
    if any(isinstance(k, Array) and k.dtype == object for k in kinds):
        return False  # who knows what these objects can do
    axes = [k.axes[::-1] for k in kinds if isinstance(k, Array)]
    if len(axes) < 2:
        return True
    columns = zip_longest(*axes, fillvalue=1)
    return all(len({a for a in column if a != 1}) <= 1 and None not in column for column in columns)


def _mark(operands: list[Operand], live: set[Value]) -> None:
    live.update(o for o in operands if isinstance(o, Value))


def _block(block: Block, live: set[Value], half: _Half) -> None:
    """Sweep backwards; `live` are the values read later, and grows."""
    _mark(block.results, live)
    live |= captured_early(block.statements)
    kept: list[Statement] = []
    for s in reversed(block.statements):
        half.visit(s)
        if _keep(s, live, half):
            kept.append(s)
            _mark(operands_of(s), live)
    block.statements = kept[::-1]


def _keep(s: Statement, live: set[Value], half: _Half) -> bool:
    if isinstance(s, Call):
        return s.target in live or not half.removable(s)
    if isinstance(s, Closure):
        if s.target not in live:
            return False
        live.update(used_values(s.function.body) if s.function.code is None else ())
        return True
    if isinstance(s, If):
        _drop_targets(s, [s.then, s.orelse], live)
        before = set(live)
        _block(s.then, live, half)
        other = before
        _block(s.orelse, other, half)
        live |= other
        return bool(s.targets or s.then.statements or s.orelse.statements)
    if isinstance(s, Try):
        blocks = [s.body, *(h.block for h in s.handlers)]
        _drop_targets(s, blocks, live)
        half.protected += 1  # what may raise decides which path is taken
        for block in blocks:
            _block(block, live, half)
        half.protected -= 1
        return True
    return _keep_loop(s, live, half)


def _drop_targets(s: If | Try, blocks: list[Block], live: set[Value]) -> None:
    keep = [i for i, t in enumerate(s.targets) if t in live]
    s.targets = [s.targets[i] for i in keep]
    for block in blocks:
        block.results = [block.results[i] for i in keep]


def _keep_loop(s: Loop, live: set[Value], half: _Half) -> bool:
    s.gathers = [g for g in s.gathers if g.target in live]
    while True:
        backward, size = half.backward, size_of(s.body)
        inside = _sweep_loop(s, live, half)
        if size_of(s.body) == size:
            break
        half.backward = backward  # with what was removed, more may be carried that nothing reads
    live |= inside
    endless = s.iterable is None
    derived = half.backward or s.origin is None
    advances = not derived and s.iterable is not None and half.may_advance(s.iterable)
    if advances:
        _mark([s.iterable], live)  # type: ignore[list-item]
    return (
        endless
        or advances
        or bool(targets_of(s) and any(t in live for t in targets_of(s)) or s.body.statements)
    )


def size_of(block: Block) -> int:
    return sum(1 + len(targets_of(s)) for s in walk(block))


def _sweep_loop(s: Loop, live: set[Value], half: _Half) -> set[Value]:
    """Sweep the body of a loop, and drop what it carries for nothing; gives what is live inside."""
    needed = {c for c, t in zip(s.carried, s.targets, strict=True) if t in live}
    results = list(s.body.results)
    backward, statements = half.backward, list(s.body.statements)
    read = set() if s.test is None else used_values(s.test)
    _mark([s.stop] if s.stop is not None else [], read)
    _mark([e for g in s.gathers for e in g.elements], read)
    while True:  # a carried value is needed if the body reads it for something that is needed
        half.backward = backward
        s.body.statements = list(statements)
        s.body.results = [r for c, r in zip(s.carried, results, strict=True) if c in needed]
        inside = live | read
        _block_copy(s.body, inside, half)
        grown = {c for c in s.carried if c in inside} - needed
        if not grown:
            break
        needed |= grown
    keep = [i for i, c in enumerate(s.carried) if c in needed]
    s.carried = [s.carried[i] for i in keep]
    s.inits = [s.inits[i] for i in keep]
    s.targets = [s.targets[i] for i in keep]
    half.backward = backward
    inside = live | read  # what `_block_copy` has marked is more than is read
    _block(s.body, inside, half)
    return inside


def _block_copy(block: Block, live: set[Value], half: _Half) -> None:
    """What `_block` would keep alive, without changing the block."""
    _mark(block.results, live)
    for s in reversed(block.statements):
        if isinstance(s, Call):
            if s.target in live or not half.removable(s):
                _mark(operands_of(s), live)
        else:
            live |= used_values(Block([s], []))
