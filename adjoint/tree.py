"""Cotangents of any value, and their arithmetic.

A cotangent has the form of its primal: a number or array for a number or array, the same container
for a tuple, list or dict, a `Tangent` for an object or a function with captured values. None stands
for zero, everywhere.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple, NoReturn

import numpy as np

from adjoint.errors import MissingRuleError, UnsupportedSyntaxError
from adjoint.parts import Parts, parts_of, unknown_part

Number = int | float | complex | np.number


class Tangent:
    """The cotangent of an object: the same attribute names, each with its cotangent.

    An attribute that the object has and the tangent has not, or has as None, is not differentiated.
    """

    def __init__(self, /, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tangent) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = []
        for name, value in self.__dict__.items():
            text = repr(value)
            fields.append(f"{name}={text}".replace("\n", "\n" + " " * (len(name) + 9)))
        return (
            f"Tangent({(',' + chr(10) + ' ' * 8).join(fields)})"
            if any("\n" in f for f in fields)
            else f"Tangent({', '.join(fields)})"
        )


class ReadBack:
    """The cotangent of a text from which numbers were read: by what, and where."""

    def __init__(self, reader: str, origin: Any) -> None:
        self.reader, self.origin = reader, origin

    def __add__(self, other: Any) -> ReadBack:
        return self

    __radd__ = __add__

    def refuse(self) -> NoReturn:
        reader = f"{self.reader} reads" if self.reader else "numbers are read"
        raise UnsupportedSyntaxError(
            f"{reader} from the text of a value that has a derivative, which would be lost",
            self.origin,
            "Use the value itself; if its text is meant to be a constant, take the text of "
            "adjoint.stop_gradient(value).",
        )


class Underived(ReadBack):
    """The tangent of a part of a result of which no derivative is known: an error where it is used."""

    def __init__(self, error: Exception) -> None:
        super().__init__("", None)
        self.error = error

    def refuse(self) -> NoReturn:
        raise self.error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self.error

    def __getitem__(self, key: Any) -> Any:
        raise self.error


def make_tangent(*names_and_values: Any) -> Tangent:
    """A `Tangent` from names and cotangents in turn."""
    return Tangent(**dict(zip(names_and_values[::2], names_and_values[1::2], strict=True)))


def tangent_field(tangent: Any, name: str) -> Any:
    """The cotangent of one attribute; None where there is none."""
    if isinstance(tangent, np.ndarray | Number) and np.any(tangent):
        raise MissingRuleError(
            f"an object that has the attribute {name!r} is taken for a number: "
            "no derivative is known for that",
            hint="Compute with its attributes, or call the method that makes the number.",
        )
    if isinstance(tangent, RootTangent):
        tangent = tangent.own
    return None if tangent is None else getattr(tangent, name, None)


def tangent_item(cotangent: Any, key: Any) -> Any:
    """The cotangent of one item of a tuple, list or dict; None where there is none."""
    if cotangent is None:
        return None
    if isinstance(cotangent, dict):
        return cotangent.get(key)
    if isinstance(cotangent, ReadBack):  # of a list of words that came from a text
        return cotangent
    return cotangent[key]


# -- sums -------------------------------------------------------------------------------------------


def accumulate(a: Any, b: Any) -> Any:
    """The sum of two cotangents of one value. Neither is changed."""
    if type(a) in PLAIN and type(b) in PLAIN:
        return a + b
    if a is None:
        return b
    if b is None:
        return a
    if isinstance(b, RootTangent):
        return b + a
    if isinstance(a, Tangent):
        names = dict.fromkeys([*a, *b])
        return Tangent(**{n: accumulate(getattr(a, n, None), getattr(b, n, None)) for n in names})
    if isinstance(a, dict):
        return {k: accumulate(a.get(k), b.get(k)) for k in dict.fromkeys([*a, *b])}
    if isinstance(a, list) and len(a) != len(b):  # of an iterator, of which not all was taken
        return [accumulate(x, y) for x, y in zip_longest(a, b)]
    if isinstance(a, list | tuple):
        return same_container(a, [accumulate(x, y) for x, y in zip(a, b, strict=True)])
    return a + b


def same_container(like: Any, items: list) -> Any:
    """The items as a container of the class of `like` (list, tuple or named tuple); of a deque a list."""
    if isinstance(like, list | deque):
        return items
    return type(like)(*items) if hasattr(like, "_fields") else tuple(items)


def own_items(x: list | tuple) -> list:
    """What a list or tuple holds, whatever its class says that going through it gives."""
    return list((list if isinstance(x, list) else tuple).__iter__(x))  # type: ignore[arg-type]


def add_into(a: np.ndarray, b: Any) -> np.ndarray:
    """`a += b`, for an array that nothing else refers to; returns it."""
    a += b
    return a


def index_add(a: np.ndarray, index: Any, b: Any) -> np.ndarray:
    """`a[index] += b`, for an array that nothing else refers to; returns it. Repeated indices add up."""
    if b is None:
        return a
    if not isinstance(
        a, np.ndarray
    ):  # of a number of NumPy's, with which `a[..., None]` begins an array
        return a + np.sum(b)
    if index_may_repeat(index):
        np.add.at(a, index, b)
    else:
        a[index] += b
    return a


def index_may_repeat(index: Any) -> bool:
    """Does the index contain an array or list of integers?"""
    if isinstance(index, tuple):
        return any(map(index_may_repeat, index))
    return isinstance(index, list) or isinstance(index, np.ndarray) and index.dtype.kind != "b"


def accumulate_item(cotangent: Any, container: Any, index: Any, item_bar: Any) -> Any:
    """Add to the cotangent of `container[index]`; changes and returns `cotangent` where it can.

    `cotangent` is None or owned by the caller: nothing else refers to it.
    """
    if item_bar is None:
        return cotangent
    if type(container) is list and type(cotangent) is list and type(index) is int:  # in a loop
        own = cotangent[index]
        cotangent[index] = item_bar if own is None else accumulate(own, item_bar)
        return cotangent
    if isinstance(container, np.ndarray | np.generic):
        if cotangent is None:
            cotangent = zeros_like(container)
        return index_add(cotangent, index, item_bar)  # pyright: ignore[reportArgumentType]
    if isinstance(container, list | tuple | deque):
        items = [None] * len(container) if cotangent is None else cotangent
        items = items if type(items) is list else list(items)
        if isinstance(index, slice):
            for position, bar in zip(range(*index.indices(len(container))), item_bar, strict=True):
                items[position] = accumulate(items[position], bar)
        else:
            items[index] = accumulate(items[index], item_bar)
        return same_container(container, items)
    if isinstance(container, dict):
        cotangent = {} if cotangent is None else cotangent
        cotangent[index] = accumulate(cotangent.get(index), item_bar)
        return cotangent
    raise MissingRuleError(
        f"no derivative is known for the items of a {type(container).__name__}",
        hint="Keep numbers in a list, tuple, dict or array.",
    )


# -- zeros and shapes --------------------------------------------------------------------------------


def cotangent_dtype(dtype: np.dtype) -> np.dtype:
    """Floating dtypes are their own; integers are taken as reals."""
    return dtype if dtype.kind in "fc" else np.dtype(float)


def zeros_like(x: Any) -> Any:
    """A zero cotangent of a number or array: its shape, its floating dtype.

    Of a variable that was not assigned on this path it is a 0 that may be copied like any other.
    """
    if type(x) is np.ndarray and x.dtype.kind in "fc":
        return np.zeros(x.shape, x.dtype)
    if isinstance(x, np.ndarray | np.generic):
        zeros = np.zeros(x.shape, cotangent_dtype(x.dtype))
        return zeros if isinstance(x, np.ndarray) else zeros[()]
    if isinstance(x, complex):
        return 0j
    return 0.0 if isinstance(x, Number) else np.zeros(())


def zeros_if_any(x: Any) -> Any:
    """`zeros_like` of a variable that is None where the path taken has not assigned it."""
    return None if x is None else zeros_like(x)


def zero_cotangent(x: Any) -> Any:
    """The zero of the cotangents of `x`: zeros for a number or array, else None."""
    if isinstance(x, bool | np.bool_):
        return None
    return zeros_like(x) if isinstance(x, np.ndarray | Number) else None


#: Of these every one is in the form of every other.
PLAIN = (float, np.float64)


def project(x_bar: Any, x: Any) -> Any:
    """The cotangent in the form of its primal `x`: its shape, its floating dtype, real if it is real.

    `x_bar` may have the shape of something that `x` was broadcast to; it is summed back.
    """
    if type(x_bar) is type(x) is np.ndarray and x_bar.dtype == x.dtype and x_bar.shape == x.shape:
        if x.dtype.kind in "fc":
            return x_bar  # as it mostly is
    if x_bar is None or not isinstance(x, np.ndarray | Number):
        return x_bar
    if isinstance(x, np.ndarray | np.generic):
        shape, dtype = x.shape, cotangent_dtype(x.dtype)
    else:
        shape, dtype = (), np.dtype(complex if isinstance(x, complex) else float)
    if np.shape(x_bar) != shape:
        x_bar = unbroadcast(x_bar, shape)
    if dtype.kind != "c" and np.iscomplexobj(x_bar):
        x_bar = np.real(x_bar)
    if getattr(x_bar, "dtype", dtype) != dtype:
        x_bar = x_bar.astype(dtype)
    if isinstance(x, np.ndarray):
        return x_bar if isinstance(x_bar, np.ndarray) else np.asarray(x_bar, dtype)
    if isinstance(x_bar, np.ndarray):
        return x_bar[()]
    plain = (
        isinstance(x_bar, float | int) and dtype.itemsize < 8
    )  # it counts as any dtype, and has none
    return dtype.type(x_bar) if plain else x_bar


def unbroadcast(x_bar: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which something of this shape was broadcast."""
    extra = np.ndim(x_bar) - len(shape)
    if extra < 0:
        return np.broadcast_to(x_bar, shape)
    if extra:
        x_bar = np.sum(x_bar, axis=tuple(range(extra)))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and np.shape(x_bar)[i] != 1)
    if axes:
        x_bar = np.sum(x_bar, axis=axes, keepdims=True)
    return x_bar if np.shape(x_bar) == shape else np.broadcast_to(x_bar, shape)


