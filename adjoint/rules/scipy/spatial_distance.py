"""`scipy.spatial.distance`: distances between rows of numbers."""

from __future__ import annotations

import numpy as np
from scipy.spatial import distance

from adjoint.errors import MissingRuleError
from adjoint.rules.guarded import quotient_or_zero
from adjoint.rules.registry import nondifferentiable, rule, source_of

METRICS = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "minkowski", "cosine")


@nondifferentiable
def check_metric(metric) -> None:
    if metric not in METRICS:
        raise MissingRuleError(
            f"no derivative is known for scipy.spatial.distance with the metric {metric!r}",
            hint=f"Those that have one are {', '.join(METRICS)}.",
        )


def nearer_cotangent(D_bar, D, A, B, metric, p):
    """Of A, of the distances D_ij of its rows from those of B; 0 where two rows are the same. All these
    metrics are symmetric, so that the cotangent of B is the same of the transposed matrices."""
    check_metric(metric)
    if metric in ("euclidean", "sqeuclidean") or metric == "minkowski" and p == 2:
        weight = 2 * D_bar if metric == "sqeuclidean" else quotient_or_zero(D_bar, D)
        return np.sum(weight, axis=1, keepdims=True) * A - weight @ B
    if metric == "cosine":
        size = np.sqrt(np.sum(A * A, axis=1, keepdims=True))
        a, b = A / size, B / np.sqrt(np.sum(B * B, axis=1, keepdims=True))
        pulled = -D_bar @ b
        return (pulled - a * np.sum(a * pulled, axis=1, keepdims=True)) / size
    away = A[:, None, :] - B
    if metric == "cityblock" or metric == "minkowski" and p == 1:
        slope = np.sign(away)
    elif metric == "chebyshev":
        farthest = np.abs(away) == D[:, :, None]
        slope = np.sign(away) * farthest / np.sum(farthest, axis=2, keepdims=True)
    else:
        ratio = quotient_or_zero(np.abs(away), D[:, :, None])
        slope = np.sign(away) * ratio ** (p - 1)
    return np.sum(D_bar[:, :, None] * slope, axis=1)


source_of(nearer_cotangent)(nearer_cotangent)


@rule(distance.cdist)
def cdist(XA, XB, metric="euclidean", *, p=None):
    if p is None:
        D = distance.cdist(XA, XB, metric)
    else:
        D = distance.cdist(XA, XB, metric, p=p)
    power = 2 if p is None else p

    def pullback(D_bar):
        A, B = np.asarray(XA), np.asarray(XB)
        first = nearer_cotangent(D_bar, D, A, B, metric, power)
        return first, nearer_cotangent(D_bar.T, D.T, B, A, metric, power)

    return D, pullback


@rule(distance.pdist)
def pdist(X, metric="euclidean", *, p=None):
    """Each pair once: both rows have their part of its cotangent."""
    if p is None:
        d = distance.pdist(X, metric)
    else:
        d = distance.pdist(X, metric, p=p)
    power = 2 if p is None else p

    def pullback(d_bar):
        A = np.asarray(X)
        square = distance.squareform
        return nearer_cotangent(square(d_bar), square(d), A, A, metric, power)

    return d, pullback


@rule(distance.squareform, linear="X")
def squareform(X, force="no", checks=True):
    """Of a vector the symmetric matrix, of a matrix its upper triangle."""
    y = distance.squareform(X, force, checks)
    is_vector = np.ndim(X) == 1

    def pullback(y_bar):
        if is_vector:
            bar = distance.squareform(y_bar + y_bar.T, "tovector", False)
        else:
            bar = np.triu(distance.squareform(y_bar, "tomatrix"))
        return bar

    return y, pullback
