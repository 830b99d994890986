"""Random programs that write into a few arrays and views of them, as source text.

Values stay small: what is added or multiplied by goes through sin, cos or tanh. Every name is bound
wherever it is read, and every index is within bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from tests.programs.generator import RandomProgram, reference

Shape = tuple[int, ...]
HEADER = """\
import numpy as np

def scale(v, s):
    v *= np.cos(s)

def shift(v, i, s=0.3):
    v[i] += np.sin(s)
    return v

def head(v):
    return v[:1]

def sloped(v, s):
    for i in range(len(v)):
        v[i] = v[i] * 0.5 + np.sin(s)
    return v[::-1]

def mixed(v, w, s):
    v += 0.5 * w
    w[-1] = np.cos(s)

def halved(v, n):
    v *= np.cos(v[-1])
    if n > 0:
        halved(v[:1], n - 1)
        v[-1:] += np.sin(v[0])

class Box:
    def __init__(self, v):
        self.v = v

    def push(self, s):
        self.v[0] += np.sin(s)
        return self.v

def bounded(v):
    w = v.copy()
    w[w > 2.0] = 0.5
    return np.tanh(w)

"""


class WritesWriter:
    """Writes one program; `draw` makes the choices."""

    def __init__(self, draw: Callable[[st.SearchStrategy], Any]) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.count = 0

    def one_of(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def write(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    # -- expressions --

    def scalar(self, scope: dict[str, Shape], index: str | None) -> str:
        name = self.one_of(*scope)
        kind = self.one_of("s", "item", "sum", "constant")
        if kind == "item":
            return f"{name}[{', '.join(str(self.one_of(0, n - 1)) for n in scope[name])}]"
        if kind == "sum":
            return f"np.mean({name})"
        return "s" if kind == "s" else self.one_of("0.7", "-1.2", index or "0.4")

    def value(self, scope: dict[str, Shape], shape: Shape, index: str | None) -> str:
        """An expression of this shape, or one that broadcasts to it."""
        same = [n for n, found in scope.items() if found == shape]
        if not same or self.one_of(False, False, True):
            return f"np.sin({self.scalar(scope, index)})"
        a, b = self.one_of(*same), self.one_of(*same)
        texts = (
            f"np.sin({a})",
            f"np.tanh({a} * {b})",
            f"0.5 * {a}",
            a,
            f"np.cos({b}) * s",
            f"bounded({a})",
        )
        return self.one_of(*texts)

    def window(self, shape: Shape, index: str | None) -> tuple[str, Shape]:
        """The text of a basic index into an array of this shape, and the shape of what it gives."""
        n = shape[0]
        i = index or str(self.one_of(0, -1))
        options = [(":", shape), ("::-1", shape), ("::2", ((n + 1) // 2, *shape[1:]))]
        if n > 1:
            options += [("1:", (n - 1, *shape[1:])), (":-1", (n - 1, *shape[1:]))]
        if len(shape) == 2:
            options += [(f":, {shape[1] - 1}", shape[:1]), (":, ::-1", shape)]
            options += [(i, shape[1:])] if n > 1 else []
            options += [(f"{i}, 1:", (shape[1] - 1,))] if n > 1 and shape[1] > 1 else []
        return self.one_of(*options)

    def view(self, scope: dict[str, Shape], index: str | None) -> tuple[str, Shape]:
        name = self.one_of(*scope)
        shape, size = scope[name], int(np.prod(scope[name]))
        text, found = self.window(shape, index)
        options = [(f"{name}[{text}]", found), (name, shape), (f"{name}.T", shape[::-1])]
        options += [(f"{name}.reshape(-1)", (size,)), (f"head({name})", (1, *shape[1:]))]
        options += [(f"{name}.ravel()", (size,)), (f"np.flip({name}, 0)", shape)]
        options += [(f"np.split({name}, [1])[0]", (1, *shape[1:]))]
        options += [(f"np.asarray({name})", shape), (f"{name}[None][0]", shape)]
        options += [(f"sloped({name}, s)", shape)] if len(shape) == 1 else []
        options += [(f"{name}.astype(np.float64, copy=False)", shape)]
        options += [(f"Box({name}).push(s)", shape)] if len(shape) == 1 else []
        if size % 2 == 0:
            options.append((f"{name}.reshape(2, {size // 2})", (2, size // 2)))
        return self.one_of(*options)

    # -- statements --

    def block(self, scope: dict[str, Shape], depth: int, size: int, index: str | None) -> None:
        for _ in range(size):
            self.statement(scope, depth, index)

    def statement(self, scope: dict[str, Shape], depth: int, index: str | None) -> None:
        kinds = [
            "new",
            "view",
            "item",
            "slice",
            "slice",
            "augment",
            "augment",
            "swap",
            "chosen",
            "call",
            "function",
            "kept",
            "attempt",
        ]
        if depth < 3:
            kinds += ["for", "rows", "if", "between"]
        kind = self.one_of(*kinds)
        name = self.one_of(*scope)
        shape = scope[name]
        getattr(self, f"{kind}_statement")(scope, depth, index, name, shape)

    def new_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        if self.one_of(False, True):  # an old name for a new array
            self.write(depth, f"{name} = {name} * {self.value(scope, shape, index)}")
            return
        made = self.fresh()
        text = self.one_of(
            f"np.zeros({shape})", f"{name}.copy()", f"{name} * 1.0", f"np.sin({name})"
        )
        self.write(depth, f"{made} = {text}")
        scope[made] = shape

    def view_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        text, found = self.view(scope, index)
        same = [n for n, other in scope.items() if other == found]
        made = self.one_of(*same) if same and self.one_of(False, False, True) else self.fresh()
        self.write(depth, f"{made} = {text}")
        scope[made] = found

    def item_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        items = ", ".join(index if index and n > 1 else str(self.one_of(0, n - 1)) for n in shape)
        operator = self.one_of("=", "=", "+=", "-=", "*=")
        self.write(depth, f"{name}[{items}] {operator} np.cos({self.scalar(scope, index)})")

    def between_statement(
        self, scope: Any, depth: int, index: Any, name: str, shape: Shape
    ) -> None:
        """An item or a part that is read, and written back when other statements have run."""
        items = ", ".join(str(self.one_of(0, n - 1)) for n in shape)
        text, copied = self.one_of(
            (items, ""), (items, ""), (self.window(shape, index)[0], " * 1.0")
        )
        made = self.fresh()
        self.write(depth, f"{made} = {name}[{text}]{copied}")
        if self.one_of(False, True):  # into the same place, on one path
            self.write(depth, f"if {self.scalar(scope, index)} > 0.2:")
            self.write(
                depth + 1, f"{name}[{text}] {self.one_of('=', '*=')} {self.scalar(scope, index)}"
            )
        else:
            self.block(dict(scope), depth, self.one_of(1, 2), index)
        back = self.one_of(made, f"{made} + 0.3", f"{made} * s", f"0.5 * {made}")
        self.write(depth, f"{name}[{text}] {self.one_of('=', '=', '+=')} {back}")

    def slice_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        text, found = self.window(shape, index)
        operator = self.one_of("=", "+=", "-=", "*=")
        self.write(depth, f"{name}[{text}] {operator} {self.value(scope, found, index)}")

    def augment_statement(
        self, scope: Any, depth: int, index: Any, name: str, shape: Shape
    ) -> None:
        operator = self.one_of("+=", "-=", "*=", "/=")
        value = self.value(scope, shape, index)
        value = f"(2 + np.sin({value}))" if operator == "/=" else value
        self.write(depth, f"{name} {operator} {value}")

    def swap_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        other = self.one_of(*[n for n in scope if scope[n] == shape])
        first, last = f"{name}[0]", f"{other}[-1]"
        a, b = self.one_of((first, last), (name, other))
        self.write(depth, f"{a}, {b} = {b}, {a}")

    def chosen_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        operator = self.one_of("=", "+=", "*=")
        mask = f"np.arange({shape[0]}) % 2 == 0"
        where = self.one_of("[0, -1, 0]", "np.array([0, 0])", mask)
        self.write(depth, f"{name}[{where}] {operator} np.sin({self.scalar(scope, index)})")

    def call_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        scalar = self.scalar(scope, index)
        text, _ = self.window(shape, index)
        self.write(
            depth,
            self.one_of(
                f"scale({name}, {scalar})",
                f"scale({name}[{text}], {scalar})",
                f"shift({name}, 0, {scalar})",
                f"shift({name}, -1)",
                f"mixed({name}, {self.one_of(*[n for n in scope if scope[n] == shape])}, {scalar})",
                f"mixed({name}, {name}, {scalar})",
                f"halved({name}, 2)" if len(shape) == 1 else f"scale({name}, {scalar})",
            ),
        )

    def function_statement(
        self, scope: Any, depth: int, index: Any, name: str, shape: Shape
    ) -> None:
        """NumPy's functions that write into an array that they are given."""
        value, scalar = self.value(scope, shape, index), self.scalar(scope, index)
        where = f"np.indices({shape}).sum(axis=0) % 2 == 0"
        options = [
            f"np.multiply({name}, {value}, out={name})",
            f"np.sin({name}, out={name})",
            f"np.add({value}, {scalar}, out={name}, where={where})",
            f"np.copyto({name}, {value})",
            f"np.copyto({name}, np.sin({scalar}), where={where})",
            f"np.putmask({name}, {where}, np.sin({scalar}))",
            f"np.put({name}, [0, -1, 0], np.cos({scalar}))",
            f"{name}.fill(np.sin({scalar}))",
            f"{name}.flat[0] = np.cos({scalar})",
            f"{name}[...] = {value}",
            f"np.add.at({name}, ([0, 0, -1],), np.sin({scalar}))",
        ]
        if len(shape) == 2:
            options.append(f"np.fill_diagonal({name}, np.sin({scalar}))")
        if self.one_of(False, False, False, True):
            made = self.fresh()
            self.write(depth, f"{made} = {name}.astype(np.float32).astype(np.float64)")
            scope[made] = shape
        self.write(depth, self.one_of(*options))

    def kept_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        """An array that is kept in a list, a dict or an object, and written to from there."""
        made, value = self.fresh(), self.value(scope, shape, index)
        other = self.one_of(*scope)
        keep, back = self.one_of(
            (f"[{name}, {other}]", "[0]"),
            (f"{{'k': {name}, 0: {other}}}", "['k']"),
            (f"Box({name})", ".v"),
            (f"({other}, [{name}])", "[1][0]"),
        )
        self.write(depth, f"{made} = {keep}")
        text = self.one_of(
            f"{made}{back}[0] = np.sin({self.scalar(scope, index)})",
            f"{made}{back}[...] = {value}",
            f"{made}{back} *= 0.5" if "(" not in keep[:1] else f"{made}{back}[:] *= 0.5",
            f"scale({made}{back}, s)",
        )
        self.write(depth, text)
        if self.one_of(False, True):
            again = self.fresh()
            self.write(depth, f"{again} = {made}{back}")
            scope[again] = shape

    def attempt_statement(
        self, scope: Any, depth: int, index: Any, name: str, shape: Shape
    ) -> None:
        scalar = self.scalar(scope, index)
        self.write(depth, "try:")
        self.write(depth + 1, f"{name}[0] = np.sin({scalar})")
        if self.one_of(False, True):
            self.write(depth + 1, f"{name}[{self.one_of(0, 99)}] *= np.cos({scalar})")
        self.write(depth, "except IndexError:")
        self.write(depth + 1, f"{name}[-1] += 0.5 * np.sin({scalar})")

    def for_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        i = f"i{depth}"
        self.write(depth, f"for {i} in range(2):")
        self.block(dict(scope), depth + 1, self.one_of(1, 2, 3), i)
        self.leave(scope, depth, i)

    def rows_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        if len(shape) == 2:
            row = self.fresh()
            self.write(depth, f"for {row} in {name}:")
            self.block({**scope, row: shape[1:]}, depth + 1, self.one_of(1, 2), index)
        else:
            self.slice_statement(scope, depth, index, name, shape)

    def leave(self, scope: Any, depth: int, index: str) -> None:
        if self.one_of(False, False, True):
            self.write(depth + 1, f"if np.mean({self.one_of(*scope)}) > 0.1:")
            self.write(depth + 2, self.one_of("break", "continue"))
            name = self.one_of(*scope)
            self.write(depth + 1, f"{name}[0] = np.sin({self.scalar(scope, index)})")

    def if_statement(self, scope: Any, depth: int, index: Any, name: str, shape: Shape) -> None:
        self.write(depth, f"if {self.scalar(scope, index)} > 0.2:")
        self.block(dict(scope), depth + 1, self.one_of(1, 2), index)
        if self.one_of(False, True):
            self.write(depth, "else:")
            self.block(dict(scope), depth + 1, self.one_of(1, 2), index)

    # -- the program --

    def module(self) -> tuple[str, tuple[Any, ...]]:
        rng = np.random.default_rng(self.draw(st.integers(0, 1000)))
        scope: dict[str, Shape] = {"a": (4,), "B": (2, 3), "c": (3,)}
        if self.one_of(False, True):  # otherwise the arguments themselves are written to
            for name in scope:
                self.write(1, f"{name} = {name} * 1.0")
        self.block(scope, 1, self.draw(st.integers(2, 7)), None)
        total = " + ".join(f"np.sum(np.sin({name} + {i}))" for i, name in enumerate(scope))
        self.write(1, f"return {total}")
        source = HEADER + "def program(a, B, c, s):\n" + "\n".join(self.lines) + "\n"
        shapes = (4,), (2, 3), (3,)
        arguments = [rng.uniform(-1.5, 1.5, shape) for shape in shapes]
        return source, (*arguments, float(rng.uniform(-1, 1)))


@st.composite
def programs(draw: Callable[[st.SearchStrategy], Any]) -> RandomProgram:
    """Random programs whose finite differences can be relied on."""
    source, arguments = WritesWriter(draw).module()
    program = RandomProgram(source, arguments)
    program.differences = reference(source, arguments)
    assume(program.differences is not None)
    return program
