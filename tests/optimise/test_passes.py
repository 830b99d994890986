"""`cse`, `inplace`, `invariant`, `sink` and `present`: what they must not do."""

import itertools
import operator

import numpy as np

import adjoint as ad
from adjoint import tree
from adjoint.ir.nodes import Block, Call, Const, Function, Loop, Parameter, Value
from adjoint.ir.printer import show
from adjoint.ir.types import Array, Length, Scalar
from adjoint.optimise.cse import share_common
from adjoint.optimise.inplace import reuse_memory
from adjoint.optimise.invariant import leave_loops

N = Length(("x", 0), 0, True)
ROW, NARROW = Array(np.dtype(float), (N,)), Array(np.dtype(np.float32), (N,))


def value(name, kind=ROW, named=False):
    return Value(name, kind, named)


def call(target, function, *args):
    return Call(target, Const(function), [a if isinstance(a, Value) else Const(a) for a in args])


def text(function):
    return [line.strip() for line in show(function, types=False).splitlines()[1:]]


def program(inputs, statements, results):
    return Function("f", list(map(Parameter, inputs)), Block(statements, results))


def test_buffers_are_not_shared():
    x, a, b, c = map(value, "xabc")
    statements = [
        call(a, tree.zeros_like, x), call(b, tree.zeros_like, x),
        call(c, tree.index_add, a, 0, 1.0),
    ]  # fmt: skip
    assert len(share_common(program([x], statements, [b, c])).body.statements) == 3


def test_sums_before_and_after_a_write_are_not_shared():
    x, a, b, c, d = map(value, "xabcd")
    statements = [
        call(a, np.cos, x), call(b, operator.neg, a), call(c, tree.index_add, a, 0, 1.0),
        call(d, operator.neg, a),
    ]  # fmt: skip
    assert len(share_common(program([x], statements, [b, c, d])).body.statements) == 4


def test_an_argument_is_not_written_to():
    x, y = map(value, "xy")
    t = value("t", named=True)
    function = reuse_memory(program([x, y], [call(t, operator.add, x, y)], [t]))
    assert text(function) == ["t = add(x, y)", "return t"]


def test_what_is_read_again_is_not_written_to():
    x, a = map(value, "xa")
    t = value("t", named=True)
    function = reuse_memory(program([x], [call(a, np.cos, x), call(t, operator.add, a, x)], [t, a]))
    assert "t = add(a, x)" in text(function)


def test_a_view_is_not_written_to():
    x, a = map(value, "xa")
    t = value("t", named=True)
    statements = [call(a, operator.getitem, x, slice(None)), call(t, operator.add, a, x)]
    assert "t = add(a, x)" in text(reuse_memory(program([x], statements, [t])))


def test_another_dtype_needs_other_memory():
    x, h = value("x"), value("h", NARROW)
    a, t = value("a", NARROW), value("t", named=True)
    statements = [call(a, np.cos, h), call(t, operator.mul, a, x)]
    assert "t = mul(a, x)" in text(reuse_memory(program([x, h], statements, [t])))


def test_a_smaller_array_does_not_take_the_result():
    x, one = value("x"), Array(np.dtype(float), (1,))
    y, a, t = value("y", one), value("a", one), value("t", named=True)
    statements = [call(a, np.cos, y), call(t, operator.mul, a, x)]
    assert "t = mul(a, x)" in text(reuse_memory(program([x, y], statements, [t])))


def loop_of(init):
    x, xs, item, carried, s, out, t = map(value, ("x", "xs", "item", "c", "s", "out", "t"))
    body = Block([call(s, operator.add, carried, item)], [s])
    start = [call(t, np.cos, x)] if init == "fresh" else []
    loop = Loop(body, [carried], [t if init == "fresh" else x], [out], xs, [item])
    return program([x, xs], [*start, loop], [out])


def test_sums_of_a_loop_are_written_in_place_if_they_start_in_memory_of_their_own():
    assert any("iadd(" in line for line in text(reuse_memory(loop_of("fresh"))))
    assert not any("iadd(" in line for line in text(reuse_memory(loop_of("argument"))))


def test_what_may_fail_stays_in_the_loop():
    x, xs, item, a, b, out = (Value(n, Scalar(float)) for n in ("x", "xs", "item", "a", "b", "out"))
    carried = Value("c", Scalar(float))
    body = Block([call(a, operator.truediv, 1.0, x), call(b, operator.mul, a, carried)], [b])
    loop = Loop(body, [carried], [Const(1.0)], [out], xs, [item])
    function = leave_loops(program([x, xs], [loop], [out]))
    assert function.body.statements == [loop]


def test_gradients_are_the_callers_own():
    def product(a, b):
        return np.sum(a * b)

    def total(a, b):
        return np.sum(np.tanh(a + b))

    a, b = np.arange(3.0), np.ones(3)
    for function in (product, total):
        a_bar, b_bar = ad.gradient(function, a, b)
        assert not np.shares_memory(a_bar, b_bar)
        a_bar += 1.0
        b_bar += 1.0
    np.testing.assert_array_equal(a, np.arange(3.0))
    np.testing.assert_array_equal(b, np.ones(3))


def test_a_gradient_can_be_written_to():
    (bar,) = ad.gradient(np.sum, np.ones((2, 3)))
    bar *= 2.0
    np.testing.assert_array_equal(bar, np.full((2, 3), 2.0))


def test_a_pullback_may_be_called_twice():
    def step(h, W):
        for _ in range(3):
            h = np.tanh(W @ h)
        return h

    rng = np.random.default_rng(0)
    y, back = ad.pullback(step, rng.normal(size=3), rng.normal(size=(3, 3)))
    seed = np.ones(3)
    first, second = back(seed), back(seed)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(seed, np.ones(3))


def test_indices_that_stand_twice_add_up():
    def chosen(x, i):
        return np.sum(x[i] ** 2)

    (bar, _) = ad.gradient(chosen, np.array([1.0, 2.0]), np.array([0, 0, 1]))
    np.testing.assert_allclose(bar, [4.0, 4.0])


def test_counters_are_not_shared():
    first, second, both = Value("first"), Value("second"), Value("both")
    made = [Call(v, Const(itertools.count), []) for v in (first, second)]
    last = Call(both, Const(zip), [first, second])
    share_common(Function("f", [], Block([*made, last], [both])))
    assert last.args == [first, second]
