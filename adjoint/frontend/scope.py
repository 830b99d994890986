"""The state of lowering one function: where statements go, and what each name is at this point.

The other files of this folder say how each construct is lowered; they register with `expression`
and `statement`, so that none imports another.
"""

from __future__ import annotations

import contextlib
import operator
import types
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from adjoint import runtime, slots
from adjoint.frontend import fence
from adjoint.frontend.facts import NOTHING, Attempt, Container, Fact, Hold
from adjoint.frontend.grammar import Node, is_held
from adjoint.ir.nodes import (
    UNDEFINED,
    Block,
    Call,
    Const,
    Function,
    Operand,
    Origin,
    Splat,
    Statement,
    Value,
    targets_of,
)

#: Stands among the globals of a function for all of them.
NAMESPACE = "__globals__"

TRUE, FALSE, UNBOUND = Const(True), Const(False), Const(UNDEFINED)

# Variables that no user can write: how the statements so far were left, and the value returned.
RETURNED, RESULT, BROKE, STOPPED, EXITED = "return?", "return", "break?", "stop?", "exit?"
FLAGS = (RETURNED, BROKE, STOPPED, EXITED)
COMPLETED = "completed?"  # a `try` body ran to its end
LANDED = "landed?"  # a `try` body was left, however, but not by an exception
CAUGHT, ERROR = "caught?", "error?"  # an exception is on its way to a handler; that exception
CHOICE = "choice?"  # the value of a conditional expression
HIDDEN = {
    RETURNED: "returned", RESULT: "result", BROKE: "broke", STOPPED: "stop", EXITED: "left",
    COMPLETED: "completed", LANDED: "landed", CAUGHT: "caught", ERROR: "error", CHOICE: "",
}  # fmt: skip


#: Are the bodies of `try` that change something lowered statement by statement, so that it is known
#: which of them an exception has kept from running?
IN_PIECES: ContextVar[bool] = ContextVar("IN_PIECES", default=False)


@dataclass
class Environment:
    """What each name is at a point of the program. `dead` after a `raise`."""

    names: dict[str, Operand] = field(default_factory=dict)
    dead: bool = False

    def copy(self) -> Environment:
        return Environment(dict(self.names), self.dead)

    @property
    def left(self) -> bool:
        """Nothing that follows is reached."""
        return self.dead or self.names[EXITED] is TRUE


class Interrupted(Exception):
    """A variable is read that a `try` body may have assigned: lower again, with the body in pieces."""

    def __init__(self, attempt: Hashable, name: str) -> None:
        super().__init__(attempt, name)
        self.attempt, self.name = attempt, name


