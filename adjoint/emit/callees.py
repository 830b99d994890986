"""What the emitter knows of callees: which are operators, which write in place, which are pure."""

from __future__ import annotations

import ast
import builtins
import itertools
import math
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint import slots
from adjoint.emit.namespace import numpy_path
from adjoint.ir import nodes as ir
from adjoint.ir.types import Array

BINARY: dict[Any, type[ast.operator]] = {
    operator.add: ast.Add, operator.sub: ast.Sub, operator.mul: ast.Mult,
    operator.truediv: ast.Div, operator.floordiv: ast.FloorDiv, operator.mod: ast.Mod,
    operator.pow: ast.Pow, operator.matmul: ast.MatMult, operator.and_: ast.BitAnd,
    operator.or_: ast.BitOr, operator.xor: ast.BitXor, operator.lshift: ast.LShift,
    operator.rshift: ast.RShift,
}  # fmt: skip
AUGMENTED: dict[Any, type[ast.operator]] = {
    operator.iadd: ast.Add, operator.isub: ast.Sub, operator.imul: ast.Mult,
    operator.itruediv: ast.Div, operator.ifloordiv: ast.FloorDiv, operator.imod: ast.Mod,
    operator.ipow: ast.Pow, operator.imatmul: ast.MatMult, operator.iand: ast.BitAnd,
    operator.ior: ast.BitOr, operator.ixor: ast.BitXor, operator.ilshift: ast.LShift,
    operator.irshift: ast.RShift,
}  # fmt: skip
UNARY: dict[Any, type[ast.unaryop]] = {
    operator.neg: ast.USub, operator.pos: ast.UAdd, operator.invert: ast.Invert,
    operator.not_: ast.Not,
}  # fmt: skip
COMPARE: dict[Any, type[ast.cmpop]] = {
    operator.eq: ast.Eq, operator.ne: ast.NotEq, operator.lt: ast.Lt, operator.le: ast.LtE,
    operator.gt: ast.Gt, operator.ge: ast.GtE, operator.is_: ast.Is, operator.is_not: ast.IsNot,
}  # fmt: skip

#: Callees of `adjoint.runtime` and `adjoint.tree` that write to their first argument and return it.
#: They are known by name: the emitter prints them as statements and never runs them.
OWNER_RETURNED = {"index_add", "add_into", "set_item", "set_attribute"}
IN_PLACE = OWNER_RETURNED | {"initialise", "raise_exception", "import_module"}
_DISPLAYS = {
    "make_tuple", "make_list", "make_set", "make_dict", "merge_dicts", "unpack_sequence",
    "join_strings", "format_value", "check_bound", "flatten", "yield_value",
}  # fmt: skip
_TREE_WRITES = OWNER_RETURNED | {"accumulate_item", "seed_of"}
_SHADOW_READS = {"Shadows", "shadow_of", "apart", "collect", "snapshot"}
_WRITES = {"setitem", "delitem", "setattr", "delattr"}
_WRITING_METHODS = {
    "fill", "sort", "put", "partition", "itemset", "resize", "setflags", "setfield", "tofile",
    "dump",
}  # fmt: skip
_WRITING_FUNCTIONS = {
    "put", "place", "putmask", "copyto", "fill_diagonal", "put_along_axis", "save", "savez",
    "savez_compressed", "savetxt", "load", "loadtxt", "genfromtxt", "fromfile", "fromiter",
    "memmap",
    "seterr", "seterrcall", "setbufsize", "errstate", "set_printoptions", "printoptions", "nditer",
    "vectorize", "apply_along_axis", "apply_over_axes", "fromfunction", "piecewise", "show_config",
    "show_runtime", "info", "test", "frompyfunc",
}  # fmt: skip
_PURE_BUILTINS = {
    abs, len, range, zip, enumerate, reversed, slice, tuple, list, dict, isinstance, type, max, min,
    getattr, hasattr, round, divmod, int, float, bool, complex, id, callable, issubclass, str, repr,
    sum, sorted, any, all,
}  # fmt: skip


