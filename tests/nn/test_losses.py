import math

import numpy as np
import pytest

from adjoint.nn import cross_entropy, logit_cross_entropy, softmax


def logits(shape=(6, 4), dtype: type = np.float64):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


LABELS = np.array([0, 1, 3, 3, 2, 0])


def test_logit_cross_entropy_is_the_mean_negative_log_probability():
    p = softmax(logits())
    expected = -sum(math.log(p[row, label]) for row, label in enumerate(LABELS)) / 6
    assert logit_cross_entropy(logits(), LABELS) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("loss", [logit_cross_entropy, cross_entropy])
def test_integer_and_one_hot_labels_agree(loss):
    x = softmax(logits())
    np.testing.assert_allclose(loss(x, LABELS), loss(x, np.eye(4)[LABELS]), rtol=1e-14)


def test_soft_labels_weigh_the_classes():
    x = logits()
    mixed = 0.25 * np.eye(4)[LABELS] + 0.75 * np.eye(4)[LABELS[::-1]]
    expected = 0.25 * logit_cross_entropy(x, LABELS) + 0.75 * logit_cross_entropy(x, LABELS[::-1])
    np.testing.assert_allclose(logit_cross_entropy(x, mixed), expected)


def test_cross_entropy_of_softmax_is_logit_cross_entropy():
    np.testing.assert_allclose(
        cross_entropy(softmax(logits()), LABELS), logit_cross_entropy(logits(), LABELS), rtol=1e-12
    )


def test_cross_entropy_is_finite_where_a_probability_is_zero():
    assert np.isfinite(cross_entropy(np.array([[1.0, 0.0]]), np.array([1])))


def test_logit_cross_entropy_is_exact_where_exponentials_overflow():
    x = np.array([[1e4, 0.0, -1e4]])
    assert logit_cross_entropy(x, np.array([0])) == 0
    assert logit_cross_entropy(x, np.array([2])) == 2e4


def test_a_class_ruled_out_by_minus_infinity_costs_nothing():
    assert logit_cross_entropy(np.array([[0.0, -np.inf]]), np.array([0])) == 0


def test_leading_axes_are_all_batch():
    x, labels = logits((2, 3, 4)), LABELS.reshape(2, 3)
    np.testing.assert_allclose(
        logit_cross_entropy(x, labels), logit_cross_entropy(x.reshape(6, 4), LABELS)
    )


def test_single_precision_stays_single():
    x = logits(dtype=np.float32)
    assert logit_cross_entropy(x, LABELS).dtype == np.float32
    assert cross_entropy(softmax(x), LABELS).dtype == np.float32
