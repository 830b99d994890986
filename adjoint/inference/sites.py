"""Where inference stands in a program, and what the program reads from outside."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from adjoint.ir.nodes import Operand, Origin, Splat, Statement, Value
from adjoint.ir.options import Sharing
from adjoint.ir.types import Identity, Type
from adjoint.runtime import consult, share

#: The name of what stands for all variables of a module, in a function that assigns some.
NAMESPACE = "__globals__"

Arguments = list[Operand | Splat]
Keywords = list[tuple[str | None, Operand]]


@dataclass(frozen=True)
class Root:
    """Something outside the arguments that the program reads, once, when a call begins.

    kind is "global" (owner: a module's namespace), "capture" (owner: a cell) or "attribute"
    (owner: a module or class), or "constant", "namespace" (owner: the thing itself, a module's variables).
    """

    kind: str
    owner: Identity
    name: str

    def read(self) -> Any:
        owner = self.owner.value
        if self.kind == "global":
            return owner[self.name] if self.name in owner else getattr(builtins, self.name)
        if self.kind in ("constant", "namespace"):
            return owner
        return owner.cell_contents if self.kind == "capture" else getattr(owner, self.name)


@dataclass(frozen=True)
class Site:
    """The statement being worked on: what its result is called, and where it stands."""

    origin: Origin | None = None
    name: str = ""
    named: bool = False


@dataclass(eq=False)
class Late:
    """An iterator or view, in Python; here `statements` take its items when it is made."""

    value: Value
    statements: list[Statement]
    name: str
    origin: Origin | None
    watched: bool = False  # loops over it see what changes while they run
    attempted: bool = False  # in a `try` body


class Drained(NamedTuple):
    """An iterator of which Python would take the items later, one by one; here `statements` take all."""

    value: Value
    statements: list[Statement]
    name: str
    origin: Origin | None


class Span(NamedTuple):
    """The statements of an inlined call of a function that calls itself, and what it was given."""

    code: Any
    statements: list[Statement]
    given: list[Value]


@dataclass(eq=False)
class Uncached:
    """A call of a function that keeps its results; here it is called anew, by `statements`."""

    result: Operand
    kind: Type
    statements: list[Statement]
    origin: Origin | None


@dataclass
class Shared:
    """What functions that are called when the program runs may do to what the program sees.

    how      None: they change nothing, and read nothing that the program changes but what they are
             given; `consult`: they may read the contents of global variables; `share`: they may
             change things. Then each such call is a call of that.
    inside   the program itself is called by another in this way
    general  the code of functions that call themselves and write: arguments that are constants are not
             taken for such, so that all that these functions may write is seen
    """

    how: Callable[..., Any] | None = None
    inside: bool = False
    general: set[Any] = field(default_factory=set)

    @classmethod
    def given(cls, sharing: Sharing | None) -> Shared:
        """As a program begins: known, if a caller says so, or to be learned."""
        if sharing is None:
            return cls()
        return cls(share if sharing.writes else consult, True)


class Restart(Exception):
    """A container that was taken for constant is changed: inference begins again, knowing that."""


class ReadError(Exception):
    """A global or captured variable has no value: Python's own NameError follows when it runs."""
