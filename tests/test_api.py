"""The public face: every call does what its documentation says."""

import array
import functools
import inspect
import linecache
import math
import pickle
import subprocess
import sys
import types
from collections import OrderedDict, deque, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import pytest

import adjoint as ad
from adjoint.errors import GradientMismatch

X = np.array([0.7, -1.3, 2.1])
NONE = type(None)


def square_sum(x):
    return np.sum(x * x)


def product(x, y):
    return x * y


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


# -- gradient and value_and_gradient ---------------------------------------------------------------


def test_a_gradient_is_a_tuple_with_one_item_per_argument():
    assert ad.gradient(lambda x: x * x, 3.0) == (6.0,)
    assert ad.gradient(product, 2.0, 5.0) == (5.0, 2.0)
    assert ad.gradient(lambda: 1.0) == ()


@pytest.mark.parametrize("call", [ad.value_and_gradient, ad.withgradient])
def test_value_and_gradient_is_a_named_tuple(call):
    result = call(product, 2.0, 5.0)
    value, gradient = result
    assert (value, gradient) == (10.0, (5.0, 2.0)) == (result.value, result.gradient)
    assert isinstance(result, tuple) and result._fields == ("value", "gradient")


def test_the_value_is_bit_for_bit_that_of_the_plain_call():
    def f(x):
        return np.mean(np.tanh(x) ** 3) / 7.0

    value = ad.value_and_gradient(f, X).value
    assert value == f(X) and type(value) is type(f(X))


@pytest.mark.parametrize(
    "x, kind",
    [
        (3.0, float),
        (3, float),
        (np.float64(3), float),
        (np.float32(3), np.float32),
        (True, type(None)),
    ],
    ids=["float", "int", "float64", "float32", "bool"],
)
def test_the_gradient_of_a_number_is_a_number_of_its_kind(x, kind):
    (bar,) = ad.gradient(lambda x: x * x * 0.5, x)
    assert isinstance(bar, kind)
    assert bar is None or bar == 3.0


@pytest.mark.parametrize(
    "dtype, expected",
    [("f8", "f8"), ("f4", "f4"), ("f2", "f2"), ("i8", "f8"), ("i4", "f8"), ("u1", "f8")],
)
def test_the_gradient_of_an_array_has_its_shape_and_floating_dtype(dtype, expected):
    x = np.arange(6).reshape(2, 3).astype(dtype)
    (bar,) = ad.gradient(lambda x: np.sum(x * 0.5), x)
    assert bar.shape == (2, 3) and bar.dtype == np.dtype(expected)
    np.testing.assert_allclose(bar, 0.5)


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3,), (2, 1, 3)])
def test_the_gradient_of_an_array_has_its_shape(shape):
    x = np.full(shape, 2.0)
    (bar,) = ad.gradient(square_sum, x)
    assert isinstance(bar, np.ndarray) and bar.shape == shape
    close(bar, 2 * x)


@pytest.mark.parametrize("first", [np.float32, np.float64])
@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: np.mean(a * b),
        lambda a, b: np.sum(a * b) / 3,
        lambda a, b: 2 * np.mean(np.sum(a * b, axis=-1)) - 1,
        lambda a, b: np.sum(ad.gradient(lambda a: np.mean(a * a * b), a)[0]),
    ],
    ids=["mean", "sum", "mean of sums", "nested"],
)
def test_each_of_two_dtypes_keeps_its_digits(f, first):
    rng = np.random.default_rng(0)
    second = np.float64 if first is np.float32 else np.float32
    a, b = rng.normal(size=(2, 3)).astype(first), rng.normal(size=(2, 3)).astype(second)
    found = ad.gradient(f, a, b)
    exact = ad.gradient(f, a.astype(float), b.astype(float))
    for x, x_bar, wanted in zip((a, b), found, exact):
        assert x_bar.dtype == x.dtype
        np.testing.assert_allclose(x_bar, wanted, rtol=1e-14 if x.dtype == float else 1e-6)


def test_float32_stays_float32_through_a_network():
    W, x = np.ones((3, 2), np.float32), np.ones(3, np.float32)
    bars = ad.gradient(lambda W, x: np.mean(np.tanh(x @ W * 0.1) ** 2), W, x)
    assert [b.dtype for b in bars] == [np.float32, np.float32]


def test_an_argument_without_influence_gets_zeros():
    bars = ad.gradient(lambda x, a, n, m: x * x, 3.0, X, 4, np.ones((2, 2), np.float32))
    assert bars[0] == 6.0 and bars[2] == 0.0
    close(bars[1], np.zeros(3))
    assert bars[3].shape == (2, 2) and bars[3].dtype == np.float32 and not bars[3].any()


def test_zeros_of_unused_arguments_are_the_callers_own():
    first = ad.gradient(lambda x, a: x * x, 3.0, X)[1]
    first += 1.0
    close(ad.gradient(lambda x, a: x * x, 3.0, X)[1], np.zeros(3))


@pytest.mark.parametrize("thing", ["text", None, True, len, b"bytes", int, range(3), ...])
def test_what_has_no_derivative_gets_none(thing):
    assert ad.gradient(lambda x, thing: x * x, 3.0, thing) == (6.0, None)


