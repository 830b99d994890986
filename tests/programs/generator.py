"""Random programs as source text: well typed by construction, terminating, deterministic.

`programs()` is a hypothesis strategy of `RandomProgram`s, which know their reference gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.programs.differences import Differences, differentiate
from tests.programs.random_statements import ProgramWriter
from tests.programs.sources import load_source


@dataclass
class RandomProgram:
    source: str
    arguments: tuple[Any, ...]
    constructs: frozenset[str] = frozenset()
    differences: Differences | None = None
    """the reference gradient"""

    def load(self) -> Callable[..., Any]:
        """The function `program` of the source."""
        return load_source(self.source, "program")

    def __repr__(self) -> str:
        return f"arguments: {self.arguments!r}\n{self.source}"


@st.composite
def programs(draw: Callable[[st.SearchStrategy], Any], checked: bool = True) -> RandomProgram:
    """Random programs; with `checked` only those whose finite differences can be relied on."""
    writer = ProgramWriter(draw)
    source, arguments = writer.module()
    program = RandomProgram(source, arguments, frozenset(writer.constructs))
    if checked:
        program.differences = reference(source, arguments)
        assume(program.differences is not None)
    return program


def reference(source: str, arguments: tuple[Any, ...]) -> Differences | None:
    """The gradient by finite differences; None where two sizes of steps disagree, at a kink."""
    function = RandomProgram(source, arguments).load()
    coarse = differentiate(function, arguments)
    if not coarse.reliable():
        return None
    fine = differentiate(function, arguments, step=2e-3)
    return fine if fine.reliable() and fine.agrees(coarse) else None
