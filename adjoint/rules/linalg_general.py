"""Eigenvalues of general matrices, condition numbers, and systems of tensors."""

from __future__ import annotations

import numpy as np

from adjoint.rules.computed import computed, valued
from adjoint.rules.linalg import reciprocal_gaps
from adjoint.rules.registry import rule, source_of, varying


@rule(np.linalg.eigvals, shape=varying)
def eigvals(a):
    """δw = diag(V⁻¹ δA V), so Ā = V⁻ᴴ diag(w̄) Vᴴ (Giles 2008, §3.1)."""
    w = np.linalg.eigvals(a)

    def pullback(w_bar):
        y = np.linalg.eig(a)
        return eig_cotangent(in_order(w_bar, w, y[0]), None, y[0], y[1])

    return w, pullback


def in_order(w_bar, w, others):
    """The cotangents of the eigenvalues w for the same eigenvalues in another order."""
    nearest = np.argmin(np.abs(w[..., None, :] - others[..., :, None]), axis=-1)
    return np.take_along_axis(w_bar, nearest, -1)


source_of(in_order)(in_order)


@rule(np.linalg.eig, shape=varying)
def eig(a):
    """A V = V diag(w), columns of V of length 1: the loss must not depend on their phases. With
    F_ij = 1 / (w_j − w_i), 0 where they are equal, and M = Vᴴ V̄:
    Ā = V⁻ᴴ (diag(w̄) + conj(F) ∘ (M − Vᴴ V Re diag(M))) Vᴴ."""
    y = np.linalg.eig(a)

    def pullback(y_bar):
        return eig_cotangent(y_bar[0], y_bar[1], y[0], y[1])

    return y, pullback


def eig_cotangent(w_bar, V_bar, w, V):
    """Either cotangent may be None."""
    Vt = np.swapaxes(np.conj(V), -1, -2)
    diagonal = np.eye(np.shape(w)[-1], dtype=np.real(w).dtype)
    inner = np.zeros_like(Vt) if w_bar is None else diagonal * w_bar[..., None, :]
    if V_bar is not None:
        M = Vt @ V_bar
        lengths = np.sum(diagonal * np.real(M), axis=-2)
        inner = inner + np.conj(reciprocal_gaps(w)) * (M - (Vt @ V) * lengths[..., None, :])
    return np.linalg.solve(Vt, inner @ Vt)


source_of(eig_cotangent)(eig_cotangent)


@source_of(np.linalg.cond)
def cond(x, p=None):
    """The ratio of the outer singular values, or ‖A‖ ‖A⁻¹‖."""
    x = np.asarray(x)
    y = computed(np.linalg.cond, x, p)
    if p is None or p == 2 or p == -2:
        s = np.linalg.svd(x, compute_uv=False)
        ratio = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    elif not np.all(np.isfinite(y)):
        ratio = y
    else:
        inverse = np.linalg.norm(np.linalg.inv(x), p, axis=(-2, -1))
        ratio = np.linalg.norm(x, p, axis=(-2, -1)) * inverse
    return valued(y, ratio)


@source_of(np.linalg.tensorsolve)
def tensorsolve(a, b, axes=None):
    y = computed(np.linalg.tensorsolve, a, b, axes)
    a, b = np.asarray(a), np.asarray(b)
    if axes is not None:
        a = np.moveaxis(a, axes, range(a.ndim - len(axes), a.ndim))
    matrix = np.reshape(a, (b.size, -1))
    return valued(y, np.reshape(np.linalg.solve(matrix, np.ravel(b)), y.shape))
