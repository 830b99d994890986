"""Calls that the types prove to do nothing, and calls with a shorter spelling.

np.conj(x), np.real(x)                  ->  x               x real
np.transpose(x)                         ->  x.T             (x.T).T -> x
project(x_bar, x), x_bar.astype(d)      ->  x_bar           of that shape and dtype already
np.expand_dims(x, 1)                    ->  x[:, None]
W.T @ v                                 ->  v @ W           v a vector
(a, b)[0]                               ->  a
np.sum(a * b)                           ->  np.vdot(a, b)   real arrays of one shape
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from adjoint import tree
from adjoint.ir.nodes import Call, Const, Operand, Splat, Value
from adjoint.ir.types import Array, Scalar, cotangent_dtype, dtype_of
from adjoint.optimise.algebra import operands
from adjoint.optimise.facts import (
    ARITHMETIC,
    covers,
    is_array,
    is_call_of,
    is_real,
    is_scalar,
    kind_of,
    number,
    same_operand,
    same_shape,
)
from adjoint.optimise.rewriting import Rewriter
from adjoint.rules.reductions import reduced_count, widen
from adjoint.rules.signatures import result_type
from adjoint.runtime import make_list, make_tuple

MISSING = np._NoValue


def real_already(r: Rewriter, call: Call) -> Operand | None:
    found = operands(call)
    if found is None or len(found) != 1 or not is_real(found[0]):
        return None
    return found[0]


def transposed(r: Rewriter, operand: Any) -> Any:
    """x of an operand that is x.T; None for any other."""
    s = r.definitions.get(operand) if isinstance(operand, Value) else None
    if s is None or s.kwargs or not isinstance(s.callee, Const) or not is_array(s.target):
        return None
    if s.callee.value is getattr and isinstance(s.args[1], Const) and s.args[1].value == "T":
        return s.args[0]
    return s.args[0] if s.callee.value is np.transpose and len(s.args) == 1 else None


def transpose(r: Rewriter, call: Call) -> Operand | None:
    found = operands(call)
    if found is None or not found or not is_array(found[0]):
        return None
    x = found[0]
    if call.callee.value is getattr:  # type: ignore[union-attr]
        if not isinstance(found[1], Const) or found[1].value != "T":
            return None
    elif len(found) != 1:
        return None
    if kind_of(x).ndim < 2:  # type: ignore[attr-defined]
        return x
    inner = transposed(r, x)
    if inner is not None:
        return inner
    if call.callee.value is getattr:  # type: ignore[union-attr]
        return None
    return r.emit(getattr, x, Const("T"), kind=call.target.type)


def vector_first(r: Rewriter, call: Call) -> Operand | None:
    """W.T @ v -> v @ W, v a vector"""
    found = operands(call)
    if found is None or len(found) != 2 or getattr(kind_of(found[1]), "ndim", 0) != 1:
        return None
    W = transposed(r, found[0])
    if W is None or kind_of(W).ndim != 2:  # type: ignore[attr-defined]
        return None
    return r.emit(operator.matmul, found[1], W, kind=call.target.type)


def conforming(r: Rewriter, call: Call) -> Operand | None:
    """`project`, `instantiate` of what has its primal's shape and dtype; `copied` of a number."""
    found = operands(call)
    if found is None or len(found) != 2:
        return None
    bar, primal = map(kind_of, found)
    if isinstance(bar, Array) and isinstance(primal, Array):
        fits = same_shape(bar, primal) and bar.dtype == cotangent_dtype(primal.dtype)
        return found[0] if fits else None
    if isinstance(bar, Scalar) and isinstance(primal, Scalar):
        dtypes = dtype_of(bar), cotangent_dtype(dtype_of(primal))  # type: ignore[arg-type]
        return found[0] if dtypes[0] == dtypes[1] and is_real(found[0]) else None
    return None


def copied(r: Rewriter, call: Call) -> Operand | None:
    found = operands(call)
    if found is None or len(found) != 1:
        return None
    if is_scalar(found[0]):
        return found[0]
    if is_array(found[0]) and call.callee.value is tree.copied:  # type: ignore[union-attr]
        return r.emit(np.ndarray.copy, found[0], kind=call.target.type)
    return None


