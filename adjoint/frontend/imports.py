"""Imports inside functions."""

from __future__ import annotations

from adjoint import runtime
from adjoint.frontend.grammar import Node
from adjoint.frontend.scope import Scope, statement
from adjoint.ir.nodes import Const, Operand


@statement("Import")
def lower_import(scope: Scope, node: Node, _: list[Node]) -> None:
    """`import a.b` binds `a`; `import a.b as c` binds the inner module."""
    for alias in node.names:
        module = scope.call(runtime.import_module, [Const(alias.name)], node)
        name = alias.asname or alias.name.split(".")[0]
        if not alias.asname and "." in alias.name:
            module = scope.call(runtime.import_module, [Const(name)], node)
        scope.bind(name, module)


@statement("ImportFrom")
def lower_import_from(scope: Scope, node: Node, _: list[Node]) -> None:
    for alias in node.names:
        if alias.name == "*":
            scope.refuse(node, "`import *` is not supported", "Name what is imported.")
        args: list[Operand] = [Const(node.module or ""), Const(alias.name)]
        if node.level:
            args += [Const(node.level), Const(_package(scope.namespace))]
        scope.bind(alias.asname or alias.name, scope.call(runtime.import_module, args, node))


def _package(namespace: dict) -> str:
    """The package that a relative import starts from."""
    spec = namespace.get("__spec__")
    return namespace.get("__package__") or (spec.parent if spec is not None else "") or ""
