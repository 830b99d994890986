"""Rules of functions whose result is a choice of the operand's elements."""

import random

import numpy as np
import pytest

import adjoint as ad
from adjoint.errors import MissingRuleError
from adjoint.rules.rearranging import border_sums, filled, flat_scatter, unblock
from adjoint.rules.sampling import reordered, shuffled
from adjoint.testing import apply_rule, case, check_rule, expand, normal

MODES = ["constant", "edge", "reflect", "wrap", "symmetric"]

CASES = [
    case(reordered, normal(4), [2, 0, 3, 1]),
    case(reordered, normal(2, 3, dtype=complex), np.array([2, 0, 1]), axis=[1, -1]),
    case(np.pad, normal(3, 4), 2, mode=MODES),
    case(np.pad, normal(3, 4), (1, 2), mode=MODES),
    case(np.pad, normal(3, 4), ((1, 0), (2, 1)), mode=MODES),
    case(np.pad, normal(3), 1, constant_values=2),
    case(np.pad, normal(3, 4), 2, constant_values=normal()),
    case(np.pad, normal(3, 4), (1, 2), constant_values=normal(2)),
    case(np.pad, normal(3, 4), ((1, 0), (2, 1)), constant_values=normal(2, 2)),
    case(np.pad, normal(3, 4), 1, constant_values=(normal(), 2.0)),
    case(border_sums, normal(5, 6), (3, 4), 1, (2,)),
    case(np.delete, normal(3, 4), 1, axis=[None, 0, 1]),
    case(np.delete, normal(3, 4), [0, 2], axis=[None, 0, 1]),
    case(np.delete, normal(3, 4), slice(0, 2), axis=[None, 0, 1]),
    case(np.resize, normal(2, 3), (3, 4)),
    case(np.resize, normal(2, 3), 2),
    case(np.trim_zeros, normal(4)),
    case(np.insert, normal(3), 1, normal()),
    case(np.insert, normal(3, 4), [1, 2], normal(4), 0),
    case(np.insert, normal(3, 4), 1, normal(3), 1),
    case(np.insert, normal(3, 4), [1, 3], normal(2)),
    case(np.block, [[normal(2, 2), normal(2, 3)], [normal(1, 5)]]),
    case(np.block, [normal(2), normal(), normal(3)]),
    case(np.block, normal(2, 2)),
    case(unblock, normal(5), [np.ones(2), np.ones(3)]).but(float32=False),
    case(flat_scatter, normal(3), (2, 2), [0, 3, -1]),
    case(filled, [normal(2), None], [np.ones(2), np.ones(3)]),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


def test_trimmed_zeros_get_nothing():
    x = np.array([0.0, 0.0, 1.0, 0.0, 2.0, 0.0])
    for trim, kept in [("fb", slice(2, 5)), ("f", slice(2, 6)), ("b", slice(0, 5))]:
        y, pullback = apply_rule(np.trim_zeros, (x, trim), {})
        expected = np.zeros(6)
        expected[kept] = 1.0
        assert pullback(np.ones(len(y)))[0].tolist() == expected.tolist()


def test_other_ways_of_padding_are_refused():
    _, pullback = apply_rule(np.pad, (np.ones(3), 1, "mean"), {})
    with pytest.raises(MissingRuleError, match="mean"):
        pullback(np.ones(5))


def test_a_shuffle_is_a_write_in_an_order_that_the_same_stream_draws():
    w = np.cos(np.arange(12.0)).reshape(4, 3)
    x = np.linspace(0.2, 1.5, 12).reshape(4, 3)

    def by_generator(x):
        rng = np.random.default_rng(3)
        y = x * x
        rng.shuffle(y)
        y[0] *= 2
        rng.shuffle(y, axis=1)
        rng.permuted(y, axis=0, out=y)
        return np.sum(np.sin(y) * w)

    def by_functions(x):
        np.random.seed(4)  # noqa: NPY002
        y = x * x
        np.random.shuffle(y[1:])  # noqa: NPY002
        return np.sum(np.sin(y) * w)

    def of_integers(x):
        rng, order = np.random.default_rng(0), np.arange(4)
        rng.shuffle(order)
        return np.sum(x[order] ** 2 * w)

    for f in (by_generator, by_functions, of_integers):
        assert ad.value_and_gradient(f, x).value == f(x)
        ad.check_gradient(f, x, order=2, modes=("reverse", "forward"))


def test_a_shuffle_leaves_the_stream_as_the_plain_call_does():
    def f(x, rng):
        y = x * 2
        rng.shuffle(y)
        return y[0] * rng.random()

    ours, plain = np.random.default_rng(7), np.random.default_rng(7)
    assert ad.value_and_gradient(f, np.arange(5.0), ours).value == f(np.arange(5.0), plain)
    assert ours.bit_generator.state == plain.bit_generator.state


def test_a_shuffle_by_what_is_no_generator_is_refused():
    with pytest.raises(MissingRuleError, match="shuffle of a Random"):
        shuffled(random.Random(0), np.ones((3, 2)))