def copy_of_broadcast(r: Rewriter, call: Call) -> Operand | None:
    """np.broadcast_to(s, shape).copy() -> np.full(shape, s)"""
    found = operands(call)
    wide = r.only(found[0], np.broadcast_to) if found is not None and len(found) == 1 else None
    if wide is None or len(wide.args) != 2 or not is_scalar(wide.args[0]):
        return None
    value, shape = wide.args
    if dtype_of(kind_of(value)) != kind_of(call.target).dtype:  # type: ignore[attr-defined]
        return None
    return r.emit(np.full, shape, value, kind=call.target.type)  # type: ignore[arg-type]


def dtype_attribute(r: Rewriter, call: Call) -> Operand | None:
    """x.dtype -> the dtype"""
    found = operands(call)
    if found is None or len(found) != 2 or not isinstance(found[1], Const):
        return None
    kind = kind_of(found[0])
    if found[1].value != "dtype":
        return None
    if isinstance(kind, Array):
        return Const(kind.dtype)
    numpy_scalar = isinstance(kind, Scalar) and issubclass(kind.cls, np.generic)
    return Const(np.dtype(kind.cls)) if numpy_scalar else None  # type: ignore[union-attr]


def same_dtype(r: Rewriter, call: Call) -> Operand | None:
    found = operands(call)
    if found is None or len(found) != 2 or not isinstance(found[1], Const):
        return None
    x, dtype = found[0], found[1].value
    if isinstance(dtype, np.dtype) and is_array(x) and kind_of(x).dtype == dtype:  # type: ignore[attr-defined]
        return x
    return None


def accumulated(r: Rewriter, call: Call) -> Operand | None:
    found: Any = operands(call)
    if found is None or len(found) != 2:
        return None
    a, b = found
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Const) and one.value is None:
            return other
    if (is_array(a) or is_scalar(a)) and (is_array(b) or is_scalar(b)):
        return r.emit(operator.add, a, b)
    return None


def zeros(r: Rewriter, call: Call) -> Operand | None:
    """`zeros_like(x)` of an array -> `np.zeros(x.shape)`"""
    x = call.args[0]
    kind = kind_of(x)
    if not isinstance(kind, Array) or kind.dtype.kind not in "iuf" or isinstance(x, Splat):
        return None
    if x not in r.inputs and x not in r.definitions:
        return None  # what a loop carries may be undefined at first, whatever its type
    shape = r.emit(getattr, x, Const("shape"), kind=result_type(np.shape, [x], []))
    dtype = cotangent_dtype(kind.dtype)
    more: list[Operand] = [] if dtype == np.dtype(float) else [Const(dtype)]
    return r.emit(np.zeros, shape, *more, kind=call.target.type)


def item_of_display(r: Rewriter, call: Call) -> Operand | None:
    """(a, b)[0] -> a"""
    found = operands(call)
    if found is None or len(found) != 2 or not isinstance(found[1], Const):
        return None
    built = r.definitions.get(found[0])
    key = found[1].value
    if built is None or type(key) is not int or not isinstance(built.callee, Const):
        return None
    tuple_or_list = built.callee.value is make_tuple or (
        built.callee.value is make_list and r.definition(found[0], make_list) is not None
    )
    if not tuple_or_list or any(isinstance(a, Splat) for a in built.args):
        return None
    return built.args[key] if -len(built.args) <= key < len(built.args) else None  # type: ignore[return-value]


def new_axes(r: Rewriter, call: Call) -> Operand | None:
    """np.expand_dims(x, axis) -> x[:, None]"""
    found = operands(call)
    if found is None or len(found) < 2 or not is_array(found[0]) or not isinstance(found[1], Const):
        return None
    x, axis = found[0], found[1].value
    if call.callee.value is widen and len(found) == 3:  # type: ignore[union-attr]
        if not isinstance(found[2], Const) or found[2].value not in (MISSING, False):
            return None
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not all(type(a) is int for a in axes):
        return None
    ndim = kind_of(x).ndim + len(axes)  # type: ignore[attr-defined]
    places = sorted(a % ndim for a in axes if -ndim <= a < ndim)
    if len(set(places)) != len(axes):
        return None
    index: list[Any] = [None if i in places else slice(None) for i in range(ndim)]
    while index and index[-1] == slice(None):
        index.pop()
    if index[:-1] == [slice(None)] * (ndim - 1) and ndim > 2:
        index = [Ellipsis, None]
    key: Any = tuple(index) if len(index) > 1 else index[0]
    return r.emit(operator.getitem, x, Const(key), kind=call.target.type)


