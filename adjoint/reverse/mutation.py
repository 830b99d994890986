"""Writes into arrays, reversed on the shadows of the arrays.

x[i] = v           v_bar += x_bar[i]; x_bar[i] = 0
x *= v             new = x_bar.copy(); x_bar[...] = 0; then the pullback of `x * v` at the old x
f(a, out=x)        the same, with the pullback of `f(a)`
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint import contents, shadows, slots, tree
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.clone import clone_statement
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Operand,
    Splat,
    Statement,
    Value,
    defined_values,
    free_values,
    operands_of,
    walk,
)
from adjoint.ir.types import (
    UNKNOWN,
    Array,
    DictOf,
    ListOf,
    Scalar,
    TupleOf,
    Type,
    Unknown,
    dtype_of,
    is_open_dict,
    unliteral,
)
from adjoint.reverse.cotangents import Scope
from adjoint.rules import dispatch, registry, structural
from adjoint.rules.activity import is_active
from adjoint.rules.aliasing import is_list_of_arrays
from adjoint.rules.builtins import chosen
from adjoint.rules.copies import copied_whole
from adjoint.rules.memory import (
    AUGMENTED,
    SHARING,
    is_basic,
    keyword,
    may_change,
    reads_contents,
    shares_memory,
    written_operand,
)
from adjoint.rules.refusals import gradient_of_gradient, name_of, refusal, refuse_late
from adjoint.rules.signatures import operand_type, result_type
from adjoint.runtime import READING, augment, call_method, call_reading

if TYPE_CHECKING:
    from adjoint.reverse.program import Expansion
    from adjoint.reverse.straight import Backward, Reverser

Written = tuple[list[Statement], "Backward"]


def write(reverser: Reverser, s: Call) -> Written:
    """The forward half and the reverse of a call that writes to an array."""
    function = s.callee.value  # type: ignore[union-attr]
    if function is operator.setitem:
        return store(reverser, s)
    if function is shadows.write_item:
        return store_unknown(reverser, s)
    if function == np.add.at or function is shadows.add_at:
        return scattered(reverser, s)
    if function is shadows.add_to:
        return added(reverser, s)
    if function is shadows.take_written or function is shadows.take_masked:
        return taken(reverser, s)
    if function in AUGMENTED:
        return computed(reverser, s, Const(AUGMENTED[function]), list(s.args), [])
    if keyword(s, "out") is not None:
        kwargs = [(k, o) for k, o in s.kwargs if k not in ("out", "where", "casting")]
        return computed(reverser, s, s.callee, list(s.args), kwargs, keyword(s, "where"))
    raise refusal(s)


# -- x[i] = v --------------------------------------------------------------------------------------


def store(reverser: Reverser, s: Call) -> Written:
    x, index, v = s.args
    forward: list[Statement] = [s]
    index = reverser.saved(index, s, forward)  # type: ignore[arg-type]
    dtype = dtype_of(operand_type(x))  # type: ignore[arg-type]

    def backward(scope: Scope) -> None:
        x_bar = scope.shadow(x)  # type: ignore[arg-type]
        kind = result_type(operator.getitem, [x_bar, index], [])
        bar: Value | None = None
        wanted = is_active(v, reverser.active) and dtype is not None and dtype.kind in "fc"  # type: ignore[arg-type]
        if wanted and is_basic(index):
            bar = scope.call(operator.getitem, x_bar, index, type=kind)
            if not isinstance(kind, Scalar):
                copied = np.ndarray.copy if isinstance(kind, Array) else tree.copied
                bar = scope.call(copied, bar, type=kind)
        elif wanted:
            bar = scope.call(shadows.take_written, x_bar, index, type=kind)
        if bar is None or is_basic(index):
            scope.out.append(clear(x_bar, index, scope))
        if bar is not None:
            reverser.contribute(scope, v, bar)  # type: ignore[arg-type]

    return forward, backward


def clear(x_bar: Value, index: Operand, scope: Scope) -> Call:
    zero = Const(0.0)
    return Call(Value(""), Const(operator.setitem), [x_bar, index, zero], [], scope.origin)


def store_unknown(reverser: Reverser, s: Call) -> Written:
    """`x[i] = v` where only running tells what x is."""
    x, index, v = s.args
    forward: list[Statement] = [s]
    index = saved(reverser, index, s, forward, before=True)  # type: ignore[arg-type]
    place = Value("", UNKNOWN, False, s.origin)
    forward.insert(-1, Call(place, Const(contents.position), [x, index], [], s.origin))

    def backward(scope: Scope) -> None:
        operands: list[Operand] = [scope.shadows_value(), x, place, v]  # type: ignore[list-item]
        bar = scope.call(shadows.item_written, *operands, type=UNKNOWN)
        if is_active(v, reverser.active):  # type: ignore[arg-type]
            reverser.receive_dynamic(scope, v, bar)  # type: ignore[arg-type]

    return forward, backward


def scattered(reverser: Reverser, s: Call) -> Written:
    """`np.add.at(x, i, v)`: the shadow stays, `v` gets its items."""
    x, index, v = s.args
    forward: list[Statement] = [s]
    index = reverser.saved(index, s, forward)  # type: ignore[arg-type]
    dtype = dtype_of(operand_type(x))  # type: ignore[arg-type]
    truncated = dtype is not None and dtype.kind not in "fc"

    def backward(scope: Scope) -> None:
        if truncated or not is_active(v, reverser.active):  # type: ignore[arg-type]
            return
        x_bar = scope.shadow(x)  # type: ignore[arg-type]
        bar = scope.call(operator.getitem, x_bar, index)
        if is_basic(index) and not isinstance(bar.type, Scalar):
            bar = scope.call(np.ndarray.copy, bar, type=bar.type)
        reverser.contribute(scope, v, bar)  # type: ignore[arg-type]

    return forward, backward


def added(reverser: Reverser, s: Call) -> Written:
    """`x += v` of shadows: the shadow's own shadow stays, `v` gets a copy."""
    x, v = s.args

    def backward(scope: Scope) -> None:
        if is_active(v, reverser.active):  # type: ignore[arg-type]
            x_bar = scope.shadow(x)  # type: ignore[arg-type]
            reverser.contribute(scope, v, scope.call(np.ndarray.copy, x_bar, type=x_bar.type))  # type: ignore[arg-type]

    return [s], backward


