"""Rules of `scipy.interpolate`."""

import numpy as np
import pytest
from scipy import interpolate
from scipy.interpolate import (
    Akima1DInterpolator,
    BSpline,
    CubicHermiteSpline,
    CubicSpline,
    PchipInterpolator,
    PPoly,
    RBFInterpolator,
    RegularGridInterpolator,
    interp1d,
    make_interp_spline,
    make_lsq_spline,
)
from scipy.sparse.linalg import spsolve

import adjoint as ad
from adjoint.errors import AdjointError
from adjoint.rules.scipy import (
    interpolate_bsplines,
    interpolate_cubic,
    interpolate_fitpack,
    interpolate_polynomials,
    interpolate_tables,
)
from adjoint.testing import case, check_rule, expand, normal

RANDOM = np.random.default_rng(0)
X = np.linspace(0.0, 3.0, 7) + RANDOM.uniform(-0.1, 0.1, 7)
Y = np.sin(2 * X) + 0.3 * X
TABLE = RANDOM.standard_normal((2, 7, 3))
AT = np.array([[0.25, 0.65], [1.1, 2.2]])
WEIGHTS = RANDOM.standard_normal((2, 2))
KNOTS = np.array([-0.2] * 4 + [0.9, 1.5] + [3.2] * 4)
SPLINES = (CubicSpline, PchipInterpolator, Akima1DInterpolator)
SPLINE, B_SPLINE = CubicSpline(X, Y), make_interp_spline(X, Y)
GRID = np.linspace(0.0, 1.0, 7), np.array([0.0, 0.3, 0.9, 1.4, 1.6, 2.0, 2.3])
VALUES, INSIDE = RANDOM.standard_normal((7, 7)), RANDOM.uniform(0.1, 0.9, (3, 2))
SITES, HEIGHTS = RANDOM.standard_normal((8, 2)), RANDOM.standard_normal(8)


def weighted(values):
    return np.sum(WEIGHTS * values)


def check(f, *args, order=2, rtol=1e-5):
    ad.check_gradient(f, *args, order=order, modes=("reverse", "forward"), rtol=rtol)


# -- helpers ------------------------------------------------------------------------------------------

P, T, B, C = interpolate_polynomials, interpolate_tables, interpolate_bsplines, interpolate_cubic
CASES = [
    case(P.polynomial, normal(3, 4), X[:5], normal(2), 1, "periodic"),
    case(P.wrapped, normal(3), X),
    case(P.along_axis, normal(2, 3), 1, 1),
    case(P.differentiated, normal(3, 2), 1),
    case(P.integrated, normal(3, 6), X, 1),
    case(P.integral, normal(3, 6), X, 0.1, 0.7, True),
    case(C.rows, normal(2, 3), 1),
    case(C.column, normal(3), normal(3, 2)),
    case(C.hermite, X, Y, Y),
    case(C.condition, "natural"),
    case(C.spline_slopes, X, Y, "natural", "clamped"),
    case(C.mirrored, None),
    case(C.end_equation, np.diff(X), np.diff(Y), None),
    case(C.periodic_slopes, X, Y),
    case(C.monotone_slopes, X, Y),
    case(C.one_sided, 1.0, 2.0, normal(2), normal(2)),
    case(C.akima_slopes, X, Y, "akima"),
    case(B.bspline, KNOTS, normal(6, 2), 3, AT, 0, True),
    case(B.differences, normal(3), normal(2)),
    case(B.raised, KNOTS, normal(6), 3, 1),
    case(B.bspline_integral, KNOTS, normal(6), 3, 0.1, 0.7, True),
    case(B.end_conditions, "natural"),
    case(B.end_condition, None),
    case(B.interpolation_knots, X, 3, None),
    case(interpolate_fitpack.of_fitpack, KNOTS, normal(6), 3, AT, 0, 0),
    case(T.coordinates, normal(2, 2), 2),
    case(T.on_grid, GRID, VALUES, INSIDE, "linear", None),
    case(T.weights_on, X, AT[0], "linear", 0),
    case(T.kernel_matrix, "gaussian", 1.3, SITES, SITES),
]


@pytest.mark.parametrize("case", expand(CASES), ids=lambda case: case.function.__name__)
def test_helper(case):
    check_rule(case.but(float32=False))


