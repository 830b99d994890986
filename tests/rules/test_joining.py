"""Rules of putting arrays together and taking them apart."""

import numpy as np
import pytest

from adjoint.rules.joining import (
    grids,
    meshgrid_transpose,
    put_together,
    repeat_transpose,
    taken_apart,
)
from adjoint.testing import apply_rule, case, check_rule, expand, normal

CONCATENATE = [np.concatenate, np.concat]
STACKS = [np.vstack, np.hstack, np.dstack]
REPEAT = [np.repeat, np.ndarray.repeat]
SPLITS = [np.split, np.array_split]

CASES = [
    case(CONCATENATE, [normal(2, 2), normal(2, 2)], axis=[None, 0, 1, -1]),
    case(CONCATENATE, (normal(2, 3), normal(1, 3), normal(4, 3))),
    case(CONCATENATE, normal(2, 3, 4), axis=[None, 0, 1]),
    case(np.stack, [normal(2, 3), normal(2, 3)], axis=[0, 1, -1]),
    case(np.stack, (normal(), normal())),
    case(np.stack, normal(3, 2), axis=[0, 1]),
    case([*STACKS, np.column_stack], [normal(3), normal(3)]),
    case([*STACKS, np.column_stack], (normal(3, 2), normal(3, 2))),
    case([*STACKS, np.column_stack], normal(3, 2)),
    case(STACKS, [normal(2, 3, 4), normal(2, 3, 4)]),
    case(STACKS, [normal(), normal()]),
    case(np.column_stack, [normal(3), normal(3, 2)]),
    case(np.vstack, [normal(3), normal(2, 3)]),
    case(np.dstack, [normal(2, 3), normal(2, 3, 2)]),
    case(np.append, normal(2, 3), normal(2, 3), axis=[None, 0, 1]),
    case(np.append, normal(3), normal()),
    case(taken_apart, normal(2, 6), ((2, 2), (2, 4)), 1),
    case(put_together, [normal(2, 2), normal(2, 4)], ((2, 2), (2, 4)), (2, 6), 1),
    case(SPLITS, normal(4, 3), 2),
    case(SPLITS, normal(3, 5), [1, 4], 1),
    case(np.array_split, normal(5, 3), 3),
    case([np.hsplit, np.vsplit, np.dsplit], normal(2, 4, 2), 2),
    case(np.hsplit, normal(4), [1]),
    case(np.unstack, normal(2, 3), axis=[0, -1]),
    case(np.meshgrid, normal(3), normal(2), normal(4), indexing=["xy", "ij"]),
    case(np.meshgrid, normal(3), normal(2), indexing=["xy", "ij"], sparse=[False, True]),
    case(np.meshgrid, normal(), normal(3)),
    case(meshgrid_transpose, [normal(2, 3), normal(2, 3)], ((3,), (2,))),
    case(grids, [normal(3), normal(2)], ((3,), (2,)), ((2, 3), (2, 3))),
    case(grids, [normal(3), normal(2)], ((3,), (2,)), ((1, 3), (2, 1))),
    case(REPEAT, normal(2, 3), 2, axis=[None, 0, -1]),
    case(REPEAT, normal(2, 3), np.array([1, 0, 2]), axis=1),
    case(repeat_transpose, normal(2, 3), (2, 2), np.array([1, 2]), axis=1),
    case(repeat_transpose, normal(8), (2, 2), 2),
    case(np.repeat, normal(), 3),
    case(np.tile, normal(2, 3), 2),
    case(np.tile, normal(2, 3), (2, 1, 2)),
    case(np.tile, normal(2, 3), (3,)),
    case(np.tile, normal(), (2, 3)),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


def test_a_part_without_influence_gets_zeros():
    _, pullback = apply_rule(np.split, (np.arange(4.0), 2), {})
    assert pullback([None, np.ones(2)])[0].tolist() == [0, 0, 1, 1]
    _, pullback = apply_rule(np.unstack, (np.ones((2, 2)),), {})
    assert pullback((np.ones(2), None))[0].tolist() == [[1, 1], [0, 0]]
    _, pullback = apply_rule(np.meshgrid, (np.ones(2), np.ones(3)), {})
    assert pullback([np.ones((3, 2)), None])[1] is None
