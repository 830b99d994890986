"""`with`: the calls that it makes, around a `try`.

    manager = A
    x = enter_context(manager)
    try:
        B
    except BaseException as error:
        if not leave_context(manager, error):
            raise
    (behind B, whichever way it is left)  leave_context(manager)

A context manager that suppresses an exception makes the variables of its body uncertain, as any
handler does. What it will do is decided when it runs; if one of these variables is read, and the
manager is not of a class that is known to suppress, the program stops with an error should it do so.
"""

from __future__ import annotations

import builtins
import contextlib
import dis
import types
from typing import Any

from adjoint import runtime
from adjoint.errors import SourceUnavailableError
from adjoint.frontend import names as text
from adjoint.frontend.attempts import EVERYTHING, attempt_and_land
from adjoint.frontend.grammar import Known, Landing, Node, gast, hold, place
from adjoint.frontend.scope import Scope, statement
from adjoint.frontend.source import find
from adjoint.ir.nodes import Const

# Classes of C that let every exception through (or, in Python, those whose code does not show it).
TRANSPARENT = ("lock", "RLock", "TextIOWrapper", "BufferedReader", "BufferedWriter", "memoryview")


@statement("With")
def lower_with(scope: Scope, node: Node, rest: list[Node]) -> bool:
    first, *more = node.items
    body = [place(gast.With(more, node.body, None), node)] if more else node.body
    key = (id(first), "with")
    keep_manager, manager = hold("manager", first.context_expr)
    keep_value, value = hold("entered", first.context_expr)
    entered = _call(runtime.enter_context, manager)
    bind = [place(gast.Assign([first.optional_vars], value), node)] if first.optional_vars else []
    caught, error = hold("error", node)
    handler = gast.ExceptHandler(Known(EVERYTHING, node), caught, None)
    handler.body = _handling(scope, key, first.context_expr, manager, error, node)
    made = place(gast.Try([*bind, *body], [place(handler, node)], [], []), node)
    made.key, made.keyword = key, "with"
    leave = gast.Expr(_call(runtime.leave_context, manager))
    steps = [
        gast.Assign([keep_manager], first.context_expr),
        gast.Assign([keep_value], entered) if bind else gast.Expr(entered),
    ]
    landing = Landing(made, [place(leave, node)], node)
    scope.statements([*(place(step, node) for step in steps), landing, *rest])
    return True


@statement("Landing")
def lower_landing(scope: Scope, node: Node, _: list[Node]) -> None:
    attempt_and_land(scope, node.attempt, node.final)


def _call(function: Any, *args: Node) -> Node:
    return place(
        gast.Call(Known(Const(function, function.__name__), args[0]), [*args], []), args[0]
    )


def _handling(
    scope: Scope, key: Any, expression: Node, manager: Node, error: Node, node: Node
) -> list[Node]:
    """What an exception out of the body does."""
    leave = _call(runtime.leave_context, manager, error)
    again = place(gast.Raise(None, None), node)
    suppresses = may_suppress(scope, expression)
    if suppresses is False:
        return [place(gast.Expr(leave), node), again]
    if suppresses is None and scope.carried.get(key):
        checked = _call(runtime.leave_context_raising, manager, error)
        return [place(gast.Expr(checked), node), again]
    return [place(gast.If(gast.UnaryOp(gast.Not(), leave), [again], []), node)]


# -- which managers suppress -----------------------------------------------------------------------


def may_suppress(scope: Scope, expression: Node) -> bool | None:
    """Whether the `__exit__` of a context manager can be true; None where that is not known."""
    made = isinstance(expression, gast.Call)
    found = _resolve(scope, expression.func if made else expression)
    if found is None:
        return None
    if not made:
        return _class_suppresses(type(found))
    if isinstance(found, type):
        return _class_suppresses(found)
    generator = getattr(found, "__wrapped__", None)
    if isinstance(generator, types.FunctionType) and runtime.is_context_function(found):
        return _catches(generator)
    return None


def _resolve(scope: Scope, expression: Node) -> Any:
    """The object that a global name, or an attribute of a module, stands for now."""
    if isinstance(expression, gast.Name) and scope.is_global(expression.id):
        return scope.namespace.get(expression.id, getattr(builtins, expression.id, None))
    if isinstance(expression, gast.Attribute):
        owner = _resolve(scope, expression.value)
        if isinstance(owner, types.ModuleType):
            return getattr(owner, expression.attr, None)
    return None


def _class_suppresses(cls: type) -> bool | None:
    if cls.__name__ in TRANSPARENT:
        return False
    method = getattr(cls, "__exit__", None)
    if issubclass(cls, contextlib.ContextDecorator) and cls.__module__ == "numpy":
        return False
    if not isinstance(method, types.FunctionType):
        return False if cls.__module__.partition(".")[0] == "numpy" else None
    return not _returns_nothing(method.__code__)


def _returns_nothing(code: types.CodeType) -> bool:
    """Whether every `return` of a function is of None or False."""
    previous = None
    for instruction in dis.get_instructions(code):
        value = instruction if instruction.opname == "RETURN_CONST" else previous
        if instruction.opname in ("RETURN_VALUE", "RETURN_CONST"):
            constant = value is not None and value.opname in ("LOAD_CONST", "RETURN_CONST")
            if not constant or value.argval:  # type: ignore[union-attr]
                return False
        previous = instruction
    return True


def _catches(generator: types.FunctionType) -> bool:
    """Whether the generator of a context manager may end well after an exception."""
    try:
        node = find(generator.__code__, generator.__globals__).node
    except SourceUnavailableError:
        return True
    return any(isinstance(n, gast.ExceptHandler | gast.With) for n in text.own_nodes(node.body))
