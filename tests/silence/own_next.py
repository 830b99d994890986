"""Iterators of classes that define `__next__`: shared, taken twice, left, raising, with views into arrays."""

import itertools
from collections import deque

import numpy as np

from tests.silence.listed import (
    BY_ITS_OWN,
    CLASS_CAPTURES,
    ONLY_RUNNING,
    RAISED,
    UNSEEN,
    VECTOR,
    Record,
    given,
)

ARGUMENTS = (0.7,)
REFUSED = {
    ONLY_RUNNING: "chosen_by_a_number chosen_and_searched chosen_and_asked_whether_any",
    RAISED: "failing_in_a_loop failing_and_gone_on_with",
    UNSEEN: "generator_over_one",
    BY_ITS_OWN: "strict_zip",
    CLASS_CAPTURES: "counted_by_a_class",
}


class Powers:
    """x, x², x³ …, `count` of them; the total is kept."""

    def __init__(self, x, count=4):
        self.x, self.power, self.left, self.total = x, 1.0, count, 0.0

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        self.power = self.power * self.x
        self.total += self.power
        return self.power


class Scaled(Powers):
    """Its items are twice those of its base."""

    def __next__(self):
        return 2 * super().__next__()


class Failing(Powers):
    """It writes, and then fails at the third item."""

    def __next__(self):
        y = super().__next__()
        if self.left == 1:
            self.total *= self.x
            raise ValueError("third")
        return y


class Rows:
    """Views of the rows of an array, one after another."""

    def __init__(self, a):
        self.a, self.i = a, -1

    def __iter__(self):
        return self

    def __next__(self):
        self.i += 1
        if self.i >= len(self.a):
            raise StopIteration
        return self.a[self.i]


class Windows:
    """The same view each time: what it shows is moved on."""

    def __init__(self, v):
        self.v, self.buffer, self.i = v, np.zeros(2), 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.i + 2 > len(self.v):
            raise StopIteration
        self.buffer[:] = self.v[self.i : self.i + 2]
        self.i += 1
        return self.buffer


class Chain:
    """An iterator over another one, which it advances."""

    def __init__(self, inner):
        self.inner, self.last = inner, 1.0

    def __iter__(self):
        return self

    def __next__(self):
        self.last = self.last * next(self.inner)
        return self.last


class Restarting:
    """Its `__iter__` starts it again."""

    def __init__(self, x):
        self.x, self.i = x, 0

    def __iter__(self):
        self.i = 0
        self.x = self.x * 0.9
        return self

    def __next__(self):
        if self.i == 3:
            raise StopIteration
        self.i += 1
        return self.x**self.i


# -- shared, taken twice -----------------------------------------------------------------------------


def two_loops_in_turn(x):
    it = Powers(x, 5)
    s = 0.0
    for a in it:
        s += a * it.total
        if it.left == 2:
            break
    for b in it:
        s += b * s
    return s + it.total


def loops_inside_each_other(x):
    it = Powers(x, 6)
    s = 0.0
    for a in it:
        for b in it:
            s += a * b * it.total
            if it.left % 2:
                break
    return s


def zipped_with_itself(x):
    it = Powers(x, 5)
    s = 0.0
    for a, b in zip(it, it):
        s += a * b**2
    return s * it.total + it.left


def loop_over_what_is_used_up(x):
    it = Powers(x, 3)
    s = sum(it)
    for a in it:
        s += 100 * a
    return s * sum(it, x) + next(it, x**2)


def several_names_of_one(x):
    it = Powers(x, 6)
    record = Record(it)
    others = [it, it]
    s = next(record.value) * next(others[1])
    for a in others[0]:
        s += a * record.value.total
    return s + it.total


def given_to_functions(x):
    def two_of(it):
        return [next(it), next(it)]

    def rest(it):
        s = 0.0
        for a in it:
            s += a
        return s

    it = Powers(x, 6)
    a, b = two_of(it)
    c, d = two_of(it)
    return a * b + c * d * rest(it) + it.total


def one_inside_another(x):
    inner = Powers(x, 6)
    it = Chain(inner)
    s = 0.0
    for a in it:
        s += a * inner.total
        if inner.left == 3:
            s += next(inner)
    return s + it.last


def started_again(x):
    it = Restarting(x)
    s = 0.0
    for a in it:
        s += a
    for a in it:
        s *= a
        if it.i == 2:
            break
    for b in it:
        s += b * it.x
    return s + sum(it)


