"""Attributes that change: what is written to them, and what reading them gives.

Which attributes a program changes is learned on the way: a write that says something new of an
attribute's type begins inference again. Two objects of one class are not told apart.
"""

from __future__ import annotations

import operator
import types
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adjoint import slots
from adjoint.errors import UnsupportedSyntaxError
from adjoint.inference import calls, changing, classes, functions, objects, stores
from adjoint.inference.sites import Keywords, Restart, Root, Site
from adjoint.ir.nodes import Call, Const, Operand, Value
from adjoint.ir.types import (
    BOTTOM,
    UNKNOWN,
    Array,
    ClassOf,
    DequeOf,
    Instance,
    ListOf,
    Literal,
    OpenDict,
    Scalar,
    TupleOf,
    Type,
    Unknown,
    is_plural,
    join,
    literal,
    unliteral,
)
from adjoint.ir.values import PLURAL, cell_type
from adjoint.rules.effects import is_pure
from adjoint.rules.memory import LOADS
from adjoint.rules.signatures import operand_type
from adjoint.rules.structural import has_setter
from adjoint.runtime import share
from adjoint.shadows import ITEMS, SHARED

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

STORES = (slots.store_attribute, slots.store_cell, slots.store_global)
MOST = 6  # types that one attribute takes in turn, until nothing is said of it any more


def changed_field(spec: Specialiser, kind: Type, name: str) -> Type | None:
    """What is written to an attribute of objects of this type; None if it does not change."""
    if isinstance(kind, Unknown):
        return UNKNOWN if any(n == name for _, n in spec.fields) else None
    cls = kind.cls if isinstance(kind, Instance) else None
    found = [spec.fields[key] for key in ((cls, name), (None, name)) if key in spec.fields]
    if not found or cls is None:
        return None
    return found[0] if len(found) == 1 else UNKNOWN


def load(spec: Specialiser, owner: Operand, name: str, written: Type, site: Site) -> Operand:
    """`owner.name`, of an attribute that changes."""
    stored = stored_before(spec, owner, name)
    if stored is not None:
        return stored
    kind = operand_type(owner)
    first = kind.get(name) if isinstance(kind, Instance) else UNKNOWN
    result = written if first is None else join(lasting(first), written)
    cls = kind.cls if isinstance(kind, Instance) else None
    result = changing.opened(spec, result, ("attribute", cls, name))
    return spec.emit(Const(slots.load_attribute), [owner, Const(name)], [], site, result)


