"""How a line of code that is too long is broken inside its brackets.

    total = combine(first_argument, second_argument, third_argument)

becomes, if it has to,

    total = combine(
        first_argument, second_argument,
        third_argument
    )
"""

from __future__ import annotations

import io
import re
import token
import tokenize
from dataclasses import dataclass

LIMIT = 100
COMMENT_COLUMN = 61  # where trailing comments begin, unless the code is longer

_OPEN, _CLOSE = "([{", ")]}"
_BINARY = {"+", "-", "*", "/", "//", "%", "@", "**", "|", "&", "^", "<<", ">>", "and", "or", "if"}
_ENDS_OPERAND = (token.NAME, token.NUMBER, token.STRING)
_VALUE_FOLLOWS = re.compile(r" *(return|[\w.]+(, [\w.]+)* [-+*/@%&|^]?=) ")
_TARGETS = re.compile(r"( *for )(\w+(?:, \w+)+) in")
_FSTRING_START = getattr(token, "FSTRING_START", -1)
_FSTRING_END = getattr(token, "FSTRING_END", -1)


@dataclass
class _Break:
    """A column where a line may be broken, the bracket depth of what follows, and the token there."""

    column: int
    depth: int
    text: str


def wrap(code: str) -> list[str]:
    """One line of code as lines of at most `LIMIT` columns, as far as its brackets allow."""
    if len(code) <= LIMIT:
        return [code]
    indent = len(code) - len(code.lstrip(" "))
    bracketed = _bracketed(code)
    between = [b for b in _breaks(bracketed.strip(), indent) if b.depth == 1 and b.text in _BINARY]
    header = _TARGETS.match(code)
    if bracketed != code and (
        between or header
    ):  # a break between operands, or targets, reads best
        return _fill(bracketed, indent)
    lines = _fill(code, indent)
    return lines if len(lines) > 1 else _fill(bracketed, indent)


def places(code: str, lines: list[str], first: int) -> list[tuple[int, int]]:
    """For each character of a line of code where it went: the line, and the column in UTF-8 bytes.

    The lines are of the same text, but for blanks and a pair of brackets.
    """
    printed = [
        (character, (first + i, len(line[:column].encode())))
        for i, line in enumerate(lines)
        for column, character in enumerate(line)
        if character != " "
    ]
    out: list[tuple[int, int]] = []
    at = 0
    for character in code:
        if character not in " \n":
            while at < len(printed) - 1 and printed[at][0] != character:
                at += 1
            out.append(printed[at][1])
            at = min(at + 1, len(printed) - 1)
        else:
            out.append(printed[at][1])
    return out


def _bracketed(code: str) -> str:
    """The right-hand side of an assignment or a `return`, or the targets of a loop, in parentheses."""
    targets = _TARGETS.match(code)
    if targets:
        return f"{targets[1]}({targets[2]}) in{code[targets.end() :]}"
    head = _VALUE_FOLLOWS.match(code)
    return f"{head[0]}({code[head.end() :]})" if head else code


def _fill(code: str, indent: int) -> list[str]:
    """Take the outermost, then the furthest break that fits, again and again."""
    breaks = _breaks(code.strip(), indent)
    lines: list[str] = []
    start, depth = indent, 0
    while breaks:
        margin = indent + 4 * depth
        if margin + len(code) - start <= LIMIT:
            break
        fitting = [
            b
            for b in breaks
            if b.column > start
            and margin + b.column - start <= LIMIT
            and (b.text not in _CLOSE or b.depth < depth)  # with the bracket that it closes
        ]
        ahead = [b for b in breaks if b.column > start]
        if not ahead:
            break
        chosen = min(fitting, key=lambda b: (b.depth, -b.column)) if fitting else ahead[0]
        lines.append(" " * margin + code[start : chosen.column].rstrip())
        start, depth = chosen.column, chosen.depth
    lines.append(" " * (indent + 4 * depth) + code[start:])
    return lines


def _breaks(code: str, indent: int) -> list[_Break]:
    """After an opening bracket or a comma, before a closing bracket or a binary operator."""
    breaks: list[_Break] = []
    depth = formatted = 0
    ends_operand = False
    for tok in _tokens(code):
        if tok.type == _FSTRING_START:
            formatted += 1
        start, end = indent + tok.start[1], indent + tok.end[1]
        text = tok.string
        if not formatted:
            if text in _OPEN and text:
                depth += 1
                breaks.append(_Break(end, depth, text))
            elif text in _CLOSE and text:
                depth -= 1
                breaks.append(_Break(start, depth, text))
            elif text == "," and depth:
                breaks.append(_Break(_skip_blanks(code, end - indent) + indent, depth, text))
            elif text in _BINARY and depth and ends_operand:
                breaks.append(_Break(start, depth, text))
        if tok.type == _FSTRING_END:
            formatted -= 1
        ends_operand = tok.type in _ENDS_OPERAND and text not in _BINARY or text in (")", "]", "}")
    return breaks


def _skip_blanks(code: str, column: int) -> int:
    while column < len(code) and code[column] == " ":
        column += 1
    return column


def _tokens(code: str) -> list[tokenize.TokenInfo]:
    """The tokens of one logical line; of a compound statement, of its header."""
    found = []
    try:
        for tok in tokenize.generate_tokens(io.StringIO(code).readline):
            if tok.type in (token.NEWLINE, token.ENDMARKER):
                break
            found.append(tok)
    except (tokenize.TokenError, SyntaxError):
        return []
    return found
