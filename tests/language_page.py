"""What docs/language.md shows: constructs, each with an example that is run, and what is refused.

`python -m tests.language_page` writes the page.
"""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "language.md"

#: section -> (construct, body of `f(x)` for a number x, or of `f(v)` for an array v of three numbers)
WRITTEN: dict[str, list[tuple[str, str]]] = {
    "Values and expressions": [
        ("arithmetic, comparisons in a chain", "return x**2 if 0 < x < 3 else -x"),
        ("`and`, `or` by value", "y = None\nreturn (y or x) * 2"),
        ("walrus", "return (y := x * x) + y"),
        ("unpacking, stars", "a, (b, *c) = x, [x * 2, x, x]\nreturn a * b + sum(c)"),
        ("f-strings, `print`, `assert`", "assert x > 0, f'{x} is negative'\nreturn x * x"),
    ],
    "Control": [
        ("`if`, `elif`, `else`", "if x > 1:\n    return x**3\nelif x > 0:\n    return x**2\nreturn x"),
        ("`while`, `break`, `else`", "while x < 50:\n    x *= x + 1\nelse:\n    x += 1\nreturn x"),
        ("`for`, `continue`", "t = 0\nfor a in (x, x * x):\n    if a > 1.5:\n        continue\n    t += a\nreturn t"),
        ("`try`, `except`, `finally`", "try:\n    [][3]\nexcept IndexError:\n    x *= x\nfinally:\n    x += 1\nreturn x"),
        ("`with`", "with np.errstate(all='raise'):\n    return np.log(x)"),
        ("`match`", "match [x, 'twice']:\n    case [a, 'twice']:\n        return 2 * a\n    case _:\n        return x"),
        ("generators", "def powers(n):\n    for k in range(n):\n        yield x**k\nreturn sum(powers(4))"),
        ("`itertools`", "import itertools\nreturn sum(itertools.accumulate([x, x, 2.0], lambda a, b: a * b))"),
        ("`iter`, `next`", "it = iter([x, x * x, 3.0])\nreturn next(it) * next(it)"),
        ("`finally`, exceptions of NumPy", "try:\n    np.linalg.inv(np.zeros((2, 2)))\nexcept np.linalg.LinAlgError:\n    return x**2"),
        ("recursion", "def power(n):\n    return x if n == 1 else x * power(n - 1)\nreturn power(4)"),
        ("recursion that changes what it shares", "known = {0: x, 1: x * x}\ndef g(k):\n    if k not in known:\n        known[k] = g(k - 1) * g(k - 2)\n    return known[k]\nreturn g(4)"),
    ],
    "Functions and objects": [
        ("closures, lambdas, defaults", "g = lambda y, k=x: y * k\nreturn g(3.0)"),
        ("`nonlocal`", "total = 0.0\ndef add(y):\n    nonlocal total\n    total += y\nadd(x)\nadd(x * x)\nreturn total"),
        ("functions in containers", "t = 0\nfor g in (np.sin, np.exp, abs):\n    t = t + g(x)\nreturn t"),
        ("`functools.partial`, `reduce`", "import functools\nreturn functools.reduce(lambda a, b: a * b, [x, x, 2.0])"),
        ("classes made in a function", "class Square:\n    def __call__(self, y):\n        return y * y\nreturn Square()(x) * 2"),
        ("classes that capture variables", "class Scale:\n    def f(self, y):\n        return x * y\nreturn Scale().f(x) * 2"),
        ("operators of classes", "class Pair:\n    def __init__(self, a):\n        self.a = a\n    def __mul__(self, other):\n        return self.a * other.a\nreturn Pair(x) * Pair(x + 1)"),
        ("properties", "class P:\n    def __init__(self, a):\n        self.a = a\n    @property\n    def b(self):\n        return self.a**2\nreturn P(x).b"),
        ("`functools.cache`", "import functools\n@functools.cache\ndef g(k):\n    return x**k\nreturn g(2) * g(2)"),
        ("`dataclasses.asdict`, `replace`", "from dataclasses import asdict, make_dataclass, replace\nPoint = make_dataclass('Point', ['a', 'b'])\np = replace(Point(x, x), b=x * x)\nreturn sum(asdict(p).values())"),
        ("attributes that change", "import types\nn = types.SimpleNamespace(v=x)\nn.v *= 3\nreturn n.v * x"),
    ],
    "Lists and dicts": [
        ("comprehensions", "return sum([x * k for k in range(4) if k % 2])"),
        ("`append`, `pop`, items", "s = [x]\ns.append(x * x)\ns[0] = s[1] * 2\nreturn s.pop() * s[0]"),
        ("`sort`, `insert`, slices", "s = [x, 3.0, x * x]\ns.sort()\ns.insert(1, x)\ns[2:] = s[:1]\nreturn s[0] * s[2]"),
        ("lists by several names", "s = [x, x]\nt = s\nt[0] *= x\ns += [t[0]]\nreturn sum(t) * len(s)"),
        ("`extend` by a generator", "s = [x]\ns.extend(s[-1] * k for k in range(1, 4))\nreturn sum(s)"),
        ("`heapq`, `bisect`", "import heapq\nh = []\nfor k in (3, 1, 2):\n    heapq.heappush(h, x * k)\nreturn heapq.heappop(h)"),
        ("`defaultdict`", "from collections import defaultdict\nd = defaultdict(float)\nfor k in range(5):\n    d[k % 2] += x**k\nreturn d[0] * d[1]"),
        ("`collections.deque`", "from collections import deque\nlast = deque(maxlen=2)\nfor k in range(4):\n    last.append(x * k + sum(last))\nreturn last[0] * last.pop()"),
        ("`setdefault`, `get`", "d = {}\nfor k in range(4):\n    d.setdefault(k % 2, []).append(x * k)\nreturn sum(d[1]) + d.get('none', x)"),
        ("sets of what has no derivative", "seen = set()\nfor k in (1, 2, 1):\n    if k not in seen:\n        x *= k + x\n    seen.add(k)\nreturn x"),
        ("dicts", "d = {'a': x}\nd['b'] = d['a'] * x\nd.update(a=x * 3)\nreturn sum(d.values())"),
    ],
    "Arrays, with `v` an array": [
        ("indices, slices, masks", "return v[0] * v[-1] + v[1:].sum() + v[v > 0].sum()"),
        ("writes to items", "y = np.zeros(3)\nfor i in range(3):\n    y[i] = v[i] ** 2\nreturn y.sum()"),
        ("`op=`, masks, repeated indices", "y = v.copy()\ny[y > 1] *= 2\ny[[0, 0]] += v[:2]\nreturn y @ v"),
        ("writes through views", "A = np.outer(v, v)\nfor row in A:\n    row *= v\nA.T[0] = 1.0\nreturn A.sum()"),
        ("bounds that vary", "y = v.copy()\nfor i in range(2):\n    y[i + 1:] += y[i] * v[0]\nreturn y @ y"),
        ("`flat`, `put`, `putmask`", "y = v.copy()\ny.flat[1] = v[0] ** 2\nnp.putmask(y, v > 1, v * v)\nreturn y.sum()"),
        ("`ufunc.at`", "y = v.copy()\nnp.add.at(y, [0, 0], v[1:])\nnp.multiply.at(y, [2, 2], v[:2])\nreturn y.sum()"),
        ("`split`", "a, b = np.split(np.outer(v, v)[:2], 2)\na *= b\nreturn a.sum() + b.sum()"),
        ("arrays in dicts", "p = {'w': v * 2, 'b': v[0]}\nfor _ in range(3):\n    p['w'] -= 0.1 * p['b'] * v\nreturn p['w'] @ v"),
        ("`out=`", "y = np.empty(3)\nnp.multiply(v, v, out=y)\nreturn y.sum()"),
        ("swaps", "y = v * 2\ny[0], y[2] = y[2], y[0]\nreturn y[0] * v[0]"),
        ("NumPy's own Python functions", "return np.average(v, weights=v)"),
    ],
}  # fmt: skip
#: (what, body of `f(x)`): refused, with the hint that the error gives.
REFUSED: list[tuple[str, str]] = [
    ("`async`", "async def g():\n    return x\nreturn g()"),
    ("`eval`, `exec`", "return eval('x * x')"),
    ("`locals()`", "return locals()['x']"),
    ("`yield from` of what is sent", "def g():\n    y = yield from [x]\nreturn sum(g())"),
    ("a list that changes ahead of a loop over it", "s = [x, x]\nfor y in s:\n    s[-1] = y * 2\n    s.append(y)\nreturn s[1]"),
    ("`except*`", "try:\n    y = x\nexcept* OSError:\n    y = 0\nreturn y"),
]  # fmt: skip


def argument_of(section: str) -> str:
    return "v" if "`v`" in section else "x"


def source_of(section: str, body: str) -> str:
    name = argument_of(section)
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return f"import numpy as np\n\ndef f({name}):\n{lines}"


def page(hints: dict[str, str]) -> str:
    """The text of the page; `hints` are those of the refusals."""
    out = ["# What you can write\n"]
    out.append(
        "Every example is the body of a function of a number `x` or an array `v`. The tests take its"
    )
    out.append("gradient and compare it with finite differences; this page is made from them.\n")
    for section, rows in WRITTEN.items():
        out += [f"## {section}\n"]
        for construct, body in rows:
            out += [f"{construct}\n", "```python", body, "```\n"]
    out.append("## What is refused\n")
    out.append("With an error that points at the construct, and says what to write instead.\n")
    out += ["| construct | what to do |", "|---|---|"]
    out += [f"| {what} | {hints[what]} |" for what, _ in REFUSED]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    from tests.test_language_page import hints_of_refusals

    PAGE.write_text(page(hints_of_refusals()))
