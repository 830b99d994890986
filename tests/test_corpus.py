"""Every program of the corpus, by every route, against its reference."""

import pytest

from tests.programs.registry import load_all
from tests.routes import ROUTES, check_program, check_second_order

PROGRAMS = load_all()
TWICE = [p for p in PROGRAMS if p.second]


@pytest.mark.parametrize(
    ("program", "route"),
    [pytest.param(p, r, id=f"{p}-{r}") for p in PROGRAMS for r in ROUTES],
)
def test_gradient(program, route):
    check_program(program, {route: ROUTES[route]})


@pytest.mark.parametrize(
    ("program", "route"),
    [
        pytest.param(program, route, id=f"{program}-{route}")
        for i, program in enumerate(TWICE)
        for j, route in enumerate(ROUTES)
        if route == "default" or (i + j) % 3 == 0  # the others share the programs out
    ],
)
def test_second_order(program, route):
    check_second_order(program, {route: ROUTES[route]})
