"""Calls: of functions, of methods, and the forms that a constructor uses."""

from __future__ import annotations

import builtins
import functools
import operator
import sys
import types
from typing import Any

import numpy as np

from adjoint import runtime
from adjoint.frontend import fence
from adjoint.frontend.comprehensions import (
    gather,
    is_short_circuit,
    lower_short_circuit,
    put_one_by_one,
    takes_one_by_one,
)
from adjoint.frontend.grammar import Node, gast
from adjoint.frontend.names import sets_own_attribute
from adjoint.frontend.scope import Scope, expression
from adjoint.ir.nodes import Const, Operand, Splat
from adjoint.rules.writes import METHODS

Keywords = list[tuple[str | None, Operand]]


@expression("Call")
def lower_call(scope: Scope, node: Node) -> Operand:
    function = node.func
    if isinstance(function, gast.Attribute):
        return _method_call(scope, node)
    if isinstance(function, gast.Name) and scope.is_global(function.id):
        fence.check_frame_reader(node, scope.origin(node), scope.namespace)
        if is_short_circuit(scope, node):
            return lower_short_circuit(scope, node)
    if scope.is_builtin(function, "super"):
        scope.refuse(
            node,
            "`super()` is only supported where a method is called at once: `super().name(…)`",
            "Call the method directly.",
        )
    callee = scope.expression(function)
    reads = _only_reads(scope, node)
    if reads:
        scope.taken_at_once += node.args
    args, kwargs = _arguments(scope, node)
    for hold in scope.fact(callee).holds:
        if scope.is_stale(hold) and not hold.strong:
            scope.refuse_stale(hold, node)
    if not reads:
        _share(scope, args, kwargs)
    result = scope.call(callee, args, node, kwargs)
    if scope.is_builtin(function, "list", "dict"):
        scope.own(result)
    return result


def _arguments(scope: Scope, node: Node) -> tuple[list[Operand | Splat], Keywords]:
    args: list[Operand | Splat] = []
    for index, each in enumerate(node.args):
        starred = isinstance(each, gast.Starred)
        inner = each.value if starred else each
        generates = isinstance(inner, gast.GeneratorExp)
        if generates:
            fence.check_own_items(node, inner, scope.origin(inner))
        if generates and (starred or index == 0 and takes_all(scope, node, inner)):
            operand = gather(scope, [inner.elt], inner.generators, inner)
        else:
            operand = scope.expression(inner)
        args.append(Splat(operand) if starred else operand)
    return args, [(k.arg, scope.expression(k.value)) for k in node.keywords]


def takes_all(scope: Scope, call: Node, items: Node) -> bool:
    """Does a call of this take all that a generator gives, once, so that a list does as well?

    Builtins do, and what Python and NumPy bring along; a function of the user's may do anything.
    """
    function = call.func
    if isinstance(function, gast.Name) and not scope.is_global(function.id):
        return False
    if scope.is_builtin(function, *vars(builtins)):
        return not scope.is_builtin(function, *ONE_BY_ONE) or not changes_items(scope.node, items)
    value = outside(scope, function)
    counted = value is np.fromiter and len(call.args) + len(call.keywords) > 2
    if counted or value is operator.contains:  # they may leave items in the generator
        return False
    if value is None:
        return isinstance(function, gast.Attribute) and function.attr in COLLECTING
    for each in (value, type(value)):
        package = (getattr(each, "__module__", None) or "").partition(".")[0]
        if package in PROVIDED and each not in LAZY:
            return True
    return False


def outside(scope: Scope, node: Node) -> Any:
    """The object that a global name, or an attribute of a global module, stands for; None if it is none."""
    if isinstance(node, gast.Name):
        return scope.namespace.get(node.id) if scope.is_global(node.id) else None
    owner = outside(scope, node.value) if isinstance(node, gast.Attribute) else None
    return getattr(owner, node.attr, None) if isinstance(owner, types.ModuleType) else None


def changes_items(function: Node, items: Node) -> bool:
    """Does a function, or one inside, change what may be seen between two items of a generator?"""
    read = {each.id for each in gast.walk(items) if isinstance(each, gast.Name)}
    changing = gast.Attribute | gast.Subscript
    for node in gast.walk(function):
        if isinstance(node, changing) and not isinstance(node.ctx, gast.Load):
            return True
        if isinstance(node, gast.Nonlocal | gast.Global):
            return True
        if isinstance(node, gast.AugAssign) and getattr(node.target, "id", None) in read:
            return True
        if isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
            if node.func.attr in METHODS:
                return True
    return False


