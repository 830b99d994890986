"""The six families of numpy.polynomial: sums Σ cᵢ φᵢ(x), with φᵢ of Chebyshev, Legendre, …

What the families share is written once, for a function that is given the name of the family first;
`declare` says which functions of NumPy these are. Matrices of linear maps are those of unit vectors.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from adjoint.rules.fourier import resized
from adjoint.rules.registry import nondifferentiable, rule, source_of, varying
from adjoint.tree import unbroadcast

MODULES = {
    "poly": "polynomial",
    "cheb": "chebyshev",
    "leg": "legendre",
    "herm": "hermite",
    "herme": "hermite_e",
    "lag": "laguerre",
}


def module_of(family: str) -> Any:
    return getattr(np.polynomial, MODULES[family])


def of(family: str, name: str) -> Any:
    """The function of NumPy: `of("cheb", "val")` is chebval."""
    return getattr(module_of(family), family + name)


# -- coefficients ---------------------------------------------------------------------------------


def series(c):
    """Coefficients as NumPy takes them: an array of floating numbers."""
    c = np.asarray(c)
    return c if c.dtype.kind in "fcO" else c * 1.0


source_of(series)(series)


@nondifferentiable
def significant(c):
    """How many coefficients there are up to the last that is not 0; at least one."""
    found = np.flatnonzero(c)
    return int(found[-1]) + 1 if len(found) else 1


def trimmed(c):
    return c[: significant(c)]


source_of(trimmed)(trimmed)


# -- what does not depend on coefficients ---------------------------------------------------------


@functools.cache
def kept(function: Any, *args: Any) -> Any:
    """A matrix that is computed once."""
    return function(*args)


@nondifferentiable
def slopes(family: str, n: int) -> np.ndarray:
    """D with φ'ⱼ = Σᵢ Dᵢⱼ φᵢ, of shape (n - 1, n), or (1, 1) of zero."""
    return kept(slopes_of, family, n)


@nondifferentiable
def primitives(family: str, n: int) -> np.ndarray:
    """F with ∫₀ˣ φⱼ = Σᵢ Fᵢⱼ φᵢ, of shape (n + 1, n)."""
    return kept(primitives_of, family, n)


@nondifferentiable
def structure(family: str, n: int, m: int) -> np.ndarray:
    """S with φⱼ φₖ = Σᵢ Sᵢⱼₖ φᵢ, of shape (n + m - 1, n, m)."""
    return kept(structure_of, family, n, m)


@nondifferentiable
def converting(family: str, name: str, n: int) -> np.ndarray:
    """The matrix of a linear function of n coefficients, such as "2poly"."""
    return kept(converting_of, family, name, n)


@nondifferentiable
def companion_weights(family: str, n: int) -> np.ndarray:
    """w with: the last column of the companion matrix is a constant, less w cᵢ / cₙ₋₁."""
    return kept(companion_weights_of, family, n)


def slopes_of(family: str, n: int) -> np.ndarray:
    return of(family, "der")(np.eye(n))


def primitives_of(family: str, n: int) -> np.ndarray:
    return of(family, "int")(np.eye(n))


def structure_of(family: str, n: int, m: int) -> np.ndarray:
    S = np.zeros((n + m - 1, n, m))
    for j in range(n):
        for k in range(m):
            y = of(family, "mul")(np.eye(n)[j, : j + 1], np.eye(m)[k, : k + 1])
            S[: len(y), j, k] = y
    return S


def converting_of(family: str, name: str, n: int) -> np.ndarray:
    columns = [linear_function(family, name)(np.eye(n)[i, : i + 1]) for i in range(n)]
    M = np.zeros((max(map(len, columns)), n))
    for i, column in enumerate(columns):
        M[: len(column), i] = column
    return M


def companion_weights_of(family: str, n: int) -> np.ndarray:
    last = np.eye(n)[-1]
    return of(family, "companion")(last)[:, -1] - of(family, "companion")(np.ones(n))[:, -1]


def linear_function(family: str, name: str) -> Any:
    return getattr(module_of(family), name) if name.startswith("poly2") else of(family, name)


# -- values ---------------------------------------------------------------------------------------


def basis(family, x, deg):
    """φᵢ(x) for i up to deg, of shape (..., deg + 1)."""
    return of(family, "vander")(x, deg)


@rule(basis)
def basis_rule(family, x, deg):
    V = basis(family, x, deg)
    D = np.asarray(slopes(family, V.shape[-1]), V.dtype)

    def pullback(V_bar):
        slope = V[..., : D.shape[0]] @ D
        return None, np.reshape(np.sum(V_bar * np.conj(slope), axis=-1), np.shape(x))

    return V, pullback


