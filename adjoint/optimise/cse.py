"""Equal pure calls are one call: within a block, and with the blocks around it.

>>> import operator
>>> from adjoint.ir.nodes import Block, Call, Const, Function, Parameter, Value
>>> from adjoint.ir.printer import show
>>> x, a, b, c = (Value(n) for n in "xabc")
>>> program = Function("f", [Parameter(x)], Block([
...     Call(a, Const(operator.mul), [x, x]),
...     Call(b, Const(operator.mul), [x, x]),
...     Call(c, Const(operator.add), [a, b]),
... ], [c]))
>>> print(show(share_common(program)))
function f(x)
  a = mul(x, x)
  c = add(a, a)
  return c

In the forward half only reads of shapes and sizes are shared. The reverse half reuses what the
forward half computed where both are outside of loops: then it costs nothing to keep. Values whose
memory is written to stay apart.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from adjoint import shadows, slots, tree
from adjoint.ir.nodes import (
    Block,
    Call,
    Closure,
    Const,
    Function,
    Operand,
    Splat,
    Statement,
    Value,
    blocks_of,
    operands_of,
    substitute,
    walk,
)
from adjoint.optimise.facts import (
    IsMarker,
    constant_key,
    is_array,
    is_derived,
    marker_index,
    written_values,
)
from adjoint.rules.effects import is_pure
from adjoint.rules.memory import written_operand
from adjoint.runtime import make_dict, make_list, make_set, make_tuple

#: What they make has an identity or a state of its own.
FRESH: set[Any] = {make_tuple, slice, make_list, make_dict, make_set, list, dict, zip, range, reversed, enumerate,
                   itertools.count, itertools.repeat,
                   tree.zeros_like, tree.zeros_if_any, tree.copied, np.zeros, np.ndarray.copy, np.empty,
                   shadows.snapshot, shadows.apart, slots.collect, slots.collect_once, shadows.Shadows}  # fmt: skip
METADATA = ("shape", "size", "ndim")
Key = tuple[Any, ...]


def share_common(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Merge equal calls in place; returns the function."""
    sharer = _Sharer(function, is_marker)
    sharer.block(function.body, {}, outermost=True)
    if sharer.replaced:
        substitute(function.body, sharer.resolve)
    return function


class _Sharer:
    def __init__(self, function: Function, is_marker: IsMarker) -> None:
        self.start = marker_index(function, is_marker)
        self.written = written_values(function.body)
        self.replaced: dict[Value, Operand] = {}
        self.backward = self.start is None
        statements = function.body.statements[self.start or 0 :]
        self.read_later = {
            o for s in walk(Block(statements, [])) for o in operands_of(s) if isinstance(o, Value)
        }
        self.escaped = self.escaping(function.body)

    def escaping(self, body: Block) -> set[Value]:
        """Values that a call which may write is handed."""
        found: set[Value] = set()
        for s in walk(body):
            if isinstance(s, Closure) or isinstance(s, Call) and not _is_pure(s.callee):
                found.update(o for o in operands_of(s) if isinstance(o, Value))
        return found

    def resolve(self, operand: Operand) -> Operand:
        while isinstance(operand, Value) and operand in self.replaced:
            operand = self.replaced[operand]
        return operand

    def block(self, block: Block, known: dict[Key, Value], outermost: bool = False) -> None:
        kept: list[Statement] = []
        for i, s in enumerate(block.statements):
            if outermost and i == self.start:
                self.backward = True
            elif isinstance(s, Call) and self.merged(s, known):
                continue
            for inner in blocks_of(s):
                self.block(inner, dict(known))
            kept.append(s)
        block.statements = kept

    def merged(self, s: Call, known: dict[Key, Value]) -> bool:
        """Has the same been computed before? Else it is from now on."""
        key = self.key(s)
        if key is None:
            return False
        earlier = known.get(key)
        if earlier is None:
            known[key] = s.target
            return False
        if s.target.named and not earlier.named and earlier in self.read_later:
            earlier.name, earlier.named = s.target.name, True
        self.replaced[s.target] = earlier
        return True

    def key(self, s: Call) -> Key | None:
        if not isinstance(s.callee, Const) or not _is_pure(s.callee) or s.target in self.written:
            return None
        function = s.callee.value
        if (
            written_operand(s) is not None
            or function in FRESH
            or any(k is None for k, _ in s.kwargs)
        ):
            return None
        if any(isinstance(a, Splat) for a in s.args):
            return None
        operands = [self.resolve(o) for o in operands_of(s)[1:]]
        if any(o in self.written or o in self.escaped for o in operands if isinstance(o, Value)):
            return None
        if not self.backward and not is_derived(s) and not self.available(s, operands):
            return None
        names = tuple(k for k, _ in s.kwargs)
        parts = (o if isinstance(o, Value) else constant_key(o) for o in operands)
        return (function, names, *parts)

    def available(self, s: Call, operands: list[Operand]) -> bool:
        """Of the forward half: is this a shape or size?"""
        function = s.callee.value  # type: ignore[union-attr]
        if function is getattr:
            named = isinstance(operands[1], Const) and operands[1].value in METADATA
            return named and is_array(operands[0])
        return function in (np.shape, np.size, np.ndim) and is_array(operands[0])


def _is_pure(callee: Operand) -> bool:
    if not isinstance(callee, Const) or not is_pure(callee.value):
        return False
    module = getattr(callee.value, "__module__", None) or ""
    return "random" not in module
