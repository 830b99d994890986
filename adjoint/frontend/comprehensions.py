"""Comprehensions: loops that gather; and generator expressions, where a call consumes them."""

from __future__ import annotations

import collections
import operator

from adjoint import runtime
from adjoint.frontend import names as text
from adjoint.frontend.control import Work, choose
from adjoint.frontend.grammar import Known, Node, gast, hold, place
from adjoint.frontend.loops import bind_items, run_loop
from adjoint.frontend.scope import FALSE, FLAGS, RESULT, RETURNED, UNBOUND, Scope, expression
from adjoint.ir.nodes import Block, Const, Gather, Loop, Operand, Value


@expression("ListComp")
def lower_list_comprehension(scope: Scope, node: Node) -> Operand:
    return scope.own(gather(scope, [node.elt], node.generators, node))


@expression("SetComp")
def lower_set_comprehension(scope: Scope, node: Node) -> Operand:
    return scope.call(set, [gather(scope, [node.elt], node.generators, node)], node)


@expression("DictComp")
def lower_dict_comprehension(scope: Scope, node: Node) -> Operand:
    pairs = gather(scope, [node.key, node.value], node.generators, node)
    return scope.own(scope.call(dict, [pairs], node))


def gather(scope: Scope, elements: list[Node], generators: list[Node], node: Node) -> Operand:
    """The list of the elements: tuples of them if there are several.

    With conditions or further `for`s each iteration gives a list, and the lists are flattened.
    """
    first, *more = generators
    if first.is_async:
        scope.refuse(node, "`async for` is not differentiated", "Write a plain loop.")
    scope.taken_at_once.append(first.iter)
    loop = Loop(Block(), iterable=scope.expression(first.iter), origin=scope.origin(node))
    flat = not more and not first.ifs
    gathered: list[Operand] = []

    targets = text.assigned_names([first.target])

    def body() -> None:
        bind_items(scope, loop, first.target)
        if flat:
            gathered[:] = [scope.expression(each) for each in elements]
        else:
            gathered[:] = [_some(scope, first.ifs, elements, more, node)]
        for operand in gathered:
            _check_late(scope, operand, targets, node)

    with scope.renaming(targets):
        run_loop(scope, loop, text.assigned_names([node], ""), set(), body, node)
    target = scope.value(node=node)
    loop.gathers = [Gather(target, list(gathered), pack=len(gathered) > 1)]
    scope.depths[target] = scope.depth
    return target if flat else scope.call(runtime.flatten, [target], node)


def _some(
    scope: Scope, conditions: list[Node], elements: list[Node], more: list[Node], node: Node
) -> Operand:
    """The list of what one iteration contributes."""
    if not conditions:
        if more:
            return gather(scope, elements, more, node)
        operands = [scope.expression(each) for each in elements]
        if len(operands) > 1:
            operands = [scope.call(runtime.make_tuple, operands, node)]
        return scope.call(runtime.make_list, operands, node)
    return choose(
        scope,
        scope.expression(conditions[0]),
        lambda: _some(scope, conditions[1:], elements, more, node),
        lambda: scope.call(runtime.make_list, [], node),
        node,
    )


def _check_late(scope: Scope, operand: Operand, targets: list[str], node: Node) -> None:
    """Refuse to gather functions that capture the loop variable: all of them would see its last."""
    names = list(map(scope.key, targets))
    scope.share(operand)
    for held in scope.fact(operand).holds:
        if held.strong and held.name in names:
            scope.refuse_stale(held, node)


# -- generator expressions -------------------------------------------------------------------------


def is_short_circuit(scope: Scope, node: Node) -> bool:
    """`any(… for …)`, `all(… for …)`, `next(… for …[, default])`"""
    if not node.args or node.keywords or not isinstance(node.args[0], gast.GeneratorExp):
        return False
    most = 2 if getattr(node.func, "id", "") == "next" else 1
    return scope.is_builtin(node.func, "any", "all", "next") and len(node.args) <= most


