"""Element loops that write into arrays: what their gradient costs, in plain loops, as they grow.

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


def stencil_workload(n: int) -> Workload:
    field = np.random.default_rng(0).normal(size=(n, n))
    candidates: dict[str, Candidate] = {
        "plain loop": lambda: heated(field, 0.1),
        "adjoint": lambda: ad.value_and_gradient(heated, field, 0.1)[0],
    }
    return Workload(f"heat stencil {n} x {n}", candidates)


def workloads() -> list[Workload]:
    sizes, sides = ((10, 100), (10, 20)) if SHORT else ((1000, 10_000, 100_000), (50, 100, 200))
    return [*map(map_workload, sizes), *map(stencil_workload, sides)]


if __name__ == "__main__":
    raise SystemExit(main(workloads))
