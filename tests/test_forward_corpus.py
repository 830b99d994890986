"""Every program of the corpus in forward mode, by every route, against its reference."""

import contextlib

import pytest

from adjoint.errors import AdjointError
from tests import test_corpus
from tests.forward_routes import check_program, check_second_order
from tests.programs.registry import load_all
from tests.routes import ROUTES

REFUSED = test_corpus.REFUSED
# A hook changes its gradient, which is no longer that of the function; its slope is (test_forward.py).
STEERED = {"steering.clipped_in_flight"}

# Modules with programs of what the gradient of a slope refuses, since its tangents are looked up when it
# runs: each is right, or it is refused.
LOOKED_UP = {
    "state", "grouped", "changing", "exceptions", "contexts", "patterns", "protocols", "generators", "steering",
    "in_place", "simulations", "recursion", "deques", "local_classes",
}  # fmt: skip

PROGRAMS = load_all()
TWICE = [p for p in PROGRAMS if p.second]


@contextlib.contextmanager
def right_or_refused(program, route, order=1, back=False):
    if not back or program.module not in LOOKED_UP:
        with test_corpus.right_or_refused(program, route, order, REFUSED):
            yield
        return
    try:
        yield
    except AdjointError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("program", "route"),
    [pytest.param(p, r, id=f"{p}-{r}") for p in PROGRAMS for r in ROUTES if str(p) not in STEERED],
)
def test_slope(program, route):
    with right_or_refused(program, route):
        check_program(program, {route: ROUTES[route]})


# Gradients of slopes that are refused: the tangents of functions that call each other refer to each other.
NOT_BACK = {
    "functions.mutual_recursion_of_inner_functions",
    "functions.three_inner_functions_that_call_each_other",
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
    with right_or_refused(program, "default", 2, order == "reverse over forward"):
        check_second_order(program, order, ROUTES["default"])
