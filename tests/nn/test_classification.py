import math

import numpy as np
import pytest

import adjoint as ad
from adjoint import nn
from adjoint.nn import cross_entropy, logit_cross_entropy, softmax
from tests.nn.against_torch import close, compare, torch

F = torch.nn.functional
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)


def logits(shape=(6, 4), dtype: type = np.float64):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


LABELS = np.array([0, 1, 3, 3, 2, 0])
TENSOR = torch.tensor(LABELS)


def test_logit_cross_entropy_is_the_mean_negative_log_probability():
    p = softmax(logits())
    expected = -sum(math.log(p[row, label]) for row, label in enumerate(LABELS)) / 6
    assert logit_cross_entropy(logits(), LABELS) == pytest.approx(expected, rel=1e-14)


@DTYPES
def test_cross_entropies_are_those_of_torch(dtype):
    soft = softmax(logits() * 2)
    compare(
        lambda x: logit_cross_entropy(x, LABELS),
        lambda x: F.cross_entropy(x, TENSOR),
        logits(),
        dtype=dtype,
    )
    compare(logit_cross_entropy, F.cross_entropy, logits(), soft, dtype=dtype)
    compare(
        lambda p: cross_entropy(p, LABELS, eps=0.0),
        lambda p: F.nll_loss(torch.log(p), TENSOR),
        soft,
        dtype=dtype,
    )


@DTYPES
def test_binary_cross_entropies_are_those_of_torch(dtype):
    y = np.random.default_rng(1).uniform(size=(6, 4))
    p = nn.sigmoid(logits())
    compare(
        nn.logit_binary_cross_entropy,
        F.binary_cross_entropy_with_logits,
        logits(),
        y,
        dtype=dtype,
    )
    compare(
        lambda p: nn.binary_cross_entropy(p, y.astype(dtype), eps=0.0),
        lambda p: F.binary_cross_entropy(p, torch.tensor(y.astype(dtype))),
        p,
        dtype=dtype,
    )
    assert nn.binary_cross_entropy(p, y) == pytest.approx(
        nn.logit_binary_cross_entropy(logits(), y), rel=1e-12
    )


def test_binary_cross_entropy_of_certain_predictions_is_finite():
    p, y = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    value, bars = ad.value_and_gradient(nn.binary_cross_entropy, p, y)
    assert abs(value) < 1e-15 and np.all(np.isfinite(bars[0]))
    assert nn.logit_binary_cross_entropy(np.array([-1e4]), np.array([1.0])) == 1e4


@DTYPES
def test_kl_divergence_is_that_of_torch(dtype):
    p, q = softmax(logits()), softmax(logits()[::-1] * 2)
    compare(
        lambda p, q: nn.kl_divergence(p, q, eps=0.0),
        lambda p, q: F.kl_div(torch.log(p), q, reduction="batchmean"),
        p,
        q,
        dtype=dtype,
    )
    assert nn.kl_divergence(p, p) == pytest.approx(0, abs=1e-14)


@DTYPES
def test_focal_losses_follow_their_formula(dtype):
    p = softmax(logits())
    hot = np.eye(4)[LABELS]
    compare(
        lambda p: nn.focal_loss(p, LABELS, eps=0.0),
        lambda p: (-torch.tensor(hot.astype(dtype)) * (1 - p) ** 2 * torch.log(p)).sum(-1).mean(),
        p,
        dtype=dtype,
    )
    y = (logits()[::-1] > 0).astype(dtype)
    t = torch.tensor(y)

    def binary(p):
        right = t * p + (1 - t) * (1 - p)
        return (-((1 - right) ** 2) * torch.log(right)).mean()

    compare(lambda p: nn.binary_focal_loss(p, y, eps=0.0), binary, p, dtype=dtype)


def test_focal_losses_without_focus_are_cross_entropies():
    p = softmax(logits())
    assert nn.focal_loss(p, LABELS, gamma=0.0) == pytest.approx(cross_entropy(p, LABELS))
    y = (p > 0.3).astype(float)
    assert nn.binary_focal_loss(p, y, gamma=0.0) == pytest.approx(nn.binary_cross_entropy(p, y))