def load_again(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """The same in a reverse half, which is inferred anew inside another derivative."""
    owner, name = args
    assert isinstance(name, Const)
    written = changed_field(spec, operand_type(owner), name.value)
    return None if written is None else load(spec, owner, name.value, written, site)


def stored_before(spec: Specialiser, owner: Operand, name: str) -> Operand | None:
    """What was just written there, if nothing in between may have written there too."""
    for s in reversed(spec.out):
        if not isinstance(s, Call) or not isinstance(s.callee, Const):
            return None
        stores = s.callee.value in STORES
        if stores and s.args[1].value == name:  # type: ignore[union-attr]
            return s.args[2] if s.args[0] is owner else None  # type: ignore[return-value]
        harmless = stores or s.callee.value in LOADS
        if not harmless and not is_pure(s.callee.value):
            return None
    return None


def store(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand:
    """`owner.name = value`"""
    owner, name, value = args
    kind = operand_type(owner)
    assert isinstance(name, Const)
    if isinstance(kind, Instance):
        setter = objects.class_attribute(kind.cls, name.value)
        if isinstance(setter, property) and isinstance(setter.fset, types.FunctionType):
            calls.call(spec, Const(setter.fset), [owner, value], [], site)
            return Const(None)
        descriptor = getattr(type(setter), "__set__", None)
        if isinstance(descriptor, types.FunctionType):
            calls.call(spec, Const(descriptor), [Const(setter), owner, value], [], site)
            return Const(None)
        own = kind.cls.__setattr__
        if isinstance(own, types.FunctionType):
            calls.call(spec, Const(own), [owner, name, value], [], site)
            return Const(None)
    if isinstance(kind, ClassOf):
        classes.leave_to_run_time(spec, kind)
        raise UnsupportedSyntaxError(
            "an attribute of a class is assigned whose methods capture a value that may have a derivative",
            site.origin,
            "Keep it in an attribute of an object.",
        )
    if isinstance(kind, Literal):
        learn(spec, (id(kind.value), name.value), UNKNOWN)
        spec.emit(Const(setattr), list(args), [], site, Literal(None, None))
        return Const(None)
    if isinstance(kind, Array) and name.value == "flat":
        return stores.store_flat(spec, owner, Const(slice(None)), value, site) or Const(None)
    if isinstance(kind, Array) and kind.dtype.kind == "c" and name.value in ("real", "imag"):
        part = calls.call(spec, Const(getattr), [owner, name], [], site)
        calls.call(spec, Const(operator.setitem), [part, Const(...), value], [], site)
        return Const(None)
    check_owner(kind, name.value, site)
    note(spec, kind, name.value, operand_type(value))
    spec.emit(Const(slots.store_attribute), list(args), [], site, Literal(None, None))
    return Const(None)


def delete(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand:
    """`del owner.name`"""
    owner, name = args
    assert isinstance(name, Const)
    kind = operand_type(owner)
    found = objects.class_attribute(kind.cls, name.value) if isinstance(kind, Instance) else None
    if isinstance(found, property) and isinstance(found.fdel, types.FunctionType):
        calls.call(spec, Const(found.fdel), [owner], [], site)
        return Const(None)
    descriptor = getattr(type(found), "__delete__", None)
    if isinstance(descriptor, types.FunctionType):
        calls.call(spec, Const(descriptor), [Const(found), owner], [], site)
        return Const(None)
    check_owner(kind, name.value, site)
    note(spec, kind, name.value, BOTTOM)
    spec.emit(Const(slots.delete_attribute), list(args), [], site, Literal(None, None))
    return Const(None)


def set_attribute_by_name(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`setattr(owner, "name", value)`, `object.__setattr__(owner, "name", value)`"""
    if len(args) != 3 or kwargs:
        return None
    owner, name, value = args
    kind = operand_type(name)
    if not isinstance(kind, Literal) or not isinstance(kind.value, str):
        return None
    return store(spec, [owner, Const(kind.value), value], [], site)


def store_plainly(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`object.__setattr__(owner, "name", value)`"""
    if len(args) != 3 or kwargs:
        return None
    owner, name, value = args
    kind = operand_type(name)
    if not isinstance(kind, Literal) or not isinstance(kind.value, str):
        return None
    cls = getattr(operand_type(owner), "cls", None)
    if cls is None or not isinstance(objects.class_attribute(cls, kind.value), property):
        note(spec, operand_type(owner), kind.value, operand_type(value))
    else:
        check_owner(operand_type(owner), kind.value, site)
    call = [owner, Const(kind.value), value]
    spec.emit(Const(slots.store_plainly), list(call), [], site, Literal(None, None))
    return Const(None)


def check_owner(kind: Type, name: str, site: Site) -> None:
    """Refuse what is not the attribute of one object."""
    if isinstance(kind, Instance) and not has_setter(kind.cls, name) or isinstance(kind, Unknown):
        return
    of = "a class or module" if isinstance(kind, Literal) else "this kind of object"
    raise UnsupportedSyntaxError(
        f"writes to attributes of {of} are not supported",
        site.origin,
        "Keep it in an attribute of an object that is passed in.",
    )


def note(spec: Specialiser, owner: Type, name: str, written: Type) -> None:
    """An attribute changes."""
    learn(spec, (owner.cls if isinstance(owner, Instance) else None, name), written)


def learn(spec: Specialiser, key: tuple[Any, str], written: Type) -> None:
    """A value of this type is written somewhere; if this was not known, inference begins again."""
    if spec.shared.how is share:  # of any object, and by whoever is called
        key = (None, key[1]) if isinstance(key[0], type) else key
        written = UNKNOWN
    before = spec.fields.get(key)
    kind = join(BOTTOM if before is None else before, lasting(written))
    if before is not None and kind == before:
        return
    spec.changes[key] = spec.changes.get(key, 0) + 1
    spec.fields[key] = UNKNOWN if spec.changes[key] > MOST else kind
    raise Restart


def given_fields(names: tuple[str, ...]) -> dict[tuple[Any, str], Type]:
    """What a caller changes, of whom nothing is known but the names: see `Memory.names`."""
    attributes: list[tuple[Any, str]] = [
        ("cell", name.removeprefix(SHARED)) if name.startswith(SHARED) else (None, name)
        for name in names
        if name != ITEMS
    ]
    return dict.fromkeys(attributes, UNKNOWN)


def lasting(kind: Type) -> Type:
    """A type as it is at any time: lengths that a program has names for may differ by then."""
    kind = unliteral(kind)
    if isinstance(kind, Literal) and type(kind.value) is tuple:
        kind = TupleOf(tuple([literal(item) for item in kind.value]))
    if isinstance(kind, Scalar):
        return Scalar(kind.cls)
    if isinstance(kind, Array):
        axes = tuple(
            a if isinstance(a, int) else PLURAL if is_plural(a) else None for a in kind.axes
        )
        return Array(kind.dtype, axes)
    if isinstance(kind, TupleOf):
        return TupleOf(tuple(map(lasting, kind.items)), kind.cls)
    if isinstance(kind, OpenDict):
        items = tuple([(key, lasting(t)) for key, t in kind.items])
        return replace(kind, items=items, rest=lasting(kind.rest))
    if isinstance(kind, DequeOf):
        return DequeOf(None, lasting(kind.element))
    if isinstance(kind, ListOf):
        if kind.items is None:
            return ListOf(None, lasting(kind.element))
        return ListOf(tuple(map(lasting, kind.items)))
    return kind


# -- variables that functions share ------------------------------------------------------------------


def bound_cell(spec: Specialiser, name: str, capture: Any) -> Operand:
    """What keeps a captured variable that is assigned."""
    if isinstance(capture, Root):
        root = Root("constant", capture.owner, name)
        if root not in spec.roots:
            kind = Instance(
                types.CellType, (("cell_contents", cell_type(capture.owner.value, ())),)
            )
            spec.roots[root] = Value(name, kind)
        return spec.roots[root]
    if isinstance(capture, functions.LateCapture):
        site = Site(None, name)
        return cell_of(spec, [capture.function, Const(name)], [], site)
    return capture


def make_cell(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand:
    return spec.emit(Const(slots.make_cell), [], [], site, Instance(types.CellType, ()))


def cell_of(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand:
    function, name = args
    assert isinstance(name, Const)
    kind = operand_type(function)
    content = next((t for n, t in getattr(kind, "captures", ()) if n == name.value), UNKNOWN)
    cell = Instance(types.CellType, (("cell_contents", content),))
    return spec.emit(Const(slots.cell_of), list(args), [], site, cell)


def load_variable(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand:
    """A variable that is kept in a cell, or in a module."""
    owner, name = args
    assert isinstance(name, Const)
    stored = stored_before(spec, owner, name.value)
    if stored is not None:
        return stored
    kind = operand_type(owner)
    inside = isinstance(kind, Instance)
    first = kind.get("cell_contents") if isinstance(kind, Instance) else UNKNOWN
    written = spec.fields.get((variable_of(owner), name.value), BOTTOM)
    result = written if first is None else join(lasting(first), written)
    if result is BOTTOM:
        result = UNKNOWN
    function = slots.load_cell if inside else slots.load_global
    result = changing.opened(spec, result, ("variable", name.value))
    site = Site(site.origin, name.value)
    return spec.emit(Const(function), list(args), [], site, result)


def store_variable(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand:
    owner, name, value = args
    assert isinstance(name, Const)
    inside = isinstance(operand_type(owner), Instance)
    learn(spec, (variable_of(owner), name.value), operand_type(value))
    function = slots.store_cell if inside else slots.store_global
    spec.emit(Const(function), list(args), [], site, Literal(None, None))
    return Const(None)


def variable_of(owner: Operand) -> str:
    return "cell" if isinstance(operand_type(owner), Instance) else "module"


def check_unchanged(spec: Specialiser, root: Root) -> None:
    """Refuse to read, once and for all, a variable that the program assigns as it runs."""
    kind = {"global": "module", "capture": "cell"}.get(root.kind)
    if kind is not None and (kind, root.name) in spec.fields:
        word = "global" if kind == "module" else "nonlocal"
        raise UnsupportedSyntaxError(
            f"'{root.name}' is assigned by one function and read by another",
            hint=f"Declare it `{word} {root.name}` in both.",
        )