#: Builtins that take an item when they are asked for one of theirs.
ONE_BY_ONE = ("zip", "enumerate", "map", "filter", "iter")
PROVIDED = (sys.stdlib_module_names | {"numpy", "scipy"}) - {"itertools"}
#: Classes of what calls Python code of the user's when it is called.
LAZY = (types.FunctionType, types.MethodType, type, functools.partial)
#: Methods of lists, deques, dicts, sets and strings that take all items of what they are given.
COLLECTING = {
    "extendleft", "join", "fromkeys", "union", "intersection", "difference",
    "symmetric_difference", "issubset", "issuperset", "isdisjoint",
}  # fmt: skip


def _share(scope: Scope, args: list[Operand | Splat], kwargs: Keywords) -> None:
    """Note that a call may keep what it is given, or give it back."""
    for each in args:
        scope.share(each.operand if isinstance(each, Splat) else each)
    for _, each in kwargs:
        scope.share(each)


def _only_reads(scope: Scope, node: Node) -> bool:
    """Is this a builtin whose result has nothing to do with the containers that it was given?"""
    if scope.is_builtin(node.func, *_READERS):
        return True
    single = len(node.args) == 1 and not node.keywords
    return single and scope.is_builtin(node.func, "max", "min", "sum", "dict")


_READERS = (
    "len", "any", "all", "abs", "float", "int", "bool", "complex", "str", "repr", "print", "list",
    "tuple", "sorted", "set", "frozenset", "range", "isinstance", "type", "id", "hash", "round", "format",
)  # fmt: skip


def _is_numeric_module(scope: Scope, owner: Node) -> bool:
    """Is this the name of a module whose functions keep no argument?"""
    name = getattr(owner, "id", None)
    if name is None or not scope.is_global(name):
        return False
    module = scope.namespace.get(name)
    return isinstance(module, types.ModuleType) and module.__name__.partition(".")[0] in _NUMERIC


_VIEWS = ("keys", "values", "items", "__iter__")
_NUMERIC = ("numpy", "math", "scipy")


# -- methods ---------------------------------------------------------------------------------------


def _method_call(scope: Scope, node: Node) -> Operand:
    owner = node.func.value
    if isinstance(owner, gast.Call) and scope.is_builtin(owner.func, "super"):
        return _super_call(scope, node)
    if _is_base_constructor(scope, node):
        method = scope.call(getattr, [scope.expression(owner), Const("__init__")], node.func)
        args, kwargs = _arguments(scope, node)
        return _initialise(scope, node, method, args, kwargs)
    if sets_own_attribute(node, scope.instance) and scope.is_builtin(owner, "object"):
        target, name, value = node.args
        changed = [scope.expression(each) for each in (target, name, value)]
        scope.share(changed[2])
        scope.bind(scope.instance, scope.call(runtime.set_attribute, changed, node))
        return Const(None)
    receiver = scope.expression(owner)
    if node.func.attr in _VIEWS and node not in scope.taken_at_once:
        scope.share(receiver)
    if takes_one_by_one(node):
        return put_one_by_one(scope, node, receiver, lambda: _call_method(scope, node, receiver))
    return _call_method(scope, node, receiver)


def _call_method(scope: Scope, node: Node, receiver: Operand) -> Operand:
    owner = node.func.value
    args, kwargs = _arguments(scope, node)
    if not _is_numeric_module(scope, owner):
        _share(scope, args, kwargs)
    return scope.call(runtime.call_method, [receiver, Const(node.func.attr), *args], node, kwargs)


def super_operands(scope: Scope, node: Node) -> tuple[Operand, Operand]:
    """The class and the instance of `super()` or `super(Class, self)`."""
    if node.args:
        if len(node.args) != 2:
            scope.refuse(node, "`super` takes a class and an instance here", "Write `super()`.")
        return scope.expression(node.args[0]), scope.expression(node.args[1])
    if "__class__" in scope.captures and scope.first_parameter:
        return scope.captures["__class__"], scope.read(scope.first_parameter, node)
    scope.refuse(node, "`super()` is only possible in a method", "Name the base class.")


def _super_call(scope: Scope, node: Node) -> Operand:
    """`super().name(…)` and `super(Class, self).name(…)`"""
    cls, instance = super_operands(scope, node.func.value)
    method = scope.call(runtime.super_method, [cls, instance, Const(node.func.attr)], node.func)
    args, kwargs = _arguments(scope, node)
    if scope.instance and node.func.attr == "__init__":
        return _initialise(scope, node, method, [instance, *args], kwargs)
    return scope.call(method, [instance, *args], node, kwargs)


def _is_base_constructor(scope: Scope, node: Node) -> bool:
    """`Base.__init__(self, …)` in a constructor."""
    return (
        bool(scope.instance)
        and node.func.attr == "__init__"
        and bool(node.args)
        and getattr(node.args[0], "id", "") == scope.instance
    )


def _initialise(
    scope: Scope, node: Node, method: Operand, args: list[Operand | Splat], kwargs: Keywords
) -> Operand:
    scope.bind(scope.instance, scope.call(runtime.initialise, [method, *args], node, kwargs))
    return Const(None)
