"""Does a compilation serve a call? The question as a generated function, a line per fact.

For the gradient of `lambda W: loss(W, x)` at a matrix, with `loss` a global and `x` captured:

    def match(callee, args, keywords):
        try:
            if type(callee) is not function or callee.__code__ is not code …: return None
            x_cell, = callee.__closure__
            x = x_cell.cell_contents
            if type(x) is not ndarray or x.dtype is not float64 …: return None
            W, = args
            …
            if global_values() is None: return None
        except absent:
            return None
        return x, W

It tells whether `type_of` gives for each input the type that the compilation was made for, and
whether what the compilation relied on still is as it was, and returns the inputs of the generated
function. This is what every call pays for, so the code has neither calls nor loops where the types
are simple; where they are not, it asks `type_of`.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.compiler import Compiled, Request
from adjoint.ir.coarse import coarse_type_of
from adjoint.ir.types import (
    Array,
    DictOf,
    FunctionOf,
    Identity,
    Instance,
    ListOf,
    Literal,
    Opaque,
    Scalar,
    TupleOf,
    Type,
)
from adjoint.ir.values import PLURAL, SCALARS, has_slots, type_of

Match = Callable[[Any, tuple, dict], "tuple | None"]
SELF = Literal("self", None)
ABSENT = (ValueError, AttributeError, KeyError, NameError, TypeError)
#: A value with more parts is not worth so much code.
MANY = 300


def matcher(request: Request, compiled: Compiled) -> Match:
    """The function `(callee, args, keywords) -> inputs or None` for one compilation."""
    check = _Writer(type_of if request.sharing is None else coarse_type_of)
    check.expect("callee", request.callee)
    captured = [check.capture(request.callee, name) for name in compiled.captures]
    arguments = check.unpack("args", len(request.arguments))
    for name, kind in zip(arguments, request.arguments, strict=True):
        check.expect(name, kind)
    named = check.unpack_dict("keywords", [key for key, _ in request.keywords])
    for name, (_, kind) in zip(named, request.keywords, strict=True):
        check.expect(name, kind)
    roots = check.surroundings(compiled)
    before = ["callee"] * compiled.takes_callee + captured
    after = named + roots
    if before or after:
        return check.function("".join(f"{name}, " for name in [*before, *arguments, *after]))
    return check.function("args")


class _Writer:
    """The lines of a match function and the objects that they name."""

    def __init__(self, kind_of: Callable[[Any], Type]) -> None:
        self.kind_of = kind_of
        self.lines: list[str] = []
        self.constants: dict[int, tuple[str, Any]] = {}
        self.captured: dict[str, str] = {}
        self.count = 0

    def function(self, result: str) -> Match:
        absent = self.constant(ABSENT)
        names, values = zip(*self.constants.values(), strict=True)
        lines = [
            f"def make({', '.join(names)}):",
            "    def match(callee, args, keywords):",
            "        try:",
            *("            " + line for line in self.lines),
            f"        except {absent}:",
            "            return None",
            f"        return {result}",
            "    return match",
        ]
        return made("\n".join(lines), values, {})

    def fresh(self) -> str:
        self.count += 1
        return f"value_{self.count}"

    def constant(self, value: Any) -> str:
        """The name by which the function knows an object."""
        if id(value) not in self.constants:
            self.constants[id(value)] = f"known_{len(self.constants)}", value
        return self.constants[id(value)][0]

    def refuse(self, *conditions: str) -> None:
        self.lines.append(f"if {' or '.join(conditions)}: return None")

    def bind(self, expression: str) -> str:
        name = self.fresh()
        self.lines.append(f"{name} = {expression}")
        return name

    def unpack(self, expression: str, count: int) -> list[str]:
        names = [self.fresh() for _ in range(count)]
        if names:
            self.lines.append(f"{''.join(f'{name}, ' for name in names)}= {expression}")
        else:
            self.refuse(expression)
        return names

    def unpack_dict(self, expression: str, keys: list[Any]) -> list[str]:
        """The values of a dict that has to have these keys, in this order."""
        if not keys:
            return self.unpack(expression, 0)
        self.refuse(f"[*{expression}] != {self.constant(keys)}")
        return self.unpack(f"{expression}.values()", len(keys))

    # -- values of a type ------------------------------------------------------------------------

    def expect(self, name: str, kind: Type) -> None:
        """Refuse a value of another type."""
        if is_plain(kind, own=kind) and size(kind) <= MANY:
            self.plain(name, kind)
        else:
            asked, wanted = self.constant(self.kind_of), self.constant(kind)
            self.refuse(f"{asked}({name}) != {wanted}")

    def plain(self, name: str, kind: Type) -> None:
        if isinstance(kind, Literal):
            self.literal(name, kind)
            return
        cls = class_of(kind)
        wrong_class = f"{self.constant(type)}({name}) is not {self.constant(cls)}"
        if isinstance(kind, Array):
            self.array(name, kind, wrong_class)
        elif isinstance(kind, FunctionOf):
            self.python_function(name, kind, wrong_class)
        else:
            self.refuse(wrong_class)
        if isinstance(kind, ListOf) and kind.items is None:
            self.refuse(f"not {name}")
            item, outer = self.fresh(), self.lines
            self.lines = []
            self.plain(item, kind.element)
            self.lines = [*outer, f"for {item} in {name}:", *("    " + x for x in self.lines)]
        elif isinstance(kind, TupleOf | ListOf):
            self.parts(self.unpack(name, len(kind.items or ())), list(kind.items or ()))
        elif isinstance(kind, DictOf):
            self.parts(
                self.unpack_dict(name, [k for k, _ in kind.items]), [t for _, t in kind.items]
            )
        elif isinstance(kind, Instance):
            keys = [k for k, _ in kind.fields]
            if cls in BY_NAME:
                names = [self.bind(f"{name}.{key}") for key in keys]
            else:
                names = self.unpack_dict(self.bind(f"{name}.__dict__"), keys)
            self.parts(names, [t for _, t in kind.fields])

    def parts(self, names: list[str], kinds: list[Type]) -> None:
        for name, kind in zip(names, kinds, strict=True):
            self.plain(name, kind)

    def literal(self, name: str, kind: Literal) -> None:
        wrong = f"{name} is not {self.constant(kind.value)}"
        if type(kind.value) in (str, bytes):
            cls = self.constant(type(kind.value))
            wrong = (
                f"{wrong} and ({self.constant(type)}({name}) is not {cls} "
                f"or {name} != {self.constant(kind.value)})"
            )
        self.refuse(wrong)

    def array(self, name: str, kind: Array, wrong_class: str) -> None:
        dtype = self.constant(kind.dtype)
        wrong_dtype = f"{name}.dtype is not {dtype} and {name}.dtype != {dtype}"
        self.refuse(wrong_class, wrong_dtype)
        lengths = self.unpack(f"{name}.shape", kind.ndim)
        if lengths:
            self.refuse(
                *[
                    f"{length} {'!=' if axis == 1 else '=='} 1"
                    for length, axis in zip(lengths, kind.axes, strict=True)
                ]
            )

    def python_function(self, name: str, kind: FunctionOf, wrong_class: str) -> None:
        code = kind.code.value
        self.refuse(
            wrong_class,
            f"{name}.__code__ is not {self.constant(code)}",
            f"{name}.__globals__ is not {self.constant(kind.globals.value)}",
        )
        positional = code.co_varnames[: code.co_argcount]
        defaults = [(n, t) for n, t in kind.defaults if n in positional]
        keyword_defaults = kind.defaults[len(defaults) :]
        self.parts(self.unpack(f"{name}.__defaults__", len(defaults)), [t for _, t in defaults])
        self.parts(
            self.unpack_dict(f"{name}.__kwdefaults__", [n for n, _ in keyword_defaults]),
            [t for _, t in keyword_defaults],
        )
        if kind.captures:
            cells = self.unpack(f"{name}.__closure__", len(kind.captures))
            for cell, (own, inner) in zip(cells, kind.captures, strict=True):
                content = self.bind(f"{cell}.cell_contents")
                if name == "callee":
                    self.captured[own] = content
                if inner == SELF:
                    self.refuse(f"{content} is not {name}")
                else:
                    self.plain(content, inner)

    def capture(self, kind: Type, name: str) -> str:
        """The value that the callee captured under a name."""
        if name not in self.captured:
            index = kind.code.value.co_freevars.index(name)  # type: ignore[attr-defined]
            self.captured[name] = self.bind(f"callee.__closure__[{index}].cell_contents")
        return self.captured[name]

    # -- what the program reads of its surroundings ------------------------------------------------

    def surroundings(self, compiled: Compiled) -> list[str]:
        """Refuse if a guarded thing is another object; the names of the roots' values."""
        spaces: dict[int, tuple[dict, list, list]] = {}
        for root, value in compiled.guards.items():
            if root.kind == "global":
                owner = root.owner.value
                spaces.setdefault(id(owner), (owner, [], []))[1].append((root.name, value))
            elif root.kind not in THEMSELVES:
                self.refuse(f"{self.reading(root)} is not {self.constant(value)}")
        for root in compiled.roots:
            if root.kind == "global":
                owner = root.owner.value
                spaces.setdefault(id(owner), (owner, [], []))[2].append(root.name)
        globals_of: dict[tuple[int, str], str] = {}
        for owner, guarded, read in spaces.values():
            values = self.bind(f"{self.constant(global_values(owner, guarded, read))}()")
            self.refuse(f"{values} is None")
            if read:
                names = self.unpack(values, len(read))
                globals_of |= {(id(owner), n): name for n, name in zip(read, names, strict=True)}
        found = []
        for root in compiled.roots:
            name = globals_of.get((id(root.owner.value), root.name))
            if root.kind != "global" or name is None:
                name = self.bind(self.reading(root))
            if root.kind != "namespace":  # what is in it is read when it is needed
                self.expect(name, self.kind_of(root.read()))
            found.append(name)
        return found

    def reading(self, root: Any) -> str:
        owner = self.constant(root.owner.value)
        if root.kind in THEMSELVES:
            return owner
        if root.kind == "capture":
            return f"{owner}.cell_contents"
        return f"{self.constant(getattr)}({owner}, {root.name!r})"


