"""Lists and dicts that grow by what iterators give, which may read them meanwhile."""

from tests.silence.listed import CAPTURED, LATE

ARGUMENTS = (0.7,)
REFUSED = {
    LATE: """
        extended_by_a_map_that_reads_it
    """,
    CAPTURED: """
        extended_by_what_reads_its_last_item
    """,
}


# -- taken into a list or dict that they read ---------------------------------------------------------


def extended_by_products_of_itself(x):
    items = [x]
    items += [v * v for v in items]
    items.extend(v * v for v in [x, 2.0])
    return sum(items) * items[0]


def extended_by_what_reads_its_length(x):
    items = [x]
    items.extend(x * len(items) for _ in range(3))
    return sum(items)


def extended_by_what_reads_its_last_item(x):
    items = [x]
    items += (items[-1] * x for _ in range(3))
    return sum(items)


def extended_by_a_map_that_reads_it(x):
    items = [x]
    items.extend(map(lambda v: v * items[-1], [2.0, x]))
    return sum(items)


def updated_by_what_reads_the_dict(x):
    table = {"a": x}
    table.update((key, table["a"] * 2) for key in ["a", "b"])
    return table["a"] * table["b"]


def extended_by_iterators(x):
    items, pair = [], [x, x]
    items.extend(map(lambda v: v * x, range(3)))
    items.extend(reversed(pair))
    items.extend((1.0, x))
    return sum(items) * x


def updated_by_iterators(x):
    table, other = {}, {"a": x, "b": 2 * x}
    table.update(other)
    table.update(c=x)
    table.update(zip("de", [x, 3 * x]))
    table |= {"a": x * x}
    return sum(table.values())


def extended_in_a_loop_by_a_list_that_grows(x):
    doubled, items = [], []
    for k in range(3):
        items.append(x * k)
        doubled.extend(v * 2 for v in items)
    return sum(doubled)


def extended_by_a_generator(x):
    items = []

    def powers(n):
        for i in range(n):
            yield x**i

    items.extend(powers(3))
    return sum(items)
