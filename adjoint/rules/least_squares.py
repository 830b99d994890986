"""Least squares: np.linalg.lstsq, and the polynomials that fit best.

With P the pseudo-inverse of A of constant rank, x = P b and r = b − A x (Golub and Pereyra 1973):
δx = P (δb − δA x) + P Pᴴ δAᴴ r + (1 − P A) δAᴴ Pᴴ x,  δ‖r‖² = 2 Re rᴴ (δb − δA x).
The rank is constant where what `rcond` leaves out is zero; elsewhere the derivative is refused.
"""

from __future__ import annotations

import numpy as np

from adjoint.errors import MissingRuleError
from adjoint.rules.polynomials import basis, of, slopes
from adjoint.rules.registry import nondifferentiable, rule, source_of


@rule(np.linalg.lstsq)
def lstsq(a, b, rcond=None):
    y = np.linalg.lstsq(a, b, rcond)

    def pullback(y_bar):
        return lstsq_bars(y_bar[0], y_bar[1], y_bar[3], a, b, y[0], rcond)

    return y, pullback


def lstsq_bars(x_bar, squares_bar, s_bar, a, b, x, rcond):
    """The cotangents of a and b; each that is given may be None."""
    eps = np.finfo(np.result_type(a, b)).eps * max(np.shape(a))
    cut = eps if rcond is None else None if rcond == -1 else rcond
    check_left_out(a, 0 if cut is None else cut)
    x_bar = np.zeros_like(x) if x_bar is None else x_bar
    columns = (-1, 1) if np.ndim(b) == 1 else np.shape(b)
    b2, x2 = np.reshape(b, columns), np.reshape(x, (np.shape(x)[0], -1))
    z = np.reshape(x_bar, (np.shape(x)[0], -1))
    P = np.linalg.pinv(a) if cut is None else np.linalg.pinv(a, cut)
    Pt, r = np.conj(P).T, b2 - a @ x2
    b2_bar = Pt @ z
    a_bar = r @ np.conj(P @ b2_bar).T - b2_bar @ np.conj(x2).T
    a_bar = a_bar + (Pt @ x2) @ np.conj(z - P @ (a @ z)).T
    if squares_bar is not None and np.size(squares_bar):
        twice = 2 * r * squares_bar
        b2_bar, a_bar = b2_bar + twice, a_bar - twice @ np.conj(x2).T
    if s_bar is not None:
        U, _, Vh = np.linalg.svd(a, full_matrices=False)
        a_bar = a_bar + (U * s_bar) @ Vh
    return a_bar, np.reshape(b2_bar, np.shape(b))


source_of(lstsq_bars)(lstsq_bars)


@nondifferentiable
def check_left_out(a, cut):
    """Raises if singular values that count as zero are not."""
    s = np.linalg.svd(a, compute_uv=False)
    greatest = np.max(s, initial=0)
    noise = np.sqrt(np.finfo(s.dtype).eps) * greatest
    if np.any((s <= cut * greatest) & (s > noise)):
        raise MissingRuleError(
            "no derivative is known for np.linalg.lstsq with an rcond that leaves out singular values",
            hint="Compute it with np.linalg.svd, or add a penalty: more rows of A.",
        )


# -- polynomials ----------------------------------------------------------------------------------


def fitted(family, x, y, deg, rcond=None, full=False, w=None):
    return of(family, "fit")(x, y, deg, rcond, full, w)


@rule(fitted)
def fitted_rule(family, x, y, deg, rcond=None, full=False, w=None):
    found = fitted(family, x, y, deg, rcond, full, w)

    def pullback(bar):
        degrees = np.arange(deg + 1) if np.ndim(deg) == 0 else np.sort(deg)
        c, c_bar = (found[0], bar[0]) if full else (found, bar)
        squares_bar = squares_bar_of(bar[1]) if full else None
        c_bar = None if c_bar is None else c_bar[degrees]
        bars = fit_bars(c_bar, squares_bar, None, family, degrees, x, y, w, c[degrees], rcond)
        return None, bars[0], bars[1], None, None, None, bars[2]

    return found, pullback


def squares_bar_of(bars):
    """Of [sums of squares, rank, singular values, rcond]."""
    if bars is None:
        return None
    if bars[2] is not None and np.any(bars[2]):
        raise NotImplementedError("the singular values that a fit reports are not differentiated")
    return bars[0]


source_of(squares_bar_of)(squares_bar_of)


