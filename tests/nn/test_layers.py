import math

import numpy as np
import pytest

import adjoint as ad
from adjoint.nn import Chain, Dense, glorot_uniform, identity, logit_cross_entropy, relu


def test_dense_is_activation_of_an_affine_map():
    layer = Dense(3, 2, np.tanh, rng=0)
    layer.bias[:] = [1, -1]
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(layer(x), np.tanh(x @ layer.weight + layer.bias))
    assert layer(x).dtype == np.float32


def test_dense_takes_one_example_or_many():
    layer = Dense(3, 2, rng=0)
    assert layer(np.ones(3)).shape == (2,)
    assert layer(np.ones((7, 3))).shape == (7, 2)
    assert layer(np.ones((4, 7, 3))).shape == (4, 7, 2)


def test_dense_starts_glorot_uniform_with_zero_bias():
    layer = Dense(300, 200, rng=0)
    limit = math.sqrt(6 / 500)
    assert np.abs(layer.weight).max() <= np.float32(limit)
    assert layer.weight.std() == pytest.approx(limit / math.sqrt(3), rel=0.01)
    assert not layer.bias.any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initial_parameters_follow_the_seed_and_the_dtype(dtype):
    layer, same, other = (Dense(4, 3, rng=seed, dtype=dtype) for seed in (0, 0, 1))
    assert layer.weight.dtype == layer.bias.dtype == dtype
    np.testing.assert_array_equal(layer.weight, same.weight)
    assert (layer.weight != other.weight).any()


def test_layers_that_share_a_generator_differ():
    rng = np.random.default_rng(0)
    assert (Dense(4, 3, rng=rng).weight != Dense(4, 3, rng=rng).weight).any()


def test_glorot_uniform_counts_the_kernel_in_both_fans():
    kernel = glorot_uniform((5, 5, 30, 20), rng=0, dtype=np.float64)
    limit = math.sqrt(6 / (25 * 50))
    assert 0.99 * limit < np.abs(kernel).max() <= limit


def test_chain_applies_its_layers_in_turn():
    first, second = Dense(4, 3, relu, rng=0), Dense(3, 2, rng=1)
    chain = Chain(first, second, np.sum)
    x = np.ones((2, 4), np.float32)
    assert chain(x) == np.sum(second(first(x)))
    assert chain[0] is first and chain[-1] is np.sum
    assert isinstance(chain[:2], Chain) and chain[:2].layers == (first, second)
    assert len(chain) == 3 and list(chain) == [first, second, np.sum]


def test_an_empty_chain_is_the_identity():
    assert Chain()(5) == 5


def test_layers_print_as_they_are_built():
    chain = Chain(Dense(4, 3, relu), Dense(3, 2), np.tanh)
    assert repr(chain) == "Chain(Dense(4, 3, relu), Dense(3, 2), tanh)"
    assert repr(Dense(2, 2, activation=identity)) == "Dense(2, 2)"


def model_and_data():
    rng = np.random.default_rng(0)
    model = Chain(
        Dense(5, 4, np.tanh, rng=rng, dtype=np.float64), Dense(4, 3, rng=rng, dtype=np.float64)
    )
    return model, rng.normal(size=(6, 5)), rng.integers(0, 3, 6)


def loss(model, x, y):
    return logit_cross_entropy(model(x), y)


def test_gradient_of_a_model_has_its_attributes():
    model, x, y = model_and_data()
    g = ad.gradient(loss, model, x, y)[0]
    assert isinstance(g, ad.Tangent)
    for layer, layer_bar in zip(model.layers, g.layers, strict=True):
        assert layer_bar.weight.shape == layer.weight.shape
        assert layer_bar.bias.shape == layer.bias.shape


def test_gradient_of_a_model_matches_finite_differences():
    model, x, y = model_and_data()
    g = ad.gradient(loss, model, x, y)[0]
    h = 1e-6
    for layer, layer_bar in zip(model.layers, g.layers, strict=True):
        for name in ("weight", "bias"):
            parameter = getattr(layer, name)
            for index in np.ndindex(parameter.shape):
                kept = parameter[index]
                parameter[index] = kept + h
                above = loss(model, x, y)
                parameter[index] = kept - h
                below = loss(model, x, y)
                parameter[index] = kept
                assert getattr(layer_bar, name)[index] == pytest.approx(
                    (above - below) / (2 * h), abs=1e-8
                )


def test_gradient_of_relu_is_zero_at_zero():
    g = ad.gradient(lambda x: np.sum(relu(x)), np.array([-1.0, 0.0, 2.0]))[0]
    np.testing.assert_array_equal(g, [0, 0, 1])


def test_the_gradient_of_a_model_is_plain_numpy():
    """Layers and their activations are resolved while compiling: no rule is looked up at run time."""
    model = Chain(Dense(4, 3, relu), Dense(3, 2))
    labels = np.eye(2, dtype=np.float32)[[0, 1, 0]]

    def loss(model, x):
        return logit_cross_entropy(model(x), labels)

    text = str(ad.source(loss, model, np.ones((3, 4), np.float32)))
    assert "apply_rule" not in text
    assert "relu(x @ " in text
