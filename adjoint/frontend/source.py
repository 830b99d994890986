"""Source text: the syntax tree of the `def` or `lambda` that a code object was compiled from.

The file is compiled again to make sure that its text still is what the function was made from, and
to tell functions on one line apart by the positions of their instructions.
"""

from __future__ import annotations
import __future__

import ast
import linecache
import threading
import types
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adjoint.errors import SourceUnavailableError
from adjoint.frontend.grammar import Node, gast, generator_function

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag

# Code objects that Python puts between a function and its inner functions.
_TRANSPARENT = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<generic parameters of ")
_REWRITTEN = ("@py", "@pytest_ar")  # names that pytest's rewriting of `assert` brings in


@dataclass(frozen=True)
class Source:
    """The syntax tree of one function (gast), and where it stands."""

    node: Node
    code: types.CodeType
    filename: str


@dataclass(frozen=True)
class _File:
    """A parsed file: its functions by name and first line, and the same of its code objects."""

    functions: dict[tuple[str, int], list[tuple[ast.AST, str]]]
    codes: dict[tuple[str, int], list[types.CodeType]]


_FILES_SIZE = 64
_files: OrderedDict[tuple[str, str, int], _File] = OrderedDict()
_lock = threading.RLock()


def find(code: types.CodeType, namespace: dict[str, Any] | None = None) -> Source:
    """The source of a code object; raises SourceUnavailableError."""
    filename = code.co_filename
    lines = linecache.getlines(filename, namespace) or _generated(filename, namespace)
    found = _search(code, lines) if lines else None
    if found is None:
        linecache.checkcache(filename)  # the cached lines may be older than the function
        again = linecache.getlines(filename, namespace)
        found = _search(code, again) if again and again != lines else None
    if found is None:
        # "<string>" names whatever was given to `exec` and `python -c`: its lines say nothing of others.
        told = bool(lines) and code.co_filename != "<string>"
        raise SourceUnavailableError(*_explain(code, told))
    node, class_name = found
    tree = gast.ast_to_gast(node)
    if isinstance(tree, gast.GeneratorExp):
        tree = generator_function(tree)
    if class_name:
        _mangle(tree, class_name)
    return Source(tree, code, filename)


def _generated(filename: str, namespace: dict[str, Any] | None) -> list[str]:
    """The lines of a generated file, which `linecache.clearcache` has forgotten, back in its place."""
    text = (namespace or {}).get("__text__")
    if getattr(text, "filename", None) != filename:
        return []
    text.register()  # pyright: ignore[reportOptionalMemberAccess]
    return text.lines  # pyright: ignore[reportOptionalMemberAccess]


def _explain(code: types.CodeType, has_text: bool) -> tuple[str, None, str]:
    where = f'"{code.co_filename}", line {code.co_firstlineno}'
    if has_text:
        return (
            f"the source of {code.co_name} ({where}) has changed since the function was made",
            None,
            "Import the module again, or run the cell that defines it again.",
        )
    return (
        f"the source of {code.co_name} ({where}) cannot be read",
        None,
        "Define the function in a file or a notebook cell, or give it a rule; or take its gradient by a "
        "tape, which needs no source: adjoint.tracker.gradient(f, x).",
    )


# -- files -----------------------------------------------------------------------------------------


def _search(code: types.CodeType, lines: list[str]) -> tuple[ast.AST, str] | None:
    """The node that `code` was compiled from, and the class it stands in."""
    try:
        parsed = _parse(code.co_filename, "".join(lines), code.co_flags & _FUTURE)
    except (SyntaxError, ValueError):
        return None
    key = code.co_name, code.co_firstlineno
    compiled = parsed.codes.get(key, [])
    if not _is_rewritten(code) and not any(_same_code(code, other) for other in compiled):
        return None
    candidates = parsed.functions.get(key, [])
    if len(candidates) > 1:
        candidates = [c for c in candidates if _within(code, c[0]) and _takes(code, c[0])]
    return candidates[-1] if candidates else None


def _parse(filename: str, text: str, flags: int) -> _File:
    key = filename, text, flags
    with _lock:
        if key in _files:
            _files.move_to_end(key)
            return _files[key]
        parsed = _File({}, {})
        flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # IPython's cells have it
        tree = compile(text, filename, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        for function, class_name in _functions(tree, ""):
            name = getattr(function, "name", _nameless(function))
            decorators = getattr(function, "decorator_list", [])
            line = min([function.lineno, *(d.lineno for d in decorators)])
            parsed.functions.setdefault((name, line), []).append((function, class_name))
        for code in _codes(compile(text, filename, "exec", flags, dont_inherit=True)):
            parsed.codes.setdefault((code.co_name, code.co_firstlineno), []).append(code)
        _files[key] = parsed
        while len(_files) > _FILES_SIZE:
            _files.popitem(last=False)
        return parsed


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp)


