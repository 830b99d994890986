"""What is called while a training runs: to look, to change, to end it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from adjoint.optim import adjust
from adjoint.optim.averaging import etas
from adjoint.train.walk import arrays


class StopTraining(Exception):
    """Ends the training; `fit` returns its history."""


class SkipBatch(Exception):
    """Leaves a batch out."""


def stop(reason: str = "") -> NoReturn:
    """End the training at once, from a callback or from the loss: the batch in work changes nothing."""
    raise StopTraining(reason)


def skip() -> NoReturn:
    """Leave this batch out; for use in the loss."""
    raise SkipBatch


class Callback:
    """Base of callbacks; each method is given the `Run`.

    `state` and `restore` are what `Checkpoint` keeps of it: numbers, texts, arrays, lists and dicts.
    """

    def begin(self, run: Any) -> None:
        """Before the first epoch."""

    def batch(self, run: Any) -> None:
        """Behind every update."""

    def epoch(self, run: Any) -> None:
        """Behind every epoch, when `run.measured` is there."""

    def end(self, run: Any) -> None:
        """At the end, also if that is an exception."""

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` told."""


class EachEpoch(Callback):
    """Calls a function with the `Run` behind every epoch."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f

    def epoch(self, run: Any) -> None:
        self.f(run)


class EachBatch(Callback):
    """Calls a function with the `Run` behind every batch: `EachBatch(throttle(show, 10))`."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f

    def batch(self, run: Any) -> None:
        self.f(run)


class Best(Callback):
    """Base of what follows the best value of something measured.

    monitor: its name in the history; `valid_loss` where there is one, else `loss`.  mode: "min" or
    "max", which is better.  min_delta: by how much a value has to be better to count.
    """

    def __init__(self, monitor: str | None, mode: str, min_delta: float) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f'mode is "min" or "max", not {mode!r}')
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        self.best, self.waited = math.inf if mode == "min" else -math.inf, 0

    def better(self, run: Any) -> bool:
        """Is the epoch's value the best so far?  Counts the epochs since then in `waited`."""
        name = self.monitor or ("valid_loss" if "valid_loss" in run.measured else "loss")
        if name not in run.measured:
            raise KeyError(f"{name!r} is not measured; there is {', '.join(run.measured)}")
        value = run.measured[name]
        sign = 1 if self.mode == "min" else -1
        if sign * value < sign * self.best - self.min_delta:
            self.best, self.waited = value, 0
            return True
        self.waited += 1
        return False

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