def runtime_name(callee: Any) -> str:
    """The name of a function of `adjoint.runtime` that has a syntax, "" for anything else.

    Of `adjoint.tree` those that do more with their first argument than compute from it.
    """
    value = callee.value if isinstance(callee, ir.Const) else None
    if isinstance(value, types.FunctionType):
        if value.__module__ == "adjoint.runtime":
            return value.__name__
        if value.__module__ == "adjoint.tree" and value.__name__ in (
            *OWNER_RETURNED,
            "zeros_if_any",
        ):
            return value.__name__
    return ""


def is_call_of(statement: Any, function: Any) -> bool:
    """Is this statement a call of that function (a runtime function: by its name)?"""
    if not isinstance(statement, ir.Call):
        return False
    if isinstance(function, str):
        return runtime_name(statement.callee) == function
    return isinstance(statement.callee, ir.Const) and statement.callee.value is function


def is_pure(callee: Any) -> bool:
    """The default predicate: may a call of this object be moved past other pure calls?"""
    if getattr(callee, "__module__", None) == "adjoint.runtime":
        return callee.__name__ in _DISPLAYS
    if isinstance(callee, types.FunctionType) and callee.__module__ == "adjoint.tree":
        return callee.__name__ not in _TREE_WRITES
    if getattr(callee, "__module__", None) == "adjoint.shadows":
        return callee.__name__ in _SHADOW_READS
    if callee in (slots.load_attribute, slots.load_cell) or isinstance(callee, np.ufunc):
        return True
    if isinstance(getattr(callee, "__self__", None), np.ufunc):
        return callee.__name__ != "at"
    name, module = getattr(callee, "__name__", ""), getattr(callee, "__module__", "")
    if module in ("_operator", "operator"):
        return name not in _WRITES and callee not in AUGMENTED
    if callable(callee) and getattr(math, name, None) is callee or _numpy_is_pure(callee, name):
        return True
    if callee in (itertools.count, itertools.repeat):
        return True
    return getattr(builtins, name, None) is callee and callee in _PURE_BUILTINS


def _numpy_is_pure(callee: Any, name: str) -> bool:
    """NumPy's public functions and array methods only read, but for a few."""
    if type(callee) is types.MethodDescriptorType and callee.__objclass__ is np.ndarray:
        return name not in _WRITING_METHODS
    path = numpy_path(callee)
    return bool(path) and not path.startswith("np.random.") and name not in _WRITING_FUNCTIONS


def method_of(call: ir.Call) -> Any:
    """What `call_method` calls, if that is known: a module's function, a method of an array."""
    if len(call.args) < 2 or not isinstance(call.args[1], ir.Const):
        return None
    owner, name = call.args[0], str(call.args[1].value)
    if isinstance(owner, ir.Const) and isinstance(owner.value, types.ModuleType):
        return getattr(owner.value, name, None)
    if isinstance(owner, ir.Value) and isinstance(owner.type, Array):
        return getattr(np.ndarray, name, None)
    return None


def is_effectful(call: ir.Call, pure: Callable[[Any], bool]) -> bool:
    """A call that must keep its place among the others of its kind.

    `out=` makes a write of any NumPy function.
    """
    if not isinstance(call.callee, ir.Const) or any(k == "out" for k, _ in call.kwargs):
        return True
    if runtime_name(call.callee) == "call_method":
        method = method_of(call)
        return method is None or not pure(method)
    if runtime_name(call.callee) in IN_PLACE:
        return True
    return not pure(call.callee.value)


def short_name(call: ir.Call) -> str:
    """What the operation is called in the name of a nameless value: `hidden_add`, `x_T`."""
    callee = call.callee
    if isinstance(callee, ir.Value):
        return callee.name or "value"
    for function, position in (("call_method", 1), (getattr, 1), (slots.load_attribute, 1)):
        if is_call_of(call, function) and len(call.args) > position:
            attribute = call.args[position]
            if isinstance(attribute, ir.Const) and isinstance(attribute.value, str):
                return attribute.value
    name = getattr(callee.value, "__name__", "") or callee.name.rpartition(".")[2]
    name = {"getitem": "item", "truediv": "divide", "format_value": "text"}.get(name, name)
    return name.removeprefix("make_").strip("_") or "value"
