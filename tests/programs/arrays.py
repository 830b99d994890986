"""The array language: reductions, products, shaping, indexing, selection, order."""

import numpy as np

from tests.programs.registry import definite, normal, positive, program, spread, static, uniform

MASK = np.array([[True, False, True], [False, True, True]])


@program(normal(2, 3))
@program(normal(2, 3, dtype=np.float32))
def sums(x):
    a = np.sum(x, axis=0) * np.sum(x, axis=0)
    b = np.sum(x, axis=1, keepdims=True) * x
    c = x.sum(axis=-1) ** 2
    return a.sum() + b.sum() + c.sum() + np.sum(x) ** 2


@program(normal(2, 3, 2))
def reductions_over_two_axes(x):
    return np.sum(np.sum(x, axis=(0, 2)) ** 2) + np.mean(x, axis=(0, 1)) @ np.array([1.0, 2.0])


@program(normal(2, 3))
def means_and_spreads(x):
    centred = x - np.mean(x, axis=0, keepdims=True)
    return np.sum(np.var(x, axis=1)) + np.std(x) + np.mean(centred**3) + x.std(axis=0, ddof=1).sum()


@program(normal(2, 3))
def reduction_where(x):
    a = np.sum(x * x, axis=1, where=MASK)
    b = np.mean(x, where=x > -5.0)
    return a[0] * a[1] + b + np.sum(x**3, where=MASK, initial=2.0)


@program(spread(2, 3))
def extremes(x):
    top = np.max(x, axis=1)
    bottom = x.min(axis=0, keepdims=True)
    return top @ top + np.sum(bottom * x) + np.max(x) * np.amin(x) + np.ptp(x)


@program(positive(2, 3))
def products(x):
    return np.prod(x) + np.sum(np.prod(x, axis=0) ** 2) + x.prod(axis=1).sum()


@program(np.array([2.0, 0.0, 3.0]))
def product_with_a_zero(x):
    return np.prod(x) + np.prod(x[:2])


@program(normal(5))
def cumulative(x):
    return np.sum(np.cumsum(x) ** 2) + x.cumsum()[-1] * x[0] + np.cumprod(1 + 0.1 * x)[-1]


@program(normal(2, 4))
def cumulative_along_an_axis(x):
    return np.sum(np.cumsum(x, axis=1) * np.cumsum(x, axis=0) ** 2)


@program(normal(6))
def differences(x):
    return np.sum(np.diff(x) ** 2) + np.sum(np.diff(x, n=2) * x[:4])


@program(normal(2, 3), normal(3, 4))
def matrix_product(A, B):
    return np.sum((A @ B) ** 2) + np.sum(np.matmul(A, B)) + np.dot(A, B)[0, 1]


@program(normal(3), normal(3), normal(3, 3))
def vector_products(x, y, A):
    return x @ y + x @ A @ y + np.dot(A, x) @ np.dot(y, A) + np.inner(x, y) * np.vdot(x, y)


@program(normal(2, 3, 2), normal(2, 2, 3), normal(2, 4))
def batched_products(A, B, C):
    return np.sum((A @ B) ** 2) + np.sum(A @ C) + np.sum(np.matmul(B, A) @ C[0, :2])


@program(normal(2, 3), normal(3, 2), normal(2))
def einsums(A, B, x):
    a = np.einsum("ij,jk->ik", A, B)
    b = np.einsum("ij,ji->", A, B)
    c = np.einsum("i,ij->j", x, A)
    d = np.einsum("ii->i", a)
    return np.sum(a**2) + b * np.sum(c**2) + d @ x + np.einsum("ij,jk,k", A, B, x)[0]


@program(normal(2, 3), normal(3, 2, 2))
def tensor_products(A, T):
    a = np.tensordot(A, T, axes=1)
    b = np.tensordot(A, T, axes=([1], [0]))
    return np.sum(a**2) + np.sum(b) + np.sum(np.outer(A[0], A[1])) + np.sum(np.kron(A, A) ** 2)


@program(normal(3), normal(3))
def cross_product(x, y):
    return np.sum(np.cross(x, y) ** 2)


@program(normal(2, 6))
def reshaping(x):
    a = x.reshape(3, 4)
    b = np.reshape(x, (4, -1))
    c = x.ravel() * x.flatten()
    return np.sum(a @ b) + c[3] * c[4] + np.sum(np.reshape(x, -1)[:3] ** 2)


@program(normal(2, 3))
def transposing(x):
    return np.sum(x.T @ x) + np.sum(np.transpose(x) * x.transpose(1, 0) ** 2) + x.T[2, 1]


@program(normal(2, 3, 4))
def axes_moved(x):
    a = np.swapaxes(x, 0, 2)
    b = np.moveaxis(x, 0, -1)
    c = np.transpose(x, (1, 2, 0))
    return np.sum(a[0] ** 2) + np.sum(b * c) + np.sum(x.swapaxes(1, 2)[0] ** 3)


