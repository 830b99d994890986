"""What statements tell by their text alone: which names they bind, how they are left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adjoint.frontend.grammar import Exhaust, Landing, Node, gast

_SCOPES = ("FunctionDef", "AsyncFunctionDef", "Lambda", "ClassDef")
_COMPREHENSIONS = ("ListComp", "SetComp", "DictComp", "GeneratorExp")


def _is(node: Node, names: tuple[str, ...]) -> bool:
    return type(node).__name__ in names


def own_nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every node of a function's own code; of an inner function what runs at its `def`."""
    for node in nodes:
        yield node
        if _is(node, ("FunctionDef", "AsyncFunctionDef")):
            yield from own_nodes([*node.decorator_list, *_defaults(node)])
        elif _is(node, ("Lambda",)):
            yield from own_nodes(_defaults(node))
        elif not _is(node, ("ClassDef",)):
            yield from own_nodes(gast.iter_child_nodes(node))


def _defaults(node: Node) -> list[Node]:
    return [d for d in [*node.args.defaults, *node.args.kw_defaults] if d is not None]


def assigned_names(nodes: Iterable[Node], instance: str = "") -> list[str]:
    """The names that statements bind, in order of the text.

    Item stores rebind the container's name and, in a constructor, attribute stores rebind
    `instance`: see `assignments`.
    """
    found: dict[str, None] = {}
    for node in nodes:
        for name in _bindings(node, instance, False):
            found.setdefault(name)
    return list(found)


def _bindings(node: Node, instance: str | None, inside_comprehension: bool) -> Iterator[str]:
    """The names bound by a node and below; of comprehensions only what `:=` binds.

    With `instance` None, only what Python itself binds.
    """
    kind = type(node).__name__
    if kind == "Name":
        if isinstance(node.ctx, gast.Store | gast.Del) and not inside_comprehension:
            yield node.id
        return
    if kind == "NamedExpr":
        yield from _bindings(node.value, instance, inside_comprehension)
        yield node.target.id
        return
    if kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
        for each in node.decorator_list + (_defaults(node) if kind != "ClassDef" else []):
            yield from _bindings(each, instance, inside_comprehension)
        yield node.name
        return
    if kind == "Lambda":
        for each in _defaults(node):
            yield from _bindings(each, instance, inside_comprehension)
        return
    if kind in ("MatchAs", "MatchStar", "MatchMapping"):
        captured = node.rest if kind == "MatchMapping" else node.name
        if captured is not None:
            yield captured
    if kind in ("Import", "ImportFrom"):
        yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
        return
    if instance is not None and _stores_into(node, instance):
        yield node.value.id
    if instance and kind == "Call" and getattr(node.func, "attr", "") == "__init__":
        yield instance
    if sets_own_attribute(node, instance):
        yield instance  # type: ignore[misc]
    inside = inside_comprehension or kind in _COMPREHENSIONS
    for child in gast.iter_child_nodes(node):
        yield from _bindings(child, instance, inside)


def sets_own_attribute(node: Node, instance: str | None) -> bool:
    """`object.__setattr__(self, "name", …)` in a constructor, as frozen dataclasses have to say it."""
    if not instance or not isinstance(node, gast.Call) or len(node.args) != 3 or node.keywords:
        return False
    target, name, _ = node.args
    return (
        isinstance(node.func, gast.Attribute)
        and node.func.attr == "__setattr__"
        and getattr(node.func.value, "id", "") == "object"
        and getattr(target, "id", "") == instance
        and isinstance(getattr(name, "value", None), str)
    )


def _stores_into(node: Node, instance: str) -> bool:
    """`name[index] = …`, or `self.name = …` in a constructor."""
    if not isinstance(node, gast.Subscript | gast.Attribute):
        return False
    if not isinstance(node.ctx, gast.Store) or not isinstance(node.value, gast.Name):
        return False
    return isinstance(node, gast.Subscript) or node.value.id == instance


