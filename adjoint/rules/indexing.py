"""Reading parts of arrays, x[i], take, compress and kin; and the transposes, which scatter."""

from __future__ import annotations

import operator

import numpy as np

from adjoint import tree
from adjoint.rules.registry import nondifferentiable, rule

# -- x[i] -----------------------------------------------------------------------------------------


@rule(operator.getitem, np.ndarray.__getitem__, linear="x")
def getitem(x, index):
    y = operator.getitem(x, index)

    def pullback(y_bar):
        if isinstance(x, np.ndarray | np.generic):
            x_bar = scatter(y_bar, np.shape(x), index)
        else:
            x_bar = tree.accumulate_item(None, x, index, y_bar)
        return x_bar, None

    return y, pullback


def scatter(y_bar, shape, index):
    """Zeros with y_bar added at the index: the transpose of x[index]."""
    x_bar = np.zeros(shape, np.result_type(y_bar))
    if tree.index_may_repeat(index):
        np.add.at(x_bar, index, y_bar)
    else:
        x_bar[index] = y_bar
    return x_bar


@rule(scatter, linear="y_bar")
def scatter_rule(y_bar, shape, index):
    x_bar = scatter(y_bar, shape, index)

    def pullback(c):
        return c[index]

    return x_bar, pullback


@nondifferentiable
def along(axis, start, stop=None, step=None):
    """The index of a range along one axis."""
    part = slice(start, stop, step)
    if axis < 0:
        return (Ellipsis, part, *[slice(None)] * (-axis - 1))
    return (*[slice(None)] * axis, part)


# -- along an axis --------------------------------------------------------------------------------


@rule(np.take, np.ndarray.take, linear="a")
def take(a, indices, axis=None, out=None, mode="raise"):
    y = np.take(a, indices, axis, out, mode)
    shape = np.shape(a)

    def pullback(y_bar):
        return scatter_taken(y_bar, shape, indices, axis, mode)

    return y, pullback


def scatter_taken(y_bar, shape, indices, axis=None, mode="raise"):
    """The transpose of np.take."""
    axis = None if axis is None else axis % len(shape)
    length = int(np.prod(shape)) if axis is None else shape[axis]
    where = np.asarray(indices)
    where = where if where.dtype.kind in "iu" else where.astype(np.intp)
    if mode == "wrap":
        where = where % length
    elif mode == "clip":
        where = np.clip(where, 0, length - 1)
    if axis is None:
        return np.reshape(scatter(y_bar, (length,), where), shape)
    return scatter(y_bar, shape, (*[slice(None)] * axis, where))


@rule(scatter_taken, linear="y_bar")
def scatter_taken_rule(y_bar, shape, indices, axis=None, mode="raise"):
    a_bar = scatter_taken(y_bar, shape, indices, axis, mode)

    def pullback(c):
        return np.take(c, indices, axis, mode=mode)

    return a_bar, pullback


@rule(np.take_along_axis, linear="arr")
def take_along_axis(arr, indices, axis=-1):
    y = np.take_along_axis(arr, indices, axis)
    shape = np.shape(arr)

    def pullback(y_bar):
        return scatter_along(y_bar, shape, indices, axis), None

    return y, pullback


def scatter_along(y_bar, shape, indices, axis=-1):
    """The transpose of np.take_along_axis: zeros of this shape with y_bar added at the indices."""
    if axis is None:
        x_bar = scatter(y_bar, (int(np.prod(shape)),), np.asarray(indices))
        return np.reshape(x_bar, shape)
    grid = list(np.ogrid[tuple(slice(n) for n in np.shape(y_bar))])
    grid = [g * (n > 1) for g, n in zip(grid, shape, strict=True)]  # n = 1 was broadcast
    grid[axis] = indices
    return scatter(y_bar, shape, tuple(grid))


@rule(scatter_along, linear="y_bar")
def scatter_along_rule(y_bar, shape, indices, axis=-1):
    x_bar = scatter_along(y_bar, shape, indices, axis)

    def pullback(c):
        return np.take_along_axis(c, indices, axis)

    return x_bar, pullback


