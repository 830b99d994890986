"""Parts of values while inferring: attributes, items, lengths, truth, and what `handle` folds."""

from __future__ import annotations

import dataclasses
import functools
import operator
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint.inference import calls, objects
from adjoint.ir.nodes import UNDEFINED, Call, Const, Operand, Origin, Value
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    DictOf,
    Double,
    FunctionOf,
    Identity,
    Instance,
    IteratorOf,
    Length,
    ListOf,
    Literal,
    Opaque,
    Real,
    Scalar,
    TupleOf,
    Type,
    dtype_of,
    element_of,
    is_number,
    literal,
    unliteral,
)
from adjoint.rules.signatures import operand_type
from adjoint.runtime import (
    augment,
    call_method,
    check_bound,
    flatten,
    import_module,
    initialise,
    make_dict,
    make_list,
    make_tuple,
    merge_dicts,
    set_attribute,
    set_item,
    super_method,
    unpack_sequence,
)

if TYPE_CHECKING:
    from adjoint.inference.infer import Site, Specialiser

Keywords = list[tuple[str | None, Operand]]
ARRAY_FUNCTIONS = {"T": np.transpose, "mT": np.matrix_transpose, "real": np.real, "imag": np.imag}


# -- questions ---------------------------------------------------------------------------------------


def truth(t: Type) -> bool | None:
    """The truth value of every value of this type, if it is one."""
    if isinstance(t, Literal) and t.key != "self":
        return None if isinstance(t.value, np.ndarray) else bool(t.value)
    if isinstance(t, FunctionOf):
        return True
    if isinstance(t, TupleOf):
        return None if hasattr(t.cls, "__bool__") else bool(t.items)
    if isinstance(t, ListOf | DictOf):
        return None if t.items is None else bool(t.items)
    if isinstance(t, Instance):
        plain = not (hasattr(t.cls, "__bool__") or hasattr(t.cls, "__len__"))
        return True if plain else None
    return None


def class_of(t: Type) -> type | None:
    """The exact class of every value of this type, if there is one."""
    if isinstance(t, Literal):
        return type(t.value) if t.key != "self" else types.FunctionType
    if isinstance(t, Array):
        return np.ndarray
    if isinstance(t, Scalar):
        return t.cls if t.cls not in (Real, Double) else None
    if isinstance(t, TupleOf | Instance | Opaque | IteratorOf):
        return t.cls if t.cls is not BaseException else None
    simple = {ListOf: list, DictOf: dict, FunctionOf: types.FunctionType}
    return simple.get(type(t))


def element_type(t: Type) -> Type:
    """What iteration over a value of this type gives."""
    if isinstance(t, DictOf):
        kinds = {type(k) for k, _ in t.items}
        return Scalar(kinds.pop()) if kinds <= {int} and kinds else Opaque(object)
    if isinstance(t, Literal) and isinstance(t.value, range):
        return Scalar(int)
    if isinstance(t, Literal) and isinstance(t.value, str):
        return Opaque(str)
    if isinstance(t, Literal) and isinstance(t.value, tuple | list):
        return element_of(TupleOf(tuple(map(literal, t.value))))
    return element_of(t)


# -- parts -------------------------------------------------------------------------------------------


def definition(spec: Specialiser, operand: Operand) -> Call | None:
    found = spec.definitions.get(operand) if isinstance(operand, Value) else None
    return found if isinstance(found, Call) and isinstance(found.callee, Const) else None


def tuple_parts(spec: Specialiser, operand: Operand) -> list[Operand] | None:
    """The items of a tuple that is built here; None for any other value."""
    made = definition(spec, operand)
    if made is not None and made.callee.value is make_tuple:  # type: ignore[union-attr]
        return list(made.args)  # type: ignore[arg-type]
    return None


