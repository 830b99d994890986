"""Random control flow: the IR takes the paths that Python takes."""

import linecache
from typing import Any

import pytest

from adjoint.errors import UnsupportedSyntaxError
from tests.frontend.conftest import check, outcome
from tests.frontend.random_control import write

CALLS = [(1, 2), (0, -1, 3), (3, 3)]


def load(seed) -> Any:
    source, filename = write(seed), f"<random control {seed}>"
    lines: Any = len(source), None, source.splitlines(True), filename
    linecache.cache[filename] = lines
    namespace: dict[str, Any] = {}
    exec(compile(source, filename, "exec"), namespace)
    return namespace["program"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("start", range(0, 400, 20))
def test_same_as_python(start):
    lowered = 0
    for seed in range(start, start + 20):
        program = load(seed)
        # A comprehension's free variable that is unbound raises another kind of NameError.
        if any("free variable" in outcome(program, args)[0] for args in CALLS):
            continue
        try:
            check(program, *CALLS)
            lowered += 1
        except UnsupportedSyntaxError:
            pass
    assert lowered
