import operator

import numpy as np
import pytest

import adjoint as ad
from adjoint import nn
from adjoint.nn import Chain, Dense, relu


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def dense(inputs, outputs, seed=0, activation=nn.identity):
    layer = Dense(inputs, outputs, activation, rng=seed, dtype=np.float64)
    layer.bias = normal(outputs, seed=seed + 10)
    return layer


def test_chain_applies_its_layers_in_turn():
    first, second = Dense(4, 3, relu, rng=0), Dense(3, 2, rng=1)
    chain = Chain(first, second, np.sum)
    x = np.ones((2, 4), np.float32)
    assert chain(x) == np.sum(second(first(x)))
    assert chain[0] is first and chain[-1] is np.sum
    assert isinstance(chain[:2], Chain) and chain[:2].layers == (first, second)
    assert len(chain) == 3 and list(chain) == [first, second, np.sum]
    assert Chain([first, second]).layers == (first, second)


def test_an_empty_chain_is_the_identity():
    assert Chain()(5) == 5


def test_layers_have_names_if_they_are_given_any():
    chain = Chain(encoder=dense(3, 2), decoder=dense(2, 3))
    assert chain["encoder"] is chain[0] and chain["decoder"] is chain[1]
    assert chain[1:]["decoder"] is chain[1]
    with pytest.raises(KeyError, match="'middle'"):
        chain["middle"]
    with pytest.raises(TypeError, match="all layers or to none"):
        Chain(np.tanh, last=np.tanh)
    with pytest.raises(TypeError, match="no name for one"):
        Chain(layers=np.tanh)
    x = normal(4, 3)
    np.testing.assert_array_equal(chain(x), chain[1](chain[0](x)))


def test_layers_and_functions_compose_with_an_arrow():
    first, second = dense(3, 2), dense(2, 1)
    chain = first >> np.tanh >> second
    assert chain.layers == (first, np.tanh, second)
    assert (np.tanh >> first >> chain).layers == (np.tanh, first, *chain.layers)
    named = Chain(a=first)
    assert (named >> second).layers == (named, second)
    assert (first >> np.tanh)(np.ones(3)) == pytest.approx(np.tanh(first(np.ones(3))))


def test_layers_of_ones_own_are_layers():
    class Twice(nn.Layer):
        def __init__(self, factor):
            self.factor = np.array(factor)

        def __call__(self, x):
            return self.factor * x

    model = Twice(2.0) >> Twice(3.0)
    assert model(5.0) == 30
    assert repr(Twice(2.0)) == "Twice()"
    assert "Twice(),  # 1 parameters" in repr(model)
    g = ad.gradient(lambda m: m(5.0) * 1.0, model)[0]
    assert [float(layer.factor) for layer in g.layers] == [15, 10]
    with pytest.raises(NotImplementedError, match="Layer does not define __call__"):
        nn.Layer()(1)


def test_several_arguments_of_a_chain_are_one_tuple():
    chain = Chain(nn.Parallel(operator.add, np.sin, np.cos), np.tanh)
    assert chain(1.0, 2.0) == np.tanh(np.sin(1.0) + np.cos(2.0)) == chain((1.0, 2.0))


def test_maxout_takes_the_largest():
    layer = nn.Maxout(dense(3, 4, 0), dense(3, 4, 1), dense(3, 4, 2))
    x = normal(5, 3)
    np.testing.assert_array_equal(layer(x), np.max([f(x) for f in layer.layers], axis=0))
    made = nn.Maxout(lambda: Dense(3, 4), 2)
    assert len(made.layers) == 2 and (made.layers[0].weight != made.layers[1].weight).any()
    with pytest.raises(ValueError, match="at least one"):
        nn.Maxout()


@pytest.mark.parametrize("connection", [operator.add, lambda y, x: np.concatenate([y, x], axis=-1)])
def test_skip_connections_give_the_layers_output_first(connection):
    f, x = dense(3, 3), normal(5, 3)
    np.testing.assert_array_equal(nn.SkipConnection(f, connection)(x), connection(f(x), x))


def test_parallel_layers():
    f, g, x, y = dense(3, 2, 0), dense(3, 2, 1), normal(5, 3), normal(4, 3)

    def join(*ys):
        return np.concatenate(ys, axis=0)

    np.testing.assert_array_equal(nn.Parallel(join, f, g)(x), join(f(x), g(x)))
    np.testing.assert_array_equal(nn.Parallel(join, f, g)(x, y), join(f(x), g(y)))
    np.testing.assert_array_equal(nn.Parallel(join, [f, g])((x, y)), join(f(x), g(y)))
    np.testing.assert_array_equal(nn.Parallel(join, f)(x, y), join(f(x), f(y)))
    with pytest.raises(nn.SizeMismatch, match="2 layers and was given 3 inputs"):
        nn.Parallel(join, f, g)(x, x, x)
    assert nn.Parallel(join, f, g)[1] is g


