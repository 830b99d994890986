"""Minima and least squares: rules of `scipy.optimize`."""

import numpy as np
import pytest
from scipy import optimize

import adjoint as ad
from adjoint.errors import AdjointError, MissingRuleError
from adjoint.rules.scipy import optimize_fits, optimize_minima
from adjoint.testing import case, check_rule, expand, normal, uniform

M = np.array([[3.0, 0.5], [0.5, 2.0]])
W = np.array([1.0, 2.0])
X = np.linspace(0, 1, 7)
NOISE = np.array([0.1, -0.2, 0.1, 0.05, -0.1, 0.2, 0.0])
Y = np.exp(-1.3 * X) + 0.3 * NOISE
TIGHT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}
B = np.random.default_rng(0).normal(size=(5, 3))
RIGHT = np.array([1.0, -2, 3, 0.5, 1])


def quartic(x, a):
    return np.sum((x - a) ** 4) + x @ M @ x


def slope(x, a):
    return 4 * (x - a) ** 3 + 2 * M @ x


def both(x, a):
    return quartic(x, a), slope(x, a)


def residuals(p, y):
    return p[0] * np.exp(-p[1] * X) - y


def decay(x, a, b):
    return a * np.exp(-b * x)


def parabola(x, a):
    return (x - a) ** 4 + x * x


def bowl(x):
    return np.sum(x**4 + x[0] * x)


