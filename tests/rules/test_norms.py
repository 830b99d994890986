"""Rules of norms."""

import numpy as np
import pytest

from adjoint.rules.norms import matrix_norm_slope, order_slope, vector_norm_slope
from adjoint.testing import apply_rule, case, check_rule, expand, normal

VECTOR = [None, 0, 1, 2, 3, -1, np.inf, -np.inf]
MATRIX = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]

CASES = [
    case(np.linalg.norm, normal(5), ord=VECTOR),
    case(np.linalg.norm, normal(4, dtype=complex), ord=VECTOR),
    case(np.linalg.norm, normal(3, 4), ord=VECTOR, axis=[0, -1], keepdims=[False, True]),
    case(np.linalg.norm, normal(3, 4), ord=MATRIX),
    case(np.linalg.norm, normal(3, 4, dtype=complex), ord=MATRIX),
    case(
        np.linalg.norm, normal(3, 2, 4), ord=MATRIX, axis=[(0, 2), (2, 0)], keepdims=[False, True]
    ),
    case(np.linalg.norm, normal(2, 3, 4)),
    case(np.linalg.vector_norm, normal(3, 4), ord=VECTOR[1:], axis=[None, 0, (0, 1)]),
    case(np.linalg.matrix_norm, normal(3, 2, 4), ord=MATRIX, keepdims=[False, True]),
    case(np.linalg.norm, normal(5), ord=[1.7, -0.8]),
    case(np.linalg.norm, normal(3, 4), ord=2.5, axis=[0, -1], keepdims=[False, True]),
    case(np.linalg.vector_norm, normal(3, 4), ord=2.5, axis=[None, 0, (0, 1)]),
    case(vector_norm_slope, normal(3), 2.0, 3),
    case(order_slope, normal(3), 2.0, 3.5),
    case(matrix_norm_slope, normal(3, 2), 2.0, "nuc"),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case.but(wide=True))


@pytest.mark.parametrize("ord", VECTOR[:5])
def test_flat_at_the_origin(ord):
    _, pullback = apply_rule(np.linalg.norm, (np.zeros(3),), {"ord": ord})
    assert pullback(1.0)[0].tolist() == [0, 0, 0]
