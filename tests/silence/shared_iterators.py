"""Iterators of which several take items, in turn, ahead of each other, or without asking for tangents."""

import functools
import itertools
import operator

import numpy as np

from tests.silence.listed import CAPTURED, KEPT

ARGUMENTS = (np.array([0.3, 0.7, -0.4, 0.9]),)
OTHERS = "takes items of an iterator of which others take items as well"
REFUSED = {
    OTHERS: """
        takewhile_leaves_the_rest
        dropwhile_and_next
        filter_takes_one_by_one
        map_takes_one_by_one
        map_in_a_loop
        chain_takes_one_by_one
        positions_left_by_takewhile
        positions_left_by_filter
        nothing_left_by_map
    """,
    KEPT: """
        generator_left_half_full
        generator_searched
        method_of_ones_own_called_extend
        method_of_ones_own_called_update
    """,
    CAPTURED: """
        zip_of_a_generator_that_reads_what_changes
        enumerate_of_a_generator_that_reads_what_changes
        map_of_a_generator_that_reads_what_changes
    """,
}


# -- taken ahead of others ---------------------------------------------------------------------------


def takewhile_leaves_the_rest(xs):
    it = iter(xs)
    total = 1.0
    for x in itertools.takewhile(lambda x: x > 0, it):
        total = total * x
    return total + sum(it) ** 2


def dropwhile_and_next(xs):
    it = iter(xs)
    rest = itertools.dropwhile(lambda x: x > 0, it)
    return next(rest) * next(it)


def filter_takes_one_by_one(xs):
    it = iter(xs)
    large = filter(lambda x: x > 0.2, it)
    return next(large) * next(it) + 3 * next(large)


def map_takes_one_by_one(xs):
    it = iter(xs)
    squares = map(lambda x: x * x, it)
    return next(squares) + 3 * next(it) ** 2 + 5 * next(squares)


def map_in_a_loop(xs):
    it = iter(xs)
    total = 0.0
    for _ in range(2):
        total = total * 3 + next(map(lambda x: x * x, it))
    return total


def chain_takes_one_by_one(xs):
    it = iter(xs)
    both = itertools.chain([xs[0]], it)
    return next(both) * next(it) + next(both) ** 2


def positions_left_by_takewhile(xs):
    positions = iter(range(4))
    total = 0.0
    for k in itertools.takewhile(lambda i: i < 1, positions):
        total = total + xs[k]
    return total + xs[next(positions, 0)] ** 2


def positions_left_by_filter(xs):
    positions = iter(range(4))
    odd = filter(lambda i: i % 2, positions)
    return xs[next(odd)] + xs[next(positions, 0)] ** 2


def nothing_left_by_map(xs):
    it = iter(xs)
    squares = list(map(lambda x: x * x, it))
    return sum(squares) + next(it, 3.0) * xs[0]


def taken_before_map(xs):
    it = iter(xs)
    first = next(it)
    return first * sum(map(lambda x: x * x, it))


def all_of_several(xs):
    return sum(map(operator.mul, iter(xs), reversed(xs))) + functools.reduce(operator.mul, iter(xs))


# -- taken by some who ask for no tangents -----------------------------------------------------------


def one_more_than_zip_gives(xs):
    it = iter(xs)
    total = 0.0
    for x, k in zip(it, range(2)):
        total = total + x * k
    return total + next(it) ** 2


def one_more_than_a_list_of_zip(xs):
    it = iter(xs)
    pairs = list(zip(it, range(2)))
    return pairs[0][0] * pairs[-1][0] + next(it) ** 2


def searched_by_any(xs):
    it = iter(xs)
    found = any(x > 0.5 for x in it)
    return next(it) * 2 + next(it) ** 2 + found


def searched_by_any_in_a_loop(xs):
    it = iter(xs)
    total = 0.0
    for x in it:
        total = total + x * x
        if x < 0.5 and any(v > 0.5 for v in it):
            total = total * 3
    return total


def generator_searched_by_any(xs):
    def squares():
        for x in xs:
            yield x * x

    made = squares()
    found = any(v > 0.4 for v in made)
    for _ in zip(made, range(0)):
        pass
    return next(made) * 2 + found * xs[0]


def generator_in_pairs(xs):
    def squares():
        for x in xs:
            yield x * x

    made, total = squares(), 0.0
    for a, b in zip(made, made):
        total = total + a * b * b
    return total


def taken_apart(xs):
    it = iter(xs)
    (head,) = itertools.islice(it, 1)
    a, b, c = it
    return head * a + b * c * c


def spread(xs):
    it = iter(xs)
    next(it)

    def weighted(a, *rest):
        return a * 2 + sum(rest) * a

    return weighted(*it)


def rows_that_are_iterators(xs):
    total = 0.0
    for a, b in [iter(xs[:2]), (v * v for v in xs[2:])]:
        total = total + a * b * b
    return total


# -- shorter ones, of which nothing is derived -------------------------------------------------------


