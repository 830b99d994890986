"""Arithmetic of the reverse half: constants fold, factors gather in front, signs cancel.

1.0 * x                 ->  x
3.0 * (2 * x)           ->  6.0 * x
x * y + x * y           ->  2 * x * y         (after common subexpressions are one)
s * (t * X)             ->  s * t * X         s, t numbers, X an array
s * (1 / X)             ->  s / X
a + -b                  ->  a - b
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from adjoint.ir.nodes import Call, Const, Operand, Splat
from adjoint.ir.types import Array
from adjoint.optimise.facts import is_array, is_scalar, kind_of, number
from adjoint.optimise.rewriting import Rewriter

mul, add, sub, div, neg = (
    operator.mul, operator.add, operator.sub, operator.truediv, operator.neg,
)  # fmt: skip
PYTHON = (int, float, bool)


def fold(function: Any, *values: Any) -> Const | None:
    """A call on constants, computed now; None where it warns, fails or overflows."""
    if not all(type(v) in PYTHON for v in values):
        classes = {type(v) for v in values if type(v) not in PYTHON}
        if len(classes) != 1 or not issubclass(classes.pop(), np.floating):
            return None
    try:
        with np.errstate(all="raise"):
            result = function(*values)
    except (ArithmeticError, ValueError, TypeError):
        return None
    if (
        isinstance(result, complex)
        or isinstance(result, float | np.floating)
        and not math.isfinite(result)
    ):
        return None
    if type(result) is int and abs(result) > 2**31:
        return None
    return Const(result)


def is_flag(operand: Any) -> bool:
    return isinstance(operand, Const) and isinstance(operand.value, bool)


def operands(call: Call) -> list[Any] | None:
    """The operands of a plain call."""
    if call.kwargs or any(isinstance(a, Splat) for a in call.args):
        return None
    return call.args


def binary(call: Call) -> Any:
    """The two operands of a plain call; of any other, what no rewrite takes."""
    found = operands(call)
    nothing = Const(None)
    return found if found is not None and len(found) == 2 else (nothing, nothing)


def fold_call(r: Rewriter, call: Call) -> Operand | None:
    found = operands(call)
    values = [a.value if is_flag(a) else number(a) for a in found or [None]]
    if any(v is None for v in values):
        return None
    return fold(call.callee.value, *values)  # type: ignore[union-attr]


# -- products --------------------------------------------------------------------------------------


def mul_constant_first(r: Rewriter, call: Call) -> Operand | None:
    a, b = binary(call)
    if number(b) is not None and number(a) is None:
        return r.emit(mul, b, a)
    return None


def mul_by_one(r: Rewriter, call: Call) -> Operand | None:
    a, b = binary(call)
    if number(a) == 1:
        return b
    if number(a) == -1:
        return r.emit(neg, b)
    return None


def mul_constants(r: Rewriter, call: Call) -> Operand | None:
    """c * (d * x), c * (d / x), c * (x / d), c * -x"""
    a, b = binary(call)
    c = number(a)
    if c is None:
        return None
    if inner := r.definition(b, neg):
        folded = fold(neg, c)
        return r.emit(mul, folded, inner.args[0]) if folded else None  # type: ignore[arg-type]
    inner = r.definition(b, mul, div)
    if inner is None:
        return None
    x, y = inner.args
    function = inner.callee.value  # type: ignore[union-attr]
    if number(x) is not None and (folded := fold(mul, c, number(x))):
        return r.emit(function, folded, y)  # type: ignore[arg-type]
    if function is div and number(y) and (folded := fold(div, c, number(y))):
        return r.emit(mul, folded, x)  # type: ignore[arg-type]
    return None


def mul_left_to_right(r: Rewriter, call: Call) -> Operand | None:
    """c * (a * b) -> c * a * b"""
    a, b = binary(call)
    inner = r.only(b, mul)
    if number(a) is None or inner is None:
        return None
    x, y = inner.args
    return r.emit(mul, r.emit(mul, a, x), y)  # type: ignore[arg-type]


def mul_constant_out(r: Rewriter, call: Call) -> Operand | None:
    """a * (c * b) -> c * a * b"""
    a, b = binary(call)
    inner = r.only(b, mul)
    if inner is None or number(inner.args[0]) is None or number(a) is not None:
        return None
    return r.emit(mul, r.emit(mul, inner.args[0], a), inner.args[1])  # type: ignore[arg-type]


def mul_number_first(r: Rewriter, call: Call) -> Operand | None:
    """X * s -> s * X: numbers gather on the left."""
    a, b = binary(call)
    if is_array(a) and is_scalar(b):
        return r.emit(mul, b, a)
    return None


def mul_numbers_together(r: Rewriter, call: Call) -> Operand | None:
    """s * (t * X) -> s * t * X, s * (t / X) -> s * t / X, s * (X / t) -> s / t * X"""
    a, b = binary(call)
    inner = r.only(b, mul, div)
    if inner is None or not is_scalar(a) or not is_array(b):
        return None
    x, y = inner.args
    function = inner.callee.value  # type: ignore[union-attr]
    if is_scalar(x) and is_array(y):
        return r.emit(function, r.emit(mul, a, x), y)  # type: ignore[arg-type]
    if function is div and is_array(x) and is_scalar(y):
        return r.emit(mul, r.emit(div, a, y), x)  # type: ignore[arg-type]
    return None


def mul_by_reciprocal(r: Rewriter, call: Call) -> Operand | None:
    """a * (1 / b) -> a / b"""
    a, b = binary(call)
    for factor, other in ((b, a), (a, b)):
        inner = r.only(factor, div)
        if inner is not None and number(inner.args[0]) == 1 and number(other) is None:
            return r.emit(div, other, inner.args[1])  # type: ignore[arg-type]
    return None


def mul_of_negatives(r: Rewriter, call: Call) -> Operand | None:
    a, b = binary(call)
    first, second = r.only(a, neg), r.only(b, neg)
    if first is not None and second is not None:
        return r.emit(mul, first.args[0], second.args[0])  # type: ignore[arg-type]
    return None


# -- quotients and powers --------------------------------------------------------------------------


def div_by_one(r: Rewriter, call: Call) -> Operand | None:
    a, b = binary(call)
    return a if number(b) == 1 else None


def power_of_one(r: Rewriter, call: Call) -> Operand | None:
    a, b = binary(call)
    return a if number(b) == 1 else None


# -- sums ------------------------------------------------------------------------------------------


def without_sign(r: Rewriter, operand: Any) -> Operand | None:
    """x of an operand that is -x and nothing else's; the sign may be inside of a product."""
    if inner := r.definition(operand, neg):
        return inner.args[0]  # type: ignore[return-value]
    inner = r.only(operand, mul, div)
    if inner is None:
        return None
    x, y = inner.args
    function = inner.callee.value  # type: ignore[union-attr]
    if (c := number(x)) is not None and c < 0 and (folded := fold(neg, c)):
        return r.emit(function, folded, y)  # type: ignore[arg-type]
    if (left := without_sign(r, x)) is not None and r.uses[x] == 1:  # type: ignore[index]
        return r.emit(function, left, y)  # type: ignore[arg-type]
    if (right := without_sign(r, y)) is not None and r.uses[y] == 1:  # type: ignore[index]
        return r.emit(function, x, right)  # type: ignore[arg-type]
    return None


