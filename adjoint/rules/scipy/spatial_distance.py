"""`scipy.spatial.distance`: distances between rows of numbers."""

from __future__ import annotations

import numpy as np
from scipy.spatial import distance
from scipy.special import rel_entr

from adjoint.errors import MissingRuleError
from adjoint.rules.guarded import quotient_or_zero
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.scipy.formulas import computed, valued

# Of these there are matrix products for all pairs; of the others a formula for each pair.
METRICS = ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "minkowski", "cosine")


WEIGHTED = (
    "euclidean", "sqeuclidean", "cityblock", "minkowski", "cosine", "correlation", "braycurtis", "canberra",
)  # fmt: skip
BY_PAIRS = (*WEIGHTED, "seuclidean", "mahalanobis", "jensenshannon")


@nondifferentiable
def check_metric(metric, options) -> None:
    known = METRICS + BY_PAIRS
    if metric not in known or options.get("w") is not None and metric not in WEIGHTED:
        weighted = " with weights" if metric in known else ""
        raise MissingRuleError(
            f"no derivative is known for scipy.spatial.distance with the metric {metric!r}{weighted}",
            hint=f"Those that have one are {', '.join(known)}; with weights, {', '.join(WEIGHTED)}.",
        )


def nearer_cotangent(D_bar, D, A, B, metric, p):
    """Of A, of the distances D_ij of its rows from those of B; 0 where two rows are the same. All these
    metrics are symmetric, so that the cotangent of B is the same of the transposed matrices."""
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


def plain_cdist(XA, XB, metric, p=None):
    return distance.cdist(XA, XB, metric) if p is None else distance.cdist(XA, XB, metric, p=p)


@rule(plain_cdist)
def _(XA, XB, metric, p=None):
    D = plain_cdist(XA, XB, metric, p)
    power = 2 if p is None else p

    def pullback(D_bar):
        A, B = np.asarray(XA), np.asarray(XB)
        first = nearer_cotangent(D_bar, D, A, B, metric, power)
        return first, nearer_cotangent(D_bar.T, D.T, B, A, metric, power)

    return D, pullback


def plain_pdist(X, metric, p=None):
    return distance.pdist(X, metric) if p is None else distance.pdist(X, metric, p=p)


@rule(plain_pdist)
def _(X, metric, p=None):
    """Each pair once: both rows have their part of its cotangent."""
    d = plain_pdist(X, metric, p)
    power = 2 if p is None else p

    def pullback(d_bar):
        A = np.asarray(X)
        square = distance.squareform
        return nearer_cotangent(square(d_bar), square(d), A, A, metric, power)

    return d, pullback


@source_of(distance.cdist, apart=True)
def _(XA, XB, metric="euclidean", *, out=None, **options):
    check_metric(metric, options)
    if metric in METRICS and options.get("w") is None:
        return plain_cdist(XA, XB, metric, options.get("p"))
    A, B = np.asarray(XA), np.asarray(XB)
    both = np.concatenate([A, B])
    exact = computed(distance.cdist, XA, XB, metric, **options)
    return valued(exact, of_pairs(A[:, None, :], B[None], metric, options, both))


@source_of(distance.pdist, apart=True)
def _(X, metric="euclidean", *, out=None, **options):
    check_metric(metric, options)
    if metric in METRICS and options.get("w") is None:
        return plain_pdist(X, metric, options.get("p"))
    X = np.asarray(X)
    first, second = np.triu_indices(np.shape(X)[0], 1)
    exact = computed(distance.pdist, X, metric, **options)
    return valued(exact, of_pairs(X[first], X[second], metric, options, X))


def of_pairs(u, v, metric, options, data):
    """The distances of vectors along the last axis; what is not given, variances or a covariance, is
    that of the data."""
    w = options.get("w")
    w = np.ones(np.shape(u)[-1]) if w is None else w
    away = u - v
    if metric in ("euclidean", "sqeuclidean"):
        squares = np.sum(w * away * away, axis=-1)
        return root(squares) if metric == "euclidean" else squares
    if metric == "cityblock":
        return np.sum(w * np.abs(away), axis=-1)
    if metric == "minkowski":
        p = options.get("p", 2)
        total = np.sum(w * np.abs(away) ** p, axis=-1)
        met = total == 0
        return np.where(met, 0.0, np.where(met, 1.0, total) ** (1 / p))
    if metric == "braycurtis":
        return np.sum(w * np.abs(away), axis=-1) / np.sum(w * np.abs(u + v), axis=-1)
    if metric == "canberra":
        sizes = np.abs(u) + np.abs(v)
        return np.sum(w * np.abs(away) / np.where(sizes == 0, 1.0, sizes), axis=-1)
    if metric == "seuclidean":
        V = options.get("V")
        V = np.var(data, axis=0, ddof=1) if V is None else V
        return root(np.sum(away * away / V, axis=-1))
    if metric == "mahalanobis":
        VI = options.get("VI")
        centred = data - np.mean(data, axis=0)
        covariance = centred.T @ centred / (np.shape(data)[0] - 1)
        VI = np.linalg.inv(covariance) if VI is None else np.asarray(VI)
        return root(np.sum((away @ VI) * away, axis=-1))
    if metric == "jensenshannon":
        p, q = u / np.sum(u, axis=-1, keepdims=True), v / np.sum(v, axis=-1, keepdims=True)
        m = 0.5 * (p + q)
        entropy = np.sum(rel_entr(p, m) + rel_entr(q, m), axis=-1)
        base = options.get("base")
        return root(0.5 * entropy if base is None else 0.5 * entropy / np.log(base))
    if metric == "correlation":
        share = w / np.sum(w)
        u = u - np.sum(share * u, axis=-1, keepdims=True)
        v = v - np.sum(share * v, axis=-1, keepdims=True)
    sizes = np.sum(w * u * u, axis=-1) * np.sum(w * v * v, axis=-1)
    return 1 - np.sum(w * u * v, axis=-1) / np.sqrt(sizes)


def root(squares):
    """Whose derivative at 0 counts as 0."""
    met = squares <= 0
    return np.where(met, 0.0, np.sqrt(np.where(met, 1.0, squares)))


source_of(of_pairs)(of_pairs)
source_of(root)(root)


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
