"""Arrays that are written to while they are gone through, or before their iterator is read."""

import itertools

import numpy as np

from tests.silence.listed import KEPT, LATE, MATRIX, MEANWHILE, VECTOR, given

ARGUMENTS = (VECTOR,)
REFUSED = {
    LATE: """
        chain_written_ahead
        map_that_indexes
        map_of_a_function_of_numpy
    """,
    MEANWHILE: """
        reversed_written_ahead
        generator_expression_over_entries
        zip_made_before
        zip_with_its_own_view
        enumerate_made_before
        iterator_between_whose_entries_one_is_written
    """,
    KEPT: """
        generator_expression_that_indexes
    """,
}


# -- written to while they are gone through ------------------------------------------------------------


def entry_written_ahead(v):
    a, total = v * 1, 0.0
    for w in a:
        a[2] = a[2] * w
        total = total + w
    return total


def entry_written_behind(v):
    a, total, i = v * 1, 0.0, 0
    for w in a:
        a[i] = w * 2
        i += 1
        total = total + w
    return total + a.sum()


def enumerate_written_ahead(v):
    a, total = v * 1, 0.0
    for i, w in enumerate(a):
        a[(i + 1) % 3] = a[(i + 1) % 3] * w
        total = total + w * w
    return total + a.sum()


def enumerate_written_behind(v):
    a, total = v * 1, 0.0
    for i, w in enumerate(a):
        a[i] = w * 2
        total = total + w
    return total + (a * a).sum()


def argument_written_while_enumerated(v):
    for i, w in enumerate(v):
        v[i] = w**2
    return (v * v).sum()


def zip_written_ahead(v):
    a, total = v * 1, 0.0
    for w, u in zip(a, v):
        a[2] = a[2] * w
        total = total + w * u
    return total


def zip_written_ahead_as_the_second(v):
    a, total = v * 1, 0.0
    for u, w in zip(v, a):
        a[2] = a[2] * w
        total = total + w * u
    return total


def reversed_written_ahead(v):
    a, total = v * 1, 0.0
    for w in reversed(a):
        a[0] = a[0] * w
        total += w
    return total


def chain_written_ahead(v):
    a, total = v * 1, 0.0
    for w in itertools.chain(a):
        a[2] = w * 2
        total += w
    return total


def left_early_in_an_outer_loop(v):
    a, total = v * 1, 0.0
    for i in range(3):
        for w in a:
            a[i] = a[i] * w
            if w > 1.0:
                break
            total += w
    return total + a.sum()


def wound_through_again_and_again(v):
    a, total = v * 1, 0.0
    for _ in range(3):
        for j, w in enumerate(a):
            a[(j + 1) % 3] = w * 0.5 + v[j]
            total += w
    return total


# -- rows ----------------------------------------------------------------------------------------------


@given(MATRIX)
def rows_scaled(m):
    for row in m:
        row *= 2
    return (m * m).sum()


@given(MATRIX)
def rows_scaled_and_read_backwards(m):
    a = m * 1
    for row in a:
        row *= 2
    for row in a[::-1]:
        row -= a[0] * 0.5
    return (a * a).sum()


@given(MATRIX)
def rows_numbered(m):
    a = m * 1
    for i, row in enumerate(a):
        row[i] *= 3
    return (a * m).sum()


@given(MATRIX)
def rows_in_pairs(m):
    a = m * 1
    for upper, lower in zip(a, a[1:]):
        lower += upper * 0.1
    return (a * a).sum()


@given(MATRIX)
def rows_written_ahead(m):
    a, total = m * 1, 0.0
    for row in a:
        row[0] = row[1] ** 2
        a[1, 1] = row[0]
        total = total + row.sum() * row[1]
    return total


@given(MATRIX.T)
def rows_unpacked_and_written_ahead(m):
    a, total = m * 1, 0.0
    for p, q in a:
        a[2] = a[2] * p
        total = total + p * q
    return total


