"""The pass that writes the checks: after what computes a value, after what makes a cotangent.

    h = sqrt(x)                   h = sqrt(x)
    …                      ->     check_value('h', h, 'x', x)

>>> import numpy as np
>>> from adjoint.ir.nodes import Block, Call, Const, Function, Origin, Parameter, Value
>>> from adjoint.ir.printer import show
>>> from adjoint.ir.types import Array
>>> x, h = (Value(n, Array(np.dtype(float), (3,)), True) for n in ("x", "h"))
>>> root = Call(h, Const(np.sqrt), [x], origin=Origin("example.py", 4))
>>> program = Function("f", [Parameter(x)], Block([root], [h]))
>>> check_values(program.body, set())
>>> print(show(program, types=False))
function f(x)
  h = sqrt(x)
  _.0 = check_value('h', h, 'x', x)
  return h

Values are checked in the program as the user wrote it, before it is reversed: the reverse half then
is what it would have been. The cotangent that the reverse of a call gives to an operand is checked
where it is made (`watch`, called by `reverse`). Derivatives inside programs were given their checks
when they were taken, and what they consist of, which is no line of the user's, is `derived`.
"""

from __future__ import annotations

import linecache
import operator
import os
from collections import Counter
from typing import Any

import numpy as np

from adjoint import rules
from adjoint.checks import finite
from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    Loop,
    Operand,
    Origin,
    Splat,
    Statement,
    Value,
    blocks_of,
    operands_of,
    targets_of,
    used_values,
    walk,
    yields_of,
)
from adjoint.ir.types import (
    Array,
    DictOf,
    ListOf,
    Opaque,
    Scalar,
    TupleOf,
    Type,
    Unknown,
    is_number,
    literal,
    unliteral,
)
from adjoint.rules import registry
from adjoint.rules.memory import AUGMENTED, SHARING, keyword, plain_args, written_operand
from adjoint.rules.missing import generatable
from adjoint.rules.signatures import operand_type
from adjoint.runtime import (
    call_within,
    load_capture,
    make_dict,
    make_list,
    make_set,
    make_tuple,
    merge_dicts,
    recomputed,
)

PACKAGE = os.path.dirname(os.path.dirname(rules.__file__)) + os.sep
OURS = (
    f"{PACKAGE}rules{os.sep}",
    *(f"{PACKAGE}{name}.py" for name in ("tree", "shadows", "runtime", "api")),
)
CHECKS = {f for n, f in vars(finite).items() if n.startswith("check_")}
#: They compute nothing: what they put together or hand out was checked.
BUILDERS: set[Any] = {make_tuple, make_list, make_dict, make_set, merge_dicts, slice, zip, enumerate,
                      reversed, range, iter, list, tuple, dict, *CHECKS}  # fmt: skip
#: They give numbers that were there before.
MOVING = SHARING - {
    np.ndarray.astype,
    np.asarray,
    np.asanyarray,
    np.array,
    np.require,
    np.nan_to_num,
}
#: Their result is, entry by entry, one of their operands.
CHOICES = {np.where, np.select, np.choose, np.maximum, np.minimum, np.fmax, np.fmin, np.clip, np.ndarray.clip,
           np.nan_to_num}  # fmt: skip
#: What they make has no contents yet.
UNFILLED = {np.empty, np.empty_like, np.ndarray}


def check_values(block: Block, derived: set[Value], result: Operand | None = None) -> None:
    """Write checks after the calls of a block, and of the blocks in it, in place.

    `result` is what is returned to the user, who has to be told of it whatever it comes from.
    """
    _Checker(block, derived, result).block(block)


def check_program(
    function: Function, wrt: list[Value], derived: set[Value], outermost: bool
) -> None:
    """Check what a program is given, what it reads of that, and what it computes.

    `outermost` tells that what it returns goes to the user: then that has to be finite as well.
    """
    if is_ours(function.origin):
        return
    body = function.body
    check_values(body, derived, body.results[0] if outermost else None)
    before: list[Statement] = []
    reads: dict[Value, str] = {}
    for value in function.inputs:
        reads[value] = value.name
        settings = value not in wrt and not isinstance(value.type, Array)
        if holds_numbers(value.type):
            before.append(input_check(value.name, value, settings, function.origin))
    _Reads(reads, derived).block(body)
    body.statements[:0] = before
    if outermost:
        check_returned(body)


def check_returned(body: Block) -> None:
    """Check what is returned where no call computes it: it comes from a loop, or is an item."""
    result = body.results[0]
    made = next((s for s in body.statements if result in targets_of(s)), None)
    calls = [s for s in body.statements if isinstance(s, Call) and isinstance(s.callee, Const)]
    if made is None or any(s.callee.value is finite.check_result for s in calls):  # type: ignore[union-attr]
        return
    name = text_of(made) if isinstance(made, Call) else getattr(result, "name", "") or "the result"
    body.statements.append(called(finite.check_result, name, result, at=made.origin))


