"""The reverse half writes its sums and products into temporaries that nothing else needs.

    t = error_bar @ W.T                    hidden_bar = error_bar @ W.T
    hidden_bar = t * (1 - h * h)     ->    hidden_bar *= 1 - h * h

    for …:                                 for …:
        w_bar = w_bar + x * y_bar              w_bar += x * y_bar

Only arrays that a call of the reverse half made, that are read once, and whose shape and dtype are
those of the result. Above a few thousand elements this saves the memory traffic of a new array;
below, it costs nothing. Runs last: the other passes take every value for assigned once and for all.

>>> import numpy as np, operator
>>> from adjoint.ir.nodes import Block, Call, Const, Function, Parameter, Value
>>> from adjoint.ir.printer import show
>>> from adjoint.ir.types import Array
>>> row = Array(np.dtype(float), (3,))
>>> x, y, t, x_bar = (Value(n, row) for n in ("x", "y", "t", "x_bar"))
>>> x_bar.named = True
>>> program = Function("f", [Parameter(x), Parameter(y)], Block([
...     Call(t, Const(np.cos), [x]),
...     Call(x_bar, Const(operator.mul), [y, t]),
... ], [x_bar]))
>>> print(show(reuse_memory(program), types=False))
function f(x, y)
  x_bar = cos(x)
  x_bar.1 = imul(x_bar, y)
  return x_bar.1
"""

from __future__ import annotations

import operator
from collections import Counter
from typing import Any

import numpy as np

from adjoint import tree
from adjoint.ir.nodes import Block, Call, Const, Function, Loop, Value, blocks_of, walk, yields_of
from adjoint.ir.types import Array, Scalar
from adjoint.optimise.facts import (
    IsMarker,
    count_uses,
    covers,
    derivative_calls,
    is_call_of,
    kind_of,
)

INTO = {
    operator.add: operator.iadd, operator.sub: operator.isub, operator.mul: operator.imul,
    operator.truediv: operator.itruediv,
}  # fmt: skip
COMMUTATIVE = (operator.add, operator.mul)
#: Calls whose result, an array of at least one axis, is memory of its own.
ALLOCATING: set[Any] = {
    *INTO, *INTO.values(), operator.neg, operator.pow, operator.matmul, np.matmul, np.dot, np.outer,
    np.sum, np.ndarray.sum, np.zeros, np.ones, np.full, np.where, np.ndarray.copy, np.tensordot,
    tree.zeros_like, tree.index_add, tree.add_into,
}  # fmt: skip


def reuse_memory(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Rewrite in place; returns the function."""
    after = Block(function.body.statements, function.body.results)
    reuser = _Reuser(after, count_uses(function.body))
    reuser.free = set(map(id, derivative_calls(function, is_marker)))
    reuser.block(after, set())
    return function


class _Reuser:
    def __init__(self, body: Block, uses: Counter[Value]) -> None:
        self.uses = uses
        self.free: set[int] = set()  # calls of the derivative
        self.yielded = {*body.results, *(o for s in walk(body) for o in yields_of(s))}

    def block(self, block: Block, own: set[Value]) -> None:
        """`own` are values that only this block knows, so that it may write to them."""
        for s in block.statements:
            if isinstance(s, Call):
                if id(s) in self.free:
                    self.call(s, own)
                    if allocates(s):
                        own.add(s.target)
            elif isinstance(s, Loop):
                self.loop(s, own)
            else:
                for inner in blocks_of(s):
                    self.block(inner, set())

    def loop(self, loop: Loop, own: set[Value]) -> None:
        """What is carried may be written to if every value that it takes may be."""
        calls = [s for s in loop.body.statements if isinstance(s, Call) and id(s) in self.free]
        made = {s.target for s in calls if allocates(s)}
        inside: set[Value] = set()
        triples = zip(loop.carried, loop.inits, loop.body.results, loop.targets, strict=True)
        for carried, init, result, target in triples:
            # Read once: by the sum that takes its place, or at the end to stay as it is.
            fits = init in own and self.uses[init] == 1 and self.uses[carried] == 1
            if fits and result in made and self.uses[result] == 1:
                inside.add(carried)
                own.add(target)
        if loop.test is not None:
            self.block(loop.test, set())
        self.block(loop.body, inside)

    def call(self, s: Call, own: set[Value]) -> None:
        if not is_call_of(s, *INTO) or not self.has_a_line(s.target):
            return
        function = s.callee.value  # type: ignore[union-attr]
        a, b = s.args
        if not self.fits(a, b, s, own):
            if function not in COMMUTATIVE or not self.fits(b, a, s, own):
                return
            a, b = b, a
        s.callee, s.args = Const(INTO[function]), [a, b]
        assert isinstance(a, Value)
        if s.target.name and not a.named:
            a.name, a.named = s.target.name, s.target.named
        elif not s.target.name:
            s.target.name, s.target.named = a.name, a.named

    def has_a_line(self, target: Value) -> bool:
        """Would this be assigned to a name anyway, not be a part of a larger expression?"""
        named = target.named or bool(target.name)
        return named or self.uses[target] != 1 or target in self.yielded

    def fits(self, a: Any, b: Any, s: Call, own: set[Value]) -> bool:
        """May `a` take the result? It has to be ours, and to have the result's shape and dtype."""
        if a not in own or self.uses[a] != 1:
            return False
        mine, other, kind = a.type, kind_of(b), s.target.type
        if not isinstance(mine, Array) or not isinstance(kind, Array) or not mine.ndim:
            return False
        if mine.dtype != kind.dtype or mine.ndim != kind.ndim:
            return False
        if isinstance(other, Array):
            return covers(mine.axes, other.axes)
        return isinstance(other, Scalar)


def allocates(s: Call) -> bool:
    if (
        not isinstance(s.callee, Const)
        or not isinstance(s.target.type, Array)
        or not s.target.type.ndim
    ):
        return False
    function = s.callee.value
    if isinstance(function, np.ufunc):
        return function.nout == 1 and not any(k == "out" for k, _ in s.kwargs)
    try:
        return function in ALLOCATING
    except TypeError:
        return False
