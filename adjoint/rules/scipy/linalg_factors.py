"""Factorisations, eigenvalues and singular values.

Of a symmetric or Hermitian matrix only one triangle is read; its cotangent is symmetrised, as that of
`np.linalg.cholesky` and `np.linalg.eigh` (Murray 2016; de Hoog, Anderssen and Lukas 2011; Walter and
Lehmann 2018).
"""

from __future__ import annotations

import inspect

import numpy as np
from scipy import linalg

from adjoint.errors import MissingRuleError
from adjoint.rules.linalg import qr_cotangent, reciprocal_gaps, svd_cotangent
from adjoint.rules.registry import nondifferentiable, rule, source_of
from adjoint.rules.scipy.linalg_solvers import outer_of_solutions

#: "Not given" is spelled in several ways by the releases of SciPy.
LWORK = inspect.signature(linalg.qr).parameters["lwork"].default

# -- Cholesky --------------------------------------------------------------------------------------------


@rule(linalg.cholesky)
def cholesky(a, lower=False, overwrite_a=False, check_finite=True):
    """A = L Lᴴ = Uᴴ U"""
    y = linalg.cholesky(a, lower, False, check_finite)

    def pullback(y_bar):
        return cholesky_cotangent(y_bar, y, lower)

    return y, pullback


@rule(linalg.cho_factor)
def cho_factor(a, lower=False, overwrite_a=False, check_finite=True):
    """The factor in one triangle, and which it is; what the other holds is not to be read."""
    y = linalg.cho_factor(a, lower, False, check_finite)

    def pullback(y_bar):
        return cholesky_cotangent(y_bar[0], y[0], lower)

    return y, pullback


def cholesky_cotangent(y_bar, y, lower):
    """Ā = L⁻ᴴ Φ(Lᴴ L̄) L⁻¹, symmetrised, where Φ halves the diagonal of the lower part."""
    if y_bar is None:
        return np.zeros_like(y)
    L = np.tril(y) if lower else np.conj(np.swapaxes(np.triu(y), -1, -2))
    L_bar = np.tril(y_bar) if lower else np.conj(np.swapaxes(np.triu(y_bar), -1, -2))
    Lt = np.conj(np.swapaxes(L, -1, -2))
    P = Lt @ L_bar
    inner = np.tril(P) - np.eye(np.shape(y)[-1], dtype=P.dtype) * P / 2
    left = np.linalg.solve(Lt, inner)
    half = np.linalg.solve(Lt, np.conj(np.swapaxes(left, -1, -2)))
    return ((half + np.conj(np.swapaxes(half, -1, -2))) / 2).astype(np.result_type(y))


source_of(cholesky_cotangent)(cholesky_cotangent)


@rule(linalg.cho_solve)
def cho_solve(c_and_lower, b, overwrite_b=False, check_finite=True):
    """X = (L Lᴴ)⁻¹ B: B̄ = (L Lᴴ)⁻¹ X̄, L̄ = -(B̄ Xᴴ + X B̄ᴴ) L."""
    x = linalg.cho_solve(c_and_lower, b, False, check_finite)
    vector = np.ndim(b) == 1

    def pullback(x_bar):
        b_bar = linalg.cho_solve(c_and_lower, x_bar)
        half = outer_of_solutions(b_bar, x, vector)
        both = half + np.conj(np.swapaxes(half, -1, -2))
        c, lower = c_and_lower
        c_bar = -np.tril(both @ np.tril(c)) if lower else -np.triu(np.triu(c) @ both)
        return (c_bar, None), b_bar

    return x, pullback


# -- LU ----------------------------------------------------------------------------------------------------


@rule(linalg.lu)
def lu(a, permute_l=False, overwrite_a=False, check_finite=True, p_indices=False):
    """A = P L U"""
    y = linalg.lu(a, permute_l, False, check_finite, p_indices)

    def pullback(y_bar):
        L_bar, U_bar = (y_bar[0], y_bar[1]) if permute_l else (y_bar[1], y_bar[2])
        P, L, U = linalg.lu(a)
        if permute_l and L_bar is not None:
            L_bar = np.swapaxes(P, -1, -2) @ L_bar
        return P @ lu_cotangent(L_bar, U_bar, L, U)

    return y, pullback


def padded(matrix, size, rows):
    """A triangular matrix made square: the further columns (or `rows`) are those of the identity."""
    have = np.shape(matrix)[-2 if rows else -1]
    if have == size:
        return matrix
    more = np.zeros((*np.shape(matrix)[:-2], size, size - have), matrix.dtype)
    more = more + np.eye(size, dtype=matrix.dtype)[:, have:]
    if rows:
        return np.concatenate((matrix, np.swapaxes(more, -1, -2)), axis=-2)
    return np.concatenate((matrix, more), axis=-1)


def widened_by_zeros(matrix, rows, columns):
    """The matrix with zeros below and to the right of it."""
    m, n = np.shape(matrix)[-2:]
    before = [(0, 0)] * (np.ndim(matrix) - 2)
    return np.pad(matrix, (*before, (0, rows - m), (0, columns - n)))


