"""Rules that change the gradient before another rule follows it: bounds, decay, centring."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from adjoint.errors import NonFiniteError
from adjoint.optim.rule import Entry, Slot, UpdateRule, global_norm, norm, scratch


@dataclass(eq=False)
class WeightDecay(UpdateRule):
    """dx ← dx + decay · x: the gradient of decay/2 · ‖x‖² besides, where it comes first."""

    decay: float = 5e-4

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        dx += np.multiply(x, self.decay, out=scratch(dx))


@dataclass(eq=False)
class SignDecay(UpdateRule):
    """dx ← dx + decay · sign(x): the gradient of decay · ‖x‖₁ besides, where it comes first."""

    decay: float = 1e-3

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        a = np.sign(x, out=scratch(dx))
        a *= self.decay
        dx += a


@dataclass(eq=False)
class ClipGrad(UpdateRule):
    """Each entry to at most `delta` in absolute value."""

    delta: float = 10.0

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        if dx.dtype.kind == "c":
            dx *= np.minimum(1.0, self.delta / np.maximum(np.abs(dx), self.delta))
        else:
            np.clip(dx, -self.delta, self.delta, out=dx)


@dataclass(eq=False)
class ClipNorm(UpdateRule):
    """The gradient of each array by itself to a norm of at most `omega`.

    p: which norm, of the entries.  throw: a norm that is not finite raises NonFiniteError (the arrays
    before it have moved then: `ClipGlobalNorm` and `SkipNotFinite` look at all first); without it such a
    gradient becomes NaN.
    """

    elementwise = False

    omega: float = 10.0
    p: float = 2
    throw: bool = True

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        length = norm(dx, self.p)
        if self.throw and not math.isfinite(length):
            raise NonFiniteError(
                f"the gradient of an array of shape {x.shape} has norm {length}",
                hint="Find where it began with `with ad.nan_check():`, or give throw=False.",
            )
        if length > self.omega or length != length:
            dx *= self.omega / length


@dataclass(eq=False)
class ClipGlobalNorm(UpdateRule):
    """All gradients by one factor, to a joint 2-norm of at most `omega` (Pascanu et al. 2013, §3.2).

    A norm that is not finite raises NonFiniteError, and no array moves.
    """

    together = True

    omega: float = 1.0

    def apply_all(self, entries: list[Entry]) -> None:
        length = global_norm([dx for _, dx, _ in entries])
        if not math.isfinite(length):
            raise NonFiniteError(
                f"the norm of all gradients is {length}",
                hint="Find where it began with `with ad.nan_check():`, or skip such steps with "
                "SkipNotFinite(rule).",
            )
        for _, dx, slot in entries:
            self.advance(slot)
            if length > self.omega:
                dx *= self.omega / length


@dataclass(eq=False)
class ClipRMS(UpdateRule):
    """The gradient of each array to a root mean square of at most `delta`."""

    elementwise = False

    delta: float = 1.0

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        size = norm(dx) / math.sqrt(max(dx.size, 1))
        if size > self.delta:
            dx *= self.delta / size


@dataclass(eq=False)
class AdaptiveClip(UpdateRule):
    """The gradient of each unit to at most `clip` times the norm of its weights (Brock et al. 2021, eq. 3).

    A unit is what makes one output: a column of a matrix (in, out) or of a kernel (..., in, out); a
    vector is one unit.  eps: the least norm that weights count as.
    """

    elementwise = False

    clip: float = 0.01
    eps: float = 1e-3

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        axes = tuple(range(max(x.ndim - 1, 1))) if x.ndim else ()
        greatest = self.clip * np.maximum(_norms(x, axes), self.eps)
        length = _norms(dx, axes)
        dx *= np.where(length > greatest, greatest / np.maximum(length, 1e-6), 1.0)


def _norms(v: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    a = np.real(np.abs(v, out=scratch(v)))
    return np.sqrt(np.sum(np.multiply(a, a, out=a), axis=axes, keepdims=True))


@dataclass(eq=False)
class InvDecay(UpdateRule):
    """dx ← dx / (1 + gamma · t), t counting from 1; follows another rule in a chain."""

    gamma: float = 0.001

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        dx *= 1 / (1 + self.gamma * slot.count)


@dataclass(eq=False)
class ExpDecay(UpdateRule):
    """dx ← eta · dx, eta being multiplied by `decay` every `step` steps, not below `clip`.

    start_at: the steps after which it begins to.
    """

    eta: float = 0.001
    decay: float = 0.1
    step: int = 1000
    clip: float = 1e-4
    start_at: int = 0

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        times = slot.count // self.step - min(slot.count, self.start_at) // self.step
        dx *= max(self.eta * self.decay**times, self.clip) if times else self.eta
