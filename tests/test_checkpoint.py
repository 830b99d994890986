"""`checkpoint`: the values and gradients of the function, of which only the arguments are kept."""

import gc
import math
import pickle
import types

import numpy as np
import pytest

import adjoint as ad
from tests.routes import ROUTES

rng = np.random.default_rng(0)
X, W, V = rng.normal(size=(4, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))


@pytest.fixture(params=ROUTES)
def route(request):
    with ROUTES[request.param]():
        yield request.param


def close(found, expected):
    assert type(found) is type(expected)
    if isinstance(found, tuple | list):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            close(a, b)
    elif isinstance(found, dict):
        assert list(found) == list(expected)
        for key in found:
            close(found[key], expected[key])
    elif found is not None:
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def kept(back):
    """The bytes of the arrays that are reached from a pullback, each counted once."""
    arrays, seen, todo = {}, set(), [back]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, type | types.ModuleType):
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            owner = thing if thing.base is None else thing.base
            arrays[id(owner)] = owner.nbytes
            continue
        if isinstance(thing, types.FunctionType):
            todo += [c.cell_contents for c in thing.__closure__ or () if c != types.CellType()]
        elif isinstance(thing, tuple | list | dict):
            todo += thing.values() if isinstance(thing, dict) else thing
        else:
            todo += getattr(thing, "__dict__", {}).values()
    return sum(arrays.values())


# -- the same values and gradients -----------------------------------------------------------------------


def step(x, W):
    return np.tanh(x @ W) + 0.1 * x


def test_it_is_called_like_the_function():
    checkpointed = ad.checkpoint(step)
    np.testing.assert_array_equal(checkpointed(X, W), step(X, W))
    np.testing.assert_array_equal(checkpointed(X, W=W), step(X, W))
    assert repr(checkpointed) == "<checkpointed tests.test_checkpoint.step>"


@ad.checkpoint
def decorated_function(x):
    return x * x


def test_it_can_be_pickled_as_the_function_can():
    found = pickle.loads(pickle.dumps(ad.checkpoint(step)))
    np.testing.assert_array_equal(found(X, W), step(X, W))
    assert pickle.loads(pickle.dumps(decorated_function)) is decorated_function


def plain_and_checkpointed(write):
    """The gradients of a function of `checkpoint`, and of itself with nothing checkpointed."""
    return write(lambda f: f), write(ad.checkpoint)


def several_arguments(c):
    def f(x, W, s):
        return np.sum(c(step)(x * s, W) ** 2)

    return ad.gradient(f, X, W, 1.5)


def one_after_the_other(c):
    layer = c(step)
    return ad.gradient(lambda x, W, V: np.sum(layer(layer(x, W), V) ** 2), X, W, V)


def captured_arrays(c):
    def f(x, W):
        layer = c(lambda h: np.tanh(h @ W) + V[0])
        return np.sum(layer(layer(x)) ** 2)

    return ad.gradient(f, X, W)


def keywords_and_defaults(c):
    def layer(x, W=V, *, scale, shift=0.5):
        return np.sin(x @ W * scale) + shift

    def f(x, s):
        return np.sum(c(layer)(x, scale=s) * c(layer)(x, W, shift=s, scale=2.0) * s)

    return ad.gradient(f, X, 0.7)


def starred(c):
    def layer(*factors, **named):
        return factors[0] @ factors[1] * named["scale"]

    def f(x, s):
        return np.sum(c(layer)(*[x, W], **{"scale": s}) ** 2)

    return ad.gradient(f, X, 0.7)


def containers(c):
    def layer(state):
        h = np.tanh(state["x"] @ state["W"][0])
        return {"x": h, "W": state["W"], "norm": np.sum(h * h)}

    def f(x, W):
        state = c(layer)(c(layer)({"x": x, "W": (W, V)}))
        return state["norm"] + np.sum(state["x"])

    return ad.gradient(f, X, W)


def tuples(c):
    def layer(h, cell):
        cell = cell * 0.5 + np.tanh(h @ W)
        return np.tanh(cell), cell

    def f(h, cell):
        for _ in range(3):
            h, cell = c(layer)(h, cell)
        return np.sum(h * cell)

    return ad.gradient(f, X, X * 0.1)


class Layer:
    def __init__(self, weight):
        self.weight = weight

    def __call__(self, x):
        return np.tanh(x @ self.weight)

    def forward(self, x):
        return self(x)

    @ad.checkpoint
    def checkpointed(self, x):
        return self(x)


def objects(c):
    def f(layer, x):
        return np.sum(c(layer)(c(layer.forward)(x)) ** 2)

    bar, x_bar = ad.gradient(f, Layer(W), X)
    return bar.weight, x_bar