def check_given(derivative: Any) -> None:
    """Check the cotangent that a pullback is given."""
    function, seed = derivative.function, derivative.seed
    if is_ours(function.origin):
        return
    statements = function.body.statements
    at = next(i for i, s in enumerate(statements) if isinstance(s, Call) and s.target is seed)
    statements.insert(at + 1, called(finite.check_seed, seed, at=function.origin))


def watch(reverser: Any, scope: Any, primal: Operand, bar: Operand) -> None:
    """Check a contribution to the cotangent of `primal`, where it is made."""
    if not isinstance(bar, Value) or not isinstance(primal, Value) or primal in reverser.caught:
        return
    made = reverser.definitions.get(primal)
    if made is not None and is_ours(made.origin):
        return
    arguments: list[Operand] = [Const(primal.name if made is None else text_of(made)), bar]
    if not reverser.memory.is_written(primal):
        arguments.append(primal)  # as it was when it was read
    scope.out.append(called(finite.check_cotangent, *arguments, at=scope.origin))


def watch_tangent(pusher: Any, s: Call, dot: Operand) -> None:
    """Check the tangent of what a call computes, or of what it writes to, where it is made."""
    if is_ours(s.origin) or not isinstance(dot, Value):
        return
    function = s.callee.value if isinstance(s.callee, Const) else None
    moves = function in (getattr, operator.getitem, load_capture) or not computes(s)
    if moves and written_operand(s) is None:
        return  # what they hand on was checked
    more = [] if written_operand(s) is not None else [s.target]
    pusher.emit(finite.check_tangent, Const(text_of(s)), dot, *more, type=literal(None))


# -- statements ----------------------------------------------------------------------------------------


def called(function: Any, *args: Any, at: Origin | None) -> Call:
    operands = [a if isinstance(a, Value | Const) else Const(a) for a in args]
    return Call(Value("", literal(None)), Const(function), list(operands), [], at)


def input_check(name: str, value: Value, nan_only: bool, origin: Origin | None) -> Call:
    more = [True] if nan_only else []
    return called(finite.check_input, name, value, *more, at=origin)


class _Reads:
    """Writes checks of what a program reads of the objects and containers that it is given."""

    def __init__(self, names: dict[Value, str], derived: set[Value]) -> None:
        self.names, self.derived = names, derived

    def block(self, block: Block) -> None:
        out: list[Statement] = []
        for s in block.statements:
            out.append(s)
            for inner in blocks_of(s):
                self.block(inner)
            owner = read_from(s)
            if isinstance(s, Call) and owner in self.names and s.target not in self.derived:
                self.names[s.target] = text_of(s)
                kind = s.target.type
                if isinstance(owner.type, TupleOf | ListOf | DictOf) or not holds_numbers(kind):
                    continue  # was checked with its container, or is not a number
                settings = not isinstance(kind, Array)
                out.append(input_check(text_of(s), s.target, settings, s.origin))
        block.statements = out


class _Checker:
    """Writes checks of what calls compute, and of what they write to."""

    def __init__(self, block: Block, derived: set[Value], result: Operand | None) -> None:
        self.derived, self.result, self.used = derived, result, used_values(block)
        self.made: dict[Value, Call] = {}
        self.waived = waived(block)

    def block(self, block: Block) -> None:
        out: list[Statement] = []
        for s in block.statements:
            if not isinstance(s, Call):
                out.append(s)
                blocks = blocks_of(s)
                # The condition of a `while` is an expression, and stays one.
                for inner in blocks[-1:] if isinstance(s, Loop) else blocks:
                    self.block(inner)
                continue
            self.made[s.target] = s
            if s.target in self.derived or is_ours(s.origin):
                out.append(s)
            elif isinstance(owner := written_operand(s), Value):
                out += self.write(s, owner)
            else:
                out += [s, *self.check(s)]
        block.statements = out

    def check(self, s: Call) -> list[Statement]:
        if not computes(s) or not holds_numbers(s.target.type):
            return []
        if s.target in self.waived or s.target not in self.used:
            return []
        if all(isinstance(o, Const) for o in [*plain_args(s), *(o for _, o in s.kwargs)]):
            return []  # made on purpose: an array of infinities
        found = self.operands(s)
        check = finite.check_call if is_left_to_run_time(s) else finite.check_value
        check = finite.check_result if s.target is self.result else check
        return [called(check, text_of(s), s.target, *pairs(found), at=s.origin)]

    def write(self, s: Call, owner: Value) -> list[Statement]:
        """The write, and the check of what was written: of an item, of where `where=` holds, of all."""
        function, args = s.callee.value, plain_args(s)  # type: ignore[union-attr]
        if not holds_numbers(owner.type):
            return [s]
        before: list[Statement] = []
        found = self.operands(s, without=owner)
        name, where = self.name(owner), keyword(s, "where")
        if function is operator.setitem:
            check, written = finite.check_written, [text_of(s), owner, args[1]]
        elif where is not None:
            check, written = finite.check_masked, [name, owner, where]
        else:
            check, written = finite.check_value, [name, owner]
        if function in AUGMENTED:  # the array is an operand too, and will be gone
            written = [name, s.target]
            old = Value(f"{owner.name}_before" if owner.name else "", Opaque(finite.Survey))
            before.append(Call(old, Const(finite.survey), [owner], [], s.origin))
            found = {name: old, **found}
        return [*before, s, called(check, *written, *pairs(found), at=s.origin)]

    def name(self, value: Value) -> str:
        made = self.made.get(value)
        return value.name if made is None else text_of(made)

    def operands(self, s: Call, without: Operand | None = None) -> dict[str, Operand]:
        """The numbers that a call reads, by the names that they have in the source."""
        found: dict[str, Operand] = {}
        for o in [*plain_args(s), *(o for _, o in s.kwargs)]:
            if o is without or o in self.waived:  # no excuse for what is chosen from it
                continue
            if tells(o) and o not in found.values():
                name = self.name(o) if isinstance(o, Value) else o.name or repr(o.value)
                found.setdefault(name, o)
        return found


