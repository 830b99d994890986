"""Objects while inferring: construction, calls of instances, operators that classes overload."""

from __future__ import annotations

import abc
import dataclasses
import functools
import os
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference import attributes, calls, classes, functions, state, stores
from adjoint.inference.items import definition, dict_parts, iterable_parts
from adjoint.inference.sites import Root, Site, Uncached
from adjoint.ir.nodes import Call, Const, Operand, Value
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    FunctionOf,
    Identity,
    Instance,
    Literal,
    TupleOf,
    Type,
    Unknown,
)
from adjoint.rules import registry
from adjoint.rules.dispatch import compares_fields
from adjoint.rules.operators import (
    IN_PLACE,
    UNARY,
    asks_second_operand,
    iterables,
    iteration_method,
    special_methods,
)
from adjoint.rules.signatures import operand_type
from adjoint.rules.structural import has_setter
from adjoint.runtime import recalled, set_attribute

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser


#: Where the loops are that go over what a user's `__iter__` has given.
RULES = os.path.dirname(registry.__file__)


def class_attribute(cls: type, name: str) -> Any:
    """The raw attribute that the class (or a base) defines; None if it does not."""
    for base in cls.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None


# Whose functions stay as they are: what is built on them is not looked at again at every call.
SETTLED = {*sys.stdlib_module_names, "numpy", "scipy", "adjoint"} - {"__main__"}


def is_settled(module: str | None) -> bool:
    return (module or "").partition(".")[0] in SETTLED


def guard_member(spec: Specialiser, cls: type, name: str) -> None:
    """What was found on a class of the user's has to be there at later calls."""
    base = next((b for b in cls.__mro__ if name in vars(b)), object)
    found = vars(base).get(name)
    found = found.__func__ if isinstance(found, staticmethod) else found
    kept = isinstance(found, types.FunctionType | property | functools.cached_property)
    if kept and not is_settled(base.__module__):
        spec.guards[Root("attribute", Identity(cls), name)] = found


def guard_code(spec: Specialiser, function: types.FunctionType) -> None:
    """A function may be given other code, or other defaults, and stay the same object."""
    if is_settled(function.__module__):
        return
    for name in ("__code__", "__defaults__", "__kwdefaults__"):
        value = getattr(function, name)
        if value is not None:
            spec.guards[Root("attribute", Identity(function), name)] = value


def python_method(t: Type, name: str) -> types.FunctionType | None:
    """The Python function that implements a special method of instances of this type."""
    if isinstance(t, Instance) or isinstance(t, TupleOf) and t.cls is not tuple:
        found = class_attribute(t.cls, name)
        return found if isinstance(found, types.FunctionType) else None
    return None


def overloaded_operator(
    spec: Specialiser, function: Any, args: list[Operand], site: Site
) -> Operand | None:
    """The call of `__add__` and the like, where a class of the user's defines it in Python."""
    kinds = [operand_type(a) for a in args]
    if not any(isinstance(k, Instance | TupleOf) for k in kinds):
        return None
    names = special_methods(function)
    for kind, name in zip(kinds, names, strict=False):
        if isinstance(kind, Instance | TupleOf) and kind.cls is not tuple:
            guard_member(spec, kind.cls, name)
    if names and function in UNARY:
        method = python_method(kinds[0], names[0])
        return None if method is None else calls.call(spec, Const(method), list(args), [], site)
    if not names or len(args) != 2:
        return None
    if function in IN_PLACE and python_method(kinds[0], names[0]) is None:
        names = special_methods(IN_PLACE[function])
    if any(isinstance(k, Unknown) for k in kinds):
        return None
    left = python_method(kinds[0], names[0])
    right = python_method(kinds[1], names[1]) if len(names) > 1 else None
    if isinstance(kinds[0], Array) and right is not None:
        if not asks_second_operand(np.ndarray, kinds[1].cls):  # type: ignore[attr-defined]
            return None
    if compares_fields(left) or compares_fields(right):
        return None
    subclass = (
        isinstance(kinds[0], Instance)
        and isinstance(kinds[1], Instance)
        and (kinds[0].cls is not kinds[1].cls and issubclass(kinds[1].cls, kinds[0].cls))
    )
    # `NotImplemented` from the first operand is rare and decided at run time by Python itself;
    # here the first that is defined is taken when it cannot return NotImplemented.
    order = [(right, (1, 0)), (left, (0, 1))] if subclass else [(left, (0, 1)), (right, (1, 0))]
    for method, (i, j) in order:
        if method is not None:
            if NotImplemented_is_possible(method):
                return (
                    None
                    if not isinstance(kinds[j], Instance)
                    else _call(spec, method, args, i, j, site)
                )
            return _call(spec, method, args, i, j, site)
    return None


def _call(
    spec: Specialiser, method: Any, args: list[Operand], i: int, j: int, site: Site
) -> Operand:
    return calls.call(spec, Const(method), [args[i], args[j]], [], site)


