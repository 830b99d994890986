import numpy as np
import pytest

from adjoint.nn import identity, relu, softmax


def test_identity_is_its_argument():
    x = np.ones(3)
    assert identity(x) is x


def test_relu_keeps_dtype_and_nan():
    y = relu(np.array([-1.0, 0.0, 2.0, np.nan], np.float32))
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [0, 0, 2, np.nan])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_sums_to_one_and_never_overflows(axis):
    x = np.random.default_rng(0).normal(size=(4, 5)) * 500
    y = softmax(x, axis=axis)
    np.testing.assert_allclose(y.sum(axis), 1)
    np.testing.assert_array_equal(y.argmax(axis), x.argmax(axis))


def test_softmax_does_not_feel_a_shift():
    x = np.random.default_rng(0).normal(size=(4, 5))
    np.testing.assert_allclose(softmax(x + 7), softmax(x))
