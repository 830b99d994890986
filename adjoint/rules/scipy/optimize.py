"""`scipy.optimize`: roots, by the implicit function theorem.

f(x, θ) = 0 gives θ̄ = -(∂f/∂θ)ᵀ λ with (∂f/∂x)ᵀ λ = x̄, whatever the method that found x. θ are the `args`
and what the function captures; the bracket or the first guess has no derivative: the root is the same.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize

from adjoint.rules.implicit import check_solved, scalar_root_cotangents
from adjoint.rules.pushing import push_rule
from adjoint.rules.registry import jvp_rule, rule, source_of
from adjoint.rules.scipy import optimize_fits, optimize_minima  # noqa: F401  # they declare rules
from adjoint.rules.scipy.optimize_solutions import solution
from adjoint.rules.scipy.results import as_tuple, known_unless, plain, with_values

RTOL = 4 * np.finfo(float).eps


def declare_bracketed(solve):
    @source_of(solve)
    def _(f, a, b, args=(), xtol=2e-12, rtol=RTOL, maxiter=100, full_output=False, disp=True):
        found = plain(solve, f, a, b, args, xtol, rtol, maxiter, full_output, disp)
        more = as_tuple(args)

        def equation(x):
            return f(x, *more)

        return with_root(found, full_output, equation, solve.__name__)


for bracketed in (optimize.brentq, optimize.brenth, optimize.bisect, optimize.ridder):
    declare_bracketed(bracketed)


def with_root(found, full_output, equation, name):
    """The root, and what else there is beside it: a `RootResults`, or one of the root's fields."""
    if not full_output:
        return solution(found, equation, name)
    root = solution(found[0], equation, name)
    return root, with_values(found[1], ("root",), (root,))


@source_of(optimize.toms748)
def _(f, a, b, args=(), k=1, xtol=2e-12, rtol=RTOL, maxiter=100, full_output=False, disp=True):
    found = plain(optimize.toms748, f, a, b, args, k, xtol, rtol, maxiter, full_output, disp)
    more = as_tuple(args)

    def equation(x):
        return f(x, *more)

    return with_root(found, full_output, equation, "toms748")


# -- newton, whose unknowns may each have an equation of their own -----------------------------------------


def roots(found, f, solver):
    """`found`: a root of f, or an array of which each entry is the root of an equation of its own."""
    return found


@rule(roots, calls=True)
def _(found, f, solver):
    x = roots(found, f, solver)

    def pullback(x_bar):
        return roots_cotangents(x_bar, f, x, solver)

    return x, pullback


def roots_cotangents(x_bar, f, x, solver):
    return None, scalar_root_cotangents(x_bar, f, x, (), solver)[0]


source_of(roots_cotangents)(roots_cotangents)


@jvp_rule(roots)
def roots_jvp(primals, tangents):
    x = roots(*primals)
    f, solver = primals[1], primals[2]
    change = push_rule(f, (tangents[1], None, {}), x)[1]
    y, slope = push_rule(f, (None, np.ones_like(x), {}), x)
    check_solved(solver, x, y, np.diag(np.reshape(slope * np.ones_like(x), (-1,))))
    return x, None if change is None else -change / slope


@source_of(optimize.newton)
def _(
    func, x0, fprime=None, args=(), tol=1.48e-08, maxiter=50, fprime2=None, x1=None, rtol=0.0,
    full_output=False, disp=True,
):  # fmt: skip
    found = plain(
        optimize.newton, func, x0, fprime, args, tol, maxiter, fprime2, x1, rtol, full_output, disp
    )
    more = as_tuple(args)

    def equation(x):
        return func(x, *more)

    if not full_output:
        return roots(found, equation, "newton")
    root = roots(found[0], equation, "newton")
    several = "newton of arrays with full_output="
    root = known_unless(root, np.size(x0) > 1, several, "Leave it out.")
    if np.size(x0) > 1:
        return type(found)(root, *found[1:])
    return root, with_values(found[1], ("root",), (root,))


@source_of(optimize.root_scalar)
def _(
    f, args=(), method=None, bracket=None, fprime=None, fprime2=None, x0=None, x1=None, xtol=None,
    rtol=None, maxiter=None, options=None,
):  # fmt: skip
    found = plain(
        optimize.root_scalar, f, args, method, bracket, fprime, fprime2, x0, x1, xtol, rtol, maxiter,
        options,
    )  # fmt: skip
    more = as_tuple(args)
    several = is_true(fprime) or is_true(fprime2)  # f gives its derivatives as well

    def equation(x):
        return f(x, *more)[0] if several else f(x, *more)

    root = solution(found.root, equation, "root_scalar")
    return with_values(found, ("root",), (root,))


def is_true(jac):
    """Does a function give its derivatives beside its value? (`jac=True`)"""
    return jac is not None and not callable(jac) and not isinstance(jac, str) and bool(jac)


# -- systems ---------------------------------------------------------------------------------------------


@source_of(optimize.fsolve)
def _(
    func, x0, args=(), fprime=None, full_output=0, col_deriv=0, xtol=1.49012e-08, maxfev=0, band=None,
    epsfcn=None, factor=100, diag=None,
):  # fmt: skip
    """What `full_output` tells beside the root is constant: what remains of f, say, stays zero."""
    found = plain(
        optimize.fsolve, func, x0, args, fprime, full_output, col_deriv, xtol, maxfev, band, epsfcn,
        factor, diag,
    )  # fmt: skip
    more = as_tuple(args)

    def equation(x):
        return np.asarray(func(x, *more))

    if full_output:
        return solution(found[0], equation, "fsolve"), *found[1:]
    return solution(found, equation, "fsolve")


@source_of(optimize.root)
def _(fun, x0, args=(), method="hybr", jac=None, tol=None, callback=None, options=None):
    found = plain(optimize.root, fun, x0, args, method, jac, tol, callback, options)
    more, both = as_tuple(args), is_true(jac)

    def equation(x):
        return np.asarray(fun(x, *more)[0] if both else fun(x, *more))

    return with_values(found, ("x",), (solution(found.x, equation, "root"),), ("fun",))


@source_of(optimize.fixed_point)
def _(func, x0, args=(), xtol=1e-8, maxiter=500, method="del2"):
    found = plain(optimize.fixed_point, func, x0, args, xtol, maxiter, method)
    more = as_tuple(args)

    def equation(x):
        return func(x, *more) - x

    return solution(found, equation, "fixed_point")
