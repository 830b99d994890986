"""Distributions of several variables."""

from __future__ import annotations

import math

import numpy as np
from scipy import special, stats

from adjoint.rules.registry import rule, source_of
from adjoint.rules.scipy.special_logarithms import ratio_or_zero

# -- normal ---------------------------------------------------------------------------------------------


@source_of(stats.multivariate_normal.logpdf)
def _(x, mean=None, cov=1, allow_singular=False):
    return normal_logpdf(x, mean, cov, allow_singular)


@source_of(type(stats.multivariate_normal).logpdf)
def _(self, x, mean=None, cov=1, allow_singular=False):
    return normal_logpdf(x, mean, cov, allow_singular)


def normal_logpdf(x, mean, cov, allow_singular):
    return stats.multivariate_normal.logpdf(x, mean, cov, allow_singular)


@rule(normal_logpdf)
def _(x, mean, cov, allow_singular):
    y = normal_logpdf(x, mean, cov, allow_singular)

    def pullback(y_bar):
        weight = np.where(np.equal(y, -math.inf), 0.0, y_bar)
        return normal_cotangents(weight, x, mean, cov, allow_singular)

    return y, pullback


@source_of(stats.multivariate_normal.pdf)
def _(x, mean=None, cov=1, allow_singular=False):
    return normal_pdf(x, mean, cov, allow_singular)


@source_of(type(stats.multivariate_normal).pdf)
def _(self, x, mean=None, cov=1, allow_singular=False):
    return normal_pdf(x, mean, cov, allow_singular)


def normal_pdf(x, mean, cov, allow_singular):
    return stats.multivariate_normal.pdf(x, mean, cov, allow_singular)


@rule(normal_pdf)
def _(x, mean, cov, allow_singular):
    y = normal_pdf(x, mean, cov, allow_singular)

    def pullback(y_bar):
        return normal_cotangents(y_bar * y, x, mean, cov, allow_singular)

    return y, pullback


def normal_cotangents(y_bar, x, mean, cov, singular):
    """Of log p, with P = C⁻¹ and s = P (x - m):  x̄ = -ȳ s, m̄ = Σ ȳ s, C̄ = ½ Σ ȳ (s sᵀ - P).

    A covariance that is a number or a vector stands for a multiple of 1, or a diagonal."""
    if mean is not None:
        count = np.size(mean)
    else:
        count = np.shape(cov)[0] if np.ndim(cov) == 2 else 1
    eye = np.eye(count)
    matrix = cov if np.ndim(cov) == 2 else eye * cov
    P = np.linalg.pinv(matrix, hermitian=True) if singular else np.linalg.inv(matrix)
    deviations = np.reshape(x, (-1, count)) - (0.0 if mean is None else np.reshape(mean, (-1,)))
    s = deviations @ P
    weighted = np.reshape(y_bar, (-1, 1)) * s
    mean_bar = None if mean is None else np.reshape(np.sum(weighted, axis=0), np.shape(mean))
    P_bar = 0.5 * (s.T @ weighted - np.sum(y_bar) * P)
    if np.ndim(cov) < 2:
        P_bar = np.sum(eye * P_bar, axis=0) if np.ndim(cov) == 1 else np.sum(eye * P_bar)
    return np.reshape(-weighted, np.shape(x)), mean_bar, P_bar


source_of(normal_cotangents)(normal_cotangents)

# -- Dirichlet: x has the components first, and may lack the last ------------------------------------------


@source_of(stats.dirichlet.logpdf)
def _(x, alpha):
    return dirichlet_logpdf(x, alpha)


@source_of(type(stats.dirichlet).logpdf)
def _(self, x, alpha):
    return dirichlet_logpdf(x, alpha)


def dirichlet_logpdf(x, alpha):
    return stats.dirichlet.logpdf(x, alpha)


@rule(dirichlet_logpdf)
def _(x, alpha):
    y = dirichlet_logpdf(x, alpha)

    def pullback(y_bar):
        return dirichlet_cotangents(y_bar, x, alpha)

    return y, pullback


@source_of(stats.dirichlet.pdf)
def _(x, alpha):
    return dirichlet_pdf(x, alpha)


@source_of(type(stats.dirichlet).pdf)
def _(self, x, alpha):
    return dirichlet_pdf(x, alpha)


def dirichlet_pdf(x, alpha):
    return stats.dirichlet.pdf(x, alpha)


@rule(dirichlet_pdf)
def _(x, alpha):
    y = dirichlet_pdf(x, alpha)

    def pullback(y_bar):
        return dirichlet_cotangents(y_bar * y, x, alpha)

    return y, pullback


def dirichlet_cotangents(y_bar, x, alpha):
    """Of log p = Σ (α - 1) log x - log B(α)."""
    count = np.shape(alpha)[0]
    points = np.reshape(x, (np.shape(x)[0], -1))
    lacking = np.shape(points)[0] < count
    if lacking:
        points = np.concatenate((points, 1 - np.sum(points, axis=0, keepdims=True)))
    weight = np.reshape(y_bar, (1, -1))
    slopes = weight * ratio_or_zero(np.reshape(alpha, (-1, 1)) - 1, points)
    if lacking:
        slopes = slopes[:-1] - slopes[-1:]
    rest = special.psi(np.sum(alpha)) - special.psi(alpha)
    alpha_bar = np.sum(weight * np.log(points), axis=1) + np.sum(weight) * rest
    return np.reshape(slopes, np.shape(x)), alpha_bar


source_of(dirichlet_cotangents)(dirichlet_cotangents)

# -- multinomial ----------------------------------------------------------------------------------------------


@source_of(stats.multinomial.logpmf)
def _(x, n, p):
    return multinomial_logpmf(x, n, p)


@source_of(type(stats.multinomial).logpmf)
def _(self, x, n, p):
    return multinomial_logpmf(x, n, p)


def multinomial_logpmf(x, n, p):
    return stats.multinomial.logpmf(x, n, p)


@rule(multinomial_logpmf, underived="x n")
def _(x, n, p):
    """∂ log P / ∂p = x / p, of p as they are given: their sum is not held at 1."""
    y = multinomial_logpmf(x, n, p)

    def pullback(y_bar):
        weight = np.where(np.equal(y, -math.inf), 0.0, y_bar)
        return None, None, np.expand_dims(weight, -1) * ratio_or_zero(x, p)

    return y, pullback


@source_of(stats.multinomial.pmf)
def _(x, n, p):
    return multinomial_pmf(x, n, p)


@source_of(type(stats.multinomial).pmf)
def _(self, x, n, p):
    return multinomial_pmf(x, n, p)


def multinomial_pmf(x, n, p):
    return stats.multinomial.pmf(x, n, p)


@rule(multinomial_pmf, underived="x n")
def _(x, n, p):
    y = multinomial_pmf(x, n, p)

    def pullback(y_bar):
        return None, None, np.expand_dims(y_bar * y, -1) * ratio_or_zero(x, p)

    return y, pullback
