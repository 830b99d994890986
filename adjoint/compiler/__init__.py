"""From a function and types to a generated function; `pipeline` names each stage once."""

from adjoint.compiler.nested import (
    VALUE_AND_GRADIENT,
    nested_gradient,
    nested_gradient_call,
    nested_pullback,
)
from adjoint.compiler.nested_forward import nested_jvp
from adjoint.compiler.pipeline import Compiled, Request, compile_request
from adjoint.compiler.recompute import checkpointed_call
from adjoint.compiler.special import NESTED
from adjoint.compiler.tangent_functions import tangent_function

__all__ = [
    "NESTED",
    "VALUE_AND_GRADIENT",
    "Compiled",
    "Request",
    "checkpointed_call",
    "compile_request",
    "nested_gradient",
    "nested_gradient_call",
    "nested_jvp",
    "nested_pullback",
    "tangent_function",
]
