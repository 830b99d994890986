"""Every layer, given what does not fit, says which layer it is and which sizes they are."""

import numpy as np
import pytest

import adjoint as ad
from adjoint import nn


def ones(*shape):
    return np.ones(shape, np.float32)


LSTM = nn.LSTMCell(4, 5, rng=0)


def total(layer, xs):
    y = layer(*xs)
    return np.sum(y[-1] if isinstance(y, tuple) else y)


# layer, what it is given, what the message has to say
CASES = [
    (nn.Dense(4, 5), [ones(3, 3)], r"Dense .* 4\), not \(3, 3\)"),
    (nn.Scale(2, 4), [ones(3, 4)], r"Scale .* 2, 4\), not \(3, 4\)"),
    (nn.Bilinear((3, 4), 2), [ones(5, 4), ones(5, 4)], r"Bilinear .* 3\), not \(5, 4\)"),
    (nn.Bilinear((3, 4), 2), [ones(5, 3), ones(6, 4)], r"Bilinear: .*\(5,\) and \(6,\)"),
    (nn.Maxout(nn.Dense(4, 5), nn.Dense(4, 6)), [ones(3, 4)], r"Maxout: .*\(3, 5\) and \(3, 6\)"),
    (nn.Parallel(np.add, np.sin, np.cos), [ones(1), ones(1), ones(1)], "Parallel has 2 .* 3"),
    (nn.PairwiseFusion(np.add, np.sin, np.cos), [ones(1)] * 3, "PairwiseFusion has 2 .* 3"),
    (nn.Embedding(4, 5), [ones(3, 3)], r"Embedding .* 4\), not \(3, 3\)"),
    (nn.EmbeddingBag(4, 5), [np.array(1)], r"EmbeddingBag .*\(..., bag\), not \(\)"),
    (nn.EmbeddingBag(4, 5), [np.array([[1]]), np.array([0])], r"EmbeddingBag .* not \(1, 1\)"),
    (nn.Conv((3, 3), 2, 4), [ones(1, 3, 5, 5)], r"Conv .* 2, .*\(1, 3, 5, 5\)"),
    (nn.CrossCor((3,), 2, 4), [ones(1, 2, 2)], r"CrossCor .* at least 3, .*\(2,\)"),
    (nn.DepthwiseConv((3,), 2, 4), [ones(1, 3, 5)], r"DepthwiseConv .* 2, .*\(1, 3, 5\)"),
    (nn.ConvTranspose((3,), 2, 4), [ones(1, 3, 5)], r"ConvTranspose .* 2, .*\(1, 3, 5\)"),
    (nn.ConvTranspose((3,), 2, 4, pad=4), [ones(1, 2, 1)], r"ConvTranspose: .*\(1, 2, 1\).*\(-5,\)"),
    (nn.ConvTranspose((3,), 2, 4, pad=2), [ones(1, 2, 2)], r"ConvTranspose: .*\(0,\); pad less"),
    (nn.MaxPool((2, 2)), [ones(1, 2, 4)], r"MaxPool .*\(1, 2, 4\)"),
    (nn.MeanPool((2, 2)), [ones(1, 2, 1, 1)], r"MeanPool .* 2 × 2, .*\(1, 1\)"),
    (nn.LpPool((2, 2)), [ones(1, 2, 4)], r"LpPool .*\(1, 2, 4\)"),
    (nn.GlobalMaxPool(), [ones(3, 2)], r"GlobalMaxPool .*\(3, 2\)"),
    (nn.GlobalMeanPool(), [ones(4)], r"GlobalMeanPool .*\(4,\)"),
    (nn.AdaptiveMaxPool((3, 3)), [ones(1, 2, 5)], r"AdaptiveMaxPool .*\(1, 2, 5\)"),
    (nn.AdaptiveMeanPool((3,)), [ones(1, 2, 2)], r"AdaptiveMeanPool .* 3, .*\(2,\)"),
    (nn.Upsample("bilinear", scale=2), [ones(1, 2, 3)], r"Upsample .*\(1, 2, 3\)"),
    (nn.Upsample("nearest", scale=2), [ones(2, 3)], r"Upsample .*\(2, 3\)"),
    (nn.Upsample("nearest", scale=2), [ones(1, 1, 2, 2, 2, 2)], r"Upsample .*\(1, 1, 2, 2, 2, 2\)"),
    (nn.PixelShuffle(2), [ones(1, 3, 2, 2)], r"PixelShuffle\(2\) .* · 4, .*\(1, 3, 2, 2\)"),
    (nn.PixelShuffle(2), [ones(1, 16, 1, 1, 1, 1)], r"PixelShuffle\(2\) .*\(1, 16, 1, 1, 1, 1\)"),
    (nn.LayerNorm(3, 4), [ones(2, 4)], r"LayerNorm .* 3, 4\), not \(2, 4\)"),
    (nn.RMSNorm(4), [ones(3, 3)], r"RMSNorm .* 4\), not \(3, 3\)"),
    (nn.BatchNorm(4), [ones(3, 3)], r"BatchNorm .* 4\), not \(3, 3\)"),
    (nn.InstanceNorm(4), [ones(3, 3, 2)], r"InstanceNorm .* 4, ...\), not \(3, 3, 2\)"),
    (nn.GroupNorm(4, 2), [ones(3, 3, 2)], r"GroupNorm .* 4, ...\), not \(3, 3, 2\)"),
    (nn.WeightNorm(nn.Dense(4, 5)), [ones(3, 3)], r"Dense .* 4\), not \(3, 3\)"),
    (nn.Dropout(0.5, axes=(0, 2)), [ones(3, 4)], r"Dropout .*\(0, 2\) .*\(3, 4\)"),
    (nn.RNNCell(4, 5), [ones(3, 5), ones(3, 3)], r"RNNCell .* 4\), not \(3, 3\)"),
    (nn.RNNCell(4, 5), [ones(3, 5), ones(3, 2, 4)], r"RNNCell takes a step, .* not \(3, 2, 4\)"),
    (nn.GRUCell(4, 5), [ones(2, 5), ones(3, 4)], r"GRUCell .*\(3, 5\), not \(2, 5\)"),
    (nn.GRUv3Cell(4, 5), [ones(3, 4), ones(3, 4)], r"GRUv3Cell .*\(3, 5\), not \(3, 4\)"),
    (LSTM, [(ones(3, 5), ones(3, 4)), ones(3, 4)], r"LSTMCell .*\(3, 5\), not \(3, 4\)"),
    (LSTM, [ones(2, 5), ones(3, 4)], r"LSTMCell takes the state \(h, c\), .* not ndarray"),
    (nn.RNN(4, 5), [ones(3, 2, 3)], r"RNNCell .* 4\), not \(3, 2, 3\)"),
    (nn.GRU(4, 5), [ones(2, 2, 3, 4)], r"Recur takes x of shape .* not \(2, 2, 3, 4\)"),
    (nn.LSTM(4, 5), [ones(3, 0, 4)], r"LSTMCell .* at least one step, not \(3, 0, 4\)"),
    (nn.Recurrence(LSTM), [ones(3, 4)], r"Recurrence .* not \(3, 4\)"),
    (nn.MultiHeadAttention(8), [ones(3, 2, 7)], r"Dense .* 8\), not \(3, 2, 7\)"),
    (nn.MultiHeadAttention(8), [ones(3, 2, 8), ones(3, 8)], r"MultiHeadAttention .*\(3, 8\)"),
    (nn.MultiHeadAttention(8), [ones(3, 2, 8), ones(2, 2, 8)], r"MultiHeadAttention .*\(2, 2, 8\)"),
    (
        nn.MultiHeadAttention(8),
        [ones(3, 2, 8), ones(3, 4, 8), ones(3, 5, 8)],
        r"MultiHeadAttention .*\(3, 4, 8\) and \(3, 5, 8\)",
    ),
    (
        nn.MultiHeadAttention(8, heads=2),
        [ones(3, 2, 8), None, None, ones(4, 2)],
        r"MultiHeadAttention takes a bias .*\(3, 2, 2, 2\), not of shape \(4, 2\)",
    ),
    (
        nn.TransformerBlock(8, heads=2),
        [ones(3, 2, 8), np.ones((3, 3), bool)],
        r"MultiHeadAttention takes a mask .*\(3, 2, 2, 2\), not of shape \(3, 3\)",
    ),
    (nn.RotaryEmbedding(4), [ones(4)], r"RotaryEmbedding .* 4\), not \(4,\)"),
    (nn.TransformerBlock(8), [ones(2, 7)], r"LayerNorm .* 8\), not \(2, 7\)"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "xs", "message"), CASES, ids=[c[2][:20] for c in CASES])
