"""Writes into arrays: the tangent of an array that is written lies in memory beside the array's.

x[i] = v           x_dot[i] = v_dot
x *= v             x_dot[...] = x_dot * v + x * v_dot, of the old x
f(a, out=x)        the same, with the tangent of `f(a)`

A view of an array has the same view of the array's tangent. Where it is known while compiling what
is a view of what, the tangents are sliced as the arrays are; elsewhere they are found by address.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import shadows, tree
from adjoint.ir.clone import lookup
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    If,
    Loop,
    Operand,
    Statement,
    Value,
    operands_of,
    targets_of,
    walk,
)
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    Opaque,
    Unknown,
    cotangent_type,
    dtype_of,
    is_number,
)
from adjoint.rules.activity import is_constant
from adjoint.rules.memory import (
    AUGMENTED,
    holds_memory,
    is_view,
    keyword,
    shares_memory,
    written_operand,
)
from adjoint.rules.refusals import refusal
from adjoint.rules.signatures import operand_type
from adjoint.rules.slot_tangents import Tangents, beside_array, write_any
from adjoint.rules.tangents import beside, dense, refuse_shared
from adjoint.runtime import (
    check_bound,
    load_capture,
    make_dict,
    make_list,
    make_tuple,
    set_attribute,
    unpack_sequence,
)

if TYPE_CHECKING:
    from adjoint.forward.program import Pushforward
    from adjoint.forward.straight import Pusher

#: Calls whose result refers to the very values that it is made of, as its tangent does.
REFERRING = {
    make_tuple,
    make_list,
    make_dict,
    set_attribute,
    unpack_sequence,
    check_bound,
    load_capture,
}


# -- where tangents lie ------------------------------------------------------------------------------


def begin(pusher: Pusher, inputs: list[Value], given: dict[Value, Operand]) -> None:
    """The tangents of the inputs; those of memory that is written to are copied, or begin as zeros."""
    memory = pusher.memory
    written = [v for v in inputs if v in pusher.active and memory.is_written(v)]
    arrays = [v for v in written if v in given and isinstance(v.type, Array)]
    if len(arrays) > 1:
        pusher.emit(refuse_shared, *arrays)
    for v, dot in given.items():
        pusher.dots[v] = dot
    for v in written:
        if is_addressed(pusher, v):
            found = pusher.emit(beside, shadows_of(pusher), v, pusher.dot_or_none(v),
                                type=cotangent_type(v.type))  # fmt: skip
            pusher.keep(v, found)
        elif isinstance(v.type, Array):
            dot = pusher.dot(v)
            own = pusher.zero(v) if dot is None else copied(pusher, v, dot)
            pusher.keep(v, own)


def is_addressed(pusher: Pusher, value: Value) -> bool:
    """Is it known only by address which arrays of a value's class share memory?"""
    memory = pusher.memory
    root = memory.root(value)
    known = memory.static.get(root)  # of this program: kept there
    if known is None:
        members = memory.class_of(value)
        owners = [v for v in members if v in memory.inputs]
        known = not (len(owners) <= 1 and all(map_known(pusher, v) for v in members))
        memory.static[root] = known
    return known


def map_known(pusher: Pusher, value: Value) -> bool:
    """Does the tangent of this value follow from those that it is made of, by reference?"""
    if value in pusher.memory.inputs:
        return isinstance(value.type, Array)
    made = pusher.memory.made.get(value)
    if not isinstance(made, Call) or pusher.memory.view_of(value) is not None:
        return not isinstance(value.type, Unknown) or not isinstance(made, Call)
    if not isinstance(made.callee, Const):
        return False
    function = made.callee.value
    if any(function is f for f in REFERRING) or isinstance(function, type):
        return True
    if function is operator.getitem or function is getattr:
        owner = operand_type(made.args[0])  # type: ignore[arg-type]
        if not isinstance(owner, Array):
            return not isinstance(owner, Unknown | Opaque)
    return isinstance(value.type, Array) and not shares_memory(made)


def shadows_of(pusher: Pusher) -> Value:
    """The tangents of memory, by address, and of slots, made where the program begins."""
    if pusher.shadows is None:
        names = [Const(name) for name in pusher.memory.names]
        pusher.shadows = Value("tangents", Opaque(Tangents), True)
        made = Call(pusher.shadows, Const(Tangents), list(names), [], pusher.origin)
        pusher.first.insert(0, made)
    return pusher.shadows


