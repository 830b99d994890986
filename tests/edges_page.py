"""What a derivative is at the edges: a table that is run, for adjoint and for others.

`python -m tests.edges_page` writes docs/edges.md. The columns of libraries that are not installed stay
as they are on the page.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.extremes import DIGITS, table_of_errors

PAGE = Path(__file__).parents[1] / "docs" / "edges.md"
inf, nan = np.inf, np.nan


@dataclass(frozen=True)
class Edge:
    """A function of `x`, written with `np`; the point; the derivative there; PyTorch's spelling, if it
    is another than with `torch` for `np`; why it is so, where that is not plain."""

    source: str
    at: Any
    derivative: Any
    torch: str | None = ""
    note: str = ""


SHARED = "ties share equally"
ZERO = "the least subgradient, in norm"
#: of each family the first has the reason
EDGES = [
    Edge("np.abs(x)", 0.0, 0.0, note=ZERO),
    Edge("np.sign(x)", 0.0, 0.0),
    Edge("np.heaviside(x, 0.5)", 0.0, 0.0, "torch.heaviside(x, torch.tensor(0.5, dtype=x.dtype))"),
    Edge("np.floor(x)", 2.0, 0.0, note="constant between jumps"),
    Edge("np.round(x)", 0.5, 0.0),
    Edge("x % 2.0", 2.0, 1.0, note="of the branch that the value is on"),
    Edge("2.0 % x", 1.0, -2.0),
    Edge("np.sqrt(x)", 0.0, inf, note="infinite, as the limit is"),
    Edge("np.cbrt(x)", 0.0, inf, None),
    Edge("np.log(x)", 0.0, inf),
    Edge("np.log(x[0])", [0.0], [inf]),
    Edge("np.log1p(x)", -1.0, inf),
    Edge("np.arcsin(x)", 1.0, inf),
    Edge("np.arccos(x)", 1.0, -inf),
    Edge("np.arccosh(x)", 1.0, inf),
    Edge("np.arctanh(x)", 1.0, inf),
    Edge("1.0 / x[0]", [0.0], [-inf]),
    Edge("x[0] ** 0.5", [0.0], [inf]),
    Edge("x**0", 0.0, 0.0, note="constant 1"),
    Edge("x**1", 0.0, 1.0),
    Edge("x**2.0", 0.0, 0.0),
    Edge("0.0**x", 0.0, 0.0, "torch.pow(torch.tensor(0.0, dtype=x.dtype), x)", "0 for all x > 0"),
    Edge("(-2.0)**x", 2.0, 4 * np.log(2), "torch.pow(torch.tensor(-2.0, dtype=x.dtype), x)",
         "the real part of yˣ log y"),
    Edge("np.maximum(x, 0.0)", 0.0, 0.5, "torch.maximum(x, torch.zeros_like(x))", SHARED),
    Edge("np.maximum(x, x)", 1.0, 1.0),
    Edge("np.max(x)", [1.0, 1.0, 0.0], [0.5, 0.5, 0.0], "torch.amax(x)"),
    Edge("np.sort(x)[0]", [1.0, 1.0, 2.0], [1.0, 0.0, 0.0], "torch.sort(x, stable=True)[0][0]",
         "in the order of a stable sort"),
    Edge("np.median(x)", [1.0, 1.0, 2.0], [0.0, 1.0, 0.0]),
    Edge("np.clip(x, 0.0, 1.0)", 0.0, 1.0, "torch.clip(x, 0.0, 1.0)", "as inside"),
    Edge("nn.relu(x)", 0.0, 0.0, "torch.relu(x)"),
    Edge("np.where(x > 0, np.sqrt(x), 0.0)", 0.0, 0.0, note="what is not chosen has no part"),
    Edge("np.where(x > 0, np.log(x), x)", -1.0, 1.0),
    Edge("np.where(x > 0, x**-0.5, 0.0)[0]", [0.0], [0.0]),
    Edge("np.sqrt(np.maximum(x, 0.0))", -1.0, nan, "torch.sqrt(torch.maximum(x, torch.zeros_like(x)))",
         "0 times an infinite cotangent: write `np.where(x > 0, np.sqrt(x), 0.0)`"),
    Edge("np.linalg.norm(x)", [0.0, 0.0], [0.0, 0.0], note=ZERO),
    Edge("np.hypot(x, 0.0)", 0.0, 0.0, "torch.hypot(x, torch.zeros_like(x))"),
    Edge("np.arctan2(x, 0.0)", 0.0, 0.0, "torch.arctan2(x, torch.zeros_like(x))"),
    Edge("np.std(x)", [1.0, 1.0], [0.0, 0.0], "torch.std(x, correction=0)"),
    Edge("np.var(x)", [1.0, 1.0], [0.0, 0.0], "torch.var(x, correction=0)"),
    Edge("np.prod(x)", [1.0, 0.0, 2.0], [0.0, 2.0, 0.0], note="the product of the others, exactly"),
    Edge("np.prod(x)", [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]),
    Edge("np.sinc(x)", 0.0, 0.0),
    Edge("np.logaddexp(x, -np.inf)", -inf, 0.0, "torch.logaddexp(x, torch.full_like(x, -torch.inf))",
         "0 where both are −∞"),
    Edge("np.logaddexp(x, x)", -inf, 0.0),
    Edge("np.exp(x)", -inf, 0.0),
    Edge("np.tanh(x)", inf, 0.0),
    Edge("np.nan_to_num(x)", nan, 0.0),
    Edge("np.nansum(x)", [1.0, nan], [1.0, 0.0]),
    Edge("np.linalg.det(x)", [[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]],
         note="the cofactors, exactly"),
    Edge("np.linalg.eigvalsh(x)[0]", [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]],
         note="of the vectors that were computed"),
]  # fmt: skip
PEERS = {"JAX": "jax", "PyTorch": "torch", "Autograd": "autograd"}
HEAD = """\
# At the edges

