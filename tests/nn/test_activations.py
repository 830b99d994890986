import math

import numpy as np
import pytest

import adjoint as ad
from adjoint import nn
from adjoint.nn import activation, identity, relu, softmax
from tests.nn.against_torch import compare, torch

F = torch.nn.functional
TABLE = {
    nn.celu: F.celu,
    nn.elu: F.elu,
    nn.gelu: lambda x: F.gelu(x, approximate="tanh"),
    nn.gelu_erf: F.gelu,
    nn.gelu_sigmoid: lambda x: x * torch.sigmoid(1.702 * x),
    nn.glu: F.glu,
    nn.hard_sigmoid: lambda x: torch.clamp((x + 3) / 6, 0, 1),
    nn.hard_swish: F.hardswish,
    nn.hard_tanh: F.hardtanh,
    nn.identity: lambda x: x * 1,
    nn.leaky_relu: F.leaky_relu,
    nn.lisht: lambda x: x * torch.tanh(x),
    nn.log_cosh: lambda x: torch.log(torch.cosh(x)),
    nn.log_sigmoid: F.logsigmoid,
    nn.log_softmax: lambda x: F.log_softmax(x, dim=-1),
    nn.logsumexp: lambda x: torch.logsumexp(x, dim=tuple(range(x.ndim))),
    nn.mish: F.mish,
    nn.relu: F.relu,
    nn.relu6: F.relu6,
    nn.selu: F.selu,
    nn.sigmoid: torch.sigmoid,
    nn.sigmoid_fast: torch.sigmoid,
    nn.soft_shrink: F.softshrink,
    nn.softmax: lambda x: F.softmax(x, dim=-1),
    nn.softplus: F.softplus,
    nn.softsign: F.softsign,
    nn.swish: F.silu,
    nn.tanh: torch.tanh,
    nn.tanh_shrink: F.tanhshrink,
    nn.threshold_relu: lambda x: F.threshold(x, 1.0, 0.0),
}
UNLIKE_OTHERS = {nn.randomised_relu}
ALL = [
    f
    for name, f in vars(activation).items()
    if getattr(f, "__module__", "") == activation.__name__ and hasattr(nn, name)
]
by_name = {"ids": lambda f: getattr(f, "__name__", None)}


def points(*shape):
    """On both sides of every kink of the functions, and on none."""
    return np.random.default_rng(0).normal(size=shape) * 3