def copied(pusher: Pusher, primal: Value, dot: Operand) -> Operand:
    """The tangent in memory of its own."""
    last = pusher.out[-1] if pusher.out else None
    fresh = isinstance(last, Call) and last.target is dot and not shares_memory(last)
    if dot in pusher.owned or fresh:
        pusher.owned.discard(dot)
        return dot
    return pusher.emit(np.array, dot, type=cotangent_type(primal.type))


def apart(pusher: Pusher, s: Call, dot: Operand | None) -> Operand | None:
    """The tangent of a new array, where the rule hands on that of an operand, which is written to:
    `y = x + 1` has that of x."""
    if not isinstance(dot, Value) or not isinstance(dot.type, Array) or shares_memory(s):
        return dot
    owners = [o for o in operands_of(s) if pusher.dot(o) is dot]
    if not any(map(pusher.memory.is_written, owners)):
        return dot
    return pusher.emit(np.array, dot, type=dot.type)


def placed(pusher: Pusher, s: Call, dot: Operand | None, made: bool) -> Operand | None:
    """The tangent of a call's result where it has to lie; `made` tells that it may be a new container."""
    target = s.target
    if not pusher.memory.is_written(target) or not holds_memory(target.type):
        return dot
    if target not in pusher.active:
        return dot
    if is_addressed(pusher, target):
        changes = not isinstance(target.type, Array) and pusher.memory.is_changed(target)
        built = isinstance(s.callee, Const) and s.callee.value in (make_list, make_dict)
        if changes and (built or not made and not isinstance(target.type, Unknown)):
            return dot  # what it holds has its place already
        given = Const(None) if dot is None else dot
        place = beside_array if changes and not made else beside
        kind = UNKNOWN if changes else cotangent_type(target.type)
        return pusher.emit(place, shadows_of(pusher), target, given, type=kind)
    if not isinstance(target.type, Array) or shares_memory(s):
        return dot
    return pusher.zero(target) if dot is None else copied(pusher, target, dot)


def is_shared_view(pusher: Pusher, s: Call) -> bool:
    """Is the result a view of memory that is written to, in a class whose views are all known?"""
    written = pusher.memory.is_written(s.target)
    return written and is_view(s) and not is_addressed(pusher, s.target)


# -- writes ------------------------------------------------------------------------------------------


def write(pusher: Pusher, s: Call) -> None:
    """A call that writes to an array with a tangent."""
    function: Any = s.callee.value  # type: ignore[union-attr]
    if function in (operator.setitem, shadows.write_item, shadows.put_written, shadows.put_masked):
        store(pusher, s, function)
    elif function in (shadows.add_at, shadows.add_to) or function == np.add.at:
        pusher.out.append(s)
        dot = pusher.dot(s.args[-1])  # type: ignore[arg-type]
        dtype = dtype_of(operand_type(s.args[0]))  # type: ignore[arg-type]
        if dot is not None and (dtype is None or dtype.kind in "fc"):
            pusher.emit(function, x_dot(pusher, s.args[0]), *s.args[1:-1], dot)
    elif function in (shadows.take_written, shadows.take_masked):
        pusher.out.append(s)
        kind = cotangent_type(s.target.type)
        found = pusher.emit(function, x_dot(pusher, s.args[0]), s.args[1], type=kind)
        pusher.keep(s.target, found)
    elif function in AUGMENTED:
        computed(pusher, s, AUGMENTED[function], list(s.args), [], None)
    elif keyword(s, "out") is not None:
        kwargs = [(k, o) for k, o in s.kwargs if k not in ("out", "where", "casting")]
        computed(pusher, s, function, list(s.args), kwargs, keyword(s, "where"))
    else:
        raise refusal(s)


def x_dot(pusher: Pusher, x: Any) -> Operand:
    """The tangent of an array that is written: never zero without memory."""
    return pusher.dots[x]


