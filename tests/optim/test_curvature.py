"""Estimates of curvature, and Sophia, step by step."""

import itertools
import warnings
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import adjoint as ad
from adjoint import nn, optim, train

jax: Any = import_module("jax")
optax: Any = import_module("optax")
contrib: Any = import_module("optax.contrib")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(9, 3)), RNG.integers(0, 2, 9)


def network():
    return nn.Chain(
        nn.Dense(3, 2, np.tanh, rng=0, dtype=np.float64), nn.Dense(2, 2, rng=1, dtype=np.float64)
    )


def loss(model, x, y):
    return nn.logit_cross_entropy(model(x), y)


class Chosen(np.random.Generator):
    """Draws these signs instead of random ones."""

    def __init__(self, signs):
        super().__init__(np.random.PCG64(0))
        self.signs = list(signs)

    def choice(self, _, shape):
        return np.array([self.signs.pop(0) for _ in range(int(np.prod(shape)))]).reshape(shape)


def flat(grads):
    return np.concatenate([g.ravel() for g in grads])


def test_the_mean_over_all_signs_is_the_diagonal():
    model = nn.Chain(nn.Dense(1, 2, np.tanh, rng=0, dtype=np.float64), nn.Scale(2, rng=1))
    v, rebuild = nn.destructure(model)
    x = RNG.normal(size=(5, 1))

    def square(model, x):
        return np.sum(model(x) ** 2)

    signs = itertools.product((-1.0, 1.0), repeat=v.size)
    found = [flat(optim.hutchinson(square, model, x, rng=Chosen(z))) for z in signs]
    exact = ad.diaghessian(lambda v: square(rebuild(v), x), v)
    assert np.std(found, axis=0).max() > 0.1
    np.testing.assert_allclose(np.mean(found, axis=0), exact, rtol=1e-5, atol=1e-6)


def test_an_estimate_is_that_of_optax_with_the_same_signs():
    w = RNG.normal(size=4)
    estimator = contrib.hutchinson_estimator_diag_hessian(jax.random.PRNGKey(3))
    with jax.enable_x64(True):
        _, key = jax.random.split(jax.random.PRNGKey(3))
        start = jax.numpy.asarray(w)
        theirs, _ = estimator.update(
            None, estimator.init(start), start, obj_fn=lambda w: (w[0] * w[1] - w @ w) ** 2
        )
        z = optax.tree.random_like(key, start, jax.random.rademacher, dtype="float32")

    def f(w):
        return (w[0] * w[1] - w @ w) ** 2

    ours = optim.hutchinson(f, w, rng=Chosen(np.asarray(z, float)))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_arrays_in_several_places_are_one():
    w = np.array([1.0, -2.0])
    model = {"a": w, "b": [w, 3.0, "name"], "c": np.ones(2), "n": np.arange(2)}

    def cubes(model, k):
        return k * np.sum(model["a"] ** 2 * model["b"][0]) + np.sum(model["c"])

    curved = optim.hutchinson(cubes, model, 0.5, rng=0)
    np.testing.assert_allclose(curved[w], 3 * w)
    np.testing.assert_array_equal(curved[model["c"]], 0)
    np.testing.assert_allclose(optim.fisher_diag(cubes, model, 0.5)[w], (1.5 * w**2) ** 2)
    assert list(map(np.shape, curved)) == [(2,), (2,)]
    with pytest.raises(TypeError, match="hutchinson takes the model"):
        optim.hutchinson(lambda: 1.0, ad.params(w))


