"""Random statements, functions and modules around random expressions.

What is assigned in a block is visible in that block; a nested function reads what is around it and
assigns only what is its own; every loop ends after at most three iterations.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from tests.programs.random_expressions import (
    BOUND,
    SHAPES,
    ExpressionWriter,
    Function,
    Scope,
    Shape,
    Variable,
)

HEADER = "import functools\nimport math\n\nimport numpy as np\n\n\n"


class ProgramWriter(ExpressionWriter):
    """Writes one module, statement by statement."""

    def block(self, scope: Scope, depth: int, returns: Shape | None, loop: bool = False) -> None:
        """One to three statements; `returns` is the shape that a `return` has to have."""
        for _ in range(self.integer(1, 3 if depth < 3 else 2)):
            self.statement(scope, depth, returns, loop)

    def statement(self, scope: Scope, depth: int, returns: Shape | None, loop: bool) -> None:
        kinds = [self.assign, self.reassign, self.augmented]
        if self.budget > 0:
            kinds += [self.tuple_assign, self.container, self.unpack, self.define_lambda]
            if depth <= 3:
                kinds += [self.branch, self.branch, self.for_loop, self.for_loop]
                kinds += [self.while_loop, self.while_loop, self.define]
            if returns is not None:
                kinds += [self.early_return]
            if loop:
                kinds += [self.leave_loop, self.leave_loop]
        self.budget -= 1
        self.one_of(*kinds)(scope, depth, returns)

    def assign(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        shape = self.one_of(*SHAPES)
        value = self.expression(scope, shape)
        name = self.fresh_variable(shape)
        self.write(depth, f"{name} = {value.text}")
        scope.variables[name] = Variable(shape, BOUND, True)

    def own(self, scope: Scope, shape: Shape | None = None) -> list[str]:
        return [
            name
            for name, v in scope.variables.items()
            if v.own and v.bound == BOUND and (shape is None or v.shape == shape)
        ]

    def reassign(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        if not (names := self.own(scope)):
            return self.assign(scope, depth, returns)
        self.constructs.add("reassignment")
        name = self.one_of(*reversed(names))
        value = self.expression(scope, scope.variables[name].shape)
        self.write(depth, f"{name} = {value.text}")

    def augmented(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        if not (names := self.own(scope, ())):
            return self.assign(scope, depth, returns)
        self.constructs.add("augmented assignment")
        name = self.one_of(*reversed(names))
        value = self.expression(scope, (), 1)
        self.write(
            depth,
            self.one_of(
                f"{name} *= np.cos({value.text})",
                f"{name} /= 1.0 + ({value.text}) ** 2",
            ),
        )

    def tuple_assign(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        self.constructs.add("tuple assignment")
        shape = self.one_of((), (3,))
        names = self.own(scope, shape)
        if len(names) >= 2 and self.maybe():
            a, b = names[-1], names[-2]
        else:
            a, b = self.fresh_variable(shape), self.fresh_variable(shape)
        first, second = self.expression(scope, shape, 1), self.expression(scope, shape, 1)
        self.write(depth, f"{a}, {b} = {first.text}, {second.text}")
        scope.variables |= {a: Variable(shape, BOUND, True), b: Variable(shape, BOUND, True)}

    def container(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        kind = self.one_of("tuple", "list", "dict", "listcomp")
        self.constructs.add(kind)
        name = self.fresh("c")
        if kind == "tuple":
            shapes = tuple(self.one_of(*SHAPES[:3]) for _ in range(self.integer(1, 3)))
            items = [self.expression(scope, shape, 1).text for shape in shapes]
            self.write(depth, f"{name} = ({', '.join(items)},)")
            scope.tuples[name] = shapes
        elif kind == "list":
            length = self.integer(2, 3)
            items = [self.expression(scope, (), 1).text for _ in range(length)]
            self.write(depth, f"{name} = [{', '.join(items)}]")
            scope.lists[name] = length
        elif kind == "listcomp":
            source, length = self.iterable(scope)
            item = self.fresh("t")
            inner = scope.inner()
            inner.variables[item] = Variable((), BOUND, False)
            text = self.expression(inner, (), 1).text
            self.write(depth, f"{name} = [{text} for {item} in {source}]")
            scope.lists[name] = length
        else:
            entries = {key: self.one_of(*SHAPES[:3]) for key in "ab"[: self.integer(1, 2)]}
            text = ", ".join(
                f'"{key}": {self.expression(scope, shape, 1).text}'
                for key, shape in entries.items()
            )
            self.write(depth, f"{name} = {{{text}}}")
            scope.dicts[name] = entries

    def unpack(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        if scope.tuples and self.maybe():
            source = self.one_of(*scope.tuples)
            names = [self.fresh_variable(shape) for shape in scope.tuples[source]]
            self.write(depth, f"{', '.join(names)}, = {source}")
            for name, shape in zip(names, scope.tuples[source], strict=True):
                scope.variables[name] = Variable(shape, BOUND, True)
        elif scope.lists:
            source = self.one_of(*scope.lists)
            self.constructs.add("starred unpacking")
            first, rest = self.fresh("s"), self.fresh("c")
            self.write(depth, f"{first}, *{rest} = {source}")
            scope.variables[first] = Variable((), BOUND, True)
            scope.lists[rest] = scope.lists[source] - 1
            if scope.lists[rest] == 0:
                del scope.lists[rest]
        else:
            return self.container(scope, depth, returns)
        self.constructs.add("unpacking")

    def branch(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        self.constructs.add("if")
        if self.integer(0, 4) == 4:
            self.constructs.add("walrus")
            name = self.fresh("w")
            value = self.expression(scope, (), 1)
            self.write(depth, f"if ({name} := {value.text}) > {self.number()}:")
            scope.variables[name] = Variable((), BOUND, True)
        else:
            self.write(depth, f"if {self.condition(scope)}:")
        self.block(scope.inner(), depth + 1, returns)
        for _ in range(self.one_of(0, 0, 1, 2)):
            self.constructs.add("elif")
            self.write(depth, f"elif {self.condition(scope)}:")
            self.block(scope.inner(), depth + 1, returns)
        if self.maybe():
            self.constructs.add("else")
            self.write(depth, "else:")
            self.block(scope.inner(), depth + 1, returns)

    def for_loop(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        inner = scope.inner()
        total = self.accumulator(scope, depth)
        kind = self.one_of("range", "array", "list", "zip", "enumerate", "rows")
        if kind == "range":
            i, n = self.fresh("i"), self.integer(1, 3)
            self.write(depth, f"for {i} in range({n}):")
            inner.counters[i] = n
        elif kind == "rows":
            shape = self.one_of((2, 3), (3, 2))
            row, value = self.fresh("v"), self.expression(scope, shape, 1)
            self.write(depth, f"for {row} in {value.text}:")
            inner.variables[row] = Variable(shape[1:], BOUND, True)
        elif kind == "zip":
            a, b = self.fresh("s"), self.fresh("s")
            self.write(
                depth, f"for {a}, {b} in zip({self.iterable(scope)[0]}, {self.iterable(scope)[0]}):"
            )
            inner.variables |= {a: Variable((), BOUND, True), b: Variable((), BOUND, True)}
        elif kind == "enumerate":
            i, a = self.fresh("i"), self.fresh("s")
            source, length = self.iterable(scope)
            self.write(depth, f"for {i}, {a} in enumerate({source}):")
            inner.counters[i] = length
            inner.variables[a] = Variable((), BOUND, True)
        else:
            a = self.fresh("s")
            source = (
                self.iterable(scope)[0]
                if kind == "list"
                else self.expression(scope, self.one_of((3,), (2,)), 1).text
            )
            self.write(depth, f"for {a} in {source}:")
            inner.variables[a] = Variable((), BOUND, True)
        self.constructs.add(f"for over {kind}")
        self.loop_body(inner, depth, returns, total)
        scope.variables[total] = Variable((), 4 * BOUND, True)

    def while_loop(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        self.constructs.add("while")
        total = self.accumulator(scope, depth)
        inner = scope.inner()
        k, n = self.fresh("k"), self.integer(1, 3)
        self.write(depth, f"{k} = 0")
        kind = self.one_of("counter", "value", "true")
        if kind == "counter":
            self.write(depth, f"while {k} < {n}:")
        elif kind == "value":
            self.constructs.add("while on value")
            self.write(depth, f"while {k} < {n} and {self.expression(scope, (), 1).text} > -0.9:")
        else:
            self.constructs.add("while True")
            self.write(depth, "while True:")
            self.write(depth + 1, f"if {k} == {n}:")
            self.write(depth + 2, "break")
        self.write(depth + 1, f"{k} += 1")
        self.loop_body(inner, depth, returns, total)
        scope.variables[total] = Variable((), 4 * BOUND, True)

    def accumulator(self, scope: Scope, depth: int) -> str:
        """A number that the coming loop adds to, at most three times."""
        total = self.fresh("total")
        self.write(depth, f"{total} = {self.number()}")
        return total

    def loop_body(self, inner: Scope, depth: int, returns: Shape | None, total: str) -> None:
        self.block(inner, depth + 1, returns, loop=True)
        value = self.expression(inner, (), 1)
        self.write(
            depth + 1,
            self.one_of(f"{total} += {value.text}", f"{total} = {total} - {value.text}"),
        )

    def leave_loop(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        word = self.one_of("break", "continue")
        self.constructs.add(word)
        self.write(depth, f"if {self.condition(scope)}:")
        if self.maybe():
            self.reassign(scope.inner(), depth + 1, returns)
        self.write(depth + 1, word)

    def early_return(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        assert returns is not None
        self.constructs.add("early return")
        self.write(depth, f"if {self.condition(scope)}:")
        self.write(depth + 1, f"return {self.expression(scope, returns, 1).text}")

    def define_lambda(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        self.constructs.add("lambda")
        shape, result = self.one_of((), (3,)), self.one_of((), (3,))
        name, parameter = self.fresh("f"), self.fresh("p")
        inner = scope.inner(function=True)
        inner.variables[parameter] = Variable(shape, BOUND, False)
        self.write(depth, f"{name} = lambda {parameter}: {self.expression(inner, result).text}")
        scope.functions[name] = Function((shape,), result)

    def define(self, scope: Scope, depth: int, returns: Shape | None) -> None:
        if self.integer(0, 3) == 3:
            return self.define_recursion(scope, depth)
        self.constructs.add("nested function" if depth else "helper function")
        shapes = tuple(self.one_of(*SHAPES[:3]) for _ in range(self.integer(1, 2)))
        result = self.one_of((), (3,))
        name, names = self.fresh("f"), [self.fresh("p") for _ in shapes]
        optional = int(shapes[-1] == () and len(shapes) == 2 and self.maybe())
        parameters = ", ".join(names) + (f"={self.number()}" if optional else "")
        inner = scope.inner(function=True)
        inner.counters = {}
        for parameter, shape in zip(names, shapes, strict=True):
            inner.variables[parameter] = Variable(shape, BOUND, True)
        self.write(depth, f"def {name}({parameters}):")
        if self.maybe():
            self.block(inner, depth + 1, result)
        self.write(depth + 1, f"return {self.expression(inner, result).text}")
        scope.functions[name] = Function(shapes, result, optional)

    def define_recursion(self, scope: Scope, depth: int) -> None:
        self.constructs.add("recursion")
        name, inner_name = self.fresh("f"), self.fresh("f")
        x, n = self.fresh("p"), self.fresh("n")
        inner = scope.inner(function=True)
        inner.counters = {}
        inner.variables[x] = Variable((), BOUND, True)
        step = self.expression(inner, (), 1).text
        self.write(depth, f"def {inner_name}({x}, {n}):")
        self.write(depth + 1, f"if {n} == 0:")
        self.write(depth + 2, f"return {x}")
        self.write(depth + 1, f"return {inner_name}({step}, {n} - 1)")
        self.write(depth, f"{name} = lambda {x}: {inner_name}({x}, {self.integer(1, 3)})")
        scope.functions[name] = Function(((),), ())

    # -- the module --

    def module(self) -> tuple[str, tuple[Any, ...]]:
        scope = Scope()
        for _ in range(self.one_of(0, 0, 1, 2)):
            self.define(scope, 0, None)
        names, arguments = self.parameters(scope)
        self.write(0, f"def program({', '.join(names)}):")
        for _ in range(self.integer(1, 7)):
            self.statement(scope, 1, (), False)
        result = [self.expression(scope, ()).text]
        for name, variable in list(scope.variables.items())[-3:]:
            result.append(f"np.sum({name})" if variable.shape else f"0.5 * {name}")
        self.write(1, f"return {' + '.join(result)}")
        source = HEADER + "\n".join(self.lines)
        return ast.unparse(ast.parse(source)) + "\n", arguments

    def parameters(self, scope: Scope) -> tuple[list[str], tuple[Any, ...]]:
        rng = np.random.default_rng(self.integer(0, 1000))
        names, arguments = [], []
        for _ in range(self.integer(1, 4)):
            kind = self.one_of("float", (3,), (2, 3), "list", "tuple", "dict", "int", (2,), (3, 3))
            shape = kind if isinstance(kind, tuple) else ()
            if isinstance(kind, tuple) or kind in ("float", "int"):
                name = self.fresh_variable(shape)
                scope.variables[name] = Variable(shape, BOUND, True)
                value = rng.uniform(-2.0, 2.0, shape)
                whole = self.one_of(1, 2, -1) if kind == "int" else 0
                arguments.append(whole or (value if shape else float(value)))
            else:
                name = self.fresh("c")
                self.constructs.add(f"{kind} argument")
                if kind == "list":
                    scope.lists[name] = 3
                    arguments.append(rng.uniform(-2.0, 2.0, 3).tolist())
                elif kind == "tuple":
                    scope.tuples[name] = ((), (3,))
                    arguments.append((float(rng.uniform(-2, 2)), rng.uniform(-2, 2, 3)))
                else:
                    scope.dicts[name] = {"a": (2, 3), "b": ()}
                    arguments.append(
                        {"a": rng.uniform(-2, 2, (2, 3)), "b": float(rng.uniform(-2, 2))}
                    )
            names.append(name)
        return names, tuple(arguments)
