"""`scipy.optimize`: least squares, by the implicit function theorem (see `optimize_minima`).

The minimum of F(x) = ½ Σ C² ρ(rᵢ(x)² / C²) has ∇F = Jᵀ (ρ' r) = 0, and the derivative of that is the whole
Hessian, with the curvature of the residuals r, which the solvers themselves leave out.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize

from adjoint.rules.dispatch import apply_rule, pull_call
from adjoint.rules.implicit import refuse_globals
from adjoint.rules.pushing import push_rule
from adjoint.rules.registry import jvp_rule, nondifferentiable, rule, source_of
from adjoint.rules.scipy.optimize_solutions import at_bounds, optimal, solution
from adjoint.rules.scipy.results import held, known, known_unless, plain, with_values

LOSSES = ("linear", "soft_l1", "huber", "cauchy", "arctan")


def loss_of(z, loss):
    """ρ(z), ρ(0) = 0, ρ'(0) = 1."""
    if loss == "linear":
        return z
    if loss == "soft_l1":
        return 2 * (np.sqrt(1 + z) - 1)
    if loss == "huber":
        return np.where(z <= 1, z, 2 * np.sqrt(np.maximum(z, 1.0)) - 1)
    return np.log1p(z) if loss == "cauchy" else np.arctan(z)


def weight_of(z, loss):
    """ρ'(z)"""
    if loss == "linear":
        return np.ones_like(z)
    if loss == "soft_l1":
        return 1 / np.sqrt(1 + z)
    if loss == "huber":
        return 1 / np.sqrt(np.maximum(z, 1.0))
    return 1 / (1 + z) if loss == "cauchy" else 1 / (1 + z * z)


def least_slope(residuals, x, loss, scale):
    """Jᵀ (ρ' r)"""
    r, pullback = apply_rule(residuals, (0,), x)
    slope = pullback(weight_of((r / scale) ** 2, loss) * r)[1]
    return np.zeros_like(x) if slope is None else slope


def cost_slope(residuals, x, loss, scale):
    """`least_slope`, as one step: the residuals may read parameters."""
    return least_slope(residuals, x, loss, scale)


@rule(cost_slope, calls=True)
def _(residuals, x, loss, scale):
    slope = cost_slope(residuals, x, loss, scale)

    def pullback(slope_bar):
        return cost_curvature(slope_bar, residuals, x, loss, scale)

    return slope, pullback


def cost_curvature(slope_bar, residuals, x, loss, scale):
    """The cotangents of the residuals and x from that of the slope."""
    value, pullback = apply_rule(residuals, ("callee",), x)
    refuse_globals(pullback(np.ones_like(value))[0], "least squares")
    return pull_call(least_slope, (0, 1, 3), (residuals, x, loss, scale), {}, slope_bar)[1:5]


@jvp_rule(cost_slope)
def cost_slope_jvp(primals, tangents):
    return cost_slope(*primals), push_rule(least_slope, (None, *tangents, {}), *primals)[1]


source_of(cost_curvature)(cost_curvature)
source_of(loss_of)(loss_of)
source_of(weight_of)(weight_of)
source_of(least_slope)(least_slope)


@nondifferentiable
def pairs_of(bounds, count):
    """Bounds as `least_squares` takes them, as those of each unknown; None if there are none."""
    if isinstance(bounds, optimize.Bounds):
        return bounds
    low, high = (np.broadcast_to(np.asarray(b, float), (count,)) for b in bounds)
    unbounded = np.all(np.isinf(low)) and np.all(np.isinf(high))
    return None if unbounded else list(zip(low, high, strict=True))


@source_of(optimize.least_squares)
def _(
    fun, x0, jac="2-point", bounds=(-np.inf, np.inf), method="trf", ftol=1e-8, xtol=1e-8, gtol=1e-8,
    x_scale=None, loss="linear", f_scale=1.0, diff_step=None, tr_solver=None, tr_options=None,
    jac_sparsity=None, max_nfev=None, verbose=0, args=(), kwargs=None, callback=None, workers=None,
):  # fmt: skip
    found = plain(
        optimize.least_squares, fun, x0, jac, bounds, method, ftol, xtol, gtol, x_scale, loss, f_scale,
        diff_step, tr_solver, tr_options, jac_sparsity, max_nfev, verbose, args, kwargs, callback=callback,
        workers=workers,
    )  # fmt: skip
    held(bounds, "the bounds of least_squares")
    fixed, at, named = found.active_mask != 0, found.x, {} if kwargs is None else kwargs

    def residuals(x):
        return np.atleast_1d(np.asarray(fun(x, *args, **named)))

    def cost(x):
        return 0.5 * np.sum(loss_of((residuals(x) / f_scale) ** 2, loss)) * f_scale**2

    def equation(x):
        return np.where(fixed, x - at, cost_slope(residuals, x, loss, f_scale))

    x = solution(found.x, equation, "least_squares")
    x = known_unless(x, callable(loss), "least_squares with a loss=", "Use one of SciPy's.")
    values = (x, optimal(found.cost, cost, x), known(found.fun, residuals, x))
    return with_values(found, ("x", "cost", "fun"), values)


