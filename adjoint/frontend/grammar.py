"""gast, typed as `Any`: it builds its node classes when imported, so checkers cannot see them."""

from __future__ import annotations

import importlib
import itertools
from typing import Any

gast: Any = importlib.import_module("gast")
Node = Any


class Known(gast.expr):
    """An expression made by the front end itself: an operand that is already computed."""

    _fields = ()

    def __init__(self, operand: Any, like: Node) -> None:
        super().__init__()
        self.operand = operand
        place(self, like)


class Exhaust(gast.stmt):
    """Ends a loop as its own condition does: the `else` clause of the loop still runs."""

    _fields = ()

    def __init__(self, like: Node) -> None:
        super().__init__()
        place(self, like)


class Bind(gast.expr):
    """Binds names, each to the value of an expression, and is true."""

    _fields = ()

    def __init__(self, pairs: list[tuple[Node, Node]], like: Node) -> None:
        super().__init__()
        self.pairs = pairs
        place(self, like)


class Landing(gast.stmt):
    """A `try`, and the statements that follow its body whichever way this is left."""

    _fields = ("attempt", "final")

    def __init__(self, attempt: Node, final: list[Node], like: Node) -> None:
        super().__init__()
        self.attempt, self.final = attempt, final
        place(self, like)


def generator_function(node: Node) -> Node:
    """The function that Python makes of a generator expression: it takes the first iterator."""
    body = place(gast.Expr(gast.Yield(node.elt)), node.elt)
    argument = gast.Name(".0", gast.Param(), None, None)
    for each in reversed(node.generators):
        first = each is node.generators[0]
        source = gast.Name(".0", gast.Load(), None, None) if first else each.iter
        for condition in reversed(each.ifs):
            body = place(gast.If(condition, [body], []), node)
        body = place(gast.For(each.target, source, [body], [], None), node)
    arguments = gast.arguments([argument], [], None, [], [], None, [])
    return place(gast.FunctionDef("<genexpr>", arguments, [body], [], None, None, []), node)


_held = itertools.count(1)
_HELD = "@held "


def hold(name: str, like: Node) -> tuple[Node, Node]:
    """A variable that no user can write, as the target of an assignment and as it is read."""
    fresh = f"{name}{_HELD}{next(_held)}"
    store, load = (gast.Name(fresh, ctx(), None, None) for ctx in (gast.Store, gast.Load))
    return place(store, like), place(load, like)


def is_held(name: str) -> bool:
    """Whether `hold` has made the variable: it is read only where it has a value."""
    return _HELD in name


def place(node: Node, like: Node) -> Node:
    """Give a made-up node (and what is new below it) the position of a real one."""
    for each in gast.walk(node):
        if getattr(each, "lineno", None) is None:
            for attribute in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
                setattr(each, attribute, getattr(like, attribute, None))
    return node
