"""Every program of the corpus in forward mode, by every route, against its reference."""

import pytest

from tests.forward_routes import check_program, check_second_order
from tests.programs.registry import load_all
from tests.routes import ROUTES
from tests.test_corpus import REFUSED, right_or_refused

# What forward mode does not refuse, of what reverse mode does.
FURTHER = {"simulations.weighted_histogram"}

PROGRAMS = load_all()
TWICE = [p for p in PROGRAMS if p.second]


@pytest.mark.parametrize(
    ("program", "route"),
    [pytest.param(p, r, id=f"{p}-{r}") for p in PROGRAMS for r in ROUTES],
)
def test_slope(program, route):
    with right_or_refused(program, route, refused=REFUSED - FURTHER):
        check_program(program, {route: ROUTES[route]})


@pytest.mark.parametrize("order", ["forward over reverse", "reverse over forward"])
@pytest.mark.parametrize("program", TWICE, ids=str)
def test_second_order(program, order):
    with right_or_refused(program, "default", order=2):
        check_second_order(program, order, ROUTES["default"])
