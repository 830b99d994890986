"""A few short functions to write IR by hand."""

from __future__ import annotations

import types
from typing import Any

from adjoint import runtime
from adjoint.ir import nodes as ir


def _stand_in(name: str) -> Any:
    """A function of `adjoint.runtime` that may not be there yet; the emitter knows them by name."""
    existing = getattr(runtime, name, None)
    if existing is not None:
        return existing

    def index_add(acc: Any, index: Any, value: Any) -> Any:
        acc[index] += value
        return acc

    def add_into(acc: Any, value: Any) -> Any:
        acc += value
        return acc

    def set_item(owner: Any, index: Any, value: Any) -> Any:
        owner[index] = value
        return owner

    made = {"index_add": index_add, "add_into": add_into, "set_item": set_item}[name]
    return types.FunctionType(
        made.__code__, {"__name__": "adjoint.runtime", "__builtins__": __builtins__}, name
    )


index_add, add_into, set_item = map(_stand_in, ("index_add", "add_into", "set_item"))


def operand(x: Any) -> ir.Operand:
    return x if isinstance(x, ir.Value | ir.Const) else ir.Const(x)


def value(name: str = "", named: bool = True, type: Any = ir.UNKNOWN) -> ir.Value:
    return ir.Value(name, type, named and bool(name))


class Builder:
    """Appends statements to a block; `call` gives the new value."""

    def __init__(self, filename: str = "") -> None:
        self.block = ir.Block()
        self.filename = filename

    def origin(self, line: int) -> ir.Origin | None:
        return ir.Origin(self.filename, line) if line else None

    def call(self, callee: Any, *args: Any, name: str = "", line: int = 0, named: bool = True,
             type: Any = ir.UNKNOWN, **kwargs: Any) -> ir.Value:  # fmt: skip
        target = value(name, named, type)
        arguments = [a if isinstance(a, ir.Splat) else operand(a) for a in args]
        keywords = [(k, operand(v)) for k, v in kwargs.items()]
        self.block.statements.append(
            ir.Call(target, operand(callee), arguments, keywords, self.origin(line))  # type: ignore[arg-type]
        )
        return target

    def add(self, statement: ir.Statement) -> Any:
        self.block.statements.append(statement)
        return statement

    def results(self, *results: Any) -> ir.Block:
        self.block.results = list(map(operand, results))
        return self.block


def block(*results: Any) -> ir.Block:
    """A block without statements."""
    return ir.Block([], list(map(operand, results)))


def function(name: str, inputs: list[ir.Value], body: ir.Block, **more: Any) -> ir.Function:
    return ir.Function(name, [ir.Parameter(v) for v in inputs], body, **more)
