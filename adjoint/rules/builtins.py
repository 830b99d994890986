"""Python's builtins on numbers and sequences."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from adjoint import runtime
from adjoint.rules.iterators import repeated
from adjoint.rules.registry import jvp_rule, nondifferentiable, partials, rule, source_of
from adjoint.rules.sequences import (
    SEQUENCES,
    filled,
    gathered,
    or_zero,
    scaled,
    shifted,
    spread,
    total,
)
from adjoint.tree import accumulate

Number = int | float | np.number

# -- conversions -----------------------------------------------------------------------------------


@partials(float, np.float16, np.float32, np.float64, np.longdouble)
def float_(x, y):
    return 1


@partials(np.complex64, np.complex128, np.clongdouble)
def numpy_complex(x, y):
    return 1


@rule(complex)
def complex_(real=0, imag=0):
    """Of z̄ and -i z̄, real arguments take the real part."""
    y = complex(real, imag)

    def pullback(y_bar):
        return y_bar, -1j * y_bar

    return y, pullback


@rule(runtime.check_bound, linear="value")
def check_bound(value, name):
    y = runtime.check_bound(value, name)

    def pullback(y_bar):
        return y_bar

    return y, pullback


# -- sums ------------------------------------------------------------------------------------------


@rule(sum)
def sum_(iterable, /, start=0):
    """A rule, not a loop: since Python 3.12 `sum` compensates rounding errors."""
    y = sum(iterable, start)

    def pullback(y_bar):
        return filled(iterable, y_bar), y_bar

    return y, pullback


@jvp_rule(sum)
def sum_jvp(primals, tangents, start=0):
    if tangents[0] is None:
        y = sum(primals[0], start) if len(primals) < 2 else sum(*primals)
        return y, None if len(primals) < 2 else tangents[1]
    items, dots = repeated(tangents[0], primals[0])
    y = sum(items, start) if len(primals) < 2 else sum(items, primals[1])
    of_items = or_zero(total(dots), y)
    return y, of_items if len(primals) < 2 else accumulate(of_items, tangents[1])


@rule(statistics.mean, linear="data")
def mean(data):
    y = statistics.mean(data)

    def pullback(y_bar):
        return (filled(data, y_bar / len(data)),)

    return y, pullback


@rule(statistics.fmean)
def fmean(data, weights=None):
    """Σ wx / Σ w; the mean's share of a weight is that of its item's distance from the mean."""
    y = statistics.fmean(data, weights)

    def pullback(y_bar):
        if weights is None:
            return (filled(data, y_bar / len(data)),)
        share = y_bar / total(weights)
        return scaled(weights, share), scaled(shifted(data, -y), share)

    return y, pullback


@rule(statistics.variance)
def variance(data, xbar=None):
    """s² = Σ (xᵢ - x̄)² / (n - 1), and x̄ moves with the data unless it is given"""
    y = statistics.variance(data, xbar)

    def pullback(y_bar):
        return deviations(data, xbar, 2.0 * y_bar / (len(data) - 1))

    return y, pullback


@rule(statistics.pvariance)
def pvariance(data, mu=None):
    """σ² = Σ (xᵢ - μ)² / n"""
    y = statistics.pvariance(data, mu)

    def pullback(y_bar):
        return deviations(data, mu, 2.0 * y_bar / len(data))

    return y, pullback


@rule(statistics.stdev)
def stdev(data, xbar=None):
    """s = √(Σ (xᵢ - x̄)² / (n - 1)); where all are equal its derivative is taken for zero."""
    y = statistics.stdev(data, xbar)

    def pullback(y_bar):
        return deviations(data, xbar, quotient(y_bar, y * (len(data) - 1)))

    return y, pullback


@rule(statistics.pstdev)
def pstdev(data, mu=None):
    """σ = √(Σ (xᵢ - μ)² / n)"""
    y = statistics.pstdev(data, mu)

    def pullback(y_bar):
        return deviations(data, mu, quotient(y_bar, y * len(data)))

    return y, pullback


def quotient(a: Any, b: Any) -> Any:
    """a / b, and 0 where b is 0."""
    return a / b if b else 0.0 * a


source_of(quotient)(quotient)


def deviations(data: Any, center: Any, share: Any) -> tuple:
    """The cotangents of data and of a given center, of Σ (xᵢ - center)² share / 2."""
    items = data if isinstance(data, SEQUENCES) else list(data)
    middle = total(items) / len(data) if center is None else center
    bars = scaled(shifted(items, -middle), share)
    return bars, None if center is None else -total(bars)


source_of(deviations)(deviations)


# -- largest and smallest --------------------------------------------------------------------------

MISSING: Any = object()


@nondifferentiable
def extreme_positions(choose: Any, items: Any, key: Any) -> tuple[int, ...]:
    """Where the item is that `choose` (max or min) takes; of numbers, also where its equals are."""
    keys = items if key is None else [key(item) for item in items]
    first = choose(range(len(items)), key=keys.__getitem__)
    if key is not None or not isinstance(items[first], Number):
        return (first,)
    return tuple(i for i, each in enumerate(keys) if i == first or each == keys[first])


@nondifferentiable
def of_nothing(choose: Any) -> Any:
    """Raises what `max` and `min` raise without items."""
    return choose(())


def chosen(items: Any, positions: tuple[int, ...]) -> Any:
    """The item at the first position; its cotangent is shared equally among the positions."""
    return items[positions[0]]


@rule(chosen)
def _(items, positions):
    y = chosen(items, positions)

    def pullback(y_bar):
        return (spread(items, positions, y_bar),)

    return y, pullback


@jvp_rule(chosen)
def chosen_jvp(primals, tangents):
    items, positions = primals
    return items[positions[0]], gathered(tangents[0], positions)


def larger(a: float, b: float) -> float:
    """`max(a, b)` of two numbers."""
    return b if b > a else a


@partials(larger)
def _(a, b, y):
    return (a > b) + 0.5 * (a == b), (b > a) + 0.5 * (a == b)


def smaller(a: float, b: float) -> float:
    """`min(a, b)` of two numbers."""
    return b if b < a else a


@partials(smaller)
def _(a, b, y):
    return (a < b) + 0.5 * (a == b), (b < a) + 0.5 * (a == b)


@source_of(max)
def max_(*args, key=None, default=MISSING):
    """Equal largest numbers share the cotangent equally."""
    if len(args) == 2 and key is None:
        if isinstance(args[0], (int, float)) and isinstance(args[1], (int, float)):
            return larger(args[0], args[1])
    items = list(args[0]) if len(args) == 1 else args
    if len(items) == 0:
        return of_nothing(max) if default is MISSING else default
    return chosen(items, extreme_positions(max, items, key))


@source_of(min)
def min_(*args, key=None, default=MISSING):
    if len(args) == 2 and key is None:
        if isinstance(args[0], (int, float)) and isinstance(args[1], (int, float)):
            return smaller(args[0], args[1])
    items = list(args[0]) if len(args) == 1 else args
    if len(items) == 0:
        return of_nothing(min) if default is MISSING else default
    return chosen(items, extreme_positions(min, items, key))
