"""Exceptions that come after one change and before the next, and what is done then."""

import contextlib

from tests.silence.listed import KEPT, VECTOR, Record, given

ARGUMENTS = (0.7,)
REFUSED = {
    KEPT: """
        context_made_of_a_generator
    """,
}


# -- one change after the other ----------------------------------------------------------------------


def store_and_a_pop_that_fails(x):
    items = [x]
    try:
        items[0] = x * x
        items.pop(10)
    except IndexError:
        pass
    return items[0]


def store_and_a_deletion_that_fails(x):
    table = {"a": x}
    try:
        table["a"] = x * x
        del table["never"]
    except KeyError:
        table["a"] = table["a"] * 3
    return table["a"]


def store_and_a_store_that_fails(x):
    table = {"a": x, "items": [x]}
    try:
        table["a"] = x * x
        table["items"][5] = x
    except IndexError:
        table["a"] = table["a"] * 3
    return table["a"]


@given(VECTOR)
def write_and_a_write_that_fails(v):
    a = v * 1
    try:
        a[0] = v[1] * v[1]
        a[10] = v[2]
    except IndexError:
        pass
    return a.sum()


@given(VECTOR)
def writes_until_the_end_is_passed(v):
    a = v * 1
    try:
        for i in range(5):
            a[i] = a[i] * v[0]
    except IndexError:
        a[1] = a[1] * 2
    return (a * a).sum()


def changes_in_a_loop_that_fails(x):
    items = [x]
    try:
        for i in range(5):
            items[0] = items[0] * x
            if i == 3:
                raise IndexError
    except IndexError:
        pass
    return items[0]


def change_in_an_expression_that_fails(x):
    record = Record(x)

    def triple():
        record.value = record.value * 3
        return record.value

    def fail():
        raise ValueError

    y = 0.0
    try:
        y = triple() + fail()
    except ValueError:
        y = record.value * x
    return y


def change_in_a_display_that_fails(x):
    items = [x]

    def triple():
        items[0] = items[0] * 3
        return items[0]

    try:
        [triple(), 1 // 0]
    except ZeroDivisionError:
        items.append(x)
    return sum(items) * items[0]


def nested_with_finally(x):
    record, log = Record(x, 0.0), []
    for i in range(4):
        try:
            try:
                log.append(record.value)
                if i == 1:
                    raise KeyError
                if i == 2:
                    raise ValueError
            except KeyError:
                record.value = record.value * x
            finally:
                record.other = record.other + record.value
        except ValueError:
            record.other = record.other * 2
        else:
            record.value = record.value + i
    return record.value * record.other * sum(log)


def return_through_finally(x):
    record = Record(x)

    def run(last):
        for k in range(3):
            try:
                record.value = record.value * x
                if k == last:
                    return record.value
                if k == 1:
                    continue
            finally:
                record.value = record.value + 1
        return record.value * 2

    return run(0) * run(2) * record.value


def break_through_finally(x):
    record = Record(x, [])
    for k in range(5):
        try:
            record.other.append(record.value)
            if k == 2:
                break
        finally:
            record.value = record.value * 2
    return record.value * sum(record.other)


class Restoring:
    def __init__(self, record):
        self.record = record

    def __enter__(self):
        self.old = self.record.value
        self.record.value = self.record.value * self.record.value
        return self

    def __exit__(self, *error):
        self.record.value = self.old * self.record.value
        return True


def context_that_restores(x):
    record = Record(x, 0.0)
    with Restoring(record):
        record.value = record.value * 3
        record.other = record.value
        {}["never"]
    with Restoring(record):
        record.other += record.value
    return record.value * record.other


@contextlib.contextmanager
def _temporarily(record, value):
    old = record.value
    record.value = value
    try:
        yield record
    finally:
        record.value = old


def context_made_of_a_generator(x):
    record = Record(x, 0.0)
    with _temporarily(record, x * x):
        record.other = record.value * 2
        record.value = record.value * 3
    return record.value * record.other
