"""Recursion that changes what it shares, where it is more than a gradient: `tests/programs/recursion.py`."""

import numpy as np
import pytest

import adjoint as ad
from adjoint import cache


def table(x):
    known = {0: x, 1: x * x}

    def entry(n):
        if n not in known:
            known[n] = np.sin(entry(n - 1)) * entry(n - 2)
        return known[n]

    return entry(12)


def doubled(v, n):
    v *= 2.0
    if n > 0:
        doubled(v[1:], n - 1)


def powers(x):
    y = x * 1.0
    doubled(y, 2)
    return y


def test_a_pullback_may_be_called_again():
    x = np.array([0.3, 0.5, 0.7, 0.9])
    y, back = ad.pullback(powers, x)
    assert np.array_equal(y, x * [2, 4, 8, 8])
    for seed in (np.ones(4), np.arange(4.0)):
        assert np.array_equal(back(seed)[0], seed * [2, 4, 8, 8])
    assert np.array_equal(x, [0.3, 0.5, 0.7, 0.9])


def test_each_depth_is_the_same_compilation(monkeypatch):
    made = []
    compiled = cache.compile_request
    monkeypatch.setattr(cache, "compile_request", lambda r: made.append(r) or compiled(r))
    step = 1e-6
    slope = (table(0.7 + step) - table(0.7 - step)) / (2 * step)
    assert np.isclose(ad.gradient(table, 0.7)[0], slope, rtol=1e-6)
    assert 1 < len(made) < 5


def test_an_exception_comes_out_as_itself():
    def f(x):
        out = np.zeros(3)

        def fill(i):
            out[i] = x * i
            fill(i + 1)

        fill(0)
        return np.sum(out)

    with pytest.raises(IndexError, match="out of bounds"):
        ad.gradient(f, 0.7)


def test_the_second_derivative_is_refused():
    with pytest.raises(ad.UnsupportedSyntaxError, match="second derivative") as caught:
        ad.gradient(lambda x: ad.gradient(table, x)[0], 0.7)
    assert "entry(n - 1)" in str(caught.value) and "^" in str(caught.value)


LIMITS = [1.0, 2.0]


def within(i):
    return LIMITS[i] if i == 0 else LIMITS[i] * within(i - 1)


def limited(x):
    LIMITS[0], LIMITS[1] = x, x * x
    return within(1)


def test_forward_mode_does_not_lose_the_tangent_of_a_global():
    assert np.isclose(ad.gradient(limited, 0.7)[0], 3 * 0.7**2)
    with pytest.raises(ad.UnsupportedSyntaxError, match="its tangent is not known"):
        ad.jvp(limited, (0.7,), (1.0,))


class Counter:
    def __init__(self):
        self.count = 0

    def __call__(self, x):
        self.count += 1
        return x * LIMITS[0]


COUNTERS = [Counter()]


def test_a_change_that_the_caller_knows_nothing_of_is_refused():
    def counted(x):
        LIMITS[0] = x
        return COUNTERS[0 if x > 0 else -1](x)

    assert np.isclose(ad.gradient(counted, 0.7)[0], 2 * 0.7)  # a count carries no derivative

    def f(x):
        LIMITS[0], among = x, COUNTERS
        return among[np.zeros(1, int).item()](x)

    with pytest.raises(ad.UnsupportedSyntaxError, match="changes `count`"):
        ad.gradient(f, 0.7)


def test_what_has_a_rule_of_its_own_is_called_by_value():
    functions = {"sin": np.sin, "first": lambda v: v[0] * LIMITS[0]}

    def f(x, names):
        LIMITS[0] = x * x
        y = np.array([x, 2 * x])
        for name in names:
            y[0] = np.sum(functions[name](y))
        return y[0] * y[1]

    step = 1e-6
    names = ("sin", "first")
    slope = (f(0.7 + step, names) - f(0.7 - step, names)) / (2 * step)
    assert np.isclose(ad.gradient(f, 0.7, names)[0], slope, rtol=1e-6)
