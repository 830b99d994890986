"""Calls of the IR as Python expressions: `operator.add` as `+`, `getattr` as a dot, and so on."""

from __future__ import annotations

import ast
import builtins
import keyword
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint import slots
from adjoint.emit import callees
from adjoint.emit.namespace import Namespace, numpy_path
from adjoint.emit.nesting import and_or
from adjoint.emit.plan import Plan
from adjoint.emit.unparse import is_printable_fstring
from adjoint.ir import nodes as ir

_METHOD_OWNERS = (np.ndarray, list, dict, set, str, tuple, int, float, complex)


def load(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Load())


def negated(test: ast.expr) -> ast.expr:
    """`not test`, without stacking up `not`s."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    opposite = {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
    if isinstance(test, ast.Compare) and type(test.ops[0]) in opposite:
        op = opposite[type(test.ops[0])]()
        return ast.Compare(left=test.left, ops=[op], comparators=test.comparators)
    return ast.UnaryOp(op=ast.Not(), operand=test)


class Expressions:
    """Prints operands and calls. `names` may hold a Const for a captured constant."""

    def __init__(
        self, plan: Plan, names: dict[ir.Value, str], namespace: Namespace,
        constants: dict[ir.Value, ir.Const],
    ) -> None:  # fmt: skip
        self.plan, self.names, self.namespace, self.constants = plan, names, namespace, constants
        self.renamed: dict[ir.Value, ir.Value] = {}

    def operand(self, operand: ir.Operand, dtype_argument: bool = False) -> ast.expr:
        if isinstance(operand, ir.Value) and operand in self.constants:
            operand = self.constants[operand]
        if isinstance(operand, ir.Const):
            return self.namespace.expression(operand, dtype_argument)
        if operand in self.plan.nested:
            nested = self.plan.nested[operand]
            node = self.expression(nested)
            if nested.origin is not None and not isinstance(node, ast.Name):
                node.origin = nested.origin  # type: ignore[attr-defined]
            return node
        return load(self.names[self.renamed.get(operand, operand)])

    def argument(self, argument: ir.Operand | ir.Splat, dtype_argument: bool = False) -> ast.expr:
        if isinstance(argument, ir.Splat):
            return ast.Starred(value=self.operand(argument.operand), ctx=ast.Load())
        return self.operand(argument, dtype_argument)

    def expression(self, statement: ir.Call | ir.If) -> ast.expr:
        """A call, or a branch that only chooses a value."""
        if isinstance(statement, ir.Call):
            return self.call(statement)
        index = self.plan.ternary_index(statement)
        test = self.operand(statement.condition)
        then, orelse = (b.results[index] for b in ir.blocks_of(statement))
        if short := and_or(statement):
            op, other = (ast.And(), then) if short == "and" else (ast.Or(), orelse)
            return ast.BoolOp(op=op, values=[test, self.operand(other)])
        return ast.IfExp(test=test, body=self.operand(then), orelse=self.operand(orelse))

    # -- calls -------------------------------------------------------------------------------------

    def call(self, call: ir.Call) -> ast.expr:
        callee = call.callee
        if isinstance(callee, ir.Const):
            runtime = callees.runtime_name(callee)
            special = getattr(self, f"_{runtime}", None) if runtime else self._syntax(callee.value)
            plain = not call.kwargs and not any(isinstance(a, ir.Splat) for a in call.args)
            if special is not None and (
                plain or runtime in ("call_method", "make_tuple", "make_list", "make_set")
            ):
                node = special(call)
                if node is not None:
                    return node
            if type(callee.value) is types.MethodDescriptorType and (node := self._method(call)):
                return node
        return self._plain_call(call, self.operand(callee), call.args)

    def _plain_call(self, call: ir.Call, function: ast.expr, args: list) -> ast.Call:
        value = call.callee.value if isinstance(call.callee, ir.Const) else None
        numeric = bool(numpy_path(value)) or getattr(value, "__objclass__", None) is np.ndarray
        keywords = [
            ast.keyword(arg=name, value=self.operand(o, name == "dtype")) for name, o in call.kwargs
        ]
        return ast.Call(
            func=function, args=[self.argument(a, numeric) for a in args], keywords=keywords
        )

    def _method(self, call: ir.Call) -> ast.expr | None:
        """`np.ndarray.sum(x, axis=0)` as `x.sum(axis=0)`."""
        method: Any = call.callee.value  # type: ignore[union-attr]
        if method.__objclass__ not in _METHOD_OWNERS or not call.args:
            return None
        if isinstance(call.args[0], ir.Splat):
            return None
        function = ast.Attribute(
            value=self.operand(call.args[0]), attr=method.__name__, ctx=ast.Load()
        )
        return self._plain_call(call, function, call.args[1:])

    def _call_method(self, call: ir.Call) -> ast.expr | None:
        if len(call.args) < 2 or isinstance(call.args[0], ir.Splat):
            return None
        name = _attribute(call.args[1])
        if name is None:
            return None
        function = ast.Attribute(value=self.operand(call.args[0]), attr=name, ctx=ast.Load())
        return self._plain_call(call, function, call.args[2:])

    # -- syntax ------------------------------------------------------------------------------------

    def _syntax(self, value: Any) -> Callable[[ir.Call], ast.expr | None] | None:
        if value is slots.load_attribute:
            return self._getattr
        if value is slots.load_cell:
            return self._contents
        if getattr(value, "__module__", None) not in ("_operator", "builtins", "operator"):
            return None
        for table, method in (
            (callees.BINARY, self._binary),
            (callees.UNARY, self._unary),
            (callees.COMPARE, self._compare),
        ):  # fmt: skip
            if any(value is f for f in table):
                return method
        others: list[tuple[Any, Callable]] = [
            (operator.contains, self._contains), (operator.getitem, self._getitem),
            (builtins.getattr, self._getattr),
        ]  # fmt: skip
        return next((method for f, method in others if value is f), None)

    def _binary(self, call: ir.Call) -> ast.expr:
        left, right = map(self.argument, call.args)
        return ast.BinOp(left=left, op=callees.BINARY[call.callee.value](), right=right)  # type: ignore[union-attr]

    def _unary(self, call: ir.Call) -> ast.expr:
        op = callees.UNARY[call.callee.value]()  # type: ignore[union-attr]
        operand = self.argument(call.args[0])
        return negated(operand) if isinstance(op, ast.Not) else ast.UnaryOp(op=op, operand=operand)

    def _compare(self, call: ir.Call) -> ast.expr:
        left, right = map(self.argument, call.args)
        op = callees.COMPARE[call.callee.value]()  # type: ignore[union-attr]
        return ast.Compare(left=left, ops=[op], comparators=[right])

    def _contains(self, call: ir.Call) -> ast.expr:
        container, item = map(self.argument, call.args)
        return ast.Compare(left=item, ops=[ast.In()], comparators=[container])

    def _getattr(self, call: ir.Call) -> ast.expr | None:
        name = _attribute(call.args[1]) if len(call.args) == 2 else None
        if name is None:
            return None
        return ast.Attribute(value=self.argument(call.args[0]), attr=name, ctx=ast.Load())

    def _contents(self, call: ir.Call) -> ast.expr:
        cell = self.argument(call.args[0])
        return ast.Attribute(value=cell, attr="cell_contents", ctx=ast.Load())

    def _getitem(self, call: ir.Call) -> ast.expr:
        return self.subscript(call.args[0], call.args[1])

    def subscript(self, owner: Any, index: Any) -> ast.Subscript:
        return ast.Subscript(value=self.operand(owner), slice=self._index(index), ctx=ast.Load())

    def _index(self, operand: ir.Operand, inside_tuple: bool = False) -> ast.expr:
        """What stands between the brackets of a subscript: slices as `a:b`."""
        if isinstance(operand, ir.Const):
            value = operand.value
            if isinstance(value, slice):
                return self._slice([ir.Const(v) for v in (value.start, value.stop, value.step)])
            if type(value) is tuple and value and not inside_tuple:
                return ast.Tuple(
                    elts=[self._index(ir.Const(v), True) for v in value], ctx=ast.Load()
                )
            return self.operand(operand)
        nested = self.plan.nested.get(operand)
        if nested is not None and callees.is_call_of(nested, slice):
            args: list[ir.Operand] = list(ir.operands_of(nested)[1:])
            args = [ir.Const(None), *args] if len(args) == 1 else args
            return self._slice(args)
        if nested is not None and callees.is_call_of(nested, "make_tuple") and not inside_tuple:
            assert isinstance(nested, ir.Call)
            splat = any(isinstance(a, ir.Splat) for a in nested.args)
            if nested.args and not splat:
                elements = [self._index(o, True) for o in ir.operands_of(nested)[1:]]
                return ast.Tuple(elts=elements, ctx=ast.Load())
        return self.operand(operand)

    def _slice(self, bounds: list[ir.Operand]) -> ast.expr:
        present = [
            None if isinstance(b, ir.Const) and b.value is None else self.operand(b) for b in bounds
        ]
        lower, upper, step = [*present, None][:3]
        return ast.Slice(lower=lower, upper=upper, step=step)

    # -- displays ----------------------------------------------------------------------------------

    def _make_tuple(self, call: ir.Call) -> ast.expr:
        return ast.Tuple(elts=[self.argument(a) for a in call.args], ctx=ast.Load())

    def _make_list(self, call: ir.Call) -> ast.expr:
        return ast.List(elts=[self.argument(a) for a in call.args], ctx=ast.Load())

    def _make_set(self, call: ir.Call) -> ast.expr:
        if not call.args:
            return ast.Call(func=self.namespace.builtin(set), args=[], keywords=[])
        return ast.Set(elts=[self.argument(a) for a in call.args])

    def _make_dict(self, call: ir.Call) -> ast.Dict:
        nodes = [self.argument(a) for a in call.args]
        return ast.Dict(keys=list(nodes[::2]), values=nodes[1::2])

    def _merge_dicts(self, call: ir.Call) -> ast.expr:
        keys: list[ast.expr | None] = []
        values: list[ast.expr] = []
        for argument in call.args:
            node = self.argument(argument)
            keys += node.keys if isinstance(node, ast.Dict) else [None]
            values += node.values if isinstance(node, ast.Dict) else [node]
        return ast.Dict(keys=keys, values=values)

    def _format_value(self, call: ir.Call) -> ast.expr | None:
        return self._printable(ast.JoinedStr(values=[self._formatted(call)]))

    def _join_strings(self, call: ir.Call) -> ast.expr | None:
        return self._printable(ast.JoinedStr(values=self._string_parts(call)))

    def _printable(self, node: ast.JoinedStr) -> ast.expr | None:
        """None if Python 3.11 could not read the f-string: it is then printed as a call."""
        return node if is_printable_fstring(node) else None

    def _string_parts(self, call: ir.Call) -> list[ast.expr]:
        parts: list[ast.expr] = []
        for argument in ir.operands_of(call)[1:]:
            nested = self.plan.nested.get(argument) if isinstance(argument, ir.Value) else None
            if isinstance(argument, ir.Const) and isinstance(argument.value, str):
                parts.append(ast.Constant(value=argument.value))
            elif (plain := plain_text(nested)) is not None:
                parts.append(ast.Constant(value=plain))
            elif nested is not None and callees.is_call_of(nested, "format_value"):
                parts.append(self._formatted(nested))  # type: ignore[arg-type]
            else:
                parts.append(
                    ast.FormattedValue(
                        value=self.operand(argument), conversion=-1, format_spec=None
                    )
                )
        return parts

    def _formatted(self, call: ir.Call) -> ast.FormattedValue:
        value, conversion, spec = ir.operands_of(call)[1:]
        parts: list[ast.expr] = []
        nested = self.plan.nested.get(spec) if isinstance(spec, ir.Value) else None
        if nested is not None and callees.is_call_of(nested, "join_strings"):
            parts = self._string_parts(nested)  # type: ignore[arg-type]
        elif isinstance(spec, ir.Const):
            parts = [ast.Constant(value=spec.value)] if spec.value else []
        else:
            parts = [ast.FormattedValue(value=self.operand(spec), conversion=-1, format_spec=None)]
        code = (
            ord(conversion.value) if isinstance(conversion, ir.Const) and conversion.value else -1
        )
        layout = ast.JoinedStr(values=parts) if parts else None
        return ast.FormattedValue(value=self.operand(value), conversion=code, format_spec=layout)

    def _yield_value(self, call: ir.Call) -> ast.expr:
        return ast.Yield(value=self.argument(call.args[0]))

    def _check_bound(self, call: ir.Call) -> ast.expr | None:
        variable = ir.operands_of(call)[1]
        if isinstance(variable, ir.Const) and variable.value is ir.UNDEFINED:
            undefined = load(self.namespace.name_of(ir.UNDEFINED, "UNDEFINED"))
            return ast.Call(
                func=self.operand(call.callee),
                args=[undefined, self.argument(call.args[1])],
                keywords=[],
            )
        return None


def _attribute(operand: Any) -> str | None:
    """The name of an attribute that can be written after a dot."""
    value = operand.value if isinstance(operand, ir.Const) else None
    if isinstance(value, str) and value.isidentifier() and not keyword.iskeyword(value):
        return value
    return None


def plain_text(call: ir.Statement | None) -> str | None:
    """The text of `{'text'}` in an f-string."""
    if call is None or not callees.is_call_of(call, "format_value"):
        return None
    found = [o.value if isinstance(o, ir.Const) else None for o in ir.operands_of(call)[1:]]
    return found[0] if isinstance(found[0], str) and found[1:] == ["", ""] else None
