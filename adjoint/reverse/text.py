"""Text in the reverse half: printed freely, refused where numbers are read from it."""

from __future__ import annotations

import operator
from typing import Any

from adjoint.ir.nodes import Call, Const, Splat, Value, operands_of
from adjoint.ir.types import UNKNOWN, DictOf, is_text
from adjoint.reverse.activity import is_active
from adjoint.reverse.cotangents import Scope
from adjoint.rules import registry
from adjoint.rules.signatures import operand_type
from adjoint.rules.text import read_back, refuse_read_back


def gives_text(s: Call) -> bool:
    """Does this call give the text of what it is given?"""
    declared = registry.lookup(s.callee.value) if isinstance(s.callee, Const) else None
    return declared is not None and declared.textual or is_text(s.target.type)


def refuse(s: Call, scope: Scope) -> None:
    bar = scope.take(s.target)
    if bar is not None:
        scope.call(refuse_read_back, bar, Const(s.origin), type=UNKNOWN)


def takes_text(s: Call, active: set[Value]) -> bool:
    """Is text all that has a derivative in this call (and no key, which only chooses an item)?"""
    carried = [o for o in operands_of(s) if is_active(o, active)]
    if not carried or not all(is_text(operand_type(o)) for o in carried):
        return False
    callee = s.callee.value if isinstance(s.callee, Const) else None
    owner = s.args[0] if s.args and not isinstance(s.args[0], Splat) else None
    chooses = (
        callee is operator.getitem or isinstance(owner, Value) and isinstance(owner.type, DictOf)
    )
    return not chooses or owner in carried


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
