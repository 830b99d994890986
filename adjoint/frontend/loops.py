"""`for` and `while`.

Every variable that the body assigns is carried at first; `prune` then removes those that nothing
needs. A body is lowered again when its end tells more about what the carried variables may be than
its beginning assumed (not bound, interrupted, shared).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from adjoint import runtime
from adjoint.frontend import names as text
from adjoint.frontend.assignments import assign
from adjoint.frontend.control import is_undefined
from adjoint.frontend.facts import NOTHING, Fact, join_facts
from adjoint.frontend.grammar import Exhaust, Known, Node, gast, place
from adjoint.frontend.scope import (
    BROKE,
    CAUGHT,
    ERROR,
    EXITED,
    FALSE,
    FLAGS,
    RESULT,
    RETURNED,
    STOPPED,
    TRUE,
    UNBOUND,
    Environment,
    Scope,
    abstract,
    concrete,
    is_user_name,
    statement,
)
from adjoint.ir.nodes import Block, Loop, Operand, Value


@statement("For")
def lower_for(scope: Scope, node: Node, rest: list[Node]) -> bool:
    scope.taken_at_once.append(node.iter)
    iterable = scope.expression(node.iter)
    loop = Loop(Block(), iterable=iterable, origin=scope.origin(node))

    def body() -> None:
        bind_items(scope, loop, node.target)
        scope.statements(node.body)

    assigned = text.assigned_names([node.target, *node.body], scope.instance)
    for name in assigned:  # a list or dict that changes while it is iterated over
        operand = scope.env.names.get(scope.key(name))
        if operand is not None and text.reads(node.iter, [name]):
            scope.share(operand)
    for hold in scope.fact(iterable).holds:
        if hold.name in map(scope.key, assigned):  # it may be read when the next item is made
            scope.refuse_stale(hold, node)
    jumps = text.jumps(node.body)
    broke = run_loop(scope, loop, assigned, jumps, body, node)
    if jumps & {"break", "return"} and _may_be_generator(scope, node.iter):
        scope.call(runtime.release, [iterable], node)  # nobody else refers to it
    return _go_on(scope, node, broke, rest)


def _may_be_generator(scope: Scope, iterable: Node) -> bool:
    """Whether the iterable of a loop may be a generator made for it."""
    if isinstance(iterable, gast.Call):
        return not scope.is_builtin(
            iterable.func, "range", "zip", "enumerate", "reversed", "sorted"
        )
    return isinstance(iterable, gast.GeneratorExp)


@statement("While")
def lower_while(scope: Scope, node: Node, rest: list[Node]) -> bool:
    """`while`; a condition that assigns becomes the first statement of an endless loop."""
    test, statements = node.test, node.body
    if isinstance(test, gast.Constant) and not test.value:
        scope.statements(node.orelse + rest)
        return True
    if text.has_walrus(test) or scope.protected is not None and not text.is_true(test):
        leave = place(gast.If(test, [gast.Pass()], [Exhaust(test)]), test)
        test, statements = Known(TRUE, test), [leave, *statements]
    endless = text.is_true(test) or isinstance(test, Known)
    loop = Loop(Block(), origin=scope.origin(node))

    def condition() -> Operand:
        return TRUE if endless else scope.expression(test)

    assigned = text.assigned_names(statements, scope.instance)
    jumps = text.jumps(statements)
    body = lambda: scope.statements(statements)  # noqa: E731
    broke = run_loop(scope, loop, assigned, jumps, body, node, condition, endless)
    return not text.is_true(node.test) and _go_on(scope, node, broke, rest)


def _go_on(scope: Scope, node: Node, broke: Operand, rest: list[Node]) -> bool:
    """Lower the `else` clause with what follows: either may go into a branch of the other."""
    if not node.orelse:
        return False
    orelse = node.orelse
    if broke is not FALSE:
        made = gast.If(Known(broke, node.orelse[0]), [], node.orelse)
        orelse = [place(made, node.orelse[0])]
    scope.statements(orelse + rest)
    return True


def bind_items(scope: Scope, loop: Loop, target: Node) -> None:
    """Bind the target of a `for` to the item of this iteration."""
    targets = target.elts if isinstance(target, gast.Tuple | gast.List) else [target]
    if any(isinstance(t, gast.Starred) for t in targets):
        targets = [target]
    loop.unpack = targets != [target]
    names = [t.id if isinstance(t, gast.Name) else "" for t in targets]
    loop.items = [scope.value(name, t) for name, t in zip(names, targets, strict=True)]
    scope.depths |= dict.fromkeys(loop.items, scope.depth)
    for each, item in zip(targets, loop.items, strict=True):
        if isinstance(each, gast.Name):
            scope.bind(each.id, item)
        else:
            assign(scope, each, item)


def run_loop(
    scope: Scope,
    loop: Loop,
    assigned: list[str],
    jumps: set[str],
    body: Callable[[], Any],
    node: Node,
    test: Callable[[], Operand] | None = None,
    endless: bool = False,
) -> Operand:
    """Lower the body, emit the loop, and return whether it was left by `break` or `return`."""
    outer = scope.env
    own = [name for name in assigned if not scope.is_outside(name)]  # `x[i] = …` names others too
    names = [scope.key(name) for name in own] + _hidden_names(scope, node, jumps)
    start = {name: outer.names.get(name, UNBOUND) for name in names}
    start |= {name: FALSE for name in names if name in (*FLAGS, CAUGHT)}
    facts = {name: abstract(scope.fact(init), scope, outer) for name, init in start.items()}
    while True:
        shared = _shared(facts)
        scope.breaks.append([])
        end = _lower_body(scope, loop, facts, body, test, node)
        breaks = scope.breaks.pop()
        ends = dict(zip(names, _ends(scope, loop, names, end), strict=True))
        joined = _end_facts(scope, start, facts, ends, end)
        if joined == facts and _shared(facts) == shared:
            break
        facts = joined
    loop.inits, loop.body.results = list(start.values()), list(ends.values())
    stop = FALSE if end.dead else end.names[STOPPED]
    loop.stop = None if stop is FALSE else stop
    loop.targets = [scope.value(name, node) for name in names]
    scope.emit(loop)
    targets: dict[str, Value] = dict(zip(names, loop.targets, strict=True))
    scope.env.names |= targets
    for name, target in targets.items():
        fact = _fact_after(scope, start[name], ends[name], end)
        if endless:
            fact = replace(fact, unbound=any(name not in bound for bound in breaks))
        if is_user_name(name) and fact != NOTHING:
            scope.facts[target] = concrete(fact, scope.env)
    return _after_loop(scope, jumps, endless)


def _shared(facts: dict[str, Fact]) -> list[str]:
    """The variables whose list or dict something else may refer to."""
    return [name for name, f in facts.items() if f.container is not None and f.container.shared]


def _hidden_names(scope: Scope, node: Node, jumps: set[str]) -> list[str]:
    names = [RETURNED, RESULT] if "return" in jumps else []
    names += [CAUGHT, ERROR] if scope.protected is not None else []
    if getattr(node, "orelse", None) and "break" in jumps:
        names.append(BROKE)
    return names


def _lower_body(
    scope: Scope,
    loop: Loop,
    facts: dict[str, Fact],
    body: Callable[[], Any],
    test: Callable[[], Operand] | None,
    node: Node,
) -> Environment:
    loop.carried = [scope.value(name, node) for name in facts]

    def work() -> None:
        names = scope.env.names
        names |= dict(zip(facts, loop.carried, strict=True))
        names |= dict.fromkeys((*FLAGS, CAUGHT), FALSE) | {RESULT: UNBOUND}
        for carried, fact in zip(loop.carried, facts.values(), strict=True):
            scope.depths[carried] = scope.depth
            scope.facts[carried] = concrete(fact, scope.env)
        if test is not None:
            condition: list[Operand] = []
            loop.test, _ = scope.inner(lambda lower=test: condition.append(lower()))
            loop.test.results = condition
        body()

    loop.body, end = scope.inner(work)
    return end


def _ends(scope: Scope, loop: Loop, names: list[str], end: Environment) -> list[Operand]:
    """What each carried variable is after an iteration."""
    ends: list[Operand] = []
    for name, carried in zip(names, loop.carried, strict=True):
        unreached = end.dead or (scope.gone(end) and is_user_name(name))
        ends.append(carried if unreached else end.names.get(name, UNBOUND))
    return ends


def _end_facts(
    scope: Scope,
    start: dict[str, Operand],
    facts: dict[str, Fact],
    ends: dict[str, Operand],
    end: Environment,
) -> dict[str, Fact]:
    """What the carried variables are if the facts so far held at the start of the body."""
    joined: dict[str, Fact] = {}
    for name, fact in facts.items():
        last = abstract(scope.fact(ends[name]), scope, end)
        if is_undefined(start[name]):
            last = replace(last, container=None)
        joined[name] = join_facts(fact, last) if is_user_name(name) else fact
    return joined


def _fact_after(scope: Scope, init: Operand, last: Operand, end: Environment) -> Fact:
    return join_facts(
        scope.fact(init),
        abstract(scope.fact(last), scope, end),
        is_undefined(init),
        is_undefined(last),
    )


def _after_loop(scope: Scope, jumps: set[str], endless: bool) -> Operand:
    """Set how the loop was left, as seen from outside it."""
    names = scope.env.names
    broke = names[BROKE]
    returned = names[RETURNED if "return" in jumps else CAUGHT]
    if endless and "break" not in jumps:
        scope.env.dead = returned is FALSE
        returned = FALSE if returned is FALSE else TRUE
    names |= dict.fromkeys((RETURNED, BROKE, STOPPED, EXITED), returned)
    scope.flags |= {o for o in (broke, returned, names[CAUGHT]) if isinstance(o, Value)}
    return broke
