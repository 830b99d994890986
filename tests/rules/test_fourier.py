"""Rules of Fourier transforms, convolution and correlation."""

import numpy as np
import pytest

from adjoint.rules.fourier import resized, resized_all, widened
from adjoint.testing import case, check_rule, expand, normal

NORMS = [None, "ortho", "forward"]
ONE = [np.fft.fft, np.fft.ifft]
ALL = [np.fft.fftn, np.fft.ifftn]

CASES = [
    case(resized, normal(3, 4), length=[2, 4, 6], axis=[0, -1]),
    case(resized_all, normal(3, 4), (2, 5)),
    case([*ONE, np.fft.rfft], normal(3, 5), n=[None, 4, 7], axis=[0, -1], norm=NORMS),
    case(
        [*ONE, np.fft.irfft], normal(4, 5, dtype=complex), n=[None, 4, 7], axis=[0, 1], norm=NORMS
    ),
    case(np.fft.irfft, normal(5), n=[None, 6, 11]),
    case([*ALL, np.fft.fft2, np.fft.ifft2], normal(2, 3, 4), norm=NORMS),
    case([*ALL, np.fft.fft2, np.fft.ifft2], normal(3, 4, dtype=complex), s=(2, 5), axes=(0, 1)),
    case(ALL, normal(3, 2, 4), axes=[(0,), (-1, 0)]),
    case(widened, normal(3), (2, 7)),
    *(
        case([np.convolve, np.correlate], normal(4), normal(n), mode=["full", "same", "valid"])
        for n in (1, 3, 4, 6, 7)
    ),
    case([np.convolve, np.correlate], normal(2), normal(5), mode=["full", "same", "valid"]),
    case(np.convolve, normal(4, dtype=complex), normal(3, dtype=complex), mode=["full", "same"]),
    case(np.correlate, normal(4, dtype=complex), normal(3)),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)
