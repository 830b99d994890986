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
from adjoint.rules.writes import CONTAINERS, FUNCTIONS, METHODS


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


def changed(text: Any, classes: list[Any], unsure: bool = False) -> tuple[str, int] | None:
    """The first parameter that a function called with these classes writes into, and the line.

    `unsure`: also one of which the class is not known, and would tell."""
    return next(iter(all_changed(text, classes, unsure)), None)


def all_changed(text: Any, classes: list[Any], unsure: bool = False) -> list[tuple[str, int]]:
    if not isinstance(text, types.FunctionType):
        return []
    if (text.__module__ or "").startswith("adjoint."):  # a rule's own text
        return []
    found = []
    for position, name, line, kept in changes(text):
        known = classes[position] if position < len(classes) else None
        told = unsure if known is None else issubclass(known, CONTAINERS)
        if kept or told:
            found.append((name, line))
    return found


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
    names = [a.arg for a in (*given.posonlyargs, *given.args)]
    names += [a.arg for a in (given.vararg, *given.kwonlyargs) if a is not None]
    held = shared_names(definition, names)
    first = text.__code__.co_firstlineno - 1
    return tuple(
        (names.index(parameter), parameter, first + line, kept)
        for name, line, kept in _written(definition)
        for parameter in sorted(held.get(name, ()))
    )


def _written(definition: ast.FunctionDef) -> Iterator[tuple[str, int, bool]]:
    """The names that something is written into: `x.a = …`, `x[i] = …`, `del x[i]`, `x += …`,
    `x.append(…)`, `np.copyto(x, …)`, `out=x`."""
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            for name in bases(node):
                yield name, node.lineno, True
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.lineno, False
        elif isinstance(node, ast.Call):
            function = node.func
            called = getattr(function, "attr", getattr(function, "id", None))
            if called in WRITERS and node.args:
                for name in bases(node.args[0]):
                    yield name, node.lineno, True
            elif isinstance(function, ast.Attribute) and called in METHODS:
                for name in bases(function.value):
                    yield name, node.lineno, False
            for keyword in node.keywords:
                if keyword.arg == "out":
                    for name in bases(keyword.value):
                        yield name, node.lineno, False


#: Functions that write into their first argument, and such as may give it back, or a view of it.
WRITERS = {f.__name__ for f in FUNCTIONS if not hasattr(f, "__objclass__")} | {"shuffle"}
VIEWS = {
    "asarray", "asanyarray", "ascontiguousarray", "ravel", "reshape", "transpose", "squeeze", "view",
    "swapaxes", "moveaxis", "diagonal", "atleast_1d", "atleast_2d", "atleast_3d", "rollaxis", "flip",
    "expand_dims", "nditer", "enumerate", "zip", "reversed", "list", "tuple", "values", "items", "get",
}  # fmt: skip


def bases(node: ast.expr) -> list[str]:
    """The names of what an expression may be, or be a part or a view of."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.NamedExpr):
        return bases(node.value)
    if isinstance(node, ast.IfExp):
        return bases(node.body) + bases(node.orelse)
    if isinstance(node, ast.Tuple | ast.List):
        return [name for item in node.elts for name in bases(item)]
    if isinstance(node, ast.Call):
        function = node.func
        called = getattr(function, "attr", getattr(function, "id", None))
        if called in VIEWS:
            owner = [function.value] if isinstance(function, ast.Attribute) else []
            return [name for each in (*owner, *node.args) for name in bases(each)]
    return []


def shared_names(definition: ast.FunctionDef, names: list[str]) -> dict[str, set[str]]:
    """The names in a function that stand for parameters, or for parts or views of them.

    A name that is also assigned something else is left out: what is new may be written to."""
    assigned: dict[str, list[list[str]]] = {}
    for node in ast.walk(definition):
        for targets, value in _assignments(node):
            for target in targets:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                        assigned.setdefault(name.id, []).append(value)
        if isinstance(node, ast.FunctionDef | ast.Lambda) and node is not definition:
            for a in node.args.args:
                assigned.setdefault(a.arg, []).append([])
    held = {name: {name} for name in names}
    for _ in range(len(assigned) + 1):
        for name, values in assigned.items():
            found = [set().union(*(held.get(base, set()) for base in value)) for value in values]
            if all(found) and (name not in names or name in held):
                held[name] = held.get(name, set()).union(*found)
            elif name in held:
                del held[name]
    return held


def _assignments(node: ast.AST) -> Iterator[tuple[list[ast.expr], list[str]]]:
    """What is assigned to, and the names of what is assigned."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            if several and len(target.elts) == len(node.value.elts):  # type: ignore[union-attr]
                for one, value in zip(target.elts, node.value.elts, strict=True):  # type: ignore[union-attr]
                    yield [one], bases(value)
            else:
                yield [target], bases(node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield [node.target], bases(node.value)
    elif isinstance(node, ast.For | ast.comprehension):
        yield [node.target], bases(node.iter)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield [node.optional_vars], []


@registry.nondifferentiable(like=0)
def constant(x: Any) -> Any:
    """The identity, with derivative zero."""
    return x
