"""The verifier notices each kind of malformed function."""

import operator

import pytest

from adjoint.errors import VerificationError
from adjoint.ir.nodes import (
    Block,
    Call,
    Closure,
    Const,
    Function,
    Gather,
    Handler,
    If,
    Loop,
    Parameter,
    Splat,
    Try,
    Value,
)
from adjoint.ir.verify import verify

ADD = Const(operator.add)


def function(statements, result, x):
    return Function("f", [Parameter(x)], Block(statements, [result]))


def x_and_y():
    return Value("x"), Value("y")


def test_a_good_function_is_returned():
    x, y = x_and_y()
    good = function([Call(y, ADD, [x, Splat(x)])], y, x)
    assert verify(good) is good


def read_before_definition():
    x, y = x_and_y()
    return function([Call(Value(), ADD, [y, x]), Call(y, ADD, [x, x])], y, x)


def read_out_of_scope():
    x, y = x_and_y()
    return function([If(x, Block([Call(y, ADD, [x, x])]), Block())], y, x)


def defined_twice():
    x, y = x_and_y()
    return function([Call(y, ADD, [x, x]), Call(y, ADD, [x, x])], y, x)


def defined_again_inside():
    x, y = x_and_y()
    return function([Call(y, ADD, []), If(x, Block([Call(y, ADD, [])]), Block())], y, x)


def too_few_results():
    x, y = x_and_y()
    return function([If(x, Block(results=[x]), Block(), [y])], y, x)


def two_results():
    x, y = x_and_y()
    return Function("f", [Parameter(x)], Block([], [x, x]))


def carried_without_init():
    x, y = x_and_y()
    loop = Loop(Block(results=[x]), [Value("c")], [], [y], iterable=x, items=[Value()])
    return function([loop], y, x)


def body_results_differ():
    x, y = x_and_y()
    loop = Loop(Block(), [Value("c")], [x], [y], iterable=x, items=[Value()])
    return function([loop], y, x)


def item_read_in_test():
    x, y = x_and_y()
    loop = Loop(Block(), test=Block([Call(Value(), ADD, [y])], [x]))
    return function([loop], x, x)


def while_without_test():
    x, y = x_and_y()
    return function([Loop(Block())], x, x)


def several_items_without_unpacking():
    x, y = x_and_y()
    return function([Loop(Block(), iterable=x, items=[Value(), Value()])], x, x)


def stop_out_of_scope():
    x, y = x_and_y()
    return function([Loop(Block(), iterable=x, items=[Value()], stop=y)], x, x)


def gather_out_of_scope():
    x, y = x_and_y()
    loop = Loop(Block(), iterable=x, items=[Value()], gathers=[Gather(Value(), [y])])
    return function([loop], x, x)


def handler_results_differ():
    x, y = x_and_y()
    handlers = [Handler(None, Value("e"), Block())]
    return function([Try(Block(results=[x]), handlers, [y])], y, x)


def body_value_read_in_handler():
    x, y = x_and_y()
    handlers = [Handler(None, None, Block([Call(Value(), ADD, [y])]))]
    return function([Try(Block([Call(y, ADD, [x])]), handlers)], x, x)


def missing_capture():
    x, y = x_and_y()
    c = Value("c")
    inner = Function("g", [], Block([], [c]), captures=[c])
    return function([Closure(y, inner)], y, x)


def default_for_no_parameter():
    x, y = x_and_y()
    inner = Function("g", [], Block([], [Const(1)]))
    return function([Closure(y, inner, defaults={"k": x})], y, x)


def inner_function_reads_outer_value():
    x, y = x_and_y()
    inner = Function("g", [], Block([], [x]))
    return function([Closure(y, inner)], y, x)


def later_value_is_not_a_function():
    x, y = x_and_y()
    c = Value("c")
    inner = Function("g", [], Block([], [c]), captures=[c])
    later = Value("later")
    return function([Closure(y, inner, [later]), Call(later, ADD, [x, x])], y, x)


def global_twice():
    x, y = x_and_y()
    return Function("f", [Parameter(x)], Block([], [x]), globals=[Value("np"), Value("np")])


@pytest.mark.parametrize(
    "build",
    [
        read_before_definition, read_out_of_scope, defined_twice, defined_again_inside,
        too_few_results, two_results, carried_without_init, body_results_differ,
        item_read_in_test, while_without_test, several_items_without_unpacking,
        stop_out_of_scope, gather_out_of_scope, handler_results_differ,
        body_value_read_in_handler, missing_capture, default_for_no_parameter,
        inner_function_reads_outer_value, later_value_is_not_a_function, global_twice,
    ],
    ids=lambda b: b.__name__,
)  # fmt: skip
def test_malformed(build):
    with pytest.raises(VerificationError):
        verify(build())


def test_functions_may_refer_to_each_other():
    x, _ = x_and_y()
    f, g, a, b = Value("f"), Value("g"), Value("g"), Value("f")
    first = Function("f", [], Block([], [a]), captures=[a])
    second = Function("g", [], Block([], [b]), captures=[b])
    verify(function([Closure(f, first, [g]), Closure(g, second, [f])], f, x))
