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
        x[...] = self.onto(x)


def box(low: float = -math.inf, high: float = math.inf) -> Callable[[np.ndarray], np.ndarray]:
    """Every entry between two bounds; `box(0)` are the arrays without negative entries."""
    return lambda x: np.clip(x, low, high)


def l2_ball(radius: float = 1.0) -> Callable[[np.ndarray], np.ndarray]:
    """Σ |x|² ≤ radius²"""

    def onto(x: np.ndarray) -> np.ndarray:
        length = norm(x)
        return x * (radius / length) if length > radius else x

    return onto


def linf_ball(radius: float = 1.0) -> Callable[[np.ndarray], np.ndarray]:
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
