"""Whole programs around SciPy's solvers, as they are written in papers and notebooks."""

import numpy as np
from scipy import integrate, optimize, stats

import adjoint as ad


def test_the_parameters_of_predators_and_prey_are_found_from_their_numbers():
    """Lotka and Volterra's equations are fitted to data, by odeint and our gradient."""
    true = np.array([1.0, 0.1, 1.5, 0.075])
    times = np.linspace(0, 6, 25)
    start = np.array([10.0, 5.0])

    def velocity(state, t, growth, caught, death, born):
        prey, predators = state
        return [
            growth * prey - caught * prey * predators,
            born * prey * predators - death * predators,
        ]

    observed = integrate.odeint(velocity, start, times, args=tuple(true))

    def loss(logs):
        states = integrate.odeint(velocity, start, times, args=tuple(np.exp(logs)))
        return np.mean((np.log(states) - np.log(observed)) ** 2)

    def value_and_slope(logs):
        value, (slope,) = ad.value_and_gradient(loss, logs)
        return value, slope

    guess = np.log(true) + np.array([0.1, -0.1, 0.1, -0.1])
    ad.check_gradient(loss, guess, rtol=1e-3, atol=1e-5)
    found = optimize.minimize(
        value_and_slope, guess, jac=True, method="BFGS", options={"gtol": 1e-7}
    )
    np.testing.assert_allclose(np.exp(found.x), true, rtol=1e-4)


class Pendulum:
    def __init__(self, length, damping):
        self.length, self.damping = length, damping

    def velocity(self, t, state):
        angle, rate = state
        return np.array([rate, -9.81 / self.length * np.sin(angle) - self.damping * rate])

    def energy(self, state):
        angle, rate = state
        return 0.5 * self.length**2 * rate**2 + 9.81 * self.length * (1 - np.cos(angle))

    def after(self, seconds, state):
        found = integrate.solve_ivp(self.velocity, (0, seconds), state, rtol=1e-9, atol=1e-10)
        assert found.success
        return found.y[:, -1]


def test_the_energy_of_a_pendulum_at_the_end():
    """Without damping it is that of the beginning, and so is its gradient."""
    state = np.array([1.2, 0.4])

    def at_end(pendulum, state, seconds):
        return pendulum.energy(pendulum.after(seconds, state))

    pendulum_bar, state_bar, seconds_bar = ad.gradient(at_end, Pendulum(0.7, 0.0), state, 2.5)
    expected = ad.gradient(lambda p, s: p.energy(s), Pendulum(0.7, 0.0), state)
    np.testing.assert_allclose(state_bar, expected[1], rtol=1e-5)
    np.testing.assert_allclose(pendulum_bar.length, expected[0].length, rtol=1e-5)
    np.testing.assert_allclose(seconds_bar, 0.0, atol=1e-6)

    def damped(length, damping, state, seconds):
        return at_end(Pendulum(length, damping), state, seconds)

    arguments = 0.7, 0.3, state, 1.5
    ad.check_gradient(damped, *arguments, modes=("reverse", "forward"), rtol=1e-4)


def logistic_data():
    random = np.random.default_rng(1)
    x = random.standard_normal((40, 3))
    p = 1 / (1 + np.exp(-x @ np.array([1.0, -2.0, 0.5])))
    return x, (random.random(40) < p).astype(float)


def test_how_a_most_probable_estimate_depends_on_the_prior():
    """Logistic regression with a normal prior: x* of `minimize`, differentiated by its width; and by the
    derivative of the optimality condition, written out by hand."""
    x, y = logistic_data()

    def minus_log_posterior(w, width):
        z = x @ w
        return np.sum(np.logaddexp(0, z) - y * z) + 0.5 * np.sum(w * w) / width**2

    def estimate(width):
        found = optimize.minimize(
            minus_log_posterior, np.zeros(3), args=(width,), method="BFGS", options={"gtol": 1e-9},
            jac=lambda w, width: ad.gradient(minus_log_posterior, w, width)[0],
        )  # fmt: skip
        return found.x

    width = 0.8
    w = estimate(width)
    p = 1 / (1 + np.exp(-x @ w))
    hessian = x.T @ (x * (p * (1 - p))[:, None]) + np.eye(3) / width**2
    expected = np.linalg.solve(hessian, 2 * w / width**3)
    np.testing.assert_allclose(ad.jvp(estimate, (width,), (1.0,))[1], expected, rtol=1e-6)
    for i in range(3):
        slope = ad.gradient(lambda width, i=i: estimate(width)[i], width)[0]
        np.testing.assert_allclose(slope, expected[i], rtol=1e-6)


