"""Lists and dicts that change: what programs do with them, and how it is reversed on their slots."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from operator import index
from typing import Any

import numpy as np

from adjoint import tree
from adjoint.cursor import Cursor
from adjoint.errors import UnsupportedSyntaxError
from adjoint.shadows import Shadows, add_at, refuse_own, shadow_of

CONTAINERS = (list, dict, defaultdict, OrderedDict, Counter, deque)

# -- what programs do --------------------------------------------------------------------------------


def default_dict(factory: Callable[[], Any]) -> defaultdict:
    """A dict that makes the values that it lacks; its items are read by `setdefault`."""
    return defaultdict(factory)


def append(items: list, value: Any) -> None:
    """`items.append(value)`"""
    items.append(value)


def store_item(owner: Any, key: Any, value: Any) -> None:
    """`owner[key] = value`, of a list or dict; of a list one item."""
    owner[key] = value


def one_index(key: Any) -> Any:
    """The index of a list's item that is written to, where only running tells what it is."""
    if isinstance(key, slice):
        raise UnsupportedSyntaxError(
            "items of a list are replaced by a slice that is known only when the program runs",
            hint="Write the slice where it is used: `items[start:stop] = …`.",
        )
    return index(key) if hasattr(key, "__index__") else [][key]  # which raises what a list raises


def position(owner: Any, key: Any) -> Any:
    """What names the slot of `owner[key]` as long as nothing moves: never a negative index."""
    if type(key) is int and key >= 0 or not isinstance(owner, list | deque):
        return key
    if isinstance(key, slice):
        return range(len(owner))[key]
    return key + len(owner) if key < 0 else key


#: Under this key is what a Counter gives for one that it lacks: nobody stores anything there.
LACKING = object()


def position_read(owner: Any, key: Any) -> Any:
    """The same, of an item that is read: that reading makes none."""
    refuse_own(owner, "__getitem__")
    if hasattr(type(owner), "__missing__") and isinstance(owner, dict) and key not in owner:
        if type(owner) is Counter:
            return LACKING
        raise UnsupportedSyntaxError(
            f"a {type(owner).__name__} makes an item that it lacks, where only running tells what it is",
            hint="Write `owner.setdefault(key, value)` on a dict.",
        )
    return position(owner, key)


def kept(x: Any) -> Any:
    """What a list or dict holds now, for the reverse half to read."""
    return x.copy() if type(x) in CONTAINERS else x


def kept_form(x: Any) -> Any:
    """The same of a list and the lists in it, for a function that makes an array of them."""
    return type(x)(map(kept_form, x)) if type(x) in (list, tuple) else x


def steady(items: Any) -> Any:
    """What a loop runs over, each item as it was when the loop began."""
    view = type(items) in (type({}.items()), type({}.values()))
    return _watched(items) if isinstance(items, list | deque) or view else items


def standing(items: Any) -> Any:
    """What a loop runs over that may change meanwhile, where only running tells what it is."""
    late = isinstance(items, Cursor) or isinstance(items, np.ndarray) and items.ndim == 1
    if late or isinstance(items, Iterator):
        raise UnsupportedSyntaxError(
            "what a loop runs over may change meanwhile",
            hint="Iterate over a list of it: `for item in list(items):`.",
        )
    return items


def backwards(items: Any) -> Any:
    """`reversed(items)`, each item as it was when the loop began."""
    return _watched(items, reversed) if isinstance(items, list | deque) else reversed(items)


def view(items: dict, name: str) -> list:
    """`items.keys()`, `items.values()` or `items.items()`, as a list."""
    return list(getattr(items, name)())


def watched_view(seen: list, items: dict, name: str) -> Iterator:
    """What a loop over such a view runs over, each item as it was when the loop began."""
    count = len(items)
    for i, key in enumerate(list(items)):
        changed = name != "keys" and (
            items.get(key) is not (seen[i][1] if name == "items" else seen[i])
        )
        if changed or len(items) != count:
            raise UnsupportedSyntaxError(
                "a dict changes, ahead of where it is being iterated",
                hint="Iterate over a copy: `for key, value in list(items.items()):`.",
            )
        yield seen[i]


def get(items: dict, key: Any, default: Any = None) -> Any:
    """`items.get(key, default)`"""
    return items.get(key, default)


