import numpy as np
import pytest

import adjoint as ad
from adjoint import nn
from tests.nn.against_torch import check_layer, close, compare_layer, randomise, torch

F = torch.nn.functional
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)
IMAGES = pytest.mark.parametrize("shape", [(4, 6, 5), (2, 6, 3, 4), (2, 6, 2, 3, 2)], ids=str)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape) + 0.3


@DTYPES
@pytest.mark.parametrize("sizes", [(4,), (3, 4), (2, 3, 4)], ids=str)
def test_layer_norm_is_that_of_torch(dtype, sizes):
    compare_layer(
        nn.LayerNorm(*sizes, activation=np.tanh),
        lambda p, x: torch.tanh(F.layer_norm(x, sizes, p.scale, p.bias)),
        normal(5, 2, 3, 4),
        dtype=dtype,
    )
    compare_layer(
        nn.LayerNorm(*sizes, affine=False, eps=0.1),
        lambda p, x: F.layer_norm(x, sizes, eps=0.1),
        normal(5, 2, 3, 4),
        dtype=dtype,
    )


@DTYPES
def test_rms_norm_is_that_of_torch(dtype):
    compare_layer(
        nn.RMSNorm(4), lambda p, x: F.rms_norm(x, (4,), p.scale, 1e-6), normal(2, 3, 4), dtype=dtype
    )


@DTYPES
@IMAGES
def test_group_norm_is_that_of_torch(dtype, shape):
    for groups in (1, 2, 6):
        compare_layer(
            nn.GroupNorm(6, groups),
            lambda p, x: F.group_norm(x, groups, p.scale, p.bias),
            normal(*shape),
            dtype=dtype,
        )
    compare_layer(
        nn.GroupNorm(6, 3, np.tanh, affine=False),
        lambda p, x: torch.tanh(F.group_norm(x, 3)),
        normal(*shape),
        dtype=dtype,
    )


@DTYPES
@IMAGES
@pytest.mark.parametrize("affine", [False, True])
def test_instance_norm_is_that_of_torch(dtype, shape, affine):
    compare_layer(
        nn.InstanceNorm(6, affine=affine),
        lambda p, x: F.instance_norm(
            x, weight=getattr(p, "scale", None), bias=getattr(p, "bias", None)
        ),
        normal(*shape),
        dtype=dtype,
    )


BATCHES = pytest.mark.parametrize(
    "shape", [(5, 6), (4, 6, 5), (2, 6, 3, 4), (2, 6, 2, 3, 2)], ids=str
)


@DTYPES
@BATCHES
def test_batch_norm_is_that_of_torch_in_training(dtype, shape):
    compare_layer(
        nn.BatchNorm(6, np.tanh, track=False),
        lambda p, x: torch.tanh(F.batch_norm(x, None, None, p.scale, p.bias, training=True)),
        normal(*shape),
        dtype=dtype,
    )
    compare_layer(
        nn.BatchNorm(6, affine=False, track=False),
        lambda p, x: F.batch_norm(x, None, None, training=True),
        normal(*shape),
        dtype=dtype,
    )


@pytest.mark.parametrize(
    ("make", "theirs"),
    [
        (nn.BatchNorm, torch.nn.BatchNorm2d),
        (
            lambda n, **kw: nn.InstanceNorm(n, affine=True, track=True, **kw),
            lambda n, **kw: torch.nn.InstanceNorm2d(n, affine=True, track_running_stats=True, **kw),
        ),
    ],
    ids=["batch", "instance"],
)
@DTYPES
def test_running_statistics_over_several_gradients(make, theirs, dtype):
    """The same model in both: three steps of training, then evaluation."""
    layer, other = make(3, momentum=0.3, dtype=dtype), theirs(3, momentum=0.3)
    other = other.to(getattr(torch, np.dtype(dtype).name))

    def loss(f, x, w):
        return np.sum(f(x) * w)

    for step in range(3):
        x, w = normal(2, 3, 4, 5, seed=step).astype(dtype), normal(2, 3, 4, 5, seed=9).astype(dtype)
        tensor = torch.tensor(x, requires_grad=True)
        other.zero_grad()
        (other(tensor) * torch.tensor(w)).sum().backward()
        g, x_bar, _ = ad.gradient(loss, layer, x, w)
        close(x_bar, tensor.grad, dtype)
        close(g.scale, other.weight.grad, dtype)
        close(g.bias, other.bias.grad, dtype)
        close(layer.running_mean, other.running_mean, dtype)
        close(layer.running_var, other.running_var, dtype)
        assert layer.running_mean.dtype == layer.running_var.dtype == dtype
        assert not g.running_mean.any() and not g.running_var.any()
    nn.test_mode(layer)
    other.eval()
    tensor = torch.tensor(x, requires_grad=True)
    (other(tensor) * torch.tensor(w)).sum().backward()
    before = layer.running_mean
    close(layer(x), other(torch.tensor(x)), dtype)
    g, x_bar, _ = ad.gradient(loss, layer, x, w)
    close(x_bar, tensor.grad, dtype)
    assert layer.running_mean is before and not g.running_mean.any()


