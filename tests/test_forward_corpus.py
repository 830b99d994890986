"""Every program of the corpus in forward mode, by every route, against its reference."""

import contextlib

import pytest

from adjoint.errors import AdjointError
from tests import test_corpus
from tests.forward_routes import check_program, check_second_order
from tests.programs.registry import load_all
from tests.routes import ROUTES

# Recursion that changes what it shares: the tangents of the callee's changes are not the caller's yet.
SHARED = """
    memo_in_a_dict table_filled_from_below table_given_as_an_argument memo_in_a_global_dict
    global_variables_read quicksort_of_an_array quicksort_of_a_list merge_sort_in_place
    fourier_transform_in_place views_of_the_callers_array view_given_back
    argument_of_the_program_written towers_of_hanoi choices_undone two_functions_in_turn
    list_handed_on totals_of_a_tree search_tree variable_of_the_function_around
    running_total_in_a_dict cleaned_up_after products_of_a_path
"""
REFUSED = test_corpus.REFUSED | {f"recursion.{name}" for name in SHARED.split()}
REFUSED |= {"state.memoised_by_hand", "collected.attribute_of_a_class"}
# A hook changes its gradient, which is no longer that of the function; its slope is (test_forward.py).
STEERED = {"steering.clipped_in_flight"}

# Modules with programs of what the gradient of a slope refuses, since its tangents are looked up when it
# runs: each is right, or it is refused.
LOOKED_UP = {
    "state", "grouped", "changing", "exceptions", "contexts", "patterns", "protocols", "generators", "steering",
    "in_place", "parameters", "simulations", "recursion", "deques", "local_classes", "iterators", "taken",
    "stepping", "collected", "drawing",
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


# An object with items of its own is unpacked where only running tells that it is one.
NOT_UNPACKED = {("protocols.unpacked", "untyped")}


@pytest.mark.parametrize(
    ("program", "route"),
    [pytest.param(p, r, id=f"{p}-{r}") for p in PROGRAMS for r in ROUTES if str(p) not in STEERED],
)
def test_slope(program, route):
    if (str(program), route) in NOT_UNPACKED:
        with pytest.raises(AdjointError, match="the items of a Vector have tangents"):
            check_program(program, {route: ROUTES[route]})
        return
    with right_or_refused(program, route):
        check_program(program, {route: ROUTES[route]})


# Gradients of slopes that are refused: the tangents of functions that call each other refer to each other.
NOT_BACK = {
    "functions.mutual_recursion_of_inner_functions",
    "functions.three_inner_functions_that_call_each_other",
}


# Derivatives of gradients along a direction that are refused: what `__iter__` gives is found at run time.
NOT_ALONG = {
    "protocols.unpacked", "protocols.reads", "protocols.its_own_iterator", "contexts.active_manager",
}  # fmt: skip


@pytest.mark.parametrize("program", [p for p in TWICE if str(p) in NOT_ALONG], ids=str)
def test_refused_along(program):
    with pytest.raises(AdjointError):
        check_second_order(program, "forward over reverse", ROUTES["default"])


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
        if str(program) not in (NOT_ALONG if order == "forward over reverse" else NOT_BACK)
    ],
)
def test_second_order(program, order):
    with right_or_refused(program, "default", 2, order == "reverse over forward"):
        check_second_order(program, order, ROUTES["default"])
