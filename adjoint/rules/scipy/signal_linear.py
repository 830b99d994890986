"""`scipy.signal`: what is linear in the signal along an axis, and filters in two dimensions or in sections."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import signal

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.scipy.formulas import computed, valued

#: More numbers than this are too many for the matrix of a linear map.
LARGEST = 2**25

# The signal, its axis, and the rest of the arguments in their order, without these two.
WAYS = {
    "detrend": lambda x, axis, o: signal.detrend(x, axis, *o),
    "hilbert": lambda x, axis, o: signal.hilbert(x, o[0], axis),
    "resample": lambda x, axis, o: signal.resample(x, o[0], None, axis, *o[1:]),
    "resample_poly": lambda x, axis, o: signal.resample_poly(x, o[0], o[1], axis, *o[2:]),
    "savgol_filter": lambda x, axis, o: signal.savgol_filter(x, *o[:4], axis, *o[4:]),
    "filtfilt": lambda x, axis, o: signal.filtfilt(o[0], o[1], x, axis, *o[2:]),
    "sosfiltfilt": lambda x, axis, o: signal.sosfiltfilt(o[0], x, axis, *o[1:]),
    "decimate": lambda x, axis, o: signal.decimate(x, *o[:3], axis, *o[3:]),
}


def along(x: Any, axis: int, name: str, options: tuple) -> Any:
    """One of these functions of a signal."""
    return WAYS[name](x, axis, options)


@rule(along)
def _(x, axis, name, options):
    """Its transpose, by the matrix: what it makes of each unit vector."""
    y = along(x, axis, name, options)

    def pullback(y_bar):
        return transposed(y_bar, matrix_of(name, np.shape(x)[axis], options), axis, x)

    return y, pullback


def transposed(y_bar, T, axis, like):
    rows = np.moveaxis(y_bar, axis, -1) @ np.conj(T).astype(y_bar.dtype)
    found = np.moveaxis(rows, -1, axis)
    return found if np.iscomplexobj(like) else np.real(found)


source_of(transposed)(transposed)


@nondifferentiable
def matrix_of(name: str, count: int, options: tuple) -> Any:
    if count * count > LARGEST:
        raise MissingRuleError(
            f"no derivative is known for scipy.signal.{name} of a signal of {count} numbers: it is found by "
            "a matrix of that size",
            hint="Work on shorter pieces, or filter with scipy.signal.lfilter.",
        )
    constant = WAYS[name](np.zeros((count, 1)), 0, options)
    return WAYS[name](np.eye(count), 0, options) - constant


@source_of(signal.detrend, apart=True)
def _(data, axis=-1, type="linear", bp=0, overwrite_data=False):
    return along(np.asarray(data), axis, "detrend", (type, bp))


@source_of(signal.hilbert, apart=True)
def _(x, N=None, axis=-1):
    return along(np.asarray(x), axis, "hilbert", (N,))


@source_of(signal.resample, apart=True, underived="t window")
def _(x, num, t=None, axis=0, window=None, domain="time"):
    refuse_given("resample", "t", t)
    return along(np.asarray(x), axis, "resample", (num, window, domain))


@source_of(signal.resample_poly, apart=True, underived="window cval")
def _(x, up, down, axis=0, window=("kaiser", 5.0), padtype="constant", cval=None):
    refuse_given(
        "resample_poly", "padtype", padtype if padtype in ("median", "minimum", "maximum") else None
    )
    return along(np.asarray(x), axis, "resample_poly", (up, down, window, padtype, cval))


@source_of(signal.savgol_filter, apart=True, underived="delta cval")
def _(x, window_length, polyorder, deriv=0, delta=1.0, axis=-1, mode="interp", cval=0.0):
    options = (window_length, polyorder, deriv, delta, mode, cval)
    return along(np.asarray(x), axis, "savgol_filter", options)


@source_of(signal.filtfilt, apart=True, underived="b a")
def _(b, a, x, axis=-1, padtype="odd", padlen=None, method="pad", irlen=None):
    return along(np.asarray(x), axis, "filtfilt", (b, a, padtype, padlen, method, irlen))


@source_of(signal.sosfiltfilt, apart=True, underived="sos")
def _(sos, x, axis=-1, padtype="odd", padlen=None):
    return along(np.asarray(x), axis, "sosfiltfilt", (sos, padtype, padlen))


@source_of(signal.decimate, apart=True)
def _(x, q, n=None, ftype="iir", axis=-1, zero_phase=True):
    return along(np.asarray(x), axis, "decimate", (q, n, ftype, zero_phase))


@nondifferentiable
def refuse_given(name: str, parameter: str, value: Any) -> None:
    if value is not None:
        raise MissingRuleError(
            f"no derivative is known for scipy.signal.{name} with {parameter}",
            hint=f"Leave {parameter} out, or take another value for it.",
        )


# -- sections, and two dimensions ---------------------------------------------------------------------------


@source_of(signal.sosfilt, apart=True, underived="zi")
def _(sos, x, axis=-1, zi=None):
    """One section after the other."""
    refuse_given("sosfilt", "zi", zi)
    exact = computed(signal.sosfilt, sos, x, axis)
    y, sos = np.asarray(x), np.asarray(sos)
    for i in range(np.shape(sos)[0]):
        y = signal.lfilter(sos[i, :3], sos[i, 3:], y, axis)
    return valued(exact, y)


@source_of(signal.convolve2d, apart=True, underived="fillvalue")
def _(in1, in2, mode="full", boundary="fill", fillvalue=0):
    exact = computed(signal.convolve2d, in1, in2, mode, boundary, fillvalue)
    return valued(exact, in_plane(np.asarray(in1), np.asarray(in2), mode, boundary, fillvalue, 1))


@source_of(signal.correlate2d, apart=True, underived="fillvalue")
def _(in1, in2, mode="full", boundary="fill", fillvalue=0):
    exact = computed(signal.correlate2d, in1, in2, mode, boundary, fillvalue)
    turned = np.conj(np.flip(np.asarray(in2)))
    return valued(exact, in_plane(np.asarray(in1), turned, mode, boundary, fillvalue, 0))


def in_plane(a, b, mode, boundary, fillvalue, early):
    """What is beyond the edges is put there first; then the convolution is one without edges. Its middle
    is nearer to the first place (`early`), that of a correlation to the last."""
    if mode == "valid":
        return signal.convolve(a, b, mode)
    height, width = np.shape(b)
    beyond = ((height - 1, height - 1), (width - 1, width - 1))
    if boundary == "fill":
        a_wide = np.pad(a, beyond, constant_values=fillvalue)
    else:
        a_wide = np.pad(a, beyond, mode="wrap" if boundary == "wrap" else "symmetric")
    full = signal.convolve(a_wide, b, "valid")
    if mode == "full":
        return full
    top, left = (height - early) // 2, (width - early) // 2
    return full[top : top + np.shape(a)[0], left : left + np.shape(a)[1]]


source_of(in_plane)(in_plane)
