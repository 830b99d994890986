"""What the Unparser prints reads back as the same syntax tree, and looks written by hand."""

from __future__ import annotations

# ruff: noqa: E501  (tables of snippets)
import ast

import pytest

from adjoint.emit.grammar import Comment
from adjoint.emit.unparse import unparse

ROUND_TRIP = [
    "a + b * c", "(a + b) * c", "a - (b - c)", "a - b - c", "a ** b ** c", "(a ** b) ** c", "-a ** b",
    "(-a) ** b", "a ** -b", "(-2) ** 2", "-2 ** 2", "- -a", "~a", "not a", "not (a and b)", "(not a) + b",
    "a and b or c", "a and (b or c)", "(a and b) and c", "a and (b and c)", "a < b < c", "(a < b) < c",
    "a < (b < c)", "a < b | c", "(a < b) | c", "not a < b", "(not a) < b", "a if b else c",
    "(a if b else c) if d else e", "a if b else c if d else e", "a if (b if c else d) else e",
    "(a if b else c) + d", "lambda: 0", "lambda x: x + 1", "(lambda x: x)(1)", "lambda *a, k=1, **kw: (a, kw)",
    "lambda x, /, y: x", "f(lambda x: x, y)", "a.b.c", "(a + b).c", "(1).real", "1.0.real", "1j.imag", "f(x).y[z](w)",
    "x[1:, None]", "x[1:2, ::3]", "x[:, None, ...]", "x[a, b]", "x[(a, b), c]", "x[()]", "x[a,]", "x[1:2]",
    "x[::-1]", "x[a:b:c]", "x[:]", "x[*a, b]", "x[(y := 1)]", "x[a + 1:b * 2]", "x[-1]", "x[lambda: 0]",
    "x[1 if a else 2:3]", "()", "(a,)", "a, b", "[a, b]", "{a, b}", "{}", "{a: b, **c}", "{**a, 'k': 1}",
    "[*a, b]", "(*a, b)", "f(*a, **k)", "f(a, *b, c, d=1, **e)", "f(x for x in y)", "f((x for x in y), z)",
    "[x for x in y if x if not z]", "[x for x in (a if b else c)]", "[x for x, y in z for w in x]",
    "{x: y for x, y in z}", "{x for x in y}", "[(a, b) for a in c]", "[(x := f(y), x) for y in z]",
    "f'{x}'", "f'{x!r:>{width}}'", "f'{x:.2f} and {y}'", "f'{{literal}} {x}'", "f'''it's \"{x}\"\\n'''",
    "f\"{d['k']}\"", "f'{ {1: 2} }'", "f'{(lambda x: x)}'", "f'{x, y}'", "f'é {x} \\\\ \\t'", "f'{a if b else c}'",
    "'a\\nb'", "b'bytes'", "u'unicode'", "1e400", "-1e400", "1e400j", "1.5", "-1.5", "1_000", "...", "None",
    "True", "a @ b @ c", "a @ (b @ c)", "a // b % c", "a << b >> c", "a & b ^ c | d", "a is not None", "a not in b",
    "-x.T @ y", "(-x).T", "(yield)", "await_", "x if not a else y", "(a, b) + c", "(x := 5) + 1", "-(a * b)",
    "-a * b", "(a or b)(c)", "[a][0]", "'s'.join(x)", "(await_).x", "f(**a)(b)", "f((a, b))", "f(a if b else c)",
]  # fmt: skip

