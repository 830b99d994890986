"""Values that remember how they were made, and the recording of calls."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NoReturn

import numpy as np

from adjoint.errors import AdjointError, UnsupportedSyntaxError
from adjoint.rules import registry
from adjoint.rules.dispatch import apply_rule
from adjoint.tree import Number, instantiate

_numbers = count()


class TapeUsed(AdjointError):
    """`back` came to a part of the tape that an earlier `back` has used up."""


class Node:
    """How a value was made: the pullback of the call, and the tracked values in its arguments."""

    def __init__(self, pullback: Callable, args: tuple, kwargs: dict) -> None:
        self.pullback: Callable | None = pullback
        self.args, self.kwargs = args, kwargs

    def bars(self, y_bar: Any) -> Iterator[tuple[Tracked, Any]]:
        """The tracked values in the arguments with their cotangents."""
        if self.pullback is None:
            raise TapeUsed(
                "this part of the tape was used up by an earlier `back`",
                hint="Compute the value again, or let the first one keep the tape: back(y, once=False).",
            )
        _, *bars, named = self.pullback(y_bar)
        for arg, bar in zip(self.args, bars):
            yield from tracked_in(arg, bar)
        for name, arg in self.kwargs.items():
            yield from tracked_in(arg, (named or {}).get(name))

    def forget(self) -> None:
        self.pullback, self.args, self.kwargs = None, (), {}


class Tracked:
    """A number or array that remembers how it was made.

    data: the number or array.  grad: what `back` has added up; of parameters only.
    """

    data: Any
    grad: Any
    __slots__ = ("__weakref__", "data", "grad", "node", "number")

    def __init__(self, data: Any, node: Node | None = None) -> None:
        self.data, self.node, self.number = data, node, next(_numbers)
        self.grad = instantiate(None, data) if node is None else None

    # Nothing is written into it: a copy is what it is, on the same tape.

    def __copy__(self) -> Tracked:
        return self

    def __deepcopy__(self, memo: dict) -> Tracked:
        return self

    # -- NumPy ---------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            refuse_write()
        if method == "__call__":
            return call(ufunc, *inputs, **kwargs)
        if method == "reduce" and ufunc in REDUCTIONS:
            kwargs = {"axis": 0, **kwargs}
            return call(REDUCTIONS[ufunc], *inputs, **kwargs)
        raise UnsupportedSyntaxError(
            f"no derivative is known for np.{ufunc.__name__}.{method} of a tracked array",
            hint="Use NumPy's function of that name, np.sum or np.cumsum for instance.",
        )

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        if kwargs.get("out") is not None:
            refuse_write()
        if not any(
            map(has_tracked, (*args, *kwargs.values()))
        ):  # NumPy has looked into what we do not
            lost("an item of a container that NumPy makes an array of")
        return call(function, *args, **kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        lost("an array")

    def __float__(self) -> float:
        lost("a float")

    __int__ = __index__ = __complex__ = __float__

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.data)

    @property
    def ndim(self) -> int:
        return np.ndim(self.data)

    @property
    def size(self) -> int:
        return np.size(self.data)

    @property
    def dtype(self) -> np.dtype:
        return np.asarray(self.data).dtype

    @property
    def T(self) -> Any:
        return call(np.transpose, self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"a tracked value has no attribute {name!r}")
        if name in CHANGING:
            refuse_write()
        if not callable(getattr(np.ndarray, name)):
            return call(getattr, self, name)
        return lambda *args, **kwargs: call(getattr(np.ndarray, name), self, *args, **kwargs)

    # -- Python --------------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        return call(operator.getitem, self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        refuse_write()

    def __tracked__(self, function: Callable, *args: Any) -> Any:
        return call(
            function, *args
        )  # what `ad.hook` and `ad.stop_gradient` do with a tracked value

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.data)

    def __hash__(self) -> int:
        return id(self)

    def __format__(self, spec: str) -> str:
        return format(self.data, spec)

    def __repr__(self) -> str:
        return f"{self.data} (tracked)" if self.ndim == 0 else f"{self.data!r} (tracked)"

    def __round__(self, *digits: int) -> Any:
        return round(self.data, *digits)


REDUCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
CHANGING = {
    "fill",
    "itemset",
    "partition",
    "put",
    "resize",
    "setfield",
    "setflags",
    "sort",
    "byteswap",
}
BINARY = (
    "add sub mul truediv floordiv mod pow matmul",
    "radd rsub rmul rtruediv rfloordiv rmod rpow rmatmul",
)
COMPARISONS = "eq ne lt le gt ge"


def _operator(name: str, reflected: bool) -> Callable:
    function = getattr(operator, name)
    if reflected:
        return lambda self, other: call(function, other, self)
    return lambda self, other: call(function, self, other)


for _name, _reflected in zip(BINARY[0].split(), BINARY[1].split(), strict=True):
    setattr(Tracked, f"__{_name}__", _operator(_name, False))
    setattr(Tracked, f"__{_reflected}__", _operator(_name, True))


def _in_place(name: str) -> Callable:
    function = getattr(operator, name)

    def changed(self: Tracked, other: Any) -> Any:
        if isinstance(self.data, np.ndarray):  # what else refers to it would have to change as well
            refuse_write()
        return call(function, self, other)

    return changed


for _name in BINARY[0].split():
    setattr(Tracked, f"__i{_name}__", _in_place(_name))
for _name in COMPARISONS.split():
    setattr(Tracked, f"__{_name}__", _operator(_name, False))
for _name in ("neg", "pos", "abs"):
    _function = getattr(operator, _name)
    setattr(Tracked, f"__{_name}__", lambda self, _function=_function: call(_function, self))


def lost(what: str) -> NoReturn:
    raise TypeError(
        f"a tracked value that becomes {what} would lose its derivative: take its .data if it should, use "
        "NumPy's functions instead of those of math, and np.stack or sum for a list of tracked values"
    )


def refuse_write() -> NoReturn:
    raise UnsupportedSyntaxError(
        "a tracked array is written to: the tape does not follow that",
        hint="Make a new array, write to its .data, or use ad.gradient, which follows writes.",
    )


# -- recording ---------------------------------------------------------------------------------------


def tracked_in(arg: Any, bar: Any) -> Iterator[tuple[Tracked, Any]]:
    """The tracked values in an argument, with the parts of its cotangent."""
    if isinstance(arg, Tracked):
        yield arg, bar
    elif isinstance(arg, list | tuple | deque):
        for i, item in enumerate(arg):
            yield from tracked_in(item, None if bar is None else bar[i])
    elif isinstance(arg, dict):
        for key, item in arg.items():
            yield from tracked_in(item, None if bar is None else bar.get(key))


def has_tracked(arg: Any) -> bool:
    return any(True for _ in tracked_in(arg, None))


def data(x: Any) -> Any:
    """The number or array of a tracked value, and of those in lists, tuples and dicts."""
    if isinstance(x, Tracked):
        return x.data
    if isinstance(x, deque):
        return deque(map(data, x), x.maxlen)
    if isinstance(x, list | tuple):
        items = [data(item) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    return {key: data(item) for key, item in x.items()} if isinstance(x, dict) else x


def call(function: Callable, *args: Any, **kwargs: Any) -> Any:
    """The value of a call of NumPy's or Python's, tracked, by the function's rule."""
    active = (
        *[i for i, arg in enumerate(args) if has_tracked(arg)],
        *[name for name, arg in kwargs.items() if has_tracked(arg)],
    )
    plain, named = tuple([data(arg) for arg in args]), {n: data(arg) for n, arg in kwargs.items()}
    declared = registry.lookup(function)
    if not active or declared is not None and declared.kind == "constant":
        return function(*plain, **named)
    y, pullback = apply_rule(function, active, *plain, **named)
    return tracked(y, Node(pullback, args, kwargs))


def captured(function: Any) -> Any:
    raise UnsupportedSyntaxError(
        "a tracked value is used in a function that is differentiated from its source",
        hint="Pass it as an argument: gradient(lambda x, w: …, x, w).",
    )


@registry.rule(call)
def _(function, *args, **kwargs):
    y = captured(function)

    def pullback(y_bar):
        return None

    return y, pullback


def tracked(y: Any, node: Node) -> Any:
    """The result of a call; of several results each."""
    if isinstance(y, list | tuple):
        whole = Tracked(y, node)
        items = [call(operator.getitem, whole, i) for i in range(len(y))]
        return type(y)(*items) if hasattr(y, "_fields") else type(y)(items)
    numeric = isinstance(y, np.ndarray | Number) and np.asarray(y).dtype.kind in "iufc"
    return Tracked(y, node) if numeric else y
