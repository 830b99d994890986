"""Update rules: how one array moves along its gradient.

A rule has `start(x)`, which makes what it remembers of an array, its slot, and `step(x, x_bar,
slot)`, which changes `x` and the slot in place and leaves the gradient `x_bar` as it is.  Its
hyperparameters are attributes and may be assigned at any time: `rule.eta = 1e-4`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adjoint.optim.identity import IdentityMap


@dataclass(eq=False)
class UpdateRule:
    """Base of the rules.  `slots` is what it remembers of the arrays it has updated itself."""

    slots: IdentityMap = field(default_factory=IdentityMap, init=False, repr=False)

    def start(self, x: np.ndarray) -> Any:
        """The slot of an array that has not been updated yet."""
        raise NotImplementedError

    def step(self, x: np.ndarray, x_bar: np.ndarray, slot: Any) -> None:
        """Move `x` one step."""
        raise NotImplementedError


@dataclass(eq=False)
class Descent(UpdateRule):
    """x ← x - eta · x̄"""

    eta: float = 0.1

    def start(self, x: np.ndarray) -> np.ndarray:
        return np.empty_like(x)

    def step(self, x: np.ndarray, x_bar: np.ndarray, slot: np.ndarray) -> None:
        np.multiply(x_bar, self.eta, out=slot)
        x -= slot


@dataclass
class Moments:
    """Running means of the gradient and of its square, both biased towards zero by `count`."""

    mean: np.ndarray
    square: np.ndarray
    scratch: np.ndarray
    count: int = 0


@dataclass(eq=False)
class Adam(UpdateRule):
    """x ← x - eta · m̂ / (√v̂ + eps)  (Kingma and Ba 2015, algorithm 1)

    m ← β₁ m + (1 - β₁) x̄   m̂ = m / (1 - β₁ᵗ)
    v ← β₂ v + (1 - β₂) x̄²  v̂ = v / (1 - β₂ᵗ)
    """

    eta: float = 0.001
    beta: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def start(self, x: np.ndarray) -> Moments:
        return Moments(np.zeros_like(x), np.zeros_like(x), np.empty_like(x))

    def step(self, x: np.ndarray, x_bar: np.ndarray, slot: Moments) -> None:
        (beta1, beta2), scratch = self.beta, slot.scratch
        slot.count += 1
        slot.mean *= beta1
        slot.mean += np.multiply(x_bar, 1 - beta1, out=scratch)
        slot.square *= beta2
        np.multiply(x_bar, x_bar.conj(), out=scratch)
        scratch *= 1 - beta2
        slot.square += scratch
        # Bias corrections as numbers, by m̂ / (√v̂ + eps) = root / (1 - β₁ᵗ) · m / (√v + eps·root)
        root = math.sqrt(1 - beta2**slot.count)
        np.sqrt(slot.square, out=scratch)
        scratch += self.eps * root
        np.divide(slot.mean, scratch, out=scratch)
        scratch *= self.eta * root / (1 - beta1**slot.count)
        x -= scratch
