"""Iterators that several take items of: loops that leave one early, functions that are given one."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from tests.programs.registry import Static, program

X = np.array([0.3, 0.7, -0.4, 0.9])
Y = np.array([0.5, -1.2, 0.8, 0.2])


def twice(items):
    total = 0.0
    for v in items:
        total = total + v * v
        if v > 0.25:
            break
    product = 1.0
    for v in items:
        product = product + v * v * v
    return total * product


def pairs_twice(pairs):
    total = 0.0
    for x, y in pairs:
        total = total + x * y
        if x > 0.5:
            break
    product = 1.0
    for x, y in pairs:
        product = product + x * x * y
    return total * product


@program(X, Y)
def zip_given_to_a_function(xs, ys):
    return pairs_twice(zip(xs, ys))


@program([0.3, 0.7, -0.4, 0.9], Y)
def enumerate_given_to_a_function(xs, ys):
    return pairs_twice(enumerate(xs)) * ys[0] + pairs_twice(zip(reversed(xs), ys))


@program(X)
def reversed_given_to_a_function(xs):
    return twice(reversed(xs)) + twice(reversed([xs[0] * xs[1], xs[2], xs[3]]))


@program(X, Y)
def map_given_to_a_function(xs, ys):
    return twice(map(lambda x, y: x * y, xs, ys)) + twice(map(math.sin, (xs[0], xs[3] * 2)))


@program(X, Y)
def chain_and_filter_given_to_a_function(xs, ys):
    return twice(itertools.chain(xs, ys)) * twice(filter(lambda y: y > -1, ys))


@program(X, Y)
def generator_expression_given_to_a_function(xs, ys):
    return twice(x * y for x, y in zip(xs, ys)) + twice(x * x for x in xs)


@program(X, Y)
def sequences_given_to_a_function(xs, ys):
    return twice(xs) * twice(list(ys)) * twice((xs[0], ys[3]))


def all_pairs(xs, ys):
    total = 0.0
    for x in xs:
        for y in ys:
            total = total + x * y
    return total


@program(X, Y)
def iterator_in_an_inner_loop(xs, ys):
    return all_pairs(map(math.sin, xs), map(math.cos, ys)) + all_pairs(xs, map(math.cos, ys))


@program(X, Y)
def iterator_in_a_repeated_loop(xs, ys):
    def repeat(pairs):
        total = 0.0
        for k in range(3):
            for x, y in pairs:
                total = total + x * y * (k + 1)
                if x > 0.5:
                    break
        return total

    return repeat(zip(xs, ys)) + repeat(enumerate(ys))


@program(X, Y)
def summed_twice(xs, ys):
    def both(items):
        return sum(items) + 3 * sum(items)

    return both(map(math.sin, xs)) * both(y * y for y in ys)


class Holder:
    def __init__(self, pairs):
        self.pairs = pairs

    def take(self):
        total = 0.0
        for x, y in self.pairs:
            total = total + x * y * y
            if x > 0.25:
                break
        return total


@dataclass
class Kept:
    pairs: object


@program(X, Y)
def iterator_in_an_object(xs, ys):
    holder = Holder(zip(xs, ys))
    kept = Kept(zip(ys, xs))
    total = holder.take() + 2 * holder.take() + 3 * holder.take()
    for x, y in kept.pairs:
        total = total + x * y
        break
    for x, y in kept.pairs:
        total = total + x * x * y
    return total


@program(X, Y)
def iterators_in_containers(xs, ys):
    kept = {"pairs": zip(xs, ys)}
    listed = [enumerate(xs), zip(ys, xs)]
    total = 0.0
    for which in (0, 0, 1):
        for x, y in listed[which]:
            total = total + x * y * (which + 1)
            if y > 0.25:
                break
    for x, y in kept["pairs"]:
        total = total + x * y
        break
    for x, y in kept["pairs"]:
        total = total + x * x * y
    return total


@program(X, Y)
def iterator_that_a_function_returns(xs, ys):
    def made():
        return zip(xs, ys)

    pairs = made() if xs[0] > 0 else zip(ys, xs)
    total = 0.0
    for x, y in pairs:
        total = total + x * y
        break
    for x, y in pairs:
        total = total + x * x * y
    return total


@program(X, Y)
def iterator_that_a_function_captures(xs, ys):
    def uses(pairs):
        def use():
            total = 0.0
            for x, y in pairs:
                total = total + x * y * y
                break
            return total

        return use() + 2 * use() + 3 * use()

    return uses(zip(xs, ys))


@program(X, Y)
def starred_iterators(xs, ys):
    a, b = zip(*zip(xs, ys))
    rows = [[x * y for y in ys] for x in xs]
    total = a[1] * b[2]
    for i, column in enumerate(zip(*rows)):
        total = total + column[0] * column[1] * (i + 1)

    def product(p, q, *rest):
        return p * q + sum(rest)

    return total + product(*map(math.sin, xs)) * product(*reversed(ys))


@program(X, Y)
def nested_iterators(xs, ys):
    total = 0.0
    for i, (x, y) in enumerate(zip(xs, ys), 2):
        total = total + x * y * i
    for i, x in enumerate(xs, start=3):
        total = total + x * ys[i - 3] * i
    for (x, y), z in zip(zip(xs, ys), reversed(ys)):
        total = total + x * y * z
    return total


@program(X, Y)
def loops_that_leave_early(xs, ys):
    total = 0.0
    for x, y in zip(xs, ys[1:]):
        total = total + x * y
        if total > 0.3:
            break
    for k in range(3):
        for x, y in zip(xs[k:], ys):
            total = total + x * y * k
            if y > 0.7:
                break
        else:
            total = total * 2
    return total


@program(X, Y)
def rows_that_are_written_to(xs, ys):
    table = np.outer(xs, ys)
    total = 0.0
    for row, column in zip(table, table.T):
        row *= 2
        total = total + row @ column
    return total


# -- pairs of pairs ----------------------------------------------------------------------------------


@program(X, Y)
def enumerated_pairs(xs, ys):
    total = 0.0
    for i, (x, y) in enumerate(zip(xs, ys), start=1):
        total = total + i * x * y**2
    return total


@program(X, Y)
def pairs_of_pairs(xs, ys):
    total = 1.0
    for (x, y), (i, z) in zip(zip(xs, ys), enumerate(ys)):
        total = total * (x + y * z) + i
    return total


@program(X, Y)
def pairs_of_pairs_of_pairs(xs, ys):
    total = 0.0
    for i, ((x, y), (z, _)) in enumerate(zip(zip(xs, ys), zip(ys, xs))):
        if i == 3:
            break
        total = total + x * y * z
    return total * xs[3]


@program(X, Y)
def pair_used_whole(xs, ys):
    total = 0.0
    for i, pair in enumerate(zip(xs, ys)):
        x, y = pair
        total = total + x * y * len(pair) * i + sum(pair)
    return total


@program(X, Y)
def pair_with_the_rest(xs, ys):
    total = 0.0
    for i, (x, *rest) in enumerate(zip(xs, ys, ys[::-1])):
        total = total + i * x * rest[0] * rest[1]
    return total


@program(X, Y)
def pairs_of_equal_length(xs, ys):
    total = 0.0
    for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
        total = total + x * y**i
    for (x, y), z in zip(zip(xs, ys), xs, strict=True):
        total = total * x + y * z
    return total


@program(X, Y)
def pairs_of_one_iterator(xs, ys):
    items = iter(xs)
    total = 1.0
    for (x, y), z in zip(zip(items, ys), items):
        total = total * x + y * z
    return total


@program(X, Y)
def pairs_kept_in_a_variable(xs, ys):
    pairs = enumerate(zip(xs, ys))
    total = 0.0
    for _, (x, y) in pairs:
        total = total + x * y
        if x > 0.5:
            break
    for i, (x, y) in pairs:
        total = total * i + x * x * y
    return total


@program(X, Y)
def pairs_into_an_array(xs, ys):
    places = np.zeros(4)
    sums = {}
    for i, (places[i], (sums["x"], y)) in enumerate(zip(xs, zip(xs, ys))):
        places[i] = places[i] * y
    return np.sum(places**2) + sums["x"]


@program(X, Y)
def comprehension_of_pairs(xs, ys):
    return sum([x * y * i for i, (x, y) in enumerate(zip(xs, ys))]) + max(
        a * b for (a, b), _ in zip(zip(xs, ys), ys)
    )


@program(X, Y, Static(np.int8(3)))
def enumerated_from_a_number_of_numpy(xs, ys, start):
    total = 0.0
    for i, (x, y) in enumerate(zip(xs, ys), start):
        total = total + i * 100 * x * y
    return total


@program(X, Y)
def starmap_of_pairs(xs, ys):
    return sum(itertools.starmap(lambda a, b: a * b * a, zip(xs, ys)))
