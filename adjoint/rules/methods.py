"""Methods of arrays and numbers that are elementwise, as the functions that their classes hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.rules.registry import nondifferentiable, rule


@rule(np.ndarray.conj, np.ndarray.conjugate, np.generic.conj, np.generic.conjugate, linear="self")
def conjugate(self):
    y = self.conjugate()

    def pullback(y_bar):
        return np.conjugate(y_bar)

    return y, pullback


@rule(float.conjugate, int.conjugate, complex.conjugate, linear="self")
def number_conjugate(self, /):
    y = self.conjugate()

    def pullback(y_bar):
        return y_bar.conjugate()

    return y, pullback


@rule(np.ndarray.copy, linear="self")
def copy(self, order="C"):
    y = self.copy(order)

    def pullback(y_bar):
        return y_bar

    return y, pullback


@rule(np.generic.copy, linear="self")
def scalar_copy(self, order="C"):
    y = self.copy(order)

    def pullback(y_bar):
        return y_bar

    return y, pullback


@rule(np.ndarray.astype, np.generic.astype)
def astype(self, dtype, order="K", casting="unsafe", subok=True, copy=True):
    """Integers and bools have no derivative."""
    y = self.astype(dtype, order, casting, subok, copy)
    floating = np.dtype(dtype).kind in "fcO"

    def pullback(y_bar):
        return y_bar if floating else None

    return y, pullback


@rule(np.ndarray.item, np.generic.item, linear="self")
def item(self, *args):
    y = self.item(*args)
    shape = self.shape

    def pullback(y_bar):
        return placed(y_bar, shape, args)

    return y, pullback


def placed(number: Any, shape: tuple[int, ...], args: tuple) -> Any:
    """An array of zeros but for the number, which `.item(*args)` would read."""
    array = np.zeros(shape, np.result_type(number, np.float64))
    if len(args) == 1 and not isinstance(args[0], tuple):
        array.flat[args[0]] = number
    else:
        array[args[0] if args and isinstance(args[0], tuple) else args or (0,) * len(shape)] = (
            number
        )
    return array


@rule(placed, linear="number")
def _(number, shape, args):
    y = placed(number, shape, args)

    def pullback(y_bar):
        return y_bar.item(*args)

    return y, pullback


@rule(np.ndarray.tolist, np.generic.tolist, linear="self")
def tolist(self):
    y = self.tolist()
    shape, dtype = self.shape, self.dtype

    def pullback(y_bar):
        return array_of(y_bar, shape, dtype)

    return y, pullback


def array_of(numbers: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """The array of nested lists, in which None, for an item or a whole list, is 0."""
    if numbers is None or not shape:
        return np.full(
            shape, 0.0 if numbers is None else numbers, dtype if dtype.kind in "fc" else float
        )
    rows = [array_of(each, shape[1:], dtype) for each in numbers]
    return np.stack(rows) if rows else np.zeros(shape, dtype)


@rule(array_of, linear="numbers")
def _(numbers, shape, dtype):
    y = array_of(numbers, shape, dtype)

    def pullback(y_bar):
        return y_bar.tolist()

    return y, pullback


nondifferentiable(float.is_integer, int.bit_length, int.bit_count)