def test_fisher_and_hessian_diagonals_are_those_of_optax():
    model = network()
    v, rebuild = nn.destructure(model)

    def in_jax(v, x, y):
        w, b, u, c = v[:6].reshape(3, 2), v[6:8], v[8:12].reshape(2, 2), v[12:]
        out = jax.nn.log_softmax(jax.numpy.tanh(x @ w + b) @ u + c)
        return -jax.numpy.mean(out[jax.numpy.arange(9), y])

    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        fisher = optax.second_order.fisher_diag(in_jax, v, X, Y)
        curved = optax.second_order.hessian_diag(in_jax, v, X, Y)
    exact = ad.diaghessian(lambda v: loss(rebuild(v), X, Y), v)
    np.testing.assert_allclose(exact, curved, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(flat(optim.fisher_diag(loss, model, X, Y)), fisher, rtol=1e-10)
    ps = ad.params(model)
    by_identity = optim.fisher_diag(lambda: loss(model, X, Y), ps)
    np.testing.assert_allclose(flat(by_identity), fisher, rtol=1e-10)
    of_array = optim.fisher_diag(lambda v: loss(rebuild(v), X, Y), v)
    np.testing.assert_allclose(of_array, fisher, rtol=1e-10)
    z = np.array([1 + 2j])
    np.testing.assert_allclose(optim.fisher_diag(lambda z: np.sum(np.abs(z) ** 2), z), 20.0)


# -- Sophia -----------------------------------------------------------------------------------------------

BETA, EVERY, STEPS = (0.8, 0.9), 3, 11


def curvatures():
    """Of each step that needs one; some are negative, and then the eps decides."""
    rng = np.random.default_rng(3)
    return {t: rng.normal(size=(4, 3)) + 0.5 for t in range(1, STEPS + 1, EVERY)}


def gradients():
    rng = np.random.default_rng(2)
    return [0.01 * rng.normal(size=(4, 3)) + 0.002 for _ in range(STEPS)]


def sophia():
    return optim.Sophia(0.1, BETA, gamma=0.05, eps=1e-3, decay=0.3, clip=0.7, every=EVERY)


def with_optax():
    """Optax corrects the bias of the mean and takes the curvature of the step before: it is given
    gradients whose corrected mean is the paper's, and the curvature of the step that follows."""
    given = curvatures()

    def hand_over(bars, state, params=None, diagonal=None):
        return diagonal, state

    rule = contrib._sophia.scale_by_sophia(
        *BETA, eps=1e-3, gamma=0.05, clip_threshold=0.7, update_interval=1,
        hessian_diagonal_fn=optax.GradientTransformationExtraArgs(lambda params: None, hand_over),
    )  # fmt: skip
    rest = optax.chain(optax.add_decayed_weights(0.3), optax.scale(-0.1))
    with jax.enable_x64(True):
        x = jax.numpy.ones((4, 3))
        state = rule.init(x)
        _, ahead = rule.update(0 * x, state, x, diagonal=jax.numpy.asarray(given[1]))
        state, mean, mass = state._replace(nu=ahead.nu), 0.0, 0.0
        for t, bar in enumerate(gradients(), 1):
            before, mean = mass * mean, BETA[0] * mean + (1 - BETA[0]) * bar
            mass = 1 - BETA[0] ** t
            bar = (mass * mean - BETA[0] * before) / (1 - BETA[0])
            follows = jax.numpy.asarray(given.get(t + 1, state.nu))
            step, state = rule.update(jax.numpy.asarray(bar), state, x, diagonal=follows)
            step, _ = rest.update(step, rest.init(x), x)
            x = x + step
            yield np.asarray(x)


def test_steps_of_sophia():
    x, rule, given, clipped = np.ones((4, 3)), sophia(), curvatures(), []
    for t, (bar, expected) in enumerate(zip(gradients(), with_optax(), strict=True), 1):
        before = 0.97 * x
        optim.update(rule, x, bar, curvature=given.get(t))
        np.testing.assert_allclose(x, expected, rtol=1e-9, err_msg=f"step {t}")
        clipped.append(np.isclose(np.abs(x - before), 0.07))
    assert 0.1 < np.mean(clipped) < 0.9


def test_curvature_may_be_a_function_which_is_called_when_it_is_needed():
    asked, expected, x = [], np.ones((4, 3)), np.ones((4, 3))
    by_value, by_function = sophia(), sophia()

    def estimate(rng):
        asked.append(rng.random())
        return curvatures()[3 * len(asked) - 2]

    for t, bar in enumerate(gradients(), 1):
        optim.update(by_value, expected, bar, curvature=curvatures().get(t))
        optim.update(by_function, x, bar, curvature=estimate)
    np.testing.assert_array_equal(x, expected)
    assert asked == [np.random.default_rng([0, t]).random() for t in (1, 4, 7, 10)]


def test_sophia_says_what_it_needs():
    xs, rule = [np.ones(2), np.ones(3)], optim.OptimiserChain(optim.ClipGrad(1.0), sophia())
    with pytest.raises(TypeError, match=r"needs the curvature at step 1: update\(state, model"):
        optim.update(rule, xs, [np.ones(2), np.ones(3)])
    with pytest.raises(ValueError, match=r"given to Sophia has none for an array \(3,\)"):
        optim.update(rule, xs, [np.ones(2), np.ones(3)], curvature=[np.ones(2), None])
    assert [x.tolist() for x in xs] == [[1.0] * 2, [1.0] * 3]
    optim.update(rule, xs, [np.ones(2), np.ones(3)], curvature=[np.ones(2), np.ones(3)])
    optim.update(rule, xs, [np.ones(2), np.ones(3)])  # not at this step
    assert xs[0][0] < 1


def test_sophia_trains_in_fit():
    model = network()
    history = train.fit(
        model, [(X, np.arange(9) % 2)], loss, optim.Sophia(0.05, every=2), 60, progress=False
    )
    assert history.losses[-1] < 0.6 * history.losses[0]
