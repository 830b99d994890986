"""The check of an error's four parts: what, where (line and text), and what to do next."""

import inspect

import pytest

import adjoint as ad
from adjoint.errors import AdjointError


def check_refusal(program, arguments, message, marked, hint):
    """The error of a program says this, of the line that has the text `marked`, with this hint."""
    with pytest.raises(AdjointError) as caught:
        ad.gradient(program, *arguments)
    error = caught.value
    assert error.message == message
    assert error.hint == hint
    lines, start = inspect.getsourcelines(program)
    at = next(i for i, line in enumerate(lines) if marked in line)
    place = f'File "{inspect.getsourcefile(program)}", line {start + at}'
    text = str(error).split("\n")
    shown = next(i for i, line in enumerate(text) if place in line)
    assert text[shown + 1].strip() == lines[at].strip()
    assert text[0] == message and text[-1] == hint
