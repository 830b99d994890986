"""Which variables need an explicit value on the paths where the program gives them none.

`UNDEFINED` normally prints as nothing: the variable just is not assigned. But a tape that records
it, a closure that captures it or a copy of it would then stop with an error of Python's, so there
`name = None` is printed; and a variable whose binding is checked holds `UNDEFINED` itself.
"""

from __future__ import annotations

from adjoint.emit import callees
from adjoint.emit.liveness import Interference
from adjoint.emit.plan import Plan
from adjoint.ir import nodes as ir
from adjoint.shadows import shadow_of
from adjoint.tree import zeros_like

_ANYWAY = ("make_tuple", "make_list", "make_dict", "make_set", "zeros_if_any")


def is_undefined(operand: ir.Operand) -> bool:
    return isinstance(operand, ir.Const) and operand.value is ir.UNDEFINED


def explicit_fills(
    function: ir.Function, plan: Plan, interference: Interference, names: dict[ir.Value, str]
) -> dict[ir.Value, bool]:
    """The values that must be assigned where they are undefined; True: with UNDEFINED, not None."""
    sources: dict[ir.Value, list[ir.Operand]] = {}
    for target, source in interference.copies:
        sources.setdefault(target, []).append(source)
    maybe = _may_be_undefined(sources)
    if not maybe:
        return {}
    fills = dict.fromkeys(_read_at_once(function, plan) & maybe, False)
    for target, source in interference.copies:
        if source in maybe and names.get(target) != names.get(source):
            fills.setdefault(source, False)
    for statement in ir.walk(function.body):
        if callees.is_call_of(statement, "check_bound"):
            fills |= dict.fromkeys(maybe & set(statement.args[:1]), True)  # type: ignore[union-attr]
    work = list(fills)
    while work:
        value = work.pop()
        for source in sources.get(value, ()):
            if source in maybe and fills[value] >= fills.get(source, -1) != fills[value]:
                fills[source] = fills[value]
                work.append(source)
    return fills


def _may_be_undefined(sources: dict[ir.Value, list[ir.Operand]]) -> set[ir.Value]:
    maybe = {t for t, each in sources.items() if any(map(is_undefined, each))}
    size = -1
    while maybe and size != len(maybe):
        size = len(maybe)
        maybe |= {t for t, each in sources.items() if any(s in maybe for s in each)}
    return maybe


def reads_anyway(call: ir.Call) -> bool:
    """A display; or the zero of the cotangent of a value that another branch may have left out."""
    cotangent = any(callees.is_call_of(call, f) for f in (zeros_like, shadow_of))
    return callees.runtime_name(call.callee) in _ANYWAY or cotangent


def _read_at_once(function: ir.Function, plan: Plan) -> set[ir.Value]:
    """What is read whether or not it is meant: recorded, captured, packed, asked for its zero."""
    read: set[ir.Value] = set()
    returned = [plan.nested.get(r) for r in function.body.results if isinstance(r, ir.Value)]
    for statement in ir.walk(function.body):
        if statement in returned:
            continue  # what a function returns it has
        if isinstance(statement, ir.Loop):
            read |= plan.leaves(e for g in statement.gathers for e in g.elements)
        elif isinstance(statement, ir.Closure):
            read |= plan.leaves(statement.captures)
        elif isinstance(statement, ir.Call) and reads_anyway(statement):
            read |= plan.leaves(ir.operands_of(statement))
    return read