# -- splines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", SPLINES)
def test_values_with_respect_to_points_data_and_positions(cls):
    check(lambda x, y, at: weighted(cls(x, y)(at)), X, Y, AT)


@pytest.mark.parametrize("cls", SPLINES)
def test_derivatives_and_integrals(cls):
    def both(x, y, at, a, b):
        f = cls(x, y)
        return weighted(f(at, 1)) + f.integrate(a, b) + f.derivative()(a) * f.antiderivative(2)(b)

    check(both, X, Y, AT, 0.4, 2.1, order=1)


@pytest.mark.parametrize("cls", SPLINES)
def test_data_of_several_axes(cls):
    check(lambda x, y, at: np.sum(np.cos(cls(x, y, axis=1)(at))), X, TABLE, AT, order=1)


@pytest.mark.parametrize("cls", SPLINES)
@pytest.mark.parametrize("count", [2, 3, 4])
def test_few_points(cls, count):
    x, y = X[:count], Y[:count]
    check(lambda x, y, at: weighted(cls(x, y, extrapolate=True)(at)), x, y, AT, order=1)


CONDITIONS = [
    "clamped", "natural", ((1, 0.3), (2, -0.4)), ("not-a-knot", "clamped"), ((2, 0.5), "not-a-knot"),
]  # fmt: skip


@pytest.mark.parametrize("bc_type", CONDITIONS, ids=str)
def test_conditions_at_the_ends(bc_type):
    check(lambda x, y, at: weighted(CubicSpline(x, y, bc_type=bc_type)(at)), X, Y, AT, order=1)


def test_the_values_of_conditions_at_the_ends():
    check(lambda a, b: weighted(CubicSpline(X, Y, bc_type=((1, a), (2, b)))(AT)), 0.3, -0.4)


@pytest.mark.parametrize("count", [3, 4, 7])
def test_periodic_splines(count):
    def loss(x, y, at, a, b):
        f = CubicSpline(x, np.concatenate((y, y[:1])), bc_type="periodic")
        return weighted(f(5 * at - 2)) + f.integrate(a, b)

    check(loss, X[:count], Y[: count - 1], AT, -2.1, 11.3, order=1)


def test_a_spline_that_is_a_constant_has_its_own_derivative():
    for f in (SPLINE, PchipInterpolator(X, Y), B_SPLINE, interpolate.UnivariateSpline(X, Y)):
        (bar,) = ad.gradient(lambda at, f=f: np.sum(f(at)), AT)
        derivative = f(AT, 1)
        np.testing.assert_allclose(bar, derivative, rtol=1e-12)


def test_the_gradient_with_respect_to_data_is_made_of_cardinal_splines():
    (bar,) = ad.gradient(lambda y: weighted(CubicSpline(X, y)(AT)), Y)
    cardinal = np.tensordot(WEIGHTS, CubicSpline(X, np.eye(7))(AT), 2)
    np.testing.assert_allclose(bar, cardinal, rtol=1e-10)
    (bar,) = ad.gradient(lambda y: weighted(make_interp_spline(X, y)(AT)), Y)
    np.testing.assert_allclose(bar, cardinal, rtol=1e-10)


def test_positions_that_move_along_a_polynomial_change_nothing():
    """A cubic spline of a cubic polynomial is that polynomial, wherever it was sampled."""
    polynomial = np.polynomial.Polynomial([0.3, -1.0, 0.4, 0.2])

    for make in (CubicSpline, make_interp_spline, lambda x, y: make_interp_spline(x, y, 5)):
        (bar,) = ad.gradient(lambda x, m=make: weighted(m(x, polynomial(x))(AT)), X)
        np.testing.assert_allclose(bar, 0.0, atol=1e-10)


def test_the_cotangent_of_a_spline_is_that_of_its_coefficients_and_breakpoints():
    (bar,) = ad.gradient(lambda f: f(0.3), SPLINE)
    assert list(bar) == ["c", "x"] and bar.c.shape == SPLINE.c.shape
    h = 0.3 - X[0]
    np.testing.assert_allclose(bar.c[:, 0], [h**3, h**2, h, 1.0])
    assert bar.x[0] == pytest.approx(-SPLINE(0.3, 1)) and not bar.x[1:].any()
    weights = RANDOM.standard_normal(SPLINE.c.shape)
    check(lambda x, y: np.sum(weights * CubicSpline(x, y).c), X, Y, order=1, rtol=1e-4)


