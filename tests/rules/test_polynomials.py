"""Rules of numpy.polynomial, of what its families share, and of least squares."""

import numpy as np
import pytest

import adjoint as ad
from adjoint.rules import least_squares, polynomial_families, polynomials, power_polynomials
from adjoint.rules.polynomials import MODULES, of
from adjoint.testing import case, check_rule, expand, normal, uniform

FAMILIES = list(MODULES)
POINTS = np.array([0.9, 0.3, 1.7, 0.6, 1.2])
VALUES = np.array([0.4, 1.1, 0.7, 1.5, 0.25])
DESIGN = np.array([[1.0, 0.3], [0.2, 1.4], [0.7, 0.1], [1.2, 0.8]])

CASES = [
    *(case(polynomials.value, f, normal(3), normal(4)) for f in FAMILIES),
    case(polynomials.value, "cheb", normal(3), normal(4, 2)),
    case(polynomials.value, "leg", normal(2, 3), normal(4)),
    case(polynomials.value, "herm", normal(), normal(4, 3)),
    case(polynomials.value, "lag", normal(2, 3), normal(4, 3), False),
    case(polynomials.value, "poly", normal(3, dtype=complex), normal(4, dtype=complex)),
    case(polynomials.value_x_bar, normal(3), "cheb", normal(3), normal(4), True),
    case(polynomials.value_c_bar, normal(2, 3), "cheb", normal(3), normal(4, 2), True),
    *(case(polynomials.basis, f, normal(3), 3) for f in FAMILIES),
    case(polynomials.along, normal(2, 3), normal(4, 3), 1),
    *(case(polynomials.derivative, f, normal(4), 2.0) for f in FAMILIES),
    case(polynomials.derivative, "cheb", normal(2, 4), normal(), axis=[0, 1]),
    *(case(polynomials.integral, f, normal(3), normal(), normal(), normal()) for f in FAMILIES),
    case(polynomials.integral, "leg", normal(2, 3), normal(2), normal(), normal(), 1),
    case(
        polynomials.integral_bars, normal(3), "poly", np.eye(3, 2), normal(2), 0.5, normal(), 2.0, 0
    ),
    *(case(polynomials.product, f, normal(3), normal(4)) for f in FAMILIES),
    case(polynomials.factor_bar, normal(5), "cheb", normal(3), 3),
    *(case(polynomials.quotient, f, normal(5), uniform(0.5, 1.0, (3,))) for f in FAMILIES),
    case(polynomials.quotient, "cheb", normal(2), uniform(0.5, 1.0, (3,))),
    case(polynomials.quotient_bars, normal(3), None, "leg", normal(3), normal(4), VALUES[:2]),
    *(case(polynomials.powered, f, normal(3), 3) for f in FAMILIES),
    case(polynomials.powered, "poly", normal(3), 0),
    case(polynomials.powered_bar, normal(5), "cheb", normal(3), 2),
    *(case(polynomials.converted, f, "mulx", normal(4)) for f in FAMILIES),
    case(polynomials.converted, "cheb", "2poly", normal(4)),
    case(polynomials.converted, "lag", "poly2lag", normal(4)),
    *(case(polynomials.from_roots, f, normal(3)) for f in FAMILIES),
    case(polynomials.roots_bar, normal(4), "poly", normal(3)),
    *(case(polynomials.roots, f, POINTS[:4]).but(tolerance=1e-5) for f in FAMILIES),
    *(case(polynomials.companion, f, POINTS) for f in FAMILIES),
    case(polynomials.companion, "lag", POINTS[:2]),
    *(case(of(f, "add"), normal(3), normal(5)) for f in FAMILIES),
    *(case(of(f, "sub"), normal(5), normal(3)) for f in FAMILIES),
    case([of(f, "trim") for f in FAMILIES], np.array([1.0, 2.0, 0.1]), 0.5),
    case(np.polynomial.polyutils.as_series, [normal(3), normal(2)], trim=[False, True]),
    case(polynomial_families.fitting, normal(3), 5, (5,)),
    *(case(power_polynomials.aligned, normal(3), normal(n)) for n in (2, 3, 4)),
    case(power_polynomials.coefficients, normal(3)),
    case(power_polynomials.without_zeros, normal(3)),
    case(polynomials.trimmed, normal(3)),
    case(polynomials.series, normal(3)),
    case(np.linalg.lstsq, DESIGN, normal(4)),
    case(np.linalg.lstsq, DESIGN, normal(4, 2)),
    case(np.linalg.lstsq, DESIGN.T, normal(2)),
    case(np.linalg.lstsq, normal(3, 3), normal(3)),
    case(np.linalg.lstsq, DESIGN + 1j * DESIGN[::-1], normal(4, dtype=complex)),
    case(least_squares.lstsq_bars, normal(2), None, None, DESIGN, normal(4), normal(2), None),
    case(least_squares.squares_bar_of, [normal(1), None, None, None]),
    *(case(least_squares.fitted, f, POINTS, VALUES, 2) for f in FAMILIES),
    case(least_squares.fitted, "cheb", POINTS, VALUES, [0, 2], None, False, VALUES[::-1].copy()),
    case(least_squares.fitted, "leg", POINTS, DESIGN.repeat(2, 0)[:5], 1),
    case(
        least_squares.fit_bars, normal(2), None, None, "poly", np.arange(2), POINTS, VALUES, None,
        normal(2), None,
    ),
    case(np.polyfit, POINTS, VALUES, 2),
    case(np.roots, POINTS[:4]).but(wide=True),
    case(np.polyfit, POINTS, VALUES, 1, None, False, VALUES[::-1].copy(), cov=[True, "unscaled"]),
    case(np.polyfit, POINTS, DESIGN.repeat(2, 0)[:5], 1),
    case(
        least_squares.polyfit_bars, normal(2), None, None, False, POINTS, VALUES, 1, None, normal(2),
        None,
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case.but(tolerance=max(case.tolerance, 1e-5)))


def test_what_numpy_refuses_is_refused():
    with pytest.raises(ValueError, match="non-negative"):
        polynomial_families.check_order(-1)
    with pytest.raises(ValueError, match="integration constants"):
        polynomial_families.check_order(1, 2)
    with pytest.raises(ValueError, match="too large"):
        polynomial_families.check_power(17, 16)


YEARS = np.arange(1900.0, 2000.0, 5.0)


@pytest.mark.parametrize("weights", [None, 2.0 + np.cos(np.arange(20.0))])
@pytest.mark.parametrize("full", [False, True])
def test_fits_far_from_zero_scale_their_columns(full, weights):
    """The powers of years are of lengths that differ by ten orders of magnitude."""
    y = np.sin(np.arange(20.0))

    def around_1950(x, y):
        p = np.polyfit(x, y, 2, w=weights, full=full)
        return np.polyval(p[0] if full else p, 1950.5)

    x_bar, y_bar = ad.gradient(around_1950, YEARS, y)
    own = np.ones(20) if weights is None else weights
    t = YEARS - 1950.5  # the same fit about this year: its constant
    row = np.linalg.pinv(np.vander(t, 3) * own[:, None])[-1] * own
    np.testing.assert_allclose(y_bar, row, rtol=1e-6)
    direction = np.cos(3 * np.arange(20.0))
    step = 1e-3 * direction
    slope = (around_1950(YEARS + step, y) - around_1950(YEARS - step, y)) / 2e-3
    np.testing.assert_allclose(x_bar @ direction, slope, rtol=1e-4)


UNDETERMINED = [
    lambda y: np.polyfit([1.0, 1.0, 2.0], y, 2),
    lambda y: np.polyfit([1.0, 2.0, 4.0], y, 2, rcond=0.5),
    lambda y: np.polynomial.chebyshev.chebfit([1.0, 1.0, 2.0], y, 2),
]


@pytest.mark.parametrize("fit", UNDETERMINED)
@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.filterwarnings("ignore:.*poorly conditioned")
def test_fits_that_the_points_do_not_determine_are_refused(fit, mode):
    y = np.array([1.0, 3.0, 2.0])
    with pytest.raises(ad.MissingRuleError, match="do not determine"):
        if mode == "reverse":
            ad.gradient(lambda y: np.sum(fit(y) ** 2), y)
        else:
            ad.jvp(fit, (y,), (y,))


def test_least_squares_that_leave_out_what_is_not_zero_are_refused():
    A = np.array([[1.0, 0.3], [0.2, 1.4], [0.7, 0.1]])

    def smallest(A, rcond):
        return np.sum(np.linalg.lstsq(A, np.arange(3.0), rcond)[0] ** 2)

    with pytest.raises(ad.MissingRuleError, match="leaves out singular values"):
        ad.gradient(lambda A: smallest(A, 0.9), A)
    of_rank_one = np.outer(np.arange(1.0, 4.0), [1.0, 2.0])
    ad.check_gradient(lambda u: smallest(np.outer(u, [1.0, 2.0]), 0.1), of_rank_one[:, 0])


def test_the_gradient_with_respect_to_a_poly1d_is_that_of_its_coefficients():
    p, t = np.poly1d([0.9, 0.3, 1.7]), np.array([0.4, 1.1])
    p_bar, t_bar = ad.gradient(lambda p, t: np.sum(p(t)), p, t)
    np.testing.assert_allclose(p_bar.coeffs, [np.sum(t**2), np.sum(t), 2.0])
    np.testing.assert_allclose(t_bar, p.deriv()(t))
    _, dot = ad.jvp(lambda p, t: np.sum(p(t)), (p, t), (p, np.zeros(2)))
    np.testing.assert_allclose(dot, np.sum(p(t)))
    ad.check_gradient(lambda c, t: np.sum(np.poly1d(c).deriv()(t) ** 2), p.coeffs, t, order=2)


def test_leading_coefficients_that_poly1d_leaves_out_are_refused():
    def value(c, x):
        return np.poly1d(c)(x)

    def difference(c, x):
        return (np.poly1d(c) - np.poly1d([1.1, 5.0, 6.0]))(x) ** 2

    assert ad.gradient(value, np.array([1.1, 2.2, 3.3]), 2.0)[0].tolist() == [4.0, 2.0, 1.0]
    assert ad.gradient(lambda x: np.poly1d([0.0, 2.0, 3.0])(x), 1.5) == (2.0,)
    for f, c in ((value, [0.0, 2.0, 3.0]), (difference, [1.1, 2.2, 3.3])):
        with pytest.raises(ad.MissingRuleError, match="leading coefficients"):
            ad.gradient(f, np.array(c), 2.0)


def test_division_of_a_polynomial_that_begins_with_zero():
    """Its quotient keeps the first coefficient, which moves the others."""
    u, v = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 3.0])

    def value(u, v):
        q, r = np.polydiv(u, v)
        return np.sum(q * np.arange(1.0, 4.0)) + np.sum(r)

    # q = (u0, u1 - 3 u0, u2 - 3 u1 + 9 u0), r = u3 - 3 q2
    np.testing.assert_allclose(ad.gradient(value, u, v)[0], [1 - 6 + 27 - 27, 2 - 9 + 9, 3 - 3, 1])
    for w in (v, np.array([1 + 1j, 3.0, 0.5]), np.array([2.0])):
        check_rule(case(np.polydiv, u, w))


def test_a_product_that_leaves_out_what_moves_is_refused():
    for a, b in (([0.0, 1.0], [1.0, 2.0]), ([1.0, 2.0], [0.0, 1.0])):
        for way in (
            lambda a, b: ad.gradient(lambda a, b: np.sum(np.polymul(a, b)), a, b),
            lambda a, b: ad.jvp(np.polymul, (a, b), (a, b)),
        ):
            with pytest.raises(ad.MissingRuleError, match=r"np\.polymul leaves out"):
                way(np.array(a), np.array(b))
    bar = ad.gradient(lambda a: np.sum(np.polymul(a, np.array([0.0, 3.0]))), np.array([1.0, 2.0]))
    np.testing.assert_array_equal(bar[0], [3.0, 3.0])
