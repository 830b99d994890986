"""Context managers that carry a derivative: their methods are called as plain Python does."""

from __future__ import annotations

from adjoint import runtime
from adjoint.rules.registry import nondifferentiable, source_of

nondifferentiable(
    runtime.context_class,
    runtime.refuse_suppression,
    runtime.finish_context,
    runtime.refuse_carried,
    runtime.refuse_half_written,
)


@source_of(runtime.enter_context)
def enter_context(manager):
    return runtime.context_class(manager).__enter__(manager)


@source_of(runtime.leave_context)
def leave_context(manager, error=None):
    if error is None:
        return type(manager).__exit__(manager, None, None, None)
    return type(manager).__exit__(manager, type(error), error, error.__traceback__)


@source_of(runtime.leave_context_raising)
def leave_context_raising(manager, error):
    runtime.refuse_suppression(runtime.leave_context(manager, error), manager, error)
