"""Loops record only what their reverse reads: other passes may have done away with the rest.

    for x in xs:                               for x in xs:
        y = tanh(x)                                y = tanh(x)
        record.append((y, y.shape))    ->          record.append(y)
    for y, _ in reversed(record): …            for y in reversed(record): …

>>> from adjoint.ir.nodes import Block, Call, Const, Function, Gather, Loop, Parameter, Value
>>> from adjoint.ir.printer import show
>>> xs, x, n, record, back, y, m, s, t, total = map(Value, "xs x n record back y m s t total".split())
>>> forward = Loop(Block([Call(n, Const(len), [x])], []), [], [], [], xs, [x])
>>> forward.gathers = [Gather(record, [x, n], True)]
>>> reverse = Loop(Block([Call(t, Const(max), [s, y])], [t]), [s], [Const(0)], [total], back, [y, m], True)
>>> body = Block([forward, Call(back, Const(reversed), [record]), reverse], [total])
>>> print(show(drop_records(Function("f", [Parameter(xs)], body)), types=False))
function f(xs)
  record = for x in xs:
    n = len(x)
    gather x
  back = reversed(record)
  total = for y in back carrying s = 0:
    t = max(s, y)
    yield t
  return total
"""

from __future__ import annotations

from adjoint.ir.nodes import Call, Function, Gather, Loop, Operand, Value, used_values, walk
from adjoint.ir.types import ListOf, TupleOf
from adjoint.optimise.facts import IsMarker, count_uses, is_call_of
from adjoint.rules.signatures import operand_type


def drop_records(function: Function, is_marker: IsMarker = lambda callee: False) -> Function:
    """Shorten the records in place; returns the function."""
    uses = count_uses(function.body)
    statements = list(walk(function.body))
    records = {g.target: g for s in statements if isinstance(s, Loop) for g in s.gathers if g.pack}
    record_of: dict[Operand, Gather] = {}
    for s in statements:
        if isinstance(s, Call) and is_call_of(s, reversed) and s.args[0] in records:
            if uses[s.args[0]] == uses[s.target] == 1:
                record_of[s.target] = records[s.args[0]]
        elif isinstance(s, Loop) and s.iterable in record_of and s.unpack:
            shorten(record_of[s.iterable], s)
    return function


def shorten(record: Gather, reverse: Loop) -> None:
    """Leave out what the loop that goes through the record does not read; one item is kept always."""
    ends = [e for g in reverse.gathers for e in g.elements] + [reverse.stop]
    read = used_values(reverse.body) | {e for e in ends if isinstance(e, Value)}
    kept = [i for i, item in enumerate(reverse.items) if item in read] or [0]
    record.elements = [record.elements[i] for i in kept]
    reverse.items = [reverse.items[i] for i in kept]
    record.pack = reverse.unpack = len(kept) > 1
    kinds = tuple(map(operand_type, record.elements))
    record.target.type = ListOf(None, TupleOf(kinds) if record.pack else kinds[0])
