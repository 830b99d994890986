"""Gaussian kernel density estimates: the data, their weights, and the covariance of each kernel.

p(x) = Σ w_i exp(-½ (x - d_i)ᵀ C⁻¹ (x - d_i)) / √det(2π C), with C the covariance of the data, times the
square of a factor (Scott 1992).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special
from scipy.stats import gaussian_kde

from adjoint.errors import MissingRuleError
from adjoint.parts import declare_parts
from adjoint.rules.registry import nondifferentiable, source_of
from adjoint.rules.scipy.formulas import computed, consisting_of, part, valued

declare_parts(gaussian_kde, "dataset", "weights", "covariance")


@nondifferentiable
def refuse_unknown(bandwidth: Any) -> None:
    """What a function computes of the estimate that is being made cannot be followed."""
    if callable(bandwidth):
        raise MissingRuleError(
            "no derivative is known for a gaussian_kde whose bandwidth is a function of the estimate",
            hint="Give the bandwidth as a number: gaussian_kde(data, bw_method=number).",
        )


def bandwidth_factor(bandwidth, weights, dimensions):
    effective = 1 / np.sum(weights * weights)
    if bandwidth is None or bandwidth == "scott":
        return effective ** (-1.0 / (dimensions + 4))
    if bandwidth == "silverman":
        return (effective * (dimensions + 2.0) / 4.0) ** (-1.0 / (dimensions + 4))
    return bandwidth


@source_of(gaussian_kde)
def _(dataset, bw_method=None, weights=None):
    made = computed(gaussian_kde, dataset, bw_method, weights)
    refuse_unknown(bw_method)
    data = np.atleast_2d(np.asarray(dataset))
    count = np.shape(data)[1]
    shares = np.full(count, 1.0 / count) if weights is None else np.ravel(weights) / np.sum(weights)
    factor = bandwidth_factor(bw_method, shares, np.shape(data)[0])
    away = data - np.reshape(data @ shares, (-1, 1))
    spread = (away * shares) @ away.T / (1 - np.sum(shares * shares))
    return consisting_of(made, data, shares, spread * factor**2)


@source_of(vars(gaussian_kde)["weights"].fget)
def _(self):
    return part(self, "weights")


def log_estimate(points, data, weights, covariance):
    count = np.shape(data)[0]
    away = np.reshape(points, (count, -1, 1)) - data[:, None, :]
    exponent = -0.5 * np.sum(away * np.tensordot(np.linalg.inv(covariance), away, axes=1), axis=0)
    norm = count * math.log(2 * math.pi) + np.linalg.slogdet(covariance)[1]
    return special.logsumexp(exponent, axis=1, b=weights) - 0.5 * norm


for helper in (bandwidth_factor, log_estimate):
    source_of(helper)(helper)


@source_of(gaussian_kde.logpdf, apart=True)
def _(self, x):
    exact = computed(gaussian_kde.logpdf, self, x)
    parts = part(self, "dataset"), part(self, "weights"), part(self, "covariance")
    return valued(exact, log_estimate(np.asarray(x), *parts))


@source_of(gaussian_kde.pdf, apart=True)
def _(self, x):
    return self.evaluate(x)


@source_of(gaussian_kde.evaluate, gaussian_kde.__call__, apart=True)
def _(self, points):
    exact = computed(gaussian_kde.evaluate, self, points)
    parts = part(self, "dataset"), part(self, "weights"), part(self, "covariance")
    return valued(exact, np.exp(log_estimate(np.asarray(points), *parts)))