def item(spec: Specialiser, owner: Operand, key: Any, site: Site) -> Operand:
    """`owner[key]` for a constant key of a container whose items are known."""
    return handle_getitem(spec, [owner, Const(key)], site) or spec.emit(
        Const(operator.getitem), [owner, Const(key)], [], site
    )


def iterable_parts(spec: Specialiser, operand: Operand) -> list[Operand] | None:
    """The elements that iteration gives, if their number is known."""
    from adjoint.inference.infer import Site

    t, site = operand_type(operand), Site()
    if isinstance(t, Literal) and isinstance(t.value, tuple | list | range):
        return [Const(v) for v in t.value] if len(t.value) <= 64 else None
    if isinstance(t, TupleOf) or isinstance(t, ListOf) and t.items is not None:
        return [item(spec, operand, i, site) for i in range(len(t.items))]  # type: ignore[arg-type]
    if isinstance(t, DictOf):
        return [Const(k) for k, _ in t.items]
    made = definition(spec, operand)
    if made is None or not isinstance(t, IteratorOf):
        return None
    sources = [a for a in made.args if isinstance(a, Value | Const)]
    function = made.callee.value  # type: ignore[union-attr]
    if function is call_method:
        return dictionary_view(spec, sources, site)
    parts = (
        [iterable_parts(spec, a) for a in sources[:1]]
        if function is not zip
        else [iterable_parts(spec, a) for a in sources]
    )
    if made.kwargs or any(p is None for p in parts):
        return None
    columns: list[list[Operand]] = parts  # type: ignore[assignment]
    if function is zip:
        return [_tuple(spec, list(row), site) for row in zip(*columns, strict=False)]
    if function is enumerate:
        start = sources[1] if len(sources) > 1 else Const(0)
        if not isinstance(start, Const):
            return None
        return [_tuple(spec, [Const(start.value + i), p], site) for i, p in enumerate(columns[0])]
    if function is reversed:
        return columns[0][::-1]
    return None


def dictionary_view(spec: Specialiser, sources: list[Operand], site: Site) -> list[Operand] | None:
    owner, name = sources[0], sources[1].value  # type: ignore[union-attr]
    t = operand_type(owner)
    if not isinstance(t, DictOf):
        return None
    if name == "keys":
        return [Const(k) for k, _ in t.items]
    values = [item(spec, owner, k, site) for k, _ in t.items]
    if name == "values":
        return values
    return [_tuple(spec, [Const(k), v], site) for (k, _), v in zip(t.items, values, strict=True)]


def _tuple(spec: Specialiser, parts: list[Operand], site: Site) -> Operand:
    return spec.emit(
        Const(make_tuple), list(parts), [], site, TupleOf(tuple(map(operand_type, parts)))
    )


def dict_parts(spec: Specialiser, operand: Operand, site: Site) -> list[tuple[Any, Operand]] | None:
    """Keys and values of a dict whose keys are known."""
    t = operand_type(operand)
    if isinstance(t, Literal) and isinstance(t.value, dict):
        return [(k, Const(v)) for k, v in t.value.items()]
    if not isinstance(t, DictOf):
        return None
    return [(k, item(spec, operand, k, site)) for k, _ in t.items]


def unpacked(
    spec: Specialiser, operand: Operand, count: int, origin: Origin | None
) -> list[Operand]:
    """The operands of `a, b = operand`."""
    from adjoint.inference.infer import Site

    parts = iterable_parts(spec, operand)
    if parts is not None and len(parts) == count:
        return parts
    site = Site(origin)
    whole = calls.call(spec, Const(unpack_sequence), [operand, Const(count)], [], site)
    return [item(spec, whole, i, site) for i in range(count)]


# -- attributes --------------------------------------------------------------------------------------


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
            return calls.call(spec, Const(function.fget), [owner], [], site)
    if isinstance(t, FunctionOf) and name == "__name__":
        code = t.code.value
        return Const(getattr(code, "co_name", None) or code.name)
    return spec.emit(Const(getattr), [owner, Const(name)], [], site, UNKNOWN)