def complete(x_bar: Any, x: Any) -> Any:
    """The cotangent as users see it: zeros for numeric parts that had no influence.

    Where an object refers to one that it is a part of, there is only what had an influence.
    """
    return _complete(x_bar, x, ())


def _complete(x_bar: Any, x: Any, within: tuple[int, ...]) -> Any:
    if type(x) is Held:
        return complete_held(x_bar, x)
    if id(x) in within:
        return x_bar
    if isinstance(x, np.ndarray | Number):
        if isinstance(x_bar, ReadBack):
            x_bar.refuse()
        if x_bar is not None:
            return x_bar
        return (
            zero_cotangent(x) if not isinstance(x, np.ndarray) or x.dtype.kind in "iufc" else None
        )
    if isinstance(x, tuple | list):
        bars = [None] * len(x) if x_bar is None else x_bar
        within = (*within, id(x))
        items = [_complete(b, v, within) for b, v in zip(bars, own_items(x), strict=True)]
        return None if x_bar is None and all(i is None for i in items) else same_container(x, items)
    if isinstance(x, dict):
        bars = {} if x_bar is None else x_bar
        return {k: _complete(bars.get(k), v, (*within, id(x))) for k, v in x.items()}
    if isinstance(x, str | bytes):
        return None
    parts = parts_of(type(x))
    if parts is not None:
        return complete_parts(x_bar, x, parts)
    fields = getattr(x, "__dict__", None)
    if not isinstance(fields, dict) or isinstance(x, type | types.ModuleType | types.FunctionType):
        return x_bar
    within = (*within, id(x))
    bars = {n: _complete(tangent_field(x_bar, n), v, within) for n, v in fields.items()}
    if x_bar is None and all(b is None for b in bars.values()):
        return None
    return Tangent(**bars)