class EarlyStopping(Best):
    """Ends the training when nothing was better for `patience` epochs.

    restore_best: put the arrays of the best epoch back at the end.  The rest: see `Best`.
    """

    def __init__(
        self,
        monitor: str | None = None,
        *,
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str = "min",
        restore_best: bool = True,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience, self.restore_best = patience, restore_best
        self.kept: dict[str, Any] = {}

    def epoch(self, run: Any) -> None:
        if self.better(run):
            if self.restore_best:
                self.kept = {name: x.copy() for name, x in arrays(run.model).items()}
        elif self.waited >= self.patience:
            run.stop(f"nothing was better for {self.patience} epochs")

    def end(self, run: Any) -> None:
        if self.waited and self.kept:
            for name, x in arrays(run.model).items():
                x[...] = self.kept[name]

    def state(self) -> dict[str, Any]:
        return {**super().state(), "kept": self.kept}


class Plateau(Best):
    """Multiplies eta by `factor` whenever nothing was better for more than `patience` epochs.

    min_eta: below which it does not go.  cooldown: epochs behind a reduction that are not counted.
    """

    def __init__(
        self,
        monitor: str | None = None,
        *,
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str = "min",
        min_eta: float = 0.0,
        cooldown: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.factor, self.patience, self.min_eta, self.cooldown = (
            factor,
            patience,
            min_eta,
            cooldown,
        )
        self.resting = 0

    def epoch(self, run: Any) -> None:
        self.better(run)
        if self.resting:
            self.resting -= 1
            self.waited = 0
        if self.waited > self.patience:
            adjust(run.state, max(self.min_eta, self.factor * etas(run.state.rule)[0]))
            self.waited, self.resting = 0, self.cooldown

    def state(self) -> dict[str, Any]:
        return {**super().state(), "resting": self.resting}


class Checkpoint(Callback):
    """Writes the training to a file behind every `every` epochs, for `fit(…, resume=path)`.

    every_steps: behind so many batches as well.  best: only when what this names (`valid_loss`) is the
    best so far; mode: "min" or "max".  The file is replaced as a whole: it is never half written.
    """

    def __init__(
        self,
        path: Any,
        *,
        every: int = 1,
        every_steps: int | None = None,
        best: str | None = None,
        mode: str = "min",
    ) -> None:
        self.path, self.every, self.every_steps = path, every, every_steps
        self.follow = Best(best, mode, 0.0) if best else None

    def save(self, run: Any) -> None:
        from adjoint.train.checkpoints import save_run

        save_run(self.path, run)

    def batch(self, run: Any) -> None:
        if self.every_steps and run.step % self.every_steps == 0:
            self.save(run)

    def epoch(self, run: Any) -> None:
        if len(run.history) % self.every == 0 and (self.follow is None or self.follow.better(run)):
            self.save(run)

    def state(self) -> dict[str, Any]:
        return self.follow.state() if self.follow else {}

    def restore(self, state: dict[str, Any]) -> None:
        if self.follow:
            self.follow.restore(state)


# -- functions of Flux ---------------------------------------------------------------------------------


def throttle(
    f: Callable, seconds: float, *, leading: bool = True, trailing: bool = False
) -> Callable:
    """`f`, which runs at most once in so many seconds however often it is called.

    leading: it runs when it is first called; trailing: for the last of the calls that were too early, it
    runs when the time is over, in another thread.
    """
    lock = threading.Lock()
    next_time, waiting, timer = -math.inf, None, None

    def late() -> None:
        nonlocal waiting, timer, next_time
        with lock:
            call, waiting, timer = waiting, None, None
            next_time = time.monotonic() + seconds
        if call:
            f(*call[0], **call[1])

    def throttled(*args: Any, **kwargs: Any) -> Any:
        nonlocal next_time, waiting, timer
        with lock:
            now = time.monotonic()
            ready = now >= next_time
            if ready:
                next_time = now + seconds
            if trailing and not (ready and leading):
                waiting = args, kwargs
                if timer is None:
                    timer = threading.Timer(next_time - now, late)
                    timer.daemon = True
                    timer.start()
        return f(*args, **kwargs) if ready and leading else None

    return throttled


def patience(predicate: Callable[..., bool], n: int) -> Callable[..., bool]:
    """A function that is true when `predicate` was true the last `n` times."""
    count = 0

    def patient(*args: Any, **kwargs: Any) -> bool:
        nonlocal count
        count = count + 1 if predicate(*args, **kwargs) else 0
        return count >= n

    return patient


def difference(before: float, now: float) -> float:
    return before - now


def early_stopping(
    f: Callable[..., float],
    delay: int,
    *,
    distance: Callable[[float, float], float] = difference,
    init_score: float = math.inf,
    min_dist: float = 0.0,
) -> Callable[..., bool]:
    """A function that is true when the score `f` was not better than the best the last `delay` times.

    Smaller is better; `distance(best, score)` says by how much, and less than `min_dist` is not.

    >>> stopping = early_stopping(lambda loss: loss, 2)
    >>> [stopping(loss) for loss in (1.0, 0.5, 0.7, 0.6)]
    [False, False, False, True]
    """
    best = init_score

    def no_better(*args: Any, **kwargs: Any) -> bool:
        nonlocal best
        score = f(*args, **kwargs)
        by = distance(best, score)
        best = best if by < 0 else score
        return by < min_dist

    return patience(no_better, delay)


def plateau(
    f: Callable[..., float],
    width: int,
    *,
    distance: Callable[[float, float], float] = difference,
    init_score: float = math.inf,
    min_dist: float = 1e-6,
) -> Callable[..., bool]:
    """A function that is true when the score `f` changed by less than `min_dist` the last `width` times."""
    last = init_score

    def level(*args: Any, **kwargs: Any) -> bool:
        nonlocal last
        score = f(*args, **kwargs)
        by, last = abs(distance(last, score)), score
        return by < min_dist

    return patience(level, width)