def literal_attribute(
    spec: Specialiser, value: Any, owner: Operand, name: str, site: Site
) -> Operand:
    from adjoint.inference.infer import ReadError, Root

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
    from adjoint.inference.infer import Root

    found = objects.class_attribute(t.cls, name)
    data_descriptor = isinstance(found, property)
    field = t.get(name)
    if field is not None and not data_descriptor:
        made = definition(spec, owner)
        while made is not None and made.callee.value is set_attribute:  # type: ignore[union-attr]
            if made.args[1].value == name:  # type: ignore[union-attr]
                return made.args[2]  # type: ignore[return-value]
            made = definition(spec, made.args[0])  # type: ignore[arg-type]
        if isinstance(field, Literal) and field.key != "self":
            return Const(field.value, name)
        return spec.emit(Const(getattr), [owner, Const(name)], [], site, field)
    if isinstance(found, property) and isinstance(found.fget, types.FunctionType):
        return calls.call(spec, Const(found.fget), [owner], [], site)
    if isinstance(found, types.FunctionType):
        kind = Instance(types.MethodType, (("__func__", literal(found)), ("__self__", t)))
        return spec.emit(Const(getattr), [owner, Const(name)], [], site, kind)
    if found is not None and not callable(found) and not hasattr(found, "__get__"):
        for base in t.cls.__mro__:
            if name in vars(base):
                return spec.read_root(Root("attribute", Identity(base), name))
    return spec.emit(Const(getattr), [owner, Const(name)], [], site, UNKNOWN)


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
    if isinstance(t, Array) and hasattr(np.ndarray, name):
        return calls.call(spec, Const(getattr(np.ndarray, name)), [owner, *args], kwargs, site)
    if isinstance(t, Scalar) and issubclass(t.cls, np.generic) and hasattr(np.ndarray, name):
        return calls.call(spec, Const(getattr(np.ndarray, name)), [owner, *args], kwargs, site)
    if isinstance(t, Instance) or isinstance(t, TupleOf) and t.cls is not tuple:
        raw = objects.class_attribute(t.cls, name)
        own = isinstance(t, Instance) and t.get(name) is not None
        objects.guard_method(spec, t.cls, name)
        if not own and isinstance(raw, types.FunctionType):
            return calls.call(spec, Const(raw), [owner, *args], kwargs, site)
        if not own and isinstance(raw, staticmethod):
            return calls.call(spec, Const(raw.__func__), list(args), kwargs, site)
        if not own and isinstance(raw, classmethod):
            return calls.call(spec, Const(raw.__func__), [Const(t.cls), *args], kwargs, site)
        if own or isinstance(raw, property):
            return calls.call(
                spec, load_attribute(spec, owner, name, site), list(args), kwargs, site
            )
        if name == "_replace" and isinstance(t, TupleOf):
            given = dict(kwargs)
            fields = [
                given.get(n) or item(spec, owner, i, site)
                for i, n in enumerate(t.cls._fields)  # pyright: ignore
            ]
            return calls.call(spec, Const(t.cls), fields, [], site)  # pyright: ignore
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


# -- items -------------------------------------------------------------------------------------------


def handle_getitem(spec: Specialiser, args: list[Operand], site: Site) -> Operand | None:
    owner, index = args
    t, key = operand_type(owner), operand_type(index)
    if isinstance(t, TupleOf) or isinstance(t, ListOf) and t.items is not None:
        if isinstance(key, Literal) and isinstance(key.value, int | slice):
            return sequence_item(spec, owner, t, key.value, site)
    elif isinstance(t, ListOf):
        if isinstance(unliteral(key), Scalar):
            return spec.emit(Const(operator.getitem), list(args), [], site, t.element)
        if isinstance(key, Literal | Opaque):
            return spec.emit(Const(operator.getitem), list(args), [], site, t)
    elif isinstance(t, DictOf) and isinstance(key, Literal):
        found = t.get(key.value)
        made = definition(spec, owner)
        if found is not None and made is not None and made.callee.value is make_dict:  # type: ignore[union-attr]
            keys = [a.value if isinstance(a, Const) else UNDEFINED for a in made.args[::2]]
            if UNDEFINED not in keys and key.value in keys:
                return made.args[2 * (len(keys) - 1 - keys[::-1].index(key.value)) + 1]  # type: ignore[return-value]
        if found is not None:
            if isinstance(found, Literal) and found.key != "self":
                return Const(found.value)
            return spec.emit(Const(operator.getitem), list(args), [], site, found)
    return None