def test_containers_get_cotangents_of_their_own_form():
    Point = namedtuple("Point", "x y")

    def f(pair, items, table, point):
        return pair[0] * items[1] * table["a"] * point.x * 1.0

    bars = ad.gradient(f, (2.0, 3.0), [1.0, 5.0], {"a": 7.0, "b": 1.0}, Point(11.0, 1.0))
    assert bars == ((385.0, 0.0), [0.0, 154.0], {"a": 110.0, "b": 0.0}, (70.0, 0.0))
    assert [type(b) for b in bars[:3]] == [tuple, list, dict]
    assert isinstance(bars[3], tuple)


def test_nested_containers_with_things_without_derivative():
    def f(model):
        return np.sum(model["layers"][1][0] * model["scale"])

    model = {"layers": [(X, "relu"), (X + 1.0, None)], "scale": 2.0, "name": "net"}
    (bar,) = ad.gradient(f, model)
    close(bar["layers"][0][0], np.zeros(3))
    close(bar["layers"][1][0], [2.0] * 3)
    assert bar["layers"][0][1] is None and bar["name"] is None
    close(bar["scale"], np.sum(X + 1.0))


class Layer:
    def __init__(self, weight, bias, name="layer"):
        self.weight, self.bias, self.name = weight, bias, name

    def __call__(self, x):
        return np.tanh(x @ self.weight + self.bias)


@dataclass
class Net:
    layers: list
    scale: float = 2.0


def layer(seed):
    random = np.random.default_rng(seed)
    return Layer(random.standard_normal((3, 3)), random.standard_normal(3))


def test_an_object_gets_a_tangent_with_its_attribute_names():
    net = Net([layer(0), layer(1)])

    def loss(net, x):
        for each in net.layers:
            x = each(x)
        return net.scale * np.sum(x)

    bar, x_bar = ad.gradient(loss, net, X)
    assert isinstance(bar, ad.Tangent)
    assert bar.layers[0].weight.shape == (3, 3) and bar.layers[1].bias.shape == (3,)
    assert bar.scale == pytest.approx(loss(net, X) / net.scale)
    assert "weight" in repr(bar) and "layers" in repr(bar)
    ad.check_gradient(loss, net, X)


def test_an_object_can_be_the_function():
    net = layer(2)
    bars = ad.gradient(lambda x: np.sum(net(x)), X)
    ad.check_gradient(lambda x: np.sum(net(x)), X)
    assert len(bars) == 1
    assert ad.gradient(Scaled(3.0), 2.0) == (3.0,)


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return self.factor * x

    def method(self, x):
        return self.factor * x * x

    @staticmethod
    def static(x):
        return x * 5.0

    @classmethod
    def of_class(cls, x):
        return cls(7.0)(x)


@pytest.mark.parametrize(
    "f, expected",
    [
        (Scaled(3.0).method, 12.0), (Scaled.static, 5.0), (Scaled.of_class, 7.0),
        (functools.partial(product, 4.0), 4.0), (np.sin, math.cos(2.0)), (math.exp, math.exp(2.0)),
        (lambda x: x * 6.0, 6.0), (abs, 1.0), (float, 1.0),
    ],
    ids=["method", "static", "class", "partial", "ufunc", "math", "lambda", "builtin", "type"],
)  # fmt: skip
def test_any_callable_can_be_differentiated(f, expected):
    close(ad.gradient(f, 2.0)[0], expected)


def test_a_method_does_not_get_a_cotangent_for_its_object():
    assert ad.gradient(Scaled(3.0).method, 2.0) == (12.0,)
    bars = ad.gradient(Scaled.method, Scaled(3.0), 2.0)
    assert bars[0].factor == 4.0 and bars[1] == 12.0


def test_keywords_reach_the_function_and_are_not_differentiated():
    def f(x, *, power, scale=1.0):
        return scale * x**power

    assert ad.gradient(f, 3.0, power=2) == (6.0,)
    assert ad.gradient(f, 3.0, power=2, scale=0.5) == (3.0,)
    close(ad.gradient(f, 3.0, power=2, scale=X[0])[0], 6.0 * X[0])
    assert ad.value_and_gradient(f, 3.0, power=2) == (9.0, (6.0,))
    assert ad.grad(f)(3.0, power=2) == 6.0
    assert ad.pullback(f, 3.0, power=2)[1](1.0) == (6.0,)


@pytest.mark.parametrize(
    "call",
    [
        ad.gradient,
        lambda f, x, /, **k: ad.value_and_gradient(f, x, **k)[1],
        lambda f, x, /, **k: ad.pullback(f, x, **k)[1](1.0),
    ],
    ids=["gradient", "value_and_gradient", "pullback"],
)
def test_a_keyword_may_be_called_f(call):
    def apply(x, f, function=1.0, args=1.0, self=1.0):
        return f(x) * function * args * self

    assert call(apply, 3.0, f=lambda v: v * v, function=2.0, args=1.5, self=1.0) == (18.0,)


def test_defaults_are_used():
    def f(x, y=2.0, *, z=np.array([1.0, 2.0])):
        return x * y * z.sum()

    assert ad.gradient(f, 1.0) == (6.0,)
    assert ad.gradient(f, 1.0, 3.0) == (9.0, 3.0)


def test_defaults_that_change_are_noticed():
    def f(x, y=2.0):
        return x * y

    assert ad.gradient(f, 1.0) == (2.0,)
    f.__defaults__ = (5.0,)
    assert ad.gradient(f, 1.0) == (5.0,)


def test_varying_arguments():
    def f(*args, **kwargs):
        return sum(args) * kwargs.get("scale", 1.0)

    assert ad.gradient(f, 1.0, 2.0) == (1.0, 1.0)
    assert ad.gradient(f, 1.0, scale=3.0) == (3.0,)


