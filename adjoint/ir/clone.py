"""Copies of IR with fresh values."""

from __future__ import annotations

from adjoint.ir.nodes import (
    Block,
    Call,
    Closure,
    Gather,
    Handler,
    If,
    Loop,
    Operand,
    Origin,
    Splat,
    Statement,
    Try,
    Value,
)

Environment = dict[Value, Operand]


def clone_block(block: Block, env: Environment, origin: Origin | None = None) -> Block:
    """A copy whose definitions are fresh; what `env` does not hold is shared."""
    statements = [clone_statement(s, env, origin) for s in block.statements]
    return Block(statements, [lookup(r, env) for r in block.results])


def lookup(operand: Operand, env: Environment) -> Operand:
    return env.get(operand, operand) if isinstance(operand, Value) else operand


def fresh(value: Value, env: Environment) -> Value:
    env[value] = copy = Value(value.name, value.type, value.named, value.origin)
    return copy


def clone_statement(s: Statement, env: Environment, origin: Origin | None = None) -> Statement:
    def at(own: Origin | None) -> Origin | None:
        return origin if origin is not None else own

    if isinstance(s, Call):
        args: list[Operand | Splat] = [
            Splat(lookup(a.operand, env)) if isinstance(a, Splat) else lookup(a, env)
            for a in s.args
        ]
        kwargs = [(k, lookup(o, env)) for k, o in s.kwargs]
        return Call(fresh(s.target, env), lookup(s.callee, env), args, kwargs, at(s.origin))
    if isinstance(s, If):
        condition = lookup(s.condition, env)
        then, orelse = clone_block(s.then, env, origin), clone_block(s.orelse, env, origin)
        return If(condition, then, orelse, [fresh(t, env) for t in s.targets], at(s.origin))
    if isinstance(s, Loop):
        inits = [lookup(i, env) for i in s.inits]
        iterable = None if s.iterable is None else lookup(s.iterable, env)
        carried, items = [fresh(v, env) for v in s.carried], [fresh(v, env) for v in s.items]
        test = None if s.test is None else clone_block(s.test, env, origin)
        body = clone_block(s.body, env, origin)
        stop = None if s.stop is None else lookup(s.stop, env)
        gathers = [([lookup(e, env) for e in g.elements], g) for g in s.gathers]
        targets = [fresh(t, env) for t in s.targets]
        copies = [Gather(fresh(g.target, env), elements, g.pack) for elements, g in gathers]
        return Loop(
            body,
            carried,
            inits,
            targets,
            iterable,
            items,
            s.unpack,
            test,
            stop,
            copies,
            at(s.origin),
        )
    if isinstance(s, Try):
        body = clone_block(s.body, env, origin)
        handlers = []
        for h in s.handlers:
            exceptions = None if h.exceptions is None else lookup(h.exceptions, env)
            name = None if h.name is None else fresh(h.name, env)
            handlers.append(Handler(exceptions, name, clone_block(h.block, env, origin), h.records))
        targets = [fresh(t, env) for t in s.targets]
        path = None if s.path is None else fresh(s.path, env)
        return Try(body, handlers, targets, path, at(s.origin))
    target = fresh(s.target, env)
    captures = [lookup(c, env) for c in s.captures]
    defaults = {n: lookup(o, env) for n, o in s.defaults.items()}
    return Closure(target, s.function, captures, defaults, at(s.origin))
