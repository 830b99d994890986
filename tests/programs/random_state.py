"""Random programs that change objects, lists, dicts and shared variables, by several names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from hypothesis import assume

from tests.programs.generator import RandomProgram, reference

PRELUDE = """
class Node:
    def __init__(self, a, b):
        self.a, self.b = a, b

    def mix(self, v):
        self.a = self.a * 0.5 + v
        return self.a * self.b


def push(items, v):
    items.append(v * 0.5)
    return items


def program(x, y):
    p = Node(x, y)
    q = Node(y, x * y)
    s = [x, y]
    t = [x * y, 1.5, x]
    d = {"u": x, "v": y * 2}
    w = x - y

    def bump(v):
        nonlocal w
        w = w * 0.5 + v
        return w

"""
NUMBERS = (
    "x", "y", "w", "p.a", "p.b", "q.a", "q.b", "s[0]", "s[-1]", "t[1]", "t[-1]",
    'd["u"]', 'd["v"]', "sum(s)", "max(t)", "sum(d.values())", "np.sin(w)", "bump(y)", "p.mix(x)", "q.mix(s[0])",
    "s.pop()", "t.pop(0)", 'd.get("k", x)', 'd.setdefault("k", y)', "np.array(s).sum()", "len(s)", "0.7",
)  # fmt: skip
STATEMENTS = (
    "p.a = {}", "q.b = {}", "p.b *= {}", "q.a += {}", "p, q = q, p", "p = q", "q.a, p.b = p.b, {}",
    "s.append({})", "t.append({})", "s[0] = {}", "t[-1] = {}", "s[1:] = [{}, {}]", "t.insert(1, {})", "s, t = t, s",
    "s = t", "s = list(t)", "s.reverse()", "t.sort()", "s.extend([{}, {}])", "t += [{}]", "del t[0]", "s *= 2",
    "push(s, {})", "t = push(t, {})", 'd["u"] = {}', 'd["k"] = {}', 'd["v"] += {}', "d.update(u={}, k={})",
    "w = {}", "bump({})", "p.a = q.a", "s[0], s[-1] = s[-1], s[0]", "e = d", "h = [s, t]", "h = {{'s': s}}",
    "for i in range(3): s.append(s[i % len(s)] * {})",
    "for v in t:\n        s.append(v * {})\n        if len(s) > 12: break",
    "for i, v in enumerate(s): s[i] = v * {}", "for k, v in d.items(): w = w + v * {}",
    "for v in reversed(t): p.a = p.a * 0.5 + v", "if {} > 0.5: p.a = {}", "if len(s) > 3: s = s[:2]",
    "u = [v * 2 for v in s]; u.append({}); s = u",
)  # fmt: skip
END = "    return sum(s) + sum(t) * 0.5 + p.a * q.b + p.b * q.a + w + sum(d.values()) * p.a\n"


@st.composite
def programs(draw: Callable[[st.SearchStrategy], Any]) -> RandomProgram:
    """Random programs that run, and whose finite differences can be relied on."""

    def number() -> str:
        one = draw(st.sampled_from(NUMBERS))
        if draw(st.booleans()):
            return one
        return f"({one} {draw(st.sampled_from('+-*'))} {draw(st.sampled_from(NUMBERS))})"

    lines = []
    for template in draw(st.lists(st.sampled_from(STATEMENTS), min_size=2, max_size=9)):
        filled = template
        for _ in range(template.count("{}")):
            filled = filled.replace("{}", number(), 1)
        lines.append("    " + filled.replace("{{", "{").replace("}}", "}") + "\n")
    source = "import numpy as np\n" + PRELUDE + "".join(lines) + END
    arguments = draw(st.sampled_from([(0.7, 1.3), (-0.4, 0.9)]))
    program = RandomProgram(source, arguments)
    try:
        assume(abs(program.load()(*arguments)) < 1e4)
        program.differences = reference(source, arguments)
    except (ArithmeticError, LookupError, ValueError, RuntimeError):
        assume(False)
    assume(program.differences is not None)
    return program
