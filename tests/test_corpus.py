"""Every program of the corpus, by every route, against its reference."""

import contextlib

import pytest

from adjoint.errors import AdjointError
from tests.programs.registry import WRITING, load_all
from tests.routes import ROUTES, check_program, check_second_order

PROGRAMS = load_all()
TWICE = [p for p in PROGRAMS if p.second]
# Programs that are refused with an error by the default route.
REFUSED: set[str] = set()
# Where only running tells what raises, an exception may carry a value, and what reads of it is refused.
CARRIED_TWICE = ("contexts.jumps_out_of_it", "contexts.not_suppressed", "contexts.silenced")
CARRIED = ("exceptions.raised_from",)


@contextlib.contextmanager
def right_or_refused(program, route, order=1, refused=REFUSED):
    """A program that writes or keeps state may be refused, off the default route or where listed."""
    listed = order == 1 and route == "default" and str(program) in refused
    try:
        yield
        assert not listed, "it is differentiated now: take it off the list"
    except AdjointError as error:
        writes = program.module in WRITING
        writes |= str(program).startswith((*CARRIED, *CARRIED_TWICE) if order == 2 else CARRIED)
        if not writes or (order == 1 and route == "default" and str(program) not in refused):
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
