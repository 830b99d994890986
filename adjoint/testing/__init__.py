"""Derivatives against finite differences: of rules, and of users' functions."""

from adjoint.testing.cases import Case, case, expand, normal, uniform
from adjoint.testing.compiled import check_compiled
from adjoint.testing.gradients import check_gradient
from adjoint.testing.rules import RuleError, apply_rule, check_rule
from adjoint.testing.second_order import WAYS, check_second_order

__all__ = [
    "WAYS",
    "Case",
    "RuleError",
    "apply_rule",
    "case",
    "check_compiled",
    "check_gradient",
    "check_rule",
    "check_second_order",
    "expand",
    "normal",
    "uniform",
]
