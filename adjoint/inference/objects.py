"""Objects while inferring: construction, calls of instances, operators that classes overload."""

from __future__ import annotations

import abc
import dataclasses
import functools
import operator
import types
from typing import TYPE_CHECKING, Any

from adjoint.inference import attributes, calls, functions, state
from adjoint.inference.items import definition, dict_parts, iterable_parts
from adjoint.inference.sites import Root, Site
from adjoint.ir.nodes import Const, Operand
from adjoint.ir.types import UNKNOWN, Identity, Instance, Literal, TupleOf, Type
from adjoint.rules import registry
from adjoint.rules.dispatch import compares_fields, has_setter
from adjoint.rules.signatures import operand_type
from adjoint.runtime import new_object, set_attribute

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

BINARY = {
    operator.add: "add", operator.sub: "sub", operator.mul: "mul", operator.truediv: "truediv",
    operator.floordiv: "floordiv", operator.mod: "mod", operator.pow: "pow",
    operator.matmul: "matmul", operator.and_: "and", operator.or_: "or", operator.xor: "xor",
    operator.iadd: "iadd", operator.isub: "isub", operator.imul: "imul",
    operator.itruediv: "itruediv", operator.ipow: "ipow", operator.imatmul: "imatmul",
}  # fmt: skip
COMPARISONS = {
    operator.lt: ("lt", "gt"), operator.gt: ("gt", "lt"), operator.le: ("le", "ge"),
    operator.ge: ("ge", "le"), operator.eq: ("eq", "eq"), operator.ne: ("ne", "ne"),
}  # fmt: skip
UNARY = {
    operator.neg: "__neg__", operator.pos: "__pos__", operator.invert: "__invert__",
    abs: "__abs__", len: "__len__", float: "__float__", operator.contains: "__contains__",
    operator.getitem: "__getitem__", bool: "__bool__", round: "__round__",
}  # fmt: skip


def class_attribute(cls: type, name: str) -> Any:
    """The raw attribute that the class (or a base) defines; None if it does not."""
    for base in cls.__mro__:
        if name in vars(base):
            return vars(base)[name]
    return None


def guard_method(spec: Specialiser, cls: type, name: str) -> None:
    """What was found on a class of the user's has to be there at later calls."""
    for base in cls.__mro__:
        found = vars(base).get(name)
        if isinstance(found, types.FunctionType) and base.__module__.partition(".")[0] not in (
            "numpy",
            "builtins",
        ):
            spec.guards[Root("attribute", Identity(base), name)] = found
            return


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
    try:
        unary, binary, comparison = (
            UNARY.get(function),
            BINARY.get(function),
            COMPARISONS.get(function),
        )
    except TypeError:
        return None
    if unary is not None and (method := python_method(kinds[0], unary)):
        return calls.call(spec, Const(method), list(args), [], site)
    if comparison is not None:
        names = (f"__{comparison[0]}__", f"__{comparison[1]}__")
    elif binary is not None and len(args) == 2:
        names = (f"__{binary}__", f"__r{binary}__")
        if binary.startswith("i") and python_method(kinds[0], names[0]) is None:
            names = (f"__{binary[1:]}__", f"__r{binary[1:]}__")
    else:
        return None
    if any(k is UNKNOWN for k in kinds):
        return None
    left, right = python_method(kinds[0], names[0]), python_method(kinds[1], names[1])
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
    method = class_attribute(kind.cls, "__call__")
    guard_method(spec, kind.cls, "__call__")
    if isinstance(method, types.FunctionType) and spec.may_inline:
        return calls.call(spec, Const(method), [callee, *args], kwargs, site)
    return spec.emit(callee, list(args), kwargs, site, UNKNOWN)


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
    if not plainly_made(cls) or cls.__new__ is not object.__new__ or registry.lookup(cls):
        return None
    initialiser = class_attribute(cls, "__init__")
    if not isinstance(initialiser, types.FunctionType):
        if cls.__module__ == "builtins" or args or kwargs or initialiser is not object.__init__:
            return None
        return spec.emit(Const(new_object), [Const(cls)], [], site, Instance(cls, ()))
    if dataclasses.is_dataclass(cls) and initialiser.__code__.co_filename == "<string>":
        return _dataclass(spec, cls, initialiser, args, kwargs, site)
    if not spec.may_inline:
        return None
    made = spec.emit(Const(new_object), [Const(cls)], [], site, Instance(cls, ()))
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
    made: Operand = spec.emit(Const(new_object), [Const(cls)], [], site, Instance(cls, ()))
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
    if isinstance(kind, Instance) and not has_setter(kind.cls, name):
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