def iterated(spec: Specialiser, function: Any, args: list[Operand], site: Site) -> list[Operand]:
    """The arguments of a call, with what `__iter__` gives for an object that it goes through."""
    out = list(args)
    for i in iterables(function, len(args)):
        out[i] = own_iterator(spec, args[i], site)
    return out


def own_iterator(spec: Specialiser, iterable: Operand, site: Site) -> Operand:
    """What `__iter__` gives, where the class of the iterable defines it in Python; of `x.flat`,
    which nobody else reads, the elements in order."""
    made = spec.definitions.get(iterable) if isinstance(iterable, Value) else None
    own = isinstance(made, Call) and not made.target.named
    flattened = stores.owner_of_flat(spec, iterable) if own else None
    if flattened is not None:
        return calls.call(spec, Const(np.ravel), [flattened], [], Site(site.origin))
    kind = operand_type(iterable)
    method = iteration_method(kind.cls) if isinstance(kind, Instance) else None
    if method is None:
        refuse_uniterable(kind, site)
        return iterable
    guard_member(spec, kind.cls, "__iter__")  # type: ignore[attr-defined]
    return calls.call(spec, Const(method), [iterable], [], site)


def refuse_uniterable(kind: Type, site: Site) -> None:
    """Refuse a loop of the user's over what has a `__next__` alone, as Python does."""
    if not isinstance(kind, Instance) or hasattr(kind.cls, "__iter__"):
        return
    ours = site.origin is not None and site.origin.filename.startswith(RULES)
    if not ours and python_method(kind, "__next__") is not None:
        raise UnsupportedSyntaxError(
            f"a {kind.cls.__name__} is not iterable: it has a `__next__`, and no `__iter__`",
            site.origin,
            "Define an `__iter__` that returns `self`.",
        )


def NotImplemented_is_possible(method: types.FunctionType) -> bool:
    return "NotImplemented" in method.__code__.co_names


def call_instance(
    spec: Specialiser,
    callee: Operand,
    kind: Instance,
    args: list[Operand],
    kwargs: list[tuple[str | None, Operand]],
    site: Site,
) -> Operand:
    """`instance(...)`: bound methods, partials, and classes with `__call__`."""
    field = functools.partial(attributes.load_attribute, spec, callee)
    if kind.cls is types.MethodType:
        return calls.call(
            spec, field("__func__", site), [field("__self__", site), *args], kwargs, site
        )
    if kind.cls is functools.partial:
        made = definition(spec, callee)
        if made is not None and made.callee.value is functools.partial:  # type: ignore[union-attr]
            given = {k for k, _ in kwargs}
            keywords = [(k, o) for k, o in made.kwargs if k not in given] + kwargs
            return calls.call(spec, made.args[0], [*made.args[1:], *args], keywords, site)  # type: ignore[arg-type]
        first = iterable_parts(spec, field("args", site))
        named = dict_parts(spec, field("keywords", site), site)
        if first is None or named is None:
            return spec.emit(callee, list(args), kwargs, site, UNKNOWN)
        given = {k for k, _ in kwargs}
        keywords = [(k, o) for k, o in named if k not in given] + kwargs
        return calls.call(spec, field("func", site), [*first, *args], keywords, site)
    if kind.cls is functools._lru_cache_wrapper:
        return call_uncached(spec, callee, args, kwargs, site)
    method = class_attribute(kind.cls, "__call__")
    guard_member(spec, kind.cls, "__call__")
    if isinstance(method, types.FunctionType) and spec.may_inline:
        return calls.call(spec, Const(method), [callee, *args], kwargs, site)
    return functions.value_left_to_run_time(spec, callee, list(args), kwargs, site)


def call_uncached(
    spec: Specialiser, callee: Operand, args: list[Operand], kwargs: list, site: Site
) -> Operand:
    """A function under `functools.cache`: what it keeps is what it would compute again.

    Where it calls itself that would not do: a recursion that is linear with the cache is exponential
    without.
    """
    made = definition(spec, callee)
    if made is not None and made.callee.value is functools.cache:  # type: ignore[union-attr]
        function: Operand = made.args[0]  # type: ignore[assignment]
    else:
        function = attributes.load_attribute(spec, callee, "__wrapped__", site)
    kind = operand_type(function)
    code = kind.code.value if isinstance(kind, FunctionOf) else None
    if any(code is running for running, _ in spec.stack):
        return spec.emit(Const(recalled), [callee, *args], kwargs, site, UNKNOWN)
    start = len(spec.out)
    result = calls.call(spec, function, list(args), kwargs, site)
    spec.kept.append(Uncached(result, kind, spec.out[start:], site.origin))
    return result


# -- construction ------------------------------------------------------------------------------------


