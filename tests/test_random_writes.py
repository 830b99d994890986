"""Random programs that write into arrays and views of them, by every route, against differences.

The derivative is right, or it is refused with an error of adjoint's own; by the default route most
programs are not refused. The examples are the same in every run; `ADJOINT_RANDOM_WRITES=1000` looks
at that many new ones.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from adjoint import MissingRuleError, UnsupportedSyntaxError
from tests.programs.random_writes import programs
from tests.routes import ROUTES, check_function

EXAMPLES = os.environ.get("ADJOINT_RANDOM_WRITES", "")
SETTINGS = settings(
    max_examples=int(EXAMPLES or 150),
    derandomize=not EXAMPLES,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
    deadline=None,
    suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
)
# Of the programs, how many have to be differentiated: the rest may be refused, never be wrong.
AT_LEAST = {"default": 0.6, "not optimised": 0.6}


@pytest.mark.parametrize("route", ROUTES)
def test_gradient(route):
    refused, right = [], []

    @SETTINGS
    @given(program=programs())
    def check(program):
        with ROUTES[route]():
            try:
                check_function(
                    program.load(),
                    program.arguments,
                    program.differences.gradient,
                    rtol=2e-6,
                    atol=2e-7,
                    title=f"{program!r}\nby route {route!r}",
                )
                right.append(program)
            except (UnsupportedSyntaxError, MissingRuleError) as error:
                refused.append(error)

    check()
    assert len(right) >= AT_LEAST.get(route, 0.0) * (len(right) + len(refused))
