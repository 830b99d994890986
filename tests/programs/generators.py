"""Generators: functions with `yield`, generator expressions, `iter`, `next` and `itertools`."""

import contextlib
import itertools

import numpy as np

from tests.programs.registry import make, normal, program, static


def powers(x, count):
    power = x
    for _ in range(count):
        yield power
        power = power * x


def naturals(step):
    n = step
    while True:
        yield n
        n = n + step


def chained(x):
    yield from powers(x, 2)
    yield x * 10
    yield from [x, 2 * x]


def pairs(xs):
    for i, x in enumerate(xs):
        if x < 0:
            continue
        yield i, x * x


def until_large(xs, most):
    total = 0.0
    for x in xs:
        total = total + x
        if total > most:
            return
        yield total


class Tree:
    def __init__(self, value, *children):
        self.value, self.children = value, children

    def __iter__(self):
        yield self.value
        for child in self.children:
            yield from child

    def scaled(self, factor):
        for value in self:
            yield value * factor


@program(1.5, 2.0, second=False)
def looped(x, y):
    total = 0.0
    for power in powers(x, 3):
        total = total + power * y
    return total


@program(1.5, second=False)
def consumed_at_once(x):
    a, b, c = powers(x, 3)
    return sum(powers(x, 2)) * a + max(chained(x)) * b + len(list(powers(x, 4))) * c


@program(1.5, 4.0, second=False)
def left_early(x, most):
    total = x
    for n in naturals(x):
        total = total * n
        if n > most:
            break
    return total


@program(1.5, second=False)
def by_hand(x):
    numbers = naturals(x)
    first = next(numbers)
    second = next(numbers) * first
    rest = [next(numbers) for _ in range(2)]
    nothing = next(iter([]), x)
    return first + second * rest[1] + nothing


@program(1.5, 0.5, second=False)
def two_at_once(x, y):
    total = 0.0
    for a, b in zip(powers(x, 3), naturals(y)):
        total = total + a * b
    return total


@program(1.5, 0.5, second=False)
def interleaved(x, y):
    left, right = powers(x, 3), powers(y, 3)
    total = next(left) * next(right)
    total = total + next(left) * total
    for value in right:
        total = total + value * next(left, 1.0)
    return total


@program(normal(5), second=False)
def conditions(x):
    total = 0.0
    for i, square in pairs(x):
        total = total + (i + 1) * square
    return total + x[0]


@program(np.array([0.4, 0.5, 0.3, 0.9]), second=False)
def returning(x):
    return sum(until_large(x, 1.0)) * x[1]


@program(make(Tree, 1.5, make(Tree, 2.0), make(Tree, 0.5, make(Tree, 3.0))), 0.7, second=False)
def methods(tree, factor):
    total = 0.0
    for value in tree:
        total = total + value * value
    return total + sum(tree.scaled(factor)) * next(iter(tree))


@program([1.5, 2.0, 0.5], 3.0, second=False)
def expressions(items, x):
    squares = (item * x for item in items if item > 0.7)
    total = next(squares)
    for square in squares:
        total = total + square * x
    nested = (a * b for a in items for b in items)
    return total * sum(nested)


@program([1.5, 2.0, 0.5], second=False)
def passed_on(items):
    def doubled(values):
        for value in values:
            yield 2 * value

    def first_two(values):
        return next(values) + next(values) * 3

    return first_two(doubled(item * item for item in items))


@program(2.0, 3.0, second=False)
def captured(x, y):
    def steps(n):
        for i in range(n):
            yield x * i + y

    return sum(steps(3)) * max(steps(2))


@program(1.5, second=False)
def recursive(x):
    def halves(value):
        if value > 0.3:
            yield value
            yield from halves(value / 2)

    return sum(halves(x))


@program(2.0, static(0), second=False)
@program(2.0, static(3), second=False)
def nothing_to_yield(x, count):
    total = x
    for power in powers(x, count):
        total = total * power
    return total


@program([1.5, 1.1, 0.7], second=False)
def iterators(xs):
    it = iter(xs)
    first = next(it)
    total = first * 10
    for x in it:
        total = total + x * x
    both = zip(xs, xs[1:])
    a, b = next(both)
    for c, d in both:
        total = total + a * b * c * d
    return total


@program([1.5, 1.1, 0.7], second=False)
def pairs_of_one_iterator(xs):
    it = iter([*xs, xs[0]])
    return sum(a * b for a, b in zip(it, it))


@program([1.5, 1.1, 0.7, 0.2], 2.0, second=False)
def endless(xs, step):
    total = sum(x * i for i, x in zip(itertools.count(1.0, step), xs))
    total = total + sum(a * b for a, b in zip(range(6), itertools.cycle(xs)))
    return total + sum(itertools.repeat(step, 3)) + sum(itertools.islice(xs, 1, None, 2))


@program([1.5, 1.1, 0.7, 0.2], second=False)
def selections(xs):
    total = sum(itertools.takewhile(lambda x: x > 1, xs))
    total = total * sum(itertools.dropwhile(lambda x: x > 1, xs))
    total = total + sum(itertools.filterfalse(lambda x: x > 1, xs)) * 2
    return total + sum(itertools.compress(xs, [1, 0, 0, 1])) * 3


@program([1.5, 1.1, 0.7, 0.2], second=False)
def groupings(xs):
    total = 0.0
    for large, group in itertools.groupby(xs, key=lambda x: x > 1):
        total = total + sum(group) * (2 if large else 3)
    first, second = itertools.tee(xs)
    total = total * next(first) + sum(a * b for a, b in zip(first, second))
    return total + sum(a * b for a, b in itertools.zip_longest(xs, xs[:2], fillvalue=2.0))


@program([1.5, 1.1, 0.7])
def whole_iterators(xs):
    total = sum(itertools.accumulate(xs, lambda a, b: a * b))
    total = total + sum(a * b for a, b in itertools.product(xs, repeat=2))
    total = total * sum(a - b for a, b in itertools.combinations(xs, 2))
    return total + sum(itertools.chain(xs, xs[1:])) + sum(a * b for a, b in itertools.pairwise(xs))


@program([1.5, 1.1, 0.7], second=False)
def named_iterators(xs):
    squares = map(lambda x: x * x, xs)
    numbered = enumerate(xs)
    first = next(squares)
    _, x = next(numbered)
    return first * x + sum(squares) + sum(i * x for i, x in numbered)


@program(0.5, second=False)
def in_a_try(x):
    total = x
    try:
        for power in powers(x, 5):
            total = total + power
            if power < 0.1:
                raise ValueError("small")
    except ValueError:
        total = total * x
    return total


@contextlib.contextmanager
def scaled(x):
    y = x * x
    try:
        yield y
    finally:
        y = 0.0


@program(1.5, 2.0, second=False)
def context_of_a_generator(x, y):
    with scaled(x) as a, scaled(a * y) as b:
        z = a + b
    return z * x


def first_two(items):
    return next(items) * next(items)


def sum_and_what_is_left(items):
    return sum(items) + sum(v * v for v in items)


class Doubled:
    def total(self, items):
        return 2 * sum(items)


@program(normal(3), second=False)  # of what is advanced by hand it is refused
def given_to_what_advances_it(x):
    return first_two(v * v for v in x)


@program(normal(3), second=False)  # of what is advanced by hand it is refused
def given_to_what_goes_through_it_twice(x):
    def inner(items):
        return max(items) + sum(items)

    return sum_and_what_is_left(v * x[0] for v in x) + inner(v * v for v in x)


@program(normal(3), second=False)  # of what is advanced by hand it is refused
def given_to_a_method(x):
    return Doubled().total(v * v for v in x)
