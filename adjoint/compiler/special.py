"""Calls that only the compiler understands, while inferring."""

from __future__ import annotations

import types
from typing import Any

from adjoint import tree
from adjoint.inference.infer import Specialiser
from adjoint.inference.sites import Site
from adjoint.ir.nodes import Const, Operand
from adjoint.ir.types import UNKNOWN
from adjoint.reverse.cotangents import cotangent_type
from adjoint.reverse.program import receive
from adjoint.rules.hooks import through_hook
from adjoint.rules.signatures import operand_type

#: What gives a cotangent of the form of one of its operands: of which.
FORMED = {
    tree.zeros_like: 0, tree.copied: 0, tree.add_into: 0, tree.index_add: 0, tree.instantiate: 1,
    through_hook: 1,
}  # fmt: skip

#: Functions and how a call of them inside a program is inferred: (spec, args, kwargs, site) -> operand.
NESTED: dict[Any, Any] = {}


def derivative(
    spec: Specialiser, function: Any, args: list[Operand], kwargs: list, site: Site
) -> Operand | None:
    """Calls that only the compiler understands: `receive`, cotangents, derivatives inside programs."""
    if not isinstance(function, types.FunctionType):
        return None
    formed = 0 if function is receive else FORMED.get(function)
    if formed is not None:
        kind = cotangent_type(operand_type(args[formed]))
        return spec.emit(Const(function), list(args), kwargs, site, kind)
    nested = NESTED.get(function)
    if nested is None:
        return None
    result = nested(spec, args, kwargs, site)
    return (
        spec.emit(Const(function), list(args), kwargs, site, UNKNOWN) if result is None else result
    )
