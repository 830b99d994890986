"""Statements of the IR as Python statements, and the copies at the borders of blocks."""

from __future__ import annotations

import ast
import linecache
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from adjoint import runtime
from adjoint.emit.calls import CallStatements, assign, store
from adjoint.emit.expressions import load, negated
from adjoint.emit.grammar import Blank, Comment
from adjoint.emit.layout import LIMIT
from adjoint.emit.liveness import Site
from adjoint.emit.namespace import Namespace
from adjoint.emit.plan import Plan
from adjoint.emit.undefined import is_undefined
from adjoint.ir import nodes as ir


class Statements(CallStatements):
    """Prints the blocks of one function. Each method gives a list of Python statements."""

    def __init__(
        self, plan: Plan, names: dict[ir.Value, str], namespace: Namespace,
        constants: dict[ir.Value, ir.Const],
    ) -> None:  # fmt: skip
        super().__init__(plan, names, namespace, constants)
        self.needed: set[tuple[Site, ir.Value]] = set()
        self.fills: dict[ir.Value, bool] = {}
        self.factories: set[ir.Closure] = set()
        self.nested_function: Callable[[ir.Closure, Statements], list[ast.stmt]]
        self.namespace_of: Callable[[ir.Function], dict[str, Any]]
        self.main_file = ""
        self.reverse = False
        self.quiet = False  # the reverse half is to ignore NumPy's floating-point errors
        self.depth = 0
        self._commented: tuple[str, int] | None = None
        self._labelled = 0
        self._unmade: set[ir.Value] = set()  # functions whose `def` is still to come
        self._pending_cells: dict[ir.Value, list[tuple[ir.Value, int]]] = {}

    # -- blocks ------------------------------------------------------------------------------------

    def main_block(
        self, block: ir.Block, reverse_start: int | None, sections: bool
    ) -> list[ast.stmt]:
        """The body of a function, with the headings of its halves, and its `return`."""
        start = len(block.statements) if reverse_start is None else reverse_start
        forward = self._statements(block.statements[:start])
        backward: list[ast.stmt] = []
        if reverse_start is not None:
            self.reverse = True
            backward = self._statements(block.statements[start:])
        body: list[ast.stmt] = []
        if sections and forward and not _only_definitions(forward):
            body.append(Comment("-- forward --"))
        body += forward
        if sections and reverse_start is not None:
            body.append(Comment("-- reverse --"))
        if self.quiet and backward:
            return [*body, self._ignoring_errors(backward + self._return(block))]
        body += backward
        if body and isinstance(body[-1], ast.Raise):
            return body
        if body and isinstance(body[-1], ast.FunctionDef):
            body.append(Blank())
        return body + self._return(block)

    def _ignoring_errors(self, body: list[ast.stmt]) -> ast.stmt:
        function = self.expressions.operand(ir.Const(np.errstate))
        keyword = ast.keyword(arg="all", value=ast.Constant(value="ignore"))
        context = ast.Call(func=function, args=[], keywords=[keyword])
        return ast.With(items=[ast.withitem(context_expr=context, optional_vars=None)], body=body)

    def _return(self, block: ir.Block) -> list[ast.stmt]:
        if not block.results:
            return [ast.Return(value=None)]
        result = block.results[0]
        nested = self.plan.nested.get(result) if isinstance(result, ir.Value) else None
        origin = nested.origin if nested is not None else None
        comment = self._comment_before(origin)
        node = ast.Return(value=self.expressions.operand(result))
        return comment + self._with_origin([node], origin)

    def block(self, block: ir.Block) -> list[ast.stmt]:
        outer, self.depth = self._commented, self.depth + 1
        body = self._statements(block.statements)
        self._commented, self.depth = outer if not body else None, self.depth - 1
        return body

    def _statements(self, statements: Sequence[ir.Statement]) -> list[ast.stmt]:
        body: list[ast.stmt] = []
        self._unmade |= {s.target for s in statements if isinstance(s, ir.Closure)}
        for statement in statements:
            if not self.plan.is_printed(statement):
                continue
            comment = self._comment_before(statement.origin)
            printed = self._with_origin(self._statement(statement), statement.origin)
            body += comment + printed if printed else []
            if printed and isinstance(printed[-1], ast.Raise):
                break
        return body

    def _statement(self, statement: ir.Statement) -> list[ast.stmt]:
        if isinstance(statement, ir.Call):
            return self._call(statement)
        if isinstance(statement, ir.If):
            return self._branch(statement)
        if isinstance(statement, ir.Loop):
            return self._loop(statement)
        if isinstance(statement, ir.Try):
            return self._try(statement)
        if statement.function.code is None:
            return self.nested_function(statement, self)
        return self._user_closure(statement)

    # -- origins and comments ----------------------------------------------------------------------

    def _label(self, origin: ir.Origin) -> str:
        same = not self.main_file or origin.filename == self.main_file
        return f"L{origin.line}" if same else f"{os.path.basename(origin.filename)}:{origin.line}"

    def _comment_before(self, origin: ir.Origin | None) -> list[ast.stmt]:
        """In the reverse half: the user's line, above what it gives rise to."""
        if not self.reverse or origin is None or (origin.filename, origin.line) == self._commented:
            return []
        self._commented = (origin.filename, origin.line)
        source = linecache.getline(origin.filename, origin.line).strip()
        text = f"{self._label(origin)}: {source}" if source else self._label(origin)
        room = LIMIT - 2 - 4 * (self.depth + 2)
        return [Comment(text if len(text) <= room else text[: room - 2] + " …")]

    def _with_origin(self, body: list[ast.stmt], origin: ir.Origin | None) -> list[ast.stmt]:
        if origin is not None and origin.filename:
            for node in body:
                if not isinstance(node, Comment | ast.FunctionDef) and not hasattr(node, "origin"):
                    node.origin = origin  # type: ignore[attr-defined]
            heads = [
                n
                for n in body
                if getattr(n, "origin", None) is origin and not getattr(n, "copy", 0)
            ]
            again = bool(heads) and isinstance(heads[0], ast.If) and self._labelled == origin.line
            self._labelled = origin.line
            if heads and not self.reverse and not again and not origin.derived:
                head = heads[0] if isinstance(heads[0], ast.If) else heads[-1]
                head.trailing = self._label(origin)  # type: ignore[attr-defined]
        return body

    # -- copies ------------------------------------------------------------------------------------

    def copies(
        self, targets: Iterable[ir.Value], sources: Iterable[ir.Operand], site: Site
    ) -> list[ast.stmt]:
        """What assigns `targets` from `sources` at once: plain assignments, or one of tuples."""
        moves: list[tuple[str, ast.expr]] = []
        for target, source in zip(targets, sources, strict=True):
            if (site, target) not in self.needed:
                continue
            value = self._copied(target, source)
            if value is not None and not (
                isinstance(value, ast.Name) and value.id == self.names[target]
            ):
                moves.append((self.names[target], value))
        body: list[ast.stmt] = []
        while moves:
            reads = [value.id if isinstance(value, ast.Name) else "" for _, value in moves]
            ready = next((m for m in moves if m[0] not in reads), None)
            if ready is None:
                left = ast.Tuple(elts=[store(name) for name, _ in moves], ctx=ast.Store())
                right = ast.Tuple(elts=[value for _, value in moves], ctx=ast.Load())
                body.append(ast.Assign(targets=[left], value=right))
                break
            moves.remove(ready)
            body.append(assign(*ready))
        for node in body:
            node.copy = True  # type: ignore[attr-defined]
        return body

    def _copied(self, target: ir.Value, source: ir.Operand) -> ast.expr | None:
        if not is_undefined(source):
            return self.expressions.operand(source)
        if target not in self.fills:
            return None
        if self.fills[target]:
            return load(self.namespace.name_of(ir.UNDEFINED, "UNDEFINED"))
        return ast.Constant(value=None)

    # -- regions -----------------------------------------------------------------------------------

    def _branch(self, branch: ir.If) -> list[ast.stmt]:
        test = self.expressions.operand(branch.condition)
        if branch in self.plan.ternary:
            target = branch.targets[self.plan.ternary_index(branch)]
            return [assign(self.names[target], self.expressions.expression(branch))]
        bodies = []
        for index, block in enumerate(ir.blocks_of(branch)):
            bodies.append(self.block(block))
            if not (bodies[-1] and isinstance(bodies[-1][-1], ast.Raise)):
                bodies[-1] += self.copies(branch.targets, block.results, (branch, index))
                bodies[-1] += self._break(branch, index)
        then, orelse = bodies
        if then and isinstance(then[-1], ast.Break):
            return [ast.If(test=test, body=then, orelse=[]), *orelse]
        if not then and not orelse:
            return []
        if not then:
            return [ast.If(test=negated(test), body=orelse, orelse=[])]
        return [ast.If(test=test, body=then, orelse=orelse)]

    def _loop(self, loop: ir.Loop) -> list[ast.stmt]:
        if loop in self.plan.comprehensions:
            return self._comprehension(loop)
        slots = self.plan.slots[loop]
        before = self.copies(slots, loop.inits, (loop, "entry"))
        for gather in loop.gathers:
            before.append(assign(self.names[gather.target], ast.List(elts=[], ctx=ast.Load())))
            before[-1].copy = True  # type: ignore[attr-defined]
        body = self.copies(loop.carried, slots, (loop, "start"))
        body += self.block(loop.body)
        if not (body and isinstance(body[-1], ast.Raise)):
            body += [self._append(gather) for gather in loop.gathers]
            body += self.copies(slots, loop.body.results, (loop, "end"))
            body += self._stop(loop)
        after = self.copies(loop.targets, slots, (loop, "exit"))
        return [*before, self._loop_statement(loop, body), *after]

    def _loop_statement(self, loop: ir.Loop, body: list[ast.stmt]) -> ast.stmt:
        if loop.iterable is not None:
            iterable = self.expressions.operand(loop.iterable)
            return ast.For(
                target=self._items(loop), iter=iterable, body=body or [ast.Pass()], orelse=[]
            )
        assert loop.test is not None
        outer = self.expressions.renamed
        self.expressions.renamed = outer | dict(
            zip(loop.carried, self.plan.slots[loop], strict=True)
        )
        statements = self.block(loop.test)
        test = self.expressions.operand(loop.test.results[0])
        self.expressions.renamed = outer
        if not statements:
            return ast.While(test=test, body=body or [ast.Pass()], orelse=[])
        leave = ast.If(test=negated(test), body=[ast.Break()], orelse=[])
        return ast.While(test=ast.Constant(value=True), body=[*statements, leave, *body], orelse=[])

    def _items(self, loop: ir.Loop) -> ast.expr:
        names = [
            self.names[item] if self.plan.uses[item] or item.named else "_" for item in loop.items
        ]
        if loop.unpack:
            return ast.Tuple(elts=[store(name) for name in names], ctx=ast.Store())
        return store(names[0] if names else "_")

    def _element(self, gather: ir.Gather) -> ast.expr:
        elements = [self.expressions.operand(e) for e in gather.elements]
        if len(elements) == 1 and not gather.pack:
            return elements[0]
        return ast.Tuple(elts=elements, ctx=ast.Load())

    def _append(self, gather: ir.Gather) -> ast.stmt:
        append = ast.Attribute(value=load(self.names[gather.target]), attr="append", ctx=ast.Load())
        return ast.Expr(value=ast.Call(func=append, args=[self._element(gather)], keywords=[]))

    def _break(self, branch: ir.If, index: int) -> list[ast.stmt]:
        """The end of a branch that leaves the loop: what would be assigned after it; `break`."""
        if (branch, index) not in self.plan.breaks:
            return []
        loop, around = self.plan.breaks[branch, index]
        body: list[ast.stmt] = []
        for outer, side in around:
            results = ir.blocks_of(outer)[side].results
            body += self.copies(outer.targets, results, (outer, side))
        body += self.copies(self.plan.slots[loop], loop.body.results, (loop, "end"))
        return [*body, ast.Break()]

    def _stop(self, loop: ir.Loop) -> list[ast.stmt]:
        stop, inverted = self.plan.stops.get(loop, (loop.stop, False))
        if stop is None or any(where is loop for where, _ in self.plan.breaks.values()):
            return []
        if isinstance(stop, ir.Const) and stop.value is False:
            return []
        test = self.expressions.operand(stop)
        return [ast.If(test=negated(test) if inverted else test, body=[ast.Break()], orelse=[])]

    def _comprehension(self, loop: ir.Loop) -> list[ast.stmt]:
        assert loop.iterable is not None
        generator = ast.comprehension(
            target=self._items(loop),
            iter=self.expressions.operand(loop.iterable),
            ifs=[],
            is_async=0,
        )
        gather = loop.gathers[0]
        node = ast.ListComp(elt=self._element(gather), generators=[generator])
        return [assign(self.names[gather.target], node)]

    def _try(self, statement: ir.Try) -> list[ast.stmt]:
        path = [statement.path] if statement.path is not None else []

        def body_of(block: ir.Block, index: int) -> list[ast.stmt]:
            body = self.block(block)
            if body and isinstance(body[-1], ast.Raise):
                return body
            results = [*block.results, *([ir.Const(index)] if path else [])]
            return body + self.copies([*statement.targets, *path], results, (statement, index))

        body = body_of(statement.body, 0)
        if not statement.handlers:
            return body
        handlers = []
        for index, handler in enumerate(statement.handlers, 1):
            kind = (
                None if handler.exceptions is None else self.expressions.operand(handler.exceptions)
            )
            used = handler.name is not None and self.plan.uses[handler.name]
            name = self.names[handler.name] if used and handler.name is not None else None
            inner = body_of(handler.block, index) or [ast.Pass()]
            handlers.append(ast.ExceptHandler(type=kind, name=name, body=inner))
        return [ast.Try(body=body or [ast.Pass()], handlers=handlers, orelse=[], finalbody=[])]

    # -- closures ----------------------------------------------------------------------------------

    def _user_closure(self, closure: ir.Closure) -> list[ast.stmt]:
        """A function of the user's, from its own code; cells of later functions are filled then."""
        function, name = closure.function, self.names[closure.target]
        captured: list[ast.expr] = []
        for index, operand in enumerate(closure.captures):
            if operand in self._unmade:
                assert isinstance(operand, ir.Value)
                self._pending_cells.setdefault(operand, []).append((closure.target, index))
                captured.append(ast.Constant(value=None))
            else:
                captured.append(self.expressions.operand(operand))
        arguments = [
            load(self.namespace.name_of(function.code, f"{function.name}_code")),
            load(self.namespace.name_of(self.namespace_of(function), "user_globals")),
            *self._defaults(closure),
            *captured,
        ]
        maker = self.expressions.operand(ir.Const(runtime.make_function))
        body = [assign(name, ast.Call(func=maker, args=arguments, keywords=[]))]
        self._unmade.discard(closure.target)
        for owner, index in self._pending_cells.pop(closure.target, []):
            cell = ast.parse(
                f"{self.names[owner]}.__closure__[{index}].cell_contents", mode="eval"
            ).body
            assert isinstance(cell, ast.Attribute)
            body.append(ast.Assign(targets=[cell], value=load(name)))
        return body

    def _defaults(self, closure: ir.Closure) -> list[ast.expr]:
        positional: list[ast.expr] = []
        keys: list[ast.expr | None] = []
        values: list[ast.expr] = []
        for parameter in closure.function.parameters:
            if parameter.name in closure.defaults:
                node = self.expressions.operand(closure.defaults[parameter.name])
                if parameter.kind == "keyword_only":
                    keys.append(ast.Constant(value=parameter.name))
                    values.append(node)
                else:
                    positional.append(node)
        none = ast.Constant(value=None)
        return [
            ast.Tuple(elts=positional, ctx=ast.Load()) if positional else none,
            ast.Dict(keys=keys, values=values) if keys else none,
        ]


def _only_definitions(body: list[ast.stmt]) -> bool:
    return all(isinstance(node, ast.FunctionDef) for node in body)
