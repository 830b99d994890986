"""docs/coverage.md says what is so: no public name of NumPy is missing, and its calls are right."""

import re
import warnings

import numpy as np
import pytest

import adjoint as ad
from adjoint.testing.differences import along
from adjoint.testing.leaves import cotangents, inner
from adjoint.testing.rules import random_cotangent, same, settled
from tests.coverage.reasons import REFUSED
from tests.coverage.sampled import A, B, X, Y, calls, function_of
from tests.coverage_page import PAGE, WORDS, page, statuses
from tests.programs.sources import load_source

CALLS = list(calls())
OLD = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")


def arguments():
    return X.copy(), Y.copy(), A.copy(), B.copy()


@OLD
@pytest.mark.parametrize("expression, forward", CALLS, ids=[e for e, _ in CALLS])
def test_a_call(expression, forward):
    """The value is NumPy's, and both derivatives agree with finite differences."""
    f, random = function_of(expression), np.random.default_rng(1)
    expected = settled(f(*arguments()))
    y, back = ad.pullback(f, *arguments())
    assert same(settled(y), expected)
    y_bar = random_cotangent(expected, random)
    vs = tuple([random.standard_normal(a.shape) for a in arguments()])
    moved = along(lambda t: settled(f(*[a + t * v for a, v in zip(arguments(), vs)])), 2.0**-12)
    slope = sum(inner(b, d) for b, d in zip(cotangents(expected, y_bar), moved, strict=True))
    reverse = sum(inner(bar, v) for bar, v in zip(back(y_bar), vs, strict=True))
    np.testing.assert_allclose(reverse, slope, rtol=2e-6, atol=1e-7)
    assert slope != 0, "the call shows nothing"
    if forward:
        y_dot = ad.jvp(f, arguments(), vs)[1]
        pairs = zip(cotangents(expected, y_bar), cotangents(expected, settled(y_dot)), strict=True)
        np.testing.assert_allclose(sum(inner(b, d) for b, d in pairs), reverse, rtol=1e-8)


@OLD
@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_refused(expression):
    with warnings.catch_warnings(), pytest.raises(ad.AdjointError):
        warnings.simplefilter("ignore")
        ad.pullback(function_of(expression), *arguments())[1](1.0)


def words_of(text):
    """(section, name) -> word, by what the page says."""
    found, section, word = {}, "", ""
    for line in text.split("\n## ", 1)[1].splitlines():
        if line.startswith(("## ", "numpy")):
            section = line.removeprefix("## ")
        elif line.startswith("**"):
            word = line.split("**")[1]
            found |= {(section, name): word for name in re.findall("`([^`]*)`", line)}
        elif line.startswith("| `"):
            names, other = line.strip("| ").split(" | ", 1)
            own = "source" if word == "source" and len(re.findall("`", names)) == 2 else other
            own = own if own in WORDS or not own.startswith("`") else "source"
            found |= {(section, name): own for name in re.findall("`([^`]*)`", names)}
    return found


@OLD
def test_the_page_is_up_to_date():
    """Of the NumPy that it was written with, to the letter; of another one, what both have."""
    text = PAGE.read_text(encoding="utf-8")
    version = ".".join(np.__version__.split(".")[:2])
    if f"NumPy {version}," in text:
        assert text == page(), "run `python -m tests.coverage_page`"
    said = words_of(text)
    now = {(path, name): word for path, name, word in statuses()}  # of every name there is one
    assert len(now) > 1300
    differing = {k: (said[k], now[k]) for k in said.keys() & now.keys() if said[k] != now[k]}
    assert not differing
    assert len(said.keys() & now.keys()) > 1200


SAMPLES_TWICE = [
    "G.normal(x * x, y)",
    "G.uniform(x * y, x * y + y**2)",
    "G.exponential(x * y)",
    "G.lognormal(x, y * y)",
    "G.weibull(x * y)",
    "G.pareto(x * y)",
    "G.triangular(x, x + y * y, x + 3 * y)",
    "G.permutation(x * x)",
]


DRAWING = """
import numpy as np

G = np.random.default_rng(1)


def f(x, y):
    return np.sum(np.sin({}))
"""


@pytest.mark.parametrize("expression", SAMPLES_TWICE)
def test_second_derivatives_of_samples(expression):
    """The draw stands still; the generator gives as many numbers as in the plain call."""
    f = load_source(DRAWING.format(expression), "f")
    G = f.__globals__["G"]
    state = G.bit_generator.state

    def from_the_start(function, *args):
        G.bit_generator.state = state
        return function(*args)

    from_the_start(f, X, Y)
    after = G.bit_generator.state
    second = from_the_start(ad.hvp, lambda x: f(x, Y), X, Y)
    assert G.bit_generator.state == after
    above, below = (from_the_start(ad.gradient, f, X + h * Y, Y)[0] for h in (1e-6, -1e-6))
    np.testing.assert_allclose(second, (above - below) / 2e-6, rtol=1e-5, atol=1e-7)
