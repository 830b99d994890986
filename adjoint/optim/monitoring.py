"""Looking at gradients where they are in a chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from adjoint.optim.rule import Entry, Slot, UpdateRule
from adjoint.optim.state import State, state_of


@dataclass(frozen=True)
class Moving:
    """A measure for `Monitor` of which a running mean is kept:  a ← decay · a + (1 - decay) · measure

    debias: what is told is a / (1 - decayᵗ), which is not drawn to zero at the beginning.
    """

    measure: Callable[[list[np.ndarray]], Any]
    decay: float = 0.9
    debias: bool = True


class Monitor(UpdateRule):
    """Changes nothing, and keeps what is measured of the gradients that pass; `measured(state)` tells.

    A measure is a function of the list of arrays that have come to this place in a chain, one for each
    parameter, or `Moving(function)`.  Optax's `monitor`; of one measure, its `snapshot`.

    >>> from adjoint.optim import ClipGlobalNorm, Momentum, OptimiserChain, global_norm, setup, update
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> state = setup(OptimiserChain(Momentum(0.1), Monitor(norm=global_norm), ClipGlobalNorm(0.05)), x)
    >>> update(state, x, 2 * x)
    >>> round(measured(state)["norm"], 3)
    0.748
    """

    together = True

    def __init__(self, **measures: Callable[[list[np.ndarray]], Any] | Moving) -> None:
        super().__init__()
        self.measures = measures

    def __repr__(self) -> str:
        return f"Monitor({', '.join(self.measures)})"

    def start(self, x: np.ndarray) -> Slot:
        return Slot(measured={}, means={})

    def apply_all(self, entries: list[Entry]) -> None:
        for _, _, slot in entries:
            self.advance(slot)
        if not entries:
            return
        newest = max([slot for _, _, slot in entries], key=lambda slot: slot.count)
        arrays, measured, means = [dx for _, dx, _ in entries], {}, {}
        for name, measure in self.measures.items():
            if isinstance(measure, Moving):
                value = (1 - measure.decay) * np.asarray(measure.measure(arrays))
                means[name] = value + measure.decay * np.asarray(newest.means.get(name, 0.0))
                whole = 1 - measure.decay**newest.count if measure.debias else 1.0
                measured[name] = means[name] / whole
            else:
                measured[name] = copied(measure(arrays))
        for _, _, slot in entries:
            slot.measured, slot.means = measured, means


def copied(value: Any) -> Any:
    """The value with arrays of its own: those that are measured are used again."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list | tuple) else value


def measured(state: State | UpdateRule) -> dict[str, Any]:
    """What the `Monitor`s in a rule have measured at the last step, by name."""
    found: dict[str, tuple[int, Any]] = {}
    for _, leaf in state_of(state).leaves.items():
        for slot in inside(leaf.slot):
            for name, value in slot.__dict__.get("measured", {}).items():
                if name not in found or slot.count > found[name][0]:
                    found[name] = slot.count, value
    return {name: value for name, (_, value) in found.items()}


def inside(value: Any) -> Iterator[Slot]:
    """A slot and those inside it."""
    if isinstance(value, Slot):
        yield value
        for part in value.__dict__.values():
            yield from inside(part)
    elif isinstance(value, tuple):
        for part in value:
            yield from inside(part)
