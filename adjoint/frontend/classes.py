"""`class` inside a function: Python makes it, from the code of its body, when the statement runs."""

from __future__ import annotations

from adjoint import runtime
from adjoint.frontend.closures import capture
from adjoint.frontend.grammar import Node
from adjoint.frontend.scope import Scope, statement
from adjoint.frontend.source import nested_code
from adjoint.ir.nodes import Const, Operand, Splat


@statement("ClassDef")
def lower_class(scope: Scope, node: Node, _: list[Node]) -> None:
    decorators = [scope.expression(each) for each in node.decorator_list]
    bases = [scope.expression(each) for each in node.bases]
    kwargs = [(k.arg, scope.expression(k.value)) for k in node.keywords]
    code = nested_code(scope.code, node)
    if code is None:
        scope.refuse(node, "the code of this class cannot be found", "Define it at module level.")
    captures = [capture(scope, name, node) for name in code.co_freevars]
    for each in captures:
        scope.share(each)
    maker = Const(runtime.ClassBody(code, scope.namespace), f"make_{node.name}")
    args: list[Operand | Splat] = [scope.call(runtime.make_tuple, captures, node), *bases]
    operand: Operand = scope.call(maker, args, node, kwargs)
    for decorator, each in zip(reversed(decorators), reversed(node.decorator_list), strict=True):
        operand = scope.call(decorator, [operand], each)
    scope.bind(node.name, operand)
