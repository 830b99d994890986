"""Rules of `scipy.stats`."""

import linecache
import warnings

import numpy as np
import pytest
from scipy import stats

import adjoint as ad
from adjoint.errors import MissingRuleError
from adjoint.rules.scipy import (
    special_distributions,
    stats_continuous,
    stats_counts,
    stats_discrete,
    stats_methods,
    stats_multivariate,
)
from adjoint.rules.scipy.stats_scores import CONTINUOUS
from adjoint.testing import WAYS, case, check_rule, check_second_order, expand, normal, uniform

Z = np.array([0.3, 0.7, 1.6])
#: Shapes, and quantiles, standardised.
CALLS = {
    "beta": ((1.7, 2.4), Z / 2),
    "chi2": ((3.4,), Z),
    "f": ((3.4, 5.2), Z),
    "gamma": ((1.7,), Z),
    "gennorm": ((1.7,), Z - 1),
    "invgamma": ((1.7,), Z),
    "lognorm": ((0.7,), Z),
    "pareto": ((1.7,), Z + 1),
    "t": ((3.4,), Z - 1),
    "truncnorm": ((-1.2, 2.5), Z - 0.5),
    "uniform": ((), Z / 2),
    "vonmises": ((1.7,), Z - 1),
    "vonmises_line": ((1.7,), Z - 1),
    "weibull_min": ((1.7,), Z),
    "wrapcauchy": ((0.4,), Z),
}
COUNTS = {
    "bernoulli": ((), (0.3,), [0, 1, 1]),
    "betabinom": ((5,), (1.7, 2.4), [0, 2, 5]),
    "binom": ((5,), (0.3,), [0, 2, 5]),
    "geom": ((), (0.3,), [1, 2, 5]),
    "nbinom": ((), (2.5, 0.3), [0, 2, 5]),
    "poisson": ((), (1.7,), [0, 2, 5]),
}
NAMES = sorted({dist.name for dist in stats_methods.distributions_of(CONTINUOUS)})
COVARIANCE = np.array([[2.0, 0.3], [0.3, 1.0]])


KDE = stats.gaussian_kde(np.random.default_rng(0).standard_normal((2, 8)), weights=np.arange(1, 9))


def standard(name):
    shapes, z = CALLS.get(name, ((), Z))
    return shapes, 0.2 + 1.3 * z


def continuous_cases():
    for name in NAMES:
        shapes, x = standard(name)
        yield case(
            [stats_continuous.log_density, stats_continuous.density], name, x, shapes, 0.2, 1.3
        )
        for method in ("cdf", "sf", "logcdf", "logsf"):
            yield case(stats_continuous.distribution, name, method, x, shapes, 0.2, 1.3)
        for method in ("ppf", "isf"):
            q = np.array([0.2, 0.45, 0.8])
            yield case(stats_continuous.quantile, name, method, q, shapes, 0.2, 1.3)


def discrete_cases():
    for name, (fixed, shapes, k) in COUNTS.items():
        for method in ("pmf", "logpmf", "cdf", "sf", "logcdf", "logsf"):
            call = stats_discrete.probability if "pmf" in method else stats_discrete.cumulated
            counts = np.array([i for i in k if i < max(k) or method != "logsf"]) + 1
            if "pmf" in method or name != "betabinom":
                yield case(call, name, method, counts, fixed, shapes, 1)