@given(MATRIX.T)
def rows_numbered_and_unpacked(m):
    a, total = m * 1, 0.0
    for i, (p, q) in enumerate(a):
        a[2] = a[2] * p
        total = total + p * q * i
    return total


@given(MATRIX.T)
def rows_with_weights(m):
    a = m * 1
    for row, weight in zip(a, (1.0, 2.0, 3.0)):
        row *= weight
        a[2] += row
    return (a * m).sum()


@given(MATRIX)
def rows_unpacked_into_names(m):
    a = m * 1
    first, second = a
    first *= second
    return (a * a).sum()


@given(MATRIX)
def rows_unpacked_and_the_whole_written(m):
    a = m * 1
    first, _ = a
    a[0] *= 3
    return (a * a).sum() + (first * m[1]).sum()


@given(MATRIX)
def rows_of_a_view(m):
    flat = m.reshape(-1) * 1
    for row in flat.reshape(2, 3):
        row[0] = flat[5] * 2
        flat[4] = row[0] ** 2
    return (flat * flat).sum()


@given(MATRIX)
def parts_of_a_split(m):
    flat = m.reshape(-1) * 1
    for part in np.split(flat, 3):
        part *= 2.0
    return (flat * flat).sum()


# -- written to before and after -----------------------------------------------------------------------


def written_before(v):
    a, total = v * 1, 0.0
    a[0] = v[1] ** 2
    for w in a:
        total = total + w * w
    return total


def written_after(v):
    a, total = v * 1, 0.0
    for w in a:
        total = total + w * w
    a[0] = v[1] ** 2
    return total + a[0]


def unpacked_before_and_after(v):
    a = v * 1
    p, q, _ = a
    a[0] = q * q
    r, *_ = a
    return p * q + r


def comprehension_between_writes(v):
    a = v * 1
    a[0] = v[1] ** 2
    squares = [w * w for w in a]
    a[1] = 0.0
    return sum(squares) + sum(a)


def comprehensions_in_turn(v):
    a = v * 1
    squares = [w * w for w in a]
    a[0] = squares[1] * squares[0]
    products = [w * u for w, u in zip(a, squares)]
    a[1] = products[0]
    return sum(products) + a.sum()


def views_in_a_list(v):
    a = v * 1
    rows = [a[i:] for i in range(2)]
    for row in rows:
        row[0] = row[0] * row[1]
    rows.append(a[::-1])
    rows[-1][0] *= a[1]
    return a.sum() * rows[1][1]


# -- an iterator is made, then the array is written to, then the iterator is read ----------------------


def map_that_indexes(v):
    a = v * 1
    taken = map(lambda i: a[i] * v[0], [0, 1])
    a[0] = v[1] ** 2
    return sum(taken)


def map_of_a_function_of_numpy(v):
    a = v * 1
    sines = map(np.sin, a)
    a[0] = v[1] ** 2
    return sum(sines)


def generator_expression_that_indexes(v):
    a = v * 1
    taken = (a[i] * v[0] for i in [0, 1])
    a[0] = v[1] ** 2
    return sum(taken)


def generator_expression_over_entries(v):
    a = v * 1
    doubled = (w * 2 for w in a)
    a[1] = v[2] ** 2
    return sum(doubled)


def zip_made_before(v):
    a = v * 1
    pairs = zip(a, v)
    a[0] = v[1] ** 2
    return sum(p * q for p, q in pairs)


def zip_with_its_own_view(v):
    a = v * 1
    pairs = zip(a, a[::-1])
    a[0] = v[1] ** 2
    return sum(p * q for p, q in pairs)


def enumerate_made_before(v):
    a = v * 1
    numbered = enumerate(a)
    a[0] = v[1] ** 2
    return sum(i + w for i, w in numbered)


def iterator_between_whose_entries_one_is_written(v):
    a = v * 1
    entries = iter(a)
    first = next(entries)
    a[1] = v[2] ** 2
    return first * next(entries)
