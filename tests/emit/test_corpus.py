"""The corpus through the front end and back to source: the emitted function computes the same."""

from __future__ import annotations

import builtins
import contextlib
import inspect
import io

import numpy as np
import pytest

from adjoint.emit import emit, input_names, load
from adjoint.frontend import lower
from adjoint.ir import nodes as ir
from tests.programs.registry import load_all

PROGRAMS = load_all()


def emitted_call(function: ir.Function, original, arguments: tuple):
    """Bind the arguments as a caller of generated code does, and call."""
    bound = inspect.signature(original).bind(*arguments)
    bound.apply_defaults()
    names = input_names(function)[len(function.parameters) :]
    known = vars(builtins) | original.__globals__ | {"__globals__": original.__globals__}
    cells = [cell.cell_contents for cell in original.__closure__ or ()]
    extra = dict(zip(names, [*cells, *(known.get(v.name) for v in function.globals)], strict=True))
    return load(emit(function)).function(*bound.args, **bound.kwargs, **extra)


def with_constants(function: ir.Function, original) -> ir.Function:
    """Globals as constants and attributes of modules resolved, as inference does it."""
    known = vars(builtins) | original.__globals__
    constants = {v: ir.Const(known[v.name], v.name) for v in function.globals if v.name in known}
    kept = [v for v in function.globals if v not in constants]
    for statement in list(ir.walk(function.body)):
        if isinstance(statement, ir.Call) and isinstance(statement.callee, ir.Const):
            owner = statement.args[0] if statement.args else None
            if statement.callee.value is getattr and owner in constants:
                module, name = constants[owner].value, statement.args[1].value  # type: ignore
                if inspect.ismodule(module):
                    constants[statement.target] = ir.Const(getattr(module, name))
    function.globals = kept
    ir.substitute(function.body, lambda o: constants.get(o, o) if isinstance(o, ir.Value) else o)
    return function


@pytest.mark.parametrize("resolved", [False, True], ids=["globals", "constants"])
@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_the_emitted_program_computes_the_same(program, resolved):
    function = lower(program.function)
    if resolved:
        function = with_constants(function, program.function)
    with contextlib.redirect_stdout(io.StringIO()) as expected_output:
        expected = program.function(*program.arguments)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        actual = emitted_call(function, program.function, program.arguments)
    np.testing.assert_array_equal(actual, expected)
    assert output.getvalue() == expected_output.getvalue()
