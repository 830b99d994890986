"""Callees: resolved to a primitive, a method or Python source, and inlined where that is known."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import operator
import types
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import contents, shadows, slots
from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference import classes, functions, handlers, iterators, objects, stepping, stores
from adjoint.inference.items import definition, dict_parts, iterable_parts
from adjoint.inference.questions import METADATA, class_of
from adjoint.inference.sites import Arguments, Keywords, Late, Site
from adjoint.ir.nodes import Call, Const, Operand, Splat, Value
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    DequeOf,
    FunctionOf,
    Instance,
    IteratorOf,
    Literal,
    Scalar,
    TupleOf,
    Type,
    Unknown,
)
from adjoint.parts import parts_of
from adjoint.rules import cursors, dispatch, lookup, missing, registry, slot_tangents
from adjoint.rules.arraylike import made_arrays
from adjoint.rules.operators import is_hashable, special_methods
from adjoint.rules.sharing import apply_shared
from adjoint.rules.signatures import operand_type
from adjoint.rules.unchanged import all_changed, constant, refuse_changes
from adjoint.rules.writes import refuse_out
from adjoint.runtime import (
    ClassBody,
    check_iterable,
    consult,
    fail,
    is_context_function,
    make_list,
    make_tuple,
    positional_name,
    repeatable,
    share,
)

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser


#: Functions that look for what changes by its identity: they are called as they are.
LOOKING_UP = (slots.__name__, contents.__name__, slot_tangents.__name__)
FOLDED = {
    operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod, operator.neg,
    operator.pos, operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
    operator.is_, operator.is_not, operator.not_, operator.contains, operator.getitem, operator.and_,
    operator.or_, np.dtype, slice, len, issubclass, isinstance, hasattr, callable, min, max, abs, int,
    bool, str, tuple, make_tuple, repr, positional_name, np.result_type, np.promote_types,
}  # fmt: skip


def call(
    spec: Specialiser, callee: Operand, args: Arguments, kwargs: Keywords, site: Site
) -> Operand:
    """The result of a call, folded, inlined or written into the current block."""
    args, kwargs = expand(spec, args, kwargs, site)
    if any(isinstance(a, Splat) for a in args) or any(k is None for k, _ in kwargs):
        if isinstance(callee, Const):
            return spec.emit(callee, args, kwargs, site, UNKNOWN)
        return functions.value_left_to_run_time(spec, callee, args, kwargs, site)
    plain: list[Operand] = args  # type: ignore[assignment]
    kind = operand_type(callee)
    if isinstance(kind, FunctionOf):
        return functions.call_function_value(spec, callee, kind, plain, kwargs, site)
    if isinstance(kind, Instance):
        return objects.call_instance(spec, callee, kind, plain, kwargs, site)
    if not isinstance(kind, Literal):
        return functions.value_left_to_run_time(spec, callee, args, kwargs, site)
    function = kind.value
    callee = callee if isinstance(callee, Const) else Const(function)
    return call_known(spec, callee, function, plain, kwargs, site)


def may_vary(operand: Operand) -> bool:
    """May this be a number with a derivative, or an array or list of such?"""
    kind = operand_type(operand)
    if isinstance(operand, Const):
        return False
    if isinstance(kind, Array):
        return kind.dtype.kind in "fc"
    if isinstance(kind, Scalar):
        return not issubclass(kind.cls, int | np.integer | np.bool_)
    return not isinstance(kind, TupleOf)


def call_known(
    spec: Specialiser,
    callee: Const,
    function: Any,
    args: list[Operand],
    kwargs: Keywords,
    site: Site,
) -> Operand:
    asked = stepping.lazily(spec, function, args, kwargs, site)
    if asked is not None:
        return asked
    args = [converted(spec, function, a, i, site, len(args)) for i, a in enumerate(args)]
    if isinstance(function, ClassBody):
        found = classes.made(spec, function, args, kwargs, site)
        if found is not None:
            return found
    ours = classes.decorated(spec, function, args, kwargs)
    if ours is not None:
        return ours
    folded = fold(function, args, kwargs)
    if folded is not None:
        return folded
    refuse_frame_reader(function, args, site)
    if function is next and args and any(args[0] is late.value for late in spec.late):
        args[0] = spec.emit(Const(iter), [args[0]], [], Site(site.origin), UNKNOWN)
    args = objects.iterated(spec, function, args, site)
    args, kwargs = with_arrays(spec, function, args, kwargs, site)
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
    if is_context_function(function) or is_hashable(function) and function in CALLED:
        return spec.emit(callee, list(args), kwargs, site, UNKNOWN)
    if hasattr(function, "dispatch") and hasattr(function, "registry"):
        return spec.emit(callee, list(args), kwargs, site, UNKNOWN)  # functools.singledispatch
    if (
        id(function) in OPEN
        or getattr(function, "__module__", None) in LOOKING_UP
        or (getattr(function, "__module__", None) or "").partition(".")[0] in STATEFUL
    ):
        known = getattr(function, "__module__", "") == shadows.__name__
        return spec.emit(callee, list(args), kwargs, site, None if known else UNKNOWN)
    sampler = registry.sampler(function)
    if sampler is not None and any(map(may_vary, [*args, *(o for _, o in kwargs)])):
        generator = Const(function.__self__)  # type: ignore[union-attr]
        return call(spec, Const(sampler), [generator, *args], kwargs, site)
    declared = registry.lookup(function)
    given = [class_of(operand_type(a)) for a in args]
    if declared is not None and declared.kind == "constant":
        if found := all_changed(function, given, unsure=True):
            return followed(spec, callee, args, kwargs, site, [name for name, _ in found])
    if declared is not None and declared.kind != "source":
        refuse_changes(function, declared, given, site.origin)
        if declared.kind == "rule" and function not in CONSUMERS:
            args = [listed(spec, a, site) for a in args]
        if declared.calls:  # functions, which may read parameters
            return functions.value_left_to_run_time(spec, callee, list(args), kwargs, site)
        return spec.emit(callee, list(args), kwargs, site, made_of_parts(function))
    if declared is not None and declared.apart:
        return spec.emit(callee, list(args), kwargs, site, made_of_parts(function) or UNKNOWN)
    if declared is not None and special_methods(function) and unknown_among(args):
        return spec.emit(callee, list(args), kwargs, site, UNKNOWN)
    if declared is None and registry.forward_rule(function) is not None:
        # Not taken apart, for forward mode's sake.
        return spec.emit(callee, list(args), kwargs, site)
    text = declared.text if declared is not None else python_source(function)
    if isinstance(text, types.FunctionType):
        if declared is not None and cursors.is_generator(text):
            return spec.emit(callee, list(args), kwargs, site, UNKNOWN)
        known = text.__code__, text.__globals__
        cells = getattr(function, "__closure__", None) or ()
        ours = any(id(c) in spec.class_cells for c in cells)
        if (
            ours
            or spec.may_inline
            or declared is not None
            or functions.writes_to_parameters(spec, *known)
        ):
            start = len(spec.out)
            result = functions.call_python(spec, callee, text, args, kwargs, site)
            if function in cursors.DRAINING:
                iterators.drain(spec, function, args, spec.out[start:], site)
            if function in LAZY and isinstance(result, Value):
                late = Late(result, spec.out[start:], function.__name__, site.origin)
                late.attempted = spec.attempts > 0
                spec.late.append(late)
            if function in cursors.MAKERS and isinstance(result, Value):
                if not iterators.others_take(spec, function, site):
                    return iterators.note(spec, function, result, site)
                result = spec.emit(Const(iter), [result], [], site, UNKNOWN)
            return result
        return functions.left_to_run_time(spec, callee, args, kwargs, site)
    if isinstance(function, type):
        made = objects.construct(spec, callee, function, args, kwargs, site)
        if made is not None:
            return made
        classes.refuse_late(spec, function, site)
    if isinstance(function, functools.partial):
        keywords = {**function.keywords, **dict(kwargs)}
        named: Keywords = [
            (k, v if isinstance(v, Value | Const) else Const(v)) for k, v in keywords.items()
        ]
        return call(spec, Const(function.func), [*map(Const, function.args), *args], named, site)
    return spec.emit(callee, list(args), kwargs, site)


def followed(
    spec: Specialiser,
    callee: Const,
    args: list[Operand],
    kwargs: Keywords,
    site: Site,
    names: list[str],
) -> Operand:
    """A call without derivative of a function that changes what it is given, by these names: what it
    does there has to be seen. What it is given besides carries no derivative into it."""
    function = callee.value
    code = function.__code__
    parameters = code.co_varnames[: code.co_argcount]
    rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount :][
        :1
    ]  # `*rest`, if there is one
    args = [
        a if {*(parameters[i : i + 1] or rest)} & {*names} else without_derivative(spec, a, site)
        for i, a in enumerate(args)
    ]
    kwargs = [(k, o if k in names else without_derivative(spec, o, site)) for k, o in kwargs]
    before = len(spec.out)
    try:
        spec.lower(function)
        result = functions.call_python(spec, callee, function, args, kwargs, site)
        made = spec.out[-1] if len(spec.out) > before else None
        if not isinstance(made, Call) or getattr(made.callee, "value", None) is not function:
            return result
        reason = "it calls itself, or too many others"
    except UnsupportedSyntaxError as error:
        reason = error.message
    raise UnsupportedSyntaxError(
        f"{function.__qualname__} has no derivative and changes its argument `{names[0]}`, in a way that "
        f"cannot be followed: {reason}",
        site.origin,
        "Let it return what is new, and change the argument where it is called.",
    )


def without_derivative(spec: Specialiser, operand: Operand, site: Site) -> Operand:
    if isinstance(operand_type(operand), Scalar | Array):
        return spec.emit(Const(constant), [operand], [], site)
    return operand


def made_of_parts(function: Any) -> Type | None:
    """The type of what a class makes that has a rule, if it is known what its objects consist of."""
    parts = parts_of(function) if isinstance(function, type) else None
    return None if parts is None else Instance(function, tuple((n, UNKNOWN) for n in parts.names))


def refuse_frame_reader(function: Any, args: list[Operand], site: Site) -> None:
    """Refuse, by whatever name, a function that reads the variables of the frame it is called from."""
    reads = function in (locals, dir, vars) and not args if is_hashable(function) else False
    if reads or (function is eval or function is exec) and len(args) == 1:
        raise UnsupportedSyntaxError(
            f"`{function.__name__}` is not supported: what it sees depends on the frame it is called from",
            site.origin,
            "Pass the values it needs explicitly.",
        )


def with_arrays(
    spec: Specialiser, function: Any, args: list[Operand], kwargs: Keywords, site: Site
) -> tuple[list[Operand], Keywords]:
    """The operands with the arrays that NumPy makes of lists that may carry a derivative."""
    operands = {**dict(enumerate(args)), **dict(kwargs)}
    classes = [class_of(operand_type(o)) for o in operands.values()]
    if list not in classes and tuple not in classes:
        return args, kwargs
    for key in made_arrays(function, classes, [k for k, _ in kwargs if k is not None]):
        if not isinstance(operands[key], Const) and not of_constants(spec, operands[key]):
            operands[key] = call(spec, Const(np.asarray, "np.asarray"), [operands[key]], [], site)
    return [operands[i] for i in range(len(args))], [(k, operands[k]) for k, _ in kwargs]


def of_constants(spec: Specialiser, operand: Operand) -> bool:
    """Is this a constant, or a display of constants?"""
    if isinstance(operand, Const):
        return True
    made = definition(spec, operand)
    if made is None or made.callee.value not in (make_list, make_tuple):  # type: ignore[union-attr]
        return False
    return all(not isinstance(a, Splat) and of_constants(spec, a) for a in made.args)


def unknown_among(args: list[Operand]) -> bool:
    """May one of the operands be an object, whose class says what the call means?"""
    return any(isinstance(operand_type(a), Unknown) for a in args)


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
    return (
        isinstance(function, np.ufunc)
        or registry.package_of(function) == "numpy"
        or (
            getattr(function, "__objclass__", None) is np.ndarray
            or isinstance(getattr(function, "__self__", None), np.ufunc)
        )
    )


def converted(
    spec: Specialiser, function: Any, operand: Operand, place: int, site: Site, count: int = 1
) -> Operand:
    """What a builtin or a function of NumPy makes of an object of a user's class."""
    kind = operand_type(operand)
    if isinstance(kind, DequeOf):
        make = lookup.conversion(function, deque, place, count)
        return operand if make is None else call(spec, Const(make), [operand], [], site)
    if not isinstance(kind, Instance):
        return operand
    make = lookup.conversion(function, kind.cls, place, count)
    return operand if make is None else call(spec, Const(make), [operand], [], site)


