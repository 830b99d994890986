"""Calls that only the compiler understands, while inferring."""

from __future__ import annotations

import types
from typing import Any

from adjoint.inference.infer import Specialiser
from adjoint.inference.sites import Site
from adjoint.ir.nodes import Const, Operand
from adjoint.ir.types import UNKNOWN
from adjoint.reverse.cotangents import cotangent_type
from adjoint.reverse.program import receive
from adjoint.rules.signatures import operand_type

#: Functions and how a call of them inside a program is inferred: (spec, args, kwargs, site) -> operand.
NESTED: dict[Any, Any] = {}


def derivative(
    spec: Specialiser, function: Any, args: list[Operand], kwargs: list, site: Site
) -> Operand | None:
    """Calls that only the compiler understands: `receive`, and derivatives inside programs."""
    if function is receive:
        return spec.emit(
            Const(receive), list(args), [], site, cotangent_type(operand_type(args[0]))
        )
    nested = NESTED.get(function) if isinstance(function, types.FunctionType) else None
    if nested is None:
        return None
    result = nested(spec, args, kwargs, site)
    return (
        spec.emit(Const(function), list(args), kwargs, site, UNKNOWN) if result is None else result
    )
