"""What happened in a training, and its picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adjoint.data.extras import needed
from adjoint.train.files import write_atomically


class History:
    """losses: of every step.  epochs: a dict for each epoch, with its mean `loss` and what was measured.

    `history["valid_loss"]` is the list of that over the epochs.
    """

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.epochs: list[dict[str, float]] = []
        self.stopped = ""

    def __getitem__(self, name: str) -> list[float]:
        if not any(name in epoch for epoch in self.epochs):
            raise KeyError(f"{name!r} was not measured; there is {', '.join(self) or 'nothing'}")
        return [epoch[name] for epoch in self.epochs if name in epoch]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for epoch in self.epochs for name in epoch))

    def __contains__(self, name: object) -> bool:
        return any(name in epoch for epoch in self.epochs)

    def __len__(self) -> int:
        """The number of epochs."""
        return len(self.epochs)

    def __repr__(self) -> str:
        last = ", ".join(f"{n}={v:.4g}" for n, v in self.epochs[-1].items()) if self.epochs else ""
        why = f"; {self.stopped}" if self.stopped else ""
        return f"<History of {len(self)} epochs, {len(self.losses)} steps: {last}{why}>"


def plot_history(history: History, path: Any = None) -> Any:
    """A figure of everything measured over the epochs, losses and the rest side by side.

    path: where to write it, in the format of its ending.  Returns the matplotlib figure.
    """
    Figure = needed("matplotlib.figure", "plot_history", "matplotlib").Figure
    losses = [name for name in history if "loss" in name]
    others = [name for name in history if "loss" not in name]
    groups = [group for group in (losses, others) if group]
    figure = Figure(figsize=(5 * max(len(groups), 1), 3.5), layout="constrained")
    axes = figure.subplots(1, max(len(groups), 1), squeeze=False)[0]
    for ax, group in zip(axes, groups):
        for name in group:
            points = [(i, e[name]) for i, e in enumerate(history.epochs, 1) if name in e]
            ax.plot(*zip(*points), marker="." if len(points) < 50 else "", label=name)
        values = [v for name in group for v in history[name]]
        if group is losses and min(values) > 0 and max(values) > 20 * min(values):
            ax.set_yscale("log")
        ax.set_xlabel("epoch")
        ax.legend()
        ax.grid(alpha=0.3)
    if path is not None:
        path = Path(path)
        ending = path.suffix.removeprefix(".") or "png"
        write_atomically(path, lambda partial: figure.savefig(partial, format=ending))
    return figure
