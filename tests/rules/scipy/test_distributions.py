"""Frozen distributions, distributions of which only SciPy's source tells the slopes, and kernel estimates."""

import numpy as np
import pytest
from scipy import stats
from scipy.stats._distr_params import distcont

import adjoint as ad
from adjoint.errors import MissingRuleError
from adjoint.rules.scipy.stats_instances import SOURCED

X = np.array([0.3, 0.7, 1.6])
K = np.array([0, 2, 5])
RNG = np.random.default_rng(3)
DATA, POINTS = RNG.standard_normal((2, 8)), np.array([[0.1, 0.7, 0.0], [0.2, -0.4, 1.0]])

# -- frozen distributions ------------------------------------------------------------------------------------


def several_methods(m, s):
    d = stats.norm(loc=m, scale=s)
    return np.sum(d.logpdf(X)) + d.cdf(0.3) + 2 * d.ppf(0.2) - d.sf(0.1) + d.isf(0.3) * d.pdf(1.0)


def in_containers(theta):
    priors = {"a": stats.norm(theta[0], 2.0), "b": stats.gamma(theta[1], scale=1.5)}
    return sum(d.logpdf(0.7) for d in priors.values()) + sum(
        np.sum(d.logsf(X)) for d in [stats.laplace(theta[0]), stats.expon(scale=theta[1])]
    )


def mixture(w, m, s):
    return np.sum(np.log(w * stats.norm(m, s).pdf(X) + (1 - w) * stats.expon(scale=s).pdf(X)))


def of_arrays(theta):
    return np.sum(stats.norm(theta, np.exp(theta)).logpdf(X[:, None]))


def moments(a, s):
    d = stats.gamma(a, scale=s)
    return d.mean() + 2 * d.var() - d.std() + d.median() + d.entropy() + d.interval(0.9)[1]


def ends(a, s):
    low, high = stats.truncnorm(-a, 2.0, loc=a, scale=s).support()
    return low * high + stats.expon(a).support()[0]


def expectations(m, s):
    d = stats.gamma(m, scale=s)
    return d.expect(lambda x: x * x) + d.expect(np.sqrt, lb=0.5, ub=3.0, conditional=True)


def counted(mu, p):
    counts = stats.poisson(mu)
    total = np.sum(counts.logpmf(K)) + counts.cdf(2) * 2 + counts.pmf(3) + counts.mean()
    return total + np.sum(stats.binom(5, p).logpmf(K)) + stats.nbinom(mu, p=p).sf(1)


def several_variables(mean, scale, cov):
    d = stats.multivariate_normal(mean, scale * np.eye(2))
    return (
        np.sum(d.logpdf(X[:2]) * stats.multivariate_normal(mean, cov @ cov.T).pdf(POINTS.T))
        + d.entropy()
        + d.mean[0] * d.cov[0, 0]
        + stats.dirichlet(np.exp(mean)).logpdf([0.4, 0.6])
    )


FROZEN = [
    (several_methods, (0.2, 1.3)),
    (in_containers, (np.array([0.35, 1.7]),)),
    (mixture, (0.3, 0.2, 1.3)),
    (of_arrays, (np.array([0.1, 0.5]),)),
    (moments, (1.7, 1.3)),
    (ends, (1.2, 0.7)),
    (expectations, (1.7, 1.3)),
    (counted, (1.7, 0.3)),
    (several_variables, (np.array([0.3, -0.2]), 1.5, np.array([[1.0, 0.2], [-0.3, 0.8]]))),
]


@pytest.mark.parametrize(("f", "args"), FROZEN, ids=lambda each: getattr(each, "__name__", ""))
def test_frozen_distributions_with_respect_to_their_parameters(f, args):
    order = 1 if f in (expectations, moments) else 2
    ad.check_gradient(f, *args, order=order)
    assert ad.value_and_gradient(f, *args)[0] == f(*args)


def test_the_gradient_with_respect_to_a_frozen_distribution():
    (bar,) = ad.gradient(lambda d: d.logpdf(0.7), stats.norm(0.2, scale=1.3))
    z = 0.5 / 1.3
    assert bar.args[0] == pytest.approx(z / 1.3)
    assert bar.kwds["scale"] == pytest.approx((z * z - 1) / 1.3)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: stats.binom(x, 0.3).logpmf(2),
        lambda x: stats.poisson(1.5).logpmf(x),
        lambda x: stats.poisson(1.5, loc=x).cdf(7),
        lambda x: stats.gamma(x).a + stats.truncnorm(-x, x).a,
        lambda x: stats.truncnorm(-x, x).b,
        lambda x: stats.multivariate_normal(np.zeros(2), x).cov_object.log_pdet,
        lambda x: stats.gaussian_kde(x * X).factor,
        lambda x: stats.landau(x).logpdf(0.5),
        lambda x: stats.genextreme(x - 5.0).logpdf(0.5),
    ],
)
def test_what_is_not_known_of_a_frozen_distribution_is_refused_in_both_modes(f):
    for derivative in (lambda: ad.gradient(f, 5.0), lambda: ad.jvp(f, (5.0,), (1.0,))):
        with pytest.raises(MissingRuleError):
            derivative()


# -- distributions by their source ----------------------------------------------------------------------------

