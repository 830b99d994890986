"""What an exception leaves behind that NumPy raises when it has written already.

Under `np.errstate(divide="raise")` and the like a ufunc finishes its work, and raises then:

    try:                                       try: x /= y
        x /= y                                 except ArithmeticError as error:
    except ArithmeticError:          ->            …
        …                                          refuse_half_written(error)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adjoint.ir.nodes import Block, Call, Const, Handler, Operand, Origin, Value, walk
from adjoint.ir.types import Opaque, literal
from adjoint.rules.effects import never_ends
from adjoint.rules.memory import AUGMENTED, keyword, written_operand
from adjoint.runtime import augment, raise_again, refuse_half_written

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser


def watch(spec: Specialiser, body: Block, handlers: list[Handler]) -> None:
    """Handlers that may catch such an exception, of a body that may raise one, end by asking for it: what
    they have to do, such as to leave a context, is done."""
    found = first_written(spec, body)
    if found is None:
        return
    for handler in handlers:
        if handler.records:
            spec.half_written = found
        elif asks(handler.block):  # it has been differentiated before
            continue
        elif may_catch(handler.exceptions) and not never_ends(handler.block):
            if handler.name is None:
                handler.name = Value("error", Opaque(BaseException), origin=found)
            made = Value("", literal(None), False, found)
            refuse = Const(refuse_half_written, "refuse_half_written")
            handler.block.statements.append(Call(made, refuse, [handler.name], [], found))


def asks(block: Block) -> bool:
    return any(
        isinstance(s, Call)
        and isinstance(s.callee, Const)
        and s.callee.value is refuse_half_written
        for s in block.statements
    )


def first_written(spec: Specialiser, body: Block) -> Origin | None:
    """Where a body computes in place, or raises what was kept of another that does."""
    for s in walk(body):
        if may_write_first(s):
            return s.origin
        if isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is raise_again:
            if spec.half_written is not None:
                return spec.half_written
    return None


def may_write_first(s: Any) -> bool:
    """Does a statement compute in place?"""
    if not isinstance(s, Call) or not isinstance(s.callee, Const):
        return False
    function: Any = s.callee.value
    if keyword(s, "out") is not None or function is augment:
        return True
    try:
        return function in AUGMENTED and written_operand(s) is not None
    except TypeError:
        return False


def may_catch(exceptions: Operand | None) -> bool:
    """Does a handler of these catch errors of arithmetic, for all that is known?"""
    if not isinstance(exceptions, Const):
        return True
    known = exceptions.value if isinstance(exceptions.value, tuple) else (exceptions.value,)
    return any(not isinstance(c, type) or issubclass(FloatingPointError, c) for c in known)
