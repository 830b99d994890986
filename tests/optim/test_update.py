import copy

import numpy as np
import pytest

import adjoint as ad
from adjoint.nn import Chain, Dense
from adjoint.optim import Adam, Descent, setup, update


def test_an_array_moves_in_place_and_the_rule_remembers_it():
    x, y, rule = np.zeros(3), np.zeros(3), Adam(0.1)
    for _ in range(3):
        update(rule, x, np.ones(3))
    slot = rule.start(y)
    for _ in range(3):
        rule.step(y, np.ones(3), slot)
    np.testing.assert_array_equal(x, y)


def test_containers_are_walked_and_what_has_no_gradient_is_left_alone():
    a, b, c, d = (np.ones(2) for _ in range(4))
    ints = np.arange(2)
    target = [a, (b, "name", None), {"c": c, "n": 3, "d": d}, ints, 5.0]
    grads = [a * 1, (b * 2, None, None), {"c": c * 3, "n": None}, np.ones(2), 1.0]
    update(Descent(0.5), target, grads)
    np.testing.assert_array_equal([a, b, c, d], [[0.5] * 2, [0] * 2, [-0.5] * 2, [1] * 2])
    np.testing.assert_array_equal(ints, [0, 1])


def test_an_array_in_two_places_moves_once_along_the_sum():
    x, y, rule = np.ones(2), np.ones(2), Adam(0.1)
    update(rule, [x, x], [np.array([1.0, 2.0]), np.array([3.0, -2.5])])
    update(Adam(0.1), y, np.array([4.0, -0.5]))
    np.testing.assert_array_equal(x, y)


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        update(Descent(0.1), [np.ones(2), np.ones(2)], [np.ones(2)])


def models():
    rng = np.random.default_rng(0)
    first = Chain(Dense(3, 4, np.tanh, rng=rng), Dense(4, 1, rng=rng))
    return first, copy.deepcopy(first)


def data():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 3)).astype(np.float32)
    return x, np.sum(x, axis=1, keepdims=True)


def loss(model, x, y):
    return np.mean((model(x) - y) ** 2)


def test_a_model_is_walked_along_its_tangent():
    model, _ = models()
    before = copy.deepcopy(model)
    weight_bar = np.ones((4, 1), np.float32)
    update(
        Descent(0.5),
        model,
        ad.Tangent(layers=(None, ad.Tangent(weight=weight_bar, bias=None, activation=None))),
    )
    np.testing.assert_array_equal(model[1].weight, before[1].weight - 0.5)
    np.testing.assert_array_equal(model[0].weight, before[0].weight)
    np.testing.assert_array_equal(model[1].bias, before[1].bias)


def test_variables_that_a_function_captured_are_walked():
    w = np.ones(2)

    def layer(x):
        return x * w

    update(Descent(0.5), Chain(layer), ad.Tangent(layers=(ad.Tangent(w=np.ones(2)),)))
    np.testing.assert_array_equal(w, [0.5, 0.5])


@pytest.mark.parametrize("make", [lambda: Descent(0.05), lambda: Adam(0.05)])
def test_by_identity_and_explicitly_agree(make):
    (one, two), (x, y) = models(), data()
    start = loss(one, x, y)
    rule, state = make(), setup(make(), two)
    ps = ad.params(one)
    for _ in range(50):
        update(rule, ps, ad.gradient(lambda: loss(one, x, y), ps))
        update(state, two, ad.gradient(loss, two, x, y)[0])
    assert loss(one, x, y) < 0.2 * start
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a.weight, b.weight, rtol=1e-5)
        np.testing.assert_allclose(a.bias, b.bias, rtol=1e-5, atol=1e-6)


def test_setup_knows_every_parameter():
    model, _ = models()
    assert len(setup(Adam(), model).slots) == 4
