"""Automatic differentiation of plain NumPy code, by source transformation."""

from typing import TYPE_CHECKING, Any

from adjoint.api import (
    differentiable,
    grad,
    gradient,
    jvp,
    pullback,
    pushforward,
    source,
    stop_gradient,
    value_and_grad,
    value_and_gradient,
    vjp,
    withgradient,
)
from adjoint.cache import nan_check
from adjoint.errors import (
    AdjointError,
    GradientMismatch,
    MissingRuleError,
    NonFiniteError,
    NonScalarOutputError,
    SourceUnavailableError,
    UnsupportedSyntaxError,
)
from adjoint.jacobians import diaghessian, hessian, hvp, jacfwd, jacobian, jacrev
from adjoint.parameters import Grads, Params, params
from adjoint.rules.checkpoints import checkpoint
from adjoint.rules.hooks import hook
from adjoint.rules.implicit import implicit
from adjoint.rules.registry import jvp_rule, nondifferentiable, partials, rule
from adjoint.tree import Tangent

if TYPE_CHECKING:
    from adjoint.testing import check_gradient

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
    "check_gradient",
    "checkpoint",
    "diaghessian",
    "differentiable",
    "grad",
    "gradient",
    "hessian",
    "hook",
    "hvp",
    "implicit",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "jvp_rule",
    "nan_check",
    "nondifferentiable",
    "params",
    "partials",
    "pullback",
    "pushforward",
    "rule",
    "source",
    "stop_gradient",
    "value_and_grad",
    "value_and_gradient",
    "vjp",
    "withgradient",
]


def __getattr__(name: str) -> Any:
    if name == "check_gradient":  # imported when it is asked for: most programs never do
        from adjoint.testing import check_gradient

        return check_gradient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
