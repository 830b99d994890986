"""Generators: `yield` is a call that is answered with whether to go on.

    yield v        number = yield_value(v)
                   if number < 0: return

Whoever consumes the items answers with the number of the item, or with its complement, if it wants
no more of them: then the generator is left by a jump, through its `finally` clauses.
"""

from __future__ import annotations

import operator

from adjoint import runtime
from adjoint.frontend import names as text
from adjoint.frontend.closures import close_over
from adjoint.frontend.control import branch
from adjoint.frontend.grammar import Node, gast, generator_function, hold, place
from adjoint.frontend.scope import FLAGS, RESULT, TRUE, Scope, expression, statement
from adjoint.ir.nodes import Const, Operand

IN_EXPRESSION = "`yield` is only supported as a statement, or as the whole of what is assigned"


@statement("YieldStatement")
def lower_yield(scope: Scope, node: Node, rest: list[Node]) -> bool | None:
    value = node.value
    if isinstance(value, gast.YieldFrom):
        return _lower_yield_from(scope, node, rest)
    operand = Const(None) if value.value is None else scope.expression(value.value)
    scope.share(operand)
    number = scope.call(runtime.yield_value, [operand], node)
    stop = scope.call(operator.lt, [number, Const(0)], node)

    def leave() -> None:
        scope.env.names |= {RESULT: Const(None)} | dict.fromkeys(FLAGS, TRUE)

    branch(scope, stop, leave, lambda: None, node)
    if isinstance(node, gast.Assign):
        nothing = place(gast.Assign(node.targets, gast.Constant(None, None)), node)
        scope.statements([nothing, *rest])
        return True
    return None


def _lower_yield_from(scope: Scope, node: Node, rest: list[Node]) -> bool:
    if isinstance(node, gast.Assign):
        scope.refuse(
            node,
            "the value of `yield from` is not supported",
            "Return what the other generator returns by other means.",
        )
    store, item = hold("item", node)
    give = place(gast.Expr(gast.Yield(item)), node)
    loop = place(gast.For(store, node.value.value, [give], [], None), node)
    scope.statements([loop, *rest])
    return True


@expression("Yield", "YieldFrom")
def refuse_yield(scope: Scope, node: Node) -> Operand:
    scope.refuse(node, IN_EXPRESSION, "Assign it to a variable first.")


def check_handlers(scope: Scope, nodes: list[Node]) -> None:
    """Refuse handlers that would see the GeneratorExit of Python, which does not come here."""
    for node in text.own_nodes(nodes):
        if not isinstance(node, gast.Try) or not any(map(_gives, text.own_nodes(node.body))):
            continue
        for handler in node.handlers:
            named = [handler.type] if handler.type is not None else []
            seen = {n.id for each in named for n in gast.walk(each) if isinstance(n, gast.Name)}
            if not named or seen & {"BaseException", "GeneratorExit"}:
                scope.refuse(
                    handler,
                    "a handler around a `yield` that catches GeneratorExit is not supported",
                    "Catch Exception, or use `finally`.",
                )


def _gives(node: Node) -> bool:
    return isinstance(node, gast.Yield | gast.YieldFrom)


# -- generator expressions -------------------------------------------------------------------------


@expression("GeneratorExp")
def lower_generator_expression(scope: Scope, node: Node) -> Operand:
    """A generator function of its own, called with an iterator over the first iterable."""
    for each in node.generators:
        if each.is_async:
            scope.refuse(node, "`async for` is not differentiated", "Write a plain loop.")
    iterator = scope.call(iter, [scope.expression(node.generators[0].iter)], node)
    function = close_over(scope, generator_function(node))
    return scope.call(function, [iterator], node)
