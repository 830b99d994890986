"""Python's abstract syntax as text that looks written by hand.

A subclass of `astunparse.Unparser`, which parenthesises every operation, prints a slice in an
index tuple as `a[(1:2, None)]` and knows no comments. This one prints the parentheses that
precedence asks for and no others, `a[1:2, None]`, comments, and lines of at most 100 columns.
It also notes for every printed line which `Origin` its statement has, and for the expressions in it
that have one of their own, from where to where they stand.
"""

from __future__ import annotations

import ast
import io
from typing import Any

from astunparse import Unparser as BaseUnparser

from adjoint.emit.grammar import (
    ATOM,
    AWAIT,
    BARE,
    BINARY,
    BIT_OR,
    OR,
    TEST,
    UNARY,
    YIELD,
    Blank,
    Comment,
    docstring,
    escaped,
    precedence,
)
from adjoint.emit.layout import COMMENT_COLUMN, places, wrap

_INFINITY = "1e309"
_QUOTES = ('"', "'", '"""', "'''")


def unparse(tree: ast.AST) -> str:
    """The text of a module, a statement or an expression."""
    out = io.StringIO()
    Unparser(tree, out)
    return out.getvalue().strip("\n")


class Unparser(BaseUnparser):
    """Statements may carry `origin` (an Origin) and `trailing` (a comment), expressions `origin`.

    `spans` are the expressions with an origin: (line, column) where one begins, where it ends, origin.
    """

    def __init__(self, tree: ast.AST, file: Any) -> None:
        self.lines: list[str] = []
        self.line_origins: dict[int, Any] = {}
        self.spans: list[tuple[tuple[int, int], tuple[int, int], Any]] = []
        self._expressions: list[tuple[int, int, Any]] = []
        self.definitions: dict[int, ast.FunctionDef] = {}
        self._line: list[str] = []
        self._line_started = False
        self._line_is_text = False
        self._origin: Any = None
        self._line_origin: Any = None
        self._trailing = ""
        self._line_trailing = ""
        self._line_definition: ast.FunctionDef | None = None
        output, self.f = file, io.StringIO()
        self.future_imports: list[str] = []
        self._indent = 0
        self.dispatch(tree)
        self._end_line()
        output.write("\n".join(self.lines) + "\n")

    # -- lines -------------------------------------------------------------------------------------

    def fill(self, text: str = "") -> None:
        """Begin a line."""
        self._end_line()
        self._line = ["    " * self._indent, text]
        self._line_started = True
        self._line_origin = self._origin
        self._line_trailing, self._trailing = self._trailing, ""

    def write(self, text: str) -> None:
        self._line.append(str(text))
        self._line_started = True

    def _end_line(self) -> None:
        if not self._line_started:
            return
        code = "".join(self._line)
        lines = code.split("\n") if self._line_is_text else wrap(code)
        if self._line_trailing:
            lines[0] = (
                f"{lines[0]:<{COMMENT_COLUMN}}"
                if len(lines[0]) < COMMENT_COLUMN - 1
                else lines[0] + "  "
            )
            lines[0] += f"# {self._line_trailing}"
        first = len(self.lines) + 1
        if self._expressions:
            place = places(code, lines, first)
            self.spans += [(place[a], place[b - 1], o) for a, b, o in self._expressions]
            self._expressions = []
        self.lines += [line.rstrip() for line in lines]
        if self._line_origin is not None:
            self.line_origins |= dict.fromkeys(range(first, len(self.lines) + 1), self._line_origin)
        if self._line_definition is not None:
            self.definitions[first] = self._line_definition
        self._line, self._line_started, self._line_is_text = [], False, False
        self._line_definition = None

    def _blank(self) -> None:
        self._end_line()
        if self.lines and self.lines[-1] and not self.lines[-1].endswith(":"):
            self.lines.append("")

    def dispatch(self, tree: Any) -> None:
        if isinstance(tree, ast.expr):
            self.put(tree, TEST)
            return
        if isinstance(tree, ast.stmt):
            self._origin = getattr(tree, "origin", None)
            self._trailing = getattr(tree, "trailing", "")
        super().dispatch(tree)

    def put(self, node: ast.AST, minimum: int) -> None:
        """Print an expression where something of at least `minimum` precedence is expected."""
        bracketed = precedence(node) < minimum
        origin = getattr(node, "origin", None)
        start = 0 if origin is None else sum(map(len, self._line))
        if bracketed:
            self.write("(")
        super().dispatch(node)
        if bracketed:
            self.write(")")
        if origin is not None:
            self._expressions.append((start, sum(map(len, self._line)), origin))

    def _sequence(self, nodes: list[Any], minimum: int = TEST) -> None:
        for index, node in enumerate(nodes):
            if index:
                self.write(", ")
            self.put(node, minimum)

    # -- statements --------------------------------------------------------------------------------

    def _Comment(self, node: Comment) -> None:
        self.fill()
        self._line_is_text = True
        self.write(f"# {node.text}")

    def _Blank(self, node: Blank) -> None:
        self._blank()

    def _Module(self, node: ast.Module) -> None:
        self._body_with_docstring(node.body)

    def _Expression(self, node: ast.Expression) -> None:
        self.put(node.body, BARE)

    def _Expr(self, node: ast.Expr) -> None:
        self.fill()
        self.put(node.value, YIELD)

    def _Assign(self, node: ast.Assign) -> None:
        self.fill()
        for target in node.targets:
            self.put(target, BARE)
            self.write(" = ")
        self._value(node.value)

    def _AugAssign(self, node: ast.AugAssign) -> None:
        self.fill()
        self.put(node.target, TEST)
        self.write(f" {self.binop[type(node.op).__name__]}= ")
        self.put(node.value, BARE)

    def _value(self, node: ast.expr) -> None:
        """What is assigned or returned: a tuple without brackets, unless it has a star."""
        starred = isinstance(node, ast.Tuple) and any(isinstance(e, ast.Starred) for e in node.elts)
        self.put(node, TEST if starred else BARE)

    def _Return(self, node: ast.Return) -> None:
        self.fill("return")
        if node.value is not None:
            self.write(" ")
            self._value(node.value)

    def _For(self, node: ast.For) -> None:
        self._for_statement("for ", node)

    def _AsyncFor(self, node: ast.AsyncFor) -> None:
        self._for_statement("async for ", node)

    def _for_statement(self, keyword: str, node: Any) -> None:
        self.fill(keyword)
        self.put(node.target, BARE)
        self.write(" in ")
        self.put(node.iter, BARE)
        self._suite(node.body)
        if node.orelse:
            self.fill("else")
            self._suite(node.orelse)

    def _suite(self, body: list[ast.stmt]) -> None:
        self.enter()
        self.dispatch(body)
        self.leave()

    def _FunctionDef(self, node: ast.FunctionDef) -> None:
        self._definition("def", node)

    def _AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._definition("async def", node)

    def _definition(self, keyword: str, node: Any) -> None:
        origin = self._origin
        self._blank()
        for decorator in node.decorator_list:
            self.fill("@")
            self.dispatch(decorator)
        self._origin = origin
        self.fill(f"{keyword} {node.name}(")
        self._line_definition = node
        self.dispatch(node.args)
        self.write(")")
        if node.returns is not None:
            self.write(" -> ")
            self.dispatch(node.returns)
        self.enter()
        self._body_with_docstring(node.body)
        self.leave()

    def _body_with_docstring(self, body: list[ast.stmt]) -> None:
        first = body[0] if body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            if isinstance(first.value.value, str) and first.value.kind is None:
                self.fill()
                self._line_is_text = True
                self.write(docstring(first.value.value))
                body = body[1:]
        self.dispatch(body)

    # -- expressions -------------------------------------------------------------------------------

    def _NamedExpr(self, node: ast.NamedExpr) -> None:
        self.put(node.target, ATOM)
        self.write(" := ")
        self.put(node.value, TEST)

    def _Await(self, node: ast.Await) -> None:
        self.write("await ")
        self.put(node.value, ATOM)

    def _Yield(self, node: ast.Yield) -> None:
        self.write("yield")
        if node.value is not None:
            self.write(" ")
            self.put(node.value, BARE)

    def _YieldFrom(self, node: ast.YieldFrom) -> None:
        self.write("yield from ")
        self.put(node.value, TEST)

    def _Tuple(self, node: ast.Tuple) -> None:
        if not node.elts:
            self.write("()")
            return
        self._sequence(node.elts)
        if len(node.elts) == 1:
            self.write(",")

    def _UnaryOp(self, node: ast.UnaryOp) -> None:
        word = self.unop[type(node.op).__name__]
        self.write(word + " " if word == "not" else word)
        self.put(node.operand, precedence(node))

    def _BinOp(self, node: ast.BinOp) -> None:
        level = BINARY[type(node.op)]
        power = isinstance(node.op, ast.Pow)
        self.put(node.left, AWAIT if power else level)
        self.write(f" {self.binop[type(node.op).__name__]} ")
        self.put(node.right, UNARY if power else level + 1)

    def _Compare(self, node: ast.Compare) -> None:
        self.put(node.left, BIT_OR)
        for op, right in zip(node.ops, node.comparators, strict=True):
            self.write(f" {self.cmpops[type(op).__name__]} ")
            self.put(right, BIT_OR)

    def _BoolOp(self, node: ast.BoolOp) -> None:
        for index, value in enumerate(node.values):
            if index:
                self.write(f" {self.boolops[type(node.op)]} ")
            self.put(value, precedence(node) + 1)

    def _IfExp(self, node: ast.IfExp) -> None:
        self.put(node.body, OR)
        self.write(" if ")
        self.put(node.test, OR)
        self.write(" else ")
        self.put(node.orelse, TEST)

    def _Lambda(self, node: ast.Lambda) -> None:
        self.write("lambda")
        arguments = node.args
        if any(
            getattr(arguments, field)
            for field in ("posonlyargs", "args", "kwonlyargs", "vararg", "kwarg")
        ):
            self.write(" ")
            self.dispatch(arguments)
        self.write(": ")
        self.put(node.body, TEST)

    def _Attribute(self, node: ast.Attribute) -> None:
        number = isinstance(node.value, ast.Constant) and isinstance(node.value.value, int)
        bracketed = number and not isinstance(node.value.value, bool)  # type: ignore[union-attr]
        self.write("(" if bracketed else "")
        self.put(node.value, ATOM)
        self.write((")" if bracketed else "") + "." + node.attr)

    def _Call(self, node: ast.Call) -> None:
        self.put(node.func, ATOM)
        if len(node.args) == 1 and not node.keywords and isinstance(node.args[0], ast.GeneratorExp):
            self.dispatch(node.args[0])
            return
        self.write("(")
        self._sequence([*node.args, *node.keywords])
        self.write(")")

    def _Subscript(self, node: ast.Subscript) -> None:
        self.put(node.value, ATOM)
        self.write("[")
        self.put(node.slice, BARE)
        self.write("]")

    def _Starred(self, node: ast.Starred) -> None:
        self.write("*")
        self.put(node.value, BIT_OR)

    def _Dict(self, node: ast.Dict) -> None:
        self.write("{")
        for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            self.write(", " if index else "")
            if key is None:
                self.write("**")
                self.put(value, BIT_OR)
            else:
                self.put(key, TEST)
                self.write(": ")
                self.put(value, TEST)
        self.write("}")

    def _comprehension(self, node: ast.comprehension) -> None:
        self.write(" async for " if node.is_async else " for ")
        self.put(node.target, BARE)
        self.write(" in ")
        self.put(node.iter, OR)
        for condition in node.ifs:
            self.write(" if ")
            self.put(condition, OR)

    def _Constant(self, node: ast.Constant) -> None:
        if node.value is Ellipsis:
            self.write("...")
        else:
            text = repr(node.value)
            if isinstance(node.value, float | complex):
                text = text.replace("inf", _INFINITY)
            self.write(("u" if node.kind == "u" else "") + text)

    # -- f-strings ---------------------------------------------------------------------------------

    def _JoinedStr(self, node: ast.JoinedStr) -> None:
        parts: list[tuple[str, bool]] = []
        self._format_parts(node, parts)
        inside = "".join(text for text, is_code in parts if is_code)
        quote = next((q for q in _QUOTES if q not in inside), '"')
        body = "".join(text if is_code else escaped(text, quote) for text, is_code in parts)
        self.write(f"f{quote}{body}{quote}")

    def _FormattedValue(self, node: ast.FormattedValue) -> None:
        self._JoinedStr(ast.JoinedStr(values=[node]))

    def _format_parts(self, node: Any, parts: list[tuple[str, bool]]) -> None:
        """The pieces of an f-string: text, and code between braces (True)."""
        for value in node.values:
            if isinstance(value, ast.Constant):
                parts.append((str(value.value).replace("{", "{{").replace("}", "}}"), False))
                continue
            code = _expression_text(value.value)
            conversion = "" if value.conversion == -1 else "!" + chr(value.conversion)
            parts.append(("{" + (" " if code.startswith("{") else "") + code + conversion, True))
            if value.format_spec is not None:
                parts.append((":", True))
                self._format_parts(value.format_spec, parts)
            parts.append(("}", True))


def is_printable_fstring(node: ast.JoinedStr) -> bool:
    """Can Python 3.11 read it: no backslash in the code, and a kind of quote left to enclose it?"""
    parts: list[tuple[str, bool]] = []
    Unparser(ast.Module(body=[], type_ignores=[]), io.StringIO())._format_parts(node, parts)
    code = "".join(text for text, is_code in parts if is_code)
    return "\\" not in code and any(q not in code for q in _QUOTES)


def _expression_text(node: ast.expr) -> str:
    """One expression between the braces of an f-string: there a lambda needs brackets."""
    text = unparse(ast.Expression(body=node))
    return f"({text})" if precedence(node) <= TEST else text