def test_sizes_that_do_not_fit_name_the_layer_and_the_sizes(layer, xs, message):
    with pytest.raises(nn.SizeMismatch, match=message):
        layer(*xs)
    with pytest.raises(nn.SizeMismatch, match=message):
        ad.gradient(total, layer, tuple(xs))


def test_every_layer_has_a_case():
    covered = {type(layer).__name__ for layer, _, _ in CASES} | {"Recur", "GRUv3"}
    layers = {
        name
        for name in nn.__all__
        if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Layer)
    }
    # These take what their parts take, or anything.
    assert layers - covered == {"Layer", "Chain", "SkipConnection", "AlphaDropout"}


def test_what_no_row_is_for():
    bag = nn.EmbeddingBag(4, 5)
    with pytest.raises(TypeError, match="EmbeddingBag takes integers, .* not float32"):
        bag(ones(3, 4))
    with pytest.raises(ValueError, match=r"do not go beyond the 2 indices; not \[0 3\]"):
        bag(np.array([1, 2]), np.array([0, 3]))
    np.testing.assert_array_equal(bag(np.array([1, 2]), np.array([0, 2]))[1], np.zeros(5))


@pytest.mark.parametrize("layer", [nn.BatchNorm(3, track=False), nn.InstanceNorm(3)], ids=str)
def test_all_places_count_whatever_their_number(layer):
    x = np.random.default_rng(0).normal(size=(2, 3, 2, 3, 2, 2))
    flat = x.reshape(2, 3, -1)
    np.testing.assert_allclose(layer(x).reshape(flat.shape), layer(flat))
    np.testing.assert_allclose(nn.GlobalMeanPool()(x).reshape(2, 3), flat.mean(axis=-1))
    np.testing.assert_array_equal(nn.GlobalMaxPool()(x).reshape(2, 3), flat.max(axis=-1))
    ad.check_gradient(lambda x: np.sum(layer(x) ** 3), x, modes=("reverse", "forward"))


def test_one_sequence_of_keys_for_all_queries():
    layer = nn.MultiHeadAttention(8, heads=2, rng=0)
    query, kv = np.random.default_rng(0).normal(size=(3, 2, 8)), ones(1, 4, 8)
    np.testing.assert_allclose(layer(query, kv)[0], layer(query, ones(3, 4, 8))[0])