CASES = [
    *continuous_cases(),
    *discrete_cases(),
    case(stats_continuous.log_density, "norm", normal(2, 1), (), normal(3), uniform(0.5, 2.0)),
    case(
        stats_continuous.log_density,
        "gamma",
        uniform(0.5, 2.0, shape=(2, 1)),
        (uniform(0.5, 2.0, shape=(3,)),),
        0,
        1,
    ),
    case(stats_continuous.density_cotangents, normal(3), False, "norm", normal(3), (), 0.1, 1.2),
    case(
        stats_continuous.distribution_cotangents,
        normal(3),
        normal(3),
        "norm",
        "cdf",
        normal(3),
        (),
        0.1,
        1.2,
    ),
    case(stats_continuous.quantile_cotangents, normal(3), normal(3), "norm", "ppf", (), 0.1, 1.2),
    case(
        [stats_continuous.scores_of, stats_continuous.slopes_of, stats_continuous.interior_of],
        "gamma",
    ),
    case([stats_discrete.scores_of, stats_discrete.slopes_of, stats_discrete.is_fixed], "binom"),
    case(
        stats_discrete.probability_cotangent,
        normal(2),
        normal(2),
        "poisson",
        "pmf",
        np.array([1, 2]),
        (),
        (1.5,),
    ),
    case(
        stats_discrete.cumulated_cotangent,
        normal(2),
        normal(2),
        "poisson",
        "cdf",
        np.array([1, 2]),
        (),
        (1.5,),
    ),
    case(stats_methods.parameters, "gamma", (1.5,), {"scale": 2.0}),
    case(stats_methods.checked_names, "gamma", (1.5,), {"scale": 2.0}),
    case(
        [special_distributions.fisher_density, special_distributions.fisher_slopes],
        uniform(2.0, 4.0),
        uniform(2.0, 4.0),
        uniform(0.5, 2.0, shape=(3,)),
    ),
    case(special_distributions.student_slope, uniform(2.0, 4.0), normal(3)),
    # several variables
    case(
        [stats_multivariate.normal_logpdf, stats_multivariate.normal_pdf],
        normal(4, 2),
        normal(2),
        1.7,
        False,
    ),
    case(
        [stats_multivariate.normal_logpdf, stats_multivariate.normal_pdf],
        normal(2),
        normal(2),
        uniform(0.5, 2.0, shape=(2,)),
        False,
    ),
    case(stats_multivariate.normal_logpdf, normal(3), None, uniform(0.5, 2.0), False),
    case(
        [stats_multivariate.dirichlet_logpdf, stats_multivariate.dirichlet_pdf],
        uniform(0.1, 0.4, shape=(2,)),
        uniform(1.2, 3.0, shape=(3,)),
    ),
    case(
        [stats_multivariate.dirichlet_logpdf, stats_multivariate.dirichlet_pdf],
        uniform(0.1, 0.4, shape=(2, 4)),
        uniform(1.2, 3.0, shape=(3,)),
    ),
    *[
        case(stats_counts.called, "poisson", method, np.array([1, 3]), (1.7,), 1)
        for method in ("logpmf", "pmf", "cdf", "sf")
    ],
    *[
        case(stats_counts.called, "binom", method, np.array([1, 3]), (5, 0.3), 0)
        for method in ("logpmf", "logcdf")
    ],
    case(stats_multivariate.normal_cotangents, normal(2), normal(2, 2), None, COVARIANCE, False),
    case(
        stats_multivariate.dirichlet_cotangents,
        normal(),
        uniform(0.1, 0.4, shape=(2,)),
        uniform(1.2, 3.0, shape=(3,)),
    ),
    # of this the numbers have to add up to 1: see below
    case(
        [stats_multivariate.multinomial_logpmf, stats_multivariate.multinomial_pmf],
        np.array([3, 0]),
        3,
        np.array([1, 0]),
    ),
]
EXPANDED = expand(CASES)


def number(value):
    return f"{value}"


@pytest.mark.parametrize("case", EXPANDED, ids=number)
def test_rule(case):
    check_rule(case.but(float32=False, tolerance=1e-5))


@pytest.mark.parametrize("case", EXPANDED, ids=number)
def test_second_order(case):
    check_second_order(case.but(tolerance=1e-5), WAYS[:1])


# -- the methods ----------------------------------------------------------------------------------------------

