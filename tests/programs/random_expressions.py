"""Random expressions, well typed and bounded by construction.

Types are shapes: `()` for a number, `(3,)` for a vector, `(2, 3)` for a matrix. Every expression
knows a bound on its magnitude and is squashed under `BOUND`, so that no loop can overflow and no
function is too curved for finite differences. Wherever there is a choice the simpler comes first:
that is what hypothesis shrinks towards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import strategies as st

Shape = tuple[int, ...]
SHAPES: list[Shape] = [(), (3,), (2, 3), (2,), (3, 2), (3, 3), (2, 2)]
BOUND = 4.0


class Value(NamedTuple):
    text: str
    shape: Shape
    bound: float


class Variable(NamedTuple):
    shape: Shape
    bound: float
    own: bool
    """whether the function being written assigned it, so that it may assign it again"""


class Function(NamedTuple):
    parameters: tuple[Shape, ...]
    shape: Shape
    optional: int = 0
    """how many of the parameters, the last ones, have a default"""


@dataclass
class Scope:
    """What a statement can see."""

    variables: dict[str, Variable] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)  # lists of numbers, with their length
    tuples: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    dicts: dict[str, dict[str, Shape]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)  # integers in [0, n)

    def inner(self, function: bool = False) -> Scope:
        """A block's scope; a nested function's may read what is outside but not assign it."""
        variables = {
            name: variable._replace(own=False) if function else variable
            for name, variable in self.variables.items()
        }
        return Scope(
            variables,
            dict(self.functions),
            dict(self.lists),
            dict(self.tuples),
            dict(self.dicts),
            dict(self.counters),
        )


class ExpressionWriter:
    """Draws expressions; every choice is hypothesis's."""

    def __init__(self, draw: Callable[[st.SearchStrategy], Any]) -> None:
        self.draw = draw
        self.constructs: set[str] = set()
        self.lines: list[str] = []
        self.names = 0
        self.budget = 14

    # -- choices --

    def one_of(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def integer(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def maybe(self) -> bool:
        return self.draw(st.booleans())

    def number(self) -> str:
        """A literal in [-2, 2], not on a round number where comparisons would tie."""
        return repr(self.one_of(0.5, 1.3, -0.7, 1.9, -1.6, 0.25, 2.0))

    def fresh(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def fresh_variable(self, shape: Shape) -> str:
        return self.fresh("svm"[len(shape)])

    def write(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    # -- expressions --

    def reachable(self, scope: Scope, shape: Shape) -> list[Value]:
        """What is at hand of a shape: variables, items of containers, elements of arrays."""
        found = [
            Value(name, shape, v.bound) for name, v in scope.variables.items() if v.shape == shape
        ]
        found += [Value(text, shape, BOUND) for text in self.items(scope, shape)]
        if shape == ():
            for name, v in scope.variables.items():
                if v.shape:
                    index = ", ".join(str(length - 1) for length in v.shape)
                    found.append(Value(f"{name}[{index}]", shape, v.bound))
        return found

    def items(self, scope: Scope, shape: Shape) -> list[str]:
        """The items of that shape in tuples, dicts and lists."""
        items = [
            f"{name}[{i}]"
            for name, shapes in scope.tuples.items()
            for i, item in enumerate(shapes)
            if item == shape
        ]
        items += [
            f'{name}["{key}"]'
            for name, entries in scope.dicts.items()
            for key, item in entries.items()
            if item == shape
        ]
        if shape == ():
            items += [f"{name}[{i}]" for name, n in scope.lists.items() for i in {0, n - 1}]
        return items

    def leaf(self, scope: Scope, shape: Shape) -> Value:
        found = self.reachable(scope, shape)
        if found and self.integer(0, 6) < 6:
            return self.one_of(*reversed(found))
        if shape == ():
            return Value(self.number(), (), 2.0)
        if len(shape) == 1:
            text = f"np.array([{', '.join(self.number() for _ in range(shape[0]))}])"
        else:
            text = f"np.linspace(-1.0, 1.2, {math.prod(shape)}).reshape{shape}"
        scalars = self.reachable(scope, ())
        if found or not scalars:
            return Value(text, shape, 2.0)
        scalar = self.one_of(*reversed(scalars))
        return Value(f"({text} * {scalar.text})", shape, 2 * scalar.bound)

    def expression(self, scope: Scope, shape: Shape, depth: int = 2) -> Value:
        """An expression of a shape, of magnitude at most `BOUND`."""
        if depth == 0:
            return self.squashed(self.leaf(scope, shape))
        ways = [
            self.leaf_at,
            self.binary,
            self.unary,
            self.broadcast,
            self.selection,
            self.ternary,
            self.walrus,
            self.safe_ratio,
            self.call,
        ]
        ways += {0: self.scalar_ways, 1: self.vector_ways, 2: self.matrix_ways}[len(shape)]
        value = self.one_of(*ways)(scope, shape, depth - 1)
        return self.squashed(value)

    @property
    def scalar_ways(self) -> list[Callable[[Scope, Shape, int], Value]]:
        return [
            self.reduction,
            self.element,
            self.inner_product,
            self.item,
            self.comprehension,
            self.math_call,
            self.fold,
            self.counter,
        ]

    @property
    def vector_ways(self) -> list[Callable[[Scope, Shape, int], Value]]:
        return [
            self.matrix_vector,
            self.axis_reduction,
            self.row,
            self.array_of_scalars,
            self.rearranged,
            self.item,
        ]

    @property
    def matrix_ways(self) -> list[Callable[[Scope, Shape, int], Value]]:
        return [self.outer, self.matrix_product, self.transposed, self.stacked]

    def squashed(self, value: Value, bound: float = BOUND) -> Value:
        if value.bound <= bound:
            return value
        function = self.one_of("np.tanh", "np.sin", "np.arctan")
        return Value(f"{function}({value.text})", value.shape, 1.6)

    def leaf_at(self, scope: Scope, shape: Shape, depth: int) -> Value:
        return self.leaf(scope, shape)

    def binary(self, scope: Scope, shape: Shape, depth: int) -> Value:
        left, right = self.expression(scope, shape, depth), self.expression(scope, shape, depth)
        return self.combined(left, right, shape)

    def combined(self, left: Value, right: Value, shape: Shape) -> Value:
        operator = self.one_of("+", "*", "-")
        joint = left.bound * right.bound if operator == "*" else left.bound + right.bound
        return Value(f"({left.text} {operator} {right.text})", shape, joint)

    def broadcast(self, scope: Scope, shape: Shape, depth: int) -> Value:
        if shape == ():
            return self.binary(scope, shape, depth)
        self.constructs.add("broadcasting")
        large = self.expression(scope, shape, depth)
        if len(shape) == 2 and self.maybe():
            if self.maybe():
                small = self.expression(scope, shape[1:], depth)
            else:
                small = self.expression(scope, shape[:1], depth)
                small = small._replace(text=f"{small.text}[:, None]")
        else:
            small = self.expression(scope, (), depth)
        pair = (small, large) if self.maybe() else (large, small)
        return self.combined(*pair, shape)

    def unary(self, scope: Scope, shape: Shape, depth: int) -> Value:
        x, _, bound = self.expression(scope, shape, depth)
        text, bound = self.one_of(
            (f"np.tanh({x})", 1.0),
            (f"np.sin({x})", 1.0),
            (f"(-{x})", bound),
            (f"{x} ** 2", bound**2),
            (f"np.cos({x})", 1.0),
            (f"np.exp(np.sin({x}))", math.e),
            (f"np.exp(-({x}) ** 2)", 1.0),
            (f"np.sqrt(1.0 + ({x}) ** 2)", 1 + bound),
            (f"np.log(1.5 + ({x}) ** 2)", 1 + bound),
            (f"np.arctan({x})", 1.6),
            (f"abs({x})", bound),
            (f"(0.5 * {x}) ** 3", bound**3 / 8),
        )
        return Value(f"({text})", shape, bound)

    def math_call(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("math")
        x, _, bound = self.expression(scope, (), depth)
        function = self.one_of("sin", "cos", "tanh", "atan")
        return Value(f"math.{function}({x})", (), min(1.6, bound) if function != "cos" else 1.0)

    def safe_ratio(self, scope: Scope, shape: Shape, depth: int) -> Value:
        above, below = self.expression(scope, shape, depth), self.expression(scope, shape, depth)
        return Value(f"({above.text} / (1.0 + ({below.text}) ** 2))", shape, above.bound)

    def selection(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("selection")
        a, b = self.expression(scope, shape, depth), self.expression(scope, shape, depth)
        bound = max(a.bound, b.bound)
        text = self.one_of(
            f"np.maximum({a.text}, {b.text})",
            f"(np.where({a.text} > {b.text}, {b.text}, {self.number()}) + 0.0)",
            f"np.minimum({a.text}, {b.text})",
            f"np.clip({a.text}, -1.03, 1.97)",
        )
        return Value(text, shape, max(bound, 2.0))

    def ternary(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("ternary")
        condition = self.condition(scope, min(depth, 1))
        a, b = self.expression(scope, shape, depth), self.expression(scope, shape, depth)
        return Value(f"({a.text} if {condition} else {b.text})", shape, max(a.bound, b.bound))

    def walrus(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("walrus")
        name = self.fresh("w")
        x = self.expression(scope, shape, depth)
        return Value(f"(({name} := {x.text}) * np.cos({name}))", shape, x.bound)

    def call(self, scope: Scope, shape: Shape, depth: int) -> Value:
        fitting = [name for name, f in scope.functions.items() if f.shape == shape]
        if not fitting:
            return self.unary(scope, shape, depth)
        self.constructs.add("call")
        name = self.one_of(*reversed(fitting))
        function = scope.functions[name]
        given = len(function.parameters) - self.integer(0, function.optional)
        arguments = [
            self.expression(scope, parameter, min(depth, 1)).text
            for parameter in function.parameters[:given]
        ]
        return Value(f"{name}({', '.join(arguments)})", shape, BOUND)

    def reduction(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("reduction")
        over = self.one_of(*SHAPES[1:])
        x, _, bound = self.expression(scope, over, depth)
        size = math.prod(over)
        text, bound = self.one_of(
            (f"np.sum({x})", bound * size),
            (f"np.mean({x})", bound),
            (f"({x}).sum()", bound * size),
            (f"np.max({x})", bound),
            (f"np.prod(np.tanh({x}))", 1.0),
            (f"np.var({x})", bound**2),
            (f"np.linalg.norm({x})", bound * size),
        )
        return Value(text, (), bound)

    def element(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("indexing")
        over = self.one_of(*SHAPES[1:])
        x = self.leaf(scope, over)
        index = ", ".join(self.index(scope, length) for length in over)
        return Value(f"{x.text}[{index}]", (), x.bound)

    def index(self, scope: Scope, length: int) -> str:
        counters = [name for name, end in scope.counters.items() if end <= length]
        if counters and self.maybe():
            return self.one_of(*counters)
        return str(self.integer(0, length - 1) if self.maybe() else -1)

    def inner_product(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("matmul")
        length = self.one_of(3, 2)
        a = self.expression(scope, (length,), depth)
        b = self.expression(scope, (length,), depth)
        return Value(f"({a.text} @ {b.text})", (), length * a.bound * b.bound)

    def item(self, scope: Scope, shape: Shape, depth: int) -> Value:
        """An item of a tuple, list or dict."""
        items = self.items(scope, shape)
        if not items:
            return self.binary(scope, shape, depth)
        self.constructs.add("item")
        return Value(self.one_of(*items), shape, BOUND)

    def iterable(self, scope: Scope) -> tuple[str, int]:
        """The text of something that gives numbers, and how many."""
        options = [(name, n) for name, n in scope.lists.items()]
        options += [(n, v.shape[0]) for n, v in scope.variables.items() if len(v.shape) == 1]
        if options:
            return self.one_of(*options)
        vector = self.leaf(scope, (3,))
        return vector.text, 3

    def comprehension(self, scope: Scope, shape: Shape, depth: int) -> Value:
        source, length = self.iterable(scope)
        name = self.fresh("t")
        inner = scope.inner()
        inner.variables[name] = Variable((), BOUND, False)
        x = self.expression(inner, (), min(depth, 1))
        kind = self.one_of("list", "generator", "filtered", "max", "enumerate")
        if kind == "max":
            self.constructs.add("list comprehension")
            return Value(f"max([{x.text} for {name} in {source}])", (), x.bound)
        self.constructs.add("generator expression" if kind == "generator" else "list comprehension")
        text = f"{x.text} for {name} in {source}"
        if kind == "filtered":
            text += f" if {name} > {self.number()}"
        elif kind == "enumerate":
            i = self.fresh("i")
            text = f"{x.text} * (0.5 + {i}) for {i}, {name} in enumerate({source})"
        text = f"sum({text})" if kind == "generator" else f"sum([{text}])"
        bound = x.bound * length * (length if kind == "enumerate" else 1)
        return Value(f"(0.0 + {text})", (), bound)

    def fold(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("higher order")
        source, length = self.iterable(scope)
        scalar_functions = [name for name, f in scope.functions.items() if f.parameters == ((),)]
        scalar_functions = [name for name in scalar_functions if scope.functions[name].shape == ()]
        if scalar_functions and self.maybe():
            return Value(
                f"sum(map({self.one_of(*scalar_functions)}, {source}))", (), BOUND * length
            )
        a, b = self.fresh("p"), self.fresh("p")
        inner = scope.inner()
        inner.variables |= {a: Variable((), BOUND, False), b: Variable((), BOUND, False)}
        x = self.expression(inner, (), 1)
        return Value(f"functools.reduce(lambda {a}, {b}: {x.text}, {source}, 0.5)", (), BOUND)

    def counter(self, scope: Scope, shape: Shape, depth: int) -> Value:
        if not scope.counters:
            return self.binary(scope, shape, depth)
        self.constructs.add("counter in arithmetic")
        name = self.one_of(*scope.counters)
        x = self.expression(scope, (), depth)
        return Value(f"({x.text} * ({name} + 0.5))", (), x.bound * (scope.counters[name] + 0.5))

    def matrix_vector(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("matmul")
        length = self.one_of(3, 2)
        x = self.expression(scope, (length,), depth)
        if self.maybe():
            A = self.expression(scope, (*shape, length), depth)
            text = f"({A.text} @ {x.text})"
        else:
            A = self.expression(scope, (length, *shape), depth)
            text = self.one_of(f"({x.text} @ {A.text})", f"(({A.text}).T @ {x.text})")
        return Value(text, shape, length * A.bound * x.bound)

    def axis_reduction(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("reduction with axis")
        length, axis = self.one_of(3, 2), self.integer(0, 1)
        over = (length, *shape) if axis == 0 else (*shape, length)
        A = self.expression(scope, over, depth)
        text, bound = self.one_of(
            (f"np.sum({A.text}, axis={axis})", A.bound * length),
            (f"np.mean({A.text}, axis={axis})", A.bound),
            (f"({A.text}).max(axis={axis})", A.bound),
        )
        return Value(text, shape, bound)

    def row(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("slicing")
        length = self.one_of(3, 2)
        if self.maybe():
            A = self.leaf(scope, (length, *shape))
            return Value(f"({A.text})[{self.index(scope, length)}]", shape, A.bound)
        A = self.leaf(scope, (*shape, length))
        return Value(f"({A.text})[:, {self.index(scope, length)}]", shape, A.bound)

    def array_of_scalars(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("array of numbers")
        items = [self.expression(scope, (), min(depth, 1)) for _ in range(shape[0])]
        text = ", ".join(item.text for item in items)
        return Value(f"np.array([{text}])", shape, max(item.bound for item in items))

    def rearranged(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("slicing")
        x, _, bound = self.expression(scope, shape, depth)
        order = [0, *range(shape[0] - 1)]
        text, bound = self.one_of(
            (f"({x})[::-1]", bound),
            (f"np.concatenate([({x})[1:], ({x})[:1]])", bound),
            (f"({x})[{order}]", bound),
            (f"np.cumsum({x})", bound * shape[0]),
            (f"np.roll({x}, 1)", bound),
        )
        return Value(text, shape, bound)

    def outer(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("broadcasting")
        a = self.expression(scope, shape[:1], depth)
        b = self.expression(scope, shape[1:], depth)
        if self.maybe():
            return Value(f"(({a.text})[:, None] * {b.text})", shape, a.bound * b.bound)
        return Value(f"(({a.text})[:, None] - {b.text})", shape, a.bound + b.bound)

    def matrix_product(self, scope: Scope, shape: Shape, depth: int) -> Value:
        self.constructs.add("matmul")
        length = self.one_of(3, 2)
        A = self.expression(scope, (shape[0], length), depth)
        B = self.expression(scope, (length, shape[1]), depth)
        return Value(f"({A.text} @ {B.text})", shape, length * A.bound * B.bound)

    def transposed(self, scope: Scope, shape: Shape, depth: int) -> Value:
        A = self.expression(scope, shape[::-1], depth)
        if self.maybe():
            return Value(f"({A.text}).T", shape, A.bound)
        return Value(f"({A.text}).reshape{shape}", shape, A.bound)

    def stacked(self, scope: Scope, shape: Shape, depth: int) -> Value:
        rows = [self.expression(scope, shape[1:], min(depth, 1)) for _ in range(shape[0])]
        text = ", ".join(row.text for row in rows)
        return Value(f"np.stack([{text}])", shape, max(row.bound for row in rows))

    def condition(self, scope: Scope, depth: int = 1) -> str:
        a, b = self.expression(scope, (), depth).text, self.expression(scope, (), 0).text
        kind = self.one_of("plain", "plain", "chain", "and", "or", "not")
        if kind == "plain":
            return f"{a} {self.one_of('>', '<', '>=')} {b}"
        self.constructs.add(f"condition {kind}")
        if kind == "chain":
            return f"-1.1 < {a} < {b}"
        if kind == "not":
            return f"not {a} > {b}"
        return f"({a} > {b} {kind} {self.expression(scope, (), 0).text} < {self.number()})"
