"""Special functions that NumPy and `math` lack and that derivatives of theirs need."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.rules.registry import partials

BERNOULLI = (
    1 / 6,
    -1 / 30,
    1 / 42,
    -1 / 30,
    5 / 66,
    -691 / 2730,
    7 / 6,
    -3617 / 510,
)  # B₂, B₄, …


def polygamma(n: int, x: float) -> float:
    """The n-th derivative of digamma at a real x that is not 0, -1, -2, ...

    ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹ n! Σₖ (x + k)⁻ⁿ⁻¹, the terms beyond x + k = 20 by their asymptotic series
    (Abramowitz and Stegun 6.4.6, 6.4.11, 6.3.18).
    """
    sign = -1.0 if n % 2 == 0 else 1.0
    if x < -20:  # reflection: π (d/dx)ⁿ cot πx, as a polynomial in c = cot πx by c' = -π (1 + c²)
        cotangent = np.polynomial.Polynomial([0.0, math.pi])
        for _ in range(n):
            cotangent = -math.pi * cotangent.deriv() * np.polynomial.Polynomial([1.0, 0.0, 1.0])
        return -sign * polygamma(n, 1 - x) - float(cotangent(1 / math.tan(math.pi * x)))
    terms = max(0, math.ceil(20 + n - x))
    head = math.factorial(n) * math.fsum((x + k) ** -(n + 1) for k in range(terms))
    x = x + terms
    if n == 0:
        tail = 0.5 / x - math.log(x)
    else:
        tail = math.factorial(n - 1) * x**-n + 0.5 * math.factorial(n) * x ** -(n + 1)
    for k, bernoulli in enumerate(BERNOULLI, start=1):
        ratio = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        tail = tail + bernoulli * ratio * x ** -(2 * k + n)
    return sign * (head + tail)


@partials(polygamma)
def _(n, x, y):
    return None, polygamma(n + 1, x)


def sinc_derivative(x: Any, n: int) -> Any:
    """The n-th derivative of sin(πx)/(πx).

    With u = πx and f = sin(u)/u: u f⁽ⁿ⁾ = sin(u + nπ/2) - n f⁽ⁿ⁻¹⁾ where u is large, else the
    Taylor series of f.
    """
    u = math.pi * np.asarray(x)
    near = np.abs(u) < n + 2
    large, small = np.where(near, 1.0, u), np.where(near, u, 0.0)
    recurred = np.sin(large) / large
    for order in range(1, n + 1):
        recurred = (np.sin(large + order * (math.pi / 2)) - order * recurred) / large
    series = np.zeros_like(small)
    for power in range(n % 2, n % 2 + 2 * (12 + 2 * n), 2):
        k = (power + n) // 2
        factor = math.prod(range(power + 1, power + n + 1)) / math.factorial(2 * k + 1)
        series = series + (-1) ** k * factor * small**power
    return math.pi**n * np.where(near, series, recurred)[()]


@partials(sinc_derivative)
def _(x, n, y):
    return sinc_derivative(x, n + 1), None


def bessel_i(x: Any, n: int) -> Any:
    """The modified Bessel function Iₙ of a real x.

    Iₙ(x) = 1/π ∫₀^π exp(x cos θ) cos nθ dθ, by the trapezoidal rule, which converges exponentially.
    """
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    count = 24 + n + math.ceil(6 * math.sqrt(float(np.max(np.abs(x), initial=0.0))))
    total = 0.5 * (np.exp(x) + (-1) ** n * np.exp(-x))
    for angle in (math.pi * k / count for k in range(1, count)):
        total = total + math.cos(n * angle) * np.exp(math.cos(angle) * x)
    return (total / count)[()]


@partials(bessel_i)
def _(x, n, y):
    """Iₙ' = (Iₙ₋₁ + Iₙ₊₁) / 2."""
    return 0.5 * (bessel_i(x, abs(n - 1)) + bessel_i(x, n + 1)), None
