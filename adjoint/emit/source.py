"""Typed IR -> Python source.

    emit(function) plans the nesting, names the values, builds Python's syntax tree and prints it.

`source.py` has the functions; `statements.py` the statements in them.
"""

from __future__ import annotations

import ast
import builtins
import io
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adjoint.emit import callees
from adjoint.emit.grammar import Comment
from adjoint.emit.liveness import Interference, closures_needing_factory
from adjoint.emit.names import name_values
from adjoint.emit.namespace import Namespace, identifier
from adjoint.emit.nesting import plan_nesting
from adjoint.emit.plan import Plan
from adjoint.emit.statements import Statements
from adjoint.emit.undefined import explicit_fills
from adjoint.emit.unparse import Unparser
from adjoint.ir import nodes as ir


@dataclass(eq=False)
class NestedFunction:
    """A generated closure: the IR it was printed from, and where its captures are found.

    `free_names[i]` is the free variable that holds `function.captures[i]`; `constants[i]` its value
    if it was known while compiling. A capture in neither is not read.
    """

    function: ir.Function
    free_names: dict[int, str]
    constants: dict[int, Any]
    line: int = 0


@dataclass(eq=False)
class Emitted:
    """The text of one generated function and what it needs to run.

    `line_map` tells for the lines of the text (from 1) which line of the user's they come from, and
    `spans` for the expressions that stand in a line but come from another;
    `filename` is set when the text is loaded.
    """

    name: str
    text: str
    namespace: dict[str, Any]
    line_map: dict[int, ir.Origin]
    spans: list[tuple[tuple[int, int], tuple[int, int], ir.Origin]] = field(default_factory=list)
    nested: list[NestedFunction] = field(default_factory=list)
    filename: str = ""


def input_names(function: ir.Function) -> list[str]:
    """The names of a generated function's parameters, in the order of `function.inputs`.

    That is: its own parameters with their kinds, then its captures, then its globals. Captures and
    globals may always be passed by keyword; by position too, unless the function has `*args`,
    keyword-only parameters or `**kwargs` (then they are keyword-only).
    """
    names: list[str] = []
    for value in function.inputs:
        base = identifier(value.name or "argument")
        name, number = base, 1
        while name in names:
            number += 1
            name = f"{base}_{number}"
        names.append(name)
    return names


def module_namespace(function: ir.Function) -> dict[str, Any]:
    """The globals of a user's nested function; if it does not say, of the module of its file."""
    if function.namespace is not None:
        return function.namespace
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) == function.code.co_filename:
            return vars(module)
    return {"__builtins__": builtins}


def emit(
    function: ir.Function,
    *,
    reverse_start: int | None = None,
    header: str = "",
    is_pure: Callable[[Any], bool] = callees.is_pure,
    namespace_of: Callable[[ir.Function], dict[str, Any]] = module_namespace,
) -> Emitted:
    """The Python source of a function.

    Statements of the main block from index `reverse_start` on are the reverse half. `header` are
    comment lines above the function. `is_pure` tells of a callee whether its calls may move into
    other expressions; `namespace_of` gives the globals of a nested function of the user's.
    """
    plan = plan_nesting(function, is_pure, reverse_start)
    namespace = Namespace(_program_names(function))
    printer = _Printer(plan, namespace, namespace_of)
    tree = printer.definition(function, reverse_start)
    if printer.used_names & namespace.reserved:
        # Only now is it known which names the constants take: name the variables around them.
        printer = _Printer(plan, namespace, namespace_of, namespace.reserved)
        tree = printer.definition(function, reverse_start)
    comments: list[ast.stmt] = [Comment(line) for line in header.splitlines()]
    out = io.StringIO()
    unparser = Unparser(ast.Module(body=[*comments, tree], type_ignores=[]), out)
    for line, node in unparser.definitions.items():
        nested = printer.nested.get(node)
        if nested is not None:
            nested.line = line
    return Emitted(
        name=tree.name,
        text=out.getvalue(),
        namespace=dict(namespace.values),
        line_map=unparser.line_origins,
        spans=unparser.spans,
        nested=list(printer.nested.values()),
    )


def _program_names(function: ir.Function) -> set[str]:
    """The names that constants must not take: of parameters and of functions, nested ones too."""
    names = {identifier(function.name), *input_names(function)}
    for statement in ir.walk(function.body):
        if isinstance(statement, ir.Closure) and statement.function.code is None:
            names |= _program_names(statement.function)
    return names


