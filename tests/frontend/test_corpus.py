"""The programs of the corpus: their IR computes what they do."""

import pytest

from tests.programs.registry import load_all

# They take derivatives of functions made inside, which have no source where the IR is interpreted.
PROGRAMS = [p for p in load_all() if p.module != "taken"]


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_same_as_python(same_as_python, program):
    same_as_python(program.function, program.arguments)