def test_pairwise_fusion_hands_each_output_to_the_next():
    layer = nn.PairwiseFusion(operator.add, np.sin, np.cos, np.tanh)
    y1 = np.sin(1.0)
    y2 = np.cos(y1 + 2.0)
    assert layer(1.0, 2.0, 3.0) == (y1, y2, np.tanh(y2 + 3.0))
    y2 = np.cos(y1 + 1.0)
    assert layer(1.0) == (y1, y2, np.tanh(y2 + 1.0))
    with pytest.raises(nn.SizeMismatch, match="3 layers and was given 2 inputs"):
        layer(1.0, 2.0)


@pytest.mark.parametrize(
    "layer",
    [
        Chain(dense(3, 3, activation=np.tanh), dense(3, 3, 1)),
        Chain(a=dense(3, 2, activation=np.tanh), b=dense(2, 3, 1)),
        nn.Maxout(dense(3, 2, 0), dense(3, 2, 1), dense(3, 2, 2)),
        nn.SkipConnection(dense(3, 3, 1, np.tanh), operator.add),
        nn.SkipConnection(
            Chain(dense(3, 3, 1, np.tanh)), lambda y, x: np.concatenate([y, x], axis=-1)
        ),
        nn.Parallel(operator.mul, dense(3, 2, 0), dense(3, 2, 1, np.tanh)),
        nn.Parallel(lambda *ys: np.concatenate(ys, axis=-1), dense(3, 2, 0), dense(3, 2, 1)),
        dense(3, 2, activation=np.tanh) >> np.sin >> dense(2, 2, 1),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_derivatives_match_differences(layer):
    ad.check_gradient(
        lambda m, x: np.sum(m(x) ** 3), layer, normal(4, 3), order=2, rtol=1e-4, atol=1e-5
    )


def test_derivatives_of_several_inputs_match_differences():
    fusion = nn.PairwiseFusion(operator.add, dense(3, 3, 0, np.tanh), dense(3, 3, 1, np.tanh))

    def loss(m, x, y):
        first, second = m(x, y)
        return np.sum(first * second)

    ad.check_gradient(
        loss, fusion, normal(4, 3), normal(4, 3, seed=1), order=2, rtol=1e-4, atol=1e-5
    )
    beside = nn.Parallel(operator.mul, dense(3, 2, 0), dense(4, 2, 1))
    ad.check_gradient(
        lambda m, x, y: np.sum(m(x, y) ** 2),
        beside,
        normal(4, 3),
        normal(4, 4),
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_layer_used_twice_gets_both_contributions():
    f = dense(3, 3, activation=np.tanh)
    ad.check_gradient(lambda f, x: np.sum(Chain(f, f)(x)), f, normal(4, 3))
    chain = Chain(f, f)
    g = ad.gradient(lambda: np.sum(chain(normal(4, 3))), ad.params(chain))
    assert len(g.params) == 2
    expected = ad.gradient(lambda f: np.sum(f(f(normal(4, 3)))), f)[0]
    np.testing.assert_allclose(g[f.weight], expected.weight)


def test_models_print_as_tables():
    model = Chain(
        Dense(784, 32, relu),
        nn.SkipConnection(Dense(32, 32), operator.add),
        nn.Parallel(
            operator.add, Chain(a=Dense(32, 2, bias=False), b=np.tanh), nn.Maxout(Dense(32, 2))
        ),
        nn.softmax,
    )
    assert (
        repr(model)
        == """\
Chain(
  Dense(784, 32, relu),            # 25,120 parameters
  SkipConnection(
    add,
    Dense(32, 32),                 # 1,056 parameters
  ),
  Parallel(
    add,
    Chain(
      a=Dense(32, 2, bias=False),  # 64 parameters
      b=tanh,
    ),
    Maxout(
      Dense(32, 2),                # 66 parameters
    ),
  ),
  softmax,
)                                  # total: 7 arrays, 26,306 parameters, 102.8 KiB"""
    )


def test_tables_count_shared_arrays_once_and_show_what_is_wrong():
    f = Dense(3, 3)
    assert "total: 2 arrays, 12 parameters, 48 bytes" in repr(Chain(f, f))
    f.weight[0, 0] = np.nan
    assert "12 parameters (not all finite)" in repr(Chain(f))
    f.weight[:] = 0
    assert "12 parameters (all zero)" in repr(Chain(f))
