"""Iterators and views of dicts that are read when what they go through has changed."""

import itertools

from tests.silence.listed import AHEAD, KEPT, LATE, MEANWHILE, Record, given

ARGUMENTS = (0.7,)
REFUSED = {
    LATE: """
        map_whose_function_reads_a_list
        map_whose_function_reads_an_attribute
        map_over_a_list_that_grows
        map_whose_function_changes_an_attribute
        filter_by_an_item_that_changes
        chain_of_a_list_that_changes
        values_of_a_dict_that_changes
        items_of_a_dict_that_grows
        keys_of_a_dict_that_grows
        values_of_an_argument_that_changes
    """,
    MEANWHILE: """
        zip_of_lists_that_change
        enumerate_of_a_list_that_changes
        reversed_list_that_changes
        iterator_of_a_list_that_grows
        next_after_a_change
        next_of_a_reversed_list
        generator_expression_over_a_list_that_grows
    """,
    KEPT: """
        generator_expression_over_an_attribute
        generator_that_reads_an_attribute
        generator_between_whose_items_its_source_changes
        iterator_of_keys
    """,
    AHEAD: """
        list_changed_ahead
        list_that_grows_while_it_is_gone_through
        zip_of_a_list_changed_ahead
        enumerate_of_a_list_changed_ahead
        dict_changed_ahead_of_its_items
    """,
}


# -- made, then what they go through changes, then read ----------------------------------------------


def map_whose_function_reads_a_list(x):
    scales = [x, 1.0]
    scaled = map(lambda v: v * scales[0], [x, 2.0])
    scales[0] = x**3
    return sum(scaled)


def map_whose_function_reads_an_attribute(x):
    record = Record(x)
    scaled = map(lambda v: v * record.value, [x, 2.0])
    record.value = x**3
    return sum(scaled)


def map_over_a_list_that_grows(x):
    items = [x, 2.0]
    scaled = map(lambda v: v * x, items)
    items[0] = x**3
    items.append(x)
    return sum(scaled)


def map_whose_function_changes_an_attribute(x):
    record = Record(x)

    def grow(v):
        record.value = record.value * v
        return record.value

    grown = map(grow, [x, 2.0])
    before = record.value
    return before + sum(grown) + record.value


def filter_by_an_item_that_changes(x):
    items = [x, 2.0, 0.5]
    large = filter(lambda v: v > items[0], items)
    items[0] = -x
    return sum(large)


def zip_of_lists_that_change(x):
    left, right = [x, 2.0], [x, 1.0]
    pairs = zip(left, right)
    left[0] = x**3
    right.append(1.0)
    left.append(x)
    return sum(a * b for a, b in pairs)


def enumerate_of_a_list_that_changes(x):
    items = [x, 2.0]
    numbered = enumerate(items)
    items[0] = x**3
    items.append(x)
    return sum(i * v + v for i, v in numbered)


def reversed_list_that_changes(x):
    items = [x, 2.0]
    backwards = reversed(items)
    items[0] = x**3
    total = 0.0
    for v in backwards:
        total = total * x + v
    return total


def iterator_of_a_list_that_grows(x):
    items = [x, 2.0]
    iterator = iter(items)
    items[0] = x**3
    items.append(x)
    total = 0.0
    for v in iterator:
        total = total * x + v
    return total


def next_after_a_change(x):
    items = [x, 2.0]
    iterator = iter(items)
    first = next(iterator)
    items[1] = x**3
    items.append(x)
    return first * next(iterator) * next(iterator)


def next_of_a_reversed_list(x):
    items = [x, 1.0]
    backwards = reversed(items)
    items[1] = x * x
    return next(backwards)


def chain_of_a_list_that_changes(x):
    items = [x, 2.0]
    chained = itertools.chain(items, [x])
    items[0] = x**3
    return sum(chained)


def generator_expression_over_an_attribute(x):
    record = Record(x)
    products = (record.value * i for i in range(3))
    record.value = x**3
    return sum(products)


def generator_expression_over_a_list_that_grows(x):
    items = [x, x * x]
    products = (v * items[0] for v in items)
    items[0] = x**3
    items.append(x)
    return sum(products)


