"""Inner functions read captured variables as they are when they run, wherever they were kept."""

import functools
from typing import Any

import pytest

import adjoint as ad
from adjoint import check_gradient

PROGRAMS = []


def program(f):
    PROGRAMS.append(f)
    return f


class Keeper:
    def __init__(self, f):
        self.f: Any = f
        self.more = []

    def add(self, f):
        self.more.append(f)
        return self

    def run(self, x):
        return sum(f(x) for f in self.more) + (self.f(x) if self.f else 0.0)


@program
def kept_by_an_object(x, y):
    s = x
    keeper = Keeper(lambda a: a * s)
    s = s * 3
    return keeper.f(y) + keeper.run(x)


@program
def kept_by_an_object_that_is_passed_on(x, y):
    def use(keeper):
        return keeper.run(x) * 2

    s = x
    keepers = [Keeper(lambda a: a * s)]
    s = s * y
    return use(keepers[0])


@program
def kept_by_an_object_that_is_returned(x, y):
    def make():
        s = x
        keeper = Keeper(lambda a: a * s)
        s = s * y
        return keeper

    return make().run(x)


@program
def assigned_to_an_attribute(x, y):
    s = x
    keeper = Keeper(None)
    keeper.f = lambda a: a * s
    keeper.more.append(lambda a: a + s * y)
    s = s * 3
    return keeper.run(x)


@program
def put_into_a_list_by_a_method(x, y):
    s = x
    keeper = Keeper(None)
    keeper.add(lambda a: a * s).add(lambda a: s)
    s = s * y
    return keeper.run(x)


@program
def put_into_a_list_by_a_function(x, y):
    def register(functions, f):
        functions.append(f)

    s = x
    functions = []
    register(functions, lambda a: a * s)
    s = s * y
    return functions[0](x)


@program
def the_default_of_another(x, y):
    s = x

    def g(a, f=lambda a: a * s):
        return f(a)

    s = s * 3
    return g(y)


@program
def captured_by_another(x, y):
    s = x
    f = functools.partial(lambda a: a * s)
    keeper = Keeper(lambda a: f(a) * 2)
    s = s * y
    f = functools.partial(lambda a: a + s)
    return keeper.run(x)


@program
def wrapped(x, y):
    def wrap(f):
        return lambda a: f(a) + 1

    s = x
    g = wrap(lambda a: a * s)
    p = functools.partial(lambda a, b: a * b * s, 2.0)
    s = s * y
    return g(x) + sum(map(g, [x, 2.0])) + p(y)


@program
def in_a_branch(x, y):
    s = x
    keeper = Keeper(lambda a: a * s) if y > 1 else Keeper(None)
    if x < y:
        s = s * y
    return keeper.run(x)


@program
def gathered_in_a_loop(x, y):
    functions = []
    for a in (x, y, x * y):
        functions.append(lambda b: a * b)
    a = a + 1
    return functions[0](x) + functions[2](y)


@program
def gathered_by_key(x, y):
    functions = {}
    n = 0
    while n < 3:
        n += 1
        functions[n] = lambda: x**n * y
    return sum(f() for f in functions.values())


@program
def a_parameter(x, y):
    functions = (lambda: x * y, 3)
    x = x + 1
    return functions[0]() * x


@program
def made_again_in_each_turn(x, y):
    def step(f, z):
        return z + 0.1 * f(z)

    s = x
    for i in range(3):
        y = step(lambda a: a * s, y)
        s = s * 0.9 + y * 0.01
    return y


@program
def assigned_by_another_function_and_kept_in_a_list(x, y):
    def make(k):
        functions = []

        def change():
            nonlocal k
            k = k * y

        functions.append(lambda a: a + k)
        change()
        return functions

    return sum(f(x) for f in make(x)) * make(2.0)[0](x)


@program
def decorated_and_recursive(x, y):
    def twice(f):
        return lambda n: 2 * f(n)

    @twice
    def factorial(n):
        return x if n <= 1 else n * factorial(n - 1)

    return factorial(4) * y


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_value_and_derivatives(f):
    assert ad.value_and_gradient(f, 0.7, 1.3).value == f(0.7, 1.3)
    check_gradient(f, 0.7, 1.3, modes=("reverse", "forward"))


def test_what_is_not_called_later_needs_no_cell():
    def f(x, y):
        def solve(g, z):
            return z - 0.1 * g(z)

        s = x
        z = solve(lambda a: a * a - s, y)
        s = s * 3
        return z * s

    assert "cell" not in str(ad.source(f, 0.7, 1.3))
    check_gradient(f, 0.7, 1.3, order=2)