def methods(c):
    def f(layer, x):
        x = layer.forward(x) if c is not ad.checkpoint else layer.checkpointed(x)
        method = layer.forward if c is not ad.checkpoint else layer.checkpointed
        return np.sum(method(x) ** 2)

    bar, x_bar = ad.gradient(f, Layer(W), X)
    return bar.weight, x_bar


def loop_body(c):
    def f(x, W):
        for k in range(4):
            x = c(lambda h: np.tanh(h @ W) * (1.0 + 0.1 * k))(x)
        return np.sum(x * x)

    return ad.gradient(f, X, W)


def branches_and_loops_inside(c):
    def layer(x, n):
        for i in range(n):
            x = np.sin(x) if i % 2 else x * np.exp(-x)
            if np.sum(x) > 100.0:
                break
        return x

    return ad.gradient(lambda x: np.sum(c(layer)(x, 5) ** 2), X)


def nested(c):
    inner = c(lambda x: np.tanh(x @ W))
    outer = c(lambda x: np.sin(inner(inner(x))))
    return ad.gradient(lambda x: np.sum(outer(outer(x))), X)


def recursion(c):
    def layer(x, n):
        return x if n == 0 else np.tanh(c(layer)(x, n - 1) @ W)

    return ad.gradient(lambda x: np.sum(layer(x, 3) ** 2), X)


def works_on_a_copy(c):
    def layer(x):
        u = x.copy()
        for i in range(1, len(u)):
            u[i] = u[i] * u[i - 1]
        u *= 2.0
        return u

    return ad.gradient(lambda x: np.sum(c(layer)(x) ** 2), X[0])


def unused(c):
    return ad.gradient(lambda x, y: np.sum(x) + 0.0 * len(c(step)(y, W)), X, X)


def not_differentiated(c):
    return ad.grad(lambda x, y: np.sum(x * c(np.tanh)(y)))(X, X)


def functions_of_numpy(c):
    return ad.gradient(lambda x: np.sum(c(np.linalg.inv)(x)), W)


def decorated(c):
    return ad.gradient(lambda x: np.sum(c(ad.differentiable(step))(x, W)), X)


def in_pullback_form(c):
    y, back = ad.pullback(lambda x, W: c(step)(c(step)(x, W), W), X, W)
    return y, back(np.ones_like(y)), back(y)


def by_value_and_gradient(c):
    return tuple(ad.value_and_gradient(lambda x: np.sum(c(step)(x, W) ** 2), X))


def single_precision(c):
    x = X.astype(np.float32)
    return ad.gradient(lambda x: np.sum(c(np.tanh)(x) ** 2), x)


def complex_numbers(c):
    z = X + 1j * X[::-1]
    return ad.gradient(lambda z: np.sum(np.abs(c(lambda z: z * z)(z))), z)


def parameters(c):
    layer = c(lambda x: np.tanh(x @ W + V[0]))
    grads = ad.gradient(lambda: np.sum(layer(layer(X)) ** 2), ad.params(W, V))
    return grads[W], grads[V]


def parameters_of_a_model(c):
    model = [Layer(W.copy()), Layer(V.copy())]
    first, second = c(model[0]), c(model[1].forward)
    ps = ad.params(model)
    grads = ad.gradient(lambda: np.sum(second(first(X)) * first(X)), ps)
    return tuple(grads)


def parameters_in_globals(c):
    layer = c(reads_globals)
    grads = ad.gradient(lambda: np.sum(layer(layer(X)) ** 2), ad.params(W, V))
    return grads[W], grads[V]


def reads_globals(x):
    return np.tanh(x @ W) @ reads_more() + x


def reads_more(n=2):
    return V if n == 0 else reads_more(n - 1)


def second_order(c):
    def f(x, W):
        return np.sum(c(step)(c(step)(x, W), W) ** 2)

    def g(x, W):
        x_bar, W_bar = ad.gradient(f, x, W)
        return np.sum(x_bar**2) + np.sum(W_bar**3)

    return ad.gradient(g, X, W)


def second_order_of_a_loop_with_captures(c):
    def f(x, W):
        for _ in range(3):
            x = c(lambda h: np.tanh(h @ W))(x)
        return np.sum(x * x)

    return ad.gradient(lambda x, W: np.sum(ad.gradient(f, x, W)[1] ** 2), X, W)


def a_derivative_inside(c):
    def slope(x):
        return ad.gradient(lambda v: np.sum(np.sin(v) ** 3), x)[0]

    return ad.gradient(lambda x: np.sum(c(slope)(x) ** 2), X)