def state_changed_in_its_loop(x):
    it = Powers(x, 4)
    s = 0.0
    for a in it:
        it.power = it.power * a + x
        it.total -= 1.0
        s += a * it.power
    return s * it.total


def longer_while_it_is_gone_through(x):
    it = Powers(x, 2)
    s = 0.0
    for a in it:
        s += a
        if it.left == 0 and s < 1.8:
            it.left += 1
    return s * a


def used_after_the_loop_by_its_item(x):
    it = Powers(x, 3)
    a = 0.0
    for a in it:
        pass
    it.total *= a
    return a * it.total


def no_items_at_all(x):
    it = Powers(x, 0)
    s = x
    for a in it:
        s += a * 100
    else:
        s *= 2
    return s + sum(it) + len(list(it)) + it.total


# -- subclasses --------------------------------------------------------------------------------------


def subclass_that_asks_its_base(x):
    it = Scaled(x, 4)
    s = 0.0
    for i, a in enumerate(it):
        s += a * (i + 1)
    return s * it.total


def one_or_the_other(x):
    s = 0.0
    for it in (Powers(x, 3), Scaled(x, 2)):
        for a in it:
            s += a * it.total
    return s


def chosen_by_a_number(x):
    it = Powers(x, 3) if x > 0 else Scaled(x, 3)
    s = 0.0
    for a in it:
        s += a * it.total
    return s


def chosen_and_searched(x):
    it = Powers(x, 6) if x > 0 else Scaled(x, 6)
    return it.total * 3 if x**2 in it else it.total


def chosen_and_asked_whether_any(x):
    it = Powers(x, 6) if x > 0 else Scaled(x, 6)
    return it.total if any(it) else x


def class_made_here(x):
    class Halving:
        def __init__(self):
            self.y = x

        def __iter__(self):
            return self

        def __next__(self):
            if self.y < 0.1:
                raise StopIteration
            self.y = self.y / 2
            return self.y * x

    return sum(a * a for a in Halving())


def next_of_the_instance_is_not_asked(x):
    it = Powers(x, 3)
    it.__next__ = lambda: 5.0
    return sum(it) + it.total


class Bare:
    """It has no `__iter__`."""

    def __init__(self, x):
        self.x = x

    def __next__(self):
        self.x = self.x / 2
        if self.x < 0.1:
            raise StopIteration
        return self.x**2


class Giving:
    def __init__(self, x):
        self.x = x

    def __iter__(self):
        return Bare(self.x)


def given_without_an_iter_of_its_own(x):
    s = 0.0
    for a in Giving(x):
        s += a
    for a, b in zip(Giving(x), [x, 2.0]):
        s += a * b
    return s * next(Bare(x))


class Closing(Powers):
    """It changes itself when it ends, each time that it is asked."""

    def __next__(self):
        try:
            return super().__next__()
        except StopIteration:
            self.total = self.total * self.x
            raise


def state_changed_as_it_ends(x):
    it = Closing(x, 3)
    s = 0.0
    for a in it:
        s += a * it.total
    for a in it:
        s += 100 * a
    s += next(it, it.total)
    return s * it.total


def end_changes_what_is_zipped(x):
    first, second = Closing(x, 2), Closing(2 * x, 3)
    s = 0.0
    for a, b in zip(second, first):
        s += a * b
    return s * first.total * second.total + second.left


# -- raising -----------------------------------------------------------------------------------------


def failing_in_a_loop(x):
    it = Failing(x, 4)
    s = 0.0
    try:
        for a in it:
            s += a * it.total
    except ValueError:
        s *= 3
    return s + it.total


def failing_and_gone_on_with(x):
    it = Failing(x, 5)
    s = 0.0
    for _ in range(2):
        try:
            for a in it:
                s += a
        except ValueError:
            s = s * it.total
    return s * it.power


def failing_by_hand(x):
    it = Failing(x, 5)
    s = 0.0
    while True:
        try:
            a = next(it)
        except ValueError:
            s += it.total**2
            continue
        except StopIteration:
            break
        s += a * it.power
    return s


def stop_inside_a_helper(x):
    it = Powers(x, 3)

    def pair():
        return next(it) * next(it)

    s = 0.0
    try:
        while True:
            s += pair()
    except StopIteration:
        s *= it.total
    return s


