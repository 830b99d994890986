"""What `itertools` makes piece by piece: right to the first order, and refused with a reason to the second."""

import itertools

import numpy as np
import pytest

import adjoint as ad


def product_of_the_rest(x):
    y = 1.0
    for item in itertools.islice(x, 1, None):
        y *= item
    return y


def test_the_gradient_of_a_slice_of_items():
    (x_bar,) = ad.gradient(product_of_the_rest, np.array([0.7, -1.3, 2.1]))
    np.testing.assert_allclose(x_bar, [0.0, 2.1, -1.3])


def test_a_second_derivative_is_refused():
    def slope(x):
        x_bar = ad.gradient(product_of_the_rest, x)[0]
        return x_bar[1] * 0.5 + x_bar[2]

    with pytest.raises(
        ad.AdjointError,
        match="second derivative through (itertools.islice|a generator or iterator)",
    ):
        ad.gradient(slope, np.array([0.7, -1.3, 2.1]))
