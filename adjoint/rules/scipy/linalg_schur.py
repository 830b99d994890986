"""Schur's and the polar decomposition."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from adjoint.errors import MissingRuleError
from adjoint.rules.registry import nondifferentiable, rule, source_of


@rule(linalg.schur)
def schur(a, output="real", lwork=None, overwrite_a=False, sort=None, check_finite=True):
    """A = Z T Zᴴ, T upper triangular: of a square matrix with distinct eigenvalues. If complex, the loss must
    not depend on the phases of the columns of Z, as for `np.linalg.eig`."""
    y = linalg.schur(a, output, lwork, False, sort, check_finite)

    def pullback(y_bar):
        return schur_cotangent(y_bar[0], y_bar[1], y[0], y[1], a)

    return y, pullback


def schur_cotangent(T_bar, Z_bar, T, Z, a):
    """With E = Zᴴ δA Z and δZ = Z Ω, Ω = L - Lᴴ of a strictly lower L, for which
    low(L T - T L) = low(E), is δT = E - Ω T + T Ω. Its transpose: Ω̄ = Zᴴ Z̄ - T̄ Tᴴ + Tᴴ T̄,
    low(W Tᴴ - Tᴴ W) = low(Ω̄ - Ω̄ᴴ), Ā = Z (T̄ + W) Zᴴ."""
    check_triangular(T)
    Th, Zh = np.conj(np.swapaxes(T, -1, -2)), np.conj(np.swapaxes(Z, -1, -2))
    T_bar = np.zeros_like(T) if T_bar is None else np.triu(T_bar)
    turned = np.zeros_like(T) if Z_bar is None else Zh @ Z_bar
    turned = turned - T_bar @ Th + Th @ T_bar
    n = np.shape(T)[0]
    i, j = np.tril_indices(n, -1)
    right = (turned - np.conj(np.swapaxes(turned, -1, -2)))[i, j]
    one = np.eye(n, dtype=T.dtype)
    system = np.kron(one, np.conj(T)) - np.kron(Th, one)
    places = i * n + j
    w = np.linalg.solve(system[places[:, None], places], right)
    W = np.reshape(np.eye(n * n, dtype=T.dtype)[:, places] @ w, (n, n))
    a_bar = Z @ (T_bar + W) @ Zh
    return a_bar if np.iscomplexobj(a) else np.real(a_bar)


source_of(schur_cotangent)(schur_cotangent)


@nondifferentiable
def check_triangular(T):
    if np.ndim(T) > 2 or np.any(np.diagonal(T, -1)):
        raise MissingRuleError(
            "no derivative is known for schur of several matrices, or of a real one with complex eigenvalues",
            hint="Call it with output='complex', of one matrix.",
        )


@source_of(linalg.polar)
def polar(a, side="right"):
    """A = U P, or P U, by the singular values."""
    w, s, vh = linalg.svd(a, full_matrices=False)
    u = w @ vh
    if side == "right":
        return u, (np.conj(np.swapaxes(vh, -1, -2)) * s[..., None, :]) @ vh
    return u, (w * s[..., None, :]) @ np.conj(np.swapaxes(w, -1, -2))
