"""The random programs run, and among them they have every construct of the language."""

import inspect
from collections import Counter

import numpy as np
from hypothesis import HealthCheck, given, settings

from tests.programs.generator import RandomProgram, programs

CONSTRUCTS = """
if, elif, else, ternary, walrus, condition chain, condition and, condition or, condition not,
for over range, for over array, for over list, for over zip, for over enumerate, for over rows,
while, while on value, while True, break, continue, early return, counter in arithmetic,
nested function, helper function, recursion, lambda, call, higher order, math,
tuple, list, dict, listcomp, list comprehension, generator expression, item, unpacking,
starred unpacking, tuple assignment, reassignment, augmented assignment,
list argument, tuple argument, dict argument,
broadcasting, selection, reduction, reduction with axis, indexing, slicing, matmul, array of numbers
"""
EXAMPLES = 300


def test_programs_run_and_cover_the_language():
    seen = Counter()
    lengths = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(programs())
    def run(program):
        function = program.load()
        value = function(*program.arguments)
        assert np.shape(value) == () and np.isrealobj(value) and np.isfinite(value), program
        assert isinstance(value, float | int) and not isinstance(value, bool), program
        assert value == function(*program.arguments), program
        seen.update(program.constructs)
        lengths.append(program.source.count("\n"))

    run()
    expected = [name.strip() for name in CONSTRUCTS.replace("\n", " ").split(",")]
    assert len(lengths) >= EXAMPLES
    assert {name: seen[name] for name in expected if seen[name] < 5} == {}
    assert set(seen) <= set(expected), "a construct that this list does not name"
    assert 8 < np.median(lengths) < 40


def test_source_can_be_read_back():
    program = RandomProgram("def program(x):\n    y = x * x\n    return y\n", (2.0,))
    function = program.load()
    assert inspect.getsource(function) == program.source
    assert function(3.0) == 9.0