def value(family, x, c, tensor=True):
    """Σᵢ cᵢ φᵢ(x), of shape c.shape[1:] + x.shape, or if not tensor of these broadcast."""
    return of(family, "val")(x, c, tensor)


@rule(value)
def value_rule(family, x, c, tensor=True):
    y = value(family, x, c, tensor)

    def pullback(y_bar):
        return (
            None,
            value_x_bar(y_bar, family, x, c, tensor),
            value_c_bar(y_bar, family, x, c, tensor),
        )

    return y, pullback


def value_x_bar(y_bar, family, x, c, tensor):
    each = y_bar * np.conj(value(family, x, derivative(family, c), tensor))
    return unbroadcast(np.asarray(each), np.shape(x))


def value_c_bar(y_bar, family, x, c, tensor):
    shape = np.shape(c)
    V = np.reshape(basis(family, x, shape[0] - 1), (*np.shape(x), shape[0]))
    V = V.astype(np.result_type(y_bar))
    if tensor:
        over = np.ndim(x)
        places = tuple(range(np.ndim(y_bar) - over, np.ndim(y_bar)))
        return np.tensordot(np.conj(V), y_bar, (tuple(range(over)), places))
    each = np.moveaxis(np.conj(V) * np.expand_dims(y_bar, -1), -1, 0)
    return np.stack([unbroadcast(row, shape[1:]) for row in each])


source_of(value_x_bar)(value_x_bar)
source_of(value_c_bar)(value_c_bar)

# -- derivatives and integrals --------------------------------------------------------------------


def along(M, c, axis):
    """The matrix M times the vectors along an axis."""
    return np.moveaxis(np.tensordot(M, np.moveaxis(c, axis, 0), (1, 0)), 0, axis)


source_of(along)(along)


def derivative(family, c, scl=1, axis=0):
    return of(family, "der")(c, 1, scl, axis)


@rule(derivative)
def derivative_rule(family, c, scl=1, axis=0):
    y = derivative(family, c, scl, axis)
    D = np.asarray(slopes(family, np.shape(c)[axis]), y.dtype)

    def pullback(y_bar):
        c_bar = along(D.T, y_bar, axis) * scl.conjugate()
        return None, c_bar, np.sum(y_bar * np.conj(along(D, c, axis)))

    return y, pullback


def integral(family, c, k=0, lbnd=0, scl=1, axis=0):
    """scl ∫ c, plus a constant with which it is k at lbnd."""
    return of(family, "int")(c, 1, [k], lbnd, scl, axis)


@rule(integral, shape=varying)
def integral_rule(family, c, k=0, lbnd=0, scl=1, axis=0):
    y = integral(family, c, k, lbnd, scl, axis)
    F = np.asarray(primitives(family, np.shape(c)[axis]), y.dtype)[: np.shape(y)[axis]]

    def pullback(y_bar):
        return (None, *integral_bars(y_bar, family, F, c, k, lbnd, scl, axis))

    return y, pullback


def integral_bars(y_bar, family, F, c, k, lbnd, scl, axis):
    """y = scl F c + φ₀ (k − scl (F c)(lbnd)), F with lower bound 0."""
    y_bar, c = np.moveaxis(y_bar, axis, 0), np.moveaxis(c, axis, 0)
    start = y_bar[0]
    at = np.asarray(np.reshape(basis(family, lbnd, len(F) - 1), (-1,)), F.dtype)
    unscaled = y_bar - np.multiply.outer(at, start)
    c_bar = np.moveaxis(np.tensordot(F.T, unscaled, (1, 0)) * scl.conjugate(), 0, axis)
    slope = np.sum(start * np.conj(value(family, lbnd, c)))
    return c_bar, unbroadcast(start, np.shape(k)), -scl * slope, np.sum(
        unscaled * np.conj(np.tensordot(F, c, (1, 0)))
    )  # fmt: skip


source_of(integral_bars)(integral_bars)

# -- arithmetic -----------------------------------------------------------------------------------


def product(family, c1, c2):
    return of(family, "mul")(c1, c2)


@rule(product, shape=varying)
def product_rule(family, c1, c2):
    y = product(family, c1, c2)
    n, m = len(c1), len(c2)

    def pullback(y_bar):
        whole = resized(y_bar, n + m - 1, 0)
        return None, factor_bar(whole, family, c2, n), factor_bar(whole, family, c1, m)

    return y, pullback


