"""Lists and dicts that change, while inferring: the methods that change them, the types of their items.

A list is known by where it comes from: the statement that makes it, an attribute, an argument. That it
changes, and what is put into it, is learned on the way; then inference begins again, and whatever
comes from there is a list of unknown length.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable
from inspect import CO_GENERATOR
from typing import TYPE_CHECKING, Any

from adjoint import contents, slots
from adjoint.inference import calls, state
from adjoint.inference.items import item
from adjoint.inference.sites import Keywords, Late, Restart, Site
from adjoint.ir.coarse import coarse
from adjoint.ir.nodes import Call, Const, If, Loop, Operand, Try, Value, blocks_of, operands_of
from adjoint.ir.types import (
    BOTTOM,
    UNKNOWN,
    Array,
    DequeOf,
    DictOf,
    FunctionOf,
    ListOf,
    Literal,
    Opaque,
    OpenDict,
    Scalar,
    TupleOf,
    Type,
    element_of,
    is_open_dict,
    join,
    unliteral,
)
from adjoint.rules.refusals import in_the_middle
from adjoint.rules.signatures import operand_type
from adjoint.rules.slicing import AXES_SPLIT
from adjoint.runtime import make_dict, make_list, share

if TYPE_CHECKING:
    from adjoint.inference.infer import Specialiser

NONE = Literal(None, None)
MAKERS = (make_list, make_dict, list, dict, sorted, deque, *AXES_SPLIT)


# -- where containers come from ----------------------------------------------------------------------


def keys_of(spec: Specialiser, owner: Operand, seen: set[Any] | None = None) -> set[Any]:
    """Where a list or dict may come from."""
    seen = set() if seen is None else seen
    if owner in seen or not isinstance(owner, Value):
        return set()
    seen.add(owner)
    made = spec.definitions.get(owner)
    if isinstance(made, Call) and isinstance(made.callee, Const):
        function = made.callee.value
        if function in (getattr, slots.load_attribute) and isinstance(made.args[1], Const):
            cls = getattr(operand_type(made.args[0]), "cls", None)  # type: ignore[arg-type]
            return {("attribute", cls, made.args[1].value)}
        if function is slots.load_cell:
            return {("variable", made.args[1].value)}  # type: ignore[union-attr]
        if function is operator.getitem:
            return {("item", key) for key in keys_of(spec, made.args[0], seen)}  # type: ignore[arg-type]
        return {made.origin} if made.origin is not None else set()
    if isinstance(made, If | Try):
        i = made.targets.index(owner)
        return {k for b in blocks_of(made) for k in keys_of(spec, b.results[i], seen)}
    if isinstance(made, Loop):
        if owner in made.targets:
            i = made.targets.index(owner)
            operands = [made.inits[i], made.body.results[i]]
            return {k for o in operands for k in keys_of(spec, o, seen)}
        return {made.origin}
    if owner in spec.carried:
        return keys_of(spec, spec.carried[owner], seen)
    root = next((root for root, value in spec.roots.items() if value is owner), None)
    if root is not None:
        return {root}
    return {owner.name} if owner in spec.parameters else set()


def note(spec: Specialiser, owner: Operand, written: Type) -> None:
    """A list or dict changes, by a value of this type; if this was not known, inference begins again."""
    learned = [learn(spec, key, written) for key in keys_of(spec, owner)]
    if any(learned):
        raise Restart


def learn(spec: Specialiser, key: Any, written: Type) -> bool:
    """A value of this type is put into what comes from there. Was that not known?"""
    before = spec.elements.get(key)
    kind = join(BOTTOM if before is None else before, state.lasting(written))
    if before is not None and kind == before:
        return False
    spec.changes[key] = spec.changes.get(key, 0) + 1
    spec.elements[key] = UNKNOWN if spec.changes[key] > state.MOST else kind
    spec.changed.add(key)
    return True


def opened(spec: Specialiser, kind: Type, key: Any) -> Type:
    """The type of a container that comes from there, if it changes."""
    if (
        spec.shared.how is share
    ):  # whoever is called may change it, in ways of which nothing is known
        return coarse(kind)
    if key not in spec.changed:
        return kind
    if isinstance(kind, DequeOf):
        return DequeOf(None, join(state.lasting(kind.element), spec.elements.get(key, BOTTOM)))
    if isinstance(kind, ListOf):
        element = state.lasting(unliteral(element_of(kind)))
        return ListOf(None, join(element, spec.elements.get(key, UNKNOWN)))
    if not isinstance(kind, DictOf):
        return kind
    whole = join(state.lasting(opened_dict(kind)), spec.elements.get(key, UNKNOWN))
    return whole if isinstance(whole, OpenDict) else Opaque(dict)


def opened_dict(kind: Type) -> Type:
    """The type of a dict as that of one that changes."""
    if isinstance(kind, DictOf):
        return OpenDict(dict, tuple([(k, unliteral(t)) for k, t in kind.items]))
    return kind if isinstance(kind, OpenDict) else UNKNOWN


# -- what changes them -------------------------------------------------------------------------------


def is_container(kind: Type) -> bool:
    return isinstance(kind, ListOf) or is_dict(kind)


def is_dict(kind: Type) -> bool:
    return isinstance(kind, DictOf) or is_open_dict(kind)


def is_list(kind: Type) -> bool:
    return isinstance(kind, ListOf)


def method(
    spec: Specialiser, owner: Operand, name: str, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand:
    """`owner.name(…)`, of a method that changes a list or dict."""
    kind = operand_type(owner)
    if name == "append" and type(kind) is ListOf and len(args) == 1 and not kwargs:
        note(spec, owner, operand_type(args[0]))
        spec.emit(Const(contents.append), [owner, *args], [], site, NONE)
        return Const(None)
    if name == "__setitem__" and len(args) == 2 and not (is_list(kind) and is_slice(spec, args[0])):
        return store_item(spec, [owner, *args], [], site)
    written: Type = BOTTOM
    if name == "extendleft" and len(args) == 1 and is_lazy(spec, args[0]):
        return calls.call(spec, Const(one_by_one_left), [owner, *args], [], Site(site.origin))
    if name in ("extend", "__iadd__") and len(args) == 1 and not kwargs and is_lazy(spec, args[0]):
        if spec.attempts and any(late.value is args[0] for late in spec.late):
            raise in_the_middle(site.origin)  # all its items come before the first is put in
        return calls.call(spec, Const(one_by_one), [owner, *args], [], Site(site.origin))
    if (
        name in ("update", "__ior__")
        and len(args) == 1
        and not kwargs
        and (is_lazy(spec, args[0]) or spec.attempts and not is_dict(operand_type(args[0])))
    ):
        return calls.call(spec, Const(pair_by_pair), [owner, *args], [], Site(site.origin))
    if name in ("append", "appendleft") and args:
        written = operand_type(args[0])
    elif name in ("extend", "extendleft", "__iadd__") and args:
        args = [calls.call(spec, Const(list), [args[0]], [], Site(site.origin))]
        written = element_of(operand_type(args[0]))
    elif name == "setdefault" and args:
        value = operand_type(args[1]) if args[1:] else NONE
        written = written_at(kind, operand_type(args[0]), value)
    elif name in ("insert", "__setitem__") and len(args) == 2:
        if name == "__setitem__":
            args = [args[0], calls.call(spec, Const(list), [args[1]], [], Site(site.origin))]
        written = operand_type(args[1])
        written = element_of(written) if name == "__setitem__" else written
    elif name in ("update", "__ior__"):
        args = [calls.call(spec, Const(dict), list(args), kwargs, Site(site.origin))]
        whole = opened_dict(operand_type(args[0]))
        kwargs, written = [], part_of(whole) if isinstance(whole, OpenDict) else whole
    note(spec, owner, written)
    element = element_of(operand_type(owner))
    if isinstance(kind, OpenDict):
        element = kind.value_at(operand_type(args[0]) if args else UNKNOWN)
        if name == "pop" and len(args) > 1:
            element = join(element, operand_type(args[1]))
    if name == "popitem":
        element = TupleOf((UNKNOWN, UNKNOWN))
    y = element if name in ("pop", "popleft", "popitem", "setdefault") else NONE
    both_kind = TupleOf((y, Opaque(contents.Change)))
    operands = [owner, Const(name), *args]
    both = spec.emit(
        Const(contents.change), list(operands), list(kwargs), Site(site.origin), both_kind
    )
    return Const(None) if y == NONE else item(spec, both, 0, site)


def is_lazy(spec: Specialiser, operand: Operand) -> bool:
    """Do its items come about one by one, by code that may read what they are put into?"""
    if any(late.value is operand for late in spec.late):
        return True
    made = spec.definitions.get(operand)  # type: ignore[arg-type]
    if not isinstance(made, Call):
        return False
    kind = operand_type(made.callee)
    if not isinstance(kind, FunctionOf) or not is_generator(kind.code.value):
        return False
    seen = [operand_type(o) for o in operands_of(made)[1:]] + [t for _, t in kind.captures]
    return spec.attempts > 0 or not all(isinstance(t, Array | Scalar | Literal) for t in seen)


def is_generator(code: Any) -> bool:
    flags = getattr(getattr(code, "code", code), "co_flags", 0)
    return bool(flags & CO_GENERATOR)


def one_by_one(items, more):
    """`items.extend(more)`"""
    for each in more:
        items.append(each)


def one_by_one_left(items, more):
    """`items.extendleft(more)`"""
    for each in more:
        items.appendleft(each)


def pair_by_pair(items, pairs):
    """`items.update(pairs)`"""
    for key, value in pairs:
        items[key] = value


def view(spec: Specialiser, owner: Operand, name: str, site: Site) -> Operand:
    """`keys`, `values`, `items` of a dict that changes, as a list."""
    kind = operand_type(owner)
    value = kind.value_at(UNKNOWN) if isinstance(kind, OpenDict) else UNKNOWN
    element: Type = UNKNOWN if name == "keys" else value
    if name == "items":
        element = TupleOf((UNKNOWN, value))
    operands = [owner, Const(name)]
    made = spec.emit(Const(contents.view), list(operands), [], site, ListOf(None, element))
    spec.late.append(Late(made, spec.out[-1:], name, site.origin, watched=True))
    return made


def written_at(owner: Type, key: Type, value: Type) -> Type:
    """The type of a value written to a list, or of a dict that it was written to."""
    if not is_dict(owner):
        return value
    if isinstance(key, Literal):
        return OpenDict(object, ((key.value, unliteral(value)),))
    return OpenDict(object, (), unliteral(value))


def part_of(kind: OpenDict) -> OpenDict:
    """What is put into a dict of some class: of no class itself."""
    return OpenDict(object, kind.items, kind.rest)


def store_item(spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site) -> Operand:
    """`owner[key] = value`, of a list or dict."""
    owner, key, value = args
    kind = operand_type(owner)
    if is_list(kind) and is_slice(spec, key):
        return method(spec, owner, "__setitem__", [key, value], [], site)
    if is_list(kind) and not isinstance(unliteral(operand_type(key)), Scalar):
        key = spec.emit(Const(contents.one_index), [key], [], Site(site.origin), Scalar(int))
    note(spec, owner, written_at(kind, operand_type(key), operand_type(value)))
    spec.emit(Const(contents.store_item), [owner, key, value], [], site, NONE)
    return Const(None)


def is_slice(spec: Specialiser, key: Operand) -> bool:
    kind, made = operand_type(key), spec.definitions.get(key)  # type: ignore[arg-type]
    known = kind.value if isinstance(kind, Literal) else None
    callee = made.callee if isinstance(made, Call) else None
    return (
        isinstance(known, slice)
        or kind == Opaque(slice)
        or isinstance(callee, Const)
        and callee.value is slice
    )


def delete_item(
    spec: Specialiser, args: list[Operand], kwargs: Keywords, site: Site
) -> Operand | None:
    """`del owner[key]`"""
    if not is_container(operand_type(args[0])):
        return None
    return method(spec, args[0], "__delitem__", args[1:], [], site)


def augmented(name: str) -> Callable[[Specialiser, list[Operand], Site], Operand]:
    """`items += more`, `items *= n`, `items |= more`: the object stays the same."""

    def handler(spec: Specialiser, args: list[Operand], site: Site) -> Operand:
        method(spec, args[0], name, args[1:], [], site)
        return args[0]

    return handler


AUGMENTED = {
    operator.iadd: augmented("__iadd__"), operator.imul: augmented("__imul__"), operator.ior: augmented("__ior__"),
}  # fmt: skip
