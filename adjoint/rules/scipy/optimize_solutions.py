"""What SciPy's solvers find, by the equation that it fulfils (implicit function theorem)."""

from __future__ import annotations

import numpy as np

from adjoint.rules.dispatch import apply_rule
from adjoint.rules.implicit import check_solved, root_cotangents
from adjoint.rules.pushing import push_rule
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule, source_of


def solution(found, f, solver):
    """`found` by a solver of this name, which is a root of f: as many equations as unknowns."""
    return found


@rule(solution, calls=True)
def _(found, f, solver):
    x = solution(found, f, solver)

    def pullback(x_bar):
        return solution_cotangents(x_bar, f, x, solver)

    return x, pullback


def solution_cotangents(x_bar, f, x, solver):
    return None, root_cotangents(x_bar, f, x, (), solver)[0]


def solution_tangent(f_dot, f, x, solver):
    """∂f/∂x ẋ = -ḟ. What is far from a solution is refused here as well."""
    change = push_rule(f, (f_dot, None, {}), x)[1]
    if change is None:
        return None
    y, pullback = apply_rule(f, (0,), x)
    rows = [np.reshape(pullback(np.reshape(e, np.shape(y)))[1], (-1,)) for e in np.eye(np.size(y))]
    check_solved(solver, x, y, np.stack(rows))
    return np.reshape(np.linalg.solve(np.stack(rows), -np.reshape(change, (-1,))), np.shape(x))


source_of(solution_cotangents)(solution_cotangents)
source_of(solution_tangent)(solution_tangent)


@jvp_rule(solution)
def solution_jvp(primals, tangents):
    x = solution(*primals)
    return x, solution_tangent(tangents[1], primals[1], x, primals[2])


def optimal(value, f, x):
    """`value`, which is f(x) where f has no slope (envelope theorem: that x moves does not matter)."""
    return value


@rule(optimal, calls=True)
def _(value, f, x):
    y = optimal(value, f, x)

    def pullback(y_bar):
        return optimal_cotangents(y_bar, f, x)

    return y, pullback


def optimal_cotangents(y_bar, f, x):
    _, pullback = apply_rule(f, ("callee",), x)
    return None, pullback(y_bar)[0]


source_of(optimal_cotangents)(optimal_cotangents)


@jvp_rule(optimal)
def optimal_jvp(primals, tangents):
    y = optimal(*primals)
    return y, push_rule(primals[1], (tangents[1], None, {}), primals[2])[1]


@nondifferentiable
def at_bounds(x, bounds):
    """Which unknowns are held by a bound; None without bounds."""
    if bounds is None:
        return None
    if hasattr(bounds, "lb"):
        low, high = bounds.lb, bounds.ub
    else:
        pairs = [
            (-np.inf if a is None else a, np.inf if b is None else b) for a, b in tuple(bounds)
        ]
        low, high = np.transpose(np.asarray(pairs, float))
    near = 1e-10 * (1 + np.abs(x))
    return (x <= low + near) | (x >= high - near)
