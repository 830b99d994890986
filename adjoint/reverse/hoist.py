"""Reads of attributes and items move next to the definition of what they are read from.

    for t in range(n):                 weight = model.weight
        x = x @ model.weight     ->    for t in range(n):
                                           x = x @ weight

The types say that these reads cannot fail, if there is an owner on every path. Their cotangents are
then plain arrays, gathered where the container is defined, and no container of cotangents is built
inside a loop.
"""

from __future__ import annotations

import operator
from inspect import getattr_static

from adjoint.ir.nodes import (
    Block,
    Call,
    Const,
    Function,
    Loop,
    Statement,
    Value,
    blocks_of,
    inner_definitions,
    substitute,
    targets_of,
)
from adjoint.ir.types import DictOf, Instance, ListOf, TupleOf
from adjoint.rules.activity import undefined_values
from adjoint.rules.lookup import intercepts, is_data_descriptor
from adjoint.rules.signatures import operand_type
from adjoint.runtime import load_capture

Read = tuple[Value, object, object]


def hoist(function: Function) -> Block:
    """The body with its structural reads moved out; blocks are rewritten in place."""
    reads: dict[Value, list[Call]] = {}
    seen: dict[Read, Value] = {}
    replaced: dict[Value, Value] = {}
    absent = undefined_values(function.body)
    _collect(function.body, reads, seen, replaced, absent)
    substitute(function.body, lambda o: replaced.get(o, o) if isinstance(o, Value) else o)
    _insert(function.body, function.inputs, reads)
    return function.body


def structural_read(s: Statement) -> Read | None:
    """The owner, function and key of a read that the owner's type says is possible."""
    if not isinstance(s, Call) or not isinstance(s.callee, Const) or len(s.args) != 2 or s.kwargs:
        return None
    owner, key = s.args
    if not isinstance(owner, Value) or not isinstance(key, Const):
        return None
    function, kind = s.callee.value, operand_type(owner)
    if function is getattr and isinstance(kind, Instance) and kind.get(key.value) is not None:
        found = getattr_static(kind.cls, key.value, None)
        return (
            None
            if is_data_descriptor(found) or intercepts(kind.cls)
            else (owner, getattr, key.value)
        )
    if function is load_capture:
        return owner, load_capture, key.value
    if function is operator.getitem:
        counted = isinstance(kind, TupleOf) or isinstance(kind, ListOf) and kind.items is not None
        if counted and isinstance(key.value, int) and key.value in range(len(kind.items)):  # type: ignore[union-attr, arg-type]
            return owner, operator.getitem, key.value
        if isinstance(kind, DictOf) and kind.get(key.value) is not None:
            return owner, operator.getitem, (type(key.value), key.value)
    return None


def _collect(
    block: Block,
    reads: dict[Value, list[Call]],
    seen: dict[Read, Value],
    replaced: dict[Value, Value],
    absent: set[Value],
    tested: frozenset[Value] = frozenset(),
) -> None:
    """Take the reads out of a block; those of what is `tested`, what a loop carries, stay in its test."""
    kept: list[Statement] = []
    for s in block.statements:
        found = structural_read(s)
        if found is None or replaced.get(found[0], found[0]) in absent:
            kept.append(s)
        elif found[0] in tested:
            kept.append(s)
            tested |= {*targets_of(s)}
        else:
            assert isinstance(s, Call) and isinstance(s.args[0], Value)
            owner = replaced.get(s.args[0], s.args[0])
            key = (owner, *found[1:])
            if key in seen:
                replaced[s.target] = seen[key]
            else:
                seen[key] = s.target
                s.args[0] = owner
                reads.setdefault(owner, []).append(s)
        for inner in blocks_of(s):
            is_test = isinstance(s, Loop) and inner is s.test
            own = frozenset(s.carried) if is_test else frozenset()  # type: ignore[union-attr]
            _collect(inner, reads, seen, replaced, absent, tested | own)
    block.statements = kept


def _insert(block: Block, defined: list[Value], reads: dict[Value, list[Call]]) -> None:
    out: list[Statement] = []

    def define(values: list[Value]) -> None:
        for value in values:
            for read in reads.pop(value, []):
                out.append(read)
                define([read.target])

    define(defined)
    for s in block.statements:
        out.append(s)
        inner = inner_definitions(s)
        for i, b in enumerate(blocks_of(s)):
            # What a loop defines for its blocks is read in the body, the last of them.
            _insert(b, inner if i == len(blocks_of(s)) - 1 else [], reads)
        define(targets_of(s))
    block.statements = out
