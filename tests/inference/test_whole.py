"""What only a whole program tells: iterators read late, cached properties, namespaces; the errors."""

import functools

import numpy as np
import pytest

import adjoint as ad
from tests.inference.refusals import check_refusal

V = np.array([0.7, 1.3, 0.4])


class Cached:
    def __init__(self, n):
        self.n = n

    @functools.cached_property
    def square(self):
        return self.n * self.n


def late_map(x):
    scales = [x, 1.0]
    scaled = map(lambda v: v * scales[0], [x, 2.0])
    scales[0] = x**3
    return sum(scaled)


def late_filter(x):
    items = [x, 2.0]
    large = filter(lambda v: v > 0.5, items)
    items.append(x * x)
    return sum(large)


def late_view(x):
    table = {"a": x}
    values = table.values()
    table["a"] = x * x
    return sum(values)


def late_map_of_an_array(v):
    a = v * 1
    taken = map(lambda i: a[i], [0, 1])
    a[0] = v[1] ** 2
    return sum(taken)


def late_map_in_a_loop(x):
    record, total = Cached(x), 0.0
    scaled = map(lambda v: v * record.n, [x, x])
    for v in scaled:
        record.n = v
        total += v
    return total


def late_map_that_is_returned(x):
    items = [x, 2.0]

    def scaled():
        return map(lambda v: v * items[0], [x, x])

    found = scaled()
    items[0] = x * x
    return sum(found)


def cached_property(x):
    thing = Cached(x)
    first = thing.square
    thing.n = 3.0 * x
    return first * thing.square


def namespace(x):
    thing = Cached(x)
    thing.n = x * x
    return thing.__dict__["n"]


def late(name):
    return (
        f"the items of `{name}` may be others by the time that they are read",
        f"Make a list of it where it is made: list({name}(…)).",
    )


REFUSED = [
    (late_map, 0.7, "= map(", *late("map")),
    (late_filter, 0.7, "= filter(", *late("filter")),
    (late_view, 0.7, "table.values()", *late("values")),
    (late_map_of_an_array, V, "map(", *late("map")),
    (late_map_in_a_loop, 0.7, "map(", *late("map")),
    (late_map_that_is_returned, 0.7, "map(", *late("map")),
    (
        cached_property,
        0.7,
        "first = thing.square",
        "a cached property is read in a program that changes attributes or items",
        "Keep its value in an attribute.",
    ),
    (
        namespace,
        0.7,
        '__dict__["n"]',
        "an attribute that changes is read through the dict that keeps it",
        "Write `owner.name`, or getattr(owner, name).",
    ),
]


@pytest.mark.parametrize(
    ("program", "x", "marked", "message", "hint"), REFUSED, ids=[r[0].__name__ for r in REFUSED]
)
def test_what_is_read_late_is_refused(program, x, marked, message, hint):
    check_refusal(program, (x,), message, marked, hint)


@pytest.mark.parametrize(
    "program, x", [r[:2] for r in REFUSED], ids=[r[0].__name__ for r in REFUSED]
)
def test_it_is_refused_inside_a_derivative(program, x):
    with pytest.raises(ad.AdjointError):
        ad.gradient(lambda x: np.sum(ad.gradient(program, x)[0]), x)


def test_the_hint_of_a_late_iterator_helps():
    def f(x):
        scales = [x, 1.0]
        scaled = list(map(lambda v: v * scales[0], [x, 2.0]))
        scales[0] = x**3
        return sum(scaled) * scales[0]

    np.testing.assert_allclose(ad.gradient(f, 0.7)[0], 5 * 0.7**4 + 8 * 0.7**3)  # x⁵ + 2x⁴


def test_the_hint_of_a_cached_property_helps():
    def f(x):
        thing = Cached(x)
        thing.kept = thing.n * thing.n
        thing.n = 3.0 * x
        return thing.kept * thing.n

    np.testing.assert_allclose(ad.gradient(f, 0.7)[0], 9 * 0.7**2)


def test_an_iterator_that_is_read_before_the_change_is_right():
    def f(x):
        scales = [x, 1.0]
        scaled = map(lambda v: v * scales[0], [x, 2.0])
        total = sum(scaled)
        scales[0] = x**3
        return total * scales[0]

    np.testing.assert_allclose(ad.gradient(f, 0.7)[0], 5 * 0.7**4 + 8 * 0.7**3)


def test_lists_of_lists_learn_what_another_name_puts_into_them():
    """A list that holds floats gets a list by another name: inference begins again."""

    def f(x):
        row = [x, 1.0]
        rows = [row, row]
        for same in rows:
            same[1] = same[0] * x
        rows[0][0] = [x]
        return row[1] * row[0][0]

    np.testing.assert_allclose(ad.gradient(f, 0.7)[0], 3 * 0.7**2)
