"""Tangents of what objects, lists and dicts hold that change, by the identity of the owner.

Forward mode meets the same slots as reverse mode (`adjoint.slots`), in the order of the program: a
write sets the tangent of a slot, a read looks it up. Memory of arrays is beside: `rules.tangents.beside`.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections import deque
from collections.abc import Iterator
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from adjoint import contents, slots, tree
from adjoint.cursor import Cursor
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.values import function_defaults
from adjoint.rules.memory import IN_STORES
from adjoint.rules.pushing import push_rule
from adjoint.rules.tangents import beside, dense, item_tangents
from adjoint.shadows import ITEMS, SHARED, Shadows, shadow_of


class Tangents(Shadows):
    """The tangents of one run: of memory that is written to, and of slots. None is zero."""

    __slots__ = ()


class StoreTangents(Shadows):
    """The tangents of the shadows and slots of a reverse half: of its arrays, beside these."""

    __slots__ = ("store", "tangents")

    def __init__(self, store: Shadows, tangents: Tangents) -> None:
        super().__init__(*store.names)
        self.store, self.tangents = store, tangents

    def of_array(self, x: np.ndarray) -> np.ndarray:
        return shadow_of(self.tangents, shadow_of(self.store, x))


def write_slot(tangents: Tangents, owner: Any, key: Any, dot: Any) -> None:
    """`owner` holds something else under `key`."""
    if type(owner) not in tangents.assigned:
        slots.check_assigned(tangents, owner, key)
    tangents.slots_of(owner)[key] = dot


def write_item(tangents: Tangents, owner: Any, key: Any, dot: Any) -> None:
    """The same of `owner[key]` that was just written, of a list or dict."""
    tangents.slots_of(owner)[contents.position(owner, key)] = dot


def write_last(tangents: Tangents, items: list, dot: Any) -> None:
    """The same of what was just appended."""
    tangents.slots_of(items)[len(items) - 1] = dot


def beside_array(tangents: Tangents, x: Any, dot: Any) -> Any:
    """The tangent of `x`, in memory beside its own if it is an array."""
    return beside(tangents, x, dot) if isinstance(x, np.ndarray) else dot


def write_any(tangents: Tangents, x: Any, index: Any, value: Any, x_dot: Any, dot: Any) -> None:
    """The same of `x[index] = value`, where only running tells what `x` is."""
    if isinstance(x, np.ndarray):
        if x.dtype.kind in "fc":
            x_dot[index] = 0.0 if dot is None else dense(dot, value)
    else:
        write_item(tangents, x, index, dot)


def read_slot(tangents: Tangents, owner: Any, key: Any, rest: Any) -> Any:
    """The tangent of what `owner` holds under `key`; `rest` is the tangent of what does not change."""
    found = tangents.slots_of(owner)
    if key in found:
        return found[key]
    base = None if key in getattr(owner, "__dict__", (key,)) else slots.class_that_keeps(owner, key)
    if base is not None and key in (found := tangents.slots_of(base)):
        return found[key]
    if rest is not None and key not in getattr(owner, "__dict__", (key,)) and computes(owner, key):
        raise UnsupportedSyntaxError(
            f"the attribute {key!r} changes, and {type(owner).__name__} objects compute it",
            hint="Call a method instead.",
        )
    return tree.tangent_field(rest, key)


def computes(owner: Any, name: str) -> bool:
    """Does the class give this attribute by code? A value of the class is what it is."""
    found = inspect.getattr_static(type(owner), name, None)
    return found is None or hasattr(type(found), "__get__")


def read_item(tangents: Tangents, owner: Any, key: Any, rest: Any) -> Any:
    """The tangent of `owner[key]`, of a list or dict."""
    place = contents.position(owner, key)
    found = tangents.slots_of(owner)
    if isinstance(place, range):
        return [found[i] if i in found else tree.tangent_item(rest, i) for i in place]
    return found[place] if place in found else tree.tangent_item(rest, place)


def read_got(tangents: Tangents, items: dict, key: Any, rest: Any, default: Any = None) -> Any:
    """The tangent of `items.get(key, default)`."""
    return read_item(tangents, items, key, rest) if key in items else default


def view_tangents(tangents: Tangents, items: dict, rest: Any, name: str) -> list | None:
    """The tangents of the items of `items.keys()`, `items.values()` or `items.items()`."""
    if name == "keys":
        return None
    dots = [read_item(tangents, items, key, rest) for key in items]
    return [(None, dot) for dot in dots] if name == "items" else dots


def item_of_any(tangents: Tangents, owner: Any, key: Any, rest: Any, key_dot: Any) -> tuple:
    """`owner[key]` and its tangent, where only running tells what the owner is."""
    own = isinstance(getattr(type(owner), "__getitem__", None), FunctionType)
    if own and id(owner) in tangents.slots:
        raise UnsupportedSyntaxError(
            f"a {type(owner).__name__} changes, and reads its items by a method of its own",
            hint="Call a method of another name.",
        )
    if own or not isinstance(owner, list | dict | deque):
        return push_rule(
            operator.getitem, (None, gather(tangents, owner, rest), key_dot, {}), owner, key
        )
    y = owner[key]
    y_dot = read_item(tangents, owner, key, rest)
    return y, settle(tangents, y, y_dot) if isinstance(key, slice) else y_dot


def redone(tangents: Tangents, change: contents.Change, *dots: Any) -> Any:
    """The tangent of what a method gives that has changed a list or dict, by those of its arguments."""
    return change.redo(tangents.slots_of(change.owner), *dots)


# -- whole values ------------------------------------------------------------------------------------


def settle(tangents: Tangents, x: Any, x_dot: Any) -> Any:
    """Put the tangent of `x` into the slots that change; gives what is left of it.

    What is in a slot already is newer: `x` may hold what the program has changed since.
    """
    whole = isinstance(x, np.ndarray) or isinstance(x_dot, tree.ReadBack) or slots.is_kept(x)
    if x_dot is None or whole:
        return x_dot
    if isinstance(x_dot, tree.Tangent):
        held = slots.parts_by_key(x)
        rest = {}
        for name in x_dot:
            value = held[name] if name in held else getattr(x, name, None)
            dot = getattr(x_dot, name)
            if isinstance(x, FunctionType) and SHARED + name in tangents.names:
                settle_slot(tangents, slots.cell_of(x, name), name, value, dot)
            elif name in tangents.names and not isinstance(x, FunctionType):
                settle_slot(tangents, x, name, value, dot)
            else:
                rest[name] = settle(tangents, value, dot)
        return tree.Tangent(**rest)
    if not isinstance(x, tuple | list | dict | deque):
        return x_dot
    if isinstance(x, list | dict | deque) and ITEMS in tangents.names:
        for key, value in slots.parts_by_key(x).items():
            known = isinstance(x_dot, dict) or key < len(x_dot)
            settle_slot(tangents, x, key, value, tree.tangent_item(x_dot, key) if known else None)
        return None
    parts = {
        key: settle(tangents, value, tree.tangent_item(x_dot, key))
        for key, value in slots.parts_by_key(x).items()
    }
    return parts if isinstance(x, dict) else tree.same_container(x, list(parts.values()))


def settle_slot(tangents: Tangents, owner: Any, key: Any, value: Any, dot: Any) -> None:
    found = tangents.slots_of(owner)
    if key not in found:
        found[key] = None  # it may hold what refers to it
        found[key] = settle(tangents, value, dot)


def gather(tangents: Tangents, x: Any, rest: Any, path: tuple[int, ...] = ()) -> Any:
    """The whole tangent of `x`: what `settle` left, and what its slots have now.

    `path` are the objects that it is a part of: what refers to itself has its slots where it comes first.
    """
    if isinstance(x, np.ndarray) or id(x) in path or isinstance(rest, tree.ReadBack):
        return rest
    held = parts_of(x)
    if not held:
        return rest
    path = (*path, id(x))
    found = tangents.slots.get(id(x), (None, {}))[1]
    if isinstance(x, FunctionType):
        found = captured_slots(tangents, x)
    field = tree.tangent_item if isinstance(x, tuple | list | dict | deque) else tree.tangent_field
    parts = {
        key: gather(tangents, value, found[key] if key in found else field(rest, key), path)
        for key, value in held.items()
    }
    if all(dot is None for dot in parts.values()):
        return None
    if isinstance(x, dict):
        return parts
    if isinstance(x, tuple | list | deque):
        return tree.same_container(x, list(parts.values()))
    return tree.Tangent(**{name: dot for name, dot in parts.items() if dot is not None})


def parts_of(x: Any) -> dict[Any, Any]:
    """What a value holds, by index, key or name: also what functions and methods are bound to."""
    if isinstance(x, FunctionType):
        return slots.parts_by_key(x) | function_defaults(x)
    if isinstance(x, MethodType):
        return {"__self__": x.__self__, "__func__": x.__func__}
    if isinstance(x, functools.partial):
        return {"func": x.func, "args": x.args, "keywords": x.keywords}
    return {} if slots.is_kept(x) else slots.parts_by_key(x)


def captured_slots(tangents: Tangents, function: FunctionType) -> dict[str, Any]:
    """The tangents of the variables that a function shares with others, one of which assigns them."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    found = {name: tangents.slots.get(id(cell), (None, {}))[1] for name, cell in cells}
    return {name: slots_of[name] for name, slots_of in found.items() if name in slots_of}


