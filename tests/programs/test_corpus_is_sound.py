"""The corpus itself is checked here: without adjoint, against finite differences and Autograd."""

import ast
import inspect
import io
import sys
from contextlib import redirect_stdout

import autograd
import numpy as np
import pytest

from tests.programs.differences import access_text, differentiate, leaves
from tests.programs.registry import MODULES, load_all

PROGRAMS = load_all()
SMOOTH = [p for p in PROGRAMS if p.expected is None]


def test_there_are_many_programs():
    assert {p.module for p in PROGRAMS} == set(MODULES)
    assert len({p.function for p in PROGRAMS}) >= 260


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_the_value_is_a_finite_real_scalar(program):
    value = program.function(*program.arguments)
    assert np.size(value) == 1 and np.isrealobj(value) and np.isfinite(value)
    assert not isinstance(value, bool)


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_the_program_is_deterministic(program):
    used, reused = program.arguments, program.arguments
    np.testing.assert_array_equal(program.function(*used), program.function(*reused))
    for (path, old), (_, new) in zip(leaves(used), leaves(reused), strict=True):
        np.testing.assert_array_equal(old, new, err_msg=access_text(path))


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_the_arguments_are_written_to_only_where_the_program_says_so(program):
    arguments = program.arguments
    program.function(*arguments)
    pairs = zip(leaves(program.arguments), leaves(arguments), strict=True)
    changed = [access_text(path) for (path, old), (_, new) in pairs if not np.array_equal(old, new)]
    assert bool(changed) == program.writes, changed


@pytest.mark.parametrize("program", SMOOTH, ids=str)
def test_differences_are_finite_and_stable(program):
    coarse = differentiate(program.function, program.arguments, program.static)
    fine = differentiate(program.function, program.arguments, program.static, step=2e-3)
    assert coarse.reliable(1e-6, 1e-7) or fine.reliable(1e-6, 1e-7), coarse.error
    assert coarse.agrees(fine, 1e-5, 1e-6), (coarse.gradient, fine.gradient)


def autograd_twin(program):
    """The program's function, with every `numpy` of its module replaced by Autograd's."""
    tree = ast.parse(inspect.getsource(sys.modules[program.function.__module__]))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name == "numpy":
                    name.name, name.asname = "autograd.numpy", "np"
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = []
    namespace = {"__name__": program.function.__module__}
    exec(compile(tree, f"<autograd {program.module}>", "exec"), namespace)
    return namespace[program.function.__name__]


# What Autograd has no derivative of (`+x`, `math.sin`, `ptp`, `cumprod`, `vdot`, two kinds of one index
# in `einsum`, …), and where it is wrong: it ignores `where=`, and divides by a zero in a product.
BEYOND_AUTOGRAD = {
    "straight_line.operators", "straight_line.floor_and_remainder", "straight_line.math_functions",
    "loops.over_elements", "arrays.extremes", "arrays.product_with_a_zero", "arrays.cumulative",
    "arrays.vector_products", "arrays.einsums", "arrays.transposing", "arrays.repeating",
    "arrays.flipping_and_rolling", "arrays.padding", "arrays.take_and_choose", "arrays.clipping",
    "arrays.sorting", "arrays.sorting_along_an_axis", "arrays.array_methods", "arrays.constructors",
    "arrays.mesh", "arrays.elementwise_functions", "arrays.binary_functions",
    "arrays.cholesky_and_eigenvalues", "arrays.norms", "arrays.fourier",
    "arrays.complex_intermediate", "arrays.convolution", "arrays.interpolation",
    "arrays.weighted_averages", "arrays.reduction_where", "numerics.kepler_equation",
    "numerics.fixed_point", "numerics.black_scholes", "numerics.black_scholes-2",
    "numerics.beta_log_density", "arrays.lists_for_arrays", "arrays.average_with_weights",
    "arrays.average_with_weights-2", "arrays.settings_that_are_numbers", "arrays.quantile_as_argument",
    "arrays.methods_of_numbers", "arrays.conjugate_of_a_number", "arrays.words_of_a_text",
}  # fmt: skip
IN_AUTOGRAD = [
    p
    for p in SMOOTH
    if p.module in ("straight_line", "loops", "arrays", "numerics")
    and p.name not in BEYOND_AUTOGRAD
]


@pytest.mark.filterwarnings("ignore:Output seems independent of input")
@pytest.mark.parametrize("program", IN_AUTOGRAD, ids=str)
def test_differences_agree_with_autograd(program):
    twin = autograd_twin(program)
    reference = differentiate(program.function, program.arguments, program.static)
    for position, argument in enumerate(program.arguments):
        if position in program.static:
            continue
        arguments = list(program.arguments)
        arguments[position] = as_float(argument)
        with redirect_stdout(io.StringIO()):
            found = autograd.grad(twin, position)(*arguments)
        got = {(("item", position), *path): leaf for path, leaf in leaves(found)}
        for path, value in reference.gradient.items():
            if path[0] == ("item", position):
                np.testing.assert_allclose(
                    got[path],
                    value,
                    rtol=max(program.rtol, 2e-6),
                    atol=max(program.atol, 2e-7),
                    err_msg=access_text(path),
                )


def as_float(value):
    """Autograd refuses integers."""
    if isinstance(value, int):
        return float(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "i":
        return value.astype(float)
    return value
