"""`try` … `except` … `else` … `finally`.

A handler starts from the variables before the `try`. A variable that the body may or may not have
assigned when the exception came is marked. Where one of those is read after all, the function is
lowered again with the body in pieces (`pieces`), each of which assigns it at most at its end.

`finally` is a handler that raises again, and the same statements once more behind the body,
whichever way this is left.
"""

from __future__ import annotations

from collections.abc import Hashable

from adjoint import runtime
from adjoint.frontend import names as text
from adjoint.frontend.control import JUMPS, branch, join, lower_statement, note_break, unless_left
from adjoint.frontend.facts import Attempt, Fact
from adjoint.frontend.grammar import Known, Node, gast, hold, place
from adjoint.frontend.scope import (
    CAUGHT,
    COMPLETED,
    ERROR,
    EXITED,
    FALSE,
    IN_PIECES,
    LANDED,
    RESULT,
    TRUE,
    Scope,
    statement,
)
from adjoint.ir.nodes import UNDEFINED, Block, Const, Handler, Operand, Try

#: Among the variables to know in a body in pieces: the statements that change something end a piece.
EFFECT = "effect?"
EVERYTHING = Const(BaseException, "BaseException")


@statement("Try")
def lower_try(scope: Scope, node: Node, rest: list[Node]) -> bool:
    if not node.finalbody:
        return attempt(scope, node, rest)
    inner = node.body
    if node.handlers:
        made = gast.Try(node.body, node.handlers, node.orelse, [])
        inner = [place(_keyed(made, id(node), "try"), node)]
    again = place(gast.Raise(None, None), node)
    everything = Known(EVERYTHING, node)
    handler = place(gast.ExceptHandler(everything, None, [*node.finalbody, again]), node)
    whole = place(_keyed(gast.Try(inner, [handler], [], []), (id(node), "finally"), "try"), node)
    attempt_and_land(scope, whole, node.finalbody)
    return False


def _keyed(node: Node, key: Hashable, keyword: str) -> Node:
    """Tell by which key what is known of a made-up `try` is kept when lowering again."""
    node.key, node.keyword = key, keyword
    return node


def attempt_and_land(scope: Scope, node: Node, final: list[Node]) -> None:
    """A `try`, then the statements that follow its body however this is left."""
    scope.landings += 1
    attempt(scope, node, [])
    scope.landings -= 1
    names = scope.env.names
    landed = names.pop(LANDED, FALSE)
    if scope.env.dead:
        return
    pending = {name: names[name] for name in (*JUMPS, RESULT)}
    names |= dict.fromkeys(JUMPS, FALSE)
    branch(scope, landed, lambda: scope.statements(final), lambda: None, node)
    if not scope.env.dead:
        unless_left(scope, lambda: scope.env.names.update(pending), node)


def attempt(scope: Scope, node: Node, rest: list[Node]) -> bool:
    """A `try` without `finally`."""
    key = getattr(node, "key", id(node))
    matches = [_exceptions(scope, handler, node.body) for handler in node.handlers]
    wanted = scope.carried.get(key, set()) | (scope.protected or set())
    if IN_PIECES.get() and any(map(text.may_change, node.body)):
        wanted |= {EFFECT, *text.interrupted_names(node.body, scope.instance)}
    marks = {
        name: Attempt(key, node.lineno, getattr(node, "keyword", "try"))
        for name in text.interrupted_names(node.body, scope.instance)
        if name not in wanted
    }
    if wanted or scope.protected is not None:
        in_pieces(scope, node, matches, wanted, marks)
        return False
    scope.env.names[COMPLETED] = FALSE
    body = scope.inner(lambda: _lower_body(scope, node))
    arms, handlers = _handlers(scope, node, matches, marks)
    emitted = Try(body[0], handlers, origin=scope.origin(node))
    scope.emit(emitted)
    scope.env = join(scope, [body, *arms], emitted.targets, node)
    completed = scope.env.names.pop(COMPLETED, FALSE)
    if not node.orelse or scope.env.dead:
        return False
    if all(env.left for _, env in arms):  # what follows is only reached from the body
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
    scope.env.names |= {LANDED: TRUE, COMPLETED: FALSE}
    if scope.env.left or not node.orelse:
        return

    def completed() -> None:
        scope.env.names[COMPLETED] = TRUE

    exited = scope.env.names[EXITED]
    if exited is FALSE:
        completed()
    else:
        branch(scope, exited, lambda: None, completed, node)


def _handlers(
    scope: Scope, node: Node, matches: list[Operand | None], marks: dict[str, Attempt]
) -> tuple[list, list[Handler]]:
    arms, handlers = [], []
    for handler, exceptions in zip(node.handlers, matches, strict=True):
        made = Handler(exceptions, None, Block())
        arm = scope.inner(lambda h=handler, m=made: _lower_handler(scope, h, m, marks))
        made.block = arm[0]
        handlers.append(made)
        arms.append(arm)
    return arms, handlers


def _lower_handler(scope: Scope, handler: Node, made: Handler, marks: dict[str, Attempt]) -> None:
    names = scope.env.names
    for name, mark in marks.items():
        names[scope.key(name)] = operand = Const(UNDEFINED, name)
        scope.facts[operand] = Fact(interrupted=mark)
    if handler.name is not None:
        made.name = scope.value(handler.name.id, handler)
        scope.depths[made.name] = scope.depth
        names[handler.name.id] = made.name
    scope.statements(handler.body)
    scope.env.names[LANDED] = FALSE
    if handler.name is not None:
        scope.env.names.pop(handler.name.id, None)