SHAPES = dict(reversed([(name, shapes) for name, shapes in distcont if isinstance(name, str)])) | {
    "fatiguelife": (1.3,), "genextreme": (0.2,), "genpareto": (0.2,), "kappa4": (0.3, 0.4),
    "loguniform": (0.5, 2.5), "reciprocal": (0.5, 2.5),
}  # fmt: skip
#: Of these SciPy computes what is left out in compiled code.
LESS = {"cosine": "cdf ppf", "dpareto_lognorm": "cdf ppf", "rice": "cdf ppf", "skewnorm": "cdf ppf"}


@pytest.mark.parametrize("name", sorted(SOURCED))
def test_distributions_by_their_source(name):
    d, shapes = getattr(stats, name), tuple(map(float, SHAPES[name]))
    weights, left_out = np.array([1.0, -2.0]), LESS.get(name, "").split()
    x = d.ppf([0.3, 0.62], *shapes, 0.2, 1.3)

    def loss(x, q, loc, scale, *shapes):
        total = np.sum(weights * d.logpdf(x, *shapes, loc=loc, scale=scale))
        if "cdf" not in left_out:
            total = total + np.sum(weights * d.cdf(x, *shapes, loc=loc, scale=scale))
        if "ppf" not in left_out:
            total = total + np.sum(weights * d.ppf(q, *shapes, loc=loc, scale=scale))
        return total

    ad.check_gradient(loss, x, np.array([0.3, 0.62]), 0.2, 1.3, *shapes)


@pytest.mark.parametrize("name", ["johnsonsu", "maxwell", "loggamma", "skewcauchy", "genpareto"])
def test_second_derivatives_by_their_source(name):
    d, shapes = getattr(stats, name), tuple(map(float, SHAPES[name]))
    for method, at in (("logpdf", d.ppf(0.3, *shapes, 0.2, 1.3)), ("cdf", 0.9), ("ppf", 0.62)):
        f = getattr(d, method)
        ad.check_gradient(lambda x, m, s, *a: f(x, *a, m, s), at, 0.2, 1.3, *shapes, order=2)


def test_at_the_edge_of_the_support_a_density_has_the_slope_of_its_formula():
    (bar,) = ad.gradient(lambda s: stats.halfgennorm.logpdf(0.0, 1.5, scale=s), 2.0)
    assert bar == pytest.approx(-0.5)
    bars = ad.gradient(lambda x, s: stats.maxwell.pdf(x, scale=s), -1.0, 2.0)
    assert bars == (0.0, 0.0)


class Triangle(stats.rv_continuous):
    """A distribution of one's own: 2 x / a² on [0, a]."""

    def _get_support(self, a):
        return 0.0, a

    def _pdf(self, x, a):
        return 2 * x / a**2

    def _cdf(self, x, a):
        return (x / a) ** 2


def test_a_distribution_of_ones_own():
    own = Triangle(name="triangle", shapes="a")
    ad.check_gradient(lambda x, a, s: own.logpdf(x, a, scale=s), 0.7, 1.5, 1.3, order=2)
    ad.check_gradient(lambda x, a, s: own(a, scale=s).cdf(x), 0.7, 1.5, 1.3, order=2)
    assert ad.gradient(lambda q, a: own.ppf(q, a), 0.25, 2.0) == pytest.approx((2.0, 0.5))


# -- kernel density estimates ----------------------------------------------------------------------------------

WEIGHTS = np.arange(1.0, 9.0)
KERNELS = [
    (lambda d: np.sum(stats.gaussian_kde(d)(X) ** 2), (DATA[0],)),
    (lambda d, p: np.sum(np.sin(stats.gaussian_kde(d).logpdf(p))), (DATA, POINTS)),
    (
        lambda d, p, w: np.sum(stats.gaussian_kde(d, weights=w).pdf(p) ** 2),
        (DATA, POINTS, WEIGHTS),
    ),
    (lambda d, p, b: np.sum(stats.gaussian_kde(d, bw_method=b).evaluate(p) ** 2), (DATA, POINTS, 0.4)),
    (lambda d, p: np.sum(stats.gaussian_kde(d, "silverman").logpdf(p) ** 2), (DATA, POINTS)),
    (lambda d: stats.gaussian_kde(d).integrate_box_1d(-1.0, 0.5), (DATA[0],)),
    (lambda d: np.sum(stats.gaussian_kde(d).covariance * DATA[:, :2]), (DATA,)),
]  # fmt: skip


@pytest.mark.parametrize("i", range(len(KERNELS)))
def test_density_estimates_with_respect_to_their_data(i):
    f, args = KERNELS[i]
    ad.check_gradient(f, *args, order=2)
    assert ad.value_and_gradient(f, *args)[0] == f(*args)


def test_a_bandwidth_that_is_a_function_of_the_estimate_is_refused():
    with pytest.raises(MissingRuleError, match="bandwidth is a function"):
        ad.gradient(lambda d: stats.gaussian_kde(d, lambda kde: kde.n**-0.2)(0.3)[0], DATA[0])


class Squared(stats.gaussian_kde):
    def evaluate(self, points):
        return super().evaluate(points) ** 2


def test_a_kernel_estimate_whose_evaluation_is_ones_own():
    data = np.array([0.1, 0.5, 1.3, 2.0])
    ad.check_gradient(lambda x: Squared(data).pdf(x).sum(), X)
    estimate = Squared(data)
    assert ad.value_and_gradient(lambda x: estimate.pdf(x).sum(), X)[0] == estimate.pdf(X).sum()
