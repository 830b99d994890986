"""Objects, lists and dicts that change while a program runs, and the cotangents of what they hold.

An attribute or item that is written has no cotangent of its own: its *slot* has one, by the identity
of the owner, the cotangent of what the slot holds at this point of the reverse half. A read adds to
it; `owner.name = v` reverses to taking it for `v`, which leaves the slot without one. Memory of
arrays is not here but in `shadows`: a slot's cotangent is what is left besides it.
"""

from __future__ import annotations

import builtins
from collections import deque
from inspect import getattr_static
from types import CellType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any

import numpy as np

from adjoint import tree
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.values import SCALARS, attributes
from adjoint.parts import refuse_assignment
from adjoint.shadows import ITEMS, SHARED, Shadows, apart, parts_of, shadow_of
from adjoint.tree import Held

# -- what programs do --------------------------------------------------------------------------------


def load_attribute(owner: Any, name: str) -> Any:
    """`owner.name`, of an attribute that changes."""
    return getattr(owner, name)


def store_attribute(owner: Any, name: str, value: Any) -> None:
    """`owner.name = value`"""
    setattr(owner, name, value)


def store_plainly(owner: Any, name: str, value: Any) -> None:
    """`object.__setattr__(owner, name, value)`, past a `__setattr__` of the class."""
    object.__setattr__(owner, name, value)


def delete_attribute(owner: Any, name: str) -> None:
    """`del owner.name`"""
    delattr(owner, name)


def make_cell() -> CellType:
    """What keeps a variable that an inner function assigns: `nonlocal`."""
    return CellType()


def cell_of(function: Any, name: str) -> CellType:
    """What keeps a variable that a function captured."""
    return function.__closure__[function.__code__.co_freevars.index(name)]


def load_cell(cell: CellType, name: str) -> Any:
    """A variable that is kept in a cell."""
    try:
        return cell.cell_contents
    except ValueError:
        raise UnboundLocalError(
            f"cannot access variable '{name}' where it is not associated with a value"
        ) from None


def store_cell(cell: CellType, name: str, value: Any) -> None:
    """`name = value`, of a variable that is kept in a cell."""
    cell.cell_contents = value


def load_global(namespace: dict, name: str) -> Any:
    """A global variable that the program assigns."""
    if name in namespace:
        return namespace[name]
    if hasattr(builtins, name):
        return getattr(builtins, name)
    raise NameError(f"name '{name}' is not defined")


def store_global(namespace: dict, name: str, value: Any) -> None:
    """`name = value`, after `global name`."""
    namespace[name] = value


# -- what reverse halves do --------------------------------------------------------------------------


def add_slot(shadows: Shadows, owner: Any, key: Any, bar: Any) -> None:
    """Contribute to what `owner` holds under `key`."""
    if bar is not None:  # as `shadows.add` does it, in one call less: loops do hardly anything else
        found = shadows.slots.get(id(owner))
        slots = shadows.slots_of(owner) if found is None else found[1]
        before = slots.get(key)
        slots[key] = bar if before is None else tree.accumulate(before, bar)


def take_slot(shadows: Shadows, owner: Any, key: Any) -> Any:
    """The cotangent of what was just written there; what was there before has none yet."""
    if type(owner) not in shadows.assigned:
        check_assigned(shadows, owner, key)
    found = shadows.slots.get(id(owner))
    return None if found is None else found[1].pop(key, None)


def check_assigned(shadows: Shadows, owner: Any, key: Any) -> None:
    """Refuse to assign attributes of an object that stands for its parts; asked once of a class."""
    if not isinstance(owner, list | dict):
        refuse_assignment(type(owner), key)
    shadows.assigned.add(type(owner))


def held(x: Any, seen: dict[int, Any] | None = None) -> Any:
    """What an argument holds before the program changes it, at any depth."""
    if type(x) in SCALARS:
        return x
    seen = {} if seen is None else seen
    if isinstance(x, tuple):
        return tree.same_container(x, [held(item, seen) for item in x])
    if isinstance(x, np.ndarray | type | ModuleType | FunctionType):
        return x
    if not isinstance(x, list | dict | deque) and attributes(x) is None:
        return x
    if id(x) in seen:  # x itself while it is being looked at: it refers to itself
        return seen[id(x)]
    seen[id(x)] = x
    parts = {
        key: value if type(value) in SCALARS else held(value, seen)
        for key, value in parts_by_key(x).items()
    }
    found = Held(x, parts)
    seen[id(x)] = found
    return found


