"""The eager tape: what Flux's older tutorials do with it, and that its gradients are those of ad.gradient."""

import copy
import math
from collections import UserList, deque

import numpy as np
import pytest

import adjoint as ad
from adjoint import optim, tracker
from adjoint.tracker import Params, Tracked, back, data, gradient, istracked, param, update
from tests.programs.registry import load_all
from tests.routes import reference

# -- as in the tutorials --------------------------------------------------------------------------------


def f(x):
    return 3 * x**2 + 2 * x + 1


def df(x):
    return gradient(f, x, nest=True)[0]


def test_nested_derivatives_print_as_in_flux():
    assert repr(df(1)) == "8.0 (tracked)" and repr(df(2)) == "14.0 (tracked)"
    assert gradient(df, 2) == (6.0,)
    assert repr(gradient(df, 2, nest=True)[0]) == "6.0 (tracked)"
    assert repr(param(np.array([1.0, 2.0]))) == "array([1., 2.]) (tracked)"
    assert f"{param(2.5):.2f}" == "2.50"


def test_third_derivatives():
    def g(x):
        return x**4

    def dg(x):
        return gradient(g, x, nest=True)[0]

    def ddg(x):
        return gradient(dg, x, nest=True)[0]

    assert gradient(ddg, 2.0) == (48.0,)
    assert ad.gradient(ddg, 2.0) == (48.0,)


def test_gradients_add_up_until_they_are_cleared():
    w, b = param(np.ones((2, 3))), param(2)
    x = np.array([1.0, 2.0, 3.0])
    for times in (1, 2):
        kept = w.grad
        back(np.sum(w @ x + b))
        assert w.grad is kept  # in place
        np.testing.assert_array_equal(w.grad, times * np.tile(x, (2, 1)))
        assert b.grad == times * 2.0
    w.data[:] -= w.grad * 0.1
    w.grad[:] = 0
    b.grad = 0.0
    np.testing.assert_allclose(w.data[0], 1 - 0.2 * x)
    back(np.sum(w * 2))
    np.testing.assert_array_equal(w.grad, 2)
    assert b.grad == 0


def test_a_polynomial_is_fitted_by_hand():
    rng = np.random.default_rng(0)
    w, x = param(np.zeros(3)), rng.uniform(-1, 1, 50)
    y = 1 - 2 * x + 0.5 * x**2
    for _ in range(500):
        guess = sum([x**i * w[i] for i in range(3)])
        back(np.mean((guess - y) ** 2))
        update(w, -0.5 * w.grad)
        assert not w.grad.any()
    np.testing.assert_allclose(w.data, [1, -2, 0.5], atol=1e-3)


def test_rules_subtract_where_plain_updates_add():
    w, v = param(np.ones(2)), param(np.ones(2))
    update(w, np.array([1.0, 2.0]))
    np.testing.assert_array_equal(w.data, [2, 3])
    back(np.sum(w * v))
    update(optim.Descent(0.5), Params([w, v]))
    np.testing.assert_array_equal(w.data, [1.5, 2.5])
    np.testing.assert_array_equal(v.data, [0, -0.5])
    update(optim.Descent(0.5), v, np.ones(2))
    np.testing.assert_array_equal(v.data, [-0.5, -1])
    assert not w.grad.any()
    n = param(2.0)
    update(n, 0.5)
    assert n.data == 2.5
    with pytest.raises(TypeError, match=r"param\(np.array\(2.0\)\)"):
        update(optim.Descent(), n)


def test_gradients_by_parameter():
    w, b, other = param(np.ones(2)), param(3.0), param(np.ones(2))
    ps = Params([w, b, other, w])
    assert len(ps) == 3 and w in ps
    gs = gradient(lambda: np.sum(w * w) * b, ps)
    np.testing.assert_array_equal(gs[w], [6, 6])
    assert gs[b] == 2.0 and not gs[other].any() and not w.grad.any()
    assert {w: "w", b: "b"}[b] == "b"
    with pytest.raises(KeyError, match="not one of the parameters"):
        gs[param(1.0)]
    with pytest.raises(TypeError, match="made by `param`"):
        Params([w * 2])