@pytest.mark.parametrize(
    "loss",
    [cross_entropy, nn.binary_cross_entropy, nn.kl_divergence, nn.focal_loss, nn.binary_focal_loss],
)
def test_derivatives_match_differences(loss):
    p = softmax(logits((2, 3)))
    y = np.eye(3)[[0, 2]]
    ad.check_gradient(lambda p: loss(p, y), p, order=2, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", [logit_cross_entropy, cross_entropy, nn.focal_loss])
def test_integer_and_one_hot_labels_agree(loss):
    x = softmax(logits())
    np.testing.assert_allclose(loss(x, LABELS), loss(x, np.eye(4)[LABELS]), rtol=1e-14)


def test_label_smoothing_mixes_labels_with_a_uniform_distribution():
    hot = np.eye(4)[LABELS]
    np.testing.assert_allclose(
        logit_cross_entropy(logits(), nn.label_smoothing(hot, 0.1)),
        F.cross_entropy(torch.tensor(logits()), TENSOR, label_smoothing=0.1).item(),
        rtol=1e-13,
    )
    np.testing.assert_allclose(
        nn.label_smoothing(np.array([0.0, 1.0]), 0.5, axis=None), [0.25, 0.75]
    )
    for amount in (0, 1, -0.5):
        with pytest.raises(ValueError, match="between 0 and 1"):
            nn.label_smoothing(hot, amount)


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


# -- connectionist temporal classification -------------------------------------------------------------


def torch_ctc(x, labels, lengths, label_lengths, blank):
    return F.ctc_loss(
        torch.log_softmax(x, -1).transpose(0, 1), torch.tensor(labels), torch.tensor(lengths),
        torch.tensor(label_lengths), blank=blank, reduction="none",
    ).mean()  # fmt: skip


@DTYPES
@pytest.mark.parametrize("blank", [0, 4])
def test_ctc_loss_is_that_of_torch(dtype, blank):
    x = logits((3, 7, 5)) * 2
    labels = np.array([[1, 1, 2], [3, 2, 1], [2, 3, 3]])  # repetitions need a blank between them
    lengths, label_lengths = np.array([7, 5, 6]), np.array([3, 2, 1])
    compare(
        lambda x: nn.ctc_loss(x, labels, lengths=lengths, label_lengths=label_lengths, blank=blank),
        lambda x: torch_ctc(x, labels, lengths, label_lengths, blank),
        x,
        dtype=dtype,
    )


def test_ctc_loss_sums_over_all_alignments():
    """Two steps, one label: it comes first, second or at both."""
    x = logits((1, 2, 3))
    p = softmax(x)[0]
    total = p[0, 1] * p[1, 2] + p[0, 2] * p[1, 1] + p[0, 1] * p[1, 1]
    assert nn.ctc_loss(x, [[1]]) == pytest.approx(-math.log(total), rel=1e-14)


def test_ctc_loss_of_no_labels_and_of_too_many():
    x = logits((1, 2, 3))
    nothing = nn.ctc_loss(x, np.ones((1, 1), int), label_lengths=[0])
    close(nothing, -np.sum(np.log(softmax(x)[0, :, 2])), np.float64)
    assert nn.ctc_loss(x, [[1, 1]]) > 1e29
    with pytest.raises(ValueError, match=r"need labels of shape \(1, most\), not \(2,\)"):
        nn.ctc_loss(x, [1, 0])


def test_ctc_loss_matches_differences():
    labels = np.array([[1, 0], [0, 0]])
    ad.check_gradient(lambda x: nn.ctc_loss(x, labels), logits((2, 4, 3)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.logit_cross_entropy, nn.focal_loss])
def test_labels_that_do_not_fit_are_refused(loss):
    """NumPy would broadcast them, or take a negative one from the end."""
    scores, name = np.full((3, 4), 0.25), loss.__name__
    for labels in (np.zeros(2, int), np.zeros((3, 1), int), np.ones((1, 4)), np.ones((2, 4))):
        with pytest.raises(
            ValueError, match=rf"{name}: predictions of shape \(3, 4\) take labels of"
        ):
            loss(scores, labels)
        with pytest.raises(ValueError, match="take labels of"):
            ad.gradient(loss, scores, labels)
    for labels, wrong in (([0, 1, -1], -1), ([0, 4, 1], 4)):
        with pytest.raises(IndexError, match=f"the labels of 4 classes are 0 to 3, not {wrong}"):
            loss(scores, np.array(labels, np.int8))
    with pytest.raises(ValueError, match="are integers, not float64"):
        loss(scores, np.zeros(3))