def _watched(items: Any, order: Any = iter) -> Iterator:
    before = list(order(items))
    count = 0
    for count, item in enumerate(order(items), 1):
        if count > len(before) or not _same(item, before[count - 1]):
            break
        yield item
    else:
        if count == len(before):
            return
    raise UnsupportedSyntaxError(
        "a list changes, ahead of where it is being iterated",
        hint="Iterate over a copy: `for item in list(items):`.",
    )


def _same(a: Any, b: Any) -> bool:
    pairs = type(a) is tuple and type(b) is tuple and len(a) == len(b)
    return a is b or pairs and all(map(lambda x, y: x is y, a, b))


class Change:
    """What a method has done to a list or dict.

    `undo(slots, y_bar)` reverses it on the slots of cotangents, by index or key: these become, from
    those of what the owner holds after the change, those before; it gives one cotangent per argument
    of the method. `redo(slots, *dots)` does the same as the method to the slots of tangents, and
    gives the tangent of its result.
    """

    def __init__(self, owner: Any, undo: Callable[..., tuple], redo: Callable[..., Any]) -> None:
        self.owner, self.undo, self.redo = owner, undo, redo


def changes_of(owner: Any) -> dict[str, Callable[..., tuple]]:
    """The methods that change a list, deque or dict."""
    if isinstance(owner, deque):
        return DEQUE_METHODS
    return LIST_METHODS if isinstance(owner, list) else DICT_METHODS


def change(owner: Any, name: str, /, *args: Any, **kwargs: Any) -> tuple[Any, Change]:
    """`owner.name(*args)`: its value, and what it has done."""
    methods = changes_of(owner)
    if type(owner) not in CONTAINERS or name not in methods:
        raise UnsupportedSyntaxError(
            f"no derivative is known for {name!r} of a {type(owner).__name__} that changes",
            hint="Use a list or dict, and its own methods.",
        )
    y, undo, redo = methods[name](owner, *args, **kwargs)
    return y, Change(owner, undo, redo)


# -- lists -------------------------------------------------------------------------------------------

Done = tuple[Any, Callable[..., tuple], Callable[..., Any]]


def moved(
    y: Any, origins: list[int], removed: int | None = None, settings: tuple[int, int] = (0, 0),
    count: int = 0, whole: bool = False,
) -> Done:  # fmt: skip
    """A change after which item i is what was item origins[i], or new: ~number, of `count` new ones.

    They are the method's arguments, or the items of one (`whole`); `settings` stand before and behind.
    """
    before, behind = settings

    def undo(slots: dict, y_bar: Any) -> tuple:
        bars = [(i, slots.pop(i)) for i in list(slots)]
        new: list[Any] = [None] * count
        for i, bar in bars:
            origin = origins[i]
            if origin < 0:
                new[~origin] = tree.accumulate(new[~origin], bar)
            else:
                slots[origin] = tree.accumulate(slots.get(origin), bar)
        if removed is not None and y_bar is not None:
            slots[removed] = tree.accumulate(slots.get(removed), y_bar)
        return (None,) * before + ((new,) if whole else tuple(new)) + (None,) * behind

    def redo(slots: dict, *dots: Any) -> Any:
        old = dict(slots)
        new = dots[before : len(dots) - behind]
        if whole:
            new = [None] * count if new[0] is None else list(new[0])
        slots.clear()
        for i, origin in enumerate(origins):
            slots[i] = new[~origin] if origin < 0 else old.get(origin)
        return None if removed is None else old.get(removed)

    return y, undo, redo


def _insert(items: list, at: int, value: Any) -> Done:
    origins = list(range(len(items)))
    origins.insert(at, ~0)
    items.insert(at, value)
    return moved(None, origins, settings=(1, 0), count=1)


def _extend(items: list, new: Any) -> Done:
    new = list(new)
    origins = [*range(len(items)), *[~i for i in range(len(new))]]
    items.extend(new)
    return moved(None, origins, count=len(new), whole=True)


def _pop(items: list, at: int = -1) -> Done:
    origins = list(range(len(items)))
    y = items.pop(at)
    removed = origins.pop(at)
    return moved(y, origins, removed, settings=(0, 1))


