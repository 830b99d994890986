"""Calls of the IR that are statements in Python: writes, unpacking, `raise`, `import`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from adjoint import contents, shadows, slots
from adjoint.emit import callees
from adjoint.emit.expressions import Expressions
from adjoint.emit.namespace import Namespace
from adjoint.emit.nesting import is_augmented
from adjoint.emit.plan import Plan
from adjoint.ir import nodes as ir
from adjoint.ir.types import Array, Instance, Literal, Opaque, Scalar, TupleOf, Type, literal


def store(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Store())


def assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign(targets=[store(name)], value=value)


class CallStatements:
    """Prints one call as statements."""

    def __init__(
        self,
        plan: Plan,
        names: dict[ir.Value, str],
        namespace: Namespace,
        constants: dict[ir.Value, ir.Const],
    ) -> None:
        self.plan, self.names, self.namespace = plan, names, namespace
        self.expressions = Expressions(plan, names, namespace, constants)

    def _call(self, call: ir.Call) -> list[ast.stmt]:
        runtime_name = callees.runtime_name(call.callee)
        plain = not call.kwargs and not any(isinstance(a, ir.Splat) for a in call.args)
        special = getattr(self, f"_{runtime_name}", None) if runtime_name and plain else None
        if special is not None and (printed := special(call)) is not None:
            return printed
        if plain and is_augmented(call):
            return self._augmented_assignment(call, callees.AUGMENTED[call.callee.value])  # type: ignore[union-attr]
        if plain and (printed := self._store(call)) is not None:
            return printed
        if call in self.plan.parts:
            return self._unpack(call)
        value = self.expressions.call(call)
        used = self.plan.uses[call.target] or call.target.named
        if not used:
            return [ast.Expr(value=value)]
        return [self._shortened(call, value)]

    def _store(self, call: ir.Call) -> list[ast.stmt] | None:
        """`x[i] = v`, `x[i] += v` and `x += v`, of arrays."""
        if callees.is_call_of(call, contents.append):
            owner = self.expressions.operand(call.args[0])  # type: ignore[arg-type]
            function = ast.Attribute(value=owner, attr="append", ctx=ast.Load())
            value = self.expressions.argument(call.args[1])
            return [ast.Expr(ast.Call(func=function, args=[value], keywords=[]))]
        if any(callees.is_call_of(call, f) for f in (operator.setitem, contents.store_item)):
            target = self.expressions.subscript(call.args[0], call.args[1])
            return [self._stored(target, call.args[2])]
        cell = callees.is_call_of(call, slots.store_cell)
        if cell or callees.is_call_of(call, slots.store_attribute):
            owner = self.expressions.argument(call.args[0])
            name = "cell_contents" if cell else call.args[1].value  # type: ignore[union-attr]
            attribute = ast.Attribute(value=owner, attr=name, ctx=ast.Store())
            return [ast.Assign(targets=[attribute], value=self.expressions.argument(call.args[2]))]
        if callees.is_call_of(call, slots.delete_attribute):
            owner = self.expressions.argument(call.args[0])
            attribute = ast.Attribute(value=owner, attr=call.args[1].value, ctx=ast.Del())  # type: ignore[union-attr]
            return [ast.Delete(targets=[attribute])]
        if callees.is_call_of(call, shadows.add_at) and not may_repeat(
            self._index_type(call.args[1])
        ):
            target = self.expressions.subscript(call.args[0], call.args[1])
            value = self.expressions.argument(call.args[2])
            return [ast.AugAssign(target=target, op=ast.Add(), value=value)]
        if callees.is_call_of(call, shadows.add_to):
            target = as_target(self.expressions.argument(call.args[0]))
            value = self.expressions.argument(call.args[1])
            return target and [ast.AugAssign(target=target, op=ast.Add(), value=value)]
        return None

    def _stored(self, target: ast.Subscript, operand: Any) -> ast.stmt:
        """`x[i] = v`; `x[i] += e` for a number, which comes down to the same."""
        value = self.expressions.argument(operand)
        again = isinstance(value, ast.BinOp) and isinstance(value.left, ast.Subscript)
        if again and isinstance(getattr(operand, "type", None), Scalar):
            places = [ast.dump(each.value) + ast.dump(each.slice) for each in (target, value.left)]  # type: ignore[union-attr]
            if places[0] == places[1]:
                return ast.AugAssign(target=target, op=value.op, value=value.right)  # type: ignore[union-attr]
        return ast.Assign(targets=[target], value=value)

    def _shortened(self, call: ir.Call, value: ast.expr) -> ast.stmt:
        """`x += e` for a number; of an array that would be a write."""
        name = self.names[call.target]
        if isinstance(value, ast.BinOp) and isinstance(call.target.type, Scalar):
            first = call.args[0]
            if (
                isinstance(value.left, ast.Name)
                and value.left.id == name
                and isinstance(first, ir.Value)
            ):
                if isinstance(first.type, Scalar):
                    return ast.AugAssign(target=store(name), op=value.op, value=value.right)
        return assign(name, value)

    def _unpack(self, call: ir.Call) -> list[ast.stmt]:
        names = ["_" if part is None else self.names[part] for part in self.plan.parts[call]]
        elements: list[ast.expr] = [store(name) for name in names]
        counts = [a.value for a in call.args[1:] if isinstance(a, ir.Const)]
        if len(counts) == 2 and counts[1] is not None:
            elements[counts[0]] = ast.Starred(value=elements[counts[0]], ctx=ast.Store())
        target = ast.Tuple(elts=elements, ctx=ast.Store())
        return [ast.Assign(targets=[target], value=self.expressions.argument(call.args[0]))]

    def _augmented_assignment(self, call: ir.Call, op: type[ast.operator]) -> list[ast.stmt]:
        value = self.expressions.argument(call.args[1])
        name = self.names[call.target]
        owner = self.expressions.argument(call.args[0])
        target = as_target(owner)
        array = isinstance(call.args[0], ir.Value) and isinstance(call.args[0].type, Array)
        if array and target is not None and not self.plan.uses[call.target]:  # it is written to
            return [ast.AugAssign(target=target, op=op(), value=value)]
        before = [] if isinstance(owner, ast.Name) and owner.id == name else [assign(name, owner)]
        return [*before, ast.AugAssign(target=store(name), op=op(), value=value)]

    def _add_into(self, call: ir.Call) -> list[ast.stmt] | None:
        return self._augmented_assignment(call, ast.Add)

    def _write(self, call: ir.Call, make: Callable[[ast.expr], ast.stmt]) -> list[ast.stmt] | None:
        """A write to an object that the call then returns."""
        owner = self.expressions.argument(call.args[0])
        if not isinstance(owner, ast.Name):
            return None
        used = self.plan.uses[call.target] or call.target.named
        name = self.names[call.target]
        after = [assign(name, owner)] if used and owner.id != name else []
        return [make(owner), *after]

    def _index_add(self, call: ir.Call) -> list[ast.stmt] | None:
        if may_repeat(self._index_type(call.args[1])):
            return None  # `+=` would add only one of the values that go to one place

        def make(owner: ast.expr) -> ast.stmt:
            target = self.expressions.subscript(call.args[0], call.args[1])
            return ast.AugAssign(
                target=target, op=ast.Add(), value=self.expressions.argument(call.args[2])
            )

        return self._write(call, make)

    def _index_type(self, index: Any) -> Type:
        """The type of an index, item by item where it is a tuple built in its place."""
        nested = self.plan.nested.get(index) if isinstance(index, ir.Value) else None
        if isinstance(index, ir.Const):
            return literal(index.value)
        if callees.is_call_of(nested, slice):
            return Opaque(slice)
        if nested is not None and callees.is_call_of(nested, "make_tuple"):
            items = [a.operand if isinstance(a, ir.Splat) else a for a in nested.args]  # type: ignore[union-attr]
            return TupleOf(tuple(self._index_type(i) for i in items))
        return index.type

    def _set_item(self, call: ir.Call) -> list[ast.stmt] | None:
        def make(owner: ast.expr) -> ast.stmt:
            target = self.expressions.subscript(call.args[0], call.args[1])
            return ast.Assign(targets=[target], value=self.expressions.argument(call.args[2]))

        return self._write(call, make)

    def _set_attribute(self, call: ir.Call) -> list[ast.stmt] | None:
        name = call.args[1]
        if not isinstance(name, ir.Const) or not str(name.value).isidentifier():
            return None
        if not _takes_assignment(call.args[0]):
            return None
        attribute = str(name.value)

        def make(owner: ast.expr) -> ast.stmt:
            target = ast.Attribute(value=owner, attr=attribute, ctx=ast.Store())
            return ast.Assign(targets=[target], value=self.expressions.argument(call.args[2]))

        return self._write(call, make)

    def _raise_exception(self, call: ir.Call) -> list[ast.stmt] | None:
        nodes = [self.expressions.argument(a) for a in call.args]
        with_cause = (
            len(call.args) == 3 and isinstance(call.args[2], ir.Const) and call.args[2].value
        )
        if len(call.args) == 3 and not isinstance(call.args[2], ir.Const):
            return None
        exception = nodes[0] if nodes else None
        if isinstance(exception, ast.Constant) and exception.value is None:
            exception = None
        return [ast.Raise(exc=exception, cause=nodes[1] if with_cause and exception else None)]

    def _import_module(self, call: ir.Call) -> list[ast.stmt] | None:
        values: list[Any] = [a.value for a in call.args if isinstance(a, ir.Const)]
        if len(values) != len(call.args) or any(values[2:3]):
            return None
        module, attribute = [*values, None][:2]
        name = self.names[call.target]
        imported = module if attribute is None else attribute
        alias = ast.alias(name=imported, asname=None if imported == name else name)
        if attribute is None:
            return [ast.Import(names=[alias])]
        imported_from: ast.stmt = ast.ImportFrom(module=module, names=[alias], level=0)
        return [imported_from]


def as_target(owner: ast.expr) -> Any:
    """A name or an item as what is assigned to; None for any other expression."""
    if isinstance(owner, ast.Name):
        return store(owner.id)
    if isinstance(owner, ast.Subscript):
        return ast.Subscript(value=owner.value, slice=owner.slice, ctx=ast.Store())
    return None


def may_repeat(index: Type) -> bool:
    """May an index of this type choose one place more than once?"""
    if isinstance(index, TupleOf):
        return any(map(may_repeat, index.items))
    if isinstance(index, Literal):
        items = index.value if isinstance(index.value, tuple) else (index.value,)
        return not all(i is None or i is Ellipsis or isinstance(i, int | slice) for i in items)
    if isinstance(index, Array):
        return index.dtype.kind != "b"
    if isinstance(index, Opaque):
        return index.cls is not slice
    return not isinstance(index, Scalar)


def _takes_assignment(owner: Any) -> bool:
    """Known not to be of a frozen dataclass, to which `set_attribute` writes as well."""
    if not isinstance(owner, ir.Value) or not isinstance(owner.type, Instance | Opaque):
        return False
    parameters = getattr(owner.type.cls, "__dataclass_params__", None)
    return parameters is None or not parameters.frozen
