"""Every refusal: what it says, the line and the caret."""

import linecache
import textwrap
from typing import Any

import pytest

from adjoint.errors import UnsupportedSyntaxError
from adjoint.frontend import lower

_count = 0


def define(source) -> Any:
    """The function `f` of a source text that linecache knows."""
    global _count
    _count += 1
    filename = f"<fence {_count}>"
    text = textwrap.dedent(source).lstrip("\n")
    lines: Any = len(text), None, text.splitlines(True), filename
    linecache.cache[filename] = lines
    namespace = {"__name__": "fence"}
    exec(compile(text, filename, "exec"), namespace)
    return namespace["f"]


CASES = [
    # body of `def f(x):`; the text under the caret; a part of the message; a part of the hint

    ("y = 1 + (yield x)", "yield x", "`yield`", "variable"),
    ("y = yield from x", "y = yield from x", "`yield from`", "other means"),
    (
        "try:\n    yield x\nexcept GeneratorExit:\n    pass",
        "except GeneratorExit:", "GeneratorExit", "`finally`",
    ),
    ("try:\n    yield x\nexcept:\n    pass", "except:", "GeneratorExit", "`finally`"),
    (
        "k = 1\ng = (k * v for v in x)\nk = 2\nreturn sum(g)",
        "g", "'k' is assigned again", "argument",
    ),
    (
        "k = 1\nfor v in (k * u for u in x):\n    k = 2",
        "for v in (k * u for u in x):", "'k' is assigned again", "argument",
    ),
    ("try:\n    y = 1\nexcept* OSError:\n    pass", "try:", "`except*`", "one by one"),
    (
        "y = 1\ntry:\n    z = (y := x()) + x()\nexcept OSError:\n    print(y)",
        "z = (y := x()) + x()", "in the middle of this statement", "statement of its own",
    ),
    (
        "try:\n    y = x[(z := 1)] + x()\nexcept OSError:\n    pass\nreturn z",
        "y = x[(z := 1)] + x()", "in the middle of this statement", "statement of its own",
    ),
    ("try:\n    y = OSError\nexcept y:\n    pass", "y", "exceptions to catch", "before the `try`"),
    (
        "q = [x]\nq.extend(v * 2 for v in q)",
        "(v * 2 for v in q)", "what `extend` changes meanwhile", "list of its items",
    ),
    ("eval('x')", "eval('x')", "`eval`", "explicitly"),
    ("exec('x')", "exec('x')", "`exec`", "explicitly"),
    ("return locals()", "locals()", "`locals`", "explicitly"),
    ("return globals()", "globals()", "`globals`", "explicitly"),
    ("return vars()", "vars()", "`vars`", "explicitly"),
    ("return super().a", "super()", "`super()`", "base class"),
    ("y = super()", "super()", "`super()`", "method"),
    (
        "return [lambda: i for i in x]",
        "[lambda: i for i in x]", "'i' is assigned again", "argument",
    ),
    (
        "k = 1\ng = [lambda: k]\nk = 2\nreturn g", "g", "'k' is assigned again", "argument",
    ),
    (
        "k = 1\ng = functools.partial(lambda: k)\nk = 2\nreturn g()",
        "g()", "'k' is assigned again", "argument",
    ),
    (
        "fs = []\nfor i in x:\n    fs.append(lambda: i)\nreturn fs",
        "fs", "'i' is assigned again", "argument",
    ),
    (
        "g = None\nfor i in x:\n    if g is None: g = lambda: i\n    print(g)",
        "g", "'i' is assigned again", "argument",
    ),
    ("@x\ndef g(): return g()\nreturn g", "def g(): return g()", "is decorated", "another name"),
    ("def g(): return y\ng()\ny = 1", "def g(): return y", "not assigned yet", "argument"),
]  # fmt: skip


@pytest.mark.parametrize("body, marked, message, hint", CASES, ids=lambda c: None)
def test_refusal(body, marked, message, hint):
    f = define("def f(x):\n" + textwrap.indent(body, "    "))
    with pytest.raises(UnsupportedSyntaxError) as caught:
        lower(f)
    error = caught.value
    assert message in error.message
    assert hint in error.hint
    line = linecache.getline(error.origin.filename, error.origin.line)
    one_line = error.origin.end_line == error.origin.line
    end = error.origin.end_column if one_line else None
    assert line[error.origin.column : end].strip().startswith(marked)
    if one_line:
        assert line[error.origin.column : end] == marked
    carets = [text for text in str(error).splitlines() if set(text.strip()) == {"^"}]
    assert len(carets) == 1


@pytest.mark.parametrize(
    "source, marked",
    [
        ("async def f(x):\n    return x", "async def"),
        ("f = lambda x: (yield x)", "yield x"),
        ("def f(x):\n    async def g(): pass\n    return g", "async def"),
    ],
)
def test_refused_functions(source, marked):
    with pytest.raises(UnsupportedSyntaxError) as caught:
        lower(define(source))
    origin = caught.value.origin
    assert linecache.getline(origin.filename, origin.line)[origin.column :].startswith(marked)


def test_names_that_hide_builtins_are_plain_functions():
    f = define("def eval(x): return x\ndef f(x):\n    return eval(x)")
    lower(f)
