import numpy as np
import pytest

import adjoint as ad
from adjoint import data
from adjoint.data import OneHot, onecold, onehot, onehot_batch
from adjoint.nn import logit_cross_entropy

Y = onehot_batch([0, 2, 1, 2], 3)
DENSE = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]], np.float32)


def test_it_stands_for_the_array():
    assert Y.shape == DENSE.shape and Y.ndim == 2 and Y.size == 12 and len(Y) == 4
    np.testing.assert_array_equal(np.asarray(Y), DENSE)
    assert np.asarray(Y, np.int64).dtype == np.int64
    np.testing.assert_array_equal(np.sum(Y, axis=0), DENSE.sum(0))
    np.testing.assert_array_equal(np.argmax(Y, axis=1), [0, 2, 1, 2])
    np.testing.assert_array_equal(Y.counts(), [1, 1, 2])
    W, A = np.arange(6.0).reshape(3, 2), np.arange(8.0).reshape(2, 4)
    np.testing.assert_array_equal(Y @ W, DENSE @ W)
    np.testing.assert_array_equal(A @ Y, A @ DENSE)
    np.testing.assert_array_equal(Y @ np.arange(3.0), [0, 2, 1, 2])
    for one, other in [
        (Y * 2, DENSE * 2),
        (DENSE - Y, 0 * DENSE),
        (Y - 1, DENSE - 1),
        (1 + Y, 1 + DENSE),
    ]:
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="rows of 3 times an array"):
        _ = Y @ np.ones((4, 2))


def test_rows_stay_lazy():
    assert Y[1:] == onehot_batch([2, 1, 2], 3) and Y[0].shape == (3,)
    assert Y[np.array([3, 0])].indices.tolist() == [2, 0]
    assert [y.indices.item() for y in Y] == [0, 2, 1, 2]
    np.testing.assert_array_equal(Y[:, 2], DENSE[:, 2])
    np.testing.assert_array_equal(Y[..., 0], DENSE[..., 0])
    assert Y[1, 2] == 1 and Y[1, 0] == 0
    nested = onehot_batch(np.array([[0, 1], [2, 0]]), 3)
    assert nested.shape == (2, 2, 3) and nested[0, 1].shape == (3,) and nested[1, 0, 2] == 1
    assert (nested @ np.eye(3)).shape == (2, 2, 3)


def test_no_array_of_zeros_is_made():
    import tracemalloc

    y = OneHot(np.arange(1000) % 50_000, 50_000)
    W = np.ones((50_000, 4), np.float32)
    tracemalloc.start()
    assert (y @ W).shape == (1000, 4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


def same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_gradients_are_those_with_the_array():
    rng = np.random.default_rng(0)
    W, A, scores = rng.normal(size=(3, 2)), rng.normal(size=(5, 4)), rng.normal(size=(4, 3))
    dense = DENSE.astype(float)
    same(
        ad.gradient(lambda W: np.sum((Y @ W) ** 2), W),
        ad.gradient(lambda W: np.sum((dense @ W) ** 2), W),
    )
    same(
        ad.gradient(lambda A: np.sum((A @ Y) ** 2), A),
        ad.gradient(lambda A: np.sum((A @ dense) ** 2), A),
    )
    same(
        ad.gradient(
            lambda s: np.sum(np.sum(Y, axis=0) * s**2) + np.mean(np.log(2 + Y) * s), scores
        ),
        ad.gradient(lambda s: np.sum(dense.sum(0) * s**2) + np.mean(np.log(2 + dense) * s), scores),
    )
    for labels in (Y, np.array([0, 2, 1, 2])):
        same(
            ad.gradient(lambda s: logit_cross_entropy(s, labels), scores),
            ad.gradient(lambda s: logit_cross_entropy(s, dense), scores),
        )
    passed = ad.gradient(lambda W, y: np.sum((y @ W) ** 2), W, Y)[0]
    same([passed], ad.gradient(lambda W: np.sum((dense @ W) ** 2), W))


def test_encoding_and_back():
    y = onehot_batch("banana", "abn")
    assert y.indices.tolist() == [1, 0, 2, 0, 2, 0] and "".join(onecold(y, "abn")) == "banana"
    assert onehot_batch(["x", "z", "x"]).shape == (3, 2)
    assert onehot_batch(np.array([2.5, 1.5])).indices.tolist() == [1, 0]
    assert onehot("?", "ab_", default="_").indices == 2
    with pytest.raises(ValueError, match=r"'c' is not among the labels \['a', 'b'\]"):
        onehot_batch("abc", "ab")
    assert onecold(np.array([0.1, 0.5, 0.2])) == 1
    assert onecold(np.array([[1.0, 1.0], [0.0, 1.0]])).tolist() == [0, 1]
    with pytest.raises(ValueError, match="NaN"):
        onecold(np.array([0.1, np.nan]))


def test_positions_are_checked():
    with pytest.raises(ValueError, match="positions from 0 to 3 in rows of 3"):
        OneHot(np.array([0, 3]), 3)
    with pytest.raises(TypeError, match="integers, not float64"):
        OneHot(np.array([0.0]), 3)


def test_joined_encodings_stay_encodings():
    a, b = data.onehot_batch([0, 2], 3), data.onehot_batch([1], 3)
    (both, numbers) = data.joined((a, np.zeros(2)), (b, np.ones(1)))
    assert isinstance(both, data.OneHot) and both.indices.tolist() == [0, 2, 1]
    assert numbers.tolist() == [0, 0, 1]
    with pytest.raises(ValueError, match=r"rows of \[3, 4\] classes"):
        data.joined(a, data.onehot_batch([3], 4))
