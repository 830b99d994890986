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
        ("`next` with a default", "it = iter([x, x * x])\nnext(it)\nreturn next(it, 1.0) * next(it, x)"),
        ("`iter` of a function", "left = [0, x, x * x]\ndef take():\n    return left.pop()\nreturn sum(iter(take, 0))"),
        ("`zip`, `enumerate`, `reversed`", "t = 0\nfor k, (a, b) in enumerate(zip([x, 2.0], reversed([x, x * x]))):\n    t += k * a + b\nreturn t"),
        ("iterators that several share", "it = iter([x, x * x, 3.0, x])\nreturn sum(a * b for a, b in zip(it, it))"),
        ("iterators of classes", "class Halves:\n    def __init__(self, y):\n        self.y = y\n    def __iter__(self):\n        return self\n    def __next__(self):\n        if self.y < 0.1:\n            raise StopIteration\n        self.y /= 2\n        return self.y**2\nt = 0\nfor y in Halves(x):\n    t += y\nreturn t"),
        ("one iterator of a class, in several places", "class Powers:\n    def __init__(self, n):\n        self.y, self.n = 1.0, n\n    def __iter__(self):\n        return self\n    def __next__(self):\n        if self.n == 0:\n            raise StopIteration\n        self.n -= 1\n        self.y *= x\n        return self.y\nit = Powers(6)\nt = next(it)\nfor y in it:\n    t += y\n    if it.n == 3:\n        break\nreturn t * sum(it) + it.y"),
        ("`try` around what changes something", "s = [x]\ndef step(k):\n    s.append(x * k)\n    s[-1] /= [2.0, 4.0][k]\nfor k in range(3):\n    try:\n        step(k)\n    except IndexError:\n        s[0] *= s[-1]\nreturn sum(s)"),
        ("`finally` on every way out", "total = [x]\ndef f(y):\n    try:\n        if y > 2:\n            raise ValueError\n        return y * y\n    finally:\n        total[0] *= y\nt = f(x)\ntry:\n    f(2 * x)\nexcept ValueError:\n    t += total[0]\nreturn t"),
        ("`finally`, exceptions of NumPy", "try:\n    np.linalg.inv(np.zeros((2, 2)))\nexcept np.linalg.LinAlgError:\n    return x**2"),
        ("recursion", "def power(n):\n    return x if n == 1 else x * power(n - 1)\nreturn power(4)"),
        ("recursion that changes what it shares", "known = {0: x, 1: x * x}\ndef g(k):\n    if k not in known:\n        known[k] = g(k - 1) * g(k - 2)\n    return known[k]\nreturn g(4)"),
    ],
    "Functions and objects": [
        ("closures, lambdas, defaults", "g = lambda y, k=x: y * k\nreturn g(3.0)"),
        ("`nonlocal`", "total = 0.0\ndef add(y):\n    nonlocal total\n    total += y\nadd(x)\nadd(x * x)\nreturn total"),
        ("defaults that change", "def g(y, seen=[]):\n    seen.append(y)\n    return sum(seen) * y\nreturn g(x) + g(2 * x)"),
        ("functions in containers", "t = 0\nfor g in (np.sin, np.exp, abs):\n    t = t + g(x)\nreturn t"),
        ("`functools.partial`, `reduce`", "import functools\nreturn functools.reduce(lambda a, b: a * b, [x, x, 2.0])"),
        ("classes made in a function", "class Square:\n    def __call__(self, y):\n        return y * y\nreturn Square()(x) * 2"),
        ("classes that capture variables", "class Scale:\n    def f(self, y):\n        return x * y\nreturn Scale().f(x) * 2"),
        ("operators of classes", "class Pair:\n    def __init__(self, a):\n        self.a = a\n    def __mul__(self, other):\n        return self.a * other.a\nreturn Pair(x) * Pair(x + 1)"),
        ("properties", "class P:\n    def __init__(self, a):\n        self.a = a\n    @property\n    def b(self):\n        return self.a**2\nreturn P(x).b"),
        ("descriptors", "class Squared:\n    def __get__(self, owner, cls=None):\n        return owner.a**2\nclass P:\n    b = Squared()\n    def __init__(self, a):\n        self.a = a\nreturn P(x).b * P(2 * x).b"),
        ("`__slots__`", "class Node:\n    __slots__ = ('value', 'next')\n    def __init__(self, value, next):\n        self.value, self.next = value, next\nn = Node(x, Node(x * x, None))\nn.next.value *= x\nreturn n.value * n.next.value"),
        ("`__getitem__`, `__setitem__`, `__len__`", "class Ring:\n    def __init__(self):\n        self.items = [x, 2 * x]\n    def __getitem__(self, k):\n        return self.items[k % 2]\n    def __setitem__(self, k, y):\n        self.items[k % 2] = y\n    def __len__(self):\n        return 2\nr = Ring()\nr[4] *= r[1]\nreturn r[2] * len(r)"),
        ("attributes of classes made there", "class P:\n    a = 1.0\nP.a = x * x\nreturn P().a * P.a"),
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
        ("`copy.deepcopy`", "import copy\np = {'a': x, 'b': [x]}\nq = copy.deepcopy(p)\np['a'] *= 2\nreturn p['a'] * q['a'] * q['b'][0]"),
        ("pairs in a queue", "import heapq\nq = [(0.0, 0)]\nfor k in (3, 1, 2):\n    heapq.heappush(q, (x * k, k))\nheapq.heappop(q)\ny, k = heapq.heappop(q)\nreturn y * k * x"),
        ("`Counter`, `OrderedDict`", "from collections import Counter, OrderedDict\nc, d = Counter(), OrderedDict()\nfor k in 'abca':\n    c[k] += x\n    d[k] = c[k] * x\nd.move_to_end('b')\nreturn d.popitem()[1] * c['a']"),
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
        ("`np.ndindex`, `np.ndenumerate`", "A = np.outer(v, v)\nfor i, j in np.ndindex(3, 3):\n    A[i, j] *= v[i]\nreturn sum(a * v[j] for (i, j), a in np.ndenumerate(A))"),
        ("random numbers", "rng = np.random.default_rng(0)\ny = v.copy()\nfor k in rng.permutation(3):\n    y[k] += v[0] * rng.normal()\nreturn y @ y"),
        ("shuffles", "y = v * 2\nnp.random.default_rng(0).shuffle(y)\nreturn y @ v"),
        ("`split`", "a, b = np.split(np.outer(v, v)[:2], 2)\na *= b\nreturn a.sum() + b.sum()"),
        ("arrays in dicts", "p = {'w': v * 2, 'b': v[0]}\nfor _ in range(3):\n    p['w'] -= 0.1 * p['b'] * v\nreturn p['w'] @ v"),
        ("`out=`", "y = np.empty(3)\nnp.multiply(v, v, out=y)\nreturn y.sum()"),
        ("`where=`", "y = v.copy()\nnp.multiply(y, v[0], out=y, where=v > 0.5)\nreturn y @ y"),
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
    ("a value that an exception carries", "try:\n    raise ValueError(x)\nexcept ValueError as error:\n    return error.args[0]"),
    ("a function that is decorated and calls itself", "import functools\n@functools.cache\ndef f(k):\n    return x if k == 0 else x * f(k - 1)\nreturn f(3)"),
    ("attributes of functions", "def f(y):\n    return y * f.k\nf.k = x\nreturn f(x)"),
    ("a generator that takes items of an object with `__next__`", "class Ones:\n    def __iter__(self):\n        return self\n    def __next__(self):\n        self.y = x\n        return x\ndef twice(items):\n    for y in items:\n        yield 2 * y\nreturn next(twice(Ones()))"),
    ("errors of arithmetic that NumPy raises when it has computed in place", "y = np.full(2, x)\ntry:\n    with np.errstate(divide='raise'):\n        y /= np.array([1.0, 0.0])\nexcept FloatingPointError:\n    y[0] *= 2\nreturn y[0]"),
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
