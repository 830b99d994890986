"""Lists, dicts and objects that are reached by one name and changed by another."""

import collections

from tests.silence.listed import IN_PLACE, KEPT, MEANWHILE, Record

ARGUMENTS = (0.7,)
REFUSED = {
    MEANWHILE: """
        object_in_a_list_twice
    """,
    KEPT: """
        dict_of_dicts
        copies_of_dicts
        spread_with_itself
        spread_into_a_list
    """,
    IN_PLACE: """
        bound_methods
    """,
}


# -- dicts ---------------------------------------------------------------------------------------------


def lists_in_a_dict(x):
    table = {"a": [x], "b": [x * 2]}
    for row in table.values():
        row[0] = row[0] * x
    for key, row in table.items():
        row[0] = row[0] * x
    for key in table:
        table[key][0] = table[key][0] * x
    return table["a"][0] * table["b"][0]


def dict_in_a_list_twice(x):
    table = {"w": x}
    both = [table, table]
    both[0]["w"] = x**2
    return table["w"] * both[1]["w"]


def setdefault(x):
    table = {}
    table.setdefault("a", []).append(x)
    table.setdefault("a", []).append(x * x)
    return table["a"][0] * table["a"][1]


def get(x):
    table = {"a": [x]}
    table.get("a").append(x * x)
    return table["a"][0] * table["a"][1]


def defaultdict_of_lists(x):
    table = collections.defaultdict(list)
    for i in range(3):
        table[i % 2].append(x * i + x)
    return table[0][0] * table[0][1] * table[1][0]


def groups_made_when_needed(x):
    groups = {}
    for i in range(4):
        if i % 2 not in groups:
            groups[i % 2] = []
        groups[i % 2].append(x * i + x)
    return groups[0][0] * groups[0][1] * groups[1][0]


def dict_of_dicts(x):
    table = {"a": {"p": x}}
    table.setdefault("b", {})["p"] = x * x
    table["a"].update(table["b"], q=x)
    table["b"]["p"] *= table["a"]["q"]
    old = table["a"]
    table["a"] = {"p": 2.0 * x}
    old["p"] = 9.0 * x
    return table["a"]["p"] * table["b"]["p"] * old["p"] * old["q"]


def copies_of_dicts(x):
    table = {"a": x}
    same, other, more = table, dict(table), {**table, "z": x * x}
    same["a"] = x * x
    other["a"] *= 3
    more.update(table, y=x**3)
    more |= {"q": x}
    return table["a"] * other["a"] + sum(more.values())


# -- names ---------------------------------------------------------------------------------------------


def chosen_by_a_branch(x):
    items = [x]
    chosen = items if x > 0 else [1.0]
    chosen[0] = x**2
    return items[0]


def chosen_by_and_and_or(x):
    items = [x]
    same = items and items
    items[0] = x * x
    other = items or [1.0]
    other[0] = other[0] * x
    return same[0]


def given_by_a_function(x):
    items = [x]

    def get():
        return items

    get()[0] = x**2
    return items[0]


def default_of_a_parameter(x):
    items = [x]

    def put(value, to=items):
        to[0] = value

    put(x**2)
    return items[0]


def in_a_tuple(x):
    items = [x, 1.0]
    pair = (items, 1.0)
    pair[0][1] = x * x
    (same,) = (items,)
    same[0] = same[1] * x
    return items[0] * pair[0][1]


def swapped_in_a_loop(x):
    a, b = [x], [x * 2]
    for _ in range(3):
        a, b = b, a
        a[0] = a[0] * x
    return a[0] * b[0]


def twice_in_a_loop(x):
    items = [x]
    for same in (items, items):
        same[0] = same[0] * x
    return items[0]


def grown_by_a_name_of_the_loop(x):
    items = [x]
    while len(items) < 4:
        same = items
        same.append(items[-1] * x)
    return sum(items)


def bound_methods(x):
    items = [x]
    add, store = items.append, items.__setitem__
    add(x * x)
    store(0, x**3)
    return items[0] * items[1]


def queue_of_lists(x):
    queue, total = [[x]], 0.0
    while queue:
        row = queue.pop(0)
        row[0] = row[0] * x
        total += row[0]
        if total < 3 and len(queue) < 3 and row[0] > 0.1:
            queue.append([row[0] * 2])
            queue.append(row)
    return total


# -- objects -------------------------------------------------------------------------------------------


def list_of_an_object_changed_from_outside(x):
    items = [x]
    record = Record(items)
    items[0] = x**2
    return record.value[0]


def list_of_an_object_changed_from_inside(x):
    items = [x]
    record = Record(items)
    record.value[0] = x**2
    return items[0]


def list_given_to_an_object_in_a_loop(x):
    items, record, total = [x], Record([0.0]), 0.0
    for _ in range(3):
        items[0] = items[0] * x
        total += record.value[0]
        _keep(record, items)
    return record.value[0] * total


def _keep(record, items):
    record.value = items


def list_of_two_objects(x):
    first = Record([[x]])
    second = Record(first.value)
    second.value[0].append(x * x)
    second.value.append([x**3])
    return first.value[0][1] * first.value[1][0]


def object_in_a_list_twice(x):
    record = Record(x)
    both = [record, record]
    for i, same in enumerate(both):
        same.value = same.value * x + i
    both[0].other = x * x
    return record.value * both[1].other


def objects_sorted_and_reversed(x):
    records = [Record(x * i) for i in range(3)]
    kept = [r for r in records if r.other is None]
    kept[1].value = x**3
    records[1].other = records[1].value
    sorted(records, key=lambda r: -r.value)[0].value *= 2
    records[::-1][0].value += x
    return sum(r.value for r in records) * kept[2].value


def objects_in_a_dict(x):
    table = {"a": Record(x), "b": Record(x * x)}
    for record in table.values():
        record.value *= x
        record.other = record.value
    table["c"] = table["a"]
    table["c"].value += 1
    table["a"] = Record(3.0 * x)
    for key in table:
        table[key].value *= 2
    return sum(r.value for r in table.values()) * table["c"].other


# -- what `*` takes out of a list --------------------------------------------------------------------


def spread_with_itself(x):
    items = [x, x * x]
    both = (items, *items)
    items[1] = x * 3.0
    return both[0][1] * both[2]


def spread_into_a_list(x):
    items = [x, x * x]
    other = [*items, x]
    items[1] = x * 3.0
    other[0] = items[0] * other[1]
    return items[1] * other[1] * other[0]
