import numpy as np
import pytest

import adjoint as ad
from adjoint import nn
from tests.nn.against_torch import compare, torch

F = torch.nn.functional
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)
MODES = [("linear", (5,)), ("bilinear", (3, 4)), ("trilinear", (2, 3, 4))]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@DTYPES
@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize(("mode", "image"), MODES, ids=str)
def test_linear_upsampling_is_that_of_torch(mode, image, corners, dtype):
    x, larger = normal(2, 3, *image), tuple(2 * n + i for i, n in enumerate(image))
    compare(
        nn.Upsample(mode, scale=3, corners=corners),
        lambda x: F.interpolate(x, scale_factor=3, mode=mode, align_corners=corners),
        x,
        dtype=dtype,
    )
    compare(
        nn.Upsample(mode, size=larger, corners=corners),
        lambda x: F.interpolate(x, larger, mode=mode, align_corners=corners),
        x,
        dtype=dtype,
    )


@DTYPES
@pytest.mark.parametrize("image", [(5,), (3, 4), (2, 3, 4)], ids=str)
def test_nearest_upsampling_is_that_of_torch(image, dtype):
    scales = (2, 3, 2)[: len(image)]
    sizes = tuple(n * s + 1 for n, s in zip(image, scales))
    x = normal(2, 3, *image)
    compare(
        nn.Upsample(scale=scales), lambda x: F.interpolate(x, scale_factor=scales), x, dtype=dtype
    )
    compare(nn.Upsample(size=sizes), lambda x: F.interpolate(x, sizes), x, dtype=dtype)


def test_upsampling_keeps_an_image_of_one_value():
    x = np.full((1, 1, 1, 1), 3.0)
    for layer in (nn.Upsample("bilinear", scale=2), nn.Upsample(size=(2, 2))):
        np.testing.assert_array_equal(layer(x), np.full((1, 1, 2, 2), 3.0))


@DTYPES
def test_pixel_shuffle_is_that_of_torch(dtype):
    compare(nn.PixelShuffle(2), lambda x: F.pixel_shuffle(x, 2), normal(2, 8, 3, 4), dtype=dtype)
    compare(nn.PixelShuffle(3), lambda x: F.pixel_shuffle(x, 3), normal(1, 9, 2, 2), dtype=dtype)


def test_pixel_shuffle_of_other_numbers_of_axes():
    x = normal(2, 6, 4)
    y = nn.PixelShuffle(3)(x)
    assert y.shape == (2, 2, 12)
    np.testing.assert_array_equal(y[:, 1, 7], x[:, 3 + 1, 2])
    ad.check_gradient(lambda x: np.sum(nn.PixelShuffle(3)(x) ** 3), x)
    x = normal(1, 8, 2, 3, 2)
    y = nn.PixelShuffle(2)(x)
    assert y.shape == (1, 1, 4, 6, 4)
    assert y[0, 0, 3, 2, 1] == x[0, 0b101, 1, 1, 0]
    ad.check_gradient(lambda x: np.sum(nn.PixelShuffle(2)(x) ** 3), x)


def test_flatten_keeps_the_batch():
    x = normal(2, 3, 4, 5)
    assert nn.flatten(x).shape == (2, 60)
    ad.check_gradient(lambda x: np.sum(nn.flatten(x) ** 2), normal(2, 3, 2))


@pytest.mark.parametrize(
    "layer",
    [nn.Upsample("bilinear", scale=2), nn.Upsample(size=(5, 7)), nn.PixelShuffle(2)],
    ids=repr,
)
def test_derivatives_match_differences(layer):
    x = normal(1, 4, 3, 4)
    ad.check_gradient(lambda x: np.sum(layer(x) ** 2), x, order=2, rtol=1e-4, atol=1e-6)
    source = str(ad.source(lambda f, x: np.sum(f(x) ** 2), layer, x.astype(np.float32)))
    assert "apply_rule" not in source


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Upsample("cubic", scale=2), ValueError, "not 'cubic'"),
        (lambda: nn.Upsample("nearest"), ValueError, "one of the two"),
        (lambda: nn.Upsample("nearest", scale=2, size=(1,)), ValueError, "one of the two"),
        (lambda: nn.Upsample("bilinear", scale=2)(normal(1, 2, 3)), nn.SizeMismatch, "Upsample takes"),
        (lambda: nn.Upsample(size=(2, 2))(normal(1, 2, 3)), nn.SizeMismatch, r"Upsample by size=\(2, 2\)"),
        (lambda: nn.PixelShuffle(2)(normal(1, 6, 3, 3)), nn.SizeMismatch, r"channels · 4, ...\), not \(1, 6, 3, 3\)"),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_layers_print_as_they_are_built():
    assert repr(nn.Upsample("bilinear", scale=2)) == "Upsample('bilinear', scale=2)"
    assert repr(nn.Upsample(size=[4, 4])) == "Upsample('nearest', size=(4, 4))"
    assert repr(nn.PixelShuffle(2)) == "PixelShuffle(2)"
