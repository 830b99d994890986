"""Rules that follow the gradient, or its sign, without scaling each entry by past gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adjoint.optim.rule import Slot, UpdateRule, mix, scratch


@dataclass(eq=False)
class Descent(UpdateRule):
    """x ← x - eta · x̄"""

    eta: float = 0.1

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        dx *= self.eta


@dataclass(eq=False)
class Momentum(UpdateRule):
    """v ← rho · v + eta · x̄;  x ← x - v  (Polyak 1964)"""

    eta: float = 0.01
    rho: float = 0.9

    def start(self, x: np.ndarray) -> Slot:
        return Slot(velocity=np.zeros_like(x))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        dx *= self.eta
        slot.velocity *= self.rho
        slot.velocity += dx
        dx[...] = slot.velocity


@dataclass(eq=False)
class Nesterov(UpdateRule):
    """v ← rho · v - eta · x̄;  x ← x + rho · v - eta · x̄  (Bengio et al. 2013, eq. 7)"""

    eta: float = 0.001
    rho: float = 0.9

    def start(self, x: np.ndarray) -> Slot:
        return Slot(velocity=np.zeros_like(x))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        dx *= self.eta
        slot.velocity *= self.rho
        slot.velocity -= dx
        dx -= np.multiply(slot.velocity, self.rho, out=scratch(dx))


@dataclass(eq=False)
class Rprop(UpdateRule):
    """Each entry has a step of its own, which grows while the sign of its gradient stays.

    ell: what the step is multiplied by when the sign changes, and when it stays.  gamma: the least
    and the greatest step.  After a change of sign the entry rests once (Riedmiller and Braun 1993).
    """

    eta: float = 1e-3
    ell: tuple[float, float] = (0.5, 1.2)
    gamma: tuple[float, float] = (1e-6, 50.0)

    def start(self, x: np.ndarray) -> Slot:
        if x.dtype.kind == "c":
            raise TypeError("Rprop goes by signs, and a complex gradient has none: take Adam")
        return Slot(before=np.zeros_like(x), size=np.full_like(x, self.eta))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        change = np.multiply(np.sign(slot.before, out=slot.before), dx, out=scratch(dx))
        changed = change < 0
        np.multiply(slot.size, self.ell[1], out=slot.size, where=change > 0)
        np.multiply(slot.size, self.ell[0], out=slot.size, where=changed)
        np.clip(slot.size, *self.gamma, out=slot.size)
        dx[changed] = 0
        slot.before[...] = dx
        np.sign(dx, out=dx)
        dx *= slot.size


@dataclass(eq=False)
class Lion(UpdateRule):
    """x ← x - eta · sign(β₁ m + (1 - β₁) x̄);  m ← β₂ m + (1 - β₂) x̄  (Chen et al. 2023, algorithm 2)

    Flux's Lion has β₁ and β₂ the other way round; this is the paper's, and so is the default `beta`.
    For the paper's decoupled decay of weights, wrap: `OptimiserChain(Lion(eta), WeightDecay(eta·λ))`.
    """

    eta: float = 0.001
    beta: tuple[float, float] = (0.9, 0.99)

    def start(self, x: np.ndarray) -> Slot:
        return Slot(mean=np.zeros_like(x))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        beta1, beta2 = self.beta
        step = np.multiply(slot.mean, beta1, out=scratch(dx))
        step += np.multiply(dx, 1 - beta1, out=scratch(dx, "b"))
        mix(slot.mean, beta2, dx, dx)
        np.sign(step, out=dx)
        dx *= self.eta
