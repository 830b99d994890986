"""What is refused while compiling, in both modes: where a derivative would be lost or wrong."""

from __future__ import annotations

import operator

from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    If,
    Loop,
    Operand,
    Origin,
    Statement,
    Value,
    operands_of,
    targets_of,
    walk,
    yields_of,
)
from adjoint.ir.types import Array, Opaque, Scalar
from adjoint.rules.activity import active_values, carries, is_active
from adjoint.rules.aliasing import Memory, may_write
from adjoint.rules.calls import written
from adjoint.rules.classes import made_class
from adjoint.rules.hooks import hook
from adjoint.rules.keys import refuse_keys
from adjoint.rules.memory import changed_operand, may_change, store_of, written_operand
from adjoint.rules.signatures import operand_type
from adjoint.rules.writes import SET_CHANGES, refuse_write
from adjoint.runtime import call_method


def refuse_writes(body: Block, active: set[Value]) -> None:
    """Refuse in-place changes of what carries a derivative, or of what a derivative may still read."""
    refuse_keys(body, active)
    for s in walk(body):
        if isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is made_class:
            found = s.args[0]
            if isinstance(found, Const) and any(is_active(o, active) for o in operands_of(s)):
                found.value.activate()
    refuse_tests(body, active)
    read: set[Value] = set()
    for s in walk(body):
        if any(t in active for t in targets_of(s)):
            read.update(o for o in operands_of(s) if isinstance(o, Value))
    for s in walk(body):
        owner = written(s)
        if owner is None or isinstance(s, Call) and written_operand(s) is not None:
            continue
        assert isinstance(s, Call)
        if owner not in read and is_only_asked(body, owner, s):
            continue
        if any(is_active(o, active) for o in operands_of(s)) or owner in read:
            name = s.args[1].value if s.callee.value is call_method else s.callee.value.__name__  # type: ignore[union-attr]
            refuse_write(str(name), s.origin)


def is_only_asked(body: Block, owner: Operand, s: Call) -> bool:
    """Is this a set of numbers of which the program never asks more than whether something is in it?"""
    kind = operand_type(owner)
    if not isinstance(owner, Value) or not isinstance(kind, Opaque) or kind.cls is not set:
        return False
    return all(asks(c, owner) for c in walk(body)) and owner not in body.results


def asks(s: Statement, owner: Value) -> bool:
    """Does a statement do no more with a set than to put numbers in, and to ask for them?"""
    if owner in yields_of(s):
        return False
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or owner not in operands_of(s):
        return owner not in operands_of(s) or isinstance(s, If)
    if any(s.callee.value == change for change in SET_CHANGES):
        return s.args[0] is owner and owner not in s.args[1:]
    return any(s.callee.value is f for f in (operator.contains, operator.not_, len, bool))


def refuse_again(body: Block) -> None:
    """Refuse to call once more, for a derivative of a rule that only running tells, what changes a class."""
    for s in walk(body):
        if isinstance(s, Call) and isinstance(s.callee, Const) and s.callee.value is setattr:
            raise UnsupportedSyntaxError(
                "a second derivative through a call of which only running tells the function, and which"
                " assigns an attribute of a class or module, is not supported",
                s.origin,
                "Keep it in an attribute of an object.",
            )


def refuse_tests(body: Block, active: set[Value]) -> None:
    """Refuse a condition of `while` that changes what carries a derivative: it is not reversed."""
    for s in walk(body):
        if not isinstance(s, Loop) or s.test is None:
            continue
        inside = active_values(s.test, set(active))
        if any(changes_active(c, inside) for c in walk(s.test)):
            raise UnsupportedSyntaxError(
                "the condition of a `while` loop changes what carries a derivative",
                s.origin,
                "Write `while True:`, and `if not …: break` as its first statement.",
            )


def changes_active(s: Statement, active: set[Value]) -> bool:
    """Does a call change what carries a derivative, or put such a value there, or may it?"""
    if not isinstance(s, Call) or not any(carries(o, active) for o in operands_of(s)):
        return False
    late = may_write(s) and any(may_change(operand_type(o)) for o in operands_of(s)[1:])
    return late or written_operand(s) is not None or changed_operand(s) is not None


def refuse_at_run_time(s: Call, memory: Memory, active: set[Value]) -> None:
    """Refuse the gradient of a reverse half that looks for shadows when it runs."""
    store = store_of(s)
    if isinstance(store, Value):
        if any(is_active(o, active) for o in [*memory.class_of(store), *operands_of(s)]):
            raise gradient_of_gradient(s.origin)


def gradient_of_gradient(origin: Origin | None) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        "a gradient of a gradient through an object or container that changes is not supported",
        origin,
        "Take `hvp`, `hessian`, or another derivative along a direction (`jvp`) of the gradient. Or "
        "let the function take the state and return it, as the cells of adjoint.nn do, and "
        "`nn.Recurrence` in place of `nn.Recur`.",
    )


def refuse_read(s: Call, active: set[Value]) -> None:
    """Refuse to lose a derivative in a global variable that another program reads."""
    namespace, name = s.args
    if is_active(namespace, active):  # type: ignore[arg-type]
        raise UnsupportedSyntaxError(
            f"the global variable '{name.value}' is assigned, and read by a function that this calls",  # type: ignore[union-attr]
            s.origin,
            f"Declare it `global {name.value}` there too, or pass it as an argument.",  # type: ignore[union-attr]
        )


def in_the_middle(origin: Origin | None) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        "an exception may come in the middle of what this `try` body changes",
        origin,
        "Put the statement that may raise into a `try` of its own, before anything is changed.",
    )


def refuse_hooked(s: Call, memory: Memory, active: set[Value]) -> None:
    """Refuse a hook of arrays whose cotangents are in shadows, and would not pass through it."""
    is_hook = isinstance(s.callee, Const) and s.callee.value is hook
    if is_hook and memory.is_written(s.target) and is_active(s.target, active):
        if not isinstance(s.target.type, Array | Scalar):  # an array is copied
            raise UnsupportedSyntaxError(
                "a hook of a container or an object with arrays that are written to is not supported",
                s.origin,
                "Give the arrays to hooks of their own, or copies of them to this one.",
            )


def name_of(s: Call) -> str:
    function = getattr(s.callee, "value", None)
    if function is call_method:
        return str(getattr(s.args[1], "value", "a call"))
    function = getattr(function, "stands_for", function)
    return getattr(function, "__name__", "a call")


def refusal(s: Call) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        f"{name_of(s)} writes into an array in a way whose derivative is not known",
        s.origin,
        "Write x[index] = value, or build a new array.",
    )


#: They give an iterator over the items of another.
LATE = (reversed, enumerate, zip, iter)


def refuse_late(s: Call) -> None:
    """Refuse to take items of what changes while an iterator over it is kept."""
    raise UnsupportedSyntaxError(
        f"what {s.callee.name or 'an iterator'} iterates over may change meanwhile",
        s.origin,
        "Iterate over a copy: `for item in list(items):`.",
    )