def test_a_complex_argument_of_a_real_loss():
    (bar,) = ad.gradient(lambda z: np.abs(z) ** 2, 3.0 + 4.0j)
    close(bar, 6.0 + 8.0j)
    (bar,) = ad.gradient(lambda z: np.sum(z.real * z.imag), np.array([1.0 + 2.0j]))
    close(bar, [2.0 + 1.0j])


def test_the_arguments_are_left_alone():
    W, x = np.ones((3, 3)), X.copy()
    ad.gradient(lambda W, x: np.sum(np.sort(x) @ W), W, x)
    close(W, np.ones((3, 3)))
    close(x, X)


def test_the_same_array_twice_gets_one_cotangent_each():
    bars = ad.gradient(lambda x, y: np.sum(x * x * y), X, X)
    close(bars[0], 2 * X * X)
    close(bars[1], X * X)


# -- pullback --------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [ad.pullback, ad.vjp])
def test_a_pullback_may_be_called_many_times(call):
    y, back = call(lambda x: np.outer(x, x)[0], X)
    close(y, X[0] * X)
    results = [back(np.eye(3)[i])[0] for i in (0, 1, 2, 0)]
    close(results[0], [2 * X[0], 0, 0])
    close(results[1], [X[1], X[0], 0])
    close(results[3], results[0])


def test_a_later_call_of_a_pullback_does_not_change_an_earlier_result():
    _, back = ad.pullback(lambda x: np.cumsum(x * x), X)
    first = back(np.ones(3))[0]
    kept = first.copy()
    first *= 7.0
    close(back(np.ones(3))[0], kept)


def test_pullbacks_of_containers_and_objects():
    y, back = ad.pullback(lambda x: (x * 2.0, {"a": [x * x, "text"]}), 3.0)
    assert y == (6.0, {"a": [9.0, "text"]})
    assert back((1.0, {"a": [0.0, None]})) == (2.0,)
    assert back((None, {"a": [1.0, None]})) == (6.0,)
    y, back = ad.pullback(lambda x: Layer(x * x, x), X)
    close(back(ad.Tangent(weight=np.ones(3), bias=None))[0], 2 * X)


def test_a_pullback_of_none_is_zero():
    _, back = ad.pullback(product, 2.0, X)
    bars = back(None)
    assert bars[0] == 0.0
    close(bars[1], np.zeros(3))


def test_a_pullback_takes_a_number_for_an_array_and_refuses_a_wrong_shape():
    _, back = ad.pullback(lambda x: x * x, X)
    close(back(1.0)[0], 2 * X)
    with pytest.raises(ValueError, match="shape"):
        back(np.ones(4))


# -- function to function --------------------------------------------------------------------------


def test_grad_gives_a_bare_cotangent_or_a_tuple():
    assert ad.grad(product)(2.0, 5.0) == 5.0
    assert ad.grad(product, 1)(2.0, 5.0) == 2.0
    assert ad.grad(product, argnums=(1, 0))(2.0, 5.0) == (2.0, 5.0)
    assert ad.grad(product, argnums=(0,))(2.0, 5.0) == (5.0,)
    assert ad.grad(product, argnums=-1)(2.0, 5.0) == 2.0


def test_value_and_grad():
    assert ad.value_and_grad(product)(2.0, 5.0) == (10.0, 5.0)
    assert ad.value_and_grad(product, argnums=(0, 1))(2.0, 5.0) == (10.0, (5.0, 2.0))


def test_has_aux():
    def f(x, y):
        return x * y, {"x": x, "text": "aux"}

    assert ad.grad(f, has_aux=True)(2.0, 5.0) == (5.0, {"x": 2.0, "text": "aux"})
    assert ad.value_and_grad(f, 1, has_aux=True)(2.0, 5.0) == (
        (10.0, {"x": 2.0, "text": "aux"}),
        2.0,
    )


def test_grad_keeps_the_name_of_the_function():
    assert "product" in ad.grad(product).__name__


@pytest.mark.parametrize("argnums", [2, 5, -3, (0, 2)])
@pytest.mark.parametrize("has_aux", [False, True])
def test_an_argument_that_is_not_there_is_an_index_error(argnums, has_aux):
    with pytest.raises(IndexError, match="2 arguments"):
        ad.grad(lambda x, y: (x * y, 1) if has_aux else x * y, argnums, has_aux)(2.0, 5.0)


def test_grad_as_a_decorator():
    @ad.grad
    def slope(x):
        return x**3

    assert slope(2.0) == 12.0


# -- nesting ---------------------------------------------------------------------------------------


def cube(x):
    return x**3


DERIVATIVE = {
    "gradient": lambda f: lambda x: ad.gradient(f, x)[0],
    "value_and_gradient": lambda f: lambda x: ad.value_and_gradient(f, x).gradient[0],
    "withgradient": lambda f: lambda x: ad.withgradient(f, x)[1][0],
    "value_and_grad": lambda f: lambda x: ad.value_and_grad(f)(x)[1],
}


@pytest.mark.parametrize("inner", DERIVATIVE)
@pytest.mark.parametrize("outer", DERIVATIVE)
def test_second_derivatives_by_any_pair_of_calls(outer, inner):
    close(DERIVATIVE[outer](DERIVATIVE[inner](cube))(2.0), 12.0)


@pytest.mark.parametrize("form", DERIVATIVE)
def test_third_derivatives(form):
    derivative = DERIVATIVE[form]
    close(derivative(derivative(derivative(lambda x: x**4)))(2.0), 48.0)