def complete_parts(x_bar: Any, x: Any, parts: Parts) -> Any:
    bars = part_cotangents(x_bar, x, parts.names)
    whole = {n: complete(bar, getattr(x, n)) for n, bar in zip(parts.names, bars)}
    return Tangent(**whole) if parts.present is None else parts.present(x, whole)


def part_cotangents(x_bar: Any, x: Any, names: tuple[str, ...]) -> tuple:
    """The cotangents of the parts of an object. Raises if other real numbers in it have one."""
    for name in x_bar if isinstance(x_bar, Tangent) else ():
        unknown = unknown_part(x, name) if name not in names and hasattr(x, name) else None
        if unknown is not None and np.any(getattr(x_bar, name)):
            raise unknown
    return tuple([tangent_field(x_bar, name) for name in names])


class Held(NamedTuple):
    """What an object, list or dict held when the program began."""

    owner: Any
    parts: dict[Any, Any]


def complete_held(x_bar: Any, x: Held) -> Any:
    if isinstance(x.owner, list):
        return complete(x_bar, list(x.parts.values()))
    if isinstance(x.owner, dict):
        return complete(x_bar, x.parts)
    bars = {n: complete(tangent_field(x_bar, n), v) for n, v in x.parts.items()}
    return None if x_bar is None and all(b is None for b in bars.values()) else Tangent(**bars)


