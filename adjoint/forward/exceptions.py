"""What forward mode refuses while compiling, since it does not know it yet or would lose a tangent.

Exceptions carry no tangents. What is made of active values, or caught where it may be, may be raised
again and printed, but nothing else may be read from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.nodes import Call, Const, Operand, Origin, Statement, operands_of
from adjoint.rules import slot_tangents
from adjoint.rules.activity import is_active, is_constant
from adjoint.rules.calls import gives_text, is_exception
from adjoint.rules.dispatch import apply_rule
from adjoint.rules.memory import written_operand
from adjoint.runtime import (
    ClassBody,
    leave_context,
    leave_context_raising,
    make_tuple,
    raise_again,
    raise_exception,
)

if TYPE_CHECKING:
    from adjoint.forward.straight import Pusher

HINT = "Take the gradient instead."
RAISING = (raise_exception, raise_again)
#: Attributes of an exception that are others, of which the same holds.
CHAINED = ("__cause__", "__context__")
LEAVING = (leave_context, leave_context_raising)


def refuse_unknown(pusher: Pusher, s: Call) -> None:
    """Refuse classes, as far as they are active."""
    function = s.callee.value if isinstance(s.callee, Const) else None
    touched = any(is_active(o, pusher.active) for o in [s.target, *operands_of(s)])
    if not touched or written_operand(s) is not None:
        return
    if isinstance(function, ClassBody):
        found = "a class inside this function captures a value that may have a derivative"
        raise UnsupportedSyntaxError(
            f"{found}, which forward mode does not know yet", s.origin, HINT
        )
    if function in slot_tangents.PAIRS:
        raise UnsupportedSyntaxError(
            "a second derivative along directions, through a container of which only running tells what"
            " it is, is not supported",
            s.origin,
            "Take `hessian`, or the derivative along a direction of the gradient.",
        )


def refuse_again(pusher: Pusher, s: Call) -> None:
    """Refuse the second derivative of a call of which only running tells the rule, and whose operands
    change afterwards: its pullback makes the call again."""
    function = s.callee.value if isinstance(s.callee, Const) else None
    if function is not apply_rule:
        return
    if any(
        pusher.memory.is_changed(o) and pusher.memory.is_written_after(o, s) for o in s.args[2:]
    ):
        raise UnsupportedSyntaxError(
            "a second derivative through a call with what changes afterwards, and of which only running"
            " tells the rule, is not supported",
            s.origin,
            "Copy what the call is given: list(items).",
        )


def is_raised(pusher: Pusher, s: Call) -> bool:
    """Does a call make, raise or read an exception that may carry a derivative, without losing one?

    Refuses one that would.
    """
    function: Any = s.callee.value if isinstance(s.callee, Const) else None
    if is_exception(s) and s.target in pusher.active:
        pusher.caught.add(s.target)
        return True
    if function in RAISING:
        return True
    read = any(o in pusher.caught for o in operands_of(s))
    if not read or function in LEAVING or gives_text(s):
        return False
    if is_constant(s) or function is getattr and s.target not in pusher.active:
        return False
    another = function is getattr and getattr(s.args[1], "value", None) in CHAINED
    if function is make_tuple or another:  # of the arguments of `__exit__`, who may not look at it
        pusher.caught.add(s.target)
        return True
    refuse_read(s.origin)
    return False


def refuse_read(origin: Origin | None) -> None:
    raise UnsupportedSyntaxError(
        "a value that may have a derivative is read from an exception",
        origin,
        "Return the value instead of raising it.",
    )


def reads(s: Statement, value: Operand) -> bool:
    """Does a call read from an exception?"""
    if not isinstance(s, Call) or value not in operands_of(s):
        return False
    return not isinstance(s.callee, Const) or s.callee.value not in (*RAISING, *LEAVING)


def refuse_kept(pusher: Pusher, s: Statement, operands: list[Operand]) -> None:
    """Refuse an exception that may carry a derivative where it would be kept."""
    if any(o in pusher.caught for o in operands):
        refuse_read(s.origin)
