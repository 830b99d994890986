"""`hook`: the identity, whose cotangent passes through a function."""

import numpy as np
import pytest

import adjoint as ad
from adjoint.testing import case, check_rule, expand, normal
from adjoint.tree import Tangent
from tests.routes import ROUTES

X = np.array([0.5, -1.0, 2.0])


def look(x_bar):
    return None


def same(x_bar):
    return x_bar


def clipped(x_bar):
    return np.clip(x_bar, -1.0, 1.0)


CASES = [
    case(ad.hook, look, normal(2, 3)),
    case(ad.hook, same, normal(3)),
    case(ad.hook, same, normal()),
]


@pytest.mark.parametrize("each", expand(CASES), ids=str)
def test_rule(each):
    check_rule(each)


@pytest.fixture(params=ROUTES)
def route(request):
    with ROUTES[request.param]():
        yield request.param


def test_it_is_the_identity():
    model = object()
    assert ad.hook(look, model) is model and ad.hook(look, 2.0) == 2.0
    np.testing.assert_array_equal(ad.hook(look, X), X)


def test_an_array_is_copied(route):
    """So that there is one array on this side of the hook, and another on that."""

    def f(x):
        u = x * 1.0
        y = ad.hook(clipped, u)
        y[0] = 9.0 * x[1]
        return np.sum(u * u) + np.sum(y * y)

    assert f(X) == np.sum(X * X) + 81.0 + np.sum(X[1:] ** 2)
    try:
        value, (found,) = ad.value_and_gradient(f, X)
    except ad.UnsupportedSyntaxError:
        assert route in ("run-time rules", "untyped")
        return
    assert value == f(X)
    np.testing.assert_allclose(found, [2 * X[0], 2 * X[1] - 1.0 + 162.0 * X[1], 2 * X[2] + 1.0])


def test_the_cotangent_that_passes_is_what_the_function_makes_of_it(route):
    def f(x):
        y = x * x
        return np.sum(np.exp(ad.hook(clipped, y)))

    np.testing.assert_allclose(ad.gradient(f, X)[0], 2 * X * np.clip(np.exp(X * X), -1, 1))


def test_a_number_passes_as_a_number(route):
    seen = []

    def f(x):
        return ad.hook(seen.append, x * x) * 3.0

    assert ad.gradient(f, 2.0) == (12.0,)
    assert seen == [3.0] and np.ndim(seen[0]) == 0


def test_none_leaves_it_as_it_is_and_writing_into_it_counts(route):
    def halve(x_bar):
        x_bar *= 0.5

    np.testing.assert_allclose(
        ad.gradient(lambda x: np.sum(ad.hook(halve, x) ** 2), X)[0], X, rtol=1e-14
    )


def test_what_is_given_belongs_to_the_function(route):
    """It may keep it, and write into it, whatever else has the same cotangent."""
    kept = []

    def keep_and_spoil(x_bar):
        kept.append(x_bar)
        answer = x_bar.copy()
        x_bar[...] = 7.0
        return answer

    def f(x, y):
        a = ad.hook(keep_and_spoil, x) + y  # x and y have one cotangent
        b = ad.hook(keep_and_spoil, x) * y  # here it is made of y
        return np.sum(a) + np.sum(b)

    x, y = X.copy(), 2 * X
    x_bar, y_bar = ad.gradient(f, x, y)
    np.testing.assert_allclose(x_bar, 1 + 2 * X)
    np.testing.assert_allclose(y_bar, 1 + X)
    np.testing.assert_array_equal(y, 2 * X)
    assert [list(k) for k in kept] == [[7.0] * 3] * 2


def test_it_runs_once_in_each_pullback(route):
    seen = []

    def f(x):
        y = ad.hook(seen.append, np.sin(x))
        return y * y + y

    y, back = ad.pullback(f, X)
    assert seen == []
    for count in (1, 2, 3):
        back(np.ones(3))
        assert len(seen) == count
    np.testing.assert_array_equal(seen[0], seen[2])


