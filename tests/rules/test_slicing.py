"""The type of `x[index]`: what it says of every axis is so, whatever the lengths of the axes are."""

import itertools

import numpy as np
import pytest

from adjoint.ir.types import Array, Length, ListOf, Opaque, Scalar, TupleOf, literal
from adjoint.rules.slicing import SOME, basic_item, split_items

FLOAT = np.dtype(float)
N, M = Length(("x", 0), 0, True), Length(("x", 1))  # not 1; of any length
SHORTER = Length(("x", 0), -2)
ARRAYS = [(N,), (M,), (SHORTER,), (N, M), (4, N), (1,), (None, M), (N, 3, M)]
BOUNDS = (None, 0, 1, 2, -1, -2)
SLICES = [
    *itertools.starmap(slice, itertools.product(BOUNDS, BOUNDS)),
    *(slice(start, None, step) for start in (None, 1, -2) for step in (2, -1, -2)),
]
INDICES = [
    0, -1, None, Ellipsis, *SLICES, (0, slice(1, None)), (slice(None), None), (Ellipsis, 0),
    (slice(1, -1), Ellipsis, slice(None, -1)), (None, slice(-1, None), None), (),
]  # fmt: skip


def sizes_of(axes):
    """Lengths that these axes may have: all that are "not 1" have two items at least."""
    symbols = {a.symbol for a in axes if isinstance(a, Length)}
    plural = {a.symbol for a in axes if isinstance(a, Length) and a.plural}
    lowest = {a.symbol: 1 - a.offset for a in axes if isinstance(a, Length)}
    choices = [
        [n for n in (1, 2, 3, 4, 7) if n >= lowest[s] and (n > 1 or s not in plural)]
        for s in symbols
    ]
    for lengths in itertools.product(*choices):
        table = dict(zip(symbols, lengths))
        for unknown in (2, 5):
            yield (
                table,
                [
                    unknown
                    if a is None
                    else a
                    if isinstance(a, int)
                    else table[a.symbol] + a.offset
                    for a in axes
                ],
            )


def check(found, actual, table):
    if not isinstance(actual, np.ndarray):
        assert found == Scalar(np.float64)
        return
    assert isinstance(found, Array) and found.dtype == actual.dtype
    assert len(found.axes) == actual.ndim
    for axis, n in zip(found.axes, actual.shape):
        if isinstance(axis, int):
            assert n == axis
        elif isinstance(axis, Length) and n > 0:  # that a slice is empty is not thought of
            assert n == table[axis.symbol] + axis.offset
            assert n > 1 or not axis.plural


@pytest.mark.parametrize("axes", ARRAYS, ids=str)
@pytest.mark.parametrize("index", INDICES, ids=str)
def test_what_is_said_of_an_item_is_so(axes, index):
    found = basic_item(Array(FLOAT, axes), literal(index))
    for table, shape in sizes_of(axes):
        try:
            actual = np.zeros(shape)[index]
        except IndexError:
            continue
        if actual.size or found is None:
            assert found is not None, "too many indices, or one is not basic"
            check(found, actual, table)


@pytest.mark.parametrize(
    ("index", "axes"),
    [
        (slice(None), (N, M)),
        (slice(None, None, -1), (N, M)),
        (slice(1, None), (Length(N.symbol, -1), M)),
        (slice(1, -1), (Length(N.symbol, -2), M)),
        (slice(0, 2), (2, M)),  # of an axis that is not 1
        (slice(-2, None), (2, M)),
        (slice(0, 3), (None, M)),
        (slice(9, None), (None, M)),  # too far off for a length of its own
        ((Ellipsis, slice(0, 2)), (N, None)),  # of one that may be 1
        ((Ellipsis, slice(0, 1)), (N, 1)),
        ((None, 0), (1, M)),
    ],
    ids=str,
)
def test_lengths_are_known_where_they_can_be(index, axes):
    assert basic_item(Array(FLOAT, (N, M)), literal(index)) == Array(FLOAT, axes)


def test_indices_that_only_the_call_knows():
    x = Array(FLOAT, (N, M))
    assert basic_item(x, Scalar(int)) == Array(FLOAT, (M,))
    assert basic_item(x, Opaque(slice)) == Array(FLOAT, (None, M))
    assert basic_item(x, TupleOf((Scalar(int), Opaque(slice)))) == Array(FLOAT, (None,))
    assert basic_item(x, TupleOf((Scalar(int), Scalar(np.int64)))) == Scalar(np.float64)
    assert SOME == slice(..., ..., ...)


@pytest.mark.parametrize(
    "index",
    [
        literal(True),
        literal((0, 1, 2)),
        literal((Ellipsis, Ellipsis)),
        literal("name"),
        literal(slice(0.5, None)),
        ListOf(None, Scalar(int)),
        Scalar(float),
    ],
    ids=str,
)
def test_what_is_no_basic_index_is_left_to_others(index):
    assert basic_item(Array(FLOAT, (N, M)), index) is None


def test_a_mask_chooses_as_many_as_are_true():
    x = Array(FLOAT, (N, M))
    assert basic_item(x, Array(np.dtype(bool), (N,))) == Array(FLOAT, (None, M))
    assert basic_item(x, Array(np.dtype(bool), (N, M))) == Array(FLOAT, (None,))


def test_a_split_array_is_a_list_of_its_parts():
    x = Array(FLOAT, (N, M))
    part = Array(FLOAT, (None, M))
    assert split_items(np.split, [x, literal(3)], []) == ListOf((part,) * 3)
    two = ListOf((literal(1),))
    assert split_items(np.hsplit, [x, two], []) == ListOf((Array(FLOAT, (N, None)),) * 2)
    assert split_items(np.split, [x, Scalar(int)], []) is None
    assert split_items(np.split, [x, literal(1000)], []) is None


def test_arrays_of_objects_are_left_to_others():
    assert basic_item(Array(np.dtype(object), (N,)), literal(0)) is None
