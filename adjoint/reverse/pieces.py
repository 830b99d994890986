"""A `try` body in pieces, so that it is known what was written before an exception came.

    try:                         try: a[0] = x                  # a piece ends with a write
        a[0] = x                 except BaseException as error: caught = True
        a[1] = f(x)       ->     if not caught:
    except ValueError:               try: a[1] = f(x)
        …                            except BaseException as error: caught = True
                                 try:
                                     if caught: raise error
                                 except ValueError: …

The front end does so with the statements of one function; here also what was inlined is taken apart,
at any depth. What calls itself, and is known only when it runs, stays whole.
"""

from __future__ import annotations

import itertools
from contextvars import ContextVar

from adjoint.ir.nodes import (
    UNDEFINED,
    Block,
    Call,
    Const,
    Handler,
    If,
    Loop,
    Operand,
    Origin,
    Splat,
    Statement,
    Try,
    Value,
    blocks_of,
    defined_values,
    operands_of,
    substitute,
    targets_of,
    used_values,
    walk,
)
from adjoint.ir.types import Array, DictOf, IteratorOf, ListOf, Opaque, Scalar, TupleOf
from adjoint.reverse.control import InterruptedWrite, may_raise
from adjoint.reverse.norms import definitions_of
from adjoint.rules import traversal
from adjoint.rules.calls import writes_active
from adjoint.rules.effects import never_ends
from adjoint.rules.memory import is_shared
from adjoint.rules.signatures import operand_type
from adjoint.runtime import raise_again

#: Are bodies taken apart? They are where a reversal without has failed.
APART: ContextVar[bool] = ContextVar("APART", default=False)
EVERYTHING = Const(BaseException, "BaseException")
NO, YES, NOTHING = Const(False), Const(True), Const(UNDEFINED)


def take_apart(body: Block, active: set[Value]) -> None:
    """Rewrite, in place, every `try` of a program whose body may be left between two writes."""
    Pieces(body, active).block(body)


