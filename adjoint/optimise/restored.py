"""What is taken out of a shadow, cleared there and put back as it was, stays where it is.

v_bar = x_bar[i].copy()                v_bar = x_bar[i].copy()
x_bar[i] = 0.0                   ->
x_bar[i] += v_bar

It is what `x[i] = x[i] + v` reverses to.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from adjoint import shadows
from adjoint.ir.nodes import Block, Call, Const, Function, Statement, blocks_of
from adjoint.optimise.facts import IsMarker, is_call_of, number, same_operand


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


def _puts_back(statements: list[Statement]) -> bool:
    """Does the last statement add to a place, just cleared, what was taken from it? Then the clearing
    goes as well."""
    *before, add = [s for s in statements[-5:] if isinstance(s, Call)]
    x_bar, index, bar = _place(add, before)
    if x_bar is None or not before or not is_call_of(before[-1], operator.setitem):
        return False
    clear = before.pop()
    zero = isinstance(clear.args[2], Const) and number(clear.args[2]) == 0
    if not zero or clear.args[0] is not x_bar or not same_operand(clear.args[1], index):
        return False
    if before and is_call_of(before[-1], np.ndarray.copy) and before[-1].target is bar:
        bar = before.pop().args[0]
    if not before or not is_call_of(before[-1], operator.getitem) or before[-1].target is not bar:
        return False
    if before[-1].args[0] is not x_bar or not same_operand(before[-1].args[1], index):
        return False
    statements.remove(clear)
    return True


def _place(add: Call, before: list[Call]) -> tuple[Any, Any, Any]:
    """`x_bar`, `index` and `bar` of `x_bar[index] += bar`; the view `x_bar[index]` is taken off `before`."""
    if is_call_of(add, shadows.add_at):
        return tuple(add.args)  # type: ignore[return-value]
    view, bar = add.args
    made = before.pop() if before and is_call_of(before[-1], operator.getitem) else None
    return (*made.args, bar) if made is not None and made.target is view else (None, None, None)  # type: ignore[return-value]
