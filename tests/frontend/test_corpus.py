"""The programs of the corpus: their IR computes what they do."""

import pytest

from tests.programs.registry import load_all


@pytest.mark.parametrize("program", load_all(), ids=str)
def test_same_as_python(same_as_python, program):
    same_as_python(program.function, program.arguments)
