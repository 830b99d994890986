"""Passes over the joined program (forward half, `receive`, reverse half): the same, smaller.

The user's own statements, all before `receive`, compute what the plain call computes, bit for bit:
there only what nobody reads is removed, and calls are spelled in a way that comes down to the same.
The reverse half is rewritten freely, to rounding.
"""

from collections.abc import Callable
from typing import Any

from adjoint.ir.nodes import Function
from adjoint.ir.verify import checked
from adjoint.optimise.cse import share_common
from adjoint.optimise.dead import remove_dead
from adjoint.optimise.inplace import reuse_memory
from adjoint.optimise.invariant import leave_loops
from adjoint.optimise.names import drop_names
from adjoint.optimise.present import own_results
from adjoint.optimise.records import drop_records
from adjoint.optimise.restored import leave_in_place
from adjoint.optimise.simplify import simplify
from adjoint.optimise.sink import sink_metadata
from adjoint.optimise.spelling import respell

PASSES = (
    leave_in_place, remove_dead, share_common, simplify, remove_dead, leave_loops, share_common, simplify,
    drop_records, remove_dead,
    sink_metadata, own_results, drop_names, reuse_memory, respell,
)  # fmt: skip


def optimise(function: Function, is_marker: Callable[[Any], bool]) -> Function:
    """Run all passes, in order. `is_marker` tells the callee at which the reverse half begins."""
    for each in PASSES:
        checked(each(function, is_marker))
    return function


__all__ = ["PASSES", "optimise"]