CASES = [
    several_arguments, one_after_the_other, captured_arrays, keywords_and_defaults, starred, containers,
    tuples, objects, methods, loop_body, branches_and_loops_inside, nested, recursion, works_on_a_copy,
    unused, not_differentiated, functions_of_numpy, decorated, in_pullback_form, by_value_and_gradient,
    single_precision, complex_numbers, parameters, parameters_of_a_model, parameters_in_globals,
    second_order, second_order_of_a_loop_with_captures, a_derivative_inside,
]  # fmt: skip


@pytest.mark.parametrize("write", CASES, ids=lambda w: w.__name__)
def test_values_and_gradients_are_those_of_the_function(route, write):
    if write is works_on_a_copy and route in ("run-time rules", "untyped"):
        for c in (lambda f: f, ad.checkpoint):  # writes are not differentiated there
            with pytest.raises(ad.UnsupportedSyntaxError):
                write(c)
        return
    plain, checkpointed = plain_and_checkpointed(write)
    close(checkpointed, plain)
    bars = plain if isinstance(plain, tuple) else (plain,)
    if write is not unused:
        assert all(np.any(b != 0) for b in bars if isinstance(b, np.ndarray)), "it tests nothing"


# -- what is kept, and when it runs ------------------------------------------------------------------------


def deep(x):
    for _ in range(10):
        x = np.tanh(x) * x
    return x


def test_only_the_arguments_are_kept():
    x = np.ones(1000)
    _, plain = ad.pullback(lambda x: np.sum(deep(x) ** 2), x)
    _, checkpointed = ad.pullback(lambda x: np.sum(ad.checkpoint(deep)(x) ** 2), x)
    assert kept(plain) >= 20 * x.nbytes
    assert kept(checkpointed) == 2 * x.nbytes  # the argument, and what is squared


def test_a_loop_keeps_one_state_a_step():
    def f(x, c):
        for _ in range(7):
            x = c(deep)(x)
        return np.sum(x)

    x = np.ones(1000)
    _, plain = ad.pullback(lambda x: f(x, lambda g: g), x)
    _, checkpointed = ad.pullback(lambda x: f(x, ad.checkpoint), x)
    assert kept(plain) >= 140 * x.nbytes
    assert kept(checkpointed) == 7 * x.nbytes


@ad.checkpoint
def segment(x, steps):
    for _ in range(steps):
        x = np.tanh(x) * x
    return x


def rollout(x, n):
    length = math.isqrt(n)
    for start in range(0, n, length):
        x = segment(x, min(length, n - start))
    return np.sum(x)


def test_segments_keep_the_square_root():
    x = np.ones(1000)
    for n in (16, 100, 400):
        _, back = ad.pullback(lambda x: rollout(x, n), x)
        assert kept(back) == math.isqrt(n) * x.nbytes


def counted(calls):
    def count(x):
        calls.append(None)
        return x

    ad.rule(count)(lambda x: (count(x), lambda y_bar: y_bar))
    return count


def test_it_runs_twice_and_once_more_for_each_pullback():
    calls = []
    count = counted(calls)
    _, back = ad.pullback(ad.checkpoint(lambda x: np.sin(count(x))), X)
    assert len(calls) == 1
    for n in (2, 3):
        back(X)
        assert len(calls) == n


def test_in_a_nested_one_the_inner_runs_again_for_the_outer():
    calls = []
    count = counted(calls)
    inner = ad.checkpoint(lambda x: np.sin(count(x)))
    _, back = ad.pullback(ad.checkpoint(lambda x: np.cos(inner(x))), X)
    assert len(calls) == 1
    back(X)
    assert len(calls) == 3


def test_it_does_not_run_again_where_nothing_depends_on_it():
    calls = []
    count = counted(calls)
    ad.gradient(lambda x: np.sum(x) + 0.0 * len(ad.checkpoint(count)(x)), X)
    assert len(calls) == 1


def test_what_was_computed_again_is_let_go():
    """A segment after the other, not all of them at once."""
    import tracemalloc

    x = np.ones(20_000)

    def peak(c):
        def f(x):
            for _ in range(8):
                x = c(deep)(x)
            return np.sum(x)

        _, back = ad.pullback(f, x)
        gc.collect()
        tracemalloc.start()
        back(1.0)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(ad.checkpoint)
    assert peak(ad.checkpoint) < 1.5 * 20 * x.nbytes  # of 160 arrays at once