STATEMENTS = [
    "x = 1", "x = y = 1", "a, b = b, a", "(a, b), c = d", "a, *b = c", "[a, b] = c", "x[i], y.z = 1, 2",
    "x = yield", "x = yield a, b", "x += 1", "x[i] += a, b", "x: int = 1", "(x): int = 1", "x: int", "del a, b[c]",
    "return_ = 1", "def f(a, b=1, /, c=2, *d, e, g=3, **h) -> int:\n    return a, b", "def f():\n    return",
    "def f():\n    'doc'\n    return 1", "def f():\n    'two\\n    lines \\\\ and \"quote\"'", "def f(): pass",
    "def f(*, a): yield from a", "async def f():\n    await g(x)\n    async for a in b: pass\n    async with c as d: pass",
    "@d\n@e(1)\ndef f(): pass", "class A: pass", "class A(B, metaclass=C):\n    x = 1\n    def f(self): pass",
    "if a:\n    b\nelif c:\n    d\nelse:\n    e", "if a:\n    b\nelse:\n    c\n    d", "for a, b in c, d:\n    e\nelse:\n    f",
    "for x in y: break", "while a:\n    continue\nelse:\n    b", "while True:\n    if not a:\n        break",
    "try:\n    a\nexcept B as c:\n    d\nexcept (E, F):\n    g\nexcept:\n    h\nelse:\n    i\nfinally:\n    j",
    "with a as b, c: d", "raise", "raise a", "raise a from b", "assert a, b", "import a.b as c, d", "from . import a",
    "from a.b import c as d", "global a, b", "def f():\n    def g():\n        nonlocal x\n        x = 1\n    x = 0",
    "'docstring'\nx = 1", "if a:\n    if b:\n        c\n    else:\n        d", "return_(a)\nb", "pass",
]  # fmt: skip

EXACT = [
    ("a[(1):(2), None]", "a[1:2, None]"),
    ("x[1:, None] + (y * 2)", "x[1:, None] + y * 2"),
    ("-(x ** 2)", "-x ** 2"),
    ("(1 - (y * y)) * z", "(1 - y * y) * z"),
    ("not (a in b)", "not a in b"),
    ("(a @ b).T", "(a @ b).T"),
    ("f(((a)), b=(c))", "f(a, b=c)"),
    ("lambda: (a, b)", "lambda: (a, b)"),
]


@pytest.mark.parametrize("source", [*ROUND_TRIP, *STATEMENTS])
def test_what_is_printed_reads_back_as_the_same_tree(source):
    tree = ast.parse(source)
    assert ast.dump(ast.parse(unparse(tree))) == ast.dump(tree)


@pytest.mark.parametrize(("source", "expected"), EXACT)
def test_no_more_parentheses_than_needed(source, expected):
    assert unparse(ast.parse(source)) == expected


@pytest.mark.parametrize("expression", [
    "function(" + ", ".join(f"argument_{i}" for i in range(20)) + ")",
    "result = " + " + ".join(f"argument_{i} * weight_{i}" for i in range(12)),
    "function(" + " + ".join(f"other(argument_{i}, 'a, b(')" for i in range(9)) + ")",
    "result = " + ".".join(f"method_{i}(argument)" for i in range(9)),
    "result = f(f'{a}, {b}, " + "(text " * 20 + "', " + "b" * 50 + ")",
])  # fmt: skip
def test_long_lines_are_wrapped_inside_brackets(expression):
    tree = ast.parse(f"def f():\n    if a:\n        {expression}\n        b = 1")
    text = unparse(tree)
    assert ast.dump(ast.parse(text)) == ast.dump(tree)
    if "text" not in expression:
        assert max(map(len, text.splitlines())) <= 100


def test_comments_stand_alone_or_trail_at_one_column():
    tree = ast.parse("def f(x):\n    y = x + 1\n    for z in y:\n        g(z)\n    return y")
    body: list = tree.body[0].body  # type: ignore[attr-defined]
    body[0].trailing, body[1].trailing = "L9", "L10"
    body.insert(2, Comment("-- reverse --"))
    assert unparse(tree).splitlines() == [
        "def f(x):",
        "    y = x + 1                                                # L9",
        "    for z in y:                                              # L10",
        "        g(z)",
        "    # -- reverse --",
        "    return y",
    ]


def test_own_sources_survive_a_round_trip():
    import adjoint.emit.layout
    import adjoint.emit.namespace
    import adjoint.emit.nesting
    import adjoint.ir.types

    for module in (
        adjoint.emit.layout,
        adjoint.emit.nesting,
        adjoint.emit.namespace,
        adjoint.ir.types,
    ):
        with open(str(module.__file__), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        assert ast.dump(ast.parse(unparse(tree))) == ast.dump(tree)
