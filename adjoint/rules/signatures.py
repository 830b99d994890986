"""The type of what a call gives, from the types of its operands.

NumPy itself is the signature: a function is run on small samples (`rules/samples.py`). Elementwise
functions and `matmul` are worked out by hand, since there two symbols may have to be one.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np

from adjoint import runtime, shadows, tree
from adjoint.ir.nodes import UNDEFINED, Const, Operand, Value
from adjoint.ir.types import (
    BOTTOM,
    UNKNOWN,
    Array,
    Axis,
    Double,
    ListOf,
    Literal,
    Opaque,
    Scalar,
    SomeArray,
    TupleOf,
    Type,
    Unknown,
    cotangent_dtype,
    dtype_of,
    is_number,
    is_python_number,
    is_text,
    join,
    literal,
    unliteral,
)
from adjoint.rules import registry
from adjoint.rules.number_types import (
    SQUARE,
    elementwise,
    of_square,
    product,
    python_arithmetic,
    taken_along,
    transposed,
)
from adjoint.rules.samples import NoSample, by_samples
from adjoint.rules.slicing import AXES_SPLIT, basic_item, split_items
from adjoint.rules.text import GIVES_TEXT

PYTHON_OPERATORS = {
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.pow, operator.neg, operator.pos, operator.lt, operator.le, operator.gt, operator.ge,
    operator.eq, operator.ne, operator.and_, operator.or_, operator.xor, operator.invert,
    operator.abs, operator.lshift, operator.rshift, abs, pow, divmod,
}  # fmt: skip
# The shape of the result depends on values, or the result is no fresh number.
DYNAMIC: set[Any] = {
    np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.compress, np.extract, np.delete,
    np.arange, np.linspace, np.trim_zeros, np.bincount, np.histogram, np.searchsorted,
    np.ndarray.nonzero, np.ndarray.compress,
    np.ndarray.item, np.ndarray.tolist, np.nditer, np.ndarray.sort, np.ndarray.fill,
}  # fmt: skip


#: Of an array they give one of its shape.
OF_ONE_SHAPE: set[Any] = {np.zeros_like, np.ones_like, np.empty_like, np.copy, np.ndarray.copy}


def result_type(
    function: Any, args: list[Operand], kwargs: list[tuple[str | None, Operand]]
) -> Type:
    """The type of `function(*args, **kwargs)`; Unknown where it cannot be told."""
    types = [operand_type(a) for a in args]
    if any(t is BOTTOM for t in types):
        return UNKNOWN
    if any(isinstance(t, Scalar) and t.cls is Double for t in types):
        return _of_double(function, args, kwargs)
    if any(isinstance(t, SomeArray) for t in types) and _keeps_rank(function) and not kwargs:
        return _of_some(function, args)
    if id(function) in FORMS and len(types) > FORMS[id(function)] and not kwargs:
        return cotangent_form(types[FORMS[id(function)]])
    if isinstance(text := _text(function, args, types), Opaque):
        return text
    if function is int or function is bool:  # never of a subclass, whatever they are given
        return Scalar(function)
    if function is slice and all(map(_is_bound, types)) and not kwargs:
        return Opaque(slice)
    try:
        if function in (operator.matmul, np.matmul, np.dot, np.ndarray.dot) and not kwargs:
            found = product(function, *types)
            if not isinstance(found, Unknown):
                return found
        if function in SQUARE and not kwargs:
            return of_square(function, args, types)
        if function in (np.reshape, np.ndarray.reshape) and any(map(_is_some_int, types[1:])):
            return _reshaped(args, types, kwargs)  # of the numbers tried, hardly any fits but 1
        if function is np.ndarray.transpose and not kwargs:
            found = transposed(types)
            if not isinstance(found, Unknown):
                return found
        if function is np.take_along_axis:
            found = taken_along(args, types, dict(kwargs))
            if not isinstance(found, Unknown):
                return found
        if isinstance(function, np.ufunc) and not kwargs and len(args) == function.nin:
            return elementwise(function, args, types)
        if function in PYTHON_OPERATORS and all(is_number(unliteral(t)) for t in types):
            if all(is_python_number(unliteral(t)) for t in types):
                return python_arithmetic(function, args, types)
            return elementwise(function, args, types)
        if function in (np.linspace, np.arange):
            return _evenly_spaced(function, args, types, kwargs)
        if function in AXES_SPLIT:
            return split_items(function, types, kwargs) or UNKNOWN
        if function in (sum, max, min) and not kwargs:
            return _over_items(function, args, types)
        declared = registry.lookup(function)
        if declared is not None and declared.kind == "partials" and not kwargs:
            return elementwise(function, args, types)
        if declared is not None and declared.like is not None and declared.like < len(types):
            return unliteral(types[declared.like])
        if declared is not None and declared.shape is not None:
            return _declared_shape(declared.shape, types)
        if function in (np.repeat, np.ndarray.repeat):
            return _repeated(types, dict(kwargs))
        if function is np.broadcast_to and len(types) == 2 and not kwargs:
            return _broadcast(types)
        if function in (np.array, np.asarray) and len(types) == 1 and not kwargs:
            if _are_bools(types[0]) and types[0].items:  # type: ignore[attr-defined]
                return Array(np.dtype(bool), (len(types[0].items),))  # type: ignore[attr-defined]
        if function in DYNAMIC or not (_from_numpy(function) or function in SAMPLED):
            return UNKNOWN
        if function is np.einsum and not isinstance(types[0], Literal):
            return UNKNOWN  # the items of a list of labels, of which some are equal, may be any numbers
        if function is operator.getitem and isinstance(types[0], TupleOf | ListOf):
            found = _item_type(types[0], types[1])
            if found is not None:
                return found
        if function is operator.getitem and len(args) == 2:
            exact = basic_item(types[0], types[1]) if isinstance(types[0], Array) else None
            exact = exact or _masked(types[0], types[1])
            if exact is not None:
                return exact
            args = [args[0], _within_bounds(args[1])]
            return by_samples(function, args, kwargs, _furthest(operand_type(args[1])))
        return by_samples(function, args, kwargs)
    except (NoSample, TypeError):
        if function in (np.reshape, np.ndarray.reshape):
            return _reshaped(args, types, kwargs)
        return UNKNOWN


def _item_type(owner: TupleOf | ListOf, index: Type) -> Type | None:
    """The type that all items have, of which an index chooses one that is not known."""
    if isinstance(index, Literal) or owner.items is None:
        return None
    number = isinstance(index, Scalar) and issubclass(index.cls, int | np.integer)
    return functools.reduce(join, map(unliteral, owner.items), BOTTOM) if number else UNKNOWN


def _masked(x: Type, mask: Type) -> Type | None:
    """The type of what a mask chooses of an array: how many there are is not known."""
    if isinstance(mask, TupleOf) and mask.cls is tuple:
        return _masked_beside(x, list(mask.items))
    if isinstance(mask, Literal) and isinstance(mask.value, np.ndarray | list):
        found = np.asarray(mask.value)
        axes = found.ndim if found.dtype.kind == "b" else 0
    elif isinstance(mask, ListOf):
        axes = int(_are_bools(mask))
    else:
        axes = mask.ndim if isinstance(mask, Array) and mask.dtype.kind == "b" else 0
    if not isinstance(x, Array) or not 0 < axes <= x.ndim:
        return None
    return Array(x.dtype, (None, *x.axes[axes:]))


def _masked_beside(x: Type, index: list[Type]) -> Type | None:
    """The same of `x[mask, 1]` and `x[:, mask]`: one mask of one axis, beside integers and whole slices."""
    if not isinstance(x, Array) or len(index) > x.ndim:
        return None
    whole = [isinstance(i, Literal) and i.value == slice(None) for i in index]
    masks = [isinstance(i, Array) and i.dtype.kind == "b" and i.ndim == 1 for i in index]
    numbers = [_is_bound(i) and not _is_bool_or_none(i) for i in index]
    chosen = [k for k, w in enumerate(whole) if not w]
    known = all(w or m or n for w, m, n in zip(whole, masks, numbers, strict=True))
    if not known or sum(masks) != 1 or chosen != list(range(chosen[0], chosen[-1] + 1)):
        return None
    return Array(x.dtype, (*x.axes[: chosen[0]], None, *x.axes[chosen[-1] + 1 :]))


def _is_bool_or_none(kind: Type) -> bool:
    """Does an index of this type make an axis?"""
    kind = unliteral(kind)
    if isinstance(kind, Scalar):
        return kind.cls in (bool, np.bool_)
    return isinstance(kind, Literal) and kind.value is None


def _are_bools(kind: Type) -> bool:
    if not isinstance(kind, ListOf):
        return False
    items = map(unliteral, kind.items if kind.items is not None else (kind.element,))
    return all(isinstance(t, Scalar) and t.cls in (bool, np.bool_) for t in items)


def _broadcast(types: list[Type]) -> Type:
    """The type of `np.broadcast_to(x, shape)`, by the shape alone."""
    x, shape = map(unliteral, types)
    dtype = dtype_of(x)
    lengths = list(shape.items) if isinstance(shape, TupleOf) else [shape]
    if isinstance(shape, Literal):
        if not isinstance(shape.value, tuple):
            return UNKNOWN
        lengths = [literal(n) for n in shape.value]
    if dtype is None or not all(map(_is_python_int, lengths)):
        return UNKNOWN
    return Array(dtype, tuple(map(_axis_of, lengths)))


def _repeated(types: list[Type], kwargs: dict[str | None, Operand]) -> Type:
    """The type of `np.repeat(x, n, axis)`: of the repeated axis the length is not known."""
    x = unliteral(types[0])
    axis = types[2] if len(types) > 2 else operand_type(kwargs.get("axis", Const(None)))
    if not isinstance(x, Array) or not isinstance(axis, Literal) or None in kwargs:
        return UNKNOWN
    if axis.value is None:
        return Array(x.dtype, (None,))
    if not isinstance(axis.value, int) or not -x.ndim <= axis.value < x.ndim:
        return UNKNOWN
    axes = list(x.axes)
    axes[axis.value] = None
    return Array(x.dtype, tuple(axes))


def _is_bound(kind: Type) -> bool:
    kind = unliteral(kind)
    integer = isinstance(kind, Scalar) and issubclass(kind.cls, int | np.integer)
    return integer or isinstance(kind, Literal) and kind.value is None


def _declared_shape(shape: Any, types: list[Type]) -> Type:
    """The type of the result of a function whose rule tells its shape."""
    kinds = list(map(unliteral, types))
    arrays = [t for t in kinds if isinstance(t, Array)]
    if any(isinstance(t, Unknown) for t in kinds):
        return UNKNOWN
    if not arrays:
        return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], Scalar) else UNKNOWN
    axes = shape(
        *(t.axes if isinstance(t, Array) else () if isinstance(t, Scalar) else None for t in kinds)
    )
    if not axes:  # a number may be of Python's kind or NumPy's
        return UNKNOWN
    return Array(np.result_type(*(t.dtype for t in arrays)), tuple(axes))


def _reshaped(
    args: list[Operand], types: list[Type], kwargs: list[tuple[str | None, Operand]]
) -> Type:
    """The type of `x.reshape(shape)`, by the shape alone."""
    shape = types[1:]
    if len(shape) == 1 and isinstance(shape[0], Literal) and isinstance(shape[0].value, tuple):
        shape = [literal(n) for n in shape[0].value]
    elif len(shape) == 1 and isinstance(shape[0], TupleOf):
        shape = list(shape[0].items)
    integers = all(_is_python_int(t) for t in shape)
    usual = all(isinstance(o, Const) and o.value in ("C", None) for _, o in kwargs)
    if not isinstance(types[0], Array) or not shape or not integers or not usual:
        return UNKNOWN
    return Array(types[0].dtype, tuple(map(_axis_of, shape)))


def _axis_of(kind: Type) -> Axis:
    """The length of an axis that a number of this type gives."""
    if isinstance(kind, Literal):
        return kind.value if kind.value >= 0 else None
    return kind.length  # type: ignore[attr-defined]


def _within_bounds(index: Operand) -> Operand:
    """An index whose integers stand for any: 0, which an axis of any length has."""
    kind = operand_type(index)
    if isinstance(kind, Literal):
        items = (
            tuple(map(_first, kind.value)) if isinstance(kind.value, tuple) else _first(kind.value)
        )
        return Const(items)
    if isinstance(kind, TupleOf) and kind.cls is tuple:
        return Value(type=TupleOf(tuple(map(_at_zero, kind.items))))
    return Value(type=_at_zero(kind))


def _first(item: Any) -> Any:
    return 0 if isinstance(item, int | np.integer) and not isinstance(item, bool) else item


def _at_zero(kind: Type) -> Type:
    if isinstance(kind, Literal):
        return literal(_first(kind.value))
    number = isinstance(kind, Scalar) and kind.length is None
    return literal(0) if number and issubclass(kind.cls, int | np.integer) else kind


def _furthest(kind: Type) -> int:
    """How far from its ends an index reaches into an axis, as far as that is known."""
    if isinstance(kind, TupleOf):
        return max(map(_furthest, kind.items), default=0)
    value = kind.value if isinstance(kind, Literal) else None
    if isinstance(value, tuple):
        return max((_furthest(literal(v)) for v in value), default=0)
    if isinstance(value, slice):
        return max((abs(v) for v in (value.start, value.stop) if isinstance(v, int)), default=0)
    if isinstance(value, list | np.ndarray) and np.asarray(value).dtype.kind in "iu":
        return int(np.max(np.abs(value), initial=0))
    return 0


def _evenly_spaced(
    function: Any,
    args: list[Operand],
    types: list[Type],
    kwargs: list[tuple[str | None, Operand]],
) -> Type:
    """The type of what `linspace` and `arange` give for numbers; the length only if it is known."""
    kinds = [dtype_of(unliteral(t)) if isinstance(unliteral(t), Scalar) else None for t in types]
    if kwargs or not kinds or any(k is None or k.kind not in "iuf" for k in kinds):
        return UNKNOWN
    if all(isinstance(t, Literal) for t in types):
        made = function(*(t.value for t in types))  # type: ignore[attr-defined]
        return Array(made.dtype, (len(made),))
    if function is np.linspace:
        count = types[2].value if len(types) == 3 and isinstance(types[2], Literal) else None
        count = 50 if len(types) == 2 else count
        return Array(np.result_type(float, *kinds[:2]), (count,)) if len(types) < 4 else UNKNOWN
    if all(k.kind == "i" for k in kinds) and all(_is_python_int(t) for t in types):  # type: ignore[union-attr]
        return Array(np.dtype(int), (None,))
    if all(k == np.dtype(float) or _is_python_int(t) for k, t in zip(kinds, types, strict=True)):
        return Array(np.dtype(float), (None,))
    return UNKNOWN


def _is_some_int(kind: Type) -> bool:
    """An integer, or a tuple with one, of which only the program that runs knows the value?"""
    if isinstance(kind, TupleOf):
        return any(map(_is_some_int, kind.items))
    return isinstance(kind, Scalar) and _is_python_int(kind) and kind.length is None


def _is_python_int(kind: Type) -> bool:
    kind = unliteral(kind)
    return isinstance(kind, Scalar) and kind.cls is int


#: Functions whose result has the form of the cotangent of an operand: of which.
FORMS = {
    id(tree.zeros_like): 0, id(tree.copied): 0, id(tree.index_add): 0, id(tree.add_into): 0,
    id(shadows.take_masked): 0, id(shadows.shadow_of): 1, id(shadows.apart): 0,
}  # fmt: skip


def cotangent_form(kind: Type) -> Type:
    """The type of the cotangents of arrays and NumPy scalars of this type."""
    if isinstance(kind, Array) and kind.dtype.kind in "biufc":
        return Array(cotangent_dtype(kind.dtype), kind.axes)
    return UNKNOWN


def _text(function: Any, args: list[Operand], types: list[Type]) -> Type:
    """The type of a call that gives text."""
    if function in (runtime.format_value, runtime.join_strings, str, repr, ascii, format):
        return Opaque(str)
    if function is runtime.call_method and isinstance(args[1], Const):
        owner = _text_class(types[0])
        if owner is not None and args[1].value in GIVES_TEXT:
            other = {"encode": bytes, "decode": str, "hex": str}
            return Opaque(other.get(args[1].value, owner))
    kinds = [_text_class(t) for t in types]
    joined = function is operator.add and all(kinds)
    filled = function is operator.mod and kinds[0] is not None
    repeated = function is operator.mul and kinds.count(None) == 1
    return Opaque(next(filter(None, kinds))) if joined or filled or repeated else UNKNOWN


def _text_class(kind: Type) -> type | None:
    if is_text(kind):
        return kind.cls  # type: ignore[attr-defined]
    value = kind.value if isinstance(kind, Literal) else None
    return type(value) if isinstance(value, str | bytes) else None


def _keeps_rank(function: Any) -> bool:
    """Is the result of arrays an array, of whatever rank they are, and its dtype that of any rank?"""
    try:
        if function in PYTHON_OPERATORS or function in OF_ONE_SHAPE:
            return function is not operator.matmul
    except TypeError:
        return False
    return isinstance(function, np.ufunc) and function.signature is None and function.nout == 1


def _of_some(function: Any, args: list[Operand]) -> Type:
    """The type for arrays of which the rank is not known: see `SomeArray`."""
    known = [
        Value(type=Array(t.dtype, (None,))) if isinstance(t := operand_type(a), SomeArray) else a
        for a in args
    ]
    found = result_type(function, known, [])
    return SomeArray(found.dtype) if isinstance(found, Array) else UNKNOWN


def _of_double(
    function: Any, args: list[Operand], kwargs: list[tuple[str | None, Operand]]
) -> Type:
    """The type for both classes that a `Double` may have, if it is one type."""
    found = []
    for cls in (float, np.float64):
        known = [
            Value(type=Scalar(cls)) if isinstance(t, Scalar) and t.cls is Double else a
            for a in args
            for t in [operand_type(a)]
        ]
        found.append(result_type(function, known, kwargs))
    both = join(*found)
    return UNKNOWN if isinstance(both, Array) and found[0] != found[1] else both


def operand_type(operand: Operand) -> Type:
    if isinstance(operand, Const):
        return BOTTOM if operand.value is UNDEFINED else literal(operand.value)
    return operand.type


def _from_numpy(function: Any) -> bool:
    if isinstance(function, np.ufunc):
        return True
    owner = getattr(function, "__objclass__", None)
    if owner is not None:
        return owner in (np.ndarray, np.generic)
    module = getattr(function, "__module__", None) or ""
    if registry.package_of(function) == "numpy":
        return not module.startswith("numpy.random")
    if getattr(function, "__name__", "") in ("index_rows", "sorted_positions", "extreme_positions"):
        return False  # how many there are depends on the values
    if module.startswith("adjoint.rules.") and module not in (
        "adjoint.rules.dispatch",
        "adjoint.rules.structural",
    ):
        return registry.lookup(function) is not None
    bound = getattr(function, "__self__", None)
    return isinstance(bound, np.ufunc)


SAMPLED: set[Any] = {
    operator.getitem, float, complex, round, *(f for f in vars(math).values() if callable(f)),
}  # fmt: skip


def _over_items(function: Any, args: list[Operand], types: list[Type]) -> Type:
    """`sum`, `max` or `min` of a sequence (or `max(a, b)` of several numbers)."""
    kinds: tuple[Type, ...] = tuple(map(unliteral, types))
    if len(args) == 1 or function is sum:
        sequence = types[0]
        if not isinstance(sequence, ListOf | TupleOf):
            return UNKNOWN
        kinds = sequence.items if sequence.items is not None else (sequence.element,) * 2  # type: ignore[attr-defined]
    if function is not sum:
        return functools.reduce(join, map(unliteral, kinds)) if kinds else UNKNOWN
    total: Type = unliteral(types[1]) if len(types) > 1 else Scalar(int)
    start = total
    for kind in kinds:
        total = result_type(operator.add, [Value(type=total), Value(type=unliteral(kind))], [])
    if isinstance(types[0], ListOf) and types[0].items is None:  # it may be empty
        return join(start, total)
    return total
