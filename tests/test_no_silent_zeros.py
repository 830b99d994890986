"""Nothing is ever silently given a zero gradient because it was not understood."""

import numpy as np
import pytest

from tests.silence import (
    arrays,
    check,
    containers,
    control,
    language,
    libraries,
    objects,
    programs,
    writes,
)

NUMBER = 1.37
ARRAY = np.array([0.7, -1.3, 2.1, 0.4])
CASES = [
    *[
        (f, NUMBER)
        for module in (containers, control, language, libraries, objects)
        for f in programs(vars(module))
    ],
    *[(f, ARRAY) for module in (arrays, writes) for f in programs(vars(module))],
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f, x", CASES, ids=[f.__name__ for f, _ in CASES])
def test_the_gradient_is_right_or_an_error(f, x):
    check(f, x)
