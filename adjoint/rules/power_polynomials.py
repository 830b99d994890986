"""NumPy's older functions of polynomials, whose highest power comes first."""

from __future__ import annotations

import numpy as np

from adjoint.rules.computed import found, valued
from adjoint.rules.fourier import resized
from adjoint.rules.polynomials import trimmed
from adjoint.rules.registry import rule, source_of, varying
from adjoint.rules.scipy.results import known_unless

LEADING = "leading coefficients that are 0, which np.polymul leaves out"


@rule(np.roots, shape=varying)
def roots(p):
    """δr = −δp(r) / p'(r), where a root is simple."""
    r = np.roots(p)

    def pullback(r_bar):
        c = np.asarray(p) * 1.0
        V = np.vander(r, np.shape(c)[0]).astype(r.dtype)
        powers = np.arange(np.shape(c)[0] - 1, 0, -1).astype(np.real(c).dtype)
        slope = V[:, 1:] @ (c[:-1] * powers)
        return -np.conj(V).T @ (r_bar / np.conj(slope))

    return r, pullback


def coefficients(p):
    """Of a polynomial, or what is given as such."""
    return p.coeffs if isinstance(p, np.poly1d) else p


source_of(coefficients)(coefficients)


@source_of(np.polyval)
def polyval(p, x):
    c = np.asarray(coefficients(p))
    if isinstance(x, np.poly1d):
        y = np.poly1d(c[:1])  # NumPy begins with 0 * x, whose coefficients carry no derivative
        c = c[1:]
    else:
        x = np.asanyarray(x)
        y = np.zeros_like(x)
    for each in c:
        y = y * x + each
    return y


def aligned(a1, a2):
    """Both with as many coefficients."""
    a1, a2 = np.atleast_1d(a1), np.atleast_1d(a2)
    more = len(a2) - len(a1)
    if more > 0:
        a1 = np.concatenate((np.zeros(more, a1.dtype), a1))
    if more < 0:
        a2 = np.concatenate((np.zeros(-more, a2.dtype), a2))
    return a1, a2


source_of(aligned)(aligned)


@source_of(np.polyadd)
def polyadd(a1, a2):
    if isinstance(a1, np.poly1d) or isinstance(a2, np.poly1d):
        return np.poly1d(polyadd(coefficients(a1), coefficients(a2)))
    a1, a2 = aligned(a1, a2)
    return a1 + a2


@source_of(np.polysub)
def polysub(a1, a2):
    if isinstance(a1, np.poly1d) or isinstance(a2, np.poly1d):
        return np.poly1d(polysub(coefficients(a1), coefficients(a2)))
    a1, a2 = aligned(a1, a2)
    return a1 - a2


@source_of(np.polymul)
def polymul(a1, a2):
    if isinstance(a1, np.poly1d) or isinstance(a2, np.poly1d):
        return np.poly1d(polymul(coefficients(a1), coefficients(a2)))
    return np.convolve(without_zeros(a1), without_zeros(a2))


def without_zeros(a):
    """The coefficients from the first that is not 0, as `np.polymul` takes them."""
    a = np.ravel(a)
    kept = trimmed(a[::-1])[::-1]
    left_out = np.shape(kept)[0] < np.shape(a)[0]
    return known_unless(kept, left_out, LEADING, "Use np.convolve.")


source_of(without_zeros)(without_zeros)


@source_of(np.polydiv)
def polydiv(u, v):
    """The quotient solves T q = u, T the triangular Toeplitz matrix of v; the remainder is u - v * q.

    NumPy leaves out leading coefficients of the remainder that are 0 but for rounding.
    """
    if isinstance(u, np.poly1d) or isinstance(v, np.poly1d):
        q, r = polydiv(coefficients(u), coefficients(v))
        return np.poly1d(q), np.poly1d(r)
    q, r = found(np.polydiv, u, v)
    dividend, divisor = np.ravel(u) * 1.0, np.ravel(v) * 1.0
    count = np.shape(dividend)[0] - np.shape(divisor)[0] + 1
    if count < 1:
        return q, valued(r, dividend[np.shape(dividend)[0] - np.shape(r)[0] :])
    first = np.where(divisor[:1] == 0, np.nan, divisor[:1])  # NumPy divides by it
    column = resized(np.concatenate([first, divisor[1:]]), count, 0)
    places = np.arange(count)
    T = np.tril(column[np.abs(places[:, None] - places)])
    exact = np.linalg.solve(T, dividend[:count])
    left = dividend - np.convolve(exact, divisor)
    return valued(q, exact), valued(r, left[np.shape(left)[0] - np.shape(r)[0] :])


@source_of(np.polyder)
def polyder(p, m=1):
    if isinstance(p, np.poly1d):
        return np.poly1d(polyder(p.coeffs, m))
    p = np.asarray(p)
    for _ in range(m):
        p = p[:-1] * np.arange(np.shape(p)[0] - 1, 0, -1)
    return p


@source_of(np.polyint)
def polyint(p, m=1, k=None):
    if isinstance(p, np.poly1d):
        return np.poly1d(polyint(p.coeffs, m, k))
    p = np.asarray(p)
    constants = np.zeros(m) if k is None else np.atleast_1d(k)
    for i in range(m):
        own = constants[i if np.shape(constants)[0] > 1 else 0]
        quotients = p / np.arange(np.shape(p)[0], 0, -1)
        p = np.concatenate([quotients, np.reshape(own, (1,))])
    return p
