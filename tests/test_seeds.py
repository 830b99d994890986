"""What the five tutorials that started this project print, and the models that they build.

The numbers are those printed by Flux; where a tutorial draws random numbers, its behaviour (the
loss decreases, the models learn) is what is tested.
"""

from functools import reduce

import numpy as np
import pytest


def f(x):
    return 3 * x**2 + 2 * x + 1


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


# -- derivatives --


@pytest.mark.parametrize(("x", "slope"), [(n, 6.0 * n + 2) for n in range(1, 11)])
def test_derivatives(x, slope):
    import adjoint as ad

    def df(x):
        return ad.gradient(f, x)[0]

    def d2f(x):
        return ad.gradient(df, x)[0]

    assert df(x) == slope  # 8.0, 14.0, ..., 62.0
    assert d2f(x) == 6.0


def test_several_arguments():
    import adjoint as ad

    assert ad.gradient(lambda a, b: a * b, 3, 7) == (7.0, 3.0)
    assert ad.gradient(lambda W, b, x: W * x + b, 2, 3, 4) == (4.0, 1.0, 2.0)


def test_integer_arrays():
    import adjoint as ad

    def distance(x, y):
        return np.sum((x - y) ** 2)

    x_bar, y_bar = ad.gradient(distance, np.array([2, 1]), np.array([2, 0]))
    assert x_bar.dtype == y_bar.dtype == float
    assert x_bar.tolist() == [0.0, 2.0]
    assert y_bar.tolist() == [-0.0, -2.0]
    assert np.signbit(y_bar).all()  # minus zero, as printed


# -- implicit parameters --


def test_parameters_by_identity():
    import adjoint as ad

    x, y = np.array([2.0, 1.0]), np.array([2.0, 0.0])
    gs = ad.gradient(lambda: np.sum((x - y) ** 2), ad.params(x, y))
    assert isinstance(gs, ad.Grads)
    assert gs[x].tolist() == [0.0, 2.0]
    assert gs[y].tolist() == [0.0, -2.0]

    equal_but_not_the_same = x.copy()
    with pytest.raises(KeyError):
        gs[equal_but_not_the_same]


def test_an_untouched_parameter_gets_zeros():
    import adjoint as ad

    x, unused = np.array([2.0, 1.0]), np.ones((2, 3))
    gs = ad.gradient(lambda: np.sum(x * x), ad.params(x, unused))
    np.testing.assert_array_equal(gs[unused], np.zeros((2, 3)))


def regression():
    rng = np.random.default_rng(1)
    W, b = rng.random((2, 5)), rng.random(2)
    x, y = rng.random(5), rng.random(2)

    def predict(x):
        return W @ x + b

    def loss(x, y):
        return np.sum((y - predict(x)) ** 2)

    return W, b, x, y, loss


def test_linear_regression_gradient():
    import adjoint as ad

    W, b, x, y, loss = regression()
    gs = ad.gradient(lambda: loss(x, y), ad.params(W, b))
    residual = 2 * (W @ x + b - y)
    np.testing.assert_allclose(gs[b], residual, rtol=1e-14)
    np.testing.assert_allclose(gs[W], np.outer(residual, x), rtol=1e-14)


def test_linear_regression_learns():
    import adjoint as ad

    W, b, x, y, loss = regression()
    losses = [loss(x, y)]
    for _ in range(10):
        gs = ad.gradient(lambda: loss(x, y), ad.params(W, b))
        W -= 0.1 * gs[W]
        b -= 0.1 * gs[b]
        losses.append(loss(x, y))
    assert all(after < before for before, after in zip(losses, losses[1:]))
    # Each step multiplies the residual by 1 - 0.2 (|x|² + 1), exactly.
    factor = (1 - 0.2 * (x @ x + 1)) ** 2
    np.testing.assert_allclose(losses, losses[0] * factor ** np.arange(11.0), rtol=1e-8)


# -- gradient descent: ten vectors, to all printed digits --