# -- a body in pieces ------------------------------------------------------------------------------


def in_pieces(
    scope: Scope,
    node: Node,
    matches: list[Operand | None],
    wanted: set[str],
    marks: dict[str, Attempt],
) -> None:
    """A `try` whose body is lowered piece by piece: an exception is a jump to its end.

    There it is raised again, for the handlers to see.
    """
    outer, scope.protected = scope.protected, wanted
    scope.statements(node.body)
    scope.protected = outer
    if scope.env.dead:
        return
    caught = scope.env.names[CAUGHT]

    def handle() -> None:
        names = scope.env.names
        names |= dict.fromkeys(JUMPS, FALSE)
        error = names.pop(ERROR)
        body = scope.inner(lambda: raise_again(error))
        arms, handlers = _handlers(scope, node, matches, marks)
        if outer is not None and None not in matches:
            arm = scope.inner(lambda: handlers.append(record(scope, node)))
            handlers[-1].block = arm[0]
            arms.append(arm)
        emitted = Try(body[0], handlers, origin=scope.origin(node))
        scope.emit(emitted)
        scope.env = join(scope, [body, *arms], emitted.targets, node)
        scope.env.names[LANDED] = FALSE

    def raise_again(error: Operand) -> None:
        scope.call(runtime.raise_again, [error], node)
        scope.env.dead = True

    def otherwise() -> None:
        names = scope.env.names
        names |= {flag: FALSE for flag in JUMPS if names[flag] is caught}
        names[CAUGHT] = FALSE
        names.pop(ERROR, None)
        if node.orelse:
            scope.statements(node.orelse)
        scope.env.names[LANDED] = TRUE

    branch(scope, caught, handle, otherwise, node)


@statement("piece")
def lower_piece(scope: Scope, nodes: list[Node], _: list[Node]) -> list[Node]:
    """Lower the first piece of some statements; returns what remains of them."""
    wanted = scope.protected
    assert wanted is not None
    first, *rest = nodes
    count = _length_of_piece(nodes, wanted, scope.instance)
    if count:
        guard(scope, nodes[:count])
        return nodes[count:]
    name = type(first).__name__
    if name in EXPANSIONS and not hasattr(first, "expanded"):
        return EXPANSIONS[name](first) + rest
    if name in COMPOUND:
        return [] if lower_statement(scope, first, rest) else rest
    inside = [n for n in text.assigned_names([first], scope.instance) if n in wanted] or [
        "something"
    ]
    scope.refuse(
        first,
        f"'{inside[0]}' is assigned in the middle of this statement, and an exception may come"
        " before or after that",
        f"Assign '{inside[0]}' in a statement of its own.",
    )


def _length_of_piece(nodes: list[Node], wanted: set[str], instance: str) -> int:
    """How many statements assign a wanted variable at most at their very end."""
    for count, node in enumerate(nodes):
        if hasattr(node, "expanded"):
            return count
        if EFFECT in wanted and text.may_change(node):
            simple = type(node).__name__ not in COMPOUND
            names = wanted & set(text.assigned_names([node], instance))
            ends = simple and (not names or text.binds_at_its_end(node))
            return count + 1 if ends else count
        if wanted & set(text.assigned_names([node], instance)):
            return count + 1 if text.binds_at_its_end(node) else count
    return len(nodes)


def guard(scope: Scope, nodes: list[Node]) -> None:
    """Lower a piece; an exception in it is kept, and the rest of the body left by a jump."""
    wanted, scope.protected = scope.protected, None
    if all(map(text.cannot_raise, nodes)):
        scope.statements(nodes)
    else:
        body = scope.inner(lambda: scope.statements(nodes))
        handlers: list[Handler] = []
        arm = scope.inner(lambda: handlers.append(record(scope, nodes[0])))
        handlers[0].block = arm[0]
        emitted = Try(body[0], handlers, origin=scope.origin(nodes[0]))
        scope.emit(emitted)
        scope.env = join(scope, [body, arm], emitted.targets, nodes[0])
    scope.protected = wanted


def record(scope: Scope, node: Node) -> Handler:
    """A handler that keeps the exception and jumps to the end of the body in pieces."""
    error = scope.value(ERROR, node)
    scope.depths[error] = scope.depth
    note_break(scope)
    scope.env.names |= {ERROR: error} | dict.fromkeys(JUMPS, TRUE)
    return Handler(EVERYTHING, error, Block(), records=True)


def _expand_if(node: Node) -> list[Node]:
    """Its test is a piece of its own."""
    store, load = hold("test", node.test)
    made = place(gast.If(load, node.body, node.orelse), node)
    made.expanded = True
    return [place(gast.Assign([store], node.test), node.test), made]


def _expand_for(node: Node) -> list[Node]:
    """Its iterable is a piece of its own, and so is what binds the target."""
    store, load = hold("iterable", node.iter)
    item, loaded = hold("item", node.target)
    check = Known(Const(runtime.check_iterable, "check_iterable"), node.iter)
    checked = place(gast.Call(check, [node.iter], []), node.iter)
    bind = place(gast.Assign([node.target], loaded), node.target)
    made = place(gast.For(item, load, [bind, *node.body], node.orelse, None), node)
    made.expanded = True
    return [place(gast.Assign([store], checked), node.iter), made]


def _expand_while(node: Node) -> list[Node]:
    node = place(gast.While(node.test, node.body, node.orelse), node)
    node.expanded = True
    return [node]


EXPANSIONS = {"If": _expand_if, "For": _expand_for, "While": _expand_while}
COMPOUND = (*EXPANSIONS, "Try", "With", "Landing")