def sequence_item(
    spec: Specialiser, owner: Operand, t: TupleOf | ListOf, key: int | slice, site: Site
) -> Operand | None:
    made = definition(spec, owner)
    count = len(t.items)  # type: ignore[arg-type]
    built = made is not None and (
        made.callee.value in (make_tuple, make_list) or isinstance(made.callee.value, type)  # type: ignore[union-attr]
    ) and len(made.args) == count and not made.kwargs  # fmt: skip
    if isinstance(key, slice):
        positions = list(range(count))[key]
        parts = [sequence_item(spec, owner, t, i, site) for i in positions]
        build, kind = (make_tuple, TupleOf) if isinstance(t, TupleOf) else (make_list, ListOf)
        kinds = tuple(operand_type(p) for p in parts)  # type: ignore[arg-type]
        return spec.emit(Const(build), parts, [], site, kind(kinds))  # type: ignore[arg-type]
    if not -count <= key < count:
        return None
    if built:
        return made.args[key]  # type: ignore[union-attr, return-value]
    kind = t.items[key]  # type: ignore[index]
    if isinstance(kind, Literal) and kind.key != "self":
        return Const(kind.value)
    return spec.emit(Const(operator.getitem), [owner, Const(key % count)], [], site, kind)


# -- calls that are folded ---------------------------------------------------------------------------


