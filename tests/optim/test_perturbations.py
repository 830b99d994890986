"""Smooth means of functions without slopes: the same noise gives what Optax gives."""

from importlib import import_module
from typing import Any

import numpy as np
import pytest

import adjoint as ad
from adjoint import optim

jax: Any = import_module("jax")
optax: Any = import_module("optax")

X = np.array([0.3, -0.2, 0.5])
SAMPLES, SIGMA = 40, 0.4
W = np.array([1.0, -2.0, 0.7])


class Drawn:
    """A noise of ours that draws what Optax drew."""

    def __init__(self, noise, draws):
        self.log_density = noise.log_density
        self.draws = list(draws)

    def sample(self, rng, shape):
        assert self.draws[0].shape == shape
        return self.draws[0]


NOISES = [
    (optim.Gumbel(), optax.perturbations.Gumbel()),
    (optim.Normal(), optax.perturbations.Normal()),
]


def draws(theirs, *xs):
    """What Optax draws in each sample."""
    keys = jax.random.split(jax.random.key(0), SAMPLES)
    found = [optax.tree.random_like(key, xs, sampler=theirs.sample) for key in keys]
    return [np.stack([np.asarray(sample[i]) for sample in found]) for i in range(len(xs))]


def steps(x, np=np):
    """Has no slope but 0."""
    return np.stack([np.sign(x[0]), np.floor(3 * x[1]), np.sign(x[0] - x[2]) * np.floor(x[2] * 2)])


@pytest.mark.parametrize(("noise", "theirs"), NOISES, ids=["gumbel", "normal"])
@pytest.mark.parametrize("baseline", [True, False])
@pytest.mark.parametrize("vectorised", [True, False])
def test_values_and_derivatives_of_two_orders_are_those_of_optax(
    noise, theirs, baseline, vectorised
):
    with jax.enable_x64(True):
        x = jax.numpy.asarray(X)
        other: Any = optax.perturbations.make_perturbed_fun(
            lambda x: steps(x, jax.numpy), SAMPLES, SIGMA, theirs, baseline
        )

        def loss(x):
            y = other(jax.random.key(0), x)
            return jax.numpy.sum(W * y) + y[0] * y[2]

        expected = [np.asarray(f(x)) for f in (loss, jax.grad(loss), jax.hessian(loss))]
        drawn = Drawn(noise, draws(theirs, x))

    def each(xs):
        return np.stack([steps(x) for x in xs])

    smooth = optim.perturbed(
        each if vectorised else steps,
        samples=SAMPLES, sigma=SIGMA, noise=drawn, baseline=baseline, vectorised=vectorised,
    )  # fmt: skip

    def ours(x):
        y = smooth(x)
        return np.sum(W * y) + y[0] * y[2]

    found = [ours(X), ad.gradient(ours, X)[0], ad.hessian(ours, X)]
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-9, atol=1e-12)
    assert np.abs(expected[2]).min() > 1e-3


def test_several_arguments_and_results_of_any_form():
    """Of float32 and of numbers; what is counted or true becomes a frequency."""

    def f(a, b):
        return {"sum": [np.floor(a + b)], "above": (a > b, 3)}

    a, b = np.array([0.5, 2.0], np.float32), 1.0
    drawn = Drawn(optim.Normal(), [])
    z = np.random.default_rng(0).normal(size=(2, 500))

    class Both:
        log_density = staticmethod(drawn.log_density)

        def sample(self, rng, shape):
            return np.broadcast_to(z[len(shape) - 1].reshape(-1, *(1,) * (len(shape) - 1)), shape)

    smooth = optim.perturbed(f, samples=500, sigma=0.5, noise=Both())
    y = smooth(a, b)
    near = [a[None] + 0.5 * z[1][:, None], b + 0.5 * z[0][:, None]]
    np.testing.assert_allclose(y["sum"][0], np.floor(near[0] + near[1]).mean(0), rtol=1e-6)
    np.testing.assert_allclose(y["above"][0], (near[0] > near[1]).mean(0), rtol=1e-6)
    assert y["above"][1] == 3
    a_bar, b_bar = ad.gradient(lambda a, b: np.sum(smooth(a, b)["sum"][0]), a, b)
    weights = np.floor(near[0] + near[1]).sum(1) - np.floor(a + b).sum()
    # Σᵢ of the derivative of the density of each of the two entries of a, which have the same noise
    np.testing.assert_allclose(a_bar, np.full(2, np.mean(weights * z[1]) / 0.5), rtol=1e-4)
    np.testing.assert_allclose(b_bar, np.mean(weights * z[0]) / 0.5, rtol=1e-4)
    assert a_bar.dtype == np.float32


def test_the_mean_tends_to_the_smooth_function_and_its_slope():
    """Of a step under normal noise: Φ(x/σ), and its density."""
    from scipy.stats import norm

    smooth = optim.perturbed(
        lambda x: x > 0, samples=200_000, sigma=0.5, noise=optim.Normal(), vectorised=True, rng=0
    )
    x = np.array([0.3])
    np.testing.assert_allclose(smooth(x), norm.cdf(0.6), atol=5e-3)
    slope = ad.gradient(lambda x: smooth(x)[0], x)[0]
    np.testing.assert_allclose(slope, norm.pdf(0.6) / 0.5, atol=1e-2)
    curvature = ad.hessian(lambda x: smooth(x)[0], x)
    np.testing.assert_allclose(curvature, -0.6 * norm.pdf(0.6) / 0.25, atol=5e-2)


def test_each_call_draws_anew_and_a_seed_repeats_it():
    first, second = (optim.perturbed(np.sign, samples=9, sigma=1.0, rng=5) for _ in range(2))
    calls = [first(X) for _ in range(3)]
    assert (calls[0] != calls[1]).any()
    for call in calls:
        np.testing.assert_array_equal(second(X), call)
    with pytest.raises(ValueError, match="samples and sigma are positive, not 10 and 0"):
        optim.perturbed(np.sign, samples=10, sigma=0.0)


def test_a_choice_is_learned_through():
    """Which of three items is the best, told by nothing but a loss of the choice."""
    smooth = optim.perturbed(
        lambda scores: np.eye(3)[np.argmax(scores)], samples=200, sigma=0.5, rng=0
    )
    scores, costs = np.array([0.5, 0.0, 0.0]), np.array([1.0, 2.0, 0.0])
    rule = optim.Descent(0.2)
    for _ in range(60):
        optim.update(rule, scores, ad.gradient(lambda s: costs @ smooth(s), scores)[0])
    assert np.argmax(scores) == 2


def test_what_the_function_captures_is_refused():
    def f(w):
        return optim.perturbed(lambda z: (w * z).sum(), samples=5, rng=0)(np.ones(3))

    w = np.array([0.5, 1.0, 2.0])
    with pytest.raises(ad.MissingRuleError):
        ad.gradient(f, w)
    with pytest.raises(ad.MissingRuleError):
        ad.jvp(f, (w,), (w,))


def test_a_part_of_a_model_or_of_a_program_with_parameters():
    class Chooser:
        def __init__(self, w):
            self.w, self.choose = w, optim.perturbed(np.sign, samples=50, sigma=0.5, rng=0)

        def __call__(self):
            return np.sum(self.choose(self.w))

    w = np.array([0.1, -0.3])
    bar = ad.gradient(lambda model: model(), Chooser(w))[0].w
    model = Chooser(w)
    assert np.all(bar > 0)
    assert np.array_equal(ad.gradient(lambda: model(), ad.params(w))[w], bar)
