import copy
import pickle

import numpy as np
import pytest

import adjoint as ad
from adjoint import optim
from adjoint.nn import Chain, Dense
from adjoint.optim import Adam, Descent, adjust, freeze, setup, thaw, update


def test_an_array_moves_in_place_and_the_rule_remembers_it():
    x, y, rule = np.zeros(3), np.zeros(3), Adam(0.1)
    for _ in range(3):
        update(rule, x, np.ones(3))
    state = setup(Adam(0.1), y)
    for _ in range(3):
        update(state, y, np.ones(3))
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
    assert len(setup(Adam(), model).leaves) == 4


def test_a_gradient_of_another_shape_is_refused_before_anything_moves():
    xs = [np.ones(2), np.ones((2, 1))]
    with pytest.raises(ValueError, match=r"of an array \(2, 1\) has the shape \(2, 2\)"):
        update(Descent(), xs, [np.ones(2), np.ones((2, 2))])
    np.testing.assert_array_equal(xs[0], 1)


class Normalised:
    """A layer that keeps a running mean, which is no parameter."""

    def __init__(self):
        self.weight, self.mean = np.ones(2), np.ones(2)

    def trainable(self):
        return (self.weight,)

    def __call__(self, x):
        return (x - self.mean) * self.weight


def test_what_is_not_trainable_does_not_move():
    layer = Normalised()
    bars = ad.gradient(lambda m, x: np.sum(m(x) ** 2), layer, np.arange(2.0))[0]
    assert bars.mean.any()
    update(optim.AdamW(0.1, decay=0.5), [layer], [bars])
    np.testing.assert_array_equal(layer.mean, 1)
    assert (layer.weight != 1).all()


def test_numbers_in_arrays_without_axes_move():
    x = np.array(3.0)
    update(Descent(0.5), x, ad.gradient(lambda x: x * x, x)[0])
    assert x.item() == 0 and x.shape == ()


@pytest.mark.parametrize("explicit", [True, False])
def test_frozen_parts_stay_and_remember(explicit):
    (model, _), (x, y) = models(), data()
    state = setup(Adam(0.01), model) if explicit else Adam(0.01)
    freeze(state, model[0])
    before = copy.deepcopy(model)
    for _ in range(3):
        update(state, model, ad.gradient(loss, model, x, y)[0])
    np.testing.assert_array_equal(model[0].weight, before[0].weight)
    np.testing.assert_array_equal(model[0].bias, before[0].bias)
    assert (model[1].weight != before[1].weight).all()
    thaw(state, model[0])
    update(state, model, ad.gradient(loss, model, x, y)[0])
    assert (model[0].weight != before[0].weight).any()


def test_adjusting_keeps_what_was_remembered():
    x, y, g = np.zeros(2), np.zeros(2), np.array([1.0, -2.0])
    state, rule = setup(optim.Momentum(0.1), x), optim.Momentum(0.1)
    update(state, x, g)
    update(rule, y, g)
    adjust(state, 0.2, rho=0.5)
    adjust(rule, eta=0.2, rho=0.5)
    update(state, x, g)
    update(rule, y, g)
    np.testing.assert_allclose(x, -0.1 * g - (0.5 * 0.1 + 0.2) * g)
    np.testing.assert_array_equal(x, y)


def test_a_part_may_be_adjusted_by_itself():
    a, b, c, g = np.zeros(2), np.zeros(2), np.zeros(2), np.ones(2)
    state = setup(optim.OptimiserChain(optim.WeightDecay(0.0), Descent(1.0)), [a, b, c])
    adjust(state, 0.25, part=[a, b])
    update(state, [a, b, c], [g, g, g])
    np.testing.assert_array_equal([a, b, c], [[-0.25] * 2, [-0.25] * 2, [-1] * 2])
    adjust(state, 0.5)  # of all
    update(state, [a, b, c], [g, g, g])
    np.testing.assert_array_equal([a, b, c], [[-0.75] * 2, [-0.75] * 2, [-1.5] * 2])


def test_a_hyperparameter_that_no_rule_has_is_refused():
    inner = Descent()
    state = setup(optim.EMA(inner), np.ones(2))
    with pytest.raises(TypeError, match="no hyperparameter 'beta'; it has decay, eta"):
        adjust(state, 0.5, beta=(0.8, 0.9))
    assert inner.eta == 0.1  # nothing was changed


