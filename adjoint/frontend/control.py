"""Statement lists, branches, jumps: control flow as structure.

A statement that may be left by a jump sets hidden variables (`RETURNED`, `EXITED`, …) that join
like any other variable. What follows then stands in the other branch of an `If`; where one branch
of the user's own `if` always leaves, it simply goes into the other one and no flag is needed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from adjoint import runtime
from adjoint.frontend import names as text
from adjoint.frontend.facts import NOTHING, Fact, join_facts
from adjoint.frontend.fence import refuse_node
from adjoint.frontend.grammar import Node
from adjoint.frontend.scope import (
    BROKE,
    CAUGHT,
    CHOICE,
    EXITED,
    FALSE,
    FLAGS,
    RESULT,
    STATEMENTS,
    STOPPED,
    TRUE,
    UNBOUND,
    Environment,
    Scope,
    abstract,
    concrete,
    expression,
    is_user_name,
    statement,
)
from adjoint.ir.nodes import UNDEFINED, Block, Const, If, Operand, Value

Work = Callable[[], Any]
Arm = tuple[Block, Environment]
JUMPS = (*FLAGS, CAUGHT)
_AFTER_RETURN = (*JUMPS, RESULT)  # the only variables that matter once a path has returned


@statement("*")
def lower_statements(scope: Scope, nodes: list[Node], _: list[Node]) -> None:
    """Lower a list of statements, up to the first that always leaves it."""
    saved = scope.upcoming
    while nodes and not scope.env.left:
        if scope.env.names[EXITED] is not FALSE:
            unless_left(scope, lambda rest=nodes: scope.statements(rest), nodes[0])
            break
        scope.upcoming = rest = nodes[1:]
        if scope.protected is not None:
            nodes = STATEMENTS["piece"](scope, nodes, [])
        elif lower_statement(scope, nodes[0], rest):
            break
        else:
            nodes = rest
    scope.upcoming = saved


def lower_statement(scope: Scope, node: Node, rest: list[Node]) -> bool:
    """Lower one statement; true if those that follow were lowered with it."""
    lower = STATEMENTS.get("YieldStatement" if text.is_yield(node) else type(node).__name__)
    if lower is None:
        refuse_node(node, scope.origin(node))
    return bool(lower(scope, node, rest))


def unless_left(scope: Scope, work: Callable[[], Any], node: Node) -> None:
    """Do some lowering for the paths that no jump has left."""
    exited = scope.env.names[EXITED]

    def skip() -> None:
        names = scope.env.names
        names |= {flag: TRUE for flag in JUMPS if names[flag] is exited}

    def go_on() -> None:
        scope.env.names |= dict.fromkeys(JUMPS, FALSE)
        with _bound_here(scope, exited):
            work()

    branch(scope, exited, skip, go_on, node)
    if not scope.env.dead:
        scope.earlier_exit[scope.env.names[EXITED]] = exited


@contextlib.contextmanager
def _bound_here(scope: Scope, exited: Operand) -> Iterator[None]:
    """Inside, what only the paths left by `exited` leave unbound is bound."""
    flags = {exited}
    while exited in scope.earlier_exit and scope.earlier_exit[exited] not in flags:
        exited = scope.earlier_exit[exited]
        flags.add(exited)
    values = [v for v in scope.env.names.values() if scope.unbound_if.get(v) in flags]
    saved = {v: scope.facts[v] for v in values if v in scope.facts}
    scope.facts |= {v: replace(fact, unbound=False) for v, fact in saved.items()}
    try:
        yield
    finally:
        scope.facts |= saved


# -- branches --------------------------------------------------------------------------------------


@statement("If")
def lower_if(scope: Scope, node: Node, rest: list[Node]) -> bool:
    """`if`: what follows goes into a branch if the other one always leaves by a jump."""
    body, orelse = node.body, node.orelse
    consumed = False
    if text.always_leaves(body) and not text.only_raises(body):
        orelse, consumed = orelse + rest, True
    elif text.always_leaves(orelse) and not text.only_raises(orelse):
        body, consumed = body + rest, True
    condition = scope.expression(node.test)
    branch(scope, condition, lambda: scope.statements(body), lambda: scope.statements(orelse), node)
    return consumed


def branch(scope: Scope, condition: Operand, then: Work, orelse: Work, node: Node) -> None:
    """Emit an If and join the variables of its branches; nothing if the condition is a constant."""
    if isinstance(condition, Const):
        (then if condition.value else orelse)()
        return
    arms = [scope.inner(then), scope.inner(orelse)]
    emitted = If(condition, arms[0][0], arms[1][0], origin=scope.origin(node))
    scope.emit(emitted)
    scope.env = join(scope, arms, emitted.targets, node, condition)


def choose(scope: Scope, condition: Operand, then: Work, orelse: Work, node: Node) -> Operand:
    """The value of one of two expressions, of which only that one is evaluated."""

    def arm(work: Work) -> Work:
        def keep() -> None:
            operand = work()
            if operand in scope.env.names.values():
                scope.share(operand)
            scope.env.names[CHOICE] = operand

        return keep

    outer = scope.env.names.pop(CHOICE, None)
    branch(scope, condition, arm(then), arm(orelse), node)
    result = scope.env.names.pop(CHOICE)
    if outer is not None:
        scope.env.names[CHOICE] = outer
    return result


def join(
    scope: Scope, arms: list[Arm], targets: list[Value], node: Node, condition: Operand = UNBOUND
) -> Environment:
    """The variables after a statement with several blocks; adds results and targets as needed."""
    live = [env for _, env in arms if not env.dead]
    if not live:
        return Environment(arms[0][1].names, dead=True)
    after = Environment()
    shared: dict[tuple[int, ...], Operand] = {}
    facts: dict[Operand, Fact] = {}
    missing: set[Operand] = set()  # what may be unbound on a path that goes on
    for name in {name: None for env in live for name in env.names}:
        results = [_result(scope, name, env) for _, env in arms]
        known = [r for r in results if r is not None]
        if not known:
            continue
        if all(_same(known[0], r) for r in known) and scope.visible(known[0]):
            after.names[name] = known[0]
            continue
        if [r is TRUE or r is FALSE and 2 for r in results] == [True, 2] and (
            condition in scope.flags
        ):
            after.names[name] = condition
            continue
        key = tuple(map(id, results))
        if key not in shared:
            target = scope.value(name, node)
            shared[key] = target
            targets.append(target)
            scope.depths[target] = scope.depth
            for (block, _), result in zip(arms, results, strict=True):
                block.results.append(UNBOUND if result is None else result)
            facts[target] = _joined_fact(scope, name, arms, results)
            pairs = [(r, e) for r, (_, e) in zip(results, arms, strict=True) if r is not None]
            if any(scope.fact(r).unbound and e.names[EXITED] is not TRUE for r, e in pairs):
                missing.add(target)
            if all(r is TRUE or r is FALSE or r in scope.flags for r in known):
                scope.flags.add(target)
        after.names[name] = shared[key]
    exited = after.names[EXITED]
    for operand, fact in facts.items():
        if fact != NOTHING:
            scope.facts[operand] = concrete(fact, after)
        if fact.unbound and exited in scope.flags and operand not in missing:
            scope.unbound_if[operand] = exited
    return after


def _result(scope: Scope, name: str, env: Environment) -> Operand | None:
    """What a variable is at the end of a block; None if it no longer matters."""
    if env.dead or (scope.gone(env) and name not in _AFTER_RETURN):
        return None
    return env.names.get(name, UNBOUND)


def _same(a: Operand, b: Operand) -> bool:
    if a is b:
        return True
    if not (isinstance(a, Const) and isinstance(b, Const)) or type(a.value) is not type(b.value):
        return False
    if isinstance(a.value, bool | int | str | bytes | type(None)):
        return a.value == b.value
    return isinstance(a.value, float) and repr(a.value) == repr(b.value)


def _joined_fact(scope: Scope, name: str, arms: list[Arm], results: list[Operand | None]) -> Fact:
    facts = [
        (abstract(scope.fact(r), scope, env), is_undefined(r))
        for (_, env), r in zip(arms, results, strict=True)
        if r is not None
    ]
    joined, undefined = facts[0]
    for fact, also in facts[1:]:
        joined = join_facts(joined, fact, undefined, also)
        undefined = undefined and also
    return joined if is_user_name(name) or name == CHOICE else NOTHING


def is_undefined(operand: Operand) -> bool:
    return isinstance(operand, Const) and operand.value is UNDEFINED


# -- jumps -----------------------------------------------------------------------------------------


@statement("Return")
def lower_return(scope: Scope, node: Node, _: list[Node]) -> None:
    operand = scope.expression(node.value) if node.value is not None else Const(None)
    if scope.instance:
        operand = scope.read(scope.instance, node)
    scope.env.names |= {RESULT: operand} | dict.fromkeys(FLAGS, TRUE)


@statement("Break")
def lower_break(scope: Scope, node: Node, _: list[Node]) -> None:
    note_break(scope)
    scope.env.names |= dict.fromkeys((BROKE, STOPPED, EXITED), TRUE)


@statement("Exhaust")
def lower_exhaust(scope: Scope, node: Node, _: list[Node]) -> None:
    note_break(scope)
    scope.env.names |= dict.fromkeys((STOPPED, EXITED), TRUE)


@statement("Continue")
def lower_continue(scope: Scope, node: Node, _: list[Node]) -> None:
    scope.env.names[EXITED] = TRUE


def note_break(scope: Scope) -> None:
    """Remember which variables may be unbound where a loop is left."""
    names = scope.env.names
    for breaks in scope.breaks[-1:]:
        breaks.append({n for n, o in names.items() if not scope.fact(o).unbound})


@statement("Raise")
def lower_raise(scope: Scope, node: Node, _: list[Node]) -> None:
    args: list[Operand] = []
    if node.exc is not None:
        args.append(scope.expression(node.exc))
        if node.cause is not None:
            args += [scope.expression(node.cause), TRUE]
    scope.call(runtime.raise_exception, args, node)
    scope.env.dead = True


@statement("Assert")
def lower_assert(scope: Scope, node: Node, _: list[Node]) -> None:
    if not __debug__:
        return

    def fail() -> None:
        args = [scope.expression(node.msg)] if node.msg is not None else []
        error = scope.call(AssertionError, args, node)
        scope.call(runtime.raise_exception, [error], node)
        scope.env.dead = True

    branch(scope, scope.expression(node.test), lambda: None, fail, node)


@statement("Pass", "Global", "Nonlocal")
def lower_pass(scope: Scope, node: Node, _: list[Node]) -> None:
    pass


@statement("Expr")
def lower_bare_expression(scope: Scope, node: Node, _: list[Node]) -> None:
    scope.expression(node.value)


@expression("Known")
def lower_known(scope: Scope, node: Node) -> Operand:
    return node.operand
