"""The error family. Every error says what is wrong, where (file, line, caret) and what to do."""

from __future__ import annotations

import linecache
from typing import Any


class AdjointError(Exception):
    """Base of all errors that adjoint raises itself.

    `origin` has filename, line (from 1), column and end_column (from 0); the message then shows the
    user's line with a caret under the offending text.
    """

    def __init__(self, message: str, origin: Any = None, hint: str = "") -> None:
        self.message, self.origin, self.hint = message, origin, hint
        super().__init__(render(message, origin, hint))


class UnsupportedSyntaxError(AdjointError):
    """A construct that is not differentiated; says how to rewrite it."""


class MissingRuleError(AdjointError):
    """A callable on an active path that has neither a rule nor Python source."""


class SourceUnavailableError(AdjointError):
    """A function whose source cannot be read, or no longer is what was imported."""


class NonScalarOutputError(AdjointError):
    """`gradient` of a function whose value is not one real number."""


class GradientMismatch(AdjointError, AssertionError):
    """A derivative differs from its finite difference."""


class NonFiniteError(AdjointError, ArithmeticError):
    """A value or a cotangent became NaN or infinite."""


class VerificationError(AdjointError):
    """The intermediate representation breaks one of its own rules: a bug in adjoint."""


def called_from(origin: Any) -> list[str]:
    """The calls that led to a line of a function that was inlined, innermost first."""
    lines = []
    while (origin := origin.caller) is not None:
        where = f'  called from: File "{origin.filename}", line {origin.line}'
        lines.append(where + (f", in {origin.function}" if origin.function else ""))
        text = linecache.getline(origin.filename, origin.line).strip()
        lines += [f"    {text}"] if text else []
    return lines


def render(message: str, origin: Any = None, hint: str = "") -> str:
    """The message, the user's line with a caret, and the hint."""
    parts = [message]
    if origin is not None:
        where = f'  File "{origin.filename}", line {origin.line}'
        parts.append(where + (f", in {origin.function}" if origin.function else ""))
        text = linecache.getline(origin.filename, origin.line).rstrip("\n")
        if text.strip():
            indent = len(text) - len(text.lstrip())
            end = origin.end_column if origin.end_line in (0, origin.line) else len(text)
            # Columns count UTF-8 bytes; carets count characters.
            raw = text.encode()
            start = len(raw[: origin.column].decode(errors="replace"))
            end = len(raw[:end].decode(errors="replace"))
            parts.append("    " + text.strip())
            parts.append("    " + " " * max(start - indent, 0) + "^" * max(end - start, 1))
        parts += called_from(origin)
    if hint:
        parts.append(hint)
    return "\n".join(parts)