@program(normal(3))
def axes_added_and_removed(x):
    a = x[:, None] * x[None, :]
    b = np.expand_dims(x, 0) + np.expand_dims(x, axis=1)
    c = np.squeeze(x[np.newaxis, :, np.newaxis])
    return np.sum(a * b) + c @ c + np.sum(np.atleast_2d(x) @ a)


@program(normal(2, 3), normal(2, 3), normal(3))
def joining(a, b, c):
    d = np.concatenate([a, b], axis=1)
    e = np.stack([a, b], axis=0)
    f = np.vstack([a, c])
    g = np.hstack((c, c * 2, b[0]))
    h = np.concatenate((a, b), axis=0)
    return np.sum(d**2) + np.sum(e[0] * e[1]) + np.sum(f @ c) + g @ g + np.sum(h[1:3] ** 3)


@program(normal(6))
def splitting(x):
    a, b, c = np.split(x, 3)
    d, e = np.array_split(x, 2)
    return a @ b + c @ c + d @ e


@program(normal(2, 3))
def repeating(x):
    a = np.tile(x, (2, 1))
    b = np.repeat(x, 2, axis=0)
    c = np.broadcast_to(x, (4, 2, 3))
    return np.sum(a * b) + np.sum(c**2) + np.sum(np.repeat(x, 3)[2:7] ** 2)


@program(normal(2, 3))
def flipping_and_rolling(x):
    return np.sum(np.flip(x, 1) * x) + np.sum(np.roll(x, 1, axis=1) * x**2) + np.sum(x[::-1] * x)


@program(normal(3))
def padding(x):
    padded = np.pad(x, (1, 2))
    return np.sum(padded[:-1] * padded[1:]) + np.sum(np.pad(x * 2, 1) ** 2)


@program(normal(3, 3))
def diagonals(A):
    return np.trace(A) ** 2 + np.diag(A) @ np.diag(A) + np.sum(np.diag(A[0]) @ A)


@program(normal(3, 3))
def triangles(A):
    return np.sum(np.tril(A) @ np.triu(A, 1))


@program(normal(5))
def basic_indexing(x):
    return x[0] * x[-1] + np.sum(x[1:4] ** 2) + np.sum(x[::2] * x[2:]) + x[::-1][1]


@program(normal(3, 4))
def indexing_in_two_axes(A):
    a = A[1] @ A[0]
    b = A[:, 2] @ A[:, -1]
    c = A[1:, :2]
    return a * b + np.sum(c**2) + A[2, 3] * A[-1][0] + np.sum(A[::2, 1::2]) + A[0, :][1]


@program(normal(5))
def integer_array_indexing(x):
    picked = x[[0, 2, 2, 4]]
    again = x[np.array([[1, 1], [3, 0]])]
    return picked @ picked + np.sum(again**3) + x[np.argsort(x)][0]


@program(normal(3, 4))
def two_index_arrays(A):
    rows, columns = np.array([0, 1, 0]), np.array([1, 3, 1])
    labels = np.array([2, 0, 1])
    return np.sum(A[rows, columns] ** 2) + np.sum(A[np.arange(3), labels]) + np.sum(A[[2, 0]] ** 3)


@program(normal(3, 3))
def mixed_indexing(A):
    return np.sum(A[[0, 2], 1:] ** 2) + np.sum(A[:, [1, 1]] * A[:, :2]) + np.sum(A[None, 1, ...])


@program(spread(6))
def boolean_masks(x):
    positive_part = x[x > 0]
    rest = x[~(x > 0)]
    return np.sum(positive_part**2) * np.sum(rest**3) + np.sum(x[np.array([True, False] * 3)])


@program(spread(2, 3))
def boolean_mask_of_a_matrix(A):
    return (
        np.sum(A[MASK] ** 2) + np.sum(A[A > 0]) ** 2 + np.sum(A[:, np.array([True, False, True])])
    )


@program(normal(3, 3))
def take_and_choose(A):
    a = np.take(A, [0, 2], axis=1)
    b = np.take(A, 4)
    c = np.take_along_axis(A, np.argsort(A, axis=1), axis=1)
    return np.sum(a**2) * b + np.sum(c[:, 0] * c[:, 2]) + np.compress([True, False, True], A[0])[0]


@program(spread(5), normal(5))
def where_and_masks(x, y):
    return np.sum(np.where(x > 0, x * y, y**2)) + np.sum(np.where(x > 0, x, 0.0) ** 2)


@program(np.array([-1.0, 0.5, 2.0]))
def where_hides_a_singularity(x):
    return np.sum(np.where(x > 0, np.sqrt(np.where(x > 0, x, 1.0)), 0.0))


