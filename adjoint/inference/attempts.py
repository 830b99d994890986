"""What an exception leaves behind that NumPy raises when it has written already.

Under `np.errstate(divide="raise")` and the like a ufunc finishes its work, and raises then:

    try:                                       try: x /= y
        x /= y                                 except ArithmeticError as error:
    except ArithmeticError:          ->            refuse_half_written(error)
        …                                          …
"""

from __future__ import annotations

from typing import Any

from adjoint.ir.nodes import Block, Call, Const, Handler, Operand, Value, walk
from adjoint.ir.types import Opaque, literal
from adjoint.rules.memory import AUGMENTED, keyword, written_operand
from adjoint.runtime import augment, leave_context_raising, raise_again, refuse_half_written


def watch(body: Block, handlers: list[Handler]) -> None:
    """Handlers that may catch such an exception, of a body that may raise one, ask for it first."""
    found = next((s for s in walk(body) if may_write_first(s)), None)
    if found is None:
        return
    for handler in handlers:
        if not may_catch(handler.exceptions) or raises_again(handler.block):
            continue
        if handler.name is None:
            handler.name = Value("error", Opaque(BaseException), origin=found.origin)
        made = Value("", literal(None), False, found.origin)
        refuse = Const(refuse_half_written, "refuse_half_written")
        handler.block.statements.insert(0, Call(made, refuse, [handler.name], [], found.origin))


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


def raises_again(block: Block) -> bool:
    """Does a handler only do what has to be done, such as leave a context? The next one outside refuses."""
    made = [
        s.callee.value
        for s in block.statements
        if isinstance(s, Call) and isinstance(s.callee, Const)
    ]
    return any(f in (raise_again, leave_context_raising) for f in made)


def may_catch(exceptions: Operand | None) -> bool:
    """Does a handler of these catch errors of arithmetic, for all that is known?"""
    if not isinstance(exceptions, Const):
        return True
    known = exceptions.value if isinstance(exceptions.value, tuple) else (exceptions.value,)
    return any(not isinstance(c, type) or issubclass(FloatingPointError, c) for c in known)