def shared(*values: Any) -> list[tuple[Any, Any]]:
    """The lists and dicts in these that are reached in more than one way, each with a copy."""
    found: list[tuple[Any, Any]] = []
    seen: set[int] = set()
    todo = list(values)
    while todo:
        x = todo.pop()
        if type(x) in SCALARS:
            continue
        if isinstance(x, list | dict | deque) and id(x) in seen:
            found.append((x, x.copy()))
        fresh = id(x) not in seen and not isinstance(
            x, np.ndarray | type | ModuleType | FunctionType
        )
        fresh = fresh and not (isinstance(x, dict) and "__builtins__" in x)  # a module's variables
        if fresh and (isinstance(x, tuple | list | dict | deque) or attributes(x) is not None):
            seen.add(id(x))
            todo += parts_by_key(x).values()
    return found


def check_shared(found: list[tuple[Any, Any]]) -> None:
    """Refuse a change of a list or dict by one of its names, when it was compiled for another."""
    for x, before in found:
        now = list(x.items()) if isinstance(x, dict) else x
        old = list(before.items()) if isinstance(x, dict) else before
        if len(now) != len(old) or not all(map(_same_item, now, old)):
            raise UnsupportedSyntaxError(
                f"a {type(x).__name__} changes that the arguments refer to more than once",
                hint="Pass a copy in the other place.",
            )


def _same_item(a: Any, b: Any) -> bool:
    if type(a) is tuple and type(b) is tuple and len(a) == len(b):
        return all(x is y for x, y in zip(a, b, strict=True))
    return a is b


def read_back(shadows: Shadows, owner: Any, name: str, bar: Any) -> Any:
    """Contribute to an attribute of what is known only now; gives the cotangent of the owner that is left."""
    if bar is None:
        return None
    if name in getattr(owner, "__dict__", ()) or in_a_slot(owner, name):
        shadows.add(owner, name, bar)
        return None
    base = class_that_keeps(owner, name)
    if base is not None:
        shadows.add(base, name, bar)
        return None
    raise UnsupportedSyntaxError(
        f"the attribute {name!r} changes, and {type(owner).__name__} objects compute it",
        hint="Call a method instead.",
    )


def in_a_slot(owner: Any, name: str) -> bool:
    """Does the class of an object keep this attribute in its `__slots__`?"""
    return isinstance(getattr_static(type(owner), name, None), MemberDescriptorType)


def class_that_keeps(owner: Any, name: str) -> type | None:
    """The class of whose attributes, as a value and no code, this is what an object is asked for."""
    base = next((b for b in type(owner).__mro__ if name in vars(b)), None)
    return None if base is None or hasattr(type(vars(base)[name]), "__get__") else base


def read_elsewhere(namespace: dict, name: str) -> None:
    """A function that is called when the program runs reads a global variable that the program assigns."""


# -- whole values ------------------------------------------------------------------------------------


def parts_by_key(x: Any) -> dict[Any, Any]:
    """What a container, an object or a function holds, by index, key or name; of a module, nothing:
    its variables are nobody's part."""
    if isinstance(x, Held):
        return x.parts
    if isinstance(x, tuple | list | deque):
        return dict(enumerate(x))
    if isinstance(x, dict):
        return x
    if isinstance(x, FunctionType):
        cells = zip(x.__code__.co_freevars, x.__closure__ or (), strict=True)
        return {name: cell.cell_contents for name, cell in cells}
    return {} if isinstance(x, ModuleType) else attributes(x) or {}


