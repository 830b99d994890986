"""Samples with respect to the shape of their distribution: the derivative of the quantile that they are."""

import numpy as np
import pytest
import torch
from scipy import stats

import adjoint as ad
from adjoint.rules import sampling_shapes
from adjoint.rules.scipy import special_incomplete
from adjoint.testing import WAYS, case, check_rule, check_second_order, expand, uniform

POSITIVE, PART = uniform(0.5, 3.0, shape=(3,)), uniform(0.2, 0.8, shape=(3,))
CASES = [
    case([sampling_shapes.gamma_slope, special_incomplete.gamma_sample_slope], POSITIVE, POSITIVE),
    case(
        [sampling_shapes.beta_slope, special_incomplete.beta_sample_slope], POSITIVE, POSITIVE, PART
    ),
    case(sampling_shapes.wald_slope, POSITIVE, POSITIVE, POSITIVE),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case.but(tolerance=1e-5))
    check_second_order(case.but(tolerance=1e-5), WAYS[:1])


SHAPES = np.array([0.15, 0.8, 2.5, 30.0])
SCALES = np.array([0.7, 2.0, 0.3, 9.0])
# A call, its distribution's quantiles and distribution function, and its parameters.
DISTRIBUTIONS = {
    "standard_gamma": (lambda a: stats.gamma(a), (SHAPES,)),
    "gamma": (lambda a, scale: stats.gamma(a, scale=scale), (SHAPES, SCALES)),
    "chisquare": (lambda df: stats.chi2(df), (SHAPES,)),
    "beta": (lambda a, b: stats.beta(a, b), (SHAPES, SCALES)),
    "f": (lambda m, n: stats.f(m, n), (SHAPES + 1, SCALES + 1)),
    "standard_t": (lambda df: stats.t(df), (SHAPES + 1,)),
    "wald": (lambda mean, scale: stats.invgauss(mean / scale, scale=scale), (SHAPES, SCALES)),
}
SOURCES = (np.random.default_rng, np.random.RandomState)


def sampler(name, make):
    def draw(*parameters):
        return getattr(make(3), name)(*parameters)

    return draw


@pytest.mark.parametrize("make", SOURCES)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_slope_of_a_sample_is_that_of_its_quantile(name, make):
    distribution, parameters = DISTRIBUTIONS[name]
    draw = sampler(name, make)
    plain = draw(*parameters)
    y, back = ad.pullback(draw, *parameters)
    assert np.array_equal(y, plain)
    level = distribution(*parameters).cdf(y)
    bars = back(np.ones(4))
    for i, parameter in enumerate(parameters):

        def quantile(t):
            moved = [p * (1 + t) if k == i else p for k, p in enumerate(parameters)]
            return distribution(*moved).ppf(level)

        h = 1e-4
        outer, inner = quantile(2 * h) - quantile(-2 * h), quantile(h) - quantile(-h)
        np.testing.assert_allclose(bars[i], (8 * inner - outer) / (12 * h * parameter), rtol=5e-7)
        v = [np.ones(4) if k == i else np.zeros(4) for k in range(len(parameters))]
        np.testing.assert_allclose(ad.jvp(draw, parameters, tuple(v))[1], bars[i], rtol=1e-12)


def test_gamma_agrees_with_torch():
    a = np.array([0.05, 0.3, 1.0, 5.0, 100.0])
    y = np.random.default_rng(1).standard_gamma(a)
    (found,) = ad.gradient(lambda a: np.sum(np.random.default_rng(1).standard_gamma(a)), a)
    theirs = torch._standard_gamma_grad(torch.tensor(a), torch.tensor(y)).numpy()
    np.testing.assert_allclose(found, theirs, rtol=2e-4)  # theirs is an approximation


@pytest.mark.parametrize("make", SOURCES)
def test_the_parts_of_a_dirichlet_sample_are_quantiles_of_what_is_left(make):
    alpha, w = np.array([0.6, 1.3, 2.2]), np.array([0.3, -1.0, 2.0])

    def draw(alpha):
        return make(5).dirichlet(alpha)

    y = draw(alpha)
    first = stats.beta.cdf(y[0], alpha[0], alpha[1] + alpha[2])
    second = stats.beta.cdf(y[1] / (1 - y[0]), alpha[1], alpha[2])

    def again(alpha):
        u = stats.beta.ppf(first, alpha[0], alpha[1] + alpha[2])
        v = stats.beta.ppf(second, alpha[1], alpha[2])
        return np.array([u, (1 - u) * v, (1 - u) * (1 - v)])

    np.testing.assert_allclose(again(alpha), y)
    h = 1e-5
    slopes = [(again(alpha + h * e) - again(alpha - h * e)) @ w / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(ad.gradient(lambda a: draw(a) @ w, alpha)[0], slopes, rtol=1e-7)
    y_dot = ad.jvp(draw, (alpha,), (alpha,))[1]
    np.testing.assert_allclose(y_dot @ w, slopes @ alpha, rtol=1e-7)
    np.testing.assert_allclose(np.sum(y_dot), 0.0, atol=1e-14)


def test_the_mean_of_the_slopes_is_the_slope_of_the_mean():
    alpha, w, n = np.array([0.6, 1.3, 2.2]), np.array([0.3, -1.0, 2.0]), 40000

    def estimate(alpha):
        return np.sum(np.random.default_rng(5).dirichlet(alpha, size=n) @ w) / n

    def mean(alpha):
        return alpha @ w / np.sum(alpha)

    (wanted,) = ad.gradient(mean, alpha)
    np.testing.assert_allclose(ad.gradient(estimate, alpha)[0], wanted, atol=4e-3)


def test_an_angle_turns_with_its_mean_and_no_more_is_known():
    def draw(mu, kappa):
        return np.random.default_rng(1).vonmises(mu, kappa, size=5)

    assert ad.gradient(lambda mu: np.sum(draw(mu, 2.0)), 0.3) == (5.0,)
    with pytest.raises(ad.MissingRuleError):
        ad.gradient(lambda kappa: np.sum(draw(0.3, kappa)), 2.0)


def test_single_precision_stays():
    a = np.array([0.5, 2.0], np.float32)

    def draw(a):
        return np.random.default_rng(1).standard_gamma(a, dtype=np.float32)

    assert ad.gradient(lambda a: np.sum(draw(a)), a)[0].dtype == np.float32
    assert ad.jvp(draw, (a,), (a,))[1].dtype == np.float32
