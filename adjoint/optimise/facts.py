"""What the passes ask of operands: kinds, shapes, definitions, and which memory is written to."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    If,
    Loop,
    Operand,
    Splat,
    Statement,
    Try,
    Value,
    blocks_of,
    defined_values,
    free_values,
    inner_definitions,
    operands_of,
    targets_of,
    walk,
    yields_of,
)
from adjoint.ir.types import Array, Axis, Length, Scalar, Type, dtype_of, is_plural, unliteral
from adjoint.rules.aliasing import Memory
from adjoint.rules.effects import WRITES
from adjoint.rules.memory import changed_operand, written_operand
from adjoint.rules.signatures import operand_type

IsMarker = Callable[[Any], bool]
NUMBERS = (int, float, np.floating, np.integer)
NARROW = {np.dtype(d) for d in (np.float16, np.float32, np.complex64)}
ARITHMETIC = {
    operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pow,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
}  # fmt: skip


# -- operands --------------------------------------------------------------------------------------


def number(operand: Any) -> Any:
    """The value of a constant real number; None for any other operand."""
    value = operand.value if isinstance(operand, Const) else None
    return value if isinstance(value, NUMBERS) and not isinstance(value, bool) else None


def is_numpy_number(operand: Any) -> bool:
    return isinstance(operand, Const) and isinstance(operand.value, np.number)


def kind_of(operand: Any) -> Type:
    if is_numpy_number(operand):
        return Scalar(type(operand.value))
    return unliteral(operand_type(operand))


def has_narrow(body: Block, inputs: Iterable[Value]) -> bool:
    """Is a dtype about that is narrower than Python's numbers?  Then a Python float, which takes the dtype
    of the array it meets, and a np.float64 are not the same."""
    inner = (v for s in walk(body) for v in [*targets_of(s), *inner_definitions(s)])
    kinds = (unliteral(v.type) for v in (*inputs, *inner))
    return any(isinstance(k, Array | Scalar) and dtype_of(k) in NARROW for k in kinds)


def is_array(operand: Any) -> bool:
    return isinstance(kind_of(operand), Array)


def is_scalar(operand: Any) -> bool:
    return isinstance(kind_of(operand), Scalar)


def is_real(operand: Any) -> bool:
    """A floating number or array of floating numbers, not complex."""
    kind = kind_of(operand)
    dtype = dtype_of(kind) if isinstance(kind, Scalar | Array) else None
    return dtype is not None and dtype.kind == "f"


def same_operand(a: Any, b: Any) -> bool:
    """One value, or two constants of one class and value."""
    if isinstance(a, Const) and isinstance(b, Const):
        return a.value is b.value or constant_key(a) == constant_key(b)
    return a is b


def constant_key(operand: Const) -> Any:
    """Equal for equal constants: `1`, `1.0` and `True` differ, and so do 0.0 and -0.0."""
    value = operand.value
    if value is None or isinstance(value, bool | int | float | complex | str):
        return type(value), repr(value)
    if type(value) is tuple:
        return tuple, tuple(constant_key(Const(v)) for v in value)
    if type(value) is slice:
        return slice, constant_key(Const((value.start, value.stop, value.step)))
    return id(value)


# -- shapes ----------------------------------------------------------------------------------------


def equal_axes(a: Axis, b: Axis) -> bool:
    """Known to be one number."""
    if isinstance(a, Length) and isinstance(b, Length):
        vague = a.symbol in ("n", "·") or isinstance(a.symbol, tuple) and a.symbol[:1] == ("join",)
        return not vague and (a.symbol, a.offset) == (b.symbol, b.offset)
    return isinstance(a, int) and a == b


def covers(full: tuple[Axis, ...], part: tuple[Axis, ...]) -> bool:
    """Do arrays of these axes broadcast to the shape `full`?

    They are known to broadcast with each other, so an axis that is not 1 is the other's as well.
    """
    if len(full) < len(part):
        return False
    pairs = zip(full[len(full) - len(part) :], part, strict=True)
    return all(b == 1 or is_plural(a) or equal_axes(a, b) for a, b in pairs)


def same_shape(a: Type, b: Type) -> bool:
    """Known to have the same shape, without knowing that they were ever combined."""
    if not isinstance(a, Array) or not isinstance(b, Array) or a.ndim != b.ndim:
        return False
    return all(map(equal_axes, a.axes, b.axes))


# -- programs --------------------------------------------------------------------------------------


def is_call_of(s: Any, *functions: Any) -> bool:
    """A call of one of these, without `*` among the arguments and without keywords."""
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or s.kwargs:
        return False
    if any(isinstance(a, Splat) for a in s.args):
        return False
    return any(s.callee.value is f for f in functions)


def marker_index(function: Function, is_marker: IsMarker) -> int | None:
    """Where the reverse half begins among the statements of the body."""
    for i, s in enumerate(function.body.statements):
        if isinstance(s, Call) and isinstance(s.callee, Const) and is_marker(s.callee.value):
            return i
    return None


def is_derived(s: Statement) -> bool:
    """Is this a statement of the derivative, which stands among the user's (forward mode)?"""
    return s.origin is not None and s.origin.derived


def derivative_calls(function: Function, is_marker: IsMarker) -> list[Call]:
    """The calls that are free to be rewritten: of the reverse half, and of tangents."""
    start = marker_index(function, is_marker) or 0
    statements = function.body.statements
    before = [s for s in walk(Block(statements[:start], [])) if isinstance(s, Call)]
    after = [s for s in walk(Block(statements[start:], [])) if isinstance(s, Call)]
    return [s for s in before if is_derived(s)] + after


def definitions(block: Block) -> dict[Value, Call]:
    return {s.target: s for s in walk(block) if isinstance(s, Call)}


def reads_of(s: Statement) -> list[Operand]:
    return operands_of(s) + yields_of(s)


def count_uses(block: Block) -> Counter[Value]:
    uses: Counter[Value] = Counter(o for o in block.results if isinstance(o, Value))
    for s in walk(block):
        uses.update(o for o in reads_of(s) if isinstance(o, Value))
    return uses


def written_values(block: Block) -> set[Value]:
    """Values whose memory is written to later on, by the name of another value or their own."""
    written: set[Value] = set()
    if any(map(_writes_in_place, walk(block))):
        memory = Memory(block, list(free_values(block)))
        values = defined_values(block) | free_values(block)
        written = {v for v in values if memory.is_written(v) or memory.is_changed(v)}
    before = -1
    while before != len(written):
        before = len(written)
        _written(block, written)
    return written


def _writes_in_place(s: Statement) -> bool:
    """A write of the program, to memory that other values may share."""
    return isinstance(s, Call) and (
        written_operand(s) is not None or changed_operand(s) is not None
    )


def _written(block: Block, written: set[Value]) -> None:
    def mark(operand: Any) -> None:
        if isinstance(operand, Value):
            written.add(operand)

    for s in reversed(block.statements):
        if isinstance(s, Call):
            if isinstance(s.callee, Const) and _writes(s.callee.value):
                mark(s.args[0])
            continue
        if isinstance(s, If | Try):
            for i, target in enumerate(s.targets):
                if target in written:
                    for inner in blocks_of(s):
                        mark(inner.results[i])
        elif isinstance(s, Loop):
            for i, carried in enumerate(s.carried):
                if carried in written or s.targets[i] in written:
                    for operand in (carried, s.targets[i], s.inits[i], s.body.results[i]):
                        mark(operand)
        for inner in blocks_of(s):
            _written(inner, written)


def _writes(function: Any) -> bool:
    try:
        return function in WRITES
    except TypeError:
        return False
