"""Training: `fit`, the step it is made of, callbacks, histories, and checkpoints.

The plain loop needs nothing of this:

    for x, y in DataLoader((xs, ys), batch_size=64, shuffle=True):
        grads = ad.gradient(loss, model, x, y)[0]
        update(state, model, grads)

`fit` is that loop with a progress bar, validation, early stopping, files to resume from, and a look at
each loss before it touches the weights.
"""

from adjoint.train.callbacks import (
    Callback,
    Checkpoint,
    EachBatch,
    EarlyStopping,
    Plateau,
    SkipBatch,
    StopTraining,
    early_stopping,
    patience,
    plateau,
    skip,
    stop,
    throttle,
)
from adjoint.train.checkpoints import CheckpointMismatch, load, save
from adjoint.train.history import History, plot_history
from adjoint.train.loop import Run, evaluate, fit, train_step

__all__ = [
    "Callback",
    "Checkpoint",
    "CheckpointMismatch",
    "EachBatch",
    "EarlyStopping",
    "History",
    "Plateau",
    "Run",
    "SkipBatch",
    "StopTraining",
    "early_stopping",
    "evaluate",
    "fit",
    "load",
    "patience",
    "plateau",
    "plot_history",
    "save",
    "skip",
    "stop",
    "throttle",
    "train_step",
]
