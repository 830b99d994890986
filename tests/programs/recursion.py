"""Functions that call themselves, and change what their callers see: memory, items, attributes."""

from __future__ import annotations

import numpy as np

from tests.programs.registry import normal, program, uniform

# -- tables ------------------------------------------------------------------------------------------


def fibonacci(n, known):
    if n not in known:
        known[n] = np.sin(fibonacci(n - 1, known)) + fibonacci(n - 2, known)
    return known[n]


@program(0.7)
def memo_in_a_dict(x):
    return fibonacci(6, {0: x, 1: x * x})


@program(normal(4))
def table_filled_from_below(x):
    out = np.zeros(len(x))

    def fill(i):
        if i == 0:
            out[0] = x[0]
            return
        fill(i - 1)
        out[i] = np.sin(out[i - 1]) * x[i]

    fill(len(x) - 1)
    return np.sum(out * out)


def fill_from(table, x, i):
    if i > 0:
        fill_from(table, x, i - 1)
        table[i] = np.cos(table[i - 1]) + x[i] * table[0]


@program(normal(4))
def table_given_as_an_argument(x):
    table = x * 2.0
    fill_from(table, x, len(x) - 1)
    return np.sum(np.sin(table))


@program({"a": 0.3, "b": {"c": 0.5, "d": {"e": 0.2}}})
def nested_dict_flattened(tree):
    flat = {}

    def visit(branch, prefix):
        for key, value in branch.items():
            if isinstance(value, dict):
                visit(value, prefix + key)
            else:
                flat[prefix + key] = value * value

    visit(tree, "")
    return sum(flat.values()) * flat["bc"] + flat["bde"]


COUNTS = {}
SEEN = [0.0, 0.0, 0.0]
FIELD = np.zeros(3)


def counted(x, n):
    if n not in COUNTS:
        COUNTS[n] = x if n < 2 else np.sin(counted(x, n - 1)) * counted(x, n - 2)
    return COUNTS[n]


@program(0.7)
def memo_in_a_global_dict(x):
    COUNTS.clear()
    return counted(x, 5)


def seen_so_far(i):
    return SEEN[i] * FIELD[i] if i == 0 else SEEN[i] * FIELD[i] + seen_so_far(i - 1)


@program(0.7)
def global_variables_read(x):
    SEEN[0], SEEN[1], SEEN[2] = x, x * x, 3 * x
    FIELD[:] = [1.0, 2.0, 3.0]
    FIELD[1] = np.sin(x)
    return seen_so_far(2)


# -- arrays in place ---------------------------------------------------------------------------------


def quicksort(a, low, high):
    if low >= high:
        return
    pivot, i = a[high], low
    for j in range(low, high):
        if a[j] < pivot:
            a[i], a[j] = a[j], a[i]
            i += 1
    a[i], a[high] = a[high], a[i]
    quicksort(a, low, i - 1)
    quicksort(a, i + 1, high)


@program(normal(6))
def quicksort_of_an_array(x):
    a = x.copy()
    quicksort(a, 0, len(a) - 1)
    return np.sum(a * np.arange(1.0, len(a) + 1) ** 2)


@program([0.9, 0.5, 1.9, 1.2, 0.1])
def quicksort_of_a_list(x):
    a = list(x)
    quicksort(a, 0, len(a) - 1)
    return sum(v * (i + 1) ** 2 for i, v in enumerate(a))


def merge_sort(a):
    if len(a) < 2:
        return
    middle = len(a) // 2
    left, right = a[:middle].copy(), a[middle:].copy()
    merge_sort(left)
    merge_sort(right)
    i = j = 0
    for k in range(len(a)):
        if j >= len(right) or (i < len(left) and left[i] <= right[j]):
            a[k] = left[i]
            i += 1
        else:
            a[k] = right[j]
            j += 1


@program(normal(7))
def merge_sort_in_place(x):
    a = x * 1.0
    merge_sort(a)
    return np.sum(np.sin(a) * np.arange(len(a)))


