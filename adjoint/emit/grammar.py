"""The precedence of Python's expressions, and two kinds of line that its syntax tree lacks."""

from __future__ import annotations

import ast

# Precedence levels, loosest first.
BARE, YIELD, NAMED, TEST, OR, AND, NOT, COMPARE, BIT_OR, BIT_XOR, BIT_AND, SHIFT, SUM, PRODUCT = (
    range(14)
)
UNARY, POWER, AWAIT, ATOM = range(14, 18)

BINARY = {
    ast.BitOr: BIT_OR, ast.BitXor: BIT_XOR, ast.BitAnd: BIT_AND,
    ast.LShift: SHIFT, ast.RShift: SHIFT, ast.Add: SUM, ast.Sub: SUM,
    ast.Mult: PRODUCT, ast.MatMult: PRODUCT, ast.Div: PRODUCT, ast.Mod: PRODUCT,
    ast.FloorDiv: PRODUCT, ast.Pow: POWER,
}  # fmt: skip


class Comment(ast.stmt):
    """A full-line comment among statements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Blank(ast.stmt):
    """An empty line among statements."""


def precedence(node: ast.AST) -> int:
    """How tightly an expression holds together."""
    if isinstance(node, ast.Tuple):
        return BARE if node.elts else ATOM
    if isinstance(node, ast.BinOp):
        return BINARY[type(node.op)]
    if isinstance(node, ast.UnaryOp):
        return NOT if isinstance(node.op, ast.Not) else UNARY
    if isinstance(node, ast.BoolOp):
        return OR if isinstance(node.op, ast.Or) else AND
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | complex):
        return UNARY if repr(node.value).startswith("-") else ATOM
    table: dict[type, int] = {
        ast.Yield: YIELD, ast.YieldFrom: YIELD, ast.NamedExpr: NAMED, ast.IfExp: TEST,
        ast.Lambda: TEST, ast.Compare: COMPARE, ast.Await: AWAIT,
    }  # fmt: skip
    return table.get(type(node), ATOM)


def escaped(text: str, quote: str) -> str:
    escaped = (
        text.encode("unicode_escape").decode("ascii")
        if not text.isprintable()
        else text.replace("\\", "\\\\")
    )
    return escaped.replace(quote[0], "\\" + quote[0])


def docstring(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if escaped.endswith('"'):
        escaped = escaped[:-1] + '\\"'
    if any(not (c.isprintable() or c == "\n") for c in escaped):
        return repr(text)
    return f'"""{escaped}"""'
