"""Views and copies of arrays by their methods, windows, and operators called by their names."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.rearranging import flat_scatter, positions
from adjoint.rules.registry import lookup, nondifferentiable, rule, source_of, varying


@rule(np.ndarray.__copy__, linear="self")
def copied(self):
    y = self.__copy__()

    def pullback(y_bar):
        return y_bar

    return y, pullback


@rule(np.ndarray.__deepcopy__, linear="self")
def deeply_copied(self, memo, /):
    y = self.__deepcopy__(memo)

    def pullback(y_bar):
        return y_bar

    return y, pullback


@rule(np.ndarray.to_device, linear="self")
def to_device(self, device, /, *, stream=None):
    y = self.to_device(device, stream=stream)

    def pullback(y_bar):
        return y_bar

    return y, pullback


@rule(np.ndarray.view, shape=varying)
def view(self, *kinds):
    """The same memory as other numbers: real and complex ones of the same precision have the same
    cotangents, in pairs."""
    y = self.view(*kinds)
    check_view(self, y)
    shape, dtype = self.shape, self.dtype

    def pullback(y_bar):
        return viewed_back(y_bar, shape, dtype)

    return y, pullback


@nondifferentiable
def check_view(x: Any, y: Any) -> None:
    parts = [np.real(np.zeros((), a.dtype)).dtype for a in (x, y)]
    numbers = x.dtype.kind in "fc" and y.dtype.kind in "fc" and parts[0] == parts[1]
    if type(y) is not np.ndarray or x.dtype != y.dtype and not numbers:
        raise MissingRuleError(
            f"no derivative is known for a view of {x.dtype} as {type(y).__name__} of {y.dtype}",
            hint="astype converts numbers; a view takes their bits for others.",
        )


def viewed_back(y_bar: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """The cotangent in pairs of real numbers as complex ones, or the other way round."""
    real = np.real(np.zeros((), dtype)).dtype
    own = np.result_type(real, 1j) if np.iscomplexobj(y_bar) else real
    return np.ascontiguousarray(y_bar, own).view(dtype).reshape(shape)


@rule(viewed_back, linear="y_bar")
def _(y_bar, shape, dtype):
    x_bar = viewed_back(y_bar, shape, dtype)
    before, own = np.shape(y_bar), y_bar.dtype

    def pullback(c):
        return viewed_back(c, before, own)

    return x_bar, pullback


nondifferentiable(np.ndarray.setflags, np.ndarray.__floordiv__, np.ndarray.__rfloordiv__)

# -- windows --------------------------------------------------------------------------------------


@rule(np.lib.stride_tricks.sliding_window_view, linear="x", shape=varying)
def sliding_window_view(x, window_shape, axis=None, *, subok=False, writeable=False):
    y = np.lib.stride_tricks.sliding_window_view(x, window_shape, axis, subok=subok)
    shape = np.shape(x)

    def pullback(y_bar):
        index = window_index(shape, window_shape, axis)
        return flat_scatter(y_bar, shape, index)

    return y, pullback


@nondifferentiable
def window_index(shape, window_shape, axis):
    """Which element each element of the windows is."""
    return np.lib.stride_tricks.sliding_window_view(positions(shape), window_shape, axis)


@rule(np.lib.stride_tricks.as_strided, shape=varying)
def as_strided(x, shape=None, strides=None, subok=False, writeable=True, *, check_bounds=None):
    checks = (
        {} if check_bounds is None else {"check_bounds": check_bounds}
    )  # which NumPy has from 2.5 on
    y = np.lib.stride_tricks.as_strided(x, shape, strides, subok, writeable, **checks)
    own, index = np.shape(x), strided_index(x, shape, strides)

    def pullback(y_bar):
        return flat_scatter(y_bar, own, index)

    return y, pullback


@nondifferentiable
def strided_index(x, shape, strides):
    """Which element of a contiguous array each element of the result is."""
    steps = [] if strides is None else [s % x.itemsize for s in strides]
    if not x.flags.c_contiguous or any(steps):
        raise MissingRuleError(
            "as_strided of an array that is not contiguous, or between its elements",
            hint="Copy the array before, or use sliding_window_view.",
        )
    numbers = np.array(positions(x.shape))
    own = None if strides is None else tuple([s // x.itemsize * numbers.itemsize for s in strides])
    return np.lib.stride_tricks.as_strided(numbers, shape, own)


# -- operators ------------------------------------------------------------------------------------

BINARY = ("add", "sub", "mul", "truediv", "mod", "pow", "matmul")


def declare_operator(name: str) -> None:
    """`x.__add__(y)` and `x.__radd__(y)`"""
    function = getattr(operator, name)

    def forward(self, value, /):
        return function(self, value)

    def reflected(self, value, /):
        return function(value, self)

    source_of(getattr(np.ndarray, f"__{name}__"))(forward)
    source_of(getattr(np.ndarray, f"__r{name}__"))(reflected)


for each in BINARY:
    if lookup(getattr(np.ndarray, f"__{each}__")) is None:
        declare_operator(each)
