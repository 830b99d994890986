import math

import numpy as np
import pytest

from adjoint import nn

SHAPE = (300, 200)
ALL = [
    nn.zeros, nn.ones, nn.constant, nn.uniform, nn.normal, nn.glorot_uniform, nn.glorot_normal,
    nn.kaiming_uniform, nn.kaiming_normal, nn.truncated_normal, nn.lecun_normal, nn.orthogonal,
    nn.sparse, nn.identity_init,
]  # fmt: skip
by_name = {"ids": lambda f: getattr(f, "__name__", None)}
RANDOM = [f for f in ALL if f not in (nn.zeros, nn.ones, nn.constant, nn.identity_init)]


@pytest.mark.parametrize("init", ALL, **by_name)
def test_shape_dtype_and_curried_form(init):
    values = init((4, 3), rng=0)
    assert values.shape == (4, 3) and values.dtype == np.float32 and values.flags.writeable
    np.testing.assert_array_equal(init(rng=0)((4, 3)), values)
    np.testing.assert_allclose(init((4, 3), rng=0, dtype=np.float64), values, rtol=1e-6)


@pytest.mark.parametrize("init", RANDOM, **by_name)
def test_random_numbers_follow_the_generator(init):
    rng = np.random.default_rng(0)
    first, second = init((30, 4), rng=rng), init((30, 4), rng=rng)
    assert (first != second).any()
    np.testing.assert_array_equal(init((30, 4), rng=np.random.default_rng(0)), first)
    assert (init((30, 4)) != init((30, 4))).any()


FANS = SHAPE
STD = {
    nn.glorot_uniform: math.sqrt(2 / 500),
    nn.glorot_normal: math.sqrt(2 / 500),
    nn.kaiming_uniform: math.sqrt(2 / 300),
    nn.kaiming_normal: math.sqrt(2 / 300),
    nn.lecun_normal: math.sqrt(1 / 300),
    nn.normal: 1.0,
    nn.uniform: math.sqrt(1 / 12),
    nn.truncated_normal: 0.8796256610342398,  # of a standard normal within ±2
    nn.orthogonal: math.sqrt(1 / 300),
}


@pytest.mark.parametrize("init", STD, **by_name)
def test_standard_deviations(init):
    values = init(SHAPE, rng=0, dtype=np.float64)
    assert values.std() == pytest.approx(STD[init], rel=0.01)
    assert abs(values.mean() - (0.5 if init is nn.uniform else 0)) < 5 * STD[init] / math.sqrt(
        60_000
    )


def test_limits_of_the_uniform_ones():
    assert np.abs(nn.glorot_uniform(SHAPE, rng=0)).max() <= np.float32(math.sqrt(6 / 500))
    assert np.abs(nn.kaiming_uniform(SHAPE, rng=0)).max() <= np.float32(math.sqrt(6 / 300))
    assert np.abs(nn.glorot_uniform(SHAPE, gain=2, rng=0)).max() > math.sqrt(6 / 500)


def test_a_kernel_counts_in_both_fans():
    assert nn.fans((5, 5, 30, 20)) == (750, 500)
    kernel = nn.glorot_uniform((5, 5, 30, 20), rng=0, dtype=np.float64)
    limit = math.sqrt(6 / (25 * 50))
    assert 0.99 * limit < np.abs(kernel).max() <= limit


def test_truncated_normal_stays_within_its_limits():
    values = nn.truncated_normal(SHAPE, mean=1, std=2, low=0, high=2, rng=0)
    assert values.min() >= 0 and values.max() <= 2 and values.std() > 0.5
    with pytest.raises(ValueError, match="low=2 is not below high=1"):
        nn.truncated_normal((2,), low=2, high=1)
    with pytest.raises(ValueError, match="less than a thousandth"):
        nn.truncated_normal((2,), low=10, high=11)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 2, 3, 4), (2, 2, 1, 6)], ids=str)
def test_orthogonal_matrices(shape):
    q = nn.orthogonal(shape, gain=2.0, rng=0, dtype=np.float64).reshape(-1, shape[-1]) / 2
    gram = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)
    with pytest.raises(ValueError, match="at least two axes"):
        nn.orthogonal((3,))


def test_orthogonal_matrices_are_uniform():
    """With the signs fixed the trace has mean 0; without, the diagonal would be of one sign."""
    traces = [np.trace(nn.orthogonal((3, 3), rng=i, dtype=np.float64)) for i in range(500)]
    assert abs(np.mean(traces)) < 0.2


def test_sparse_columns():
    values = nn.sparse((10, 6), sparsity=0.35, std=1.0, rng=0)
    assert ((values == 0).sum(0) == 4).all()
    for shape, sparsity in (((3,), 0.5), ((3, 3), 1.5)):
        with pytest.raises(ValueError, match="sparse"):
            nn.sparse(shape, sparsity=sparsity)


def test_identities():
    np.testing.assert_array_equal(nn.identity_init((3, 3)), np.eye(3))
    np.testing.assert_array_equal(nn.identity_init((2, 3), gain=2), 2 * np.eye(2, 3))
    np.testing.assert_array_equal(nn.identity_init((3, 3), shift=1), np.roll(np.eye(3), 1, axis=1))
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 5))
    layer = nn.CrossCor((3, 3), 3, 3, pad=1, init=nn.identity_init)
    np.testing.assert_allclose(layer(x), x)


def test_layers_take_initialisers():
    layer = nn.Dense(4, 3, init=nn.constant(value=2.0))
    assert (layer.weight == 2).all()
    orthogonal = nn.Dense(4, 4, init=nn.orthogonal(gain=3), rng=0)
    np.testing.assert_allclose(orthogonal.weight @ orthogonal.weight.T, 9 * np.eye(4), atol=1e-4)
