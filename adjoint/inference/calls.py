"""Callees: resolved to a primitive, a method or Python source, and inlined where that is known."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint.errors import AdjointError
from adjoint.inference import attributes, objects
from adjoint.ir.nodes import (
    Closure,
    Const,
    Function,
    Operand,
    Parameter,
    Splat,
    Value,
    walk,
)
from adjoint.ir.types import (
    UNKNOWN,
    DictOf,
    FunctionOf,
    Identity,
    Instance,
    IteratorOf,
    Literal,
    TupleOf,
    Type,
    unliteral,
)
from adjoint.rules import dispatch, registry
from adjoint.rules.dispatch import Refused
from adjoint.rules.signatures import operand_type
from adjoint.rules.writes import refuse_out
from adjoint.runtime import fail, load_capture, make_dict, make_tuple

if TYPE_CHECKING:
    from adjoint.inference.infer import Root, Site, Specialiser

Arguments = list[Operand | Splat]
Keywords = list[tuple[str | None, Operand]]

DEEPEST, LONGEST, LARGEST = 24, 400, 6000  # inlining: nesting, statements of a callee, of a program
METADATA = (int, bool, str, type(None), tuple, slice, np.dtype, type, types.EllipsisType)
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
        return call_function_value(spec, callee, kind, plain, kwargs, site)
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
    handled = attributes.handle(spec, function, args, kwargs, site)
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
        return spec.emit(Const(refuse_out), [callee, *args], kwargs, site, UNKNOWN)
    if id(function) in OPEN:
        return spec.emit(callee, list(args), kwargs, site, UNKNOWN)
    declared = registry.lookup(function)
    if declared is not None and declared.kind != "source":
        if declared.kind == "rule" and function not in CONSUMERS:
            args = [listed(spec, a, site) for a in args]
        return spec.emit(callee, list(args), kwargs, site)
    text = declared.text if declared is not None else python_source(function)
    if isinstance(text, types.FunctionType):
        if spec.may_inline or declared is not None:
            return call_python(spec, callee, text, args, kwargs, site)
        return left_to_run_time(spec, callee, args, kwargs, site)
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
    id(f) for f in (*dispatch.STRUCTURAL, refuse_out, fail) if isinstance(f, types.FunctionType)
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
        parts = attributes.iterable_parts(spec, a.operand) if isinstance(a, Splat) else None
        out += [a] if parts is None else parts
    keywords: Keywords = []
    for name, operand in kwargs:
        items = attributes.dict_parts(spec, operand, site) if name is None else None
        if items is not None and all(isinstance(k, str) for k, _ in items):
            keywords += items
        else:
            keywords.append((name, operand))
    return out, keywords


# -- Python functions --------------------------------------------------------------------------------


def call_python(
    spec: Specialiser,
    callee: Const,
    function: types.FunctionType,
    args: list[Operand],
    kwargs: Keywords,
    site: Site,
) -> Operand:
    """Inline a Python function, or leave the call to run time (recursion, size, refused syntax)."""
    from adjoint.inference.infer import Root

    try:
        lowered = spec.lower(function)
    except AdjointError as error:
        return spec.emit(
            Const(Refused(function, error), callee.name), list(args), kwargs, site, UNKNOWN
        )
    captures: list[Root | Operand] = [
        Root("capture", Identity(cell), name)
        for cell, name in zip(
            function.__closure__ or (), function.__code__.co_freevars, strict=True
        )
    ]
    defaults: dict[str, Operand] = {}
    signature_defaults = function.__defaults__ or ()
    positional = function.__code__.co_varnames[: function.__code__.co_argcount]
    for name, value in zip(
        positional[len(positional) - len(signature_defaults) :], signature_defaults, strict=True
    ):
        defaults[name] = Const(value)
    defaults |= {n: Const(v) for n, v in (function.__kwdefaults__ or {}).items()}
    try:
        result = inline(spec, lowered, captures, defaults, args, kwargs)
    except Fails:
        return spec.emit(Const(fail), [callee, *args], kwargs, site, UNKNOWN)
    return left_to_run_time(spec, callee, args, kwargs, site) if result is None else result


def left_to_run_time(
    spec: Specialiser, callee: Const, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand:
    """A call of a Python function that is not inlined; it may itself lead to parameters."""
    if spec.options.implicit:
        return spec.emit(spec.function_root(callee), list(args), kwargs, site, UNKNOWN)
    return spec.emit(callee, list(args), kwargs, site, UNKNOWN)


def call_function_value(
    spec: Specialiser,
    callee: Operand,
    kind: FunctionOf,
    args: list[Operand],
    kwargs: Keywords,
    site: Site,
) -> Operand:
    """Call a function that is known by its code: made here, captured, or passed in."""
    made = spec.definitions.get(callee) if isinstance(callee, Value) else None
    code = kind.code.value
    known = isinstance(callee, Const)
    if known:
        return call_known(spec, callee, callee.value, args, kwargs, site)
    if registry.code_has_rule(code) or not spec.may_inline and not isinstance(code, Function):
        return spec.emit(callee, list(args), kwargs, site, UNKNOWN)
    captures: list[Any]
    if isinstance(made, Closure):
        lowered, captures, defaults = made.function, list(made.captures), dict(made.defaults)
    else:
        if isinstance(code, Function):
            lowered = code
        else:
            cells = tuple(types.CellType() for _ in code.co_freevars)
            dummy = types.FunctionType(code, kind.globals.value, code.co_name, None, cells)
            try:
                lowered = spec.lower(dummy)
            except AdjointError as error:
                refused = Refused(dummy, error)
                return spec.emit(Const(refused, code.co_name), list(args), kwargs, site, UNKNOWN)
        captures = [LateCapture(callee, name, t) for name, t in kind.captures]
        defaults = {}
        for name, t in kind.defaults:
            defaults[name] = LateCapture(callee, name, t).read(spec)
    try:
        result = inline(spec, lowered, captures, defaults, args, kwargs)
    except Fails:
        return spec.emit(Const(fail), [callee, *args], kwargs, site, UNKNOWN)
    return spec.emit(callee, list(args), kwargs, site, UNKNOWN) if result is None else result


class LateCapture:
    """A free variable that is read from a function value when it is needed."""

    def __init__(self, function: Operand, name: str, kind: Type) -> None:
        self.function, self.name, self.kind = function, name, kind

    def read(self, spec: Specialiser) -> Operand:
        from adjoint.inference.infer import Site

        if isinstance(self.kind, Literal):
            return self.function if self.kind.key == "self" else Const(self.kind.value, self.name)
        return spec.emit(
            Const(load_capture),
            [self.function, Const(self.name)],
            [],
            Site(None, self.name),
            self.kind,
        )


class Fails(Exception):
    """The call itself will raise: wrong arguments, or a global that has no value."""


def inline(
    spec: Specialiser,
    function: Function,
    captures: list[Any],
    defaults: dict[str, Operand],
    args: list[Operand],
    kwargs: Keywords,
) -> Operand | None:
    """The callee's body in place of the call; None where that is not possible."""
    kinds = [unliteral(operand_type(o)) for o in [*args, *(o for _, o in kwargs)]]
    code = (function.code or function, tuple(kinds))
    deep = code in spec.stack or len(spec.stack) > DEEPEST or spec.emitted > LARGEST
    if deep or sum(1 for _ in walk(function.body)) > LONGEST:
        return None
    bound = bind(spec, function.parameters, defaults, args, kwargs)
    if bound is None:
        raise Fails
    env: dict[Value, Operand] = dict(bound)
    if not bind_outside(spec, function, captures, env):
        raise Fails
    spec.stack.append(code)
    try:
        return spec.splice(function.body, env)[0]
    finally:
        spec.stack.pop()


