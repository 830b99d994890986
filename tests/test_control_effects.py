"""What a program does besides computing happens as in the plain call: once, in order, or not at all."""

import contextlib
import io
import re

import numpy as np
import pytest

import adjoint as ad
from tests.routes import ROUTES


class Loud:
    """Says when it is entered and left, and with what; suppresses some exceptions."""

    def __init__(self, name, suppressed=()):
        self.name, self.suppressed = name, suppressed

    def __enter__(self):
        print("enter", self.name)
        return self.name

    def __exit__(self, kind, error, traceback):
        print("exit", self.name, kind, error, traceback is not None)
        return kind is not None and issubclass(kind, self.suppressed)


class LoudException(Exception):
    pass


@contextlib.contextmanager
def loud(name):
    print("before", name)
    try:
        yield name
    except LoudException as error:
        print("caught", error)
    finally:
        print("after", name)


def check(x, most):
    print("check", most)
    if x > most:
        raise LoudException(f"more than {most}")
    return x * x


def in_order(x):
    with Loud("a") as a, Loud("b"):
        print(a)
        y = check(x, 9.0)
    print("done")
    return y


def raised(x):
    with Loud("a"), Loud("b"):
        return check(x, 1.0)


def suppressed(x):
    y = x
    with Loud("a", LoudException) as name, Loud("b"):
        y = y * 2
        print(name)
        y = y + check(x, 1.0)
        print("not reached")
    return y * x


def suppressed_by_generator(x):
    y = x * 3
    with loud("g") as name:
        print(name)
        check(x, 1.0)
        print("not reached")
    return y * x


def left_early(x):
    for i in range(5):
        with Loud(i):
            if i == 1:
                continue
            x = x * 2
            if i == 2:
                break
    return x


def returned(x):
    with Loud("a"):
        try:
            return check(x, 9.0)
        finally:
            print("finally")


def returned_twice(x):
    try:
        return check(x, 9.0)
    finally:
        print("finally")
        return x * 7  # noqa: B012


def nested(x):
    y = x
    try:
        try:
            y = check(x, 9.0)
            y = y + check(x, 1.0)
        except KeyError:
            print("wrong")
        finally:
            print("inner", round(y))
            y = y * 2
    except LoudException as error:
        print("outer", error, round(y))
        y = y * check(x, 5.0)
    else:
        print("else")
    finally:
        print("last")
    return y


def chained(x):
    try:
        check(x, 1.0)
    except LoudException as error:
        raise ValueError(f"because of {error}") from error
    return x


def replaced(x):
    try:
        check(x, 1.0)
    finally:
        if x > 1:
            raise KeyError("instead")
    return x


def reraised(x):
    try:
        y = x * 2
        y = y + check(x, 1.0)
    except LoudException:
        print("seen", round(y))
        raise
    return y


def not_a_manager(x):
    with x:
        return x


def failing_exit(x):
    class_ = Loud("a")
    with class_:
        y = x * x
        print(1 / 0)
    return y


def errors(x):
    with np.errstate(all="raise"):
        y = np.array([x]) * 1e300
        return np.sum(y * y)


PROGRAMS = [
    in_order, raised, suppressed, suppressed_by_generator, left_early, returned, returned_twice,
    nested, chained, replaced, reraised, not_a_manager, failing_exit, errors,
]  # fmt: skip


def outcome(run):
    """What a call prints, returns and raises."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            result = run()
        except Exception as error:
            chain = [error, error.__cause__, error.__context__]
            result = [(type(e), str(e)) for e in chain]
    return re.sub("0x[0-9a-f]+", "", printed.getvalue()), result


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_effects_are_those_of_the_plain_call(program, route):
    expected = outcome(lambda: program(3.0))
    with ROUTES[route]():
        assert outcome(lambda: ad.value_and_gradient(program, 3.0).value) == expected


def test_errors_that_the_program_lets_numpy_raise_are_not_raised_by_the_reverse_half():
    def root(x):
        with np.errstate(all="raise"):
            return np.sum(np.sqrt(x))

    assert ad.gradient(root, np.array([0.0, 1.0]))[0].tolist() == [np.inf, 0.5]
    with pytest.raises(FloatingPointError, match="invalid value encountered in sqrt"):
        ad.gradient(root, np.array([-1.0]))


def test_errors_that_the_program_ignores_are_ignored_by_the_reverse_half():
    def logarithm(x):
        with np.errstate(divide="ignore"):
            y = np.log(x)
        return np.sum(np.where(x > 0, y, 0.0))

    assert ad.gradient(logarithm, np.array([0.0, 2.0]))[0].tolist() == [0.0, 0.5]
    _, back = ad.pullback(logarithm, np.array([0.0, 2.0]))
    assert back(1.0)[0].tolist() == [0.0, 0.5]


# -- generators ----------------------------------------------------------------------------------------


def noisy(x, count):
    print("begin")
    try:
        for i in range(count):
            print("give", i)
            yield x * i
        print("end")
    finally:
        print("clean up")


def consumed(x):
    total = 0.0
    for value in noisy(x, 3):
        print("take", value)
        total = total + value
    print("after")
    return total


def zipped(x):
    total = 0.0
    for a, b in zip(noisy(x, 2), noisy(2 * x, 3)):
        print("take", a, b)
        total = total + a * b
    return total


def taken_by_hand(x):
    it = noisy(x, 3)
    print("made")
    first = next(it)
    second = next(it)
    print("two")
    return first + second * sum(it)


def exhausted(x):
    it = iter([x])
    total = next(it)
    try:
        total = total + next(it)
    except StopIteration:
        print("no more")
    return total * next(it, 3.0)


def by_expression(x):
    values = (check(x * i, 100.0) for i in range(3))
    print("made")
    total = next(values)
    print("one")
    return total + sum(values)


def raising_inside(x):
    def giving():
        yield x
        raise LoudException("inside")

    total = 0.0
    for value in giving():
        total = total + value
    return total


def mapped(x):
    total = 0.0
    for value in (check(v, 100.0) for v in [x, 2 * x]):
        print("take")
        total = total + value
    return total


def left_midway(x):
    total = 0.0
    for value in noisy(x, 3):
        total = total + value
        if value > 2:
            break
    print("after")
    return total + next(noisy(x, 3))


def kept(x):
    it = noisy(x, 3)
    next(it)
    y = next(it)
    print("after")
    return y


GENERATORS = [
    left_midway,
    kept,
    consumed,
    zipped,
    taken_by_hand,
    exhausted,
    by_expression,
    raising_inside,
    mapped,
]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("program", GENERATORS, ids=lambda p: p.__name__)
def test_generators_run_as_they_are_asked(program, route):
    expected = outcome(lambda: program(3.0))
    with ROUTES[route]():
        assert outcome(lambda: ad.value_and_gradient(program, 3.0).value) == expected


def test_a_sum_takes_the_tangents_of_the_items_that_a_loop_has_left():
    def f(x):
        items = iter(x)
        large = any(v > 1.0 for v in items)
        return sum(items, x[0]) if large else 0.0

    x = np.array([1.5, -0.7, 0.4])
    along = np.array([1.0, 10.0, 100.0])
    assert ad.jvp(f, (x,), (along,))[1] == ad.gradient(f, x)[0] @ along == 111.0
    x = np.array([0.5, 2.0, 0.4])
    assert ad.jvp(f, (x,), (along,))[1] == ad.gradient(f, x)[0] @ along == 101.0