class Scope:
    """One function being lowered."""

    def __init__(
        self, node: Node, code: types.CodeType, namespace: dict[str, Any], filename: str
    ) -> None:
        self.node, self.code, self.namespace, self.filename = node, code, namespace, filename
        self.name = code.co_name
        self.locals: set[str] = set()
        self.captures: dict[str, Value] = {}
        self.globals: dict[str, Value] = {}
        self.cells: set[str] = set()  # variables that inner functions assign, kept in a cell
        self.own_cells: dict[str, Value] = {}
        self.assigned_globals: set[str] = set()
        self.first_parameter = ""
        self.instance = ""  # the name of `self` in a constructor
        start: dict[str, Operand] = {**dict.fromkeys((CAUGHT, *FLAGS), FALSE), RESULT: UNBOUND}
        self.env = Environment(start)
        self.block = Block()
        self.depth = 0
        self.depths: dict[Value, int] = {}
        self.facts: dict[Operand, Fact] = {}
        self.flags: set[Operand] = set()  # values that are True or False and nothing else
        self.unbound_if: dict[Operand, Operand] = {}  # by value: it is bound if this flag is False
        self.earlier_exit: dict[Operand, Operand] = {}  # by flag: one that is False if this one is
        self.renames: dict[str, str] = {}  # the variables of the comprehensions around this point
        self.rename_count = 0
        self.forward: dict[str, Value] = {}  # functions referred to before their `def`
        # Inner functions are made again where they are read after a captured variable has changed.
        self.remakers: dict[Operand, Callable[[], Operand]] = {}
        self.original: dict[Operand, Operand] = {}
        self.upcoming: list[Node] = []  # the statements after this one, in the same list
        self.lower_inner: Callable[[Node, types.CodeType], Function]
        self.breaks: list[list[set[str]]] = []  # per loop, the unbound names at each `break`
        # What each `try` has to know of the variables of its body: see `attempts`.
        self.carried: dict[Hashable, set[str]] = {}
        self.protected: set[str] | None = None  # in a body in pieces: the variables to know
        self.taken_at_once: list[Node] = []  # iterables that nothing keeps
        self.generators: set[Operand] = set()  # inner functions that are generators
        self.landings = 0  # the `finally` clauses around this point

    # -- where ---------------------------------------------------------------------------------

    def origin(self, node: Node) -> Origin:
        return fence.origin_of(node, self.filename, self.name)

    def refuse(self, node: Node, message: str, hint: str = "") -> NoReturn:
        fence.refuse(self.origin(node), message, hint)

    # -- emitting ------------------------------------------------------------------------------

    def emit(self, statement: Statement) -> None:
        self.block.statements.append(statement)
        for target in targets_of(statement):
            self.depths.setdefault(target, self.depth)

    def value(self, name: str = "", node: Node = None) -> Value:
        """A new value for a variable (the user's, or a hidden one), or for an intermediate."""
        origin = self.origin(node) if node is not None else None
        name = name.partition("@")[0]
        return Value(HIDDEN.get(name, name), named=bool(name) and name not in HIDDEN, origin=origin)

    def call(
        self,
        function: Any,
        args: Iterable[Operand | Splat],
        node: Node,
        kwargs: Iterable[tuple[str | None, Operand]] = (),
    ) -> Value:
        """Emit a call of a Python callable, or of an operand."""
        known = isinstance(function, Value | Const)
        callee = function if known else Const(function, getattr(function, "__name__", ""))
        args = [
            Splat(self.current(a.operand, node)) if isinstance(a, Splat) else self.current(a, node)
            for a in args
        ]
        callee = self.current(callee, node)
        kwargs = [(name, self.current(operand, node)) for name, operand in kwargs]
        target = self.value(node=node)
        call = Call(target, callee, args, kwargs, self.origin(node))
        self.emit(call)
        self._note_holds(call)
        return target

    def inner(self, work: Callable[[], Any]) -> tuple[Block, Environment]:
        """Do some lowering into a new block, starting from the names as they are now."""
        block, env = self.block, self.env
        self.block, self.env = Block(), env.copy()
        self.depth += 1
        try:
            work()
            return self.block, self.env
        finally:
            self.block, self.env = block, env
            self.depth -= 1

    def gone(self, env: Environment) -> bool:
        """Whether a path has returned for good: its variables no longer matter."""
        returned = env.names[RETURNED] is TRUE and env.names[CAUGHT] is FALSE
        return returned and not self.landings

    def visible(self, operand: Operand) -> bool:
        """Whether an operand may be read here: it was not defined in a block now closed."""
        return isinstance(operand, Const) or self.depths.get(operand, 0) <= self.depth

    # -- dispatch ------------------------------------------------------------------------------

    def expression(self, node: Node) -> Operand:
        lower = EXPRESSIONS.get(type(node).__name__)
        if lower is None:
            fence.refuse_node(node, self.origin(node))
        return lower(self, node)

    def statements(self, nodes: list[Node]) -> None:
        STATEMENTS["*"](self, nodes, [])

    # -- names ---------------------------------------------------------------------------------

    def key(self, name: str) -> str:
        """What a name is called in the environment: comprehensions have variables of their own."""
        return self.renames.get(name, name)

    @contextlib.contextmanager
    def renaming(self, names: Iterable[str]) -> Iterator[None]:
        """Inside, the names stand for fresh variables."""
        self.rename_count += 1
        fresh = {name: f"{name}@{self.rename_count}" for name in names}
        saved, self.renames = self.renames, self.renames | fresh
        try:
            yield
        finally:
            self.renames = saved
            for key in fresh.values():
                self.env.names.pop(key, None)

    def is_global(self, name: str) -> bool:
        return not (name in self.renames or name in self.locals or name in self.captures)

    def is_builtin(self, node: Node, *names: str) -> bool:
        """Whether a node is one of these builtins by its own name."""
        name = getattr(node, "id", None)
        return name in names and self.is_global(name) and name not in self.namespace

    def is_outside(self, name: str) -> bool:
        """Is this a variable of an outer function or of the module, which items are only stored into?"""
        if self.key(name) in self.env.names or name in self.locals or name in self.renames:
            return False
        return name in self.captures or is_user_name(name) and not is_held(name)

    def read(self, name: str, node: Node) -> Operand:
        """The operand that a name stands for here; emits the check that it is bound if need be."""
        key = self.key(name)
        cell = self.cell(name)
        if cell is not None:
            return self.call(slots.load_cell, [cell, Const(name)], node)
        if name in self.assigned_globals and key == name:
            return self.call(slots.load_global, [self.namespace_of(), Const(name)], node)
        operand = self.env.names.get(key)
        if operand is None:
            if name in self.locals or name in self.renames:
                operand = UNBOUND
            elif name in self.captures:
                return self.captures[name]
            else:
                return self.globals.setdefault(name, Value(name, named=True))
        fact = self.fact(operand)
        if fact.interrupted is not None:
            self._refuse_interrupted(name, fact.interrupted, node)
        now = self.current(operand, node)
        if now is not operand:
            return now
        if fact.unbound and not is_held(name):
            operand = self.call(runtime.check_bound, [operand, Const(name)], node)
            operand.name = name
            self.env.names[key] = operand
            self.facts[operand] = replace(fact, unbound=False)
        return operand

    def _refuse_interrupted(self, name: str, attempt: Attempt, node: Node) -> NoReturn:
        if name not in self.carried.get(attempt.key, ()):
            raise Interrupted(attempt.key, name)
        self.refuse(
            node,
            f"'{name}' is assigned in the `{attempt.keyword}` body of line {attempt.line}, and an"
            " exception may have come before or after that",
            f"Assign '{name}' in a statement of its own.",
        )

    def current(self, operand: Operand, node: Node) -> Operand:
        """An operand as it is; a function made again if what it captured has changed since."""
        stale = [h for h in self.fact(operand).holds if h.strong and self.is_stale(h)]
        if not stale:
            return operand
        if operand in self.remakers:
            return self.remakers[operand]()
        self.refuse_stale(stale[0], node)

    def refuse_stale(self, hold: Hold, node: Node) -> NoReturn:
        name = hold.name.partition("@")[0]
        self.refuse(
            node,
            f"variable '{name}' is assigned again after a function that captures it was made",
            fence.CAPTURED,
        )

    def is_stale(self, hold: Hold) -> bool:
        """Whether the captured variable has changed since; one still to be defined has not."""
        if hold.operand is not None and hold.operand in self.forward.values():
            return False
        now = self.env.names.get(hold.name)
        if hold.operand is None or now is None:
            return True
        return self.original.get(now, now) is not self.original.get(hold.operand, hold.operand)

    def bind(self, name: str, operand: Operand) -> None:
        """Make a name stand for an operand; a nameless intermediate takes the name."""
        if isinstance(operand, Value) and not operand.named and operand.name in _NAMELESS:
            operand.name, operand.named = name.partition("@")[0], True
        elif operand in self.env.names.values():
            self.share(operand)
        cell = self.cell(name)
        if cell is not None or name in self.assigned_globals and self.key(name) == name:
            self.share(operand)
            self._store(cell, name, operand)
        else:
            self.env.names[self.key(name)] = operand

    def cell(self, name: str) -> Value | None:
        """What keeps a variable that an inner function assigns."""
        if name not in self.cells or self.key(name) != name:
            return None
        return self.own_cells.get(name) or self.captures.get(name)

    def make_cell(self, name: str, node: Node) -> None:
        given = self.env.names.pop(name, None)
        cell = self.own_cells[name] = self.call(slots.make_cell, [], node)
        cell.name, cell.named = name, True
        if given is not None:
            self._store(cell, name, given)

    def namespace_of(self) -> Value:
        """The module's variables, as the object that they are kept in."""
        return self.globals.setdefault(NAMESPACE, Value(NAMESPACE))

    def _store(self, cell: Value | None, name: str, operand: Operand) -> None:
        function = slots.store_global if cell is None else slots.store_cell
        owner = self.namespace_of() if cell is None else cell
        target = self.value()
        self.emit(
            Call(target, Const(function, function.__name__), [owner, Const(name), operand], [])
        )

    # -- facts ---------------------------------------------------------------------------------

    def fact(self, operand: Operand) -> Fact:
        if operand in self.facts:
            return self.facts[operand]
        if isinstance(operand, Const) and operand.value is UNDEFINED:
            return Fact(unbound=True)
        return NOTHING

    def own(self, operand: Operand) -> Operand:
        """Note that an operand is a container that nothing else refers to."""
        self.facts[operand] = replace(self.fact(operand), container=Container())
        return operand

    def share(self, operand: Operand) -> None:
        """Note that something else may now refer to a container."""
        container = self.fact(operand).container
        if container is not None:
            container.shared = True

    def _note_holds(self, call: Call) -> None:
        """What closures the result of a call may contain."""
        operands = [a.operand if isinstance(a, Splat) else a for a in call.args]
        operands += [o for _, o in call.kwargs]
        holds = {hold for o in operands for hold in self.fact(o).holds}
        if call.callee in self.generators:  # which run later, with what their variables are then
            made = self.fact(call.callee).holds
            self.facts[call.target] = replace(self.fact(call.target), holds=made)
        callee = call.callee.value if isinstance(call.callee, Const) else None
        if callee in _HOLDERS:
            for each in operands:
                self.share(each)
        if not holds:
            return
        if callee is runtime.call_method and getattr(operands[1], "value", "") in _STORING_METHODS:
            owner = self.fact(operands[0])
            self.facts[operands[0]] = replace(owner, holds=owner.holds | holds)
        elif callee not in _HOLDERS and callee not in _PASSING:
            dropped = getattr(callee, "__module__", "") in ("_operator", "operator")
            holds = set() if dropped else {replace(h, strong=False) for h in holds}
        if holds:
            self.facts[call.target] = replace(self.fact(call.target), holds=frozenset(holds))


