"""Tuples, lists, dicts and sets; comprehensions; unpacking; the iteration built-ins."""

import itertools

import numpy as np

from tests.programs.registry import normal, program, static


@program((2.0, 3.0))
@program((2, 3.5))
def tuple_argument(pair):
    return pair[0] * pair[1] ** 2


@program([1.0, 2.0, 4.0])
@program([normal(2), normal(2), normal(2)])
@program((normal(2), 2.0, normal(2)))
def sequence_argument(xs):
    a, b, c = xs
    return np.sum(a * b + b * c * c)


@program({"W": normal(2, 3), "b": normal(2)}, normal(3))
def dict_argument(parameters, x):
    return np.sum(np.tanh(parameters["W"] @ x + parameters["b"]))


@program({"layers": [{"w": 0.5, "b": 1.0}, {"w": -1.5, "b": 0.2}], "scale": (2.0, [3.0])}, 0.7)
def nested_argument(model, x):
    for layer in model["layers"]:
        x = np.tanh(layer["w"] * x + layer["b"])
    return x * model["scale"][0] + model["scale"][1][0] ** 2


@program([1.0, 2.0, "name", None, True])
def mixed_list_argument(items):
    return items[0] * items[1] + len(items)


@program((1.0, 2.0), [3.0, 4.0], {"used": 0.5, "unused": 1.5})
def partly_used_containers(pair, items, table):
    return pair[1] * items[0] * table["used"]


@program(1.5)
def tuple_built(x):
    pair = (x, x * x)
    triple = (*pair, 3.0)
    return triple[0] * triple[1] * triple[2] + len(triple)


@program(1.5, 0.5)
def list_built(x, y):
    items = [x, y, x * y]
    more = items + [y * y] + items[:2]
    return sum(more) * more[-1] + items[1]


@program(1.5)
def repeated_list(x):
    items = [x] * 3 + [2.0]
    return sum(items) * x


@program(1.5, 0.5)
def dict_built(x, y):
    table = {"a": x, "b": y, "c": {"d": x * y}}
    return table["a"] * table["c"]["d"] + table["b"] + len(table)


@program(1.5, [0.5, 2.0, -1.0])
def dict_of_pairs(x, ys):
    first = dict([(i, y * x) for i, y in enumerate(ys)])
    second = dict((str(i), y) for i, y in enumerate(ys))
    third = dict(((i, i + 1), x * i) for i in range(3))
    return sum(first.values()) * second["1"] + third[1, 2] * first[0]


@program(1.5, 0.5)
def dict_merged(x, y):
    first = {"a": x, "b": 1.0}
    second = {**first, "b": y}
    third = first | {"c": x * y}
    return second["a"] * second["b"] + third["c"] + dict(a=y)["a"]


@program({"a": 1.0, "b": 2.0, "c": -0.5})
def dict_iteration(table):
    total = 0.0
    for key in table:
        total = total + table[key] ** 2
    for value in table.values():
        total = total * (1 + value * 0.1)
    for key, value in table.items():
        if key != "b":
            total += value
    return total


@program({"a": 1.0, "b": 2.0})
def dict_lookups(table):
    present = table.get("a", 5.0) * table.get("z", 3.0)
    return present + (table["b"] if "b" in table else 0.0) + sum(table.values())


@program([1.0, 2.0, 3.0])
@program(normal(3))
def list_comprehension(xs):
    squares = [x * x for x in xs]
    return sum(squares) + squares[0] * squares[-1]


@program([1.0, -2.0, 3.0])
def comprehension_with_condition(xs):
    return sum([x**2 if x > 0 else -x for x in xs if x != 4.0]) + sum(x for x in xs if x > 0)


@program(normal(2), normal(3))
def comprehension_of_two(xs, ys):
    return sum(x * y for x in xs for y in ys if y > -5) + sum(
        [sum([x + y * y for y in ys]) * x for x in xs]
    )


@program([1.0, 2.0])
def dict_comprehension(xs):
    table = {i: x**i for i, x in enumerate(xs, start=2)}
    return table[2] * table[3]


