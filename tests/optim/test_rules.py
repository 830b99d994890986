import numpy as np
import pytest

from adjoint.optim import Adam, Descent


def gradients(dtype=np.float64, steps=7):
    return np.random.default_rng(0).normal(size=(steps, 4, 3)).astype(dtype)


def adam(x, x_bars, eta, beta, eps):
    """Kingma and Ba 2015, algorithm 1, literally."""
    m, v = np.zeros_like(x), np.zeros_like(x)
    for t, g in enumerate(x_bars, start=1):
        m = beta[0] * m + (1 - beta[0]) * g
        v = beta[1] * v + (1 - beta[1]) * g**2
        m_hat = m / (1 - beta[0] ** t)
        v_hat = v / (1 - beta[1] ** t)
        x = x - eta * m_hat / (np.sqrt(v_hat) + eps)
    return x


@pytest.mark.parametrize(
    "options",
    [{}, {"eta": 0.1}, {"beta": (0.5, 0.7)}, {"eta": 1.0, "beta": (0.0, 0.9), "eps": 0.1}],
)
def test_adam_is_its_formula(options):
    x = np.ones((4, 3))
    rule = Adam(**options)
    expected = adam(x, gradients(), rule.eta, rule.beta, rule.eps)
    slot = rule.start(x)
    for x_bar in gradients():
        rule.step(x, x_bar, slot)
    np.testing.assert_allclose(x, expected, rtol=1e-13)


def test_descent_is_its_formula():
    x, rule = np.ones((4, 3)), Descent(0.5)
    slot = rule.start(x)
    for x_bar in gradients():
        rule.step(x, x_bar, slot)
    np.testing.assert_allclose(x, 1 - 0.5 * gradients().sum(0))


@pytest.mark.parametrize("rule", [Descent(0.1), Adam(0.1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_a_step_keeps_array_dtype_and_gradient(rule, dtype):
    x = kept = np.ones((4, 3), dtype)
    x_bar = gradients(dtype)[0]
    before = x_bar.copy()
    rule.step(x, x_bar, rule.start(x))
    assert x is kept and x.dtype == dtype
    assert (x != 1).all()
    np.testing.assert_array_equal(x_bar, before)


def test_adam_treats_a_complex_parameter_by_its_modulus():
    x, rule = np.array([0j]), Adam(0.1)
    rule.step(x, np.array([3 + 4j]), rule.start(x))
    np.testing.assert_allclose(x, [-0.1 * (3 + 4j) / 5], rtol=1e-7)


def test_hyperparameters_may_change_between_steps():
    x, rule = np.zeros(2), Descent(1.0)
    slot = rule.start(x)
    rule.step(x, np.ones(2), slot)
    rule.eta = 0.25
    rule.step(x, np.ones(2), slot)
    np.testing.assert_array_equal(x, -1.25)


def test_rules_print_as_they_are_built():
    assert repr(Descent(0.5)) == "Descent(eta=0.5)"
    assert repr(Adam()) == "Adam(eta=0.001, beta=(0.9, 0.999), eps=1e-08)"