def store(pusher: Pusher, s: Call, function: Any) -> None:
    """`x[i] = v`: in an array of integers nothing of `v` but its integer part is left."""
    x, index, v = s.args
    pusher.out.append(s)
    if function is shadows.write_item and not isinstance(operand_type(x), Array):  # type: ignore[arg-type]
        dots = [pusher.dot_or_none(x), pusher.dot_or_none(v)]  # type: ignore[arg-type]
        pusher.emit(write_any, shadows_of(pusher), x, index, v, *dots, type=UNKNOWN)
        return
    dtype = getattr(operand_type(x), "dtype", None)  # type: ignore[arg-type]
    dot = pusher.dot(v) if dtype is None or dtype.kind in "fc" else None  # type: ignore[arg-type]
    if dot is not None and not (is_number(operand_type(v)) and is_number(operand_type(dot))):  # type: ignore[arg-type]
        dot = pusher.emit(dense, dot, v)
    pusher.emit(function, x_dot(pusher, x), index, Const(0.0) if dot is None else dot)


def computed(
    pusher: Pusher, s: Call, function: Any, args: list, kwargs: list, where: Operand | None
) -> None:
    """`out[...] = function(*args)`, possibly of `out` itself as it was before."""
    out = written_operand(s)
    assert isinstance(out, Value) and isinstance(out.type, Array)
    out_dot = x_dot(pusher, out)
    operands = [*args, *(o for _, o in kwargs)]
    if s.target is not out and s.target in pusher.active:
        pusher.dots[s.target] = out_dot
    if out.type.dtype.kind not in "fc" or any(pusher.dot(o) is not None for o in operands) is False:
        if out.type.dtype.kind not in "fc" and any(pusher.dot(o) is not None for o in operands):
            raise refusal(s)
        pusher.out.append(s)
        assign(pusher, out_dot, Const(0.0), where)
        return
    if function in (operator.add, operator.sub) and args[0] is out and where is None:
        pusher.out.append(s)
        dot = pusher.dot(args[1])
        known = is_number(operand_type(args[1])) and (dot is None or is_number(operand_type(dot)))
        if dot is not None and not known:  # of what is known only at run time it may be None
            dot = pusher.emit(dense, dot, args[1])
        if dot is not None:
            augmented = operator.iadd if function is operator.add else operator.isub
            pusher.emit(augmented, out_dot, dot, type=out_dot.type)  # type: ignore[union-attr]
        return
    fresh = Array(out.type.dtype, out.type.axes)
    plain = Call(Value("", fresh, False, s.origin), Const(function), args, kwargs, s.origin)
    if is_constant(plain):
        pusher.out.append(s)
        assign(pusher, out_dot, Const(0.0), where)
        return
    push = pusher.expand_static(plain)
    if push is None:
        raise refusal(s)
    dot = around(pusher, s, plain, push, out)
    dot = Const(0.0) if dot is None else dot
    assign(pusher, out_dot, dot, where)


def assign(pusher: Pusher, out_dot: Operand, dot: Operand, where: Operand | None) -> None:
    if where is not None:
        pusher.emit(shadows.put_masked, out_dot, where, dot)
    else:
        pusher.emit(operator.setitem, out_dot, Const(...), dot)


def around(pusher: Pusher, s: Call, plain: Call, push: Pushforward, out: Value) -> Operand | None:
    """Write a rule's statements around a call that changes its own operand.

    What depends on the result comes after the call, and reads copies of what the call has changed.
    """
    operands: list[Operand] = [*plain.args, *(o for _, o in plain.kwargs)]  # type: ignore[list-item]
    env: dict[Value, Operand] = dict(zip(push.inputs, operands, strict=True))
    changed = [
        own for own, o in zip(push.inputs, operands, strict=True)
        if isinstance(o, Value) and holds_memory(o.type) and pusher.memory.root(o) is pusher.memory.root(out)
    ]  # fmt: skip
    later = dependents(push)
    if later:
        for own in changed:
            env[own] = pusher.emit(np.ndarray.copy, env[own], type=operand_type(env[own]))
    for own, operand in zip(push.dots, operands, strict=True):
        if own is not None:
            dot = pusher.dot(operand)
            assert dot is not None
            env[own] = dot
    for each in push.statements:
        if each is not push.primal and each not in later:
            pusher.copy(each, env)
    y_dot = push.y_dot
    if not later:
        early = None if y_dot is None else lookup(y_dot, env)
        pusher.out.append(s)
        return early
    pusher.out.append(s)
    env[push.primal.target] = out
    for each in push.statements:
        if each in later:
            pusher.copy(each, env)
    return None if y_dot is None else lookup(y_dot, env)


