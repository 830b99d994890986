"""`try` … `except` … `else`.

A handler starts from the variables before the `try`. A variable that the body may or may not have
assigned when the exception came is marked, and reading it is refused.
"""

from __future__ import annotations

from adjoint.frontend import fence
from adjoint.frontend import names as text
from adjoint.frontend.control import branch, join
from adjoint.frontend.facts import Fact
from adjoint.frontend.grammar import Known, Node, gast, place
from adjoint.frontend.scope import COMPLETED, EXITED, FALSE, TRUE, Scope, statement
from adjoint.ir.nodes import UNDEFINED, Const, Handler, Operand, Try


@statement("Try")
def lower_try(scope: Scope, node: Node, rest: list[Node]) -> bool:
    if node.finalbody:
        scope.refuse(
            node.finalbody[0],
            "`finally` is not supported",
            "Put the clean-up after the `try`, or into the function that calls this one.",
        )
    matches = [_exceptions(scope, handler, node.body) for handler in node.handlers]
    scope.env.names[COMPLETED] = FALSE
    body = scope.inner(lambda: _lower_body(scope, node))
    arms, handlers = [body], []
    interrupted = text.interrupted_names(node.body, scope.instance)
    for handler, exceptions in zip(node.handlers, matches, strict=True):
        made = Handler(exceptions, None, body[0])
        arm = scope.inner(lambda h=handler, m=made: _lower_handler(scope, h, m, interrupted, node))
        made.block = arm[0]
        handlers.append(made)
        arms.append(arm)
    emitted = Try(body[0], handlers, origin=scope.origin(node))
    scope.emit(emitted)
    scope.env = join(scope, arms, emitted.targets, node)
    completed = scope.env.names.pop(COMPLETED, FALSE)
    if not node.orelse or scope.env.dead:
        return False
    if all(env.left for _, env in arms[1:]):  # what follows is only reached from the body
        scope.statements(node.orelse + rest)
        return True
    made = place(gast.If(Known(completed, node.orelse[0]), node.orelse, []), node.orelse[0])
    scope.statements([made, *rest])
    return True


def _exceptions(scope: Scope, handler: Node, body: list[Node]) -> Operand | None:
    if handler.type is None:
        return None
    if text.reads(handler.type, text.assigned_names(body)):
        scope.refuse(
            handler.type,
            "the exceptions to catch depend on a variable that the `try` body assigns",
            "Assign it before the `try`.",
        )
    return scope.expression(handler.type)


def _lower_body(scope: Scope, node: Node) -> None:
    scope.statements(node.body)
    if scope.env.left or not node.orelse:
        return

    def completed() -> None:
        scope.env.names[COMPLETED] = TRUE

    exited = scope.env.names[EXITED]
    if exited is FALSE:
        completed()
    else:
        branch(scope, exited, lambda: None, completed, node)


def _lower_handler(
    scope: Scope, handler: Node, made: Handler, interrupted: list[str], node: Node
) -> None:
    names = scope.env.names
    for name in interrupted:
        names[name] = Const(UNDEFINED, name)
        scope.facts[names[name]] = Fact(interrupted=fence.origin_of(node, "", ""))
    if handler.name is not None:
        made.name = scope.value(handler.name.id, handler)
        scope.depths[made.name] = scope.depth
        names[handler.name.id] = made.name
    scope.statements(handler.body)
    if handler.name is not None:
        scope.env.names.pop(handler.name.id, None)
