import numpy as np
import pytest

import adjoint as ad
from adjoint import nn
from tests.nn.against_torch import check_layer, compare, torch

F = torch.nn.functional
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)
MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
MEAN = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
SETTINGS = [
    ((2,), (7,), {}),
    ((2, 2), (6, 7), {}),
    ((3, 2), (7, 8), {"stride": (2, 1)}),
    ((3, 3), (5, 5), {"stride": 2, "pad": 1}),
    ((2, 3, 2), (4, 6, 5), {"stride": 2, "pad": (1, 0, 1)}),
]
settings = pytest.mark.parametrize(("window", "image", "options"), SETTINGS, ids=str)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def torch_settings(options):
    return {{"pad": "padding"}.get(k, k): v for k, v in options.items()}


@DTYPES
@settings
def test_pooling_is_that_of_torch(window, image, options, dtype):
    axes, x, named = len(window), normal(2, 3, *image), torch_settings(options)
    compare(nn.MaxPool(window, **options), lambda x: MAX[axes](x, window, **named), x, dtype=dtype)
    compare(
        nn.MeanPool(window, **options), lambda x: MEAN[axes](x, window, **named), x, dtype=dtype
    )
    if axes < 3 and "pad" not in options:
        lp = (F.lp_pool1d, F.lp_pool2d)[axes - 1]
        size, stride = (
            (window[0], options.get("stride")) if axes == 1 else (window, options.get("stride"))
        )
        compare(
            nn.LpPool(window, 3.0, **options),
            lambda x: lp(x, 3.0, size, stride),
            np.abs(x),
            dtype=dtype,
        )


@DTYPES
@pytest.mark.parametrize("image", [(7,), (4, 5), (2, 3, 4)], ids=str)
def test_global_pooling_reduces_each_channel(image, dtype):
    dims, x = tuple(range(2, 2 + len(image))), normal(2, 3, *image)
    compare(nn.GlobalMaxPool(), lambda x: x.amax(dims, keepdim=True), x, dtype=dtype)
    compare(nn.GlobalMeanPool(), lambda x: x.mean(dims, keepdim=True), x, dtype=dtype)


@DTYPES
def test_adaptive_pooling_to_sizes_that_divide_is_that_of_torch(dtype):
    x = normal(2, 3, 6, 8)
    compare(nn.AdaptiveMaxPool((3, 2)), lambda x: F.adaptive_max_pool2d(x, (3, 2)), x, dtype=dtype)
    compare(nn.AdaptiveMeanPool((3, 2)), lambda x: F.adaptive_avg_pool2d(x, (3, 2)), x, dtype=dtype)


def test_adaptive_pooling_has_windows_of_one_size():
    """stride = in ÷ out = 2, window = in - (out - 1) stride = 3"""
    x = normal(1, 1, 7)
    expected = [x[0, 0, i : i + 3].max() for i in (0, 2, 4)]
    np.testing.assert_array_equal(nn.AdaptiveMaxPool((3,))(x)[0, 0], expected)


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (nn.MaxPool((2, 2)), normal(2, 2, 4, 4)),
        (nn.MaxPool((3, 2), stride=1, pad=1), normal(1, 2, 4, 4)),
        (nn.MeanPool((2, 2), pad=1), normal(2, 1, 4, 4)),
        (nn.GlobalMaxPool(), normal(2, 2, 3, 3)),
        (nn.GlobalMeanPool(), normal(2, 2, 3, 3)),
        (nn.AdaptiveMaxPool((2, 2)), normal(1, 2, 5, 4)),
        (nn.AdaptiveMeanPool((2, 2)), normal(1, 2, 5, 4)),
        (nn.LpPool((2, 2), 3.0), np.abs(normal(1, 2, 4, 4)) + 0.1),
    ],
    ids=repr,
)
def test_derivatives_match_differences(layer, x):
    if isinstance(layer, nn.LpPool):  # which has a number for an attribute
        ad.check_gradient(lambda f, x: np.sum(f(x) ** 2), layer, x)
    else:
        check_layer(layer, x, order=2)


def test_equal_largest_values_share_the_derivative():
    x = np.zeros((1, 1, 2, 2))
    np.testing.assert_array_equal(
        ad.gradient(lambda x: np.sum(nn.MaxPool((2, 2))(x)), x)[0], np.full_like(x, 0.25)
    )


def test_the_gradient_is_plain_numpy_and_finite_throughout():
    x = normal(2, 3, 6, 6).astype(np.float32)
    for layer in (nn.MaxPool((3, 3), pad=1), nn.MeanPool((2, 2)), nn.GlobalMaxPool()):
        source = str(ad.source(lambda f, x: np.sum(f(x) ** 2), layer, x))
        assert "apply_rule" not in source
        with ad.nan_check():
            ad.gradient(lambda f, x: np.sum(f(x) ** 2), layer, x)


def test_padding_never_is_the_largest():
    y = nn.MaxPool((3, 3), stride=1, pad=1)(-np.ones((1, 1, 3, 3)))
    np.testing.assert_array_equal(y, -np.ones((1, 1, 3, 3)))


def test_pools_print_as_they_are_built():
    assert (
        repr(nn.MaxPool((2, 3), stride=1, pad=(1, 0)))
        == "MaxPool((2, 3), stride=(1, 1), pad=(1, 0))"
    )
    assert repr(nn.LpPool((2, 2), 3.0, pad=1)) == "LpPool((2, 2), 3.0, pad=(1, 1))"
    assert repr(nn.LpPool((2, 2))) == "LpPool((2, 2), 2.0)"
    assert repr(nn.AdaptiveMaxPool((2, 3))) == "AdaptiveMaxPool((2, 3))"
    assert repr(nn.GlobalMeanPool()) == "GlobalMeanPool()"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.MaxPool(2), TypeError, "MaxPool: the window is a tuple"),
        (lambda: nn.MeanPool((2, 2))(normal(2, 3, 4)), nn.SizeMismatch, r"MeanPool takes x of shape \(batch, channels, height, width\)"),  # noqa: E501
        (lambda: nn.MaxPool((5,))(normal(2, 3, 4)), nn.SizeMismatch, "MaxPool takes images of at least 5, for its window"),
        (lambda: nn.AdaptiveMaxPool((2,))(normal(2, 3, 4, 4)), nn.SizeMismatch, "AdaptiveMaxPool takes"),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
