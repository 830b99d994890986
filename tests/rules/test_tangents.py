"""The rules of what generated forward derivatives call."""

import numpy as np
import pytest

from adjoint import UnsupportedSyntaxError
from adjoint.rules.tangents import (
    dense,
    fit_tangent,
    item_tangents,
    like_cotangent,
    refitted,
    refuse_shared,
    with_field,
)
from adjoint.testing import case, check_rule, expand, normal
from adjoint.tree import Tangent

CASES = [
    case(fit_tangent, normal(3), np.zeros(3)),
    case(fit_tangent, normal(), 1.0),
    case(fit_tangent, [normal(), normal(2)], [1.0, np.zeros(2)]),
    case(refitted, normal(3), np.zeros(3)),
    case(refitted, {"a": normal(2)}, {"a": np.zeros(2)}),
    case(item_tangents, normal(3, 2), np.zeros((3, 2))),
    case(item_tangents, [normal(), normal()], [1.0, 2.0]),
    case(like_cotangent, [normal(), normal()], np.zeros(2), [1.0, 2.0]),
    case(dense, [normal(), normal()], [1.0, 2.0]),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


def test_a_tangent_is_filled_and_fitted():
    fitted = fit_tangent({"W": np.ones(2, np.float32)}, {"W": np.zeros(2), "n": 3, "name": "x"})
    assert fitted["n"] == 0.0 and fitted["name"] is None and fitted["W"].dtype == np.float64


@pytest.mark.parametrize(
    ("tangent", "primal", "error"),
    [
        (np.ones(3), np.zeros(2), ValueError),
        ([1.0], [1.0, 2.0], ValueError),
        ({"a": 1.0}, {"b": 1.0}, ValueError),
        ("text", 1.0, TypeError),
        (1j, 1.0, TypeError),
    ],
)
def test_a_tangent_that_does_not_fit(tangent, primal, error):
    with pytest.raises(error, match="the tangent"):
        fit_tangent(tangent, primal)


def test_an_attribute_is_added_to_a_tangent():
    before = Tangent(a=1.0)
    assert with_field(before, "b", 2.0) == Tangent(a=1.0, b=2.0)
    assert before == Tangent(a=1.0)


def test_memory_that_is_shared_is_refused():
    x = np.zeros(4)
    refuse_shared(x, np.zeros(4))
    with pytest.raises(UnsupportedSyntaxError, match="share memory"):
        refuse_shared(x, x[1:])


def test_a_module_that_an_object_keeps_is_not_looked_into():
    class Layer:
        def __init__(self):
            self.numpy, self.weights = np, np.ones(2)

    fitted = fit_tangent(None, Layer())
    assert fitted.numpy is None
    assert fitted.weights.tolist() == [0.0, 0.0]
