"""Every program of the corpus, by every route, against its reference."""

import pytest

from tests.programs.registry import load_all
from tests.routes import ROUTES, check_program, check_second_order

PROGRAMS = load_all()
TWICE = [p for p in PROGRAMS if p.second]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_gradient(program, route):
    check_program(program, {route: ROUTES[route]})


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("program", TWICE, ids=str)
def test_second_order(program, route):
    check_second_order(program, {route: ROUTES[route]})
