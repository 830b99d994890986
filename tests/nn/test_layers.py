import math

import numpy as np
import pytest

import adjoint as ad
from adjoint import nn
from adjoint.nn import Chain, Dense, identity, logit_cross_entropy, relu
from tests.nn.against_torch import check_layer, compare_layer, torch

F = torch.nn.functional
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_dense_is_activation_of_an_affine_map():
    layer = Dense(3, 2, np.tanh, rng=0)
    layer.bias[:] = [1, -1]
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(layer(x), np.tanh(x @ layer.weight + layer.bias))
    assert layer(x).dtype == np.float32


@DTYPES
@pytest.mark.parametrize("shape", [(5, 3), (1, 3), (3,), (2, 4, 3), (2, 1, 2, 3)], ids=str)
@pytest.mark.parametrize("bias", [True, False])
def test_dense_is_that_of_torch(dtype, shape, bias):
    compare_layer(
        Dense(3, 2, np.tanh, bias=bias),
        lambda p, x: torch.tanh(F.linear(x, p.weight.T, getattr(p, "bias", None))),
        normal(*shape),
        dtype=dtype,
    )


@DTYPES
@pytest.mark.parametrize("sizes", [(3,), (4, 3)], ids=str)
def test_scale_is_elementwise(dtype, sizes):
    compare_layer(
        nn.Scale(*sizes, activation=np.tanh),
        lambda p, x: torch.tanh(p.scale * x + p.bias),
        normal(2, 4, 3),
        dtype=dtype,
    )
    compare_layer(nn.Scale(*sizes, bias=False), lambda p, x: p.scale * x, normal(2, 4, 3))


@DTYPES
@pytest.mark.parametrize("leading", [(5,), (), (2, 3)], ids=str)
def test_bilinear_is_that_of_torch(dtype, leading):
    layer = nn.Bilinear((3, 4), 2, np.tanh)
    x, y = normal(*leading, 3), normal(*leading, 4, seed=1)
    compare_layer(
        layer,
        lambda p, x, y: torch.tanh(F.bilinear(x, y, p.weight.permute(2, 0, 1), p.bias)),
        x,
        y,
        dtype=dtype,
    )
    np.testing.assert_array_equal(layer((x, y)), layer(x, y))


def test_bilinear_of_one_input_is_a_quadratic_form():
    compare_layer(
        nn.Bilinear(3, 2, bias=False),
        lambda p, x: torch.einsum("bi,ijo,bj->bo", x, p.weight, x),
        normal(4, 3),
    )


INDICES = np.array([[1, 1, 4], [0, 2, 1]])


@DTYPES
@pytest.mark.parametrize("indices", [np.array(2), INDICES[0], INDICES], ids=["0-d", "1-d", "2-d"])
def test_embedding_is_that_of_torch(dtype, indices):
    compare_layer(nn.Embedding(5, 3), lambda p, i: F.embedding(i, p.weight), indices, dtype=dtype)


def test_the_padding_row_is_zero_and_gets_no_gradient():
    layer = nn.Embedding(5, 3, padding_index=1, rng=0, dtype=np.float64)
    tensor = torch.tensor(layer.weight, requires_grad=True)
    F.embedding(torch.tensor(INDICES), tensor, padding_idx=1).pow(2).sum().backward()
    assert not layer(np.array([1])).any() and layer(np.array([0])).any()
    g = ad.gradient(lambda f: np.sum(f(INDICES) ** 2), layer)[0]
    np.testing.assert_allclose(g.weight, tensor.grad)
    one_hot = np.eye(5)[INDICES]
    g = ad.gradient(lambda f: np.sum(f(one_hot) ** 2), layer)[0]
    np.testing.assert_allclose(g.weight, tensor.grad)


def test_one_hot_rows_are_looked_up_as_indices_are():
    layer = nn.Embedding(5, 3, rng=0)
    np.testing.assert_array_equal(layer(np.eye(5, dtype=np.float32)[INDICES]), layer(INDICES))
    assert layer(3).shape == (3,)


@DTYPES
@pytest.mark.parametrize("reduction", ["mean", "sum", "max"])
def test_embedding_bag_is_that_of_torch(dtype, reduction):
    compare_layer(
        nn.EmbeddingBag(5, 3, reduction),
        lambda p, i: F.embedding_bag(i, p.weight, mode=reduction),
        INDICES,
        dtype=dtype,
    )
    compare_layer(
        nn.EmbeddingBag(5, 3, reduction),
        lambda p, i, starts: F.embedding_bag(i, p.weight, starts, mode=reduction),
        np.array([1, 0, 4, 2, 2, 3]),
        np.array([0, 2, 2, 5]),  # the second bag is empty
        dtype=dtype,
    )


