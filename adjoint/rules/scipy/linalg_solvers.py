"""Solutions of linear equations, inverses and determinants (Giles 2008; Golub and Pereyra 1973)."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from adjoint.rules.linalg import cofactors
from adjoint.rules.registry import rule, source_of

# -- which part of a matrix is read --------------------------------------------------------------------


def part_read(a, assume_a, lower):
    """The matrix that SciPy computes with, if it is told to read only a part of `a`."""
    if assume_a in ("sym", "symmetric", "her", "hermitian", "pos", "positive definite"):
        triangle = np.tril(a) if lower else np.triu(a)
        diagonal = np.eye(np.shape(a)[-1], dtype=np.result_type(a)) * a
        mirrored = np.swapaxes(triangle - diagonal, -1, -2)
        return triangle + (mirrored if assume_a in ("sym", "symmetric") else np.conj(mirrored))
    if assume_a == "upper triangular":
        return np.triu(a)
    if assume_a == "lower triangular":
        return np.tril(a)
    if assume_a == "diagonal":
        return np.tril(np.triu(a))
    if assume_a in ("tridiagonal", "tri"):
        return np.tril(np.triu(a, -1), 1)
    return a


def part_read_cotangent(a_bar, assume_a):
    """The cotangent of `a`: of a symmetric or Hermitian matrix the symmetrised one, as that of
    `np.linalg.cholesky`; of other parts nothing outside."""
    if assume_a in ("sym", "symmetric"):
        return (a_bar + np.swapaxes(a_bar, -1, -2)) / 2
    if assume_a in ("her", "hermitian", "pos", "positive definite"):
        return (a_bar + np.conj(np.swapaxes(a_bar, -1, -2))) / 2
    return part_read(a_bar, assume_a, False)


source_of(part_read)(part_read)
source_of(part_read_cotangent)(part_read_cotangent)


def outer_of_solutions(b_bar, x, vector):
    """b̄ xᴴ: less the cotangent of a in a x = b; `vector` if b has no axis of columns."""
    if vector:
        return b_bar[..., :, None] * np.conj(x)[..., None, :]
    return b_bar @ np.conj(np.swapaxes(x, -1, -2))


source_of(outer_of_solutions)(outer_of_solutions)


# -- inverses and determinants -----------------------------------------------------------------------------


@rule(linalg.solve)
def solve(
    a,
    b,
    lower=False,
    overwrite_a=False,
    overwrite_b=False,
    check_finite=True,
    assume_a=None,
    transposed=False,
):
    """X = op(A)⁻¹ B: B̄ = op(A)⁻ᴴ X̄, and -B̄ Xᴴ is the cotangent of op(A)."""
    x = linalg.solve(a, b, lower, False, False, check_finite, assume_a, transposed)
    vector = np.ndim(b) == 1

    def pullback(x_bar):
        matrix = part_read(a, assume_a, lower)
        adjoint = np.conj(matrix if transposed else np.swapaxes(matrix, -1, -2))
        b_bar = solved(adjoint, x_bar, vector)
        op_bar = -outer_of_solutions(b_bar, x, vector)
        a_bar = np.swapaxes(op_bar, -1, -2) if transposed else op_bar
        return part_read_cotangent(a_bar, assume_a), b_bar

    return x, pullback


def solved(a, b, vector):
    """a⁻¹ b, where b has columns, or is a stack of vectors."""
    return np.linalg.solve(a, b[..., None])[..., 0] if vector else np.linalg.solve(a, b)


source_of(solved)(solved)


@rule(linalg.inv)
def inv(a, overwrite_a=False, check_finite=True, *, assume_a=None, lower=False):
    """B = A⁻¹: Ā = -Bᴴ B̄ Bᴴ"""
    B = linalg.inv(a, False, check_finite, assume_a=assume_a, lower=lower)

    def pullback(B_bar):
        Bt = np.swapaxes(np.conj(part_read(B, assume_a, lower)), -1, -2)
        return part_read_cotangent(-Bt @ B_bar @ Bt, assume_a)

    return B, pullback


@rule(linalg.det)
def det(a, overwrite_a=False, check_finite=True):
    """δy = y tr(A⁻¹ δA), exact where y is 0."""
    y = linalg.det(a, False, check_finite)

    def pullback(y_bar):
        return np.expand_dims(y_bar, (-2, -1)) * np.conj(cofactors(a, np.asarray(y)))

    return y, pullback


@rule(linalg.pinv)
def pinv(a, *, atol=None, rtol=None, return_rank=False, check_finite=True):
    y = linalg.pinv(a, atol=atol, rtol=rtol, return_rank=return_rank, check_finite=check_finite)

    def pullback(y_bar):
        B = y[0] if return_rank else y
        return pinv_cotangent(y_bar[0] if return_rank else y_bar, a, B)

    return y, pullback


@rule(linalg.pinvh)
def pinvh(a, atol=None, rtol=None, lower=True, return_rank=False, check_finite=True):
    """Of a Hermitian matrix: its cotangent is symmetrised."""
    y = linalg.pinvh(a, atol, rtol, lower, return_rank, check_finite)

    def pullback(y_bar):
        matrix = part_read(a, "hermitian", lower)
        B = y[0] if return_rank else y
        a_bar = pinv_cotangent(y_bar[0] if return_rank else y_bar, matrix, B)
        return part_read_cotangent(a_bar, "hermitian")

    return y, pullback


def pinv_cotangent(B_bar, a, B):
    """B = A⁺ of constant rank."""
    if B_bar is None:
        return np.zeros_like(a)
    Bt = np.swapaxes(np.conj(B), -1, -2)
    C = np.swapaxes(np.conj(B_bar), -1, -2)
    left = (C - a @ (B @ C)) @ B @ Bt
    right = Bt @ B @ (C - (C @ B) @ a)
    return left + right - Bt @ B_bar @ Bt


source_of(pinv_cotangent)(pinv_cotangent)


@rule(linalg.lstsq)
def lstsq(
    a,
    b,
    cond=None,
    overwrite_a=False,
    overwrite_b=False,
    check_finite=True,
    lapack_driver=None,
):
    """The solution A⁺ b of least norm, the sums of squared residuals, the rank (constant) and the
    singular values."""
    y = linalg.lstsq(a, b, cond, False, False, check_finite, lapack_driver)

    def pullback(y_bar):
        return lstsq_cotangents(y_bar[0], y_bar[1], y_bar[3], a, b, y[0], cond)

    return y, pullback


def lstsq_cotangents(x_bar, squares_bar, s_bar, a, b, x, cond):
    """With B = A⁺, r = b - A x and z = Bᴴ x̄:  b̄ = z and
    Ā = -z xᴴ + r (B z)ᴴ + Bᴴ x (x̄ - B A x̄)ᴴ; of Σ |r|²: b̄ = 2r, Ā = -2r xᴴ."""
    columns = np.reshape(b, (np.shape(b)[0], -1))
    x = np.reshape(x, (np.shape(a)[1], -1))
    residual = columns - a @ x
    a_bar, b_bar = np.zeros_like(a), np.zeros_like(columns)
    if x_bar is not None:
        x_bar = np.reshape(x_bar, np.shape(x))
        B = np.linalg.pinv(a) if cond is None else np.linalg.pinv(a, rtol=cond)
        Bt = np.conj(B).T
        z = Bt @ x_bar
        rest = x_bar - B @ (a @ x_bar)
        b_bar = b_bar + z
        a_bar = a_bar - z @ np.conj(x).T + residual @ np.conj(B @ z).T
        a_bar = a_bar + Bt @ x @ np.conj(rest).T
    if squares_bar is not None and np.size(squares_bar) > 0:
        r_bar = 2 * residual * squares_bar
        b_bar = b_bar + r_bar
        a_bar = a_bar - r_bar @ np.conj(x).T
    if s_bar is not None:
        thin = np.linalg.svd(a, full_matrices=False)
        a_bar = a_bar + (thin[0] * s_bar) @ thin[2]
    return a_bar, np.reshape(b_bar, np.shape(b))


source_of(lstsq_cotangents)(lstsq_cotangents)

# -- triangular matrices ------------------------------------------------------------------------------------


@rule(linalg.solve_triangular)
def solve_triangular(
    a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True
):
    """X = op(A)⁻¹ B of a triangular A, of whose other triangle nothing is read."""
    x = linalg.solve_triangular(a, b, trans, lower, unit_diagonal, False, check_finite)
    vector = np.ndim(b) == 1

    def pullback(x_bar):
        if trans in (1, "T"):
            b_bar = linalg.solve_triangular(np.conj(a), x_bar, 0, lower, unit_diagonal)
        else:
            turned = 0 if trans in (2, "C") else 2
            b_bar = linalg.solve_triangular(a, x_bar, turned, lower, unit_diagonal)
        op_bar = -outer_of_solutions(b_bar, x, vector)
        if trans in (1, "T", 2, "C"):
            op_bar = np.swapaxes(op_bar, -1, -2)
        if trans in (2, "C"):
            op_bar = np.conj(op_bar)
        first = 1 if unit_diagonal else 0
        return np.tril(op_bar, -first) if lower else np.triu(op_bar, first), b_bar

    return x, pullback


# -- matrix equations ---------------------------------------------------------------------------------------


@rule(linalg.solve_sylvester)
def solve_sylvester(a, b, q):
    """A X + X B = Q: Q̄ = Z with Aᴴ Z + Z Bᴴ = X̄, Ā = -Z Xᴴ, B̄ = -Xᴴ Z."""
    x = linalg.solve_sylvester(a, b, q)

    def pullback(x_bar):
        At, Bt = np.conj(np.swapaxes(a, -1, -2)), np.conj(np.swapaxes(b, -1, -2))
        Xt = np.conj(np.swapaxes(x, -1, -2))
        z = linalg.solve_sylvester(At, Bt, x_bar)
        return -z @ Xt, -Xt @ z, z

    return x, pullback


@rule(linalg.solve_continuous_lyapunov)
def solve_continuous_lyapunov(a, q):
    """A X + X Aᴴ = Q: Q̄ = Z with Aᴴ Z + Z A = X̄, Ā = -Z Xᴴ - Zᴴ X."""
    x = linalg.solve_continuous_lyapunov(a, q)

    def pullback(x_bar):
        z = linalg.solve_continuous_lyapunov(np.conj(np.swapaxes(a, -1, -2)), x_bar)
        Xt, Zt = np.conj(np.swapaxes(x, -1, -2)), np.conj(np.swapaxes(z, -1, -2))
        return -z @ Xt - Zt @ x, z

    return x, pullback


@rule(linalg.solve_discrete_lyapunov)
def solve_discrete_lyapunov(a, q, method=None):
    """A X Aᴴ - X + Q = 0: Q̄ = Z with Aᴴ Z A - Z + X̄ = 0, Ā = Z A Xᴴ + Zᴴ A X."""
    x = linalg.solve_discrete_lyapunov(a, q, method)

    def pullback(x_bar):
        z = linalg.solve_discrete_lyapunov(np.conj(np.swapaxes(a, -1, -2)), x_bar, method)
        Xt, Zt = np.conj(np.swapaxes(x, -1, -2)), np.conj(np.swapaxes(z, -1, -2))
        return z @ a @ Xt + Zt @ a @ x, z

    return x, pullback