def _remove(items: list, value: Any) -> Done:
    try:
        at = items.index(value)
    except ValueError:  # `remove` says it in its own words
        at = len(items)
        items.remove(value)
    del items[at]
    return moved(None, [*range(at), *range(at + 1, len(items) + 1)], settings=(0, 1))


def _delete(items: list, at: Any) -> Done:
    origins = list(range(len(items)))
    del items[at], origins[at]
    return moved(None, origins, settings=(0, 1))


def _clear(items: list) -> Done:
    items.clear()
    return moved(None, [])


def _reverse(items: list) -> Done:
    origins = list(range(len(items)))[::-1]
    items.reverse()
    return moved(None, origins)


def _sort(items: list, key: Any = None, reverse: bool = False) -> Done:
    def key_of(i: int) -> Any:
        return items[i] if key is None else key(items[i])

    origins = sorted(range(len(items)), key=key_of, reverse=reverse)
    items[:] = [items[i] for i in origins]
    return moved(None, origins)


def _store_slice(items: list, at: slice, new: Any) -> Done:
    new = list(new)
    origins = list(range(len(items)))
    items[at] = new
    origins[at] = [~i for i in range(len(new))]
    return moved(None, origins, settings=(1, 0), count=len(new), whole=True)


def _repeat(items: list, count: int) -> Done:
    origins = list(range(len(items))) * count
    items *= count
    return moved(None, origins, settings=(0, 1))


def _append(items: list, value: Any) -> Done:
    origins = [*range(len(items)), ~0]
    items.append(value)
    return moved(None, origins, count=1)


LIST_METHODS: dict[str, Callable[..., Done]] = {
    "append": _append,
    "insert": _insert, "extend": _extend, "pop": _pop, "remove": _remove, "clear": _clear,
    "reverse": _reverse, "sort": _sort, "__delitem__": _delete, "__setitem__": _store_slice,
    "__iadd__": _extend, "__imul__": _repeat,
}  # fmt: skip

# -- deques ------------------------------------------------------------------------------------------


def _of_deque(name: str) -> Callable[..., Done]:
    """A method of a deque: what it does is done to the numbers of the items as well."""

    def method(items: deque, *args: Any) -> Done:
        origins = deque(range(len(items)), items.maxlen)
        new: list[Any] = []
        given = list(args)
        if name in ("extend", "extendleft", "__iadd__"):
            new = list(args[0])
            args, given = (new,), [[~i for i in range(len(new))]]
        elif name in ("append", "appendleft", "insert"):
            new, given[-1] = [args[-1]], ~0
        elif name == "remove":
            given = [items.index(args[0])] if args[0] in items else given
        y = getattr(items, name)(*args)
        removed = getattr(origins, name)(*given)
        joined = name in ("extend", "extendleft", "__iadd__")
        settings = (0, 0) if new or joined else (0, len(args))
        return moved(
            y if name in TAKING else None,
            list(origins),
            removed if name in TAKING else None,
            (1, 0) if name == "insert" else settings,
            len(new),
            joined,
        )

    return method


TAKING = ("pop", "popleft")
DEQUE_METHODS = {
    name: _of_deque(name)
    for name in (
        "append", "appendleft", "extend", "extendleft", "insert", "pop", "popleft", "remove", "clear",
        "reverse", "rotate", "__delitem__", "__iadd__", "__imul__",
    )
}  # fmt: skip

# -- dicts -------------------------------------------------------------------------------------------


def _update(items: dict, new: Any = (), /, **more: Any) -> Done:
    new = dict(new, **more)
    items.update(new)

    def redo(slots: dict, new_dot: Any = None, **more_dots: Any) -> None:
        dots = {**(new_dot or {}), **more_dots}
        slots.update({key: dots.get(key) for key in new})

    return None, lambda slots, y_bar: ({key: slots.pop(key, None) for key in new},), redo


def _take(items: dict, key: Any, *default: Any) -> Done:
    found = key in items
    y = items.pop(key, *default)

    def undo(slots: dict, y_bar: Any) -> tuple:
        if found and y_bar is not None:
            slots[key] = tree.accumulate(slots.get(key), y_bar)
        return None, *[None if found else y_bar for _ in default]

    def redo(slots: dict, key_dot: Any, default_dot: Any = None) -> Any:
        return slots.pop(key, None) if found else default_dot

    return y, undo, redo