def construct(
    spec: Specialiser,
    callee: Const,
    cls: type,
    args: list[Operand],
    kwargs: list[tuple[str | None, Operand]],
    site: Site,
) -> Operand | None:
    """An instance of a class; None where it is made at run time by the class itself."""
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _namedtuple(spec, callee, cls, args, kwargs, site)
    plain = cls.__new__ is object.__new__ or cls is types.SimpleNamespace
    if not plainly_made(cls) or not plain or registry.lookup(cls):
        return None
    initialiser = class_attribute(cls, "__init__")
    guard_member(spec, cls, "__init__")
    if cls is types.SimpleNamespace and not args:
        made: Operand = classes.new(spec, cls, site)
        for name, value in kwargs:
            made = assign(spec, made, str(name), value, site)
        return made
    if not isinstance(initialiser, types.FunctionType):
        if cls.__module__ == "builtins" or args or kwargs or initialiser is not object.__init__:
            return None
        return classes.new(spec, cls, site)
    if dataclasses.is_dataclass(cls) and initialiser.__code__.co_filename == "<string>":
        return _dataclass(spec, cls, initialiser, args, kwargs, site)
    if not spec.may_inline and not classes.captures_of(spec, cls):
        return None
    made = classes.new(spec, cls, site)
    result = calls.call(spec, Const(initialiser), [made, *args], kwargs, site)
    if isinstance(operand_type(result), Instance):
        return result
    return None


def plainly_made(cls: type) -> bool:
    """Is a call of the class `__new__` and `__init__`, and may it have instances?"""
    if type(cls) is abc.ABCMeta:
        return not cls.__abstractmethods__
    return type(cls) is type


def _namedtuple(
    spec: Specialiser, callee: Const, cls: Any, args: list[Operand],
    kwargs: list[tuple[str | None, Operand]], site: Site,
) -> Operand | None:  # fmt: skip
    given = dict(zip(cls._fields, args, strict=False)) | {k: o for k, o in kwargs if k is not None}
    fields = {n: given.get(n, Const(cls._field_defaults.get(n, _MISSING))) for n in cls._fields}
    if len(given) != len(args) + len(kwargs) or set(given) - set(cls._fields):
        return None
    if any(isinstance(o, Const) and o.value is _MISSING for o in fields.values()):
        return None
    kind = TupleOf(tuple(operand_type(o) for o in fields.values()), cls)
    return spec.emit(callee, list(fields.values()), [], site, kind)


_MISSING = object()


def _dataclass(
    spec: Specialiser, cls: type, initialiser: types.FunctionType, args: list[Operand],
    kwargs: list[tuple[str | None, Operand]], site: Site,
) -> Operand | None:  # fmt: skip
    """Field by field in order, as the generated `__init__` does, then `__post_init__`."""
    fields = [f for f in dataclasses.fields(cls) if f.init]
    if set(initialiser.__annotations__) - {f.name for f in fields} - {"return"}:
        return None  # InitVar
    positional = [f.name for f in fields if not f.kw_only]
    if len(args) > len(positional):
        return None
    given: dict[str, Operand] = dict(zip(positional, args, strict=False))
    for k, o in kwargs:
        if k is None or k in given or k not in {f.name for f in fields}:
            return None
        given[k] = o
    made: Operand = classes.new(spec, cls, site)
    for f in dataclasses.fields(cls):
        if f.name in given:
            value = given[f.name]
        elif f.default is not dataclasses.MISSING:
            value = Const(f.default)
        elif f.default_factory is not dataclasses.MISSING:
            value = calls.call(spec, Const(f.default_factory), [], [], site)
        elif f.init:
            return None
        else:
            continue  # for `__post_init__` to set
        made = assign(spec, made, f.name, value, site)
    post = class_attribute(cls, "__post_init__")
    guard_member(spec, cls, "__post_init__")
    if post is None:
        return made
    if not isinstance(post, types.FunctionType):
        return None
    result = calls.call(spec, Const(post), [made], [], site)
    return result if isinstance(operand_type(result), Instance) else None


def assign(spec: Specialiser, owner: Operand, name: str, value: Operand, site: Site) -> Operand:
    """`owner.name = value` on an object under construction."""
    kind = operand_type(owner)
    result: Type = UNKNOWN
    if isinstance(kind, Instance) and has_setter(kind.cls, name):
        state.store(spec, [owner, Const(name), value], [], site)  # its own code changes the object
        return owner
    if isinstance(kind, Instance):
        written = operand_type(value)
        changes = (kind.cls, name) in spec.fields
        fields = dict(kind.fields) | {name: state.lasting(written) if changes else written}
        result = Instance(kind.cls, tuple(fields.items()))
    return spec.emit(Const(set_attribute), [owner, Const(name), value], [], site, result)


def initialise_base(
    spec: Specialiser, args: list[Operand], kwargs: list[tuple[str | None, Operand]], site: Site
) -> Operand | None:
    """`super().__init__(…)`: the base's constructor returns the object it was given."""
    method = operand_type(args[0])
    if isinstance(method, Literal) and method.value is object.__init__:
        return args[1]
    function = method.value if isinstance(method, Literal) else None
    if isinstance(args[0], Const):
        function = args[0].value
    if not isinstance(function, types.FunctionType):
        return None
    kind = operand_type(args[1])
    if isinstance(kind, Instance) and dataclasses.is_dataclass(kind.cls):
        return None
    # It writes to the object, so it is inlined whatever the options say.
    result = functions.call_python(spec, Const(function), function, args[1:], kwargs, site)
    return result if isinstance(operand_type(result), Instance) else None
