"""Rules of reading parts of arrays, and of their transposes."""

import operator

import numpy as np
import pytest

from adjoint.rules.indexing import embed_diagonal, scatter, scatter_along, scatter_taken
from adjoint.testing import case, check_rule, expand, normal

GETITEM = [operator.getitem, np.ndarray.__getitem__]
COLUMNS = np.array([[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 1, 1]], bool)
INDICES = [
    0,
    -1,
    slice(1, None),
    slice(None, None, -1),
    None,
    Ellipsis,
    (0, slice(None), 1),
    (Ellipsis, 0),
    (slice(None), 0, None),
    [0, 0, 1],
    np.array([0, 1, 1]),
    (slice(None), [0, 1, 0]),
    (np.array([[0], [1]]), np.array([0, 0])),
    (0, COLUMNS),
    (slice(None), COLUMNS),
]
PICK = np.array([[0, 2, 2], [1, 1, 0]])

CASES = [
    *(case(GETITEM, normal(2, 3, 4), index) for index in INDICES),
    case(operator.getitem, [normal(2), normal(3)], 1),
    case(operator.getitem, (normal(2), normal(3), normal()), slice(1, 3)),
    case(operator.getitem, {"a": normal(2), "b": normal()}, "a"),
    case(scatter, normal(3), (2, 3), 1),
    case(scatter, normal(4, 3), (2, 3), np.array([0, 1, 1, 0])),
    case([np.take, np.ndarray.take], normal(2, 3, 4), [0, 1, 1], axis=[None, 0, 1, -1]),
    case([np.take, np.ndarray.take], normal(2, 3), 1, axis=[None, 0, -1]),
    case([np.take, np.ndarray.take], normal(3), [5, -7, 1], mode=["wrap", "clip"]),
    case(scatter_taken, normal(2, 3), (4, 3), np.array([1, 1]), axis=0),
    case(scatter_taken, normal(2), (4, 3), np.array([1, 1])),
    case(np.take_along_axis, normal(2, 3), PICK, axis=[1, -1]),
    case(np.take_along_axis, normal(2, 3), PICK[:1], -1),
    case(np.take_along_axis, normal(1, 3), PICK, 1),
    case(np.take_along_axis, normal(2, 3), np.array([1, 1]), None),
    case(scatter_along, normal(2, 3), (2, 4), PICK, axis=1),
    case(np.compress, [True, False, True], normal(3, 4), axis=[None, 0, 1]),
    case(np.ndarray.compress, normal(3, 4), [True, False, True], axis=[None, 0, 1]),
    case(np.extract, COLUMNS, normal(3, 4)),
    case([np.diagonal, np.ndarray.diagonal, np.trace, np.ndarray.trace], normal(3, 4)),
    case([np.trace, np.ndarray.trace], normal(3, 4), offset=[0, 1, -2]),
    case(
        [np.diagonal, np.ndarray.diagonal, np.trace, np.ndarray.trace],
        normal(2, 3, 4, dtype=complex),
        offset=[0, 1, -1],
        axis1=2,
        axis2=[0, 1],
    ),
    case([np.linalg.diagonal, np.linalg.trace], normal(2, 3, 4), offset=[0, 1, -1]),
    case(embed_diagonal, normal(2), (3, 3), offset=[1, -1]),
    case(np.diag, normal(3), k=[0, 1, -2]),
    case(np.diag, normal(3, 4), k=[0, 1, -2]),
    case(np.diagflat, normal(2, 2), k=[0, 1, -2]),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


def test_lengths_that_only_fit_as_ones_tell_nothing():
    """`rows` and `columns` have unknown lengths, which are broadcast: the item is no column."""
    import adjoint as ad

    def f(x, labels):
        columns = np.full((len(x), 2 * len(labels[0]) + 1), 0)
        columns[:, 1::2] = labels
        rows = np.arange(len(x))[:, None]
        return np.sum(np.where(columns > 0, x[rows, columns] ** 2, 0))

    ad.check_gradient(f, np.arange(6.0).reshape(2, 3), np.array([[1, 2], [2, 1]]))