@pytest.mark.parametrize(
    ("layer", "xs"),
    [
        (Dense(3, 2, np.tanh), [normal(4, 3)]),
        (Dense(3, 2), [normal(2, 2, 3)]),
        (nn.Scale(3, activation=np.tanh), [normal(4, 3)]),
        (nn.Bilinear((3, 2), 2), [normal(2, 3), normal(2, 2, seed=1)]),
        (nn.Embedding(5, 2), [INDICES]),
        (nn.EmbeddingBag(5, 2), [INDICES]),
    ],
    ids=repr,
)
def test_derivatives_match_differences(layer, xs):
    check_layer(layer, *xs, order=2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Dense(3, 2)(normal(5, 4)), nn.SizeMismatch, r"Dense takes x of shape \(..., 3\), not \(5, 4\)"),
        (lambda: nn.Scale(3)(normal(5, 4)), nn.SizeMismatch, r"Scale takes x of shape \(..., 3\)"),
        (lambda: nn.Bilinear((3, 4), 2)(normal(3), normal(3)), nn.SizeMismatch, r"Bilinear .* not \(3,\)"),
        (lambda: nn.Embedding(5, 3)([5]), IndexError, "Embedding has 5 rows, 0 to 4: there is no row 5"),
        (lambda: nn.Embedding(5, 3)([-1]), IndexError, "there is no row -1"),
        (lambda: nn.Embedding(5, 3)(np.eye(4)), nn.SizeMismatch, r"\(..., 5\), not \(4, 4\)"),
        (lambda: nn.EmbeddingBag(5, 3)([7]), IndexError, "EmbeddingBag has 5 rows"),
        (lambda: nn.EmbeddingBag(5, 3)([1, 2], [1]), ValueError, "starts begin with 0"),
        (lambda: nn.EmbeddingBag(5, 3, "median"), ValueError, "not 'median'"),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_sizes_are_checked_inside_gradients_too():
    layer = Dense(3, 2)
    ad.gradient(lambda f, x: np.sum(f(x)), layer, normal(5, 3))
    with pytest.raises(nn.SizeMismatch, match="Dense takes"):
        ad.gradient(lambda f, x: np.sum(f(x)), layer, normal(5, 4))


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


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Dense(4, 3, relu), "Dense(4, 3, relu)"),
        (Dense(2, 2, activation=identity, bias=False), "Dense(2, 2, bias=False)"),
        (nn.Scale(2, 3), "Scale(2, 3)"),
        (nn.Bilinear(2, 3, np.tanh), "Bilinear((2, 2), 3, tanh)"),
        (nn.Embedding(5, 3, padding_index=0), "Embedding(5, 3, padding_index=0)"),
        (nn.EmbeddingBag(5, 3), "EmbeddingBag(5, 3, 'mean')"),
    ],
)
def test_layers_print_as_they_are_built(layer, text):
    assert repr(layer) == text
    assert layer.weight.dtype == np.float32 if hasattr(layer, "weight") else True


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
    ad.check_gradient(loss, *model_and_data(), order=2, rtol=1e-4, atol=1e-6)


def test_the_gradient_of_a_model_is_plain_numpy():
    """Layers and their activations are resolved while compiling: no rule is looked up at run time."""
    model = Chain(Dense(4, 3, relu), Dense(3, 2))
    x = np.ones((3, 4), np.float32)
    for labels in (np.eye(2, dtype=np.float32)[[0, 1, 0]], np.array([0, 1, 0])):
        text = str(ad.source(loss, model, x, labels))
        assert "apply_rule" not in text
        assert "relu(x @ " in text


WRONG = [
    (nn.Scale(2, 3), (4, 3), r"Scale takes x of shape \(..., 2, 3\), not \(4, 3\)"),
    (
        nn.MultiHeadAttention(8),
        (3, 8),
        r"MultiHeadAttention takes x of shape \(batch, length, features\)",
    ),
    (
        nn.Conv((3, 3), 2, 4),
        (1, 2, 2, 8),
        r"Conv takes images of at least 3 × 3, for its window to fit",
    ),
    (nn.Conv((3,), 2, 4, dilation=2, pad=1), (1, 2, 2), "Conv takes images of at least 3, for"),
    (nn.MaxPool((2, 2)), (1, 1, 1, 1), "MaxPool takes images of at least 2 × 2, for"),
    (nn.AdaptiveMeanPool((4,)), (1, 1, 3), "AdaptiveMeanPool takes images of at least 4, for"),
]


@pytest.mark.parametrize(("layer", "shape", "message"), WRONG, ids=[w[2][:12] for w in WRONG])
def test_sizes_that_do_not_fit_name_the_layer(layer, shape, message):
    with pytest.raises(nn.SizeMismatch, match=message):
        layer(np.ones(shape, np.float32))
