import numpy as np
import pytest

import adjoint as ad
from adjoint import nn
from tests.nn.against_torch import check_layer, compare, compare_layer, torch

F = torch.nn.functional
CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=str)

# Kernel, image, settings.
SETTINGS = [
    ((3,), (8,), {}),
    ((4,), (9,), {"stride": 2, "pad": 1, "dilation": 2}),
    ((3, 3), (6, 5), {}),
    ((1, 1), (4, 4), {}),
    ((4, 4), (4, 4), {}),
    ((3, 2), (7, 8), {"stride": (2, 3), "pad": (1, 0)}),
    ((2, 3), (7, 8), {"dilation": (3, 2), "pad": 2, "bias": False}),
    ((3, 3), (5, 5), {"groups": 2, "pad": 1}),
    ((3, 3), (5, 5), {"groups": 4, "stride": 2}),
    ((2, 2, 3), (4, 5, 4), {"stride": (1, 2, 1), "pad": 1}),
]
settings = pytest.mark.parametrize(("kernel", "image", "options"), SETTINGS, ids=str)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def torch_kernel(weight, flip):
    """(*kernel, in, out) as PyTorch has it: (out, in, *kernel), never flipped."""
    axes = weight.ndim - 2
    weight = weight.permute(axes + 1, axes, *range(axes))
    return torch.flip(weight, tuple(range(2, 2 + axes))) if flip else weight


def torch_settings(options):
    names = {"stride": "stride", "pad": "padding", "dilation": "dilation", "groups": "groups"}
    names["outpad"] = "output_padding"
    return {names[k]: v for k, v in options.items() if k in names}


@DTYPES
@settings
@pytest.mark.parametrize("make", [nn.CrossCor, nn.Conv])
def test_convolutions_are_those_of_torch(make, kernel, image, options, dtype):
    compare_layer(
        make(kernel, 4, 6 if options.get("groups") != 4 else 8, np.tanh, **options),
        lambda p, x: torch.tanh(
            CONV[len(kernel)](
                x,
                torch_kernel(p.weight, make is nn.Conv),
                getattr(p, "bias", None),
                **torch_settings(options),
            )
        ),
        normal(3, 4, *image),
        dtype=dtype,
    )


@DTYPES
@settings
def test_transposed_convolutions_are_those_of_torch(kernel, image, options, dtype):
    if isinstance(options.get("stride"), int):
        options = {**options, "outpad": 1}
    compare_layer(
        nn.ConvTranspose(kernel, 4, 8, np.tanh, **options),
        lambda p, x: torch.tanh(
            TRANSPOSED[len(kernel)](
                x,
                torch_kernel(p.weight, True),
                getattr(p, "bias", None),
                **torch_settings(options),
            )
        ),
        normal(3, 4, *image),
        dtype=dtype,
    )


@DTYPES
def test_depthwise_convolution_takes_each_channel_for_itself(dtype):
    compare_layer(
        nn.DepthwiseConv((3, 3), 4, 8, pad=1),
        lambda p, x: F.conv2d(x, torch_kernel(p.weight, True), p.bias, groups=4, padding=1),
        normal(2, 4, 5, 5),
        dtype=dtype,
    )
    assert repr(nn.DepthwiseConv((3, 3), 4, 8)) == "DepthwiseConv((3, 3), 4, 8, groups=4)"


def test_conv_is_a_convolution_and_crosscor_is_not():
    x, w = normal(7), normal(3, seed=1)
    conv, cross = nn.Conv((3,), 1, 1, bias=False), nn.CrossCor((3,), 1, 1, bias=False)
    conv.weight = cross.weight = w[:, None, None]
    np.testing.assert_allclose(conv(x[None, None])[0, 0], np.convolve(x, w, "valid"))
    np.testing.assert_allclose(cross(x[None, None])[0, 0], np.correlate(x, w, "valid"))


def test_the_transpose_is_the_derivative_of_the_convolution():
    conv, back = (
        make((3, 3), 4, 4, bias=False, stride=2, pad=1) for make in (nn.Conv, nn.ConvTranspose)
    )
    conv.weight = normal(3, 3, 4, 5)
    back.weight = conv.weight
    x, y_bar = normal(2, 4, 7, 7), normal(2, 5, 4, 4)
    x_bar = ad.pullback(conv, x)[1](y_bar)[0]
    np.testing.assert_allclose(back(y_bar), x_bar, rtol=1e-12)


@pytest.mark.parametrize("kernel", [(3, 3), (4, 2), (5, 1)], ids=str)
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_padding_keeps_the_size(kernel, dilation):
    layer = nn.Conv(kernel, 2, 3, pad="same", dilation=dilation)
    assert layer(normal(1, 2, 9, 8)).shape == (1, 3, 9, 8)
    assert nn.Conv((4, 3), 1, 1, pad="same").pad == ((2, 1), (1, 1))  # the larger part first
    for stride in (1, 2, 3):
        layer = nn.ConvTranspose(kernel, 2, 3, pad="same", dilation=dilation, stride=stride)
        assert layer(normal(1, 2, 4, 5)).shape == (1, 3, 4 * stride, 5 * stride)


