"""Functions that builtins call, and that change something while they are called."""

import functools
import itertools

import numpy as np

from tests.silence.listed import ELSEWHERE, HIDDEN, IN_PLACE, NO_RULE, Record

ARGUMENTS = (0.7,)
REFUSED = {
    IN_PLACE: """
        map_of_an_append
    """,
    HIDDEN: """
        key_of_max
        key_of_min_with_a_nonlocal
        key_of_sorted_that_logs
        key_of_sorted_that_counts_in_a_dict
        key_of_sorted_with_an_attribute
        key_of_the_sort_method
        takewhile_that_changes
    """,
    ELSEWHERE: """
        groupby_that_changes
    """,
    NO_RULE: """
        vectorize_that_changes
    """,
}


def _grower(record):
    """A function that changes the object whenever it is called."""

    def grow(v):
        record.value = record.value * v
        return record.value

    return grow


# -- functions given to builtins -----------------------------------------------------------------------


def key_of_max(x):
    record = Record(x)
    best = max([1.0, 2.0, x], key=_grower(record))
    return best * record.value


def key_of_min_with_a_nonlocal(x):
    product = x

    def key(v):
        nonlocal product
        product = product * v
        return v

    least = min([1.5, x, 2.0], key=key)
    return least * product


def key_of_sorted_that_logs(x):
    log = [x]

    def key(v):
        log.append(v)
        return v

    return sorted([1.5, x, 2.0], key=key)[0] * sum(log)


def key_of_sorted_that_counts_in_a_dict(x):
    counts = {"n": x}

    def key(v):
        counts["n"] = counts["n"] * v
        return v

    return sorted([1.5, x, 2.0], key=key)[0] * counts["n"]


def key_of_sorted_with_an_attribute(x):
    record = Record(1.0)

    def key(v):
        record.value = record.value * v
        return v

    return sorted([x, 1.3, 0.4], key=key)[0] * record.value


def key_of_the_sort_method(x):
    record = Record(x)
    items = [1.5, x, 2.0]
    items.sort(key=_grower(record))
    return items[0] * record.value


def key_that_changes_nothing(x):
    records = [Record(x, 1), Record(x * x, 2), Record(1 - x, 3)]
    records.sort(key=lambda r: r.value)
    for i, record in enumerate(records):
        record.value = record.value * (i + 1)
    records.sort(key=lambda r: -r.other)
    return records[0].value * records[1].value + records[2].value


def map_taken_at_once(x):
    record = Record(x)
    grown = list(map(_grower(record), [x, 2.0, 3.0]))
    return grown[0] * grown[2] * record.value


def map_of_an_append(x):
    items = []
    list(map(items.append, [x, x * x]))
    return items[0] * items[1]


def filter_taken_at_once(x):
    record = Record(x)
    grow = _grower(record)
    left = list(filter(lambda v: grow(v) > 1, [1.0, 2.0]))
    return sum(left) * record.value


def reduce_that_changes(x):
    record = Record(1.0)

    def step(total, v):
        record.value = record.value * v
        return total + record.value

    return functools.reduce(step, [x, 1.3, 0.4], 0.0) * record.value


def partial_that_changes(x):
    record = Record(x)

    def step(k, v):
        record.value = record.value * v + k
        return record.value

    step_of_one = functools.partial(step, 1.3)
    return step_of_one(0.4) * step_of_one(x) * record.value


def takewhile_that_changes(x):
    record = Record(x)
    grow = _grower(record)
    left = list(itertools.takewhile(lambda v: grow(v) < 10, [1.0, 2.0]))
    return sum(left) * record.value


def groupby_that_changes(x):
    record = Record(x)
    keys = [key for key, _ in itertools.groupby([1.0, 2.0], key=_grower(record))]
    return sum(keys) * record.value


def accumulate_that_changes(x):
    record = Record(x)
    grow = _grower(record)
    sums = list(itertools.accumulate([1.0, 2.0, x], lambda a, b: a + grow(b)))
    return sums[-1] * record.value


def starmap_that_changes(x):
    record = Record(x)
    grow = _grower(record)
    grown = list(itertools.starmap(lambda v: grow(v), [(1.0,), (2.0,)]))
    return grown[-1] * record.value


def iterator_with_a_sentinel(x):
    record = Record(x)

    def double():
        record.value = record.value * 2.0
        return record.value > 4

    for _ in iter(double, True):
        pass
    return record.value


def vectorize_that_changes(x):
    record = Record(x)
    np.vectorize(_grower(record))(np.array([1.0, 2.0]))
    return record.value


def function_along_an_axis_that_changes(x):
    record = Record(x)

    def double(row):
        record.value = record.value * 2.0
        return row.sum()

    np.apply_along_axis(double, 0, np.ones((2, 3)))
    return record.value


def any_of_what_changes(x):
    record = Record(x)
    grow = _grower(record)
    any(grow(v) > 2 for v in [2.0, 3.0, 4.0])
    return record.value


def decorator_that_changes(x):
    record = Record(x)

    def counted(f):
        @functools.wraps(f)
        def call(*args):
            record.value *= 2
            y = f(*args)
            record.value += y
            return y

        return call

    @counted
    def scaled(v):
        return v * record.value

    return scaled(x) * scaled(2.0) * record.value


# -- in the order in which they are called -------------------------------------------------------------


def arguments_in_turn(x):
    record = Record(x)
    grow = _grower(record)
    return pow(grow(1.3), grow(2.0)) + grow(0.5) * record.value + record.value * grow(2.0)


def items_of_displays_in_turn(x):
    record = Record(x)
    grow = _grower(record)
    items = [grow(1.3), record.value, grow(2.0)]
    table = {"a": grow(0.5), "b": record.value}
    items[len(items) - 1] = grow(3.0)
    return items[0] * items[1] * items[2] * table["b"]


def comprehensions_in_turn(x):
    record = Record(x)
    grow = _grower(record)
    grown = [grow(v) for v in [x, 1.3]]
    table = {i: grow(v) for i, v in enumerate([x, 1.3])}
    return grown[1] * table[1] * record.value


def conditions_in_turn(x):
    record = Record(x, 0.0)

    def multiply(answer):
        record.value = record.value * x
        return answer

    if multiply(True) and multiply(False) and multiply(True):
        record.other = 1.0
    last = multiply(0.0) or multiply(record.value)
    return record.value + last


def index_that_changes(x):
    at = [0]

    def advance():
        at[0] += 1
        return at[0]

    items = [x, x * x, x**3]
    items[advance()] *= x
    items[advance()] += items[1]
    return sum(items) * at[0]
