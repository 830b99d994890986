"""What the gradient of a long loop keeps in memory, with and without `checkpoint`.

    python benchmarks/memory.py [--short] [--only WORD]

A recurrence of n steps, on a state of 20 × 16 numbers: plain; with each step checkpointed, which
keeps one state a step; and in segments of √n checkpointed steps, which keeps about 2 √n of them. The
peaks are those that `tracemalloc` sees while value and gradient are computed; the ratio is to the
plain loop of as many steps.
"""

from __future__ import annotations

import gc
import math
import sys
import tracemalloc
from collections.abc import Callable

import numpy as np
from harness import Candidate, Timing, Workload, check, main

import adjoint as ad


def step(x, W):
    return 0.9 * x + 0.1 * np.tanh(x @ W) * np.cos(x)


def plain(x, W, n):
    for _ in range(n):
        x = step(x, W)
    return np.sum(x * x)


def each_step(x, W, n):
    for _ in range(n):
        x = ad.checkpoint(step)(x, W)
    return np.sum(x * x)


@ad.checkpoint
def segment(x, W, steps):
    for _ in range(steps):
        x = step(x, W)
    return x


def segments(x, W, n):
    length = math.isqrt(n)
    for start in range(0, n, length):
        x = segment(x, W, min(length, n - start))
    return np.sum(x * x)


def workload(n: int) -> Workload:
    random = np.random.default_rng(0)
    x, W = random.normal(size=(20, 16)), random.normal(size=(16, 16)) / 4.0

    def candidate(f: Callable) -> Candidate:
        return lambda: ad.grad(f, argnums=(0, 1))(x, W, n)

    candidates = {
        "adjoint": candidate(plain),
        "adjoint, steps checkpointed": candidate(each_step),
        "adjoint, segments checkpointed": candidate(segments),
    }
    return Workload(f"recurrence of {n} steps", candidates)


def peaks(workload: Workload, *, short: bool = False) -> list[Timing]:
    """Check that the candidates agree, then measure the most memory that each holds at once."""
    check(workload)  # and with this they are compiled
    found = {}
    for name, call in workload.candidates.items():
        gc.collect()
        tracemalloc.start()
        call()
        found[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    first = next(iter(found.values()))
    return [Timing(workload.name, name, float(n), n / first) for name, n in found.items()]


def readable(size: float) -> str:
    """Three digits and a unit.

    >>> readable(1_234_567.0), readable(999.0)
    ('1.23 MB', '999 B')
    """
    for unit, n in (("MB", 1e6), ("kB", 1e3)):
        if size >= n:
            return f"{float(f'{size / n:.3g}'):g} {unit}"
    return f"{size:g} B"


def workloads() -> list[Workload]:
    return list(map(workload, (100, 400) if "--short" in sys.argv else (100, 1000, 10_000)))


if __name__ == "__main__":
    raise SystemExit(main(workloads, measured_by=peaks, column="peak", text=readable))