@program(normal(4))
def generator_expression(x):
    return sum(value * i for i, value in enumerate(x)) + max(value for value in x)


@program([1.0, 2.0, 3.0, 4.0])
def starred_unpacking(xs):
    first, *middle, last = xs
    *start, end = middle
    return first * last + sum(middle) * end + len(start)


@program(((1.0, 2.0), [3.0, (4.0, 5.0)]))
def nested_unpacking(tree):
    (a, b), [c, (d, e)] = tree
    return a * b + c * d * e


@program([(1.0, 2.0), (3.0, 4.0)])
def unpacking_in_for(pairs):
    total = 0.0
    for a, b in pairs:
        total += a * b * b
    return total


@program(normal(3))
def unpacking_an_array(x):
    a, b, c = x
    return a * b - c * a


@program(normal(3), normal(3))
@program([1.0, 2.0], (3.0, 4.0, 5.0))
def zipped(xs, ys):
    total = 0.0
    for x, y in zip(xs, ys, strict=False):
        total += x * y * y
    return total


@program([0.5, 1.5, 2.5])
def enumerated(xs):
    total = 0.0
    for i, x in enumerate(xs):
        total += x ** (i + 1)
    for i, (x, y) in enumerate(zip(xs, xs[1:], strict=False), 1):
        total += i * x * y
    return total


@program([0.5, 1.5, 2.5])
def reversed_list(xs):
    y = 1.0
    for x in reversed(xs):
        y = y * x + 1
    return y


@program(normal(4))
def reversed_range_over_array(x):
    y = 0.0
    for i in reversed(range(len(x))):
        y = y * 0.5 + x[i] * i
    return y + sum(reversed(x)) * x[0]


@program(1.5, static(3))
def set_for_membership(x, n):
    allowed = {1, 2, 3}
    names = {"a", "b"}
    if n in allowed and "c" not in names:
        return x * x * len(allowed)
    return x


@program([1.0, 2.0, 3.0])
def slicing_lists(xs):
    return sum(xs[1:]) * xs[0] + sum(xs[::-1][:2]) + sum(xs[::2])


@program(1.5, 2.5)
def builtin_sum_and_extremes(x, y):
    return sum([x, y, x * y], 1.0) + max(x, y, 0.0) * min([x, y]) + sum((x, y)) + abs(-x)


@program([normal(2), normal(2), normal(2)])
def stacked_list(xs):
    return np.sum(np.stack(xs) @ np.concatenate(xs)[:2]) + np.sum(np.array(xs) ** 2)


@program([normal(2), normal(2)])
def builtin_sum_of_arrays(xs):
    return np.sum(sum(xs) ** 2) + len(xs)


@program(1.0, 2.0)
def array_of_scalars(x, y):
    point = np.array([x, y, x * y])
    grid = np.array([[x, 1.0], [y, x]])
    return point @ point + np.sum(grid @ grid)


@program(0.5, static(4))
def list_grown_by_concatenation(x, n):
    history = [x]
    for _ in range(n):
        history = history + [np.sin(history[-1] * 2)]
    return sum(h * h for h in history)


@program(0.5, static(4))
def tuple_grown_in_loop(x, n):
    history = ()
    for i in range(n):
        history = (*history, x**i)
    return sum(history)


@program(((0.5, 1.0), (1.5, 2.0)))
def pairs_carried_through_a_loop(pairs):
    state = (1.0, 0.0)
    for scale, shift in pairs:
        state = (state[0] * scale, state[1] * scale + shift)
    return state[0] * state[1]


@program([1.0, 2.0, 3.0])
def itertools_programs(xs):
    pairs = sum(a * b for a, b in itertools.combinations(xs, 2))
    running = list(itertools.accumulate(xs))
    return pairs + running[-1] * running[1] + sum(itertools.chain(xs, xs[:1]))


