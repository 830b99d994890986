"""Inner functions and lambdas: a `Closure` each, that captures by value what Python does by name.

Python reads a captured variable when the function runs. So a function is made again where it is
read after such a variable has changed; where that cannot be seen (it is in a container, say), the
program is refused.
"""

from __future__ import annotations

from dataclasses import replace
from inspect import CO_GENERATOR
from types import CodeType

from adjoint import runtime
from adjoint.errors import SourceUnavailableError
from adjoint.frontend import fence
from adjoint.frontend.facts import Fact, Hold
from adjoint.frontend.grammar import Node, gast
from adjoint.frontend.scope import UNBOUND, Scope, expression, statement
from adjoint.frontend.source import nested_code
from adjoint.ir.nodes import Closure, Const, Operand, Value


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


def close_over(scope: Scope, node: Node) -> Value:
    """A nameless function whose `def` the front end has made."""
    return _close(scope, node, "")


def _close(scope: Scope, node: Node, name: str) -> Value:
    """Evaluate the defaults and make an inner function.

    If it captures a variable that is assigned only later, it is made where it is first read.
    """
    defaults = _defaults(scope, node)
    code = nested_code(scope.code, node)
    if code is None:  # Python has left it out, because it is never reached
        gone = f"the code of a function on line {node.lineno} cannot be found"
        scope.call(runtime.raise_exception, [Const(SourceUnavailableError(gone))], node)
        return scope.call(runtime.check_bound, [UNBOUND, Const(name)], node)
    if getattr(node, "decorator_list", None):
        _check_decorated(scope, node, code.co_freevars)
        return _make(scope, node, code, name, defaults, scope.value(node=node))
    target = scope.forward.get(name) or scope.value(name, node)
    missing = [n for n in code.co_freevars if n != name and not _is_available(scope, n)]

    renames = scope.renames

    def remake() -> Value:
        again = scope.value(name, node)
        scope.original[again] = target
        saved, scope.renames = scope.renames, renames
        try:
            return _make(scope, node, code, name, defaults, again)
        finally:
            scope.renames = saved

    scope.remakers[target] = remake
    if not missing:
        return _make(scope, node, code, name, defaults, target)
    scope.facts[target] = Fact(holds=frozenset(Hold(n, None, True) for n in missing))
    return target


def _check_decorated(scope: Scope, node: Node, free: tuple[str, ...]) -> None:
    if node.name in free and node.name in scope.locals:
        scope.refuse(
            node,
            f"'{node.name}' refers to itself, and what it refers to is decorated",
            "Define it without a decorator, and decorate it under another name.",
        )


def _make(
    scope: Scope,
    node: Node,
    code: CodeType,
    name: str,
    defaults: dict[str, Operand],
    target: Value,
) -> Value:
    """Emit the closure of an inner function, with what its free variables are now."""
    function = scope.lower_inner(node, code)
    forward = scope.forward.get(name)
    if name:
        scope.forward[name] = target
    captures: list[Operand] = []
    holds: set[Hold] = set()
    for captured in function.captures:
        cell = scope.cell(captured.name)
        if cell is not None:
            captures.append(cell)
            continue
        operand = capture(scope, captured.name, node)
        scope.share(operand)
        captures.append(operand)
        if operand is not target and captured.name not in scope.captures:
            holds.add(Hold(scope.key(captured.name), operand, True))
            holds |= scope.fact(operand).holds
    if name and forward is None:
        del scope.forward[name]
    if code.co_flags & CO_GENERATOR:
        scope.generators.add(target)
    scope.emit(Closure(target, function, captures, defaults, scope.origin(node)))
    _note_holds(scope, target, frozenset(holds))
    return target


def _note_holds(scope: Scope, target: Value, holds: frozenset[Hold]) -> None:
    """Note what a function captured; also for those that referred to it before it was made."""
    if holds:
        scope.facts[target] = Fact(holds=holds)
    for operand, fact in list(scope.facts.items()):
        if operand is not target and any(hold.operand is target for hold in fact.holds):
            scope.facts[operand] = replace(fact, holds=fact.holds | holds)


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


def _is_available(scope: Scope, name: str) -> bool:
    """Whether a free variable has a value, or is a function that is defined further on."""
    return (
        scope.cell(name) is not None
        or scope.key(name) in scope.env.names
        or name not in scope.locals
        or name in scope.forward
        or _later_definition(scope, name) is not None
    )


def _later_definition(scope: Scope, name: str) -> Node | None:
    for later in scope.upcoming:
        if isinstance(later, gast.FunctionDef) and later.name == name:
            return None if later.decorator_list else later
    return None


def capture(scope: Scope, name: str, node: Node) -> Operand:
    """What a free variable is bound to: its value now, or a function that is defined further on."""
    if name in scope.forward:
        return scope.forward[name]
    if scope.key(name) in scope.env.names or name not in scope.locals:
        return scope.read(name, node)
    later = _later_definition(scope, name)
    if later is None:
        scope.refuse(
            node,
            f"the function captures '{name}', which is not assigned yet when the function is used",
            fence.CAPTURED,
        )
    target = scope.forward[name] = scope.value(name, later)
    scope.depths[target] = scope.depth
    return target