@pytest.mark.parametrize("form", DERIVATIVE)
def test_a_derivative_inside_a_function_with_other_arguments(form):
    def f(x, y):
        return y * DERIVATIVE[form](lambda v: v * v * x)(y)

    close(ad.gradient(f, 2.0, 3.0), (18.0, 24.0))


def derived(f):
    return lambda x: ad.gradient(f, x)[0]


def test_derivatives_of_derivatives_with_respect_to_what_both_captured():
    """The inner derivative is of one operand of a call that is left to run time, the outer of another."""

    def f(x):
        return derived(lambda v: np.sin(v) * derived(lambda u: u * u * v)(x))(x)

    def g(x):
        return derived(lambda a: a * derived(lambda b: a * b * derived(lambda c: a * c * x)(x))(x))(
            x
        )

    x = 0.4
    close(ad.gradient(f, x)[0], 6 * x * np.cos(x) + 2 * np.sin(x) - 2 * x * x * np.sin(x))
    close(g(x), 3 * x**3)
    close(ad.gradient(g, x)[0], 9 * x**2)


def test_a_gradient_penalty():
    def critic(x, w):
        return np.sum(np.tanh(x * w))

    def penalty(w, x):
        (x_bar,) = ad.gradient(lambda v: critic(v, w), x)
        return (np.sqrt(np.sum(x_bar**2)) - 1.0) ** 2

    ad.check_gradient(penalty, X * 0.3, X)


def test_a_hessian_row_by_row():
    def f(x):
        return x[0] ** 2 * x[1] + np.sin(x[2])

    rows = [ad.gradient(lambda x: ad.gradient(f, x)[0][i], X)[0] for i in range(3)]
    a, b, c = X
    close(rows, [[2 * b, 2 * a, 0], [2 * a, 0, 0], [0, 0, -np.sin(c)]])


def test_an_inner_descent_step():
    def inner(w, x):
        return np.sum((w * x - 1.0) ** 2)

    def outer(x):
        w = X * 0.0
        for _ in range(3):
            w = w - 0.1 * ad.gradient(inner, w, x)[0]
        return np.sum(w * w)

    ad.check_gradient(outer, X)


# -- parameters by identity ------------------------------------------------------------------------

W_GLOBAL = np.array([1.0, 2.0, 3.0])


def global_loss():
    return np.sum(W_GLOBAL * W_GLOBAL)


def test_params_collects_arrays_once_in_order():
    W, b = np.ones((2, 2)), np.ones(2)
    ps = ad.params([W, {"b": b}], layer(0), W)
    assert len(ps) == 4 and ps[0] is W and ps[1] is b and W in ps and np.ones(2) not in ps
    assert [p is q for p, q in zip(ad.Params([W, b, W]), (W, b))] == [True, True]
    with pytest.raises(TypeError, match="float"):
        ad.Params([1.0])


def test_gradients_of_params():
    W, b, unused = np.ones((3, 3)), np.zeros(3), np.ones(4)
    ps = ad.params(W, b, unused)
    gs = ad.gradient(lambda: np.sum((X @ W + b) ** 2), ps)
    assert isinstance(gs, ad.Grads) and len(gs) == 3
    close(gs[W], np.outer(X, 2 * (X @ W + b)))
    close(gs[b], 2 * (X @ W))
    close(gs[unused], np.zeros(4))
    assert [g is gs[p] for p, g in zip(ps, gs)] == [True, True, True]
    assert [p is q for (p, _), q in zip(gs.items(), ps)] == [True, True, True]
    assert W in gs and X not in gs
    with pytest.raises(KeyError):
        gs[X]


def test_value_and_gradient_of_params():
    W = np.ones(3)
    value, gs = ad.value_and_gradient(lambda: np.sum(W * X), ad.params(W))
    close(value, X.sum())
    close(gs[W], X)


def test_params_are_found_wherever_the_code_reaches_them():
    W, net, table = X.copy(), Net([layer(3)]), {"a": [X + 1.0]}

    def loss():
        return np.sum(W * net.layers[0](X) * table["a"][0]) + global_loss()

    ps = ad.params(W, net, table, W_GLOBAL)
    gs = ad.gradient(loss, ps)
    for p in ps:
        numeric = np.zeros(p.shape)
        for i in np.ndindex(p.shape):
            p[i] += 1e-6
            up = loss()
            p[i] -= 2e-6
            numeric[i] = (up - loss()) / 2e-6
            p[i] += 1e-6
        np.testing.assert_allclose(gs[p], numeric, rtol=1e-5, atol=1e-7)


def test_params_used_twice_add_up():
    W = X.copy()
    alias = W
    gs = ad.gradient(lambda: np.sum(W * alias * W), ad.params(W))
    close(gs[W], 3 * X * X)


def test_an_update_in_place_keeps_the_identity():
    W = X.copy()
    ps = ad.params(W)
    for _ in range(3):
        before = W.copy()
        gs = ad.gradient(lambda: np.sum(W**3), ps)
        close(gs[W], 3 * before**2)
        W -= 0.01 * gs[W]
    assert np.sum(W**3) < np.sum(X**3)


def test_rebinding_a_global_is_noticed(monkeypatch):
    first = W_GLOBAL
    close(ad.gradient(global_loss, ad.params(first))[first], 2 * first)
    other = np.array([5.0, 6.0])
    monkeypatch.setattr(sys.modules[__name__], "W_GLOBAL", other)
    close(ad.gradient(global_loss, ad.params(other))[other], 2 * other)
    close(ad.gradient(global_loss, ad.params(first))[first], np.zeros(3))


