"""What is refused: every refusal names the construct, points at it and says how to rewrite it."""

from __future__ import annotations

import builtins
from typing import NoReturn

from adjoint.errors import UnsupportedSyntaxError
from adjoint.frontend.grammar import Node, gast
from adjoint.ir.nodes import Origin

BUILD_NEW = "Build a new value instead: with np.where, np.concatenate, a comprehension …"
CAPTURED = "Pass it to the inner function as an argument, or as a default (`name=name`)."

# By node class: what it is, and what to write instead.
REFUSED: dict[str, tuple[str, str]] = {
    "AsyncFunctionDef": ("`async def` is not differentiated", "Write a plain function."),
    "AsyncFor": ("`async for` is not differentiated", "Write a plain loop."),
    "AsyncWith": ("`async with` is not differentiated", "Write a plain function."),
    "Await": ("`await` is not differentiated", "Await outside, and pass the value in."),
    "TryStar": ("`except*` is not supported", "Handle the exceptions one by one with `except`."),
    "TypeAlias": ("`type` statements are not supported here", "Define the alias at module level."),
    "Starred": ("`*` is not supported here", "Name the items one by one."),
    "Slice": ("a slice is only possible inside `[]`", "Write `slice(start, stop, step)`."),
}

# Functions that look at the caller's frame; value: whether they are refused with arguments too.
FRAME_READERS = {
    "exec": True,
    "eval": True,
    "locals": True,
    "globals": True,
    "vars": False,
    "dir": False,
}


def origin_of(node: Node, filename: str, function: str) -> Origin:
    """The place of a node in the user's file."""
    return Origin(
        filename,
        node.lineno,
        node.col_offset,
        node.end_lineno or node.lineno,
        node.end_col_offset or node.col_offset,
        function,
    )


def refuse(origin: Origin, message: str, hint: str = "") -> NoReturn:
    """Raise the error for a construct that is not differentiated."""
    raise UnsupportedSyntaxError(message, origin, hint)


def refuse_node(node: Node, origin: Origin) -> NoReturn:
    """Raise the error for a node that no part of the front end lowers."""
    name = type(node).__name__
    message, hint = REFUSED.get(name, (f"`{name}` is not supported", "Write it another way."))
    refuse(origin, message, hint)


def check_frame_reader(node: Node, origin: Origin, namespace: dict) -> None:
    """Refuse `exec`, `eval`, `locals()` … when they mean the builtins."""
    name = node.func.id
    if name not in FRAME_READERS or name in namespace or not hasattr(builtins, name):
        return
    if FRAME_READERS[name] or not (node.args or node.keywords):
        refuse(
            origin,
            f"`{name}` is not supported: what it sees depends on the frame it is called from",
            "Pass the values it needs explicitly.",
        )


def check_own_items(call: Node, items: Node, origin: Origin) -> None:
    """Refuse `q.extend(… for … in q)`, which Python runs while `q` changes: it raises, or never ends."""
    function = call.func
    if not isinstance(function, gast.Attribute) or not function.attr.startswith("extend"):
        return
    owner = gast.dump(function.value)
    if any(gast.dump(g.iter) == owner for g in items.generators):
        refuse(
            origin,
            f"a generator goes through what `{function.attr}` changes meanwhile",
            "Make a list of its items first: [… for … in …].",
        )


def find_await(node: Node) -> Node | None:
    """The first `await` that belongs to a function itself, if it has one."""
    pending = list(node.body) if isinstance(node.body, list) else [node.body]
    while pending:
        each = pending.pop(0)
        if isinstance(each, gast.Await):
            return each
        if type(each).__name__ not in ("FunctionDef", "AsyncFunctionDef", "Lambda", "ClassDef"):
            pending = list(gast.iter_child_nodes(each)) + pending
    return None
