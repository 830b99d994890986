"""`scipy.special`: values at the edges, against 50 digits and against Autograd; what is refused."""

import autograd
import autograd.scipy.special as autograd_special
import mpmath
import numpy as np
import pytest
from scipy import special

import adjoint as ad
from adjoint.errors import MissingRuleError
from adjoint.rules import registry

# -- what has no derivative -------------------------------------------------------------------------


def test_the_order_of_a_bessel_function_is_refused_with_the_line():
    def f(v, x):
        return special.jv(v, x) * x

    with pytest.raises(MissingRuleError, match="parameter v is known") as caught:
        ad.gradient(f, 1.5, 2.0)
    assert "special.jv(v, x) * x" in str(caught.value)
    with pytest.raises(MissingRuleError, match="parameter v is known"):
        ad.gradient(lambda v, fs: fs["j"](v, 2.0), 1.5, {"j": special.jv})
    with pytest.raises(MissingRuleError, match="parameter v is known"):
        ad.gradient(lambda v: ad.gradient(lambda x: special.jv(v, x), 2.0)[0], 1.5)


def test_an_order_that_is_no_variable_is_fine():
    assert ad.gradient(lambda v, x: special.jv(ad.stop_gradient(v), x), 0.0, 2.0)[0] == 0.0
    (bar,) = ad.gradient(lambda x, fs: fs["j"](0, x), 2.0, {"j": special.jv})[:1]
    assert bar == pytest.approx(-special.jv(1, 2.0), rel=1e-15)


def test_every_rule_that_knows_no_derivative_of_a_parameter_refuses_it():
    for function, declared in registry.table().items():
        for name in declared.underived:
            assert name in declared.text.__code__.co_varnames, (function, name)


@pytest.mark.parametrize("function", [special.polygamma, special.zeta, special.kn, special.expn])
def test_numbers_in_the_place_of_integers_are_refused(function):
    with pytest.raises(MissingRuleError, match="no derivative of"):
        ad.gradient(lambda n: function(n, 1.5), 2)


# -- values ------------------------------------------------------------------------------------------


def test_lists_stand_for_arrays():
    bars = ad.gradient(lambda x, y: special.logsumexp([x, y]), 1.0, 2.0)
    np.testing.assert_allclose(bars, special.softmax([1.0, 2.0]))


def test_single_precision_stays_single():
    x = np.array([0.5, 1.5], np.float32)
    for f in (special.psi, special.erfcx, special.expit, special.logsumexp, special.gammaln):
        (bar,) = ad.gradient(lambda x, f=f: np.sum(f(x)), x)
        assert bar.dtype == np.float32
    (bar,) = ad.gradient(lambda x: np.sum(special.gammainc(x, 0.5)), x)
    assert bar.dtype == np.float32


def test_logsumexp_at_infinities():
    inf = np.inf

    def slope(*x):
        return ad.gradient(special.logsumexp, np.array(x))[0].tolist()

    assert slope(-inf, 1.0) == [0.0, 1.0]
    assert slope(1e300, 0.0) == [1.0, 0.0]
    assert slope(-1e300, -1e300) == [0.5, 0.5]
    assert np.isfinite(slope(-inf, -inf)).all()


def test_corners():
    assert ad.gradient(lambda y: special.xlogy(0.0, y), 0.0) == (0.0,)
    assert ad.gradient(lambda y: special.xlogy(0.0, y), 2.0) == (0.0,)
    (mixed,) = ad.gradient(lambda x: ad.gradient(lambda y: special.xlogy(x, y), 2.0)[0], 0.0)
    assert mixed == 0.5
    assert ad.gradient(special.exprel, 0.0) == (0.5,)
    assert ad.gradient(special.spence, 1.0) == (-1.0,)
    assert ad.gradient(lambda z: special.lambertw(z).real, 0.0) == (1.0,)
    assert ad.gradient(special.ellipk, 0.0)[0] == pytest.approx(np.pi / 8, rel=1e-15)


# -- against 50 digits --------------------------------------------------------------------------------