METHODS = ["logpdf", "pdf", "cdf", "sf", "logcdf", "logsf"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NAMES)
def test_methods(name, method):
    shapes, x = standard(name)
    function = getattr(getattr(stats, name), method)
    weights = np.array([1.0, -2.0, 0.5])
    ad.check_gradient(
        lambda x, m, s, *a: np.sum(weights * function(x, *a, m, scale=s)), x, 0.2, 1.3, *shapes
    )
    assert ad.value_and_gradient(lambda x: np.sum(function(x, *shapes)), x)[0] == np.sum(
        function(x, *shapes)
    )


LOGARITHMS = {
    "bernoulli": lambda k, p: stats.bernoulli.logpmf(k, p),
    "betabinom": lambda k, a, b: stats.betabinom.logpmf(k, 5, a, b),
    "binom": lambda k, p: stats.binom.logpmf(k, 5, p=p),
    "geom": lambda k, p: stats.geom.logpmf(k, p),
    "nbinom": lambda k, n, p: stats.nbinom.logpmf(k, n, p),
    "poisson": lambda k, mu: stats.poisson.logpmf(k, mu),
}


@pytest.mark.parametrize("name", COUNTS)
def test_methods_of_discrete_distributions(name):
    function = LOGARITHMS[name]
    _, shapes, counts = COUNTS[name]
    k = np.array(counts)
    ad.check_gradient(lambda *a: np.sum(function(k, *a)), *shapes, order=2)
    with pytest.raises(MissingRuleError, match="parameter k is known"):
        ad.gradient(lambda k: np.sum(function(k, *shapes)), np.array(k, float))


def test_the_number_of_trials_and_a_location_are_refused():
    for f in (lambda n: stats.binom.pmf(2, n, 0.3), lambda n: stats.poisson.logpmf(2, 1.5, n)):
        with pytest.raises(MissingRuleError, match="no derivative of"):
            ad.gradient(f, 5.0)


def test_the_methods_are_those_of_the_object():
    """Names by keyword, methods in variables, frozen distributions."""
    x = np.array([0.5, 1.5])

    def direct(x, a):
        return np.sum(stats.gamma.logpdf(x, a, scale=2.0))

    expected = ad.gradient(direct, x, 1.7)
    methods = {"logpdf": stats.gamma.logpdf}
    frozen = stats.gamma(1.7, scale=2.0)
    for f in (
        lambda x, a: np.sum(stats.gamma.logpdf(x, a=a, scale=2.0)),
        lambda x, a: np.sum(methods["logpdf"](x, a, 0, 2.0)),
        lambda x, a: np.sum(getattr(stats, "gamma").logpdf(x=x, a=a, scale=2.0)),
    ):
        for ours, theirs in zip(ad.gradient(f, x, 1.7), expected):
            np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    np.testing.assert_allclose(ad.gradient(lambda x: np.sum(frozen.logpdf(x)), x)[0], expected[0])
    np.testing.assert_allclose(
        ad.gradient(lambda x: np.sum(stats.gamma(1.7, scale=2.0).pdf(x)), x)[0],
        ad.gradient(lambda x: np.sum(stats.gamma.pdf(x, 1.7, scale=2.0)), x)[0],
    )


def test_methods_are_found_when_nobody_remembers_their_text():
    linecache.clearcache()
    assert ad.gradient(lambda x: stats.rayleigh.logsf(x), 2.0) == (-2.0,)


def test_a_distribution_that_is_not_known_is_refused_by_name():
    with pytest.raises(MissingRuleError, match=r"scipy\.stats\.landau"):
        ad.gradient(lambda x: stats.landau.logpdf(x), 0.5)


def test_outside_of_the_support_the_slope_is_zero():
    x = np.array([-1.0, 0.5, 2.0])
    for name, shapes in (("beta", (2.0, 3.0)), ("uniform", ()), ("beta", (0.5, 0.5))):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for method in ("logpdf", "pdf", "cdf"):
                f = getattr(getattr(stats, name), method)
                weights = np.array([0.0, 1.0, 0.0]) if method == "logpdf" else 1.0
                bars = ad.gradient(
                    lambda x, *a: np.sum(np.where(np.isfinite(f(x, *a)), f(x, *a), 0.0) * weights),
                    x,
                    *shapes,
                )
                assert bars[0][0] == bars[0][2] == 0.0 and np.isfinite(bars[0]).all()
                assert np.isfinite(bars[1:]).all()