What a derivative is where a function has a kink, a jump or a pole, or where a formula divides by zero: one
choice, made once, tested, and the same by every route. Beside it what {versions} give,
in double precision; “–” is an error, or a function that the library does not have. Numbers of Python's own
raise `ZeroDivisionError` where their arithmetic does, in the derivative too (`x**0.5` at `0.0`).

A cotangent that comes through a selection (`np.where`, a mask, `np.maximum` …) and is zero stays zero
through an infinite derivative. `with adjoint.nan_check():` names the line where one appears.

| function | at | adjoint | {names} | |
|---|---|--:|{columns}---|
"""
TAIL = """
## Extreme arguments

The largest relative errors of derivatives against {digits} digits, over the arguments that are named.

| derivative of | at | relative error |
|---|---|--:|
"""


def ours(edge: Edge) -> Any:
    """The gradient that adjoint gives."""
    import adjoint as ad
    from adjoint import nn
    from tests.programs.sources import load_source

    f = load_source(f"def f(x):\n    return {edge.source}\n", "f")
    f.__globals__.update(np=np, nn=nn)
    return quietly(lambda: ad.gradient(f, array_of(edge.at))[0])


def array_of(at: Any) -> Any:
    return np.array(at) if isinstance(at, list) else at


def quietly(function: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function()


def of_jax(edge: Edge) -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    names = {"np": jax.numpy, "nn": jax.nn}
    f = lambda x: eval(edge.source, {**names, "x": x})  # noqa: E731
    return jax.grad(f)(jax.numpy.asarray(edge.at, float))


def of_torch(edge: Edge) -> Any:
    import torch

    if edge.torch is None:
        raise AttributeError
    x = torch.tensor(edge.at, dtype=torch.float64, requires_grad=True)
    source = edge.torch or edge.source.replace("np.", "torch.")
    y = eval(source, {"torch": torch, "x": x})
    return torch.autograd.grad(y, x)[0].numpy()


def of_autograd(edge: Edge) -> Any:
    import autograd
    import autograd.numpy

    f = lambda x: eval(edge.source, {"np": autograd.numpy, "x": x})  # noqa: E731
    grad: Any = autograd.grad
    return grad(f)(np.array(edge.at))


def answer(name: str, edge: Edge) -> str:
    """What a library says, as a text."""
    of = {"JAX": of_jax, "PyTorch": of_torch, "Autograd": of_autograd}[name]
    try:
        return text_of(quietly(lambda: of(edge)))
    except Exception:  # whatever it is that the library raises
        return "–"


def text_of(value: Any) -> str:
    array = np.asarray(value, float)
    if array.ndim:
        return "[" + ", ".join(map(text_of, array)) + "]"
    return {"inf": "∞", "-inf": "−∞"}.get(str(array), f"{float(array) + 0.0:.4g}".replace("-", "−"))


def version_of(name: str) -> str | None:
    """The version of a library that is installed."""
    try:
        importlib.import_module(PEERS[name])
        return importlib.metadata.version(PEERS[name]).split("+")[0]
    except (ImportError, importlib.metadata.PackageNotFoundError):
        return None


def committed() -> tuple[dict[str, str], dict[tuple[int, str], str]]:
    """The versions that the page names, and the answers by row and library."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    versions = {n: v for n in PEERS for v in re.findall(rf"{n} ([\d.]*\d)", text)[:1]}
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    answers = {
        (i, name): row[3 + k]
        for i, row in enumerate(rows[: len(EDGES)])
        for k, name in enumerate(PEERS)
        if len(row) > 3 + k
    }
    return versions, answers


def page() -> str:
    versions, answers = committed()
    for name in PEERS:
        version = version_of(name)
        if version is not None:
            versions[name] = version
            answers |= {(i, name): answer(name, edge) for i, edge in enumerate(EDGES)}
    named = ", ".join(f"{name} {versions[name]}" for name in PEERS)
    text = HEAD.format(versions=named, names=" | ".join(PEERS), columns="--:|" * len(PEERS))
    for i, edge in enumerate(EDGES):
        others = " | ".join(answers[i, name] for name in PEERS)
        text += f"| `{edge.source}` | {text_of(edge.at)} | {text_of(edge.derivative)} | {others} | {edge.note} |\n"
    return text + TAIL.format(digits=DIGITS) + table_of_errors()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
