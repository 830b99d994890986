"""Derivatives at extreme arguments against 50 digits: the errors that docs/edges.md states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from scipy import special, stats

import adjoint as ad
from adjoint import nn

DIGITS = 50


@dataclass(frozen=True)
class Extreme:
    """A function of one number; its exact derivative there, by mpmath; and the largest relative error
    that may be stated, or of a derivative that is bounded the absolute one: of numbers below 1e-300
    it is that over 1e-300."""

    source: str
    function: Callable[[Any], Any]
    derivative: Callable[[Any], Any]
    points: list[float]
    bound: float
    absolute: bool = False


def of_norm(t: Any) -> Any:
    """The norm of (3 t, 4 t, t)."""
    return mpmath.sqrt(26)


def softmax_slope(x: Any) -> Any:
    """Of the first of softmax([x, 0]): s (1 - s)."""
    return mpmath.exp(-abs(x)) / (1 + mpmath.exp(-abs(x))) ** 2


TINY = [1e-300, 1e-20, 1e-8, 1e-3]
LARGE = [0.7, 11.1, 40.0, 300.0, 700.0]
SIGNED = [*TINY, *LARGE, *(-x for x in [*TINY, *LARGE])]
NEAR_ONE = [0.5, 0.9, 1 - 2**-20, 1 - 2**-40, 1 - 2**-52]
mp = mpmath
PLACES = np.array([0.0, 1.0, 3.0, 7.0])

EXTREMES = [
    Extreme("np.log1p(x)", np.log1p, lambda x: 1 / (1 + x), [*TINY, *LARGE, 1e300, -0.5, -1 + 2**-40], 4e-16),
    Extreme("np.expm1(x)", np.expm1, mp.exp, SIGNED, 1e-15),
    Extreme("np.exp2(x)", np.exp2, lambda x: 2**x * mp.log(2), [*TINY, 0.7, 300.0, 1000.0, -1000.0], 1e-15),
    Extreme("np.logaddexp(x, 0)", lambda x: np.logaddexp(x, 0.0), lambda x: 1 / (1 + mp.exp(-x)), SIGNED, 2e-13),
    Extreme("np.logaddexp2(x, 0)", lambda x: np.logaddexp2(x, 0.0), lambda x: 1 / (1 + mp.mpf(2)**-x), SIGNED, 2e-13),
    Extreme("special.logsumexp([x, 0])", lambda x: special.logsumexp(np.array([1.0, 0.0]) * x), lambda x: 1 / (1 + mp.exp(-x)), SIGNED, 2e-13),
    Extreme("special.softmax([x, 0])[0]", lambda x: special.softmax(np.array([1.0, 0.0]) * x)[0], softmax_slope, SIGNED, 2e-16, True),
    Extreme("nn.softmax([x, 0])[0]", lambda x: nn.softmax(np.array([1.0, 0.0]) * x)[0], softmax_slope, SIGNED, 2e-13),
    Extreme("nn.softplus(x)", nn.softplus, lambda x: 1 / (1 + mp.exp(-x)), SIGNED, 2e-13),
    Extreme("nn.sigmoid(x)", nn.sigmoid, softmax_slope, SIGNED, 2e-16, True),
    Extreme("np.tanh(x)", np.tanh, lambda x: 1 / mp.cosh(x) ** 2, [*TINY, 0.7, 3.0, -3.0], 1e-14),
    Extreme("np.sinh(x)", np.sinh, mp.cosh, SIGNED, 1e-15),
    Extreme("np.arcsinh(x)", np.arcsinh, lambda x: 1 / mp.sqrt(1 + x * x), [*SIGNED, 1e100], 4e-16),
    Extreme("np.arcsin(x)", np.arcsin, lambda x: 1 / mp.sqrt(1 - x * x), NEAR_ONE, 4e-16),
    Extreme("np.arccos(x)", np.arccos, lambda x: -1 / mp.sqrt(1 - x * x), NEAR_ONE, 4e-16),
    Extreme("np.arctanh(x)", np.arctanh, lambda x: 1 / (1 - x * x), NEAR_ONE, 4e-16),
    Extreme("np.arccosh(x)", np.arccosh, lambda x: 1 / mp.sqrt(x * x - 1), [1 + 2**-52, 1 + 2**-20, 2.0, 1e100, 1e200], 5e-16),
    Extreme("np.arctan(x)", np.arctan, lambda x: 1 / (1 + x * x), [*SIGNED, 1e100], 4e-16),
    Extreme("np.sinc(x)", np.sinc, lambda x: (mp.cos(mp.pi * x) - mp.sin(mp.pi * x) / (mp.pi * x)) / x, [1e-8, 1e-5, 1e-3, 0.1, 0.7, 1.0, 1.4, 11.1], 1e-13),
    Extreme("np.i0(x)", np.i0, lambda x: mp.besseli(1, x), [1e-3, 0.7, 11.1, 40.0, 300.0], 1e-12),
    Extreme("np.hypot(x, 3)", lambda x: np.hypot(x, 3.0), lambda x: x / mp.hypot(x, 3), [*SIGNED, 1e200, 1e-200], 4e-16),
    Extreme("np.linalg.norm([3x, 4x, x])", lambda x: np.linalg.norm(np.array([3.0, 4.0, 1.0]) * x), of_norm, [1e-150, 1e-20, 0.7, 1e20, 1e150], 1e-15),
    Extreme("np.std(x · [0, 1, 3, 7])", lambda x: np.std(PLACES * x), lambda x: mp.sqrt(mp.mpf("7.1875")), [1e-150, 0.7, 1e150], 1e-15),
    Extreme("np.std(x · [0, 1, 3, 7] + 1e6)", lambda x: np.std(PLACES * x + 1e6), lambda x: mp.sqrt(mp.mpf("7.1875")), [0.7, 1e3], 1e-9),
    Extreme("x ** 100", lambda x: x**100, lambda x: 100 * x**99, [1e-3, 0.7, 1.5, 1000.0], 1e-14),
    Extreme("special.xlogy(x, x)", lambda x: special.xlogy(x, x), lambda x: mp.log(x) + 1, [*TINY, *LARGE], 4e-15),
    Extreme("special.erfcx(x)", special.erfcx, lambda x: 2 * x * scaled_erfc(x) - 2 / mp.sqrt(mp.pi), [1e-3, 0.7, 5.0, 11.1, 40.0, 1e5, -3.0], 4e-14),
    Extreme("special.log_ndtr(x)", special.log_ndtr, lambda x: mp.npdf(x) / mp.ncdf(x), [*TINY, 0.7, 11.1, -0.7, -11.1, -40.0, -300.0, -1e5], 4e-14),
    Extreme("stats.norm.logcdf(x)", stats.norm.logcdf, lambda x: mp.npdf(x) / mp.ncdf(x), [0.7, 11.1, -0.7, -11.1, -40.0, -300.0], 2e-11),
    Extreme("stats.norm.logsf(x)", stats.norm.logsf, lambda x: -mp.npdf(x) / mp.ncdf(-x), [0.7, 11.1, 40.0, -11.1], 4e-13),
    Extreme("stats.logistic.logcdf(x)", stats.logistic.logcdf, lambda x: 1 / (1 + mp.exp(x)), [*TINY, *LARGE, -0.7, -40.0, -700.0], 4e-13),
]  # fmt: skip


def scaled_erfc(x: Any) -> Any:
    return mpmath.exp(x * x) * mpmath.erfc(x)


def error_of(extreme: Extreme) -> float:
    """The largest error over the points, relative or absolute."""
    worst = 0.0
    for x in extreme.points:
        with mpmath.workdps(DIGITS), np.errstate(all="ignore"):
            exact = extreme.derivative(mpmath.mpf(x))
            (found,) = ad.gradient(extreme.function, x)
            scale = 1 if extreme.absolute else max(abs(exact), mpmath.mpf("1e-300"))
            worst = max(worst, float(abs(mpmath.mpf(float(found)) - exact) / scale))
    return worst


def table_of_errors() -> str:
    text = ""
    for extreme in EXTREMES:
        points = f"{min(extreme.points):.3g} … {max(extreme.points):.3g}".replace("-", "−")
        absolute = " (absolute)" if extreme.absolute else ""
        text += f"| `{extreme.source}` | {points} | < {extreme.bound:.0e}{absolute} |\n"
    return text
