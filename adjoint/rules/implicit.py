"""Solutions of equations, by the implicit function theorem.

f(x, θ) = 0 gives θ̄ = -(∂f/∂θ)ᵀ λ with (∂f/∂x)ᵀ λ = x̄, whatever the method that found x.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.errors import AdjointError, MissingRuleError
from adjoint.rules import dispatch
from adjoint.rules.dispatch import apply_rule
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.text import vanishes
from adjoint.tree import RootTangent


def scalar_root_cotangents(x_bar, f, x, args, solver=None):
    """The cotangents of f (of what it captures) and of its further arguments, by a root of f: a number,
    or an array each entry of which is the root of a function of its own."""
    y, pullback = apply_rule(f, ("callee", 0, "*"), x, *args)
    slope = pullback(np.ones_like(x))[1]
    if solver is not None:
        check_solved(solver, x, y, np.diag(np.reshape(slope * np.ones_like(x), (-1,))))
    f_bar, _, *args_bar = pullback(-x_bar / slope)[:-1]
    return f_bar, tuple(args_bar)


def root_cotangents(x_bar, f, x, args, solver=None):
    """The same of a system of as many equations as unknowns, in any shape: ∂f/∂x by rows.

    What a named solver has found is refused if it is far from a root.
    """
    y, pullback = apply_rule(f, ("callee", 0, "*"), x, *args)
    count, shape = np.size(y), np.shape(y)
    rows = [np.reshape(pullback(np.reshape(e, shape))[1], (-1,)) for e in np.eye(count)]
    if solver is not None:
        check_solved(solver, x, y, np.stack(rows))
    multipliers = np.linalg.solve(np.stack(rows).T, np.reshape(x_bar, (-1,)))
    f_bar, _, *args_bar = pullback(np.reshape(-multipliers, shape))[:-1]
    return f_bar, tuple(args_bar)


@nondifferentiable
def check_solved(solver, x, y, jacobian):
    """Raises if a step of Newton's method would still lead far away."""
    step = np.linalg.solve(jacobian, np.reshape(y, (-1,)))
    if not np.max(np.abs(step), initial=0.0) <= 1e-2 * (1 + np.max(np.abs(x), initial=0.0)):
        raise AdjointError(
            f"{solver} did not come to a solution, so that it has no derivative",
            hint="Look at the message of its result; begin nearer, or allow for more iterations.",
        )


source_of(scalar_root_cotangents)(scalar_root_cotangents)
source_of(root_cotangents)(root_cotangents)


def implicit(residual: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`@implicit(residual)` above `solve`: what `solve(*args)` gives is a root x of
    `residual(x, *args) == 0`, and has its derivative by that equation.

    The solver is called as it stands and may do anything: iterate, call other libraries, stop when it is
    near enough. x is an array (or a number), and the residual has as many entries as x. Of a minimum the
    residual is the gradient. The derivative is right as far as the residual is zero; with respect to
    what the solver only begins with, it is zero. Arguments are given by position. (Implicit function
    theorem: ∂x/∂θ = -(∂f/∂x)⁻¹ ∂f/∂θ.)

    Raises `numpy.linalg.LinAlgError` where ∂f/∂x is singular.
    """

    def decorate(solve: Callable[..., Any]) -> Callable[..., Any]:
        def text(*args):
            x = solve(*args)

            def pullback(x_bar):
                return implicit_cotangents(x_bar, residual, x, args)

            return x, pullback

        text.__module__ = solve.__module__  # it is a rule of the user's
        rule(solve, calls=True)(text)
        return solve

    return decorate


def implicit_cotangents(x_bar, residual, x, args):
    residual_bar, args_bar = root_cotangents(x_bar, residual, x, args)
    refuse_globals(residual_bar, "a solver by its residual")
    return args_bar


@nondifferentiable
def refuse_globals(bar, what):
    """Raises if parameters that a function reads from the globals (`params`) have a cotangent."""
    read = isinstance(bar, RootTangent) and dispatch.reads_parameters()
    if read and not vanishes([b for _, b in bar.roots.values()]):
        raise MissingRuleError(
            f"no derivative of {what} is known with respect to arrays that are read from the globals",
            hint="Pass them as arguments, and differentiate by these: gradient(f, *args).",
        )


source_of(implicit_cotangents)(implicit_cotangents)