def instantiate(x_bar: Any, x: Any) -> Any:
    """The cotangent in the form of its primal, zeros where there is none."""
    if type(x) in PLAIN and type(x_bar) in PLAIN:  # what loops over items ask for all the time
        return x_bar
    return zeros_like(x) if x_bar is None else project(x_bar, x)


def copied(x_bar: Any) -> Any:
    """A cotangent that nothing else refers to."""
    return x_bar.copy() if isinstance(x_bar, np.ndarray) else x_bar


def listed(bars: Any, items: Any) -> list:
    """One cotangent per item of a list: None for each where there is none at all."""
    return [None] * len(items) if bars is None else list(bars)


REALS = {float, np.float64, np.float32}


def iterable_cotangent(bars: list, iterable: Any) -> Any:
    """The cotangent of an iterable from those of the items that iteration gave, in order."""
    if bars is None:
        return None
    if isinstance(iterable, np.ndarray):
        x_bar = zeros_like(iterable)
        if iterable.ndim == 1 and REALS.issuperset(map(type, bars)):
            x_bar[: len(bars)] = bars  # in a fifth of the time
            return x_bar
        for i, bar in enumerate(bars):
            if type(bar) is np.ndarray and bar.dtype == x_bar.dtype:
                x_bar[i] = bar  # in half the time
            elif bar is not None:
                x_bar[i] += bar
        return x_bar
    if isinstance(iterable, list | tuple | deque):
        rest = [None] * (len(iterable) - len(bars))
        return same_container(iterable, [*bars, *rest])
    if all(bar is None for bar in bars) or isinstance(iterable, range | dict):
        return None
    if (
        isinstance(iterable, Iterator | set | frozenset)
        or hasattr(iterable, "mapping")
        or hasattr(iterable, "takes_list")
    ):
        return bars  # what gives its items once (views of dicts, sets, parameters): a list of cotangents
    raise MissingRuleError(
        f"no derivative is known for going through a {type(iterable).__name__} item by item",
        hint="Go through a list or tuple of its items.",
    )


def column(bars: list | None, position: int) -> list | None:
    """From a list of cotangents of tuples, the cotangents of the items at one position."""
    if bars is None:
        return None
    return [None if bar is None else bar[position] for bar in bars]


def taken_apart(links: tuple, bars: tuple) -> tuple:
    """The cotangents of functions that capture each other, each without those of the others in it.

    `links` are triples: the function with number i has captured, by this name, that with number j.
    """
    sums: list[Any] = [None] * len(bars)
    work = list(enumerate(bars))
    while work:
        i, bar = work.pop()
        for at, name, j in links:
            if at == i and bar is not None:
                work.append((j, tangent_field(bar, name)))
                bar = without_field(bar, name)
        sums[i] = accumulate(sums[i], bar)
    return tuple(sums)


def put_together(links: tuple, bars: tuple, sums: tuple) -> tuple:
    """`taken_apart`, transposed: for each of its operands a cotangent of the same form."""

    def like(i: int, bar: Any) -> Any:
        if bar is None:
            return None
        own = {} if sums[i] is None else {n: getattr(sums[i], n) for n in sums[i]}
        return Tangent(
            **own, **{n: like(j, tangent_field(bar, n)) for at, n, j in links if at == i}
        )

    return tuple([like(i, bar) for i, bar in enumerate(bars)])


def without_field(tangent: Any, name: str) -> Any:
    """The tangent of an object before its attribute was assigned."""
    if isinstance(tangent, RootTangent):
        return RootTangent(without_field(tangent.own, name), tangent.roots)
    if tangent is None or isinstance(tangent, np.ndarray | Number):  # zero: see `tangent_field`
        return None
    return Tangent(**{n: getattr(tangent, n) for n in tangent if n != name})