START = [0.2972879845354616, 0.3823959677906078]
DESCENT = [
    [0.05945759690709232, 0.30591677423248625],
    [0.011891519381418462, 0.244733419385989],
    [0.0023783038762836915, 0.1957867355087912],
    [0.0004756607752567383, 0.15662938840703294],
    [9.513215505134763e-5, 0.12530351072562634],
    [1.9026431010269525e-5, 0.10024280858050108],
    [3.8052862020539047e-6, 0.08019424686440087],
    [7.610572404107806e-7, 0.06415539749152069],
    [1.5221144808215608e-7, 0.05132431799321655],
    [3.044228961643121e-8, 0.041059454394573244],
]


def bowl(x):
    return 4 * x[0] ** 2 + x[1] ** 2


def test_descent_by_hand():
    x = np.array(START)
    for printed in DESCENT:
        x = x - 0.1 * np.array([8 * x[0], 2 * x[1]])
        assert x.tolist() == printed


def test_descent_with_a_new_array_each_step():
    import adjoint as ad

    x = np.array(START)
    for printed in DESCENT:
        gs = ad.gradient(lambda: bowl(x), ad.params(x))  # noqa: B023 - the cell is read again
        x = x - 0.1 * gs[x]
        assert x.tolist() == printed


def test_descent_of_a_global():
    import adjoint as ad

    global position
    position = np.array(START)
    for printed in DESCENT:
        gs = ad.gradient(lambda: bowl(position), ad.params(position))
        position = position - 0.1 * gs[position]
        assert position.tolist() == printed


def test_descent_in_place():
    import adjoint as ad

    x = np.array(START)
    ps = ad.params(x)
    for printed in DESCENT:
        gs = ad.gradient(lambda: bowl(x), ps)
        x -= 0.1 * gs[x]
        assert x.tolist() == printed


def test_descent_with_the_optimiser():
    import adjoint as ad
    from adjoint import optim

    x = np.array(START)
    ps = ad.params(x)
    rule = optim.Descent(0.1)
    for printed in DESCENT:
        gs = ad.gradient(lambda: bowl(x), ps)
        optim.update(rule, ps, gs)
        assert x.tolist() == printed


def test_explicit_descent():
    import adjoint as ad

    x = np.array(START)
    for printed in DESCENT:
        x = x - 0.1 * ad.gradient(bowl, x)[0]
        assert x.tolist() == printed


# -- building layers --


def test_two_layers_of_globals():
    import adjoint as ad

    rng = np.random.default_rng(2)
    W1, b1, W2, b2 = rng.random((3, 5)), rng.random(3), rng.random((2, 3)), rng.random(2)
    x = rng.random(5)

    def layer1(x):
        return W1 @ x + b1

    def layer2(x):
        return W2 @ x + b2

    def model(x):
        return layer2(sigmoid(layer1(x)))

    gs = ad.gradient(lambda: np.sum(model(x)), ad.params(W1, b1, W2, b2))
    hidden = sigmoid(W1 @ x + b1)
    hidden_bar = W2.sum(axis=0) * hidden * (1 - hidden)
    np.testing.assert_allclose(gs[W2], np.stack([hidden, hidden]), rtol=1e-12)
    np.testing.assert_allclose(gs[b2], [1.0, 1.0])
    np.testing.assert_allclose(gs[b1], hidden_bar, rtol=1e-12)
    np.testing.assert_allclose(gs[W1], np.outer(hidden_bar, x), rtol=1e-12)


def linear(inputs, outputs, rng):
    W = rng.normal(size=(outputs, inputs))
    b = rng.normal(size=outputs)
    return lambda x: W @ x + b


def captured(function, name):
    return dict(zip(function.__code__.co_freevars, function.__closure__))[name].cell_contents


