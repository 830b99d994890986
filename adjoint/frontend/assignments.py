"""Binding names, unpacking, and the few stores that are allowed.

A store into an attribute of `self` in a constructor, or into a list or dict that this function has
made and nothing else refers to, is a call that returns the changed object, to which the name is
bound anew. All other stores are refused here.
"""

from __future__ import annotations

import operator
from dataclasses import replace

from adjoint import runtime, slots
from adjoint.frontend import fence
from adjoint.frontend.grammar import Node, gast
from adjoint.frontend.scope import Scope, statement
from adjoint.ir.nodes import Const, Operand

IN_PLACE = {
    "Add": operator.iadd, "Sub": operator.isub, "Mult": operator.imul, "Div": operator.itruediv,
    "FloorDiv": operator.ifloordiv, "Mod": operator.imod, "Pow": operator.ipow,
    "MatMult": operator.imatmul, "BitAnd": operator.iand, "BitOr": operator.ior,
    "BitXor": operator.ixor, "LShift": operator.ilshift, "RShift": operator.irshift,
}  # fmt: skip


@statement("Assign")
def lower_assign(scope: Scope, node: Node, _: list[Node]) -> None:
    if len(node.targets) == 1 and _is_parallel(node.targets[0], node.value):
        operands = [scope.expression(item) for item in node.value.elts]
        for target, operand in zip(node.targets[0].elts, operands, strict=True):
            assign(scope, target, operand)
        return
    operand = scope.expression(node.value)
    for target in node.targets:
        assign(scope, target, operand)


def _is_parallel(target: Node, value: Node) -> bool:
    """`a, b = x, y`: as many items on both sides, and no star."""
    sequence = gast.Tuple | gast.List
    return (
        isinstance(target, sequence)
        and isinstance(value, sequence)
        and len(target.elts) == len(value.elts)
        and not any(isinstance(e, gast.Starred) for e in target.elts + value.elts)
    )


@statement("AnnAssign")
def lower_annotated(scope: Scope, node: Node, _: list[Node]) -> None:
    """The annotation itself is not evaluated, as in any function."""
    if node.value is not None:
        assign(scope, node.target, scope.expression(node.value))


@statement("AugAssign")
def lower_augmented(scope: Scope, node: Node, _: list[Node]) -> None:
    target = node.target
    function = IN_PLACE[type(node.op).__name__]
    if isinstance(target, gast.Name):
        before = scope.read(target.id, target)
        operand = scope.call(function, [before, scope.expression(node.value)], node)
        container = scope.fact(before).container
        if container is not None:
            scope.own(operand)
            if container.shared or list(scope.env.names.values()).count(before) > 1:
                scope.share(operand)
        scope.bind(target.id, operand)
    elif _is_own_attribute(scope, target):
        name = Const(target.attr)
        before = scope.call(getattr, [scope.read(target.value.id, target), name], target)
        operand = scope.call(function, [before, scope.expression(node.value)], node)
        assign(scope, target, operand)
    elif isinstance(target, gast.Subscript):
        owner, index = scope.expression(target.value), scope.expression(target.slice)
        before = scope.call(operator.getitem, [owner, index], target)
        operand = scope.call(function, [before, scope.expression(node.value)], node)
        scope.call(operator.setitem, [owner, index, operand], node)
    else:
        owner, name = scope.expression(target.value), Const(target.attr)
        before = scope.call(getattr, [owner, name], target)
        operand = scope.call(function, [before, scope.expression(node.value)], node)
        scope.call(slots.store_attribute, [owner, name, operand], node)


@statement("Delete")
def lower_delete(scope: Scope, node: Node, _: list[Node]) -> None:
    for target in node.targets:
        for each in target.elts if isinstance(target, gast.Tuple | gast.List) else [target]:
            if isinstance(each, gast.Attribute):
                owner = scope.expression(each.value)
                scope.call(slots.delete_attribute, [owner, Const(each.attr)], each)
            elif isinstance(each, gast.Subscript):
                operands = [scope.expression(each.value), scope.expression(each.slice)]
                scope.call(operator.delitem, operands, each)
            else:
                scope.read(each.id, each)
                if each.id not in scope.env.names and scope.key(each.id) == each.id:
                    scope.refuse(
                        each, "`del` of a variable that several functions share", fence.BUILD_NEW
                    )
                del scope.env.names[each.id]


# -- targets ---------------------------------------------------------------------------------------


def assign(scope: Scope, target: Node, operand: Operand) -> None:
    """Assign an operand to any target of an assignment."""
    if isinstance(target, gast.Name):
        scope.bind(target.id, operand)
    elif isinstance(target, gast.Tuple | gast.List):
        _unpack(scope, target, operand)
    elif _is_own_attribute(scope, target):
        owner = scope.read(target.value.id, target)
        changed = scope.call(runtime.set_attribute, [owner, Const(target.attr), operand], target)
        scope.share(operand)
        scope.bind(target.value.id, changed)
    elif isinstance(target, gast.Subscript):
        _store_item(scope, target, operand)
    else:
        owner = scope.expression(target.value)
        scope.share(operand)
        scope.call(slots.store_attribute, [owner, Const(target.attr), operand], target)


def _unpack(scope: Scope, target: Node, operand: Operand) -> None:
    """`a, (b, *c) = operand`"""
    items = target.elts
    stars = [i for i, item in enumerate(items) if isinstance(item, gast.Starred)]
    counts = [stars[0], len(items) - stars[0] - 1] if stars else [len(items)]
    unpacked = scope.call(runtime.unpack_sequence, [operand, *map(Const, counts)], target)
    for index, item in enumerate(items):
        each = scope.call(operator.getitem, [unpacked, Const(index)], item)
        assign(scope, item.value if isinstance(item, gast.Starred) else item, each)


def _is_own_attribute(scope: Scope, target: Node) -> bool:
    """`self.name`, in a constructor."""
    return (
        isinstance(target, gast.Attribute)
        and isinstance(target.value, gast.Name)
        and bool(scope.instance)
        and target.value.id == scope.instance
    )


def _store_item(scope: Scope, target: Node, operand: Operand) -> None:
    """`owner[index] = operand`: a write, but for a list or dict that only this function knows."""
    owner = scope.expression(target.value)
    container = scope.fact(owner).container
    if container is None or not isinstance(target.value, gast.Name):
        index = scope.expression(target.slice)
        scope.call(operator.setitem, [owner, index, operand], target)
        return
    name = target.value.id
    if container.shared or list(scope.env.names.values()).count(owner) > 1:
        index = scope.expression(target.slice)
        scope.share(operand)
        scope.call(operator.setitem, [owner, index, operand], target)
        return
    index = scope.expression(target.slice)
    scope.share(operand)
    changed = scope.call(runtime.set_item, [owner, index, operand], target)
    scope.facts[changed] = scope.facts[owner]
    held = scope.fact(operand).holds
    if held:
        fact = scope.facts[owner]
        scope.facts[changed] = replace(fact, holds=fact.holds | held)
    scope.bind(name, changed)
