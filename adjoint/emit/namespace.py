"""Constants of the IR as Python expressions, and the namespace that generated code runs in.

Numbers, strings and the like are literals; NumPy's functions are written by their public path
(`np.linalg.inv`), builtins bare, `math.sin` as such; every other object gets a name in the
namespace. Names dodge each other with `_2`, `_3`, …
"""

from __future__ import annotations

import ast
import builtins
import keyword
import math
import types
from typing import Any

import numpy as np

from adjoint.ir import nodes as ir

_NUMPY_MODULES = ("", "linalg", "fft", "random", "strings", "lib.stride_tricks")
_USUAL = {"np.absolute": "np.abs"}  # what NumPy's users write
_LITERAL_TYPES = (int, float, complex, bool, str, bytes, type(None), type(Ellipsis))
_numpy_paths: dict[int, str] = {}


def numpy_path(value: Any) -> str:
    """`np.linalg.inv` for the object with that public name; "" for what NumPy does not name."""
    if not _numpy_paths:
        for path in _NUMPY_MODULES:
            _add_module(path)
    return _numpy_paths.get(id(value), "")


def _add_module(path: str) -> None:
    module: Any = np
    for part in filter(None, path.split(".")):
        module = getattr(module, part, None)
    found: dict[int, str] = {}
    for name, member in vars(module).items() if module is not None else ():
        own = isinstance(member, np.ufunc) or "numpy" in str(getattr(member, "__module__", "numpy"))
        if not callable(member) or not own or name.startswith("_"):
            continue
        if id(member) not in found or name == getattr(member, "__name__", ""):
            found[id(member)] = ".".join(filter(None, ("np", path, name)))
    for key, spelled in found.items():
        _numpy_paths.setdefault(key, _USUAL.get(spelled, spelled))


def name_node(name: str) -> ast.expr:
    """`a` or `a.b.c` as an expression."""
    first, *rest = name.split(".")
    node: ast.expr = ast.Name(id=first, ctx=ast.Load())
    for part in rest:
        node = ast.Attribute(value=node, attr=part, ctx=ast.Load())
    return node


def identifier(text: str) -> str:
    """The nearest valid Python name: `<lambda>` gives `lambda_`."""
    cleaned = "".join(c if c.isidentifier() or c.isdigit() else "_" for c in text).strip("_")
    if text.isidentifier():
        cleaned = text
    if not cleaned or cleaned[0].isdigit():
        cleaned = "_" + cleaned
    return cleaned + "_" if keyword.iskeyword(cleaned) else cleaned