def test_the_penalty_that_predicts_best_is_found_by_its_gradient():
    """Two levels: the outer minimum is over the penalty of the inner one (held-out data)."""
    random = np.random.default_rng(2)
    x, held = random.standard_normal((20, 4)), random.standard_normal((30, 4))
    true = np.array([1.0, 0.0, -0.5, 0.2])
    y = x @ true + random.standard_normal(20)
    target = held @ true

    def error(log_penalty, fit):
        return np.mean((held @ fit(np.exp(log_penalty)) - target) ** 2)

    def ridge(penalty):
        return np.linalg.solve(x.T @ x + penalty * np.eye(4), x.T @ y)

    def fitted(penalty):
        def residuals(w):
            return np.concatenate((x @ w - y, np.sqrt(penalty) * w))

        return optimize.least_squares(residuals, np.zeros(4), gtol=1e-12, xtol=1e-12, ftol=1e-12).x

    ours, theirs = (ad.gradient(error, 0.3, fit)[0] for fit in (fitted, ridge))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    outer = optimize.minimize(
        lambda p: ad.value_and_gradient(lambda q: error(q, fitted), p[0])[0],
        [0.0], jac=lambda p: np.array(ad.gradient(lambda q: error(q, fitted), p[0])), tol=1e-9,
    )  # fmt: skip
    best = optimize.minimize_scalar(lambda q: error(q, ridge), bracket=(-2, 2), tol=1e-9)
    np.testing.assert_allclose(outer.x[0], best.x, atol=1e-4)


def test_the_mean_energy_is_the_derivative_of_the_partition_function():
    """-d log Z / dβ = ⟨E⟩, and the second derivative is the variance of the energy."""

    def energy(x):
        return (x * x - 1) ** 2 + 0.2 * x

    def log_partition(beta):
        return np.log(integrate.quad(lambda x: np.exp(-beta * energy(x)), -np.inf, np.inf)[0])

    beta = 1.7
    x = np.linspace(-6, 6, 4001)
    weights = np.exp(-beta * energy(x))
    weights /= np.sum(weights)
    mean = np.sum(weights * energy(x))
    np.testing.assert_allclose(-ad.gradient(log_partition, beta)[0], mean, rtol=1e-8)
    variance = np.sum(weights * (energy(x) - mean) ** 2)
    np.testing.assert_allclose(ad.hvp(log_partition, beta, 1.0), variance, rtol=1e-6)


def test_how_far_a_quantile_moves():
    """A quantile of a mixture by `brentq` moves as the implicit function theorem by hand says."""

    def quantile(q, means, weight):
        def excess(x):
            return (
                weight * stats.norm.cdf(x, means[0])
                + (1 - weight) * stats.norm.cdf(x, means[1])
                - q
            )

        return optimize.brentq(excess, -20, 20)

    q, means, weight = 0.7, np.array([-1.0, 2.0]), 0.4
    x = quantile(q, means, weight)
    parts = np.array([weight, 1 - weight]) * stats.norm.pdf(x, means)
    q_bar, means_bar, weight_bar = ad.gradient(quantile, q, means, weight)
    np.testing.assert_allclose(q_bar, 1 / np.sum(parts))
    np.testing.assert_allclose(means_bar, parts / np.sum(parts))
    expected = -(stats.norm.cdf(x, means[0]) - stats.norm.cdf(x, means[1])) / np.sum(parts)
    np.testing.assert_allclose(weight_bar, expected)
