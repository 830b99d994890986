"""Expressions: every operation is a call of the Python callable that does it."""

from __future__ import annotations

import operator

from adjoint import runtime
from adjoint.frontend.calls import super_operands
from adjoint.frontend.comprehensions import gather
from adjoint.frontend.control import choose
from adjoint.frontend.grammar import Node, gast
from adjoint.frontend.scope import Scope, expression
from adjoint.ir.nodes import Const, Operand, Splat

BINARY = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv,
    "FloorDiv": operator.floordiv, "Mod": operator.mod, "Pow": operator.pow,
    "MatMult": operator.matmul, "BitAnd": operator.and_, "BitOr": operator.or_,
    "BitXor": operator.xor, "LShift": operator.lshift, "RShift": operator.rshift,
}  # fmt: skip
UNARY = {
    "USub": operator.neg, "UAdd": operator.pos, "Invert": operator.invert, "Not": operator.not_,
}  # fmt: skip
COMPARISON = {
    "Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt, "GtE": operator.ge,
    "Eq": operator.eq, "NotEq": operator.ne, "Is": operator.is_, "IsNot": operator.is_not,
}  # fmt: skip


@expression("Constant")
def lower_constant(scope: Scope, node: Node) -> Operand:
    return Const(node.value)


@expression("Name")
def lower_name(scope: Scope, node: Node) -> Operand:
    return scope.read(node.id, node)


@expression("NamedExpr")
def lower_walrus(scope: Scope, node: Node) -> Operand:
    operand = scope.expression(node.value)
    scope.bind(node.target.id, operand)
    return operand


# -- operators -------------------------------------------------------------------------------------


@expression("BinOp")
def lower_binary(scope: Scope, node: Node) -> Operand:
    left, right = scope.expression(node.left), scope.expression(node.right)
    result = scope.call(BINARY[type(node.op).__name__], [left, right], node)
    if isinstance(node.op, gast.Mult) and isinstance(node.left, gast.List):
        scope.own(result)
    return result


@expression("UnaryOp")
def lower_unary(scope: Scope, node: Node) -> Operand:
    operand = scope.expression(node.operand)
    function = UNARY[type(node.op).__name__]
    if isinstance(operand, Const) and type(operand.value) in (int, float, complex, bool):
        return (
            Const(function(operand.value))
            if function is not operator.invert
            else (scope.call(function, [operand], node))
        )
    return scope.call(function, [operand], node)


@expression("BoolOp")
def lower_boolean(scope: Scope, node: Node) -> Operand:
    return _boolean(scope, isinstance(node.op, gast.And), node.values, node)


def _boolean(scope: Scope, conjunction: bool, values: list[Node], node: Node) -> Operand:
    first = scope.expression(values[0])
    if len(values) == 1:
        return first

    def further() -> Operand:
        return _boolean(scope, conjunction, values[1:], node)

    def same() -> Operand:
        return first

    return choose(scope, first, *((further, same) if conjunction else (same, further)), node)


@expression("IfExp")
def lower_conditional(scope: Scope, node: Node) -> Operand:
    condition = scope.expression(node.test)
    return choose(
        scope,
        condition,
        lambda: scope.expression(node.body),
        lambda: scope.expression(node.orelse),
        node,
    )


@expression("Compare")
def lower_comparison(scope: Scope, node: Node) -> Operand:
    return _comparison(scope, scope.expression(node.left), node.ops, node.comparators, node)


def _comparison(
    scope: Scope, left: Operand, ops: list[Node], comparators: list[Node], node: Node
) -> Operand:
    """`a < b < c`: the rest of a chain is evaluated only if the first comparison is true."""
    right = scope.expression(comparators[0])
    result = _compare(scope, left, ops[0], right, node)
    if len(ops) == 1:
        return result

    def further() -> Operand:
        return _comparison(scope, right, ops[1:], comparators[1:], node)

    return choose(scope, result, further, lambda: result, node)