def local_names(node: Node) -> set[str]:
    """The local variables of a function: its parameters and every name that its body binds."""
    arguments = node.args
    names = {a.id for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
    names |= {a.id for a in (arguments.vararg, arguments.kwarg) if a is not None}
    body = node.body if isinstance(node.body, list) else [node.body]
    for each in body:
        names.update(_bindings(each, None, False))
    return names


def declared(node: Node, kind: type) -> set[str]:
    """The names in a function's own `global` or `nonlocal` statements."""
    body = node.body if isinstance(node.body, list) else [node.body]
    return {name for each in own_nodes(body) if isinstance(each, kind) for name in each.names}


def assigned_inside(node: Node) -> set[str]:
    """The names that functions inside declare `nonlocal`."""
    inner = [n for n in gast.walk(node) if isinstance(n, gast.FunctionDef) and n is not node]
    return {name for each in inner for name in declared(each, gast.Nonlocal)}


def has_walrus(node: Node) -> bool:
    return any(isinstance(n, gast.NamedExpr) for n in own_nodes([node]))


def reads(node: Node, names: Iterable[str]) -> bool:
    """Whether a node mentions one of the names."""
    wanted = set(names)
    return any(isinstance(n, gast.Name) and n.id in wanted for n in gast.walk(node))


# -- leaving ---------------------------------------------------------------------------------------


def jumps(statements: Iterable[Node]) -> set[str]:
    """The kinds of jump in statements that lead out of them: "return", "break", "continue"."""
    found: set[str] = set()
    for node in statements:
        if isinstance(node, gast.Return) or is_yield(node):
            found.add("return")
        elif isinstance(node, gast.Break | Exhaust):
            found.add("break")
        elif isinstance(node, gast.Continue):
            found.add("continue")
        elif isinstance(node, gast.For | gast.While):
            found |= (jumps(node.body) & {"return"}) | jumps(node.orelse)
        elif isinstance(node, gast.If | gast.Try | gast.With | gast.Match | Landing):
            for block in blocks(node):
                found |= jumps(block)
    return found


def is_yield(node: Node) -> bool:
    """Whether a statement is a `yield`, or assigns the value of one to a variable."""
    alone = isinstance(node, gast.Expr) or isinstance(node, gast.Assign) and len(node.targets) == 1
    return alone and isinstance(node.value, gast.Yield | gast.YieldFrom)


def blocks(node: Node) -> list[list[Node]]:
    """The statement lists directly inside a statement."""
    lists = [getattr(node, name, None) or [] for name in ("body", "orelse", "finalbody", "final")]
    lists += [[node.attempt]] if isinstance(node, Landing) else []
    parts = [*getattr(node, "handlers", []), *getattr(node, "cases", [])]
    return lists + [part.body for part in parts]


def always_leaves(statements: Iterable[Node]) -> bool:
    """Whether no path through the statements reaches their end."""
    return any(map(_leaves, statements))


def _leaves(node: Node) -> bool:
    if isinstance(node, gast.Return | gast.Break | gast.Continue | gast.Raise | Exhaust):
        return True
    if isinstance(node, gast.If):
        return always_leaves(node.body) and always_leaves(node.orelse)
    if isinstance(node, gast.While):
        return is_true(node.test) and "break" not in jumps(node.body)
    if isinstance(node, gast.Try):
        bodies = [node.body + node.orelse] + [h.body for h in node.handlers]
        return all(map(always_leaves, bodies)) or always_leaves(node.finalbody)
    return False


def only_raises(statements: list[Node]) -> bool:
    """Whether the only way to leave the statements is an exception."""
    return always_leaves(statements) and not jumps(statements)


def is_true(test: Node) -> bool:
    return isinstance(test, gast.Constant) and bool(test.value)


# -- interrupted assignments -----------------------------------------------------------------------


def interrupted_names(body: list[Node], instance: str = "") -> list[str]:
    """The names whose value is not known when an exception leaves a `try` body.

    A name that is only assigned after everything that may raise still has its old value then, and
    is not among them.
    """
    last = len(body)
    while last and cannot_raise(body[last - 1]):
        last -= 1
    simple = last > 0 and binds_at_its_end(body[last - 1])
    return assigned_names(body[: last - 1 if simple else last], instance)


def may_change(node: Node) -> bool:
    """May a statement change an object, a container or an array: by a store, or by a call?"""
    stores = (gast.Attribute, gast.Subscript)
    return any(
        isinstance(n, gast.Call | gast.AugAssign | gast.Delete)
        or isinstance(n, stores)
        and isinstance(n.ctx, gast.Store)
        for n in own_nodes([node])
    )


def cannot_raise(node: Node) -> bool:
    if isinstance(node, gast.Pass | gast.Break | gast.Continue):
        return True
    if isinstance(node, gast.Return):
        return node.value is None or isinstance(node.value, gast.Constant)
    return (
        isinstance(node, gast.Assign)
        and isinstance(node.value, gast.Constant)
        and all(isinstance(t, gast.Name) for t in node.targets)
    )


def binds_at_its_end(node: Node) -> bool:
    """Whether a statement binds names only after all that may raise in it."""
    if isinstance(node, gast.Return | gast.Raise | gast.Expr):
        return not has_walrus(node)
    if isinstance(node, gast.Import | gast.ImportFrom):
        return len(node.names) == 1
    if isinstance(node, gast.FunctionDef):
        return not any(map(has_walrus, [*node.decorator_list, *_defaults(node)]))
    if isinstance(node, gast.Assign) and _stores_one_item(node):
        return not has_walrus(node)
    if isinstance(node, gast.Assign):
        return (
            not has_walrus(node.value)
            and all(
                isinstance(n, gast.Name | gast.Tuple | gast.List | gast.Starred)
                for target in node.targets
                for n in own_nodes([target])
                if isinstance(n, gast.expr)
            )
            and (len(node.targets) == 1 or all(isinstance(t, gast.Name) for t in node.targets))
        )
    if isinstance(node, gast.AugAssign | gast.AnnAssign):
        place = getattr(
            node.target, "value", node.target
        )  # of `owner[index] += …`, `owner.name += …`
        return isinstance(place, gast.Name) and not has_walrus(node)
    return False


def _stores_one_item(node: Node) -> bool:
    """`name[index] = …`"""
    first, *more = node.targets
    return isinstance(first, gast.Subscript) and isinstance(first.value, gast.Name) and not more
