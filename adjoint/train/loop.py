"""`fit`, and the step it is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.data.extras import needed
from adjoint.optim import State, UpdateRule, hutchinson, setup, update
from adjoint.optim.combining import is_finite
from adjoint.optim.state import gathered
from adjoint.train.callbacks import Callback, Checkpoint, EachEpoch, SkipBatch, StopTraining
from adjoint.train.history import History
from adjoint.train.walk import arrays, testing


class Run:
    """A training while it runs: what callbacks are given.

    model, state, data: as given to `fit`.  epoch: the running one, from 1.  batch: how many batches of
    it are done.  step: how many in all.  loss: the last one.  history: a `History`.
    """

    def __init__(self, model: Any, state: State, data: Any, epochs: int) -> None:
        self.model, self.state, self.data, self.epochs = model, state, data, epochs
        self.history, self.callbacks = History(), []
        self.epoch, self.batch, self.first = 1, 0, 0  # first: the step with which the epoch began
        self.loss = math.nan

    @property
    def step(self) -> int:
        return len(self.history.losses)

    @property
    def measured(self) -> dict[str, float]:
        """What was measured in the epoch that has ended last."""
        return self.history.epochs[-1]

    def stop(self, reason: str) -> None:
        """End the training behind this epoch's callbacks, or this batch's."""
        self.history.stopped = self.history.stopped or reason

    def __repr__(self) -> str:
        return f"<Run at epoch {self.epoch} of {self.epochs}, step {self.step}>"


def train_step(
    loss: Callable, model: Any, state: State | UpdateRule, *batch: Any, **named: Any
) -> float:
    """One update of the model: the value of `loss(model, *batch, **named)` before it.

    model: `ad.params(…)` for a loss without the model, `loss(*batch, **named)`, that reads the arrays
    where they are.

    Raises NonFiniteError, and leaves the parameters and the state as they are, if the loss or a gradient
    is not finite.
    """
    if isinstance(model, ad.Params):
        found, model_bar = ad.value_and_gradient(lambda: loss(*batch, **named), model)
    else:
        found, model_bar = ad.value_and_grad(loss)(model, *batch, **named)
    value = float(np.ravel(found)[0])
    if not math.isfinite(value):
        raise ad.NonFiniteError(
            f"the loss is {value}; nothing was updated",
            hint="Find where it began with `with ad.nan_check():`, lower eta, or clip the gradient.",
        )
    for x, x_bar in gathered(model, model_bar):
        if not is_finite(np.asarray(x_bar)):
            name = next((n for n, y in arrays(model).items() if y is x), "an array")
            raise ad.NonFiniteError(
                f"the loss is {value:.6g}, but the gradient of {name} is not finite; nothing was "
                "updated",
                hint="Find where it began with `with ad.nan_check():`.",
            )

    def curvature(rng: np.random.Generator) -> Any:
        return hutchinson(loss, model, *batch, rng=rng, **named)

    update(state, model, model_bar, value=value, curvature=curvature)
    return value


def fit(
    model: Any,
    data: Any,
    loss: Callable,
    optimiser: UpdateRule | State,
    epochs: int = 1,
    *,
    callbacks: Iterable[Callback | Callable[[Run], Any]] = (),
    validation: Any = None,
    metrics: dict[str, Callable] | None = None,
    progress: bool | None = None,
    non_finite: str = "raise",
    resume: Any = None,
) -> History:
    """Train a model in place: for each batch of each epoch, one `train_step`.

    data: an iterable of batches that can be gone through once an epoch, such as a `DataLoader`; a tuple
    or dict is one batch.  A batch that is a tuple is passed as `loss(model, *batch)`, a dict by name,
    anything else as it is.

    model: a layer, or whatever holds arrays: objects, lists, dicts; or `ad.params(…)` for a loss without
    the model, `loss(*batch)`.

    optimiser: a rule, or its state from `setup`.  callbacks: functions that are called with the `Run`
    behind each epoch, or `Callback`s.  validation: batches on which, behind each epoch, `valid_loss` is
    measured, and `metrics`: functions of the model and the batch that give a number (`valid_name`); layers
    with a `training` attribute have it False meanwhile.

    progress: a bar on the error stream; None shows one if tqdm is installed.  non_finite: what to do with
    a batch whose loss or gradient is not finite, "raise" or "skip"; in either case no parameter moves.
    resume: a file that `Checkpoint` wrote; training goes on where it was, bit for bit, the order of a
    `DataLoader` included, until `epochs` are done in all.

    Raises NonFiniteError with the epoch and batch, and whatever the loss and the callbacks raise.
    """
    if non_finite not in ("raise", "skip"):
        raise ValueError(f'non_finite is "raise" or "skip", not {non_finite!r}')
    if metrics and validation is None:
        raise ValueError("metrics are measured on the validation data: give some")
    state = optimiser if isinstance(optimiser, State) else setup(optimiser, model)
    run = Run(model, state, data, epochs)
    run.callbacks = [c if isinstance(c, Callback) else EachEpoch(c) for c in callbacks]
    run.callbacks.sort(key=lambda c: isinstance(c, Checkpoint))  # they keep what the others know
    if resume is not None:
        from adjoint.train.checkpoints import load_run

        load_run(resume, run)
    bar = progress_bar(run, progress)
    for callback in run.callbacks:
        callback.begin(run)
    try:
        while run.epoch <= epochs and not run.history.stopped:
            train_epoch(run, loss, bar, non_finite)
            if run.history.stopped:
                break
            finish_epoch(run, loss, validation, metrics or {}, bar)
    except StopTraining as stop:
        run.stop(str(stop) or "stop() was called")
    finally:
        for callback in run.callbacks:
            callback.end(run)
        bar.close()
    return run.history


def train_epoch(run: Run, loss: Callable, bar: Any, non_finite: str) -> None:
    """The batches of an epoch that are not done yet."""
    begun = run.batch
    for batch in remaining(run):
        args, named = as_arguments(batch)
        try:
            run.loss = train_step(loss, run.model, run.state, *args, **named)
        except SkipBatch:
            run.batch += 1
            continue
        except ad.NonFiniteError as error:
            if non_finite == "raise":
                error.add_note(f"in epoch {run.epoch}, batch {run.batch + 1}, step {run.step + 1}")
                raise
            run.batch += 1
            continue
        run.batch += 1
        run.history.losses.append(run.loss)
        bar.update()
        for callback in run.callbacks:
            callback.batch(run)
        if run.history.stopped:
            return
    if run.batch == begun == 0:
        raise ValueError(
            f"the data gave no batch in epoch {run.epoch}: what is gone through again and again has to be "
            "a list or a DataLoader, not an iterator"
        )


def remaining(run: Run) -> Iterable:
    """The batches of the epoch, without those that are done: a DataLoader knows them itself."""
    if isinstance(run.data, tuple | dict):
        return [] if run.batch else [run.data]
    if hasattr(run.data, "restore"):
        return [] if run.batch and not run.data.state()["given"] else iter(run.data)
    batches = iter(run.data)
    for _ in range(run.batch):
        next(batches, None)
    return batches


def finish_epoch(run: Run, loss: Callable, validation: Any, metrics: dict, bar: Any) -> None:
    """Measure, record, tell the callbacks, and go to the next epoch."""
    losses = run.history.losses[run.first :]
    measured = {"loss": math.fsum(losses) / len(losses) if losses else math.nan}
    if validation is not None:
        measured |= evaluate(run.model, validation, {"loss": loss, **metrics}, "valid_")
    run.history.epochs.append(measured)
    finished, run.epoch, run.batch, run.first = run.epoch, run.epoch + 1, 0, run.step
    bar.set_postfix({"epoch": finished, **{n: f"{v:.4g}" for n, v in measured.items()}})
    for callback in run.callbacks:
        callback.epoch(run)


def evaluate(
    model: Any, data: Any, measures: dict[str, Callable], prefix: str = ""
) -> dict[str, float]:
    """The means over batches of functions of the model and the batch; the model is not changed.

    Of `Params` as the model, functions of the batch alone.

    Layers with a `training` attribute have it False meanwhile.  Batches count by their number of
    observations, the length of their first part.
    """
    totals, weight = dict.fromkeys(measures, 0.0), 0
    with testing(model):
        for batch in [data] if isinstance(data, tuple | dict) else data:
            args, named = as_arguments(batch)
            size = length(next(iter([*args, *named.values()]), None))
            weight += size
            for name, f in measures.items():
                given = args if isinstance(model, ad.Params) else (model, *args)
                totals[name] += size * float(f(*given, **named))
    if not weight:
        raise ValueError("there is nothing to evaluate: the data gave no batch")
    return {prefix + name: total / weight for name, total in totals.items()}


def length(part: Any) -> int:
    """The number of observations in a part of a batch: 1 where it has no axis of them."""
    counted = hasattr(part, "__len__") and not isinstance(part, str)
    return len(part) if counted and getattr(part, "ndim", 1) else 1


def as_arguments(batch: Any) -> tuple[tuple, dict[str, Any]]:
    """How a batch is passed to the loss."""
    if isinstance(batch, tuple):
        return batch, {}
    return ((), batch) if isinstance(batch, dict) else ((batch,), {})


class NoBar:
    """What stands for a progress bar where none is wanted."""

    def update(self) -> None: ...

    def set_postfix(self, values: dict) -> None: ...

    def close(self) -> None: ...


def progress_bar(run: Run, wanted: bool | None) -> Any:
    if wanted is False or wanted is None and find_spec("tqdm") is None:
        return NoBar()
    tqdm = needed("tqdm", "A progress bar").tqdm
    total = None
    if isinstance(run.data, tuple | dict):
        total = run.epochs
    elif hasattr(run.data, "__len__"):
        total = run.epochs * len(run.data)
    return tqdm(total=total, initial=run.step, unit="batch", mininterval=0.2)