@source_of(optimize.curve_fit)
def _(
    f, xdata, ydata, p0=None, sigma=None, absolute_sigma=False, check_finite=None,
    bounds=(-np.inf, np.inf), method=None, jac=None, *, full_output=False, nan_policy=None, **kwargs,
):  # fmt: skip
    """The parameters and their covariance, with respect to what is fitted, sigma and what f captures."""
    found, covariance, *more = plain(
        optimize.curve_fit, f, xdata, ydata, p0, sigma, absolute_sigma, check_finite, bounds, method,
        jac, full_output=full_output, nan_policy=nan_policy, **kwargs,
    )  # fmt: skip
    count = np.size(found)
    fixed = at_bounds(found, pairs_of(held(bounds, "the bounds of curve_fit"), count))
    x = np.asarray(xdata) * 1.0 if isinstance(xdata, list | tuple | np.ndarray) else xdata
    y = np.asarray(ydata) * 1.0

    def residuals(p):
        r = np.reshape(f(x, *[p[i] for i in range(count)]) - y, (-1,))
        if sigma is None:
            return r
        deviations = np.asarray(sigma)
        if np.ndim(deviations) == 2 and np.size(deviations) > 1:
            return np.linalg.solve(np.linalg.cholesky(deviations), r)
        return r / np.reshape(deviations, (-1,))

    def equation(p):
        slope = cost_slope(residuals, p, "linear", 1.0)
        return slope if fixed is None else np.where(fixed, p - found, slope)

    def covariance_of(p):
        columns = [push_rule(residuals, (None, e, {}), p)[1] for e in np.eye(count)]
        jacobian = np.stack(columns, axis=1)
        inverse = np.linalg.inv(jacobian.T @ jacobian)
        if absolute_sigma:
            return inverse
        r = residuals(p)
        return inverse * (np.sum(r * r) / (np.size(r) - count))

    p = solution(found, equation, "curve_fit")
    p = known_unless(p, full_output, "curve_fit with full_output=", "Leave it out.")
    omits, losses = "curve_fit with nan_policy='omit'", "curve_fit with loss="
    p = known_unless(p, nan_policy == "omit", omits, "Leave NaNs out before.")
    p = known_unless(p, "loss" in kwargs, losses, "Use least_squares.")
    return p, known(covariance, covariance_of, p), *more


@source_of(optimize.nnls)
def _(A, b, *, maxiter=None, **atol):
    found, norm = plain(optimize.nnls, A, b, maxiter=maxiter, **atol)
    matrix, right, fixed = np.asarray(A), np.reshape(np.asarray(b), (-1,)), found == 0

    def equation(x):
        return np.where(fixed, x, matrix.T @ (matrix @ x - right))

    def distance(x):
        return np.linalg.norm(matrix @ x - right)

    x = solution(found, equation, "nnls")
    return x, known(norm, distance, x)


@source_of(optimize.lsq_linear)
def _(
    A, b, bounds=(-np.inf, np.inf), method="trf", tol=1e-10, lsq_solver=None, lsmr_tol=None,
    max_iter=None, verbose=0, *, lsmr_maxiter=None,
):  # fmt: skip
    found = plain(
        optimize.lsq_linear, A, b, bounds, method, tol, lsq_solver, lsmr_tol, max_iter, verbose,
        lsmr_maxiter=lsmr_maxiter,
    )  # fmt: skip
    held(bounds, "the bounds of lsq_linear")
    matrix, right, fixed, at = np.asarray(A), np.asarray(b), found.active_mask != 0, found.x

    def residuals(x):
        return matrix @ x - right

    def equation(x):
        return np.where(fixed, x - at, matrix.T @ residuals(x))

    def cost(x):
        return 0.5 * np.sum(residuals(x) ** 2)

    x = solution(found.x, equation, "lsq_linear")
    dense = isinstance(A, np.ndarray | list)
    x = known_unless(x, not dense, "lsq_linear of a sparse matrix", "Make it dense.")
    values = (x, optimal(found.cost, cost, x), known(found.fun, residuals, x))
    return with_values(found, ("x", "cost", "fun"), values)
