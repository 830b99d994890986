"""Linear algebra: inverses, determinants, factorisations and eigenvalues.

Formulas from Giles 2008, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation", and Seeger et al. 2017, "Auto-differentiating linear algebra".
All work on stacks of matrices.
"""

from __future__ import annotations

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.reductions import MISSING
from adjoint.rules.registry import rule, source_of

# -- inverses and determinants --------------------------------------------------------------------


@rule(np.linalg.inv)
def inv(a):
    """B = A⁻¹: δB = −B δA B, so Ā = −Bᴴ B̄ Bᴴ (Giles 2008, §2.2.3)."""
    B = np.linalg.inv(a)

    def pullback(B_bar):
        Bt = np.swapaxes(np.conj(B), -1, -2)
        return -Bt @ B_bar @ Bt

    return B, pullback


@rule(np.linalg.pinv)
def pinv(a, rcond=None, hermitian=False, *, rtol=MISSING):
    """B = A⁺ of constant rank (Golub and Pereyra 1973)."""
    B = np.linalg.pinv(a, rcond, hermitian, rtol=rtol)

    def pullback(B_bar):
        Bt = np.swapaxes(np.conj(B), -1, -2)
        C = np.swapaxes(np.conj(B_bar), -1, -2)
        left = (C - a @ (B @ C)) @ B @ Bt
        right = Bt @ B @ (C - (C @ B) @ a)
        return left + right - Bt @ B_bar @ Bt

    return B, pullback


@rule(np.linalg.det)
def det(a):
    """δy = y tr(A⁻¹ δA); in terms of singular vectors, which stay exact where y is 0."""
    y = np.linalg.det(a)

    def pullback(y_bar):
        return np.expand_dims(y_bar, (-2, -1)) * np.conj(cofactors(a, y))

    return y, pullback


def cofactors(a, y):
    """∂y/∂a for y = det a: y A⁻ᵀ, or where some y is 0, from the singular values: with A = U S Vᴴ,
    det(U Vᴴ) conj(U) diag(Π_{j≠i} s_j) conj(Vᴴ)."""
    if np.all(y):
        return np.expand_dims(y, (-2, -1)) * np.swapaxes(np.linalg.inv(a), -1, -2)
    U, s, Vh = np.linalg.svd(a)
    others = np.where(np.eye(np.shape(s)[-1], dtype=bool), 1, s[..., None, :])
    products = np.linalg.det(U @ Vh)[..., None] * np.prod(others, axis=-1)
    return (np.conj(U) * products[..., None, :]) @ np.conj(Vh)


@rule(cofactors)
def cofactors_rule(a, y):
    """C = y A⁻ᵀ; for an invertible A."""
    C = cofactors(a, y)

    def pullback(C_bar):
        B = np.conj(np.linalg.inv(a))
        Bt = np.swapaxes(B, -1, -2)
        a_bar = -np.expand_dims(np.conj(y), (-2, -1)) * (Bt @ np.swapaxes(C_bar, -1, -2) @ Bt)
        y_bar = np.sum(Bt * C_bar, axis=(-2, -1))
        return a_bar, y_bar

    return C, pullback


@rule(np.linalg.slogdet)
def slogdet(a):
    """δ log|det A| = Re tr(A⁻¹ δA); for complex A the sign turns by Im tr(A⁻¹ δA)."""
    y = np.linalg.slogdet(a)

    def pullback(y_bar):
        log_bar = total_log_bar(y_bar, y)
        return np.expand_dims(log_bar, (-2, -1)) * np.conj(np.swapaxes(np.linalg.inv(a), -1, -2))

    return y, pullback


def total_log_bar(y_bar, y):
    """The cotangent of log det: of log|det|, and 1j times how much the sign turns."""
    sign_bar, log_bar = y_bar
    log_bar = np.asarray(0.0 if log_bar is None else log_bar)
    if sign_bar is None or not np.iscomplexobj(y[0]):
        return log_bar
    return log_bar + 1j * np.imag(np.conj(y[0]) * sign_bar)


source_of(total_log_bar)(total_log_bar)


@rule(np.linalg.solve)
def solve(a, b):
    """X = A⁻¹ B: B̄ = A⁻ᴴ X̄, Ā = −B̄ Xᴴ (Giles 2008, §2.3.1)."""
    x = np.linalg.solve(a, b)

    def pullback(x_bar):
        At = np.swapaxes(np.conj(a), -1, -2)
        if np.ndim(a) == 2 and np.ndim(b) == 1:
            b_bar = np.linalg.solve(At, x_bar)
            a_bar = -np.outer(b_bar, np.conj(x))
        elif np.ndim(b) == 1:
            b_bar = np.linalg.solve(At, x_bar[..., None])[..., 0]
            a_bar = -b_bar[..., :, None] * np.conj(x)[..., None, :]
        else:
            b_bar = np.linalg.solve(At, x_bar)
            a_bar = -b_bar @ np.swapaxes(np.conj(x), -1, -2)
        return a_bar, b_bar

    return x, pullback


