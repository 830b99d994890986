"""Rules of functions whose result is a choice of the operand's elements."""

import numpy as np
import pytest

from adjoint.errors import MissingRuleError
from adjoint.rules.rearranging import border_sums, filled, flat_scatter, unblock
from adjoint.testing import apply_rule, case, check_rule, expand, normal

MODES = ["constant", "edge", "reflect", "wrap", "symmetric"]

CASES = [
    case(np.pad, normal(3, 4), 2, mode=MODES),
    case(np.pad, normal(3, 4), (1, 2), mode=MODES),
    case(np.pad, normal(3, 4), ((1, 0), (2, 1)), mode=MODES),
    case(np.pad, normal(3), 1, constant_values=2),
    case(np.pad, normal(3, 4), 2, constant_values=normal()),
    case(np.pad, normal(3, 4), (1, 2), constant_values=normal(2)),
    case(np.pad, normal(3, 4), ((1, 0), (2, 1)), constant_values=normal(2, 2)),
    case(np.pad, normal(3, 4), 1, constant_values=(normal(), 2.0)),
    case(border_sums, normal(5, 6), (3, 4), 1, (2,)),
    case(np.delete, normal(3, 4), 1, axis=[None, 0, 1]),
    case(np.delete, normal(3, 4), [0, 2], axis=[None, 0, 1]),
    case(np.delete, normal(3, 4), slice(0, 2), axis=[None, 0, 1]),
    case(np.resize, normal(2, 3), (3, 4)),
    case(np.resize, normal(2, 3), 2),
    case(np.trim_zeros, normal(4)),
    case(np.insert, normal(3), 1, normal()),
    case(np.insert, normal(3, 4), [1, 2], normal(4), 0),
    case(np.insert, normal(3, 4), 1, normal(3), 1),
    case(np.insert, normal(3, 4), [1, 3], normal(2)),
    case(np.block, [[normal(2, 2), normal(2, 3)], [normal(1, 5)]]),
    case(np.block, [normal(2), normal(), normal(3)]),
    case(np.block, normal(2, 2)),
    case(unblock, normal(5), [np.ones(2), np.ones(3)]).but(float32=False),
    case(flat_scatter, normal(3), (2, 2), [0, 3, -1]),
    case(filled, [normal(2), None], [np.ones(2), np.ones(3)]),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


def test_trimmed_zeros_get_nothing():
    x = np.array([0.0, 0.0, 1.0, 0.0, 2.0, 0.0])
    for trim, kept in [("fb", slice(2, 5)), ("f", slice(2, 6)), ("b", slice(0, 5))]:
        y, pullback = apply_rule(np.trim_zeros, (x, trim), {})
        expected = np.zeros(6)
        expected[kept] = 1.0
        assert pullback(np.ones(len(y)))[0].tolist() == expected.tolist()


def test_other_ways_of_padding_are_refused():
    _, pullback = apply_rule(np.pad, (np.ones(3), 1, "mean"), {})
    with pytest.raises(MissingRuleError, match="mean"):
        pullback(np.ones(5))