class Namespace:
    """What generated code reads besides its arguments.

    `taken` are names that belong to the program (its parameters) and that no constant may have.
    """

    def __init__(self, taken: set[str]) -> None:
        self.taken = set(taken)
        self.values: dict[str, Any] = {}
        self.builtins: set[str] = set()
        self._names: dict[int, str] = {}

    @property
    def reserved(self) -> set[str]:
        """The names that local variables must leave alone."""
        return set(self.values) | self.builtins

    def name_of(self, value: Any, wish: str) -> str:
        """The name that the namespace holds `value` under."""
        if id(value) not in self._names:
            base = identifier(wish)
            name, number = base, 1
            while name in self.taken or name in self.values or name in self.builtins:
                number += 1
                name = f"{base}_{number}"
            self.values[name] = value
            self._names[id(value)] = name
        return self._names[id(value)]

    def path_node(self, module: Any, wish: str, path: str) -> ast.expr:
        """`np.linalg.inv`, where `np` may have had to dodge a parameter called `np`."""
        return name_node(".".join(filter(None, (self.name_of(module, wish), path))))

    def expression(self, const: ir.Const, dtype_argument: bool = False) -> ast.expr:
        """A constant as an expression."""
        value = const.value
        if type(value) in _LITERAL_TYPES:
            return self._literal(value)
        if type(value) is tuple and len(value) <= 8 and not hasattr(value, "_fields"):
            items = [self.expression(ir.Const(item)) for item in value]
            return ast.Tuple(elts=items, ctx=ast.Load())
        if isinstance(value, slice):
            bounds = (value.start, value.stop, value.step)
            args = [
                self._literal(v) if type(v) in _LITERAL_TYPES else self.expression(ir.Const(v))
                for v in bounds
            ]
            return ast.Call(func=self.builtin(slice), args=_short_slice(args), keywords=[])
        if isinstance(value, np.dtype) and numpy_path(value.type) and value == np.dtype(value.type):
            scalar = self.path_node(np, "np", numpy_path(value.type)[3:])
            if dtype_argument:
                return scalar
            return ast.Call(func=self.path_node(np, "np", "dtype"), args=[scalar], keywords=[])
        if isinstance(value, np.number | np.bool_) and numpy_path(type(value)):
            scalar = self.path_node(np, "np", numpy_path(type(value))[3:])
            return ast.Call(func=scalar, args=[self._literal(value.item())], keywords=[])
        return self._object(value, const.name)

    def _literal(self, value: Any) -> ast.expr:
        if isinstance(value, complex) and not isinstance(value, float):
            if str(value.real) == "0.0" and str(value.imag)[0] != "-" and math.isfinite(value.imag):
                return ast.Constant(value=value)
            parts = [self._literal(value.real), self._literal(value.imag)]
            return ast.Call(func=self.builtin(complex), args=parts, keywords=[])
        if isinstance(value, float) and not math.isfinite(value):
            if math.isnan(value):
                return self.path_node(np, "np", "nan")
            infinity = self.path_node(np, "np", "inf")
            return infinity if value > 0 else ast.UnaryOp(op=ast.USub(), operand=infinity)
        negative = (
            isinstance(value, int | float) and not isinstance(value, bool) and repr(value)[0] == "-"
        )
        if negative:
            return ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=-value))
        return ast.Constant(value=value)

    def builtin(self, value: Any) -> ast.expr:
        """A builtin by its bare name, unless the program uses the name for something else."""
        name = value.__name__
        if name in self.taken or name in self.values:
            return name_node(self.name_of(value, name))
        self.builtins.add(name)
        return name_node(name)

    def _object(self, value: Any, wish: str) -> ast.expr:
        name = getattr(value, "__name__", None)
        if isinstance(name, str) and getattr(builtins, name, None) is value:
            return self.builtin(value)
        if value is np:
            return self.path_node(np, "np", "")
        if path := numpy_path(value):
            return self.path_node(np, "np", path[3:])
        if isinstance(name, str) and getattr(math, name, None) is value:
            return self.path_node(math, "math", name)
        owner = _owner(value)
        if owner is not None and isinstance(name, str):
            return ast.Attribute(value=self._object(owner, ""), attr=name, ctx=ast.Load())
        ending = wish.rpartition(".")[2]
        if not ending.isidentifier() or keyword.iskeyword(ending):
            ending = (
                name.rpartition(".")[2] if isinstance(name, str) else type(value).__name__.lower()
            )
        return name_node(self.name_of(value, ending))


def _owner(value: Any) -> Any:
    """What `np.add.reduce`, `float.__add__` are attributes of."""
    if isinstance(value, types.BuiltinMethodType) and isinstance(value.__self__, np.ufunc):
        return value.__self__
    if isinstance(value, types.BuiltinMethodType) and isinstance(value.__self__, type):
        return value.__self__ if getattr(value.__self__, value.__name__, None) == value else None
    if isinstance(value, types.MethodDescriptorType | types.WrapperDescriptorType):
        return value.__objclass__
    return None


def _short_slice(bounds: list[ast.expr]) -> list[ast.expr]:
    """`slice(stop)`, `slice(start, stop)`: without the Nones that Python supplies."""

    def is_none(node: ast.expr) -> bool:
        return isinstance(node, ast.Constant) and node.value is None

    start, stop, step = bounds
    if not is_none(step):
        return [start, stop, step]
    return [stop] if is_none(start) else [start, stop]
