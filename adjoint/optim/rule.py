"""What an update rule is, and where it keeps what it remembers."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np


class Slot:
    """What a rule remembers of one array: arrays of its shape, numbers, and slots of rules inside.

    count: the steps so far, this one included.  ready: does this step go on to move the array?
    """

    def __init__(self, **parts: Any) -> None:
        self.count = 0
        self.ready = True
        self.__dict__.update(parts)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __setattr__(self, name: str, value: Any) -> None: ...

    def __repr__(self) -> str:
        return f"Slot({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"

    def block(self, at: slice) -> Slot:
        """The same of a stretch of the flattened array; its arrays are views."""
        block = Slot.__new__(Slot)
        block.__dict__.update({name: _block(v, at) for name, v in self.__dict__.items()})
        return block


def _block(value: Any, at: slice) -> Any:
    if isinstance(value, np.ndarray):
        return value.reshape(-1)[at]
    if isinstance(value, Slot):
        return value.block(at)
    return tuple([_block(v, at) for v in value]) if isinstance(value, tuple) else value


Entry = tuple[np.ndarray, np.ndarray, Slot]
"""An array, what is to be taken from it (the gradient at first), and what is remembered of it."""


@dataclass(eq=False)
class UpdateRule:
    """Base of the rules: how one array moves along its gradient.

    A rule makes a slot for an array in `start`, counts in `advance`, and in `apply` turns the
    gradient into the step, in place: `x -= dx` follows.  Hyperparameters are attributes and may be
    assigned at any time: `rule.eta = 1e-4`.

    Where each entry of the step depends only on the same entry of everything (`elementwise`),
    `apply` sees large arrays a block at a time, so that all it needs stays in the processor's cache:
    it may change the slot's arrays; numbers change in `advance`.

    >>> from dataclasses import dataclass
    >>> @dataclass(eq=False)
    ... class Halving(UpdateRule):
    ...     eta: float = 1.0
    ...
    ...     def apply(self, x, dx, slot):
    ...         dx *= self.eta / 2**slot.count
    >>> x, rule = np.zeros(2), Halving()
    >>> from adjoint.optim import update
    >>> for _ in range(2):
    ...     update(rule, x, np.ones(2))
    >>> x
    array([-0.75, -0.75])
    """

    elementwise: ClassVar[bool] = True
    together: ClassVar[bool] = False  # does the step of one array depend on other arrays?

    state: Any = field(default=None, init=False, repr=False)  # of the arrays it updates by itself

    def start(self, x: np.ndarray) -> Slot:
        """The slot of an array that has not been updated yet."""
        return Slot()

    def advance(self, slot: Slot) -> None:
        """Change the slot's numbers, once before each step."""
        slot.count += 1

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        """Turn `dx` from the gradient into what is to be subtracted from `x`."""
        raise NotImplementedError(f"{type(self).__name__} says no `apply`")

    def move(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        """Move `x` one step."""
        self.apply(x, dx, slot)
        if slot.ready:
            x -= dx

    def apply_all(self, entries: list[Entry]) -> None:
        """`advance` and `apply` for all arrays of one update."""
        for x, dx, slot in entries:
            self.advance(slot)
            self.apply(x, dx, slot)

    def move_all(self, entries: list[Entry]) -> None:
        """`advance` and `move` for all arrays of one update."""
        self.apply_all(entries)
        for x, dx, slot in entries:
            if slot.ready:
                x -= dx

    def blockwise(self, slot: Slot) -> bool:
        """May this array be worked on a block at a time?"""
        return self.elementwise

    def told(self, target: Any, value: float | None, curvature: Any) -> None:
        """Before a step of all arrays `together`: what `update` was told besides the gradients."""

    def average(self, x: np.ndarray, slot: Slot) -> np.ndarray | None:
        """What evaluation should use instead of `x`; None if that is `x`."""
        return None

    def inside(self) -> Iterator[UpdateRule]:
        """The rules that this one is made of."""
        return iter(())


class Wrapper(UpdateRule):
    """Base of rules that let another rule, `rule`, move the array and then do something to it."""

    rule: UpdateRule

    def blockwise(self, slot: Slot) -> bool:
        return self.rule.blockwise(slot.inner)

    @property
    def together(self) -> bool:
        return self.rule.together

    def inside(self) -> Iterator[UpdateRule]:
        yield self.rule

    def start(self, x: np.ndarray) -> Slot:
        return Slot(inner=self.rule.start(x))

    def advance(self, slot: Slot) -> None:
        self.rule.advance(slot.inner)
        self.follow(slot)

    def follow(self, slot: Slot) -> None:
        """Count the step if the inner rule takes one."""
        slot.ready = slot.inner.ready
        slot.count += slot.ready

    def enter(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> Entry:
        """What the inner rule is to move, along what."""
        return x, dx, slot.inner

    def leave(self, x: np.ndarray, slot: Slot) -> None:
        """After the inner rule's step."""

    def move(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        self.rule.move(*self.enter(x, dx, slot))
        if slot.ready:
            self.leave(x, slot)

    def move_all(self, entries: list[Entry]) -> None:
        self.rule.move_all([self.enter(*entry) for entry in entries])
        for x, _, slot in entries:
            self.follow(slot)
            if slot.ready:
                self.leave(x, slot)

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        name = type(self).__name__
        raise TypeError(
            f"{name} moves the arrays itself, so no rule can follow it: put it last in the chain, "
            f"or around the chain: {name}(OptimiserChain(…))"
        )

    def average(self, x: np.ndarray, slot: Slot) -> np.ndarray | None:
        return self.rule.average(x, slot.inner)


# -- hyperparameters ---------------------------------------------------------------------------------


def hyperparameters(rule: UpdateRule) -> list[str]:
    """The names of the rule's own."""
    names = [f.name for f in fields(rule) if f.init]
    return [n for n in names if not isinstance(getattr(rule, n), UpdateRule)]


def everywhere(rule: UpdateRule) -> Iterator[UpdateRule]:
    """The rule and all rules inside it."""
    yield rule
    for inner in rule.inside():
        yield from everywhere(inner)


def holders(rule: UpdateRule, name: str) -> list[UpdateRule]:
    """Of the rule and the rules inside it, those that have this hyperparameter; at least one."""
    found = [r for r in everywhere(rule) if name in hyperparameters(r)]
    if not found:
        known = dict.fromkeys(n for r in everywhere(rule) for n in hyperparameters(r))
        raise TypeError(
            f"{rule} has no hyperparameter {name!r}; it has {', '.join(known) or 'none'}"
        )
    return found


def assign(rule: UpdateRule, values: dict[str, Any]) -> None:
    """Set hyperparameters of the rule, or of the rules inside it, wherever they are found."""
    found = {name: holders(rule, name) for name in values}
    for name, value in values.items():
        for holder in found[name]:
            setattr(holder, name, value)


# -- memory ------------------------------------------------------------------------------------------

BLOCK = 32768
"""Entries of a large array that are worked on at a time: a few arrays of them fit a level-2 cache."""

_pool = threading.local()


def scratch(like: np.ndarray, name: str = "a") -> np.ndarray:
    """An array of the same shape and dtype with anything in it, the same memory every time.

    Each thread has its own.  Two with the same name overlap.
    """
    return room(like.shape, like.dtype, name)


def room(shape: tuple[int, ...], dtype: np.dtype, name: str) -> np.ndarray:
    """`scratch` of a shape and dtype."""
    pool: dict[Any, np.ndarray] = _pool.__dict__
    key, size = (name, dtype.str), math.prod(shape)
    buffer = pool.get(key)
    if buffer is None or buffer.size < size:
        pool[key] = buffer = np.empty(size, dtype)
    return buffer[:size].reshape(shape)


# -- arithmetic in place -----------------------------------------------------------------------------


def squared(x: np.ndarray, out: np.ndarray) -> np.ndarray:
    """out ← |x|², entry by entry."""
    if x.dtype.kind == "c":
        np.conjugate(x, out=out)
        return np.multiply(x, out, out=out)
    return np.multiply(x, x, out=out)


def mix(mean: np.ndarray, decay: float, value: np.ndarray, out: np.ndarray) -> None:
    """mean ← decay · mean + (1 - decay) · value; `out` is scratch and may be `value`."""
    np.multiply(value, 1 - decay, out=out)
    mean *= decay
    mean += out


def norm(x: np.ndarray, order: float = 2) -> float:
    """The norm of the entries.  No array is made for order 2, unless squares overflow."""
    flat = x.reshape(-1)
    if order != 2:
        return float(np.linalg.norm(flat.astype(np.result_type(x, np.float32), copy=False), order))
    if x.dtype != np.float16:
        square = float(np.vdot(flat, flat).real)
        if square < math.inf:
            return math.sqrt(square)
    peak = float(np.max(np.abs(flat), initial=0))
    return peak * float(np.linalg.norm(flat / peak)) if 0 < peak < math.inf else peak


def global_norm(arrays: Iterable[np.ndarray]) -> float:
    """The joint 2-norm of arrays."""
    return math.hypot(*[norm(x) for x in arrays])


def floor_eps(eps: float, x: np.ndarray) -> float:
    """The eps, or what of it half precision can hold."""
    return max(eps, 1e-7) if x.dtype == np.float16 else eps