def test_every_activation_is_in_the_table():
    assert set(ALL) == set(TABLE) | UNLIKE_OTHERS


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)
@pytest.mark.parametrize("shape", [(4,), (3, 6), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("f", TABLE, **by_name)
def test_values_and_gradients_are_those_of_torch(f, shape, dtype):
    compare(f, TABLE[f], points(*shape), dtype=dtype)


@pytest.mark.parametrize("f", TABLE, **by_name)
def test_first_and_second_derivatives_match_differences(f):
    ad.check_gradient(lambda x: np.sum(f(x) ** 2), points(2, 4), order=2, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("f", [f for f in TABLE if f not in (nn.glu,)], **by_name)
def test_numbers_are_taken_too(f):
    if f in (nn.softmax, nn.log_softmax, nn.logsumexp):
        return
    x = np.float64(0.7)
    assert f(x) == pytest.approx(float(TABLE[f](torch.tensor(0.7, dtype=torch.float64))), rel=1e-12)
    slope = ad.gradient(lambda x: f(x) * 1.0, 0.7)[0]
    h = 1e-6
    assert slope == pytest.approx(float(f(0.7 + h) - f(0.7 - h)) / (2 * h), abs=1e-8)


@pytest.mark.parametrize("f", [f for f in TABLE if f not in (nn.logsumexp,)], **by_name)
@pytest.mark.parametrize("size", [1e4, 88.0, 30.0])
def test_nothing_overflows(f, size):
    """float32: exp(88.8) is infinite."""
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        x = np.array([-size, size], np.float32)
        y, (x_bar,) = ad.value_and_gradient(lambda x: np.sum(f(x)), x)
        assert np.isfinite(y) and np.all(np.isfinite(x_bar))


@pytest.mark.parametrize(
    ("f", "at", "slope"),
    [
        (nn.relu, 0.0, 0.0),
        (nn.relu6, 0.0, 0.0),
        (nn.relu6, 6.0, 0.0),
        (nn.leaky_relu, 0.0, 0.01),
        (nn.elu, 0.0, 1.0),
        (nn.hard_tanh, 1.0, 0.0),
        (nn.sigmoid, 0.0, 0.25),
        (nn.softplus, 0.0, 0.5),
        (nn.log_cosh, 0.0, 0.0),
        (nn.softsign, 0.0, 1.0),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_slopes_at_kinks(f, at, slope):
    assert ad.gradient(lambda x: np.sum(f(x)), np.array([at]))[0] == pytest.approx(slope)


@pytest.mark.parametrize(
    ("f", "theirs"),
    [
        (lambda x, a: nn.leaky_relu(x, a), lambda x, a: torch.where(x > 0, x, a * x)),
        (
            lambda x, a: nn.elu(x, a),
            lambda x, a: torch.where(x > 0, x, a * torch.expm1(torch.clamp(x, max=0))),
        ),
        (
            lambda x, a: nn.celu(x, a),
            lambda x, a: torch.where(x > 0, x, a * torch.expm1(torch.clamp(x, max=0) / a)),
        ),
    ],
    ids=["leaky_relu", "elu", "celu"],
)
def test_slopes_that_are_learned_have_a_gradient(f, theirs):
    compare(f, theirs, points(5, 3), [0.3, 0.2, 0.7])


def test_small_probabilities_keep_their_digits():
    assert nn.sigmoid(-700.0) == pytest.approx(math.exp(-700), rel=1e-14)
    assert nn.log_sigmoid(np.array([-700.0]))[0] == -700.0


def test_randomised_relu_draws_a_slope_for_each_entry_between_its_limits():
    x = -np.ones(1000)
    y = nn.randomised_relu(x, 0.2, 0.4, rng=0)
    assert -0.4 <= y.min() < -0.39 and -0.21 < y.max() <= -0.2
    np.testing.assert_array_equal(y, nn.randomised_relu(x, 0.2, 0.4, rng=0))
    x_bar = ad.gradient(lambda x: np.sum(nn.randomised_relu(x, 0.2, 0.4, rng=0)), x)[0]
    np.testing.assert_array_equal(x_bar, -y)  # the slopes that were drawn
    assert nn.randomised_relu(x.astype(np.float32), rng=1).dtype == np.float32
    np.testing.assert_array_equal(nn.randomised_relu(-x), -x)


def test_glu_refuses_an_odd_length():
    with pytest.raises(ValueError, match=r"glu halves axis -1 of x, whose shape is \(2, 3\)"):
        nn.glu(np.ones((2, 3)))


def test_erf_without_scipy(monkeypatch):
    exact = nn.gelu_erf(points(9))
    monkeypatch.setitem(__import__("sys").modules, "scipy.special", None)
    activation._erf.cache_clear()
    try:
        np.testing.assert_allclose(nn.gelu_erf(points(9)), exact, rtol=1e-14)
        assert nn.gelu_erf(points(9).astype(np.float32)).dtype == np.float32
    finally:
        activation._erf.cache_clear()


def test_identity_is_its_argument():
    x = np.ones(3)
    assert identity(x) is x


ALONG_AN_AXIS = {nn.glu, nn.softmax, nn.log_softmax, nn.logsumexp}


@pytest.mark.parametrize("f", [f for f in ALL if f not in ALONG_AN_AXIS], **by_name)
def test_nan_stays_nan(f):
    y = f(np.array([np.nan, 1.0]))
    assert np.isnan(y[0]) and not np.isnan(y[1])


def test_relu_keeps_dtype_and_nan():
    y = relu(np.array([-1.0, 0.0, 2.0, np.nan], np.float32))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [0, 0, 2, np.nan])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_sums_to_one_and_never_overflows(axis):
    x = np.random.default_rng(0).normal(size=(4, 5)) * 500
    y = softmax(x, axis=axis)
    np.testing.assert_allclose(y.sum(axis), 1)
    np.testing.assert_array_equal(y.argmax(axis), x.argmax(axis))


def test_softmax_does_not_feel_a_shift():
    x = np.random.default_rng(0).normal(size=(4, 5))
    np.testing.assert_allclose(softmax(x + 7), softmax(x))


@pytest.mark.parametrize("axis", [0, 1, (0, 1), None])
def test_logsumexp_along_axes(axis):
    x = points(3, 4)
    dim = tuple(range(2)) if axis is None else axis
    compare(lambda x: nn.logsumexp(x, axis), lambda x: torch.logsumexp(x, dim), x)
    assert nn.logsumexp(x, axis, keepdims=True).ndim == 2


def test_logsumexp_of_impossible_events():
    with np.errstate(divide="ignore"):
        assert nn.logsumexp(np.array([-np.inf, -np.inf])) == -np.inf
