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
    ("second", "branches.condition_on_reduction", "default"): "UnboundLocalError in generated code",
    (
        "second",
        "branches.condition_on_reduction",
        "not optimised",
    ): "UnboundLocalError in generated code",
    ("second", "branches.elif_chain-3", "not inlined"): REFUSED + "third order at run time",
}

# Programs that write into arrays, refused; by the reason, what is asked of them, and the route.
IN_PLACE = REFUSED + "a write by a call whose rule is not inlined"
AUGMENTED = REFUSED + "an augmented assignment of which only running tells that it writes"
KEPT = REFUSED + "a write after a call that may have kept the array"
GIVEN = REFUSED + "a callee that writes into its argument, where it is not inlined"
CONTAINERS = REFUSED + "writes into containers and attributes"
FUNCTION = REFUSED + "NumPy functions that write, where the types do not tell how"
CONTAINER_TWICE = REFUSED + "second order through a container of arrays that are written to"
UNNAMED = "KeyError while generating code: matmul, dot and cumsum with out="
NOT_AN_ARRAY = "AttributeError in generated code: the shadow of None is looked for"
COLLECTED = "ValueError in generated code: a shadow's item may be an array"
UNBOUND = "UnboundLocalError in generated code"
ASSERTION = "AssertionError while generating code"
WRITES = {
    (IN_PLACE, "gradient", "run-time rules"): (
        "in_place.slices_with_steps in_place.slices_of_matrices in_place.masks_written "
        "in_place.repeated_indices in_place.every_operator in_place.matmul_assigned "
        "in_place.overlapping_slices in_place.view_of_a_view in_place.transpose_written "
        "in_place.reshapes_written in_place.reshape_that_copies "
        "in_place.axes_swapped_and_written in_place.reversed_view_written "
        "in_place.iteration_over_rows in_place.iteration_over_columns "
        "in_place.callee_that_writes in_place.view_returned_by_a_callee "
        "in_place.views_in_a_tuple in_place.writes_in_branches in_place.writes_in_branches-2 "
        "in_place.writes_before_leaving_early in_place.writes_before_leaving_early-2 "
        "in_place.writes_in_a_while_loop in_place.results_written_to_out "
        "in_place.contractions_written_to_out in_place.filled "
        "in_place.single_precision_written_with_doubles in_place.writes_into_an_argument "
        "in_place.writes_into_rows_of_an_argument in_place.argument_overwritten_altogether "
        "in_place.copies_are_apart in_place.value_needed_before_and_after "
        "in_place.array_of_arrays in_place.broadcast_writes "
        "in_place.chained_and_walrus_assignments in_place.complex_arrays_written "
        "simulations.heat_stencil simulations.gram_schmidt simulations.kalman_filter "
        "simulations.forward_algorithm simulations.particles "
        "simulations.newton_until_it_converges simulations.power_iteration "
        "simulations.upwind_advection simulations.belief_propagation "
        "simulations.convolution_by_loops simulations.recurrent_states "
    ),
    (IN_PLACE, "gradient", "untyped"): (
        "in_place.slices_with_steps in_place.slices_of_matrices in_place.repeated_indices "
        "in_place.writes_before_leaving_early in_place.writes_before_leaving_early-2 "
        "in_place.results_written_to_out in_place.contractions_written_to_out in_place.filled "
        "in_place.array_of_arrays in_place.broadcast_writes "
        "in_place.chained_and_walrus_assignments in_place.complex_arrays_written "
        "simulations.kalman_filter simulations.forward_algorithm simulations.particles "
        "simulations.newton_until_it_converges simulations.recurrent_states "
    ),
    (AUGMENTED, "gradient", "untyped"): (
        "in_place.masks_written in_place.every_operator in_place.matmul_assigned "
        "in_place.rows_assigned in_place.overlapping_slices in_place.view_of_a_view "
        "in_place.transpose_written in_place.reshapes_written in_place.reshape_that_copies "
        "in_place.axes_swapped_and_written in_place.reversed_view_written "
        "in_place.iteration_over_rows in_place.iteration_over_columns "
        "in_place.parts_of_a_split in_place.parts_of_a_matrix in_place.views_in_a_tuple "
        "in_place.views_in_a_list in_place.writes_in_branches-2 "
        "in_place.writes_in_a_while_loop in_place.single_precision_written_with_doubles "
        "in_place.booleans_written in_place.writes_into_an_argument "
        "in_place.writes_into_rows_of_an_argument "
        "in_place.writes_into_arguments_in_containers "
        "in_place.argument_overwritten_altogether in_place.copies_are_apart "
        "in_place.value_needed_before_and_after simulations.heat_stencil "
        "simulations.elimination_with_pivoting simulations.gram_schmidt "
        "simulations.householder simulations.leapfrog simulations.conjugate_gradient "
        "simulations.upwind_advection simulations.belief_propagation "
        "simulations.convolution_by_loops "
    ),
    (IN_PLACE, "second", "default"): "in_place.every_operator",
    (IN_PLACE, "second", "not inlined"): "in_place.every_operator",
    (IN_PLACE, "second", "not optimised"): "in_place.every_operator",
    (UNNAMED, "gradient", "not optimised"): (
        "in_place.matmul_assigned in_place.contractions_written_to_out simulations.power_iteration "
    ),
    (UNNAMED, "second", "not optimised"): (
        "in_place.matmul_assigned in_place.contractions_written_to_out simulations.power_iteration "
    ),
    (AUGMENTED, "gradient", "default"): (
        "in_place.rows_assigned in_place.parts_of_a_split in_place.parts_of_a_matrix "
        "in_place.callee_that_writes in_place.view_returned_by_a_callee "
        "in_place.views_in_a_list in_place.booleans_written "
        "simulations.elimination_with_pivoting simulations.householder "
    ),
    (AUGMENTED, "gradient", "run-time rules"): (
        "in_place.rows_assigned in_place.parts_of_a_split in_place.parts_of_a_matrix "
        "in_place.views_in_a_list in_place.booleans_written "
        "simulations.elimination_with_pivoting simulations.householder "
    ),
    (AUGMENTED, "gradient", "not inlined"): (
        "in_place.rows_assigned in_place.parts_of_a_split in_place.parts_of_a_matrix "
        "in_place.views_in_a_list in_place.booleans_written "
        "simulations.elimination_with_pivoting simulations.householder "
    ),
    (AUGMENTED, "gradient", "not optimised"): (
        "in_place.rows_assigned in_place.parts_of_a_split in_place.parts_of_a_matrix "
        "in_place.callee_that_writes in_place.view_returned_by_a_callee "
        "in_place.views_in_a_list in_place.booleans_written "
        "simulations.elimination_with_pivoting simulations.householder "
    ),
    (AUGMENTED, "second", "default"): (
        "in_place.rows_assigned in_place.parts_of_a_split in_place.parts_of_a_matrix "
        "in_place.callee_that_writes in_place.view_returned_by_a_callee "
        "in_place.views_in_a_list in_place.booleans_written "
        "simulations.elimination_with_pivoting simulations.householder "
    ),
    (AUGMENTED, "second", "not inlined"): (
        "in_place.rows_assigned in_place.parts_of_a_split in_place.parts_of_a_matrix "
        "in_place.views_in_a_list in_place.booleans_written "
        "simulations.elimination_with_pivoting simulations.householder "
    ),
    (AUGMENTED, "second", "not optimised"): (
        "in_place.rows_assigned in_place.parts_of_a_split in_place.parts_of_a_matrix "
        "in_place.callee_that_writes in_place.view_returned_by_a_callee "
        "in_place.views_in_a_list in_place.booleans_written "
        "simulations.elimination_with_pivoting simulations.householder "
    ),
    (KEPT, "second", "default"): (
        "in_place.reshapes_written in_place.iteration_over_rows simulations.gauss_seidel "
        "simulations.cholesky_by_hand simulations.triangular_solves simulations.prefix_sums "
        "simulations.weighted_histogram simulations.jacobi_iteration "
        "simulations.floyd_warshall simulations.recurrent_states "
    ),
    (KEPT, "second", "not inlined"): (
        "in_place.reshapes_written in_place.iteration_over_rows "
        "in_place.view_returned_by_a_callee in_place.class_that_supports_item_assignment "
        "simulations.euler_trajectory simulations.runge_kutta_trajectory "
        "simulations.gauss_seidel simulations.cholesky_by_hand simulations.triangular_solves "
        "simulations.prefix_sums simulations.weighted_histogram simulations.jacobi_iteration "
        "simulations.floyd_warshall simulations.recurrent_states "
    ),
    (KEPT, "second", "not optimised"): (
        "in_place.reshapes_written in_place.iteration_over_rows simulations.gauss_seidel "
        "simulations.cholesky_by_hand simulations.triangular_solves simulations.prefix_sums "
        "simulations.weighted_histogram simulations.jacobi_iteration "
        "simulations.floyd_warshall simulations.recurrent_states "
    ),
    (KEPT, "gradient", "default"): "in_place.iteration_over_rows",
    (KEPT, "gradient", "not inlined"): (
        "in_place.iteration_over_rows in_place.view_returned_by_a_callee "
        "in_place.class_that_supports_item_assignment simulations.euler_trajectory "
        "simulations.runge_kutta_trajectory "
    ),
    (KEPT, "gradient", "not optimised"): "in_place.iteration_over_rows",
    (GIVEN, "gradient", "untyped"): (
        "in_place.callee_that_writes in_place.callee_that_returns_its_argument "
        "in_place.writes_by_a_closure "
    ),
    (GIVEN, "gradient", "not inlined"): (
        "in_place.callee_that_writes in_place.callee_that_returns_its_argument "
        "in_place.writes_by_a_closure in_place.writes_into_rows_of_an_argument "
    ),
    (GIVEN, "second", "not inlined"): (
        "in_place.callee_that_writes in_place.callee_that_returns_its_argument "
        "in_place.writes_by_a_closure in_place.writes_before_leaving_early "
        "in_place.writes_before_leaving_early-2 in_place.writes_into_an_argument "
        "in_place.writes_into_rows_of_an_argument in_place.argument_overwritten_altogether "
        "simulations.black_scholes_grid "
    ),
    (KEPT, "gradient", "untyped"): (
        "in_place.view_returned_by_a_callee in_place.class_that_supports_item_assignment "
        "simulations.euler_trajectory simulations.runge_kutta_trajectory "
    ),
    (CONTAINERS, "gradient", "default"): (
        "in_place.arrays_in_a_dict in_place.writes_into_arguments_in_containers "
        "in_place.writes_into_an_attribute simulations.momentum_descent "
    ),
    (CONTAINERS, "gradient", "run-time rules"): (
        "in_place.arrays_in_a_dict in_place.writes_into_arguments_in_containers "
        "in_place.writes_into_an_attribute simulations.momentum_descent "
    ),
    (CONTAINERS, "gradient", "untyped"): (
        "in_place.arrays_in_a_dict in_place.writes_into_an_attribute simulations.momentum_descent "
    ),
    (CONTAINERS, "gradient", "not inlined"): (
        "in_place.arrays_in_a_dict in_place.writes_into_arguments_in_containers "
        "in_place.writes_into_an_attribute simulations.momentum_descent "
    ),
    (CONTAINERS, "gradient", "not optimised"): (
        "in_place.arrays_in_a_dict in_place.writes_into_arguments_in_containers "
        "in_place.writes_into_an_attribute simulations.momentum_descent "
    ),
    (CONTAINERS, "second", "default"): (
        "in_place.arrays_in_a_dict in_place.writes_into_arguments_in_containers "
        "in_place.writes_into_an_attribute simulations.momentum_descent "
    ),
    (CONTAINERS, "second", "not inlined"): (
        "in_place.arrays_in_a_dict in_place.writes_into_arguments_in_containers "
        "in_place.writes_into_an_attribute simulations.momentum_descent "
    ),
    (CONTAINERS, "second", "not optimised"): (
        "in_place.arrays_in_a_dict in_place.writes_into_arguments_in_containers "
        "in_place.writes_into_an_attribute simulations.momentum_descent "
    ),
    (NOT_AN_ARRAY, "second", "not inlined"): "in_place.writes_in_branches simulations.leapfrog",
    (NOT_AN_ARRAY, "second", "default"): (
        "in_place.writes_before_leaving_early in_place.writes_before_leaving_early-2 "
        "simulations.leapfrog "
    ),
    (NOT_AN_ARRAY, "second", "not optimised"): (
        "in_place.writes_before_leaving_early in_place.writes_before_leaving_early-2 "
        "simulations.leapfrog "
    ),
    (FUNCTION, "gradient", "untyped"): (
        "in_place.copies_where_it_holds in_place.sorted_in_place in_place.diagonal_filled "
        "in_place.put_and_putmask simulations.power_iteration "
    ),
    (FUNCTION, "gradient", "default"): "in_place.put_and_putmask",
    (FUNCTION, "gradient", "run-time rules"): "in_place.put_and_putmask",
    (FUNCTION, "gradient", "not inlined"): "in_place.put_and_putmask",
    (FUNCTION, "gradient", "not optimised"): "in_place.put_and_putmask",
    (FUNCTION, "second", "default"): "in_place.put_and_putmask",
    (FUNCTION, "second", "not inlined"): "in_place.put_and_putmask",
    (FUNCTION, "second", "not optimised"): "in_place.put_and_putmask",
    (CONTAINER_TWICE, "second", "default"): "in_place.integers_written_with_floats",
    (CONTAINER_TWICE, "second", "not inlined"): "in_place.integers_written_with_floats",
    (CONTAINER_TWICE, "second", "not optimised"): "in_place.integers_written_with_floats",
    (COLLECTED, "gradient", "default"): "simulations.gram_schmidt",
    (COLLECTED, "second", "default"): "simulations.gram_schmidt",
    (COLLECTED, "gradient", "not inlined"): "simulations.gram_schmidt",
    (COLLECTED, "second", "not inlined"): "simulations.gram_schmidt",
    (COLLECTED, "gradient", "not optimised"): "simulations.gram_schmidt",
    (COLLECTED, "second", "not optimised"): "simulations.gram_schmidt",
    (UNBOUND, "second", "default"): "in_place.writes_in_branches",
    (UNBOUND, "second", "not optimised"): "in_place.writes_in_branches",
    (ASSERTION, "gradient", "untyped"): "in_place.scattered_additions",
}
GAPS |= {
    (kind, program, route): reason
    for (reason, kind, route), programs in WRITES.items()
    for program in programs.split()
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
