"""Rules of the arithmetic of cotangents."""

import numpy as np
import pytest

from adjoint import shadows, tree
from adjoint.rules import plain
from adjoint.rules.cotangents import tangent_fields, tangent_of
from adjoint.testing import apply_rule, case, check_rule, expand, normal
from adjoint.tree import Tangent

IN_PLACE = [  # tested below: these change their first operand
    case(tree.add_into, np.zeros(2), np.ones(2)),
    case(tree.index_add, np.zeros(3), [0, 1], np.ones(2)),
]
SHARED = np.zeros(3)
CASES = [
    *IN_PLACE,
    case(tree.accumulate, normal(2), normal(2)),
    case(tree.accumulate, None, normal(2)),
    case(tree.accumulate, [normal(2), normal()], [normal(2), normal()]),
    case(tree.accumulate, (normal(2), normal()), (normal(2), normal())),
    case(tree.accumulate_item, None, np.arange(3), 1, normal()).but(float32=False),
    case(tree.tangent_item, [normal(2), normal(3)], 1),
    case(tree.tangent_item, {"a": normal(2), "b": normal(3)}, "b"),
    case(tree.tangent_item, normal(3), 1),
    case(tree.tangent_field, Tangent(a=1), "a"),
    case(tree.without_field, Tangent(a=1, b=2), "b"),
    case(tree.make_tangent, "a", 1),
    case(tangent_fields, Tangent(a=1), ("a",)),
    case(tangent_of, [None, 1], ("a",)),
    case(tree.project, normal(3), np.arange(3)),
    case(tree.project, normal(2, 3), np.arange(3)),
    case(tree.project, normal(2, 3), 1),
    case(tree.project, normal(3), np.arange(6).reshape(2, 3)),
    case(tree.project, normal(2, 3, dtype=complex), np.arange(3)),
    case(plain.scale, normal(3), normal(3)),
    case(plain.scale, normal(3, dtype=complex), normal(3, dtype=complex)),
    case(tree.unbroadcast, normal(2, 3), (3,)),
    case(tree.unbroadcast, normal(2, 3), (2, 1)),
    case(tree.unbroadcast, normal(), (2, 1)),
    case(tree.complete, normal(2), np.arange(2)),
    case(tree.bars_of_results, (normal(2), None), 2),
    case(tree.bars_of_results, None, 2),
    case(shadows.snapshot, normal(2)),
    case(shadows.snapshot, [normal(2), normal(3)]),
    case(shadows.apart, normal(2), np.zeros(2), np.zeros(3)),
    case(shadows.apart, normal(2), SHARED[:2], [SHARED]),
]


@pytest.mark.parametrize("case", expand(CASES[len(IN_PLACE) :]), ids=str)
def test_rule(case):
    check_rule(case.but(float32=False))


def test_sums_in_place_are_sums():
    _, pullback = apply_rule(tree.add_into, (np.ones(2), np.ones(2)), {})
    assert [bar.tolist() for bar in pullback(np.array([1.0, 2.0]))] == [[1, 2], [1, 2]]
    index = np.array([0, 0])
    _, pullback = apply_rule(tree.index_add, (np.zeros(3), index, np.ones(2)), {})
    a_bar, _, b_bar = pullback(np.array([1.0, 2.0, 3.0]))
    assert (a_bar.tolist(), b_bar.tolist()) == ([1, 2, 3], [1, 1])


def test_tangents_are_made_and_read():
    _, pullback = apply_rule(tree.make_tangent, ("a", 1.0, "b", 2.0), {})
    assert pullback(Tangent(b=3.0)) == [None, None, None, 3.0]
    _, pullback = apply_rule(tree.tangent_field, (Tangent(a=1.0, b=2.0), "b"), {})
    assert pullback(5.0)[0] == Tangent(b=5.0)
    _, pullback = apply_rule(tree.without_field, (Tangent(a=1.0, b=2.0), "b"), {})
    assert pullback(Tangent(a=3.0))[0] == Tangent(a=3.0)
    assert tangent_fields(Tangent(a=1.0), ["a", "b"]) == [None, 1.0, None, None]
    assert tangent_of([None, 1.0], ["a"]) == Tangent(a=1.0)
