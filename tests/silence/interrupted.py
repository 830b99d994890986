"""Exceptions that come in the middle of what a statement, a method or a function changes."""

import numpy as np

from tests.silence.listed import MIDDLE, STATEMENT, VECTOR, Record, given

ARGUMENTS = (0.7,)
REFUSED = {
    MIDDLE: """
        extend_by_a_generator_that_fails
        extend_by_a_map_that_fails
        recursion_that_fails_after_a_write
        closure_that_calls_itself_and_fails
    """,
    STATEMENT: """
        items_of_a_tuple_assignment
        attribute_and_item_of_a_tuple_assignment
        attribute_and_item_of_a_chain
        entries_of_a_tuple_assignment
        chain_in_a_context
    """,
}


# -- two changes in one statement --------------------------------------------------------------------


def items_of_a_tuple_assignment(x):
    items = [x]
    try:
        items[0], items[3] = x * x, x
    except IndexError:
        pass
    return items[0]


def attribute_and_item_of_a_tuple_assignment(x):
    record, items = Record(x, x), [x]
    try:
        record.value, items[3] = x * x, x
    except IndexError:
        pass
    return record.value * record.other


def attribute_and_item_of_a_chain(x):
    record, items = Record(x, x), [x]
    try:
        record.value = items[3] = x * x
    except IndexError:
        pass
    return record.value * record.other


def entries_of_a_tuple_assignment(x):
    a = np.ones(3) * x
    try:
        a[0], a[7] = x * x, x
    except IndexError:
        pass
    return (a * a).sum()


def too_few_values(x):
    record = Record(x, x)
    try:
        record.value, record.other = [x * x]
    except ValueError:
        record.other = 3 * x
    return record.value * record.other


def augmented_slice_of_the_wrong_length(x):
    a = np.ones(3) * x
    try:
        a[0:2] = x * a[1:]
        a[1:] *= a
    except ValueError:
        a[2] = a[1] * a[2]
    return (a * a).sum()


class Silent:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return True


def chain_in_a_context(x):
    record, items = Record(x), [x]
    with Silent():
        record.value = items[3] = x * x
    return record.value


# -- two changes in a function -----------------------------------------------------------------------


def store_that_fails_in_a_function(x):
    record, items = Record(x), [x]

    def change():
        record.value = x * x
        items[3] = x

    try:
        change()
    except IndexError:
        pass
    return record.value


def pop_that_fails_in_a_function(x):
    record, items = Record(x), []

    def change():
        record.value = x * x
        items.pop()

    try:
        change()
    except IndexError:
        record.value *= 2
    return record.value


def deletion_that_fails_in_a_function(x):
    record = Record(x)

    def change():
        record.value = x * x
        del record.never

    try:
        change()
    except AttributeError:
        pass
    return record.value


class State:
    def __init__(self):
        self.items, self.table = [1.0], {}

    def change(self, x):
        self.items[0] = self.items[0] * x
        del self.table["never"]


def method_that_fails_in_a_loop(x):
    state = State()
    for _ in range(3):
        try:
            state.change(x)
        except KeyError:
            pass
    return state.items[0]


@given(VECTOR)
def entries_written_by_a_function(v):
    a = v * 1

    def change(i):
        a[i] = v[0] * v[1]
        a[i + 1] = v[2]

    try:
        change(2)
    except IndexError:
        pass
    return (a * a).sum()


def function_that_fails_halfway(x):
    record = Record(x, [])

    def change():
        record.other.append(record.value)
        record.value = record.value * x
        record.other.append([1.0, 2.0][len(record.other)] * record.value)

    try:
        for _ in range(3):
            change()
    except IndexError:
        record.value = record.value * 2
    return record.value * sum(record.other)


# -- methods that stop halfway -----------------------------------------------------------------------


def update_that_stops(x):
    table = {"a": x}
    try:
        table.update([("a", x * x), 3])
    except TypeError:
        pass
    return table["a"]


def extend_by_a_generator_that_fails(x):
    items = [x]

    def one():
        yield x * x
        raise ValueError

    try:
        items.extend(one())
    except ValueError:
        pass
    return sum(items) * len(items)


def extend_by_a_map_that_fails(x):
    items = [x]

    def scaled(i):
        return x * (1 // (1 - i))

    try:
        items += map(scaled, range(3))
    except ZeroDivisionError:
        pass
    return sum(items) * len(items)


def sort_that_cannot_compare(x):
    items = [2.0, x, "a"]
    try:
        items.sort()
    except TypeError:
        pass
    return items[0] * len(items)


# -- recursion that stops halfway --------------------------------------------------------------------


class TooDeep(Exception):
    pass


def _descend(n, items, x):
    items[0] = items[0] * x
    if n == 0:
        raise TooDeep
    try:
        _descend(n - 1, items, x)
    except TooDeep:
        items[0] = items[0] + x
    return items[0]


def recursion_that_fails_after_a_write(x):
    return _descend(2, [x], x)


def closure_that_calls_itself_and_fails(x):
    total = x

    def go(n):
        nonlocal total
        total = total * x
        if n == 0:
            raise TooDeep
        try:
            go(n - 1)
        except TooDeep:
            total = total * 2

    go(2)
    return total
