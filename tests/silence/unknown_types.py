"""Containers of which only the call tells what they are: an array, a list, a tuple or a dict."""

import numpy as np

from tests.silence.listed import KEPT, VECTOR

ARGUMENTS = (VECTOR, 1)
STATIC = (1,)
REFUSED = {
    KEPT: """
        entries_written_ahead
    """,
}


def _choose(thing, n):
    things = [None, thing, "a"]
    return things[n]


def array_written_and_gone_through(v, n):
    a, total = _choose(v * 1, n), 0.0
    a[0] = v[1] ** 2
    for w in a:
        total = total + w * w
    return total


def array_numbered_zipped_and_summed(v, n):
    a, total = _choose(v * 1, n), 0.0
    a[0] = v[1] ** 2
    for i, w in enumerate(a):
        total = total + w * w * i
    for w, u in zip(a, v):
        total = total + w * u
    return total + sum(w * w for w in a)


def rows_gone_through(v, n):
    a, total = _choose(np.outer(v, v), n), 0.0
    a[0] = v * a[1]
    for row in a:
        total = total + row @ v
    return total


def list_written_and_gone_through(v, n):
    items, total = _choose([v[0], v[1]], n), 0.0
    items[0] = v[1] ** 2
    for w in items:
        total = total + w * w
    return total


def list_of_arrays_gone_through(v, n):
    items, total = _choose([v * 1, v * 2], n), 0.0
    items[0] = v**2
    items[1][0] = v[2]
    for w in items:
        total = total + w @ w
    return total


def tuple_of_arrays_gone_through(v, n):
    items, total = _choose((v * 1, v * 2), n), 0.0
    items[1][0] = v[2]
    for w in items:
        total = total + w @ w
    return total


def dict_gone_through(v, n):
    table, total = _choose({"a": v[0], "b": v[2]}, n), 0.0
    table["a"] = v[2] ** 2
    for w in table.values():
        total = total + w * w
    for key in table:
        total = total + table[key]
    return total


def entries_written_ahead(v, n):
    a, total = _choose(v * 1, n), 0.0
    for w in a:
        a[2] = w * a[2]
        total = total + w * w
    return total