def taken(reverser: Reverser, s: Call) -> Written:
    """`v = x[index]; x[index] = 0`, of shadows: what was taken goes back, in place of the zeros."""
    x, index = s.args
    forward: list[Statement] = [s]
    index = reverser.saved(index, s, forward)  # type: ignore[arg-type]
    put = shadows.put_written if s.callee.value is shadows.take_written else shadows.put_masked  # type: ignore[union-attr]

    def backward(scope: Scope) -> None:
        bar = scope.take(s.target)
        x_bar = scope.shadow(x)  # type: ignore[arg-type]
        bar = Const(0.0) if bar is None else bar
        call = Call(Value(""), Const(put), [x_bar, index, bar], [], scope.origin)
        scope.out.append(call)

    return forward, backward


# -- results written to an array that exists ---------------------------------------------------------


def computed(
    reverser: Reverser,
    s: Call,
    callee: Operand,
    args: list,
    kwargs: list,
    where: Operand | None = None,
) -> Written:
    """`out[...] = callee(*args)`, the result of a call, possibly of an operator on `out` itself."""
    out = written_operand(s)
    assert isinstance(out, Value) and isinstance(out.type, Array) and isinstance(callee, Const)
    fresh = Array(out.type.dtype, out.type.axes)
    plain = Call(Value("", fresh, False, s.origin), callee, args, kwargs, s.origin)
    declared = registry.lookup(callee.value)
    constant = declared is not None and declared.kind == "constant"
    expansion = None
    if not constant:
        expansion = reverser.expand(plain, where is not None or reverser.is_selected(out))
    if constant:
        pass
    elif expansion is None or expansion.primal is None or out.type.dtype.kind not in "fc":
        if any(is_active(o, reverser.active) for o in [*args, *(o for _, o in kwargs)]):
            raise refusal(s)
        expansion = None
    forward: list[Statement] = [s]
    env: dict[Value, Operand] = {}
    if expansion is not None:
        forward, env = reverser.residuals(plain, expansion, s)
    if where is not None:
        where = reverser.saved(where, s, forward)

    def backward(scope: Scope) -> None:
        out_bar = scope.shadow(out)
        kept = callee.value in (operator.add, operator.sub) and args[0] is out and where is None
        if where is not None:
            bar = scope.call(shadows.take_masked, out_bar, where, type=out_bar.type)
        else:
            bar = scope.call(np.ndarray.copy, out_bar, type=out_bar.type)
            if not kept:
                scope.out.append(clear(out_bar, Const(...), scope))
        if expansion is not None:
            skipped = (0,) if kept else ()
            reverser.pull_back(plain, expansion, env, bar, scope, skipped)

    return forward, backward


