"""Random programs in forward mode, by every route, against finite differences.

The derivative is right, or, of programs that write into arrays or keep state, refused with an error of adjoint's own.
`ADJOINT_RANDOM_PROGRAMS=1000`, `ADJOINT_RANDOM_WRITES=1000` and `ADJOINT_RANDOM_STATE=1000` look at that many new ones.
"""

import pytest
from hypothesis import given

from adjoint import AdjointError, UnsupportedSyntaxError
from tests.forward_routes import check_slope
from tests.programs import generator, random_state, random_writes
from tests.routes import ROUTES
from tests.test_random_programs import SETTINGS
from tests.test_random_state import AT_LEAST as STATE_AT_LEAST
from tests.test_random_state import SETTINGS as STATE
from tests.test_random_writes import AT_LEAST
from tests.test_random_writes import SETTINGS as WRITES


def check(program, route):
    with ROUTES[route]():
        check_slope(
            program.load(),
            program.arguments,
            program.differences.gradient,
            rtol=2e-6,
            atol=2e-7,
            title=f"{program!r}\nby route {route!r}",
        )


@pytest.mark.parametrize("route", ROUTES)
@SETTINGS
@given(program=generator.programs())
def test_slope(program, route):
    try:
        check(program, route)
    except UnsupportedSyntaxError as error:  # without types it is not known what a call may change
        assert route in ("untyped", "not inlined")
        assert "the condition of a `while` loop" in str(error)


@pytest.mark.parametrize("route", ROUTES)
def test_slope_of_writes(route):
    refused, right = [], []

    @WRITES
    @given(program=random_writes.programs())
    def attempt(program):
        try:
            check(program, route)
            right.append(program)
        except AdjointError as error:
            refused.append(error)

    attempt()
    assert len(right) >= AT_LEAST.get(route, 0.0) * (len(right) + len(refused))


@pytest.mark.parametrize("route", ROUTES)
def test_slope_of_state(route):
    refused, right = [], []

    @STATE
    @given(program=random_state.programs())
    def attempt(program):
        try:
            check(program, route)
            right.append(program)
        except AdjointError as error:
            refused.append(error)

    attempt()
    assert len(right) >= STATE_AT_LEAST.get(route, 0.0) * (len(right) + len(refused))
