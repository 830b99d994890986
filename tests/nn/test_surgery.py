"""Parts of models replaced, and models taken apart and compared."""

import numpy as np
import pytest

import adjoint as ad
from adjoint import nn


def model():
    shared = nn.Dense(3, 3, rng=1)
    skip = nn.SkipConnection(shared, np.add)
    return nn.Chain(nn.Dense(2, 3, rng=0), shared, skip, {"head": nn.Dense(3, 2, rng=2)}["head"])


def test_a_layer_is_replaced_and_the_others_are_shared():
    old, head = model(), nn.Dense(3, 7, rng=5)
    new = nn.replaced(old, lambda m: m.layers[-1], head)
    assert new[-1] is head and old[-1] is not head
    assert all(a is b for a, b in zip(new.layers[:-1], old.layers[:-1], strict=True))
    assert new(np.ones((4, 2), np.float32)).shape == (4, 7)


def test_arrays_are_replaced_wherever_they_are():
    old, zeros = model(), np.zeros((3, 3), np.float32)
    new = nn.replaced(old, lambda m: m[1].weight, zeros)
    assert new[1].weight is zeros and new[1] is new[2].layer
    assert old[1].weight.any() and new[0] is old[0]
    several = nn.replaced(old, lambda m: (m[0].bias, m[-1].bias), (np.ones(3), np.ones(2)))
    assert several[0].bias.tolist() == [1, 1, 1] and several[-1].bias.tolist() == [1, 1]
    g = ad.gradient(lambda m: np.sum(m(np.ones((4, 2)))), several)[0]
    assert g.layers[-1].bias.tolist() == [4, 4]


def test_what_is_no_part_is_refused():
    with pytest.raises(ValueError, match="is no part of the model"):
        nn.replaced(model(), lambda m: m[0].weight.copy(), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="2 parts are to be replaced by 1"):
        nn.replaced(model(), lambda m: (m[0], m[1]), (nn.relu,))


def test_parts_of_one_form_make_the_model_again():
    whole = model()
    matrices, vectors = nn.partition(whole, lambda a: a.ndim == 2)
    assert matrices[0].bias is None and matrices[0].weight is whole[0].weight
    assert vectors[0].weight is None and len(ad.params(vectors)) == 3
    again = nn.combine(matrices, vectors)
    assert nn.equal(again, whole) and again[0].weight is whole[0].weight

    def loss(matrices, x):
        return np.sum(nn.combine(matrices, vectors)(x))

    x = np.ones((4, 2), np.float32)
    np.testing.assert_array_equal(loss(matrices, x), np.sum(whole(x)))


def test_equal_looks_at_classes_settings_and_numbers():
    assert nn.equal(model(), model())
    assert not nn.equal(nn.Dense(3, 2, rng=0), nn.Dense(3, 2, np.tanh, rng=0))
    assert not nn.equal(nn.Dense(3, 2, rng=0), nn.Dense(3, 2, rng=0, dtype=np.float64))
    assert not nn.equal(nn.RNNCell(3, 2, rng=0), nn.GRUCell(3, 2, rng=0))
    assert nn.equal(nn.Dropout(0.5, rng=1), nn.Dropout(0.5, rng=1))
    assert not nn.equal(nn.Dropout(0.5, rng=1), nn.Dropout(0.5, rng=2))
    assert not nn.equal(model()[:2], model()[:3])