def _nameless(node: ast.AST) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else "<genexpr>"


def _functions(node: ast.AST, class_name: str) -> Iterator[tuple[Any, str]]:
    """Every function below a node with the innermost class around it, outer ones first."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            yield child, class_name
        yield from _functions(child, child.name if isinstance(child, ast.ClassDef) else class_name)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            yield from _codes(const)


# -- code objects ----------------------------------------------------------------------------------


def _same_code(a: types.CodeType, b: types.CodeType) -> bool:
    """Whether two code objects were compiled from the same text."""
    same = (
        a.co_code == b.co_code
        and a.co_names == b.co_names
        and a.co_varnames == b.co_varnames
        and a.co_freevars == b.co_freevars
        and len(a.co_consts) == len(b.co_consts)
        and list(a.co_positions()) == list(b.co_positions())
    )
    return same and all(map(_same_const, a.co_consts, b.co_consts))


def _same_const(a: Any, b: Any) -> bool:
    if isinstance(a, types.CodeType) and isinstance(b, types.CodeType):
        return _same_code(a, b)
    if isinstance(a, frozenset):
        return a == b
    return type(a) is type(b) and repr(a) == repr(b)


def _is_rewritten(code: types.CodeType) -> bool:
    """Whether pytest has rewritten the function's assertions, so that it differs from its text."""
    return any(
        name.startswith(_REWRITTEN)
        for each in (code, *_codes(code))
        for name in each.co_names + each.co_varnames
    )


def _takes(code: types.CodeType, node: Any) -> bool:
    """Has a code object the parameters of a node? Not so for a lambda that returns a lambda."""
    if isinstance(node, ast.GeneratorExp):
        return code.co_varnames[: code.co_argcount] == (".0",)
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return len(names) == len(own) and all(map(str.endswith, own, names))  # `__x` is `_Class__x`


def _within(code: types.CodeType, node: Any) -> bool:
    """Whether the instructions of a code object lie inside a node.

    For one of the node's own inner functions they do too; names and first lines differ then. A lambda
    among the defaults of a lambda lies in front of its body.
    """
    whole = node.body if isinstance(node, gast.Lambda | ast.Lambda) else node
    start = whole.lineno, whole.col_offset
    end = whole.end_lineno, whole.end_col_offset
    places = [
        ((line, column), (end_line, end_column))
        for line, end_line, column, end_column in code.co_positions()
        if None not in (line, end_line, column, end_column)
        and (line, column) != (end_line, end_column)
    ]
    if not places:  # Python 3.12 has no positions for `lambda: constant`
        value = getattr(node.body, "value", None)
        return any(_same_const(value, const) for const in code.co_consts)
    return all(start <= first and last <= end for first, last in places)


def nested_code(parent: types.CodeType, node: Node) -> types.CodeType | None:
    """The code of an inner function (a gast node) of the function with code `parent`.

    None if Python has compiled none, because the inner function is never reached.
    """
    name = getattr(node, "raw_name", getattr(node, "name", "<lambda>"))
    decorators = getattr(node, "decorator_list", [])
    line = min([node.lineno, *(d.lineno for d in decorators)])
    found = [c for c in _inner_codes(parent) if (c.co_name, c.co_firstlineno) == (name, line)]
    inside = [c for c in found if _within(c, node)]
    if name == "<lambda>" and any(map(_has_positions, found)):
        found = inside
    return (inside or found or [None])[0]


def _has_positions(code: types.CodeType) -> bool:
    return any(column for _, _, column, _ in code.co_positions())


def _inner_codes(parent: types.CodeType) -> Iterator[types.CodeType]:
    for const in parent.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            if const.co_name.startswith(_TRANSPARENT):
                yield from _inner_codes(const)


# -- private names ---------------------------------------------------------------------------------


def _mangle(tree: Node, class_name: str) -> None:
    """Rename `__name` to `_Class__name` everywhere in a function of a class, as Python does."""
    prefix = "_" + class_name.lstrip("_")
    if prefix == "_":
        return

    def mangled(name: Any) -> Any:
        private = isinstance(name, str) and name.startswith("__") and not name.endswith("__")
        return prefix + name if private and "." not in name else name

    for node in gast.walk(tree):
        for attribute in ("id", "attr", "arg", "asname"):
            if hasattr(node, attribute):
                setattr(node, attribute, mangled(getattr(node, attribute)))
        if isinstance(node, gast.FunctionDef) and node is not tree:
            node.raw_name, node.name = node.name, mangled(node.name)