def test_far_tails_of_logarithms_are_exact():
    for x in (-40.0, -10.0, 3.0):
        (bar,) = ad.gradient(stats.norm.logcdf, x)
        (mirrored,) = ad.gradient(stats.norm.logsf, -x)
        assert bar == -mirrored
    assert ad.gradient(stats.norm.logcdf, -40.0)[0] == pytest.approx(40.02496884720999, rel=1e-12)


# -- several variables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["logpdf", "pdf"])
def test_multivariate_normal(method):
    function = getattr(stats.multivariate_normal, method)
    x, mean = np.array([[0.5, 0.1], [1.0, -1.0]]), np.array([0.2, 0.3])
    v = np.array([[0.3, -0.2], [-0.2, 0.5]])

    def loss(x, mean, cov):
        return np.sum(np.array([1.0, -2.0]) * function(x, mean, cov))

    x_bar, mean_bar, cov_bar = ad.gradient(loss, x, mean, COVARIANCE)
    ad.check_gradient(lambda x, mean: loss(x, mean, COVARIANCE), x, mean, order=2)
    np.testing.assert_allclose(cov_bar, cov_bar.T)
    step = 1e-5
    difference = loss(x, mean, COVARIANCE + step * v) - loss(x, mean, COVARIANCE - step * v)
    assert np.sum(cov_bar * v) == pytest.approx(difference / (2 * step), rel=1e-7)
    ad.check_gradient(lambda t: ad.gradient(loss, x, mean, COVARIANCE + t * v)[2][0, 1], 0.1)


def test_singular_covariance():
    cov = np.array([[1.0, 1.0], [1.0, 1.0]])

    def f(x):
        return np.sum(stats.multivariate_normal.logpdf(x, cov=cov, allow_singular=True))

    assert ad.gradient(f, np.array([0.5, 0.5]))[0] == pytest.approx([-0.25, -0.25])


@pytest.mark.parametrize("method", ["logpmf", "pmf"])
def test_multinomial(method):
    function, x, p = (
        getattr(stats.multinomial, method),
        np.array([1, 2, 0]),
        np.array([0.2, 0.5, 0.3]),
    )
    (bar,) = ad.gradient(lambda p: function(x, 3, p), p)
    scale = 1.0 if method == "logpmf" else function(x, 3, p)
    np.testing.assert_allclose(bar, scale * x / p)


@pytest.mark.parametrize("of", [KDE.logpdf, KDE.pdf, KDE.evaluate])
def test_a_density_estimate_has_second_derivatives(of):
    x, v = np.array([[0.1, 0.7], [0.2, -0.4]]), np.array([[1.0, -2.0], [0.5, 1.5]])

    def slope(x):
        return np.sum(
            ad.gradient(lambda x: np.sum(of(x) ** 2), x)[0] * np.array([[1.0, 2.0], [3.0, 4.0]])
        )

    h = 1e-5
    difference = (slope(x + h * v) - slope(x - h * v)) / (2 * h)
    assert np.sum(ad.gradient(slope, x)[0] * v) == pytest.approx(difference, rel=1e-6)


def test_a_frozen_normal_distribution_with_respect_to_its_mean():
    x, cov = np.array([0.1, 0.4]), np.eye(2) + 0.2

    def f(x, mean):
        return stats.multivariate_normal(mean, cov).logpdf(x)

    slope = np.linalg.solve(cov, np.ones(2))
    for found, expected in zip(ad.gradient(f, x, x + 1), (slope, -slope)):
        np.testing.assert_allclose(found, expected)
