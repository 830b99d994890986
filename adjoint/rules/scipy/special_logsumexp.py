"""logsumexp, softmax and log_softmax."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from adjoint.errors import MissingRuleError
from adjoint.rules.guarded import quotient_or_zero
from adjoint.rules.registry import rule, source_of


def shares(a: Any, b: Any, axis: Any) -> Any:
    """eᵃ / Σ b eᵃ, 0 where all of a is -inf; b may be None, for 1. (eᵃ⁻ʸ of the rounded logarithm y
    of the sum would be wrong by as much as y is large.)"""
    if b is not None:
        a = np.broadcast_to(a, np.broadcast_shapes(np.shape(a), np.shape(b)))
    top = np.max(np.real(a), axis=axis, keepdims=True)
    infinite = np.isinf(a) & (a == top)
    with np.errstate(invalid="ignore"):
        e = np.where(infinite, np.real(top) > 0, np.exp(a - top)).astype(np.result_type(a))
    return quotient_or_zero(e, np.sum(e if b is None else b * e, axis=axis, keepdims=True))


@rule(shares)
def _(a, b, axis):
    """With c the shares and t = Σ c* c̄:  ā = c* c̄ - (b c)* t, b̄ = -c* t."""
    c = shares(a, b, axis)

    def pullback(c_bar):
        product = np.conj(c) * c_bar
        total = np.sum(product, axis=axis, keepdims=True)
        if b is None:
            return (product - np.conj(c) * total,)
        return product - np.conj(b * c) * total, -np.conj(c) * total

    return c, pullback


def expanded(y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """A reduction's result with the axes that it has lost, of length one."""
    if keepdims or np.ndim(y) == np.ndim(x):
        return y
    return np.expand_dims(y, tuple(range(np.ndim(x))) if axis is None else axis)


source_of(expanded)(expanded)


@rule(special.logsumexp)
def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    """y = log |Σ b eᵃ|:  ā = ȳ b c, b̄ = ȳ c, where c = eᵃ / Σ b eᵃ."""
    y = special.logsumexp(a, axis, b, keepdims, return_sign)

    def pullback(y_bar):
        return logsumexp_cotangents(y_bar, a, axis, b, keepdims, return_sign)

    return y, pullback


def logsumexp_cotangents(y_bar, a, axis, b, keepdims, return_sign):
    if return_sign:
        if np.iscomplexobj(a) or np.iscomplexobj(b):
            raise MissingRuleError(
                "no derivative is known for scipy.special.logsumexp of complex numbers with return_sign",
                hint="Without return_sign the result is the complex logarithm.",
            )
        y_bar = y_bar[0]
        if y_bar is None:
            return None, None, None
    y_bar = expanded(y_bar, a if b is None else a + 0 * b, axis, keepdims)
    c = np.conj(shares(a, b, axis))
    if b is None:
        return y_bar * c, None, None
    return y_bar * np.conj(b) * c, None, y_bar * c


source_of(logsumexp_cotangents)(logsumexp_cotangents)


@rule(special.softmax)
def softmax(x, axis=None):
    """x̄ = y (ȳ - Σ y ȳ)"""
    y = special.softmax(x, axis)

    def pullback(y_bar):
        product = y * y_bar
        return product - y * np.sum(product, axis=axis, keepdims=True)

    return y, pullback


@rule(special.log_softmax)
def log_softmax(x, axis=None):
    """x̄ = ȳ - softmax(x) Σ ȳ"""
    y = special.log_softmax(x, axis)

    def pullback(y_bar):
        return y_bar - np.exp(y) * np.sum(y_bar, axis=axis, keepdims=True)

    return y, pullback
