"""Items of values while inferring: what indexing and iteration give, where that is known."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from adjoint.inference.sites import Site
from adjoint.ir.nodes import UNDEFINED, Call, Const, Operand, Value
from adjoint.ir.types import (
    BOTTOM,
    DictOf,
    Instance,
    IteratorOf,
    ListOf,
    Literal,
    Opaque,
    OpenDict,
    Scalar,
    TupleOf,
    join,
    unliteral,
)
from adjoint.parts import parts_of
from adjoint.rules.signatures import operand_type
from adjoint.runtime import call_method, make_dict, make_list, make_tuple

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser


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
    t, site = operand_type(operand), Site()
    if isinstance(operand, Value):
        spec.parted.add(operand)
    if isinstance(t, Literal) and isinstance(t.value, tuple | list | range):
        return [Const(v) for v in t.value] if len(t.value) <= 64 else None
    if isinstance(t, TupleOf) or isinstance(t, ListOf) and t.items is not None:
        return [item(spec, operand, i, site) for i in range(len(t.items))]  # type: ignore[arg-type]
    if isinstance(t, DictOf):
        return [Const(k) for k, _ in t.items]
    made = definition(spec, operand)
    if made is not None and made.callee.value is vars and not made.kwargs:  # type: ignore[union-attr]
        return attribute_names(spec, *made.args)  # type: ignore[arg-type]
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
        return [tuple_of(spec, list(row), site) for row in zip(*columns, strict=False)]
    if function is enumerate:
        start = sources[1] if len(sources) > 1 else Const(0)
        if not isinstance(start, Const):
            return None
        return [tuple_of(spec, [Const(start.value + i), p], site) for i, p in enumerate(columns[0])]
    if function is reversed:
        return columns[0][::-1]
    return None


def attribute_names(spec: Specialiser, *owners: Operand) -> list[Operand] | None:
    """The names of an object's attributes, unless the program gives it new ones."""
    t = operand_type(owners[0]) if len(owners) == 1 else None
    if not isinstance(t, Instance) or not t.cls.__dictoffset__ or parts_of(t.cls) is not None:
        return None
    names = [name for name, _ in t.fields]
    added = any(cls in (t.cls, None) and name not in names for cls, name in spec.fields)
    return None if added else [Const(name) for name in names]


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
    return [tuple_of(spec, [Const(k), v], site) for (k, _), v in zip(t.items, values, strict=True)]


def tuple_of(spec: Specialiser, parts: list[Operand], site: Site) -> Operand:
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
    elif isinstance(t, OpenDict):
        return spec.emit(Const(operator.getitem), list(args), [], site, t.value_at(key))
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
    elif isinstance(t, DictOf):
        found = BOTTOM
        for _, value in t.items:
            found = join(found, unliteral(value))
        return spec.emit(Const(operator.getitem), list(args), [], site, found) if t.items else None
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