def test_layers_run_on_tracked_weights():
    from adjoint.nn import Chain, Dense, logit_cross_entropy

    rng = np.random.default_rng(0)
    model = Chain(Dense(3, 4, np.tanh, rng=rng, dtype=float), Dense(4, 2, rng=rng, dtype=float))
    x, y = rng.normal(size=(5, 3)), np.eye(2)[rng.integers(0, 2, 5)]
    expected = ad.gradient(lambda m: logit_cross_entropy(m(x), y), model)[0]
    for layer in model:
        layer.weight, layer.bias = param(layer.weight), param(layer.bias)
    back(logit_cross_entropy(model(x), y))
    for layer, bars in zip(model, expected.layers):
        np.testing.assert_allclose(layer.weight.grad, bars.weight, rtol=1e-12)
        np.testing.assert_allclose(layer.bias.grad, bars.bias, rtol=1e-12)


# -- the tape ----------------------------------------------------------------------------------------------


def test_a_tape_is_used_up_unless_it_is_kept():
    x = param(3.0)
    y = x * x
    back(y, once=False)
    back(y)
    assert x.grad == 12.0
    with pytest.raises(tracker.TapeUsed, match=r"used up by an earlier `back`[\s\S]*once=False"):
        back(y)
    assert x.grad == 12.0


def test_what_back_refuses():
    x = param(np.array([1.0, 2.0]))
    with pytest.raises(ad.NonScalarOutputError, match=r"an array of shape \(2,\)"):
        back(x * 2)
    back(x * 2, np.array([1.0, 10.0]))
    np.testing.assert_array_equal(x.grad, [2, 20])
    with (
        np.errstate(all="ignore"),
        pytest.raises(ad.NonFiniteError, match="back of a value that is inf"),
    ):
        back(np.sum(x / 0.0))
    with pytest.raises(TypeError, match="not tracked"):
        back(3.0)
    np.testing.assert_array_equal(x.grad, [2, 20])


def test_what_would_lose_the_derivative_is_refused():
    x, v = param(2.0), param(np.ones(2))
    for use in (lambda: math.sin(x), lambda: float(x), lambda: int(x), lambda: np.array([x, x])):
        with pytest.raises(TypeError, match=r"would lose its derivative: take its \.data"):
            use()
    with pytest.raises(ValueError, match="setting an array element"):
        np.zeros(2)[0] = x

    def write():
        v[0] = 1.0

    def add():
        w = v
        w += 1

    def out():
        np.add(v, 1, out=v)

    for use in (write, add, out, lambda: v.fill(0), lambda: np.add(1.0, v, out=np.zeros(2))):
        with pytest.raises(ad.UnsupportedSyntaxError, match="written to"):
            use()
    with pytest.raises(ad.UnsupportedSyntaxError, match=r"np.add.accumulate"):
        np.add.accumulate(v)
    total = x
    total += 1  # numbers do not change in place
    assert total.data == 3.0 and x.data == 2.0


@pytest.mark.parametrize("use", [lambda w: lambda x: x * w, lambda w: lambda x: np.sum(w * x)])
def test_a_tracked_value_captured_where_source_is_differentiated_is_refused(use):
    with pytest.raises(ad.AdjointError):
        gradient(use(param(3.0)), 2.0, nest=True)
    with pytest.raises(ad.AdjointError):
        ad.gradient(use(param(3.0)), 2.0)


def test_values_and_questions():
    x = param(np.array([[1.0, -2.0]]))
    assert x.shape == (1, 2) and x.ndim == 2 and x.size == 2 and x.dtype == float and len(x) == 1
    assert istracked(x) and not istracked(data(x)) and data([x, {"x": x}])[1]["x"] is x.data
    assert (x > 0).tolist() == [[True, False]] and np.argmax(x) == 0 and not istracked(x > 0)
    assert param(1.0) < 2 and not param(0.0) and param(2.0) == 2.0
    assert np.zeros_like(x).shape == (1, 2) and istracked(x.T) and istracked(x[0][1])
    assert tracker.grad(x) is x.grad
    with pytest.raises(AttributeError, match="no attribute 'weight'"):
        x.weight


def test_forward_hook_checkpoint_and_stop():
    y, pull = tracker.forward(lambda a, b: a * b, 3.0, 4.0)
    assert y == 12.0 and pull(1.0) == (4.0, 3.0) and pull(2.0) == (8.0, 6.0)
    seen = []
    x, w, runs = param(2.0), param(5.0), []
    for hook in (tracker.hook, ad.hook):
        back(hook(lambda bar: seen.append(bar) or 10 * bar, x * 3) ** 2)
    assert seen == [12.0, 12.0] and x.grad == 2 * 10 * 12.0 * 3
    x.grad = 0.0
    back(ad.stop_gradient(x) * x)
    assert x.grad == 2.0
    x.grad = 0.0

    def g(a):
        runs.append(istracked(a))
        return np.sin(a) * w

    back(tracker.checkpoint(g, x) * 2)
    assert runs == [False, True]
    np.testing.assert_allclose([x.grad, w.grad], [2 * 5 * np.cos(2.0), 2 * np.sin(2.0)])