# -- residuals -------------------------------------------------------------------------------------


def saved(
    reverser: Reverser,
    operand: Operand,
    s: Statement,
    forward: list[Statement],
    before: bool = False,
) -> Operand:
    """An operand as the reverse half may read it: a copy, if its memory may be written by then."""
    if not isinstance(operand, Value) or not reverser.memory.is_written_after(operand, s, True):
        reverser.unchanged.add(operand)
        return operand
    kind = unliteral(operand_type(operand))
    if isinstance(kind, Scalar):
        return operand
    copy = Value(f"{operand.name}_saved" if operand.name else "", kind, False, s.origin)
    function: Any = np.ndarray.copy if isinstance(kind, Array) else shadows.snapshot
    if reverser.memory.is_changed(operand) and not reverser.memory.is_written(operand):
        function = contents.kept
    call = Call(copy, Const(function), [operand], [], s.origin)
    forward.insert(0, call) if before else forward.append(call)
    return copy


def residuals(
    reverser: Reverser, s: Call, expansion: Expansion, at: Call
) -> tuple[list[Statement], dict[Value, Operand]]:
    """The forward half of a rule, and what its reverse half reads for the rule's values.

    `at` is the statement that the program runs for `s` (the same, but for calls that write).
    """
    operands: list[Operand] = [*s.args, *(o for _, o in s.kwargs)]  # type: ignore[list-item]
    env: dict[Value, Operand] = dict(zip(expansion.inputs, operands, strict=True))
    reads = content_reads(reverser, expansion, operands)
    forward: list[Statement] = []
    stale = {v for v, o in env.items() if reverser.memory.is_written_after(o, at, True)}
    reverse_env = dict(env)
    for value in [v for v in stale if v in reads]:
        reverse_env[value] = saved(reverser, env[value], at, forward)
    for statement in expansion.forward:
        if statement is expansion.primal:
            forward.append(at)
            target = at.target if at is s else written_operand(at)
            env[statement.target] = reverse_env[statement.target] = target  # type: ignore
            if statement.target in reads:  # type: ignore[union-attr]
                copy = saved(reverser, target, at, forward)  # type: ignore[arg-type]
                reverse_env[statement.target] = copy  # type: ignore[union-attr]
            continue
        new = clone_statement(statement, env, at.origin)
        forward.append(new)
        for old, made in list(env.items()):
            reverse_env.setdefault(old, made)
        if isinstance(statement, Call) and isinstance(new, Call):
            operand_stale = any(a in stale for a in statement.args)
            if operand_stale and shares_memory(new):
                stale.add(statement.target)
                if statement.target in reads:
                    copy = Value("", new.target.type, False, at.origin)
                    forward.append(Call(copy, Const(shadows.snapshot), [new.target], [], at.origin))
                    reverse_env[statement.target] = copy
    return forward, reverse_env


#: They hand on the items themselves, and their derivatives do not read them.
ITERATING = (reversed, enumerate, zip, iter, list, tuple)


