"""Functions whose result is a choice of the operand's elements: one flat index tells which."""

from __future__ import annotations

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.creation import nested
from adjoint.rules.indexing import scatter
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.tree import unbroadcast


def flat_scatter(y_bar, shape, index):
    """The transpose of np.ravel(a)[index], where an index of -1 stands for a constant."""
    count = int(np.prod(shape))
    padded = scatter(np.asarray(y_bar), (count + 1,), np.asarray(index))
    return np.reshape(padded[:count], shape)


@rule(flat_scatter, linear="y_bar")
def flat_scatter_rule(y_bar, shape, index):
    a_bar = flat_scatter(y_bar, shape, index)

    def pullback(c):
        return np.take(np.append(c, np.zeros(1, c.dtype)), index)

    return a_bar, pullback


@nondifferentiable
def positions(shape):
    """An array of this shape of the numbers 0, 1, 2, ..."""
    return np.reshape(np.arange(int(np.prod(shape))), shape)


@rule(np.pad)
def pad(array, pad_width, mode="constant", *, constant_values=0, **options):
    if mode == "constant":
        y = np.pad(array, pad_width, mode, constant_values=constant_values)
    else:
        y = np.pad(array, pad_width, mode, **options)
    shape = np.shape(array)

    def pullback(y_bar):
        if mode == "constant":
            a_bar = y_bar[inside(shape, pad_width)]
            border = border_sums(y_bar, shape, pad_width, np.shape(constant_values))
            bars = (a_bar, None, None, nested(border, constant_values))
        else:
            index = padded_index(shape, pad_width, mode, **options)
            bars = (flat_scatter(y_bar, shape, index),)
        return bars

    return y, pullback


@nondifferentiable
def inside(shape, pad_width):
    """The index of what was padded."""
    if isinstance(pad_width, dict):
        widths = [
            pad_width.get(i, pad_width.get(i - len(shape), (0, 0))) for i in range(len(shape))
        ]
        pairs = [(w, w) if np.ndim(w) == 0 else tuple(w) for w in widths]
    else:
        pairs = np.broadcast_to(pad_width, (len(shape), 2))
    return tuple(slice(int(b), int(b) + n) for (b, _), n in zip(pairs, shape, strict=True))


def border_sums(y_bar, shape, pad_width, values_shape):
    """The sums over the borders, as the cotangent of the values there: one, or of axes and sides."""
    sides = flat_scatter(y_bar, (len(shape), 2), border_index(shape, pad_width))
    return unbroadcast(sides, values_shape)


source_of(border_sums)(border_sums)


@nondifferentiable
def border_index(shape, pad_width):
    """Which axis and side each element of the padded array is the border of, as a flat index; or -1."""
    sides = positions((len(shape), 2))
    return np.pad(np.full(shape, -1), pad_width, constant_values=sides)


@nondifferentiable
def padded_index(shape, pad_width, mode, **options):
    """Which element each element of the padded array repeats."""
    repeats = mode in ("edge", "wrap", "reflect", "symmetric")
    if not repeats or options.get("reflect_type", "even") != "even":
        raise MissingRuleError(
            f"np.pad with mode={mode!r}, {options} is not differentiated",
            hint="modes: 'constant', 'edge', 'wrap', 'reflect' and 'symmetric' (even)",
        )
    return np.pad(positions(shape), pad_width, mode)


@rule(np.delete)
def delete(arr, obj, axis=None):
    y = np.delete(arr, obj, axis)
    shape = np.shape(arr)

    def pullback(y_bar):
        return flat_scatter(y_bar, shape, np.delete(positions(shape), obj, axis))

    return y, pullback


@rule(np.resize)
def resize(a, new_shape):
    y = np.resize(a, new_shape)
    shape = np.shape(a)

    def pullback(y_bar):
        return flat_scatter(y_bar, shape, np.resize(positions(shape), new_shape))

    return y, pullback


@rule(np.trim_zeros)
def trim_zeros(filt, trim="fb", axis=None):
    y = np.trim_zeros(filt, trim, axis)
    shape = np.shape(filt)
    box = kept_box(filt, np.shape(y), trim, axis)

    def pullback(y_bar):
        return scatter(y_bar, shape, box)

    return y, pullback


@nondifferentiable
def kept_box(x, y_shape, trim, axis=None):
    """The index of what np.trim_zeros keeps."""
    axes = range(np.ndim(x)) if axis is None else np.ravel(axis) % np.ndim(x)
    found = np.argwhere(x)
    front = "f" in trim.lower() and len(found) > 0
    starts = [int(found[:, i].min()) if front and i in axes else 0 for i in range(np.ndim(x))]
    return tuple(slice(i, i + n) for i, n in zip(starts, y_shape, strict=True))


@rule(np.insert)
def insert(arr, obj, values, axis=None):
    y = np.insert(arr, obj, values, axis)
    shape = np.shape(arr)
    value_shape = np.shape(values)
    index, value_index = insertion(shape, obj, value_shape, axis)

    def pullback(y_bar):
        arr_bar = flat_scatter(y_bar, shape, index)
        values_bar = flat_scatter(y_bar, value_shape, value_index)
        return arr_bar, None, values_bar

    return y, pullback


@nondifferentiable
def insertion(shape, obj, value_shape, axis):
    """Which element of the array, and of the values, each element of the result is; or -1."""
    count = int(np.prod(shape))
    whole = np.insert(positions(shape), obj, count + positions(value_shape), axis)
    return np.where(whole < count, whole, -1), np.where(whole < count, -1, whole - count)


@rule(np.block)
def block(arrays):
    y = np.block(arrays)

    def pullback(y_bar):
        return unblock(y_bar, arrays)

    return y, pullback


def unblock(y_bar, arrays):
    """The cotangents of the blocks, nested as they are."""
    numbered, count = number_elements(arrays, 0)
    flat = np.zeros(count, np.result_type(y_bar))
    np.add.at(flat, np.block(numbered), y_bar)
    return elements_at(flat, numbered)


@rule(unblock, linear="y_bar")
def unblock_rule(y_bar, arrays):
    bars = unblock(y_bar, arrays)

    def pullback(c):
        return np.block(filled(c, arrays))

    return bars, pullback


def number_elements(nested, start):
    """The nested arrays with their elements counted through from `start`; and the count."""
    if not isinstance(nested, list):
        numbers = start + positions(np.shape(nested))
        return numbers, start + np.size(numbers)
    numbered = []
    for each in nested:
        numbers, start = number_elements(each, start)
        numbered.append(numbers)
    return numbered, start


def elements_at(flat, nested):
    """The nested arrays of indices replaced by the elements there."""
    if isinstance(nested, list):
        return [elements_at(flat, each) for each in nested]
    return flat[nested]


def filled(bars, primal):
    """Nested cotangents with zeros for those that are None."""
    if isinstance(primal, list):
        bars = [None] * len(primal) if bars is None else bars
        return [filled(bar, each) for bar, each in zip(bars, primal, strict=True)]
    return np.zeros(np.shape(primal)) if bars is None else bars


source_of(filled)(filled)
