"""What is known of an operand beyond its value, while a function is lowered."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from adjoint.ir.nodes import Operand


@dataclass(frozen=True)
class Hold:
    """A value may contain a closure that captured variable `name` when it was `operand`.

    `operand` is None when the variable has been assigned again since. A `strong` hold is a closure
    or a container of it; a weak one the result of a call that a closure was passed to.
    """

    name: str
    operand: Operand | None
    strong: bool


@dataclass
class Container:
    """A list or dict made in this function; `shared` once something else may refer to it."""

    shared: bool = False


@dataclass(frozen=True)
class Attempt:
    """A body that an exception may have left early."""

    key: Hashable
    line: int
    keyword: str = "try"


@dataclass(frozen=True)
class Fact:
    """What is known of an operand beyond its value."""

    unbound: bool = False  # may be UNDEFINED
    interrupted: Attempt | None = None  # assigned in this body, which may have been left early
    container: Container | None = None
    holds: frozenset[Hold] = frozenset()


NOTHING = Fact()


def join_facts(a: Fact, b: Fact, a_undefined: bool = False, b_undefined: bool = False) -> Fact:
    """What is known of an operand that is one of two; an undefined one contains nothing."""
    if a_undefined or b_undefined:
        container = b.container if a_undefined else a.container
    elif a.container is None or b.container is None:
        container = None
    elif a.container is b.container:
        container = a.container
    else:
        container = Container(a.container.shared or b.container.shared)
    return Fact(
        a.unbound or b.unbound, a.interrupted or b.interrupted, container, a.holds | b.holds
    )