def test_polynomials_made_of_coefficients():
    c = RANDOM.standard_normal((3, 6))
    check(lambda c, x, at: weighted(PPoly(c, x)(at)), c, X, AT, order=1)
    check(lambda c, x, at: weighted(PPoly(c, x)(at)), c, X[::-1].copy(), AT, order=1)
    check(lambda c: weighted(PPoly.construct_fast(c, X)(AT)), c, order=1)
    check(lambda x, y, d: weighted(CubicHermiteSpline(x, y, d)(AT)), X, Y, Y**2, order=1)
    c = RANDOM.standard_normal((2, 3, 6, 2))
    check(lambda c, x: np.sum(np.cos(PPoly(c, x, axis=1).derivative()(AT))), c, X, order=1)


def test_outside_there_may_be_nothing():
    def loss(x, y, at):
        return np.nansum(CubicSpline(x, y, extrapolate=False)(3 * at - 1))

    check(loss, X, Y, AT, order=1)


# -- B-splines -----------------------------------------------------------------------------------------

KEYWORDS = [
    {}, {"k": 0}, {"k": 1}, {"k": 2}, {"k": 5}, {"bc_type": "natural"}, {"bc_type": ([(1, 0.3)], [(2, 0.1)])},
    {"t": np.array([-1.0] * 4 + [0.8, 1.5, 2.1] + [4.0] * 4)},
]  # fmt: skip


@pytest.mark.parametrize("keywords", KEYWORDS, ids=str)
def test_interpolating_b_splines(keywords):
    check(lambda x, y, at: weighted(make_interp_spline(x, y, **keywords)(at)), X, Y, AT, order=1)


def test_second_derivatives_of_b_splines():
    check(lambda x, y, at: weighted(make_interp_spline(x, y)(at)), X, Y, AT)


@pytest.mark.parametrize("k", [2, 3])
def test_periodic_b_splines(k):
    def loss(x, y, at):
        f = make_interp_spline(x, np.concatenate((y, y[:1])), k, bc_type="periodic")
        return weighted(f(at)) + f.integrate(-1.0, 7.3, "periodic")

    check(loss, X, Y[:-1], AT, order=1)


def test_b_splines_with_respect_to_their_knots():
    t, c = np.linspace(0, 3, 11) + RANDOM.uniform(-0.1, 0.1, 11), RANDOM.standard_normal((7, 2))
    at = 0.3 * AT + 1.2
    check(lambda t, c, at: np.sum(np.cos(BSpline(t, c, 3)(at, 1))), t, c, at, order=1)


def test_derivatives_and_integrals_of_b_splines():
    def loss(x, y, a, b):
        f = make_interp_spline(x, y)
        return (
            f.integrate(a, b)
            + f.integrate(a, b + 9.0, extrapolate=False)
            + f.derivative(2)(a)
            + f.antiderivative(2)(b)
        )

    check(loss, X, Y, 0.4, 2.1, order=1)


def test_least_squares():
    def loss(x, y, w, at):
        return weighted(make_lsq_spline(x, y, KNOTS, w=w)(at))

    check(loss, X, Y, 2 + Y, AT, order=1)


@pytest.mark.parametrize("ext", [0, 1, 3])
def test_splines_of_fitpack_where_they_are_evaluated(ext):
    tck, spline = interpolate.splrep(X, Y), interpolate.UnivariateSpline(X, Y)
    check(lambda at: weighted(interpolate.splev(3 * at - 1, tck, ext=ext)), AT)
    check(lambda at: weighted(spline(3 * at - 1, ext=ext)), AT)


# -- tables -----------------------------------------------------------------------------------------------

KINDS = [
    "linear",
    "nearest",
    "nearest-up",
    "previous",
    "next",
    "zero",
    "slinear",
    "quadratic",
    "cubic",
]


@pytest.mark.parametrize("kind", KINDS)
def test_tables_of_one_variable(kind):
    check(lambda x, y, at: weighted(interp1d(x, y, kind)(at)), X, Y, AT, order=1)


