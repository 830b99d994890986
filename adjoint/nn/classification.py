"""Losses of classes: predictions first, then labels; the mean over the batch unless `agg` says else.

Classes are along the last axis of the predictions, (..., classes).  Labels are integers, (...), or
one-hot or other weights of the same shape as the predictions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn.activation import log_sigmoid, log_softmax
from adjoint.nn.losses import Aggregate, machine_epsilon, same_shape, xlogy


def cross_entropy(
    probabilities: Any, labels: Any, eps: float | None = None, *, agg: Aggregate = np.mean
) -> Any:
    """agg of -Σ labels · log(probabilities + eps).

    eps: the spacing of the floating type at one, if not given.  From logits, take
    `logit_cross_entropy`: it is faster and exact.
    """
    expect_labels("cross_entropy", probabilities.shape, labels)
    if eps is None:
        eps = machine_epsilon(probabilities)
    return agg(-select(np.log(probabilities + eps), labels))


def logit_cross_entropy(logits: Any, labels: Any, *, agg: Aggregate = np.mean) -> Any:
    """agg of -Σ labels · log softmax(logits); no entry overflows.

    >>> logits = np.array([[1000.0, 0.0], [0.0, 0.0]])
    >>> bool(logit_cross_entropy(logits, np.array([0, 1])) == np.log(2) / 2)
    True
    """
    expect_labels("logit_cross_entropy", logits.shape, labels)
    # By how much they are shifted makes no difference to the result, nor to its derivatives.
    shifted = logits - ad.stop_gradient(np.max(logits, axis=-1, keepdims=True))
    normaliser = np.log(np.sum(np.exp(shifted), axis=-1))
    if np.ndim(labels) == np.ndim(logits):  # they need not add up to one
        normaliser = normaliser * np.sum(labels, axis=-1)
    return agg(normaliser - select(shifted, labels))


@ad.nondifferentiable
def expect_labels(name: str, shape: tuple[int, ...], labels: Any) -> None:
    """ValueError unless there is a label for each row of scores, or weights for all of its classes;
    IndexError for a label outside 0 … classes - 1: NumPy would take a negative one from the end."""
    of_labels = np.shape(labels)
    if of_labels == shape:
        return
    if of_labels != shape[:-1]:
        raise ValueError(
            f"{name}: predictions of shape {shape} take labels of shape {shape[:-1]}, or one-hot or other "
            f"weights of shape {shape}, not {of_labels}"
        )
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{name}: labels of shape {of_labels} are integers, not {labels.dtype}")
    unsigned = labels.view(f"u{labels.itemsize}")  # where what is negative is large
    if labels.size and unsigned.max() >= shape[-1]:
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise IndexError(
            f"{name}: the labels of {shape[-1]} classes are 0 to {shape[-1] - 1}, not {wrong}"
        )


def select(scores: Any, labels: Any) -> Any:
    """Of each row of scores, (..., classes), the labelled one or the weighted sum: (...)."""
    if np.ndim(labels) == np.ndim(scores):
        return np.sum(labels * scores, axis=-1)
    return np.take_along_axis(scores, labels[..., None], axis=-1)[..., 0]


def binary_cross_entropy(
    probabilities: Any, labels: Any, eps: float | None = None, *, agg: Aggregate = np.mean
) -> Any:
    """agg of -y log(p + ε) - (1 - y) log(1 - p + ε), entry by entry; y within 0 and 1"""
    same_shape("binary_cross_entropy", probabilities, labels)
    if eps is None:
        eps = machine_epsilon(probabilities)
    return agg(-xlogy(labels, probabilities + eps) - xlogy(1 - labels, 1 - probabilities + eps))


def logit_binary_cross_entropy(logits: Any, labels: Any, *, agg: Aggregate = np.mean) -> Any:
    """agg of (1 - y) z - log(sigmoid(z)), entry by entry; nothing overflows"""
    same_shape("logit_binary_cross_entropy", logits, labels)
    return agg((1 - labels) * logits - log_sigmoid(logits))


def kl_divergence(
    probabilities: Any, targets: Any, eps: float | None = None, *, agg: Aggregate = np.mean
) -> Any:
    """agg of Σ q log q - Σ q log(p + ε): of the distributions q from predicted ones p, (..., classes)"""
    same_shape("kl_divergence", probabilities, targets)
    if eps is None:
        eps = machine_epsilon(probabilities)
    entropy = agg(np.sum(xlogy(targets, targets), axis=-1))
    return entropy + agg(-np.sum(xlogy(targets, probabilities + eps), axis=-1))


def focal_loss(
    probabilities: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    eps: float | None = None,
    agg: Aggregate = np.mean,
) -> Any:
    """agg of -Σ labels · (1 - p)^γ log p, with p = probabilities + ε (Lin et al. 2017)"""
    expect_labels("focal_loss", probabilities.shape, labels)
    if eps is None:
        eps = machine_epsilon(probabilities)
    p = probabilities + eps
    return agg(-select((1 - p) ** gamma * np.log(p), labels))


def binary_focal_loss(
    probabilities: Any,
    labels: Any,
    *,
    gamma: float = 2.0,
    eps: float | None = None,
    agg: Aggregate = np.mean,
) -> Any:
    """agg of -(1 - p)^γ log p, p being the probability (+ ε) given to what is so; labels 0 or 1"""
    same_shape("binary_focal_loss", probabilities, labels)
    if eps is None:
        eps = machine_epsilon(probabilities)
    p = probabilities + eps
    right = labels * p + (1 - labels) * (1 - p)
    return agg(-((1 - right) ** gamma) * np.log(right))


def label_smoothing(labels: Any, amount: float, *, axis: int | None = -1) -> Any:
    """labels (1 - α) + α / K, K classes along `axis`; `axis=None` for binary labels: + α / 2

    >>> label_smoothing(np.array([0.0, 1.0]), 0.2)
    array([0.1, 0.9])
    """
    if not 0 < amount < 1:
        raise ValueError(f"label_smoothing: the amount has to lie between 0 and 1, not be {amount}")
    classes = 2 if axis is None else labels.shape[axis]
    return labels * (1 - amount) + amount / classes


NEVER = -1e30  # the logarithm of a probability that is 0: finite, so that differences are no NaN


def ctc_loss(
    logits: Any,
    labels: Any,
    *,
    lengths: Any = None,
    label_lengths: Any = None,
    blank: int = -1,
    agg: Aggregate = np.mean,
) -> Any:
    """agg of -log p(labels | logits), summed over all alignments (Graves et al. 2006, eq. 6-8).

    logits: (batch, time, classes)  labels: integers, (batch, most)
    lengths, label_lengths: (batch,), how many steps and labels count; all, if not given.
    blank: the class that stands for no label; the last, if not given.

    A sequence too short for its labels has probability 0 and costs about 1e30.
    """
    batch, steps, classes = logits.shape
    labels = np.asarray(labels)
    if labels.ndim != 2 or len(labels) != batch:
        raise ValueError(
            f"ctc_loss: logits of shape {logits.shape} need labels of shape ({batch}, most), "
            f"not {labels.shape}"
        )
    blank = blank % classes
    most = labels.shape[1]
    lengths = np.full(batch, steps) if lengths is None else np.asarray(lengths)
    label_lengths = np.full(batch, most) if label_lengths is None else np.asarray(label_lengths)
    symbols = np.full((batch, 2 * most + 1), blank)  # blank l₁ blank l₂ … blank
    symbols[:, 1::2] = labels
    skips = np.zeros(symbols.shape, bool)  # may be reached from two before: no blank, no repetition
    skips[:, 2:] = (symbols[:, 2:] != blank) & (symbols[:, 2:] != symbols[:, :-2])

    log_p = log_softmax(logits)
    rows = np.arange(batch)[:, None]
    start = np.arange(2 * most + 1) < 2
    alpha = np.where(start, log_p[rows, 0, symbols], NEVER)
    for t in range(1, steps):
        one = np.pad(alpha[:, :-1], ((0, 0), (1, 0)), constant_values=NEVER)
        two = np.pad(alpha[:, :-1], ((0, 0), (2, 0)), constant_values=NEVER)[:, :-1]
        reached = np.logaddexp(np.logaddexp(alpha, one), np.where(skips, two, NEVER))
        alpha = np.where((t < lengths)[:, None], reached + log_p[rows, t, symbols], alpha)
    ends = 2 * label_lengths
    last = alpha[np.arange(batch), ends]
    before = np.where(ends > 0, alpha[np.arange(batch), np.maximum(ends - 1, 0)], NEVER)
    return agg(-np.logaddexp(last, before))
