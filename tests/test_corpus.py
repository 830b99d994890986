"""Every program of the corpus, by every route, against its reference."""

import pytest

from tests.programs.registry import load_all
from tests.routes import ROUTES, SECOND, check_program, check_second_order

PROGRAMS = load_all()
TWICE = [p for p in PROGRAMS if p.second]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_gradient(program, route):
    check_program(program, {route: ROUTES[route]})


@pytest.mark.parametrize(
    ("program", "route"),
    [
        pytest.param(program, route, id=f"{program}-{route}")
        for i, program in enumerate(TWICE)
        for j, route in enumerate(ROUTES)
        if route in SECOND or (i + j) % 6 == 0
    ],
)
def test_second_order(program, route):
    check_second_order(program, {route: ROUTES[route]})
