"""What forward mode refuses while compiling, since it does not know it yet or would lose a tangent.

Exceptions carry no tangents. What is made of active values, or caught where it may be, may be raised
again and printed, but nothing else may be read from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adjoint import contents, slots
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.nodes import Call, Const, Operand, Origin, Statement, operands_of
from adjoint.rules.activity import is_active, is_constant
from adjoint.rules.calls import gives_text, is_exception
from adjoint.rules.memory import changed_operand, written_operand
from adjoint.runtime import (
    ClassBody,
    leave_context,
    leave_context_raising,
    raise_again,
    raise_exception,
    yield_value,
)

if TYPE_CHECKING:
    from adjoint.forward.straight import Pusher

HINT = "Take the gradient instead."
STATE = (slots.__name__, contents.__name__)
RAISING = (raise_exception, raise_again)
LEAVING = (leave_context, leave_context_raising)


def refuse_unknown(pusher: Pusher, s: Call) -> None:
    """Refuse objects and containers that change, generators and classes, as far as they are active."""
    function = s.callee.value if isinstance(s.callee, Const) else None
    touched = any(is_active(o, pusher.active) for o in [s.target, *operands_of(s)])
    if not touched or written_operand(s) is not None:
        return
    found = ""
    if changed_operand(s) is not None or getattr(function, "__module__", None) in STATE:
        found = "an object or container that carries a derivative changes"
    elif function is yield_value:
        found = "a generator yields a value that has a derivative"
    elif isinstance(function, ClassBody):
        found = "a class inside this function captures a value that may have a derivative"
    if found:
        raise UnsupportedSyntaxError(
            f"{found}, which forward mode does not know yet", s.origin, HINT
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
    refuse_read(s.origin)
    return False


def refuse_read(origin: Origin | None) -> None:
    raise UnsupportedSyntaxError(
        "a value that may have a derivative is read from an exception",
        origin,
        "Return the value instead of raising it.",
    )


def refuse_kept(pusher: Pusher, s: Statement, operands: list[Operand]) -> None:
    """Refuse an exception that may carry a derivative where it would be kept."""
    if any(o in pusher.caught for o in operands):
        refuse_read(s.origin)
