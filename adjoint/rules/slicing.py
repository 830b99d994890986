"""The type of `x[index]` for integers, slices, `None` and `...`, or a mask, for every length of the axes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from adjoint.ir.types import Array, Axis, Length, ListOf, Literal, Opaque, Scalar, TupleOf, Type

#: Functions that split an array, and along which axis; `np.hsplit` along the second, if there is one.
AXES_SPLIT = {np.split: 0, np.array_split: 0, np.vsplit: 0, np.hsplit: None, np.dsplit: 2}
MOST = 16  # items of a list that are written down one by one
SOME = slice(..., ..., ...)  # whose bounds only the program that runs knows
FARTHEST = 4  # from an end of an axis, for what is left to have a name of its own


def basic_item(x: Array, index: Type) -> Type | None:
    """None if an index chooses items by integers, or is not known well enough."""
    if isinstance(index, Array) and index.dtype.kind == "b" and 0 < index.ndim <= len(x.axes):
        return Array(x.dtype, (None, *x.axes[index.ndim :]))  # of as many as are true
    parts = _parts(index)
    if parts is None or x.dtype.kind not in "biufc":
        return None
    taken = sum(p is not None and p is not Ellipsis for p in parts)
    whole = [i for i, p in enumerate(parts) if p is Ellipsis]
    if taken > len(x.axes) or len(whole) > 1:
        return None
    at = whole[0] if whole else len(parts)
    filled = [*parts[:at], *[slice(None)] * (len(x.axes) - taken), *parts[at + 1 :]]
    axes, left = list(x.axes), []
    for part in filled:
        if part is None:
            left.append(1)
        elif isinstance(part, slice):
            left.append(_sliced(axes.pop(0), part))
        else:
            axes.pop(0)
    return Array(x.dtype, tuple(left)) if left or whole else Scalar(x.dtype.type)


def split_items(function: Any, types: list[Type], kwargs: list[tuple[Any, Any]]) -> Type | None:
    """The list that `np.split` gives, and its relatives; None if how many there are is not known."""
    if len(types) != 2 or kwargs or not isinstance(types[0], Array):
        return None
    x, parts = types
    axis = AXES_SPLIT[function]
    axis = min(1, len(x.axes) - 1) if axis is None else axis
    if axis >= len(x.axes):
        return None
    if isinstance(parts, Literal) and type(parts.value) is int:
        count = parts.value
    elif isinstance(parts, ListOf | TupleOf) and parts.items is not None:
        count = len(parts.items) + 1
    else:
        return None
    item = Array(x.dtype, (*x.axes[:axis], None, *x.axes[axis + 1 :]))
    return ListOf((item,) * count) if 0 < count <= MOST else None


def _parts(index: Type) -> list[Any] | None:
    """An integer, a slice, None or `...` for each part; None if there is another."""
    if isinstance(index, Literal):
        items = index.value if isinstance(index.value, tuple) else (index.value,)
        found = list(items)
    elif isinstance(index, TupleOf):
        found = [_part(kind) for kind in index.items]
    else:
        found = [_part(index)]
    return found if all(map(_is_basic, found)) else None


def _part(kind: Type) -> Any:
    if isinstance(kind, Literal):
        return kind.value
    if isinstance(kind, Opaque) and kind.cls is slice:
        return SOME
    integer = isinstance(kind, Scalar) and kind.cls in (int, np.int64, np.int32, np.intp)
    return 0 if integer else NotImplemented


def _is_basic(part: Any) -> bool:
    if isinstance(part, slice):
        return part is SOME or all(
            b is None or type(b) is int for b in (part.start, part.stop, part.step)
        )
    integer = isinstance(part, int | np.integer) and not isinstance(part, bool)
    return part is None or part is Ellipsis or integer


def _sliced(axis: Axis, s: slice) -> Axis:
    if s is SOME:
        return None
    if isinstance(axis, int):
        return len(range(axis)[s])
    start, stop, step = s.start or 0, s.stop, 1 if s.step is None else s.step
    if abs(step) == 1 and s.start is None and stop is None:
        return axis
    if step != 1:
        return None
    if start >= 0 and (stop is None or stop < 0):
        return _shorter(axis, start - (stop or 0))
    # Of an axis that is not 1 there are two items; that one is empty is not thought of.
    sure = 2 if isinstance(axis, Length) and axis.plural and not axis.offset else 1
    if 0 <= start <= stop <= sure if start >= 0 else -sure <= start <= (stop or 0) <= 0:
        return (stop or 0) - start
    return None


def _shorter(axis: Axis, by: int) -> Axis:
    if by == 0:
        return axis
    if not isinstance(axis, Length) or axis.symbol == "n" or abs(axis.offset - by) > FARTHEST:
        return None
    return replace(axis, offset=axis.offset - by, plural=False)