@program({"x": 1.0, "y": 2.0})
def dict_with_computed_keys(point):
    doubled = {key + "2": 2 * value for key, value in point.items()}
    return sum(doubled[name] ** 2 for name in sorted(doubled))


@program({1: 0.5, (2, 3): 1.5})
def dict_with_other_keys(table):
    return table[1] * table[2, 3] ** 2


@program([[1.0, 2.0], [3.0, 4.0]])
def transposed_by_zip(rows):
    columns = list(zip(*rows, strict=True))
    return sum(a * b for a, b in columns)


@program([1.0, 2.0], 3.0)
def list_compared_and_tested(xs, y):
    if xs and len(xs) == 2 and not []:
        y = y * xs[0]
    return y * xs[-1]


@program([1.0, 2.0, 3.0])
def more_itertools(xs):
    total = 0.0
    for a, b in itertools.zip_longest(xs, xs[:2], fillvalue=xs[0]):
        total = total + a * b
    for a in itertools.takewhile(lambda v: v < 2.5, xs):
        total = total * a
    for a in itertools.dropwhile(lambda v: v < 1.5, xs):
        total = total + a**3
    return total


@program([1.0, 2.0, 3.0])
def made_from_iterables(xs):
    same = dict.fromkeys("ab", xs[0] * xs[1])
    squares = np.fromiter((x * x for x in xs), float)
    first = np.fromiter([x * xs[0] for x in xs], float, 2)
    return same["a"] * same["b"] + squares @ np.array(xs) + first.sum()


@program([1.0, 2.0], [3.0], (4.0, 5.0))
def sequences_added_by_sum(a, b, c):
    joined = sum([a, b, a], [])
    tuples = sum([c, (a[0],)], ())
    return joined[1] * joined[2] + joined[4] * tuples[0] * tuples[2]


@program(normal(4))
def items_of_a_list_by_index(x):
    squares = [v * v for v in x]
    total = 0.0
    for i in range(len(squares)):
        if squares[i] > 0.5:
            total = total + squares[i] * squares[i - 1] * total
        elif i > 1:
            total = total - squares[i] * squares[0]
        for j in range(i):
            total = total + squares[j] * squares[i]
    return total + sum(squares) * squares[2] * squares[int(np.argmax(squares))]


@program(normal(3, 3))
def rows_of_a_list_by_index(a):
    rows = [row * row[0] for row in a]
    again = rows
    total = 0.0
    for i in range(len(rows)):
        for j in range(3):
            total = total + rows[i] @ again[j] * rows[i][j]
    return total + sum([row.sum() for row in rows])


@program([0.5, 1.5, -2.0])
def neighbours_in_a_list(xs):
    total = 0.0
    i = 0
    while i < len(xs) and total < 3.0:
        total = total + xs[i] * xs[-1 - i] ** 2
        i += 1
    return total


@program(normal(5))
def sets_of_numbers(x):
    squares = {v * v for v in x}
    first, second = sorted({x[0], x[1], x[0]})
    total = sum({x[0], x[2], x[0]}) + max(squares) * min(squares) + first * second**2
    for value in frozenset([x[3], x[3], x[1]]):
        total = total + value**3
    return total * len({x[0], x[0]}) + sum(map(np.sin, set(x)))


@program(normal(5))
def sets_made_of_sets(x):
    first, second = {x[0], x[1], x[2]}, frozenset([x[1], x[2], x[3]])
    total = sum(first | second) * sum(v * v for v in first & second)
    total = total + sum(first - second) * sum(v**3 for v in first ^ second)
    total = total + sum(first.union(x[3:], [x[0] * x[4]])) ** 2 + sum(first.copy())
    total = total + sum(second.intersection(x[2:])) * sum(second.difference([x[1]], {x[2]}))
    return total + sum(v * v for v in second.symmetric_difference(x[:2]))


@program(normal(5))
def sets_that_grow(x):
    found = frozenset()
    for value in x:
        found = found | {value * value}
    pairs = {(x[0], x[1]), (x[2], x[3])}
    return sum(found) * x[0] + sum(a * b * b for a, b in pairs)