def factor_bar(y_bar, family, other, n):
    """The cotangent of n coefficients from that of their product with the others."""
    if family == "poly":
        return np.correlate(y_bar, other, "valid")[:n]
    S = np.asarray(structure(family, n, len(other)), np.result_type(y_bar, other))
    return np.einsum("ijk,i,k->j", S, y_bar, np.conj(other))


source_of(factor_bar)(factor_bar)


def quotient(family, c1, c2):
    """(quotient, remainder)"""
    return of(family, "div")(c1, c2)


@rule(quotient, shape=varying)
def quotient_rule(family, c1, c2):
    y = quotient(family, c1, c2)

    def pullback(y_bar):
        return (None, *quotient_bars(y_bar[0], y_bar[1], family, y[0], c1, c2))

    return y, pullback


def quotient_bars(q_bar, r_bar, family, q, c1, c2):
    """c1 = c2 q + r is linear in q and r: their cotangents give that of c1 by a linear system."""
    n, m = len(c1), len(c2)
    if n < m:
        return np.zeros_like(c1) if r_bar is None else resized(r_bar, n, 0), np.zeros_like(c2)
    S = np.asarray(structure(family, n - m + 1, m), np.result_type(c1, c2))
    T = np.concatenate([S @ c2, np.eye(n, m - 1, dtype=S.dtype)], axis=1)
    upper = np.zeros(n - m + 1, S.dtype) if q_bar is None else resized(q_bar, n - m + 1, 0)
    lower = np.zeros(m - 1, S.dtype) if r_bar is None else resized(r_bar, m - 1, 0)
    c1_bar = np.linalg.solve(np.conj(T).T, np.concatenate([upper, lower]))
    return c1_bar, -factor_bar(c1_bar, family, resized(q, n - m + 1, 0), m)


source_of(quotient_bars)(quotient_bars)


def powered(family, c, n):
    return of(family, "pow")(c, n, None)


@rule(powered, shape=varying)
def powered_rule(family, c, n):
    """δ(cⁿ) = n cⁿ⁻¹ δc"""
    y = powered(family, c, n)

    def pullback(y_bar):
        return None, powered_bar(y_bar, family, c, n)

    return y, pullback


def powered_bar(y_bar, family, c, n):
    if n == 0:
        return np.zeros_like(c)
    others = powered(family, c, n - 1)
    return n * factor_bar(resized(y_bar, len(others) + len(c) - 1, 0), family, others, len(c))


source_of(powered_bar)(powered_bar)


def converted(family, name, c):
    return linear_function(family, name)(c)


@rule(converted, shape=varying)
def converted_rule(family, name, c):
    y = converted(family, name, c)
    M = np.asarray(converting(family, name, len(c)), y.dtype)[: len(y)]

    def pullback(y_bar):
        return None, None, M.T @ y_bar

    return y, pullback


# -- roots ----------------------------------------------------------------------------------------


def from_roots(family, roots):
    """Π (x − rᵢ)"""
    return of(family, "fromroots")(roots)


@rule(from_roots)
def from_roots_rule(family, roots):
    y = from_roots(family, roots)

    def pullback(y_bar):
        return None, roots_bar(y_bar, family, roots)

    return y, pullback


def roots_bar(y_bar, family, roots):
    """∂y/∂rᵢ = −Π_{j≠i} (x − rⱼ)"""
    bars = []
    for i in range(len(roots)):
        others = from_roots(family, np.delete(roots, i))
        bars = [*bars, -np.sum(y_bar[: len(others)] * np.conj(others))]
    return np.stack(bars)


source_of(roots_bar)(roots_bar)


def roots(family, c):
    return of(family, "roots")(c)


@rule(roots, shape=varying)
def roots_rule(family, c):
    """δr = −δc(r) / c'(r), where a root is simple."""
    r = roots(family, c)

    def pullback(r_bar):
        V = basis(family, r, len(c) - 1)
        slope = value(family, r, derivative(family, c))
        return None, -np.conj(V).T @ (r_bar / np.conj(slope))

    return r, pullback


def companion(family, c):
    return of(family, "companion")(c)


@rule(companion)
def companion_rule(family, c):
    y = companion(family, c)
    w = np.asarray(companion_weights(family, len(c)), y.dtype)

    def pullback(y_bar):
        ratio_bar = -w * y_bar[:, -1] / np.conj(c[-1])
        ratios = c[:-1] / c[-1]
        return None, np.append(ratio_bar, -np.sum(ratio_bar * np.conj(ratios)))

    return y, pullback
