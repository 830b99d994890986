import numpy as np
import pytest

import adjoint as ad
from adjoint import nn

X = np.random.default_rng(0).normal(size=(50, 40)).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_zeroes_a_share_and_scales_the_rest(dtype):
    y = nn.Dropout(0.25, rng=0)(X.astype(dtype))
    assert y.dtype == dtype
    dropped = y == 0
    assert 0.2 < dropped.mean() < 0.3
    np.testing.assert_allclose(y[~dropped], X[~dropped] / 0.75, rtol=1e-6)


@pytest.mark.parametrize(
    "layer", [nn.Dropout(0.4, rng=1), nn.Dropout(0.4, axes=1, rng=1)], ids=repr
)
def test_the_gradient_passes_through_what_was_kept(layer):
    twin = nn.Dropout(0.4, axes=layer.axes, rng=1)
    y = twin(X)
    x_bar = ad.gradient(lambda x: np.sum(layer(x)), X)[0]
    np.testing.assert_allclose(x_bar, y / X, rtol=1e-5)


def test_each_call_draws_anew_and_in_the_order_of_the_plain_program():
    layer, twin = nn.Dropout(rng=3), nn.Dropout(rng=3)

    def loss(f, x):
        return np.sum(f(x)) + np.sum(f(2 * x))

    values = [ad.value_and_gradient(loss, layer, X)[0] for _ in range(2)]
    assert values == [loss(twin, X) for _ in range(2)] and values[0] != values[1]


def test_axes_not_named_are_dropped_together():
    images = np.ones((20, 6, 3, 3))
    y = nn.Dropout(0.5, axes=(0, 1), rng=0)(images)
    whole = y.reshape(20, 6, 9)
    assert ((whole == 0).all(-1) | (whole == 2).all(-1)).all()
    assert 0.3 < (y == 0).mean() < 0.7
    rows = nn.Dropout(0.5, axes=-1, rng=0)(X)
    assert set(np.count_nonzero(rows == 0, axis=0)) == {0, 50}


def test_nothing_happens_in_test_mode():
    model = nn.Chain(nn.Dropout(rng=0), nn.AlphaDropout(rng=0))
    nn.test_mode(model)
    np.testing.assert_array_equal(model(X), X)
    np.testing.assert_array_equal(ad.gradient(lambda x: np.sum(model(x)), X)[0], 1)
    nn.train_mode(model)
    assert (model(X) != X).any()


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_edges(p):
    y, x_bar = nn.Dropout(p, rng=0)(X), ad.gradient(lambda x: np.sum(nn.Dropout(p)(x)), X)[0]
    np.testing.assert_array_equal(y, X * (1 - p))
    np.testing.assert_array_equal(x_bar, np.full_like(X, 1 - p))


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).normal(size=200_000)
    y = nn.AlphaDropout(0.3, rng=0)(x)
    assert abs(y.mean()) < 0.01 and y.std() == pytest.approx(1, abs=0.01)
    values, counts = np.unique(y.round(9), return_counts=True)
    assert counts.max() / x.size == pytest.approx(0.3, abs=0.01)
    a = ((1 - 0.3) * (1 + 0.3 * 1.7580993408473766**2)) ** -0.5
    assert values[counts.argmax()] == pytest.approx(-a * 1.7580993408473766 * 0.7, rel=1e-6)
    kept = ad.gradient(lambda x: np.sum(nn.AlphaDropout(0.3, rng=0)(x)), x)[0]
    assert set(kept.round(9)) == {0.0, round(a, 9)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Dropout(1.5), "p is a probability"),
        (lambda: nn.AlphaDropout(-0.1), "p is a probability"),
        (lambda: nn.AlphaDropout(1.0), "p is below 1"),
    ],
)
def test_probabilities_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_gradient_is_plain_numpy():
    source = str(ad.source(lambda f, x: np.sum(f(x) ** 2), nn.Dropout(0.5), X))
    assert "apply_rule" not in source
