"""How far to go along a direction.

`phi(t)` is the value and the slope of the loss t steps along a direction of descent.  A search takes
`phi`, its value and slope at 0 and a first step to try, and returns the step to take, 0 if it found
none that is better.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Phi = Callable[[float], tuple[float, float]]


@dataclass(frozen=True)
class Backtracking:
    """The first of t, shrink·t, shrink²·t, … whose decrease is `enough` of what the slope promised.

    (Armijo's condition; Nocedal and Wright 2006, algorithm 3.1.)
    """

    enough: float = 1e-4
    shrink: float = 0.5
    tries: int = 40

    def __call__(self, phi: Phi, value: float, slope: float, t: float) -> float:
        for _ in range(self.tries):
            if phi(t)[0] <= value + self.enough * t * slope:
                return t
            t *= self.shrink
        return 0.0


@dataclass(frozen=True)
class StrongWolfe:
    """A step that decreases the loss enough and flattens its slope to `flat` of what it was.

    Both of Wolfe's conditions, the second one strong, by bracketing and then zooming with cubic
    interpolation (Nocedal and Wright 2006, algorithms 3.5 and 3.6).  Where `tries` evaluations do
    not suffice, the best step seen that decreases the loss enough.
    """

    enough: float = 1e-4
    flat: float = 0.9
    tries: int = 25

    def __call__(self, phi: Phi, value: float, slope: float, t: float) -> float:
        def decreases(point: tuple[float, float, float]) -> bool:
            return point[1] <= value + self.enough * point[0] * slope

        low = (
            0.0,
            value,
            slope,
        )  # (step, value, slope): the best step so far, at which phi goes down
        high = None  # between it and `low` there are steps that satisfy both conditions
        for _ in range(self.tries):
            point = (t, *phi(t))
            if math.isnan(point[1]) or not decreases(point) or point[1] >= low[1] and low[0]:
                high = point
            elif abs(point[2]) <= -self.flat * slope:
                return t
            elif high is None:
                if point[2] >= 0:
                    low, high = point, low
                else:
                    low = point
            else:
                if point[2] * (high[0] - low[0]) >= 0:
                    high = low
                low = point
            t = 2 * t if high is None else between(low, high)
        return low[0]


def between(low: tuple[float, float, float], high: tuple[float, float, float]) -> float:
    """The minimum of the cubic through two points, kept away from both; the middle if it has none."""
    (a, fa, ga), (b, fb, gb) = low, high
    middle, width = (a + b) / 2, abs(b - a)
    d1 = ga + gb - 3 * (fa - fb) / (a - b)
    root = d1 * d1 - ga * gb
    if not root >= 0 or not math.isfinite(root):
        return middle
    d2 = math.copysign(math.sqrt(root), b - a)
    bottom = gb - ga + 2 * d2
    t = b - (b - a) * ((gb + d2 - d1) / bottom) if bottom else middle
    return t if min(a, b) + 0.1 * width <= t <= max(a, b) - 0.1 * width else middle
