"""Passes over the joined program (forward half, `receive`, reverse half): the same, smaller."""

from collections.abc import Callable
from typing import Any

from adjoint.ir.nodes import Function
from adjoint.optimise.dead import remove_dead


def optimise(function: Function, is_marker: Callable[[Any], bool]) -> Function:
    """Run all passes, in order. `is_marker` tells the callee at which the reverse half begins."""
    return remove_dead(function, is_marker)


__all__ = ["optimise"]
