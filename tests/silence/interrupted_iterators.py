"""Iterators that raise in a loop of a `try` body, and such as do not."""

import numpy as np

from tests.silence.listed import VECTOR

ARGUMENTS = (np.append(VECTOR, -0.9),)
RAISED = "in a loop of a `try` body"
OUT_OF = "in the middle of a loop of a `try` body"
REFUSED = {
    RAISED: """
        zip_that_is_strict
        zip_over_a_generator_that_raises
        enumerate_over_a_generator_that_raises
        zip_over_a_generator_expression_that_raises
    """,
    OUT_OF: """
        map_that_raises
        filter_that_raises
    """,
}


def _root(x):
    if x < 0:
        raise ValueError("negative")
    return x * x


def zip_that_is_strict(xs):
    total = 1.0
    try:
        for k, x in zip([2, 1], xs, strict=True):
            total = total * k * x
    except ValueError:
        total = total + xs[3]
    return total


def zip_over_a_generator_that_raises(xs):
    def made():
        yield xs[0]
        raise ValueError

    total = 1.0
    try:
        for k, x in zip([2, 1], made()):
            total = total * k * x
    except ValueError:
        total = total + xs[3]
    return total


def enumerate_over_a_generator_that_raises(xs):
    def made():
        yield xs[0]
        raise ValueError

    total = 1.0
    try:
        for k, x in enumerate(made()):
            total = total * k + x
    except ValueError:
        total = total + xs[3]
    return total


def zip_over_a_generator_expression_that_raises(xs):
    total = 1.0
    try:
        for _, v in zip(range(4), (_root(x) for x in xs)):
            total = total * v
    except ValueError:
        total = total + xs[3]
    return total


def map_that_raises(xs):
    total = 1.0
    try:
        for v in map(_root, xs):
            total = total * v
    except ValueError:
        total = total + xs[3]
    return total


def filter_that_raises(xs):
    total = 1.0
    try:
        for v in filter(lambda x: _root(x) > 0.2, xs):
            total = total * v
    except ValueError:
        total = total + xs[3]
    return total


def list_of_a_map_that_raises(xs):
    total = 1.0
    try:
        total = total + sum(list(map(_root, xs)))
    except ValueError:
        total = total + xs[3] ** 2
    return total


def iterators_that_do_not_raise(xs):
    total = 1.0
    try:
        for k, v in zip(range(9), map(lambda x: x * x, xs)):
            total = total * v + k
        for k, v in enumerate(x * 2 for x in xs):
            total = total + v * k * v
        raise IndexError
    except IndexError:
        total = total + xs[3]
    return total
