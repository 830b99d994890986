"""Every program of the corpus in forward mode, by every route, against its reference."""

import pytest

from adjoint.errors import AdjointError
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


# Gradients of slopes that are refused: the tangents of functions that call each other refer to each
# other, and lists are grown in the tangent of `einsum`.
NOT_BACK = {
    "functions.mutual_recursion_of_inner_functions",
    "functions.three_inner_functions_that_call_each_other",
    "arrays.einsums",
}


@pytest.mark.parametrize("program", [p for p in TWICE if str(p) in NOT_BACK], ids=str)
def test_refused(program):
    with pytest.raises(AdjointError):
        check_second_order(program, "reverse over forward", ROUTES["default"])


@pytest.mark.parametrize(
    ("program", "order"),
    [
        pytest.param(program, order, id=f"{program}-{order}")
        for program in TWICE
        for order in ("forward over reverse", "reverse over forward")
        if order == "forward over reverse" or str(program) not in NOT_BACK
    ],
)
def test_second_order(program, order):
    with right_or_refused(program, "default", order=2):
        check_second_order(program, order, ROUTES["default"])
