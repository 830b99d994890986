"""Functions that call functions: nested, captured, defaulted, starred, recursive."""

import numpy as np

from tests.programs.registry import normal, program, static


def square(x):
    return x * x


def affine(x, scale=2.0, shift=1.0):
    return scale * x + shift


def twice_squared(x):
    return square(square(x)) + square(x)


@program(1.5)
def calls_another(x):
    return square(x) + 3 * square(x + 1)


@program(1.1)
def calls_through_another(x):
    return twice_squared(x) * x


@program(0.7)
def defaults(x):
    return affine(x) + affine(x, 3.0) + affine(x, shift=x) + affine(shift=x, x=x, scale=x)


@program(0.7)
def own_default(x, power=3, scale=0.5):
    return scale * x**power


@program(0.7, 2.0)
def keyword_only(x, y):
    def combine(a, *, weight=0.5, bias):
        return a * weight + bias

    return combine(x, bias=y) * combine(y, weight=x, bias=1.0)


def total_of(*terms):
    total = 0.0
    for term in terms:
        total = total + term * term
    return total


@program(1.0, 2.0, -0.5)
def star_args(x, y, z):
    return total_of(x, y) * total_of(z) + total_of() + total_of(*[x, y, z])


@program(1.0, 2.0, -0.5)
def own_star_args(first, *rest):
    return first * sum(rest) + len(rest)


def weighted(**terms):
    return terms["a"] * 2 + terms["b"] * terms["a"] + len(terms)


@program(1.0, 2.0)
def star_star_kwargs(x, y):
    terms = {"a": x * y, "b": y}
    return weighted(a=x, b=y) + weighted(**terms)


def everything(a, /, b, *rest, c, d=2.0, **others):
    return a * b + sum(rest) * c + d * others.get("e", 1.0)


@program(0.5, 1.5, 2.5)
def all_kinds_of_parameters(x, y, z):
    return everything(x, y, z, x * z, c=y, e=z) + everything(x, b=y, c=z)


@program(0.8, 1.7)
def nested_function(x, y):
    def inner(t):
        return t * y + x

    return inner(x) * inner(y)


@program(0.8, 1.7)
def nested_twice(x, y):
    def outer(a):
        def inner(b):
            return a * b + x

        return inner(a) + inner(y)

    return outer(x * y) * outer(2.0)


@program(0.8)
def captures_a_later_value(x):
    def inner():
        return y * y

    y = x * 3
    first = inner()
    y = x + 1
    return first + inner()


@program(1.3)
def lambda_called(x):
    f = lambda t: t**3  # noqa: E731
    return f(x) + f(2 * x)


@program(1.3)
def lambdas_on_one_line(x):
    f, g, h = lambda t: t * x, lambda t: t + x, lambda t: t / x
    return f(g(h(2.0))) + (lambda a, b=x: a * b)(x)


@program(0.9)
def lambda_in_lambda(x):
    add = lambda a: lambda b: a + b * x  # noqa: E731
    return add(x)(3.0) * add(1.0)(x)


def power_maker(n):
    def power(x):
        return x**n

    return power


@program(1.2)
def returned_function(x):
    cube = power_maker(3)
    return cube(x) + power_maker(2)(x)


def scaler(scale):
    return lambda x: scale * x


@program(1.2, 3.0)
def returned_function_captures_active(x, s):
    f = scaler(s)
    return f(x) * f(s)


def factorial_like(x, n):
    if n == 0:
        return 1.0
    return x * factorial_like(x - 0.1, n - 1)


@program(2.0, static(4))
@program(2.0, static(0))
def recursion(x, n):
    return factorial_like(x, n)


def collatz_like(x):
    if x < 1:
        return x
    return collatz_like(x / 2) * 1.1


@program(9.0)
def recursion_on_value(x):
    return collatz_like(x) + x


def even_step(x, n):
    if n == 0:
        return x
    return odd_step(x * x, n - 1)