def lower_short_circuit(scope: Scope, node: Node) -> Operand:
    """Loops that stop at the first element that decides, as a function with `return` would."""
    generator, name = node.args[0], node.func.id
    iterable = scope.expression(generator.generators[0].iter)
    default = scope.expression(node.args[1]) if len(node.args) == 2 else None
    found, result = _first(scope, generator, iterable, _decision(name, generator.elt))
    if name == "any":
        return found
    if name == "all":
        if isinstance(found, Const):
            return Const(not found.value)
        return scope.call(operator.not_, [found], node)

    def otherwise() -> Operand:
        if default is not None:
            return default
        scope.call(runtime.raise_exception, [Const(StopIteration)], node)
        scope.env.dead = True
        return UNBOUND

    return choose(scope, found, lambda: result, otherwise, node)


def _decision(name: str, element: Node) -> Node:
    """The statement that returns if an element decides."""
    if name == "next":
        return place(gast.Return(element), element)
    test = element if name == "any" else gast.UnaryOp(gast.Not(), element)
    made = gast.If(test, [gast.Return(gast.Constant(True, None))], [])
    return place(made, element)


def _first(
    scope: Scope, generator: Node, iterable: Operand, decision: Node
) -> tuple[Operand, Operand]:
    """Whether the decision was reached, and what it returned."""
    _run(scope, generator, Known(iterable, generator), [decision])
    names = scope.env.names
    found, result = names[RETURNED], names[RESULT]
    names |= dict.fromkeys(FLAGS, FALSE) | {RESULT: UNBOUND}
    if isinstance(found, Value):
        scope.flags.add(found)
    return found, result


def _run(scope: Scope, generator: Node, first: Node, body: list[Node]) -> None:
    """The loops of a generator expression around some statements."""
    targets: list[str] = []
    for each in reversed(generator.generators):
        for condition in reversed(each.ifs):
            body = [place(gast.If(condition, body, []), generator)]
        source = first if each is generator.generators[0] else each.iter
        body = [place(gast.For(each.target, source, body, [], None), generator)]
        targets += text.assigned_names([each.target])
    instance, scope.instance = scope.instance, ""
    with scope.renaming(targets):
        scope.statements(body)
    scope.instance = instance


def takes_one_by_one(node: Node) -> bool:
    """`items.extend(… for …)`, `items.update(… for …)`"""
    single = len(node.args) == 1 and not node.keywords
    generates = single and isinstance(node.args[0], gast.GeneratorExp)
    return generates and node.func.attr in ("extend", "update")


def put_one_by_one(scope: Scope, node: Node, owner: Operand, otherwise: Work) -> Operand:
    """The items of a generator expression, each put into a list or dict before the next is made."""
    scope.share(owner)
    generator, items = node.args[0], Known(owner, node)
    store, item = hold("item", node)
    if node.func.attr == "extend":
        put = gast.Expr(gast.Call(gast.Attribute(items, "append", gast.Load()), [item], []))
    else:
        key, value = (gast.Subscript(item, gast.Constant(i, None), gast.Load()) for i in (0, 1))
        put = gast.Assign([gast.Subscript(items, key, gast.Store())], value)
    body = [place(gast.Assign([store], generator.elt), node), place(put, node)]

    def loop() -> Operand:
        first = scope.expression(generator.generators[0].iter)  # it sees the variables around it
        _run(scope, generator, Known(first, generator), body)
        return Const(None)

    classes = (list,) if node.func.attr == "extend" else (dict, collections.defaultdict)
    kind = scope.call(type, [owner], node)

    def of_class(rest: tuple[type, ...]) -> Operand:
        """A class of the user's own may put items in by other means."""
        if not rest:
            return otherwise()
        same = scope.call(operator.is_, [kind, Const(rest[0])], node)
        return choose(scope, same, loop, lambda: of_class(rest[1:]), node)

    return of_class(classes)
