"""Every case of every rule file, through the compiler: the rules inlined, and at run time."""

import pytest

from adjoint.testing import check_compiled
from tests.rules.test_completeness import all_cases


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_compiled(case):
    check_compiled(case)