@rule(np.compress)
def compress(condition, a, axis=None, out=None):
    y = np.compress(condition, a, axis, out)
    shape = np.shape(a)
    chosen = np.flatnonzero(condition)

    def pullback(y_bar):
        return None, scatter_taken(y_bar, shape, chosen, axis)

    return y, pullback


@rule(np.ndarray.compress, linear="a")
def ndarray_compress(a, condition, axis=None, out=None):
    y = np.ndarray.compress(a, condition, axis, out)
    shape = np.shape(a)
    chosen = np.flatnonzero(condition)

    def pullback(y_bar):
        return scatter_taken(y_bar, shape, chosen, axis)

    return y, pullback


@rule(np.extract)
def extract(condition, arr):
    y = np.extract(condition, arr)
    shape = np.shape(arr)
    chosen = np.flatnonzero(condition)

    def pullback(y_bar):
        return None, scatter_taken(y_bar, shape, chosen)

    return y, pullback


# -- diagonals ------------------------------------------------------------------------------------


@rule(np.diagonal, np.ndarray.diagonal, linear="a")
def diagonal(a, offset=0, axis1=0, axis2=1):
    y = np.diagonal(a, offset, axis1, axis2)
    shape = np.shape(a)

    def pullback(y_bar):
        return embed_diagonal(y_bar, shape, offset, axis1, axis2)

    return y, pullback


@rule(np.linalg.diagonal, linear="x")
def linalg_diagonal(x, /, *, offset=0):
    y = np.linalg.diagonal(x, offset=offset)
    shape = np.shape(x)

    def pullback(y_bar):
        return embed_diagonal(y_bar, shape, offset, -2, -1)

    return y, pullback


def embed_diagonal(y_bar, shape, offset=0, axis1=0, axis2=1):
    """Zeros with y_bar on a diagonal: the transpose of np.diagonal."""
    a_bar = np.zeros(shape, np.result_type(y_bar))
    matrices = np.moveaxis(a_bar, (axis1, axis2), (-2, -1))
    rows, columns = matrices.shape[-2:]
    count = min(rows + min(offset, 0), columns - max(offset, 0))
    k = np.arange(max(count, 0))
    matrices[..., k - min(offset, 0), k + max(offset, 0)] = y_bar
    return a_bar


@rule(embed_diagonal, linear="y_bar")
def embed_diagonal_rule(y_bar, shape, offset=0, axis1=0, axis2=1):
    a_bar = embed_diagonal(y_bar, shape, offset, axis1, axis2)

    def pullback(c):
        return np.diagonal(c, offset, axis1, axis2)

    return a_bar, pullback


@rule(np.trace, np.ndarray.trace, linear="a")
def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    y = np.trace(a, offset, axis1, axis2, dtype, out)
    shape = np.shape(a)

    def pullback(y_bar):
        if len(shape) == 2 and offset == 0 and axis1 == 0 and axis2 == 1:
            a_bar = y_bar * np.eye(*shape, dtype=np.result_type(y_bar))
        else:
            a_bar = embed_diagonal(np.expand_dims(y_bar, -1), shape, offset, axis1, axis2)
        return a_bar

    return y, pullback


@rule(np.linalg.trace, linear="x")
def linalg_trace(x, /, *, offset=0, dtype=None):
    y = np.linalg.trace(x, offset=offset, dtype=dtype)
    shape = np.shape(x)

    def pullback(y_bar):
        return embed_diagonal(np.expand_dims(y_bar, -1), shape, offset, -2, -1)

    return y, pullback


@rule(np.diag, linear="v")
def diag(v, k=0):
    y = np.diag(v, k)
    shape = np.shape(v)

    def pullback(y_bar):
        return np.diag(y_bar, k) if len(shape) == 1 else embed_diagonal(y_bar, shape, k)

    return y, pullback


@rule(np.diagflat, linear="v")
def diagflat(v, k=0):
    y = np.diagflat(v, k)
    shape = np.shape(v)

    def pullback(y_bar):
        return np.reshape(np.diag(y_bar, k), shape)

    return y, pullback