def lu_cotangent(L_bar, U_bar, L, U):
    """The cotangent of L U, by L and U made square: L⁻ᴴ (tril(Lᴴ L̄, -1) + triu(Ū Uᴴ)) U⁻ᴴ."""
    m, n = np.shape(L)[-2], np.shape(U)[-1]
    Lt = np.conj(np.swapaxes(padded(L, m, False), -1, -2))
    Ut = np.conj(np.swapaxes(padded(U, n, True), -1, -2))
    inner = np.zeros((m, n))
    if L_bar is not None:
        inner = inner + widened_by_zeros(np.tril(Lt @ L_bar, -1)[..., :, : min(m, n)], m, n)
    if U_bar is not None:
        inner = inner + widened_by_zeros(np.triu(U_bar @ Ut), m, n)
    left = np.linalg.solve(Lt, inner)
    solved = np.linalg.solve(np.swapaxes(Ut, -1, -2), np.swapaxes(left, -1, -2))
    return np.swapaxes(solved, -1, -2).astype(np.result_type(L, U))


source_of(padded)(padded)
source_of(widened_by_zeros)(widened_by_zeros)
source_of(lu_cotangent)(lu_cotangent)


@rule(linalg.lu_factor)
def lu_factor(a, overwrite_a=False, check_finite=True):
    """L and U in one matrix, without the diagonal of L; and where each row came from."""
    y = linalg.lu_factor(a, False, check_finite)

    def pullback(y_bar):
        P, L, U = linalg.lu(a)
        k = np.shape(U)[-2]
        L_bar = None if y_bar[0] is None else np.tril(y_bar[0], -1)[..., :, :k]
        U_bar = None if y_bar[0] is None else np.triu(y_bar[0])[..., :k, :]
        return P @ lu_cotangent(L_bar, U_bar, L, U)

    return y, pullback


@rule(linalg.lu_solve)
def lu_solve(lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True):
    """X = op(P L U)⁻¹ B. The cotangent C of L U gives L̄ = C Uᴴ below and Ū = Lᴴ C above."""
    x = linalg.lu_solve(lu_and_piv, b, trans, False, check_finite)
    vector = np.ndim(b) == 1

    def pullback(x_bar):
        lu, piv = lu_and_piv
        if trans == 1:
            b_bar = linalg.lu_solve((np.conj(lu), piv), x_bar, 0)
        else:
            b_bar = linalg.lu_solve((lu, piv), x_bar, 0 if trans == 2 else 2)
        op_bar = -outer_of_solutions(b_bar, x, vector)
        if trans > 0:
            op_bar = np.swapaxes(op_bar, -1, -2)
        if trans == 2:
            op_bar = np.conj(op_bar)
        C = np.take_along_axis(op_bar, rows_of(piv)[..., :, None], axis=-2)
        eye = np.eye(np.shape(lu)[-1], dtype=lu.dtype)
        L = np.tril(lu, -1) + eye
        lower = np.tril(C @ np.conj(np.swapaxes(np.triu(lu), -1, -2)), -1)
        upper = np.triu(np.conj(np.swapaxes(L, -1, -2)) @ C)
        return (lower + upper, None), b_bar

    return x, pullback


@nondifferentiable
def rows_of(piv):
    """The row of the matrix that became each row of L U, of the interchanges that LAPACK gives."""
    piv = np.asarray(piv)
    rows = np.broadcast_to(np.arange(piv.shape[-1]), piv.shape).copy()
    for index in np.ndindex(piv.shape[:-1]):
        own = rows[index]
        for i, j in enumerate(piv[index]):
            own[[i, j]] = own[[j, i]]
    return rows


# -- QR ---------------------------------------------------------------------------------------------------------


@rule(linalg.qr)
def qr(a, overwrite_a=False, lwork=LWORK, mode="full", pivoting=False, check_finite=True):
    """A = Q R, or A[:, P] = Q R, of square or tall matrices."""
    y = linalg.qr(a, False, lwork, mode, pivoting, check_finite)

    def pullback(y_bar):
        return scipy_qr_cotangent(y_bar, y, mode, pivoting, np.shape(a), a)

    return y, pullback


def scipy_qr_cotangent(y_bar, y, mode, pivoting, shape, a):
    if mode == "raw" or mode == "full" and shape[-2] != shape[-1] or shape[-2] < shape[-1]:
        raise MissingRuleError(
            f"no derivative is known for scipy.linalg.qr with mode={mode!r} of a matrix of shape {shape}",
            hint="Use mode='economic' of a matrix with at least as many rows as columns.",
        )
    k = shape[-1]
    if mode == "r":
        R, R_bar, Q_bar = y[0][..., :k, :], y_bar[0], None
        R_bar = None if R_bar is None else R_bar[..., :k, :]
        ordered = np.take_along_axis(a, y[-1][..., None, :], -1) if pivoting else a
        Rt = np.swapaxes(R, -1, -2)
        Q = np.swapaxes(np.linalg.solve(Rt, np.swapaxes(ordered, -1, -2)), -1, -2)
    else:
        Q, R, Q_bar, R_bar = y[0], y[1], y_bar[0], y_bar[1]
    a_bar = qr_cotangent(Q_bar, R_bar, Q, R)
    if pivoting:
        return np.take_along_axis(a_bar, np.argsort(y[-1], axis=-1)[..., None, :], -1)
    return a_bar