def test_equal_hooks_are_not_one(route):
    seen = []

    def f(x):
        y = np.sin(x)
        return np.sum(ad.hook(seen.append, y) * ad.hook(seen.append, y))

    ad.gradient(f, X)
    assert len(seen) == 2


def test_in_a_loop_it_runs_for_each_iteration_last_first(route):
    seen = []

    def f(x):
        for _ in range(4):
            x = ad.hook(lambda g: seen.append(float(g)), x * 2.0)
        return x

    assert ad.gradient(f, 1.5) == (16.0,)
    assert seen == [1.0, 2.0, 4.0, 8.0]


def test_an_invariant_hook_stays_in_its_loop(route):
    seen = []

    def f(x, n):
        total = 0.0
        for _ in range(n):
            total = total + ad.hook(seen.append, x)
        return total

    ad.gradient(f, 1.5, 3)
    assert seen == [1.0] * 3


def test_the_order_is_that_of_the_calls_backwards(route):
    seen = []

    def f(x):
        y = ad.hook(lambda g: seen.append("inner"), x)
        y = ad.hook(lambda g: seen.append("outer"), y)
        z = ad.hook(lambda g: seen.append("later"), y * y)
        return np.sum(z)

    ad.gradient(f, X)
    assert seen == ["later", "outer", "inner"]


def test_it_does_not_run_where_nothing_depends_on_it(route):
    seen = []

    def f(x, use):
        unread = ad.hook(seen.append, x)
        constant = ad.hook(seen.append, 3.0)
        if use:
            x = ad.hook(seen.append, x)
        return np.sum(x) * constant + 0.0 * len(unread)

    ad.gradient(f, X, False)
    assert seen == []
    ad.gradient(f, X, True)
    assert len(seen) == 1


def test_writing_into_the_result_does_not_go_past_it(route):
    seen = []

    def f(x):
        u = x * 1.0
        u[0] = 3.0
        u = ad.hook(seen.append, u)
        u[1] = u[1] * u[2]
        return np.sum(u * u)

    def plain(x):
        u = x * 1.0
        u[0] = 3.0
        u[1] = u[1] * u[2]
        return np.sum(u * u)

    if route == "untyped":  # nobody knows that it is an array before it is there
        with pytest.raises(ad.UnsupportedSyntaxError, match="a hook of a container"):
            ad.gradient(f, X)
        return
    found = ad.gradient(f, X)[0]
    np.testing.assert_allclose(found, ad.gradient(plain, X)[0])
    a, b = 2 * 3.0, X[1] * X[2]  # what the first two have become, but for a factor
    (bar,) = seen
    np.testing.assert_allclose(bar, [a, 2 * b * X[2], 2 * b * X[1] + 2 * X[2]])


@pytest.mark.parametrize("hold", [lambda u: (u, 1.0), lambda u: {0: u}, lambda u: [u]])
def test_containers_of_arrays_that_are_written_to_are_refused(hold):
    def f(x):
        u = x * 1.0
        u[0] = 3.0
        return np.sum(ad.hook(look, hold(u))[0])

    with pytest.raises(ad.UnsupportedSyntaxError, match="hooks of their own") as caught:
        ad.gradient(f, X)
    assert "ad.hook(look, hold(u))" in str(caught.value)


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b


@pytest.mark.parametrize("kind", ["tuple", "list", "dict", "object"])
def test_containers_come_whole_in_the_form_of_what_they_are_the_cotangents_of(route, kind):
    seen = []

    def tripled(bar):
        seen.append(bar)
        if isinstance(bar, Tangent):
            return Tangent(a=3 * bar.a, b=bar.b)
        if isinstance(bar, dict):
            return {**bar, "a": 3 * bar["a"]}
        return type(bar)([3 * bar[0], bar[1]])

    def f(x, y):
        made = {"tuple": (x, y), "list": [x, y], "dict": {"a": x, "b": y}, "object": Pair(x, y)}
        both = ad.hook(tripled, made[kind])
        a = both.a if kind == "object" else both["a"] if kind == "dict" else both[0]
        return np.sum(a * a)

    x_bar, y_bar = ad.gradient(f, X, X)
    np.testing.assert_allclose(x_bar, 6 * X)
    np.testing.assert_allclose(y_bar, 0 * X)
    (bar,) = seen
    b = bar.b if kind == "object" else bar["b"] if kind == "dict" else bar[1]
    np.testing.assert_array_equal(b, np.zeros(3))  # and not None


