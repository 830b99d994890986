"""Functions as values: passed, returned, stored, composed, partially applied."""

import functools
import math
import operator
from functools import partial, reduce

import numpy as np

from tests.programs.registry import make, normal, program, spread, static


def square(x):
    return x * x


def scale_by(s, x):
    return s * x


def apply_twice(f, x):
    return f(f(x))


def compose(*functions):
    def composed(x):
        for function in functions:
            x = function(x)
        return x

    return composed


@program(0.8)
def passed(x):
    return apply_twice(square, x) + apply_twice(np.sin, x) + apply_twice(math.exp, x * 0.1)


@program(0.8, static(np.tanh))
@program(0.8, static(square))
@program(0.8, static(math.cos))
def function_as_argument(x, f):
    return f(x) * x


@program(0.8, static(lambda t: t * t + 1))
def lambda_as_argument(x, f):
    return f(f(x))


@program(0.8)
def composed(x):
    return compose(np.sin, square, lambda t: t + x)(x)


@program(0.6)
def list_of_functions(x):
    layers = [np.sin, square, lambda t: t * x, math.exp]
    y = x
    for layer in layers:
        y = layer(y)
    return y


@program(0.6, static("cube"))
@program(0.6, static("half"))
def dict_of_functions(x, name):
    table = {"cube": lambda t: t**3, "half": lambda t: t / 2, "sine": np.sin}
    return table[name](x) + table["sine"](x)


@program(0.6)
@program(-0.6)
def function_chosen_by_branch(x):
    f = np.cos if x > 0 else square
    return f(x) + (np.exp if x < 0 else np.sin)(x)


@program([0.5, 1.5, -2.0])
@program(normal(3))
def map_of_lambda(xs):
    return sum(map(lambda x: x**3, xs))


@program([0.5, 1.5], [2.0, 3.0])
def map_of_two(xs, ys):
    return sum(map(operator.mul, xs, ys)) + sum(list(map(square, xs)))


@program([0.5, -1.5, 2.0, -0.1])
def filtered(xs):
    return sum(x * x for x in filter(lambda x: x > 0, xs))


@program([0.5, 1.5, 2.0])
def reduced(xs):
    return reduce(lambda a, b: a * b + 1, xs) + functools.reduce(operator.mul, xs, 2.0)


@program(spread(5))
def sorted_with_key(x):
    ordered = sorted(x, key=lambda value: -value * value)
    return ordered[0] * 3 + ordered[1] * ordered[2]


@program([3.0, 1.0, 2.0])
def sorted_plain(xs):
    a, b, c = sorted(xs)
    d, *_ = sorted(xs, reverse=True)
    return a * b**2 * c**3 + d


@program([3.0, -4.0, 2.0])
def max_and_min_with_key(xs):
    return max(xs, key=abs) ** 2 + min(xs) * 3 + max(xs[0], xs[1])


@program(0.7, 2.0)
def partially_applied(x, s):
    double = partial(scale_by, 2.0)
    scaled = partial(scale_by, s)
    shifted = functools.partial(scale_by, x=x)
    return double(x) * scaled(x) + shifted(s)


def layer(W, b):
    return lambda x: np.tanh(W @ x + b)


@program(normal(3, 2), normal(3), normal(2, 3), normal(2), normal(2))
def closures_as_layers(W1, b1, W2, b2, x):
    model = [layer(W1, b1), layer(W2, b2)]
    return np.sum(reduce(lambda y, f: f(y), model, x) ** 2)


@program(
    normal(2), static(make(lambda W: [lambda x: W @ x, np.tanh, lambda x: x * x], normal(3, 2)))
)
def list_of_functions_as_argument(x, layers):
    for f in layers:
        x = f(x)
    return x.sum()


def derivative_by_difference(f, x, h=1e-2):
    return (f(x + h) - f(x - h)) / (2 * h)


@program(0.7)
def numerical_derivative(x):
    return derivative_by_difference(lambda t: np.sin(t * x), x)


def curry(f):
    return lambda a: lambda b: f(a, b)


@program(0.7, 1.3)
def curried(x, y):
    return curry(lambda a, b: a * b**2)(x)(y) + curry(np.arctan2)(y)(x)


def repeat(f, n):
    if n == 0:
        return lambda x: x
    return lambda x: f(repeat(f, n - 1)(x))


@program(0.7, static(3))
def repeated(x, n):
    return repeat(np.sin, n)(x)


@program(normal(3))
def any_and_all(x):
    if any(value > 0 for value in x) and all(value < 100 for value in x):
        return np.sum(x * x)
    return np.sum(x)


@program(0.4)
def operators_as_functions(x):
    a = operator.add(x, 2.0)
    b = operator.mul(a, x)
    c = operator.pow(operator.truediv(b, 3), 2)
    return operator.neg(operator.sub(c, x))


@program([[1.0, 2.0], [3.0, 4.0]])
def operator_getters(pairs):
    second = operator.itemgetter(1)
    return sum(second(pair) * pair[0] for pair in pairs)


@program(0.5)
def immediately_called(x):
    return (lambda a, b: a * b)(x, (lambda: x + 1)())


@program(normal(3), normal(3))
def vector_function_of_functions(x, y):
    def both(f):
        return f(x), f(y)

    a, b = both(np.exp)
    c, d = both(lambda v: v @ v)
    return np.sum(a * b) * c - d


@program(0.5, 1.5)
def trapezoid_rule(a, b):
    def integrate(f, low, high, n=8):
        h = (high - low) / n
        return h * (sum(f(low + i * h) for i in range(1, n)) + (f(low) + f(high)) / 2)

    return integrate(lambda t: t * np.exp(-a * t), a, b)


@program(0.7)
def decorated_helper_by_hand(x):
    def logged(f):
        def wrapper(*args, **kwargs):
            return f(*args, **kwargs) + 1.0

        return wrapper

    g = logged(lambda t, power=2: t**power)
    return g(x) * g(x, power=3)


@program([1.0, 2.0, 3.0])
def starred_map(xs):
    low, *middle, high = map(lambda x: x * x, xs)
    return low * high + sum(middle)


def doubled(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs) * 2

    return wrapper


@doubled
def decorated(x, y=1.0):
    """What a decorator that keeps names is put on."""
    return x * x * y


@program(0.7)
def decorated_with_names_kept(x):
    @doubled
    def inner(v):
        return v**3 * x

    return decorated(x) + decorated(x, y=x) * inner(x)


@functools.lru_cache(maxsize=8)
def cubed(v):
    return v**3


@program(0.7)
def results_that_are_kept(x):
    @functools.cache
    def power(v, n=2):
        return v**n * x

    @functools.lru_cache(maxsize=4)
    def scaled(v):
        return v * x

    return power(x) + power(x * 2, 3) * scaled(x) + cubed(x) + cubed(2 * x) + scaled(x)


@functools.singledispatch
def measure(v):
    return v * 2


@measure.register
def _(v: float):
    return v * v


@measure.register(np.ndarray)
def _(v):
    return np.sum(v**3)


@measure.register(list)
def _(v):
    return sum(measure(u) for u in v)


@program(0.7, normal(3), [1.0, 2.0])
def dispatched_by_class(x, array, items):
    return measure(x) * measure(array) + measure(items) + measure(3) * x


@program(normal(3))
def method_called_by_name(x):
    total, scaled = operator.methodcaller("sum"), operator.methodcaller("dot", x)
    return total(x) * scaled(x) + operator.methodcaller("mean", axis=0)(x * x)