def bind_outside(
    spec: Specialiser, function: Function, captures: list[Any], env: dict[Value, Operand]
) -> bool:
    """Bind free variables and globals; False if one of them has no value now."""
    from adjoint.inference.infer import ReadError, Root

    try:
        for value, capture in zip(function.captures, captures, strict=True):
            if isinstance(capture, Root):
                env[value] = spec.read_root(capture)
            elif isinstance(capture, LateCapture):
                env[value] = capture.read(spec)
            else:
                env[value] = capture
        for value in function.globals:
            assert function.namespace is not None, function.name
            env[value] = spec.read_root(Root("global", Identity(function.namespace), value.name))
    except ReadError:
        return False
    return True


def bind(
    spec: Specialiser,
    parameters: list[Parameter],
    defaults: dict[str, Operand],
    args: list[Operand],
    kwargs: Keywords,
) -> dict[Value, Operand] | None:
    """Which operand each parameter gets; None where Python would raise TypeError."""
    from adjoint.inference.infer import Site

    bound: dict[Value, Operand] = {}
    rest, named = list(args), {k: o for k, o in kwargs if k is not None}
    for p in parameters:
        if p.kind in ("positional_only", "positional"):
            if rest:
                if p.kind == "positional" and p.name in named:
                    return None
                bound[p.value] = rest.pop(0)
            elif p.kind == "positional" and p.name in named:
                bound[p.value] = named.pop(p.name)
            elif p.name in defaults:
                bound[p.value] = defaults[p.name]
            else:
                return None
        elif p.kind == "varargs":
            kind = TupleOf(tuple(map(operand_type, rest)))
            bound[p.value] = spec.emit(Const(make_tuple), list(rest), [], Site(None, p.name), kind)
            rest = []
        elif p.kind == "keyword_only":
            if p.name not in named and p.name not in defaults:
                return None
            bound[p.value] = named.pop(p.name) if p.name in named else defaults[p.name]
        else:
            items: list[Operand] = [o for k, v in named.items() for o in (Const(k), v)]
            kind = DictOf(tuple((k, operand_type(v)) for k, v in named.items()))
            bound[p.value] = spec.emit(Const(make_dict), list(items), [], Site(None, p.name), kind)
            named = {}
    return None if rest or named else bound
