"""docs/edges.md says what derivatives are at the edges, of adjoint and of what is installed beside it."""

import contextlib

import numpy as np
import pytest

from adjoint.cache import use_options
from tests.edges_page import EDGES, PAGE, PEERS, TAIL, answer, committed, ours, text_of, version_of
from tests.extremes import DIGITS, EXTREMES, error_of, table_of_errors

AS = {
    "compiled": contextlib.nullcontext,
    "at run time": lambda: use_options(typed=False, templates=False, inline=False),
}


@pytest.mark.parametrize("route", AS)
@pytest.mark.parametrize("edge", EDGES, ids=lambda e: f"{e.source} at {e.at}")
def test_the_derivative_at_an_edge(edge, route):
    with AS[route]():
        np.testing.assert_allclose(ours(edge), edge.derivative, rtol=1e-15)


@pytest.mark.parametrize("name", PEERS)
def test_what_others_answer(name):
    """Of the version that the page names, if it is installed."""
    versions, answers = committed()
    if version_of(name) != versions[name]:
        assert len(answers) == len(EDGES) * len(PEERS)  # the page's column stands
        return
    found = [answer(name, edge) for edge in EDGES]
    assert found == [answers[i, name] for i in range(len(EDGES))]


@pytest.mark.parametrize("extreme", EXTREMES, ids=lambda e: e.source)
def test_errors_at_extreme_arguments_are_as_stated(extreme):
    assert error_of(extreme) < extreme.bound


def test_what_the_page_says_of_adjoint():
    """All but the columns of the others, which are as they were found."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    for edge, row in zip(EDGES, rows):
        start = f"| `{edge.source}` | {text_of(edge.at)} | {text_of(edge.derivative)} |"
        assert row.startswith(start), "run `python -m tests.edges_page`"
        assert row.endswith(f"| {edge.note} |")
    assert "\n".join(lines).endswith((TAIL.format(digits=DIGITS) + table_of_errors()).strip("\n"))