class _Printer:
    """Prints a function and the functions nested in it."""

    def __init__(
        self,
        plan: Plan,
        namespace: Namespace,
        namespace_of: Callable[[ir.Function], dict[str, Any]],
        reserved: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.plan, self.namespace, self.namespace_of = plan, namespace, namespace_of
        self.reserved = set(reserved)
        self.used_names: set[str] = set()
        self.nested: dict[ast.AST, NestedFunction] = {}

    def definition(self, function: ir.Function, reverse_start: int | None) -> ast.FunctionDef:
        fixed = dict(zip(function.inputs, input_names(function), strict=True))
        writer = self._writer(function, fixed, {}, set(), reverse_start)
        sections = reverse_start is not None or any(map(_is_pullback, function.body.statements))
        writer.main_file = function.origin.filename if function.origin else ""
        writer.quiet = any(map(_sets_error_state, ir.walk(function.body)))
        body = writer.main_block(function.body, reverse_start, sections)
        arguments = _arguments(function, fixed, function.captures + function.globals, {})
        return _function_def(identifier(function.name), arguments, function.doc, body)

    def _writer(
        self, function: ir.Function, fixed: dict[ir.Value, str],
        constants: dict[ir.Value, ir.Const], free: set[str], reverse_start: int | None = None,
    ) -> Statements:  # fmt: skip
        interference = Interference(function, self.plan)
        reserved = self.reserved | free
        names = name_values(function, self.plan, interference, fixed, reserved, reverse_start)
        self.used_names |= set(names.values()) - set(fixed.values())
        fills = explicit_fills(function, self.plan, interference, names)
        writer = Statements(self.plan, names, self.namespace, constants)
        writer.needed, writer.fills = interference.needed, fills
        writer.factories = closures_needing_factory(function)
        writer.nested_function = self.closure
        writer.namespace_of = self.namespace_of
        return writer

    def closure(self, closure: ir.Closure, outer: Statements) -> list[ast.stmt]:
        """A generated closure as a nested `def`, which reads what it captures by name."""
        function = closure.function
        fixed: dict[ir.Value, str] = {}
        constants: dict[ir.Value, ir.Const] = {}
        factory = closure in outer.factories
        for value, operand in zip(function.captures, closure.captures, strict=True):
            if isinstance(operand, ir.Value) and operand in outer.expressions.constants:
                operand = outer.expressions.constants[operand]
            if isinstance(operand, ir.Const):
                constants[value] = operand
            else:
                fixed[value] = outer.names[operand]
        free = set(fixed.values())
        parameters = _nested_parameters(function, free | self.reserved)
        name = outer.names[closure.target]
        writer = self._writer(function, fixed | parameters, constants, free)
        writer.main_file, writer.reverse = outer.main_file, True
        pullback = not outer.reverse and outer.depth == 0
        writer.quiet = outer.quiet and pullback
        body = writer.main_block(function.body, 0 if pullback else None, pullback)
        defaults = {k: outer.expressions.operand(o) for k, o in closure.defaults.items()}
        node = _function_def(
            name, _arguments(function, fixed | parameters, [], defaults), function.doc, body
        )
        read = ir.used_values(function.body)
        self.nested[node] = NestedFunction(
            function,
            {i: fixed[v] for i, v in enumerate(function.captures) if v in fixed and v in read},
            {i: constants[v].value for i, v in enumerate(function.captures) if v in constants},
        )
        return self._in_factory(name, node, sorted(free), outer) if factory else [node]

    def _in_factory(
        self, name: str, node: ast.FunctionDef, captured: list[str], outer: Statements
    ) -> list[ast.stmt]:
        """A closure made in a loop: a function of its own keeps this iteration's values."""
        taken = set(outer.names.values()) | self.reserved | self.namespace.reserved | {name}
        factory, number = f"make_{name}", 1
        while factory in taken:
            number += 1
            factory = f"make_{name}_{number}"
        arguments = [ast.arg(arg=each) for each in captured if each != name]
        made = ast.Return(value=ast.Name(id=name, ctx=ast.Load()))
        definition = _function_def(factory, _plain_arguments(arguments), "", [node, made])
        call = ast.Call(
            func=ast.Name(id=factory, ctx=ast.Load()),
            args=[ast.Name(id=each.arg, ctx=ast.Load()) for each in arguments],
            keywords=[],
        )
        target = ast.Name(id=name, ctx=ast.Store())
        return [definition, ast.Assign(targets=[target], value=call)]


def _sets_error_state(statement: ir.Statement) -> bool:
    """Does the program itself tell NumPy what to do about floating-point errors?

    It has done so for its own operations. Those of the reverse half are others, at other points.
    """
    callee = statement.callee if isinstance(statement, ir.Call) else None
    return isinstance(callee, ir.Const) and any(callee.value is f for f in (np.errstate, np.seterr))


def _is_pullback(statement: ir.Statement) -> bool:
    return isinstance(statement, ir.Closure) and statement.function.code is None


def _nested_parameters(function: ir.Function, free: set[str]) -> dict[ir.Value, str]:
    """Parameters of a nested function must not hide what it captures."""
    names: dict[ir.Value, str] = {}
    for value in [p.value for p in function.parameters] + function.globals:
        base = identifier(value.name or "argument")
        name, number = base, 1
        while name in free or name in names.values():
            number += 1
            name = f"{base}_{number}"
        names[value] = name
    return names


def _function_def(
    name: str, arguments: ast.arguments, doc: str, body: list[ast.stmt]
) -> ast.FunctionDef:
    docstring: list[ast.stmt] = [ast.Expr(value=ast.Constant(value=doc))] if doc else []
    return ast.FunctionDef(
        name=name, args=arguments, body=[*docstring, *body], decorator_list=[], returns=None
    )


def _plain_arguments(arguments: list[ast.arg]) -> ast.arguments:
    return ast.arguments(posonlyargs=[], args=arguments, kwonlyargs=[], kw_defaults=[], defaults=[])


def _arguments(
    function: ir.Function, names: dict[ir.Value, str], trailing: list[ir.Value],
    defaults: dict[str, ast.expr],
) -> ast.arguments:  # fmt: skip
    """The signature: parameters by kind, then captures and globals (see `input_names`)."""
    found = _plain_arguments([])
    extra = [ast.arg(arg=names[v]) for v in trailing]
    for parameter in function.parameters:
        node = ast.arg(arg=names[parameter.value])
        default = defaults.get(parameter.name)
        if parameter.kind == "varargs":
            found.vararg = node
        elif parameter.kind == "varkw":
            found.kwarg = node
        elif parameter.kind == "keyword_only":
            found.kwonlyargs.append(node)
            found.kw_defaults.append(default)
        else:
            (found.posonlyargs if parameter.kind == "positional_only" else found.args).append(node)
            if default is not None:
                found.defaults.append(default)
    if found.vararg or found.kwonlyargs or found.kwarg:
        found.kwonlyargs += extra
        found.kw_defaults += [None] * len(extra)
    else:
        found.args += extra
    return found
