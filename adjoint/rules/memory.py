"""What calls do with memory: which write to an array, whose result may share memory with an operand."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint import contents, shadows, slots, tree
from adjoint.ir.nodes import Block, Call, Const, Operand, Splat, Statement, Value, walk
from adjoint.ir.types import (
    Array,
    DictOf,
    FunctionOf,
    Instance,
    IteratorOf,
    ListOf,
    Literal,
    Opaque,
    Scalar,
    SomeArray,
    TupleOf,
    Type,
    Unknown,
    element_of,
    unliteral,
)
from adjoint.rules import registry
from adjoint.rules.sharing import apply_shared
from adjoint.rules.signatures import operand_type
from adjoint.runtime import augment, call_method, check_fits, consult, share

#: Each in-place operator and the plain one.
AUGMENTED = {
    getattr(operator, "i" + n.strip("_")): getattr(operator, n)
    for n in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor",
              "lshift", "rshift")
}  # fmt: skip
#: Calls that write to their first argument, an array.
STORES: set[Any] = {
    operator.setitem, shadows.write_item, shadows.take_written, shadows.take_masked, np.add.at,
    shadows.add_to, shadows.add_at, shadows.put_written, shadows.put_masked, shadows.pull_shared,
}  # fmt: skip
#: NumPy's functions whose result may be a view of an operand.
SHARING = {
    np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.squeeze, np.expand_dims, np.diagonal,
    np.broadcast_to, np.asarray, np.asanyarray, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.split,
    np.real, np.imag, np.flip, np.fliplr, np.flipud, np.rot90, np.rollaxis, np.ascontiguousarray,
    np.asfortranarray, operator.getitem, np.diag, np.real_if_close, np.array_split, np.hsplit, np.vsplit, np.dsplit,
    np.ndarray.reshape, np.ndarray.ravel, np.ndarray.transpose, np.ndarray.swapaxes, np.ndarray.squeeze,
    np.ndarray.diagonal, np.ndarray.view, np.ndarray.astype, getattr, np.broadcast_arrays,
    np.matrix_transpose, np.nan_to_num, np.require, np.array, np.meshgrid, np.unstack, np.permute_dims,
    np.lib.stride_tricks.sliding_window_view, np.lib.stride_tricks.as_strided, np.asarray_chkfinite,
    np.ndarray.conj, np.ndarray.conjugate, np.ndarray.byteswap, np.ndarray.getfield, np.astype, np.asmatrix,
    np.trim_zeros, np.linalg.diagonal, np.linalg.matrix_transpose, np.from_dlpack, np.frombuffer,
    np.einsum, np.diff, np.polyder, np.polyint, np.linalg.matrix_power,
}  # fmt: skip
#: Of these the result is a view of the first operand for certain, and the same view of its shadow.
VIEWS = {
    np.transpose, np.ndarray.transpose, np.swapaxes, np.ndarray.swapaxes, np.expand_dims, np.moveaxis,
    np.squeeze, np.ndarray.squeeze, np.matrix_transpose, np.permute_dims, np.flip, np.fliplr, np.flipud,
}  # fmt: skip
#: Calls that change what an object, a list or a dict, their first argument, holds.
CHANGES: set[Any] = {
    slots.store_attribute, slots.store_plainly, slots.delete_attribute, slots.store_cell, slots.store_global,
    contents.append, contents.store_item, contents.change, shadows.write_item,
}  # fmt: skip
#: Those among them that change items of lists and dicts.
ITEM_CHANGES: set[Any] = {contents.append, contents.store_item, contents.change, shadows.write_item}
#: Those that change attributes of objects.
ATTRIBUTE_CHANGES: set[Any] = {slots.store_attribute, slots.store_plainly, slots.delete_attribute}
#: Calls that read what changes.
LOADS: set[Any] = {slots.load_attribute, slots.load_cell, slots.load_global}
#: Calls of a reverse half that look for cotangents when it runs, in what is their first argument; by
#: the positions of what they add to it. They are linear in both.
IN_STORES: dict[Any, tuple[int, ...]] = {
    slots.add_slot: (3,), slots.take_slot: (), slots.read_back: (3,), slots.deliver: (2,),
    slots.collect: (2,), slots.collect_once: (2,), shadows.item_written: (),
    contents.undone: (2,), contents.add_items: (2,),
    contents.take_items: (), contents.read_back_item: (4,), contents.add_view: (),
    contents.get_back: (4,),
}  # fmt: skip
METADATA = ("shape", "size", "ndim", "dtype", "itemsize", "nbytes", "strides", "flags")
_PLAIN = (int, float, complex, bool, str, bytes, slice, range, type(None), np.dtype, type)


def holds_memory(kind: Type) -> bool:
    """May a value of this type be, or refer to, an array?"""
    if isinstance(kind, Scalar):
        return False
    if isinstance(kind, Array):
        return True
    if isinstance(kind, Literal):
        return isinstance(kind.value, np.ndarray)
    if isinstance(kind, TupleOf):
        return any(map(holds_memory, kind.items))
    if isinstance(kind, ListOf):
        return any(map(holds_memory, kind.items if kind.items is not None else (kind.element,)))
    if isinstance(kind, DictOf | Instance):
        return any(holds_memory(item) for _, item in parts_of(kind))
    if isinstance(kind, FunctionOf):
        return any(holds_memory(item) for _, item in kind.captures + kind.defaults)
    if isinstance(kind, IteratorOf):
        return holds_memory(kind.element)
    return not (isinstance(kind, Opaque) and issubclass(kind.cls, _PLAIN))


def may_change(kind: Type) -> bool:
    """May a value of this type be an object, list or dict, or refer to one?"""
    if isinstance(kind, Scalar | Array | Literal):
        return False
    if isinstance(kind, TupleOf):
        return any(map(may_change, kind.items))
    if isinstance(kind, FunctionOf):
        return any(may_change(item) for _, item in kind.captures + kind.defaults)
    if isinstance(kind, IteratorOf):
        return may_change(kind.element)
    return not (isinstance(kind, Opaque) and issubclass(kind.cls, (*_PLAIN, BaseException)))


def parts_of(kind: DictOf | Instance) -> tuple[tuple[Any, Type], ...]:
    return kind.items if isinstance(kind, DictOf) else kind.fields


def plain_args(s: Call) -> list[Operand]:
    return [a.operand if isinstance(a, Splat) else a for a in s.args]


def keyword(s: Call, name: str) -> Operand | None:
    return next((o for k, o in s.kwargs if k == name), None)


def draws_numbers(cls: type) -> bool:
    """Is this a class of generators of random numbers? (`numpy.random` need not be imported.)"""
    return cls.__module__.startswith("numpy.random") and cls.__name__ in (
        "Generator",
        "RandomState",
    )


def draws(s: Call) -> bool:
    """Is this a method of a generator of random numbers that gives new ones, and writes nowhere?"""
    if not isinstance(s.callee, Const) or s.callee.value is not call_method:
        return False
    owner, name = plain_args(s)[:2]
    kind = operand_type(owner)
    drawn = isinstance(kind, Opaque) and draws_numbers(kind.cls)
    return drawn and getattr(name, "value", "shuffle") != "shuffle" and keyword(s, "out") is None


def is_shared(s: Statement) -> bool:
    """Is this a call, known when it runs, whose cotangents are in the caller's shadows and slots?"""
    if not isinstance(s, Call) or not isinstance(s.callee, Const):
        return False
    return any(s.callee.value is f for f in (share, consult, apply_shared))