#: They hand on items, and their derivatives read how many there are, or the keys.
SHALLOW = (dict, chosen, getattr)


#: They give what an operand holds, and make no array of it.
TAKING_OUT = (operator.getitem, getattr)


#: They may keep what they are given.
RULES_AT_RUN_TIME = (dispatch.__name__, structural.__name__)


def kept_apart(reverser: Reverser, s: Call) -> tuple[list[Statement], Call]:
    """Copies for a rule that is found at run time, which may keep its operands, and the call with them.

    A function that may give back a view gets the array itself; of those that are known to, NumPy's,
    the derivative only needs its shape.
    """
    late = [o for o in operands_of(s) if reverser.memory.is_written_after(o, s)]
    function = s.callee.value if isinstance(s.callee, Const) else None
    if function in ITERATING:
        # An attribute that changes is no item of a list of arrays.
        changing = (
            o
            for o in late
            if not is_list_of_arrays(operand_type(o))
            or reverser.memory.is_written_after(o, s, attributes=False)
        )
        if function not in (list, tuple) and any(True for _ in changing):
            refuse_late(s)
        return [], s
    if not late:
        return [], s
    if reads_an_array(s):
        s, function = reading(reverser, s), call_reading
    plain = function is operator.getitem or function is sum and len(s.args) == 1
    if (
        not plain
        and function is not copied_whole
        and function not in SHALLOW
        and hands_on(function)
        and holds_changed(reverser, s, late)
    ):
        raise UnsupportedSyntaxError(
            f"{name_of(s)} gives what may change meanwhile by another name", s.origin,
            "Copy it for the call: a copy of a list is list(items).",
        )  # fmt: skip
    arguments: list = list(s.args)
    first = 0
    module = getattr(function, "__module__", None) or ""
    ours = module.startswith(("adjoint.rules", "adjoint.tree")) and module not in RULES_AT_RUN_TIME
    # Builtins keep nothing but the items themselves; `augment` gives back numbers.
    python = of_python(function) and function is not operator.getitem
    ours = ours or function is augment or function is call_reading or python
    if shares_memory(s) and not ours:
        if function is slots.held:  # of a derivative inside: what it was given
            raise gradient_of_gradient(s.origin)
        if function is not operator.getitem and function not in SHARING - {np.nan_to_num, np.array}:
            what = "an array is written to"
            if not any(map(reverser.memory.is_written, late)):
                what = "a list, dict or object changes"
            raise UnsupportedSyntaxError(
                f"{what} after {name_of(s)}, which may have kept it", s.origin,
                "Copy it for the call, or after the call.",
            )  # fmt: skip
        first = 1
    copies: list[Statement] = []
    if first and function not in TAKING_OUT and arguments[0] in late:
        operand = arguments[0]
        if not isinstance(unliteral(operand_type(operand)), Array | Scalar):  # a list has no view
            form = Value("", operand_type(operand), False, s.origin)
            copies.append(Call(form, Const(contents.kept_form), [operand], [], s.origin))
            arguments[0] = form
    if first and function is np.einsum:  # after the subscripts
        first = 2
    for i, a in enumerate(arguments[first:], first):
        operand = a.operand if isinstance(a, Splat) else a
        if function in SHALLOW and operand in late:  # what they hand on stays what it is
            kept = Value("", operand_type(operand), False, s.origin)
            copies.append(Call(kept, Const(contents.kept), [operand], [], s.origin))
            arguments[i] = kept
        elif operand in late:
            copy = saved(reverser, operand, s, copies)
            arguments[i] = Splat(copy) if isinstance(a, Splat) else copy
    kwargs = [(k, saved(reverser, o, s, copies) if o in late else o) for k, o in s.kwargs]
    call = Call(s.target, s.callee, arguments, kwargs, s.origin)
    reverser.memory.position[id(call)] = reverser.memory.position[id(s)]
    return copies, call