def test_a_part_of_what_goes_together_is_not_adjusted_by_itself():
    a, b = np.ones(2), np.ones(2)
    state = setup(optim.OptimiserChain(optim.ClipGlobalNorm(), Descent()), [a, b])
    adjust(state, 0.5, part=a)
    with pytest.raises(ValueError, match="Partition"):
        update(state, [a, b], [a, b])


def test_parts_have_rules_of_their_own():
    (model, _), (x, y) = models(), data()
    before = copy.deepcopy(model)
    label = optim.parts(body=model[0], head=model[1].bias)
    rule = optim.Partition(label, {"body": Descent(0.1), "head": Adam(0.1)})
    bars = ad.gradient(loss, model, x, y)[0]
    update(rule, model, bars)
    expected = before[0].weight - 0.1 * bars.layers[0].weight
    np.testing.assert_allclose(model[0].weight, expected, rtol=1e-6)
    np.testing.assert_array_equal(model[1].weight, before[1].weight)
    np.testing.assert_allclose(np.abs(model[1].bias - before[1].bias), 0.1, rtol=1e-3)
    with pytest.raises(KeyError, match="the label 2 has no rule: there are 1"):
        update(optim.Partition(lambda x: x.ndim, {1: Adam()}), model, bars)
    chosen = optim.masked(Descent(1.0), lambda x: x.ndim == 2)
    update(chosen, model, bars)
    np.testing.assert_allclose(np.abs(model[1].bias - before[1].bias), 0.1, rtol=1e-3)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize(
    "make", [lambda: optim.EMA(Adam(0.1)), lambda: optim.LBFGS(), lambda: optim.Prodigy()]
)
def test_a_copy_of_model_and_state_goes_on_by_itself(copied, make):
    model = [np.array([1.0, 2.0]), np.array([[3.0]])]
    state = setup(make(), model)

    def train(state, model, steps=3):
        for _ in range(steps):
            update(state, model, [x**3 / 10 for x in model])

    train(state, model)
    again, states = copied((model, state))
    train(state, model)
    assert (again[0] != model[0]).all()
    train(states, again)
    for x, y in zip(model, again):
        np.testing.assert_array_equal(x, y)


def test_averages_are_shown_and_put_back():
    x = np.ones(2)
    rule = optim.EMA(Descent(1.0), 0.5)
    with pytest.raises(ValueError, match="kept no averages"), optim.averaged(rule, x):
        pass
    update(rule, x, np.ones(2))
    update(rule, x, np.ones(2))
    with pytest.raises(ZeroDivisionError), optim.averaged(rule, [x]):
        np.testing.assert_allclose(x, -2 / 3)  # of 0 and -1, the latter twice the weight
        raise ZeroDivisionError
    np.testing.assert_array_equal(x, -1)


def test_what_moves_arrays_itself_goes_last():
    chain = optim.OptimiserChain(optim.EMA(Descent()), Descent())
    with pytest.raises(TypeError, match=r"put it last in the chain, or around .* EMA\(Optimiser"):
        update(chain, np.ones(2), np.ones(2))
    chain = optim.OptimiserChain(optim.EMA(Descent()), optim.ClipGlobalNorm())
    with pytest.raises(TypeError, match="put it last"):
        update(chain, np.ones(2), np.ones(2))


def test_averaging_waits_for_accumulated_steps():
    x = np.zeros(1)
    rule = optim.EMA(optim.OptimiserChain(optim.AccumGrad(2), Descent(1.0)), 0.5)
    for g in (1.0, 3.0, 5.0):
        update(rule, x, np.array([g]))
    assert x.item() == -2 and rule.state.leaves.get(x).slot.count == 1
    together = np.zeros(1)
    rule = optim.EMA(
        optim.OptimiserChain(optim.AccumGrad(2), optim.ClipGlobalNorm(1.0), Descent(1.0)), 0.5
    )
    for g in (1.0, 3.0, 5.0):
        update(rule, together, np.array([g]))
    assert together.item() == -1 and rule.state.leaves.get(together).slot.count == 1


def test_skipping_gives_up_after_a_while():
    x, rule = np.zeros(1), optim.SkipNotFinite(Descent(1.0), limit=2)
    bad = np.array([np.nan])
    for _ in range(2):
        update(rule, x, bad)
    update(rule, x, np.ones(1))
    assert x.item() == -1 and rule.skipped == 0
    with pytest.raises(ad.NonFiniteError, match="3 updates in a row"):
        for _ in range(3):
            update(rule, x, bad)
    assert x.item() == -1
