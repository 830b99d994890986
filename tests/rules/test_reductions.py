"""Rules of sums, means, spreads, products and extrema along axes."""

import numpy as np
import pytest

from adjoint.rules.reductions import product_of_others, widen
from adjoint.testing import apply_rule, case, check_rule, expand, normal

AXES = [None, 0, -1, (0, 2), (-1, 0)]
KEPT = [False, True]
MASK = np.ones((2, 3, 4), bool)
MASK[0, 0, 1] = MASK[1, 2, 2] = MASK[1, 1, 0] = False
ROWS = np.ones((2, 3, 4), bool)
ROWS[:, 0, 1] = False
WITH_NAN = np.random.default_rng(0).standard_normal((2, 3, 4))
WITH_NAN[0, 1, 2] = WITH_NAN[1, 0, 0] = np.nan
WITH_ZEROS = np.random.default_rng(1).uniform(0.5, 1.5, (2, 3, 4))
WITH_ZEROS[0, 1, 2] = WITH_ZEROS[1, 0, 0] = 0.0
SUMS = [np.sum, np.mean, np.ndarray.sum, np.ndarray.mean]
SPREADS = [np.var, np.std, np.ndarray.var, np.ndarray.std]
PRODUCTS = [np.prod, np.ndarray.prod]
EXTREMA = [np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin, np.ndarray.max, np.ndarray.min]
REDUCE = [np.add.reduce, np.multiply.reduce, np.maximum.reduce, np.minimum.reduce]
a, complex_a = normal(2, 3, 4), normal(2, 3, 4, dtype=complex)

CASES = [
    case(SUMS, a, axis=AXES, keepdims=KEPT),
    case(SUMS, complex_a, axis=[None, 1]),
    case(SUMS, a, axis=1, where=ROWS[:1]).but(wide=True),
    case([np.sum, np.mean], normal()),
    case([np.sum, np.mean], np.arange(3)),
    case([np.sum, np.mean, np.std, np.max], [normal(), normal()]),
    case([np.sum, np.prod], a, axis=1, keepdims=KEPT, where=MASK),
    case([np.prod, np.nansum, np.nanprod], a, axis=1, initial=normal()),
    case([np.sum], a, axis=1, where=np.array([True, False, True, True])),
    case(REDUCE, a),
    case(REDUCE, a, axis=AXES, keepdims=KEPT),
    case(np.multiply.reduce, a, axis=1, where=MASK, initial=2.0),
    case(SPREADS, a, axis=[None, -1, (0, 2)], keepdims=KEPT, ddof=[0, 1]),
    case(SPREADS[:2], a, axis=[None, 1], correction=[1, 0.5]),
    case(SPREADS, a, axis=[None, 1], ddof=0.5),
    case([np.var, np.std], a, axis=1, mean=normal(2, 1, 4)),
    case([np.var, np.std], complex_a, axis=1, mean=normal(2, 1, 4)),
    case([np.nanvar, np.nanstd], a, axis=1, mean=normal(2, 1, 4), ddof=0.5),
    case(SPREADS[:2], a, axis=1, where=ROWS).but(wide=True),
    case(SPREADS, complex_a, axis=[None, 1]),
    case(PRODUCTS, a, axis=AXES, keepdims=KEPT),
    case(PRODUCTS, complex_a, axis=[None, 1]),
    case([*PRODUCTS, np.multiply.reduce], WITH_ZEROS, axis=AXES),
    case(EXTREMA, a, axis=AXES, keepdims=KEPT),
    case(EXTREMA[:4], a, axis=1, initial=0.1),
    case([np.max, np.nanmax, np.maximum.reduce], a, axis=1, where=MASK, initial=-9.0),
    case([np.min, np.nanmin, np.minimum.reduce], a, axis=1, where=MASK, initial=9.0),
    case(np.ptp, a, axis=AXES, keepdims=KEPT),
    case(np.logaddexp.reduce, a, axis=[0, -1], keepdims=KEPT),
    case([np.nansum, np.nanmean, np.nanprod], a, axis=AXES, keepdims=KEPT),
    case([np.nanvar, np.nanstd], a, axis=[None, -1], keepdims=KEPT, ddof=[0, 1]),
    case(widen, normal(2, 4), axis=1),
    case(widen, normal(3), axis=(0, -1)),
    case(product_of_others, WITH_ZEROS, axis=AXES),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


def cotangent(function, x, y_bar=1.0, **options):
    """The cotangent of x by the rule as it stands."""
    _, pullback = apply_rule(function, (x,), options)
    return pullback(y_bar)[0]


@pytest.mark.parametrize(
    "function",
    [np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin, np.nanvar, np.nanstd],
)
@pytest.mark.parametrize("axis", [None, 0, (0, 2)])
def test_what_is_no_number_gets_nothing(function, axis):
    present = ~np.isnan(WITH_NAN)
    v = np.random.default_rng(2).standard_normal(WITH_NAN.shape)
    step = 1e-6 * v
    above, below = function(WITH_NAN + step, axis=axis), function(WITH_NAN - step, axis=axis)
    bar = cotangent(function, WITH_NAN, np.ones(np.shape(above)), axis=axis)
    assert not np.any(bar[~present])
    np.testing.assert_allclose(np.sum(bar * v), np.sum(above - below) / 2e-6, rtol=1e-6)


@pytest.mark.parametrize("function", [np.max, np.amax, np.nanmax])
def test_ties_share_equally(function):
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    assert cotangent(function, x).tolist() == [[0, 0.5, 0.5], [0, 0, 0]]
    by_row = cotangent(function, x, np.ones(2), axis=1)
    np.testing.assert_allclose(by_row, [[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]])
    assert cotangent(np.ptp, x[0]).tolist() == [-1, 0.5, 0.5]


def test_spread_of_equal_numbers_is_flat():
    assert cotangent(np.std, np.ones(3)).tolist() == [0, 0, 0]
    assert cotangent(np.nanstd, np.ones(3)).tolist() == [0, 0, 0]


def test_a_product_with_zeros_is_exact():
    assert cotangent(np.prod, np.array([2.0, 0.0, 3.0])).tolist() == [0, 6, 0]
    assert cotangent(np.prod, np.array([0.0, 0.0, 3.0])).tolist() == [0, 0, 0]


@pytest.mark.parametrize("function", [np.sum, np.add.reduce])
def test_an_initial_value_is_added_to_every_sum(function):
    _, pullback = apply_rule(function, (np.ones((2, 3)),), {"axis": 1, "initial": 2.0})
    x_bar, _, initial_bar = pullback(np.array([1.0, 10.0]))
    assert x_bar.tolist() == [[1, 1, 1], [10, 10, 10]]
    assert initial_bar == 11.0