def written_operand(s: Call) -> Operand | None:
    """The array that a call writes to, of the writes whose derivative is known.

    Of a call that may write to whatever it can reach it is the result, which shares memory with that.
    """
    if not isinstance(s.callee, Const):
        return None
    if is_shared(s):
        return None if s.callee.value is consult else s.target
    out = keyword(s, "out")
    if isinstance(out, Value) and isinstance(out.type, Array):
        return out
    if not s.args:
        return None
    function = s.callee.value
    if (shuffled := shuffled_operand(s)) is not None:
        return shuffled
    try:
        if function in STORES:
            return plain_args(s)[0]
        known = function in AUGMENTED
    except TypeError:
        return None
    first = plain_args(s)[0]
    return first if known and isinstance(operand_type(first), Array) else None


def changed_operand(s: Statement) -> Operand | None:
    """The object, list or dict that a call changes, of the changes whose derivative is known."""
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or not s.args:
        return None
    if is_shared(s):
        return None if s.callee.value is consult else s.target
    try:
        if s.callee.value not in CHANGES:
            return None
    except TypeError:
        return None
    owner = plain_args(s)[0]  # `write_item` of what surely is an array is a write and nothing else
    return None if isinstance(operand_type(owner), SomeArray) else owner


def store_of(s: Statement) -> Operand | None:
    """The shadows and slots in which a call of a reverse half looks for cotangents when it runs."""
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or not s.args:
        return None
    try:
        return plain_args(s)[0] if s.callee.value in IN_STORES else None
    except TypeError:
        return None