def dependents(push: Pushforward) -> list[Statement]:
    """The statements of a rule that read the result."""
    found: set[Value] = {push.primal.target}
    later: list[Statement] = []
    for s in push.statements:
        if s is push.primal:
            continue
        inner = [o for each in walk(Block([s], [])) for o in operands_of(each)]
        if any(o in found for o in inner):
            later.append(s)
            found.update(t for each in walk(Block([s], [])) for t in targets_of(each))
    return later


# -- sums of cotangents: second derivatives ---------------------------------------------------------------

ACCUMULATING = (tree.index_add, tree.add_into)


def accumulates(s: Call) -> bool:
    """Does this add to its first operand in place and give it back?"""
    return isinstance(s.callee, Const) and s.callee.value in ACCUMULATING


def accumulate(pusher: Pusher, s: Call) -> None:
    """The tangent of a sum that is made in place is made in place, in an array that we own."""
    pusher.out.append(s)
    a, *index, b = s.args
    if s.target not in pusher.active:
        return
    dot, b_dot = pusher.dot(a), pusher.dot(b)  # type: ignore[arg-type]
    if dot is None and b_dot is None:
        return
    kind = cotangent_type(s.target.type)
    dot, b_dot = (  # of what is known only at run time the tangent may be None
        pusher.emit(dense, each, x, type=kind)
        if each is not None and not is_number(operand_type(each))
        else each
        for x, each in ((a, dot), (b, b_dot))
    )
    if dot is None:
        dot = pusher.zero(a)  # type: ignore[arg-type]
        if not isinstance(dot, Value) and not is_number(operand_type(a)):  # type: ignore[arg-type]
            dot = pusher.emit(tree.zeros_like, a, type=UNKNOWN)
    elif dot not in pusher.owned and not pusher.memory.is_written(s.target):
        dot = pusher.emit(tree.copied, dot, type=kind)
    assert dot is not None
    if b_dot is not None:
        dot = pusher.emit(s.callee.value, dot, *index, b_dot, type=kind)  # type: ignore[union-attr]
    pusher.owned.add(dot)
    pusher.keep(s.target, dot)


def is_accumulated(s: Loop, carried: Value) -> bool:
    """Is a carried value added to in place in the loop's body?"""
    chain: set[Any] = {carried}
    for each in walk(s.body):
        if isinstance(each, Call) and accumulates(each) and each.args[0] in chain:
            return True
        if isinstance(each, If):
            for i, target in enumerate(each.targets):
                if each.then.results[i] in chain or each.orelse.results[i] in chain:
                    chain.add(target)
        if isinstance(each, Loop):
            for own, init, target in zip(each.carried, each.inits, each.targets, strict=True):
                if init in chain:
                    chain |= {own, target}
    return False


def own_carried(pusher: Pusher, s: Loop, i: int, init: Operand) -> Operand:
    """The first tangent of a carried value: a copy, if the loop adds to it in place."""
    if not is_accumulated(s, s.carried[i]) or pusher.memory.is_written(s.carried[i]):
        return init
    pusher.owned.add(pusher.dots[s.carried[i]])
    if not is_number(operand_type(init)):  # of what is known only at run time it may be None
        init = pusher.emit(tree.instantiate, init, s.inits[i], type=UNKNOWN)
        return pusher.emit(tree.copied, init, type=UNKNOWN)
    if init in pusher.owned or not isinstance(operand_type(init), Array):
        return init
    return pusher.emit(tree.copied, init, type=operand_type(init))


def own_result(pusher: Pusher, s: Loop, i: int, result: Operand) -> Operand:
    """The tangent that an iteration hands to the next, of which the loop relies that it owns it."""
    if pusher.dots[s.carried[i]] not in pusher.owned or result in pusher.owned:
        return result
    if not isinstance(operand_type(result), Array):
        return result
    return pusher.emit(tree.copied, result, type=operand_type(result))
