"""Element loops that write into arrays, lists, dicts and attributes: what their gradient costs, in
plain loops, as they grow.

    python benchmarks/loops.py [--short] [--only WORD]

The growth is the point: the ratio stays the same as n grows tenfold, where an array of zeros for
every access would make it grow with n. Each candidate computes the value, adjoint and Autograd the
gradient with it. Autograd cannot write into arrays: it runs the map as a list, for as long as that
ends in time, and cannot run the stencil.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import numpy as np
from harness import Candidate, Workload, main

import adjoint as ad

try:
    autograd: Any = import_module("autograd")
    anp: Any = import_module("autograd.numpy")
except ImportError:  # one candidate less
    autograd = anp = None

SHORT = "--short" in sys.argv


def mapped(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = np.sin(x[i])
    return np.sum(y)


def heated(field, rate):
    u = field.copy()
    rows, columns = u.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            around = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]
            u[i, j] = u[i, j] + rate * (around - 4.0 * u[i, j])
    return np.sum(u * u)


def appended(x):
    out = []
    for i in range(len(x)):
        out.append(np.sin(x[i]))
    return sum(out)


class State:
    def __init__(self, h):
        self.h = h


def kept(x):
    state = State(0.0)
    for i in range(len(x)):
        state.h = np.tanh(x[i] + 0.5 * state.h)
    return state.h


def keyed(x):
    found = {}
    for i in range(len(x)):
        found[i] = np.sin(x[i])
    total = 0.0
    for i in range(len(x)):
        total = total + found[i] * found[0]
    return total


def carried(x):
    a = list(x)
    for i in range(1, len(a)):
        a[i] = a[i - 1] * 0.5 + np.sin(a[i])
    return a[-1]


def map_workload(n: int) -> Workload:
    x = np.random.default_rng(0).normal(size=n)
    candidates: dict[str, Candidate] = {
        "plain loop": lambda: mapped(x),
        "adjoint": lambda: ad.value_and_gradient(mapped, x)[0],
    }
    if autograd is not None and n <= 1000:
        taped = autograd.value_and_grad(lambda x: anp.sum(anp.array([anp.sin(v) for v in x])))
        candidates["autograd"] = lambda: taped(x)[0]
    return Workload(f"map of {n} elements", candidates)


def state_workloads(function: Any, what: str) -> list[Workload]:
    """What keeps its values in a list, a dict or an attribute, as it grows."""
    out = []
    for n in (10, 100) if SHORT else (1000, 10_000, 100_000):
        x = np.random.default_rng(0).normal(size=n)
        candidates: dict[str, Candidate] = {
            "plain loop": lambda x=x: function(x),
            "adjoint": lambda x=x: ad.value_and_gradient(function, x)[0],
        }
        out.append(Workload(f"{what}, {n} times", candidates))
    return out


def stencil_workload(n: int) -> Workload:
    field = np.random.default_rng(0).normal(size=(n, n))
    candidates: dict[str, Candidate] = {
        "plain loop": lambda: heated(field, 0.1),
        "adjoint": lambda: ad.value_and_gradient(heated, field, 0.1)[0],
    }
    return Workload(f"heat stencil {n} x {n}", candidates)


def workloads() -> list[Workload]:
    sizes, sides = ((10, 100), (10, 20)) if SHORT else ((1000, 10_000, 100_000), (50, 100, 200))
    kept_in = {"append": appended, "attribute": kept, "dict": keyed, "list items": carried}
    states = [w for what, f in kept_in.items() for w in state_workloads(f, what)]
    return [*map(map_workload, sizes), *map(stencil_workload, sides), *states]


if __name__ == "__main__":
    raise SystemExit(main(workloads))
