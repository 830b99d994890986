"""Callees: resolved to a primitive, a method or Python source, and inlined where that is known."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import shadows
from adjoint.inference import functions, handlers, objects, stores
from adjoint.inference.items import dict_parts, iterable_parts
from adjoint.inference.questions import METADATA
from adjoint.inference.sites import Arguments, Keywords, Site
from adjoint.ir.nodes import Const, Operand, Splat, Value
from adjoint.ir.types import UNKNOWN, FunctionOf, Instance, IteratorOf, Literal
from adjoint.rules import dispatch, registry
from adjoint.rules.signatures import operand_type
from adjoint.rules.writes import refuse_out
from adjoint.runtime import fail, make_tuple

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser


FOLDED = {
    operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.neg,
    operator.pos, operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
    operator.is_, operator.is_not, operator.not_, operator.contains, operator.getitem, operator.and_,
    operator.or_, np.dtype, slice, len, issubclass, isinstance, hasattr, callable, min, max, abs, int,
    bool, str, tuple, make_tuple, repr,
}  # fmt: skip


def call(
    spec: Specialiser, callee: Operand, args: Arguments, kwargs: Keywords, site: Site
) -> Operand:
    """The result of a call, folded, inlined or written into the current block."""
    args, kwargs = expand(spec, args, kwargs, site)
    if any(isinstance(a, Splat) for a in args) or any(k is None for k, _ in kwargs):
        return spec.emit(callee, args, kwargs, site, UNKNOWN)
    plain: list[Operand] = args  # type: ignore[assignment]
    kind = operand_type(callee)
    if isinstance(kind, FunctionOf):
        return functions.call_function_value(spec, callee, kind, plain, kwargs, site)
    if isinstance(kind, Instance):
        return objects.call_instance(spec, callee, kind, plain, kwargs, site)
    if not isinstance(kind, Literal):
        return spec.emit(callee, args, kwargs, site, UNKNOWN)
    function = kind.value
    callee = callee if isinstance(callee, Const) else Const(function)
    return call_known(spec, callee, function, plain, kwargs, site)


def call_known(
    spec: Specialiser,
    callee: Const,
    function: Any,
    args: list[Operand],
    kwargs: Keywords,
    site: Site,
) -> Operand:
    folded = fold(function, args, kwargs)
    if folded is not None:
        return folded
    handled = handlers.handle(spec, function, args, kwargs, site)
    if handled is not None:
        return handled
    if spec.derivative is not None:
        derived = spec.derivative(spec, function, args, kwargs, site)
        if derived is not None:
            return derived
    overloaded = objects.overloaded_operator(spec, function, args, site)
    if overloaded is not None:
        return overloaded
    if writes_out(function, args, kwargs):
        written = stores.with_out(spec, callee, args, kwargs, site)
        if written is not None:
            return written
        return spec.emit(Const(refuse_out), [callee, *args], kwargs, site, UNKNOWN)
    if id(function) in OPEN:
        known = getattr(function, "__module__", "") == shadows.__name__
        return spec.emit(callee, list(args), kwargs, site, None if known else UNKNOWN)
    declared = registry.lookup(function)
    if declared is not None and declared.kind != "source":
        if declared.kind == "rule" and function not in CONSUMERS:
            args = [listed(spec, a, site) for a in args]
        return spec.emit(callee, list(args), kwargs, site)
    if declared is None and registry.forward_rule(function) is not None:
        return spec.emit(
            callee, list(args), kwargs, site
        )  # not taken apart, for forward mode's sake
    text = declared.text if declared is not None else python_source(function)
    if isinstance(text, types.FunctionType):
        known = text.__code__, text.__globals__
        if spec.may_inline or declared is not None or functions.writes_to_parameters(spec, *known):
            return functions.call_python(spec, callee, text, args, kwargs, site)
        return functions.left_to_run_time(spec, callee, args, kwargs, site)
    if isinstance(function, type):
        made = objects.construct(spec, callee, function, args, kwargs, site)
        if made is not None:
            return made
    if isinstance(function, functools.partial):
        keywords = {**function.keywords, **dict(kwargs)}
        named: Keywords = [
            (k, v if isinstance(v, Value | Const) else Const(v)) for k, v in keywords.items()
        ]
        return call(spec, Const(function.func), [*map(Const, function.args), *args], named, site)
    return spec.emit(callee, list(args), kwargs, site)


def writes_out(function: Any, args: list[Operand], kwargs: Keywords) -> bool:
    """Is this a NumPy function told to write its result into an array?"""
    out = next((o for k, o in kwargs if k == "out"), None)
    if out is None and isinstance(function, np.ufunc) and len(args) > function.nin:
        out = args[function.nin]
    if out is None:
        return False
    kind = operand_type(out)
    if isinstance(kind, Literal) and (
        kind.value is None or kind.value == (None,) or kind.value is np._NoValue
    ):
        return False
    module = getattr(function, "__module__", None) or ""
    return (
        isinstance(function, np.ufunc)
        or module.startswith("numpy")
        or (
            getattr(function, "__objclass__", None) is np.ndarray
            or isinstance(getattr(function, "__self__", None), np.ufunc)
        )
    )


def listed(spec: Specialiser, operand: Operand, site: Site) -> Operand:
    """An iterator that a rule would use up, as a list."""
    kind = operand_type(operand)
    if isinstance(kind, IteratorOf) and issubclass(kind.cls, Iterator):
        return call(spec, Const(list), [operand], [], site)
    return operand


# Their rules are Python that only dispatches: they are left to run time, never inlined.
OPEN = {
    id(f)
    for f in (*dispatch.STRUCTURAL, refuse_out, fail, *vars(shadows).values())
    if isinstance(f, types.FunctionType)
}


CONSUMERS = {zip, enumerate, reversed, iter, list, tuple, next}


def python_source(function: Any) -> Any:
    """The Python function behind a callable that has no rule, if there is one."""
    if isinstance(function, types.FunctionType):
        return function
    wrapped = getattr(function, "__wrapped__", None)
    if isinstance(wrapped, types.FunctionType):
        return wrapped
    return None


def fold(function: Any, args: list[Operand], kwargs: Keywords) -> Const | None:
    """The value of a call on metadata, now."""
    if kwargs or not args or not foldable(function):
        return None
    values = []
    for a in args:
        t = operand_type(a)
        if not isinstance(t, Literal) or not isinstance(t.value, METADATA):
            return None
        values.append(t.value)
    try:
        return Const(function(*values))
    except Exception:  # it will raise again when it runs, where the user can see it
        return None


def foldable(function: Any) -> bool:
    try:
        return function in FOLDED
    except TypeError:
        return False


def expand(
    spec: Specialiser, args: Arguments, kwargs: Keywords, site: Site
) -> tuple[Arguments, Keywords]:
    """Replace `*tuple` and `**dict` by their items where these are known."""
    out: Arguments = []
    for a in args:
        parts = iterable_parts(spec, a.operand) if isinstance(a, Splat) else None
        out += [a] if parts is None else parts
    keywords: Keywords = []
    for name, operand in kwargs:
        items = dict_parts(spec, operand, site) if name is None else None
        if items is not None and all(isinstance(k, str) for k, _ in items):
            keywords += items
        else:
            keywords.append((name, operand))
    return out, keywords
