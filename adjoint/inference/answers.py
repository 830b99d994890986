"""Questions about values that are answered while compiling: their classes, shapes and lengths."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from adjoint.inference import (
    attributes,
    state,
)
from adjoint.inference.items import tuple_parts
from adjoint.inference.questions import class_of
from adjoint.inference.sites import Keywords, Site
from adjoint.ir.nodes import Const, Operand
from adjoint.ir.types import (
    Array,
    DictOf,
    FunctionOf,
    Instance,
    ListOf,
    Literal,
    Scalar,
    TupleOf,
    dtype_of,
    unliteral,
)
from adjoint.rules.signatures import operand_type

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser


def isinstance_(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    cls, wanted = class_of(operand_type(args[0])), operand_type(args[1])
    parts = tuple_parts(spec, args[1])
    if parts is not None and all(isinstance(p, Const) for p in parts):
        classes: Any = tuple(p.value for p in parts)  # type: ignore[union-attr]
    elif isinstance(wanted, Literal):
        classes = wanted.value
    else:
        return None
    try:
        return None if cls is None else Const(issubclass(cls, classes))
    except TypeError:
        return None


def of_class(function: Callable) -> Callable[..., Operand | None]:
    """A question about the class of the first operand alone."""

    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        cls = class_of(operand_type(args[0]))
        return None if cls is None else Const(function(cls))

    return handler


def instance_of(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    kind = operand_type(args[1])
    known = isinstance(kind, Literal) and isinstance(kind.value, type)
    return isinstance_(spec, args, kwargs, site) if known else None


def part(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    name = args[1]
    if isinstance(name, Const) and name.value is None:
        return Const(True)
    return hasattr_(spec, args, kwargs, site)


def is_(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    a, b = map(operand_type, args)
    if isinstance(a, Literal) and isinstance(b, Literal):
        if type(a.value) is type(b.value) and isinstance(
            a.value, int | float | str | bytes | tuple
        ):
            return None if not isinstance(a.value, bool) else Const(a.value is b.value)
        return Const(a.value is b.value)
    for x, y in ((a, b), (b, a)):
        if isinstance(x, Literal) and class_of(y) not in (None, type(x.value)):
            return Const(False)
    return None


def is_not(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    same = is_(spec, args, kwargs, site)
    return Const(not same.value) if isinstance(same, Const) else None


def len_(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    t = operand_type(args[0])
    if (
        isinstance(t, TupleOf | ListOf | DictOf)
        and t.items is not None
        and class_of(t) in (tuple, list, dict)
    ):
        return Const(len(t.items))
    if isinstance(t, Array) and t.ndim:
        axis = t.axes[0]
        if isinstance(axis, int):
            return Const(axis)
        return spec.emit(Const(len), list(args), [], site, Scalar(int, axis))
    return (
        None
        if isinstance(t, Instance)
        else spec.emit(Const(len), list(args), [], site, Scalar(int))
    )


def shape(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    t = operand_type(args[0])
    if isinstance(t, Scalar):
        return Const(())
    return attributes.shape_of(spec, args[0], t, site) if isinstance(t, Array) else None


def rank(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    t = unliteral(operand_type(args[0]))
    if isinstance(t, Scalar):
        return Const(0)
    return Const(t.ndim) if isinstance(t, Array) else None


def size(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    t = unliteral(operand_type(args[0]))
    if isinstance(t, Scalar):
        return Const(1)
    if isinstance(t, Array) and len(args) == 1:
        return attributes.load_attribute(spec, args[0], "size", site)
    return None


def type_(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    cls = class_of(operand_type(args[0])) if len(args) == 1 else None
    return None if cls is None else Const(cls, cls.__name__)


def callable_(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    t = operand_type(args[0])
    cls = class_of(t)
    if isinstance(t, Literal):
        return Const(callable(t.value))
    # Not `hasattr`: a class has the `__call__` of its metaclass.
    return None if cls is None else Const(any("__call__" in vars(c) for c in cls.__mro__))


def hasattr_(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    t, name = operand_type(args[0]), args[1]
    cls = class_of(t)
    if cls is None or not isinstance(name, Const) or isinstance(t, FunctionOf):
        return None
    if name.value == "__dict__":  # which every class has, and not every object
        return Const(bool(cls.__dictoffset__))
    if not hasattr(cls, name.value) and state.changed_field(spec, t, name.value) is not None:
        return spec.emit(Const(hasattr), list(args), [], site, Scalar(bool))
    if hasattr(cls, name.value) or isinstance(t, Instance) and t.get(name.value) is not None:
        return Const(True)
    if hasattr(cls, "__getattr__") or isinstance(cls.__getattribute__, types.FunctionType):
        return None
    return (
        Const(False)
        if isinstance(t, Instance | Array | Scalar | TupleOf | ListOf | DictOf)
        else None
    )


def kind_of_number(is_complex: bool) -> Callable[..., Operand | None]:
    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        dtype = dtype_of(unliteral(operand_type(args[0])))
        return None if dtype is None else Const((dtype.kind == "c") is is_complex)

    return handler