def add_zero(r: Rewriter, call: Call) -> Operand | None:
    a, b = binary(call)
    if number(a) == 0:
        return b
    return a if number(b) == 0 else None


def add_constant_last(r: Rewriter, call: Call) -> Operand | None:
    a, b = binary(call)
    if number(a) is not None and number(b) is None:
        return r.emit(add, b, a)
    return None


def add_negative(r: Rewriter, call: Call) -> Operand | None:
    """a + -b -> a - b"""
    a, b = binary(call)
    if (c := number(b)) is not None and c < 0 and (folded := fold(neg, c)):
        return r.emit(sub, a, folded)
    if (x := without_sign(r, b)) is not None:
        return r.emit(sub, a, x)
    if inner := r.definition(a, neg):
        return r.emit(sub, b, inner.args[0])  # type: ignore[arg-type]
    return None


def multiple(r: Rewriter, operand: Any) -> tuple[Any, Any]:
    """c and x of an operand c * x, c constant."""
    inner = r.only(operand, mul)
    if inner is not None and number(inner.args[0]) is not None:
        return number(inner.args[0]), inner.args[1]
    return 1, operand


def add_multiples(r: Rewriter, call: Call) -> Operand | None:
    """x + x -> 2 * x, 2 * x + x -> 3 * x"""
    a, b = binary(call)
    (c, x), (d, y) = multiple(r, a), multiple(r, b)
    if x is not y or not (is_array(x) or is_scalar(x)) or number(x) is not None:
        return None
    folded = fold(add, c, d)
    return r.emit(mul, folded, x) if folded else None


