"""The same elements in another shape, order or number."""

from __future__ import annotations

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.contraction import inverse_permutation
from adjoint.rules.registry import nondifferentiable, rule

# What reading an attribute of an array means.
ATTRIBUTES = {
    "T": np.transpose,
    "mT": np.matrix_transpose,
    "real": np.real,
    "imag": np.imag,
    "flat": np.ravel,
}
CONSTANT_ATTRIBUTES = (
    "shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides", "flags", "base", "device",
)  # fmt: skip

# -- reshape --------------------------------------------------------------------------------------


@rule(np.reshape, linear="a")
def reshape(a, /, shape, order="C", *, copy=None):
    y = np.reshape(a, shape, order, copy=copy)
    a_shape = np.shape(a)
    a_order = element_order(a, order)

    def pullback(y_bar):
        return np.reshape(y_bar, a_shape) if order == "C" else np.reshape(y_bar, a_shape, a_order)

    return y, pullback


@rule(np.ndarray.reshape, linear="a")
def ndarray_reshape(a, *shape, order="C", copy=None):
    y = a.reshape(*shape, order=order, copy=copy)
    a_shape = np.shape(a)
    a_order = element_order(a, order)

    def pullback(y_bar):
        return y_bar.reshape(a_shape) if order == "C" else y_bar.reshape(a_shape, order=a_order)

    return y, pullback


@rule(np.ravel, np.ndarray.ravel, linear="a")
def ravel(a, order="C"):
    y = np.ravel(a, order)
    shape = np.shape(a)
    a_order = element_order(a, order)

    def pullback(y_bar):
        return np.reshape(y_bar, shape) if order == "C" else np.reshape(y_bar, shape, a_order)

    return y, pullback


@rule(np.ndarray.flatten, linear="a")
def flatten(a, order="C"):
    y = a.flatten(order)
    shape = np.shape(a)
    a_order = element_order(a, order)

    def pullback(y_bar):
        return np.reshape(y_bar, shape) if order == "C" else np.reshape(y_bar, shape, a_order)

    return y, pullback


@nondifferentiable
def element_order(a, order):
    """The order "C" or "F" that `order` means for this array."""
    if order is None or order in "CF":
        return order or "C"
    flags = np.asarray(a).flags
    if order == "K" and not (flags.c_contiguous or flags.f_contiguous):
        raise MissingRuleError("order='K' of an array that is not contiguous is not differentiated")
    return "F" if flags.fnc else "C"


@rule(np.squeeze, np.ndarray.squeeze, linear="a")
def squeeze(a, axis=None):
    y = np.squeeze(a, axis)
    shape = np.shape(a)

    def pullback(y_bar):
        return np.reshape(y_bar, shape)

    return y, pullback


@rule(np.expand_dims, linear="a")
def expand_dims(a, axis):
    y = np.expand_dims(a, axis)
    shape = np.shape(a)

    def pullback(y_bar):
        return np.reshape(y_bar, shape)

    return y, pullback


@rule(np.broadcast_to, linear="array")
def broadcast_to(array, shape, subok=False):
    y = np.broadcast_to(array, shape, subok)

    def pullback(y_bar):
        return y_bar

    return y, pullback


