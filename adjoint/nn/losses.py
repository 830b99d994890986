"""Losses: predictions first, then what was to be predicted; the mean over the batch.

Classes are along the last axis of the predictions, (..., classes).  Labels are integers, (...), or
one-hot or other weights of the same shape as the predictions.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def cross_entropy(probabilities: Any, labels: Any, eps: float | None = None) -> Any:
    """Mean of -Σ labels · log(probabilities + eps).

    eps: the spacing of the floating type at one, if not given.  From logits, take
    `logit_cross_entropy`: it is faster and exact.
    """
    if eps is None:
        eps = float(np.finfo(probabilities.dtype).eps)
    return -np.mean(select(np.log(probabilities + eps), labels))


def logit_cross_entropy(logits: Any, labels: Any) -> Any:
    """Mean of log Σ exp(logits) - Σ labels · logits; no entry overflows.

    >>> logits = np.array([[1000.0, 0.0], [0.0, 0.0]])
    >>> bool(logit_cross_entropy(logits, np.array([0, 1])) == np.log(2) / 2)
    True
    """
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    normaliser = np.log(np.sum(np.exp(shifted), axis=-1))
    return np.mean(normaliser - select(shifted, labels))


def select(scores: Any, labels: Any) -> Any:
    """Of each row of scores, (..., classes), the labelled one or the weighted sum: (...)."""
    if np.ndim(labels) == np.ndim(scores):
        return np.sum(labels * scores, axis=-1)
    return np.take_along_axis(scores, labels[..., None], axis=-1)[..., 0]
