"""What is refused while compiling, in both modes: where a derivative would be lost or wrong."""

from __future__ import annotations

from adjoint import contents, shadows, slots
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.nodes import Block, Call, Const, Value, operands_of, targets_of, walk
from adjoint.ir.types import Array, Scalar
from adjoint.rules.activity import is_active
from adjoint.rules.aliasing import Memory
from adjoint.rules.calls import written
from adjoint.rules.hooks import hook
from adjoint.rules.memory import written_operand
from adjoint.rules.writes import refuse_write
from adjoint.runtime import call_method


def refuse_writes(body: Block, active: set[Value]) -> None:
    """Refuse in-place changes of what carries a derivative, or of what a derivative may still read."""
    read: set[Value] = set()
    for s in walk(body):
        if any(t in active for t in targets_of(s)):
            read.update(o for o in operands_of(s) if isinstance(o, Value))
    for s in walk(body):
        owner = written(s)
        if owner is None or isinstance(s, Call) and written_operand(s) is not None:
            continue
        assert isinstance(s, Call)
        if any(is_active(o, active) for o in operands_of(s)) or owner in read:
            name = s.args[1].value if s.callee.value is call_method else s.callee.value.__name__  # type: ignore[union-attr]
            refuse_write(str(name), s.origin)


#: Of a reverse half: they look for memory or for slots when it runs.
RUN_TIME = (
    slots.deliver, slots.collect, shadows.item_written, slots.add_slot, slots.take_slot, slots.read_back,
    contents.undone, contents.add_items, contents.take_items, contents.read_back_item,
)  # fmt: skip


def refuse_at_run_time(s: Call, memory: Memory, active: set[Value]) -> None:
    """Refuse the derivative of a reverse half that looks for shadows when it runs."""
    if not isinstance(s.callee, Const) or not s.args:
        return
    if s.callee.value in RUN_TIME:
        reached = [v for o in s.args[:1] if isinstance(o, Value) for v in memory.class_of(o)]
        if any(is_active(o, active) for o in [*reached, *operands_of(s)]):
            raise UnsupportedSyntaxError(
                "a second derivative through an object or container that changes is not supported",
                s.origin,
                "Write into arrays that the function knows by name.",
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