def stop_caught_by_the_loop_around(x):
    class Pairs:
        def __init__(self, it):
            self.it = it

        def __iter__(self):
            return self

        def __next__(self):
            a = next(self.it)
            return a * next(self.it)

    it = Powers(x, 5)
    return sum(Pairs(it)) * it.total


# -- views into arrays -------------------------------------------------------------------------------


@given(VECTOR)
def rows_that_are_written(v):
    a = np.outer(v, v)
    for i, row in enumerate(Rows(a)):
        row *= v[i]
        a[-1, i] += row[0]
    return np.sum(a * a[:, ::-1])


@given(VECTOR)
def rows_written_by_another_iterator(v):
    a = np.outer(v, v)
    first, second = Rows(a), Rows(a)
    next(second)
    s = 0.0
    for x, y in zip(first, second):
        x += y**2
        s += x @ a[0]
        y[0] = x[1]
    return s + np.sum(a**2)


@given(VECTOR)
def one_view_again_and_again(v):
    s = 0.0
    kept = []
    for w in Windows(v):
        s += w[0] * w[1]
        w *= 2
        kept.append(w)
    return s + np.sum(kept[0] * kept[1])


@given(VECTOR)
def argument_written_by_its_rows(v):
    for i, y in enumerate(Rows(v.reshape(3, 1))):
        y[0] = y[0] ** 2 * (i + 1)
    return np.sum(v)


@given(VECTOR)
def row_kept_and_written_after(v):
    a = np.outer(v, v)
    it = Rows(a)
    row = next(it)
    other = next(it)
    a[0] = a[0] * v
    row[1] *= other[0]
    return row @ other + a[0, 1] * a[1, 0]


# -- what Python takes of them -----------------------------------------------------------------------


def displays_of_them(x):
    it = Powers(x, 5)
    a, *rest = it
    return a * rest[-1] + sum([*Powers(x, 2), *Scaled(x, 2)]) * it.total


def first_of_several(x):
    it = Powers(x, 6)
    a = list(itertools.islice(it, 2))
    b = list(itertools.takewhile(lambda y: y > 0.3, it))
    return a[0] * a[1] + sum(b) + it.total * it.power


def mapped_and_left(x):
    it = Powers(x, 6)
    s = 0.0
    for y in map(lambda a: a * it.total, it):
        s += y
        if it.left == 3:
            break
    return s * next(it)


def filtered_with_state(x):
    it = Powers(x, 6)
    s = 0.0
    for y in filter(lambda a: it.left % 2, it):
        s += y * it.total
    return s


def reduced_and_ordered(x):
    q = deque(Powers(x, 4), maxlen=2)
    return max(Powers(x, 3)) * min(Scaled(x, 3)) + q[0] * q[1] + sorted(Powers(x, 3))[1]


def asked_whether_inside(x):
    it = Powers(x, 6)
    inside = x**2 in it
    return it.total * 3 if inside else it.total * it.power


def generator_over_one(x):
    def doubled(it):
        for a in it:
            yield 2 * a

    it = Powers(x, 4)
    s = 0.0
    for a in doubled(it):
        s += a
    return s * it.total


def yielded_from(x):
    def all_of_them():
        yield from Powers(x, 3)
        yield x

    return sum(a * a for a in all_of_them())


def enumerated_from_a_number(x):
    it = Powers(x, 4)
    s = 0.0
    for i, (a, b) in enumerate(zip(it, [1.0, x, x * x]), 2):
        s += i * a * b
    return s + it.total


def strict_zip(x):
    it = Powers(x, 3)
    s = 0.0
    for a, b in zip(it, [1.0, x], strict=True):
        s += a * b
        if b is x:
            break
    return s + it.total


def array_made_of_one(x):
    return np.sum(np.array(list(Powers(x, 4))) * np.fromiter(Powers(x, 4), float))


def counted_by_a_class(x):
    class Counting:
        made = 0.0

        def __iter__(self):
            return self

        def __next__(self):
            if Counting.made > 2:
                raise StopIteration
            Counting.made = Counting.made + x
            return Counting.made

    return sum(a * a for a in Counting()) + Counting.made


def asked_until_a_number(x):
    items = [x, x * x, 2.0, x]

    def take():
        items.append(x * items[0])
        return items.pop(0)

    s = 0.0
    for a in iter(take, 2.0):
        s += a * len(items)
    return s + sum(items)