def test_two_calls_in_one_gradient_move_running_statistics_twice():
    layer = nn.BatchNorm(3, dtype=np.float64)
    other = torch.nn.BatchNorm1d(3).double()
    x, y = normal(5, 3), normal(4, 3, seed=1)
    a, b = torch.tensor(x, requires_grad=True), torch.tensor(y, requires_grad=True)
    ((other(a) ** 3).sum() + (other(b) ** 3).sum()).backward()
    g = ad.gradient(lambda f, x, y: np.sum(f(x) ** 3) + np.sum(f(y) ** 3), layer, x, y)
    close(g[1], a.grad, np.float64)
    close(g[2], b.grad, np.float64)
    close(g[0].scale, other.weight.grad, np.float64)
    close(layer.running_mean, other.running_mean, np.float64)
    close(layer.running_var, other.running_var, np.float64)


def test_running_statistics_are_no_parameters():
    layer = nn.BatchNorm(3)
    assert [id(p) for p in ad.params(nn.Chain(layer))] == [id(layer.scale), id(layer.bias)]
    assert "6 parameters" in repr(nn.Chain(layer))
    assert "total: 2 arrays, 6 parameters and 6 other numbers, 48 bytes" in repr(nn.Chain(layer))


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (nn.LayerNorm(4), normal(3, 4)),
        (nn.LayerNorm(3, 4, affine=False), normal(2, 3, 4)),
        (nn.RMSNorm(4), normal(3, 4)),
        (nn.GroupNorm(4, 2), normal(2, 4, 3)),
        (nn.InstanceNorm(3, affine=True), normal(2, 3, 4)),
        (nn.BatchNorm(3, track=False), normal(4, 3)),
        (nn.BatchNorm(3, track=False), normal(2, 3, 2, 2)),
    ],
    ids=repr,
)
def test_derivatives_match_differences(layer, x):
    check_layer(layer, x, order=2)


def test_a_batch_of_one_has_no_variance():
    with pytest.raises(nn.SizeMismatch, match=r"BatchNorm: x of shape \(1, 3\) has one value"):
        nn.BatchNorm(3)(normal(1, 3))
    with pytest.raises(nn.SizeMismatch, match="InstanceNorm: .* one value per channel"):
        nn.InstanceNorm(3)(normal(4, 3, 1))
    nn.test_mode(nn.BatchNorm(3))(normal(1, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.LayerNorm(3, 4)(normal(2, 4, 3)), r"LayerNorm takes x of shape \(..., 3, 4\), not \(2, 4, 3\)"),
        (lambda: nn.RMSNorm(3)(normal(2, 4)), r"RMSNorm takes x of shape \(..., 3\)"),
        (lambda: nn.BatchNorm(3)(normal(2, 4)), r"BatchNorm takes x of shape \(..., 3\), not \(2, 4\)"),
        (lambda: nn.BatchNorm(3)(normal(2, 4, 5)), r"BatchNorm takes x of shape \(batch, 3, ...\), not \(2, 4, 5\)"),
        (lambda: nn.InstanceNorm(3)(normal(2, 3)), r"InstanceNorm takes x of shape \(batch, 3, ...\)"),
        (lambda: nn.GroupNorm(4, 2)(normal(2, 3, 3)), r"GroupNorm takes x of shape \(batch, 4, ...\)"),
        (lambda: nn.GroupNorm(4, 3), "4 channels do not make 3 equal groups"),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def curvature(layer, x):
    """The gradient of the squared gradient."""

    def steepness(x):
        return np.sum(ad.gradient(lambda x: np.sum(layer(x) ** 3), x)[0] ** 2)

    return ad.gradient(steepness, x)[0]


def test_second_derivatives_pass_by_running_statistics():
    tracked, plain = (nn.BatchNorm(3, dtype=np.float64, track=t) for t in (True, False))
    np.testing.assert_allclose(curvature(tracked, normal(4, 3)), curvature(plain, normal(4, 3)))
    dense = nn.Dense(3, 2, rng=0, dtype=np.float64)
    x = normal(4, 3)
    np.testing.assert_allclose(curvature(nn.WeightNorm(dense), x), curvature(dense, x))


# -- weight normalisation ----------------------------------------------------------------------------------


def test_weight_norm_is_that_of_torch():
    layer = nn.WeightNorm(nn.Dense(4, 3, np.tanh, rng=0, dtype=np.float64))
    linear = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(4, 3).double())
    v = torch.tensor(normal(4, 3).T, requires_grad=True)
    layer.direction, layer.magnitude = normal(4, 3), normal(1, 3, seed=1)
    with torch.no_grad():
        linear.parametrizations.weight.original0[:] = torch.tensor(layer.magnitude.T)
        linear.parametrizations.weight.original1[:] = v
        linear.bias[:] = 0
    x = normal(5, 4)
    tensor = torch.tensor(x, requires_grad=True)
    torch.tanh(linear(tensor)).pow(2).sum().backward()
    g, x_bar = ad.gradient(lambda f, x: np.sum(f(x) ** 2), layer, x)
    close(x_bar, tensor.grad, np.float64)
    close(g.magnitude, linear.parametrizations.weight.original0.grad.T, np.float64)
    close(g.direction, linear.parametrizations.weight.original1.grad.T, np.float64)
    close(g.layer.bias, linear.bias.grad, np.float64)


