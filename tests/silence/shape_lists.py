"""Shapes, axes and positions given as lists, whose length and items only the call tells."""

import numpy as np

from tests.silence.listed import MATRIX, VECTOR, Record, given

ARGUMENTS = (VECTOR, 3)
REFUSED = {}
# The numbers of the lists are lengths: their "derivatives" by differences mean nothing.
STATIC = (1, 2)


# -- lists made in the function ----------------------------------------------------------------------


def reshape_by_a_display(v, n):
    return (v.reshape([n, 1]) * v).sum()


def reshape_by_a_comprehension(v, n):
    return (v.reshape([s for s in (n, 1)]) * v).sum()


def reshape_by_a_tuple_of_a_generator(v, n):
    return (v.reshape(tuple(s for s in (n, 1))) * v).sum()


def reshape_by_a_shape(v, n):
    return (v.reshape([*v.shape, 1]) * v).sum() + (v.reshape(list(v[:, None].shape)) * v).sum()


def reshape_by_a_sum_of_lists(v, n):
    return (v.reshape(list(v.shape) + [1]) * v).sum()


def reshape_by_a_list_that_changed(v, n):
    shape = [1, n]
    shape[0], shape[1] = n, 1
    return (v.reshape(shape) * v).sum()


def reshape_by_a_list_that_changes(v, n):
    shape = [n, 1]
    y = v.reshape(shape) * v
    shape[0], shape[1] = 1, n
    return (y * np.arange(9.0).reshape(3, 3)).sum()


def broadcast_by_a_list_that_grows(v, n):
    shape = [n]
    shape[0] = n
    zeros = np.zeros(shape) + v[0]
    shape.append(2)
    wide = np.broadcast_to(v[1], shape) * v[2]
    return zeros.sum() * wide.sum() * np.full(shape, v[0]).sum()


def zeros_by_a_comprehension(v, n):
    return ((np.zeros([k for k in (2, n)]) + v) * v).sum()


def linspace_by_a_number(v, n):
    return (np.linspace(v[0], v[1], n) ** 2).sum()


def index_of_an_attribute_that_changes(v, n):
    record = Record([0, 1])
    y = v[record.value].sum()
    record.value[0] = 2
    record.other = slice(0, 2)
    z = v[record.other].sum()
    record.other = slice(1, n)
    return y * v[record.value][0] * z * v[record.other][0]


def slice_by_an_item_that_changes(v, n):
    start = [0]
    tail, entry = v[start[0] :], v[start[0]]
    start[0] = 1
    return tail.sum() * entry * v[start[0] :].sum()


# -- lists among the arguments -----------------------------------------------------------------------


@given(VECTOR, [3, 1])
def reshape_method(v, shape):
    return (v.reshape(shape) * v).sum()


@given(VECTOR, [3, 1])
def reshape_function(v, shape):
    return (np.reshape(v, shape) * v).sum()


@given(VECTOR, (3, 1))
def reshape_by_a_tuple(v, shape):
    return (v.reshape(shape) * v).sum()


@given(VECTOR, [3, 1])
def reshape_by_a_list_made_a_tuple(v, shape):
    return (v.reshape(tuple(shape)) * v).sum()


@given(VECTOR, [3, 1])
def reshape_by_a_starred_list(v, shape):
    return (v.reshape(*shape) * v).sum()


@given(VECTOR, [2, 1])
def tile(v, counts):
    return (np.tile(v, counts) * v).sum()


@given(VECTOR, (2, 1))
def tile_by_a_tuple(v, counts):
    return (np.tile(v, counts) * v).sum()


@given(VECTOR, [2, 3])
def broadcast_to(v, shape):
    return (np.broadcast_to(v, shape) * v).sum()


@given(MATRIX, [1, 0])
def transpose(m, axes):
    return (m.transpose(axes) @ m).sum()


@given(VECTOR, [3, 1])
def ones(v, shape):
    return (np.ones(shape) * v).sum()


@given(VECTOR, [3, 1])
def full(v, shape):
    return (np.full(shape, v[0]) * v).sum()


@given(VECTOR, [3, 3])
def resize(v, shape):
    return (np.resize(v, shape) * v).sum()


@given(VECTOR, [1])
def expand_dims(v, axes):
    return (np.expand_dims(v, axes) * v).sum()


@given(VECTOR, [1, 2])
def expand_dims_twice(v, axes):
    return (np.expand_dims(v, axes) * v).sum()


@given(MATRIX, [1])
def sum_over_axes(m, axes):
    return (np.sum(m, axis=tuple(axes)) * m[:, 0]).sum()


@given(VECTOR, [1, 2])
def split(v, at):
    return np.split(v, at)[0].sum() * v[0]


@given(MATRIX, [[1], [1]])
def tensordot(m, axes):
    return (np.tensordot(m, m, axes) * m[0, 0]).sum()


@given(MATRIX, [[0, 1], [0, 1]])
def tensordot_over_two_axes(m, axes):
    return (np.tensordot(m, m, axes=axes) * m[0, 0]).sum()


@given(MATRIX, [0], [1])
def moveaxis(m, source, destination):
    return (np.moveaxis(m, source, destination) @ m).sum()


@given(MATRIX, [1, 2])
def roll(m, shifts):
    return (np.roll(m, shifts, axis=(0, 1)) * m).sum()


@given(MATRIX, (0, 1))
def flip(m, axes):
    return (np.flip(m, axes) * m).sum()


@given(VECTOR, [1, 2, 0])
def repeat(v, counts):
    return (np.repeat(v, counts) ** 2).sum()


@given(VECTOR, [2])
def repeat_by_a_list_of_one(v, counts):
    return (np.repeat(v, counts) ** 2).sum()


@given(VECTOR, [1, 2])
def pad(v, widths):
    return (np.pad(v, widths) ** 2).sum()


@given(VECTOR, [1])
def pad_by_a_list_of_one(v, widths):
    return (np.pad(v, widths) ** 2).sum()


@given(VECTOR, [0, 0, 1])
def index(v, at):
    return (v[at] * v).sum()


@given(VECTOR, [2])
def index_by_a_list_of_one(v, at):
    return (v[at] * v).sum()


@given(VECTOR, [[0], [1], [2]])
def index_by_a_list_of_lists(v, at):
    return (v[at] * v).sum()


@given(VECTOR, [[0], [1]])
def take(v, at):
    return (np.take(v, at) * v).sum()


@given(VECTOR, [1])
def added_to_a_list_of_one(v, numbers):
    return ((v + numbers) * v).sum()


@given(VECTOR, [[1], [2]])
def multiplied_by_a_list_of_lists(v, numbers):
    return ((v * np.array(numbers)) * v).sum()


@given(VECTOR, [1, 2])
def joined_to_a_list(v, numbers):
    return (np.concatenate([v, np.array(numbers)]) * np.arange(5)).sum()
