"""The front end's entry: a Python function -> its `Function` in the intermediate representation."""

from __future__ import annotations

import threading
import types
from collections import OrderedDict
from collections.abc import Hashable
from inspect import CO_GENERATOR
from typing import Any

from adjoint import runtime
from adjoint.frontend import (  # noqa: F401  (they register what they lower)
    assignments,
    attempts,
    calls,
    classes,
    closures,
    comprehensions,
    contexts,
    control,
    expressions,
    fence,
    generators,
    imports,
    loops,
    patterns,
)
from adjoint.frontend import names as text
from adjoint.frontend.grammar import Node, gast, place
from adjoint.frontend.prune import prune
from adjoint.frontend.scope import IN_PIECES, RESULT, Interrupted, Scope
from adjoint.frontend.source import find
from adjoint.ir.nodes import UNDEFINED, Const, Function, Parameter, Value, used_values

CONSTRUCTORS = ("__init__", "__post_init__")

_MEMO_SIZE = 1024
_memo: OrderedDict[tuple[int, int, bool], Function] = OrderedDict()
_lock = threading.RLock()


def lower(function: types.FunctionType) -> Function:
    """The IR of a Python function. The result is shared: stages copy it before they change it."""
    return lower_code(function.__code__, function.__globals__)


def lower_code(code: types.CodeType, namespace: dict[str, Any]) -> Function:
    """The IR of the function that `code` belongs to; `namespace` is its module's."""
    with _lock:
        key = id(code), id(namespace), IN_PIECES.get()
        if key in _memo:
            _memo.move_to_end(key)
            return _memo[key]
        found = find(code, namespace)
        function = _lower_node(found.node, code, namespace, found.filename)
        _memo[key] = function  # which holds both, so that their ids are not used again
        while len(_memo) > _MEMO_SIZE:
            _memo.popitem(last=False)
        return function


def _lower_node(
    node: Node,
    code: types.CodeType,
    namespace: dict[str, Any],
    filename: str,
    cells: frozenset[str] = frozenset(),
) -> Function:
    """Lower a function; again, when it reads a variable that an exception may have interrupted."""
    carried: dict[Hashable, set[str]] = {}
    while True:
        scope = Scope(node, code, namespace, filename)
        scope.carried = carried
        try:
            return _lower_once(scope, node, code, namespace, cells)
        except Interrupted as read:
            carried.setdefault(read.attempt, set()).add(read.name)


def _lower_once(
    scope: Scope,
    node: Node,
    code: types.CodeType,
    namespace: dict[str, Any],
    cells: frozenset[str],
) -> Function:
    if isinstance(node, gast.AsyncFunctionDef):
        fence.refuse_node(node, scope.origin(node))
    awaited = fence.find_await(node)
    if awaited is not None:
        fence.refuse_node(awaited, scope.origin(awaited))
    scope.lower_inner = lambda inner, inner_code: _lower_node(
        inner, inner_code, namespace, scope.filename, frozenset(scope.cells)
    )
    scope.locals = text.local_names(node)
    scope.assigned_globals = text.declared(node, gast.Global)
    scope.locals -= scope.assigned_globals | text.declared(node, gast.Nonlocal)
    own = text.assigned_inside(node) & set(code.co_cellvars)
    scope.cells = own | cells & set(code.co_freevars)
    scope.cells |= (text.assigned_inside(node) | text.declared(node, gast.Nonlocal)) & set(
        code.co_freevars
    )
    scope.captures = {name: Value(name, named=True) for name in code.co_freevars}
    parameters = _parameters(scope, node)
    for name in sorted(own):
        scope.make_cell(name, node)
    if code.co_name in CONSTRUCTORS and parameters and not isinstance(node, gast.Lambda):
        scope.instance = scope.first_parameter
    scope.statements(_body(node))
    result = scope.env.names.get(RESULT, Const(None))
    if isinstance(result, Const) and result.value is UNDEFINED:  # it never returns
        result = Const(None)
    if code.co_flags & CO_GENERATOR:
        generators.check_handlers(scope, scope.node.body)
        result = scope.call(runtime.make_tuple, [Const(None), result], node)  # the items; the value
    scope.block.results = [result]
    prune(scope.block, scope.flags)
    used = used_values(scope.block)
    return Function(
        code.co_name,
        parameters,
        scope.block,
        list(scope.captures.values()),
        [value for value in scope.globals.values() if value in used],
        code,
        scope.origin(node),
        "" if isinstance(node, gast.Lambda) else gast.get_docstring(node, clean=False) or "",
        namespace,
        frozenset(scope.cells & set(code.co_freevars)),
    )


def _body(node: Node) -> list[Node]:
    """The statements of a function, with the `return` that Python adds."""
    if isinstance(node, gast.Lambda):
        return [place(gast.Return(node.body), node.body)]
    body = node.body
    if text.always_leaves(body):
        return body
    return [*body, place(gast.Return(None), body[-1])]


def _parameters(scope: Scope, node: Node) -> list[Parameter]:
    arguments = node.args
    parameters: list[Parameter] = []

    def add(each: Node, kind: str, has_default: bool = False) -> None:
        value = scope.value(each.id, each)
        scope.env.names[each.id] = value
        parameters.append(Parameter(value, kind, has_default))

    positional = len(arguments.posonlyargs) + len(arguments.args)
    optional = positional - len(arguments.defaults)
    for index, each in enumerate([*arguments.posonlyargs, *arguments.args]):
        kind = "positional_only" if index < len(arguments.posonlyargs) else "positional"
        add(each, kind, index >= optional)
    scope.first_parameter = parameters[0].name if parameters else ""
    if arguments.vararg is not None:
        add(arguments.vararg, "varargs")
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        add(each, "keyword_only", default is not None)
    if arguments.kwarg is not None:
        add(arguments.kwarg, "varkw")
    return parameters