@rule(np.linalg.matrix_power)
def matrix_power(a, n):
    """y = a a ... a: each factor between the powers to its left and right."""
    y = np.linalg.matrix_power(a, n)

    def pullback(y_bar):
        return matrix_power_cotangent(y_bar, a, n)

    return y, pullback


def matrix_power_cotangent(y_bar, a, n):
    """Σ_k (aᵏ)ᴴ ȳ (aⁿ⁻¹⁻ᵏ)ᴴ, by Horner's rule; the power −n of a is the power n of its inverse."""
    At = np.swapaxes(np.conj(a), -1, -2)
    if n < 0:
        At = np.linalg.inv(At)
        return -At @ matrix_power_cotangent(y_bar, np.linalg.inv(a), -n) @ At
    total = np.zeros_like(y_bar)
    right = y_bar
    for _ in range(n):
        total = At @ total + right
        right = right @ At
    return total


source_of(matrix_power_cotangent)(matrix_power_cotangent)


@rule(np.linalg.multi_dot)
def multi_dot(arrays, *, out=None):
    y = np.linalg.multi_dot(arrays)

    def pullback(y_bar):
        return multi_dot_cotangents(y_bar, arrays)

    return y, pullback


def multi_dot_cotangents(y_bar, arrays):
    """The cotangent of each factor; a first factor of one axis is a row, a last one a column."""
    first, last = np.atleast_2d(arrays[0]), arrays[-1]
    last = np.reshape(last, (-1, 1)) if np.ndim(last) == 1 else last
    factors = [first, *arrays[1:-1], last]
    before = np.reshape(y_bar, (np.shape(first)[0], np.shape(last)[1]))
    after = [np.eye(np.shape(last)[1], dtype=np.result_type(y_bar))]
    for factor in factors[:0:-1]:
        after = [factor @ after[0], *after]
    bars = []
    for factor, following, array in zip(factors, after, arrays, strict=True):
        bars = [*bars, np.reshape(before @ np.conj(following).T, np.shape(array))]
        before = np.conj(factor).T @ before
    return bars


source_of(multi_dot_cotangents)(multi_dot_cotangents)

# -- factorisations -------------------------------------------------------------------------------


@rule(np.linalg.cholesky)
def cholesky(a, /, *, upper=False):
    """A = L Lᴴ: Ā = L⁻ᴴ Φ(Lᴴ L̄) L⁻¹, symmetrised, where Φ halves the diagonal of the lower part.

    NumPy reads one triangle only; the cotangent is that of a symmetric A (Murray 2016).
    """
    y = np.linalg.cholesky(a, upper=upper)

    def pullback(y_bar):
        L = np.swapaxes(np.conj(y), -1, -2) if upper else y
        L_bar = np.swapaxes(np.conj(y_bar), -1, -2) if upper else y_bar
        Lt = np.swapaxes(np.conj(L), -1, -2)
        P = Lt @ L_bar
        inner = np.tril(P) - np.eye(np.shape(a)[-1], dtype=P.dtype) * P / 2
        left = np.linalg.solve(Lt, inner)
        right = np.swapaxes(np.conj(left), -1, -2)
        half = np.linalg.solve(Lt, right)
        return (half + np.swapaxes(np.conj(half), -1, -2)) / 2

    return y, pullback


@rule(np.linalg.eigh)
def eigh(a, UPLO="L"):
    """A V = V diag(w): Ā = V (diag(w̄) + F ∘ Vᴴ V̄) Vᴴ, symmetrised, F_ij = 1 / (w_j − w_i).

    Where two eigenvalues are equal F is 0: right if the loss does not depend on the choice of
    the vectors that belong to them.
    """
    y = np.linalg.eigh(a, UPLO)

    def pullback(y_bar):
        return eigh_cotangent(y_bar[0], y_bar[1], y[0], y[1])

    return y, pullback


@rule(np.linalg.eigvalsh)
def eigvalsh(a, UPLO="L"):
    """Ā = V diag(w̄) Vᴴ"""
    w = np.linalg.eigvalsh(a, UPLO)

    def pullback(w_bar):
        V = np.linalg.eigh(a, UPLO)[1]
        return (V * w_bar[..., None, :]) @ np.swapaxes(np.conj(V), -1, -2)

    return w, pullback


def eigh_cotangent(w_bar, V_bar, w, V):
    """Either cotangent may be None."""
    Vt = np.swapaxes(np.conj(V), -1, -2)
    if V_bar is None:
        return (V * w_bar[..., None, :]) @ Vt
    inner = reciprocal_gaps(w) * (Vt @ V_bar)
    inner = (inner + np.swapaxes(np.conj(inner), -1, -2)) / 2
    if w_bar is not None:
        inner = inner + np.eye(np.shape(w)[-1], dtype=w.dtype) * w_bar[..., None, :]
    return V @ inner @ Vt


