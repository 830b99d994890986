"""Runs an IR function as it stands, for tests: the meaning of the IR, one construct at a time."""

from __future__ import annotations

import builtins
import types
from collections.abc import Callable
from inspect import CO_GENERATOR
from typing import Any

from adjoint.ir.nodes import (
    Block,
    Call,
    Closure,
    Const,
    Function,
    If,
    Loop,
    Operand,
    Splat,
    Statement,
    Try,
    Value,
)

Frame = dict[Value, Any]


class _Missing:
    """A global that does not exist; an error only where it is read."""


MISSING = _Missing()


def call(function: Function, original: types.FunctionType, *args: Any, **kwargs: Any) -> Any:
    """Run the IR of a Python function on the arguments of a call of it."""
    defaults = dict(original.__kwdefaults__ or {})
    positional = [p for p in function.parameters if p.kind.startswith("positional")]
    given = original.__defaults__ or ()
    for parameter, default in zip(positional[len(positional) - len(given) :], given, strict=True):
        defaults[parameter.name] = default
    arguments = bind(function, defaults, args, kwargs)
    for value, cell in zip(function.captures, original.__closure__ or (), strict=True):
        arguments[value] = cell.cell_contents
    return interpret(function, arguments, original.__globals__)


def bind(function: Function, defaults: dict[str, Any], args: tuple, kwargs: dict) -> Frame:
    """The values of the parameters for a call."""
    arguments: Frame = {}
    remaining, keywords = list(args), dict(kwargs)
    for parameter in function.parameters:
        name = parameter.name
        if parameter.kind == "varargs":
            arguments[parameter.value], remaining = tuple(remaining), []
        elif parameter.kind == "varkw":
            arguments[parameter.value], keywords = keywords, {}
        elif parameter.kind != "keyword_only" and remaining:
            if name in keywords and parameter.kind == "positional":
                raise TypeError(f"{function.name}() got multiple values for argument '{name}'")
            arguments[parameter.value] = remaining.pop(0)
        elif parameter.kind != "positional_only" and name in keywords:
            arguments[parameter.value] = keywords.pop(name)
        elif name in defaults:
            arguments[parameter.value] = defaults[name]
        else:
            raise TypeError(f"{function.name}() missing argument '{name}'")
    if remaining or keywords:
        raise TypeError(f"{function.name}() got unexpected arguments {remaining} {keywords}")
    return arguments


def interpret(function: Function, arguments: Frame, namespace: dict[str, Any] | None = None) -> Any:
    """Run a function on values for its inputs; globals not among them come from `namespace`."""
    frame: Frame = dict(arguments)
    known = vars(builtins) | (namespace or {})
    for value in function.globals:
        found = namespace if value.name == "__globals__" else known.get(value.name, MISSING)
        frame.setdefault(value, found)
    return _Interpreter(frame, known).block(function.body)[0]


def _unpack(item: Any, count: int) -> list[Any]:
    """The items of `a, b = item`, with Python's own errors."""
    names = ", ".join(f"_{i}" for i in range(count)) + ","
    scope: dict[str, Any] = {"item": item}
    exec(f"{names} = item", scope)
    return [scope[f"_{i}"] for i in range(count)]


class _Interpreter:
    def __init__(self, frame: Frame, namespace: dict[str, Any]) -> None:
        self.frame, self.namespace = frame, namespace
        self.waiting: dict[Value, list[Callable[[Any], None]]] = {}

    def read(self, operand: Operand) -> Any:
        if isinstance(operand, Const):
            return operand.value
        value = self.frame[operand]
        if value is MISSING:
            raise NameError(f"name '{operand.name}' is not defined")
        return value

    def block(self, block: Block) -> list[Any]:
        for statement in block.statements:
            self.statement(statement)
        return [self.read(operand) for operand in block.results]

    def assign(self, targets: list[Value], values: list[Any]) -> None:
        self.frame.update(zip(targets, values, strict=True))

    def statement(self, statement: Statement) -> None:
        if isinstance(statement, Call):
            self.frame[statement.target] = self.call(statement)
        elif isinstance(statement, If):
            taken = statement.then if self.read(statement.condition) else statement.orelse
            self.assign(statement.targets, self.block(taken))
        elif isinstance(statement, Loop):
            self.loop(statement)
        elif isinstance(statement, Try):
            self.attempt(statement)
        else:
            self.closure(statement)

    def call(self, call: Call) -> Any:
        args: list[Any] = []
        for arg in call.args:
            if isinstance(arg, Splat):
                args.extend(self.read(arg.operand))
            else:
                args.append(self.read(arg))
        kwargs: dict[str, Any] = {}
        for name, operand in call.kwargs:
            kwargs.update(self.read(operand) if name is None else {name: self.read(operand)})
        return self.read(call.callee)(*args, **kwargs)

    def loop(self, loop: Loop) -> None:
        state = [self.read(init) for init in loop.inits]
        gathered: list[list[Any]] = [[] for _ in loop.gathers]
        iterator = None if loop.iterable is None else iter(self.read(loop.iterable))
        while True:
            self.assign(loop.carried, state)
            if iterator is not None:
                try:
                    item = next(iterator)
                except StopIteration:
                    break
                count = len(loop.items)
                items = _unpack(item, count) if loop.unpack else [item]
                self.assign(loop.items, items)
            elif loop.test is not None and not self.block(loop.test)[0]:
                break
            state = self.block(loop.body)
            for into, gather in zip(gathered, loop.gathers, strict=True):
                elements = tuple(self.read(e) for e in gather.elements)
                into.append(elements if gather.pack or len(elements) != 1 else elements[0])
            if loop.stop is not None and self.read(loop.stop):
                break
        self.assign(loop.targets, state)
        self.assign([gather.target for gather in loop.gathers], gathered)

    def attempt(self, attempt: Try) -> None:
        path = 0
        try:
            results = self.block(attempt.body)
        except BaseException as error:
            for path, handler in enumerate(attempt.handlers, 1):  # noqa: B007
                kinds = BaseException if handler.exceptions is None else handler.exceptions
                if isinstance(error, kinds if isinstance(kinds, type) else self.read(kinds)):
                    break
            else:
                raise
            if handler.name is not None:
                self.frame[handler.name] = error
            results = self.block(handler.block)
        self.assign(attempt.targets, results)
        if attempt.path is not None:
            self.frame[attempt.path] = path

    def closure(self, closure: Closure) -> None:
        """A Python callable; captures of functions that come later are filled in as they come."""
        function, captured = closure.function, {}
        for inner, outer in zip(function.captures, closure.captures, strict=True):
            self._capture(captured, inner, outer, closure)
        defaults = {name: self.read(operand) for name, operand in closure.defaults.items()}

        def made(*args: Any, **kwargs: Any) -> Any:
            arguments = bind(function, defaults, args, kwargs)
            if function.code is not None and function.code.co_flags & CO_GENERATOR:
                cells = tuple(types.CellType(captured[v]) for v in function.captures)
                generator = types.FunctionType(function.code, self.namespace, closure=cells)
                return generator(*[arguments[p.value] for p in function.parameters])
            return interpret(function, arguments | captured, self.namespace)

        made.__name__ = function.name
        self.frame[closure.target] = made
        for fill in self.waiting.pop(closure.target, []):
            fill(made)

    def _capture(self, captured: Frame, inner: Value, outer: Operand, closure: Closure) -> None:
        if isinstance(outer, Value) and (outer is closure.target or outer not in self.frame):
            fill = lambda made: captured.update({inner: made})  # noqa: E731
            self.waiting.setdefault(outer, []).append(fill)
        else:
            captured[inner] = self.read(outer)
