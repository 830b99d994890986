import numpy as np
import pytest

import adjoint as ad
from adjoint import nn
from adjoint.nn import losses
from tests.nn.against_torch import compare, torch

F = torch.nn.functional


def uniform(*shape, low=0.05, high=0.95, seed=0):
    return np.random.default_rng(seed).uniform(low, high, shape)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def dice(p, y):
    return 1 - (2 * (y * p).sum() + 1) / ((y**2).sum() + (p**2).sum() + 1)


def tversky(p, y):
    wrong, missed = (p * (1 - y)).sum(), (y * (1 - p)).sum()
    return 1 - ((y * p).sum() + 1) / ((y * p).sum() + 0.7 * wrong + 0.3 * missed + 1)


def contrastive(d, y):
    return ((1 - y) * d**2 + y * torch.clamp(1 - d, min=0) ** 2).mean()


# The loss, the same in PyTorch, and what makes predictions and targets of a shape.
TABLE = {
    nn.mae: (F.l1_loss, normal, normal),
    nn.mse: (F.mse_loss, normal, normal),
    nn.msle: (lambda p, y: ((torch.log(p) - torch.log(y)) ** 2).mean(), uniform, uniform),
    nn.huber_loss: (F.huber_loss, lambda *s: 3 * normal(*s), normal),
    nn.poisson_loss: (lambda p, y: F.poisson_nll_loss(p, y, False, eps=0), uniform, uniform),
    nn.hinge_loss: (lambda p, y: torch.clamp(1 - p * y, min=0).mean(), normal, normal),
    nn.squared_hinge_loss: (
        lambda p, y: (torch.clamp(1 - p * y, min=0) ** 2).mean(), normal, normal,
    ),
    nn.siamese_contrastive_loss: (contrastive, lambda *s: 2 * uniform(*s), uniform),
    nn.dice_coeff_loss: (dice, uniform, uniform),
    nn.tversky_loss: (tversky, uniform, uniform),
}  # fmt: skip
by_name = {"ids": lambda f: getattr(f, "__name__", None)}


def test_every_loss_is_in_the_table():
    found = [f for n, f in vars(losses).items() if n in vars(nn) and callable(f)]
    assert set(found) == set(TABLE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)
@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("loss", TABLE, **by_name)
def test_values_and_gradients_are_those_of_torch(loss, shape, dtype):
    theirs, make_predictions, make_targets = TABLE[loss]
    compare(loss, theirs, make_predictions(*shape), make_targets(*shape, seed=1), dtype=dtype)


@pytest.mark.parametrize("loss", TABLE, **by_name)
def test_first_and_second_derivatives_match_differences(loss):
    _, make_predictions, make_targets = TABLE[loss]
    x, y = make_predictions(2, 3), make_targets(2, 3, seed=1)
    ad.check_gradient(lambda x, y: loss(x, y), x, y, order=2, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", TABLE, **by_name)
def test_shapes_that_differ_are_refused(loss):
    with pytest.raises(ValueError, match=loss.__name__ + r": predictions have shape \(3, 1\)"):
        loss(np.ones((3, 1)), np.ones(3))


@pytest.mark.parametrize(
    "loss", [f for f in TABLE if f not in (nn.dice_coeff_loss, nn.tversky_loss)], **by_name
)
def test_losses_are_aggregated_as_told(loss):
    _, make_predictions, make_targets = TABLE[loss]
    x, y = make_predictions(4, 3), make_targets(4, 3, seed=1)
    each = loss(x, y, agg=nn.identity)
    assert each.shape == (4, 3)
    assert loss(x, y) == pytest.approx(each.mean())
    assert loss(x, y, agg=np.sum) == pytest.approx(each.sum())
    assert loss(x[1, 2], y[1, 2]) == pytest.approx(each[1, 2])


@pytest.mark.parametrize("delta", [0.5, 2.0])
def test_huber_loss_with_another_delta(delta):
    compare(
        lambda x, y: nn.huber_loss(x, y, delta=delta),
        lambda x, y: F.huber_loss(x, y, delta=delta),
        3 * normal(20),
        normal(20, seed=1),
    )


def test_mean_absolute_error_has_slope_zero_where_it_is_zero():
    g = ad.gradient(nn.mae, np.array([1.0, 2.0]), np.array([1.0, 0.0]))[0]
    np.testing.assert_array_equal(g, [0, 0.5])


def test_poisson_loss_of_no_counts_at_rate_zero():
    value, bars = ad.value_and_gradient(nn.poisson_loss, np.array([0.0]), np.array([0.0]))
    assert value == 0 and bars[0] == 1


def test_contrastive_loss_refuses_a_negative_margin():
    with pytest.raises(ValueError, match="margin -1 is negative"):
        nn.siamese_contrastive_loss(np.ones(2), np.ones(2), margin=-1)


@pytest.mark.parametrize("loss", TABLE, ids=lambda loss: loss.__name__)
def test_a_prediction_that_is_nan_makes_the_loss_nan(loss):
    for target in (0.0, 1.0):
        assert np.isnan(loss(np.array([0.5, np.nan]), np.array([1.0, target])))
