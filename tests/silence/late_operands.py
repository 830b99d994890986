"""Patterns and arguments that are lists, dicts or arrays, which change afterwards."""

import math

import numpy as np

from tests.silence.listed import VECTOR, Record, given

ARGUMENTS = (0.7,)
REFUSED: dict[str, str] = {}


# -- match -------------------------------------------------------------------------------------------


def matched_by_length(x):
    items, total = [x], 0.0
    for _ in range(3):
        match items:
            case [a]:
                total += a
                items.append(x * x)
            case [a, b]:
                total += a * b
                items[:] = [x, x, x**3]
            case [_, *rest]:
                total += rest[1]
    return total


def matched_with_a_rest(x):
    items, total = [x], 0.0
    for _ in range(2):
        match items:
            case [a]:
                total += a
                items.append(x * x)
            case [_, *rest]:
                total += rest[0]
    return total


def matched_rest_that_changes(x):
    items = [x, x * x]
    match items:
        case [a, *rest]:
            y = a * rest[0]
    items[1] = 3.0 * x
    items.append(1.0)
    return y * items[1]


def matched_dict(x):
    table = {"a": x}
    match table:
        case {"b": y}:
            z = y
        case {"a": y}:
            z = y * y
            table["b"] = x
    return z


def matched_object(x):
    record = Record(x, 1)
    match record:
        case Record(value=v, other=2):
            y = v
        case Record(value=v, other=1):
            y = v * v
            record.other = 2
    return y


def unpacked_between_changes(x):
    items = [x, x * x]
    a, b = items
    items.insert(0, x**3)
    items.reverse()
    c, d, e = items
    items.clear()
    return a * b + c * d * e


# -- given to functions and changed afterwards -------------------------------------------------------


@given(VECTOR)
def list_that_indexes(v):
    at = [0, 1]
    y = v[at]
    at[0], at[1] = 1, 0
    return (y * [1, 2]).sum()


@given(VECTOR)
def list_that_is_written_by(v):
    at = [0, 0]
    a = np.zeros(3)
    a[at] = (v * v)[:2]
    a[at] += v[:2]
    at[0] = 1
    at.append(1)
    return (a * [1, 2, 3]).sum()


@given(VECTOR)
def mask_that_changes(v):
    mask = np.array([True, False, True])
    y = np.where(mask, v, v * v)
    selected = v[mask].sum()
    mask[:] = [False, True, True]
    return (y * [1, 2, 3]).sum() * selected


def list_made_an_array(x):
    items = [x, x * x]
    a = np.array(items)
    items[0] = x**3
    b = np.array(items)
    items.append(1.0)
    return (a * b).sum() + np.dot(a, items[:2]) + np.stack([a, b]).sum() + np.mean(items)


@given(VECTOR)
def list_given_to_numpy(v):
    items = [v[0], v[1]]
    y = np.prod(items) * np.max(items) + (np.array(items) * items).sum() + np.cumsum(items)[1]
    items[0], items[1] = 5.0, v[0]
    return y * items[1]


@given(VECTOR)
def list_given_to_builtins(v):
    items = [v[0], v[1]]
    y = max(items) * sorted(items)[0] * 2 + sum(items) * max(items, key=lambda u: -u)
    items[1] = 0.0
    items.insert(0, 3.0)
    return y


@given(VECTOR)
def list_given_to_math(v):
    items = [v[0], v[1]]
    y = math.prod(items) * math.hypot(*items) + math.fsum(items)
    items[0] = 5.0
    items.append(v[0])
    return y


@given(VECTOR)
def axis_of_an_attribute(v):
    record = Record(0)
    m = np.outer(v, v)
    y = m.sum(record.value)
    record.value = 1
    return (y * m[0] * m.sum(axis=record.value)).sum()
