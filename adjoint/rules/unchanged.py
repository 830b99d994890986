"""Functions that have a declared derivative, and change what they are given.

A rule says nothing of what a call leaves in an array, an object or a list: values and derivatives of
what is read there afterwards would be wrong.  It is refused where the text shows it.  Of a function that
is declared to have no derivative, the statements are followed then.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import types
from collections.abc import Iterable, Iterator
from typing import Any

from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules import registry
from adjoint.rules.writes import CONTAINERS, METHODS


def refuse_changes(
    function: Any, declared: registry.Rule, classes: Iterable[Any], origin: Any = None
) -> None:
    """Raise if a function or its rule, called with arguments of these classes, writes into one of them.

    classes: one for each positional argument, None where it is not known."""
    if declared.kind != "rule" or (declared.text.__module__ or "").startswith("adjoint."):
        return
    given = list(classes)
    for text in (function, declared.text):
        if found := changed(text, given):
            name, line = found
            raise UnsupportedSyntaxError(
                f"{function.__qualname__} has a rule of its own, and changes its argument `{name}` "
                f"({text.__code__.co_filename}, line {line}): a rule is about what is returned",
                origin,
                "Let the function return a new value. Or leave the rule away: what a function "
                "writes is differentiated if its statements are. Where no derivative is wanted, "
                "declare it `ad.nondifferentiable`.",
            )


def changed(text: Any, classes: list[Any]) -> tuple[str, int] | None:
    """The first parameter that a function called with these classes writes into, and the line."""
    if not isinstance(text, types.FunctionType):
        return None
    if (text.__module__ or "").startswith("adjoint."):  # a rule's own text
        return None
    for position, name, line, kept in changes(text):
        known = classes[position] if position < len(classes) else None
        if kept or known is not None and issubclass(known, CONTAINERS):
            return name, line
    return None


@functools.lru_cache(maxsize=1024)
def changes(text: types.FunctionType) -> tuple[tuple[int, str, int, bool], ...]:
    """Position, name and line of each parameter that a function's own statements write into; and
    whether that holds whatever the argument is (`x += 1` changes an array, and no number)."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(text)))
    except (OSError, TypeError, SyntaxError):
        return ()
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        return ()
    given = definition.args
    names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    nodes = list(ast.walk(definition))
    augmented = {id(n.target) for n in nodes if isinstance(n, ast.AugAssign)}
    rebound = {
        n.id
        for n in nodes
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and id(n) not in augmented
    }
    for n in nodes:
        if isinstance(n, ast.FunctionDef | ast.Lambda) and n is not definition:
            rebound.update(a.arg for a in n.args.args)
    first = text.__code__.co_firstlineno - 1
    return tuple(
        (names.index(name), name, first + line, kept)
        for name, line, kept in _written(definition)
        if name in names and name not in rebound
    )


def _written(definition: ast.FunctionDef) -> Iterator[tuple[str, int, bool]]:
    """The names that something is written into: `x.a = …`, `x[i] = …`, `del x[i]`, `x += …`,
    `x.append(…)`, `out=x`."""
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            target: ast.expr = node
            while isinstance(target, ast.Attribute | ast.Subscript):
                target = target.value
            if isinstance(target, ast.Name):
                yield target.id, node.lineno, True
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.lineno, False
        elif isinstance(node, ast.Call):
            method = node.func
            if isinstance(method, ast.Attribute) and isinstance(method.value, ast.Name):
                if method.attr in METHODS:
                    yield method.value.id, node.lineno, False
            for keyword in node.keywords:
                if keyword.arg == "out" and isinstance(keyword.value, ast.Name):
                    yield keyword.value.id, node.lineno, False


@registry.nondifferentiable(like=0)
def constant(x: Any) -> Any:
    """The identity, with derivative zero."""
    return x
