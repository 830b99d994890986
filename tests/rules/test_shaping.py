"""Rules of shapes and of the order of axes and elements."""

import numpy as np
import pytest

from adjoint.rules.shaping import reshaped
from adjoint.testing import case, check_rule, expand, normal

ATLEAST = [np.atleast_1d, np.atleast_2d, np.atleast_3d]
TRANSPOSE = [np.transpose, np.permute_dims]
FLIPS = [np.flip, np.fliplr, np.flipud, np.rot90, np.tril, np.triu]

CASES = [
    case(np.reshape, normal(2, 3, 4), (4, 6), order=["C", "F", "A"]),
    case(np.reshape, normal(2, 6), shape=[-1, (3, -1)]),
    case(np.ndarray.reshape, normal(2, 6), 3, 4, order=["C", "F", "A"]),
    case(np.ndarray.reshape, normal(2, 6), (3, 4), order=["C", "F"]),
    case([np.ravel, np.ndarray.ravel, np.ndarray.flatten], normal(2, 3), order=list("CFAK")),
    case([np.squeeze, np.ndarray.squeeze], normal(1, 3, 1), axis=[None, 0, (0, -1)]),
    case(np.expand_dims, normal(3, 2), axis=[0, -1, (0, 2)]),
    case(np.broadcast_to, normal(3, 1), (2, 3, 4)),
    case(np.broadcast_to, normal(), (2, 3)),
    case(np.broadcast_arrays, normal(3, 1), normal(4)),
    case(ATLEAST, normal()),
    case(ATLEAST, normal(3)),
    case(ATLEAST, normal(3), normal(2, 2)),
    case(ATLEAST, normal(2, 3, 4, 5)),
    case(reshaped, [normal(2, 3), normal(4)], ((6,), (2, 2))),
    case(TRANSPOSE, normal(2, 3, 4), axes=[None, (1, 2, 0), (-1, 0, 1)]),
    case(TRANSPOSE, normal(2, 3, dtype=complex)),
    case(np.ndarray.transpose, normal(2, 3, 4)),
    case(np.ndarray.transpose, normal(2, 3, 4), None),
    case(np.ndarray.transpose, normal(2, 3, 4), 1, 2, 0),
    case(np.ndarray.transpose, normal(2, 3), np.array([1, 0])),
    case(np.ndarray.transpose, normal(2, 3, 4), (-1, 0, 1)),
    case([np.matrix_transpose, np.linalg.matrix_transpose], normal(2, 3, 4)),
    case([np.swapaxes, np.ndarray.swapaxes], normal(2, 3, 4), 0, -1),
    case(np.moveaxis, normal(2, 3, 4), 0, -1),
    case(np.moveaxis, normal(2, 3, 4), (0, 1), (-1, 0)),
    case(np.rollaxis, normal(2, 3, 4), axis=[-3, -1, 0, 1, 2], start=[-2, -1, 0, 1, 2, 3]),
    case(np.roll, normal(2, 3), 2, axis=[None, 1]),
    case(np.roll, normal(2, 3), (1, 2), (0, 1)),
    case(np.flip, normal(2, 3), axis=[None, 1, (0, 1)]),
    case(FLIPS, normal(3, 4)),
    case(np.rot90, normal(2, 3, 4), k=[-1, 2, 3], axes=(2, 0)),
    case([np.tril, np.triu], normal(2, 3, 4), k=[-1, 1]),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)
