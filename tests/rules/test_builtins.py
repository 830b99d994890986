"""Rules of builtins, of functions of iterables, and of methods."""

import copy
import functools
import itertools
import math
import operator
import statistics

import numpy as np
import pytest

from adjoint import runtime, tree
from adjoint.errors import MissingRuleError
from adjoint.rules import builtins, containers, iterators, registry, sets
from adjoint.rules.builtins import chosen, larger, max_, min_, smaller
from adjoint.rules.complex_numbers import direction
from adjoint.rules.containers import cut, joined, reformed
from adjoint.rules.guarded import guarded_log, inverse, power_or_inf, quotient_or_zero
from adjoint.rules.methods import array_of, placed
from adjoint.rules.sequences import filled, gathered, inner, or_zero, scaled, shifted, spread, total
from adjoint.rules.splitting import fraction, number_fraction
from adjoint.testing import apply_rule, case, check_rule, expand, normal, uniform

FLOATS = [float, np.float64, np.float32, np.float16, np.longdouble]
COMPLEXES = [np.complex64, np.complex128, np.clongdouble]


def square(x):
    return x * x


def negated(x):
    return -x


def is_small(x):
    return x < 0.5


PAIR, TRIPLE = [normal(), normal()], [normal(), normal(), normal()]

CASES = [
    case(FLOATS[:2] + FLOATS[4:], normal()),
    case(FLOATS[:2] + FLOATS[4:], normal().numpy_scalar()),
    case(FLOATS, 3),
    case(FLOATS, np.array(2)),
    case([np.float64], normal(2, 3)),
    case([complex, *COMPLEXES[1:]], normal()),
    case([complex, *COMPLEXES[1:]], normal(dtype=complex)),
    case(COMPLEXES[:1], 2),
    case(complex, normal(), normal()),
    case(complex, normal(dtype=complex), normal(dtype=complex)),
    case([copy.copy, copy.deepcopy], normal(2, 3)),
    case([copy.copy, copy.deepcopy], [normal(2), (normal(), {"a": normal(3)})]),
    case(runtime.check_bound, normal(2), "x"),
    # sums
    case(sum, TRIPLE),
    case(sum, (normal(), 2, normal())),
    case(sum, TRIPLE, normal()),
    case(sum, TRIPLE, start=2),
    case(sum, normal(3)),
    case(sum, normal(2, 3)),
    case(sum, [normal(3), normal(2, 3), normal(2, 1)]),
    case(sum, [normal(3)], normal(2, 1)),
    case([statistics.mean, statistics.fmean], TRIPLE),
    case([statistics.mean, statistics.fmean], (normal(), 1)),
    case(statistics.fmean, normal(4)),
    case([statistics.variance, statistics.pvariance, statistics.stdev, statistics.pstdev], TRIPLE),
    case(
        [statistics.variance, statistics.pvariance, statistics.stdev, statistics.pstdev], normal(4)
    ),
    case(
        [statistics.variance, statistics.pvariance, statistics.stdev, statistics.pstdev],
        TRIPLE,
        normal(),
    ),
    case(builtins.deviations, TRIPLE, normal(), normal()),
    case(builtins.quotient, normal(), 2.0),
    case(statistics.fmean, PAIR, [uniform(1.0, 2.0), uniform(1.0, 2.0)]),
    case(statistics.fmean, normal(3), uniform(1.0, 2.0, shape=(3,))),
    # largest and smallest
    case([max, min], TRIPLE),
    case([max, min], normal(), normal()),
    case([max, min], normal(), 0, normal()),
    case([max, min], normal(4)),
    case([max, min], [], default=2.0),
    case([max, min], (normal(2), normal(3)), key=len),
    case([max, min], normal(), normal(), key=negated),
    case([max, min], (normal(), "a"), (normal(), "b")),
    case([larger, smaller], normal(), normal()),
    case(chosen, TRIPLE, (1,)),
    # functions of functions and iterables
    case(map, square, TRIPLE),
    case(map, operator.add, TRIPLE, PAIR),
    case(filter, is_small, normal(5)),
    case(filter, None, [0, normal()]),
    case(sorted, TRIPLE, key=[None, negated], reverse=[False, True]),
    case(sorted, [2, 1, 2, 1], reverse=True),
    case(functools.reduce, operator.mul, TRIPLE),
    case(functools.reduce, operator.mul, TRIPLE, normal()),
    case(itertools.accumulate, TRIPLE),
    case(itertools.accumulate, TRIPLE, operator.mul, initial=[None, 2.0]),
    case(itertools.accumulate, ()),
    case(itertools.chain, PAIR, normal(2), ()),
    case(itertools.chain.from_iterable, [PAIR, TRIPLE]),
    case(itertools.starmap, operator.mul, [(normal(), normal()), (2, normal())]),
    case(itertools.product, PAIR, TRIPLE, repeat=[0, 1, 2]),
    case(itertools.product),
    case([itertools.pairwise, itertools.permutations], TRIPLE),
    case(
        [
            itertools.combinations,
            itertools.combinations_with_replacement,
            itertools.permutations,
        ],
        TRIPLE,
        2,
    ),
    case(operator.call, operator.add, normal(), normal()),
    # containers
    case([list, tuple], PAIR),
    case([list, tuple], (normal(), normal(2))),
    case([list, tuple], normal(2, 3)),
    case(reformed, PAIR, (1.0, 2.0)),
    case(reformed, (normal(3), normal(3)), np.zeros((2, 3))),
    case(runtime.flatten, [PAIR, [], TRIPLE]),
    case(cut, TRIPLE, [[1], [], [2, 3]]),
    case(joined, [PAIR, TRIPLE], [[1, 2], [3, 4, 5]]),
    case(containers.items_of, PAIR),
    case(sets.at, PAIR, [1, 0]),
    case(sets.put, PAIR, [2, 0], 3),
    case(containers.last, PAIR, [1.0, 2.0, 3.0]),
    case(containers.latest, TRIPLE, [1.0, 2.0]),
    # helpers of iterators
    case(tree.column, [(normal(), normal()), (normal(), normal())], position=[0, 1]),
    case(tree.iterable_cotangent, PAIR, (1.0, 2.0)),
    case(iterators.rows_of, (PAIR, PAIR), 2),
    case(
        iterators.columns_of, [(normal(), normal()), (normal(), normal())], ([1.0, 2.0], [3.0, 4.0])
    ),
    case(iterators.first, TRIPLE, 2),
    case(iterators.last_first, TRIPLE, 2),
    case(iterators.backwards, PAIR, [1.0, 2.0, 3.0]),
    case(runtime.make_tuple, normal(), normal(2)),
    case(runtime.make_list, normal(), normal(2)),
    # methods
    case([np.ndarray.conj, np.ndarray.conjugate], normal(2, 3, dtype=complex)),
    case([np.generic.conj, np.generic.conjugate], normal(dtype=complex).numpy_scalar()),
    case(float.conjugate, normal()),
    case(int.conjugate, 2),
    case(complex.conjugate, normal(dtype=complex)),
    case(np.ndarray.copy, normal(2, 3), order=["C", "F"]),
    case(np.generic.copy, normal().numpy_scalar()),
    case(np.ndarray.astype, normal(2, 3), dtype=[np.float64, complex, "f8"]),
    case(np.ndarray.astype, uniform(1.2, 1.8, shape=(3,)), [int, bool, np.int8][0]),
    case(np.ndarray.astype, normal(3), float, copy=[False, True]),
    case(np.generic.astype, normal().numpy_scalar(), complex),
    case(np.ndarray.item, normal(1, 1)),
    case(np.ndarray.item, normal(2, 3), 4),
    case(np.ndarray.item, normal(2, 3), -1),
    case(np.ndarray.item, normal(2, 3), 1, 2),
    case(np.ndarray.item, normal(2, 3), (1, 2)),
    case(np.ndarray.item, normal().zero_dimensional()),
    case(np.ndarray.item, normal(3, dtype=complex), 1),
    case(np.generic.item, normal().numpy_scalar()),
    case(np.ndarray.tolist, normal(2, 3)),
    case(np.ndarray.tolist, normal(2, 0)),
    case(np.ndarray.tolist, normal().zero_dimensional()),
    case(np.ndarray.tolist, normal(2, dtype=complex)),
    case(np.generic.tolist, normal().numpy_scalar()),
    # helpers
    case(quotient_or_zero, normal(2, 3), uniform(0.5, 2.0, shape=(3,))),
    case(quotient_or_zero, normal(), uniform(0.5, 2.0)),
    case(quotient_or_zero, normal(3, dtype=complex), uniform(1.0, 2.0, shape=(3,))),
    case(inverse, uniform(0.5, 2.0)),
    case(power_or_inf, uniform(0.5, 2.0), normal()),
    case(guarded_log, uniform(-2.0, -0.5, shape=(3,))),
    case(guarded_log, uniform(0.5, 2.0)),
    case(guarded_log, normal(3, dtype=complex)),
    case(direction, normal(3)),
    case(direction, normal()),
    case(direction, normal(3, dtype=complex)),
    case(direction, normal(dtype=complex)),
    case([fraction], uniform(1.1, 1.9, shape=(3,))),
    case([number_fraction], uniform(1.1, 1.9)),
    case(filled, PAIR, normal()),
    case(filled, (0.0, 0.0), normal(2)),
    case(filled, np.zeros((2, 3)), normal(3)),
    case(total, PAIR),
    case(or_zero, normal(), normal()),
    case(or_zero, normal(3), normal(3)),
    case(total, (normal(2), normal(2))),
    case(total, normal(2, 3)),
    case(scaled, TRIPLE, normal()),
    case(scaled, normal(3), normal()),
    case(shifted, (normal(), normal()), normal()),
    case(shifted, normal(3), normal()),
    case(inner, PAIR, PAIR),
    case(inner, normal(3), normal(3)),
    case(spread, [0.0, 0.0, 0.0], (0, 2), normal()),
    case(spread, np.zeros(3), (0, 2), normal()),
    case(gathered, TRIPLE, (0, 2)),
    case(gathered, normal(3), (1,)),
    case(placed, normal(), (2, 3), (1, 2)),
    case(placed, normal(), (2, 3), (4,)),
    case(placed, normal(), (), ()),
    case(array_of, [[normal(), normal()], [normal(), normal()]], (2, 2), np.dtype(float)),
    case(array_of, normal(), (), np.dtype(float)),
    # constants
    case([int, bool, round], uniform(1.2, 1.4)),
    case(round, uniform(1.21, 1.24), 1),
]


