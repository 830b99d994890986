"""Questions about single calls that derivatives in both modes ask while compiling."""

from __future__ import annotations

import operator
from typing import Any

from adjoint.ir.nodes import Block, Call, Const, Operand, Splat, Statement, Value, operands_of, walk
from adjoint.ir.types import (
    Array,
    DictOf,
    ListOf,
    Opaque,
    TupleOf,
    is_number,
    is_static,
    is_text,
)
from adjoint.rules import registry
from adjoint.rules.activity import is_active
from adjoint.rules.aliasing import may_write
from adjoint.rules.dispatch import has_rule
from adjoint.rules.memory import changed_operand, store_of, written_operand
from adjoint.rules.missing import missing_parameter, missing_rule, underived_name
from adjoint.rules.signatures import operand_type
from adjoint.rules.writes import METHODS, writes_of
from adjoint.runtime import call_method


def written(s: Statement) -> Operand | None:
    """What a call is known to write into."""
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or not s.args:
        return None
    owner = s.args[0]
    if isinstance(owner, Splat):
        return None
    if s.callee.value is call_method:
        name, kind = s.args[1], operand_type(owner)
        known = isinstance(kind, ListOf | DictOf | Array | Opaque)
        return owner if known and isinstance(name, Const) and name.value in METHODS else None
    return owner if writes_of(s.callee.value) else None


def static_operands(s: Call) -> bool:
    """Are the callee and the kinds of all operands known?"""
    if not isinstance(s.callee, Const):
        return False
    for a in [*s.args, *(o for _, o in s.kwargs)]:
        if isinstance(a, Splat) or not is_static(operand_type(a)):
            return False
    return all(k is not None for k, _ in s.kwargs)


def always_there(kind: Any) -> bool:
    """Are the cotangents of a value of this type never None when the program runs?"""
    if isinstance(kind, TupleOf):
        return all(map(is_number, kind.items))
    return is_number(kind) or isinstance(kind, ListOf) and all(map(is_number, kind.items or ()))


def without_rule(s: Call) -> bool:
    """Is the callee known to have neither a rule nor Python source?"""
    if not isinstance(s.callee, Const):
        return False
    return not has_rule(s.callee.value)


def missing(s: Call) -> Call:
    """A call that raises, if it is ever reached."""
    return Call(s.target, Const(missing_rule), [s.callee, Const(s.origin)], [], s.origin)


def missing_of(s: Call, name: str) -> Call:
    """A call that raises, if it is ever reached: no derivative is known of this parameter."""
    operands = [s.callee, Const(name), Const(s.origin)]
    return Call(s.target, Const(missing_parameter), operands, [], s.origin)


def underived(s: Call, active: set[Value]) -> str | None:
    """The name of a parameter that carries a derivative here, of which the rule knows none."""
    declared = registry.lookup(s.callee.value) if isinstance(s.callee, Const) else None
    if declared is None or not declared.underived:
        return None
    for key, operand in [*enumerate(s.args), *s.kwargs]:
        if isinstance(operand, Splat):
            return None  # who takes what is known at run time
        if key is not None and is_active(operand, active):
            name = underived_name(declared, key)
            if name is not None:
                return name
    return None


def touches(s: Statement, active: set[Value]) -> bool:
    """Does a statement with blocks write to memory that carries a derivative, or may it?"""
    for inner in walk(Block([s], [])):
        if isinstance(inner, Call):
            if writes_active(inner, active):
                return True
            if may_write(inner) and any(is_active(o, active) for o in operands_of(inner)):
                return True
    return False


def writes_active(s: Call, active: set[Value]) -> bool:
    """Does a call write to memory, or change an object or container, that carries a derivative?"""
    owner = written_operand(s) or changed_operand(s) or store_of(s)
    return is_active(owner, active)  # type: ignore[arg-type]


def is_item(s: Call) -> bool:
    """`owner[key]`"""
    return isinstance(s.callee, Const) and s.callee.value is operator.getitem


def is_exception(s: Call) -> bool:
    """Does a call make an exception?"""
    cls = s.callee.value if isinstance(s.callee, Const) else None
    return isinstance(cls, type) and issubclass(cls, BaseException)


# -- text --------------------------------------------------------------------------------------------


def gives_text(s: Call) -> bool:
    """Does this call give the text of what it is given?"""
    declared = registry.lookup(s.callee.value) if isinstance(s.callee, Const) else None
    return declared is not None and declared.textual or is_text(s.target.type)


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