def adds_to_arrays(s: Any) -> bool:
    """May it write to the shadow of an array?"""
    if s.callee.value not in (slots.deliver, shadows.item_written, contents.read_back_item):
        return False
    last = keyword(s, "arrays") or s.args[-1]
    return not (isinstance(last, Const) and last.value is False)


def writes_anything(statements: list[Statement]) -> bool:
    """Is an array written to, or an object, list or dict changed, at any depth?"""
    return any(
        changed_operand(s) is not None or isinstance(s, Call) and written_operand(s) is not None
        for s in walk(Block(statements, []))
    )


def shuffled_operand(s: Call) -> Operand | None:
    """The array that a call of a random generator's `shuffle` writes to."""
    args, function = plain_args(s), s.callee.value  # type: ignore[union-attr]
    if function is call_method and len(args) > 2:
        name = args[1].value if isinstance(args[1], Const) else None
        array = args[2]
    else:
        random = type(getattr(function, "__self__", None)) in (
            np.random.Generator,
            np.random.RandomState,
        )
        name, array = getattr(function, "__name__", "") if random else None, args[0]
    known = isinstance(operand_type(array), Array | Unknown)
    return array if name == "shuffle" and known else None


def shares_memory(s: Call, holds: Callable[[Type], bool] = holds_memory) -> bool:
    """May the result of this call share memory with its operands?"""
    if not holds(s.target.type):
        return False
    function = s.callee.value if isinstance(s.callee, Const) else None
    if function in (shadows.take_written, shadows.take_masked, shadows.apart) or draws(s):
        return False
    if function is None or written_operand(s) is not None:
        return True
    if function is augment or function is shadows.shadow_of:
        return True
    if function is shadows.snapshot:
        return False
    if function in _NEW_CONTAINERS and isinstance(s.target.type, ListOf):
        return holds(element_of(s.target.type))
    if function is operator.getitem:
        return not (isinstance(operand_type(plain_args(s)[0]), Array) and is_copy(s.args[1]))
    if function in (*_JOINING, *_REPEATING) and not isinstance(s.target.type, Array):
        return may_be_sequences(function, [operand_type(a) for a in plain_args(s)])
    if getattr(function, "__module__", "") == "_operator":
        return False
    if isinstance(function, np.ufunc):
        return False
    module = getattr(function, "__module__", None) or ""
    if promises_new(function):
        return False
    known = (
        module.startswith(("numpy", "adjoint.checks"))
        or getattr(function, "__objclass__", None) is np.ndarray
        or function in (len, float, int, abs)
        or function in (tree.zeros_like, tree.copied)
    )
    if isinstance(getattr(function, "__self__", None), np.ufunc):
        return False
    return not known or function in SHARING and not _copies(function, s)


def promises_new(function: Any) -> bool:
    """Does it have a rule that says of what shape the new array is that it gives?"""
    declared = registry.lookup(function)
    if declared is None or declared.kind != "rule":
        return False
    if not declared.text.__module__.startswith("adjoint.nn."):
        return False  # views state their shapes as well, and a user's function may give one back
    return declared.shape is not None or declared.like is not None


def _copies(function: Any, s: Call) -> bool:
    """Does a function that may give back a view, or its operand, compute something this time?"""
    if (
        function is np.einsum
    ):  # of several operands it is a new array; with lists for letters, who knows
        text = operand_type(plain_args(s)[0])
        return isinstance(text, Literal) and isinstance(text.value, str) and len(s.args) > 2
    if function in (np.diff, np.polyder, np.polyint):  # with n=0 they give back what they got
        return len(s.args) == 1 and all(name != "n" and name != "m" for name, _ in s.kwargs)
    if function is np.linalg.matrix_power:
        return len(s.args) == 2 and isinstance(s.args[1], Const) and s.args[1].value != 1
    return False


