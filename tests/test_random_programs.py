"""Random programs, by every route, against finite differences.

The examples are the same in every run; `ADJOINT_RANDOM_PROGRAMS=1000` looks at that many new ones.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.programs.generator import programs
from tests.routes import ROUTES, check_function

EXAMPLES = os.environ.get("ADJOINT_RANDOM_PROGRAMS", "")
SETTINGS = settings(
    max_examples=int(EXAMPLES or 100),
    derandomize=not EXAMPLES,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("route", ROUTES)
@SETTINGS
@given(program=programs())
def test_gradient(program, route):
    with ROUTES[route]():
        check_function(
            program.load(),
            program.arguments,
            program.differences.gradient,
            rtol=2e-6,
            atol=2e-7,
            title=f"{program!r}\nby route {route!r}",
        )
