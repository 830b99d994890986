"""`scipy.interpolate`: tables, of one or several variables, and scattered data."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import interpolate
from scipy.interpolate import RBFInterpolator, RegularGridInterpolator, interp1d, make_interp_spline

from adjoint.errors import MissingRuleError
from adjoint.parts import declare_parts
from adjoint.rules.missing import constant
from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, flag, part, valued
from adjoint.rules.scipy.interpolate_polynomials import along_axis

BASE = next(cls for cls in interp1d.__mro__ if "__call__" in vars(cls))

declare_parts(interp1d, "x", "y")
declare_parts(RegularGridInterpolator, "grid", "values")
declare_parts(RBFInterpolator, "y", "d")

# -- of one variable ------------------------------------------------------------------------------------


@source_of(interp1d, apart=True, underived="fill_value")
def _(
    x, y, kind="linear", axis=-1, copy=True, bounds_error=None, fill_value=np.nan, assume_sorted=False
):  # fmt: skip
    made = computed(interp1d, x, y, kind, axis, copy, bounds_error, fill_value, assume_sorted)
    x, y = np.asarray(x), np.asarray(y)
    if not assume_sorted:
        order = np.argsort(x, kind="stable")
        x, y = x[order], np.take(y, order, axis=axis)
    return consisting_of(made, x, y)


@source_of(BASE.__call__)
def _(self, x):
    if isinstance(self, interp1d):
        return table_values(self, x)
    points, shape = self._prepare_x(x)
    return self._finish_y(self._evaluate(points), shape)


def table_values(self, x):
    return self(x)


@source_of(table_values, apart=True)
def _(self, x):
    exact = computed(BASE.__call__, self, x)
    x = np.asarray(x)
    axis = flag(self, "axis")
    y = np.moveaxis(part(self, "y"), axis, 0)
    values = table(self, part(self, "x"), y, np.reshape(x, (-1,)))
    values = np.reshape(values, np.shape(x) + np.shape(y)[1:])
    return valued(exact, along_axis(values, np.ndim(x), axis))


def table(self, x, y, points):
    kind = flag(self, "_kind")
    column = (-1,) + (1,) * (np.ndim(y) - 1)
    if kind == "linear":
        i = np.clip(np.searchsorted(x, points), 1, len(x) - 1)
        share = np.reshape((points - x[i - 1]) / (x[i] - x[i - 1]), column)
        values = (1 - share) * y[i - 1] + share * y[i]
    elif kind == "spline":
        values = make_interp_spline(x, y, degree_of(self), check_finite=False)(points)
    else:
        values = y[neighbours(self, points)]
    return np.where(np.reshape(filled(self, points), column), 0.0, values)


@nondifferentiable
def degree_of(self: Any) -> int:
    return self._spline.k


@nondifferentiable
def neighbours(self: Any, points: Any) -> Any:
    """The number of the datum that each point has as its value."""
    if "nearest" in self._kind:
        places = np.searchsorted(self.x_bds, points, side=self._side)
        return np.clip(places, 0, len(self.x) - 1)
    places = np.searchsorted(self._x_shift, points, side=self._side)
    return np.clip(places, 1 - self._ind, len(self.x) - self._ind) + self._ind - 1


@nondifferentiable
def filled(self: Any, points: Any) -> Any:
    """The points outside of the table that have a constant value."""
    below, above = points < self.x[0], points > self.x[-1]
    if self._extrapolate:
        return below & False
    if self._kind in ("previous", "next") and not self.bounds_error:
        # Extrapolation is to fill with the last datum, or the first.
        given = self._fill_value_orig
        if isinstance(given, tuple) and self._kind == "previous":
            above = above & (not np.array_equal(given[1], np.take(self.y, -1, self.axis)))
        elif isinstance(given, tuple):
            below = below & (not np.array_equal(given[0], np.take(self.y, 0, self.axis)))
    return below | above


source_of(table)(table)

# -- of several variables, on a grid ---------------------------------------------------------------------


@source_of(RegularGridInterpolator, apart=True, underived="fill_value")
def _(
    points, values, method="linear", bounds_error=True, fill_value=np.nan, *, solver=None, solver_args=None
):  # fmt: skip
    made = computed(
        RegularGridInterpolator,
        points,
        values,
        method,
        bounds_error,
        fill_value,
        solver=solver,
        solver_args=solver_args,
    )
    turned = flag(made, "_descending_dimensions")
    grid = [np.asarray(p) for p in points]
    grid = [np.flip(p) if i in turned else p for i, p in enumerate(grid)]
    values = np.flip(np.asarray(values), turned) if turned else np.asarray(values)
    return consisting_of(made, tuple(grid), values)


@source_of(vars(RegularGridInterpolator)["grid"].fget)
def _(self):
    return part(self, "grid")


@source_of(vars(RegularGridInterpolator)["values"].fget)
def _(self):
    return part(self, "values")


@source_of(RegularGridInterpolator.__call__, apart=True)
def _(self, xi, method=None, *, nu=None):
    exact = computed(RegularGridInterpolator.__call__, self, xi, method, nu=nu)
    kind = flag(self, "method") if method is None else method
    grid, values = part(self, "grid"), part(self, "values")
    xi = coordinates(xi, len(grid))
    points = np.reshape(xi, (-1, len(grid)))
    total = on_grid(grid, values, points, checked_method(kind), nu)
    outside = np.reshape(constant_points(self, points), (-1,) + (1,) * (np.ndim(total) - 1))
    total = np.where(outside, 0.0, total)
    return valued(exact, np.reshape(total, np.shape(xi)[:-1] + np.shape(values)[len(grid) :]))


def coordinates(xi, count):
    """The points as an array that has their coordinates last."""
    if isinstance(xi, tuple) and len(xi) == 1:
        xi = xi[0]
    if isinstance(xi, tuple):
        return np.stack(np.broadcast_arrays(*xi), axis=-1)
    xi = np.asarray(xi)
    if np.ndim(xi) == 1:
        return np.reshape(xi, (-1, count))
    return xi


def on_grid(grid, values, points, method, nu):
    """Along one axis after the other: each value is a sum of those on the grid, with the weights that the
    interpolation of one variable gives them."""
    total = values[None]
    for axis, positions in enumerate(grid):
        weights = weights_on(positions, points[:, axis], method, 0 if nu is None else nu[axis])
        shape = np.shape(weights) + (1,) * (np.ndim(total) - 2)
        total = np.sum(np.reshape(weights, shape) * total, axis=1)
    return total


def weights_on(positions, x, method, nu):
    """The weight of each datum in the value at each x."""
    count = len(positions)
    eye = np.eye(count)
    if count == 1:
        return np.ones((len(x), 1))
    if method != "linear" and method != "nearest":
        degree = {"slinear": 1, "cubic": 3, "quintic": 5}[method]
        return make_interp_spline(positions, eye, degree)(x, nu)
    i = cells(positions, x)
    share = (x - positions[i]) / (positions[i + 1] - positions[i])
    if method == "nearest":
        return eye[np.where(share <= 0.5, i, i + 1)]
    return (1 - share)[:, None] * eye[i] + share[:, None] * eye[i + 1]


@nondifferentiable
def cells(positions: Any, x: Any) -> Any:
    return np.clip(np.searchsorted(positions, x, side="right") - 1, 0, len(positions) - 2)


@nondifferentiable
def constant_points(self: Any, points: Any) -> Any:
    """The points that are given the fill value."""
    outside = np.isnan(points).any(axis=1)
    if not self.bounds_error and self.fill_value is not None:
        outside = outside | self._find_out_of_bounds(points.T)
    return outside


@nondifferentiable
def checked_method(method: str) -> str:
    if method == "pchip":
        raise MissingRuleError(
            "no derivative is known for interpolation on a grid with the method 'pchip'",
            hint="Those that have one are linear, nearest, slinear, cubic, quintic.",
        )
    return method


for helper in (coordinates, on_grid, weights_on):
    source_of(helper)(helper)


@source_of(interpolate.interpn, apart=True, underived="fill_value")
def _(points, values, xi, method="linear", bounds_error=True, fill_value=np.nan):
    checked_spline(method)
    made = RegularGridInterpolator(points, values, method, bounds_error, constant(fill_value))
    return made(coordinates(xi, len(points)))


@nondifferentiable
def checked_spline(method: str) -> None:
    if method == "splinef2d":
        raise MissingRuleError(
            "no derivative is known for scipy.interpolate.interpn with the method 'splinef2d'",
            hint="Take the method 'cubic'.",
        )


# -- of scattered data ----------------------------------------------------------------------------------


@source_of(RBFInterpolator, apart=True, underived="smoothing epsilon")
def _(
    y, d, neighbors=None, smoothing=0.0, kernel="thin_plate_spline", epsilon=None, degree=None
):  # fmt: skip
    made = computed(RBFInterpolator, y, d, neighbors, smoothing, kernel, epsilon, degree)
    return consisting_of(made, np.asarray(y), np.reshape(d, (np.shape(y)[0], -1)))


@source_of(RBFInterpolator.__call__, apart=True)
def _(self, x):
    exact = computed(RBFInterpolator.__call__, self, x)
    kernel, scale, smoothing = settings(self)
    y, d = part(self, "y"), part(self, "d")
    powers = flag(self, "powers")
    P = monomials(y, powers, y)
    count, order = np.shape(y)[0], np.shape(P)[1]
    K = kernel_matrix(kernel, scale, y, y) + np.diag(smoothing)
    zero = np.zeros((order, order))
    system = np.concatenate([np.concatenate([K, P], axis=1), np.concatenate([P.T, zero], axis=1)])
    right = np.concatenate([d, np.zeros((order, np.shape(d)[1]))])
    weights = np.linalg.solve(system, right)
    x = np.asarray(x)
    values = kernel_matrix(kernel, scale, x, y) @ weights[:count]
    values = values + monomials(x, powers, y) @ weights[count:]
    return valued(exact, np.reshape(values, (np.shape(x)[0], *flag(self, "d_shape"))))


@nondifferentiable
def settings(self: Any) -> tuple[str, float, Any]:
    if self.neighbors is not None or np.dtype(self.d_dtype).kind == "c":
        what = "neighbors" if self.neighbors is not None else "complex data"
        raise MissingRuleError(
            f"no derivative is known for scipy.interpolate.RBFInterpolator with {what}",
            hint="Leave neighbors out, and interpolate real and imaginary part each by itself.",
        )
    return self.kernel, self.epsilon, self.smoothing


def monomials(x, powers, y):
    """Those of each point, shifted and scaled by the data: that changes the numbers, not the sum."""
    shift, scale = middle(y)
    scaled = (x - shift) / scale
    return np.prod(scaled[:, None, :] ** powers, axis=2)


@nondifferentiable
def middle(y: Any) -> tuple[Any, Any]:
    low, high = np.min(y, axis=0), np.max(y, axis=0)
    scale = 0.5 * (high - low)
    return 0.5 * (high + low), np.where(scale == 0, 1.0, scale)


def kernel_matrix(kernel, scale, x, y):
    """Of the distances of the points from the data; smooth ones of their squares, for the sake of 0."""
    away = scale * (x[:, None, :] - y)
    squares = np.sum(away * away, axis=2)
    if kernel == "multiquadric":
        return -np.sqrt(squares + 1)
    if kernel == "inverse_multiquadric":
        return 1 / np.sqrt(squares + 1)
    if kernel == "inverse_quadratic":
        return 1 / (squares + 1)
    if kernel == "gaussian":
        return np.exp(-squares)
    met = squares == 0
    safe = np.where(met, 1.0, squares)
    if kernel == "thin_plate_spline":
        found = 0.5 * safe * np.log(safe)
    elif kernel == "linear":
        found = -np.sqrt(safe)
    elif kernel == "cubic":
        found = safe * np.sqrt(safe)
    else:
        found = -safe * safe * np.sqrt(safe)
    return np.where(met, 0.0, found)


for helper in (monomials, kernel_matrix):
    source_of(helper)(helper)
