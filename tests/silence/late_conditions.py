"""Conditions, patterns and arguments that are lists, dicts or objects, which change afterwards.

The reverse pass takes the branches that were taken, whatever the condition would say by then.
"""

import numpy as np

from tests.silence.listed import VECTOR, Record, given

ARGUMENTS = (0.7,)
REFUSED: dict[str, str] = {}


class Sized:
    def __init__(self, *items):
        self.items = list(items)

    def __len__(self):
        return len(self.items)


class Switch:
    def __init__(self):
        self.on = False

    def __bool__(self):
        return self.on


# -- if, and, or, while ------------------------------------------------------------------------------


def list_is_empty(x):
    items = []
    if items:
        y = x
    else:
        y = x * x
    items.append(1)
    return y


def list_is_emptied(x):
    items = [x]
    y = x if items else x * x
    items.clear()
    return y


def dict_is_empty(x):
    table = {}
    y = x * 3 if table else x * x
    table["k"] = 1
    return y


def list_or_another(x):
    items = []
    y = (items or [x * x])[0]
    items.append(x)
    return y


def not_a_list(x):
    items = []
    y = x * x if not items else x
    items.append(x)
    return y


def list_and_not_an_object(x):
    items, sized = [x], Sized()
    y = x * x if (items and not sized) else x
    items.clear()
    sized.items.append(1)
    return y


def object_with_a_truth(x):
    switch = Switch()
    y = x if switch else x * x
    switch.on = True
    return y


def object_with_a_length(x):
    sized = Sized()
    if sized:
        return x
    sized.items.append(x * x)
    if sized:
        return sized.items[0] * 2
    return x**3


def list_in_a_loop(x):
    items = []
    for _ in range(4):
        if items:
            x = x * x
            items.clear()
        else:
            x = x * 3
            items.append(1)
    return x


def object_in_a_loop(x):
    sized = Sized()
    for _ in range(4):
        if sized:
            x = x * x
            sized.items.clear()
        else:
            x = x * 3
            sized.items.append(1)
    return x


def pushed_and_popped_in_turn(x):
    stack, total = [x], 0.0
    for _ in range(4):
        if stack:
            total += stack.pop() * x
        else:
            stack.append(total + x)
    return total


def attribute_changed(x):
    record = Record(x, True)
    if record.other:
        y = x * x
    else:
        y = x
    record.other = False
    return y


def list_of_an_attribute_changed(x):
    record = Record(x, [1])
    y = x * x if record.other else x
    record.other.pop()
    return y


def list_in_a_tuple(x):
    pair = ([],)
    y = x * x if not pair[0] else x
    pair[0].append(1)
    return y


@given([0.7], 0.3)
def list_of_the_arguments(items, x):
    if items:
        x = x * x
    items.pop()
    return x


@given({"a": 0.7})
def dict_of_the_arguments(table):
    y = table["a"] * 2 if table else 1.0
    table.clear()
    return y


def list_given_to_a_function(x):
    items = []

    def last(given):
        if given:
            return given[-1] * 2
        return x

    y = last(items)
    items.append(x * x)
    y += last(items)
    items.clear()
    return y * (last(items) + 1)


def cache_or_the_default(x):
    default = {}

    def double(cache=None):
        cache = cache or default
        cache["n"] = cache.get("n", x) * 2
        return cache["n"]

    double()
    double({"n": 3.0})
    return double()


def asserted(x):
    items = [x]
    assert items, "empty"
    items.clear()
    return x * x


def while_a_list_has_items(x):
    items, y = [x, 2.0, 3.0], 1.0
    while items:
        y = y * items.pop() + x
    return y


def while_a_list_is_refilled(x):
    items = [x * x]
    while items:
        x = x * items.pop() * 1.1 + 0.1
        if not items and x < 0.35:
            items.append(x * 2)
    return x


def while_an_object_has_items(x):
    sized = Sized(1, 2)
    while sized:
        sized.items.pop()
        x = x * x
    return x


def search_by_a_queue(x):
    queue, total = [(x, 0)], 0.0
    while queue:
        v, depth = queue.pop(0)
        total = total + v
        if depth < 3:
            queue.append((v * x, depth + 1))
            queue.append((v + x, depth + 1))
    return total


@given(VECTOR)
def array_of_one_entry(v):
    a = np.array([0])
    y = v[0] if a else v[1] * v[0]
    a[0] = 1
    return y


@given(VECTOR)
def array_without_axes(v):
    a = np.array(v[0] * 1)
    y = v[0] * 3 if a else v[1] * v[0]
    a[...] = 0
    return y


@given(VECTOR)
def entry_of_a_mask(v):
    a = v * 1
    mask = a > 0.5
    y = v[0] if mask[0] else v[1]
    a[0] = 0.0
    return y


# -- walrus ------------------------------------------------------------------------------------------


def popped_in_the_condition(x):
    items, y = [x], 0.0
    if items and (e := items.pop()) > 0:
        y = e * e
    return y


def popped_in_the_condition_of_a_loop(x):
    items, total = [x, x * x], 0.0
    while items and (e := items.pop()) > 0:
        total += e * e
    return total


def popped_from_a_dict_in_the_condition(x):
    table, total = {"a": x}, 0.0
    while table and (e := table.popitem())[1] > 0:
        total += e[1] ** 2
    return total


def pairs_popped_in_the_condition(x):
    stack, total = [(x, 0)], 0.0
    while stack and (top := stack.pop())[1] < 3:
        v, depth = top
        total += v * v
        stack.append((v * x, depth + 1))
    return total


def named_in_the_second_condition(x):
    items, y = [x, 1.0], 0.0
    if items and (e := items[0] * x) > 0 and e < 100:
        y = e * e
    return y


def named_and_returned(x):
    items = [x]
    return e * e if items and (e := items[0] * 3) > 0 else 0.0


@given([0.7, 2.0], 0.4)
def named_of_an_argument(items, x):
    y = 0.0
    if items and (e := items[0] * x) > 0:
        y = e * e
    return y
