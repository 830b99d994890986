"""Attributes and methods of values while inferring."""

from __future__ import annotations

import functools
import operator
import types
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference import calls, changing, objects, state
from adjoint.inference.items import definition, item
from adjoint.inference.sites import Keywords, ReadError, Root, Site
from adjoint.ir.nodes import Const, Operand
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    DequeOf,
    DictOf,
    FunctionOf,
    Identity,
    Instance,
    IteratorOf,
    Length,
    Literal,
    Opaque,
    Scalar,
    SomeArray,
    TupleOf,
    Type,
    element_of,
    literal,
)
from adjoint.rules.lookup import computed_by, is_decorated, longest
from adjoint.rules.signatures import operand_type
from adjoint.rules.writes import METHODS
from adjoint.runtime import call_method, set_attribute

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser


ARRAY_FUNCTIONS = {"T": np.transpose, "mT": np.matrix_transpose, "real": np.real, "imag": np.imag}


def load_attribute(spec: Specialiser, owner: Operand, name: str, site: Site) -> Operand:
    """`owner.name`"""
    t = operand_type(owner)
    if isinstance(t, Literal):
        return literal_attribute(spec, t.value, owner, name, site)
    if isinstance(t, Array):
        found = array_attribute(spec, owner, t, name, site)
        if found is not None:
            return found
    if isinstance(t, Instance):
        return instance_attribute(spec, owner, t, name, site)
    if isinstance(t, TupleOf) and name in getattr(t.cls, "_fields", ()):
        return item(spec, owner, t.cls._fields.index(name), site)
    if isinstance(t, TupleOf) and (function := objects.class_attribute(t.cls, name)) is not None:
        if isinstance(function, property) and isinstance(function.fget, types.FunctionType):
            objects.guard_member(spec, t.cls, name)
            return calls.call(spec, Const(function.fget), [owner], [], site)
        if not callable(function) and not hasattr(function, "__get__"):
            return literal_attribute(spec, t.cls, Const(t.cls), name, site)
    if isinstance(t, DequeOf) and name == "maxlen":
        return spec.emit(Const(longest), [owner], [], site, Opaque(object))
    if isinstance(t, FunctionOf) and name == "__name__":
        code = t.code.value
        return Const(getattr(code, "co_name", None) or code.name)
    written = state.changed_field(spec, t, name)
    if written is not None:
        return state.load(spec, owner, name, written, site)
    return spec.emit(Const(getattr), [owner, Const(name)], [], site, UNKNOWN)


def literal_attribute(
    spec: Specialiser, value: Any, owner: Operand, name: str, site: Site
) -> Operand:
    if isinstance(value, types.ModuleType):
        path = f"{owner.name or value.__name__}.{name}" if isinstance(owner, Const) else name
        try:
            if value.__name__.partition(".")[0] in (
                "numpy",
                "math",
                "scipy",
                "operator",
                "builtins",
                "functools",
            ):
                return Const(getattr(value, name), path)
            return spec.read_root(Root("attribute", Identity(value), name), path)
        except (AttributeError, ReadError):
            pass
    elif isinstance(value, type):
        found = objects.class_attribute(value, name)
        objects.guard_member(spec, value, name)
        if isinstance(found, types.FunctionType):
            return Const(found, name)
        if isinstance(found, staticmethod):
            return Const(found.__func__, name)
        if found is not None and not callable(found) and not hasattr(found, "__get__"):
            return spec.read_root(Root("attribute", Identity(value), name))
        if hasattr(value, name):
            return Const(getattr(value, name), name)
    elif hasattr(value, name) and not isinstance(value, types.FunctionType):
        return Const(getattr(value, name), name)
    return spec.emit(Const(getattr), [owner, Const(name)], [], site, UNKNOWN)


def array_attribute(
    spec: Specialiser, owner: Operand, t: Array, name: str, site: Site
) -> Operand | None:
    if name == "ndim":
        return Const(t.ndim)
    if name == "dtype":
        return Const(t.dtype)
    if name == "shape":
        return shape_of(spec, owner, t, site)
    if name == "size":
        size: Type = Scalar(int)
        if t.ndim == 1 and isinstance(t.axes[0], Length):
            size = Scalar(int, t.axes[0])
        return spec.emit(Const(getattr), [owner, Const("size")], [], site, size)
    if name in ARRAY_FUNCTIONS:
        return calls.call(spec, Const(ARRAY_FUNCTIONS[name]), [owner], [], site)
    return None


def shape_of(spec: Specialiser, owner: Operand, t: Array, site: Site) -> Operand:
    if all(isinstance(a, int) for a in t.axes):
        return Const(tuple(t.axes))
    kinds = tuple(literal(a) if isinstance(a, int) else Scalar(int, a) for a in t.axes)
    return spec.emit(Const(getattr), [owner, Const("shape")], [], site, TupleOf(kinds))


