"""Matrices of a given structure: made of vectors and blocks, and equations with banded ones."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from adjoint.rules.registry import nondifferentiable, rule, source_of

# -- matrices made of their diagonals: each entry is read from the vector of these ------------------------


@nondifferentiable
def diagonal_numbers(rows, columns):
    """The number of the diagonal of each entry, from the upper right corner on."""
    return np.arange(rows)[:, None] - np.arange(columns) + (columns - 1)


@source_of(linalg.toeplitz)
def toeplitz(c, r=None):
    c = np.atleast_1d(c)
    r = np.conjugate(c) if r is None else np.atleast_1d(r)
    diagonals = np.concatenate((r[..., :0:-1], c), axis=-1)
    return diagonals[..., diagonal_numbers(c.shape[-1], r.shape[-1])]


@source_of(linalg.circulant)
def circulant(c):
    c = np.atleast_1d(c)
    n = c.shape[-1]
    return c[..., diagonal_numbers(n, n) - (n - 1)]


@source_of(linalg.hankel)
def hankel(c, r=None):
    c, r = np.ravel(c), np.zeros_like(c) if r is None else np.ravel(r)
    diagonals = np.concatenate((c, r[1:]))
    return diagonals[diagonal_numbers(len(c), len(r))[:, ::-1]]


@rule(linalg.block_diag)
def block_diag(*arrs):
    y = linalg.block_diag(*arrs)

    def pullback(y_bar):
        return tuple(blocks_of(y_bar, arrs))

    return y, pullback


def blocks_of(y_bar, arrs):
    """The blocks along the diagonal, one for each array; those that were repeated are summed later."""
    bars, row, column = [], 0, 0
    for array in arrs:
        shape = np.shape(array)
        rows, columns = (1, 1, *shape)[-2:]
        block = y_bar[..., row : row + rows, column : column + columns]
        bars = [*bars, np.reshape(block, shape) if len(shape) < 2 else block]
        row, column = row + rows, column + columns
    return bars


source_of(blocks_of)(blocks_of)

# -- banded matrices: ab[u + i - j, j] is the entry (i, j) -------------------------------------------------


@rule(linalg.solve_banded)
def solve_banded(l_and_u, ab, b, overwrite_ab=False, overwrite_b=False, check_finite=True):
    """X = A⁻¹ B: B̄ = A⁻ᴴ X̄, and -B̄ Xᴴ within the band is the cotangent of A."""
    x = linalg.solve_banded(l_and_u, ab, b, False, False, check_finite)

    def pullback(x_bar):
        lower, upper = l_and_u
        b_bar = linalg.solve_banded((upper, lower), banded_adjoint(ab, lower, upper), x_bar)
        return None, -band_of_outer(b_bar, x, lower, upper), b_bar

    return x, pullback


@nondifferentiable
def band_rows(lower, upper, n):
    """The row of the matrix that each entry of a band belongs to; may be outside."""
    return np.arange(lower + upper + 1)[:, None] + np.arange(n) - upper


def banded_adjoint(ab, lower, upper):
    """The band of Aᴴ."""
    n = np.shape(ab)[-1]
    rows = band_rows(upper, lower, n)
    inside = (rows >= 0) & (rows < n)
    numbers = np.arange(lower + upper, -1, -1)[:, None]
    return np.where(inside, np.conj(ab)[..., numbers, np.clip(rows, 0, n - 1)], 0)


def band_of_outer(b, x, lower, upper):
    """The band of b xᴴ."""
    n = np.shape(x)[0]
    rows = band_rows(lower, upper, n)
    inside = (rows >= 0) & (rows < n)
    products = np.reshape(b, (n, -1))[np.clip(rows, 0, n - 1)] * np.conj(np.reshape(x, (n, -1)))
    return np.where(inside, np.sum(products, axis=-1), 0)


source_of(banded_adjoint)(banded_adjoint)
source_of(band_of_outer)(band_of_outer)


@rule(linalg.solve_toeplitz)
def solve_toeplitz(c_or_cr, b, check_finite=True):
    """X = T⁻¹ B: B̄ = T⁻ᴴ X̄; the cotangent of each diagonal of T is that of -B̄ Xᴴ, summed."""
    x = linalg.solve_toeplitz(c_or_cr, b, check_finite)

    def pullback(x_bar):
        return solve_toeplitz_cotangents(x_bar, c_or_cr, x)

    return x, pullback


def solve_toeplitz_cotangents(x_bar, c_or_cr, x):
    alone = not isinstance(c_or_cr, tuple)
    c, r = (c_or_cr, np.conj(c_or_cr)) if alone else c_or_cr
    first = np.concatenate((c[:1], r[1:]))
    b_bar = linalg.solve_toeplitz((np.conj(first), np.conj(c)), x_bar)
    n = np.shape(x)[0]
    outer = -np.reshape(b_bar, (n, -1)) @ np.conj(np.reshape(x, (n, -1))).T
    index = np.arange(n)
    below = index[:, None] + index
    lower = np.where(below < n, outer[np.clip(below, 0, n - 1), index], 0)
    upper = np.where(below < n, outer[index, np.clip(below, 0, n - 1)], 0)
    c_bar, r_bar = np.sum(lower, axis=1), np.sum(upper, axis=1) * (index > 0)
    return (c_bar + np.conj(r_bar) if alone else (c_bar, r_bar)), b_bar


source_of(solve_toeplitz_cotangents)(solve_toeplitz_cotangents)
