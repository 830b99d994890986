"""Rules of `scipy.signal`: filters that are linear in the signal, and in two dimensions."""

import numpy as np
import pytest
from scipy import signal

import adjoint as ad
from adjoint.errors import AdjointError, MissingRuleError
from adjoint.rules.scipy import signal_linear
from adjoint.testing import WAYS, case, check_rule, check_second_order, expand, normal

RANDOM = np.random.default_rng(0)
X, PLANE = RANDOM.standard_normal(40), RANDOM.standard_normal((6, 5))
B, A = signal.butter(3, 0.3)
SECTIONS = signal.butter(4, 0.3, output="sos")
OPTIONS = {
    "detrend": ("linear", 0), "hilbert": (None,), "resample": (25, None, "time"),
    "savgol_filter": (5, 2, 0, 1.0, "interp", 0.0), "decimate": (2, None, "iir", True),
}  # fmt: skip
CASES = [
    *[case(signal_linear.along, normal(40), 0, name, o) for name, o in OPTIONS.items()],
    case(signal_linear.along, normal(2, 40), 1, "detrend", ("constant", [0, 10])),
    case(signal_linear.transposed, normal(3), normal(3, 4), 0, normal(4)),
    case(signal.detrend, normal(40)),
    case(signal.hilbert, normal(2, 9), axis=[0, 1], N=[None, 12]),
    case(signal.resample, normal(40), 25),
    case(signal.resample_poly, normal(40), 3, 2),
    case(signal.savgol_filter, normal(40), 5, 2, mode=["interp", "wrap", "constant"], cval=2.0),
    case(signal.filtfilt, B, A, normal(2, 40), method=["pad", "gust"]),
    case(signal.sosfiltfilt, SECTIONS, normal(40)),
    case(signal.decimate, normal(40), 2),
    case(signal.sosfilt, SECTIONS, normal(3, 8), axis=[0, 1]).but(held=(0,)),  # sos[:, 3] must be 1
    case(signal.convolve2d, PLANE, normal(3, 2)),
    case(signal.correlate2d, PLANE, normal(3, 2)),
    case(signal_linear.in_plane, PLANE, normal(3, 2), "same", "wrap", 0, 1),
]
EXPANDED = expand(CASES)


@pytest.mark.parametrize("case", EXPANDED, ids=lambda case: case.function.__name__)
def test_rule(case):
    check_rule(case.but(float32=False))


def check(f, *args, order=1):
    ad.check_gradient(f, *args, order=order, modes=("reverse", "forward"), rtol=1e-5)


LINEAR = [
    lambda x: signal.detrend(x, bp=[10]),
    lambda x: np.abs(signal.hilbert(x)),
    lambda x: signal.resample(x, 25),
    lambda x: signal.resample_poly(x, 3, 2, padtype="line"),
    lambda x: signal.savgol_filter(x, 5, 2, deriv=1),
    lambda x: signal.filtfilt(B, A, x),
    lambda x: signal.filtfilt(B, A, x.reshape(2, 20), axis=1),
    lambda x: signal.sosfiltfilt(SECTIONS, x),
    lambda x: signal.decimate(x, 2),
    lambda x: signal.sosfilt(SECTIONS, x),
]


@pytest.mark.parametrize("function", LINEAR, ids=range(len(LINEAR)))
def test_of_a_signal(function):
    check(lambda x: np.sum(function(x) ** 3), X)


def test_second_derivatives():
    check(lambda x: np.sum(signal.detrend(x) ** 3), X[:9], order=2)
    check(lambda x: np.sum(signal.filtfilt(B, A, x) ** 3), X, order=2)
    check(
        lambda x, k: np.sum(signal.convolve2d(x, k, "same", "symm") ** 3),
        PLANE,
        PLANE[:2, :3],
        order=2,
    )
    check_second_order(case(signal_linear.along, normal(9), 0, "hilbert", (None,)), WAYS[:1])


def test_detrending_is_a_projection():
    """It is its own transpose."""
    weights = RANDOM.standard_normal(40)
    (bar,) = ad.gradient(lambda x: np.sum(weights * signal.detrend(x)), X)
    np.testing.assert_allclose(bar, signal.detrend(weights), atol=1e-13)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm"])
@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (4, 4)])
def test_planes(mode, boundary, shape):
    kernel = RANDOM.standard_normal(shape)
    for function, turned, early in (
        (signal.convolve2d, kernel, 1),
        (signal.correlate2d, np.flip(kernel), 0),
    ):
        formula = signal_linear.in_plane(PLANE, turned, mode, boundary, 0.5, early)
        np.testing.assert_allclose(
            function(PLANE, kernel, mode, boundary, 0.5), formula, atol=1e-13
        )
    if shape == (3, 2):
        check(lambda x, k: np.sum(signal.convolve2d(x, k, mode, boundary) ** 3), PLANE, kernel)
        check(lambda x, k: np.sum(signal.correlate2d(x, k, mode, boundary) ** 3), PLANE, kernel)


def test_sections_have_derivatives():
    direction = RANDOM.standard_normal(SECTIONS.shape) * [1, 1, 1, 0, 1, 1]

    def loss(t):
        return np.sum(signal.sosfilt(SECTIONS + t * direction, X) ** 3)

    check(loss, 0.0)


REFUSED = [
    lambda x: signal.filtfilt(x[:4] + 3, A, X).sum(),
    lambda x: signal.sosfilt(SECTIONS, x, zi=np.zeros((2, 2)))[0].sum(),
    lambda x: signal.resample(x, 20, t=np.arange(40.0))[0].sum(),
    lambda x: signal.resample_poly(x, 3, 2, padtype="median").sum(),
    lambda x: signal.convolve2d(PLANE, PLANE, fillvalue=x[0]).sum(),
    lambda x: signal.savgol_filter(X, 5, 2, mode="constant", cval=x[0]).sum(),
    lambda x: signal.welch(x, nperseg=16)[1].sum(),
    lambda x: signal.periodogram(x)[1].sum(),
    lambda x: signal.medfilt(x, 3).sum(),
    lambda x: signal.upfirdn(B, x).sum(),
    lambda x: signal.lfilter_zi(B, A * x[0]).sum(),
]


@pytest.mark.parametrize("function", REFUSED, ids=range(len(REFUSED)))
def test_refused(function):
    with pytest.raises(AdjointError):
        ad.gradient(function, X)


def test_long_signals_are_refused():
    with pytest.raises(MissingRuleError, match="matrix"):
        ad.gradient(lambda x: signal.detrend(x).sum(), np.ones(10_000))