def test_hooks_inside_run_once_in_each_pullback(route):
    seen = []

    def f(x):
        return np.sum(ad.checkpoint(lambda v: ad.hook(seen.append, np.sin(v)) ** 2)(x))

    ad.gradient(f, X)
    assert len(seen) == 1
    np.testing.assert_allclose(seen[0], 2 * np.sin(X))


def test_failures_name_the_line_inside(route):
    def bad(x):
        return np.sqrt(x - x)

    with ad.nan_check():
        _, back = ad.pullback(lambda x: ad.checkpoint(bad)(x), X)
    with pytest.raises(ad.NonFiniteError, match="the cotangent of x - x became infinite") as caught:
        with np.errstate(divide="ignore"):
            back(X * X)
    assert "return np.sqrt(x - x)" in str(caught.value)

    def worse(x):
        return np.log(-x * x)

    with np.errstate(all="ignore"), ad.nan_check():
        with pytest.raises(ad.NonFiniteError, match=r"the value of np.log\(-x \* x\) became NaN"):
            ad.gradient(lambda x: np.sum(ad.checkpoint(worse)(x)), X)


# -- what is refused -------------------------------------------------------------------------------------


def writes(x):
    x[0] = 1.0
    return x * x


def writes_in_a_callee(x):
    writes(x)
    return x + 1.0


def scales_in_place(x):
    x *= 2.0
    return np.sum(x)


def writes_through_a_view(x):
    row = x[1:]
    row[0] = 5.0
    return x * 2.0


@pytest.mark.parametrize("f", [writes, writes_in_a_callee, scales_in_place, writes_through_a_view])
def test_writing_into_an_argument_is_refused(route, f):
    x = X.copy()
    with pytest.raises(ad.UnsupportedSyntaxError, match="writes into"):
        ad.gradient(lambda x: np.sum(ad.checkpoint(f)(x)), x)
    np.testing.assert_array_equal(x, X)


def test_the_error_names_the_line_that_writes():
    with pytest.raises(ad.UnsupportedSyntaxError) as caught:
        ad.gradient(lambda x: np.sum(ad.checkpoint(writes)(x)), X.copy())
    assert "x[0] = 1.0" in str(caught.value) and "in writes" in str(caught.value)


def test_writing_into_what_is_captured_is_refused(route):
    total = np.zeros_like(X)

    def accumulates(x):
        total[0] = x[0]
        return x * 2.0

    with pytest.raises(ad.AdjointError):
        ad.gradient(lambda x: np.sum(ad.checkpoint(accumulates)(x)), X)


def test_an_argument_that_is_written_to_later_is_kept_apart_or_refused(route):
    def f(x, c):
        u = x * 1.0
        y = np.sum(c(np.sin)(u))
        u[0] = 7.0
        return y + np.sum(u * u)

    try:
        found = ad.gradient(lambda x: f(x, ad.checkpoint), X)
    except ad.AdjointError:
        return
    close(found, ad.gradient(lambda x: f(x, lambda g: g), X))


def test_what_is_captured_and_written_to_later_is_noticed(route):
    def f(x):
        u = x * 1.0
        y = ad.checkpoint(lambda v: np.sum(v * u))(x)
        u[0] = 7.0
        return y + np.sum(u)

    with pytest.raises(ad.AdjointError):
        ad.gradient(f, X)


def test_random_numbers_inside_are_noticed(route):
    generator = np.random.default_rng(0)

    def noisy(x):
        return x * generator.normal(size=x.shape)

    with pytest.raises(ad.AdjointError) as caught:
        ad.gradient(lambda x: np.sum(ad.checkpoint(noisy)(x)), X)
    if isinstance(
        caught.value, ad.MissingRuleError
    ):  # nobody knows there that it has no derivative
        assert route == "untyped"
        return
    assert "gave another value when it was computed again" in str(caught.value)
    assert "draw random numbers outside" in str(caught.value)
    assert "ad.checkpoint(noisy)(x)" in str(caught.value)


def test_one_entry_that_changes_is_noticed():
    state = np.zeros(X.shape)

    def f(x):
        return np.sum(ad.checkpoint(lambda v: v * 2.0 + state)(x))

    _, back = ad.pullback(f, X)
    back(1.0)
    state[2, 1] = 1e-12
    with pytest.raises(ad.AdjointError, match="another value"):
        back(1.0)


def test_random_numbers_from_outside_are_arguments():
    def f(x, c):
        noise = np.random.default_rng(0).normal(size=x.shape)
        return np.sum(c(lambda v, n: np.sin(v) * n)(x, noise))

    close(
        ad.gradient(lambda x: f(x, ad.checkpoint), X), ad.gradient(lambda x: f(x, lambda g: g), X)
    )