@pytest.mark.parametrize(
    ("x", "wrong", "said"),
    [
        (X, lambda g: g[:2], r"an array of shape \(2,\) for a cotangent that is an array of shape \(3,\)"),
        (X, lambda g: np.sum(g), "for a cotangent that is an array"),
        (X, lambda g: "none", "a str for a cotangent"),
        (2.0, lambda g: np.ones(2), "for a cotangent that is a number"),
        ((2.0, X), lambda g: g[0], "for a cotangent that is a tuple of 2"),
        ({"a": 2.0}, lambda g: {}, "a dict with nothing in it for a cotangent that is a dict with 'a'"),
    ],
)  # fmt: skip
def test_an_answer_of_another_form_is_refused(x, wrong, said):
    def f(x):
        y = ad.hook(wrong, x)
        y = y[0] if isinstance(y, tuple) else y["a"] if isinstance(y, dict) else y
        return np.sum(y)

    with pytest.raises(ValueError, match=said) as caught:
        ad.gradient(f, x)
    assert "ad.hook(wrong, x)" in "\n".join(caught.value.__notes__)


def test_single_precision_stays():
    x = X.astype(np.float32)
    found = ad.gradient(lambda x: np.sum(ad.hook(lambda g: g.astype(float), x) ** 2), x)[0]
    assert found.dtype == np.float32


def test_of_a_second_derivative_the_function_is_differentiated(route):
    def squared(g):
        return g * g

    def slope(k):  # of the sum of k v, seen through the hook: k²
        return np.sum(ad.gradient(lambda v: np.sum(ad.hook(squared, v) * k), X)[0])

    np.testing.assert_allclose(ad.gradient(slope, X)[0], 2 * X)


def test_the_cotangents_of_a_second_derivative_pass_as_well(route):
    def halved(g):
        return 0.5 * g

    def f(x):
        return np.sum(ad.hook(halved, x) ** 3)  # its gradient: 3/2 x²

    second = ad.gradient(lambda x: np.sum(ad.gradient(f, x)[0]), X)[0]
    np.testing.assert_allclose(second, 0.5 * 3 * X)


def test_of_a_second_derivative_one_that_only_looks_needs_none(route):
    seen = []

    def f(x):
        return np.sum(ad.hook(seen.append, x) ** 3)

    second = ad.gradient(lambda x: np.sum(ad.gradient(f, x)[0]), X)[0]
    np.testing.assert_allclose(second, 6 * X)
    assert len(seen) >= 1


def test_of_a_second_derivative_one_that_writes_is_refused(route):
    def doubled(g):
        g *= 2.0

    def f(x):
        return np.sum(ad.hook(doubled, x) ** 3)

    np.testing.assert_allclose(ad.gradient(f, X)[0], 6 * X**2)
    with pytest.raises(ad.AdjointError):
        ad.gradient(lambda x: np.sum(ad.gradient(f, x)[0]), X)


def test_parameters_and_objects(route):
    W, seen = np.array([[1.0, 2.0], [3.0, 4.0]]), []

    def loss(x):
        return np.sum(ad.hook(seen.append, W) @ x)

    grads = ad.gradient(lambda: loss(X[:2]), ad.params(W))
    np.testing.assert_allclose(grads[W], [X[:2], X[:2]])
    np.testing.assert_allclose(seen[0], grads[W])
