"""Every program of the corpus: the same gradient, optimised or not; well formed after each pass."""

from typing import Any

import numpy as np
import pytest

import adjoint as ad
from adjoint import cache
from adjoint.compiler import pipeline
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.nodes import Block, Call, Const, Value
from adjoint.ir.options import Options
from adjoint.ir.printer import show
from adjoint.ir.values import type_of
from adjoint.ir.verify import verify
from adjoint.optimise import PASSES
from adjoint.optimise.dead import remove_dead
from adjoint.reverse.control import InterruptedWrite
from adjoint.reverse.program import receive
from adjoint.runtime import make_tuple
from tests.programs.differences import leaves
from tests.programs.registry import WRITING, load_all

PROGRAMS = load_all()


def outcome(function, arguments) -> Any:
    """What taking the gradient gives: by path the cotangents, or the error."""
    try:
        return dict(leaves(ad.gradient(function, *arguments)))
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_same_gradient(program):
    found = outcome(program.function, program.arguments)
    with cache.use_options(optimise=False):
        expected = outcome(program.function, program.arguments)
    if isinstance(expected, type):
        assert found is expected
        return
    assert found.keys() == expected.keys()
    for path, bar in expected.items():
        narrow = np.asarray(bar).dtype == np.float32
        scale = 1e-5 if narrow else 1e-12
        assert np.asarray(found[path]).dtype == np.asarray(bar).dtype, path
        assert np.shape(found[path]) == np.shape(bar), path
        size = np.max(np.abs(bar), initial=0.0) if np.all(np.isfinite(bar)) else 1.0
        np.testing.assert_allclose(found[path], bar, rtol=scale, atol=scale * max(size, 1e-6))


def joined(program, form):
    """The program with its reverse half, as it comes to the optimiser."""
    arguments = tuple(map(type_of, program.arguments))
    callee = cache.callee_type(program.function)
    wrt = tuple(range(len(arguments)))
    request = pipeline.Request(callee, arguments, (), wrt, form, None, Options(optimise=False))
    entry = pipeline.entry_program(request)
    typed = pipeline.infer(
        entry.function, entry.inputs, pipeline.lower, request.options, pipeline.derivative
    )
    wanted = pipeline.wanted_inputs(typed, entry, request)
    whole = pipeline.differentiate(typed.function, wanted, request.options)
    return pipeline.finish(whole, typed, entry, request)


def check(function):
    """`verify`, of a program with several results."""
    body, together = function.body, Value()
    last = Call(together, Const(make_tuple), list(body.results))
    function.body = Block([*body.statements, last], [together])
    verify(function)
    function.body = body


@pytest.mark.parametrize("form", ["gradient", "rule"])
@pytest.mark.parametrize("program", PROGRAMS, ids=str)
def test_well_formed_after_each_pass(program, form):
    try:
        function = joined(program, form)
    except (UnsupportedSyntaxError, InterruptedWrite):  # the latter is lowered again, in pieces
        assert program.module in WRITING, "refused"
        return
    check(function)
    for each in PASSES:
        each(function, lambda callee: callee is receive)
        check(function)
    text = show(function)
    remove_dead(function, lambda callee: callee is receive)
    assert show(function) == text, "nothing is left to remove"
