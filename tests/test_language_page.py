"""docs/language.md says what is so: its examples have the right gradients, its refusals are refused."""

import numpy as np
import pytest

import adjoint as ad
from tests.language_page import PAGE, REFUSED, WRITTEN, argument_of, page, source_of
from tests.programs.differences import differentiate
from tests.programs.sources import load_source
from tests.routes import check_function

EXAMPLES = [(section, *row) for section, rows in WRITTEN.items() for row in rows]


@pytest.mark.parametrize("section, construct, body", EXAMPLES, ids=[e[1] for e in EXAMPLES])
def test_the_gradient_of_an_example(section, construct, body):
    f = load_source(source_of(section, body), "f")
    argument = np.array([0.7, 1.4, 0.3]) if argument_of(section) == "v" else 1.3
    expected = differentiate(f, (argument,)).gradient
    check_function(f, (argument,), expected, title=construct)


def hints_of_refusals():
    hints = {}
    for what, body in REFUSED:
        with pytest.raises((ad.UnsupportedSyntaxError, ad.MissingRuleError)) as caught:
            ad.gradient(load_source(source_of("", body), "f"), 1.3)
        hints[what] = caught.value.hint
    return hints


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == page(hints_of_refusals())
