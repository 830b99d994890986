"""Automatic differentiation of plain NumPy code, by source transformation."""

from adjoint.api import (
    Grads,
    Params,
    differentiable,
    grad,
    gradient,
    params,
    pullback,
    source,
    stop_gradient,
    value_and_grad,
    value_and_gradient,
    vjp,
    withgradient,
)
from adjoint.errors import (
    AdjointError,
    GradientMismatch,
    MissingRuleError,
    NonFiniteError,
    NonScalarOutputError,
    SourceUnavailableError,
    UnsupportedSyntaxError,
)
from adjoint.rules.registry import jvp_rule, nondifferentiable, partials, rule
from adjoint.tree import Tangent

__version__ = "0.1.0"

__all__ = [
    "AdjointError",
    "GradientMismatch",
    "Grads",
    "MissingRuleError",
    "NonFiniteError",
    "NonScalarOutputError",
    "Params",
    "SourceUnavailableError",
    "Tangent",
    "UnsupportedSyntaxError",
    "differentiable",
    "grad",
    "gradient",
    "jvp_rule",
    "nondifferentiable",
    "params",
    "partials",
    "pullback",
    "rule",
    "source",
    "stop_gradient",
    "value_and_grad",
    "value_and_gradient",
    "vjp",
    "withgradient",
]
