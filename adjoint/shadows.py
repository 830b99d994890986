"""Cotangents of memory that is written to.

An array that a program writes has no cotangent of its own: its memory has one, the *shadow*, which
every view of the memory sees through the same window. `x[i] = v` reverses to reading the shadow at
`i` for `v` and clearing it there. Where it is known while compiling which array is a view of which,
generated code slices the shadows as the program slices the arrays; elsewhere it asks here, by address.
"""

from __future__ import annotations

import operator
import types
from collections import deque
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from adjoint import tree
from adjoint.errors import UnsupportedSyntaxError
from adjoint.parts import in_slots

#: Among the attributes that change: the items of lists and dicts do.
ITEMS = "[]"


#: Before a variable's name: several functions share it, in a cell, and one of them assigns it.
SHARED = "&"


class Shadows:
    """The shadows of one run of a reverse half, by the array that owns the memory.

    `slots` are the cotangents of what objects, lists and dicts hold that change, by their identity
    and the name, index or key: see `adjoint.slots`. `names` are the attributes that change; `assigned`
    are the classes of owners that were asked whether what is assigned to them counts.
    """

    __slots__ = ("assigned", "names", "owners", "slots")

    def __init__(self, *names: str) -> None:
        self.owners: dict[int, tuple[np.ndarray, int, np.ndarray]] = {}
        self.slots: dict[int, tuple[Any, dict]] = {}
        self.names = names
        self.assigned: set[type] = set()

    def add(self, owner: Any, key: Any, bar: Any) -> None:
        """Contribute to what `owner` holds under `key`."""
        if bar is not None:
            found = self.slots.get(id(owner))
            slots = self.slots_of(owner) if found is None else found[1]
            before = slots.get(key)
            slots[key] = bar if before is None else tree.accumulate(before, bar)

    def of_array(self, x: np.ndarray) -> np.ndarray:
        return buffer_of(self, x)

    def slots_of(self, owner: Any) -> dict:
        found = self.slots.get(id(owner))
        if found is None:
            found = self.slots[id(owner)] = owner, {}  # which keeps the owner, and so its identity
        return found[1]


def shadow_of(shadows: Shadows, x: np.ndarray) -> np.ndarray:
    """The cotangent of `x`, at first zeros; of arrays that share memory, views of one buffer."""
    if x is None:  # a variable that was not assigned on the path taken: nothing adds to it
        return np.zeros(0)
    return shadows.of_array(x)


