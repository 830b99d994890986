"""Types of results by samples: of lists and arrays of unknown length nothing false is said."""

import operator

import numpy as np
import pytest

import adjoint as ad
from adjoint.ir.nodes import Const, Value
from adjoint.ir.types import UNKNOWN, Array, Length, ListOf, Scalar, TupleOf
from adjoint.rules.samples import LARGEST, NoSample, by_samples
from adjoint.rules.signatures import result_type

FLOAT = np.dtype(float)
N, M = Length(("v", 0), 0, True), Length(("v", 1), 0, True)
VECTOR, MATRIX = Value("v", Array(FLOAT, (N,))), Value("m", Array(FLOAT, (N, M)))
INTEGERS = Value("integers", ListOf(None, Scalar(int)))
POSITIONS = Value("positions", Array(np.dtype(int), (None,)))
NUMBERS = Value("numbers", ListOf(None, Scalar(float)))
VECTORS = Value("vectors", ListOf(None, Array(FLOAT, (N,))))
ONE = Const(1.0)


def kind(function, *operands):
    try:
        return by_samples(function, list(operands), [])
    except NoSample:
        return UNKNOWN


@pytest.mark.parametrize(
    ("function", "operands"),
    [
        (np.reshape, (VECTOR, INTEGERS)),
        (np.ones, (INTEGERS,)),
        (np.ones, (POSITIONS,)),
        (np.zeros, (INTEGERS,)),
        (np.full, (INTEGERS, ONE)),
        (np.expand_dims, (VECTOR, INTEGERS)),
        (np.broadcast_to, (VECTOR, INTEGERS)),
        (np.resize, (VECTOR, INTEGERS)),
        (np.tile, (VECTOR, INTEGERS)),
        (np.tile, (MATRIX, POSITIONS)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_how_many_axes_a_list_of_lengths_makes_is_not_known(function, operands):
    assert kind(function, *operands) is UNKNOWN


@pytest.mark.parametrize(
    ("function", "operands", "axes"),
    [
        (np.array, (NUMBERS,), (None,)),
        (np.cumsum, (NUMBERS,), (None,)),
        (np.take, (VECTOR, INTEGERS), (None,)),
        (operator.getitem, (VECTOR, INTEGERS), (None,)),
        (operator.getitem, (MATRIX, INTEGERS), (None, M)),
        (np.roll, (VECTOR, INTEGERS), (N,)),
        (np.stack, (VECTORS,), (None, N)),
        (np.concatenate, (VECTORS,), (None,)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_axes_that_are_the_same_for_every_length(function, operands, axes):
    assert kind(function, *operands) == Array(FLOAT, axes)


@pytest.mark.parametrize("function", [np.sum, np.mean, np.max, np.prod])
def test_numbers_of_lists_of_any_length(function):
    assert kind(function, NUMBERS) == Scalar(np.float64)


def test_what_a_claim_says_is_so_for_short_lists():
    """Every result that is an array has the axes that were said of it."""
    v = np.ones(3)
    for function, of in [(np.take, [0, 1]), (np.roll, [1])]:
        found = kind(function, VECTOR, INTEGERS)
        assert isinstance(found, Array)
        actual = function(v, of)
        assert len(found.axes) == actual.ndim
        assert all(axis is None or n == 3 for axis, n in zip(found.axes, actual.shape))


def test_samples_are_never_large():
    """`np.tile(v, counts)` of a long list of counts would be of more numbers than there is room for."""
    with pytest.raises(NoSample):
        by_samples(np.sum, [Value("x", Array(FLOAT, (N, M) * 5))], [])
    assert LARGEST < 1 << 24


def test_an_item_of_which_only_the_program_knows_which_has_the_type_of_all():
    index = Value("i", Scalar(int))
    unlike = Value("t", TupleOf((Scalar(np.float64), Array(FLOAT, (N,)))))
    assert kind_of_item(unlike, index) is UNKNOWN
    alike = Value("t", TupleOf((Array(FLOAT, (N,)), Array(FLOAT, (N,)))))
    assert kind_of_item(alike, index) == Array(FLOAT, (N,))


def kind_of_item(owner, index):
    return result_type(operator.getitem, [owner, index], [])


@pytest.mark.parametrize("make", [tuple, list])
def test_items_of_different_kinds_in_a_loop(make):
    def f(y):
        parts, total = make((y[0], np.cumsum(y))), 0.0
        for i in range(2):
            part = parts[i]
            total = total + (np.sum(part * part) if np.ndim(part) else part * 3.0)
        return total

    def g(y):
        parts, total = (y[0], np.cumsum(y)), 0.0
        for i in range(2):
            part = parts[i]
            total = total + (np.sum(part * part) if np.ndim(part) else part * 3.0)
        return total

    ad.check_gradient(f, np.array([0.4, 1.1, 0.7]))
    ad.check_gradient(g, np.array([0.4, 1.1, 0.7]))
