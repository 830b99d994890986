"""Time candidates that compute the same thing, fairly, and print the ratios.

All candidates run in one process in interleaved rounds, in an order shuffled each round, so that
whatever else the machine does meets all of them alike. A sample of a candidate is the mean of as
many calls as fill a few milliseconds; the result is the median over the rounds, and the ratio is
the median of the ratios within each round to the first candidate. The garbage collector is off.

A sample during which the process was taken off its processor is dropped, and the round with it: the
operating system counts involuntary switches of all threads, and the thread that measures has less
processor time than time on the wall. Rounds go on until there are enough, within limits; how many
were dropped is told on the error stream.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

try:
    import resource
except ImportError:  # Windows: only the clocks tell
    resource = None

Candidate = Callable[[], Any]


@dataclass
class Workload:
    """What is to be computed and who computes it. The first candidate is the reference."""

    name: str
    candidates: dict[str, Candidate]
    tolerance: float = 1e-12


@dataclass
class Timing:
    """Seconds per call (median of rounds) and the ratio to the first candidate."""

    workload: str
    candidate: str
    seconds: float
    ratio: float


def measure(workload: Workload, *, short: bool = False) -> list[Timing]:
    """Check that the candidates agree, then time them."""
    check(workload)
    rounds, sample = (5, 1e-3) if short else (60, 5e-3)
    counts = {name: calls_per(sample, call) for name, call in workload.candidates.items()}
    clean: list[dict[str, float]] = []
    disturbed: list[dict[str, float]] = []
    order = list(counts)
    shuffle = random.Random(0).shuffle
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        while len(clean) < rounds and len(clean) + len(disturbed) < rounds * PATIENCE:
            shuffle(order)
            times, quiet = {}, True
            for name in order:
                workload.candidates[name]()  # its data into the caches, its threads awake
                before = Clock.now()
                times[name] = time_calls(workload.candidates[name], counts[name])
                quiet = quiet and not Clock.now().disturbed_since(before)
            (clean if quiet else disturbed).append(times)
    finally:
        if was_enabled:
            gc.enable()
    kept = clean if len(clean) >= rounds / 4 else clean + disturbed
    if disturbed:
        used = "dropped" if kept is clean else "used: too few were undisturbed"
        total = len(clean) + len(disturbed)
        print(f"{workload.name}: {len(disturbed)} of {total} rounds {used}", file=sys.stderr)
    first = next(iter(counts))
    return [
        Timing(
            workload.name,
            name,
            statistics.median(times[name] for times in kept),
            statistics.median(times[name] / times[first] for times in kept),
        )
        for name in counts
    ]


PATIENCE = 10


@dataclass
class Clock:
    """What tells that the process had to wait for a processor."""

    wall: float
    thread: float
    switches: int

    @classmethod
    def now(cls) -> Clock:
        switches = 0 if resource is None else resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        return cls(time.perf_counter(), time.thread_time(), switches)

    def disturbed_since(self, before: Clock) -> bool:
        waited = (self.wall - before.wall) - (self.thread - before.thread)
        return self.switches > before.switches or waited > 0.1 * (self.wall - before.wall)


def time_calls(call: Candidate, count: int) -> float:
    """Seconds per call."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def calls_per(seconds: float, call: Candidate) -> int:
    """How many calls fill this time."""
    count = 1
    while (each := time_calls(call, count)) * count < seconds / 4:
        count *= 2
    return max(1, round(seconds / each))


def check(workload: Workload) -> None:
    """Raise unless every candidate gives what the first gives, to the workload's tolerance.

    The error is measured against the largest entry of each result.
    """
    (reference_name, reference), *others = workload.candidates.items()
    expected = list(leaves(reference()))
    for name, call in others:
        actual = list(leaves(call()))
        if len(actual) != len(expected):
            raise AssertionError(
                f"{workload.name}: {name} gives {len(actual)} results, "
                f"{reference_name} gives {len(expected)}"
            )
        for position, (a, b) in enumerate(zip(actual, expected, strict=True)):
            scale = max(float(np.max(np.abs(b))), np.finfo(float).tiny)
            error = np.inf if a.shape != b.shape else float(np.max(np.abs(a - b))) / scale
            if not error <= workload.tolerance:
                raise AssertionError(
                    f"{workload.name}: result {position} of {name} differs from that of "
                    f"{reference_name} by {error:.1e} of its largest entry"
                )


def leaves(result: Any) -> list[np.ndarray]:
    """The numbers and arrays in nested tuples and lists, copied: buffers may be used again."""
    if isinstance(result, tuple | list):
        return [leaf for item in result for leaf in leaves(item)]
    return [np.array(result)]


def table(
    timings: Sequence[Timing], column: str = "time", text: Callable[[float], str] | None = None
) -> str:
    """The timings as a Markdown table, one row per workload and candidate."""
    text = text or readable
    rows = [("workload", "candidate", column, "ratio")]
    rows += [(t.workload, t.candidate, text(t.seconds), f"{t.ratio:.2f}") for t in timings]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = [
        f"| {w:<{widths[0]}} | {c:<{widths[1]}} | {t:>{widths[2]}} | {r:>{widths[3]}} |"
        for w, c, t, r in rows
    ]
    dashes = [("-" * (n + 1) + (":" if i >= 2 else "-")) for i, n in enumerate(widths)]
    return "\n".join([lines[0], f"|{'|'.join(dashes)}|", *lines[1:]])


def readable(seconds: float) -> str:
    """Three digits and a unit.

    >>> readable(1.234e-5), readable(0.25)
    ('12.3 µs', '250 ms')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{float(f'{seconds / size:.3g}'):g} {unit}"
    return f"{float(f'{seconds / 1e-9:.3g}'):g} ns"


def main(
    workloads: Callable[[], Sequence[Workload]],
    arguments: Sequence[str] | None = None,
    measured_by: Callable[..., list[Timing]] = measure,
    column: str = "time",
    text: Callable[[float], str] = readable,
) -> int:
    """The command line that every benchmark file shares: `[--short] [--only WORD]`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="a few rounds, for a quick look")
    parser.add_argument("--only", default="", metavar="WORD", help="workloads whose name has it")
    options = parser.parse_args(arguments)
    measured = find_spec("adjoint")  # an installed one may hide that of the checkout
    print(f"adjoint is {measured and measured.origin}", file=sys.stderr)
    timings = []
    for workload in workloads():
        if options.only in workload.name:
            timings += measured_by(workload, short=options.short)
    print(table(timings, column, text))
    return 0