def tuple_of_a_shorter_zip(xs):
    return tuple(zip((1.0, 2.0), xs))[-1][1] ** 2


def list_of_a_shorter_zip(xs):
    return list(zip(range(2), xs))[-1][1] ** 2 + [*zip("ab", xs)][-1][1]


def dict_of_a_shorter_zip(xs):
    return sum(dict(zip("ab", xs)).values()) ** 2


def sorted_shorter_zip(xs):
    pairs = sorted(zip([2, 1], xs))
    return pairs[-1][1] * 3 + pairs[0][1] ** 2


def shorter_iterator(xs):
    return tuple(zip((k for k in range(2)), xs))[-1][1] ** 2 + list(zip(iter([1, 2]), xs))[-1][1]


# -- kept as defaults --------------------------------------------------------------------------------


def zip_as_a_default(xs):
    def until(pairs=zip(xs, xs[1:])):
        total = 0.0
        for x, y in pairs:
            total = total + x * y * y
            if x > 0.5:
                break
        return total

    return until() + 10 * until()


def map_as_a_default(xs):
    def following(squares=map(lambda x: x * x, xs)):
        return next(squares)

    return following() + following() ** 2 * 3


def enumerate_by_keyword(xs):
    total = 0.0
    for i, x in enumerate(iterable=xs, start=2):
        total = total + i * x * x
    return total


# -- generator expressions that are read one by one --------------------------------------------------


def zip_of_a_generator_that_reads_what_changes(xs):
    scale, total = [1.0], 0.0
    for a, b in zip((x * scale[0] for x in xs), xs):
        scale[0] = scale[0] * 2 * b
        total = total + a
    return total


def enumerate_of_a_generator_that_reads_what_changes(xs):
    scale, total = [1.0], 0.0
    for i, a in enumerate(x * scale[0] for x in xs):
        scale[0] = scale[0] + a
        total = total + a * i
    return total


def map_of_a_generator_that_reads_what_changes(xs):
    scale, total = [1.0], 0.0
    for a in map(lambda v: v * scale[0], (x * scale[0] for x in xs)):
        scale[0] = scale[0] + a
        total = total + a
    return total


def zip_of_a_generator(xs):
    total = 0.0
    for a, b in zip((x * x for x in xs), (np.sin(x) for x in xs)):
        total = total + a * b
    return total


def generator_left_half_full(xs):
    calls = [1.0]

    def counted(x):
        calls[0] = calls[0] * 2
        return x * x

    return np.sum(np.fromiter((counted(x) for x in xs), float, 2)) * calls[0]


def generator_searched(xs):
    calls = [1.0]

    def counted(x):
        calls[0] = calls[0] * 2
        return x

    found = operator.contains((counted(x) for x in xs), xs[1])
    return calls[0] * xs[0] * (2.0 if found else 3.0)


class Taker:
    def __init__(self):
        self.kept = 0.0

    def extend(self, items):
        self.kept = self.kept + next(items)
        self.kept = self.kept + next(items) ** 2

    def update(self, items):
        for item in items:
            self.kept = self.kept + item * item
            if item > 0.5:
                break


def method_of_ones_own_called_extend(xs):
    taker = Taker()
    taker.extend(x * x for x in xs)
    return taker.kept


def method_of_ones_own_called_update(xs):
    taker, calls = Taker(), [1.0]

    def counted(x):
        calls[0] = calls[0] * 2
        return x

    taker.update(counted(x) for x in xs)
    return taker.kept * calls[0]


# -- passed over, for nothing to be done with the items ----------------------------------------------


def two_passed_over(xs):
    it = iter(xs)
    for _ in zip(range(2), it):
        pass
    return next(it) ** 2


def one_passed_over(xs):
    it = iter(xs)
    for _ in it:
        break
    return next(it) ** 2


def passed_over_by_a_slice(xs):
    it = iter(xs)
    next(itertools.islice(it, 1, 1), None)
    return next(it) ** 2


def passed_over_by_a_list(xs):
    it = iter(xs)
    [x for x, _ in zip(it, range(2))]  # noqa: B018
    return next(it) ** 2


def positions_passed_over(xs):
    positions = iter(range(4))
    for _ in zip(range(2), positions):
        pass
    return xs[next(positions)] ** 2


def generator_passed_over(xs):
    def squares():
        for x in xs:
            yield x * x

    made = squares()
    for _ in zip(range(2), made):
        pass
    return next(made) ** 2


# -- passed over, and summed after that ---------------------------------------------------------------


def summed_after_a_loop_that_was_left(xs):
    it = iter(xs)
    for x in it:
        if x < 0:
            break
    return xs[0] * sum(it)


def summed_after_a_question(xs):
    it = iter(xs)
    found = any(x > 0.5 for x in it)
    return xs[0] * sum(it) if found else 0.0 * xs[0]


def largest_after_a_loop_that_was_left(xs):
    it = iter(xs)
    for x in it:
        if x < 0:
            break
    return xs[0] * max(it) + xs[1] * sum([1.0])
