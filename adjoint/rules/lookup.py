"""How Python finds what a program asks of an object of a user's class, in the form of functions.

A function found here takes the object alone and has Python source: its derivative is that of the
attribute, the items or the array that the class makes of the object.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections import deque
from numbers import Number
from typing import Any

import numpy as np

from adjoint import runtime
from adjoint.errors import UnsupportedSyntaxError
from adjoint.rules.operators import is_hashable

ATTRIBUTE_FUNCTIONS = {
    "T": np.transpose,
    "mT": np.matrix_transpose,
    "real": np.real,
    "imag": np.imag,
}

# -- attributes --------------------------------------------------------------------------------------


def computed_by(cls: type, kept: bool, name: str) -> tuple[Any, tuple, tuple] | None:
    """The function that computes an attribute of instances of a class, and its arguments before and
    after the instance; None for an attribute that is kept (`kept`), or that is the class's own.
    """
    if issubclass(cls, np.ndarray | Number) and name in ATTRIBUTE_FUNCTIONS:
        return ATTRIBUTE_FUNCTIONS[name], (), ()
    if isinstance(cls.__getattribute__, types.FunctionType):
        return cls.__getattribute__, (), (name,)
    if cls is deque and name == "maxlen":
        return longest, (), ()
    if name == "__dict__" and cls not in (types.FunctionType, functools.partial):
        return vars, (), ()
    found = inspect.getattr_static(cls, name, None)
    reader = getattr(type(found), "__get__", None)
    if isinstance(found, property) and isinstance(found.fget, types.FunctionType):
        return found.fget, (), ()
    if kept and not hasattr(type(found), "__set__"):
        return None
    if isinstance(found, functools.cached_property):
        return found.func, (), ()
    if isinstance(reader, types.FunctionType) and not is_decorated(found):
        return reader, (found,), (cls,)
    fallback = getattr(cls, "__getattr__", None)
    if found is None and not kept and isinstance(fallback, types.FunctionType):
        return fallback, (), (name,)
    return None


def longest(items: deque) -> int | None:
    """`items.maxlen`"""
    return items.maxlen


def attribute_call(owner: Any, name: str, *default: Any) -> tuple[Any, tuple, tuple] | None:
    """`computed_by`, of an object; None where a default is taken instead."""
    if isinstance(owner, type | types.ModuleType) or default and not hasattr(owner, name):
        return None
    return computed_by(type(owner), name in getattr(owner, "__dict__", ()), name)


def is_decorated(found: Any) -> bool:
    """Is this what a decorator of ours made of a method? Called with the instance first, it is one."""
    ours = type(found).__module__.startswith("adjoint.")
    return ours and hasattr(found, "function") and hasattr(type(found), "__get__")


def intercepts(cls: type) -> bool:
    """Does the class decide itself what each of its attributes is?"""
    return isinstance(cls.__getattribute__, types.FunctionType)


def is_users(cls: type) -> bool:
    return cls.__module__ not in ("builtins", "numpy")


def is_descriptor(found: Any) -> bool:
    """Does reading this attribute of a class through an instance run code of Python's?"""
    if isinstance(found, property | types.FunctionType | type):
        return False
    return isinstance(getattr(type(found), "__get__", None), types.FunctionType)


def is_data_descriptor(found: Any) -> bool:
    """A descriptor that hides what the instance stores under the name."""
    return is_descriptor(found) and hasattr(type(found), "__set__")


# -- items and arrays --------------------------------------------------------------------------------


def own_items(cls: type) -> Any:
    """What makes a list of the items of an object of a class that defines iteration in Python."""
    if isinstance(getattr(cls, "__next__", None), types.FunctionType):
        return items_by_next if hasattr(cls, "__iter__") else None
    if isinstance(getattr(cls, "__iter__", None), types.FunctionType):
        return items_of_object
    indexed = not hasattr(cls, "__iter__") and hasattr(cls, "__getitem__")
    return items_by_index if indexed and isinstance(cls.__getitem__, types.FunctionType) else None  # type: ignore[attr-defined]


def items_of_object(owner):
    return list(type(owner).__iter__(owner))


def items_by_next(iterator):
    items = []
    for item in iterator:
        items.append(item)
    return items


def has_own_next(cls: type) -> bool:
    """Is this a class of the user's, or like one, that defines `__next__` in Python?"""
    ours = cls.__module__.startswith("adjoint.") and not is_like_users(cls)  # cursors and the like
    return not ours and isinstance(getattr(cls, "__next__", None), types.FunctionType)


def refuse_own_next(iterator: Any) -> None:
    """Refuse an iterator of the user's, which changes itself when an item is asked for."""
    if has_own_next(type(iterator)):
        raise UnsupportedSyntaxError(
            f"{type(iterator).__name__} gives its items by a `__next__` of its own, and only running tells that "
            "it does",
            hint="Write its `__iter__` as a generator, a loop with `yield`; or let all that may stand here be of "
            "one class.",
        )


def items_by_index(owner):
    items = []
    while True:
        try:
            items = [*items, owner[len(items)]]
        except IndexError:
            return items


def own_array(cls: type) -> Any:
    """What makes an array of an object of a class that defines `__array__` in Python."""
    return (
        array_of_object if isinstance(getattr(cls, "__array__", None), types.FunctionType) else None
    )


def array_of_object(owner):
    return type(owner).__array__(owner)


ITERATING = {
    list, tuple, set, frozenset, sum, zip, enumerate, max, min, sorted, iter, map, filter,
    functools.reduce, runtime.unpack_sequence, runtime.iterated, runtime.repeatable,
}  # fmt: skip


def is_like_users(cls: type) -> bool:
    """One-hot encodings, and iterators over those of the user's, are objects like a user's."""
    return cls.__module__.startswith(("adjoint.data", "adjoint.rules.stepping"))


#: Of these only one argument is gone through.
ONLY = {sum: 0, enumerate: 0, sorted: 0, functools.reduce: 1}


def conversion(function: Any, cls: type, place: int, count: int) -> Any:
    """What a builtin or a function of NumPy makes of one of `count` arguments, of this class, before it
    works on it."""
    if is_hashable(function) and ONLY.get(function, place) != place:
        return None
    if (function is max or function is min) and count > 1:  # they are compared themselves
        return None
    if cls is deque:
        array = isinstance(function, np.ufunc) or getattr(function, "__module__", "") == "numpy"
        return list if array else None
    home = cls.__module__.split(".")
    if not is_users(cls) or (home[0] in ("numpy", "adjoint") and not is_like_users(cls)):
        return None
    if is_hashable(function) and function in ITERATING:
        return own_items(cls)
    if function is reversed and not hasattr(cls, "__reversed__"):
        return items_by_index if isinstance(cls.__getitem__, types.FunctionType) else None
    module = getattr(function, "__module__", None) or ""
    if isinstance(function, np.ufunc) or module.partition(".")[0] == "numpy":
        if issubclass(cls, list | tuple) and isinstance(cls.__iter__, types.FunctionType):
            return items_of_object
        asked = "__array_ufunc__" if isinstance(function, np.ufunc) else "__array_function__"
        return None if hasattr(cls, asked) else own_array(cls)  # NumPy asks these first
    return None
