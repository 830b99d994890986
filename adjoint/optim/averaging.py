"""Rules that keep a second, smoother version of the model, and what lets it be evaluated.

state = setup(EMA(Adam(), decay=0.99), model)
...
with averaged(state, model):
    print(accuracy(model))       # of the averages; behind the block the model is as before
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.optim.rule import Entry, Slot, UpdateRule, Wrapper, everywhere, mix, scratch
from adjoint.optim.state import State, state_of


@dataclass(eq=False)
class EMA(Wrapper):
    """The rule, and an exponential moving average of the array:  a ← decay · a + (1 - decay) x

    `averaged` shows a / (1 - decayᵗ), which is not drawn to zero at the beginning.
    """

    rule: UpdateRule
    decay: float = 0.999

    def start(self, x: np.ndarray) -> Slot:
        return Slot(inner=self.rule.start(x), mean=np.zeros_like(x))

    def leave(self, x: np.ndarray, slot: Slot) -> None:
        mix(slot.mean, self.decay, x, scratch(x))

    def average(self, x: np.ndarray, slot: Slot) -> np.ndarray | None:
        return slot.mean / (1 - self.decay**slot.count) if slot.count else None


@dataclass(eq=False)
class Lookahead(Wrapper):
    """Every `k` steps of the rule a slow copy moves by `alpha` towards the array, which then is at it.

    (Zhang et al. 2019, algorithm 1.)  `averaged` shows the slow copy.
    """

    rule: UpdateRule
    k: int = 5
    alpha: float = 0.5

    def start(self, x: np.ndarray) -> Slot:
        return Slot(inner=self.rule.start(x), slow=x.copy())

    def leave(self, x: np.ndarray, slot: Slot) -> None:
        if slot.count % self.k == 0:
            x -= slot.slow
            x *= self.alpha
            slot.slow += x
            x[...] = slot.slow

    def average(self, x: np.ndarray, slot: Slot) -> np.ndarray | None:
        return slot.slow


@dataclass(eq=False)
class ScheduleFree(Wrapper):
    """No schedule is needed: the gradient is taken between the rule's iterates and their mean.

    The rule moves z; x is a weighted mean of the z; the model holds y = beta · x + (1 - beta) z
    (Defazio et al. 2024, eq. 2-5), and `averaged` shows x.  The weight of a step is the greatest eta
    so far to the power `power`.  The rule should have no momentum: Descent, or Adam with β₁ = 0.
    """

    rule: UpdateRule
    beta: float = 0.9
    power: float = 2.0

    def start(self, x: np.ndarray) -> Slot:
        return Slot(inner=self.rule.start(x), z=x.copy(), total=0.0, part=0.0, greatest=0.0)

    def follow(self, slot: Slot) -> None:
        super().follow(slot)
        if slot.ready:
            slot.greatest = max([slot.greatest, *etas(self.rule)])
            weight = slot.greatest**self.power
            slot.total += weight
            slot.part = weight / slot.total if slot.total else 0.0

    def move(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        self.rule.apply(x, dx, slot.inner)
        if slot.ready:
            self.finish(x, dx, slot)

    def move_all(self, entries: list[Entry]) -> None:
        self.rule.apply_all([(x, dx, slot.inner) for x, dx, slot in entries])
        for x, dx, slot in entries:
            self.follow(slot)
            if slot.ready:
                self.finish(x, dx, slot)

    def finish(self, y: np.ndarray, dz: np.ndarray, slot: Slot) -> None:
        self.to_mean(y, slot.z)
        slot.z -= dz
        y *= 1 - slot.part
        y += np.multiply(slot.z, slot.part, out=scratch(y))
        y *= self.beta
        y += np.multiply(slot.z, 1 - self.beta, out=scratch(y))

    def to_mean(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """y ← x = (y - (1 - beta) z) / beta"""
        y -= np.multiply(z, 1 - self.beta, out=scratch(y))
        y *= 1 / self.beta
        return y

    def average(self, x: np.ndarray, slot: Slot) -> np.ndarray | None:
        return self.to_mean(x.copy(), slot.z)


def etas(rule: UpdateRule) -> list[float]:
    """The learning rates found in a rule."""
    return [r.eta for r in everywhere(rule) if hasattr(r, "eta")] or [1.0]  # pyright: ignore


@contextmanager
def averaged(state: State | UpdateRule, model: Any) -> Iterator[Any]:
    """Inside the block the model's arrays hold the averages that EMA, Lookahead or ScheduleFree keep.

    Raises ValueError where the rule keeps none.
    """
    state, kept = state_of(state), []
    for x in ad.params(model):
        leaf = state.leaves.get(x)
        mean = None if leaf is None else leaf.rule.average(x, leaf.slot)
        if mean is not None:
            kept.append((x, x.copy(), mean))
    if not kept:
        raise ValueError(
            f"{state.rule} has kept no averages of this model: wrap it, EMA(rule), and update first"
        )
    for x, _, mean in kept:
        x[...] = mean
    try:
        yield model
    finally:
        for x, before, _ in kept:
            x[...] = before