def add_same_twice(r: Rewriter, call: Call) -> Operand | None:
    """(a + x) + x -> a + 2 * x"""
    a, b = binary(call)
    inner = r.only(a, add)
    if inner is None or number(b) is not None:
        return None
    c, x = multiple(r, b)
    for own, other in (inner.args, inner.args[::-1]):
        d, y = multiple(r, own)
        if x is y and r.agree(kind_of(own), kind_of(b)) and (folded := fold(add, c, d)):
            return r.emit(add, other, r.emit(mul, folded, x))  # type: ignore[arg-type]
    return None


def add_common_factor(r: Rewriter, call: Call) -> Operand | None:
    """s * X + s * Y -> s * (X + Y), s a number: one product over the arrays instead of two"""
    a, b = binary(call)
    first, second = r.only(a, mul), r.only(b, mul)
    if first is None or second is None or first.args[0] is not second.args[0]:
        return None
    s, x, y = first.args[0], first.args[1], second.args[1]
    if not is_scalar(s) or not is_array(x) or not is_array(y):
        return None
    return r.emit(mul, s, r.emit(add, x, y))  # type: ignore[arg-type]


def sub_zero(r: Rewriter, call: Call) -> Operand | None:
    a, b = binary(call)
    if number(b) == 0:
        return a
    return r.emit(neg, b) if number(a) == 0 else None


def sub_negative(r: Rewriter, call: Call) -> Operand | None:
    """a - -b -> a + b"""
    a, b = binary(call)
    x = without_sign(r, b)
    return None if x is None else r.emit(add, a, x)


# -- signs -----------------------------------------------------------------------------------------


def neg_inside(r: Rewriter, call: Call) -> Operand | None:
    """-(-x) -> x, -(a - b) -> b - a, -(s * X) -> -s * X"""
    found = operands(call)
    a = found[0] if found else None
    if inner := r.definition(a, neg):
        return inner.args[0]  # type: ignore[return-value]
    if (inner := r.only(a, sub)) is not None:
        return r.emit(sub, inner.args[1], inner.args[0])  # type: ignore[arg-type]
    if (inner := r.only(a, mul, div)) is None:
        return None
    x, y = inner.args
    function = inner.callee.value  # type: ignore[union-attr]
    if (c := number(x)) is not None and (folded := fold(neg, c)):
        return r.emit(function, folded, y)  # type: ignore[arg-type]
    if signed := r.only(x, neg):
        return r.emit(function, signed.args[0], y)  # type: ignore[arg-type]
    if signed := r.only(y, neg):
        return r.emit(function, x, signed.args[0])  # type: ignore[arg-type]
    if is_scalar(x) and isinstance(kind_of(y), Array):
        return r.emit(function, r.emit(neg, x), y)  # type: ignore[arg-type]
    return None


PRODUCTS = [
    fold_call, mul_constant_first, mul_by_one, mul_constants, mul_number_first,
    mul_numbers_together, mul_by_reciprocal, mul_left_to_right, mul_constant_out,
    mul_of_negatives,
]  # fmt: skip
SUMS = [
    fold_call, add_zero, add_constant_last, add_negative, add_multiples, add_same_twice,
    add_common_factor,
]  # fmt: skip
QUOTIENTS = [fold_call, div_by_one]
DIFFERENCES = [fold_call, sub_zero, sub_negative]
SIGNS = [fold_call, neg_inside]
POWERS = [fold_call, power_of_one]
REWRITES: dict[Any, list] = {
    operator.mul: PRODUCTS, operator.add: SUMS, operator.truediv: QUOTIENTS,
    operator.sub: DIFFERENCES, operator.neg: SIGNS, operator.pow: POWERS,
    operator.ne: [fold_call], operator.eq: [fold_call],
}  # fmt: skip