def handle(
    spec: Specialiser, function: Any, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """The result of a call of one of Python's own constructs, where it can be told."""
    try:
        handler = HANDLERS.get(function)
    except TypeError:
        return None
    return None if handler is None else handler(spec, args, kwargs, site)


def _getattr(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    name = operand_type(args[1])
    if len(args) != 2 or not isinstance(name, Literal) or not isinstance(name.value, str):
        return None
    return load_attribute(spec, args[0], name.value, site)


def _call_method(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    owner, name, *rest = args
    found = call_attribute(spec, owner, name.value, rest, kwargs, site)  # type: ignore[union-attr]
    return (
        found
        if found is not None
        else spec.emit(Const(call_method), list(args), kwargs, site, UNKNOWN)
    )


def _getitem(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    return handle_getitem(spec, args, site)


def _make_tuple(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    if all(isinstance(a, Const) and isinstance(a.value, calls.METADATA) for a in args):
        return Const(tuple(a.value for a in args))  # type: ignore[union-attr]
    return spec.emit(
        Const(make_tuple), list(args), [], site, TupleOf(tuple(map(operand_type, args)))
    )


def _make_list(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    kind = ListOf(tuple(unliteral(operand_type(a)) for a in args))
    return spec.emit(Const(make_list), list(args), [], site, kind)


def _make_dict(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    if not all(isinstance(a, Const) for a in args[::2]):
        return spec.emit(Const(make_dict), list(args), [], site, UNKNOWN)
    items = {
        k.value: unliteral(operand_type(v))  # pyright: ignore
        for k, v in zip(args[::2], args[1::2], strict=True)
    }
    return spec.emit(Const(make_dict), list(args), [], site, DictOf(tuple(items.items())))


def _merge_dicts(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    parts = [dict_parts(spec, a, site) for a in args]
    if any(p is None for p in parts):
        return None
    merged = {k: v for p in parts for k, v in p}  # type: ignore[union-attr]
    return _make_dict(spec, [o for k, v in merged.items() for o in (Const(k), v)], [], site)


def _sequence(build: Callable[..., Any]) -> Callable[..., Operand | None]:
    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        if kwargs or len(args) > 1:
            return None
        make = _make_tuple if build is tuple else _make_list
        if not args:
            return make(spec, [], [], site)
        t = operand_type(args[0])
        parts = iterable_parts(spec, args[0])
        if parts is not None and not (isinstance(t, Literal) and isinstance(t.value, range)):
            return make(spec, parts, [], site)
        if build is list and isinstance(t, Array | ListOf | IteratorOf):
            return spec.emit(
                Const(list), list(args), [], site, ListOf(None, unliteral(element_type(t)))
            )
        return spec.emit(Const(build), list(args), [], site, UNKNOWN)

    return handler


def _unpack(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    parts = iterable_parts(spec, args[0])
    numbers = [a.value for a in args[1:]]  # type: ignore[union-attr]
    if parts is not None:
        if len(numbers) == 1 and len(parts) == numbers[0]:
            return _tuple(spec, parts, site)
        if len(numbers) == 2 and len(parts) >= sum(numbers):
            before, end = numbers[0], len(parts) - numbers[1]
            middle = _make_list(spec, parts[before:end], [], site)
            return _tuple(spec, [*parts[:before], middle, *parts[end:]], site)  # type: ignore[list-item]
        return None
    t = operand_type(args[0])
    if len(numbers) == 1 and isinstance(t, Array) and t.ndim or isinstance(t, ListOf):
        element = unliteral(element_of(t))
        kinds: tuple[Type, ...] = (element,) * numbers[0]
        if len(numbers) == 2:
            kinds = (*kinds, ListOf(None, element), *(element,) * numbers[1])
        return spec.emit(Const(unpack_sequence), list(args), [], site, TupleOf(kinds))
    return spec.emit(Const(unpack_sequence), list(args), [], site, UNKNOWN)


def _isinstance(
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


def _is(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
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


def _is_not(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    same = _is(spec, args, kwargs, site)
    return Const(not same.value) if isinstance(same, Const) else None


def _len(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
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


def _shape(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    t = operand_type(args[0])
    if isinstance(t, Scalar):
        return Const(())
    return shape_of(spec, args[0], t, site) if isinstance(t, Array) else None


def _ndim(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    t = unliteral(operand_type(args[0]))
    if isinstance(t, Scalar):
        return Const(0)
    return Const(t.ndim) if isinstance(t, Array) else None


def _size(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    t = unliteral(operand_type(args[0]))
    if isinstance(t, Scalar):
        return Const(1)
    if isinstance(t, Array) and len(args) == 1:
        return load_attribute(spec, args[0], "size", site)
    return None


def _type(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    cls = class_of(operand_type(args[0])) if len(args) == 1 else None
    return None if cls is None else Const(cls, cls.__name__)


def _callable(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    t = operand_type(args[0])
    cls = class_of(t)
    if isinstance(t, Literal):
        return Const(callable(t.value))
    return None if cls is None else Const(hasattr(cls, "__call__"))  # noqa: B004


def _hasattr(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    t, name = operand_type(args[0]), args[1]
    cls = class_of(t)
    if cls is None or not isinstance(name, Const) or isinstance(t, FunctionOf):
        return None
    if hasattr(cls, name.value) or isinstance(t, Instance) and t.get(name.value) is not None:
        return Const(True)
    return (
        Const(False)
        if isinstance(t, Instance | Array | Scalar | TupleOf | ListOf | DictOf)
        else None
    )


def _iterator(function: Any, cls: type) -> Callable[..., Operand | None]:
    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        kinds = [unliteral(element_type(operand_type(a))) for a in args]
        if function is range:
            element: Type = Scalar(int)
        elif function is zip:
            element = TupleOf(tuple(kinds))
        elif function is enumerate:
            element = TupleOf((Scalar(int), kinds[0]))
        else:
            element = kinds[0]
        return spec.emit(Const(function), list(args), kwargs, site, IteratorOf(cls, element))

    return handler


def _super(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    cls, instance, name = (operand_type(a) for a in args)
    if not isinstance(cls, Literal) or not isinstance(name, Literal):
        return None
    if isinstance(instance, Literal) and isinstance(instance.value, type):
        following = instance.value.__mro__
    elif isinstance(instance, Instance):
        following = instance.cls.__mro__
    else:
        return None
    for base in following[following.index(cls.value) + 1 :]:
        if name.value in vars(base):
            found = vars(base)[name.value]
            return Const(found, name.value)
    return None


def _initialise(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    return objects.initialise_base(spec, args, kwargs, site)


def _set_attribute(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    return objects.assign(spec, args[0], args[1].value, args[2], site)  # type: ignore[union-attr]


def _check_bound(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    from adjoint.inference.infer import is_unbound

    return None if is_unbound(spec, args[0]) else args[0]


def _import(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    if not all(isinstance(a, Const) for a in args):
        return None
    try:
        value = import_module(*(a.value for a in args))  # type: ignore[union-attr]
    except Exception:  # the import fails again when it runs
        return None
    return Const(value, site.name)


def _flatten(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    parts = iterable_parts(spec, args[0])
    if parts is not None:
        inner = [iterable_parts(spec, p) for p in parts]
        if all(p is not None for p in inner):
            return _make_list(spec, [o for p in inner for o in p], [], site)  # type: ignore[union-attr]
    t = operand_type(args[0])
    element = unliteral(element_type(element_type(t))) if isinstance(t, ListOf) else UNKNOWN
    return spec.emit(Const(flatten), list(args), [], site, ListOf(None, element))


def _sequence_sum(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`+` of two tuples or two lists whose items are known."""
    a, b = map(operand_type, args)
    for cls, make in ((TupleOf, _make_tuple), (ListOf, _make_list)):
        if (
            isinstance(a, cls)
            and isinstance(b, cls)
            and a.items is not None
            and b.items is not None
        ):
            parts = [iterable_parts(spec, x) for x in args]
            return make(spec, [*parts[0], *parts[1]], [], site)  # type: ignore[misc]
    return None


def _sequence_product(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    a, b = args
    t, count = operand_type(a), operand_type(b)
    if (
        isinstance(t, ListOf | TupleOf)
        and isinstance(count, Literal)
        and isinstance(count.value, int)
    ):
        if t.items is not None and len(t.items) * count.value <= 64:
            make = _make_tuple if isinstance(t, TupleOf) else _make_list
            return make(spec, (iterable_parts(spec, a) or []) * count.value, [], site)
    return None


def _augmented(function: Any, plain: Any) -> Callable[..., Operand | None]:
    """`x op= y` rebinds for everything but arrays and lists, for which it writes."""

    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        kind = operand_type(args[0])
        if is_number(unliteral(kind)) and not isinstance(kind, Array) or isinstance(kind, TupleOf):
            return calls.call(spec, Const(plain), list(args), [], site)
        if isinstance(kind, Literal) and isinstance(kind.value, str | tuple):
            return calls.call(spec, Const(plain), list(args), [], site)
        if isinstance(kind, Array):
            return spec.emit(Const(function), list(args), [], site, kind)
        if isinstance(kind, Instance):
            return None
        return spec.emit(Const(augment), [Const(function), *args], [], site, UNKNOWN)

    return handler


def _kind_of_number(is_complex: bool) -> Callable[..., Operand | None]:
    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        dtype = dtype_of(unliteral(operand_type(args[0])))
        return None if dtype is None else Const((dtype.kind == "c") is is_complex)

    return handler


def _contains(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    owner, key = map(operand_type, args)
    if isinstance(owner, DictOf) and isinstance(key, Literal):
        return Const(owner.get(key.value) is not None)
    return None


def _set_item(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`c[k] = v` for a list or dict that is made here and known by one name: a new one, with that item."""
    owner, index, value = args
    t, key = operand_type(owner), operand_type(index)
    if isinstance(t, ListOf) and isinstance(key, Literal) and isinstance(key.value, int):
        parts = iterable_parts(spec, owner)
        if parts is not None and -len(parts) <= key.value < len(parts):
            parts[key.value] = value
            return _make_list(spec, parts, [], site)
    if isinstance(t, DictOf) and isinstance(key, Literal):
        items = dict_parts(spec, owner, site)
        if items is not None:
            merged = dict(items) | {key.value: value}
            return _make_dict(spec, [o for k, v in merged.items() for o in (Const(k), v)], [], site)
    return spec.emit(Const(set_item), list(args), [], site, UNKNOWN)


def _partial(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    function, *first = map(operand_type, args)
    fields = (
        ("func", function), ("args", TupleOf(tuple(first))),
        ("keywords", DictOf(tuple((k, operand_type(o)) for k, o in kwargs))),
    )  # fmt: skip
    return spec.emit(
        Const(functools.partial), list(args), kwargs, site, Instance(functools.partial, fields)
    )


def _dict(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    parts = [] if not args else dict_parts(spec, args[0], site)
    if parts is None or any(k is None for k, _ in kwargs):
        return None
    merged = dict(parts) | dict(kwargs)
    return _make_dict(spec, [o for k, v in merged.items() for o in (Const(k), v)], [], site)


def _or(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    if all(isinstance(operand_type(a), DictOf) for a in args):
        return _merge_dicts(spec, args, kwargs, site)
    return None


def _replace(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`dataclasses.replace(obj, …)`: the class called with the fields that are kept."""
    kind = operand_type(args[0])
    if not isinstance(kind, Instance) or not dataclasses.is_dataclass(kind.cls):
        return None
    changed = dict(kwargs)
    fields: Keywords = []
    for f in dataclasses.fields(kind.cls):
        if f.init:
            fields.append(
                (f.name, changed.get(f.name) or load_attribute(spec, args[0], f.name, site))
            )
    return calls.call(spec, Const(kind.cls), [], fields, site)


AUGMENTED = {
    getattr(operator, "i" + n.strip("_")): getattr(operator, n)
    for n in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor",
              "lshift", "rshift")
}  # fmt: skip
HANDLERS: dict[Any, Callable[..., Operand | None]] = {
    getattr: _getattr, call_method: _call_method, operator.getitem: _getitem,
    make_tuple: _make_tuple, make_list: _make_list, make_dict: _make_dict, merge_dicts: _merge_dicts,
    tuple: _sequence(tuple), list: _sequence(list), unpack_sequence: _unpack,
    isinstance: _isinstance, operator.is_: _is, operator.is_not: _is_not, len: _len,
    np.shape: _shape, np.ndim: _ndim, np.size: _size, type: _type, callable: _callable,
    hasattr: _hasattr, range: _iterator(range, range), zip: _iterator(zip, zip),
    enumerate: _iterator(enumerate, enumerate), reversed: _iterator(reversed, reversed),
    super_method: _super, initialise: _initialise, set_attribute: _set_attribute,
    check_bound: _check_bound, import_module: _import, flatten: _flatten,
    np.isrealobj: _kind_of_number(False), np.iscomplexobj: _kind_of_number(True),
    set_item: _set_item, dict: _dict, operator.or_: _or, dataclasses.replace: _replace,
    operator.contains: _contains, functools.partial: _partial,
    operator.add: _sequence_sum, operator.mul: _sequence_product,
    **{i: _augmented(i, plain) for i, plain in AUGMENTED.items()},
}  # fmt: skip
