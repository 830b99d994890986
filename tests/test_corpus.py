"""Every program of the corpus, by every route, against its reference."""

import contextlib

import pytest

from adjoint.errors import AdjointError
from tests.programs.registry import load_all
from tests.routes import ROUTES, check_program, check_second_order

PROGRAMS = load_all()
TWICE = [p for p in PROGRAMS if p.second]
# Programs that write into arrays and are refused with an error by the default route: the array's type
# is only known when the program runs, or it is in a container, an attribute, `enumerate` or `putmask`.
REFUSED = {
    f"in_place.{name}"
    for name in (
        "parts_of_a_split arrays_in_a_dict writes_into_arguments_in_containers "
        "put_and_putmask booleans_written"
    ).split()
} | {
    "state.memoised_by_hand"  # recursion that changes what its functions share
}


@contextlib.contextmanager
def right_or_refused(program, route, order=1):
    """A program that writes or keeps state may be refused, off the default route or where listed."""
    listed = order == 1 and route == "default" and str(program) in REFUSED
    try:
        yield
        assert not listed, "it is differentiated now: take it off the list"
    except AdjointError as error:
        writes = program.module in ("in_place", "simulations", "state")
        writes |= order == 2 and str(program).startswith("contexts.jumps_out_of_it")
        if not writes or (order == 1 and route == "default" and str(program) not in REFUSED):
            raise
        assert str(error)


@pytest.mark.parametrize(
    ("program", "route"),
    [pytest.param(p, r, id=f"{p}-{r}") for p in PROGRAMS for r in ROUTES],
)
def test_gradient(program, route):
    with right_or_refused(program, route):
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
    with right_or_refused(program, route, order=2):
        check_second_order(program, {route: ROUTES[route]})
