"""Programs that keep state in ways that are easy to lose sight of: each right, or on its module's list."""

import pytest

from tests.routes import ROUTES
from tests.silence import (
    arguments_changed,
    array_iteration,
    array_names,
    array_views,
    carried,
    computed_attributes,
    failing_callees,
    grown_by_iterators,
    hidden_calls,
    interrupted,
    interrupted_iterators,
    kept_in_order,
    late_conditions,
    late_iterators,
    late_operands,
    missing_attributes,
    own_next,
    recovered,
    rewritten,
    several_names,
    shape_lists,
    shared_iterators,
    shared_rows,
    special_methods,
    unknown_types,
)
from tests.silence.listed import (
    cases,
    check,
    check_along,
    check_error_or_right,
    check_forward,
    check_second_order,
)

MODULES = (
    late_iterators,
    shared_iterators,
    grown_by_iterators,
    array_iteration,
    several_names,
    shared_rows,
    arguments_changed,
    hidden_calls,
    special_methods,
    missing_attributes,
    computed_attributes,
    interrupted,
    interrupted_iterators,
    recovered,
    carried,
    array_views,
    array_names,
    late_conditions,
    late_operands,
    shape_lists,
    unknown_types,
    rewritten,
    own_next,
    failing_callees,
    kept_in_order,
)
CASES = [case for module in MODULES for case in cases(module)]
TWICE = [c for c in CASES if len(c.arguments) == 1 and c.flat]
OTHER_ROUTES = [route for route in ROUTES if route != "default"]
# What classes and functions do unasked is looked for by the types of values: these routes know few.
BY_TYPE = (hidden_calls, special_methods, missing_attributes, own_next)
WITHOUT_TYPES = ("untyped", "not inlined")
SHARED_OUT = [  # every program goes by one of the other routes
    (case, route)
    for i, case in enumerate(CASES)
    for route in [OTHER_ROUTES[i % len(OTHER_ROUTES)]]
    if not (case.module in BY_TYPE and route in WITHOUT_TYPES)
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_right_or_refused_as_listed(case):
    check(case)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("case", "route"), SHARED_OUT, ids=str)
def test_other_routes(case, route):
    with ROUTES[route]():
        check_error_or_right(case)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", TWICE, ids=str)
def test_second_order(case):
    check_second_order(case)


NOT_FORWARD: set[str] = set()  # those that forward mode refuses


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward(case):
    check_forward(case, str(case) in NOT_FORWARD)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", TWICE, ids=str)
def test_along(case):
    check_along(case)
