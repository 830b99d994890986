"""Rules of choosing between values, sorting and interpolation."""

import numpy as np
import pytest

import adjoint as ad
from adjoint.errors import MissingRuleError
from adjoint.rules.selection import masked, put_back, sum_of_chosen
from adjoint.testing import apply_rule, case, check_rule, expand, normal, uniform

MASK = np.array([[True, False, True], [False, True, False]])
POINTS = np.array([0.0, 1.0, 2.5, 4.0])

CASES = [
    case(np.where, MASK, normal(2, 3), normal(3)),
    case(np.where, MASK, normal(), normal(2, 3)),
    case(np.where, MASK[0], normal(2, 3, dtype=complex), normal(2, 1)),
    case(np.select, [MASK, MASK[:, ::-1]], [normal(2, 3), normal(3)], normal(2, 1)),
    case(np.select, [MASK, ~MASK], [normal(2, 3), normal(2, 3)]),
    case(np.choose, np.array([0, 1, 2, 1]), [normal(4), normal(4), normal(1)]),
    case(np.choose, np.array([0, -1, 2, 5]), normal(3, 4), mode=["wrap", "clip"]),
    case(np.ndarray.choose, np.array([0, -1, 2, 5]), (normal(4), normal(4)), mode="wrap"),
    case(np.ndarray.choose, np.array([0, 2, 1]), normal(3, 3)),
    case(masked, normal(2, 3), [MASK, ~MASK]),
    case(sum_of_chosen, [normal(2, 3), normal(2, 3)], [MASK, ~MASK], (2, 3)).but(float32=False),
    case([np.clip, np.ndarray.clip], normal(3, 4), -0.3, 0.4),
    case([np.clip, np.ndarray.clip], normal(3, 4), None, 0.4),
    case(np.ndarray.clip, normal(3, 4), -0.3),
    case(np.clip, normal(3, 4), uniform(-1.0, -0.2, shape=(4,)), uniform(0.2, 1.0, shape=(3, 1))),
    case(np.clip, normal(6), min=-0.3, max=0.4),
    case([np.clip, np.ndarray.clip], normal(6), max=[0.2, None], min=-0.3),
    case(np.sort, normal(4, 5), axis=[None, 0, -1]),
    case(np.partition, normal(4, 5), 2, axis=[None, 0, -1]),
    case(put_back, normal(2, 3), np.array([[2, 0, 1], [0, 2, 1]])),
    case(np.unique, normal(2, 3)),
    case(np.unique, normal(4, 3), axis=[0, 1], return_counts=[False, True]),
    case(np.unique, normal(4), True, True),
    case(np.interp, np.array([-1.0, 0.3, 0.7, 1.9, 3.3, 3.9, 5.0]), POINTS, normal(4)),
    case(np.interp, np.array([-1.0, 0.3, 5.0]), POINTS, normal(4), left=2.0, right=3.0),
    case(np.interp, np.array([[-1.0, 0.3], [5.0, 2.0]]), POINTS, normal(4, dtype=complex)),
    case(np.interp, uniform(1.2, 2.2), POINTS, normal(4)),
    case(np.bincount, np.array([0, 1, 1, 3]), normal(4), minlength=[0, 6]),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case.but(float32=case.float32 and case.function not in (np.interp, np.bincount)))


def test_what_is_not_chosen_gets_zero_even_from_infinity():
    condition = np.array([True, False])
    _, pullback = apply_rule(np.where, (condition, np.ones(2), np.ones(2)), {})
    _, x_bar, y_bar = pullback(np.array([np.inf, np.nan]))
    assert x_bar.tolist() == [np.inf, 0]
    assert y_bar[0] == 0


def test_at_a_bound_the_cotangent_goes_to_the_clipped():
    _, pullback = apply_rule(np.clip, (np.array([-1.0, 0.0, 1.0, 2.0]), 0.0, 1.0), {})
    bars = pullback(np.ones(4))
    assert bars[0].tolist() == [0, 1, 1, 0]
    assert (bars[1].sum(), bars[2].sum()) == (1, 1)


def test_equal_values_are_unique_at_their_first_occurrence():
    _, pullback = apply_rule(np.unique, (np.array([2.0, 1.0, 2.0]),), {})
    assert pullback(np.array([3.0, 5.0]))[0].tolist() == [5, 3, 0]


def test_where_of_a_condition_alone_is_constant():
    y, pullback = apply_rule(np.where, (np.array([0.0, 1.0]),), {})
    assert (y[0].tolist(), pullback((None,))) == ([1], [None])


def test_periodic_interpolation_is_refused():
    with pytest.raises(MissingRuleError, match="period"):
        apply_rule(np.interp, (np.ones(1), POINTS, POINTS), {"period": 4.0})


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0) ** 3),
        lambda x: np.sum(np.where(x > 0, x**0.5, 0.0) ** 3),
        lambda x: np.sum(np.sqrt(x)[x > 0] ** 3),
        lambda x: np.sum(np.where(x > 0, x**1.5, 0.0)),
    ],
)
def test_second_derivatives_of_what_was_not_selected_are_zero(f):
    """Of x^1.5 where x > 0: (3/4) x^-0.5. Beyond it the slope of the square root is NaN."""
    x = np.array([0.3, 0.7, -0.4, 0.9])
    expected = np.where(x > 0, 0.75 / np.sqrt(np.abs(x)), 0.0)
    (twice,) = ad.gradient(lambda x: np.sum(ad.gradient(f, x)[0]), x)
    np.testing.assert_allclose(twice, expected)
    np.testing.assert_allclose(ad.hvp(f, x, np.ones(4)), expected)