def test_params_inside_a_loop_of_lambdas():
    W, b = np.ones((3, 2)), np.zeros(2)
    ps = ad.params(W, b)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 2))

    def loss(x, y):
        return np.mean((x @ W + b - y) ** 2)

    start = loss(x, y)
    for _ in range(50):
        gs = ad.gradient(lambda: loss(x, y), ps)
        for p in ps:
            p -= 0.1 * gs[p]
    assert loss(x, y) < start / 2


# -- decorator -------------------------------------------------------------------------------------


@ad.differentiable
def decorated(x, y=2.0):
    """The product."""
    return x * y


class Model:
    def __init__(self, w):
        self.w = w

    @ad.differentiable
    def loss(self, x):
        """The loss."""
        return self.w * x * x


def test_a_differentiable_function_is_like_the_function():
    assert decorated(3.0) == 6.0 and decorated(3.0, y=4.0) == 12.0
    assert decorated.__name__ == "decorated" and decorated.__doc__ == "The product."
    assert decorated.__module__ == __name__ and decorated.__wrapped__ is decorated.function
    assert str(inspect.signature(decorated)) == "(x, y=2.0)"


def test_a_differentiable_function_has_its_derivatives():
    assert decorated.gradient(3.0, 4.0) == (4.0, 3.0)
    assert decorated.value_and_gradient(3.0) == (6.0, (2.0,))
    y, back = decorated.pullback(3.0)
    assert y == 6.0 and back(2.0) == (4.0,)
    assert "def " in str(decorated.source(3.0))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_differentiable_function_is_pickled_by_reference(protocol):
    assert pickle.loads(pickle.dumps(decorated, protocol)) is decorated


def test_a_differentiable_method():
    model = Model(3.0)
    assert model.loss(2.0) == 12.0
    assert model.loss.gradient(2.0) == (12.0,)
    assert model.loss.__doc__ == "The loss."
    assert str(inspect.signature(model.loss)) == "(x)"
    bars = Model.loss.gradient(model, 2.0)
    assert bars[0].w == 4.0 and bars[1] == 12.0


def test_a_differentiable_function_under_the_calls_and_inside_functions():
    assert ad.gradient(decorated, 3.0, 4.0) == (4.0, 3.0)
    assert ad.grad(decorated)(3.0, 4.0) == 4.0
    assert ad.gradient(lambda x: decorated(x) * decorated(x, x), 3.0) == (54.0,)
    assert ad.gradient(lambda x: Model(3.0).loss(x), 2.0) == (12.0,)


def test_a_differentiable_object_can_be_weakly_referenced_hashed_and_called_with_options():
    import weakref

    assert weakref.ref(decorated)() is decorated and hash(decorated) == hash(decorated)
    assert ad.differentiable()(product).gradient(2.0, 5.0) == (5.0, 2.0)
    with pytest.raises(TypeError, match="unknown option: colour"):
        ad.differentiable(colour="red")(product)


def wrapping(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return 2.0 * f(*args, **kwargs)

    return wrapper


@wrapping
def wrapped(x):
    return x * x


def test_decorated_functions_and_methods():
    assert ad.gradient(wrapped, 3.0) == (12.0,)
    assert ad.gradient(lambda x: wrapped(x), 3.0) == (12.0,)


# -- teaching it new things ------------------------------------------------------------------------


def clipped(x):
    return x if x < 1.0 else 1.0


@ad.rule(clipped)
def _(x):
    y = clipped(x)

    def pullback(y_bar):
        return 10.0 * y_bar

    return y, pullback


def softplus(x):
    return np.log1p(np.exp(x))


@ad.partials(softplus)
def _(x, y):
    return 100.0 / (1.0 + np.exp(-x))


@ad.nondifferentiable
def counted(x):
    counted.calls += 1
    return x * 2.0


counted.calls = 0


def opaque_scale(a, x):
    return a * x


@ad.rule(opaque_scale)
def _(a, x):
    y = opaque_scale(a, x)

    def pullback(y_bar):
        return None, 7.0 * y_bar

    return y, pullback


@pytest.mark.parametrize(
    "call",
    [
        lambda f: ad.gradient(lambda x: f(x), 3.0)[0],
        lambda f: ad.gradient(lambda x, g: g(x), 3.0, f)[0],
        lambda f: ad.gradient(lambda x: [f, abs][0](x), 3.0)[0],
        lambda f: ad.gradient(lambda x: sum(map(f, [x])), 3.0)[0],
        lambda f: ad.gradient(lambda x: functools.reduce(lambda a, g: g(a), [f], x), 3.0)[0],
        lambda f: ad.gradient(functools.partial(f), 3.0)[0],
    ],
    ids=["inside", "argument", "list", "map", "reduce", "partial"],
)
@pytest.mark.parametrize("f, expected", [(clipped, 10.0), (softplus, 100.0 / (1.0 + np.exp(-3.0)))])
def test_a_rule_of_the_user_is_used_however_the_function_is_reached(call, f, expected):
    close(call(f), expected)


def test_a_module_of_the_users_may_be_called_as_numpy_is(monkeypatch):
    text = """
import numpy as np
import adjoint as ad
calls = []
@ad.nondifferentiable
def count(x):
    calls.append(x)
    return float(len(calls))
def f(x):
    return x * count(x) + x * count(x)
"""
    linecache.cache["<numpyish>"] = (len(text), None, text.splitlines(True), "<numpyish>")
    module = types.ModuleType("numpy_of_the_user")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(text, "<numpyish>", "exec"), module.__dict__)
    assert ad.value_and_gradient(module.f, 2.0) == (6.0, (3.0,))


