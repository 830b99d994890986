"""Rules that keep the arrays in a set: after each step of a rule, the nearest point of the set.

A set is a function from an array to the nearest point of the set, as a new array.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from adjoint.optim.rule import Slot, UpdateRule, Wrapper, norm


@dataclass(eq=False)
class Project(Wrapper):
    """The rule, and then the nearest point of a set: `Project(Descent(0.1), box(0, 1))`."""

    rule: UpdateRule
    onto: Callable[[np.ndarray], np.ndarray]

    def blockwise(self, slot: Slot) -> bool:
        return False

    def leave(self, x: np.ndarray, slot: Slot) -> None:
        if isinstance(self.onto, box | l2_ball):
            self.onto(x, out=x)
        else:
            x[...] = self.onto(x)


@dataclass(frozen=True)
class box:
    """Every entry between two bounds; `box(0)` are the arrays without negative entries."""

    low: float = -math.inf
    high: float = math.inf

    def __call__(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        return np.clip(x, self.low, self.high, out=out)


@dataclass(frozen=True)
class l2_ball:
    """Σ |x|² ≤ radius²"""

    radius: float = 1.0

    def __call__(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        length = norm(x)
        scale = self.radius / length if length > self.radius else 1.0
        return np.multiply(x, x.dtype.type(scale), out=out)


def linf_ball(radius: float = 1.0) -> box:
    """max |x| ≤ radius"""
    return box(-radius, radius)


def simplex(total: float = 1.0) -> Callable[[np.ndarray], np.ndarray]:
    """x ≥ 0 and Σ x = total (Duchi et al. 2008, figure 1)

    >>> simplex()(np.array([0.5, 1.5, 0.25]))
    array([0., 1., 0.])
    """

    def onto(x: np.ndarray) -> np.ndarray:
        down = np.sort(x.reshape(-1))[::-1]
        excess = (np.cumsum(down) - total) / np.arange(1, x.size + 1)
        return np.maximum(x - excess[np.flatnonzero(down > excess)[-1]], 0)

    return onto


def l1_ball(radius: float = 1.0) -> Callable[[np.ndarray], np.ndarray]:
    """Σ |x| ≤ radius (Duchi et al. 2008, §4)"""
    onto_simplex = simplex(radius)

    def onto(x: np.ndarray) -> np.ndarray:
        return x if np.sum(np.abs(x)) <= radius else np.sign(x) * onto_simplex(np.abs(x))

    return onto