def backwards(dot: Any, items: list) -> list:
    """The tangents of the items, from the last."""
    return [tree.tangent_item(dot, i) for i in reversed(range(len(items)))]


def item_pairs(tangents: Tangents, items: Any, rest: Any) -> Iterator[tuple[Any, Any]]:
    """What a loop over a list that changes gives, each item with its tangent at that time."""
    for i, item in enumerate(items):
        yield item, read_item(tangents, items, i, rest)


def unpacked_tangents(tangents: Tangents, x: Any, rest: Any) -> Any:
    """The tangents of what `a, b = x` gives, where only running tells what `x` is."""
    if isinstance(x, list | deque):
        return [read_item(tangents, x, i, rest) for i in range(len(x))]
    return item_tangents(rest, x)


def refuse_started(y: Any) -> None:
    """Raises if a call whose arguments change afterwards gave a generator, which is still to read them."""
    if isinstance(y, Cursor):
        raise UnsupportedSyntaxError(
            "what a generator was made from may change while it runs",
            hint="Make a list of its items, or give it a copy.",
        )


#: They look for tangents when the program runs, or put them where others look.
LOOKING = (
    beside_array, write_slot, write_item, write_last, write_any, read_slot, read_item, read_got, view_tangents,
    item_of_any, redone, settle, gather, item_pairs, unpacked_tangents,
)  # fmt: skip
#: They give a value and its tangent.
PAIRS = (item_of_any, item_pairs)
IN_STORES.update({
    beside_array: (2,), write_slot: (3,), write_item: (3,), write_last: (2,), write_any: (4, 5),
    read_slot: (3,), read_item: (3,), read_got: (3, 4), view_tangents: (2,), settle: (2,), gather: (2,),
    unpacked_tangents: (2,), redone: tuple(range(2, 9)),
})  # fmt: skip