#: Roots that are what they are found at.
THEMSELVES = ("constant", "namespace")
BY_NAME = (types.MethodType, functools.partial, types.CellType)


def class_of(kind: Type) -> type:
    if isinstance(kind, Array):
        return np.ndarray
    if isinstance(kind, ListOf):
        return list
    if isinstance(kind, DictOf):
        return dict
    return types.FunctionType if isinstance(kind, FunctionOf) else kind.cls  # type: ignore[attr-defined]


def parts_of(kind: Type) -> list[Type]:
    if isinstance(kind, TupleOf | ListOf):
        return [kind.element] if kind.items is None else list(kind.items)
    if isinstance(kind, DictOf):
        return [t for _, t in kind.items]
    if isinstance(kind, Instance):
        return [t for _, t in kind.fields]
    if isinstance(kind, FunctionOf):
        return [t for _, t in kind.captures + kind.defaults]
    return []


def size(kind: Type) -> int:
    return 1 + sum(map(size, parts_of(kind)))


def is_plain(kind: Type, own: Type | None = None) -> bool:
    """Is this the type of exactly those values whose parts are of the parts' types?

    Not if it tells of a value that contains itself (but for the function `own`, which may capture
    itself), or of a list by what its items have in common.
    """
    if isinstance(kind, Scalar):
        return kind.cls in SCALARS
    if isinstance(kind, Array):
        return all(axis == 1 or axis is PLURAL for axis in kind.axes)
    if isinstance(kind, Literal):
        constant = kind.value is None or type(kind.value) in (bool, str, bytes)
        return kind != SELF and (constant or isinstance(kind.key, Identity))
    if isinstance(kind, Opaque):
        return not issubclass(
            kind.cls, set | frozenset | np.ndarray
        )  # of which items or dtype tell
    if isinstance(kind, ListOf) and kind.items is None:
        return isinstance(kind.element, Scalar | Array) and is_plain(kind.element)
    if isinstance(kind, Instance) and kind.cls not in BY_NAME and has_slots(kind.cls):
        return False
    if isinstance(kind, FunctionOf):
        return all(is_plain(t) or kind is own and t == SELF for _, t in kind.captures) and all(
            is_plain(t) for _, t in kind.defaults
        )
    return isinstance(kind, TupleOf | ListOf | DictOf | Instance) and all(
        map(is_plain, parts_of(kind))
    )


def global_values(
    namespace: dict, guarded: list[tuple[str, Any]], read: list[str]
) -> Callable[[], tuple | None]:
    """A function that reads globals; None if one of the guarded is another object than it was.

    It runs in the namespace itself: nothing reads a global faster, and a name that the namespace
    does not have is a builtin for it as for the user's code.
    """
    taken = {name for name, _ in guarded} | set(read)
    before = []
    for name, _ in guarded:
        own = f"{name}_before"
        while own in taken:
            own += "_"
        taken.add(own)
        before.append(own)
    tests = [f"{n} is {own}" for (n, _), own in zip(guarded, before, strict=True)]
    values = "".join(f"{name}, " for name in read)
    text = f"""
def make({", ".join(before)}):
    return lambda: ({values}) if {" and ".join(tests) or True} else None
"""
    return made(text, [value for _, value in guarded], namespace)


def made(text: str, values: Sequence[Any], namespace: dict) -> Any:
    """Run the text's `make(*values)`, with `namespace` for the globals, which are not written to."""
    scratch: dict[str, Any] = {}
    exec(compile(text, "<adjoint match>", "exec", dont_inherit=True), scratch)
    return types.FunctionType(scratch["make"].__code__, namespace)(*values)
