"""Losses of real values: predictions first, then what was to be predicted, of the same shape.

`agg` turns the losses of the entries into one number: `np.mean` by default, `np.sum`, or `identity`
to keep them apart.  Losses of classes and labels are in `adjoint.nn.classification`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Aggregate = Callable[[Any], Any]


def same_shape(name: str, predictions: Any, targets: Any) -> None:
    """ValueError where the two would be broadcast: a column against a row is a mistake, not a loss."""
    if np.shape(predictions) != np.shape(targets):
        raise ValueError(
            f"{name}: predictions have shape {np.shape(predictions)}, targets {np.shape(targets)}; "
            "they have to be the same (reshape one of them)"
        )


def machine_epsilon(x: Any) -> float:
    """The spacing at one of the floating type of x; that of float64 where x has none."""
    dtype = getattr(x, "dtype", None)
    return float(np.finfo(dtype if dtype is not None and dtype.kind == "f" else float).eps)


def xlogy(x: Any, y: Any) -> Any:
    """x log(y), and 0 where x is 0"""
    return np.where(x == 0, 0, x * np.log(np.where(x == 0, 1, y)))


def positive(x: Any) -> Any:
    """x where it is positive, else 0; NaN stays NaN, and the derivative at 0 is 0"""
    return np.where(x <= 0, 0, x)


def mae(predictions: Any, targets: Any, *, agg: Aggregate = np.mean) -> Any:
    """agg |ŷ - y|: mean absolute error.  The derivative where both are equal is 0.

    >>> float(mae(np.array([1.0, 2.0]), np.array([0.0, 4.0])))
    1.5
    """
    same_shape("mae", predictions, targets)
    return agg(np.abs(predictions - targets))


def mse(predictions: Any, targets: Any, *, agg: Aggregate = np.mean) -> Any:
    """agg (ŷ - y)²: mean square error"""
    same_shape("mse", predictions, targets)
    error = predictions - targets
    return agg(error * error)


def msle(
    predictions: Any, targets: Any, *, agg: Aggregate = np.mean, eps: float | None = None
) -> Any:
    """agg (log(ŷ + ε) - log(y + ε))²: of predictions and targets that are not negative"""
    same_shape("msle", predictions, targets)
    if eps is None:
        eps = machine_epsilon(predictions)
    error = np.log((predictions + eps) / (targets + eps))
    return agg(error * error)


def huber_loss(
    predictions: Any, targets: Any, *, agg: Aggregate = np.mean, delta: float = 1.0
) -> Any:
    """agg e²/2 where |e| < δ, else δ (|e| - δ/2), with e = ŷ - y (Huber 1964)"""
    same_shape("huber_loss", predictions, targets)
    error = predictions - targets
    size = np.abs(error)
    return agg(np.where(size < delta, 0.5 * error * error, delta * (size - 0.5 * delta)))


def poisson_loss(predictions: Any, targets: Any, *, agg: Aggregate = np.mean) -> Any:
    """agg (ŷ - y log ŷ): negative log-likelihood of counts y at rates ŷ, without what y alone decides"""
    same_shape("poisson_loss", predictions, targets)
    return agg(predictions - xlogy(targets, predictions))


def hinge_loss(predictions: Any, targets: Any, *, agg: Aggregate = np.mean) -> Any:
    """agg max(0, 1 - y ŷ), y = ±1"""
    same_shape("hinge_loss", predictions, targets)
    margin = 1 - predictions * targets
    return agg(positive(margin))


def squared_hinge_loss(predictions: Any, targets: Any, *, agg: Aggregate = np.mean) -> Any:
    """agg max(0, 1 - y ŷ)², y = ±1"""
    same_shape("squared_hinge_loss", predictions, targets)
    margin = 1 - predictions * targets
    return agg(positive(margin) ** 2)


def siamese_contrastive_loss(
    distances: Any, targets: Any, *, agg: Aggregate = np.mean, margin: float = 1.0
) -> Any:
    """agg ((1 - y) d² + y max(0, m - d)²): y is 1 for pairs that differ, 0 for pairs that are alike
    (Hadsell et al. 2006)"""
    same_shape("siamese_contrastive_loss", distances, targets)
    if margin < 0:
        raise ValueError(f"siamese_contrastive_loss: the margin {margin} is negative")
    short = margin - distances
    return agg((1 - targets) * distances**2 + targets * positive(short) ** 2)


def dice_coeff_loss(predictions: Any, targets: Any, *, smooth: float = 1.0) -> Any:
    """1 - (2 Σ y ŷ + s) / (Σ y² + Σ ŷ² + s) (Milletari et al. 2016)"""
    same_shape("dice_coeff_loss", predictions, targets)
    shared = 2 * np.sum(targets * predictions) + smooth
    return 1 - shared / (np.sum(targets**2) + np.sum(predictions**2) + smooth)


def tversky_loss(predictions: Any, targets: Any, *, beta: float = 0.7) -> Any:
    """1 - (Σ y ŷ + 1) / (Σ y ŷ + β Σ (1 - y) ŷ + (1 - β) Σ y (1 - ŷ) + 1): β weighs what is predicted
    and not there, 1 - β what is there and not predicted (Salehi et al. 2017 with α and β swapped)"""
    same_shape("tversky_loss", predictions, targets)
    shared = np.sum(targets * predictions)
    wrongly = np.sum((1 - targets) * predictions)
    missed = np.sum(targets * (1 - predictions))
    return 1 - (shared + 1) / (shared + beta * wrongly + (1 - beta) * missed + 1)