_NAMELESS = ("", HIDDEN[RESULT])
_HOLDERS = (runtime.make_tuple, runtime.make_list, runtime.make_set, runtime.make_dict)
_PASSING = (operator.getitem, operator.add, operator.iadd, operator.mul, runtime.flatten, getattr,
            runtime.merge_dicts, runtime.unpack_sequence)  # fmt: skip
_STORING_METHODS = ("append", "insert", "extend", "add", "update", "setdefault", "appendleft")


def is_user_name(name: str) -> bool:
    return name not in HIDDEN


# -- joining what is known on several paths ----------------------------------------------------


def abstract(fact: Fact, scope: Scope, env: Environment) -> Fact:
    """A fact at the end of a path, with what it says of captures made independent of the path."""
    if not fact.holds:
        return fact
    saved, scope.env = scope.env, env
    holds = {replace(h, operand=None if scope.is_stale(h) else UNBOUND) for h in fact.holds}
    scope.env = saved
    return replace(fact, holds=frozenset(holds))


def concrete(fact: Fact, env: Environment) -> Fact:
    """The inverse of `abstract`, on the path that follows."""
    if not fact.holds:
        return fact
    holds = {
        h if h.operand is None else replace(h, operand=env.names.get(h.name)) for h in fact.holds
    }
    return replace(fact, holds=frozenset(holds))


# -- registries ------------------------------------------------------------------------------------

EXPRESSIONS: dict[str, Any] = {}  # by class: (scope, node) -> operand
# A statement is lowered with the statements that follow it; true if they were lowered with it.
STATEMENTS: dict[str, Any] = {}  # by class: (scope, node, statements that follow) -> bool | None


def expression(*names: str) -> Callable[[Any], Any]:
    """Register how nodes of these classes are lowered to an operand."""

    def register(lower: Any) -> Any:
        EXPRESSIONS.update(dict.fromkeys(names, lower))
        return lower

    return register


def statement(*names: str) -> Callable[[Any], Any]:
    """Register how statements of these classes are lowered."""

    def register(lower: Any) -> Any:
        STATEMENTS.update(dict.fromkeys(names, lower))
        return lower

    return register
