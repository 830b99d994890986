"""`class` inside a function: Python makes it, from the code of its body, when the statement runs."""

from __future__ import annotations

from adjoint import runtime
from adjoint.frontend.closures import capture
from adjoint.frontend.facts import Fact, Hold
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
    if node.name in code.co_freevars and node.decorator_list:
        capture(scope, node.name, node)  # refuses: which class it refers to is not known
    names = [name for name in code.co_freevars if name != node.name]
    captures = [capture(scope, name, node) for name in names]
    for each in captures:
        scope.share(each)
    maker = Const(runtime.ClassBody(code, scope.namespace), f"make_{node.name}")
    args: list[Operand | Splat] = [scope.call(runtime.make_tuple, captures, node), *bases]
    operand: Operand = scope.call(maker, args, node, kwargs)
    held = {Hold(scope.key(n), o, True) for n, o in zip(names, captures, strict=True)}
    own = {Hold(scope.key(node.name), operand, True)} if node.name in code.co_freevars else set()
    holds = frozenset({h for h in held if h.name in scope.env.names} | own)
    if holds:
        scope.facts[operand] = Fact(holds=holds)
        scope.generators.add(operand)  # methods run later, with what their variables are then
    for decorator, each in zip(reversed(decorators), reversed(node.decorator_list), strict=True):
        operand = scope.call(decorator, [operand], each)
    scope.bind(node.name, operand)
