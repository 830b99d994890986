"""What is taken out of a shadow, cleared there and put back as it was, stays where it is.

v_bar = x_bar[i].copy()                v_bar = x_bar[i].copy()
x_bar[i] = 0.0                   ->
x_bar[i] += v_bar

It is what `x[i] = x[i] + v` reverses to. Between them nothing may read or change an array.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from adjoint import shadows
from adjoint.ir.nodes import Block, Call, Const, Function, Statement, blocks_of, operands_of
from adjoint.ir.types import Scalar, unliteral
from adjoint.optimise.facts import IsMarker, is_call_of, number, same_operand
from adjoint.rules.effects import is_pure
from adjoint.rules.signatures import operand_type


def leave_in_place(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Rewrite in place; returns the function."""
    _block(function.body)
    return function


def _block(block: Block) -> None:
    kept: list[Statement] = []
    for s in block.statements:
        for inner in blocks_of(s):
            _block(inner)
        kept.append(s)
        if is_call_of(s, shadows.add_at, shadows.add_to) and _puts_back(kept):
            kept.pop()
    block.statements = kept


def _puts_back(statements: list[Any]) -> bool:
    """Does the last statement add to a place, just cleared, what was taken from it? Then the clearing
    goes as well."""
    add = statements[-1]
    x_bar, index, bar = add.args if is_call_of(add, shadows.add_at) else (None, None, add.args[1])
    at = _before(statements, len(statements) - 1)
    if x_bar is None:  # it adds to a view
        view = statements[at]
        if at < 0 or not is_call_of(view, operator.getitem) or view.target is not add.args[0]:
            return False
        (x_bar, index), at = view.args, _before(statements, at)
    clear = at
    if at < 0 or not _clears(statements[at], x_bar, index):
        return False
    at = _before(statements, at)
    copy = statements[at]
    if at >= 0 and is_call_of(copy, np.ndarray.copy) and copy.target is bar:
        bar, at = copy.args[0], _before(statements, at)
    taken = statements[at]
    if at < 0 or not is_call_of(taken, operator.getitem) or taken.target is not bar:
        return False
    if taken.args[0] is not x_bar or not same_operand(taken.args[1], index):
        return False
    del statements[clear]
    return True


def _before(statements: list[Any], end: int) -> int:
    """The position of the last statement before that may read or change an array; -1 if there is none."""
    at = end - 1
    while at >= 0 and _is_of_numbers(statements[at]):
        at -= 1
    return at


def _is_of_numbers(s: Statement) -> bool:
    """Does this compute a number of numbers, and nothing else?"""
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or not is_pure(s.callee.value):
        return False
    kinds = [s.target.type, *(operand_type(o) for o in operands_of(s) if o is not s.callee)]
    return all(isinstance(unliteral(kind), Scalar) for kind in kinds)


def _clears(s: Any, x_bar: Any, index: Any) -> bool:
    """`x_bar[index] = 0.0`"""
    if not is_call_of(s, operator.setitem) or s.args[0] is not x_bar:
        return False
    zero = isinstance(s.args[2], Const) and number(s.args[2]) == 0
    return zero and same_operand(s.args[1], index)
