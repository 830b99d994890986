"""Rules made of rules: one after the other, every so often, by schedule, by part of the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.optim.identity import IdentityMap
from adjoint.optim.rule import Entry, Slot, UpdateRule, Wrapper, holders


class OptimiserChain(UpdateRule):
    """Each rule gets as its gradient what the rule before it made; the last one's is the step.

    >>> from adjoint.optim import ClipGrad, Descent
    >>> OptimiserChain(ClipGrad(1.0), Descent(0.5))
    OptimiserChain(ClipGrad(delta=1.0), Descent(eta=0.5))
    >>> OptimiserChain(clip=ClipGrad(1.0), step=Descent(0.5))["step"]
    Descent(eta=0.5)
    """

    def __init__(self, *rules: UpdateRule, **named: UpdateRule) -> None:
        super().__init__()
        self.rules, self.named = (*rules, *named.values()), named

    def __repr__(self) -> str:
        plain = [repr(rule) for rule in self.rules[: len(self.rules) - len(self.named)]]
        named = [f"{name}={rule!r}" for name, rule in self.named.items()]
        return f"OptimiserChain({', '.join(plain + named)})"

    def __getitem__(self, which: int | str) -> UpdateRule:
        return self.named[which] if isinstance(which, str) else self.rules[which]

    def blockwise(self, slot: Slot) -> bool:
        return all(rule.blockwise(part) for rule, part in zip(self.rules, slot.parts))

    @property
    def together(self) -> bool:
        return any(rule.together for rule in self.rules)

    def inside(self) -> Iterator[UpdateRule]:
        return iter(self.rules)

    def start(self, x: np.ndarray) -> Slot:
        return Slot(parts=tuple([rule.start(x) for rule in self.rules]))

    def advance(self, slot: Slot) -> None:
        slot.count += 1
        slot.ready = True
        for rule, part in zip(self.rules, slot.parts):
            rule.advance(part)
            if not part.ready:
                slot.ready = False
                return

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        self._apply(self.rules, x, dx, slot)

    def _apply(self, rules: tuple, x: np.ndarray, dx: np.ndarray, slot: Slot) -> bool:
        for rule, part in zip(rules, slot.parts):
            rule.apply(x, dx, part)
            if not part.ready:
                return False
        return True

    def move(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        if self.rules and self._apply(self.rules[:-1], x, dx, slot):
            self.rules[-1].move(x, dx, slot.parts[-1])
        elif not self.rules:
            x -= dx

    def apply_all(self, entries: list[Entry]) -> None:
        self._apply_all(self.rules, entries)

    def _apply_all(self, rules: tuple, entries: list[Entry]) -> list[Entry]:
        for _, _, slot in entries:
            slot.count += 1
            slot.ready = True
        for i, rule in enumerate(rules):
            rule.apply_all([(x, dx, slot.parts[i]) for x, dx, slot in entries])
            for _, _, slot in entries:
                slot.ready = slot.parts[i].ready
            entries = [entry for entry in entries if entry[2].ready]
        return entries

    def move_all(self, entries: list[Entry]) -> None:
        entries = self._apply_all(self.rules[:-1], entries)
        self.rules[-1].move_all([(x, dx, slot.parts[-1]) for x, dx, slot in entries])
        for _, _, slot in entries:
            slot.ready = slot.parts[-1].ready

    def average(self, x: np.ndarray, slot: Slot) -> np.ndarray | None:
        return self.rules[-1].average(x, slot.parts[-1]) if self.rules else None


@dataclass(eq=False)
class AccumGrad(UpdateRule):
    """The mean of `n` gradients, then one step; no step in between.  Comes first in a chain."""

    n: int = 4

    def start(self, x: np.ndarray) -> Slot:
        return Slot(mean=np.zeros_like(x))

    def advance(self, slot: Slot) -> None:
        slot.count += 1
        slot.ready = slot.count % self.n == 0

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        dx *= 1 / self.n
        slot.mean += dx
        if slot.ready:
            dx[...] = slot.mean
            slot.mean[...] = 0


@dataclass(eq=False)
class MixedPrecision(Wrapper):
    """The rule works on a copy of each array in more digits, of which the array is the rounding.

    `dtype` is that of the copies.  Steps too small for the array's own digits are not lost.
    """

    rule: UpdateRule
    dtype: Any = np.float32

    def start(self, x: np.ndarray) -> Slot:
        long = x.astype(np.result_type(self.dtype, 0j) if x.dtype.kind == "c" else self.dtype)
        return Slot(long=long, step=np.empty_like(long), inner=self.rule.start(long))

    def enter(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> Entry:
        slot.step[...] = dx
        return slot.long, slot.step, slot.inner

    def leave(self, x: np.ndarray, slot: Slot) -> None:
        x[...] = slot.long


class Scheduler(UpdateRule):
    """The rule with hyperparameters that depend on the step: `Scheduler(Adam(), eta=Exp(0.1, 0.9))`.

    A schedule is any function of the number of the step, which counts from 1 for each array.
    """

    def __init__(self, rule: UpdateRule, **schedules: Callable[[int], Any]) -> None:
        super().__init__()
        self.rule, self.schedules = rule, schedules
        self.holders = [(holder, name) for name in schedules for holder in holders(rule, name)]
        self.set(1)

    def __repr__(self) -> str:
        return f"Scheduler({self.rule}, {', '.join(f'{n}={s}' for n, s in self.schedules.items())})"

    def blockwise(self, slot: Slot) -> bool:
        return self.rule.blockwise(slot.inner)

    @property
    def together(self) -> bool:
        return self.rule.together

    def inside(self) -> Iterator[UpdateRule]:
        yield self.rule

    def start(self, x: np.ndarray) -> Slot:
        return Slot(inner=self.rule.start(x))

    def set(self, count: int) -> None:
        """Give the rule the hyperparameters of a step."""
        values = {name: schedule(count) for name, schedule in self.schedules.items()}
        for holder, name in self.holders:
            setattr(holder, name, values[name])

    def advance(self, slot: Slot) -> None:
        slot.count += 1
        self.set(slot.count)
        self.rule.advance(slot.inner)
        slot.ready = slot.inner.ready

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        self.rule.apply(x, dx, slot.inner)

    def move(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        self.rule.move(x, dx, slot.inner)

    def apply_all(self, entries: list[Entry]) -> None:
        self._all(self.rule.apply_all, entries)

    def move_all(self, entries: list[Entry]) -> None:
        self._all(self.rule.move_all, entries)

    def _all(self, run: Callable[[list[Entry]], None], entries: list[Entry]) -> None:
        """Rules that see all arrays at once are at the step of the one that has made the most."""
        for _, _, slot in entries:
            slot.count += 1
        self.set(max([slot.count for _, _, slot in entries], default=1))
        run([(x, dx, slot.inner) for x, dx, slot in entries])
        for _, _, slot in entries:
            slot.ready = slot.inner.ready

    def average(self, x: np.ndarray, slot: Slot) -> np.ndarray | None:
        return self.rule.average(x, slot.inner)


@dataclass(eq=False)
class SkipNotFinite(Wrapper):
    """The rule, except where a gradient has a NaN or an infinity: then no array moves.

    `skipped` counts such updates in a row; more than `limit` of them raise NonFiniteError.
    """

    together = True  # pyright: ignore

    rule: UpdateRule
    limit: int = 5
    skipped: int = field(default=0, init=False)

    def move_all(self, entries: list[Entry]) -> None:
        if all(is_finite(dx) for _, dx, _ in entries):
            self.skipped = 0
            super().move_all(entries)
            return
        self.skipped += 1
        for _, _, slot in entries:
            slot.ready = False
        if self.skipped > self.limit:
            raise ad.NonFiniteError(
                f"{self.skipped} updates in a row had gradients that are not finite",
                hint="Find where it begins with `with ad.nan_check():`, or lower eta.",
            )


def is_finite(x: np.ndarray) -> bool:
    """Is every entry?  The sum tells, if it does not overflow; no array is made."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.sum(x))) or bool(np.isfinite(x).all())


