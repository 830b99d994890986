"""The cheapest spelling is the same computation: to the bit where the plain call's values are made."""

# Of what NumPy takes by position, some versions of its stubs know less.
# pyright: reportArgumentType=false, reportCallIssue=false

import warnings

import numpy as np
import pytest

import adjoint as ad

RNG = np.random.default_rng(5)
MATRIX = RNG.normal(size=(37, 11))


@pytest.mark.parametrize(
    "x",
    [
        MATRIX, MATRIX[::2, ::3], MATRIX.T, MATRIX[:1], MATRIX[:, :1], MATRIX.astype(np.float32),
        MATRIX.astype(np.float16), (MATRIX * 5).astype(int), np.asfortranarray(MATRIX),
        MATRIX[0],
    ],
    ids=["plain", "strided", "transposed", "one row", "one column", "float32", "float16", "int",
         "fortran", "vector"],
)  # fmt: skip
@pytest.mark.parametrize(
    "reduced",
    [
        lambda x: np.sum(x), lambda x: np.sum(x, 0), lambda x: np.sum(x, axis=-1, keepdims=True),
        lambda x: np.sum(x, dtype=np.float32), lambda x: np.sum(x, where=x > 0),
        lambda x: np.sum(x, initial=3.0), lambda x: np.sum(x, keepdims=np._NoValue),
        lambda x: np.mean(x), lambda x: np.mean(x, 0, np.float64), lambda x: np.mean(x, where=x > 0),
        lambda x: np.prod(x, axis=0), lambda x: np.max(x), lambda x: np.max(x, 0, None, True),
        lambda x: np.max(x, initial=0.5), lambda x: np.amax(x, axis=0), lambda x: np.min(x, -1),
        lambda x: np.min(x, axis=0, where=x < 0.0, initial=9.0), lambda x: np.amin(x, keepdims=True),
    ],
)  # fmt: skip
def test_values_are_those_of_the_plain_call(reduced, x):
    plain = reduced(x)
    value, back = ad.pullback(reduced, x)
    assert type(value) is type(plain)
    np.testing.assert_array_equal(value, plain, strict=isinstance(plain, np.ndarray))
    (bar,) = back(np.ones_like(plain, float if plain.dtype.kind == "i" else None))
    assert bar.shape == x.shape


def test_what_the_plain_call_refuses_is_refused():
    for reduced, message in (
        (lambda x: np.sum(x, axis=5), "axis 5"),
        (lambda x: np.max(x[:0]), "zero-size"),
        (lambda x: np.sum(x, axis=(0, 0)), "duplicate"),
    ):
        with pytest.raises((ValueError, TypeError, ad.AdjointError), match=message):
            ad.gradient(reduced, MATRIX[0])


def test_a_warning_of_the_plain_call_is_given():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        ad.pullback(lambda x: np.mean(x[:0]), MATRIX[0])
    assert any("empty slice" in str(w.message) for w in seen)


def text(function, *arguments):
    return str(ad.source(function, *arguments))


V, W, ROW = RNG.normal(size=4), RNG.normal(size=(4, 3)), RNG.normal(size=(1, 4))


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        (lambda x: np.sum(x * x), (V,), "x + x"),
        (lambda x: np.sum(x * x * x), (V,), "3.0 *"),
        (lambda x: np.sum(np.tanh(x)), (V,), "1.0 - "),
        (lambda v, W: np.sum(np.sin(v @ W)), (V, W), "W.dot("),
        (lambda W, v: np.sum(np.sin(W.T @ v)), (W, V), "W.dot("),
        (lambda W, v: np.sum(np.sin(W @ v)), (W, V[:3]), ".dot(W)"),
        (lambda x, W: np.sum(np.sin(x @ W)), (ROW, W), "x.T.dot("),
        (lambda x, W: np.sum(np.sin(x @ W)), (W.T, W), "x.T @ "),
        (lambda x: np.mean(np.log(np.sum(np.exp(x), axis=1))), (W,), ".sum(axis=1)"),
    ],
)
def test_spelling(function, arguments, expected):
    assert expected in text(function, *arguments)
    ad.check_gradient(function, *arguments)


def test_numbers_are_not_doubled_by_sums():
    """Python's own arithmetic has no conversion to save."""
    assert "2.0 * x" in text(lambda x: x * x, 3.0)


def test_integers_stay_integers():
    assert ad.gradient(lambda x: np.sum(x * x), np.array([1, 2]))[0].tolist() == [2.0, 4.0]


def test_broadcast_number_with_a_new_axis():
    """Of a number spread over the rows and given an axis, the number is left."""

    def loss(x, y):
        return np.mean(np.sum(x * y, axis=1))

    printed = text(loss, W, W + 1.0)
    assert "broadcast_to" not in printed
    assert "[:, None]" not in printed
    x_bar, y_bar = ad.gradient(loss, W, W + 1.0)
    np.testing.assert_allclose(x_bar, (W + 1.0) / 4)
    np.testing.assert_allclose(y_bar, W / 4)


@pytest.mark.parametrize("dtype", [float, np.float32, complex])
@pytest.mark.parametrize(("m", "n"), [(2, 5), (37, 11), (1, 4), (4, 1), (1, 1), (0, 3), (3, 0)])
def test_a_column_times_a_row_is_their_product(m, n, dtype):
    """`d[:, None].dot(x[None])` is `np.outer(d, x)`, to the bit."""
    W, x, y = RNG.normal(size=(m, n)), RNG.normal(size=n), RNG.normal(size=m)
    W, x, y = (a.astype(dtype) for a in (W, x, y))

    def projected(W, x):
        return np.real(np.sum((W @ x) * y))

    assert ".dot(" in str(ad.source(projected, W, x))
    W_bar, _ = ad.gradient(projected, W, x)
    np.testing.assert_array_equal(W_bar, np.outer(np.conj(y), np.conj(x)), strict=True)


def test_the_users_own_outer_product_stays_as_it_is():
    def squared(a, b):
        return np.sum((a[:, None] * b) ** 2)

    text = str(ad.source(squared, MATRIX[0], MATRIX[1]))
    forward, _ = text.split("# -- reverse --")
    assert ".dot(" not in forward