def test_a_long_tape_needs_no_deep_stack():
    x = param(1.0)
    y = x
    for _ in range(20_000):
        y = y + x
    back(y)
    assert x.grad == 20_001


def test_second_derivatives_of_arrays():
    W, x = np.random.default_rng(0).normal(size=(3, 3)), np.ones(3)

    def energy(x):
        return np.sum(np.tanh(W @ x) ** 2)

    def along(x):
        return np.sum(gradient(energy, x, nest=True)[0] * np.arange(3.0))

    def directly(x):
        return np.sum(ad.gradient(energy, x)[0] * np.arange(3.0))

    np.testing.assert_allclose(gradient(along, x)[0], ad.gradient(directly, x)[0], rtol=1e-12)


# -- the corpus --------------------------------------------------------------------------------------------

# By `isinstance` they do something else with what is not a float.
BY_CLASS = {
    "patterns.classes", "python_features.isinstance_branches", "python_features.asserting",
}  # fmt: skip
# Sets tell tracked numbers apart that are equal, as they do PyTorch's tensors.
BY_IDENTITY = {
    "containers.sets_of_numbers",
    "containers.sets_made_of_sets",
    "containers.sets_that_grow",
}
REFUSALS = (ad.AdjointError, TypeError, ValueError)


def is_float(a):
    return isinstance(a, float | np.floating) or isinstance(a, np.ndarray) and a.dtype.kind == "f"


@pytest.mark.filterwarnings("ignore:you are shuffling")  # of NumPy: then it is refused
def test_programs_have_the_gradient_of_their_source_or_are_refused():
    same = refused = 0
    for program in load_all():
        args = program.arguments
        tracked = [i for i, a in enumerate(args) if is_float(a) and i not in program.static]
        if program.writes or not tracked or program.name.split("-")[0] in BY_CLASS | BY_IDENTITY:
            continue

        def run(*xs, program=program, tracked=tracked):
            args = list(program.arguments)
            for i, x in zip(tracked, xs):
                args[i] = x
            return program.function(*args)

        with np.errstate(all="ignore"):
            try:
                bars = gradient(run, *[args[i] for i in tracked])
            except REFUSALS as error:
                expected = (
                    "lose its derivative|setting an array element|written to|derivative is known"
                )
                expected += "|Supplied output array"  # of generators
                assert isinstance(error, ad.AdjointError) or any(
                    text in str(error) for text in expected.split("|")
                ), (program.name, error)
                refused += 1
                continue
            # by finite differences, by the argument's position
            known = {
                path[0][1]: value for path, value in reference(program).items() if len(path) == 1
            }
        for i, bar in zip(tracked, bars):
            assert np.shape(bar) == np.shape(args[i]), program.name
            rtol, atol = program.rtol, program.atol
            np.testing.assert_allclose(bar, known[i], rtol, atol, err_msg=program.name)
        same += 1
    assert same > 500 and refused < 0.35 * same  # most of these write into arrays


def test_numbers_stay_what_they_are():
    assert isinstance(gradient(lambda x: x * x, 3)[0], float)
    n = param(np.array([2, 3]))
    back(np.sum(n * n))
    assert n.grad.tolist() == [4.0, 6.0]  # integers are taken as reals
    x = param(np.ones(2, np.float32))
    back(np.sum(x * x))
    assert (
        x.grad.dtype == np.float32 and isinstance(x * x, Tracked) and (x * 2.0).dtype == np.float32
    )


def test_copies_stay_on_the_tape():
    def f(x):
        kept = {"x": x * x}
        return copy.deepcopy(kept)["x"] + copy.copy(kept["x"])

    assert gradient(f, 3.0) == (12.0,)


def test_containers_that_numpy_looks_into():
    assert gradient(lambda v: np.sum(np.stack(deque([v, 2 * v]))), np.ones(2))[0].tolist() == [
        3.0,
        3.0,
    ]
    with pytest.raises(TypeError, match="lose its derivative"):
        gradient(lambda v: np.sum(np.stack(UserList([v, 2 * v]))), np.ones(2))


def test_parameters_of_the_other_kind_are_told_apart():
    W = np.ones(2)
    with pytest.raises(TypeError, match=r"tracker.Params\(\[W, b\]\)"):
        tracker.gradient(lambda: np.sum(W), ad.params(W))