def odd_step(x, n):
    if n == 0:
        return -x
    return even_step(np.sin(x), n - 1)


@program(0.7, static(5))
def mutual_recursion(x, n):
    return even_step(x, n) + odd_step(x, n)


@program(0.7, static(3))
def nested_recursion(x, n):
    def descend(y, k):
        return y if k == 0 else descend(np.tanh(y * x), k - 1)

    return descend(x, n)


@program(0.7, static(5))
def mutual_recursion_of_inner_functions(x, n):
    def even(k, v):
        return v if k == 0 else odd(k - 1, v * x)

    y = np.sin(x)

    def odd(k, v):
        return 2 * v if k == 0 else even(k - 1, v + y)

    return even(n, x) * odd(n, y)


@program(0.7, static(7))
def three_inner_functions_that_call_each_other(x, n):
    def first(k, v):
        return v if k == 0 else third(k - 1, v * x) + k

    def second(k, v, slope=x * 2):
        return v * slope if k == 0 else first(k - 1, np.tanh(v))

    z = x * x

    def third(k, v):
        return z * v if k == 0 else second(k - 1, v) if k % 2 else first(k - 1, v * z)

    functions = {"first": first, "second": second}
    return sum(f(n, x) for f in functions.values())


def last_squared(*items):
    return items[-1] ** 2 if len(items) > 3 else items[0]


@program(0.7, static(2))
def argument_after_a_starred_one(x, n):
    names = [str(i) for i in range(n + 3)]
    functions = {"last": last_squared}
    return functions["last"](*names, x) + last_squared(*names, x * 2, *names[:0])


def tree_sum(tree):
    if isinstance(tree, tuple):
        return tree_sum(tree[0]) * tree_sum(tree[1])
    return np.sum(tree) + 1


@program(((1.0, 2.0), (normal(2), (0.5, 3.0))))
def recursion_over_a_tree(tree):
    return tree_sum(tree)


def divide(x, y):
    return x / y, x // y


@program(7.5, 2.0)
def returns_a_pair(x, y):
    quotient, floor = divide(x, y)
    return quotient * floor + x


def clamp_below(x, low):
    if x < low:
        return low
    return x


@program(0.5, 1.0)
@program(1.5, 1.0)
def callee_with_early_return(x, low):
    return clamp_below(x, low) * x + clamp_below(low, x)


def fixed_iterations(step, x, n=5):
    for _ in range(n):
        x = step(x)
    return x


@program(0.5, 0.9)
def callee_with_loop(x, w):
    return fixed_iterations(lambda t: np.tanh(w * t + 0.1), x) + fixed_iterations(square, w, n=2)


@program(normal(3), normal(3))
def array_helpers(x, y):
    def dot(a, b):
        return np.sum(a * b)

    def norm(a):
        return np.sqrt(dot(a, a))

    return dot(x, y) / (norm(x) * norm(y))


@program(0.5)
def shadowed_name(x):
    def inner(x):
        x = x * 2
        return x * x

    return inner(x) + x


@program(0.5, 2.0)
def function_returning_nothing_used(x, y):
    def remark(value):
        assert value is not None

    remark(x)
    return x * y


@program(0.5)
def function_conditionally_defined(x):
    if x > 0:

        def f(t):
            return t * t * x
    else:

        def f(t):
            return t

    return f(x) + f(3.0)


@program(1.5)
def closures_in_a_loop(x):
    total = 0.0
    for i in range(3):

        def term(t, i=i):
            return t ** (i + 1)

        total = total + term(x)
    return total


@program(0.5)
def lambdas_with_lambdas_for_defaults(x):
    fs = [(lambda v, s=k, g=(lambda v, s=3.0, g=None: v * s): g(v) * s) for k in [x, x * 2]]
    out = 1.0
    for f in fs:
        out = f(out)
    return out + (lambda a=(lambda: x): a() * 3)()
