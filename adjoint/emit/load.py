"""Emitted source -> a function; a debugger can show it, and its errors name the user's line."""

from __future__ import annotations

import builtins
import itertools
import linecache
import types
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from adjoint.emit.source import Emitted, NestedFunction
from adjoint.errors import called_from

_numbers = itertools.count(1)


class Loaded(NamedTuple):
    """The function, and for each generated closure inside it, by its code, where it comes from."""

    function: Callable[..., Any]
    closures: dict[types.CodeType, NestedFunction]
    emitted: Emitted


class Text:
    """The lines of a generated file. It lives in the globals of its functions, as long as any does."""

    def __init__(self, filename: str, lines: list[str]) -> None:
        self.filename = filename
        self.lines = lines
        self.register()
        weakref.finalize(self, linecache.cache.pop, filename, None).atexit = False

    def register(self) -> None:
        """Give the lines to `linecache`, which shows them in tracebacks and debuggers."""
        # With no modification time `linecache.checkcache` leaves the entry alone.
        size = sum(map(len, self.lines))
        linecache.cache[self.filename] = (size, None, self.lines, self.filename)


def load(emitted: Emitted) -> Loaded:
    """Compile and execute the source. Tracebacks show its lines as long as the function lives."""
    emitted.filename = f"<adjoint {emitted.name} {next(_numbers)}>"
    lines = emitted.text.splitlines(keepends=True)
    text = Text(emitted.filename, lines)
    with warnings.catch_warnings():  # of a branch that is never taken, say, as in `3[0]`
        warnings.simplefilter("ignore", SyntaxWarning)
        code = compile(emitted.text, emitted.filename, "exec", dont_inherit=True)
    namespace = {**emitted.namespace, "__builtins__": builtins, "__name__": emitted.filename}
    exec(code, namespace)
    function = namespace[emitted.name]
    namespace["__text__"] = text
    by_line = {nested.line: nested for nested in emitted.nested}
    closures = {
        c: by_line[c.co_firstlineno]
        for c in _codes(function.__code__)
        if c.co_firstlineno in by_line
    }
    return Loaded(function, closures, emitted)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code objects nested in one, at any depth."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


def origin_of(exception: BaseException, emitted: Emitted) -> Any:
    """The user's line for the innermost place of this generated code in a traceback."""
    origin = None
    step = exception.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == emitted.filename:
            origin = origin_at(step, emitted) or origin
        step = step.tb_next
    return origin


def origin_at(step: types.TracebackType, emitted: Emitted) -> Any:
    """The origin of the innermost expression around the instruction that raised, or of its line."""
    positions = itertools.islice(step.tb_frame.f_code.co_positions(), step.tb_lasti // 2, None)
    line, end_line, column, end_column = next(positions, (None,) * 4)
    if None not in (line, end_line, column, end_column):
        start, end = (line, column), (end_line, end_column - 1)  # type: ignore[operator]
        spans = [s for s in emitted.spans if s[2].filename]
        around = [s for s in spans if s[0] <= start and end <= s[1]]
        if around:
            return max(around, key=lambda s: (s[0], (-s[1][0], -s[1][1])))[2]
    return emitted.line_map.get(step.tb_lineno)


def annotate(exception: BaseException, emitted: Emitted) -> None:
    """Add a note that names the user's line, if the exception passed through this code."""
    origin = origin_of(exception, emitted)
    if origin is None:
        return
    where = f'In the derivative of: File "{origin.filename}", line {origin.line}'
    note = where + (f", in {origin.function}" if origin.function else "")
    source = linecache.getline(origin.filename, origin.line).strip()
    note += f"\n    {source}" if source else ""
    note = "\n".join([note, *called_from(origin)])
    if note not in getattr(exception, "__notes__", ()):
        exception.add_note(note)
