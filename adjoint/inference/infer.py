"""Inference: a program and the types of its inputs go in, a typed program comes out.

This is partial evaluation. Conditions that are known take one branch, a loop over a tuple of layers
is unrolled, a callee is resolved to a primitive or inlined. Nothing is assumed that the types do not
say: what stays unknown is decided by the generated code when it runs.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from adjoint.inference import (
    attempts,
    augmented,
    calls,
    changing,
    functions,
    hidden,
    iterators,
    loops,
    state,
    whole,
    written,
)
from adjoint.inference.flat import flatten
from adjoint.inference.items import tuple_parts
from adjoint.inference.questions import is_unbound, truth
from adjoint.inference.sites import (
    Drained,
    Late,
    ReadError,
    Restart,
    Root,
    Shared,
    Site,
    Span,
    Uncached,
)
from adjoint.ir.coarse import coarse_type_of
from adjoint.ir.nodes import (
    Block,
    Call,
    Closure,
    Const,
    Function,
    Handler,
    If,
    Loop,
    Operand,
    Origin,
    Parameter,
    Splat,
    Statement,
    Try,
    Value,
)
from adjoint.ir.options import Options, Sharing
from adjoint.ir.types import (
    BOTTOM,
    UNKNOWN,
    Array,
    DictOf,
    FunctionOf,
    Identity,
    Instance,
    ListOf,
    Literal,
    Opaque,
    OpenDict,
    TupleOf,
    Type,
    join,
    unliteral,
)
from adjoint.ir.values import PLURAL, type_of
from adjoint.rules.aliasing import may_write
from adjoint.rules.effects import never_ends
from adjoint.rules.signatures import operand_type, result_type
from adjoint.runtime import make_tuple


@dataclass
class Inferred:
    """A typed program.

    `roots` are its inputs after the parameters, `guards` what it was built on; the values `derived`
    are of derivatives that were taken inside, and of no line of the user's.
    """

    function: Function
    roots: list[Root]
    guards: dict[Root, Any]
    derived: set[Value]


@dataclass(eq=False)
class Specialiser:
    """The state of one inference. `out` is the block being written."""

    lower: Callable[[types.FunctionType], Function]
    options: Options
    derivative: Callable[..., Operand | None] | None = None
    out: list[Statement] = field(default_factory=list)
    roots: dict[Root, Value] = field(default_factory=dict)
    guards: dict[Root, Any] = field(default_factory=dict)
    definitions: dict[Value, Statement] = field(default_factory=dict)
    unbound: set[Value] = field(default_factory=set)
    stack: list[Any] = field(default_factory=list)
    emitted: int = 0
    changed: set[Any] = field(default_factory=set)  # lists and dicts that do not stay as they are
    derived: set[Value] = field(default_factory=set)  # what derivatives inside consist of
    deriving: bool = False
    fields: dict[tuple[Any, str], Type] = field(default_factory=dict)  # attributes that change
    changes: dict[Any, int] = field(default_factory=dict)  # how often that was learned
    elements: dict[Any, Type] = field(default_factory=dict)  # what is put into lists that change
    carried: dict[Value, Operand] = field(
        default_factory=dict
    )  # by what loops carry, how it begins
    parameters: set[Value] = field(default_factory=set)
    late: list[Late] = field(default_factory=list)  # iterators whose items were taken early
    drained: list[Drained] = field(default_factory=list)  # other iterators, of which that is so
    iterators: set[Any] = field(default_factory=set)  # where those are made that are kept
    passing: dict[Value, set[Any]] = field(
        default_factory=dict
    )  # the others, and where they are made
    parted: set[Value] = field(default_factory=set)  # values whose items were asked for
    attempts: int = 0  # how many `try` bodies are around
    unrolled: dict[Value, list[list[Statement]]] = field(default_factory=dict)  # loops over them
    cached: list[Origin | None] = field(default_factory=list)  # reads of cached properties
    namespaces: list[Value] = field(default_factory=list)  # `owner.__dict__`, where it is read
    shared: Shared = field(default_factory=Shared)  # what calls that are left to run time may do
    left: set[Value] = field(default_factory=set)  # results of such calls, of functions known here
    recursive: set[Any] = field(default_factory=set)  # the code of those that call themselves
    spans: list[Span] = field(default_factory=list)  # what those do, where they are inlined
    kept: list[Uncached] = field(default_factory=list)  # calls of functions that keep their results
    prototypes: dict[Any, Any] = field(
        default_factory=dict
    )  # classes made here, by their statement
    class_cells: dict[int, Operand] = field(default_factory=dict)  # what their methods captured
    settled: set[Operand] = field(default_factory=set)  # what is defined in no branch and no loop
    depth: int = 0  # of the block being written
    caller: Origin | None = None  # where the function that is being inlined is called
    half_written: Origin | None = None  # what may have written when an exception was kept for later

    @property
    def may_inline(self) -> bool:
        """The function that is differentiated always is; what it calls, if the options say so."""
        return self.options.inline or len(self.stack) < 2

    # -- blocks --

    def block(self, block: Block, env: dict[Value, Operand]) -> Block:
        """The specialised copy of a block."""
        outer, self.out = self.out, []
        self.depth += 1
        try:
            for statement in block.statements:
                self.statement(statement, env)
            return Block(self.out, [read(r, env) for r in block.results])
        finally:
            self.out = outer
            self.depth -= 1

    def splice(self, block: Block, env: dict[Value, Operand]) -> list[Operand]:
        """Write the specialised statements of a block into the current one."""
        for statement in block.statements:
            self.statement(statement, env)
        return [read(r, env) for r in block.results]

    def statement(self, statement: Statement, env: dict[Value, Operand]) -> None:
        origin = statement.origin
        if self.caller is not None and origin is not None and origin.caller is None:
            statement = replace(statement, origin=replace(origin, caller=self.caller))
        if isinstance(statement, Call):
            args: list[Operand | Splat] = [
                Splat(read(a.operand, env)) if isinstance(a, Splat) else read(a, env)
                for a in statement.args
            ]
            kwargs = [(k, read(o, env)) for k, o in statement.kwargs]
            target = statement.target
            site = Site(statement.origin, target.name, target.named)
            result = calls.call(self, read(statement.callee, env), args, kwargs, site)
            env[target] = self.give_name(result, site)
        elif isinstance(statement, If):
            self.branch(statement, env)
        elif isinstance(statement, Loop):
            loops.loop(self, statement, env)
        elif isinstance(statement, Try):
            self.attempt(statement, env)
        else:
            self.closure(statement, env)

    def derive(self, statements: list[Statement], env: dict[Value, Operand]) -> None:
        """The statements of a derivative, as a part of the program."""
        outer, self.deriving = self.deriving, True
        try:
            for statement in statements:
                self.statement(statement, env)
        finally:
            self.deriving = outer

    def give_name(self, result: Operand, site: Site) -> Operand:
        """A nameless result takes the name that the user gives it."""
        if isinstance(result, Value) and site.named and not result.named:
            if result in self.passing:
                iterators.keep(self, result)
            if result in self.definitions:
                result.name, result.named = site.name, True
        return result

    def write(self, statement: Statement, *targets: Value) -> None:
        self.out.append(statement)
        self.emitted += 1
        for target in targets:
            self.definitions[target] = statement
        if self.deriving:
            self.derived.update(targets)
        if self.depth == 1:
            self.settled.update(targets)

    def emit(
        self,
        callee: Operand,
        args: list[Operand | Splat],
        kwargs: list[tuple[str | None, Operand]],
        site: Site,
        result: Type | None = None,
    ) -> Value:
        """Write a call whose callee is a primitive, or is left to run time."""
        if result is None:
            plain = not any(isinstance(a, Splat) for a in args) and all(k for k, _ in kwargs)
            known = isinstance(callee, Const) and plain
            result = result_type(callee.value, args, kwargs) if known else UNKNOWN  # type: ignore[union-attr, arg-type]
        if self.passing and iterators.is_keeping(callee):
            iterators.keep(self, *args, *(o for _, o in kwargs))
        result = changing.opened(self, result, site.origin)
        target = Value(site.name, result, site.named, site.origin)
        call = Call(target, callee, args, kwargs, site.origin)
        if self.shared.how is not None and not self.deriving and may_write(call):
            if not functions.makes_generator(callee):
                call.callee, call.args = Const(self.shared.how), [callee, *args]
        self.write(call, target)
        return target

    # -- structure --

    def branch(self, statement: If, env: dict[Value, Operand]) -> None:
        condition = read(statement.condition, env)
        known = truth(operand_type(condition))
        if known is not None:
            results = self.splice(statement.then if known else statement.orelse, env)
            env.update(zip(statement.targets, results, strict=True))
            return
        then = self.block(statement.then, env)
        orelse = self.block(statement.orelse, env)
        new = If(condition, then, orelse, [], statement.origin)
        pairs = list(zip(statement.targets, then.results, orelse.results, strict=True))
        then.results, orelse.results = [], []
        self.write(new)
        for target, a, b in pairs:
            env[target] = self.merge(new, target, a, b)

    def merge(self, statement: If, target: Value, a: Operand, b: Operand) -> Operand:
        """What an `If` yields of two operands; tuples item by item, so that they need not be built."""
        if a is b or isinstance(a, Const) and isinstance(b, Const) and same_constant(a, b):
            return a
        parts = tuple_parts(self, a), tuple_parts(self, b)
        if parts[0] is not None and parts[1] is not None and len(parts[0]) == len(parts[1]):
            merged: list[Operand | Splat] = []
            for i, (x, y) in enumerate(zip(*parts, strict=True)):  # pyright: ignore
                hint = Value(f"{target.name}_{i}" if target.name else "", origin=target.origin)
                merged.append(self.merge(statement, hint, x, y))
            return self.emit(
                Const(make_tuple),
                merged,
                [],
                Site(statement.origin),
                TupleOf(tuple(operand_type(m) for m in merged)),  # pyright: ignore
            )
        value = Value(target.name, merged_type(a, b), target.named, target.origin)
        iterators.merge(self, value, a, b)
        statement.targets.append(value)
        statement.then.results.append(a)
        statement.orelse.results.append(b)
        self.definitions[value] = statement
        if any(is_unbound(self, o) for o in (a, b)):
            self.unbound.add(value)
        return value

    def attempt(self, statement: Try, env: dict[Value, Operand]) -> None:
        self.attempts += 1
        body = self.block(statement.body, env)
        self.attempts -= 1
        handlers = []
        for handler in statement.handlers:
            exceptions = None if handler.exceptions is None else read(handler.exceptions, env)
            name = None
            if handler.name is not None:
                name = Value(handler.name.name, Opaque(BaseException), handler.name.named)
                env[handler.name] = name
            block = self.block(handler.block, env)
            handlers.append(Handler(exceptions, name, block, handler.records))
        attempts.watch(self, body, handlers)
        path = Value("path", Opaque(int))
        new = Try(body, handlers, [], path, statement.origin)
        blocks = [body, *(h.block for h in handlers)]
        rows = [block.results for block in blocks]
        for block in blocks:
            block.results = []
        ending = [i for i, block in enumerate(blocks) if not never_ends(block)]
        targets = []
        for target, *results in zip(statement.targets, *rows, strict=True):
            ends = [results[i] for i in ending] or results[:1]
            if all(isinstance(r, Const) and same_constant(r, ends[0]) for r in ends):
                env[target] = ends[0]
                continue
            kind: Type = BOTTOM
            for result in ends:
                kind = join(kind, operand_type(result))
            value = Value(target.name, unliteral(kind), target.named, target.origin)
            if any(is_unbound(self, result) for result in ends):
                self.unbound.add(value)
            for block, result in zip(blocks, results, strict=True):
                block.results.append(result)
            new.targets.append(value)
            targets.append(value)
            env[target] = value
        if statement.path is not None:
            env[statement.path] = path
        self.write(new, *targets, path)

    def closure(self, statement: Closure, env: dict[Value, Operand]) -> None:
        function = statement.function
        target = Value(statement.target.name, UNKNOWN, statement.target.named, statement.origin)
        env[statement.target] = target
        new = Closure(
            target,
            function,
            list(statement.captures),
            {n: read(o, env) for n, o in statement.defaults.items()},
            statement.origin,
        )
        self.definitions[target] = new
        # A capture may be a function that is defined further on: it is looked up when it is needed.
        new.captures = [env.get(c, c) if isinstance(c, Value) else c for c in statement.captures]
        iterators.keep(self, *new.captures, *new.defaults.values())
        target.type = closure_type(new)
        self.write(new, target)
        for earlier in self.out:
            if isinstance(earlier, Closure):
                earlier.captures = [
                    env.get(c, c) if isinstance(c, Value) else c for c in earlier.captures
                ]
                earlier.target.type = closure_type(earlier)

    # -- what is outside --

    def read_root(self, root: Root, name: str = "") -> Operand:
        """A constant (guarded) for a function, class or module; else an input of the program."""
        if root in self.roots:
            return self.roots[root]
        if root.kind == "attribute" and (id(root.owner.value), root.name) in self.fields:
            operands = [
                Const(root.owner.value),
                Const(root.name),
            ]  # of a class or module, assigned here
            return self.emit(Const(getattr), list(operands), [], Site(None, root.name), UNKNOWN)
        try:
            value = root.read()
        except (KeyError, AttributeError, ValueError) as error:
            raise ReadError(root.name) from error
        if root.kind == "namespace":
            self.roots[root] = Value(root.name, Opaque(dict))
            return self.roots[root]
        state.check_unchanged(self, root)
        kind = coarse_type_of(value) if self.shared.inside else type_of(value)
        if (
            isinstance(kind, Literal | Opaque)
            and not isinstance(kind, OpenDict)
            or isinstance(value, types.FunctionType)
            and (root.kind != "capture")
        ):
            self.guards[root] = value
            return Const(value, name or root.name)
        kind = freshen(kind, root.name) if self.options.typed else UNKNOWN
        kind = changing.opened(self, kind, root)
        self.roots[root] = Value(root.name, kind)
        return self.roots[root]

    def function_root(self, callee: Const) -> Value:
        """A function as an input of the program, so that it has a cotangent."""
        root = Root("constant", Identity(callee.value), callee.name)
        if root not in self.roots:
            name = callee.name.rpartition(".")[2] or getattr(callee.value, "__name__", "function")
            self.roots[root] = Value(name, UNKNOWN)
        return self.roots[root]


# -- small questions ---------------------------------------------------------------------------------


def read(operand: Operand, env: dict[Value, Operand]) -> Operand:
    return env[operand] if isinstance(operand, Value) else operand


def same_constant(a: Const, b: Const) -> bool:
    return a.value is b.value or (
        type(a.value) is type(b.value)
        and isinstance(a.value, int | str | float)
        and a.value == b.value
        and repr(a.value) == repr(b.value)
    )


def merged_type(a: Operand, b: Operand) -> Type:
    return unliteral(join(operand_type(a), operand_type(b)))


def closure_type(closure: Closure) -> Type:
    """A function made here, by its code (generated ones: by their IR) and the types of its captures."""
    function = closure.function
    captures = []
    for own, operand in zip(function.captures, closure.captures, strict=True):
        if operand is closure.target:
            captures.append((own.name, Literal("self", None)))
        else:
            captures.append((own.name, operand_type(operand)))
    defaults = tuple((n, operand_type(o)) for n, o in closure.defaults.items())
    code = function.code if function.code is not None else function
    return FunctionOf(Identity(code), Identity(function.namespace), tuple(captures), defaults)


def freshen(t: Type, path: str) -> Type:
    """Give the axes of an argument symbols of their own."""
    if isinstance(t, Array):
        anonymous = [a == PLURAL for a in t.axes]
        axes = (
            replace(PLURAL, symbol=f"{path}.{i}") if anonymous[i] else a
            for i, a in enumerate(t.axes)
        )
        return Array(t.dtype, tuple(axes)) if any(anonymous) else t
    if isinstance(t, TupleOf):
        return TupleOf(tuple(freshen(x, f"{path}[{i}]") for i, x in enumerate(t.items)), t.cls)
    if isinstance(t, ListOf):
        if t.items is None:
            return ListOf(None, forget_axes(t.element))
        return ListOf(tuple(freshen(x, f"{path}[{i}]") for i, x in enumerate(t.items)))
    if isinstance(t, DictOf):
        return DictOf(tuple((k, freshen(x, f"{path}[{k!r}]")) for k, x in t.items))
    if isinstance(t, Instance):
        return Instance(t.cls, tuple((n, freshen(x, f"{path}.{n}")) for n, x in t.fields))
    if isinstance(t, FunctionOf):
        return replace(t, captures=tuple((n, freshen(x, f"{path}:{n}")) for n, x in t.captures))
    return t


def forget_axes(t: Type) -> Type:
    """An array type for several arrays: their plural axes need not be equal."""
    return (
        Array(t.dtype, tuple(1 if a == 1 else None for a in t.axes)) if isinstance(t, Array) else t
    )


# -- entry -------------------------------------------------------------------------------------------


def infer(
    function: Function,
    inputs: list[Type],
    lower: Callable[[types.FunctionType], Function],
    options: Options,
    derivative: Callable[..., Operand | None] | None = None,
    captures: list[Root | Operand] | None = None,
    sharing: Sharing | None = None,
) -> Inferred:
    """Specialise `function` to parameters of these types.

    `captures` tells where each of the function's free variables is read. Parameters keep their
    names; the roots that the program reads become inputs after them (`function.globals`).
    """
    known: dict[str, Any] = {
        "changed": set(), "iterators": set(), "fields": {}, "changes": {}, "elements": {}, "prototypes": {},
    }  # fmt: skip
    known["shared"] = Shared.given(sharing)
    if sharing is not None:
        known["fields"] = state.given_fields(sharing.names)
    while True:
        spec = Specialiser(lower, options, derivative, **known)
        try:
            return specialise(spec, function, inputs, captures)
        except Restart:
            continue


def specialise(
    spec: Specialiser, function: Function, inputs: list[Type], captures: list[Root | Operand] | None
) -> Inferred:
    env: dict[Value, Operand] = {}
    parameters = []
    for parameter, kind in zip(function.parameters, inputs, strict=True):
        old = parameter.value
        kind = changing.opened(spec, freshen(kind, old.name), old.name)
        value = Value(old.name, kind, True, old.origin)
        parameters.append(Parameter(value, parameter.kind, parameter.has_default))
        env[old] = value
        spec.parameters.add(value)
        if isinstance(kind, Literal):
            env[old] = Const(kind.value, old.name)
    functions.bind_outside(spec, function, captures or [], env)
    spec.stack.append((function.code or function, tuple(map(unliteral, inputs))))
    body = spec.block(function.body, env)
    iterators.keep(spec, *body.results)
    new = Function(
        function.name,
        parameters,
        body,
        [],
        list(spec.roots.values()),
        function.code,
        function.origin,
        function.doc,
        function.namespace,
    )
    settled(spec, new)
    return Inferred(new, list(spec.roots), spec.guards, spec.derived)


def settled(spec: Specialiser, function: Function) -> Function:
    """What only the whole program tells, before it is reversed. Changes and returns it."""
    augmented.settle(function)
    written.in_parts(function)
    whole.check(spec, function)
    hidden.check(spec, function)
    flatten(function)
    return function