def instance_attribute(
    spec: Specialiser, owner: Operand, t: Instance, name: str, site: Site
) -> Operand:
    field = t.get(name)
    for own in (name, "__getattr__", "__getattribute__"):
        objects.guard_member(spec, t.cls, own)
    computed = computed_by(t.cls, field is not None, name)
    written = state.changed_field(spec, t, name)
    if computed is not None:
        function, before, after = computed
        if function is getattr(t.cls, "__getattr__", None) and written is not None:
            raise UnsupportedSyntaxError(
                f"the attribute {name!r} is given by __getattr__, and stored as well",
                site.origin,
                "Store it under another name.",
            )
        if isinstance(objects.class_attribute(t.cls, name), functools.cached_property):
            spec.cached.append(site.origin)
        arguments = [*map(Const, before), owner, *map(Const, after)]
        return calls.call(spec, Const(function), arguments, [], site)
    site = replace(site, name=site.name or name)  # and its cotangent is called `name_bar`
    if written is not None:
        return state.load(spec, owner, name, written, site)
    found = objects.class_attribute(t.cls, name)
    if field is not None:
        made = definition(spec, owner)
        while made is not None and made.callee.value is set_attribute:  # type: ignore[union-attr]
            if made.args[1].value == name:  # type: ignore[union-attr]
                return made.args[2]  # type: ignore[return-value]
            made = definition(spec, made.args[0])  # type: ignore[arg-type]
        if isinstance(field, Literal) and field.key != "self":
            return Const(field.value, name)
        field = changing.opened(spec, field, ("attribute", t.cls, name))
        return spec.emit(Const(getattr), [owner, Const(name)], [], site, field)
    if isinstance(found, types.FunctionType):
        kind = Instance(types.MethodType, (("__func__", literal(found)), ("__self__", t)))
        return spec.emit(Const(getattr), [owner, Const(name)], [], site, kind)
    if found is not None and not callable(found) and not hasattr(found, "__get__"):
        for base in t.cls.__mro__:
            if name in vars(base):
                return spec.read_root(Root("attribute", Identity(base), name))
    return spec.emit(Const(getattr), [owner, Const(name)], [], site, UNKNOWN)


def namespace(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand:
    """`owner.__dict__`, `vars(owner)`"""
    made = spec.emit(Const(vars), list(args), kwargs, site, UNKNOWN)
    spec.namespaces.append(made)
    return made


def call_attribute(
    spec: Specialiser, owner: Operand, name: str, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`owner.name(…)`; None where the method is found at run time."""
    t = operand_type(owner)
    if isinstance(t, Literal) and not isinstance(t.value, str | bytes):
        function = literal_attribute(spec, t.value, owner, name, site)
        if isinstance(t.value, type) and isinstance(
            objects.class_attribute(t.value, name), classmethod
        ):
            raw = objects.class_attribute(t.value, name).__func__
            return calls.call(spec, Const(raw), [owner, *args], kwargs, site)
        return calls.call(spec, function, list(args), kwargs, site)
    if isinstance(t, Array) and name == "__getitem__" and not kwargs:
        return calls.call(spec, Const(operator.getitem), [owner, *args], [], site)
    array = isinstance(t, Array) or isinstance(t, SomeArray) and name not in METHODS
    if array and hasattr(np.ndarray, name):
        return calls.call(spec, Const(getattr(np.ndarray, name)), [owner, *args], kwargs, site)
    if isinstance(t, Scalar) and issubclass(t.cls, np.generic) and hasattr(np.ndarray, name):
        return calls.call(spec, Const(getattr(np.ndarray, name)), [owner, *args], kwargs, site)
    if isinstance(t, Instance) or isinstance(t, TupleOf) and t.cls is not tuple:
        if name == "_replace" and isinstance(t, TupleOf):
            given = dict(kwargs)
            if args or set(given) - set(t.cls._fields):  # pyright: ignore
                return None
            fields = [
                given.get(n) or item(spec, owner, i, site)
                for i, n in enumerate(t.cls._fields)  # pyright: ignore
            ]
            return calls.call(spec, Const(t.cls), fields, [], site)  # pyright: ignore
        raw = objects.class_attribute(t.cls, name)
        own = isinstance(t, Instance) and (
            t.get(name) is not None or state.changed_field(spec, t, name) is not None
        )
        objects.guard_member(spec, t.cls, name)
        if not own and (isinstance(raw, types.FunctionType) or is_decorated(raw)):
            return calls.call(spec, Const(raw), [owner, *args], kwargs, site)
        if not own and isinstance(raw, staticmethod):
            return calls.call(spec, Const(raw.__func__), list(args), kwargs, site)
        if not own and isinstance(raw, classmethod):
            return calls.call(spec, Const(raw.__func__), [Const(t.cls), *args], kwargs, site)
        if own or isinstance(raw, property):
            return calls.call(
                spec, load_attribute(spec, owner, name, site), list(args), kwargs, site
            )
        return None
    if isinstance(t, DictOf) and name in ("items", "keys", "values") and not args:
        return dictionary_iterator(spec, owner, t, name, site)
    if isinstance(t, DictOf) and name == "get" and args and isinstance(args[0], Const):
        if t.get(args[0].value) is not None:
            return item(spec, owner, args[0].value, site)
        return args[1] if len(args) > 1 else Const(None)
    return None


def dictionary_iterator(
    spec: Specialiser, owner: Operand, t: DictOf, name: str, site: Site
) -> Operand:
    values = tuple(v for _, v in t.items)
    pairs = tuple(TupleOf((literal(k), v)) for k, v in t.items)
    items = {"keys": tuple(literal(k) for k, _ in t.items), "values": values, "items": pairs}[name]
    cls = {"keys": type({}.keys()), "values": type({}.values()), "items": type({}.items())}[name]
    element = Opaque(object) if name == "keys" else element_of(TupleOf(items))
    return spec.emit(
        Const(call_method), [owner, Const(name)], [], site, IteratorOf(cls, element, items)
    )
