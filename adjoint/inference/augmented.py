"""`x op= y` on arrays: a write, which becomes `x = x op y` where nobody can see the difference.

    total = np.zeros(3)                       total = np.zeros(3)
    for row in rows:                   ->     for row in rows:
        total += row                              total = total + row

The difference could be seen through another name of the same memory: so the array has to be made
in this function, and be used for nothing that keeps or shares it, nor after it was written to.
Everything else stays a write.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.ir.nodes import (
    Call,
    Const,
    Function,
    If,
    Loop,
    Operand,
    Statement,
    Value,
    operands_of,
    targets_of,
    walk,
    yields_of,
)
from adjoint.ir.types import Array
from adjoint.rules.memory import AUGMENTED, SHARING
from adjoint.rules.signatures import operand_type, result_type
from adjoint.runtime import augment


def settle(function: Function) -> None:
    """Replace every augmented assignment to an array by a plain one, or refuse it."""
    found = [s for s in walk(function.body) if is_write(s) or is_undecided(s)]
    if not found:
        return
    uses, made = survey(function)
    position = {id(s): i for i, s in enumerate(walk(function.body))}
    settled = []
    for s in found:
        assert isinstance(s, Call)
        if unseen(s, uses, made, position):
            settled.append(s)
    for s in settled:
        s.callee, s.args = Const(AUGMENTED[operator_of(s)]), s.args[-2:]


def is_undecided(s: Statement) -> bool:
    """An augmented assignment of which only running tells whether it writes."""
    return isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is augment


def operator_of(s: Call) -> Any:
    operand = s.args[0] if is_undecided(s) else s.callee
    assert isinstance(operand, Const)
    return operand.value


def is_write(s: Statement) -> bool:
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or not s.args:
        return False
    try:
        known = s.callee.value in AUGMENTED
    except TypeError:
        return False
    return known and isinstance(operand_type(s.args[0]), Array)  # type: ignore[arg-type]


def survey(function: Function) -> tuple[dict[Value, list[Statement]], dict[Value, Statement]]:
    """Which statements read each value, and which one defines it."""
    uses: dict[Value, list[Statement]] = {}
    made: dict[Value, Statement] = {}
    for s in walk(function.body):
        for o in [*operands_of(s), *yields_of(s)]:
            if isinstance(o, Value):
                uses.setdefault(o, []).append(s)
        for t in targets_of(s):
            made[t] = s
        if isinstance(s, Loop):
            made.update(dict.fromkeys(s.carried, s))
    return uses, made


def unseen(
    s: Call,
    uses: dict[Value, list[Statement]],
    made: dict[Value, Statement],
    position: dict[int, int],
) -> bool:
    """Can nobody tell that a new array is made instead of writing into the old one?"""
    array = s.args[-2]
    if not isinstance(array, Value) or not own(array, made, set()):
        return False
    plain = result_type(AUGMENTED[operator_of(s)], list(s.args[-2:]), [])  # type: ignore[arg-type]
    if not is_undecided(s) and plain != array.type:
        return False
    chain = {array, *sources(array, made, set())}
    for value in chain:
        for use in uses.get(value, []):
            if use is s or isinstance(use, If | Loop):
                continue
            if not isinstance(use, Call) or keeps(use):
                return False
            if value is array and position[id(use)] > position[id(s)]:
                return False
    return True


def keeps(use: Call) -> bool:
    """May the result of this call share memory with its operands, or something keep them?"""
    if not isinstance(use.callee, Const):
        return True
    function = use.callee.value
    if function is augment:
        return False
    if (
        is_write(use)
        or isinstance(function, np.ufunc)
        or getattr(function, "__module__", "") == "_operator"
    ):
        return function in SHARING
    if function is getattr:
        return not (
            isinstance(use.args[1], Const)
            and use.args[1].value in ("shape", "size", "ndim", "dtype")
        )
    module = getattr(function, "__module__", None) or ""
    known = (
        module.startswith("numpy")
        or getattr(function, "__objclass__", None) is np.ndarray
        or function is len
    )
    return not known or function in SHARING


def own(value: Operand, made: dict[Value, Statement], seen: set[Value]) -> bool:
    """Was the array made by a statement of this function, whichever way control went?"""
    if not isinstance(value, Value):
        return isinstance(value.value, int | float | complex)
    if value in seen:
        return True
    seen.add(value)
    s = made.get(value)
    if isinstance(s, Call):
        return is_write(s) or is_undecided(s) or not keeps(s)
    return bool(flows(value, s)) and all(own(o, made, seen) for o in flows(value, s))


def sources(value: Value, made: dict[Value, Statement], seen: set[Value]) -> set[Value]:
    """The values that a carried or merged value may be."""
    for o in flows(value, made.get(value)):
        if isinstance(o, Value) and o not in seen:
            seen.add(o)
            sources(o, made, seen)
    return seen


def flows(value: Value, s: Statement | None) -> list[Operand]:
    if isinstance(s, If):
        i = s.targets.index(value)
        return [s.then.results[i], s.orelse.results[i]]
    if isinstance(s, Loop) and value in [*s.carried, *s.targets]:
        i = (s.carried if value in s.carried else s.targets).index(value)
        return [s.inits[i], s.body.results[i]]
    return []
