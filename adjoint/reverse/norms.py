"""The root of a sum of squares is a norm: its derivative where it is 0 is 0, not infinity times 0."""

from __future__ import annotations

import math
import operator

import numpy as np

from adjoint.ir.nodes import Block, Call, Const, Operand, Splat, Value, walk
from adjoint.rules.guarded import root_of_squares

ROOTS = {np.sqrt, math.sqrt}
SUMS = {
    np.sum,
    np.ndarray.sum,
    np.add.reduce,
    np.mean,
    np.ndarray.mean,
    sum,
    operator.add,
    np.add,
    math.fsum,
}
PRODUCTS = {
    operator.mul,
    np.multiply,
    operator.matmul,
    np.matmul,
    np.dot,
    np.ndarray.dot,
    np.vdot,
    np.inner,
}
POWERS = {operator.pow, np.power, pow}


def definitions_of(body: Block) -> dict[Value, Call]:
    return {s.target: s for s in walk(body) if isinstance(s, Call)}


def as_norm(s: Call, definitions: dict[Value, Call]) -> Call:
    """The call itself; or, of a root of a sum of squares, one with the rule of a norm."""
    if called(s, ROOTS) and len(s.args) == 1 and is_square(s.args[0], definitions):
        return Call(s.target, Const(root_of_squares), s.args, s.kwargs, s.origin)
    return s


def called(s: Call | None, functions: set) -> bool:
    if s is None or not isinstance(s.callee, Const):
        return False
    try:
        return s.callee.value in functions
    except TypeError:
        return False


def is_square(operand: Operand | Splat, definitions: dict[Value, Call]) -> bool:
    """Is this a square, or a sum of squares?"""
    s = definitions.get(operand) if isinstance(operand, Value) else None
    if s is None or not s.args:
        return False
    if called(s, {operator.add, np.add}):
        return all(is_square(a, definitions) for a in s.args)
    if called(s, SUMS):
        return is_square(s.args[0], definitions)
    if called(s, PRODUCTS):
        return len(s.args) == 2 and s.args[0] is s.args[1]
    if called(s, POWERS):
        exponent = s.args[1]
        return isinstance(exponent, Const) and exponent.value == 2
    return called(s, {np.square})