# -- what gradients begin with and end in ---------------------------------------------------------------

SCALAR_HINT = (
    "gradient needs one real number: reduce the result (sum, mean, …), or use pullback with a "
    "cotangent of your own, or jacobian."
)


def scalar_message(what: str) -> str:
    return f"gradient of a function whose value is not a real number: {what}"


def seed_of(y: Any) -> Any:
    """The cotangent 1 of a result that must be one real number."""
    from adjoint.errors import NonScalarOutputError

    if isinstance(y, np.ndarray) and y.size == 1 and y.dtype.kind in "biuf":
        return np.ones(y.shape, cotangent_dtype(y.dtype))
    if isinstance(y, bool | int | float | np.floating | np.integer | np.bool_):
        return 1.0
    shape = (
        f"an array of shape {y.shape}"
        if isinstance(y, np.ndarray)
        else f"{type(y).__name__} {y!r:.60}"
    )
    raise NonScalarOutputError(scalar_message(f"it is {shape}"), hint=SCALAR_HINT)


def fit_cotangent(y_bar: Any, y: Any) -> Any:
    """A cotangent that a user gives, in the form of the value: its shape and floating dtype."""
    if isinstance(y, np.ndarray) and y_bar is not None and np.shape(y_bar) != y.shape:
        if np.ndim(y_bar):
            raise ValueError(f"the cotangent has shape {np.shape(y_bar)}, the value {y.shape}")
        y_bar = np.full(y.shape, y_bar)
    if isinstance(y, np.number) and isinstance(y_bar, int | float):
        y_bar = cotangent_dtype(y.dtype).type(y_bar)
    return project(y_bar, y)


class RootTangent:
    """The cotangent of a function, and those of the globals that it read, by identity."""

    def __init__(self, own: Any, roots: dict[int, tuple[Any, Any]]) -> None:
        self.own, self.roots = own, roots

    def __getattr__(self, name: str) -> Any:
        """The function's own: that of an instance with `__call__` has fields."""
        if name.startswith("__") or self.own is None:
            raise AttributeError(name)
        return getattr(self.own, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.own if self.own is not None else ())

    def __add__(self, other: Any) -> RootTangent:
        if not isinstance(other, RootTangent):
            return RootTangent(accumulate(self.own, other), self.roots)
        merged = dict(self.roots)
        for key, (value, bar) in other.roots.items():
            merged[key] = (value, accumulate(merged[key][1], bar) if key in merged else bar)
        return RootTangent(accumulate(self.own, other.own), merged)


def root_tangent(own: Any, *values_and_bars: Any) -> RootTangent:
    """The cotangent of a function that read these globals."""
    roots = own if isinstance(own, RootTangent) else RootTangent(own, {})
    for value, bar in zip(values_and_bars[::2], values_and_bars[1::2], strict=True):
        roots += RootTangent(None, {id(value): (value, bar)})
    return roots


def split_bars(bars: tuple, pattern: str, *starred: Any) -> tuple:
    """The cotangents of a call's operands, those of each starred operand put together.

    `pattern` has "." for a plain argument and "*" for a starred one.
    """
    callee, *rest, named = bars
    out: list[Any] = []
    operands = list(starred)
    for kind in pattern:
        if kind == ".":
            out.append(rest.pop(0))
        else:
            operand = operands.pop(0)
            piece, rest = rest[: len(operand)], rest[len(operand) :]
            out.append(iterable_cotangent(piece, operand))
    return (callee, *out, named)


def join_bars(parts: tuple | None, pattern: str, *starred: Any) -> tuple | None:
    """`split_bars` undone."""
    if parts is None:
        return None
    callee, *rest, named = parts
    out: list[Any] = []
    operands = list(starred)
    for kind, part in zip(pattern, rest, strict=True):
        if kind == ".":
            out.append(part)
        else:
            operand = operands.pop(0)
            out += [None] * len(operand) if part is None else list(part)
    return (callee, *out, named)


def bars_of_results(bars: Any, count: int) -> Any:
    """The cotangents of the results of a function that returns several, none of which may have one."""
    return (None,) * count if bars is None else bars


def leading_bar(bars: Any, position: int) -> Any:
    """The cotangent of one of the leading parameters of a rule, which returns one bare or a tuple."""
    if not isinstance(bars, tuple):
        return bars if position == 0 else None
    return bars[position] if position < len(bars) else None
