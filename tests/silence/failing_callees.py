"""`try` bodies whose callees change something and then raise, at any depth."""

import numpy as np

from tests.silence.listed import CARRIED, HALF_WRITTEN, MIDDLE, VECTOR, Record, given

ARGUMENTS = (0.7,)
REFUSED = {
    CARRIED: "number_read_from_the_exception",
    MIDDLE: "recursion_that_fails",
    HALF_WRITTEN: """
        numpy_raises_after_it_has_written
        numpy_raises_after_it_has_written_here
        numpy_raises_in_an_augmented_assignment
    """,
}


class Account:
    def __init__(self, x):
        self.balance, self.log = x, []

    def book(self, amount):
        self.balance = self.balance * amount
        self.log.append(self.balance)
        if len(self.log) % 2 == 0:
            raise ValueError("every second booking fails")
        self.balance += 1.0
        return self.balance * amount


def bookings(x):
    a = Account(x)
    s = 0.0
    for k in range(1, 5):
        try:
            s += a.book(k * x)
            s *= 1.1
        except ValueError:
            s += a.balance * a.log[-1]
            a.balance -= x
    return s + a.balance + sum(a.log)


def with_a_finally(x):
    a = Account(x)
    s = 0.0
    for k in range(1, 4):
        try:
            s += a.book(k * x)
        except ValueError:
            a.balance *= 2
        else:
            s *= a.balance
        finally:
            a.balance += x * k
            s += a.balance
    return s


def two_levels_down(x):
    a, b = Account(x), Account(2 * x)

    def inner(k):
        r = a.book(k + x)
        return r * b.book(k * r)

    def outer(k):
        a.balance *= 1.5
        return inner(k) + b.balance

    s = 0.0
    for k in range(4):
        try:
            s += outer(k)
        except ValueError:
            s += a.balance * x
    return s + a.balance * b.balance + sum(a.log) * sum(b.log)


def caught_inside_and_raised_on(x):
    a = Account(x)
    notes = {"n": x}

    def attempt(k):
        try:
            return a.book(x + k)
        except ValueError:
            notes["n"] *= a.balance
            raise KeyError(k) from None
        finally:
            notes["f"] = notes["n"] * x

    s = 0.0
    for k in range(4):
        try:
            s += attempt(k)
            a.balance += notes["f"]
        except KeyError:
            s += notes["n"] * notes["f"]
    return s + a.balance


def loop_in_a_callee(x):
    values = [x, 2 * x, -1.0, x]

    def change():
        for i in range(len(values)):
            values[i] = values[i] * x
            if values[i] < 0:
                raise ValueError(i)
            values[i] += 1

    try:
        change()
    except ValueError:
        values[3] *= 3
    return values[0] * values[1] + values[2] * x + values[3]


def number_read_from_the_exception(x):
    values = [x, -1.0, x]

    def change():
        for i in range(len(values)):
            values[i] = values[i] * x
            if values[i] < 0:
                raise ValueError(i)

    try:
        change()
    except ValueError as error:
        values[2] *= error.args[0]
    return values[0] * values[1] + values[2]


def while_loop_around_and_inside(x):
    state = Record(x)

    def step():
        while True:
            state.value = state.value * 1.3
            if state.value > 4:
                raise OverflowError
            if state.value > 1.5:
                break
            state.value += x
        state.value += 0.5

    count = 0
    while count < 6:
        count += 1
        try:
            step()
            state.value *= 1.1
        except OverflowError:
            state.value = state.value * x / 3
    return state.value


@given(VECTOR)
def array_half_written(v):
    y = v * 1

    def fill(z, n):
        for i in range(n):
            z[i] = z[i] ** 2 * v[0]

    try:
        fill(y, 5)
    except IndexError:
        y[1] *= 3
    return np.sum(y * v)


@given(VECTOR)
def view_half_written(v):
    y = np.outer(v, v)

    def fill(row, i):
        row *= 2
        row[i] = v[i % 3]
        y[i, 0] = row[0]

    for i in range(5):
        try:
            fill(y[i % 3], i)
        except IndexError:
            y[0] += y[i % 3]
    return np.sum(y * y.T)


@given(VECTOR)
def argument_half_written(v):
    def change(z):
        z[0] = z[0] * z[1]
        z[1] = z[0] ** 2
        raise RuntimeError

    try:
        change(v)
    except RuntimeError:
        v[2] *= v[1]
    return np.sum(v)


@given(VECTOR)
def numpy_raises_after_it_has_written(v):
    y = v * 1
    z = np.zeros(3)

    def change():
        z[0] = v[1]
        with np.errstate(divide="raise"):
            np.divide(y, np.array([1.0, 0.0, 2.0]), out=z)

    try:
        change()
    except FloatingPointError:
        y[0] *= 2
    return np.sum(y * v) + z[0] * v[0]


