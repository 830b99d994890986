"""Iterators of classes that define `__next__`, and `try` bodies that callees leave between their writes."""

import itertools
from collections import deque

import numpy as np

from tests.programs.registry import normal, program, static


class Countdown:
    def __init__(self, x, n):
        self.x, self.n = x, n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        self.x = np.sin(self.x) * 2
        return self.x


class Endless:
    def __init__(self, x):
        self.x = x

    def __iter__(self):
        return self

    def __next__(self):
        self.x = np.cos(self.x)
        return self.x


class Source:
    def __init__(self, v):
        self.v = v

    def __iter__(self):
        return Reader(self)


class Reader:
    def __init__(self, source):
        self.source, self.i = source, -1

    def __iter__(self):
        return self

    def __next__(self):
        self.i += 1
        try:
            return self.source.v[self.i], self.source.v[self.i] ** 2
        except IndexError:
            raise StopIteration from None


@program(0.7)
def loop_left_and_taken_up_again(x):
    it = Countdown(x, 4)
    s = 0.0
    for y in it:
        s += y * it.x * it.n
        if y > 1.7:
            break
    else:
        s += 1
    for z in it:
        s += z
    return s + z


@program(0.7)
def asked_by_hand(x):
    it = Countdown(x, 3)
    return next(it) * it.__next__() * next(it) + next(it, x) + it.x


@program(0.7)
def stopped_by_hand(x):
    it = Countdown(x, 4)
    s = 0.0
    out = []
    while True:
        try:
            y = next(it)
        except StopIteration:
            break
        out.append(y)
        s += y * it.x
    return s + sum(out) + it.x


@program(0.7)
def endless(x):
    s = 0.0
    for y in Endless(x):
        s += y
        if s > 3:
            return s * y


@program(normal(4))
def a_reader_apart(v):
    s = Source(v)
    t = 0.0
    for a, b in s:
        for _, d in s:
            t += a * d
        t += b
    (p, q), *rest = s
    return t + sum(p * q for p, q in s) + len([a for a, _ in s]) + p * rest[0][1] * q


@program(0.7)
def comprehensions(x):
    it = Countdown(x, 4)
    ys = [y * it.x for y in it]
    d = {k: y for k, y in enumerate(Countdown(x, 3))}
    return ys[0] * ys[-1] + sum(ys) + d[1] * d[2]


@program(0.7)
def taken_at_once(x):
    def f(a, b, *c):
        return a * b + sum(c)

    s = sum(list(Countdown(x, 4))) + max(Countdown(x, 3)) + sum(sorted(Countdown(x, 3)))
    d = dict(zip("abcd", Countdown(x, 4)))
    q = deque(Countdown(x, 2))
    xs = [x]
    xs.extend(Countdown(x, 3))
    return s + f(*Countdown(x, 4)) + d["a"] * d["d"] + q[0] * q[1] + xs[1] * xs[3]


@program(0.7)
def zipped_with_a_list(x):
    s = 0.0
    it = Countdown(x, 5)
    for a, b in zip([1.0, x, 3.0], it):
        s += a * b * it.n
    for a, b in zip(it, [x, x]):
        s += a * b
    return s + it.x


@program(0.7)
def numbered_and_left(x):
    s = 0.0
    it = Countdown(x, 5)
    for i, b in enumerate(it, 1):
        s += i * b * it.n
        if i == 3:
            break
    return s + it.x + next(it)


@program(0.7)
def mapped_filtered_sliced(x):
    s = 0.0
    it = Countdown(x, 6)
    for b in map(lambda y: y * it.n, filter(lambda y: y > 1.5, itertools.islice(it, 4))):
        s += b
    return s * next(it) + sum(itertools.takewhile(lambda y: y > 0.9, Endless(x)))


@program(0.7)
def searched(x):
    it = Countdown(x, 5)
    found = any(y > 1.5 for y in it)
    s = it.x * found
    s += it.x * any(it) + it.n
    other = Countdown(x, 3)
    return s + other.x * (2 if 5.0 in other else 3) * other.x


@program(normal(6))
def asked_until_none(v):
    pos = 0

    def read():
        nonlocal pos
        pos += 1
        return v[pos - 1] if pos < 5 else None

    return sum(a * a for a in iter(read, None))


@program(0.7)
def several_in_a_list(x):
    s = 0.0
    for it in [Countdown(x, 4), Countdown(2 * x, 3)]:
        for y in it:
            s += y * y
    return s


@program(normal(5), normal(4))
def indices_of_arrays(a, b):
    D = np.full((len(a) + 1, len(b) + 1), np.inf)
    D[0, 0] = 0
    for i, j in np.ndindex(len(a), len(b)):
        D[i + 1, j + 1] = (a[i] - b[j]) ** 2 + min(D[i, j], D[i, j + 1], D[i + 1, j])
    for (i, j), d in np.ndenumerate(np.outer(a, b)):
        D[i + 1, j + 1] += d * a[i]
    return np.sum(D[1:, 1:])


# -- bodies of `try` ---------------------------------------------------------------------------------


class Model:
    def __init__(self, w):
        self.w = w.copy()
        self.log = []

    def step(self, x):
        self.w += x
        self.log.append(self.w[0])
        if self.w @ self.w > 20:
            raise ValueError("diverged")
        self.w *= 0.9
        return self.w @ x


@program(normal(3), normal(5, 3))
def steps_that_diverge(w, xs):
    m = Model(w)
    total = 0.0
    for x in xs:
        try:
            total += m.step(3 * x)
        except ValueError:
            m.w *= 0.25
            total += m.w[1] ** 2
    return total + sum(m.log) + m.w @ m.w


@program(normal(3), normal(5, 3))
def loop_that_diverges(w, xs):
    m = Model(w)
    total = 0.0
    try:
        for x in xs:
            for k in range(3):
                total += m.step(2 * x) * (k + 1)
    except ValueError:
        m.w *= 0.25
    else:
        total += 5.0 * m.w[0]
    return total + sum(m.log) + m.w @ m.w


@program(normal(4), static(2))
def attempts_inside_attempts(v, n):
    log = {"a": v[0]}
    y = v.copy()

    def change(k):
        try:
            y[0] *= v[k]
            log["a"] += y[0]
            y[k] = 1.5 * y[7 - k]
            log["a"] *= 2
        except IndexError:
            y[1] += y[0]
            if k == n:
                log["b"] = y[1]
                raise KeyError("n") from None
            log["a"] += y[1]
        finally:
            log["a"] *= 1.5

    for k in range(4):
        try:
            change(k)
            y[3] *= 2
        except KeyError:
            y[2] -= log["a"]
    return y @ v + log["a"] * log["b"]


@program(normal(3, 3), normal(3))
def factors_that_fail_late(A, b):
    S = A @ A.T
    kept = []

    def solved(shift):
        kept.append(shift * b[0])
        L = np.linalg.cholesky(S + shift * np.eye(3))
        kept[-1] *= 2
        return L

    for shift in (-100.0, 0.0, 1.0):
        try:
            L = solved(shift)
            kept.append(L[0, 0])
        except np.linalg.LinAlgError:
            kept[0] += 1.0
            continue
        break
    return np.sum(L @ b) + kept[0] * kept[1] + kept[2]


@program(normal(3))
def a_callee_that_writes_and_raises(v):
    y = v.copy()

    def scale(z, i):
        z *= v[0]
        z[i] = v[1]
        return z[i] * z[0]

    total = 0.0
    for i in (1, 5, 2):
        try:
            total += scale(y, i)
        except IndexError as error:
            y[0] += len(str(error))
    return total + y @ y