source_of(eigh_cotangent)(eigh_cotangent)


def reciprocal_gaps(w):
    """1 / (w_j − w_i), and 0 where they are equal."""
    gaps = w[..., None, :] - w[..., :, None]
    return (gaps != 0) / (gaps + (gaps == 0))


source_of(reciprocal_gaps)(reciprocal_gaps)


@rule(np.linalg.svd)
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    """A = U diag(s) Vᴴ (Townsend 2016; for complex A, Wan and Zhang 2019).

    Only the leading singular vectors count: the rest of a full U or V is not determined by A.
    """
    y = np.linalg.svd(a, full_matrices, compute_uv, hermitian)

    def pullback(y_bar):
        if compute_uv:
            a_bar = svd_cotangent(y_bar[0], y_bar[1], y_bar[2], y[0], y[1], y[2])
        else:
            thin = np.linalg.svd(a, full_matrices=False)
            a_bar = (thin[0] * y_bar[..., None, :]) @ thin[2]
        return a_bar

    return y, pullback


@rule(np.linalg.svdvals)
def svdvals(x, /):
    y = np.linalg.svdvals(x)

    def pullback(y_bar):
        thin = np.linalg.svd(x, full_matrices=False)
        return (thin[0] * y_bar[..., None, :]) @ thin[2]

    return y, pullback


def svd_cotangent(U_bar, s_bar, Vh_bar, U, s, Vh):
    """Each cotangent may be None; equal singular values count as in eigh."""
    k = np.shape(s)[-1]
    U, Vh = U[..., :, :k], Vh[..., :k, :]
    Ut, V = np.swapaxes(np.conj(U), -1, -2), np.swapaxes(np.conj(Vh), -1, -2)
    F = reciprocal_gaps(s * s)
    inverse = (s != 0) / (s + (s == 0))
    diagonal = np.eye(k, dtype=s.dtype)
    inner = np.zeros_like(Ut @ U)
    outside = 0.0
    if s_bar is not None:
        inner = inner + diagonal * s_bar[..., None, :]
    if U_bar is not None:
        U_bar = U_bar[..., :, :k]
        P = Ut @ U_bar
        J = F * P
        inner = inner + (J + np.swapaxes(np.conj(J), -1, -2)) * s[..., None, :]
        inner = (
            inner + 1j * np.imag(diagonal * P) * inverse[..., None, :]
            if (np.iscomplexobj(P))
            else inner
        )
        outside = ((U_bar - U @ P) * inverse[..., None, :]) @ Vh
    if Vh_bar is not None:
        V_bar = np.swapaxes(np.conj(Vh_bar[..., :k, :]), -1, -2)
        Q = np.swapaxes(np.conj(V), -1, -2) @ V_bar
        K = F * Q
        inner = inner + s[..., :, None] * (K + np.swapaxes(np.conj(K), -1, -2))
        rest = np.swapaxes(np.conj(V_bar - V @ Q), -1, -2)
        outside = outside + (U * inverse[..., None, :]) @ rest
    return U @ inner @ Vh + outside


source_of(svd_cotangent)(svd_cotangent)


@rule(np.linalg.qr)
def qr(a, mode="reduced"):
    """A = Q R with at least as many rows as columns (Walter and Lehmann 2018)."""
    y = np.linalg.qr(a, mode)

    def pullback(y_bar):
        return qr_cotangent(y_bar[0], y_bar[1], y[0], y[1], mode)

    return y, pullback


def qr_cotangent(Q_bar, R_bar, Q, R, mode="reduced"):
    """Ā = (Q̄ + Q copyltu(M)) R⁻ᴴ, M = R R̄ᴴ − Q̄ᴴ Q; copyltu mirrors the lower triangle."""
    if np.shape(Q)[-1] != np.shape(R)[-1] or mode not in ("reduced", "complete"):
        raise MissingRuleError(
            f"np.linalg.qr with mode={mode!r} of a matrix with R of shape {np.shape(R)}",
            hint="only the reduced decomposition of tall or square matrices is differentiated",
        )
    M = np.zeros_like(R)
    if R_bar is not None:
        M = M + R @ np.swapaxes(np.conj(R_bar), -1, -2)
    if Q_bar is not None:
        M = M - np.swapaxes(np.conj(Q_bar), -1, -2) @ Q
    lower = np.tril(M, -1)
    diagonal = np.eye(np.shape(R)[-1], dtype=np.real(R).dtype) * np.real(M)
    mirrored = lower + np.swapaxes(np.conj(lower), -1, -2) + diagonal
    B = Q @ mirrored if Q_bar is None else Q_bar + Q @ mirrored
    solved = np.linalg.solve(R, np.swapaxes(np.conj(B), -1, -2))
    return np.swapaxes(np.conj(solved), -1, -2)


source_of(qr_cotangent)(qr_cotangent)
