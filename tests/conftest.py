"""Every program that a test compiles is verified between the stages and passes it goes through, and
no test leaves NumPy's error state other than it was: contexts that were entered have been left."""

import numpy as np
import pytest

from adjoint.ir import verify

verify.between_stages = True


@pytest.fixture(autouse=True)
def error_state_stays():
    before = np.geterr()
    yield
    after = np.geterr()
    np.seterr(**before)  # so that one test fails, and not all that follow
    assert after == before
