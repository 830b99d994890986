"""Which cotangents may be zero because something else was selected.

    y = np.where(x > 0, np.sqrt(x), 0.0)      at x = 0 the cotangent of sqrt(x) is 0, its slope is inf

0 · inf is NaN, but the right answer is 0. Here is found which values have such cotangents: those
from which a selection is reached. Only there is a singular derivative multiplied with care.
"""

from __future__ import annotations

import operator

import numpy as np

from adjoint.ir.nodes import Block, Call, Const, If, Loop, Operand, Try, Value, operands_of, walk
from adjoint.ir.types import Array
from adjoint.rules.plain import scale
from adjoint.rules.signatures import operand_type

SELECTIONS = {
    np.where, np.maximum, np.minimum, np.fmax, np.fmin, np.clip, np.ndarray.clip, np.select, np.choose,
    np.max, np.min, np.ndarray.max, np.ndarray.min, np.take, np.ndarray.take, np.compress, np.extract,
    np.take_along_axis, np.diag, np.diagonal, np.triu, np.tril, np.nan_to_num, np.delete, np.median, max, min,
    scale,
}  # fmt: skip


def selected_values(body: Block) -> set[Value]:
    """The values of a program whose cotangents may be zero in places, by selection."""
    feeds: dict[Value, list[Operand]] = {}
    selected: list[Operand] = []
    for s in walk(body):
        if isinstance(s, Call):
            feeds[s.target] = operands_of(s)
            if is_selection(s):
                selected += operands_of(s)
        elif isinstance(s, If | Try):
            blocks = (
                [s.then, s.orelse]
                if isinstance(s, If)
                else [s.body, *(h.block for h in s.handlers)]
            )
            for i, target in enumerate(s.targets):
                feeds[target] = [b.results[i] for b in blocks]
        elif isinstance(s, Loop):
            for i, (carried, target) in enumerate(zip(s.carried, s.targets, strict=True)):
                feeds[carried] = feeds[target] = [s.inits[i], s.body.results[i]]
            for gather in s.gathers:
                feeds[gather.target] = list(gather.elements)
            for item in s.items:
                feeds[item] = [s.iterable] if s.iterable is not None else []
    found: set[Value] = set()
    while selected:
        value = selected.pop()
        if isinstance(value, Value) and value not in found:
            found.add(value)
            selected += feeds.get(value, [])
    return found


def is_selection(s: Call) -> bool:
    if not isinstance(s.callee, Const):
        return False
    if s.callee.value is operator.getitem:
        return isinstance(operand_type(s.args[0]), Array)  # type: ignore[arg-type]
    try:
        return s.callee.value in SELECTIONS
    except TypeError:
        return False
