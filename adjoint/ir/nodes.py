"""The intermediate representation: structured regions in which every value is assigned once.

A `Function` holds one `Block`; a block is a list of statements and the operands it yields. There
are five statements:

    Call      target = callee(*args, **kwargs)         every computation, `x + y` included
    If        targets = then-block or else-block
    Loop      a `for` or a `while`, with the values it carries from one iteration to the next
    Try       targets = body, or the first handler whose exceptions match
    Closure   target = function object made from a nested `Function` and what it captures

There are no jumps: `break`, `continue` and early `return` are structure (nested `If`s, and the
`stop` operand of a loop). An operand is a `Value` (defined by exactly one statement, or an input
of the function) or a `Const` (a Python object known while compiling).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from adjoint.ir.types import UNKNOWN, Type


@dataclass(frozen=True)
class Origin:
    """Where in the user's files a statement comes from; lines from 1, columns from 0.

    Of a function that was inlined, `caller` is where it was called. `derived` tells of a statement
    of the derivative that stands among those it comes from.
    """

    filename: str
    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    function: str = ""
    caller: Origin | None = None
    derived: bool = False


class Undefined:
    """What a variable holds before its first assignment."""

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED = Undefined()


@dataclass(eq=False)
class Value:
    """One assignment of one name.

    `name` is the user's variable (or a stage's suggestion) and need not be unique; it is "" for a
    nameless intermediate. `named` tells whether the user wrote the name: a statement that defines
    such a value keeps its own line when source is emitted.
    """

    name: str = ""
    type: Type = UNKNOWN
    named: bool = False
    origin: Origin | None = None

    def __repr__(self) -> str:
        return f"%{self.name}"


@dataclass(eq=False)
class Const:
    """A Python object known when compiling; `name` is how the source spells it, if it does."""

    value: Any
    name: str = ""

    def __repr__(self) -> str:
        return f"Const({self.value!r})"


Operand = Value | Const


@dataclass(eq=False)
class Splat:
    """`*operand` among the positional arguments of a call."""

    operand: Operand


@dataclass(eq=False)
class Block:
    """Statements in order, then the operands that the block yields to what contains it."""

    statements: list[Statement] = field(default_factory=list)
    results: list[Operand] = field(default_factory=list)


@dataclass(eq=False)
class Call:
    """target = callee(*args, **kwargs).  A keyword of None stands for `**operand`."""

    target: Value
    callee: Operand
    args: list[Operand | Splat] = field(default_factory=list)
    kwargs: list[tuple[str | None, Operand]] = field(default_factory=list)
    origin: Origin | None = None


@dataclass(eq=False)
class If:
    """targets[i] = then.results[i] if condition (by truth value) else orelse.results[i]."""

    condition: Operand
    then: Block
    orelse: Block
    targets: list[Value] = field(default_factory=list)
    origin: Origin | None = None


@dataclass(eq=False)
class Gather:
    """`target` is the list of what `elements` were at the end of each iteration, in order.

    One element gives a list of it; several (or `pack`) give a list of tuples.
    """

    target: Value
    elements: list[Operand]
    pack: bool = False


@dataclass(eq=False)
class Loop:
    """A `for` (iterable is an operand) or a `while` (iterable is None; its condition is `test`).

    On entry carried[i] is inits[i]; after an iteration it is body.results[i]; after the loop
    targets[i] is the last of them (inits[i] if there was no iteration). `items` are bound to the
    element of the iterable, which is unpacked into them if `unpack`. `stop`, a value of the body,
    ends the loop after the iteration in which it is true. `test` (while only) may read the carried
    values and what is outside; nothing reads what it defines but its own result.
    """

    body: Block
    carried: list[Value] = field(default_factory=list)
    inits: list[Operand] = field(default_factory=list)
    targets: list[Value] = field(default_factory=list)
    iterable: Operand | None = None
    items: list[Value] = field(default_factory=list)
    unpack: bool = False
    test: Block | None = None
    stop: Operand | None = None
    gathers: list[Gather] = field(default_factory=list)
    origin: Origin | None = None


@dataclass(eq=False)
class Handler:
    """`except exceptions as name`; `exceptions` is evaluated when one arrives (None: bare).

    `records` tells that it only keeps the exception, which is raised again where the user's handlers are.
    """

    exceptions: Operand | None
    name: Value | None
    block: Block
    records: bool = False


@dataclass(eq=False)
class Try:
    """targets[i] = body.results[i], or the matching handler's results[i].

    `path` is 0 after the body, k after the k-th handler (from 1).
    """

    body: Block
    handlers: list[Handler]
    targets: list[Value] = field(default_factory=list)
    path: Value | None = None
    origin: Origin | None = None


@dataclass(eq=False)
class Closure:
    """target = a function made here. captures[i] is bound to function.captures[i].

    A capture may be the target of a later `Closure` of the same block, or of this one: functions
    may refer to each other. `defaults` are operands by parameter name.
    """

    target: Value
    function: Function
    captures: list[Operand] = field(default_factory=list)
    defaults: dict[str, Operand] = field(default_factory=dict)
    origin: Origin | None = None


Statement = Call | If | Loop | Try | Closure


@dataclass(eq=False)
class Parameter:
    """kind is one of "positional_only", "positional", "varargs", "keyword_only", "varkw"."""

    value: Value
    kind: str = "positional"
    has_default: bool = False

    @property
    def name(self) -> str:
        return self.value.name


@dataclass(eq=False)
class Function:
    """A function: its inputs are `parameters`, `captures` (free variables) and `globals`.

    Each global (or builtin) name that the body reads is one value in `globals`; it is read once,
    when the call begins, from `namespace`. `body.results` is the one returned operand. `code` is
    the code object that Python itself made from the same source (None for what stages generate).
    """

    name: str
    parameters: list[Parameter]
    body: Block
    captures: list[Value] = field(default_factory=list)
    globals: list[Value] = field(default_factory=list)
    code: Any = None
    origin: Origin | None = None
    doc: str = ""
    namespace: dict[str, Any] | None = None
    cells: frozenset[str] = frozenset()
    """captured variables that are assigned: what is captured is the cell that keeps the variable"""

    @property
    def inputs(self) -> list[Value]:
        return [p.value for p in self.parameters] + self.captures + self.globals


# -- walking ---------------------------------------------------------------------------------------


def blocks_of(statement: Statement) -> list[Block]:
    """The blocks directly inside a statement (not those of a closure's function)."""
    if isinstance(statement, If):
        return [statement.then, statement.orelse]
    if isinstance(statement, Loop):
        return [statement.body] if statement.test is None else [statement.test, statement.body]
    if isinstance(statement, Try):
        return [statement.body] + [h.block for h in statement.handlers]
    return []


def targets_of(statement: Statement) -> list[Value]:
    """The values that a statement defines for what comes after it."""
    if isinstance(statement, Call | Closure):
        return [statement.target]
    targets = list(statement.targets)
    if isinstance(statement, Loop):
        targets += [g.target for g in statement.gathers]
    if isinstance(statement, Try) and statement.path is not None:
        targets.append(statement.path)
    return targets


def inner_definitions(statement: Statement) -> list[Value]:
    """The values that a statement defines for its own blocks."""
    if isinstance(statement, Loop):
        return statement.carried + statement.items
    if isinstance(statement, Try):
        return [h.name for h in statement.handlers if h.name is not None]
    return []


def operands_of(statement: Statement) -> list[Operand]:
    """What a statement reads directly; the results of its blocks (stop, gathers) are not in it."""
    if isinstance(statement, Call):
        args = [a.operand if isinstance(a, Splat) else a for a in statement.args]
        return [statement.callee, *args, *(operand for _, operand in statement.kwargs)]
    if isinstance(statement, If):
        return [statement.condition]
    if isinstance(statement, Loop):
        return statement.inits + ([statement.iterable] if statement.iterable is not None else [])
    if isinstance(statement, Try):
        return [h.exceptions for h in statement.handlers if h.exceptions is not None]
    return statement.captures + list(statement.defaults.values())


def yields_of(statement: Statement) -> list[Operand]:
    """What a statement reads at the end of its blocks."""
    operands = [r for block in blocks_of(statement) for r in block.results]
    if isinstance(statement, Loop):
        operands += [e for g in statement.gathers for e in g.elements]
        operands += [statement.stop] if statement.stop is not None else []
    return operands


def walk(block: Block) -> Iterator[Statement]:
    """Every statement of a block and of the blocks inside, outermost first, in order."""
    for statement in block.statements:
        yield statement
        for inner in blocks_of(statement):
            yield from walk(inner)


def used_values(block: Block) -> set[Value]:
    """Every value that a block reads, at any depth."""
    operands: list[Operand] = list(block.results)
    for statement in walk(block):
        operands += operands_of(statement) + yields_of(statement)
    return {o for o in operands if isinstance(o, Value)}


def defined_values(block: Block) -> set[Value]:
    """Every value that a block defines, at any depth."""
    values: set[Value] = set()
    for statement in walk(block):
        values.update(targets_of(statement))
        values.update(inner_definitions(statement))
    return values


def free_values(block: Block) -> set[Value]:
    """What a block reads and does not define."""
    return used_values(block) - defined_values(block)


def substitute(block: Block, replace: Callable[[Operand], Operand]) -> None:
    """Replace every operand that a block reads, at any depth, in place."""
    for statement in walk(block):
        if isinstance(statement, Call):
            statement.callee = replace(statement.callee)
            statement.args = [
                Splat(replace(a.operand)) if isinstance(a, Splat) else replace(a)
                for a in statement.args
            ]
            statement.kwargs = [(k, replace(o)) for k, o in statement.kwargs]
        elif isinstance(statement, If):
            statement.condition = replace(statement.condition)
        elif isinstance(statement, Loop):
            statement.inits = [replace(o) for o in statement.inits]
            if statement.iterable is not None:
                statement.iterable = replace(statement.iterable)
            if statement.stop is not None:
                statement.stop = replace(statement.stop)
            for gather in statement.gathers:
                gather.elements = [replace(o) for o in gather.elements]
        elif isinstance(statement, Try):
            for handler in statement.handlers:
                if handler.exceptions is not None:
                    handler.exceptions = replace(handler.exceptions)
        else:
            statement.captures = [replace(o) for o in statement.captures]
            statement.defaults = {k: replace(o) for k, o in statement.defaults.items()}
        for inner in blocks_of(statement):
            inner.results = [replace(o) for o in inner.results]
    block.results = [replace(o) for o in block.results]