def buffer_of(shadows: Shadows, x: np.ndarray) -> np.ndarray:
    """The same, of an array: through the window that `x` is of the memory of its owner."""
    owner = owner_of(x)
    if not x.flags.forc and overlaps(x):
        raise UnsupportedSyntaxError(
            "an array is written to while a view of it shows some of its items more than once",
            hint="Take the view of a copy.",
        )
    found = shadows.owners.get(id(owner))
    if found is None:
        low, high = np.lib.array_utils.byte_bounds(owner)
        dtype = tree.cotangent_dtype(owner.dtype)
        found = owner, low, np.zeros((high - low) // owner.itemsize, dtype)
        shadows.owners[id(owner)] = found  # which keeps the owner, so that its id is not used again
    _, low, buffer = found
    offset = x.__array_interface__["data"][0] - low
    if owner.dtype.kind in "fc":
        strides, dtype = x.strides, x.dtype
    else:  # integers are taken as reals: the shadow's items have another size
        if x.dtype != owner.dtype:
            raise UnsupportedSyntaxError("integers are written to through a view of another dtype")
        scale = buffer.itemsize / x.itemsize
        offset, strides = int(offset * scale), tuple([int(s * scale) for s in x.strides])
        dtype = buffer.dtype
    if not x.size:
        return np.zeros(x.shape, dtype)
    return np.ndarray(x.shape, dtype, buffer, offset, strides)


def pull_shared(shadows: Shadows, pullback: Callable[[Any, Shadows], Any], y_bar: Any) -> Any:
    """The cotangents of a call's operands, what is in shadows and slots aside: it is there already."""
    return pullback(y_bar, shadows)


def owner_of(x: np.ndarray) -> np.ndarray:
    """The array whose memory `x` is a view of."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    if x.base is not None and not x.flags.owndata and not isinstance(x.base, bytes):
        raise UnsupportedSyntaxError(
            f"an array is written to that shares the memory of a {type(x.base).__name__}",
            hint="Copy it first: x = x.copy().",
        )
    return x


def overlaps(x: np.ndarray) -> bool:
    """May two items of this array be in one place?"""
    reach = x.itemsize
    for stride, n in sorted((abs(s), n) for s, n in zip(x.strides, x.shape, strict=True) if n > 1):
        if stride < reach:
            return True
        reach += stride * (n - 1)
    return False


def add_to(x_bar: np.ndarray, bar: Any) -> None:
    """`x_bar += bar`"""
    x_bar += bar


def add_at(x_bar: np.ndarray, index: Any, bar: Any) -> None:
    """`x_bar[index] += bar`; repeated indices add up."""
    tree.index_add(x_bar, index, bar)


def apart(y_bar: np.ndarray, y: np.ndarray, x: Any) -> np.ndarray:
    """The cotangent of `y` if it is a copy made from `x`; zeros if it is a view, which `x` answers for."""
    return np.zeros_like(y_bar) if shares(y, x) else y_bar.copy()


def together(*values: Any) -> tuple:
    """Values whose memory answers for a view's cotangent: nothing reads their items."""
    return values


def shares(y: np.ndarray, x: Any) -> bool:
    """Is `y` a view of memory in `x`, an array or something that arrays are reached from?"""
    owner, todo, seen = owner_of(y), [x], set()
    while todo:
        x = todo.pop()
        if isinstance(x, np.ndarray) and owner_of(x) is owner:
            return True
        if id(x) not in seen:
            seen.add(id(x))
            todo += parts_of(x)
    return False


def parts_of(x: Any) -> list[Any]:
    """What a container, an object or a function refers to. Modules are no one's, and may import others."""
    if type(x) in tree.PLAIN or type(x) is np.ndarray or isinstance(x, types.ModuleType):
        return []
    if isinstance(x, tuple | list | set | deque):
        return list(x)
    if isinstance(x, dict):
        return list(x.values())
    cells = getattr(x, "__closure__", None) or ()
    bound = getattr(x, "__self__", None)
    own = getattr(x, "__dict__", {}).values()
    return [*own, *in_slots(x).values(), *(c.cell_contents for c in cells), bound]


def snapshot(x: Any) -> Any:
    """A copy, as deep as arrays are, of what the reverse half reads after it has been written to."""
    if isinstance(x, np.ndarray):
        return x.copy()
    if isinstance(x, deque):
        return deque([snapshot(item) for item in x], x.maxlen)
    if isinstance(x, tuple | list):
        items = [item if type(item) in tree.PLAIN else snapshot(item) for item in x]
        return tree.same_container(x, items)
    if isinstance(x, dict):
        return {key: snapshot(item) for key, item in x.items()}
    if isinstance(x, tree.Tangent):
        return tree.Tangent(**{name: snapshot(item) for name, item in vars(x).items()})
    return x


def disjoint(x: Any, *others: Any) -> Any:
    """`x` with copies of the arrays in it that share memory with others, or with those before them."""
    if type(x) in tree.PLAIN:
        return x
    taken: set[int] = set()
    for other in others:
        _disjoint(other, taken)
    return _disjoint(x, taken)


def _disjoint(x: Any, taken: set[int]) -> Any:
    if isinstance(x, np.ndarray):
        owner = x
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        if id(owner) in taken:
            return x.copy()
        taken.add(id(owner))
        return x
    if isinstance(x, tuple | list):
        items = [_disjoint(item, taken) for item in x]
        return x if all(map(operator.is_, items, x)) else tree.same_container(x, items)
    if isinstance(x, dict):
        return {key: _disjoint(item, taken) for key, item in x.items()}
    if isinstance(x, tree.Tangent):
        return tree.Tangent(**{name: _disjoint(item, taken) for name, item in vars(x).items()})
    return x


def take_written(x_bar: np.ndarray, index: Any) -> np.ndarray:
    """The cotangent of `v` in `x[index] = v`, which is then cleared in `x_bar`.

    Where an index occurs more than once the last write won, and the others had no influence.
    """
    v_bar = np.array(x_bar[index])
    if tree.index_may_repeat(index) and v_bar.size:
        writers = np.full(x_bar.shape, -1)
        numbers = np.arange(v_bar.size).reshape(v_bar.shape)
        writers[index] = numbers
        v_bar[writers[index] != numbers] = 0
    x_bar[index] = 0
    return v_bar


def take_masked(x_bar: np.ndarray, where: Any) -> np.ndarray:
    """The cotangent of what was written to `x` where `where` holds, which is then cleared."""
    where = np.broadcast_to(where, x_bar.shape)
    v_bar = np.where(where, x_bar, np.zeros_like(x_bar))
    np.copyto(x_bar, 0, where=where)
    return v_bar


def put_written(x_bar: np.ndarray, index: Any, v_bar: Any) -> None:
    """The transpose of `take_written`."""
    if np.ndim(v_bar) and tree.index_may_repeat(index):
        writers = np.full(x_bar.shape, -1)
        numbers = np.arange(v_bar.size).reshape(v_bar.shape)
        writers[index] = numbers
        last = np.zeros(v_bar.shape, bool)
        last.flat[writers[writers >= 0]] = True
        x_bar[index] = 0
        np.add.at(x_bar, index, np.where(last, v_bar, 0))
    else:
        x_bar[index] = v_bar


def put_masked(x_bar: np.ndarray, where: Any, v_bar: Any) -> None:
    """The transpose of `take_masked`."""
    np.copyto(x_bar, v_bar, where=np.broadcast_to(where, x_bar.shape))


def refuse_own(owner: Any, name: str) -> None:
    """Refuse a list, dict or array whose class says itself what happens to its items."""
    own = isinstance(owner, list | dict | np.ndarray)
    if own and isinstance(getattr(type(owner), name), FunctionType):
        raise UnsupportedSyntaxError(
            f"a {type(owner).__name__} changes, whose class has a {name} of its own",
            hint="Use a list, dict or array, or an object that keeps one.",
        )


def write_item(x: Any, index: Any, value: Any) -> None:
    """`x[index] = value`, where only running tells what `x` is."""
    refuse_own(x, "__setitem__")
    if (
        not isinstance(x, np.ndarray | list | dict)
        or isinstance(x, np.ndarray)
        and x.dtype.kind == "O"
        or isinstance(index, slice)
        and isinstance(x, list)
    ):
        raise UnsupportedSyntaxError(
            f"a write into a value of type {type(x).__name__} is not supported yet",
            hint="Build a new value instead: a comprehension for a list, a new dict.",
        )
    x[index] = value


def item_written(shadows: Shadows, x: Any, index: Any, value: Any) -> Any:
    """What reverses `write_item`: the cotangent of `value`."""
    if isinstance(x, list | dict):
        return shadows.slots_of(x).pop(index, None)
    v_bar = take_written(shadow_of(shadows, x), index)
    if not np.issubdtype(x.dtype, np.inexact):  # what was written was truncated
        return None
    if isinstance(value, np.ndarray | np.number | int | float | complex):
        return tree.project(v_bar, value)
    return tree.iterable_cotangent(list(v_bar), value)
