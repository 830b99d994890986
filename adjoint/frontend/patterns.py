"""`match`: its patterns are tests, made of the calls that Python makes, and its cases branches.

    match point:                    subject = point
        case (0, y) if y > 0:       if is_sequence(subject) and len(subject) == 2 and … :
            …                           …
        case {"x": x, **rest}:      else:
            …                           …

What a pattern captures is bound once the whole pattern fits, and before the guard is evaluated.
"""

from __future__ import annotations

import operator
from typing import Any

from adjoint import runtime
from adjoint.frontend.attempts import EXPANSIONS
from adjoint.frontend.grammar import Bind, Known, Node, gast, hold, place
from adjoint.frontend.scope import TRUE, Scope, expression, statement
from adjoint.ir.nodes import Const, Operand

Captures = dict[str, tuple[Node, Node]]  # by the user's name: the variable that holds the value


@statement("Match")
def lower_match(scope: Scope, node: Node, rest: list[Node]) -> bool:
    scope.statements(expand_match(node) + rest)
    return True


def expand_match(node: Node) -> list[Node]:
    """The statements that a `match` stands for."""
    store, subject = hold("subject", node.subject)
    branches: list[Node] = []
    for case in reversed(node.cases):
        branches = [_branch(case, subject, branches)]
    return [place(gast.Assign([store], node.subject), node.subject), *branches]


EXPANSIONS["Match"] = expand_match


@expression("Bind")
def lower_bind(scope: Scope, node: Node) -> Operand:
    """Bind names, as a part of a condition that is true."""
    for target, value in node.pairs:
        operand = scope.expression(value)
        scope.share(operand)
        scope.bind(target.id, operand)
    return TRUE


def _branch(case: Node, subject: Node, otherwise: list[Node]) -> Node:
    captures: Captures = {}
    tests = _tests(case.pattern, subject, captures)
    if captures:
        pairs = [(_name(n, case.pattern), load) for n, (_, load) in captures.items()]
        tests.append(Bind(pairs, case.pattern))
    if case.guard is not None:
        tests.append(case.guard)
    condition = _all(tests, case.pattern)
    return place(gast.If(condition, case.body, otherwise), case.pattern)


def _name(name: str, like: Node) -> Node:
    return place(gast.Name(name, gast.Store(), None, None), like)


def _all(tests: list[Node], like: Node) -> Node:
    if not tests:
        return Known(TRUE, like)
    return tests[0] if len(tests) == 1 else place(gast.BoolOp(gast.And(), tests), like)


# -- patterns: each gives the tests that it stands for, in order -------------------------------------


def _tests(pattern: Node, subject: Node, captures: Captures) -> list[Node]:
    return _PATTERNS[type(pattern).__name__](pattern, subject, captures)


def _value(pattern: Node, subject: Node, captures: Captures) -> list[Node]:
    return [_compare(gast.Eq(), subject, pattern.value)]


def _singleton(pattern: Node, subject: Node, captures: Captures) -> list[Node]:
    return [_compare(gast.Is(), subject, gast.Constant(pattern.value, None), pattern)]


def _as(pattern: Node, subject: Node, captures: Captures) -> list[Node]:
    tests = [] if pattern.pattern is None else _tests(pattern.pattern, subject, captures)
    if pattern.name is not None:
        tests.append(_capture(pattern.name, subject, captures, pattern))
    return tests


def _or(pattern: Node, subject: Node, captures: Captures) -> list[Node]:
    alternatives = [_all(_tests(each, subject, captures), each) for each in pattern.patterns]
    return [place(gast.BoolOp(gast.Or(), alternatives), pattern)]


def _sequence(pattern: Node, subject: Node, captures: Captures) -> list[Node]:
    patterns = pattern.patterns
    stars = [i for i, p in enumerate(patterns) if isinstance(p, gast.MatchStar)]
    counts = [stars[0], len(patterns) - stars[0] - 1] if stars else [len(patterns)]
    length = _call(len, pattern, subject)
    operation = gast.GtE() if stars else gast.Eq()
    tests = [
        _call(runtime.is_sequence, pattern, subject),
        _compare(operation, length, gast.Constant(sum(counts), None), pattern),
    ]
    if all(isinstance(p, gast.MatchAs) and p.name is p.pattern is None for p in patterns):
        return tests
    store, items = hold("items", pattern)
    unpacked = _call(runtime.unpack_sequence, pattern, subject, *map(_constant, counts))
    tests.append(Bind([(store, unpacked)], pattern))
    for i, each in enumerate(patterns):
        item = _call(operator.getitem, each, items, _constant(i))
        if isinstance(each, gast.MatchStar):
            tests += [] if each.name is None else [_capture(each.name, item, captures, each)]
        else:
            tests += _inner(each, item, captures)
    return tests


def _mapping(pattern: Node, subject: Node, captures: Captures) -> list[Node]:
    length, count = _call(len, pattern, subject), gast.Constant(len(pattern.keys), None)
    tests = [
        _call(runtime.is_mapping, pattern, subject),
        _compare(gast.GtE(), length, count, pattern),
        *(_call(operator.contains, key, subject, key) for key in pattern.keys),
    ]
    for key, each in zip(pattern.keys, pattern.patterns, strict=True):
        tests += _inner(each, _call(operator.getitem, each, subject, key), captures)
    if pattern.rest is not None:
        remaining = _call(runtime.without_keys, pattern, subject, *pattern.keys)
        tests.append(_capture(pattern.rest, remaining, captures, pattern))
    return tests


def _class(pattern: Node, subject: Node, captures: Captures) -> list[Node]:
    cls, count = pattern.cls, _constant(len(pattern.patterns))
    tests = [_call(runtime.is_instance_of, pattern, subject, cls)]
    keywords = list(zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True))
    names = [_call(runtime.positional_name, p, cls, count, _constant(i))
             for i, p in enumerate(pattern.patterns)]  # fmt: skip
    names += [_constant(name) for name, _ in keywords]
    for name, each in zip(names, [*pattern.patterns, *(p for _, p in keywords)], strict=True):
        tests.append(_call(runtime.has_part, each, subject, name))
        tests += _inner(each, _call(runtime.part_of, each, subject, name), captures)
    return tests


_PATTERNS: dict[str, Any] = {
    "MatchValue": _value, "MatchSingleton": _singleton, "MatchAs": _as, "MatchOr": _or,
    "MatchSequence": _sequence, "MatchMapping": _mapping, "MatchClass": _class,
}  # fmt: skip


# -- parts -------------------------------------------------------------------------------------------


def _inner(pattern: Node, value: Node, captures: Captures) -> list[Node]:
    """The tests of a pattern on a part of the subject, which is read once."""
    if isinstance(pattern, gast.MatchAs) and pattern.name is None and pattern.pattern is None:
        return []
    store, part = hold("part", pattern)
    return [Bind([(store, value)], pattern), *_tests(pattern, part, captures)]


def _capture(name: str, value: Node, captures: Captures, like: Node) -> Node:
    """Keep a value that is bound to a name of the user's when the whole pattern has fitted."""
    store, _ = captures.setdefault(name, hold(name, like))
    return Bind([(store, value)], like)


def _constant(value: Any) -> Node:
    return gast.Constant(value, None)


def _compare(operation: Node, left: Node, right: Node, like: Node = None) -> Node:
    return place(gast.Compare(left, [operation], [right]), like if like is not None else right)


def _call(function: Any, like: Node, *args: Node) -> Node:
    callee = Known(Const(function, function.__name__), like)
    return place(gast.Call(callee, list(args), []), like)
