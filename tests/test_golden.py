"""The generated source of some gradients, exactly. After a change on purpose, review and renew:

ADJOINT_WRITE_GOLDEN=1 python -m pytest tests/test_golden.py && git diff tests/golden
"""

import ast
import os
from pathlib import Path

import numpy as np
import pytest

import adjoint as ad
from adjoint import cache
from tests.golden.programs import PROGRAMS

FOLDER = Path(__file__).parent / "golden"
WRITE = bool(os.environ.get("ADJOINT_WRITE_GOLDEN"))


@pytest.mark.parametrize(("function", "arguments"), PROGRAMS, ids=[f.__name__ for f, _ in PROGRAMS])
def test_source(function, arguments):
    text = str(ad.source(function, *arguments)).strip() + "\n"
    path = FOLDER / f"{function.__name__}.py.txt"
    if WRITE:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


IN_BOTH = ("poly", "mlp_loss", "energy", "newton_root", "stencil", "stateful_cell", "growing_list")
PUSHED = [p for p in PROGRAMS if p[0].__name__ in IN_BOTH]


@pytest.mark.parametrize(("function", "arguments"), PUSHED, ids=[f.__name__ for f, _ in PUSHED])
def test_forward_source(function, arguments):
    text = str(ad.source(function, *arguments, mode="jvp")).strip() + "\n"
    path = FOLDER / f"{function.__name__}_jvp.py.txt"
    if WRITE:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("function", "arguments"), PROGRAMS, ids=[f.__name__ for f, _ in PROGRAMS])
def test_gradient(function, arguments):
    found = ad.gradient(function, *arguments)
    with cache.use_options(optimise=False):
        expected = ad.gradient(function, *arguments)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-14)


def test_what_no_one_would_write():
    """No factor 1, no power 1, no conjugate of reals, nothing broadcast to be combined."""
    for path in FOLDER.glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        ast.parse(text)
        for clumsy in ("1.0 *", "** 1\n", "** 1)", "conj", "np.transpose(", "unbroadcast"):
            assert clumsy not in text.replace("-1.0 *", ""), (path.name, clumsy)
