"""Branches and `try`, reversed."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from adjoint import runtime
from adjoint.ir.clone import lookup
from adjoint.ir.nodes import (
    UNDEFINED,
    Block,
    Call,
    Const,
    If,
    Operand,
    Origin,
    Statement,
    Try,
    Value,
    blocks_of,
    defined_values,
    free_values,
    inner_definitions,
    substitute,
    targets_of,
    walk,
)
from adjoint.ir.types import (
    Scalar,
    TupleOf,
    literal,
)
from adjoint.reverse.cotangents import Scope
from adjoint.reverse.indices import rebuild
from adjoint.rules.calls import writes_active
from adjoint.rules.effects import cannot_fail, never_ends
from adjoint.rules.memory import is_shared
from adjoint.rules.signatures import operand_type

if TYPE_CHECKING:
    from adjoint.reverse.straight import Backward, Reverser


def in_order(values: set[Value], block: Block) -> list[Value]:
    """Values of a block in the order in which it defines them."""
    position = {v: i for i, v in enumerate(definitions_in(block))}
    return sorted((v for v in values if v in position), key=position.__getitem__)


def definitions_in(block: Block) -> list[Value]:

    out: list[Value] = []
    for s in block.statements:
        out += inner_definitions(s)
        for inner in blocks_of(s):
            out += definitions_in(inner)
        out += targets_of(s)
    return out


# -- branches ----------------------------------------------------------------------------------------


def branch(reverser: Reverser, s: If) -> tuple[list[Statement], Backward]:
    parts = [reverser.forward(block) for block in (s.then, s.orelse)]
    condition, asked = s.condition, []
    if reverser.memory.may_differ_after(condition, s):
        condition = Value("", Scalar(bool), False, s.origin)
        asked = [Call(condition, Const(bool), [s.condition], [], s.origin)]
    new = If(condition, parts[0][0], parts[1][0], list(s.targets), s.origin)
    if isinstance(condition, Value) and not condition.name and s.origin is not None:
        condition.name = f"branch_{s.origin.line}"

    def backward(scope: Scope) -> None:
        bars = [scope.take_rest(t) for t in s.targets]
        scopes = []
        for block, steps in parts:
            inner = Scope(defined_values(block), scope, origin=s.origin)
            for result, bar in zip(block.results, bars, strict=True):
                inner.add_rest(result, bar)
            reverser.backward(steps, inner)
            scopes.append(inner)
        write_branches(new, [b for b, _ in parts], scopes, scope, new.condition)

    return [*asked, new], backward


def write_branches(
    forward: If | Try, blocks: list[Block], scopes: list[Scope], scope: Scope, condition: Operand
) -> None:
    """An `If` in the reverse half, whose branches add to the same cotangents."""
    touched = list(dict.fromkeys(v for inner in scopes for v in inner.outer))
    if not touched and not any(inner.out for inner in scopes):
        return
    results: list[list[Operand]] = [[] for _ in scopes]
    owned = [True] * len(touched)
    for inner, out in zip(scopes, results, strict=True):
        for i, value in enumerate(touched):
            term, own = inner.peek(value)
            if term is None or isinstance(term, Const) and term.value is None:
                term, own = inner.zero(value), True
            owned[i] &= own
            out.append(term)
    reverse_blocks = [Block(inner.out, out) for inner, out in zip(scopes, results, strict=True)]
    for i, block in enumerate(reverse_blocks):
        export(forward, blocks, i, block)
    targets = [scope.merged_bar(v, terms) for v, *terms in zip(touched, *results, strict=True)]
    scope.out.append(If(condition, reverse_blocks[0], reverse_blocks[1], targets, forward.origin))
    for value, target, own in zip(touched, targets, owned, strict=True):
        entry = scope.sum_of(value)
        entry.term, entry.owned, entry.parts = target, own, {}


def export(forward: If | Try, blocks: list[Block], which: int, reverse_block: Block) -> None:
    """What a reverse branch reads of its forward branch becomes a result of the forward statement."""
    rebuild(reverse_block, blocks[which], defined_values(blocks[which]))
    wanted = in_order(free_values(reverse_block), blocks[which])
    env: dict[Value, Operand] = {}
    for value in wanted:
        known = next(
            (t for t, r in zip(forward.targets, blocks[which].results, strict=True) if r is value),
            None,
        )
        if known is None:
            known = Value(value.name, value.type, value.named, value.origin)
            forward.targets.append(known)
            for i, block in enumerate(blocks):
                block.results.append(value if i == which else Const(UNDEFINED))
        env[value] = known
    substitute(reverse_block, lambda o: lookup(o, env))


class InterruptedWrite(Exception):
    """An exception may come between the writes of a `try` body: it has to be lowered in pieces."""

    def __init__(self, origin: Origin | None) -> None:
        super().__init__(origin)
        self.origin = origin


def check_writes(reverser: Reverser, s: Try) -> None:
    """Is it known, wherever an exception comes from, what was written before?"""
    if all(never_ends(h.block) for h in s.handlers):
        return  # nothing that follows reads it
    written = False
    for each in s.body.statements:
        own = isinstance(each, Call) and writes_active(each, reverser.active)
        inside = not isinstance(each, Call) and any(
            isinstance(inner, Call) and writes_active(inner, reverser.active)
            for inner in walk(Block([each], []))
        )
        inside |= own and is_shared(each)  # it may have changed something before it raises
        if written and may_raise(each) or inside:
            raise InterruptedWrite(s.origin)
        written |= own


def may_raise(s: Statement) -> bool:
    if not isinstance(s, Call) or not isinstance(s.callee, Const):
        return True
    if s.callee.value is operator.getitem and isinstance(s.args[1], Const):
        kind, key = operand_type(s.args[0]), s.args[1].value  # type: ignore[arg-type]
        if isinstance(kind, TupleOf) and isinstance(key, int):
            return key not in range(-len(kind.items), len(kind.items))
    return not cannot_fail(s.callee.value)


def attempt(reverser: Reverser, s: Try) -> tuple[list[Statement], Backward]:
    from adjoint.ir.nodes import Handler

    check_writes(reverser, s)
    parts = [reverser.forward(block) for block in (s.body, *(h.block for h in s.handlers))]
    path = s.path if s.path is not None else Value("path", Scalar(int))
    handlers = [
        Handler(h.exceptions, h.name, block, h.records)
        for h, (block, _) in zip(s.handlers, parts[1:], strict=True)
    ]
    new = Try(parts[0][0], handlers, list(s.targets), path, s.origin)
    path.named = True
    reverser.caught.update(h.name for h in s.handlers if h.name is not None)

    def backward(scope: Scope) -> None:
        bars = [scope.take_rest(t) for t in s.targets]
        blocks = [block for block, _ in parts]
        ending = [i for i, block in enumerate(blocks) if not never_ends(block)]
        reversed_paths = {i: reverse_path(i, bars, scope) for i in ending}
        if len(ending) == 1:  # the handlers always raise
            write_only_path(new, blocks, ending[0], reversed_paths[ending[0]], scope)
            return

        def taken(i: int) -> Value:
            return scope.call(operator.eq, path, Const(i), type=Scalar(bool))

        if len(ending) == 2 and len(blocks) == 2:
            write_branches(new, blocks, list(reversed_paths.values()), scope, taken(0))
            return
        for i, inner in reversed_paths.items():
            idle = Scope(set(), scope, origin=s.origin)
            for value in inner.outer:
                idle.sum_of(value)
            write_path(new, blocks, i, inner, idle, scope, taken(i))

    def reverse_path(i: int, bars: list[Operand | None], scope: Scope) -> Scope:
        block, steps = parts[i]
        inner = Scope(defined_values(block) | set(names[i]), scope, origin=s.origin)
        for result, bar in zip(block.results, bars, strict=False):  # exports come after
            inner.add_rest(result, bar)
        reverser.backward(steps, inner)
        for name in names[i]:
            refuse_carried(inner, inner.take_rest(name))
        return inner

    names = [[], *([h.name] if h.name is not None else [] for h in s.handlers)]
    return [new], backward


def refuse_carried(scope: Scope, bar: Operand | None) -> None:
    """Refuse to lose the cotangent of an exception: when it runs, since most have none that merely wait."""
    if bar is not None and not (isinstance(bar, Const) and bar.value is None):
        scope.call(runtime.refuse_carried, bar, type=literal(None))


def write_path(
    forward: Try,
    blocks: list[Block],
    which: int,
    inner: Scope,
    idle: Scope,
    scope: Scope,
    taken: Operand,
) -> None:
    """One of the paths through a `try`: reversed if it is the one that was taken."""
    touched = list(inner.outer)
    if not touched and not inner.out:
        return
    results: list[list[Operand]] = [[], []]
    owned = []
    for value in touched:
        own = True
        for side, out in ((inner, results[0]), (idle, results[1])):
            term, o = side.peek(value)
            if term is None or isinstance(term, Const) and term.value is None:
                term, o = side.zero(value), True
            own &= o
            out.append(term)
        owned.append(own)
    then = Block(inner.out, results[0])
    export(forward, blocks, which, then)
    targets = [scope.merged_bar(v, terms) for v, *terms in zip(touched, *results, strict=True)]
    scope.out.append(If(taken, then, Block(idle.out, results[1]), targets, forward.origin))
    for value, target, own in zip(touched, targets, owned, strict=True):
        entry = scope.sum_of(value)
        entry.term, entry.owned, entry.parts = target, own, {}


def write_only_path(
    forward: Try, blocks: list[Block], which: int, inner: Scope, scope: Scope
) -> None:
    """The path through a `try` that is always taken, if anything follows it."""
    terms = {v: inner.peek(v) for v in list(inner.outer)}
    terms = {v: (term, owned) for v, (term, owned) in terms.items() if term is not None}
    reversal = Block(inner.out, [term for term, _ in terms.values()])
    export(forward, blocks, which, reversal)
    scope.out += reversal.statements
    for (value, (_, owned)), term in zip(terms.items(), reversal.results, strict=True):
        entry = scope.sum_of(value)
        entry.term, entry.owned, entry.parts = term, owned, {}