def waived(block: Block) -> set[Value]:
    """What is written inside a choice, as `np.log(x)` in `np.where(x > 0, np.log(x), 0.0)`.

    It may be NaN or infinite where it is not chosen; what was chosen is checked.
    """
    calls = [s for s in walk(block) if isinstance(s, Call)]
    made = {s.target: s for s in calls}
    uses = Counter(o for s in walk(block) for o in [*operands_of(s), *yields_of(s)])
    todo = [o for s in calls if chooses(s) for o in operands_of(s)[1:]]
    found: set[Value] = set()
    while todo:
        value = todo.pop()
        if isinstance(value, Value) and value in made and not value.named and uses[value] == 1:
            operands = operands_of(made[value])[1:]
            if any(isinstance(o, Value) for o in operands):  # else it was written like this
                found.add(value)
                todo += operands
    return found


def is_left_to_run_time(s: Call) -> bool:
    """Does this call a function of the user's, which is a program of its own?"""
    if not isinstance(s.callee, Const) or s.callee.value in (call_within, recomputed):
        return True
    return registry.lookup(s.callee.value) is None and generatable(s.callee.value)


def is_ours(origin: Origin | None) -> bool:
    """Is this a line of a rule, or of the arithmetic of cotangents: no line of the user's?"""
    return origin is not None and origin.filename.startswith(OURS)


def chooses(s: Call) -> bool:
    try:
        return isinstance(s.callee, Const) and s.callee.value in CHOICES
    except TypeError:
        return False


def pairs(operands: dict[str, Operand]) -> list[Any]:
    return [each for pair in operands.items() for each in pair]


# -- questions -----------------------------------------------------------------------------------------


def computes(s: Call) -> bool:
    """Does a call compute numbers, from other numbers?"""
    if read_from(s) is not None:
        return False
    if not isinstance(s.callee, Const):
        return True
    function = s.callee.value
    try:
        if function in BUILDERS or function in UNFILLED or function in MOVING:
            return False
    except TypeError:
        return True
    arguments = [*plain_args(s), *(o for _, o in s.kwargs)]
    return any(holds_numbers(operand_type(o), integers=True) for o in arguments)


def read_from(s: Statement) -> Value | None:
    """The object or container from which a statement reads an attribute or an item."""
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or not s.args:
        return None
    owner = s.args[0]
    if s.callee.value not in (getattr, operator.getitem, load_capture) or isinstance(owner, Splat):
        return None
    return owner if isinstance(owner, Value) and not is_number(owner.type) else None


def holds_numbers(kind: Type, integers: bool = False) -> bool:
    """May a value of this type be, or contain, a floating number? (Or an integer.)"""
    kind = unliteral(kind)
    letters = "iufcO" if integers else "fc"
    if isinstance(kind, Array):
        return kind.dtype.kind in letters
    if isinstance(kind, Scalar):
        return issubclass(kind.cls, float | complex | np.inexact) or integers
    if isinstance(kind, TupleOf):
        return any(holds_numbers(item, integers) for item in kind.items)
    if isinstance(kind, ListOf):
        return any(holds_numbers(k, integers) for k in kind.items or (kind.element,))
    if isinstance(kind, DictOf):
        return any(holds_numbers(item, integers) for _, item in kind.items)
    return isinstance(kind, Unknown)


def tells(operand: Operand) -> bool:
    """Is this worth mentioning: a number or array, of constants one that is not finite?"""
    if isinstance(operand, Const):
        return not finite.finite(operand.value)
    return isinstance(operand.type, Array) or holds_numbers(operand.type)


def text_of(s: Call) -> str:
    """What a call computes: the name that the user gave it, or the user's text."""
    if s.target.named and s.target.name:
        return s.target.name
    at = s.origin
    if at is None:
        return s.target.name or getattr(getattr(s.callee, "value", None), "__name__", "the value")
    line = linecache.getline(at.filename, at.line).encode()
    end = at.end_column if at.end_line in (0, at.line) else len(line)
    text = line[at.column : end].decode(errors="replace").strip()
    return (text if at.end_line in (0, at.line) else f"{text} …") or s.target.name or "a value"
