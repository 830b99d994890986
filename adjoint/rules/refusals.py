"""What is refused while compiling, in both modes: where a derivative would be lost or wrong."""

from __future__ import annotations

from adjoint import shadows
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.nodes import Block, Call, Const, Try, Value, operands_of, targets_of, walk
from adjoint.rules.activity import is_active
from adjoint.rules.aliasing import Memory
from adjoint.rules.calls import takes_text, written
from adjoint.rules.memory import written_operand
from adjoint.rules.writes import refuse_write
from adjoint.runtime import call_method, raise_exception


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


def refuse_raised(body: Block, active: set[Value]) -> None:
    """Refuse to lose a derivative in an exception that is caught in the same program."""
    made = {s.target: s for s in walk(body) if isinstance(s, Call)}
    for attempt in walk(body):
        if not isinstance(attempt, Try):
            continue
        for s in walk(attempt.body):
            raises = (
                isinstance(s, Call)
                and isinstance(s.callee, Const)
                and s.callee.value is raise_exception
            )
            carried = [made.get(o) for o in operands_of(s) if is_active(o, active)]  # type: ignore[call-overload]
            told = all(m is not None and takes_text(m, active) for m in carried)
            if raises and carried and not told:
                raise UnsupportedSyntaxError(
                    "an exception carries a value that has a derivative", s.origin,
                    "Return the value instead of raising it.",
                )  # fmt: skip


def refuse_at_run_time(s: Call, memory: Memory, active: set[Value]) -> None:
    """Refuse the derivative of a reverse half that looks for shadows when it runs."""
    if not isinstance(s.callee, Const) or not s.args:
        return
    if s.callee.value in (shadows.deliver, shadows.collect, shadows.item_written):
        memory = [v for o in s.args[:1] if isinstance(o, Value) for v in memory.class_of(o)]
        if any(is_active(o, active) for o in [*memory, *operands_of(s)]):
            raise UnsupportedSyntaxError(
                "a second derivative through a container of arrays that are written to is not supported",
                s.origin,
                "Write into arrays that the function knows by name.",
            )


def name_of(s: Call) -> str:
    return getattr(getattr(s.callee, "value", None), "__name__", "a call")


def refusal(s: Call) -> UnsupportedSyntaxError:
    return UnsupportedSyntaxError(
        f"{name_of(s)} writes into an array in a way whose derivative is not known",
        s.origin,
        "Write x[index] = value, or build a new array.",
    )
