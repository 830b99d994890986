"""Rules of arrays made of numbers and of nothing."""

import numpy as np
import pytest

from adjoint.errors import MissingRuleError
from adjoint.rules.creation import in_form_of, nested, unnested
from adjoint.testing import apply_rule, case, check_rule, expand, normal, uniform

ARRAYS = [np.array, np.asarray, np.asanyarray]
ORDERED = [np.ascontiguousarray, np.asfortranarray]
LIKE = [[1.0, 2.0, 3.0], np.ones(3)]

CASES = [
    case([*ARRAYS, *ORDERED, np.copy], [normal(), 2.0, normal()]),
    case([*ARRAYS, *ORDERED, np.copy], [normal(3), [normal(), normal(), 1]]),
    case([*ARRAYS, *ORDERED, np.copy], (normal(2, 2), normal(2, 2))),
    case([*ARRAYS, *ORDERED, np.copy], normal(2, 3)),
    case([*ARRAYS, *ORDERED, np.copy], normal()),
    case(ARRAYS, normal(3), dtype=[np.float64, np.complex128]).but(wide=True),
    case(np.array, normal(3), ndmin=3),
    case(np.array, [normal(3)], ndmin=3),
    case(np.astype, normal(3), np.complex128).but(wide=True),
    case(nested, normal(2, 3), [[1, 2, 3], np.arange(3)]),
    case(in_form_of, normal(2, 3), [1, 2, 3]),
    case(in_form_of, normal(2, 3), np.arange(3)),
    case(in_form_of, normal(3), 1),
    case(unnested, [[normal(), normal(), 1], normal(3)], [[1, 2, 3], np.arange(3)]),
    case([np.zeros_like, np.ones_like], normal(2, 3)),
    case(np.full, (2, 3), normal()),
    case(np.full, (2, 3), normal(3)),
    case(np.full_like, np.ones((2, 3)), normal(3)),
    case(np.linspace, normal(), normal(), num=[1, 5], endpoint=[True, False]),
    case(np.linspace, normal(3), normal(2, 3), 5, axis=[0, 1, -1]).but(wide=True),
    case(np.logspace, normal(), normal(), num=4, endpoint=[True, False]),
    case(np.logspace, normal(3), normal(2, 3), 4, axis=[0, -1]).but(wide=True),
    case(np.logspace, normal(), normal(), 4, True, uniform(1.5, 3.0)),
    case(np.geomspace, uniform(0.5, 2.0), uniform(0.5, 2.0), 4, endpoint=[True, False]),
    case(np.vander, normal(3), N=[None, 1, 2, 5], increasing=[False, True]).but(wide=True),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


def test_parts_without_influence_are_zero():
    assert unnested([None, np.ones(3)], LIKE).tolist() == [[0, 0, 0], [1, 1, 1]]


def test_the_step_of_linspace_is_refused():
    with pytest.raises(MissingRuleError, match="retstep"):
        apply_rule(np.linspace, (0.0, 1.0), {"retstep": True})


def test_arange_depends_on_its_start_and_step():
    import adjoint as ad

    bars = ad.gradient(lambda a, b, s: np.sum(np.arange(a, b, s) ** 2), 0.3, 2.0, 0.5)
    items = np.array([0.3, 0.8, 1.3, 1.8])
    np.testing.assert_allclose(bars, (2 * items.sum(), 0.0, 2 * items @ np.arange(4.0)))
