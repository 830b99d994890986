"""Nothing is ever silently given a zero gradient because it was not understood."""

import numpy as np
import pytest

from tests.silence import (
    arrays,
    check,
    check_second_order,
    check_slope,
    containers,
    control,
    gradient_of_gradient,
    gradient_of_slope,
    language,
    libraries,
    local_classes,
    objects,
    programs,
    slope_of_gradient,
    slope_of_slope,
    standard_library,
    writes,
)

NUMBER = 1.37
ARRAY = np.array([0.7, -1.3, 2.1, 0.4])
CASES = [
    *[
        (f, NUMBER)
        for module in (
            containers,
            control,
            language,
            libraries,
            local_classes,
            objects,
            standard_library,
        )
        for f in programs(vars(module))
    ],
    *[(f, ARRAY) for module in (arrays, writes) for f in programs(vars(module))],
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f, x", CASES, ids=[f.__name__ for f, _ in CASES])
def test_the_gradient_is_right_or_an_error(f, x):
    check(f, x)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f, x", CASES, ids=[f.__name__ for f, _ in CASES])
def test_the_slope_is_right_or_an_error(f, x):
    check_slope(f, x)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "order", [gradient_of_slope, slope_of_gradient, slope_of_slope, gradient_of_gradient]
)
@pytest.mark.parametrize(
    "f, x",
    [c for c in CASES if not hasattr(c[0], "extra")],
    ids=[f.__name__ for f, _ in CASES if not hasattr(f, "extra")],
)
def test_the_second_derivative_is_right_or_an_error(order, f, x):
    check_second_order(order, f, x)