def test_closures_as_layers():
    import adjoint as ad

    rng = np.random.default_rng(3)
    linear1, linear2 = linear(5, 3, rng), linear(3, 2, rng)
    x = rng.random(5)
    W1, b1 = captured(linear1, "W"), captured(linear1, "b")
    W2, b2 = captured(linear2, "W"), captured(linear2, "b")

    def model(x):
        return linear2(sigmoid(linear1(x)))

    gs = ad.gradient(lambda: np.sum(model(x)), ad.params(W1, b1, W2, b2))
    hidden = sigmoid(W1 @ x + b1)
    hidden_bar = W2.sum(axis=0) * hidden * (1 - hidden)
    np.testing.assert_allclose(gs[W1], np.outer(hidden_bar, x), rtol=1e-12)
    np.testing.assert_allclose(gs[b1], hidden_bar, rtol=1e-12)
    np.testing.assert_allclose(gs[b2], [1.0, 1.0])

    (x_bar,) = ad.gradient(lambda x: np.sum(model(x)), x)
    np.testing.assert_allclose(x_bar, hidden_bar @ W1, rtol=1e-12)


class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def __call__(self, x):
        return self.W @ x + self.b


def test_a_callable_class_as_layer():
    import adjoint as ad

    rng = np.random.default_rng(4)
    a = Affine(rng.normal(size=(5, 10)), rng.normal(size=5))
    x = rng.random(10)

    def loss(a, x):
        return np.sum(a(x) ** 2)

    a_bar, x_bar = ad.gradient(loss, a, x)
    y_bar = 2 * a(x)
    np.testing.assert_allclose(a_bar.W, np.outer(y_bar, x), rtol=1e-12)
    np.testing.assert_allclose(a_bar.b, y_bar, rtol=1e-12)
    np.testing.assert_allclose(x_bar, y_bar @ a.W, rtol=1e-12)

    gs = ad.gradient(lambda: loss(a, x), ad.params(a.W, a.b))
    np.testing.assert_allclose(gs[a.W], a_bar.W)
    np.testing.assert_allclose(gs[a.b], a_bar.b)


def test_layers_folded():
    import adjoint as ad

    rng = np.random.default_rng(5)
    first = Affine(rng.normal(size=(5, 10)), rng.normal(size=5))
    second = Affine(rng.normal(size=(2, 5)), rng.normal(size=2))
    layers = [first, sigmoid, second, softmax]
    x = rng.random(10)

    def model(x):
        return reduce(lambda x, m: m(x), layers, x)

    assert np.isclose(np.sum(model(x)), 1.0)
    gs = ad.gradient(lambda: -np.log(model(x)[0]), ad.params(first.W, second.W, second.b))
    hidden = sigmoid(first(x))
    logits_bar = softmax(second(hidden)) - np.array([1.0, 0.0])
    np.testing.assert_allclose(gs[second.b], logits_bar, rtol=1e-10)
    np.testing.assert_allclose(gs[second.W], np.outer(logits_bar, hidden), rtol=1e-10)
    hidden_bar = logits_bar @ second.W * hidden * (1 - hidden)
    np.testing.assert_allclose(gs[first.W], np.outer(hidden_bar, x), rtol=1e-10)


def test_chain_of_plain_functions():
    import adjoint as ad

    chain = [lambda x: x**2, lambda x: x + 1]

    def model(x):
        for layer in chain:
            x = layer(x)
        return x

    assert model(5) == 26
    assert ad.gradient(model, 5) == (10.0,)


# -- recurrence --


def test_recurrent_cell():
    import adjoint as ad

    rng = np.random.default_rng(6)
    Wxh, Whh, b = rng.normal(size=(5, 10)), rng.normal(size=(5, 5)), rng.normal(size=5)
    x, h = rng.random(10), rng.random(5)

    def rnn(h, x):
        h = np.tanh(Wxh @ x + Whh @ h + b)
        return h, h

    def loss():
        state, y1 = rnn(h, x)
        state, y2 = rnn(state, x)
        return np.sum(y1) + np.sum(y2)

    gs = ad.gradient(loss, ad.params(Wxh, Whh, b))
    h1, _ = rnn(h, x)
    h2, _ = rnn(h1, x)
    second = 1 - h2**2
    first = (1 + second @ Whh) * (1 - h1**2)
    np.testing.assert_allclose(gs[b], first + second, rtol=1e-10)
    np.testing.assert_allclose(gs[Wxh], np.outer(first + second, x), rtol=1e-10)
    np.testing.assert_allclose(gs[Whh], np.outer(first, h) + np.outer(second, h1), rtol=1e-10)