@pytest.mark.parametrize("case", expand(CASES), ids=str)
def test_rule(case):
    check_rule(case)


# -- edges -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("choose", "text"), [(max, max_), (min, min_)])
@pytest.mark.parametrize(
    "args",
    [
        (1.0, 1.0),
        (1, 1.0),
        (0.0, -0.0),
        (-0.0, 0.0),
        (math.nan, 1.0),
        (1.0, math.nan),
        ([2.0, 1.0, 2.0],),
        (np.array([1.0, 3.0, 3.0]),),
        ((1, 2.0), (1, 3.0)),
        ("ab", "b"),
        ({"a": 1, "b": 2},),
    ],
    ids=str,
)
def test_the_item_is_the_one_python_takes(choose, text, args):
    given, expected = text(*args), choose(*args)
    assert type(given) is type(expected)
    assert repr(given) == repr(expected)


def test_empty_max_raises_as_python_does():
    with pytest.raises(ValueError, match="empty"):
        max_([])
    assert max_([], default=3) == 3


def test_ties_of_max_share_equally():
    back = apply_rule(chosen, ([2.0, 1.0, 2.0], (0, 2)), {})[1]
    assert back(1.0)[0] == [0.5, None, 0.5]
    assert apply_rule(larger, (2.0, 2.0), {})[1](1.0) == [0.5, 0.5]
    assert apply_rule(smaller, (2.0, 2.0), {})[1](1.0) == [0.5, 0.5]


def test_astype_to_integers_stops_the_gradient():
    for dtype in (int, bool, np.int8, "u4", "?"):
        back = apply_rule(np.ndarray.astype, (np.array([1.5]), dtype), {})[1]
        assert back(np.ones(1))[0] is None


def test_a_used_up_iterator_is_refused_not_ignored():
    back = apply_rule(sum, (iter([1.0, 2.0]),), {})[1]
    with pytest.raises(MissingRuleError, match="used up"):
        back(1.0)


@pytest.mark.parametrize(
    "function",
    [
        *(len, isinstance, type, range, str, repr, print, hash, id, hasattr, callable, ord, chr),
        *(format, any, all, int, round, bool, operator.floordiv, operator.not_, operator.is_),
        *(operator.contains, np.floor_divide, np.int64, np.sign, np.round, math.factorial),
    ],
)
def test_constants_are_declared(function):
    assert registry.lookup(function).kind == "constant"
