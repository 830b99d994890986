"""Lists in lists that are reached by one name and changed by another."""

import copy

from tests.silence.listed import MEANWHILE, OTHER_NAME

ARGUMENTS = (0.7,)
REFUSED = {
    MEANWHILE: """
        row_that_comes_next
    """,
    OTHER_NAME: """
        lists_flattened
    """,
}


# -- lists in lists ------------------------------------------------------------------------------------


def item_of_a_list_in_a_list(x):
    rows = [[x, x * 2], [x * x, 1.0]]
    row = rows[0]
    row[1] = x**3
    return rows[0][1] + rows[1][1] * rows[0][0]


def list_in_a_list_changed_from_outside(x):
    row = [x]
    rows = [row]
    row[0] = x**2
    return rows[0][0]


def list_in_a_list_changed_from_inside(x):
    row = [x]
    rows = [row]
    rows[0][0] = x**2
    return row[0]


def last_items_of_rows(x):
    rows = [[x, x * 2], [x * x, 1.0]]
    rows.append([x, 2.0])
    for row in rows:
        row[-1] = x**3 * row[0]
    return rows[0][1] + rows[1][-1] * rows[2][0]


def rows_numbered(x):
    rows = [[x, x * 2], [x * x, 1.0]]
    for i, row in enumerate(rows):
        row[i] = x**3
    return rows[0][1] * rows[1][1] * rows[0][0]


def rows_in_a_zip(x):
    rows = [[x, x * 2], [x * x, 1.0]]
    for i, row in zip((0, 1), rows):
        row[i] = x**3
    return rows[0][1] * rows[1][1] * rows[0][0]


def rows_backwards(x):
    rows = [[x, x * 2], [x * x, 1.0]]
    rows.append([x, 2.0])
    for row in reversed(rows):
        row[0] = row[1] * row[0]
    return rows[0][1] * rows[1][1] * rows[0][0]


def rows_unpacked(x):
    rows = [[x], [x * 2]]
    first, second = rows
    first[0] = x**3
    second.append(x * x)
    return rows[0][0] * rows[1][0] * rows[1][1]


def rows_that_are_one_list(x):
    rows = [[x] * 2] * 3
    rows[0][0] = x**2
    return sum([row[0] for row in rows])


def rows_repeated_and_lengthened(x):
    rows = [[x]] * 3
    rows[0].append(x * x)
    rows[2][0] = x**3
    return sum(map(sum, rows))


def rows_of_a_comprehension(x):
    rows = [[x * i for i in range(2)] for _ in range(3)]
    for row in rows:
        row[0] = row[1] * x
    rows[1][0] = x**2
    return sum([sum(row) for row in rows]) + rows[0][0]


def row_updated_by_a_function(x):
    rows = [[x], [x * 2]]
    for row in rows:
        _multiply(row, x)
    return rows[0][0] * rows[1][0]


def _multiply(row, x):
    row[0] = row[0] * x


def rows_updated_by_a_comprehension(x):
    rows = [[x], [x * 2]]
    squares = [_square(row) for row in rows]
    return rows[0][0] * rows[1][0] * squares[0]


def rows_updated_by_map(x):
    rows = [[x], [x * 2]]
    squares = list(map(_square, rows))
    return rows[0][0] * rows[1][0] * squares[0]


def _square(row):
    row[0] = row[0] ** 2
    return row[0]


# -- copies keep the rows ------------------------------------------------------------------------------


def slice_of_rows(x):
    rows = [[x], [x * 2]]
    copied = rows[:]
    copied[0][0] = x**3
    return rows[0][0] * rows[1][0]


def list_and_copy_of_rows(x):
    rows = [[x], [x * 2]]
    list(rows)[0][0] = x**3
    shallow = copy.copy(rows)
    shallow[1][0] = x**4
    return rows[0][0] * rows[1][0]


def deep_copy_of_rows(x):
    rows = [[x], [x * 2]]
    copied = copy.deepcopy(rows)
    copied[0][0] = x**3
    return rows[0][0] * rows[1][0] * copied[0][0]


def sum_of_lists_of_rows(x):
    rows = [[x], [x * 2]]
    more = rows + [[x]]
    more[0][0] = x**3
    return rows[0][0] * rows[1][0]


def rows_sorted(x):
    rows = [[x * 2], [x]]
    sorted(rows)[0][0] = x**3
    return rows[0][0] * rows[1][0]


def row_that_is_largest(x):
    rows = [[x], [x * 2]]
    max(rows, key=lambda row: row[0])[0] = x**3
    return rows[0][0] * rows[1][0]


def row_that_comes_next(x):
    rows = [[x], [x * 2]]
    next(iter(rows))[0] = x**3
    return rows[0][0] * rows[1][0]


def row_popped(x):
    row = [x]
    stack = [row]
    stack.append([x])
    top = stack.pop(0)
    top[0] = x**2
    return row[0]


def lengthened_in_place_or_not(x):
    items = [x, 1.0]
    same = items
    items += [x]
    items[0] = x**3
    other = items + [x]
    other[0] = x**4
    same *= 2
    return same[0] * same[2] * items[5] * other[0]


def lists_flattened(x):
    rows = [[x], [x * x]]
    flat = sum(rows, [])
    rows[0][0] = x**3
    flat.append(rows[0][0])
    return sum(flat)
