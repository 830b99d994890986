"""L-BFGS, minimising with line searches, and gradients that look around."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import adjoint as ad
from adjoint.errors import NonFiniteError
from adjoint.optim.line_search import StrongWolfe
from adjoint.optim.rule import Entry, Slot, UpdateRule, norm, scratch
from adjoint.optim.state import State, gathered, setup


@dataclass(eq=False)
class LBFGS(UpdateRule):
    """x ← x - eta · H x̄, H an inverse Hessian estimated from the last `memory` steps.

    The two-loop recursion (Nocedal and Wright 2006, algorithm 7.4) over all arrays together, from
    H₀ = sᵀy / yᵀy of the last step.  The first step has the 1-norm of at most eta.  Steps along which
    the gradient did not grow are not remembered.  It is for gradients without noise; with a line
    search: `minimise(loss, model, LBFGS())`.
    """

    together = True

    eta: float = 1.0
    memory: int = 10

    def start(self, x: np.ndarray) -> Slot:
        if x.dtype.kind == "c":
            raise TypeError("L-BFGS is for real arrays: hold the real and imaginary parts as two")
        history = {name: np.zeros((self.memory, *x.shape), x.dtype) for name in ("s", "y")}
        return Slot(x=x.copy(), bar=np.zeros_like(x), length=0, newest=-1, **history)

    def apply_all(self, entries: list[Entry]) -> None:
        slots = [slot for _, _, slot in entries]
        for slot in slots:
            self.advance(slot)
        if len({(slot.count, slot.length, slot.newest) for slot in slots}) > 1:
            raise ValueError("L-BFGS has to move the same arrays at every step")
        if not slots:
            return
        if slots[0].count > 1:
            self.remember(entries)
        for x, dx, slot in entries:
            slot.x[...], slot.bar[...] = x, dx
        self.multiply(entries)
        for _, dx, _ in entries:
            dx *= self.eta

    def remember(self, entries: list[Entry]) -> None:
        """Keep the last step and the change of the gradient along it, if the loss curves up there."""
        slots = [slot for _, _, slot in entries]
        at = (slots[0].newest + 1) % self.memory
        for x, dx, slot in entries:  # into the place of the oldest: it is the next to go anyway
            np.subtract(x, slot.x, out=slot.x)
            np.subtract(dx, slot.bar, out=slot.bar)
        curvature = sum(dot(slot.x, slot.bar) for slot in slots)
        bars = sum(dot(slot.bar, slot.bar) for slot in slots)
        if curvature > np.finfo(slots[0].x.dtype).eps * bars:
            for slot in slots:
                slot.s[at], slot.y[at] = slot.x, slot.bar
                slot.newest, slot.length = at, min(slot.length + 1, self.memory)

    def multiply(self, entries: list[Entry]) -> None:
        """dx ← H dx"""
        first = entries[0][2]
        order = [(first.newest - i) % self.memory for i in range(first.length)]
        if not order:
            total = sum(float(np.sum(np.abs(dx, out=scratch(dx)))) for _, dx, _ in entries)
            for _, dx, _ in entries:
                dx *= min(1.0, 1.0 / total) if total else 1.0
            return
        curvatures = {i: sum(dot(slot.s[i], slot.y[i]) for _, _, slot in entries) for i in order}
        alphas = {}
        for i in order:
            alphas[i] = sum(dot(slot.s[i], dx) for _, dx, slot in entries) / curvatures[i]
            for _, dx, slot in entries:
                dx -= np.multiply(slot.y[i], alphas[i], out=scratch(dx))
        newest = order[0]
        size = sum(dot(slot.y[newest], slot.y[newest]) for _, _, slot in entries)
        for _, dx, _ in entries:
            dx *= curvatures[newest] / size
        for i in reversed(order):
            beta = sum(dot(slot.y[i], dx) for _, dx, slot in entries) / curvatures[i]
            for _, dx, slot in entries:
                dx += np.multiply(slot.s[i], alphas[i] - beta, out=scratch(dx))

    def forget(self, slot: Slot) -> None:
        """Begin again: the next step is along the gradient."""
        slot.count = slot.length = 0
        slot.newest = -1


def dot(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.vdot(x, y))


class Minimum(NamedTuple):
    """What `minimise` found.  gradient_norm: the greatest entry of the gradient, in absolute value."""

    value: float
    steps: int
    evaluations: int
    gradient_norm: float
    converged: bool
    message: str


def minimise(
    loss: Callable[[Any], Any],
    model: Any,
    rule: UpdateRule | None = None,
    *,
    line_search: Callable | None = None,
    steps: int = 100,
    tolerance: float = 1e-6,
    callback: Callable[[int, float], Any] | None = None,
) -> Minimum:
    """Move the arrays of `model` in place to a minimum of `loss(model)`, one number.

    rule: gives the directions; LBFGS by default.  line_search: `StrongWolfe()` by default, or
    `Backtracking()`, how far to go along them; each of its tries costs a value and gradient.
    tolerance: it has converged when no entry of the gradient is greater.  callback: called with the
    number of the step and the value behind it; a true result stops.

    Raises NonFiniteError if the loss is not finite where it begins.

    >>> x = np.array([-1.2, 1.0])
    >>> result = minimise(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, x)
    >>> result.converged, np.round(x, 5)
    (True, array([1., 1.]))
    """
    state = setup(rule or LBFGS(), model)
    search = line_search or StrongWolfe()
    value, found = evaluate(loss, model)
    if not math.isfinite(value):
        raise NonFiniteError(f"the loss is {value} where the minimisation begins")
    evaluations, message = 1, f"{steps} steps did not suffice"
    step, again = 0, False
    while step < steps and largest(found) > tolerance:
        line = Line(loss, model, found, directions(state, found))
        t = search(line, value, line.slope(found), 1.0) if line.slope(found) < 0 else 0.0
        evaluations += len(line.seen)
        line.go(t)
        if t:
            (value, found), again = line.seen[t], False
            step += 1
            if callback is not None and callback(step, value):
                message = "the callback stopped it"
                break
        elif again or not isinstance(state.rule, LBFGS):
            message = "no step along the direction makes the loss smaller"
            break
        else:  # what was remembered misleads: once more, along the gradient
            again = True
            for _, leaf in state.leaves.items():
                state.rule.forget(leaf.slot)
    size = largest(found)
    converged = size <= tolerance
    return Minimum(value, step, evaluations, size, converged, "converged" if converged else message)


class Line:
    """The loss along a direction: `line(t)` goes there and gives the value and the slope."""

    def __init__(self, loss: Callable, model: Any, found: list, moves: list[np.ndarray]) -> None:
        self.loss, self.model, self.moves = loss, model, moves
        self.starts = [(x, x.copy()) for x, _ in found]
        self.seen: dict[float, tuple[float, list]] = {}

    def __call__(self, t: float) -> tuple[float, float]:
        self.go(t)
        value, found = self.seen[t] = evaluate(self.loss, self.model)
        return value, self.slope(found)

    def go(self, t: float) -> None:
        """Put the arrays t steps along."""
        for (x, start), dx in zip(self.starts, self.moves):
            x[...] = start - t * dx if t else start

    def slope(self, found: list) -> float:
        return -sum(real_dot(x_bar, dx) for (_, x_bar), dx in zip(found, self.moves))


def evaluate(loss: Callable, model: Any) -> tuple[float, list[tuple[np.ndarray, np.ndarray]]]:
    """The value, and the arrays with their gradients, each once."""
    value, (model_bar,) = ad.value_and_gradient(loss, model)
    return float(value), gathered(model, model_bar)


def directions(state: State, found: list[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """What the rule would subtract from each array, which stays where it is."""
    entries = [(x, np.array(x_bar, x.dtype), state.leaf(x).slot) for x, x_bar in found]
    state.rule.apply_all(entries)
    return [dx for _, dx, _ in entries]


def largest(found: list[tuple[np.ndarray, np.ndarray]]) -> float:
    return max([float(np.max(np.abs(x_bar), initial=0)) for _, x_bar in found], default=0.0)


def real_dot(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.vdot(x, y).real)


def sharpness_aware(loss: Callable, model: Any, *args: Any, rho: float = 0.05) -> tuple[float, Any]:
    """`(value, gradient)`: the loss at the model, and its gradient `rho` uphill (Foret et al. 2021, eq. 2-3).

    The gradient is with respect to the model and is for `update`; it is taken at x + rho · x̄ / ‖x̄‖, all
    arrays together, and the arrays are put back exactly.  It costs two gradients.
    """
    value, grads = ad.value_and_gradient(loss, model, *args)
    found = [(x, x.copy(), x_bar) for x, x_bar in gathered(model, grads[0])]
    length = math.hypot(*[norm(x_bar) for _, _, x_bar in found])
    if not length:
        return value, grads[0]
    try:
        for x, _, x_bar in found:
            x += (rho / length) * x_bar
        return value, ad.gradient(loss, model, *args)[0]
    finally:
        for x, before, _ in found:
            x[...] = before