def transform(re, im):
    n = len(re)
    if n == 1:
        return
    re_even, im_even = re[::2].copy(), im[::2].copy()
    re_odd, im_odd = re[1::2].copy(), im[1::2].copy()
    transform(re_even, im_even)
    transform(re_odd, im_odd)
    angle = 2 * np.pi * np.arange(n // 2) / n
    c, s = np.cos(angle), -np.sin(angle)
    re_turned, im_turned = c * re_odd - s * im_odd, c * im_odd + s * re_odd
    re[: n // 2], im[: n // 2] = re_even + re_turned, im_even + im_turned
    re[n // 2 :], im[n // 2 :] = re_even - re_turned, im_even - im_turned


@program(normal(8))
def fourier_transform_in_place(x):
    re, im = x.copy(), np.zeros(len(x))
    transform(re, im)
    return np.sum((re**2 + np.sin(im)) * np.arange(len(x)))


def halve(a):
    if len(a) < 2:
        a *= np.cos(a)
        return
    middle = len(a) // 2
    halve(a[:middle])
    halve(a[middle:])
    a[1:] += a[:-1] * 0.5


@program(normal(7))
def views_of_the_callers_array(x):
    a = x * 1.0
    halve(a)
    return np.sum(np.sin(a) * np.arange(len(a)))


@program(normal(5))
def view_given_back(x):
    y = x * 1.0

    def last(v):
        if len(v) == 1:
            v *= 3.0
            return v
        v[0] *= 2.0
        return last(v[1:])

    end = last(y)
    end[0] = np.sin(end[0])
    return np.sum(y * y)


def scale(v, n):
    if n:
        v *= np.cos(v)
        scale(v, n - 1)


@program(normal(3))
def argument_of_the_program_written(x):
    y = x + 0.0
    scale(y, 2)
    scale(y[1:], 1)
    return np.sum(y**2)


# -- lists -------------------------------------------------------------------------------------------


@program(normal(3))
def towers_of_hanoi(x):
    pegs = [[x[0], x[1], x[2]], [], []]

    def move(n, a, b, c):
        if n == 0:
            return
        move(n - 1, a, c, b)
        pegs[b].append(pegs[a].pop() * 1.1)
        move(n - 1, c, b, a)

    move(3, 0, 1, 2)
    return pegs[1][0] * 3 + pegs[1][1] * 2 + np.sin(pegs[1][2])


@program(uniform(0.2, 1.5, 4))
def choices_undone(x):
    found, used = [], []

    def choose(k, product):
        if k == 3:
            found.append(product)
            return
        for i in range(3):
            if i not in used:
                used.append(i)
                choose(k + 1, product * x[i] + x[3])
                used.pop()

    choose(0, 1.0)
    return sum(v * (i + 1) for i, v in enumerate(found))


@program(0.5)
def two_functions_in_turn(x):
    log = []

    def even(n):
        log.append(x * n)
        return 1.0 if n == 0 else odd(n - 1)

    def odd(n):
        log.append(np.sin(x) * n)
        return x if n == 0 else even(n - 1)

    return even(5) * sum(log)


@program(normal(3))
def list_handed_on(x):
    def collect(i, out):
        if i == len(x):
            return out
        out.append(x[i] * 2)
        return collect(i + 1, out)

    found = collect(0, [])
    return found[0] * found[1] + found[2]


# -- objects and variables ---------------------------------------------------------------------------


class Node:
    def __init__(self, value, parts=()):
        self.value, self.parts = value, parts


class Walker:
    def __init__(self):
        self.total, self.scale = 0.0, 1.0

    def walk(self, node):
        self.total += node.value * self.scale
        self.scale = self.scale * 0.9 + node.value * 0.1
        for part in node.parts:
            self.walk(part)


@program(0.3, 0.8)
def totals_of_a_tree(x, y):
    walker = Walker()
    walker.walk(Node(x, (Node(y), Node(x * y, (Node(x + y),)))))
    return walker.total * walker.scale


class Branch:
    def __init__(self, value):
        self.value, self.left, self.right, self.weight = value, None, None, 1.0

    def insert(self, value):
        self.weight = self.weight + value * 0.5
        side = "left" if value < self.value else "right"
        below = self.left if side == "left" else self.right
        if below is not None:
            below.insert(value)
        elif side == "left":
            self.left = Branch(value)
        else:
            self.right = Branch(value)


def depth_sum(branch, depth):
    if branch is None:
        return 0.0
    below = depth_sum(branch.left, depth + 1) + depth_sum(branch.right, depth + 2)
    return branch.value * branch.weight * depth + below


@program(0.5, 0.2, 0.9)
def search_tree(x, y, z):
    root = Branch(x)
    for value in (y, z, x * y, y + z):
        root.insert(value)
    return depth_sum(root, 1.0)


@program(0.3, 0.8)
def variable_of_the_function_around(x, y):
    total = x

    def go(n):
        nonlocal total
        if n == 0:
            return total
        total = np.sin(total) * y
        below = go(n - 1)
        total = total + below * x
        return total * 2

    end = go(3)
    return end + total


@program(0.3)
def running_total_in_a_dict(x):
    state = {"total": x}

    def add(n):
        state["total"] = state["total"] * 0.5 + n * x
        if n > 0:
            add(n - 1)

    add(3)
    return state["total"] * x


@program(0.7)
def cleaned_up_after(x):
    """A stack that is as it was after every call, whatever comes of it."""
    stack = [x]

    def go(n):
        stack.append(stack[-1] * x)
        try:
            return stack[-1] if n == 0 else go(n - 1) * x
        finally:
            stack.pop()

    return go(3) * stack[-1]


@program(normal(3))
def products_of_a_path(xs):
    """NumPy makes an array of a list that is shorter, or longer, by the time of the reverse half."""
    path, products = [], []

    def walk(n):
        if n < 0:
            products.append(np.prod(path) + np.asarray(path)[0])
            return
        for x in (xs[n], xs[0]):
            path.append(x)
            walk(n - 1)
            path.pop()

    walk(1)
    return sum(products)


@program(normal(3))
def product_of_the_rest(xs):
    """A list that has changed, whose slices go to a function that changes nothing."""
    items = [xs[0], xs[1]]
    items.append(xs[2] * xs[0])

    def product(rest):
        return rest[0] if len(rest) == 1 else rest[0] * product(rest[1:]) + rest[0]

    return product(items)