def test_padding_may_differ_before_and_after():
    compare_layer(
        nn.CrossCor((3, 3), 2, 3, pad=(1, 0, 2, 3)),
        lambda p, x: F.conv2d(F.pad(x, (2, 3, 1, 0)), torch_kernel(p.weight, False), p.bias),
        normal(2, 2, 4, 5),
    )
    assert repr(nn.Conv((3, 3), 2, 3, pad=(1, 0, 2, 3))) == "Conv((3, 3), 2, 3, pad=(1, 0, 2, 3))"


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (nn.CrossCor((2,), 2, 3, np.tanh), normal(2, 2, 5)),
        (nn.Conv((2, 3), 2, 3, np.tanh, stride=2, pad=1), normal(2, 2, 4, 4)),
        (nn.Conv((2, 2), 4, 2, groups=2), normal(1, 4, 3, 3)),
        (nn.ConvTranspose((2, 3), 3, 2, stride=2, pad=1), normal(2, 3, 2, 3)),
        (nn.ConvTranspose((2, 2), 4, 2, groups=2), normal(1, 4, 2, 2)),
    ],
    ids=repr,
)
def test_derivatives_match_differences(layer, x):
    check_layer(layer, x, order=2)


def test_unfold_and_fold_are_transposes():
    x, settings = normal(2, 3, 7, 6), ((3, 2), (2, 1), ((1, 0), (2, 1)), (2, 3))
    columns = nn.unfold(x, *settings)
    weights = normal(*columns.shape)
    back = nn.fold(weights, (7, 6), *settings)
    assert np.sum(columns * weights) == pytest.approx(np.sum(x * back))
    ad.check_gradient(
        lambda x: np.sum(nn.unfold(x, *settings) ** 2 * weights), x, order=2, rtol=1e-4
    )
    ad.check_gradient(
        lambda c: np.sum(nn.fold(c, (7, 6), *settings) ** 3), columns, order=2, rtol=1e-4, atol=1e-5
    )


def test_unfold_lists_windows_as_torch_does():
    compare(
        lambda x: np.moveaxis(nn.unfold(x, (2, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)), -1, 0),
        lambda x: F.unfold(x, (2, 3)).reshape(2, 3, 6, 3, 3).transpose(1, 2),
        normal(2, 3, 4, 5),
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Conv(3, 1, 1), TypeError, r"Conv: the kernel is a tuple .* not 3"),
        (lambda: nn.Conv((3, 3), 2, 3)(normal(1, 4, 5, 5)), nn.SizeMismatch, r"Conv takes x of shape \(batch, 2, height, width\), not \(1, 4, 5, 5\)"),  # noqa: E501
        (lambda: nn.Conv((3,), 2, 3)(normal(1, 2, 5, 5)), nn.SizeMismatch, r"\(batch, 2, width\)"),
        (lambda: nn.Conv((3, 3), 2, 3)(normal(1, 2, 2, 5)), nn.SizeMismatch, r"Conv takes images of at least 3 × 3, for its window to fit, not \(2, 5\)"),  # noqa: E501
        (lambda: nn.Conv((3, 3), 3, 4, groups=2), ValueError, "2 groups do not divide 3 inputs, 4 outputs"),
        (lambda: nn.ConvTranspose((3, 3), 2, 3)(normal(1, 3, 5, 5)), nn.SizeMismatch, "ConvTranspose takes x of shape"),
        (lambda: nn.Conv((3, 3), 2, 3, pad="valid"), ValueError, "pad is \"same\" or numbers, not 'valid'"),
        (lambda: nn.Conv((3, 3), 2, 3, stride=(1, 2, 3)), ValueError, "stride=.* one number, or one for each of 2 axes"),
    ],
)  # fmt: skip
def test_sizes_that_do_not_fit_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_gradient_is_plain_numpy_with_one_product_for_each_array():
    layer = nn.Conv((3, 3), 2, 3, nn.relu, pad=1)
    text = str(
        ad.source(lambda f, x: np.sum(f(x) ** 2), layer, normal(4, 2, 6, 6).astype(np.float32))
    )
    assert "apply_rule" not in text
    statements = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert sum(line.count(" @ ") for line in statements) == 3


def test_images_stay_batch_innermost_in_memory():
    """What convolutions and pooling give needs no copy to be convolved again."""
    y = nn.Conv((3, 3), 2, 3)(normal(4, 2, 6, 6))
    assert y.shape == (4, 3, 4, 4) and np.moveaxis(y, 0, -1).flags.c_contiguous
    assert np.moveaxis(nn.MaxPool((2, 2))(y), 0, -1).flags.c_contiguous
