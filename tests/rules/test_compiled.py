"""Every case of every rule file, through the compiler: the rules inlined, and at run time."""

import pytest

from adjoint.testing import check_compiled
from tests.rules.test_completeness import all_cases

# Of their results only parts have a derivative, or it is refused for some operands: their own files
# check them by what is read of them.
BY_PARTS = (
    "scipy.optimize._minimize.", "scipy.optimize._lsq.", "scipy.optimize._minpack_py.", "scipy.optimize._root.",
    "scipy.integrate._odepack_py.", "scipy.integrate._ivp.", "scipy.signal._signaltools.filtfilt",
    "scipy.signal._signaltools.sos",
)  # fmt: skip


@pytest.mark.parametrize(
    "case", [c for c in all_cases() if not str(c).startswith(BY_PARTS)], ids=str
)
def test_compiled(case):
    check_compiled(case)