@given(VECTOR)
def cholesky_that_fails(v):
    kept = []
    a = np.outer(v, v)

    def factor(shift):
        a[np.arange(3), np.arange(3)] += shift
        kept.append(shift * v[0])
        return np.linalg.cholesky(a)

    s = 0.0
    for shift in (-1.0, -2.0, 5.0):
        try:
            s += np.sum(factor(shift))
        except np.linalg.LinAlgError:
            a[0, 1] *= 0.5
            a[1, 0] *= 0.5
    return s + sum(kept) * a[0, 1]


def dict_changed_before_a_key_is_missing(x):
    d = {"a": x, "b": 2 * x}

    def move(source, target):
        d[target] = d.get(target, 1.0) * x
        d[target] += d.pop(source)

    s = 0.0
    for source in ("a", "c", "b", "a"):
        try:
            move(source, "t")
        except KeyError:
            s += d["t"] * x
    return s + d["t"] + len(d)


def variable_of_the_function_around(x):
    total = x

    def add(k):
        nonlocal total
        total = total * x
        if k == 1:
            raise ValueError
        total += k

    for k in range(3):
        try:
            add(k)
        except ValueError:
            total = total * 3
    return total * x


def assigned_before_the_callee_raises(x):
    a = Account(x)
    b = c = x
    for k in range(4):
        try:
            b = a.balance * 2
            c = a.book(b)
            b = c * x
        except ValueError:
            c = b + a.balance
    return b * c + a.balance


def exception_in_an_argument(x):
    a = Account(x)

    def both(p, q):
        a.balance += p * q
        return p - q

    s = 0.0
    for k in range(3):
        try:
            s += both(a.book(x), a.book(x + k))
        except ValueError:
            s += a.balance
    return s * a.balance


def swapped_and_failed(x):
    xs = [x, 2 * x, 3.0]

    def swap(i, j):
        xs[i], xs[j] = xs[j] * x, xs[i] + 1

    for i, j in ((0, 1), (2, 7), (1, 2)):
        try:
            swap(i, j)
        except IndexError:
            xs[0] *= 2
    return xs[0] * xs[1] + xs[2] * x


def comprehension_that_fails(x):
    a = Account(x)
    s = 0.0
    for n in (1, 2, 3):
        try:
            s += sum([a.book(x + k) for k in range(n)])
        except ValueError:
            s += a.balance
    return s + a.balance


def returned_from_the_middle(x):
    a = Account(x)

    def book(k):
        try:
            return a.book(k * x)
        except ValueError:
            return a.balance
        finally:
            a.balance *= 1.2

    return book(1) * book(2) + book(3) * a.balance


def recursion_that_fails(x):
    log = [x]

    def down(n):
        log.append(log[-1] * x)
        if n == 0:
            raise ValueError
        down(n - 1)
        log.append(100.0)

    try:
        down(2)
    except ValueError:
        log[1] *= 2
    return sum(log) * log[-1]


def else_that_fails(x):
    a = Account(x)
    s = x
    try:
        try:
            s += a.book(x)
        except ValueError:
            s *= 50
        else:
            a.balance *= 2
            s += a.book(x)
    except ValueError:
        s *= a.balance
    return s + a.balance


def assertion_after_a_change(x):
    r = Record(x)

    def change(k):
        r.value *= x + k
        assert r.value < 2, "too large"
        r.value += 1

    for k in range(4):
        try:
            change(k)
        except AssertionError:
            r.value /= 3
    return r.value


def context_left_by_an_exception(x):
    class Doubling:
        def __init__(self, r):
            self.r = r

        def __enter__(self):
            self.r.value *= 2
            return self.r

        def __exit__(self, *error):
            self.r.value += x if error[0] else 1.0
            return False

    r = Record(x)

    def inside(k):
        with Doubling(r) as y:
            y.value *= x
            if k == 1:
                raise ValueError
            y.value += k

    for k in range(3):
        try:
            inside(k)
        except ValueError:
            r.value *= 1.5
    return r.value


@given(VECTOR)
def numpy_raises_after_it_has_written_here(v):
    y = v * 1
    z = np.zeros(3)
    try:
        with np.errstate(divide="raise"):
            np.divide(y, np.array([1.0, 0.0, 2.0]), out=z)
    except FloatingPointError:
        y[0] *= 2
    return np.sum(y * v) + z[0] * v[0]


@given(VECTOR)
def numpy_raises_in_an_augmented_assignment(v):
    y = v * 1
    s = 0.0
    for scale in (2.0, 1e-320, 4.0):
        try:
            with np.errstate(under="raise", over="raise"):
                y /= scale
        except ArithmeticError:
            s += 1.0
    return np.where(np.isfinite(y), y, 0.0) @ v + s


@given(VECTOR)
def numpy_raises_into_a_new_array(v):
    y = v * 1
    for scale in (2.0, 0.0, 4.0):
        try:
            with np.errstate(divide="raise"):
                z = y / scale
            y[:] = z
        except FloatingPointError:
            y[0] *= 2
    return y @ v


@given(VECTOR)
def other_errors_are_caught_where_numpy_computes_in_place(v):
    y = v * 1
    for k in range(4):
        try:
            y *= 1.5
            y[0] += v[k]
        except IndexError:
            y[1] *= y[0]
    return y @ v
