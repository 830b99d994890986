"""Which calls only compute: they may be removed when unused, and moved."""

from __future__ import annotations

import operator
import types
from typing import Any

import numpy as np

from adjoint import runtime, shadows, slots, tree
from adjoint.ir.nodes import Block, Call, Const, If
from adjoint.rules import registry, tangents

STRUCTURAL = {
    tangents.read_from_text, tangents.item_tangents, tangents.with_field, tangents.dense,
    tangents.fit_tangent, tangents.zeros_of, runtime.make_tuple, runtime.make_list,
    runtime.make_dict, runtime.make_set, runtime.merge_dicts, runtime.load_capture,
    runtime.flatten, runtime.make_function, getattr, slice, isinstance, type, len, range, zip,
    enumerate, reversed, tuple, list, dict, hasattr, callable, shadows.Shadows,
    shadows.shadow_of, shadows.apart, slots.collect, slots.collect_once, shadows.snapshot, shadows.together,
    *(f for f in vars(tree).values() if isinstance(f, types.FunctionType)
      and f not in (tree.index_add, tree.add_into, tree.accumulate_item, tree.seed_of)),
}  # fmt: skip
WRITES = {
    operator.setitem, operator.delitem, tree.index_add, tree.add_into, tree.accumulate_item,
    shadows.write_item, shadows.take_written, shadows.take_masked, shadows.item_written,
    slots.deliver, shadows.put_written, shadows.put_masked, shadows.add_to, shadows.add_at, np.add.at,
    shadows.pull_shared,
}  # fmt: skip
EFFECTS = {
    "print", "input", "open", "raise_exception", "raise_again", "refuse_carried", "refuse_own_next",
    "refuse_half_written", "yield_value", "iterated", "release",
    "enter_context", "leave_context", "leave_context_raising", "refuse_suppression", "context_class",
    "import_module", "set_attribute", "set_item", "initialise", "check_bound", "check_fits",
    "new_object", "next",
    "exec", "eval", "setattr", "delattr", "setflags",
}  # fmt: skip


def is_pure(function: Any) -> bool:
    """Does a call of this object do nothing but compute its value?"""
    try:
        if function in STRUCTURAL:
            return True
    except TypeError:
        return False
    if function in WRITES or getattr(function, "__name__", "") in EFFECTS:
        return False
    if isinstance(function, np.ufunc):
        return True
    declared = registry.lookup(function)
    if declared is None:
        return False
    module = getattr(function, "__module__", None) or ""
    if declared.kind == "constant":
        return (
            module in ("_operator", "builtins", "math")
            or (registry.package_of(function) == "numpy" and "random" not in module)
            or getattr(function, "__objclass__", None) is np.ndarray
        )
    return True


def never_ends(block: Block) -> bool:
    """Does a block always raise?"""
    last = block.statements[-1] if block.statements else None
    if isinstance(last, If):
        return never_ends(last.then) and never_ends(last.orelse)
    return (
        isinstance(last, Call) and isinstance(last.callee, Const) and last.callee.value in _RAISING
    )


_RAISING = (runtime.raise_exception, runtime.raise_again, runtime.fail)


def cannot_fail(function: Any) -> bool:
    """Is the call of this on numbers that fit sure not to raise? (Overflow and division aside.)"""
    if isinstance(function, np.ufunc) or function in STRUCTURAL:
        return True
    if getattr(function, "__module__", "") == "_operator" and function is not operator.getitem:
        return True
    return function in _REDUCTIONS


_REDUCTIONS = {np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std, np.ndarray.sum, np.ndarray.mean,
               np.ndarray.prod, np.ndarray.max, np.ndarray.min, np.ndarray.var, np.ndarray.std, np.exp,
               np.transpose, np.shape, np.ndim, np.size, np.vdot, np.where}  # fmt: skip