def listed(spec: Specialiser, operand: Operand, site: Site) -> Operand:
    """An iterator that a rule would use up, as a list."""
    kind = operand_type(operand)
    if isinstance(kind, IteratorOf) and issubclass(kind.cls, Iterator):
        return call(spec, Const(list), [operand], [], site)
    return operand


# Their rules are Python that only dispatches: they are left to run time, never inlined.
OPEN = {
    id(f)
    for f in (
        *dispatch.STRUCTURAL,
        refuse_out,
        fail,
        share,
        consult,
        apply_shared,
        *vars(shadows).values(),
    )
    if isinstance(f, types.FunctionType)
}


# Modules whose functions work on the state of the interpreter: they are called, never inlined.
STATEFUL = {"warnings", "logging", "threading", "asyncio", "inspect", "importlib", "re", "typing"}


#: They are called as they are: what they make of functions and classes is found out when it is used.
CALLED = {contextlib.contextmanager, dataclasses.dataclass, dataclasses.make_dataclass}
LAZY = cursors.MAKERS | cursors.DRAINING
CONSUMERS = {zip, enumerate, reversed, iter, list, tuple, next, check_iterable}


def python_source(function: Any) -> Any:
    """The Python function behind a callable that has no rule, if there is one."""
    if is_hashable(function) and function in missing.FILES or missing.is_batching(function):
        return None
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
        if isinstance(a, Splat):
            operand = objects.own_iterator(spec, a.operand, site)
            if stepping.is_stepping(operand):
                operand = stepping.all_items(spec, operand, site)
            parts = iterable_parts(spec, operand)
            own = operand is not a.operand or isinstance(operand_type(operand), IteratorOf)
            if parts is None and own:
                operand = call(spec, Const(list), [operand], [], site)
            elif parts is None and isinstance(operand_type(operand), Unknown):
                operand = call(spec, Const(repeatable), [operand], [], site)
            out += [Splat(operand)] if parts is None else parts
        else:
            out.append(a)
    keywords: Keywords = []
    for name, operand in kwargs:
        items = dict_parts(spec, operand, site) if name is None else None
        if items is not None and all(isinstance(k, str) for k, _ in items):
            keywords += items
        else:
            keywords.append((name, operand))
    return out, keywords