@rule(np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    y = np.broadcast_arrays(*args, subok=subok)

    def pullback(y_bar):
        return tuple(y_bar)

    return y, pullback


@rule(np.atleast_1d)
def atleast_1d(*arys):
    y = np.atleast_1d(*arys)
    shapes = shapes_of(arys)

    def pullback(y_bar):
        return np.reshape(y_bar, shapes[0]) if len(arys) == 1 else tuple(reshaped(y_bar, shapes))

    return y, pullback


@rule(np.atleast_2d)
def atleast_2d(*arys):
    y = np.atleast_2d(*arys)
    shapes = shapes_of(arys)

    def pullback(y_bar):
        return np.reshape(y_bar, shapes[0]) if len(arys) == 1 else tuple(reshaped(y_bar, shapes))

    return y, pullback


@rule(np.atleast_3d)
def atleast_3d(*arys):
    y = np.atleast_3d(*arys)
    shapes = shapes_of(arys)

    def pullback(y_bar):
        return np.reshape(y_bar, shapes[0]) if len(arys) == 1 else tuple(reshaped(y_bar, shapes))

    return y, pullback


@nondifferentiable
def shapes_of(arrays):
    """The shape of each array."""
    return tuple(np.shape(each) for each in arrays)


def reshaped(bars, shapes):
    """Several cotangents in these shapes."""
    return [
        None if bar is None else np.reshape(bar, shape)
        for bar, shape in zip(bars, shapes, strict=True)
    ]


@rule(reshaped, linear="bars")
def reshaped_rule(bars, shapes):
    y = reshaped(bars, shapes)
    before = shapes_of(bars)

    def pullback(y_bar):
        return reshaped(y_bar, before)

    return y, pullback


# -- order of axes --------------------------------------------------------------------------------


@rule(np.transpose, np.permute_dims, linear="a")
def transpose(a, axes=None):
    y = np.transpose(a, axes)

    def pullback(y_bar):
        return y_bar.T if axes is None else np.transpose(y_bar, undo(axes))

    return y, pullback


@rule(np.ndarray.transpose, linear="a")
def ndarray_transpose(a, *axes):
    y = a.transpose(*axes)

    def pullback(y_bar):
        return y_bar.T if not axes or axes[0] is None else y_bar.transpose(undo(axes))

    return y, pullback


@nondifferentiable
def undo(axes):
    """The argument of the transposition that undoes this one."""
    axes = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list | np.ndarray) else axes
    return inverse_permutation([axis % len(axes) for axis in axes])


@rule(np.matrix_transpose, np.linalg.matrix_transpose, linear="x")
def matrix_transpose(x, /):
    y = np.matrix_transpose(x)

    def pullback(y_bar):
        return np.matrix_transpose(y_bar)

    return y, pullback


@rule(np.swapaxes, np.ndarray.swapaxes, linear="a")
def swapaxes(a, axis1, axis2):
    y = np.swapaxes(a, axis1, axis2)

    def pullback(y_bar):
        return np.swapaxes(y_bar, axis1, axis2)

    return y, pullback


@rule(np.moveaxis, linear="a")
def moveaxis(a, source, destination):
    y = np.moveaxis(a, source, destination)

    def pullback(y_bar):
        return np.moveaxis(y_bar, destination, source)

    return y, pullback


@rule(np.rollaxis, linear="a")
def rollaxis(a, axis, start=0):
    y = np.rollaxis(a, axis, start)
    landed = rolled_to(axis, start, np.ndim(a))

    def pullback(y_bar):
        return np.moveaxis(y_bar, landed, axis)

    return y, pullback


@nondifferentiable
def rolled_to(axis, start, ndim):
    """Where np.rollaxis puts the axis."""
    start = start + ndim if start < 0 else start
    return start - 1 if axis % ndim < start else start


# -- order of elements ----------------------------------------------------------------------------


@rule(np.roll, linear="a")
def roll(a, shift, axis=None):
    y = np.roll(a, shift, axis)

    def pullback(y_bar):
        back = -shift if isinstance(shift, int) else -np.asarray(shift)
        return np.roll(y_bar, back) if axis is None else np.roll(y_bar, back, axis)

    return y, pullback


@rule(np.flip, linear="m")
def flip(m, axis=None):
    y = np.flip(m, axis)

    def pullback(y_bar):
        return np.flip(y_bar, axis)

    return y, pullback


@rule(np.fliplr, linear="m")
def fliplr(m):
    y = np.fliplr(m)

    def pullback(y_bar):
        return np.fliplr(y_bar)

    return y, pullback


@rule(np.flipud, linear="m")
def flipud(m):
    y = np.flipud(m)

    def pullback(y_bar):
        return np.flipud(y_bar)

    return y, pullback


@rule(np.rot90, linear="m")
def rot90(m, k=1, axes=(0, 1)):
    y = np.rot90(m, k, axes)

    def pullback(y_bar):
        return np.rot90(y_bar, -k, axes)

    return y, pullback


# -- parts of matrices ----------------------------------------------------------------------------


@rule(np.tril, linear="m")
def tril(m, k=0):
    y = np.tril(m, k)

    def pullback(y_bar):
        return np.tril(y_bar, k)

    return y, pullback


@rule(np.triu, linear="m")
def triu(m, k=0):
    y = np.triu(m, k)

    def pullback(y_bar):
        return np.triu(y_bar, k)

    return y, pullback
