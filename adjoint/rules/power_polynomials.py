"""NumPy's older functions of polynomials, whose highest power comes first."""

from __future__ import annotations

import numpy as np

from adjoint.rules.computed import found, valued
from adjoint.rules.fourier import resized
from adjoint.rules.polynomials import quotient, trimmed
from adjoint.rules.registry import rule, source_of, varying


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
    first, second = trimmed(np.ravel(a1)[::-1])[::-1], trimmed(np.ravel(a2)[::-1])[::-1]
    return np.convolve(first, second)


@source_of(np.polydiv)
def polydiv(u, v):
    """NumPy leaves out leading coefficients of the remainder that are 0 but for rounding."""
    if isinstance(u, np.poly1d) or isinstance(v, np.poly1d):
        q, r = polydiv(coefficients(u), coefficients(v))
        return np.poly1d(q), np.poly1d(r)
    q, r = found(np.polydiv, u, v)
    dividend, divisor = np.ravel(u) * 1.0, trimmed(np.ravel(v)[::-1] * 1.0)
    if np.shape(dividend)[0] < np.shape(divisor)[0]:
        return q, valued(r, resized(dividend[::-1], np.shape(r)[0], 0)[::-1])
    exact = quotient("poly", dividend[::-1], divisor)
    return (
        valued(q, resized(exact[0], np.shape(q)[0], 0)[::-1]),
        valued(r, resized(exact[1], np.shape(r)[0], 0)[::-1]),
    )


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
