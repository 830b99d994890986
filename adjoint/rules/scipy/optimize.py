"""`scipy.optimize`: roots, by the implicit function theorem.

f(x, θ) = 0 gives θ̄ = -(∂f/∂θ)ᵀ λ with (∂f/∂x)ᵀ λ = x̄, whatever the method that found x. θ are the `args`
and what the function captures; the bracket or the first guess has no derivative: the root is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

from adjoint.errors import MissingRuleError
from adjoint.rules.implicit import root_cotangents, scalar_root_cotangents
from adjoint.rules.registry import nondifferentiable, rule

RTOL = 4 * np.finfo(float).eps


@nondifferentiable
def check_plain(name: str, full_output: Any) -> None:
    if full_output:
        raise MissingRuleError(
            f"no derivative is known for scipy.optimize.{name} with full_output",
            hint="Without it the root alone is given.",
        )


@rule(optimize.brentq)
def brentq(f, a, b, args=(), xtol=2e-12, rtol=RTOL, maxiter=100, full_output=False, disp=True):
    x = optimize.brentq(f, a, b, args, xtol, rtol, maxiter, full_output, disp)

    def pullback(x_bar):
        check_plain("brentq", full_output)
        f_bar, args_bar = scalar_root_cotangents(x_bar, f, x, args)
        return f_bar, None, None, args_bar

    return x, pullback


@rule(optimize.brenth)
def brenth(f, a, b, args=(), xtol=2e-12, rtol=RTOL, maxiter=100, full_output=False, disp=True):
    x = optimize.brenth(f, a, b, args, xtol, rtol, maxiter, full_output, disp)

    def pullback(x_bar):
        check_plain("brenth", full_output)
        f_bar, args_bar = scalar_root_cotangents(x_bar, f, x, args)
        return f_bar, None, None, args_bar

    return x, pullback


@rule(optimize.bisect)
def bisect(f, a, b, args=(), xtol=2e-12, rtol=RTOL, maxiter=100, full_output=False, disp=True):
    x = optimize.bisect(f, a, b, args, xtol, rtol, maxiter, full_output, disp)

    def pullback(x_bar):
        check_plain("bisect", full_output)
        f_bar, args_bar = scalar_root_cotangents(x_bar, f, x, args)
        return f_bar, None, None, args_bar

    return x, pullback


@rule(optimize.ridder)
def ridder(f, a, b, args=(), xtol=2e-12, rtol=RTOL, maxiter=100, full_output=False, disp=True):
    x = optimize.ridder(f, a, b, args, xtol, rtol, maxiter, full_output, disp)

    def pullback(x_bar):
        check_plain("ridder", full_output)
        f_bar, args_bar = scalar_root_cotangents(x_bar, f, x, args)
        return f_bar, None, None, args_bar

    return x, pullback


@rule(optimize.newton)
def newton(
    func,
    x0,
    fprime=None,
    args=(),
    tol=1.48e-08,
    maxiter=50,
    fprime2=None,
    x1=None,
    rtol=0.0,
    full_output=False,
    disp=True,
):
    """Of an array of first guesses each entry is the root of a function of its own."""
    x = optimize.newton(func, x0, fprime, args, tol, maxiter, fprime2, x1, rtol, full_output, disp)

    def pullback(x_bar):
        check_plain("newton", full_output)
        f_bar, args_bar = scalar_root_cotangents(x_bar, func, x, args)
        return f_bar, None, None, args_bar

    return x, pullback


@rule(optimize.fsolve)
def fsolve(
    func,
    x0,
    args=(),
    fprime=None,
    full_output=0,
    col_deriv=0,
    xtol=1.49012e-08,
    maxfev=0,
    band=None,
    epsfcn=None,
    factor=100,
    diag=None,
):
    x = optimize.fsolve(
        func, x0, args, fprime, full_output, col_deriv, xtol, maxfev, band, epsfcn, factor, diag
    )

    def pullback(x_bar):
        check_plain("fsolve", full_output)
        f_bar, args_bar = root_cotangents(x_bar, func, x, args)
        return f_bar, None, args_bar

    return x, pullback