def test_a_rule_is_not_that_of_a_function_of_equal_code_in_another_module():
    text = "def act(x):\n    return SCALE * x * x\n"
    code = compile(text, "<acts>", "exec").co_consts[0]
    again = compile(text, "<acts>", "exec").co_consts[0]
    linecache.cache["<acts>"] = (len(text), None, text.splitlines(True), "<acts>")
    one, other = types.FunctionType(code, {"SCALE": 2.0}), types.FunctionType(again, {"SCALE": 5.0})
    assert one.__code__ == other.__code__

    @ad.rule(one)
    def _(x):
        return one(x), lambda y_bar: 100.0 * y_bar

    def call(f, x):
        return f(x)

    assert ad.gradient(call, one, 3.0) == (None, 100.0)
    assert ad.gradient(call, other, 3.0) == (None, 30.0)


def test_a_rule_of_a_method_and_of_a_class_instance():
    class Special:
        def __init__(self, a):
            self.a = a

        def apply(self, x):
            return self.a * x

    @ad.rule(Special.apply)
    def _(self, x):
        y = self.a * x

        def pullback(y_bar):
            return None, 11.0 * y_bar

        return y, pullback

    special = Special(2.0)
    assert ad.gradient(lambda x: special.apply(x), 3.0) == (11.0,)
    assert ad.gradient(special.apply, 3.0) == (11.0,)


def test_a_rule_is_differentiated_again():
    def f(x):
        return math.sin(x)

    @ad.rule(f)
    def _(x):
        y = f(x)

        def pullback(y_bar):
            return y_bar * np.cos(x)

        return y, pullback

    close(ad.gradient(lambda x: ad.gradient(f, x)[0], 0.5)[0], -math.sin(0.5))
    close(ad.gradient(lambda x: ad.gradient(lambda v: f(v) * v, x)[0], 0.5)[0],
          2 * math.cos(0.5) - 0.5 * math.sin(0.5))  # fmt: skip


def helper(x):
    return x * x


def using_helper(x):
    return helper(x) * 2.0


def test_a_function_that_is_redefined_is_noticed(monkeypatch):
    assert ad.gradient(using_helper, 3.0) == (12.0,)
    monkeypatch.setattr(sys.modules[__name__], "helper", lambda x: x * 5.0)
    assert ad.gradient(using_helper, 3.0) == (10.0,)
    monkeypatch.undo()
    assert ad.gradient(using_helper, 3.0) == (12.0,)


# -- check_gradient --------------------------------------------------------------------------------


def test_check_gradient_passes_what_is_right_and_shows_what_is_wrong():
    ad.check_gradient(square_sum, X)
    ad.check_gradient(product, 2.0, 3.0, order=2)
    with pytest.raises(GradientMismatch, match="finite"):
        ad.check_gradient(lambda x: clipped(x), 0.5)
    with pytest.raises(AssertionError):
        ad.check_gradient(lambda x: np.sum(softplus(x)), X)


def test_check_gradient_is_not_loaded_by_the_import():
    text = "import sys, adjoint; print('adjoint.testing' in sys.modules, adjoint.check_gradient)"
    out = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert out.stdout.startswith("False <function check_gradient")


def test_every_public_name_is_there_and_documented():
    for name in ad.__all__:
        thing = getattr(ad, name)
        assert inspect.getdoc(thing), name
    assert sorted(ad.__all__, key=str) == sorted(set(ad.__all__), key=str)
    with pytest.raises(AttributeError, match="no_such_name"):
        ad.no_such_name


def test_attributes_without_derivative_are_none_in_a_tangent():
    bar = ad.gradient(lambda l: np.sum(l.weight), Layer(X, X))[0]
    assert bar.name is None


def test_a_derivative_of_a_decorated_function_inside():
    close(ad.gradient(lambda x: decorated.gradient(x, x)[0] * x, 3.0), (6.0,))


def test_no_confusion_of_levels():
    def f(x):
        return x * ad.gradient(lambda y: x * y, 3.0)[0]

    assert ad.gradient(f, 5.0) == (10.0,)


def test_a_cotangent_of_none_is_zero():
    assert ad.gradient(opaque_scale, 2.0, 3.0) == (0.0, 7.0)
    assert ad.gradient(lambda a, x: opaque_scale(a, x), 2.0, 3.0) == (0.0, 7.0)


def test_a_nondifferentiable_function_is_called_once_and_has_no_derivative():
    counted.calls = 0
    assert ad.gradient(lambda x: counted(x) * x, 3.0) == (6.0,)
    assert counted.calls == 1
    assert ad.gradient(counted, 3.0) == (0.0,)


def test_stop_gradient():
    assert ad.stop_gradient(3.0) == 3.0
    assert ad.gradient(lambda x: ad.stop_gradient(x) * x, 3.0) == (3.0,)
    assert ad.gradient(ad.stop_gradient, 3.0) == (0.0,)
    close(ad.gradient(lambda x: np.sum(ad.stop_gradient(x) * x), X)[0], X)
    close(ad.gradient(lambda x: ad.stop_gradient({"a": x})["a"] * x, 3.0)[0], 3.0)
    assert ad.gradient(lambda x: ad.gradient(lambda v: v * ad.stop_gradient(v), x)[0], 3.0) == (
        0.0,
    )


