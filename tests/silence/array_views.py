"""Views, and results written by `out=`: what is written by one name is read by another."""

import numpy as np

from tests.silence.listed import KEPT, MATRIX, SHOWN_TWICE, VECTOR, Record, given

FOREIGN = "an array is written to that shares the memory of a"
ARGUMENTS = (VECTOR,)
REFUSED = {
    KEPT: """
        broadcast_arrays_and_written
    """,
    FOREIGN: """
        sliding_windows
        strides_by_hand
    """,
    SHOWN_TWICE: """
        broadcast_to_and_written
        broadcast_to_and_scaled
        broadcast_to_of_zeros_and_filled
        meshgrid_without_copies
    """,
}


SQUARE = np.array([[0.7, 1.3, 0.4], [1.1, 0.6, 0.9], [0.5, 0.8, 1.2]])


# -- views that broadcast or repeat ------------------------------------------------------------------


def broadcast_to_and_written(v):
    a = v * 1.0
    wide = np.broadcast_to(a, (2, 3))
    a[0] = v[1] ** 2
    return (wide * wide).sum()


def broadcast_to_and_scaled(v):
    a = v * 1.0
    wide = np.broadcast_to(a[:, None], (3, 2))
    a *= 2.0
    return (wide * wide).sum()


def broadcast_to_of_zeros_and_filled(v):
    a = np.zeros(3)
    wide = np.broadcast_to(a, (2, 3))
    a[:] = v * v
    return (wide * wide).sum()


def broadcast_to_of_what_was_written(v):
    a = v * 1.0
    a += a
    wide = np.broadcast_to(a, (2, 3))
    return (wide * wide).sum()


def broadcast_arrays_and_written(v):
    a = v * 1.0
    wide, ones = np.broadcast_arrays(a, np.ones((2, 3)))
    a[1] = v[0] ** 2
    return (wide * ones * wide).sum()


def broadcast_by_a_product_is_no_view(v):
    a = v * 1.0
    wide = a * np.ones((2, 1))
    a[0] = 3.0
    return wide.sum()


def meshgrid_without_copies(v):
    a = v * 1.0
    rows, columns = np.meshgrid(a, a, copy=False)
    a[0] = v[1] ** 2
    return (rows * rows * columns).sum()


def meshgrid_copies(v):
    a = v * 1.0
    rows, columns = np.meshgrid(a, a)
    a[0] = v[1] ** 2
    return (rows * rows * columns).sum()


def sliding_windows(v):
    a = v * 1.0
    windows = np.lib.stride_tricks.sliding_window_view(a, 2)
    a[1] = v[0] ** 2
    return (windows * windows).sum()


def strides_by_hand(v):
    a = v * 1.0
    pairs = np.lib.stride_tricks.as_strided(a, (2, 2), (8, 8))
    a[1] = v[0] ** 2
    return (pairs * pairs).sum()


# -- views of einsum and other functions -------------------------------------------------------------


@given(SQUARE)
def diagonal_by_einsum(m):
    a = m * 1.0
    diagonal = np.einsum("ii->i", a)
    diagonal[1] = m[2, 2] ** 2
    return (a * a).sum()


@given(MATRIX)
def transpose_by_einsum(m):
    a = m * 1.0
    np.einsum("ij->ji", a)[0] = m[:, 1] ** 2
    return (a * a).sum()


@given(MATRIX)
def rotated(m):
    a = m * 1.0
    np.rot90(a)[0] = m[:, 1] ** 2
    return (a * a).sum()


def flipped(v):
    a = v * 1.0
    np.flip(a)[0] = v[1] ** 2
    return (a * a).sum()


@given(MATRIX)
def reshaped(m):
    a = m * 1.0
    flat = a.reshape(-1)
    flat[0] *= m[1, 1]
    flat *= 2
    return (a * a).sum()


def split_in_two(v):
    a = v * 1.0
    left, right = np.split(a, [1])
    right *= left
    return (a * a).sum()


