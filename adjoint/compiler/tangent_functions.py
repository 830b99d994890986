"""Forward rules of declared functions as functions of their own, for calls known only at run time.

For `np.max(x, axis=0)`, of which the value y has been computed:

    def max_tangent(x, axis, y, x_dot):
        hits = x == y
        return (x_dot * hits).sum(axis=0) / hits.sum(0)

What is known of the operands is their types, and of those that carry no derivative and are settings
(an axis, a shape, a flag) the values.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from adjoint.compiler.pushing import Template
from adjoint.emit import emit, load
from adjoint.inference.infer import freshen
from adjoint.ir.nodes import Block, Call, Const, Function, Operand, Parameter, Value
from adjoint.ir.types import Literal, Type, Unknown
from adjoint.ir.values import type_of
from adjoint.optimise import PASSES
from adjoint.optimise.inplace import reuse_memory
from adjoint.reverse.program import receive
from adjoint.rules import pushing, registry
from adjoint.rules.pushing import Unresolved
from adjoint.rules.signatures import result_type

SIZE = 1024
SETTINGS = (int, bool, str, type(None))
_functions: OrderedDict[Any, Callable | None] = OrderedDict()


def tangent_function(
    function: Any, args: tuple, kwargs: dict[str, Any], y: Any, dots: list[Any]
) -> Callable:
    """`(*args, *kwargs, y, *tangents) -> y_dot`, the tangents being those that are not None."""
    operands = [*args, *kwargs.values()]
    kinds = tuple(
        [setting(x) if d is None else type_of(x) for x, d in zip(operands, dots, strict=True)]
    )
    given = tuple([None if d is None else type_of(d) for d in dots])
    key = (function, registry.generation(), kinds, tuple(kwargs), type_of(y), given)
    if key not in _functions:
        _functions[key] = build(function, kinds, tuple(kwargs), type_of(y), given)
        while len(_functions) > SIZE:
            _functions.popitem(last=False)
    found = _functions[key]
    if found is None:
        raise Unresolved
    return found


def setting(x: Any) -> Type:
    """The type of an operand that carries no derivative; of a setting, its value."""
    plain = (
        isinstance(x, SETTINGS) or isinstance(x, tuple) and all(isinstance(i, SETTINGS) for i in x)
    )
    return Literal((type(x), repr(x)), x) if plain else type_of(x)


def build(
    function: Any, kinds: tuple, names: tuple[str, ...], y_kind: Type, given: tuple
) -> Callable | None:
    count = len(kinds) - len(names)
    called = [*parameter_names(function, count), *names]
    values: list[Operand] = [
        Const(k.value) if isinstance(k, Literal) else Value(name, freshen(k, name))
        for name, k in zip(called, kinds, strict=True)
    ]
    keywords: list[tuple[str | None, Operand]] = list(zip(names, values[count:], strict=True))
    found = result_type(function, values[:count], keywords)
    kind = freshen(y_kind, "y") if isinstance(found, Unknown) else found
    call = Call(Value("y", kind), Const(function), list(values[:count]), keywords)
    # A tangent has the shape of its primal: the lengths of its axes are called the same.
    forms = tuple(
        [None if d is None else freshen(d, v.name) for d, v in zip(given, values, strict=True)]
    )
    push = Template(call, forms, registry.lookup(function)).pushforward(None)
    if push is None:
        return None
    dots = [d for d in push.dots if d is not None]
    result: Operand = Const(None) if push.y_dot is None else push.y_dot
    statements = [s for s in push.statements if s is not push.primal]
    end = Call(Value(""), Const(receive), [Const(None)])
    inputs = [*push.inputs, push.y, *dots]
    name = getattr(function, "__name__", "call")
    made = Function(
        f"{name}_tangent" if name.isidentifier() else "tangent",
        [Parameter(v) for v in inputs], Block([end, *statements], [Const(None), result]),
        doc=f"The tangent of {name}.",
    )  # fmt: skip
    for each in PASSES:
        if each is not reuse_memory:  # it is differentiated as it stands
            each(made, lambda callee: callee is receive)
    made.body = Block([s for s in made.body.statements if s is not end], made.body.results[1:])
    return load(emit(made)).function


def parameter_names(function: Any, count: int) -> list[str]:
    """What the rule calls the positional operands."""
    declared = registry.lookup(function)
    code = getattr(getattr(declared, "text", None), "__code__", None)
    known = code.co_varnames[: min(count, code.co_argcount)] if code is not None else ()
    return [*known, *(f"x{i}" for i in range(len(known), count))]


pushing.tangent_function = tangent_function
