"""Inner functions and lambdas: a `Closure` each, that captures by value what Python does by name."""

from __future__ import annotations

from adjoint.frontend import fence
from adjoint.frontend.grammar import Node, gast
from adjoint.frontend.scope import Fact, Hold, Scope, expression, statement
from adjoint.frontend.source import nested_code
from adjoint.ir.nodes import Closure, Operand, Value


@statement("FunctionDef")
def lower_definition(scope: Scope, node: Node, _: list[Node]) -> None:
    decorators = [scope.expression(each) for each in node.decorator_list]
    operand: Operand = _close(scope, node, node.name)
    for decorator, each in zip(reversed(decorators), reversed(node.decorator_list), strict=True):
        operand = scope.call(decorator, [operand], each)
    scope.bind(node.name, operand)
    scope.forward.pop(node.name, None)


@expression("Lambda")
def lower_lambda(scope: Scope, node: Node) -> Operand:
    return _close(scope, node, "")


def _close(scope: Scope, node: Node, name: str) -> Value:
    """Emit the closure of an inner function."""
    defaults = _defaults(scope, node)
    decorated = bool(getattr(node, "decorator_list", None))
    target = scope.value("" if decorated else name, node)
    if name and not decorated:
        target = scope.forward.get(name, target)
    function = scope.lower_inner(node, nested_code(scope.code, node, scope.filename))
    captures: list[Operand] = []
    holds: set[Hold] = set()
    for captured in function.captures:
        own = bool(name) and captured.name == name and name in scope.locals
        if own and decorated:
            scope.refuse(
                node,
                f"'{name}' refers to itself, and what it refers to is decorated",
                "Define it without a decorator, and decorate it under another name.",
            )
        operand = target if own else _capture(scope, captured.name, node)
        scope.share(operand)
        captures.append(operand)
        if not own and captured.name not in scope.captures:
            holds.add(Hold(captured.name, operand, True))
            holds |= scope.fact(operand).holds
    scope.emit(Closure(target, function, captures, defaults, scope.origin(node)))
    if holds:
        scope.facts[target] = Fact(holds=frozenset(holds))
    return target


def _defaults(scope: Scope, node: Node) -> dict[str, Operand]:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    start = len(positional) - len(arguments.defaults)
    pairs = list(zip(positional[start:], arguments.defaults, strict=True))
    pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    found = {p.id: scope.expression(default) for p, default in pairs if default is not None}
    for operand in found.values():
        scope.share(operand)
    return found


def _capture(scope: Scope, name: str, node: Node) -> Operand:
    """What a free variable is bound to: its value now, or a function that is defined further on."""
    if name in scope.env.names or name not in scope.locals:
        return scope.read(name, node)
    if name in scope.forward:
        return scope.forward[name]
    for later in scope.upcoming:
        if isinstance(later, gast.FunctionDef) and later.name == name and not later.decorator_list:
            target = scope.forward[name] = scope.value(name, later)
            scope.depths[target] = scope.depth
            return target
    scope.refuse(
        node,
        f"the function captures '{name}', which is only assigned after the function is made",
        fence.CAPTURED,
    )