def test_weight_norm_begins_with_the_weight_of_the_layer_and_can_be_removed():
    dense = nn.Dense(4, 3, rng=0)
    layer, x = nn.WeightNorm(dense), normal(5, 4)
    np.testing.assert_allclose(layer(x), dense(x), rtol=1e-6)
    assert [p.shape for p in ad.params(layer)] == [(4, 3), (1, 3), (3,)]
    model = nn.Chain(layer, nn.SkipConnection(nn.WeightNorm(nn.Dense(3, 3)), np.add))
    plain = nn.remove_weight_norms(model)
    assert "WeightNorm" in repr(model) and "WeightNorm" not in repr(plain)
    np.testing.assert_allclose(plain(x), model(x), rtol=1e-6)
    assert repr(layer) == "WeightNorm(Dense(4, 3), 'weight')"


def test_weight_norm_matches_differences():
    layer = nn.WeightNorm(randomise(nn.Dense(3, 2, dtype=np.float64)))

    def loss(magnitude, direction, x):
        layer.magnitude, layer.direction = magnitude, direction
        return np.sum(layer(x) ** 2)

    ad.check_gradient(loss, normal(1, 2), normal(3, 2), normal(4, 3))


def test_second_derivatives_to_the_parameters_of_weight_norm():
    layer, x = nn.WeightNorm(nn.Dense(3, 2, np.tanh, rng=0, dtype=np.float64)), normal(4, 3)
    dots = {"direction": normal(3, 2, seed=1), "magnitude": normal(1, 2, seed=2)}

    def loss(layer):
        return np.sum(layer(x) ** 2)

    along = ad.jvp(lambda f: ad.gradient(loss, f)[0], (layer,), (ad.Tangent(**dots),))[1]

    def moved(step):
        for name, dot in dots.items():
            setattr(layer, name, getattr(layer, name) + step * dot)
        return ad.gradient(loss, layer)[0]

    above, below = moved(1e-6), moved(-2e-6)
    for name in dots:
        slope = (getattr(above, name) - getattr(below, name)) / 2e-6
        np.testing.assert_allclose(getattr(along, name), slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("layer", [nn.BatchNorm(3), nn.InstanceNorm(3, track=True)])
def test_a_batch_that_is_not_finite_leaves_the_running_statistics(layer):
    """A training that refuses its loss goes on with a layer that can still be used."""
    x = np.random.default_rng(0).normal(size=(4, 3, 5)).astype(np.float32)
    layer(x)
    mean, variance = layer.running_mean.copy(), layer.running_var.copy()
    x[1, 2, 0] = np.nan
    with np.errstate(invalid="ignore"):
        assert np.isnan(layer(x)).any()
    np.testing.assert_array_equal(layer.running_mean, mean)
    np.testing.assert_array_equal(layer.running_var, variance)
