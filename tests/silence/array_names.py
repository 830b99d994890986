"""Arrays that attributes, items, lists and variables of other functions refer to, and that are written to."""

import copy

from tests.silence.listed import VECTOR, Record

ARGUMENTS = (VECTOR,)
REFUSED: dict[str, str] = {}


# -- one array by several names ----------------------------------------------------------------------


def two_attributes(v):
    record = Record(v * 1)
    record.other = record.value
    record.value[0] = v[1] ** 2
    record.other[1] *= record.value[0]
    return (record.value * record.other).sum()


def attribute_and_its_view(v):
    record = Record(v * 1)
    record.other = record.value[1:]
    record.other *= 2
    record.value = record.value * record.value
    record.other[0] = record.value[0]
    return (record.value[1:] * record.other).sum()


def attribute_added_to_in_place_and_replaced(v):
    record = Record(v * 1)
    first = record.value
    record.value += v * v
    record.value = record.value + v
    record.value *= first
    return record.value.sum() * first[0]


def item_added_to_in_place(v):
    table = {"a": v * 1}
    first = table["a"]
    table["a"] += v * v
    table["a"][1:] += first[:-1]
    table["a"] = table["a"] * first
    first *= 2
    return (table["a"] * first).sum()


def nonlocal_added_to_in_place(v):
    a = v * 1

    def grow():
        nonlocal a
        a += v
        a = a * v

    first = a
    grow()
    grow()
    return (a * first).sum()


def exchanged_in_a_loop(v):
    record = Record(v * 1, v * 2)
    for i in range(3):
        record.value[i] = record.other[i] * v[0]
        record.value, record.other = record.other, record.value
    return (record.value * record.other).sum() + record.value[0]


def history_with_and_without_copies(v):
    history, state = [], v * 1
    for i in range(3):
        state[i] = state[i - 1] * 2
        history.append(state)
        history.append(state.copy())
    return sum((a * a).sum() for a in history)


def array_in_a_list_twice(v):
    a = v * 1
    both = [a, a]
    both[0][0] = v[1] ** 2
    both[1] = both[1] * both[0]
    both[0][0] = v[2]
    both.append(a)
    return sum(w.sum() for w in both)


def deep_and_shallow_copies(v):
    record = Record([v[0]], v * 1)
    deep, shallow = copy.deepcopy(record), copy.copy(record)
    record.value[0] = v[1]
    record.other[0] = v[2]
    deep.value.append(v[2])
    return sum(deep.value) * shallow.value[0] * shallow.other[0] + deep.other[0]
