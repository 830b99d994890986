"""Rules of `scipy.fft`, `scipy.signal` and `scipy.integrate`."""

import numpy as np
import pytest
from scipy import fft, integrate, signal

import adjoint as ad
import adjoint.rules.scipy.fft as fft_rules
import adjoint.rules.scipy.integrate as integrate_rules
import adjoint.rules.scipy.signal as signal_rules
from adjoint.errors import MissingRuleError
from adjoint.testing import WAYS, case, check_rule, check_second_order, expand, normal

NORMS = [None, "ortho", "forward"]
MANY = [fft.fftn, fft.ifftn, fft.fft2, fft.ifft2]
COSINE = [fft.dct, fft.idct, fft.dst, fft.idst]
ALL = [fft.dctn, fft.idctn, fft.dstn, fft.idstn]
MODES = ["full", "same", "valid"]
X = np.array([0.0, 0.5, 0.7, 1.5, 1.6])
B, A = np.array([1.0, 0.5, -0.2]), np.array([1.3, -0.4])

CASES = [
    case(
        [fft.fft, fft.ifft, fft.rfft, fft.ihfft],
        normal(3, 5),
        n=[None, 4, 7],
        axis=[0, -1],
        norm=NORMS,
    ),
    case(
        [fft.fft, fft.ifft, fft.irfft, fft.hfft],
        normal(4, 5, dtype=complex),
        n=[None, 4, 7],
        axis=[0, 1],
        norm=NORMS,
    ),
    case(MANY, normal(2, 3, 4, dtype=complex), norm=NORMS),
    case(MANY, normal(2, 3, 4), s=(2, 5), axes=(0, 1)),
    case([fft.fftn, fft.ifftn], normal(2, 3, 4), s=[(2, 5), (3, 2)]),
    case([fft.rfftn, fft.rfft2], normal(2, 3, 4), norm=NORMS),
    case([fft.rfftn, fft.rfft2], normal(2, 3, 4), s=[(2, 5), (3, 2)], axes=(0, 2)),
    case([fft.irfftn, fft.irfft2], normal(2, 3, 4, dtype=complex), norm=NORMS),
    case([fft.irfftn, fft.irfft2], normal(2, 3, 4, dtype=complex), s=[(2, 5), (3, 2)], axes=(0, 2)),
    case(COSINE, normal(5, 3), type=[1, 2, 3, 4], axis=[0, 1], norm=NORMS),
    case(COSINE, normal(5), n=[4, 7], orthogonalize=[None, True]),
    case(ALL, normal(3, 4), type=[2, 3], axes=[None, (1,)]),
    *(
        case(
            [signal.convolve, signal.correlate, signal.fftconvolve, signal.oaconvolve],
            normal(m),
            normal(n),
            mode=MODES,
        )
        for m, n in ((4, 1), (4, 3), (6, 4))
    ),
    case(
        [signal.convolve, signal.correlate],
        normal(4, 5),
        normal(3, 2),
        mode=MODES,
        method=["direct", "fft"],
    ),
    case([signal.convolve, signal.correlate], normal(2), normal(5), mode=["full", "same"]),
    case(
        [signal.convolve, signal.correlate],
        normal(4, dtype=complex),
        normal(3, dtype=complex),
        mode=MODES,
    ),
    case([signal.convolve, signal.correlate], normal(4, dtype=complex), normal(3), mode=MODES),
    case(signal.lfilter, B, A, normal(6)),
    case(signal.lfilter, B, A, normal(2, 6), axis=[0, 1]),
    case(signal.lfilter, A, B, normal(3, 2), axis=0),
    case(signal.lfilter, B + 0.3j, A + 0.1j, normal(6, dtype=complex)),
    case(integrate.trapezoid, normal(3, 5), axis=[0, -1], dx=[1.0, 0.3]),
    case(integrate.trapezoid, normal(3, 5), X, axis=[-1, 1]),
    case(integrate.trapezoid, normal(3, 5), normal(3, 5), axis=[0, 1]),
    case(integrate.cumulative_trapezoid, normal(3, 5), axis=[0, -1], dx=0.3),
    case(integrate.cumulative_trapezoid, normal(3, 5), X, initial=[None, 0]),
    case(integrate.cumulative_trapezoid, normal(3, 5), normal(3, 5), axis=[0, 1]),
    case(integrate.simpson, normal(3, 6), axis=[0, -1]),
    case(integrate.simpson, normal(3, 5), X, axis=[1, -1]),
    case(integrate.simpson, normal(2, 5), np.stack([X, X**2])),
    case(integrate_rules.simpson_weights, (2, 3), None, 1, 1),
    # helpers
    case(fft_rules.axes_of, (2, 3), None, 3),
    case(fft_rules.lengths_of, (2, -1), [0, 1], (4, 5)),
    case(fft_rules.transposed_product, normal(3, 3), normal(2, 3), 1),
    case(signal_rules.window, "same", (4,), (3,)),
    case(signal_rules.widened_to_full, normal(4), "same", (4,), (3,)),
    case(signal_rules.convolution_cotangents, normal(6), normal(4), normal(3), "full"),
    case(signal_rules.correlated, normal(6), normal(3), normal(4)),
    case(signal_rules.check_all_axes, None, 1),
    case(signal_rules.lfilter_cotangents, normal(4), normal(4), B, A, normal(4), -1, None),
    case(signal_rules.lagged_products, normal(4), normal(4), 2, -1),
    case(integrate_rules.spread, normal(3), 0),
    case(integrate_rules.spacing, X, 1.0, -1, 2),
    case(integrate_rules.between, normal(2, 3), 1),
    case(integrate_rules.pieces_cotangents, normal(2, 4), normal(2, 5), X, 1.0, 1),
]

EXPANDED = expand(CASES)


@pytest.mark.parametrize("case", EXPANDED, ids=str)
def test_rule(case):
    check_rule(case.but(float32=False))


@pytest.mark.parametrize("case", EXPANDED[::3], ids=str)
def test_second_order(case):
    check_second_order(case, WAYS[:1])


def test_single_precision_stays_single():
    x = np.ones(6, np.float32)
    for f in (fft.dct, lambda x: np.abs(fft.rfft(x)), lambda x: signal.convolve(x, x)):
        value, (bar,) = ad.value_and_gradient(lambda x, f=f: np.sum(f(x)), x)
        assert value.dtype == bar.dtype == np.float32


def test_what_is_not_known_is_refused():
    x = np.ones((3, 4))
    with pytest.raises(MissingRuleError, match="along the axes"):
        ad.gradient(lambda x: np.sum(signal.fftconvolve(x, x, axes=1)), x)
    with pytest.raises(MissingRuleError, match="zi"):
        ad.gradient(lambda x: np.sum(signal.lfilter(B, A, x, zi=np.zeros(2))[0]), np.ones(4))
