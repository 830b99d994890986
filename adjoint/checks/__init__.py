"""Checks that values, tangents and cotangents are finite, written into the program that is compiled."""

from adjoint.checks.insert import (
    check_given,
    check_program,
    check_values,
    watch,
    watch_tangent,
)

__all__ = ["check_given", "check_program", "check_values", "watch", "watch_tangent"]