def conjugate_of_reals(v):
    a = v * 1.0
    same = a.conj()
    a[0] = v[1] ** 2
    return (same * v).sum()


def astype_without_a_copy(v):
    a = v * 1.0
    same = a.astype(float, copy=False)
    a[0] = v[1] ** 2
    return (same * same).sum()


def trimmed(v):
    a = v * 1.0
    same = np.trim_zeros(a)
    a[0] = v[1] ** 2
    return (same * same).sum()


def difference_of_no_order(v):
    a = v * 1.0
    same = np.diff(a, n=0)
    a[0] = v[1] ** 2
    return (same * same).sum()


# -- out= --------------------------------------------------------------------------------------------


def result_of_out_is_written(v):
    a = np.empty(3)
    same = np.multiply(v, v, out=a)
    same *= 2
    return (a * v).sum()


def out_is_written_after(v):
    a = np.zeros(3)
    same = np.add(v, v, out=a)
    a[0] = 5 * v[0]
    return (same * v).sum()


def out_of_cumsum(v):
    a = np.zeros(3)
    same = np.cumsum(v, out=a)
    same[1] *= v[1]
    return (a * v).sum()


def out_by_position(v):
    a = np.zeros(3)
    same = np.exp(v, a)
    same[1] *= v[1]
    a[2] *= 3
    return (a * same).sum()


def out_is_a_view(v):
    a = v * 1.0
    same = np.exp(v, out=a[:])
    same[1] *= v[1]
    a[2] *= 3
    return (a * same).sum()


@given(SQUARE)
def out_of_matmul(m):
    a = np.zeros((3, 3))
    same = np.matmul(m, m, out=a)
    same[1] *= m[1]
    return (a * m).sum()


@given(SQUARE)
def out_of_dot(m):
    a = np.zeros((3, 3))
    same = m.dot(m, out=a)
    same[1] *= m[1]
    a[2] *= 3
    return (a * same).sum()


@given(MATRIX)
def out_of_sum(m):
    a = np.zeros(3)
    same = np.sum(m, axis=0, out=a)
    same[1] *= m[1, 1]
    a[2] *= 3
    return (a * same).sum()


@given(MATRIX)
def out_of_max(m):
    a = np.zeros(3)
    same = np.max(m, axis=0, out=a)
    same[:] = 2 * m[0]
    return (a * m).sum()


@given(MATRIX)
def out_of_clip(m):
    a = np.zeros((2, 3))
    same = np.clip(m, 0.65, 1.2, out=a)
    same *= 2 * m[0]
    return (a * m).sum()


@given(MATRIX)
def out_of_concatenate(m):
    a = np.zeros((4, 3))
    same = np.concatenate([m, m], out=a)
    same *= 2 * m[0]
    return (a * a).sum()


@given(SQUARE)
def out_of_einsum(m):
    a = np.zeros((3, 3))
    same = np.einsum("ij,jk->ik", m, m, out=a)
    same *= 2 * m[0]
    return (a * m).sum()


def out_of_accumulate(v):
    a = np.zeros(3)
    same = np.add.accumulate(v, out=a)
    same *= 2 * v[0]
    return (a * a).sum()


def out_where_it_is_asked_for(v):
    a = np.zeros(3)
    same = np.divide(v, v[0], out=a, where=v > 0.5)
    same *= 2 * v[0]
    return (a * a).sum()


def out_is_the_operand_in_a_loop(v):
    a = v * 1.0
    for i in range(3):
        same = np.multiply(a, v, out=a)
        same[i] = 0.5
    return (a * same).sum()


def out_in_a_list(v):
    a = v * 1.0
    items = [np.add(a, v, out=a)]
    items[0][1] = v[0] * 2
    return (a * items[0]).sum()


def out_of_an_attribute(v):
    record = Record(np.zeros(3))
    np.multiply(v, v, out=record.value)
    np.add(record.value, v, out=record.value)
    record.other = record.value
    record.other[0] = 1.0
    return (record.value**2).sum()
