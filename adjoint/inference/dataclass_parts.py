"""`dataclasses.asdict` and `astuple` of objects whose fields are known: what they give, part by part."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint.inference import attributes, calls
from adjoint.inference.containers import built_dict, built_list, built_tuple
from adjoint.inference.items import dict_parts, iterable_parts
from adjoint.inference.sites import Keywords, Site
from adjoint.ir.nodes import Const, Operand
from adjoint.ir.types import Array, DictOf, Instance, ListOf, Literal, Scalar, TupleOf
from adjoint.rules.signatures import operand_type

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

PLAIN = (int, float, complex, str, bytes, type(None))


class Late(Exception):
    """What a part is, is known only when the program runs."""


def whole(default: type, keyword: str) -> Callable[..., Operand | None]:
    """What handles `asdict` or `astuple`; of None the object is taken apart when the program runs."""

    def handler(
        spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
    ) -> Operand | None:
        kind = operand_type(args[0]) if len(args) == 1 else None
        if not isinstance(kind, Instance) or not dataclasses.is_dataclass(kind.cls):
            return None
        if [k for k, _ in kwargs] not in ([], [keyword]):
            return None
        factory = kwargs[0][1] if kwargs else Const(default)
        try:
            return part(spec, args[0], factory, default, site)
        except Late:
            return None

    return handler


def part(spec: Specialiser, value: Operand, factory: Operand, default: type, site: Site) -> Operand:
    kind = operand_type(value)

    def parts(items: list[Operand] | None) -> list[Any]:
        if items is None:
            raise Late
        return [part(spec, item, factory, default, site) for item in items]

    if isinstance(kind, Instance) and dataclasses.is_dataclass(kind.cls):
        names = [f.name for f in dataclasses.fields(kind.cls)]
        found = parts([attributes.load_attribute(spec, value, n, site) for n in names])
        given = getattr(operand_type(factory), "value", None)
        if default is dict and given is dict:
            return built_dict(spec, [o for p in zip(map(Const, names), found) for o in p], [], site)  # type: ignore[return-value]
        if default is tuple and given is tuple:
            return built_tuple(spec, found, [], site)  # type: ignore[return-value]
        rows: list[Any] = found
        if default is dict:
            rows = [built_tuple(spec, [Const(n), v], [], site) for n, v in zip(names, found)]
        items: Any = built_list(spec, rows, [], site)
        return calls.call(spec, factory, [items], [], site)
    if isinstance(kind, TupleOf):
        found = parts(iterable_parts(spec, value))
        if kind.cls is not tuple:
            return calls.call(spec, Const(kind.cls), found, [], site)
        return built_tuple(spec, found, [], site)  # type: ignore[return-value]
    if isinstance(kind, ListOf) and kind.items is not None:
        return built_list(spec, parts(iterable_parts(spec, value)), [], site)  # type: ignore[return-value]
    if isinstance(kind, ListOf) and isinstance(kind.element, Scalar):
        return calls.call(spec, Const(list), [value], [], site)
    if isinstance(kind, DictOf):
        pairs = dict_parts(spec, value, site)
        if pairs is None:
            raise Late
        found = parts([v for _, v in pairs])
        keys = [Const(k) for k, _ in pairs]
        return built_dict(spec, [o for p in zip(keys, found) for o in p], [], site)  # type: ignore[return-value]
    if isinstance(kind, Array):
        return calls.call(spec, Const(np.ndarray.copy), [value], [], site)
    if isinstance(kind, Scalar) or isinstance(kind, Literal) and isinstance(kind.value, PLAIN):
        return value
    raise Late