LARGE = [1e-300, 1e-20, 1e-3, 0.7, 11.1, 40.0, 700.0, 1e5, 1e12, 1e100]
BOTH = [*LARGE, *(-x for x in LARGE)]
EXTREME = [
    (special.expit, lambda x: mpmath.exp(-abs(x)) / (1 + mpmath.exp(-abs(x))) ** 2, BOTH),
    (special.log_expit, lambda x: 1 / (1 + mpmath.exp(x)), BOTH),
    (special.log_ndtr, lambda x: mpmath.npdf(x) / mpmath.erfc(-x / mpmath.sqrt(2)) * 2, [x for x in BOTH if abs(x) < 1e6]),
    (special.erfcx, lambda x: mpmath.diff(scaled_erfc, x), [1e-3, 0.7, 5.0, 10.9, 11.1, 40.0, 1e5, 1e8, -3.0]),
    (special.dawsn, lambda x: mpmath.diff(dawson, x), [1e-3, 0.7, 5.0, 10.9, 11.1, 40.0, -40.0, 1e5]),
    (lambda x: special.xlogy(x, x), lambda x: mpmath.log(x) + 1, LARGE),
    (lambda x: special.xlogy(2.5, x), lambda x: 2.5 / x, LARGE),
    (lambda x: special.logsumexp(x * np.array([1.0, -1.0, 0.5])), lambda x: summed(x), BOTH),
    (special.entr, lambda x: -mpmath.log(x) - 1, LARGE),
    (special.exprel, lambda x: mpmath.diff(lambda t: mpmath.expm1(t) / t, x), [1e-8, 0.3, 1.9, 2.1, 40.0, -40.0, -1e5]),
    (special.spence, lambda x: mpmath.log(x) / (1 - x), [1e-300, 0.5, 0.7, 1.0001, 1.3, 1e100]),
    (special.ellipk, lambda m: mpmath.diff(mpmath.ellipk, m), [-1e3, -1e-9, 1e-9, 0.5, 0.999999]),
    (special.ellipe, lambda m: mpmath.diff(mpmath.ellipe, m), [-1e3, -1e-9, 1e-9, 0.5, 0.999999]),
]  # fmt: skip


def scaled_erfc(x):
    return mpmath.exp(x * x) * mpmath.erfc(x)


def dawson(x):
    return mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x)


def summed(x):
    numbers = [mpmath.mpf(1), mpmath.mpf(-1), mpmath.mpf(0.5)]
    weights = [mpmath.exp(x * (n - (1 if x > 0 else -1))) for n in numbers]
    return mpmath.fdot(weights, numbers) / mpmath.fsum(weights)


@pytest.mark.parametrize(("function", "derivative", "points"), EXTREME, ids=range(len(EXTREME)))
def test_extreme_arguments(function, derivative, points):
    for x in points:
        with mpmath.workdps(
            50
            + (600 if abs(x) > 1 and derivative.__code__.co_names[:2] == ("mpmath", "diff") else 0)
        ):
            exact = derivative(mpmath.mpf(x))
            (found,) = ad.gradient(function, x)
            scale = max(abs(exact), mpmath.mpf(1e-307))
            assert abs(found - exact) <= 4e-14 * scale, (x, found, mpmath.nstr(exact, 20))


def upper(a, b, x):
    return mpmath.betainc(a, b, x, 1, regularized=True)


SHAPES = [(0.01, 0.003), (0.7, 0.2), (2.5, 2.4), (2.5, 30.0), (80.0, 60.0), (1e3, 1.01e3)]


@pytest.mark.parametrize(("a", "x"), SHAPES)
def test_incomplete_gamma_by_its_shape(a, x):
    with mpmath.workdps(50):
        exact = mpmath.diff(lambda t: mpmath.gammainc(t, x, regularized=True), a)
    found = ad.gradient(special.gammaincc, a, x)[0]
    assert found == pytest.approx(float(exact), rel=1e-11)


@pytest.mark.parametrize(
    ("a", "b", "x"), [(0.1, 0.3, 0.01), (2.0, 3.0, 0.4), (40.0, 30.0, 0.6), (0.5, 90.0, 0.1)]
)
def test_incomplete_beta_by_its_shapes(a, b, x):
    with mpmath.workdps(50):
        orders = [(1, 0), (0, 1)]
        exact = [-mpmath.diff(lambda s, t: upper(s, t, x), (a, b), order) for order in orders]
    found = ad.gradient(special.betainc, a, b, x)[:2]
    np.testing.assert_allclose(found, [float(e) for e in exact], rtol=1e-11)


# -- against Autograd ---------------------------------------------------------------------------------

ONE = [
    "erf",
    "erfc",
    "erfinv",
    "erfcinv",
    "gammaln",
    "psi",
    "expit",
    "logit",
    "i0",
    "i1",
    "j0",
    "j1",
    "y0",
    "y1",
]


@pytest.mark.parametrize("name", ONE)
def test_autograd_agrees(name):
    theirs = getattr(autograd_special, name)
    for x in (0.2, 0.6, 0.9):
        (ours,) = ad.gradient(getattr(special, name), x)
        assert ours == pytest.approx(autograd.grad(theirs)(x), rel=1e-12)