def widened(r: Rewriter, call: Call) -> Operand | None:
    """widen(x, axis, keepdims) where there is nothing to do"""
    found = operands(call)
    if found is None or not all(isinstance(a, Const) for a in found[1:]):
        return None
    constants = [a.value for a in found[1:]]
    axis, keepdims = [*constants, *(None, MISSING)[len(constants) :]]
    if axis is None or axis == () or keepdims is True:
        return found[0]
    return new_axes(r, call)


def inner_product(r: Rewriter, call: Call) -> Operand | None:
    """np.sum(a * b) -> np.vdot(a, b)"""
    found = operands(call)
    product = r.only(found[0], operator.mul) if found is not None and len(found) == 1 else None
    if product is None:
        return None
    a, b = map(kind_of, product.args)
    if isinstance(a, Scalar) and isinstance(b, Array) and is_real(product.args[1]):
        return r.emit(operator.mul, product.args[0], r.emit(np.sum, product.args[1]))  # type: ignore[arg-type]
    if not (isinstance(a, Array) and isinstance(b, Array)) or a.dtype != b.dtype:
        return None
    equal = a.ndim == b.ndim and covers(a.axes, b.axes) and covers(b.axes, a.axes)
    if not equal or a.dtype not in (np.dtype(np.float64), np.dtype(np.float32)) or a.ndim > 2:
        return None
    return r.emit(np.vdot, *product.args)  # type: ignore[arg-type]


def sum_of_one_number(r: Rewriter, call: Call) -> Operand | None:
    """np.sum(np.broadcast_to(s, x.shape)) -> s * x.size"""
    found = operands(call)
    wide = r.only(found[0], np.broadcast_to) if found is not None and len(found) == 1 else None
    if wide is None or len(wide.args) != 2 or not is_scalar(wide.args[0]):
        return None
    shape = r.definitions.get(wide.args[1])  # type: ignore[arg-type]
    if not is_call_of(shape, getattr) or not is_array(shape.args[0]):  # type: ignore[union-attr]
        return None
    size = r.emit(getattr, shape.args[0], Const("size"), kind=Scalar(int))  # type: ignore[union-attr,arg-type]
    return r.emit(operator.mul, wide.args[0], size)  # type: ignore[arg-type]


def sum_of_negative(r: Rewriter, call: Call) -> Operand | None:
    """(-x).sum(axis=0) -> -x.sum(axis=0)"""
    x = call.args[0]
    inner = r.only(x, operator.neg)
    if inner is None or not is_real(x) or not all(isinstance(o, Const) for _, o in call.kwargs):
        return None
    rest: Any = call.args[1:]
    total = r.emit(
        call.callee.value,  # type: ignore[union-attr]
        inner.args[0],  # type: ignore[arg-type]
        *rest,
        kind=call.target.type,
        keywords=call.kwargs,
    )
    return r.emit(operator.neg, total)


# -- shapes and sizes, in both halves --------------------------------------------------------------


def shape_attribute(r: Rewriter, call: Call) -> Operand | None:
    """np.shape(x) -> x.shape"""
    found = operands(call)
    if found is None or len(found) != 1 or not is_array(found[0]):
        return None
    return r.emit(getattr, found[0], Const("shape"), kind=call.target.type)


