"""What the tests of lowering share: running a function and its IR side by side."""

import contextlib
import copy
import io
import re

import pytest

from adjoint.frontend import lower
from adjoint.ir.interpret import call
from adjoint.ir.printer import show
from adjoint.ir.verify import verify


def outcome(run, args):
    """What a call returns or raises, what it prints, and what it leaves in its arguments."""
    args = copy.deepcopy(args)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            result = repr(run(*args))
        except Exception as error:
            cause = repr(error.__cause__)
            result = f"{type(error).__name__}: {error} from {cause}"
    return [re.sub(r"0x[0-9a-f]+", "0x", s) for s in (result, printed.getvalue(), repr(args))]


def check(function, *calls):
    """The IR of a function is well formed and does what the function does, on every call."""
    program = verify(lower(function))
    assert program.code is function.__code__
    for args in calls:
        expected = outcome(function, args)
        got = outcome(lambda *a: call(program, function, *a), args)
        assert got == expected, f"{function.__name__}{args}\n{show(program)}"
    return program


@pytest.fixture
def same_as_python():
    return check
