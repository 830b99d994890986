import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from adjoint import train
from adjoint.optim import Descent, OptimiserChain, WeightDecay, setup
from adjoint.train import EarlyStopping, Plateau


def run_with(callback, values, model=None, name="valid_loss"):
    """The epochs until the callback stops a training that measures these values."""
    descent = Descent(1.0)
    rule = OptimiserChain(WeightDecay(0.0), descent)
    run = SimpleNamespace(model=model, state=setup(rule, np.zeros(1)), stopped="", etas=[])
    run.stop = lambda reason: setattr(run, "stopped", reason)
    for run.count, value in enumerate(values, 1):
        run.measured = {"loss": 0.0, name: value}
        if model is not None:
            model[...] = value
        callback.epoch(run)
        run.etas.append(descent.eta)
        if run.stopped:
            break
    callback.end(run)
    return run


@pytest.mark.parametrize(
    ("options", "values", "epochs"),
    [
        ({"patience": 2}, [5, 4, 4, 4, 3], 4),
        ({"patience": 2}, [5, 4, 4.5, 3, 3, 2.9, 9, 9, 9], 8),
        ({"patience": 1, "min_delta": 0.5}, [5, 4, 3.6, 1], 3),
        ({"patience": 2, "mode": "max"}, [1, 2, 1, 3, 2, 2, 9], 6),
        ({"patience": 2}, [5, float("nan"), float("nan"), 1], 3),
    ],
)
def test_early_stopping(options, values, epochs):
    model = np.zeros(2)
    run = run_with(EarlyStopping(**options), values, model)
    assert run.count == epochs and "nothing was better" in run.stopped
    seen = [v for v in values[:epochs] if v == v]
    best = max(seen) if options.get("mode") == "max" else min(seen)
    if "min_delta" not in options:
        np.testing.assert_array_equal(model, best)


def test_the_last_epoch_stays_if_it_is_the_best_or_if_one_wants_it():
    model = np.zeros(2)
    run_with(EarlyStopping(), [5, 6, 4], model)
    assert model[0] == 4
    run_with(EarlyStopping(restore_best=False, patience=1), [5, 6], model)
    assert model[0] == 6


def test_what_is_not_measured_is_named():
    with pytest.raises(
        KeyError, match="'valid_accuracy' is not measured; there is loss, valid_loss"
    ):
        run_with(EarlyStopping("valid_accuracy"), [1.0])
    with pytest.raises(ValueError, match='"min" or "max"'):
        EarlyStopping(mode="least")


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 2},
        {"patience": 0, "factor": 0.5, "min_eta": 0.2},
        {"patience": 1, "cooldown": 2, "factor": 0.5},
        {"patience": 1, "mode": "max"},
    ],
)
def test_a_plateau_is_that_of_pytorch(options):
    values = np.random.default_rng(3).normal(size=40).tolist()
    rule = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = {("min_lr" if n == "min_eta" else n): v for n, v in options.items()}
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(rule, threshold=0.0, eps=0.0, **theirs)
    expected = []
    for value in values:
        scheduler.step(value)
        expected.append(rule.param_groups[0]["lr"])
    run = run_with(Plateau(**options), values)
    np.testing.assert_allclose(run.etas, expected, rtol=1e-12)
    assert run.etas[-1] < 1


# -- functions of Flux -------------------------------------------------------------------------------------


def test_patience():
    patient = train.patience(lambda x: x, 3)
    assert [patient(bool(x)) for x in (1, 1, 0, 1, 1, 1, 1, 0)] == [0, 0, 0, 0, 0, 1, 1, 0]


def test_early_stopping_as_a_function():
    stopping = train.early_stopping(lambda x: x, 2, min_dist=0.5)
    # better by 1, 0.2, 0.2, which is too little (but the best moves on), 1
    assert [stopping(x) for x in (3.0, 2.0, 1.8, 1.6, 0.6)] == [False, False, False, True, False]
    upwards = train.early_stopping(
        lambda x: x, 2, distance=lambda best, now: now - best, init_score=0.0
    )
    assert [upwards(x) for x in (1.0, 2.0, 1.0, 1.5, 3.0)] == [False, False, False, True, False]


def test_plateau_as_a_function():
    level = train.plateau(lambda x: x, 2, min_dist=0.1)
    assert [level(x) for x in (3.0, 2.0, 2.05, 2.0, 3.0)] == [False, False, False, True, False]


def test_throttled_calls(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    calls = []
    call = train.throttle(lambda x: calls.append(x) or x, 10)
    for at, x in [(0, "a"), (5, "b"), (9.9, "c"), (10, "d"), (19, "e"), (25, "f")]:
        now[0] = 100.0 + at
        assert call(x) == (x if x in "adf" else None)
    assert calls == ["a", "d", "f"]


def test_the_last_of_the_calls_that_came_too_early_comes_late():
    calls, done = [], threading.Event()

    def f(x):
        calls.append(x)
        if x == "c":
            done.set()

    call = train.throttle(f, 0.1, trailing=True)
    for x in "abc":
        call(x)
    assert calls == ["a"]
    assert done.wait(5)
    assert calls == ["a", "c"]
    only_late = train.throttle(f, 0.05, leading=False, trailing=True)
    done.clear()
    only_late("x")
    only_late("c")
    assert calls == ["a", "c"] and done.wait(5) and calls == ["a", "c", "c"]
