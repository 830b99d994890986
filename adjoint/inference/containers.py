"""Calls that make, join and unpack tuples, lists and dicts whose items are known."""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import contents
from adjoint.inference import calls, changing, iterators, objects
from adjoint.inference.items import dict_parts, iterable_parts, tuple_of
from adjoint.inference.questions import METADATA, element_type
from adjoint.inference.sites import Keywords, Site
from adjoint.ir.nodes import Const, Operand, Value
from adjoint.ir.types import (
    BOTTOM,
    UNKNOWN,
    Array,
    DequeOf,
    DictOf,
    FunctionOf,
    Instance,
    IteratorOf,
    ListOf,
    Literal,
    Opaque,
    OpenDict,
    Scalar,
    TupleOf,
    Type,
    Unknown,
    element_of,
    is_number,
    join,
    literal,
    unliteral,
)
from adjoint.rules.copies import copied_whole, own_copy
from adjoint.rules.iteration import sorted_positions
from adjoint.rules.mapping import indices_of
from adjoint.rules.signatures import operand_type
from adjoint.rules.writes import SET_CHANGES
from adjoint.runtime import (
    flatten,
    iterated,
    make_dict,
    make_list,
    make_tuple,
    unpack_sequence,
)

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser


def built_tuple(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    if all(isinstance(a, Const) and isinstance(a.value, METADATA) for a in args):
        return Const(tuple(a.value for a in args))  # type: ignore[union-attr]
    return spec.emit(
        Const(make_tuple), list(args), [], site, TupleOf(tuple(map(operand_type, args)))
    )


def built_list(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    kind = changing.opened(
        spec, ListOf(tuple(unliteral(operand_type(a)) for a in args)), site.origin
    )
    return spec.emit(Const(make_list), list(args), [], site, kind)


def built_dict(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    if not all(isinstance(a, Const) for a in args[::2]):
        return spec.emit(Const(make_dict), list(args), [], site, UNKNOWN)
    items = {
        k.value: unliteral(operand_type(v))  # pyright: ignore
        for k, v in zip(args[::2], args[1::2], strict=True)
    }
    kind = changing.opened(spec, DictOf(tuple(items.items())), site.origin)
    return spec.emit(Const(make_dict), list(args), [], site, kind)


@functools.lru_cache(256)  # what is called twice is one function
def function_of(kind: Type) -> Any:
    """The callable of a type that tells it whole; None for any other."""
    if isinstance(kind, Literal) and callable(kind.value):
        return kind.value
    if not isinstance(kind, FunctionOf) or kind.captures or kind.defaults:
        return None
    code = getattr(kind.code.value, "code", kind.code.value)
    return (
        types.FunctionType(code, kind.globals.value) if isinstance(code, types.CodeType) else None
    )


def default_dict(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`collections.defaultdict(factory)`, of a class or a function that refers to nothing around it"""
    factory = function_of(operand_type(args[0])) if len(args) == 1 and not kwargs else None
    if factory is None:
        return None
    fresh = OpenDict(collections.defaultdict, (), BOTTOM, factory)
    kind = join(fresh, spec.elements.get(site.origin, BOTTOM))
    return spec.emit(Const(contents.default_dict), list(args), [], site, kind)


def ordered_dict(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`collections.OrderedDict(pairs)`"""
    fresh = OpenDict(collections.OrderedDict, (), BOTTOM)
    kind = join(fresh, spec.elements.get(site.origin, BOTTOM))
    kind = kind if isinstance(kind, OpenDict) else Opaque(collections.OrderedDict)
    made = spec.emit(Const(collections.OrderedDict), [], [], site, kind)
    if args or kwargs:
        changing.method(spec, made, "update", args, kwargs, Site(site.origin))
    return made


def made_deque(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`collections.deque(iterable, maxlen)`"""
    given = dict(zip(("iterable", "maxlen"), args, strict=False)) | dict(kwargs)
    if len(given) != len(args) + len(kwargs) or set(given) - {"iterable", "maxlen"}:
        return None
    items, most = given.get("iterable"), given.get("maxlen", Const(None))
    if items is None:
        items = Const(())
    elif not isinstance(operand_type(items), ListOf):
        items = calls.call(spec, Const(list), [items], [], Site(site.origin))
    element = unliteral(element_type(operand_type(items)))
    if element is BOTTOM and site.origin not in spec.changed:
        element = UNKNOWN
    kind = DequeOf(None, element)
    if site.origin not in spec.changed:
        return spec.emit(Const(collections.deque), [items, most], [], site, kind)
    made = spec.emit(Const(collections.deque), [Const(()), most], [], site, kind)
    if isinstance(items, Value):
        changing.method(spec, made, "extend", [items], [], Site(site.origin))
    return made


def merged_dicts(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    parts = [dict_parts(spec, a, site) for a in args]
    if any(p is None for p in parts):
        return None
    merged = {k: v for p in parts for k, v in p}  # type: ignore[union-attr]
    return built_dict(spec, [o for k, v in merged.items() for o in (Const(k), v)], [], site)


def sequence(build: Callable[..., Any]) -> Callable[..., Operand | None]:
    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        if kwargs or len(args) > 1:
            return None
        make = built_tuple if build is tuple else built_list
        if not args:
            return make(spec, [], [], site)
        t = operand_type(args[0])
        parts = iterable_parts(spec, args[0])
        if parts is not None and not (isinstance(t, Literal) and isinstance(t.value, range)):
            return make(spec, parts, [], site)
        if build is list and isinstance(t, Array | ListOf | IteratorOf):
            kind = changing.opened(spec, ListOf(None, unliteral(element_type(t))), site.origin)
            return spec.emit(Const(list), list(args), [], site, kind)
        return spec.emit(Const(build), list(args), [], site, UNKNOWN)

    return handler


def unpack(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    args = [objects.own_iterator(spec, args[0], site), *args[1:]]
    parts = iterable_parts(spec, args[0])
    numbers = [a.value for a in args[1:]]  # type: ignore[union-attr]
    if parts is not None:
        if len(numbers) == 1 and len(parts) == numbers[0]:
            return tuple_of(spec, parts, site)
        if len(numbers) == 2 and len(parts) >= sum(numbers):
            before, end = numbers[0], len(parts) - numbers[1]
            middle = built_list(spec, parts[before:end], [], site)
            return tuple_of(spec, [*parts[:before], middle, *parts[end:]], site)  # type: ignore[list-item]
        return None
    t = operand_type(args[0])
    if len(numbers) == 1 and isinstance(t, Array) and t.ndim or isinstance(t, ListOf):
        element = unliteral(element_of(t))
        kinds: tuple[Type, ...] = (element,) * numbers[0]
        if len(numbers) == 2:
            kinds = (*kinds, ListOf(None, element), *(element,) * numbers[1])
        return spec.emit(Const(unpack_sequence), list(args), [], site, TupleOf(kinds))
    return spec.emit(Const(unpack_sequence), list(args), [], site, UNKNOWN)


def iterator_of(function: Any, cls: type) -> Callable[..., Operand | None]:
    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        if function is enumerate and not args:  # enumerate(iterable=xs)
            args = [o for name, o in kwargs if name == "iterable"]
            kwargs = [(name, o) for name, o in kwargs if name != "iterable"]
        if not args and function is not zip:
            return None  # Python says what is missing
        if function is not range and iterators.others_take(spec, function, site):
            return spec.emit(Const(function), list(args), kwargs, site, UNKNOWN)
        if function in (zip, enumerate):
            args = [
                own_view(spec, a, site) for a in args[: 1 if function is enumerate else None]
            ] + (args[1:] if function is enumerate else [])
        kinds = [unliteral(element_type(operand_type(a))) for a in args]
        if function is range:
            element: Type = Scalar(int)
        elif function is zip:
            element = TupleOf(tuple(kinds))
        elif function is enumerate:
            element = TupleOf((Scalar(int), kinds[0]))
        else:
            element = kinds[0]
        made = spec.emit(Const(function), list(args), kwargs, site, IteratorOf(cls, element))
        return made if function is range else iterators.note(spec, function, made, site)

    return handler


def own_view(spec: Specialiser, iterable: Operand, site: Site) -> Operand:
    """An iterable of unknown type may be an iterator of which others take items too."""
    if not isinstance(operand_type(iterable), Unknown):
        return iterable
    return spec.emit(Const(iterated), [iterable], [], site, UNKNOWN)


def flattened(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    parts = iterable_parts(spec, args[0])
    if parts is not None:
        inner = [iterable_parts(spec, p) for p in parts]
        if all(p is not None for p in inner):
            return built_list(spec, [o for p in inner for o in p], [], site)  # type: ignore[union-attr]
    t = operand_type(args[0])
    element = unliteral(element_type(element_type(t))) if isinstance(t, ListOf) else UNKNOWN
    return spec.emit(Const(flatten), list(args), [], site, ListOf(None, element))


def sequence_sum(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`+` of two tuples or two lists whose items are known."""
    a, b = map(operand_type, args)
    for cls, make in ((TupleOf, built_tuple), (ListOf, built_list)):
        if (
            isinstance(a, cls)
            and isinstance(b, cls)
            and a.items is not None
            and b.items is not None
        ):
            parts = [iterable_parts(spec, x) for x in args]
            return make(spec, [*parts[0], *parts[1]], [], site)  # type: ignore[misc]
    return None


def sequence_product(
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
            make = built_tuple if isinstance(t, TupleOf) else built_list
            return make(spec, (iterable_parts(spec, a) or []) * count.value, [], site)
    if isinstance(count, ListOf):
        a, b, t, count = b, a, count, t
    whole = unliteral(count)
    if isinstance(t, ListOf) and t.items is not None and len(t.items) == 1:
        if isinstance(whole, Scalar) and issubclass(whole.cls, int | np.integer):
            parts = iterable_parts(spec, a)
            if parts is not None:
                return calls.call(spec, Const(repeated), [parts[0], b], [], site)
    return None


def repeated(item, count):
    """`[item] * count`"""
    return [item for _ in range(count)]


def contains(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    owner, key = map(operand_type, args)
    if isinstance(owner, DictOf) and isinstance(key, Literal):
        return Const(owner.get(key.value) is not None)
    return None


def with_item(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`c[k] = v` for a list or dict that is made here and known by one name: a new one, with that item."""
    owner, index, value = args
    t, key = operand_type(owner), operand_type(index)
    if isinstance(t, ListOf) and isinstance(key, Literal) and isinstance(key.value, int):
        parts = iterable_parts(spec, owner)
        if parts is not None and -len(parts) <= key.value < len(parts):
            parts[key.value] = value
            return built_list(spec, parts, [], site)
    if isinstance(t, DictOf) and isinstance(key, Literal):
        items = dict_parts(spec, owner, site)
        if items is not None:
            merged = dict(items) | {key.value: value}
            return built_dict(spec, [o for k, v in merged.items() for o in (Const(k), v)], [], site)
    changing.store_item(spec, args, [], site)
    return owner


def dict_of(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    parts = [] if not args else dict_parts(spec, args[0], site)
    if parts is None or any(k is None for k, _ in kwargs):
        return None
    merged = dict(parts) | dict(kwargs)
    return built_dict(spec, [o for k, v in merged.items() for o in (Const(k), v)], [], site)


def union(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    if all(isinstance(operand_type(a), DictOf) for a in args):
        return merged_dicts(spec, args, kwargs, site)
    return None


# -- indices, positions, sets ------------------------------------------------------------------------


def ndindex(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    """A list of the indices, where a loop goes through them at once."""
    if site.named or not args or kwargs:
        return None
    alone = len(args) == 1 and not is_number(unliteral(operand_type(args[0])))
    shape = args[0] if alone else calls.call(spec, Const(make_tuple), list(args), [], site)
    return calls.call(spec, Const(indices_of), [shape], [], site)


def indices(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand | None:
    parts = iterable_parts(spec, args[0])
    if parts is None:
        return None
    kind = ListOf(None, TupleOf((Scalar(int),) * len(parts)))
    return spec.emit(Const(indices_of), list(args), [], site, kind)


def empty_set(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    return None if args else spec.emit(Const(set), [], [], site, Opaque(set))


def positions(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """A list of positions."""
    return spec.emit(Const(sorted_positions), list(args), kwargs, site, ListOf(None, Scalar(int)))


def own_copy_of(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """What a class says of copies of its objects, where the class is known."""
    cls, name = map(operand_type, args)
    if not isinstance(cls, Literal) or not isinstance(name, Literal):
        return None
    if isinstance(cls.value, type) and cls.value.__module__ != "builtins":
        objects.guard_member(spec, cls.value, name.value)
    return Const(own_copy(cls.value, name.value))


def whole_copy(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`copy.deepcopy` of an object is of its class, and so are its parts."""
    kind = operand_type(args[0])
    if not isinstance(kind, Instance):
        return None
    return spec.emit(Const(copied_whole), list(args), [], site, kind)


def changed_set(
    spec: Specialiser, owner: Operand, name: str, args: list[Operand], site: Site
) -> bool:
    """Write `owner.name(number)`, which changes a set, if it is that."""
    change = getattr(set, name, None)
    known = all(isinstance(operand_type(o), Scalar | Literal) for o in args)
    if change not in SET_CHANGES or not known:
        return False
    spec.emit(Const(change, name), [owner, *args], [], site, literal(None))
    return True
