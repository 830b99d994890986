"""Hyperparameters that depend on the step.

A schedule is a function of t, the number of the step (or epoch), which counts from 1; any function
of yours is one.  `Scheduler(rule, eta=schedule)` follows it by itself, and by hand it is
`rule.eta = schedule(t)`.

>>> [Step(1.0, 0.5, 2)(t) for t in range(1, 6)]
[1.0, 1.0, 0.5, 0.5, 0.25]
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Several
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

Schedule = Callable[[float], float]


@dataclass(frozen=True)
class Constant:
    """value"""

    value: float

    def __call__(self, t: float) -> float:
        return self.value


# -- going down --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """start · decayⁱ, i being how many of the `sizes` are over; one number is repeated for ever."""

    start: float
    decay: float
    sizes: int | Several[int]

    def __call__(self, t: float) -> float:
        if isinstance(self.sizes, int):
            return self.start * self.decay ** ((t - 1) // self.sizes)
        return self.start * self.decay ** bisect_right(list(accumulate(self.sizes)), t - 1)


@dataclass(frozen=True)
class Exp:
    """start · decayᵗ⁻¹"""

    start: float
    decay: float

    def __call__(self, t: float) -> float:
        return self.start * self.decay ** (t - 1)


@dataclass(frozen=True)
class Poly:
    """start · (1 - (t - 1) / steps)^degree, and 0 after `steps`"""

    start: float
    degree: float
    steps: int

    def __call__(self, t: float) -> float:
        return self.start * max(0.0, 1 - (t - 1) / self.steps) ** self.degree


@dataclass(frozen=True)
class Inv:
    """start / (1 + decay · (t - 1))^degree"""

    start: float
    decay: float
    degree: float = 1.0

    def __call__(self, t: float) -> float:
        return self.start / (1 + self.decay * (t - 1)) ** self.degree


@dataclass(frozen=True)
class Linear:
    """From `start` to `end` in `steps`, then `end`."""

    start: float
    end: float
    steps: int

    def __call__(self, t: float) -> float:
        done = min((t - 1) / self.steps, 1.0) if self.steps else 1.0
        return self.start + (self.end - self.start) * done


@dataclass(frozen=True)
class Cosine:
    """From `start` to `end` in `steps`, along half a cosine; then `end`."""

    start: float
    end: float
    steps: int

    def __call__(self, t: float) -> float:
        done = min((t - 1) / self.steps, 1.0) if self.steps else 1.0
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * done)) / 2


# -- up and down -------------------------------------------------------------------------------------


def triangle_wave(t: float, period: float) -> float:
    """0 at t = 1, 1 half a period later, 0 again after a period."""
    return 1 - abs(2 * ((t - 1) % period) / period - 1)


def sine_wave(t: float, period: float) -> float:
    """|sin|: 0 at t = 1, 1 half a period later, 0 again after a period."""
    return abs(math.sin(math.pi * (t - 1) / period))


@dataclass(frozen=True)
class Cyclic:
    """Base of what swings between the smaller and the greater of `low` and `high`."""

    low: float
    high: float
    period: float

    def swing(self, wave: float, factor: float = 1.0) -> float:
        return min(self.low, self.high) + factor * abs(self.high - self.low) * wave

    def halved(self, t: float) -> float:
        return 0.5 ** ((t - 1) // self.period)


class Triangle(Cyclic):
    """A triangle wave (Smith 2017)."""

    def __call__(self, t: float) -> float:
        return self.swing(triangle_wave(t, self.period))


class TriangleDecay2(Cyclic):
    """A triangle wave; each is half as high as the one before."""

    def __call__(self, t: float) -> float:
        return self.swing(triangle_wave(t, self.period), self.halved(t))


class Sin(Cyclic):
    """|sin|"""

    def __call__(self, t: float) -> float:
        return self.swing(sine_wave(t, self.period))


class SinDecay2(Cyclic):
    """|sin|; each hump is half as high as the one before."""

    def __call__(self, t: float) -> float:
        return self.swing(sine_wave(t, self.period), self.halved(t))


@dataclass(frozen=True)
class TriangleExp(Cyclic):
    """A triangle wave whose height is multiplied by `decay` at each step."""

    decay: float

    def __call__(self, t: float) -> float:
        return self.swing(triangle_wave(t, self.period), self.decay ** (t - 1))


@dataclass(frozen=True)
class SinExp(Cyclic):
    """|sin| whose height is multiplied by `decay` at each step."""

    decay: float

    def __call__(self, t: float) -> float:
        return self.swing(sine_wave(t, self.period), self.decay ** (t - 1))


@dataclass(frozen=True)
class CosAnneal(Cyclic):
    """From the greater to the smaller along half a cosine, and again (Loshchilov and Hutter 2017, eq. 5).

    restart: False goes back up along the cosine instead of jumping.
    """

    restart: bool = True

    def __call__(self, t: float) -> float:
        past = (t - 1) % self.period if self.restart else t - 1
        return self.swing((1 + math.cos(math.pi * past / self.period)) / 2)


@dataclass(frozen=True)
class OneCycle:
    """Up to `greatest` and down again in `steps`, along cosines (Smith and Topin 2018).

    It begins at greatest/25, is at its top after a quarter (`rising`) of the steps, and ends at
    greatest/100000.
    """

    steps: int
    greatest: float
    start: float | None = None
    end: float | None = None
    rising: float = 0.25

    def __call__(self, t: float) -> float:
        start = self.greatest / 25 if self.start is None else self.start
        end = self.greatest / 1e5 if self.end is None else self.end
        top = int(self.rising * self.steps)
        if t - 1 < top:
            return Cosine(start, self.greatest, top)(t)
        return Cosine(self.greatest, end, self.steps - top)(t - top)


# -- made of others ----------------------------------------------------------------------------------


class Sequence:
    """One schedule after the other, each for its number of steps and from its own t = 1; the last
    goes on.

    >>> warm = Sequence([Linear(0.0, 1.0, 4), Exp(1.0, 0.5)], [4])
    >>> [warm(t) for t in range(1, 8)]
    [0.0, 0.25, 0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(self, schedules: Several[Schedule], sizes: Several[int]) -> None:
        if len(sizes) not in (len(schedules), len(schedules) - 1):
            raise ValueError(
                f"{len(schedules)} schedules need a length each, the last one none: "
                f"there are {len(sizes)}"
            )
        self.schedules, self.ends = list(schedules), list(accumulate(sizes))

    def __call__(self, t: float) -> float:
        i = min(bisect_right(self.ends, t - 1), len(self.schedules) - 1)
        return self.schedules[i](t - (self.ends[i - 1] if i else 0))

    def __repr__(self) -> str:
        return f"Sequence({self.schedules}, until {self.ends})"


@dataclass(frozen=True)
class Loop:
    """The first `period` steps of a schedule, again and again."""

    schedule: Schedule
    period: int

    def __call__(self, t: float) -> float:
        return self.schedule((t - 1) % self.period + 1)


@dataclass(frozen=True)
class Interpolator:
    """A schedule `rate` times as slow: one that is made for epochs, where t counts batches."""

    schedule: Schedule
    rate: float

    def __call__(self, t: float) -> float:
        return self.schedule(t / self.rate)


@dataclass(frozen=True)
class Shifted:
    """A schedule that begins at its step `first`."""

    schedule: Schedule
    first: int

    def __call__(self, t: float) -> float:
        return self.schedule(t + self.first - 1)


@dataclass(frozen=True)
class Shortened:
    """A schedule that ends: IndexError after `steps`; iterable."""

    schedule: Schedule
    steps: int

    def __call__(self, t: float) -> float:
        if t > self.steps:
            raise IndexError(f"step {t} of a schedule of {self.steps} steps")
        return self.schedule(t)

    def __iter__(self) -> Iterator[float]:
        return (self.schedule(t) for t in range(1, self.steps + 1))


class ComposedSchedule:
    """A schedule some of whose parameters are schedules themselves.

    >>> halving = ComposedSchedule(Triangle, 0.0, Step(8.0, 0.5, 4), 4)
    >>> [halving(t) for t in (1, 3, 5, 7)]
    [0.0, 8.0, 0.0, 4.0]
    """

    def __init__(self, make: Callable[..., Schedule], *parameters: Any) -> None:
        self.make, self.parameters = make, parameters

    def __call__(self, t: float) -> float:
        return self.make(*[p(t) if callable(p) else p for p in self.parameters])(t)


@dataclass(frozen=True)
class PiecewiseConstant:
    """values[i] after `boundaries[i - 1]` steps."""

    values: Several[float]
    boundaries: Several[int]

    def __call__(self, t: float) -> float:
        return self.values[bisect_right(self.boundaries, t - 1)]


@dataclass(frozen=True)
class PiecewiseLinear:
    """values[i] after boundaries[i] steps, straight lines between; level outside."""

    values: Several[float]
    boundaries: Several[int]
    between = Linear

    def __call__(self, t: float) -> float:
        i = bisect_right(self.boundaries, t - 1)
        if i in (0, len(self.boundaries)):
            return self.values[max(i - 1, 0)]
        before, after = self.boundaries[i - 1], self.boundaries[i]
        return self.between(self.values[i - 1], self.values[i], after - before)(t - before)


class PiecewiseCosine(PiecewiseLinear):
    """values[i] after boundaries[i] steps, halves of cosines between; level outside."""

    between = Cosine


def warmup_constant(start: float, peak: float, warmup: int) -> Sequence:
    """Straight up in `warmup` steps, then level."""
    return Sequence([Linear(start, peak, warmup), Constant(peak)], [warmup])


def warmup_cosine(start: float, peak: float, warmup: int, steps: int, end: float = 0.0) -> Sequence:
    """Straight up in `warmup` steps, then down along half a cosine; `steps` in all."""
    return Sequence([Linear(start, peak, warmup), Cosine(peak, end, steps - warmup)], [warmup])


def sgdr(cycles: Several[dict[str, Any]]) -> Sequence:
    """One `warmup_cosine` after the other (Loshchilov and Hutter 2017); each dict has its arguments.

    >>> again = sgdr([{"start": 0.0, "peak": p, "warmup": 2, "steps": 4} for p in (1.0, 0.5)])
    >>> [round(again(t), 2) for t in range(1, 9)]
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.25, 0.5, 0.25]
    """
    return Sequence([warmup_cosine(**cycle) for cycle in cycles], [c["steps"] for c in cycles])


def warmup_exponential(start: float, peak: float, warmup: int, decay: float) -> Sequence:
    """Straight up in `warmup` steps, then times `decay` at each step."""
    return Sequence([Linear(start, peak, warmup), Exp(peak, decay)], [warmup])


@dataclass
class Stateful:
    """A schedule that counts by itself: `next(value)` is what it is now.

    advance: whether to go on to the next step, asked with what `next` is given (a loss, say).
    """

    schedule: Schedule
    advance: Callable[[Any], bool] = field(default=lambda _: True)
    t: int = 1

    def next(self, value: Any = None) -> float:
        now = self.schedule(self.t)
        self.t += bool(self.advance(value))
        return now

    def reset(self) -> None:
        """Begin again."""
        self.t = 1
