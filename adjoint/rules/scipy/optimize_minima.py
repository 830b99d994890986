"""`scipy.optimize`: minima, by the implicit function theorem.

∇f(x, θ) = 0 gives θ̄ = -(∂∇f/∂θ)ᵀ λ with ∇²f λ = x̄, whatever the method that found x, and of the value f̄ ∂f/∂θ
(envelope theorem). The gradient is the one that is given (`jac`), or our own, and its derivative is exact.
The first guess has no derivative. An unknown that is at a bound stays there: its derivative is zero; that
of the others is along the bounds (Fiacco 1976: it holds where the multiplier of the bound is not zero).
"""

from __future__ import annotations

import numpy as np
from scipy import optimize

from adjoint.rules.dispatch import apply_rule, pull_call
from adjoint.rules.implicit import refuse_globals
from adjoint.rules.pushing import push_rule
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule, source_of
from adjoint.rules.scipy.optimize_solutions import at_bounds, optimal, solution
from adjoint.rules.scipy.results import as_tuple, held, known_unless, plain, with_values


def slope_of(f, x):
    """The gradient of a function whose value is one number."""
    value, pullback = apply_rule(f, (0,), x)
    slope = pullback(np.ones(np.shape(value))[()])[1]
    return np.zeros_like(x) if slope is None else slope


def gradient_of(f, x):
    """`slope_of`, as one step: f may read parameters."""
    return slope_of(f, x)


@rule(gradient_of, calls=True)
def _(f, x):
    slope = gradient_of(f, x)

    def pullback(slope_bar):
        return curvature(slope_bar, f, x)

    return slope, pullback


def curvature(slope_bar, f, x):
    """The cotangents of f and x from that of ∇f(x)."""
    value, pullback = apply_rule(f, ("callee",), x)
    refuse_globals(pullback(np.ones(np.shape(value))[()])[0], "a minimum")
    return pull_call(slope_of, (0, 1), (f, x), {}, slope_bar)[1:3]


@jvp_rule(gradient_of)
def gradient_of_jvp(primals, tangents):
    return gradient_of(*primals), push_rule(slope_of, (None, *tangents, {}), *primals)[1]


source_of(slope_of)(slope_of)
source_of(curvature)(curvature)


@source_of(optimize.minimize)
def _(
    fun, x0, args=(), method=None, jac=None, hess=None, hessp=None, bounds=None, constraints=(),
    tol=None, callback=None, options=None,
):  # fmt: skip
    found = plain(
        optimize.minimize, fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, callback,
        options,
    )  # fmt: skip
    more, both = as_tuple(args), not callable(jac) and jac is True
    fixed, at = at_bounds(found.x, held(bounds, "the bounds of minimize")), found.x

    def objective(x):
        return fun(x, *more)[0] if both else fun(x, *more)

    def gradient(x):
        if both:
            return np.asarray(fun(x, *more)[1])
        return np.asarray(jac(x, *more)) if callable(jac) else gradient_of(objective, x)

    def equation(x):
        return gradient(x) if fixed is None else np.where(fixed, x - at, gradient(x))

    constrained = constraints is not None and constraints != () and constraints != []
    hint = (
        "Express the unknowns by free ones; or @adjoint.implicit, with the optimality conditions."
    )
    equation = known_unless(equation, constrained, "minimize with constraints=", hint)
    x = solution(found.x, equation, "minimize")
    return with_values(found, ("x", "fun"), (x, optimal(found.fun, objective, x)))


@source_of(optimize.minimize_scalar)
def _(fun, bracket=None, bounds=None, args=(), method=None, tol=None, options=None):
    found = plain(optimize.minimize_scalar, fun, bracket, bounds, args, method, tol, options)
    more = as_tuple(args)
    fixed = at_edge(found.x, held(bounds, "the bounds of minimize_scalar"), options)
    at = found.x

    def objective(x):
        return fun(x, *more)

    def equation(x):
        return x - at if fixed else gradient_of(objective, x)

    x = solution(found.x, equation, "minimize_scalar")
    return with_values(found, ("x", "fun"), (x, optimal(found.fun, objective, x)))


@nondifferentiable
def at_edge(x, bounds, options):
    """Is the minimum, which is sought between the bounds, as near to one as it is known? Then it is there."""
    if bounds is None:
        return False
    near = 2 * max(1e-5, (options or {}).get("xatol", 1e-5)) + 1e-7 * abs(x)
    return bool(x - bounds[0] < near or bounds[1] - x < near)