class Pieces:
    """One rewriting; `active` are the values that carry a derivative."""

    def __init__(self, body: Block, active: set[Value]) -> None:
        self.active, self.definitions = set(active), definitions_of(body)

    def block(self, block: Block) -> None:
        statements: list[Statement] = []
        for s in block.statements:
            if isinstance(s, Try) and not is_final(s) and self.in_the_middle(s):
                statements += self.pieces(s)
            else:
                for inner in blocks_of(s):
                    self.block(inner)
            statements.append(s)
        block.statements = statements

    def in_the_middle(self, s: Try) -> bool:
        """May an exception come between the writes of a body?"""
        written = False
        for each in s.body.statements:
            own = self.writes(each)
            if written and may_raise(each) or own and not isinstance(each, Call):
                return True
            written |= own
        return False

    def writes(self, s: Statement) -> bool:
        """Is something that carries a derivative written by a statement, or inside it?"""
        inner = walk(Block([s], []))
        return any(isinstance(c, Call) and writes_active(c, self.active) for c in inner)

    def pieces(self, s: Try) -> list[Statement]:
        """The pieces of a body. What remains of it raises again what came in one of them, for the
        handlers to see."""
        for handler in s.handlers:
            self.block(handler.block)
        body = self.guarded(s.body, s.origin)
        caught, error, *s.body.results = body.results
        again = Call(Value(), Const(raise_again, "raise_again"), [error], [], s.origin)
        s.body.statements = [If(caught, Block([again], []), Block(), [], s.origin)]
        return body.statements

    def guarded(self, block: Block, origin: Origin | None) -> Block:
        """A block that raises nothing: it yields whether an exception came, which, and its results."""
        statements, results = block.statements, block.results
        if not statements:
            return Block([], [NO, NOTHING, *results])
        count = self.length_of_piece(statements)
        rest = Block(statements[count or 1 :], results)
        if count:
            first, flags = self.piece(statements[:count], rest, origin)
        else:
            first, flags = self.compound(statements[0])
        inner = self.guarded(rest, origin)
        own = defined_values(inner)
        merged = [o for o in dict.fromkeys(inner.results[2:]) if isinstance(o, Value) and o in own]
        targets = {o: self.copy(o) for o in merged}
        if not inner.statements:
            return Block(first, [*flags, *inner.results[2:]])
        ends = outcome(origin)
        then = Block([], [YES, flags[1], *[NOTHING] * len(merged)])
        orelse = Block(inner.statements, [*inner.results[:2], *merged])
        joined = If(flags[0], then, orelse, [*ends, *targets.values()], origin)
        others = [targets.get(o, o) if isinstance(o, Value) else o for o in inner.results[2:]]
        return Block([*first, joined], [*ends, *others])

    def length_of_piece(self, statements: list[Statement]) -> int:
        """How many statements write at most at their very end."""
        for i, s in enumerate(statements):
            if self.writes(s):
                if is_shared(s):  # it may have written before it raises
                    raise InterruptedWrite(s.origin)
                return i + 1 + taken_of(s, statements[i + 1 :]) if isinstance(s, Call) else i
        return len(statements)

    def piece(
        self, statements: list[Statement], rest: Block, origin: Origin | None
    ) -> tuple[list[Statement], list[Value]]:
        """Statements under a `try` of their own, which yields what the rest needs of them."""
        needed = used_values(rest)
        own = [v for s in statements for v in targets_of(s) if v in needed]
        copies = {v: self.copy(v) for v in own}
        substitute(rest, lambda o: copies.get(o, o) if isinstance(o, Value) else o)
        flags, error = outcome(origin), Value("error", Opaque(BaseException), origin=origin)
        failed = Handler(EVERYTHING, error, Block([], [YES, error, *[NOTHING] * len(own)]), True)
        body = Block(statements, [NO, NOTHING, *own])
        path = Value("path", Opaque(int))
        made = Try(body, [failed], [*flags, *copies.values()], path, statements[0].origin or origin)
        return [made], flags

    def copy(self, value: Value) -> Value:
        new = Value(value.name, value.type, value.named, value.origin)
        if value in self.active:
            self.active.add(new)
        if value in self.definitions:
            self.definitions[new] = self.definitions[value]
        return new

    def compound(self, s: Statement) -> tuple[list[Statement], list[Value]]:
        """A statement with blocks in which something is written, guarded, and what came of it."""
        if isinstance(s, If):
            s.then, s.orelse = self.guarded(s.then, s.origin), self.guarded(s.orelse, s.origin)
            flags = outcome(s.origin)
            s.targets = [*flags, *s.targets]
            return [s], flags
        if isinstance(s, Loop):
            return [s], self.loop(s)
        if isinstance(s, Try):
            return self.attempt(s)
        raise InterruptedWrite(s.origin)

    def loop(self, loop: Loop) -> list[Value]:
        """An exception in the body ends the loop."""
        tested = [] if loop.test is None else loop.test.statements
        if any(map(may_raise, tested)) or not self.surely_iterates(loop.iterable):
            raise InterruptedWrite(loop.origin)
        count, stop = len(loop.body.results), loop.stop or NO
        elements = [e for g in loop.gathers for e in g.elements]
        whole = Block(loop.body.statements, [*loop.body.results, stop, *elements])
        body = self.guarded(whole, loop.origin)
        caught, error, *ends = body.results
        loop.stop = Value("stop", Scalar(bool), origin=loop.origin)
        left = If(caught, Block([], [YES]), Block([], [ends[count]]), [loop.stop], loop.origin)
        loop.body = Block([*body.statements, left], [caught, error, *ends[:count]])
        rest = iter(ends[count + 1 :])
        for gather in loop.gathers:
            gather.elements = [next(rest) for _ in gather.elements]
        flags = outcome(loop.origin)
        loop.carried = [*outcome(loop.origin), *loop.carried]
        loop.inits = [NO, NOTHING, *loop.inits]
        loop.targets = [*flags, *loop.targets]
        return flags

    def surely_iterates(self, iterable: Operand | None) -> bool:
        """Does taking items of it raise nothing?"""
        if iterable is None:
            return True
        kind = operand_type(iterable)
        if not isinstance(kind, IteratorOf):
            return isinstance(kind, Array | ListOf | TupleOf | DictOf)
        made = self.definitions.get(iterable) if isinstance(iterable, Value) else None
        if not traversal.is_iterator(kind) or made is None or made.kwargs:
            return kind.cls is range
        inner = traversal.gone_over(made)
        return all(not isinstance(a, Splat) and self.surely_iterates(a) for a in inner)

    def attempt(self, s: Try) -> tuple[list[Statement], list[Value]]:
        """A `try` inside: what its handlers do not catch, or raise themselves, is caught as well."""
        before = self.pieces(s) if self.in_the_middle(s) else []
        count, flags = len(s.targets), outcome(s.origin)
        for handler in s.handlers:
            handler.block = self.guarded(handler.block, s.origin)
        s.body.results = [NO, NOTHING, *s.body.results]
        error = Value("error", Opaque(BaseException), origin=s.origin)
        others = Block([], [YES, error, *[NOTHING] * count])
        s.handlers.append(Handler(EVERYTHING, error, others, records=True))
        s.targets = [*flags, *s.targets]
        return [*before, s], flags


def taken_of(s: Call, following: list[Statement]) -> int:
    """How many of the statements after it take its result apart: what a method gives, and what it did."""
    parts = itertools.takewhile(
        lambda c: isinstance(c, Call) and not may_raise(c) and s.target in operands_of(c), following
    )
    return len(list(parts))


def is_final(s: Try) -> bool:
    """Do all handlers raise, so that nothing that follows reads what was written?"""
    return all(never_ends(h.block) for h in s.handlers)


def outcome(origin: Origin | None) -> list[Value]:
    """Was an exception caught, and which?"""
    return [
        Value("caught", Scalar(bool), origin=origin),
        Value("error", Opaque(BaseException), origin=origin),
    ]