# -- regularisation --


def test_sum_of_norms_over_parameters():
    import adjoint as ad

    rng = np.random.default_rng(7)
    W, b = rng.normal(size=(5, 10)), rng.normal(size=5)
    ps = ad.params(W, b)

    def penalty():
        return sum(np.linalg.norm(p) for p in ps)

    gs = ad.gradient(penalty, ps)
    np.testing.assert_allclose(gs[W], W / np.linalg.norm(W), rtol=1e-12)
    np.testing.assert_allclose(gs[b], b / np.linalg.norm(b), rtol=1e-12)


def test_loss_with_penalty():
    import adjoint as ad

    rng = np.random.default_rng(8)
    m = Affine(rng.normal(size=(5, 10)), np.zeros(5))
    x, y = rng.random(10), np.eye(5)[2]

    def loss(x, y):
        return -np.sum(y * np.log(softmax(m(x)))) + np.linalg.norm(m.W) + np.linalg.norm(m.b)

    gs = ad.gradient(lambda: loss(x, y), ad.params(m.W, m.b))
    logits_bar = softmax(m(x)) - y
    np.testing.assert_allclose(
        gs[m.W], np.outer(logits_bar, x) + m.W / np.linalg.norm(m.W), rtol=1e-10
    )
    np.testing.assert_allclose(gs[m.b], logits_bar, rtol=1e-10)  # the norm of 0 has the slope 0


# -- fitting a polynomial --


def l2_loss(y, y_hat):
    return np.sqrt(np.sum((y - y_hat) ** 2))


def test_one_step_of_the_polynomial_fit():
    """At x = 1 below the target every weight has the gradient -1, as printed."""
    import adjoint as ad

    w = np.array([0.5, 0.2, 0.1])

    def polynomial(x):
        return sum([x**i * w[i] for i in range(3)])

    before = l2_loss(abs(1), polynomial(1))
    gs = ad.gradient(lambda: l2_loss(abs(1), polynomial(1)), ad.params(w))
    np.testing.assert_allclose(gs[w], [-1.0, -1.0, -1.0], rtol=1e-15)
    w -= 1e-5 * gs[w]
    assert l2_loss(abs(1), polynomial(1)) == pytest.approx(before - 3e-5, abs=1e-12)


@pytest.mark.parametrize(
    "target", [abs, lambda x: float(x > 0), lambda x: max(x, 0.0)], ids=["abs", "step", "relu"]
)
def test_polynomial_fit_learns(target):
    import adjoint as ad

    w = np.random.default_rng(3).normal(size=3)
    ps = ad.params(w)
    points = np.linspace(-10, 10, 201)[::5]

    def polynomial(x):
        return sum([x**i * w[i] for i in range(3)])

    def epoch(eta):
        total = 0.0
        for x in points:
            value, gs = ad.value_and_gradient(lambda: l2_loss(target(x), polynomial(x)), ps)  # noqa: B023
            total += value / len(points)
            w[:] -= eta * gs[w]
        return total

    losses = [epoch(1e-3) for _ in range(30)]
    assert np.all(np.isfinite(w))
    assert losses[-1] < 0.5 * losses[0]


def test_loss_at_an_exact_fit():
    """sqrt of a sum of squares that is zero: no NaN may reach the weights."""
    import adjoint as ad

    w = np.array([0.0, 1.0, 0.0])

    def polynomial(x):
        return sum([x**i * w[i] for i in range(3)])

    gs = ad.gradient(lambda: l2_loss(2.0, polynomial(2.0)), ad.params(w))
    np.testing.assert_array_equal(gs[w], np.zeros(3))