def fit_bars(c_bar, squares_bar, a_bar, family, degrees, x, y, w, c, rcond):
    """The cotangents of x, y and w, and with the one of the weighted design matrix, `a_bar`.

    As in NumPy, the columns are scaled to length 1: those of high powers are far longer.
    """
    whole = basis(family, x, int(np.max(degrees)))
    weights = np.ones(np.shape(x)[0], whole.dtype) if w is None else w
    V = whole[:, degrees]
    a = V * weights[:, None]
    own = weights if np.ndim(y) == 1 else weights[:, None]
    lengths = checked_lengths(a, rcond)
    long = lengths if np.ndim(y) == 1 else lengths[:, None]
    c_bar = None if c_bar is None else c_bar / long
    bars = lstsq_bars(c_bar, squares_bar, None, a / lengths, y * own, c * long, None)
    a_bar = bars[0] / lengths if a_bar is None else a_bar + bars[0] / lengths
    D = np.asarray(slopes(family, whole.shape[1]), whole.dtype)
    slope = (whole[:, : D.shape[0]] @ D)[:, degrees]
    x_bar = np.sum(a_bar * np.conj(slope * weights[:, None]), axis=1)
    per_y = bars[1] * np.conj(y)
    w_bar = np.sum(a_bar * np.conj(V), axis=1)
    w_bar = w_bar + (per_y if np.ndim(y) == 1 else np.sum(per_y, axis=1))
    return x_bar, bars[1] * own, w_bar


source_of(fit_bars)(fit_bars)


@nondifferentiable
def checked_lengths(a, rcond):
    """The lengths of the columns; raises if the fit is not unique, which NumPy warns of."""
    lengths = np.linalg.norm(a, axis=0)
    lengths = np.where(lengths == 0, 1, lengths)
    s = np.linalg.svd(a / lengths, compute_uv=False)
    cut = len(a) * np.finfo(a.dtype).eps if rcond is None else rcond
    if np.count_nonzero(s > cut * s[0]) < np.shape(a)[1]:
        raise MissingRuleError(
            "no derivative is known for the fit of a polynomial that the points do not determine, or "
            "of which rcond leaves out a part",
            hint="Take a lower degree, more points, or points about 0 (Polynomial.fit scales them).",
        )
    return lengths


@rule(np.polyfit)
def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    """The highest power first; full: (p, sums of squares, rank, singular values, rcond), else
    cov: (p, covariance), which is the inverse of Aᴴ A, scaled by Σ|r|² / (m − n) unless "unscaled"."""
    found = np.polyfit(x, y, deg, rcond, full, w, cov)

    def pullback(bar):
        p, p_bar, others = (found[0], bar[0], bar[1:]) if full or cov else (found, bar, None)
        scaled = bool(cov) and cov != "unscaled" and not full
        C_bar = others[0] if cov and not full else None
        squares_bar = squares_bar_of(others) if full else None
        bars = polyfit_bars(p_bar, squares_bar, C_bar, scaled, x, y, deg, w, p, rcond)
        return bars[0], bars[1], None, None, None, bars[2]

    return found, pullback


def polyfit_bars(p_bar, squares_bar, C_bar, scaled, x, y, deg, w, p, rcond):
    degrees = np.arange(deg + 1)[::-1]
    a_bar = None
    if C_bar is not None:
        V = basis("poly", x, deg)[:, ::-1]
        a = V if w is None else V * w[:, None]
        r = y - V @ p if w is None else (y - V @ p) * (w if np.ndim(y) == 1 else w[:, None])
        G = np.linalg.inv(a.T @ a)
        freedom = np.shape(x)[0] - deg - 1
        G_bar = C_bar if np.ndim(C_bar) == 2 else np.sum(C_bar, axis=2)
        if scaled:
            squares = np.sum(r * r, axis=0) / freedom
            G_bar = C_bar * squares if np.ndim(C_bar) == 2 else np.sum(C_bar * squares, axis=2)
            each = C_bar * G if np.ndim(C_bar) == 2 else C_bar * G[:, :, None]
            squares_bar = np.sum(each, axis=(0, 1)) / freedom
        M_bar = -G.T @ G_bar @ G.T
        a_bar = a @ (M_bar + M_bar.T)
    return fit_bars(p_bar, squares_bar, a_bar, "poly", degrees, x, y, w, p, rcond)


source_of(polyfit_bars)(polyfit_bars)