class Partition(UpdateRule):
    """Different rules for different arrays: `rules[label(x)]`.  Where the label is None, or the rule,
    the array is left alone.

        Partition(parts(body=model[:2], head=model[2]), {"body": Descent(0.01), "head": Adam()})
        Partition(lambda x: x.ndim == 2, {True: Muon(), False: Adam()})

    Raises KeyError for a label that has no rule.
    """

    def __init__(
        self, label: Callable[[np.ndarray], Any], rules: dict[Any, UpdateRule | None]
    ) -> None:
        super().__init__()
        self.label, self.rules = label, rules

    def __repr__(self) -> str:
        return f"Partition({getattr(self.label, '__name__', self.label)}, {self.rules})"

    def blockwise(self, slot: Slot) -> bool:
        rule = self.of(slot)
        return rule is not None and rule.blockwise(slot.inner)

    @property
    def together(self) -> bool:
        return any(rule.together for rule in self.inside())

    def inside(self) -> Iterator[UpdateRule]:
        return iter([rule for rule in self.rules.values() if rule is not None])

    def start(self, x: np.ndarray) -> Slot:
        label = self.label(x)
        if label is not None and label not in self.rules:
            known = ", ".join(map(repr, self.rules))
            raise KeyError(f"the label {label!r} has no rule: there are {known}")
        rule = self.rules.get(label)
        return Slot(label=label, inner=Slot() if rule is None else rule.start(x))

    def of(self, slot: Slot) -> UpdateRule | None:
        """The rule of an array."""
        return self.rules.get(slot.label)

    def advance(self, slot: Slot) -> None:
        rule = self.of(slot)
        if rule is not None:
            rule.advance(slot.inner)
        slot.ready = rule is not None and slot.inner.ready

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        rule = self.of(slot)
        if rule is not None:
            rule.apply(x, dx, slot.inner)

    def move(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        rule = self.of(slot)
        if rule is not None:
            rule.move(x, dx, slot.inner)

    def apply_all(self, entries: list[Entry]) -> None:
        self._all("apply_all", entries)

    def move_all(self, entries: list[Entry]) -> None:
        self._all("move_all", entries)

    def _all(self, name: str, entries: list[Entry]) -> None:
        groups: dict[int, tuple[UpdateRule, list[Entry]]] = {}
        for x, dx, slot in entries:
            rule = self.of(slot)
            slot.ready = rule is not None
            if rule is not None:
                groups.setdefault(id(rule), (rule, []))[1].append((x, dx, slot.inner))
        for rule, group in groups.values():
            getattr(rule, name)(group)
        for _, _, slot in entries:
            slot.ready = slot.ready and slot.inner.ready

    def average(self, x: np.ndarray, slot: Slot) -> np.ndarray | None:
        rule = self.of(slot)
        return None if rule is None else rule.average(x, slot.inner)


class parts:
    """A label by which part of a model an array is in: `parts(body=model[:2], head=model[2])`.

    None for an array that is in none of them; of an array in several, the first.
    """

    def __init__(self, **models: Any) -> None:
        self._labels = IdentityMap()
        for name, model in models.items():
            for x in ad.params(model):
                if self._labels.get(x) is None:
                    self._labels[x] = name

    def __call__(self, x: np.ndarray) -> str | None:
        return self._labels.get(x)


def masked(rule: UpdateRule, chosen: Callable[[np.ndarray], bool]) -> Partition:
    """The rule for the arrays of which `chosen(x)` is true; the others are left alone."""
    return Partition(lambda x: bool(chosen(x)), {True: rule, False: None})
