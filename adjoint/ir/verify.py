"""Checks the rules that every IR function keeps; run between stages in tests."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from adjoint.errors import VerificationError
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
)


def verify(function: Function) -> Function:
    """Raise VerificationError unless a function is well formed; return it.

    Every value is defined once and read only where it is in scope, and every block yields as many
    operands as what contains it takes.
    """
    _Verifier(function).check()
    return function


#: Is every program verified between the stages and passes that it goes through? In the tests it is.
between_stages = False


def checked(function: Function) -> Function:
    """A program on its way from one stage to the next, which may have several results by now."""
    if between_stages:
        body, together = function.body, Value()
        last = Call(together, Const(tuple), list(body.results))
        whole = replace(function, body=Block([*body.statements, last], [together]))
        _Verifier(whole, inlined=True).check()
    return function


class _Verifier:
    def __init__(self, function: Function, inlined: bool = False) -> None:
        self.function, self.inlined = function, inlined  # then modules' globals are together
        self.defined: set[Value] = set()

    def fail(self, message: str, statement: Statement | None = None) -> NoReturn:
        origin = getattr(statement, "origin", None) or self.function.origin
        raise VerificationError(f"{self.function.name}: {message}", origin)

    def check(self) -> None:
        function = self.function
        for value in function.inputs:
            self.define(value, None)
        names = [value.name for value in function.globals]
        if len(set(names)) != len(names) and not self.inlined:
            self.fail(f"a global name has two values: {names}")
        if function.code is not None and function.captures:
            free = list(function.code.co_freevars)
            if [value.name for value in function.captures] != free:
                self.fail(f"captures {function.captures} are not the free variables {free}")
        if len(function.body.results) != 1:
            self.fail(f"returns {len(function.body.results)} operands instead of one")
        self.block(function.body, set(function.inputs))

    def define(self, value: Value, statement: Statement | None) -> None:
        if not isinstance(value, Value):
            self.fail(f"{value!r} is defined, and is not a Value", statement)
        if value in self.defined:
            self.fail(f"{value!r} is defined twice", statement)
        self.defined.add(value)

    def read(self, operand: Operand, scope: set[Value], statement: Statement | None) -> None:
        if isinstance(operand, Const):
            return
        if not isinstance(operand, Value):
            self.fail(f"{operand!r} is not an operand", statement)
        if operand not in scope:
            where = "out of scope" if operand in self.defined else "before it is defined"
            self.fail(f"{operand!r} is read {where}", statement)

    def block(self, block: Block, outer: set[Value], extra: list[Operand] | None = None) -> None:
        """Check a block; `extra` are operands read at its end, besides its results."""
        scope = set(outer)
        functions = {s.target for s in block.statements if isinstance(s, Closure)}
        for statement in block.statements:
            self.statement(statement, scope, functions)
            for target in targets_of(statement):
                self.define(target, statement)
                scope.add(target)
        for operand in [*block.results, *(extra or [])]:
            self.read(operand, scope, None)

    def statement(self, statement: Statement, scope: set[Value], functions: set[Value]) -> None:
        allowed = scope | functions if isinstance(statement, Closure) else scope
        for operand in operands_of(statement):
            self.read(operand, allowed, statement)
        if isinstance(statement, Call):
            self.call(statement)
        elif isinstance(statement, If):
            for block in (statement.then, statement.orelse):
                self.results(block, len(statement.targets), statement)
                self.block(block, scope)
        elif isinstance(statement, Loop):
            self.loop(statement, scope)
        elif isinstance(statement, Try):
            self.attempt(statement, scope)
        elif isinstance(statement, Closure):
            self.closure(statement)
        else:
            self.fail(f"{statement!r} is not a statement")

    def results(self, block: Block, count: int, statement: Statement) -> None:
        if len(block.results) != count:
            self.fail(f"a block yields {len(block.results)} operands, not {count}", statement)

    def call(self, call: Call) -> None:
        for arg in call.args:
            if not isinstance(arg, Value | Const | Splat):
                self.fail(f"argument {arg!r} is not an operand", call)
        if any(not (k is None or isinstance(k, str)) for k, _ in call.kwargs):
            self.fail(f"keywords {call.kwargs} are not names", call)

    def loop(self, loop: Loop, scope: set[Value]) -> None:
        count = len(loop.carried)
        if len(loop.inits) != count or len(loop.targets) != count:
            self.fail("carried, inits and targets differ in number", loop)
        if (loop.iterable is None) == (loop.test is None):
            self.fail("a loop has either an iterable or a test", loop)
        if loop.iterable is None and loop.items:
            self.fail("a `while` has no items", loop)
        if loop.iterable is not None and not loop.unpack and len(loop.items) != 1:
            self.fail(f"{len(loop.items)} items without unpacking", loop)
        self.results(loop.body, count, loop)
        for value in loop.carried:
            self.define(value, loop)
        inside = scope | set(loop.carried)
        if loop.test is not None:
            self.results(loop.test, 1, loop)
            self.block(loop.test, inside)
        for value in loop.items:
            self.define(value, loop)
        inside |= set(loop.items)
        ends = [e for gather in loop.gathers for e in gather.elements]
        self.block(loop.body, inside, ends + ([loop.stop] if loop.stop is not None else []))

    def attempt(self, attempt: Try, scope: set[Value]) -> None:
        count = len(attempt.targets)
        self.results(attempt.body, count, attempt)
        self.block(attempt.body, scope)
        for handler in attempt.handlers:
            self.results(handler.block, count, attempt)
            names = [handler.name] if handler.name is not None else []
            for name in names:
                self.define(name, attempt)
            self.block(handler.block, scope | set(names))

    def closure(self, closure: Closure) -> None:
        wanted, given = len(closure.function.captures), len(closure.captures)
        if wanted != given:
            self.fail(f"{given} captures for {wanted} free variables", closure)
        optional = {p.name for p in closure.function.parameters if p.has_default}
        if not optional.issuperset(closure.defaults):  # fewer, where a call gives the others
            self.fail(f"defaults for {set(closure.defaults)}, not {optional}", closure)
        verify(closure.function)