def test_what_tables_give_outside():
    def loss(x, y, at, fill):
        return np.nansum(interp1d(x, y, kind, fill_value=fill, bounds_error=False)(3 * at - 1))

    for kind in ("linear", "previous", "next"):
        for fill in ("extrapolate", (1.0, 2.0), 3.0):
            check(lambda x, y, at, f=fill: loss(x, y, at, f), X, Y, AT, order=1)
    backwards = X[::-1].copy()
    check(lambda x, y, at: weighted(interp1d(x, y)(at)), backwards, Y, AT, order=1)
    check(lambda x, y, at: np.sum(np.cos(interp1d(x, y, axis=1)(at))), X, TABLE, AT, order=1)


@pytest.mark.parametrize("method", ["linear", "nearest", "slinear", "cubic", "quintic"])
def test_grids(method):
    options = {"solver": spsolve} if method in ("cubic", "quintic") else {}  # to the last digit

    def loss(first, second, values, at):
        f = RegularGridInterpolator((first, second), values, method, **options)
        return np.sum(f(at) * np.array([1.0, -2.0, 0.5]))

    check(loss, *GRID, VALUES, INSIDE, order=1)


def test_other_forms_of_grids():
    weights = np.array([1.0, -2.0, 0.5])

    def loss(first, second, values, at):
        f = RegularGridInterpolator((first[::-1], second), values)
        filled = RegularGridInterpolator(
            (first, second), values, bounds_error=False, fill_value=3.0
        )
        beyond = RegularGridInterpolator(
            (first, second), values, bounds_error=False, fill_value=None
        )
        return np.sum(weights * (f(at) + filled(2 * at) * beyond(2 * at)))

    check(loss, *GRID, VALUES, INSIDE, order=1)
    check(
        lambda v, a, b: np.sum(interpolate.interpn(GRID, v, (a, b)) * weights),
        VALUES, INSIDE[:, 0].copy(), 0.35,
    )  # fmt: skip


def test_a_grid_agrees_with_jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    from jax.scipy.interpolate import RegularGridInterpolator as Theirs

    def loss(values, at):
        return (RegularGridInterpolator(GRID, values)(at) ** 2).sum()

    def theirs(values, at):
        return (Theirs(GRID, values)(at) ** 2).sum()

    expected = jax.grad(theirs, (0, 1))(VALUES, INSIDE)
    for bar, other in zip(ad.gradient(loss, VALUES, INSIDE), expected, strict=True):
        np.testing.assert_allclose(bar, other, rtol=1e-10, atol=1e-12)


KERNELS = [
    "thin_plate_spline", "linear", "cubic", "quintic", "multiquadric", "inverse_multiquadric",
    "inverse_quadratic", "gaussian",
]  # fmt: skip


@pytest.mark.parametrize("kernel", KERNELS)
def test_scattered_data(kernel):
    def loss(sites, heights, at):
        return np.sum(RBFInterpolator(sites, heights, kernel=kernel, epsilon=1.3)(at) ** 2)

    check(loss, SITES, HEIGHTS, INSIDE, order=1, rtol=1e-4)


# -- what is refused ----------------------------------------------------------------------------------------


def inner_coefficients(spline):
    """Where SciPy keeps them: this depends on its version."""
    return spline._c if hasattr(SPLINE, "_c") else spline._delegate_to.c


def set_inner_coefficients(spline, c):
    if hasattr(SPLINE, "_c"):
        spline._c = c
    else:
        spline._delegate_to.c = c


