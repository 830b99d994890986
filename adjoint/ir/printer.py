"""The IR as text, for people and for golden tests.

function energy(x, steps)  [globals range]
  range_1 = call range(steps)
  total_1 = for t in range_1 carrying total = 0.0:
    total_2 = call add(total, x)
    yield total_2
  return total_1
"""

from __future__ import annotations

from collections.abc import Iterable

from adjoint.ir.nodes import (
    UNDEFINED,
    Block,
    Call,
    Closure,
    Function,
    If,
    Loop,
    Operand,
    Splat,
    Statement,
    Try,
    Value,
)
from adjoint.ir.types import UNKNOWN


def show(function: Function, types: bool = True) -> str:
    """The text of a function; with the types of its values, where they are known."""
    return "\n".join(_Printer(types).function(function))


class _Printer:
    def __init__(self, types: bool) -> None:
        self.types = types
        self.names: dict[Value, str] = {}
        self.taken: dict[str, int] = {}

    # -- operands --------------------------------------------------------------------------------

    def name(self, value: Value) -> str:
        """A name that no other value of the text has."""
        if value not in self.names:
            base = value.name or "_"
            count = self.taken[base] = self.taken.get(base, -1) + 1
            self.names[value] = f"{base}.{count}" if count or base == "_" else base
        return self.names[value]

    def operand(self, operand: Operand | Splat) -> str:
        if isinstance(operand, Splat):
            return "*" + self.operand(operand.operand)
        if isinstance(operand, Value):
            return self.name(operand)
        if operand.value is UNDEFINED:
            return "undefined"
        if callable(operand.value):
            return operand.name or getattr(operand.value, "__name__", repr(operand.value))
        return repr(operand.value)

    def list(self, operands: Iterable[Operand | Splat]) -> str:
        return ", ".join(map(self.operand, operands))

    def defined(self, values: Iterable[Value]) -> str:
        return ", ".join(map(self.typed, values))

    def typed(self, value: Value) -> str:
        known = self.types and value.type != UNKNOWN
        return f"{self.name(value)}: {value.type!r}" if known else self.name(value)

    # -- statements ------------------------------------------------------------------------------

    def function(self, function: Function) -> list[str]:
        signature = []
        for parameter in function.parameters:
            star = {"varargs": "*", "varkw": "**"}.get(parameter.kind, "")
            default = "=…" if parameter.has_default else ""
            signature.append(star + self.typed(parameter.value) + default)
        head = f"function {function.name}({', '.join(signature)})"
        for label, values in (("captures", function.captures), ("globals", function.globals)):
            head += f"  [{label} {self.defined(values)}]" if values else ""
        body = self.block(function.body, "return")
        return [head, *body]

    def block(self, block: Block, ending: str = "yield", extra: str = "") -> list[str]:
        lines = [line for s in block.statements for line in self.statement(s)]
        if block.results:
            lines.append(f"{ending} {self.list(block.results)}")
        if extra:
            lines.append(extra)
        return ["  " + line for line in lines or ["pass"]]

    def statement(self, statement: Statement) -> list[str]:
        if isinstance(statement, Call):
            return [self.call(statement)]
        if isinstance(statement, Closure):
            return self.closure(statement)
        if isinstance(statement, If):
            return self.branch(statement)
        if isinstance(statement, Loop):
            return self.loop(statement)
        return self.attempt(statement)

    def call(self, call: Call) -> str:
        args = [self.operand(a) for a in call.args]
        args += [("**" if k is None else f"{k}=") + self.operand(o) for k, o in call.kwargs]
        return f"{self.typed(call.target)} = {self.operand(call.callee)}({', '.join(args)})"

    def closure(self, closure: Closure) -> list[str]:
        pairs = zip(closure.function.captures, closure.captures, strict=True)
        captures = [f"{inner.name}={self.operand(outer)}" for inner, outer in pairs]
        captures += [f"{name}:={self.operand(o)}" for name, o in closure.defaults.items()]
        head = f"{self.typed(closure.target)} = closure({', '.join(captures)})"
        inner = _Printer(self.types).function(closure.function)
        return [head, *("  " + line for line in inner)]

    def assigned(self, values: list[Value]) -> str:
        return f"{self.defined(values)} = " if values else ""

    def branch(self, branch: If) -> list[str]:
        lines = [f"{self.assigned(branch.targets)}if {self.operand(branch.condition)}:"]
        lines += self.block(branch.then)
        if branch.orelse.statements or branch.orelse.results:
            lines += ["else:", *self.block(branch.orelse)]
        return lines

    def loop(self, loop: Loop) -> list[str]:
        targets = loop.targets + [gather.target for gather in loop.gathers]
        inits = zip(loop.carried, loop.inits, strict=True)
        carrying = ", ".join(f"{self.typed(c)} = {self.operand(i)}" for c, i in inits)
        carrying = f" carrying {carrying}" if carrying else ""
        head = self.assigned(targets)
        lines: list[str] = []
        if loop.iterable is not None:
            items = self.defined(loop.items)
            items = f"({items})" if loop.unpack else items
            head += f"for {items} in {self.operand(loop.iterable)}"
        else:
            head += "while"
            if loop.test is not None:
                lines += ["  test:", *("  " + line for line in self.block(loop.test))]
        extra = [f"gather {self.list(g.elements)}" for g in loop.gathers]
        extra += [f"stop {self.operand(loop.stop)}"] if loop.stop is not None else []
        body = self.block(loop.body, extra="; ".join(extra))
        return [head + carrying + ":", *lines, *body]

    def attempt(self, attempt: Try) -> list[str]:
        path = [attempt.path] if attempt.path is not None else []
        lines = [f"{self.assigned(attempt.targets + path)}try:", *self.block(attempt.body)]
        for handler in attempt.handlers:
            what = f" {self.operand(handler.exceptions)}" if handler.exceptions else ""
            name = f" as {self.name(handler.name)}" if handler.name is not None else ""
            lines += [f"except{what}{name}:", *self.block(handler.block)]
        return lines