def test_a_rule_that_is_redefined_is_noticed():
    def f(x):
        return x * x

    def user(x):
        return 1.0 * f(x)

    assert ad.gradient(user, 3.0) == (6.0,)
    for factor in (3.0, 5.0):

        @ad.rule(f)
        def _(x, factor=factor):
            y = f(x)

            def pullback(y_bar):
                return factor * y_bar

            return y, pullback

        assert ad.gradient(f, 3.0) == (factor,)
        assert ad.gradient(user, 3.0) == (factor,)


@pytest.mark.parametrize("f, expected", [(clipped, 10.0), (softplus, 100.0 / (1.0 + np.exp(-3.0)))])
def test_a_rule_of_the_user_is_used_at_the_top(f, expected):
    close(ad.gradient(f, 3.0)[0], expected)
    close(ad.pullback(f, 3.0)[1](1.0)[0], expected)
    close(ad.grad(f)(3.0), expected)


INNER = {
    "pullback": lambda f: lambda x: ad.pullback(f, x)[1](1.0)[0],
    "grad": ad.grad,
}


@pytest.mark.parametrize("inner", INNER)
def test_second_derivative(inner):
    assert abs(ad.gradient(INNER[inner](cube), 2.0)[0] - 12.0) < 1e-9
    assert abs(ad.grad(INNER[inner](cube))(2.0) - 12.0) < 1e-9


# -- iteration that a class defines -------------------------------------------------------------------


class Squares:
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __iter__(self):
        return iter((self.a, self.b * self.b))


def through_its_items(squares):
    a, b = squares
    first, *rest = squares
    total = a * b + first * rest[0] + sum(squares) * max(squares) + list(squares)[1]
    for i, item in enumerate(squares):
        total = total + i * item
    return total * np.hypot(*squares)


def test_what_iter_gives_has_the_derivative_of_what_it_is_made_of():
    ad.check_gradient(lambda a, b: through_its_items(Squares(a, b)), 1.1, 0.6, order=2)
    g = ad.gradient(through_its_items, Squares(1.1, 0.6))[0]
    close(ad.gradient(lambda a, b: through_its_items(Squares(a, b)), 1.1, 0.6), (g.a, g.b))


# -- containers of other classes ----------------------------------------------------------------------


class OwnDict(dict):
    pass


class OwnList(list):
    pass


@pytest.mark.parametrize("cls", [OrderedDict, OwnDict])
def test_a_dict_of_another_class_has_a_derivative(cls):
    g = ad.gradient(lambda d: d["a"] * d["b"] + sum(d.values()), cls(a=2.0, b=3.0))[0]
    assert dict(g) == {"a": 4.0, "b": 3.0}


def test_a_list_of_another_class_has_a_derivative():
    assert list(ad.gradient(lambda v: v[0] * v[1] + sum(v), OwnList([2.0, 3.0]))[0]) == [4.0, 3.0]


def test_the_gradient_of_a_deque_is_a_list():
    d = deque([2.0, 3.0])
    assert ad.gradient(lambda d: d[0] * d[1], d) == ([3.0, 2.0],)
    assert ad.jvp(lambda d: d[0] * d[1], (d,), ([1.0, 0.0],)) == (6.0, 3.0)


@pytest.mark.parametrize(
    "f, value",
    [
        (lambda d: d[0] * 2, array.array("d", [1.0])),
        (lambda d: d["a"] * 2, MappingProxyType({"a": 1.0})),
        (lambda d: float(d) * 2, Decimal(2)),
        (lambda d: d["a"].sum(), np.array([(1.0, 2)], dtype=[("a", float), ("b", int)])),
        (lambda d: np.sum(d * d), np.ma.array([1.0, 2.0], mask=[0, 1])),
    ],
    ids=["array.array", "mappingproxy", "Decimal", "structured array", "masked array"],
)
def test_other_containers_of_numbers_are_refused(f, value):
    with pytest.raises(ad.AdjointError):
        ad.gradient(f, value)


def test_parameters_in_an_ordered_dict():
    state = OrderedDict(w=np.ones(2), b=np.zeros(2))
    gs = ad.gradient(lambda: np.sum(state["w"] * 2 + state["b"]), ad.params(state))
    assert [g.tolist() for g in gs] == [[2.0, 2.0], [1.0, 1.0]]


def test_an_object_that_refers_to_itself():
    class Node:
        pass

    node = Node()
    node.me, node.v = node, 2.0
    g = ad.gradient(lambda n: n.me.me.v * n.v, node)[0]
    assert g.v == 2.0
    assert g.me.me.v == 2.0


def test_a_tangent_has_the_names_of_all_attributes():
    class Layer:
        def __init__(self):
            self.weight, self.name, self.activation = np.ones(2), "first", np.tanh

    class Model:
        def __init__(self):
            self.layers, self.bias = [Layer()], np.zeros(2)

    def loss(model):
        layer = model.layers[0]
        return np.sum(layer.activation(layer.weight))

    g = ad.gradient(loss, Model())[0]
    assert g.layers[0].name is None and g.layers[0].activation is None
    assert g.layers[0].weight.shape == (2,)
    assert g.bias.tolist() == [0.0, 0.0]


def test_grad_with_aux_inside_a_derivative():
    def f(x):
        slope, aux = ad.grad(lambda v: (v**3, v * x), has_aux=True)(x)
        (value, _), bars = ad.value_and_grad(lambda u, v: (u * v, u), (0, 1), has_aux=True)(x, x)
        return slope * aux + value * bars[1]

    ad.check_gradient(f, 1.3, order=2)
    close(ad.gradient(f, 2.0), (4 * 3 * 2.0**3 + 3 * 2.0**2,))


