"""Rules of running sums, products and extrema, differences, and order statistics."""

import numpy as np
import pytest

from adjoint.rules.cumulative import (
    cumprod_cotangent,
    diff_transpose,
    linear_recurrence,
)
from adjoint.rules.quantiles import quantile_cotangents, quantile_shares
from adjoint.testing import case, check_rule, expand, normal

WITH_ZEROS = np.random.default_rng(1).uniform(0.5, 1.5, (2, 5, 3))
WITH_ZEROS[:, 2] = WITH_ZEROS[:, 4] = 0.0
RUNNING = [np.cumsum, np.cumprod, np.nancumsum, np.ndarray.cumsum, np.ndarray.cumprod]
APART = np.random.default_rng(2).permutation(24).reshape(2, 3, 4) / 4.0  # no near ties
ACCUMULATE = [f.accumulate for f in (np.add, np.multiply, np.maximum, np.minimum)]
QUANTILES = [0.3, 0, 1, np.array([0.2, 0.64]), np.array([[0.27, 0.51, 0.9]])]
METHODS = ["linear", "lower", "midpoint", "hazen", "median_unbiased"]

CASES = [
    case(RUNNING, normal(2, 3, 4), axis=[None, 0, 1, -1]),
    case(RUNNING, normal(2, 3, dtype=complex), axis=[None, 0]),
    case([np.cumprod, np.ndarray.cumprod], WITH_ZEROS, axis=[None, 1]),
    case(ACCUMULATE, normal(3, 4)),
    case(ACCUMULATE, normal(3, 4), axis=[0, -1]),
    case([np.cumulative_sum, np.cumulative_prod], normal(4), include_initial=[False, True]),
    case(
        [np.cumulative_sum, np.cumulative_prod],
        normal(2, 3),
        axis=[0, -1],
        include_initial=[False, True],
    ),
    case(quantile_shares, APART[0, 0], 0.3),
    case(
        quantile_cotangents,
        normal(2, 1),
        APART[0, 0],
        np.array([0.3, 0.6]),
        None,
        "linear",
        None,
        False,
    ),
    case(cumprod_cotangent, normal(2, 3), normal(2, 3), normal(2, 3), 1),
    case(linear_recurrence, normal(4, 2), normal(4, 2)),
    case(linear_recurrence, normal(3, dtype=complex), normal(3, dtype=complex)),
    case(np.diff, normal(5, 6), n=[0, 1, 2, 3], axis=[0, -1]),
    case(np.diff, normal(5, 6), 2, 0, normal(2, 6), normal(1, 6)),
    case(np.diff, normal(5, 6), 1, -1, normal()),
    case(np.diff, normal(5), append=normal(2)),
    case(np.ediff1d, normal(2, 4)),
    case(np.ediff1d, normal(4), normal(2), normal()),
    case(diff_transpose, normal(3, 2), n=[0, 1, 2], axis=[0, 1]),
    case(np.median, APART, axis=[None, 0, 1, (2, 0)], keepdims=[False, True]),
    *(
        case(np.quantile, APART, q, axis=[None, 1, (0, -1)], keepdims=[False, True])
        for q in QUANTILES
    ),
    case(np.percentile, APART[0], q=[30, 52.0, np.array([10, 90.0])], axis=[None, 1]),
    case([np.quantile, np.percentile], APART[0, 0], q=[0.3], method=METHODS),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)
