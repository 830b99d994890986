"""Each stage by itself: it takes a program and returns one, which the interpreter of the IR runs.

No stage is tested here through the next one: what `reverse` gives is run before any pass has seen it,
and what a pass gives before anything is emitted.
"""

import ast
import math
from dataclasses import replace

import numpy as np
import pytest

from adjoint.compiler.expansion import expander
from adjoint.compiler.pushing import push_expander
from adjoint.compiler.special import derivative
from adjoint.emit import emit, load
from adjoint.forward import forward
from adjoint.frontend import lower
from adjoint.frontend.grammar import gast
from adjoint.frontend.source import find
from adjoint.inference import infer
from adjoint.ir.interpret import call, interpret
from adjoint.ir.nodes import Block, Call, Const, Parameter, Value
from adjoint.ir.options import Options
from adjoint.ir.types import UNKNOWN, Array, Unknown
from adjoint.ir.values import type_of
from adjoint.ir.verify import verify
from adjoint.optimise import PASSES
from adjoint.reverse import reverse
from adjoint.reverse.program import receive
from adjoint.rules.signatures import operand_type
from adjoint.runtime import make_tuple
from tests.programs.differences import differentiate

OPTIONS = Options()


def straight(x, w):
    return np.sum(np.tanh(x * w) ** 2) / x.size


def branch(x, w):
    if x[0] > 0:
        y = x @ w
    else:
        y = np.sum(x) * w[1]
    return y * y


def loop(x, w):
    s, k = 0.0, 0
    while k < 3:
        s = s * w[k] + x[k]
        k += 1
    return s


def loop_left_early(x, w):
    s = 1.0
    for a, b in zip(x, w, strict=True):
        if b > 1.0:
            break
        s = s * a + math.sin(b)
    return s


def square(v):
    return v * v


def calls(x, w):
    def scaled(v):
        return square(v) * w

    return np.sum(scaled(x)) + np.sum(scaled(w))


def writes(x, w):
    y = np.zeros(3)
    y[:2] = x[1:] * w[0]
    y[1] *= w[2]
    return np.sum(y * y)


def containers(x, w):
    parts = {"a": x * w, "b": [w[0], x[1]]}
    return np.sum(parts["a"]) * parts["b"][1] + parts["b"][0]


PROGRAMS = [straight, branch, loop, loop_left_early, calls, writes, containers]
ARGUMENTS = np.array([0.7, -1.3, 0.4]), np.array([0.5, 0.9, 1.2])
by_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)


def typed(program):
    return infer(lower(program), [type_of(a) for a in ARGUMENTS], lower, OPTIONS, derivative)


def copies():
    return [a.copy() for a in ARGUMENTS]


def run(inferred, function, dots=()):
    """What the interpreter gives for the results of a program that was made of a typed one."""
    together = Value()
    last = Call(together, Const(make_tuple), list(function.body.results))
    whole = replace(
        function,
        parameters=[*function.parameters, *map(Parameter, dots)],
        body=Block([*function.body.statements, last], [together]),
    )
    verify(whole)
    given = [*copies(), *(np.ones_like(a) for a in ARGUMENTS[: len(dots)])]
    frame = dict(zip([p.value for p in whole.parameters], given, strict=True))
    roots = [root.read() for root in inferred.roots]
    return interpret(whole, frame | dict(zip(whole.globals, roots, strict=True)))


def slopes(program):
    return list(differentiate(program, ARGUMENTS).gradient.values())


def begun(function):
    """Its reverse half begins with a cotangent of 1."""
    calls_at_top = [s for s in function.body.statements if isinstance(s, Call)]
    (start,) = [s for s in calls_at_top if getattr(s.callee, "value", None) is receive]
    start.callee = Const(float_one)


def float_one(y):
    return 1.0


@by_program
def test_source_is_read_as_a_tree_of_gast(program):
    node = find(program.__code__, program.__globals__).node
    assert isinstance(node, gast.FunctionDef) and node.name == program.__name__
    assert [a.id for a in node.args.args] == ["x", "w"]


@by_program
def test_the_front_end_gives_a_program_that_does_the_same(program):
    lowered = lower(program)
    verify(lowered)
    assert call(lowered, program, *copies()) == program(*copies())
    assert all(p.value.type == UNKNOWN for p in lowered.parameters), "the front end knows no types"


@by_program
def test_inference_gives_a_program_that_does_the_same_and_knows_its_types(program):
    inferred = typed(program)
    (value,) = run(inferred, inferred.function)
    assert value == program(*copies())
    kinds = [p.value.type for p in inferred.function.parameters]
    assert all(isinstance(kind, Array) and kind.dtype == float for kind in kinds)
    assert not isinstance(operand_type(inferred.function.body.results[0]), Unknown)


@by_program
def test_reverse_gives_the_value_and_the_cotangents(program):
    inferred = typed(program)
    wrt = [p.value for p in inferred.function.parameters]
    made = reverse(inferred.function, wrt, expander(OPTIONS))
    begun(made.function)
    value, *bars = run(inferred, made.function)
    assert value == program(*copies())
    np.testing.assert_allclose(bars, slopes(program), rtol=1e-6, atol=1e-8)


@by_program
def test_forward_gives_the_value_and_the_tangent(program):
    inferred = typed(program)
    wrt = [p.value for p in inferred.function.parameters]
    made = forward(inferred.function, wrt, push_expander(OPTIONS))
    value, dot = run(inferred, made.function, made.dots)
    assert value == program(*copies())
    np.testing.assert_allclose(dot, np.sum(slopes(program)), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("one", PASSES, ids=lambda each: each.__name__)
@by_program
def test_a_pass_gives_a_program_that_does_the_same(program, one):
    inferred = typed(program)
    wrt = [p.value for p in inferred.function.parameters]
    function = reverse(inferred.function, wrt, expander(OPTIONS)).function
    one(function, lambda callee: callee is receive)
    begun(function)
    value, *bars = run(inferred, function)
    assert value == program(*copies())
    np.testing.assert_allclose(bars, slopes(program), rtol=1e-6, atol=1e-8)


@by_program
def test_emission_gives_source_that_does_the_same(program):
    inferred = typed(program)
    emitted = emit(inferred.function)
    assert ast.parse(emitted.text)
    roots = [root.read() for root in inferred.roots]
    assert load(emitted).function(*copies(), *roots) == program(*copies())