source_of(scipy_qr_cotangent)(scipy_qr_cotangent)

# -- eigenvalues ---------------------------------------------------------------------------------------------------


@rule(linalg.eigh)
def eigh(
    a,
    b=None,
    *,
    lower=True,
    eigvals_only=False,
    overwrite_a=False,
    overwrite_b=False,
    type=1,
    check_finite=True,
    subset_by_index=None,
    subset_by_value=None,
    driver=None,
):
    """A V = B V diag(w), Vᴴ B V = 1. Equal eigenvalues count as in `np.linalg.eigh`."""
    y = linalg.eigh(
        a,
        b,
        lower=lower,
        eigvals_only=eigvals_only,
        type=type,
        check_finite=check_finite,
        subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
        driver=driver,
    )
    subset = subset_by_index is not None or subset_by_value is not None

    def pullback(y_bar):
        if eigvals_only:
            V = linalg.eigh(
                a,
                b,
                lower=lower,
                type=type,
                subset_by_index=subset_by_index,
                subset_by_value=subset_by_value,
            )[1]
            return eigh_cotangents(y_bar, None, y, V, b is not None, type, subset)
        return eigh_cotangents(y_bar[0], y_bar[1], y[0], y[1], b is not None, type, subset)

    return y, pullback


@rule(linalg.eigvalsh)
def eigvalsh(
    a,
    b=None,
    *,
    lower=True,
    overwrite_a=False,
    overwrite_b=False,
    type=1,
    check_finite=True,
    subset_by_index=None,
    subset_by_value=None,
    driver=None,
):
    w = linalg.eigvalsh(
        a,
        b,
        lower=lower,
        type=type,
        check_finite=check_finite,
        subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
        driver=driver,
    )

    def pullback(w_bar):
        V = linalg.eigh(
            a,
            b,
            lower=lower,
            type=type,
            subset_by_index=subset_by_index,
            subset_by_value=subset_by_value,
        )[1]
        return eigh_cotangents(w_bar, None, w, V, b is not None, type, False)

    return w, pullback


def eigh_cotangents(w_bar, V_bar, w, V, generalised, type, subset):
    """With K = diag(w̄) + F ∘ Vᴴ V̄, F_ij = 1 / (w_j - w_i):  Ā = V K Vᴴ, and
    B̄ = -V (K diag(w) + ½ diag(Vᴴ V̄)) Vᴴ, both symmetrised."""
    if generalised and type != 1:
        raise MissingRuleError(
            f"no derivative is known for scipy.linalg.eigh with type={type}",
            hint="Write the problem as A v = w B v.",
        )
    if subset and V_bar is not None:
        raise MissingRuleError(
            "no derivative is known for a subset of eigenvectors of scipy.linalg.eigh",
            hint="Compute them all, and select afterwards.",
        )
    Vt, diagonal = np.conj(np.swapaxes(V, -1, -2)), np.eye(np.shape(w)[-1], dtype=w.dtype)
    K = np.zeros_like(Vt @ V)
    if w_bar is not None:
        K = K + diagonal * w_bar[..., None, :]
    rest = np.zeros_like(K)
    if V_bar is not None:
        P = Vt @ V_bar
        K = K + reciprocal_gaps(w) * P
        rest = 0.5 * diagonal * np.real(P)
    a_half = V @ K @ Vt
    a_bar = (a_half + np.conj(np.swapaxes(a_half, -1, -2))) / 2
    if not generalised:
        return a_bar, None
    b_half = -V @ (K * w[..., None, :] + rest) @ Vt
    return a_bar, (b_half + np.conj(np.swapaxes(b_half, -1, -2))) / 2


source_of(eigh_cotangents)(eigh_cotangents)

# -- singular values ---------------------------------------------------------------------------------------------


@rule(linalg.svd)
def svd(
    a,
    full_matrices=True,
    compute_uv=True,
    overwrite_a=False,
    check_finite=True,
    lapack_driver="gesdd",
):
    """A = U diag(s) Vᴴ; only the leading singular vectors count, the others are not determined."""
    y = linalg.svd(a, full_matrices, compute_uv, False, check_finite, lapack_driver)

    def pullback(y_bar):
        if compute_uv:
            a_bar = svd_cotangent(y_bar[0], y_bar[1], y_bar[2], y[0], y[1], y[2])
        else:
            thin = np.linalg.svd(a, full_matrices=False)
            a_bar = (thin[0] * y_bar[..., None, :]) @ thin[2]
        return a_bar

    return y, pullback


@rule(linalg.svdvals)
def svdvals(a, overwrite_a=False, check_finite=True):
    y = linalg.svdvals(a, False, check_finite)

    def pullback(y_bar):
        thin = np.linalg.svd(a, full_matrices=False)
        return (thin[0] * y_bar[..., None, :]) @ thin[2]

    return y, pullback
