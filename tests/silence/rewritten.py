"""Calls that write by NumPy's and Python's other names, and lists that come from a call or a slice."""

import collections

import numpy as np

from tests.silence.listed import IN_PLACE, given

NO_VECTOR = "where a list of integers chooses items of a vector"
OVERLAP = "the derivative of parts that overlap is not supported"
LACKING = "a defaultdict makes an item that it lacks, where only running tells what it is"
OWN_PART = "a part of an array is written into its `flat`"
SIX = np.array([0.7, 1.3, 0.4, 0.9, 1.1, 0.6])
ARGUMENTS = (SIX,)
REFUSED = {
    NO_VECTOR: """
        multiplied_at_pairs
        multiplied_at_a_mask
        multiplied_rows
    """,
    OVERLAP: """
        overlapping_parts
    """,
    OWN_PART: """
        flat_of_its_own_part
    """,
    LACKING: """
        one_default_or_another
    """,
    IN_PLACE: """
        dict_with_a_setter_of_its_own
    """,
}


def parts_that_are_replaced(x):
    parts = np.split(x, 3)
    parts[1] = parts[0] * 3.0
    parts.append(x[:1])
    return sum((part * part).sum() for part in parts) * len(parts)


def parts_in_a_dict(x):
    kept = {"parts": np.hsplit(x, 2)}
    kept["parts"].append(kept["parts"][0] * x[0])
    kept["parts"].reverse()
    return sum(kept["parts"][0]) * sum(kept["parts"][2])


def slice_of_a_list(x):
    items = [x[0], x[1], x[2]]
    some = items[:2]
    some[0] = x[4] * 2.0
    some.append(x[3])
    return some[0] * items[0] + sum(some) * sum(items)


def overlapping_parts(x):
    a, b, c = np.split(x, [-2, 3])
    return (a * a).sum() + b.sum() + c.sum() * 2.0


def negative_places(x):
    a, b, c = np.split(x, [-4, -2])
    y = x.copy()
    np.put(y, [0, -1], x[1] ** 2)
    return (a * a).sum() + b.sum() + c.sum() * 2.0 + y @ x


def mask_of_integers(x):
    y = x.copy()
    np.putmask(y, np.array([1, 0, 0, 1, 0, 2]), x[1] * x[2])
    np.putmask(y, np.array([[1, 0, 0], [0, 0, 0]]), 3.0)
    return y @ x


def added_to_integers(x):
    y = np.arange(6)
    np.add.at(y, [0], x[0])
    return np.sum(y * x)


def multiplied_by_its_own_items(x):
    y = x.copy()
    np.multiply.at(y, [1, 0], y[:2])
    return np.sum(y * y)


def multiplied_at_pairs(x):
    y = x.reshape(2, 3) * 1.0
    np.multiply.at(y, ([0, 0, 1], [1, 1, 2]), x[:3])
    return np.sum(y * y)


def multiplied_at_a_mask(x):
    y = x.copy()
    np.multiply.at(y, x > 0.8, x[0])
    return np.sum(y * y)


def multiplied_rows(x):
    y = x.reshape(2, 3) * 1.0
    np.multiply.at(y, [0, 0], x[:3])
    return np.sum(y * y)


def flat_of_its_own_part(x):
    y = x.reshape(2, 3) * 1.0
    y.flat[:3] = y.T[0, :1]
    return np.sum(y * y)


@given(SIX, 2.0)
def transposed_by_numbers(x, scale):
    y = x.reshape(2, 3) * scale
    z = np.einsum(y, [0, 1], [1, 0])
    z[0] = x[0] ** 2
    return np.sum(y * y)


def one_default_or_another(x):
    made = collections.defaultdict(lambda: 1.0)
    if x[0] > 0:
        made = collections.defaultdict(lambda: 2.0)
    made["k"] *= x[0]
    return made["k"] * made["z"] + made["k"]


def counted_letters(x):
    counts = collections.Counter()
    counts.update(word for word in ["ab", "cd", "ab"])
    return x[0] ** counts["ab"]


class Doubling(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2.0)


def dict_with_a_setter_of_its_own(x):
    table = Doubling()
    table.update((key, x[0] * x[1]) for key in "ab")
    return table["a"] * x[2]


def loop_variable_of_the_same_name(x):
    items = [0.5]
    x = x * x
    items.extend(x * 2.0 for x in x)
    return sum(items) * x[0]