ZERO = np.zeros(2)
# By differences, so of a minimum that is found precisely, from where it is begun.
POINT = {"held": (1,), "read": lambda found: (found.x, found.fun), "tolerance": 1e-4}
CASES = [
    case(optimize.minimize, quartic, ZERO, (W,), method=["BFGS", "Nelder-Mead"], tol=1e-12).but(
        **POINT
    ),
    case(optimize.minimize, both, ZERO, (W,), jac=True).but(**POINT),
    case(
        optimize.minimize, quartic, W / 2, (W,), "TNC", bounds=[[(0.2, None), (None, 1)]], tol=1e-12
    ).but(**POINT),
    case(optimize.minimize_scalar, parabola, args=(1.3,), method=["brent", "golden"]),
    case(optimize.least_squares, residuals, W, args=(Y,), loss=["linear", "huber"]).but(**POINT),
    case(optimize.curve_fit, decay, X, Y).but(tolerance=1e-3),
    case(optimize.curve_fit, decay, X, Y, full_output=[True]).but(held=(1, 2)),  # which is refused
    case(optimize.nnls, B, RIGHT),
    case(optimize.lsq_linear, B, RIGHT, (-0.1, 0.5)).but(
        held=(2,), read=lambda found: (found.x, found.cost, found.fun)
    ),
    case(optimize_minima.slope_of, bowl, normal(3)),
    case(optimize_minima.gradient_of, bowl, normal(3)),
    case(optimize_minima.curvature, normal(3), bowl, normal(3)),
    case(optimize_fits.cost_slope, np.sin, normal(3), "cauchy", 0.3),
    case(optimize_fits.cost_curvature, normal(3), np.sin, normal(3), "linear", 0.3),
    case(optimize_fits.loss_of, uniform(0.1, 3.0, (4,)), list(optimize_fits.LOSSES)[1]),
    case(optimize_fits.weight_of, uniform(0.1, 3.0, (4,)), list(optimize_fits.LOSSES)[1]),
    case(optimize_fits.least_slope, np.sin, normal(3), "cauchy", 0.3),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


def minimum(a, fun=quartic, **options):
    found = optimize.minimize(fun, ZERO, args=(a,), **options)
    return found.x**2 @ W + found.fun


GTOL = {"options": {"gtol": 1e-11}}
BOUNDED = {
    "bounds": [(0.2, None), (None, 1)],
    "options": {"gtol": 1e-12, "ftol": 1e-15},
}
MINIMA = {
    "args": (lambda a: minimum(a, jac=slope, **GTOL), W / 2),
    "captured": (
        lambda a: optimize.minimize(lambda x: quartic(x, a), ZERO, jac=lambda x: slope(x, a), **GTOL).x
        @ W, W / 2,
    ),
    "our own gradient": (lambda a: minimum(a, **GTOL), W / 2),
    "jac=True": (lambda a: minimum(a, both, jac=True, **GTOL), W / 2),
    "our gradient for SciPy": (
        lambda a: minimum(a, jac=lambda x, a: ad.gradient(quartic, x, a)[0], **GTOL), W / 2,
    ),
    "Newton": (lambda a: minimum(a, jac=slope, method="Newton-CG", options={"xtol": 1e-13}), W / 2),
    "bounds that hold one unknown": (lambda a: minimum(a, jac=slope, **BOUNDED), W * [-1, 1]),
    "bounds that hold none": (lambda a: minimum(a, jac=slope, **BOUNDED), np.array([1.6, 1.0])),
    "a Bounds": (
        lambda a: minimum(a, jac=slope, **{**BOUNDED, "bounds": optimize.Bounds([0.2, -9], [9, 1])}),
        W * [-1, 1],
    ),
    "of one number": (
        lambda a: (lambda r: r.x**2 + r.fun)(optimize.minimize_scalar(parabola, args=(a,))), 1.3,
    ),
    "of one number, bounded": (
        lambda a: optimize.minimize_scalar(
            parabola, bounds=(0, 2), args=(a,), options={"xatol": 1e-10}).x, 1.3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MINIMA)
def test_minima(name):
    f, *args = MINIMA[name]
    ad.check_gradient(f, *args, modes=("reverse", "forward"), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["args", "our own gradient", "jac=True", "of one number"])
def test_second_derivatives_of_minima(name):
    f, *args = MINIMA[name]
    ad.check_gradient(f, *args, order=2, rtol=1e-4, atol=2e-5)


def test_a_quadratic_has_a_closed_form():
    """x = M⁻¹ a / 2 and f = -aᵀ M⁻¹ a / 4 of xᵀ M x - aᵀ x, whatever the method."""

    def f(x, a, M):
        return x @ M @ x - a @ x

    inverse = np.linalg.inv(M)
    for method in ("BFGS", "L-BFGS-B", "CG", "Nelder-Mead", "Powell", "TNC", "SLSQP", "COBYQA"):
        for field, expected in (("x", W @ inverse / 2), ("fun", -W @ inverse / 2)):

            def loss(a, method=method, field=field):
                found = optimize.minimize(f, ZERO, (a, M), method, tol=1e-9)[field]
                return W @ found if field == "x" else found

            np.testing.assert_allclose(ad.gradient(loss, W)[0], expected, rtol=1e-3)
    wrt_matrix = ad.gradient(lambda M: W @ optimize.minimize(f, ZERO, (W, M)).x, M)[0]
    np.testing.assert_allclose(wrt_matrix, -np.outer(inverse @ W, inverse @ W) / 2, rtol=1e-5)


def test_the_value_has_a_derivative_where_the_minimum_is_not_one_point():
    """By the envelope theorem: it needs no second derivative."""
    f = lambda a: optimize.minimize(lambda x: (x[0] + x[1] - a) ** 2 + a**3, W).fun  # noqa: E731
    np.testing.assert_allclose(ad.gradient(f, 1.3)[0], 3 * 1.3**2, rtol=1e-5)
    with pytest.raises(np.linalg.LinAlgError):
        ad.gradient(lambda a: optimize.minimize(lambda x: (x[0] + x[1] - a) ** 2, W).x[0], 1.3)


def of_everything(found):
    return found.x @ found.x + found.cost + np.sum(found.fun**3)


FITS = {
    **{
        f"least_squares, {loss}": (
            lambda y, loss=loss: of_everything(optimize.least_squares(
                residuals, [1.0, 1.0], args=(y,), loss=loss, f_scale=0.1, jac="3-point", **TIGHT)),
            Y,
        )
        for loss in optimize_fits.LOSSES
    },
    "least_squares, bounded": (
        lambda y: of_everything(optimize.least_squares(
            lambda p: residuals(p, y), [0.9, 1.0], bounds=([0, 0], [0.95, 5]), jac="3-point",
            **TIGHT)), Y,
    ),
    "least_squares, keywords": (
        lambda y: optimize.least_squares(
            residuals, [1.0, 1.0], kwargs={"y": y}, jac="3-point", **TIGHT).x @ W, Y,
    ),
    "curve_fit": (
        lambda x, y: optimize.curve_fit(decay, x, y, method="trf", jac="3-point", **TIGHT)[0] @ W, X, Y,
    ),
    "curve_fit, sigma": (
        lambda s: optimize.curve_fit(
            decay, X, Y, sigma=s, method="trf", jac="3-point", **TIGHT)[0] @ W, 1 + X,
    ),
    "curve_fit, a matrix of covariances": (
        lambda s: optimize.curve_fit(
            decay, X, Y, sigma=s * np.eye(7) + 0.1, method="trf", jac="3-point", **TIGHT)[0] @ W,
        1 + X,
    ),
    "curve_fit, captured": (
        lambda c: optimize.curve_fit(
            lambda x, a, b: decay(x, a, b) + c * x, X, Y, method="trf", jac="3-point", **TIGHT)[0] @ W,
        0.1,
    ),
    "curve_fit, the covariance": (
        lambda y: 100 * np.sum(optimize.curve_fit(
            decay, X, y, method="trf", jac="3-point", **TIGHT)[1]), Y,
    ),
    "curve_fit, the covariance of absolute sigma": (
        lambda s: 100 * np.sum(optimize.curve_fit(
            decay, X, Y, sigma=s, absolute_sigma=True, method="trf", jac="3-point", **TIGHT)[1]), 1 + X,
    ),
    "nnls": (lambda A, b: (lambda r: r[0] @ r[0] + r[1])(optimize.nnls(A, b)), B, RIGHT),
    "lsq_linear": (
        lambda A, b: of_everything(optimize.lsq_linear(A, b, tol=1e-14)), B, RIGHT,
    ),
    "lsq_linear, bounded": (
        lambda A, b: of_everything(optimize.lsq_linear(A, b, (-0.1, 0.5), method="bvls")), B, RIGHT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FITS)
def test_fits(name):
    f, *args = FITS[name]
    ad.check_gradient(f, *args, modes=("reverse", "forward"), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["least_squares, cauchy", "curve_fit", "nnls", "lsq_linear"])
def test_second_derivatives_of_fits(name):
    f, *args = FITS[name]
    ad.check_gradient(f, *args, order=2, rtol=1e-3, atol=1e-3)


def test_a_line_has_a_closed_form():
    """The parameters of a line are (AᵀA)⁻¹ Aᵀ y."""
    A = np.stack([X, np.ones_like(X)], axis=1)
    fitted = ad.gradient(lambda y: optimize.curve_fit(lambda x, a, b: a * x + b, X, y)[0] @ W, Y)[0]
    np.testing.assert_allclose(fitted, W @ np.linalg.pinv(A), rtol=1e-6)
    solved = ad.gradient(lambda y: optimize.lsq_linear(A, y).x @ W, Y)[0]
    np.testing.assert_allclose(solved, W @ np.linalg.pinv(A), rtol=1e-10)


def test_what_is_not_known_is_refused():
    equal = {"type": "eq", "fun": lambda x: x[0] - x[1]}
    matrix = {"hess_inv": "BFGS", "jac": "BFGS", "final_simplex": "Nelder-Mead"}
    fields = [
        (lambda a, n=n, m=m: np.sum(optimize.minimize(quartic, ZERO, (a,), m)[n][0]), f"'{n}'")
        for n, m in matrix.items()
    ]
    for f, match in (
        *fields,
        (lambda a: minimum(a, constraints=equal), "constraints="),
        (lambda a: minimum(W, bounds=[(a[0], 3), (-3, 3)]), "the bounds of minimize"),
        (
            lambda a: optimize.curve_fit(decay, X, Y * a[0], full_output=True)[0][0],
            "curve_fit with full_output=",
        ),
        (
            lambda a: optimize.least_squares(
                residuals, W, args=(Y * a[0],), loss=lambda z: np.array([z, 1 + 0 * z, 0 * z])
            ).x[0],
            "least_squares with a loss=",
        ),
        (
            lambda a: np.sum(optimize.least_squares(residuals, W, args=(Y * a[0],)).jac),
            "'jac'",
        ),
    ):
        with pytest.raises(MissingRuleError, match=match):
            ad.gradient(f, W / 2)
        with pytest.raises(MissingRuleError, match=match):
            ad.jvp(f, (W / 2,), (W,))


def test_what_is_no_minimum_is_refused():
    def stopped(a):
        return optimize.minimize(quartic, 9 + ZERO, (a,), options={"maxiter": 1}).x[0]

    with pytest.raises(AdjointError, match="minimize did not come to a solution"):
        ad.gradient(stopped, W)
    with pytest.raises(AdjointError, match="minimize did not come to a solution"):
        ad.jvp(stopped, (W,), (W,))


@pytest.mark.parametrize("a", [1.3, 1.995, 3.002, 9.0])  # where the slope is steep, or nearly zero
def test_a_minimum_at_the_edge_stays_there(a):
    """The solver itself stops a little before it."""

    def at_the_edge(a):
        found = optimize.minimize_scalar(lambda x: (x - a) ** 2, bounds=(2, 3))
        return found.x + found.fun

    at = 2.0 if a < 2 else 3.0
    np.testing.assert_allclose(ad.gradient(at_the_edge, a)[0], 2 * (a - at), atol=1e-4)
    np.testing.assert_allclose(ad.jvp(at_the_edge, (a,), (1.0,))[1], 2 * (a - at), atol=1e-4)


w, data = np.array([0.4, 1.2]), np.array([0.3, -0.7])


def test_parameters_among_the_globals_are_refused():
    """`params` finds captured arrays; of those that an objective reads from the globals no derivative
    is known."""
    with pytest.raises(MissingRuleError, match="read from the globals"):
        ad.gradient(
            lambda: np.sum(optimize.minimize(lambda x: np.sum((x - w) ** 4) + x @ x, ZERO).x),
            ad.params(w),
        )
    with pytest.raises(MissingRuleError, match="read from the globals"):
        ad.gradient(
            lambda: np.sum(optimize.least_squares(lambda x: x**3 - w * x, ZERO + 1).x), ad.params(w)
        )

    def captured(w):
        ps = ad.params(w)
        return ad.gradient(
            lambda: np.sum(optimize.minimize(lambda x: np.sum((x - w) ** 2) + x @ x, ZERO).x), ps
        )[w]

    np.testing.assert_allclose(captured(w.copy()), [0.5, 0.5], rtol=1e-6)


def test_a_call_without_derivative_is_plain():
    equal = {"type": "eq", "fun": lambda x: x[0] - x[1]}
    found = optimize.minimize(quartic, ZERO, (W,), constraints=equal)
    f = lambda c: c * optimize.minimize(quartic, ZERO, (W,), constraints=equal).x[0]  # noqa: E731
    assert ad.gradient(f, 2.0)[0] == found.x[0]


def test_a_minimum_of_what_fills_a_buffer_or_adds_up_in_a_loop():
    p, v = np.array([1.1, 0.7, 0.3]), np.array([0.3, -0.5, 1.0])

    def filled(x, p):
        r = np.zeros(3)
        for i in range(3):
            r[i] = np.sin(x[i % 2] * p[i]) + 0.3 * x[i % 2] ** 2 - p[i]
        return np.sum(r**2) + 0.1 * np.sum(x**2)

    def added(x, p):
        total = 0.0
        for i in range(len(x) - 1):
            total = total + p[1] * (x[i + 1] - x[i] ** 2) ** 2 + (p[0] - x[i]) ** 2
        return total

    for f in (filled, added):

        def value(p):
            x = optimize.minimize(f, np.array([0.5, 0.4]), args=(p,), options={"gtol": 1e-9}).x
            return np.sum(x * np.array([1.0, -2.0]))

        (bar,) = ad.gradient(value, p)
        slope = (value(p + 1e-3 * v) - value(p - 1e-3 * v)) / 2e-3
        np.testing.assert_allclose(bar @ v, slope, rtol=1e-5)
        np.testing.assert_allclose(ad.jvp(value, (p,), (v,))[1], bar @ v, rtol=1e-8)


def test_hessians_through_a_minimum():
    """Its gradient has no forward derivative, so they are gradients of gradients."""

    def cost(x, p):
        return np.sum((x - p) ** 2 + 0.1 * (x * p[::-1]) ** 4)

    def value(p):
        found = optimize.minimize(cost, np.zeros(2), (p,), "BFGS", options={"gtol": 1e-10})
        return np.sum(found.x**2)

    p, v = np.array([0.8, 1.3]), np.array([0.3, -1.0])
    slopes = [ad.gradient(value, p + h * v)[0] for h in (1e-4, -1e-4)]
    numeric = (slopes[0] - slopes[1]) / 2e-4
    H = ad.hessian(value, p)
    np.testing.assert_allclose(H @ v, numeric, rtol=1e-5)
    np.testing.assert_allclose(ad.hvp(value, p, v), numeric, rtol=1e-5)
    np.testing.assert_allclose(ad.diaghessian(value, p), np.diag(H), rtol=1e-7)


def test_a_hessian_in_no_mode_is_refused():
    with pytest.raises(AdjointError):
        ad.hessian(lambda p: optimize.linprog(p, bounds=(1.0, 2.0)).fun, np.ones(2))
