"""Text in the reverse half: printed freely, refused where numbers are read from it."""

from __future__ import annotations

from typing import Any

from adjoint.ir.nodes import Call, Const, Value, operands_of
from adjoint.ir.types import UNKNOWN
from adjoint.reverse.cotangents import Scope
from adjoint.rules.activity import is_active
from adjoint.rules.text import read_back, refuse_read_back


def refuse(s: Call, scope: Scope) -> None:
    bar = scope.take(s.target)
    if bar is not None:
        scope.call(refuse_read_back, bar, Const(s.origin), type=UNKNOWN)


def read(s: Call, scope: Scope, active: set[Value]) -> None:
    bar = scope.take(s.target)
    if bar is None:
        return
    callee: Any = s.callee.value if isinstance(s.callee, Const) else None
    reader = Const(getattr(callee, "__name__", "a call"))
    found = scope.call(read_back, bar, reader, Const(s.origin), type=UNKNOWN)
    for operand in operands_of(s):
        if isinstance(operand, Value) and is_active(operand, active):
            scope.add(operand, found)