@program(spread(5))
def select(x):
    return np.sum(np.select([x < -0.3, x < 0.4], [x**2, np.sin(x)], default=2 * x))


@program(spread(6))
def clipping(x):
    return np.sum(np.clip(x, -0.4, 0.33) ** 2 * x) + np.sum(x.clip(min=0.01))


@program(spread(4), normal(4), 0.05)
def maxima(x, y, s):
    return np.sum(np.maximum(x, y) * np.minimum(x, 0.01)) + np.sum(np.fmax(x, s) ** 2)


@program(spread(6))
def relu_and_abs(x):
    return np.sum(np.maximum(x, 0) ** 2) + np.sum(np.abs(x) * x) + np.sum((x > 0) * x)


@program(spread(5))
def sorting(x):
    ordered = np.sort(x)
    weights = np.arange(5.0)
    return ordered @ weights + np.median(x) ** 2 + x[np.argsort(-x)] @ weights**2


@program(spread(2, 4))
def sorting_along_an_axis(x):
    return np.sum(np.sort(x, axis=1) * np.arange(4)) + np.sum(np.sort(x, axis=0)[0] ** 2)


@program(spread(5))
def index_of_extremes(x):
    return x[np.argmax(x)] * x[x.argmin()] + x[int(np.argmax(x**2))] ** 2


@program(normal(2, 3))
def array_methods(x):
    return x.mean() * x.sum(axis=1).max() + x.T.dot(x).trace() + x.copy().ravel().var() + x.item(1)


@program(normal(3))
def constructors(x):
    a = np.zeros(3) + x
    b = np.ones_like(x) * x[0]
    c = np.full(3, x[1])
    d = np.eye(3) @ x + np.arange(3) * x + np.linspace(0.0, 1.0, 3) * x
    return a @ b + c @ d + np.sum(np.zeros_like(x)) + np.asarray(x)[2]


@program(0.5, 2.0)
def grid_between(a, b):
    grid = np.linspace(a, b, 5)
    return np.sum(grid**2) + np.mean(np.exp(-grid))


@program(normal(3), normal(2))
def mesh(x, y):
    X, Y = np.meshgrid(x, y)
    return np.sum(X * Y**2 + np.sin(X * Y))


@program(normal(3, dtype=np.float32))
def type_casts(x):
    y = x.astype(np.float64)
    return np.sum(y * y) * 2.0 + np.sum(np.float64(2) * y)


@program(positive(4))
def elementwise_functions(x):
    a = np.exp(-x) + np.log(x) + np.sqrt(x) + np.square(x) + np.reciprocal(x)
    b = np.log1p(x) + np.expm1(-x) + np.exp2(x) + np.log2(x) + np.log10(x) + np.cbrt(x)
    c = np.arctan2(x, 2.0) + np.hypot(x, 1.0) + np.logaddexp(x, -x) + np.degrees(x) / 100
    return np.sum(a * b) + np.sum(c * np.sign(x) * np.floor(x + 0.03)) + np.sum(np.sinc(x))


@program(normal(4), positive(4))
def binary_functions(x, y):
    a = np.add(x, y) * np.subtract(x, y) + np.multiply(x, 2.0) / np.divide(y, x)
    b = np.power(y, x) + np.negative(x) + np.true_divide(x, y) + np.float_power(y, 2)
    return np.sum(a * b) + np.sum(np.copysign(y, x)) + np.sum(np.mod(y, 0.7))


@program(definite(3), normal(3))
def linear_algebra(A, b):
    x = np.linalg.solve(A, b)
    _, logdet = np.linalg.slogdet(A)
    return x @ x + logdet + np.linalg.det(A) / 100 + np.sum(np.linalg.inv(A)) + np.linalg.norm(b)


@program(definite(3))
def cholesky_and_eigenvalues(A):
    symmetric = (A + A.T) / 2
    factor = np.linalg.cholesky(symmetric)
    values = np.linalg.eigvalsh(symmetric)
    return np.sum(np.log(np.diag(factor))) + np.sum(values**1.5) + np.sum(factor[2] ** 2)


@program(normal(2, 3))
def norms(x):
    return (
        np.linalg.norm(x)
        + np.sum(np.linalg.norm(x, axis=1) ** 3)
        + np.linalg.norm(x[0], 1)
        + np.sum(np.linalg.norm(x, axis=0, keepdims=True) * x)
    )


@program(normal(4), static(np.array([2, 0, 1])))
def indices_as_argument(x, indices):
    return np.sum(x[indices] ** 2) * x[indices[0]]


@program(normal(6))
def fourier(x):
    spectrum = np.fft.rfft(x)
    return np.sum(np.abs(spectrum) ** 2) + np.sum(np.fft.fft(x).real * x)


