"""Removes carried values, targets and branches that nothing needs.

    carried t, x                            carried x
    { t = x * 2; x = x + t; yield t, x }    { t = x * 2; x = x + t; yield x }

A carried value is needed if something reads it, or its target, that is itself needed; calls always
are, since they may have effects.
"""

from __future__ import annotations

from adjoint.ir.nodes import (
    Block,
    Const,
    If,
    Loop,
    Operand,
    Try,
    Value,
    blocks_of,
    operands_of,
    substitute,
    walk,
)

Slots = dict[Value, list[Operand]]  # what a target or carried value may be


def prune(body: Block, flags: set[Operand]) -> None:
    """Prune a function's body in place. `flags` are values known to be True or False."""
    while _replace_constant_slots(body):
        pass
    needed = _needed(body)
    for statement in walk(body):
        if isinstance(statement, Loop):
            _prune_loop(statement, needed)
        elif isinstance(statement, If | Try):
            _prune_targets(statement, needed)
    _drop_empty(body, flags)


def _replace_constant_slots(body: Block) -> bool:
    """Replace what is the same on all paths: a carried value that no iteration changes."""
    replaced: dict[Operand, Operand] = {}
    for statement in walk(body):
        if isinstance(statement, Loop):
            _constant_carried(statement, replaced)
        elif isinstance(statement, If):
            pairs = zip(statement.targets, statement.then.results, statement.orelse.results)
            replaced |= {t: a for t, a, b in pairs if a is b and isinstance(a, Const)}
            _drop_targets(statement, [t not in replaced for t in statement.targets])
    if not replaced:
        return False

    def final(operand: Operand) -> Operand:
        while operand in replaced:
            operand = replaced[operand]
        return operand

    substitute(body, final)
    return True


def _constant_carried(loop: Loop, replaced: dict[Operand, Operand]) -> None:
    keep: list[bool] = []
    for carried, init, result, target in zip(
        loop.carried, loop.inits, loop.body.results, loop.targets, strict=True
    ):
        same = result is carried or result is init
        keep.append(not same)
        if same:
            replaced[carried] = replaced[target] = init
    _drop_slots(loop, keep)


def _needed(body: Block) -> set[Value]:
    """Every value that a call, a condition or a result depends on."""
    slots: Slots = {}
    pending: list[Operand] = list(body.results)
    for statement in walk(body):
        if isinstance(statement, Loop):
            rows = zip(
                statement.carried, statement.targets, statement.inits, statement.body.results,
                strict=True,
            )  # fmt: skip
            for carried, target, init, result in rows:
                slots[carried] = slots[target] = [init, result, carried]
            pending += [e for g in statement.gathers for e in g.elements]
            pending += [o for o in (statement.iterable, statement.stop) if o is not None]
            pending += statement.test.results if statement.test is not None else []
            continue
        if isinstance(statement, If | Try):
            for index, target in enumerate(statement.targets):
                slots[target] = [block.results[index] for block in blocks_of(statement)]
        pending += operands_of(statement)
    needed: set[Value] = set()
    while pending:
        operand = pending.pop()
        if isinstance(operand, Value) and operand not in needed:
            needed.add(operand)
            pending += slots.get(operand, [])
    return needed


def _prune_loop(loop: Loop, needed: set[Value]) -> None:
    pairs = zip(loop.carried, loop.targets, strict=True)
    _drop_slots(loop, [c in needed or t in needed for c, t in pairs])


def _drop_slots(loop: Loop, keep: list[bool]) -> None:
    if all(keep):
        return
    loop.carried = _kept(loop.carried, keep)
    loop.inits = _kept(loop.inits, keep)
    loop.targets = _kept(loop.targets, keep)
    loop.body.results = _kept(loop.body.results, keep)


def _prune_targets(statement: If | Try, needed: set[Value]) -> None:
    _drop_targets(statement, [t in needed for t in statement.targets])


def _drop_targets(statement: If | Try, keep: list[bool]) -> None:
    if all(keep):
        return
    for block in blocks_of(statement):
        block.results = _kept(block.results, keep)
    statement.targets = _kept(statement.targets, keep)


def _kept(items: list, keep: list[bool]) -> list:
    return [item for item, kept in zip(items, keep, strict=True) if kept]


def _drop_empty(block: Block, flags: set[Operand]) -> None:
    """Drop an `If` on a flag that does nothing."""
    for statement in block.statements:
        for inner in blocks_of(statement):
            _drop_empty(inner, flags)
    block.statements = [
        s
        for s in block.statements
        if not (
            isinstance(s, If)
            and s.condition in flags
            and not (s.targets or s.then.statements or s.orelse.statements)
        )
    ]