def reads_an_array(s: Call) -> bool:
    """Is this a method of arrays that keeps nothing, of what only running tells to be one?"""
    if not isinstance(s.callee, Const) or s.callee.value is not call_method:
        return False
    owner, name = s.args[:2]
    unknown = isinstance(owner, Value) and isinstance(owner.type, Unknown)
    return unknown and isinstance(name, Const) and name.value in READING


def reading(reverser: Reverser, s: Call) -> Call:
    """The call, of what will be asked whether it is an array."""
    call = Call(s.target, Const(call_reading), s.args, s.kwargs, s.origin)
    reverser.memory.position[id(call)] = reverser.memory.position[id(s)]
    return call


def result_of(reverser: Reverser, s: Call, both: Value) -> list[Statement]:
    """The result of a rule that is found at run time: a copy if it is written to, since the rule's
    pullback may have kept the result itself."""
    taken = Call(s.target, Const(operator.getitem), [both, Const(0)], [], s.origin)
    kind = s.target.type
    known = isinstance(s.callee, Const) and not shares_memory(s, reverser.memory.holds)
    if isinstance(kind, Scalar) or not known or not reverser.memory.is_written_after(s.target, s):
        return [taken]
    taken.target = Value("", kind, False, s.origin)
    function: Any = np.ndarray.copy if isinstance(kind, Array) else shadows.snapshot
    return [taken, Call(s.target, Const(function), [taken.target], [], s.origin)]


def of_python(function: Any) -> bool:
    return getattr(function, "__module__", None) in ("builtins", "_operator")


def hands_on(function: Any) -> bool:
    """Is it a function of Python's, or of ours for one, that may give back what an operand holds?"""
    module = getattr(function, "__module__", None) or ""
    return of_python(function) or module.startswith("adjoint.rules")


def holds_changed(reverser: Reverser, s: Call, late: list[Operand]) -> bool:
    """May the result refer to a list or dict of the operands that changes? Of a copy it must not."""
    if isinstance(s.target.type, Scalar | Array):
        return False
    return any(holds_changing(operand_type(o)) and reverser.memory.is_changed(o) for o in late)


def holds_changing(kind: Type) -> bool:
    """Does a list, dict or tuple of this type hold what may change?"""
    if isinstance(kind, ListOf | TupleOf):
        items = kind.items if kind.items is not None else (kind.element,)
        return any(map(may_change, items))
    if isinstance(kind, DictOf):
        return any(may_change(item) for _, item in kind.items)
    return is_open_dict(kind)


def content_reads(reverser: Reverser, expansion: Expansion, operands: list[Operand]) -> set[Value]:
    """The rule's values whose contents the part of its reverse half that is wanted reads."""
    from adjoint.reverse.straight import needed_for

    wanted: list[Operand | None] = [
        b
        for o, b in zip(operands, expansion.bars, strict=True)
        if b is not None and is_active(o, reverser.active)
    ]
    needed = needed_for(expansion.reverse, wanted)
    statements = [s for s in expansion.reverse if id(s) in needed]
    found = {b for b in wanted if isinstance(b, Value)}
    free = free_values(Block(statements, []))
    for s in walk(Block(statements, [])):
        for o in operands_of(s):
            if isinstance(o, Value) and o in free:
                if not isinstance(s, Call) or reads_contents(s, o):
                    found.add(o)
    return found


def check_residuals(reverser: Reverser, statements: list[Statement], forward: Block) -> None:
    """Refuse a reverse half that reads what may have been written to since."""

    own = defined_values(Block(statements, []))
    for s in walk(Block(statements, [])):
        if id(s) in reverser.checked:
            continue
        for o in operands_of(s):
            if not isinstance(o, Value) or o in own or not reverser.memory.is_written(o):
                continue
            if o in reverser.unchanged or not isinstance(o.type, Array | Unknown):
                continue
            origin = reverser.memory.made.get(o)
            later = origin is None or reverser.memory.is_written_after(o, origin)
            if later and (not isinstance(s, Call) or reads_contents(s, o)):
                raise UnsupportedSyntaxError(
                    f"{o.name or 'a value'} is read by the derivative after it was written to",
                    s.origin,
                    "Copy it before it is written to.",
                )