def count_of_axis(r: Rewriter, call: Call) -> Operand | None:
    """reduced_count(x.shape, 0) -> x.shape[0], reduced_count(x.shape) -> x.size"""
    found = operands(call)
    found = found and found[:4]  # what the counts are like matters only where there are several
    if not found or not all(isinstance(a, Const) for a in found[1:]):
        return None
    axis, where = [*(a.value for a in found[1:]), *(None, MISSING)[len(found) - 1 :]][:2]
    if where is not MISSING and where is not True:
        return None
    s = r.definitions.get(found[0])
    if axis is None and s is not None and s.callee.value is getattr and is_array(s.args[0]):  # type: ignore[union-attr]
        return r.emit(getattr, s.args[0], Const("size"), kind=call.target.type)  # type: ignore[arg-type]
    if type(axis) is int:
        return r.emit(operator.getitem, found[0], Const(axis), kind=call.target.type)
    return None


def minus_zero(r: Rewriter, call: Call) -> Operand | None:
    """n - 0 -> n, n an int: `ddof`"""
    found = operands(call)
    if found is None or len(found) != 2 or not isinstance(found[1], Const):
        return None
    kind = kind_of(found[0])
    exact = isinstance(kind, Scalar) and kind.cls is int and type(found[1].value) is int
    return found[0] if exact and found[1].value == 0 else None


def axis_in_its_place(r: Rewriter, call: Call) -> Operand | None:
    """np.moveaxis(x, 0, 0) -> x"""
    found = operands(call)
    if found is None or len(found) != 3 or not is_array(found[0]):
        return None
    still = number(found[1]) is not None and same_operand(found[1], found[2])
    return found[0] if still else None


def known_dtype(r: Rewriter, call: Call) -> Operand | None:
    """np.result_type(x) -> the dtype"""
    found = operands(call)
    if found is None or len(found) != 1 or not is_array(found[0]):
        return None
    return Const(kind_of(found[0]).dtype)  # type: ignore[attr-defined]


def shape_of_result(r: Rewriter, call: Call) -> Operand | None:
    """(x * y).size -> x.size: the result need not be kept, perhaps not even computed"""
    found = operands(call)
    if not found or not is_array(found[0]):
        return None
    if call.callee.value is getattr and (  # type: ignore[union-attr]
        not isinstance(found[1], Const) or found[1].value not in ("shape", "size", "ndim")
    ):
        return None
    s = r.definitions.get(found[0])
    inner = operands(s) if s is not None else None
    if s is None or inner is None or found[0].named or not isinstance(s.callee, Const):
        return None
    function = s.callee.value
    plain = isinstance(function, np.ufunc) and function.signature is None and function.nout == 1
    if not plain and function not in ARITHMETIC:
        return None
    kind = kind_of(found[0])
    arrays = [x for x in inner if not isinstance(kind_of(x), Scalar)]
    for x in arrays:
        own = kind_of(x)
        same = isinstance(own, Array) and own.ndim == kind.ndim  # type: ignore[attr-defined]
        if same and (len(arrays) == 1 or covers(own.axes, kind.axes)):  # type: ignore[attr-defined]
            return r.emit(call.callee.value, x, *found[1:], kind=call.target.type)  # type: ignore[union-attr]
    return None


REWRITES: dict[Any, list] = {
    np.conj: [real_already], np.conjugate: [real_already], np.real: [real_already],
    np.transpose: [transpose], getattr: [transpose, dtype_attribute], widen: [widened],
    np.expand_dims: [new_axes], operator.matmul: [vector_first], np.matmul: [vector_first],
    tree.project: [conforming], tree.instantiate: [conforming], tree.copied: [copied],
    tree.accumulate: [accumulated], tree.zeros_like: [zeros], np.ndarray.astype: [same_dtype],
    np.ndarray.copy: [copy_of_broadcast],
    operator.getitem: [item_of_display], np.result_type: [known_dtype],
    np.moveaxis: [axis_in_its_place], np.shape: [shape_attribute],
    np.sum: [inner_product, sum_of_one_number, sum_of_negative],
    np.ndarray.sum: [sum_of_negative],
}  # fmt: skip
ANYWHERE: dict[Any, list] = {
    getattr: [shape_of_result], np.shape: [shape_of_result], np.size: [shape_of_result],
    reduced_count: [count_of_axis], operator.sub: [minus_zero],
}  # fmt: skip