def deliver(shadows: Shadows, x: Any, x_bar: Any, arrays: bool = True) -> Any:
    """Add `x_bar` to the shadows of the arrays in `x`, and to the slots that change.

    Gives what is left: the cotangents of numbers, and of arrays if they are not written to
    (`arrays`).
    """
    if x_bar is None:
        return None
    if isinstance(x, np.ndarray) and arrays:
        if np.issubdtype(x.dtype, np.number):
            bar = shadow_of(shadows, x)
            bar += tree.project(x_bar, x)
        return None
    if isinstance(x_bar, tree.Tangent):
        held = parts_by_key(x)
        rest = {}
        for name in x_bar:
            value = held[name] if name in held else getattr(x, name, None)
            part = deliver(shadows, value, getattr(x_bar, name), arrays)
            if isinstance(x, FunctionType) and SHARED + name in shadows.names:
                shadows.add(cell_of(x, name), name, part)
            elif name in shadows.names and not isinstance(x, FunctionType):
                shadows.add(x.owner if type(x) is Held else x, name, part)
            else:
                rest[name] = part
        return None if all(part is None for part in rest.values()) else tree.Tangent(**rest)
    owner = x.owner if type(x) is Held else x
    if not isinstance(owner, tuple | list | dict | deque):
        return x_bar
    changes = isinstance(owner, list | dict | deque) and ITEMS in shadows.names
    if changes and owner is x:  # it may hold other things by now, and these hold no memory
        for key, part in x_bar.items() if isinstance(owner, dict) else enumerate(x_bar):
            shadows.add(owner, key, part)
        return None
    parts = {}
    for key, value in parts_by_key(x).items():
        part = deliver(shadows, value, tree.tangent_item(x_bar, key), arrays)
        if changes:
            shadows.add(owner, key, part)
        else:
            parts[key] = part
    if all(part is None for part in parts.values()):
        return None
    return parts if isinstance(owner, dict) else tree.same_container(owner, list(parts.values()))


def collect(
    shadows: Shadows, x: Any, x_bar: Any, apart_from: Any = None, arrays: bool = True,
    path: tuple[int, ...] = (), met: set[int] | None = None,
) -> Any:  # fmt: skip
    """The whole cotangent of `x`: what `deliver` left, the shadows of the arrays in it, its slots.

    Of what is reached from `apart_from` it is zero: that answers for it. `x` may be `Held`. `path`
    are the objects that it is a part of: one that refers to itself has its slots where it comes first.
    So has, if `met` is a set, all that is a part of `x` more than once: its cotangent counts once.
    """
    if isinstance(x, np.ndarray):
        if not arrays:
            return x_bar
        if not np.issubdtype(x.dtype, np.number):
            return None
        bar = shadow_of(shadows, x)
        return np.zeros_like(bar) if is_met(x, met) else apart(bar, x, apart_from)
    if type(x) in SCALARS:
        return x_bar
    owner = x.owner if type(x) is Held else x
    held = {} if is_ours(owner) or id(owner) in path else parts_by_key(x)
    if not held or is_met(owner, met):
        return x_bar
    path = (*path, id(owner))
    slots = {} if reaches(apart_from, owner) else shadows.slots.get(id(owner), (None, {}))[1]
    field = (
        tree.tangent_item if isinstance(owner, tuple | list | dict | deque) else tree.tangent_field
    )
    parts = {}
    for key, value in held.items():
        bar = slots.get(key)
        if x_bar is not None:
            bar = tree.accumulate(field(x_bar, key), bar)
        if type(value) not in SCALARS:
            bar = collect(shadows, value, bar, apart_from, arrays, path, met)
        parts[key] = bar
    if isinstance(owner, dict):
        return parts
    if isinstance(owner, tuple | list | deque):
        return tree.same_container(owner, list(parts.values()))
    parts = {name: part for name, part in parts.items() if part is not None}
    return tree.Tangent(**parts) if parts else None


def collect_once(
    shadows: Shadows, x: Any, x_bar: Any, apart_from: Any = None, arrays: bool = True
) -> Any:
    """The same of what a call has made, which its pullback takes apart: each part counts once."""
    return collect(shadows, x, x_bar, apart_from, arrays, met=set())


def is_met(x: Any, met: set[int] | None) -> bool:
    """Has this come before?"""
    if met is None or id(x) in met:
        return met is not None
    met.add(id(x))
    return False


def is_ours(x: Any) -> bool:
    """A function, or what a rule has kept: the memory that it captured is not its own."""
    return isinstance(x, FunctionType) or is_kept(x)


#: The packages whose classes are like a user's: layers, states of optimisers, batches, arrays on a tape.
LIKE_USERS = ("nn", "optim", "data", "train", "tracker")


def is_kept(x: Any) -> bool:
    """A pullback, and the like: what a rule has kept is its own, and does not change."""
    package, _, rest = type(x).__module__.partition(".")
    return package == "adjoint" and rest.partition(".")[0] not in LIKE_USERS


def reaches(x: Any, owner: Any) -> bool:
    """Is `owner` a part of `x`, at any depth?"""
    todo, seen = [x], {id(None)}
    while todo:
        x = todo.pop()
        if x is owner:
            return True
        if id(x) not in seen:
            seen.add(id(x))
            todo += parts_of(x)
    return False
