"""Writes docs/coverage.md from the rules that are declared and the calls that are sampled:
`python -m tests.coverage_page`."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.ctypeslib
import numpy.lib.format
import numpy.polynomial
import numpy.rec
import numpy.strings
import numpy.testing

from adjoint.rules import registry
from tests.coverage.reasons import NOT, PLAIN
from tests.coverage.sampled import SAMPLES, owner_of

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
HEAD = """\
# NumPy, name by name

Every public name of NumPy {version}, and what becomes of a derivative that reaches it, in forward mode too.

- **rule**: NumPy's own function computes the value, a rule of ours its derivative. The tests compare each
  with finite differences, at several shapes and keywords (`tests/rules`).
- **source**: the derivative is that of a definition in Python: NumPy's own source, or one of ours that says
  the same. The examples here are run by the tests, and compared with finite differences; in them `x` and `y`
  are arrays of five positive numbers, `A` and `B` matrices of 3 by 3.
- **constant**: the result is no number, does not depend on the numbers, or is constant between jumps.
- **plain**: settings, types, information: nothing in it has a derivative, and it may be called as ever.
- **not**: an error that names the line, never a zero. The last table says why, and what to use.

An `out=` that is given is a write into an array; `where=`, `axis=`, `keepdims=`, `initial=`, `dtype=` and
what else a function takes are part of its rule. `np.errstate`, `ufunc.at` and writes: [language.md](language.md).

This page is written by `python -m tests.coverage_page`.
"""
#: section -> what it is about, where there is something to say
SECTIONS = {
    "numpy": "",
    "numpy.ndarray": "Methods and attributes. Operators of Python are the functions: `x + y` is `np.add`.",
    "numpy.ufunc": "Methods of NumPy's elementwise functions.",
    "numpy.linalg": "",
    "numpy.fft": "",
    "numpy.random": "Samples are constants; those of a location or a scale have the derivative of the same "
    "draw, moved. With respect to the shape of a distribution: that of the quantile that the draw is "
    "(implicit reparametrisation, Figurnov et al. 2018), which takes SciPy. Numbers that are counted: an "
    "error. The functions are methods of one `RandomState`.",
    "numpy.random.Generator": "",
    "numpy.random.RandomState": "",
    "numpy.polynomial": "The classes of its families, of which each has a module.",
    "numpy.polynomial.polyutils": "",
    **{
        f"numpy.polynomial.{m}": ""
        for m in ("polynomial", "chebyshev", "legendre", "hermite", "hermite_e", "laguerre")
    },
    "numpy.emath": "",
    "numpy.lib": "",
    "numpy.lib.stride_tricks": "",
    "numpy.lib.array_utils": "",
    "numpy.lib.mixins": "",
    "numpy.lib.format": "",
    "numpy.lib.introspect": "",
    "numpy.lib.npyio": "",
    "numpy.ma": "Masked arrays.",
    "numpy.rec": "",
    "numpy.strings": "",
    "numpy.char": "",
    "numpy.testing": "",
    "numpy.exceptions": "",
    "numpy.dtypes": "",
    "numpy.typing": "",
    "numpy.ctypeslib": "",
}
WORDS = ("rule", "source", "constant", "plain")


def names_of(path: str) -> list[str]:
    """The public names of a module or class that this NumPy has, modules aside."""
    owner = owner_of(path)
    names = getattr(owner, "__all__", None) or dir(owner)
    shown = [n for n in sorted(set(names)) if not n.startswith("_") and hasattr(owner, n)]
    return [n for n in shown if not isinstance(getattr(owner, n), types.ModuleType)]


def status(path: str, name: str) -> str:
    """One of `WORDS`, or why not. A name of which nothing is known is a KeyError."""
    thing = getattr(owner_of(path), name)
    found = registry.lookup(thing) if callable(thing) else None
    if name in SAMPLES.get(path, ()):
        return "rule" if found is not None and found.kind in ("rule", "partials") else "source"
    if found is not None:
        return {"partials": "rule"}.get(found.kind, found.kind)
    if path in PLAIN and name in (PLAIN[path] or name).split():
        return "plain"
    if is_plain(thing):
        return "plain"
    if isinstance(NOT.get(path), str):
        return NOT[path]  # type: ignore[return-value]
    for why, names in NOT.get(path, {}).items():  # type: ignore[union-attr]
        if name in names.split():
            return why
    elsewhere = home_of(thing, path)
    if elsewhere is not None:
        return status(*elsewhere)
    raise KeyError(f"{path}.{name} is not in docs/coverage.md: see tests/coverage/reasons.py")


def is_plain(thing: Any) -> bool:
    """Values, exceptions and types of numbers."""
    if not callable(thing):
        return not isinstance(thing, types.GetSetDescriptorType)
    return isinstance(thing, type) and issubclass(thing, BaseException | np.generic | np.dtype)


def home_of(thing: Any, path: str) -> tuple[str, str] | None:
    """The section, before this one, where the same function has a name of its own."""
    for other in SECTIONS:
        if other == path:
            return None
        for name in names_of(other) if other in ("numpy", "numpy.linalg", "numpy.strings") else ():
            if getattr(owner_of(other), name) is thing:
                return other, name
    return None


def statuses() -> Iterator[tuple[str, str, str]]:
    """(section, name, status) of every public name."""
    for path in SECTIONS:
        if exists(path):
            for name in names_of(path):
                yield path, name, status(path, name)


def exists(path: str) -> bool:
    try:
        owner_of(path)
    except AttributeError:  # of another version
        return False
    return True


def page() -> str:
    version = ".".join(np.__version__.split(".")[:2])
    text = HEAD.format(version=version)
    found: dict[str, dict[str, list[str]]] = {}
    for path, name, word in statuses():
        found.setdefault(path, {}).setdefault(word, []).append(name)
    for path, note in SECTIONS.items():
        table = found.get(path)
        if not table:
            continue
        text += f"\n## {path}\n" + (f"\n{note}\n" if note else "")
        for word in WORDS:
            if word == "source" and word in table:
                text += "\n**source**\n\n| | for example |\n|---|---|\n"
                text += "".join(f"| `{n}` | {examples(path, n)} |\n" for n in table[word])
            elif word in table:
                text += f"\n**{word}** {listed(table[word])}\n"
        missing = {why: names for why, names in table.items() if why not in WORDS}
        if missing:
            text += "\n| not | why |\n|---|---|\n"
            text += "".join(f"| {listed(names)} | {why} |\n" for why, names in missing.items())
    return text


def listed(names: list[str]) -> str:
    return ", ".join(f"`{n}`" for n in names)


def examples(path: str, name: str) -> str:
    shown = [e.replace("|", "\\|") for e in SAMPLES.get(path, {}).get(name, [])[:2]]
    return ", ".join(f"`{e}`" for e in shown)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