def test_a_pullback_in_single_precision_stays_in_it():
    _, back = ad.pullback(lambda x: x * 2, np.float32(2))
    assert type(back(1.0)[0]) is np.float32


def test_a_rule_with_too_many_cotangents_is_refused():
    def own(x):
        return x * 2

    @ad.rule(own)
    def _(x):
        y = own(x)

        def pullback(y_bar):
            return y_bar, y_bar, y_bar

        return y, pullback

    for f in (own, lambda x: own(x) + x, lambda x: sum(map(own, [x]))):
        with pytest.raises(ad.AdjointError, match="3 cotangents"):
            ad.gradient(f, 1.0)


def test_params_asks_each_object_for_what_is_trainable():
    """What `trainable()` gives is a new dict each time, which may stand where an earlier one stood."""

    class Part:
        def __init__(self):
            self.weight, self.fixed = np.ones(2), np.ones(3)

        def trainable(self):
            return {"weight": self.weight}

    parts = [Part() for _ in range(50)]
    found = ad.params(parts)
    assert len(found) == 50 and all(part.weight in found for part in parts)


def recursive_sum(x, z, n):
    return x + z if n == 0 else recursive_sum(x, z, n - 1)


WEIGHTS = np.array([1.0, 2.0, 3.0])


def chosen(x, z, n):
    if n > 0:
        y = x + z
    else:
        y = x * z
    return np.sum(y * WEIGHTS)


def attempted(x, z, n):
    try:
        y = x + z
    except ValueError:
        y = x * z
    return np.sum(y * WEIGHTS)


def listed(x, z, n):
    parts = [x]
    parts.append(z)
    return np.sum((parts[0] + parts[1]) * WEIGHTS)


def recursive(x, z, n):
    return np.sum(recursive_sum(x, z, n) * WEIGHTS)


@pytest.mark.parametrize("function", [chosen, attempted, listed, recursive])
def test_gradients_are_arrays_of_their_own(function):
    """Writing to one changes neither the others nor what the function reads."""
    x_bar, z_bar, _ = ad.gradient(function, np.ones(3), np.zeros(3), 2)
    for a, b in [(x_bar, z_bar), (x_bar, WEIGHTS), (z_bar, WEIGHTS)]:
        assert not np.shares_memory(a, b)
    assert np.array_equal(x_bar, WEIGHTS)
    assert np.array_equal(z_bar, WEIGHTS)


def test_gradients_in_containers_are_arrays_of_their_own():
    bars = ad.gradient(lambda xs: np.sum(sum(xs) * WEIGHTS), [np.ones(3), np.zeros(3)])[0]
    assert not np.shares_memory(*bars)
    assert not np.shares_memory(bars[0], WEIGHTS)


@pytest.mark.parametrize("function", [recursive_sum, lambda x, z, n: x + z if n > 0 else x * z])
def test_what_a_pullback_or_a_tangent_gives_is_an_array_of_its_own(function):
    x, z, seed = np.ones(3), np.zeros(3), np.ones(3)
    _, back = ad.pullback(function, x, z, 1)
    x_bar, z_bar, _ = back(seed)
    assert not np.shares_memory(x_bar, z_bar)
    assert not np.shares_memory(x_bar, seed)
    _, y_dot = ad.jvp(function, (x, z, 1), (seed, None, None))
    assert not np.shares_memory(y_dot, seed)
    assert np.array_equal(y_dot, seed)


def test_what_cannot_be_added_raises_as_in_the_plain_call():
    with pytest.raises(TypeError, match="unsupported operand"):
        ad.gradient(lambda x: np.sum(x), np.array([1.0, None], object))
    (bar,) = ad.gradient(lambda x: np.sum(x), np.array([1.0, 2.0], object))
    assert np.array_equal(bar, [1.0, 1.0])


def test_a_pullback_inside_takes_the_cotangent_of_a_container_whole():
    x, v = np.array([1.0, 2.0, 3.0]), np.array([0.3, -1.0, 2.0])

    def paired(x):
        return x**3, np.sum(x) * x

    def alone(x):
        return (x**3,)

    def by_pair(a, b):
        return np.sum(ad.pullback(paired, x)[1]((a, b))[0] * v)

    def by_one(a):
        return np.sum(ad.pullback(alone, x)[1]((a,))[0] * v)

    wanted = 3 * x**2 * v, np.sum(x) * v + np.sum(v) * x
    for found, expected in zip(ad.gradient(by_pair, x, x), wanted):
        np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(ad.gradient(by_one, x)[0], wanted[0])
    np.testing.assert_allclose(ad.jvp(by_one, (x,), (v,))[1], np.sum(wanted[0] * v))


def test_numbers_of_numpy_may_be_indexed_into_arrays():
    def f(x):
        total = np.sum(x * x)
        return np.sum(total[..., np.newaxis] * x[:1]) + 2 * total[()] + total[None][0]

    def in_a_list(x):
        totals = [np.sum(x * x)]
        totals.append(1.0)
        return np.sum(totals[0][..., np.newaxis] * x[:1]) + 2 * totals[0][()]

    x = np.array([1.0, 2.0])
    ad.check_gradient(f, x, order=2, modes=("reverse", "forward"))
    ad.check_gradient(in_a_list, x, modes=("reverse", "forward"))
