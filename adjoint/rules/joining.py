"""Arrays put together and taken apart, repeated, padded, resized and rearranged."""

from __future__ import annotations

import numpy as np

from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules.indexing import along, scatter_taken
from adjoint.rules.registry import nondifferentiable, rule
from adjoint.rules.shaping import shapes_of

# -- together -------------------------------------------------------------------------------------


@rule(np.concatenate, np.concat, linear="arrays")
def concatenate(arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind"):
    y = np.concatenate(arrays, axis, out, dtype=dtype, casting=casting)
    shapes = shapes_of(arrays)

    def pullback(y_bar):
        if axis is None or isinstance(arrays, np.ndarray):
            bars = taken_apart(y_bar, shapes, axis)
        else:
            bars = np.split(y_bar, boundaries(shapes, axis), axis)
        return np.stack(bars) if isinstance(arrays, np.ndarray) else bars

    return y, pullback


@nondifferentiable
def boundaries(shapes, axis):
    """Where along the axis each piece but the first starts."""
    ends = np.cumsum([shape[axis] for shape in shapes])
    return [int(end) for end in ends[:-1]]


@rule(np.stack, linear="arrays")
def stack(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    y = np.stack(arrays, axis, out, dtype=dtype, casting=casting)

    def pullback(y_bar):
        first = np.moveaxis(y_bar, axis, 0)
        return first if isinstance(arrays, np.ndarray) else list(first)

    return y, pullback


@rule(np.vstack, linear="tup")
def vstack(tup, *, dtype=None, casting="same_kind"):
    y = np.vstack(tup, dtype=dtype, casting=casting)
    shapes = shapes_of(tup)

    def pullback(y_bar):
        bars = taken_apart(y_bar, shapes, 0)
        return np.stack(bars) if isinstance(tup, np.ndarray) else bars

    return y, pullback


@rule(np.hstack, linear="tup")
def hstack(tup, *, dtype=None, casting="same_kind"):
    y = np.hstack(tup, dtype=dtype, casting=casting)
    shapes = shapes_of(tup)

    def pullback(y_bar):
        bars = taken_apart(y_bar, shapes, 0 if len(shapes[0]) < 2 else 1)
        return np.stack(bars) if isinstance(tup, np.ndarray) else bars

    return y, pullback


@rule(np.dstack, linear="tup")
def dstack(tup):
    y = np.dstack(tup)
    shapes = shapes_of(tup)

    def pullback(y_bar):
        bars = taken_apart(y_bar, shapes, 2)
        return np.stack(bars) if isinstance(tup, np.ndarray) else bars

    return y, pullback


@rule(np.column_stack, linear="tup")
def column_stack(tup):
    y = np.column_stack(tup)
    shapes = shapes_of(tup)

    def pullback(y_bar):
        bars = taken_apart(y_bar, shapes, 1)
        return np.stack(bars) if isinstance(tup, np.ndarray) else bars

    return y, pullback


@rule(np.append)
def append(arr, values, axis=None):
    y = np.append(arr, values, axis)
    shapes = (np.shape(arr), np.shape(values))

    def pullback(y_bar):
        bars = taken_apart(y_bar, shapes, axis)
        return bars[0], bars[1]

    return y, pullback


def taken_apart(y_bar, shapes, axis=None):
    """The pieces of these shapes that follow each other along an axis (None: of the flat array)."""
    axis = 0 if axis is None else axis
    cross_section = int(np.prod(np.delete(np.shape(y_bar), axis)))
    pieces, start = [], 0
    for shape in shapes:
        stop = start + int(np.prod(shape)) // max(cross_section, 1)
        pieces.append(np.reshape(y_bar[along(axis, start, stop)], shape))
        start = stop
    return pieces


@rule(taken_apart, linear="y_bar")
def taken_apart_rule(y_bar, shapes, axis=None):
    pieces = taken_apart(y_bar, shapes, axis)
    shape = np.shape(y_bar)

    def pullback(bars):
        return put_together(bars, shapes, shape, axis)

    return pieces, pullback


def put_together(pieces, shapes, shape, axis=None):
    """The inverse of taken_apart; a piece that is None is zero, and so are all of them."""
    if pieces is None:
        return None
    dtype = np.result_type(*[np.asarray(p) for p in pieces if p is not None], np.float16)
    whole = np.zeros(shape, dtype)
    axis = 0 if axis is None else axis
    cross_section = int(np.prod(np.delete(shape, axis)))
    lengths = [int(np.prod(s)) // max(cross_section, 1) for s in shapes]
    if cross_section and sum(lengths) != shape[axis]:
        raise UnsupportedSyntaxError(
            "the derivative of parts that overlap is not supported",
            hint="Split at places in ascending order, or take the parts as slices.",
        )
    start = 0
    for piece, length in zip(pieces, lengths, strict=True):
        stop = start + length
        part = whole[along(axis, start, stop)]
        if piece is not None:
            part[...] = np.reshape(piece, part.shape)
        start = stop
    return whole


@rule(put_together, linear="pieces")
def put_together_rule(pieces, shapes, shape, axis=None):
    whole = put_together(pieces, shapes, shape, axis)

    def pullback(whole_bar):
        return taken_apart(whole_bar, shapes, axis)

    return whole, pullback


# -- apart ----------------------------------------------------------------------------------------


@rule(np.split, linear="ary")
def split(ary, indices_or_sections, axis=0):
    y = np.split(ary, indices_or_sections, axis)
    shape = np.shape(ary)
    shapes = shapes_of(y)

    def pullback(y_bar):
        return put_together(y_bar, shapes, shape, axis)

    return y, pullback


@rule(np.array_split, linear="ary")
def array_split(ary, indices_or_sections, axis=0):
    y = np.array_split(ary, indices_or_sections, axis)
    shape = np.shape(ary)
    shapes = shapes_of(y)

    def pullback(y_bar):
        return put_together(y_bar, shapes, shape, axis)

    return y, pullback


@rule(np.hsplit, linear="ary")
def hsplit(ary, indices_or_sections):
    y = np.hsplit(ary, indices_or_sections)
    shape = np.shape(ary)
    shapes = shapes_of(y)

    def pullback(y_bar):
        return put_together(y_bar, shapes, shape, 0 if len(shape) == 1 else 1)

    return y, pullback


@rule(np.vsplit, linear="ary")
def vsplit(ary, indices_or_sections):
    y = np.vsplit(ary, indices_or_sections)
    shape = np.shape(ary)
    shapes = shapes_of(y)

    def pullback(y_bar):
        return put_together(y_bar, shapes, shape, 0)

    return y, pullback


@rule(np.dsplit, linear="ary")
def dsplit(ary, indices_or_sections):
    y = np.dsplit(ary, indices_or_sections)
    shape = np.shape(ary)
    shapes = shapes_of(y)

    def pullback(y_bar):
        return put_together(y_bar, shapes, shape, 2)

    return y, pullback


@rule(np.unstack, linear="x")
def unstack(x, /, *, axis=0):
    y = np.unstack(x, axis=axis)
    shape = np.shape(x)
    shapes = shapes_of(y)

    def pullback(y_bar):
        return put_together(y_bar, shapes, shape, axis)

    return y, pullback


@rule(np.meshgrid)
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    y = np.meshgrid(*xi, copy=copy, sparse=sparse, indexing=indexing)
    shapes = shapes_of(xi)

    def pullback(y_bar):
        return tuple(meshgrid_transpose(y_bar, shapes, indexing))

    return y, pullback


def meshgrid_transpose(bars, shapes, indexing="xy"):
    """Each cotangent summed over the axes along which its coordinates are constant."""
    order = [1, 0] if indexing == "xy" and len(shapes) > 1 else [0, 1]
    order += range(2, len(shapes))
    sums = [
        None if bar is None else np.sum(bar, tuple(i for i in range(len(shapes)) if i != axis))
        for bar, axis in zip(bars, order, strict=False)
    ]
    return [
        None if each is None else np.reshape(each, shape)
        for each, shape in zip(sums, shapes, strict=True)
    ]


@rule(meshgrid_transpose, linear="bars")
def meshgrid_transpose_rule(bars, shapes, indexing="xy"):
    y = meshgrid_transpose(bars, shapes, indexing)
    wide = shapes_of_bars(bars)

    def pullback(y_bar):
        return grids(y_bar, shapes, wide, indexing)

    return y, pullback


@nondifferentiable
def shapes_of_bars(bars):
    """The shape of each cotangent, or None."""
    return [None if bar is None else np.shape(bar) for bar in bars]


def grids(coordinates, shapes, wide, indexing="xy"):
    """Every coordinate, 0 if it is None, over a grid of the shape that is asked for it."""
    flat = [np.zeros(s) if x is None else x for s, x in zip(shapes, coordinates, strict=True)]
    thin = np.meshgrid(*flat, indexing=indexing, sparse=True)
    return [
        None if shape is None else np.broadcast_to(grid, shape)
        for grid, shape in zip(thin, wide, strict=True)
    ]


@rule(grids, linear="coordinates")
def grids_rule(coordinates, shapes, wide, indexing="xy"):
    y = grids(coordinates, shapes, wide, indexing)

    def pullback(y_bar):
        return meshgrid_transpose(y_bar, shapes, indexing)

    return y, pullback


# -- again ----------------------------------------------------------------------------------------


@rule(np.repeat, np.ndarray.repeat, linear="a")
def repeat(a, repeats, axis=None):
    y = np.repeat(a, repeats, axis)
    shape = np.shape(a)

    def pullback(y_bar):
        return repeat_transpose(y_bar, shape, repeats, axis)

    return y, pullback


def repeat_transpose(y_bar, shape, repeats, axis=None):
    """The sum of the repetitions of each element."""
    if axis is None:
        return np.reshape(repeat_transpose(y_bar, (int(np.prod(shape)),), repeats, 0), shape)
    axis %= len(shape)
    if np.size(repeats) == 1:
        runs = shape[: axis + 1] + (int(np.ravel(repeats)[0]),) + shape[axis + 1 :]
        return np.sum(np.reshape(y_bar, runs), axis=axis + 1)
    return scatter_taken(y_bar, shape, np.repeat(np.arange(shape[axis]), repeats), axis)


@rule(repeat_transpose, linear="y_bar")
def repeat_transpose_rule(y_bar, shape, repeats, axis=None):
    a_bar = repeat_transpose(y_bar, shape, repeats, axis)

    def pullback(c):
        return np.repeat(c, repeats, axis)

    return a_bar, pullback


@rule(np.tile, linear="A")
def tile(A, reps):
    y = np.tile(A, reps)
    shape = np.shape(A)
    blocks, tiles = tile_plan(shape, reps)

    def pullback(y_bar):
        return np.reshape(np.sum(np.reshape(y_bar, blocks), axis=tiles), shape)

    return y, pullback


@nondifferentiable
def tile_plan(shape, reps):
    """The result's shape with tile and element axes in turn, and which are the tile axes."""
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    ndim = max(len(shape), len(reps))
    reps = (1,) * (ndim - len(reps)) + reps
    shape = (1,) * (ndim - len(shape)) + shape
    blocks = tuple(int(n) for pair in zip(reps, shape, strict=True) for n in pair)
    return blocks, tuple(range(0, 2 * ndim, 2))