def _take_last(items: dict, last: bool = True) -> Done:
    key, value = items.popitem() if last else items.popitem(last=False)  # type: ignore[call-arg]

    def undo(slots: dict, y_bar: Any) -> tuple:
        if y_bar is not None and y_bar[1] is not None:
            slots[key] = tree.accumulate(slots.get(key), y_bar[1])
        return (None,)

    return (key, value), undo, lambda slots, *last: (None, slots.pop(key, None))


def _move(items: OrderedDict, key: Any, last: bool = True) -> Done:
    """The order of keys: their values have the slots that they had."""
    items.move_to_end(key, last)
    return None, lambda slots, y_bar: (None, None), lambda slots, *given: None


def _set_default(items: dict, key: Any, value: Any = None) -> Done:
    found = key in items
    y = items.setdefault(key, value)

    def undo(slots: dict, y_bar: Any) -> tuple:
        if y_bar is not None:
            slots[key] = tree.accumulate(slots.get(key), y_bar)
        return None, None if found else slots.pop(key, None)

    def redo(slots: dict, key_dot: Any, value_dot: Any = None) -> Any:
        if not found:
            slots[key] = value_dot
        return slots.get(key)

    return y, undo, redo


def _forget(items: dict, key: Any) -> Done:
    del items[key]
    return None, lambda slots, y_bar: (None,), lambda slots, *dots: slots.pop(key, None)


def _forget_all(items: dict) -> Done:
    items.clear()
    return None, lambda slots, y_bar: (), lambda slots: slots.clear()


DICT_METHODS: dict[str, Callable[..., Done]] = {
    "update": _update, "pop": _take, "popitem": _take_last, "setdefault": _set_default,
    "clear": _forget_all, "__delitem__": _forget, "__ior__": _update, "move_to_end": _move,
}  # fmt: skip

# -- what reverse halves do --------------------------------------------------------------------------


def undone(shadows: Shadows, change: Change, y_bar: Any) -> tuple:
    """The cotangents of the arguments of a method that has changed a list or dict."""
    return change.undo(shadows.slots_of(change.owner), y_bar)


def add_items(shadows: Shadows, owner: Any, bars: Any, end: int | None = None) -> None:
    """Contribute to the first items of a list, one by one; or backwards from the one before `end`."""
    for i, bar in enumerate(bars or ()):
        shadows.add(owner, i if end is None else end - 1 - i, bar)


def add_view(shadows: Shadows, items: dict, keys: list, name: str, seen: list) -> None:
    """Contribute to a dict what its view, a list, was contributed to."""
    for key, bar in zip(keys, take_items(shadows, seen, len(keys)), strict=True):
        shadows.add(items, key, tree.tangent_item(bar, 1) if name == "items" else bar)


def get_back(shadows: Shadows, items: dict, key: Any, found: bool, bar: Any) -> Any:
    """Contribute to an item that was there; gives the cotangent of the default, else."""
    if found:
        shadows.add(items, key, bar)
    return None if found else bar


def column(bars: Any, i: int) -> list:
    """The i-th of each row of cotangents."""
    return [tree.tangent_item(bar, i) for bar in bars]


def take_items(shadows: Shadows, owner: Any, count: int) -> list:
    """The cotangents of the items that a list was made with."""
    slots = shadows.slots_of(owner)
    return [slots.pop(i, None) for i in range(count)]


def read_back_item(shadows: Shadows, owner: Any, key: Any, y: Any, bar: Any, arrays: bool) -> Any:
    """Contribute to the item y of what is known only now; gives the cotangent of the owner that is left.

    `arrays` tells that arrays may be written to, so that their cotangents are in shadows.
    """
    if isinstance(owner, list) and isinstance(key, range):  # y is a new list
        for place, part in zip(key, take_items(shadows, y, len(key)), strict=True):
            shadows.add(owner, place, part)
        return None
    if bar is None:
        return None
    if arrays and isinstance(owner, np.ndarray):
        add_at(shadow_of(shadows, owner), key, bar)
        return None
    if not isinstance(owner, list | dict | deque):
        return tree.accumulate_item(None, owner, key, bar)
    shadows.add(owner, key, bar)
    return None