def generator_that_reads_an_attribute(x):
    record = Record(x)

    def products():
        for i in range(3):
            yield record.value * i

    made = products()
    record.value = x**3
    return sum(made)


def generator_between_whose_items_its_source_changes(x):
    record = Record(x)
    products = (record.value * i for i in range(3))
    next(products)
    record.value = x**3
    return next(products) + next(products) * record.value


# -- views of dicts ------------------------------------------------------------------------------------


def values_of_a_dict_that_changes(x):
    table = {"a": x}
    values = table.values()
    table["a"] = x**3
    return sum(values)


def items_of_a_dict_that_grows(x):
    table = {"a": x}
    items = table.items()
    table["b"] = x**3
    return sum(value for _, value in items)


def keys_of_a_dict_that_grows(x):
    table = {"a": x}
    keys = table.keys()
    table["b"] = x**3
    return x * len(keys)


@given({"a": 0.7, "b": 0.3})
def values_of_an_argument_that_changes(table):
    values = table.values()
    table["a"] = table["a"] ** 3
    table["c"] = table["b"] * 2
    return sum(values)


def iterator_of_keys(x):
    table = {"a": x, "b": 2.0}
    keys = table.__iter__()
    table["a"] = x**3
    return table[next(keys)]


def values_read_before_and_after(x):
    table = {"a": x, "b": 2 * x}
    products = [v * x for v in table.values()]
    table["a"] = x**3
    return sum(products) * table["a"] * sum(table.values())


def largest_of_a_dict_that_changes(x):
    table = {"a": x, "b": 2 * x}
    key = max(table, key=table.get)
    table["a"] = 9.0 * x
    return table[key] * table[max(table, key=table.get)]


# -- read while they are gone through -----------------------------------------------------------------


def list_changed_ahead(x):
    items, total = [x, 1.0], 0.0
    for v in items:
        items[1] = x * x
        total += v
    return total * items[1]


def list_that_grows_while_it_is_gone_through(x):
    items, total = [x, x * x], 0.0
    for i, v in enumerate(items):
        total += v * (i + 1)
        if len(items) < 4:
            items.append(v * 2)
    return total


def zip_of_a_list_changed_ahead(x):
    items, total = [x, 1.0], 0.0
    for v, n in zip(items, [1, 2]):
        total += v * n
        items[1] = v * 2
    return total


def enumerate_of_a_list_changed_ahead(x):
    items, total = [x, x * x], 0.0
    for i, v in enumerate(items):
        total += v
        if i < 1:
            items[i + 1] = v * 2
    return total


def list_changed_behind(x):
    items = [x, x * x, 1.0]
    for i, v in enumerate(items):
        items[i] = v * x
        if i:
            items[i - 1] += v
    return sum(v * (i + 1) for i, v in enumerate(items))


def reversed_list_changed_behind(x):
    items, i = [x, x * x, 1.0], 2
    for v in reversed(items):
        items[i] = v * x + items[0]
        i -= 1
    return sum(v * (i + 1) for i, v in enumerate(items))


def copies_gone_through(x):
    left, right = [x, x * x, 1.0], [2.0, x, 3.0]
    for a, b in zip(list(left), list(right)):
        left[0] = left[0] * b
        right.append(a)
    return sum(left) * sum(right)


def dict_changed_by_its_keys(x):
    table, total = {"a": x, "b": 2 * x}, 0.0
    for key in table:
        table[key] = table[key] * x + table["a"]
        total += table[key]
    return total * table["b"]


def dict_changed_ahead_of_its_items(x):
    table, total = {"a": x, "b": 2 * x}, 0.0
    for _, v in table.items():
        table["b"] = x**3
        total += v
    return total * table["b"]


def copy_of_items_while_the_dict_grows(x):
    table = {"a": x, "b": x * x}
    for key, v in list(table.items()):
        table[key + "2"] = v * table["a"]
        table["a"] = table["a"] * 2
    return sum(table.values())


def list_gone_through_again_and_again(x):
    items, total = [x, 2.0], 0.0
    while items[0] < 3:
        for v in items:
            items[0] = items[0] + v * v
        total += items[0]
    return total