REFUSED = [
    lambda y: CubicSpline(X, y).roots().sum(),
    lambda y: CubicSpline(X, y).solve(0.3).sum(),
    lambda y: SPLINE.solve(y[0]).sum(),
    lambda y: inner_coefficients(CubicSpline(X, y)).sum(),
    lambda y: interpolate.BPoly(np.ones((2, 6)) * y[:6], X)(0.5),
    lambda y: interp1d(X, Y, fill_value=y[0], bounds_error=False)(9.0),
    lambda y: RegularGridInterpolator((X,), Y, fill_value=y[0], bounds_error=False)([9.0])[0],
    lambda y: RegularGridInterpolator((X,), y, method="pchip")([0.7])[0],
    lambda y: interpolate.splev(0.4, interpolate.splrep(X, y)),
    lambda y: interpolate.UnivariateSpline(X, y)(1.0),
    lambda y: interpolate.make_smoothing_spline(X, y)(1.0),
    lambda y: interpolate.BarycentricInterpolator(X, y)(1.0),
    lambda y: make_interp_spline(X, y).insert_knot(1.0)(1.0),
    lambda y: PPoly.from_spline(make_interp_spline(X, y))(1.0),
    lambda y: RBFInterpolator(SITES, HEIGHTS * y[0], neighbors=4)(INSIDE).sum(),
    lambda y: RBFInterpolator(SITES, HEIGHTS, smoothing=y[0])(INSIDE).sum(),
    lambda y: interpolate.LinearNDInterpolator(SITES, HEIGHTS * y[0])([[0.1, 0.1]]).sum(),
    lambda y: interpolate.RectBivariateSpline(*GRID, VALUES * y[0])(0.4, 0.5).sum(),
    lambda y: interpolate.NdPPoly(np.ones((2, 6)) * y[:6], (X,))([0.4]).sum(),
]


@pytest.mark.parametrize("function", REFUSED, ids=lambda f: f.__code__.co_firstlineno)
def test_refused(function):
    y = np.abs(Y) + 0.1
    function(y)
    with pytest.raises(AdjointError):
        ad.gradient(function, y)


def test_what_is_assigned_is_refused():
    def assigned(c):
        f = CubicSpline(X, Y)
        f.c = c
        return f(0.5)

    def moved(c):
        f = CubicSpline(X, Y)
        f.x = X + c[0, 0]
        return f(0.5)

    def assigned_inside(c):
        f = CubicSpline(X, Y)
        set_inner_coefficients(f, c)
        return f(0.5)

    class Linear(PPoly):
        def __init__(self, c, x):
            if hasattr(SPLINE, "_c"):
                self._c, self._x, self._asarray = c, x, np.asarray
                self.extrapolate, self.axis = True, 0
            else:
                made = PPoly(c, x)
                self._delegate_to, self._xp, self._xp_internal = made._delegate_to, np, np

    for function in (assigned, moved, assigned_inside, lambda c: Linear(c, X)(0.5)):
        function(SPLINE.c)
        for derivative in (ad.gradient, lambda f, c: ad.jvp(f, (c,), (c,))):
            with pytest.raises(AdjointError, match="no derivative is known for"):
                derivative(function, SPLINE.c)


# -- as it is used ------------------------------------------------------------------------------------------


def test_a_calibration_curve_is_fitted_by_its_knots():
    """Heights of a spline through fixed knots, fitted to noisy readings by Gauss and Newton."""
    knots, readings = np.linspace(0.0, 10.0, 6), np.linspace(0.2, 9.8, 40)
    truth = np.array([0.0, 1.2, 1.9, 2.8, 4.5, 5.1])
    measured = CubicSpline(knots, truth, bc_type="natural")(readings)

    def residuals(heights):
        return CubicSpline(knots, heights, bc_type="natural")(readings) - measured

    heights = np.zeros(6)
    J = ad.jacobian(residuals, heights)[0]
    heights = heights - np.linalg.lstsq(J, residuals(heights))[0]
    np.testing.assert_allclose(heights, truth, atol=1e-12)
    (bar,) = ad.gradient(lambda h: np.sum(residuals(h) ** 2), heights)
    np.testing.assert_allclose(bar, 0.0, atol=1e-10)


def test_least_squares_through_a_table():
    """Shift and stretch of a spectrum, by a table of its absorption."""
    wavelengths = np.linspace(0.0, 10.0, 101)
    table = interp1d(wavelengths, np.exp(-((wavelengths - 5) ** 2)), "cubic")
    grid = np.linspace(2.0, 8.0, 30)
    measured = table(0.95 * grid + 0.3)

    def loss(p):
        return 0.5 * np.sum((table(p[0] * grid + p[1]) - measured) ** 2)

    p = np.array([1.0, 0.0])
    for _ in range(8):
        p = p - np.linalg.solve(ad.hessian(loss, p) + 1e-9 * np.eye(2), ad.gradient(loss, p)[0])
    np.testing.assert_allclose(p, [0.95, 0.3], atol=1e-6)
