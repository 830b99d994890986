"""Functions that builtins call and that change something: which are found, and what the error says."""

import dataclasses
import functools

import numpy as np
import pytest

import adjoint as ad
from adjoint.errors import UnsupportedSyntaxError
from tests.inference.refusals import check_refusal

HINT = "Call it in a loop of your own, and work on what it gave."
FUNCTION = "a function that is called here changes something, and no statement shows when"


class Log:
    def __init__(self):
        self.total = 0.0

    def add(self, v):
        self.total = self.total + v
        return v


class Ranked:
    """Compared, it logs that; not by itself, but by a method, and that by another object's."""

    def __init__(self, rank, log):
        self.rank, self.log = rank, log

    def __lt__(self, other):
        return self.lower(other)

    def lower(self, other):
        self.log.add(self.rank)
        return self.rank < other.rank


class Adding:
    def __init__(self, log):
        self.log = log

    def __call__(self, v):
        return self.log.add(v)


class Shown:
    def __init__(self, log):
        self.log = log

    def __format__(self, how):
        self.log.total = self.log.total * 2
        return "shown"


@dataclasses.dataclass(order=True)
class Pair:
    first: Ranked
    second: float


class Counted:
    def __init__(self, value, log):
        self._value, self.log = value, log

    @property
    def value(self):
        self.log.add(1.0)
        return self._value


def key_of_sorted(x):
    log = Log()
    items = sorted([x, 2.0], key=log.add)
    return items[0] * log.total


def key_is_an_object(x):
    log = Log()
    items = sorted([x, 2.0], key=Adding(log))
    return items[0] * log.total


def key_is_a_lambda(x):
    log = Log()
    items = sorted([x, 2.0], key=lambda v: log.add(v))
    return items[0] * log.total


def key_is_partial(x):
    log = Log()
    items = sorted([x, 2.0], key=functools.partial(Log.add, log))
    return items[0] * log.total


def key_reads_a_property(x):
    log = Log()
    items = max([Counted(x, log), Counted(2.0, log)], key=lambda c: c.value)
    return items._value * log.total


def comparison(x):
    log = Log()
    items = sorted([Ranked(2, log), Ranked(1, log)])
    return x * items[0].rank + log.total


def comparison_inside_a_dataclass(x):
    log = Log()
    items = sorted([Pair(Ranked(2, log), x), Pair(Ranked(1, log), x)])
    return items[0].second * log.total


def format_string(x):
    log = Log()
    log.total = x
    text = f"{Shown(log)}"
    return log.total * len(text)


REFUSED = [
    (key_of_sorted, FUNCTION, "= sorted("),
    (key_is_a_lambda, FUNCTION, "= sorted("),
    (key_is_an_object, FUNCTION, "= sorted("),
    (key_is_partial, FUNCTION, "= sorted("),
    (key_reads_a_property, FUNCTION, "max("),
    (comparison, "`Ranked.__lt__` changes something, and no statement shows when", "= sorted("),
    (
        comparison_inside_a_dataclass,
        "`Pair.__lt__` changes something, and no statement shows when",
        "= sorted(",
    ),
    (format_string, "`Shown.__format__` changes something, and no statement shows when", 'f"{'),
]


@pytest.mark.parametrize(
    ("program", "message", "marked"), REFUSED, ids=[r[0].__name__ for r in REFUSED]
)
def test_what_changes_unseen_is_refused(program, message, marked):
    check_refusal(program, (0.7,), message, marked, HINT)


@pytest.mark.parametrize(
    ("program", "message", "marked"), REFUSED, ids=[r[0].__name__ for r in REFUSED]
)
def test_it_is_refused_inside_a_derivative(program, message, marked):
    with pytest.raises(UnsupportedSyntaxError):
        ad.gradient(lambda x: ad.gradient(program, x)[0], 0.7)


class Plain:
    """Compared, shown and hashed without a change; another method changes it."""

    def __init__(self, rank):
        self.rank = rank

    def __lt__(self, other):
        return self.rank < other.rank

    def grow(self, x):
        self.rank = self.rank * x


def test_what_changes_nothing_is_not_refused():
    def f(x):
        items = [Plain(2 * x), Plain(x)]
        items[0].grow(x)
        least = sorted(items, key=lambda p: p.rank)[0]
        most = max(items)
        text = f"{len(items)}"
        return least.rank * most.rank * len(text)

    np.testing.assert_allclose(ad.gradient(f, 0.7)[0], 6 * 0.7**2)  # x · 2x²
