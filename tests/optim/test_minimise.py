import math

import numpy as np
import pytest
from scipy.optimize import line_search, minimize

import adjoint as ad
from adjoint import optim
from adjoint.optim import Backtracking, StrongWolfe


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def quadratic(model):
    a, b = model["a"], model["b"]
    return np.sum((a - 1) ** 2) + 10 * np.sum((b + 2) ** 2) + np.sum(a) * b[0] / 10


@pytest.mark.parametrize("search", [None, StrongWolfe(flat=0.1), Backtracking()])
def test_rosenbrock_in_ten_dimensions(search):
    x = np.linspace(-1.2, 1.0, 10)
    theirs = minimize(
        rosenbrock, x, jac=ad.grad(rosenbrock), method="L-BFGS-B", options={"gtol": 1e-8}
    )
    result = optim.minimise(rosenbrock, x, line_search=search, steps=300)
    assert result.converged and result.message == "converged"
    assert result.gradient_norm <= 1e-6 and np.abs(ad.gradient(rosenbrock, x)[0]).max() <= 1e-6
    np.testing.assert_allclose(x, 1, atol=1e-5)
    assert result.evaluations < 2 * theirs.nfev


def test_several_arrays_are_one_problem():
    """All at once: the same steps as those of one long array."""
    model = {"a": np.zeros(3), "b": np.zeros(2)}
    long = np.zeros(5)
    apart = optim.minimise(quadratic, model, optim.LBFGS(memory=3), steps=5, tolerance=0)
    whole = optim.minimise(
        lambda x: quadratic({"a": x[:3], "b": x[3:]}), long, optim.LBFGS(memory=3), steps=5,
        tolerance=0,
    )  # fmt: skip
    assert apart.steps == whole.steps == 5
    np.testing.assert_allclose(np.concatenate([*model.values()]), long, rtol=1e-9)


def test_any_rule_gives_directions():
    x = np.full(4, 3.0)
    result = optim.minimise(
        lambda x: np.sum((x - 1) ** 4), x, optim.Descent(1.0), line_search=Backtracking(),
        steps=200, tolerance=1e-4,
    )  # fmt: skip
    assert result.converged
    np.testing.assert_allclose(x, 1, atol=0.05)


def test_a_model_of_layers_is_fitted():
    from adjoint.nn import Chain, Dense

    rng = np.random.default_rng(0)
    model = Chain(Dense(2, 8, np.tanh, rng=rng, dtype=float), Dense(8, 1, rng=rng, dtype=float))
    x = rng.normal(size=(50, 2))
    y = np.sin(x[:, :1]) * x[:, 1:]
    result = optim.minimise(lambda m: np.mean((m(x) - y) ** 2), model, steps=300)
    assert result.value < 1e-3


def test_every_step_of_strong_wolfe_satisfies_both_conditions():
    rng = np.random.default_rng(0)
    for _ in range(100):
        a, b, c = rng.normal(size=3)

        def f(t, a=a, b=b, c=c):
            return 0.05 * t**2 + math.sin(a * t) * b + math.cos(3 * t + c) / 5

        def slope(t, f=f):
            return ad.gradient(f, t)[0]

        if slope(0.0) >= 0:
            continue
        first = 10 ** rng.uniform(-3, 2)
        t = StrongWolfe(flat=0.3)(lambda t: (f(t), slope(t)), f(0.0), slope(0.0), first)
        assert t > 0
        assert f(t) <= f(0.0) + 1e-4 * t * slope(0.0)
        assert abs(slope(t)) <= -0.3 * slope(0.0)
        # where SciPy finds one as well, ours is no worse by the same conditions
        theirs = line_search(
            lambda x: f(x[0]), lambda x: np.array([slope(x[0])]), np.zeros(1), np.ones(1), c2=0.3
        )[0]
        assert theirs is None or abs(slope(theirs)) <= -0.3 * slope(0.0)


def test_a_loss_that_is_infinite_beyond_is_stayed_away_from():
    def f(x):
        return -np.sum(np.log(x)) + np.sum(x) if np.all(x > 0) else math.inf + 0 * np.sum(x)

    x = np.full(3, 0.01)
    assert optim.minimise(f, x).converged
    np.testing.assert_allclose(x, 1, rtol=1e-5)


def test_it_says_why_it_stops():
    x = np.full(3, 5.0)
    result = optim.minimise(rosenbrock, x, steps=2)
    assert (result.steps, result.converged, result.message) == (2, False, "2 steps did not suffice")
    seen = []
    result = optim.minimise(rosenbrock, x, callback=lambda i, value: seen.append(value) or i == 3)
    assert result.message == "the callback stopped it" and len(seen) == 3
    assert seen == sorted(seen, reverse=True) and result.value == seen[-1] == rosenbrock(x)
    with pytest.raises(ad.NonFiniteError, match="where the minimisation begins"):
        optim.minimise(lambda x: np.sum(x * np.inf), np.ones(2))


def test_without_descent_the_arrays_stay():
    """The gradient is a lie: no direction helps."""

    def lying(x):
        return np.sum(ad.hook(lambda bar: -bar, x) ** 2)

    x = np.array([1.0, 2.0])
    result = optim.minimise(lying, x)
    assert not result.converged and "no step along the direction" in result.message
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_sharpness_aware_gradients():
    rng = np.random.default_rng(0)
    model, x = {"w": rng.normal(size=3), "b": np.array(0.5)}, rng.normal(size=(5, 3))

    def loss(model, x):
        return np.mean(np.tanh(x @ model["w"] + model["b"]) ** 2)

    before = {name: value.copy() for name, value in model.items()}
    value, bars = optim.sharpness_aware(loss, model, x, rho=0.1)
    plain = ad.gradient(loss, model, x)[0]
    length = np.sqrt(np.sum(plain["w"] ** 2) + plain["b"] ** 2)
    uphill = {name: before[name] + 0.1 / length * plain[name] for name in model}
    expected = ad.gradient(loss, uphill, x)[0]
    assert value == loss(before, x)
    for name in model:
        np.testing.assert_allclose(bars[name], expected[name], rtol=1e-12)
        np.testing.assert_array_equal(model[name], before[name])