def may_be_sequences(function: Any, kinds: list[Type]) -> bool:
    """May `a + b` or `a * n` be of lists? Then the result holds the same items."""
    if function in _JOINING:
        return not any(isinstance(kind, Scalar | Array | Literal) for kind in kinds)
    numbers = [kind for kind in kinds if isinstance(unliteral(kind), Scalar)]
    counts = [kind for kind in numbers if issubclass(unliteral(kind).cls, int)]  # type: ignore[attr-defined]
    return len(counts) == len(numbers) < 2 and not any(isinstance(kind, Array) for kind in kinds)


_JOINING = (
    operator.add,
    operator.iadd,
    operator.concat,
    operator.iconcat,
    operator.or_,
    operator.ior,
)
_REPEATING = (operator.mul, operator.imul)
_NEW_CONTAINERS = (list, sorted)


def is_copy(index: Any) -> bool:
    """Does an index of this type choose items one by one, into a new array?"""
    return _chooses(operand_type(index.operand if isinstance(index, Splat) else index))


def _chooses(kind: Type) -> bool:
    if isinstance(kind, TupleOf):
        return any(map(_chooses, kind.items))
    if isinstance(kind, Literal):
        items = kind.value if isinstance(kind.value, tuple) else (kind.value,)
        return any(isinstance(i, list | np.ndarray) for i in items)
    return isinstance(kind, ListOf) or isinstance(kind, Array) and kind.ndim > 0


def is_basic(index: Any) -> bool:
    """Is an index of this type known to give a view: integers, slices, None and `...`?"""
    return _basic(operand_type(index))


def _basic(kind: Type) -> bool:
    if isinstance(kind, TupleOf):
        return all(map(_basic, kind.items))
    if isinstance(kind, Literal):
        items = kind.value if isinstance(kind.value, tuple) else (kind.value,)
        plain = all(i is None or i is Ellipsis or isinstance(i, int | slice) for i in items)
        return plain and not any(isinstance(i, bool) for i in items)
    if isinstance(kind, Opaque):
        return kind.cls is slice or kind.cls is int
    return isinstance(kind, Scalar) and kind.cls is not bool and kind.cls is not np.bool_


def is_view(s: Call) -> bool:
    """Is the result surely a view of the first operand, an array?"""
    if not isinstance(s.callee, Const) or not s.args or isinstance(s.args[0], Splat):
        return False
    if not isinstance(s.target.type, Array) or not isinstance(operand_type(s.args[0]), Array):
        return False
    function = s.callee.value
    if function is operator.getitem:
        return is_basic(s.args[1])
    if function is getattr:
        return isinstance(s.args[1], Const) and s.args[1].value == "T"
    try:
        return function in VIEWS
    except TypeError:
        return False


def reads_contents(s: Call, value: Value) -> bool:
    """Does a call read the items of one of its operands, not only its shape, dtype or identity?"""
    if not isinstance(s.callee, Const):
        return True
    function, args = s.callee.value, plain_args(s)
    if function is getattr:
        return not (isinstance(args[1], Const) and args[1].value in METADATA)
    if function in _SHAPE_ONLY:
        return False
    if function in _FORM_ONLY:
        return args[0] is value
    if function in _IDENTITY_ONLY:
        return False
    if function is shadows.item_written:
        return args[2] is value
    return True


_SHAPE_ONLY = {np.shape, np.ndim, np.size, len, tree.zeros_like, shadows.shadow_of, check_fits}
_IDENTITY_ONLY = {
    shadows.apart, slots.deliver, slots.collect, slots.collect_once, shadows.together, slots.add_slot, slots.take_slot,
    slots.read_back, slots.held, slots.store_attribute, contents.undone, contents.add_items,
    contents.take_items, contents.read_back_item, contents.append, contents.store_item,
}  # fmt: skip
_FORM_ONLY = {
    tree.project,
    tree.instantiate,
    tree.iterable_cotangent,
    tree.complete,
    tree.unbroadcast,
}

registry.nondifferentiable(shadows.Shadows, check_fits)
registry.nondifferentiable(shadows.shadow_of)
