"""Sizes and shapes that only the reverse half reads are read there.

    n = error.size                         …
    …                                ->    (reverse half)
    share = 1.0 / n                        share = 1.0 / error.size

Only where the array is there in the reverse half anyway, outside of loops and branches. Those that
nobody reads are dropped.

>>> from adjoint.ir.nodes import Block, Call, Const, Function, Parameter, Value
>>> from adjoint.ir.printer import show
>>> from adjoint.ir.types import Array
>>> import numpy as np, operator
>>> def receive(y): ...
>>> x, n, y, y_bar, a, x_bar = (Value(v) for v in ("x", "n", "y", "y_bar", "a", "x_bar"))
>>> x.type = Array(np.dtype(float), (3,))
>>> program = Function("f", [Parameter(x)], Block([
...     Call(n, Const(getattr), [x, Const("size")]),
...     Call(y, Const(np.mean), [x]),
...     Call(y_bar, Const(receive), [y]),
...     Call(a, Const(operator.truediv), [y_bar, n]),
...     Call(x_bar, Const(operator.mul), [a, x]),
... ], [y, x_bar]))
>>> print(show(sink_metadata(program, lambda c: c is receive), types=False))
function f(x)
  y = mean(x)
  y_bar = receive(y)
  n = getattr(x, 'size')
  a = truediv(y_bar, n)
  x_bar = mul(a, x)
  return y, x_bar
"""

from __future__ import annotations

import operator

from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    Operand,
    Statement,
    Value,
    operands_of,
    used_values,
)
from adjoint.optimise.facts import IsMarker, is_array, is_call_of, kind_of, marker_index


def sink_metadata(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Move such reads in place; returns the function."""
    start = marker_index(function, is_marker)
    if start is None:
        return function
    statements, results = function.body.statements, function.body.results
    before, after = statements[: start + 1], statements[start + 1 :]
    reads: dict[Value, Call] = {}
    for s in before:
        if isinstance(s, Call) and is_metadata(s, reads):
            reads[s.target] = s
    staying = used_values(Block([s for s in before if s not in reads.values()], results[:1]))
    later = used_values(Block(after, results[1:]))
    # With a constant seed both halves are one function, and all values last until its end.
    marker = before[-1]
    together = isinstance(marker, Call) and marker.target not in later
    moved: dict[Value, Call] = {}
    unread: set[Call] = set()
    for target, s in reversed(reads.items()):
        owner = s.args[0]
        lasts = together or owner in later or owner in function.inputs or owner in reads
        read = target in later or any(target is m.args[0] for m in moved.values())
        if target in staying or read and not lasts:
            staying.add(owner)  # type: ignore[arg-type]
        elif read:
            moved[target] = s
        else:
            unread.add(s)
    if moved or unread:
        dropped = {*moved.values(), *unread}
        kept = [s for s in before if s not in dropped]
        function.body.statements = kept + placed(after, moved, results)
    return function


def is_metadata(s: Call, reads: dict[Value, Call]) -> bool:
    """`x.shape`, `x.size`, or an item of a shape among `reads`."""
    if s.target.named:
        return False
    if is_call_of(s, getattr):
        name = s.args[1]
        return isinstance(name, Const) and name.value in ("shape", "size") and is_array(s.args[0])
    if not is_call_of(s, operator.getitem) or s.args[0] not in reads:
        return False
    shape, index = s.args
    length = getattr(kind_of(shape), "items", ())
    known = isinstance(index, Const) and type(index.value) is int
    return known and -len(length) <= index.value < len(length)  # type: ignore[union-attr]


def placed(
    after: list[Statement], moved: dict[Value, Call], results: list[Operand]
) -> list[Statement]:
    """The reverse half, each read just before its first use."""
    out: list[Statement] = []

    def need(values: set[Value]) -> None:
        for value in [v for v in moved if v in values]:
            s = moved.pop(value, None)
            if s is not None:
                need({o for o in operands_of(s) if isinstance(o, Value)})
                out.append(s)

    for s in after:
        need(used_values(Block([s], [])))
        out.append(s)
    need({o for o in results if isinstance(o, Value)})
    return out
