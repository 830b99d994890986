"""The benchmarks run, and their candidates agree."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("harness.py", "by_hand.py")
FILES = sorted(p.name for p in (ROOT / "benchmarks").glob("*.py") if p.name not in PARTS)


@pytest.fixture
def harness(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import harness

    return harness


@pytest.mark.parametrize("file", FILES)
def test_short_form_prints_a_ratio_for_every_candidate(file):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        environment.pop(name, None)
    run = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / file), "--short"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    header, _, *rows = run.stdout.splitlines()
    assert re.fullmatch(r"\| workload +\| candidate +\| +(time|peak) \| +ratio \|", header)
    assert any("adjoint" in row for row in rows)
    units = "B|kB|MB" if "peak" in header else "ns|µs|ms|s"
    assert all(re.search(rf"\| +[\d.]+ ({units}) \| +[\d.]+ \|$", row) for row in rows)


def test_checkpoints_make_the_peak_grow_with_the_root_of_the_steps(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import memory

    def peaks(n):
        return [t.seconds for t in memory.peaks(memory.workload(n))]

    few, many = peaks(100), peaks(1600)
    plain, steps, segments = (b / a for a, b in zip(few, many, strict=True))
    assert 12 < plain < 18  # with the number of steps
    assert 10 < steps < 18  # with their number as well, but an array a step
    assert segments < 6  # with its root, 4
    assert many[1] < 0.5 * many[0] and many[2] < 0.1 * many[0]


def test_a_candidate_that_is_slower_has_a_ratio_above_one(harness):
    candidates = {
        "once": lambda: sum(range(100)),
        "ten times": lambda: [sum(range(100)) for _ in range(10)][0],
    }
    once, ten_times = harness.measure(harness.Workload("sum", candidates), short=True)
    assert once.ratio == 1
    assert ten_times.ratio > 3


def disturbing(harness, monkeypatch, is_disturbed):
    """Let the operating system report a switch in the rounds for which `is_disturbed` says so."""
    readings = []

    def now():
        readings.append(None)
        pair = (len(readings) - 1) // 2  # one before and one after each sample
        after = len(readings) % 2 == 0
        return harness.Clock(0.0, 0.0, int(after and is_disturbed(pair)))

    monkeypatch.setattr(harness.Clock, "now", now)
    return readings


def test_rounds_in_which_the_process_waited_are_dropped(harness, monkeypatch, capsys):
    readings = disturbing(harness, monkeypatch, lambda pair: pair < 7)
    samples = iter([1.0] * 7 + [0.1] * 1000)
    monkeypatch.setattr(harness, "calls_per", lambda seconds, call: 1)
    monkeypatch.setattr(harness, "time_calls", lambda call, count: next(samples))
    (timing,) = harness.measure(harness.Workload("one", {"a": lambda: 1.0}), short=True)
    assert timing.seconds == 0.1
    assert len(readings) == 2 * (7 + 5)
    assert "7 of 12 rounds dropped" in capsys.readouterr().err


def test_where_all_rounds_were_disturbed_they_are_used_and_it_is_said(harness, monkeypatch, capsys):
    readings = disturbing(harness, monkeypatch, lambda pair: True)
    (timing,) = harness.measure(harness.Workload("one", {"a": lambda: 1.0}), short=True)
    assert timing.ratio == 1
    assert len(readings) == 2 * 5 * harness.PATIENCE
    assert "too few were undisturbed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("wall", "thread", "switches", "disturbed"),
    [(1.0, 1.0, 0, False), (1.0, 0.95, 0, False), (1.0, 0.8, 0, True), (1.0, 1.0, 1, True)],
)
def test_what_tells_a_disturbance(harness, wall, thread, switches, disturbed):
    before = harness.Clock(5.0, 3.0, 9)
    after = harness.Clock(5.0 + wall, 3.0 + thread, 9 + switches)
    assert after.disturbed_since(before) is disturbed


@pytest.mark.parametrize("wrong", [[1.0, 2.0, 3.1], [1.0, 2.0], [1.0, 2.0, np.nan]])
def test_candidates_that_disagree_are_refused(harness, wrong):
    workload = harness.Workload(
        "wrong", {"right": lambda: np.array([1.0, 2.0, 3.0]), "wrong": lambda: np.array(wrong)}
    )
    with pytest.raises(AssertionError, match="wrong differs from that of right"):
        harness.measure(workload, short=True)


def test_a_missing_result_is_refused(harness):
    workload = harness.Workload("few", {"two": lambda: (1.0, 2.0), "one": lambda: (1.0,)})
    with pytest.raises(AssertionError, match="one gives 1 results, two gives 2"):
        harness.check(workload)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.0, "2 s"), (0.1234, "123 ms"), (9.9996e-6, "10 µs"), (1.5e-7, "150 ns")],
)
def test_times_have_three_digits(harness, seconds, text):
    assert harness.readable(seconds) == text