def _compare(scope: Scope, left: Operand, op: Node, right: Operand, node: Node) -> Operand:
    name = type(op).__name__
    if name in COMPARISON:
        return scope.call(COMPARISON[name], [left, right], node)
    found = scope.call(operator.contains, [right, left], node)
    return found if name == "In" else scope.call(operator.not_, [found], node)


# -- parts -----------------------------------------------------------------------------------------


@expression("Attribute")
def lower_attribute(scope: Scope, node: Node) -> Operand:
    if isinstance(node.value, gast.Call) and scope.is_builtin(node.value.func, "super"):
        cls, instance = super_operands(scope, node.value)
        return scope.call(runtime.super_attribute, [cls, instance, Const(node.attr)], node)
    return scope.call(getattr, [scope.expression(node.value), Const(node.attr)], node)


@expression("Subscript")
def lower_subscript(scope: Scope, node: Node) -> Operand:
    owner = scope.expression(node.value)
    return scope.call(operator.getitem, [owner, scope.expression(node.slice)], node)


@expression("Slice")
def lower_slice(scope: Scope, node: Node) -> Operand:
    parts = [node.lower, node.upper, node.step]
    operands = [Const(None) if part is None else scope.expression(part) for part in parts]
    constants = [o.value for o in operands if isinstance(o, Const)]
    if len(constants) == 3:
        return Const(slice(*constants))
    return scope.call(slice, operands, node)


# -- displays --------------------------------------------------------------------------------------


def items(scope: Scope, nodes: list[Node]) -> list[Operand | Splat]:
    """Items of a display, or positional arguments."""
    operands: list[Operand | Splat] = []
    for node in nodes:
        if isinstance(node, gast.Starred):
            inner = node.value
            generates = isinstance(inner, gast.GeneratorExp)  # consumed here, as a list would be
            operands.append(
                Splat(
                    gather(scope, [inner.elt], inner.generators, inner)
                    if generates
                    else scope.expression(inner)
                )
            )
        else:
            operands.append(scope.expression(node))
    return operands


@expression("Tuple")
def lower_tuple(scope: Scope, node: Node) -> Operand:
    operands = items(scope, node.elts)
    constants = [o.value for o in operands if isinstance(o, Const)]
    if len(constants) == len(operands):
        return Const(tuple(constants))
    return scope.call(runtime.make_tuple, operands, node)


@expression("List")
def lower_list(scope: Scope, node: Node) -> Operand:
    return scope.own(scope.call(runtime.make_list, items(scope, node.elts), node))


@expression("Set")
def lower_set(scope: Scope, node: Node) -> Operand:
    return scope.call(runtime.make_set, items(scope, node.elts), node)


@expression("Dict")
def lower_dict(scope: Scope, node: Node) -> Operand:
    """A display; with `**other` in it, several displays merged."""
    parts: list[Operand] = []
    pairs: list[Operand] = []
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None:
            pairs += [scope.expression(key), scope.expression(value)]
            continue
        if pairs:
            parts.append(scope.call(runtime.make_dict, pairs, node))
            pairs = []
        parts.append(scope.expression(value))
    if not parts:
        return scope.own(scope.call(runtime.make_dict, pairs, node))
    if pairs:
        parts.append(scope.call(runtime.make_dict, pairs, node))
    return scope.own(scope.call(runtime.merge_dicts, parts, node))


# -- strings ---------------------------------------------------------------------------------------


@expression("JoinedStr")
def lower_joined_string(scope: Scope, node: Node) -> Operand:
    parts = [scope.expression(value) for value in node.values]
    if all(isinstance(p, Const) for p in parts):
        return Const("".join(p.value for p in parts if isinstance(p, Const)))
    return scope.call(runtime.join_strings, parts, node)


@expression("FormattedValue")
def lower_formatted_value(scope: Scope, node: Node) -> Operand:
    value = scope.expression(node.value)
    conversion = "" if node.conversion in (-1, None) else chr(node.conversion)
    spec = Const("") if node.format_spec is None else scope.expression(node.format_spec)
    return scope.call(runtime.format_value, [value, Const(conversion), spec], node)
