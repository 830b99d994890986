"""The adjoint equation of an initial value problem, solved: the numbers behind `integrate_ode`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import integrate

from adjoint.errors import MissingRuleError
from adjoint.rules.dispatch import apply_rule
from adjoint.rules.pushing import push_rule
from adjoint.rules.registry import nondifferentiable
from adjoint.rules.scipy.results import inner
from adjoint.tree import accumulate

STIFF = ("LSODA", "BDF", "Radau")
RTOL = 1e-6  # the largest relative tolerance that derivatives are computed to
SPAN = 30.0  # how far, in time scales of the equation, an explicit method is the quicker one
NODES, WEIGHTS = np.polynomial.legendre.leggauss(4)


class Solver(NamedTuple):
    """How a problem is to be solved."""

    method: Any
    rtol: float
    atol: Any
    max_step: float

    def closer(self) -> Solver:
        """Other tolerances, as small as derivatives ask for."""
        rtol = min(float(np.min(self.rtol)), RTOL)
        return self._replace(rtol=rtol, atol=self.atol * (rtol / np.max(self.rtol)))


def solution(f: Callable, t0: float, t1: float, y0: Any, solver: Solver, **options: Any) -> Any:
    """What `solve_ivp` gives, if it comes to the end."""
    found = integrate.solve_ivp(
        f, (t0, t1), y0, method=solver.method if solver.method in STIFF else "DOP853",
        rtol=solver.rtol, atol=solver.atol, max_step=solver.max_step, **options,
    )  # fmt: skip
    if found.status != 0:
        raise MissingRuleError(
            f"the derivative of an initial value problem could not be computed: {found.message}",
            hint="Ask for larger tolerances, or for the solution at earlier times.",
        )
    return found


def trajectory(f: Callable, y0: Any, t0: float, t1: float, solver: Solver) -> tuple[Any, Any]:
    """The solution as a function of the time, and the ends of the solver's steps."""
    found = solution(f, t0, t1, y0, solver, dense_output=True)
    return found.sol, found.t


@nondifferentiable
def solved_at(f: Callable, y0: Any, t0: float, ts: Any, solver: Solver) -> Any:
    """The states at the times ts, which begin at t0 or later and are in order."""
    if ts[-1] == t0:
        return np.stack([y0] * len(ts))
    solver = widened(solver.closer(), np.size(y0))
    found, _ = trajectory(f, y0, t0, ts[-1], solver)
    return np.stack([y0 if t == t0 else found(t) for t in ts])


def widened(solver: Solver, count: int) -> Solver:
    """With tolerances for tangents behind the states: these are of about the size of 1."""
    atol = np.ravel(solver.atol)
    if atol.size > 1:
        rest = np.full(count - atol.size, 1e-3 * solver.rtol)
        return solver._replace(atol=np.concatenate((atol, rest))[:count])
    return solver._replace(atol=min(float(atol[0]), 1e-3 * solver.rtol) if count else atol)


@nondifferentiable
def size_of_tangents(dots: tuple, ys: Any, f: Callable, y0: Any, t0: Any, ts: Any) -> float:
    """About how large the tangents of the states become, so that they can be scaled to about 1."""
    f_dot, y0_dot, t0_dot, _ = dots
    size = 0.0 if y0_dot is None else np.max(np.abs(y0_dot), initial=0.0)
    if t0_dot is not None:
        size = max(size, abs(t0_dot) * np.max(np.abs(f(t0, y0)), initial=0.0))
    if f_dot is not None:
        for i in np.unique(np.linspace(0, len(ts) - 1, 9).astype(int)):
            change = push_rule(f, (f_dot, None, None, {}), ts[i], ys[i])[1]
            if change is not None:
                size = max(size, abs(ts[-1] - t0) * np.max(np.abs(change), initial=0.0))
    return float(size) if np.isfinite(size) and size > 0 else 1.0


def adjoint_pass(
    ys_bar: Any, ys: Any, f: Callable, y0: Any, t0: float, ts: Any, solver: Solver
) -> tuple:
    """The cotangents of f, y0, t0 and ts."""
    ts_bar = np.array([inner(bar, f(t, y)) for bar, t, y in zip(ys_bar, ts, ys, strict=True)])
    scale = float(np.max(np.abs(ys_bar), initial=0.0))
    if scale == 0 or not np.isfinite(scale):
        return None, np.sum(ys_bar, axis=0), 0.0 * scale, ts_bar
    solver = solver.closer()
    adjoint_solver = solver._replace(atol=1e-3 * solver.rtol)
    y_at, steps = (None, ts) if ts[-1] == t0 else trajectory(f, y0, t0, ts[-1], solver)
    multipliers, f_bar = np.zeros_like(ys_bar[0]), None

    def backwards(t: float, multipliers: Any) -> Any:
        bar = apply_rule(f, (1,), t, y_at(t))[1](multipliers)[2]
        return np.zeros_like(multipliers) if bar is None else -bar

    samples = np.linspace(t0, ts[-1], 5) if solver.method in STIFF else ()
    rate = max((speed(backwards, t, np.size(y0)) for t in samples), default=0.0)
    used = [i for i in range(len(ts)) if np.any(ys_bar[i])]  # of the others nothing is added
    for i, previous in zip(reversed(used), [*reversed(used[:-1]), None], strict=True):
        multipliers = multipliers + ys_bar[i] / scale
        t, before = ts[i], t0 if previous is None else ts[previous]
        if t == before:
            continue
        stiff = solver.method in STIFF and rate * abs(t - before) > SPAN
        # Methods of one step, as each segment is a beginning.
        own = adjoint_solver._replace(method="Radau" if stiff else "DOP853")
        found = solution(backwards, t, before, multipliers, own, dense_output=True)
        multipliers = found.y[:, -1]
        for time, weight in nodes(before, t, steps, found.t):
            pullback = apply_rule(f, ("callee",), time, y_at(time))[1]
            f_bar = accumulate(f_bar, pullback(weight * scale * found.sol(time))[0])
    y0_bar = scale * multipliers
    return f_bar, y0_bar, -inner(y0_bar, f(t0, y0)), ts_bar


def speed(backwards: Callable, t: float, count: int) -> float:
    """About the largest rate at which multipliers grow or decay, by a few steps of a power iteration."""
    rate, direction = 0.0, np.cos(np.arange(count))
    for _ in range(4):
        size = np.linalg.norm(direction)
        if not size > 0:
            break
        direction = backwards(t, direction / size)
        rate = max(rate, float(np.linalg.norm(direction)))
    return rate


def nodes(start: float, end: float, *steps: Any) -> Iterator[tuple[float, float]]:
    """The points and weights of Gauß-Legendre quadrature from start to end, between all these steps."""
    low, high = min(start, end), max(start, end)
    inside = np.concatenate([s[(s > low) & (s < high)] for s in steps])
    ends = np.unique(np.concatenate(([low, high], inside)))
    sign = 1.0 if end > start else -1.0
    for a, b in itertools.pairwise(ends):
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            yield 0.5 * (a + b) + 0.5 * (b - a) * node, sign * 0.5 * (b - a) * weight