@program(normal(3), normal(3))
def complex_intermediate(x, y):
    z = x + 1j * y
    return np.sum(np.abs(z * z)) + np.sum(np.real(np.exp(1j * x)) * y) + (z * z.conj()).real[0]


@program(normal(5), normal(3))
def convolution(x, kernel):
    return np.sum(np.convolve(x, kernel) ** 2) + np.sum(np.convolve(x, kernel, mode="valid") ** 3)


@program(uniform(0.1, 3.9, 3), normal(5))
def interpolation(x, y):
    return np.sum(np.interp(x, np.arange(5.0), y) ** 2)


@program(normal(4), positive(4))
def weighted_averages(x, w):
    return np.average(x, weights=w) ** 2 + np.dot(w / w.sum(), x**2)


@program(normal(1, 3), normal(2, 1), normal(2, 3))
def in_a_batch_of_one(a, b, c):
    return np.sum(a * b * c) + np.sum((a + b) ** 2) + np.sum(a.T @ a) + np.sum(b - c)


@program(normal(0), normal(3))
def empty_array(x, y):
    return np.sum(x) + np.sum(y**2) + np.sum(np.concatenate([x, y]) ** 3)


@program(normal(3))
def conditions_and_counts(x):
    share = np.mean(x > 0.0) + np.count_nonzero(x) + np.sum(np.isfinite(x)) + len(np.nonzero(x)[0])
    return share * np.sum(x**2) if np.allclose(x, x) and np.any(x != 0) else np.sum(x)


@program(np.array([3.0, 1.0]), np.array([2.0, 3.0, 4.0]))
def lengths_known_at_run_time_broadcast(x, y):
    """One of the arrays that a mask leaves has one item, and is broadcast to the other."""
    a, b = x[x > 2], y[y > 1]
    grown = np.zeros(3) + a
    return np.sum(a * b + np.sin(a) / b) + np.sum(grown * b) + np.sum(np.squeeze(a) * np.ones(2))


@program(normal(4))
def parts_of_given_sizes(x):
    first, middle, last = np.split(x, [1, 3])
    rest = np.array_split(x, np.array([1, 3]))[1]
    return np.sum(middle * np.ones(np.shape(middle))) * last[0] + np.sum(rest**2) * first[0]


@program(normal(1, 3, 4, 1), static(0), static(1), normal(1, 1, 1, 2))
def axes_as_arguments(x, i, j, w):
    moved, swapped = np.moveaxis(x, i, j), np.swapaxes(x, j, i)
    return np.sum(moved * w) * np.sum(swapped * w[..., :1]) + np.sum(np.sum(x, axis=j) ** 2)


@program(0.3, 0.4)
def lists_for_arrays(x, y):
    pair, rows = [x, y], [[x, 1.0], [y, x]]
    total = np.sum(np.array([[1.0, 2.0], [3.0, 4.0]]) @ pair) + np.linalg.norm(pair)
    total = total + np.sum(np.broadcast_to(pair, (3, 2)) * np.arange(6.0).reshape(3, 2))
    total = total + np.sum(np.array([1.0, 2.0]) / pair - [y, x]) + np.median([x, y, 1.0])
    return (
        total + np.sum(np.full((2, 2), pair) * rows) + np.sum(np.matmul(rows, np.ones((3, 2, 2))))
    )


@program(normal(2, 3), positive(3))
@program(normal(2, 3), positive(2, 3))
def average_with_weights(x, w):
    return np.sum(np.average(x, axis=-1, weights=w) ** 2)


@program(normal(3, 2), positive(3), normal())
def settings_that_are_numbers(x, w, c):
    padded = np.pad(x, 1, constant_values=c)
    spread = np.std(x, axis=0, ddof=c * c / 4) * np.var(x, mean=c)
    average = np.average(x, axis=0, weights=w)
    replaced = np.nan_to_num(np.array([np.nan, 1.0]), nan=c * c)
    return np.sum(padded**2) + np.sum(spread * average) + np.sum(replaced)


@program(np.array([0.3, 1.4, 0.8, 2.0]), 0.37)
def quantile_as_argument(x, q):
    return np.quantile(x, q) ** 2 + np.percentile(x, 50 * q) * np.linalg.norm(x, 2 + q)


@program(normal(4))
def methods_of_numbers(x):
    total = x[0].sum() * x[1].mean() + x[2].reshape(1)[0] * x[3].copy()
    return total + x[0].clip(-0.5, 0.5) * x[1].max() + x[2].prod().item() * x[3].astype(float)


@program(normal(2))
def conjugate_of_a_number(x):
    z = x[0] + 1j * x[1]
    return (z.conjugate() * z).real * z.conj().imag


@program(normal(2))
def words_of_a_text(x):
    text = f"{x[0]:.3f}|{x[1]:.3f}"
    return x[0] * x[1] * len(text.split("|")) + (text.split("|")[0][0] == "-") * x[1]
