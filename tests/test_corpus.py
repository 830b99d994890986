"""Every program of the corpus, by every route, against its reference."""

import pytest

from tests.programs.registry import load_all
from tests.routes import ROUTES, SECOND, check_program, check_second_order

PROGRAMS = load_all()
TWICE = [p for p in PROGRAMS if p.second]

# What is refused with an error where it should work; strict, so that a repair is noticed.
REFUSED = "refused with an error of adjoint's own: "
UNINLINED = REFUSED + "a base class's __init__ is followed only where it can be inlined"
GAPS = {
    ("gradient", "objects.dataclass_replaced", "untyped"): REFUSED
    + "dataclasses.replace at run time",
    ("gradient", "objects.inheritance_built_inside", "untyped"): UNINLINED,
    ("gradient", "objects.inheritance_built_inside", "not inlined"): UNINLINED,
    ("second", "objects.dual_numbers", "not inlined"): REFUSED + "third order at run time",
    ("second", "objects.layer_built_inside", "not inlined"): REFUSED + "third order at run time",
    ("second", "arrays.weighted_averages", "default"): REFUSED + "np.multiply with dtype=",
    ("second", "arrays.weighted_averages", "not inlined"): REFUSED + "np.multiply with dtype=",
    ("second", "arrays.weighted_averages", "not optimised"): REFUSED + "np.multiply with dtype=",
}


def marks(kind, program, route):
    reason = GAPS.get((kind, str(program), route))
    return [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]


@pytest.mark.parametrize(
    ("program", "route"),
    [
        pytest.param(p, r, id=f"{p}-{r}", marks=marks("gradient", p, r))
        for p in PROGRAMS
        for r in ROUTES
    ],
)
def test_gradient(program, route):
    check_program(program, {route: ROUTES[route]})


@pytest.mark.parametrize(
    ("program", "route"),
    [
        pytest.param(program, route, id=f"{program}-{route}", marks=marks("second", program, route))
        for i, program in enumerate(TWICE)
        for j, route in enumerate(ROUTES)
        if route in SECOND and (route == SECOND[0] or (i + j) % 3 == 0)
    ],
)
def test_second_order(program, route):
    check_second_order(program, {route: ROUTES[route]})
