"""Random IR programs: the emitted source computes what the IR means."""

from __future__ import annotations

import operator
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjoint import runtime
from adjoint.emit import emit, load
from adjoint.ir import nodes as ir
from adjoint.ir.interpret import interpret
from tests.emit.build import add_into, index_add, set_item

NAMES = ["a", "b", "c", "x", "np", "sum", "x_in", "a_2"]
PURE = [operator.add, operator.sub, operator.mul, max, min, operator.lt, runtime.make_tuple]


def effect(log: list, value):
    """A call whose order shows."""
    log.append(value)
    return len(log)


class Program:
    """Draws a program whose values are small integers, and lists and functions of them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.inputs = [ir.Value(n, named=True) for n in ("a", "b", "log", "buffer")]
        self.closures: list[ir.Value] = []

    def function(self) -> ir.Function:
        numbers = self.inputs[:2]
        block = ir.Block()
        self.fill(block, numbers, 0, 7)
        results = [self.pick(numbers) for _ in range(3)]
        calls = [self.call(block, c, []) for c in self.closures]
        target = ir.Value()
        block.statements.append(ir.Call(target, ir.Const(runtime.make_tuple), [*results, *calls]))
        block.results = [target]
        return ir.Function("program", [ir.Parameter(v) for v in self.inputs], block)

    def value(self) -> ir.Value:
        roll = self.random.random()
        if roll < 0.45:
            return ir.Value()
        return ir.Value(self.random.choice(NAMES), named=roll < 0.75)

    def pick(self, numbers: list[ir.Value]) -> ir.Operand:
        if self.random.random() < 0.15:
            return ir.Const(self.random.choice([0, 1, -2, 3]))
        return self.random.choice(numbers[-6:] if self.random.random() < 0.6 else numbers)

    def call(self, block: ir.Block, callee, args: list) -> ir.Value:
        target = self.value()
        callee = callee if isinstance(callee, ir.Value) else ir.Const(callee)
        block.statements.append(ir.Call(target, callee, args))
        return target

    def fill(self, block: ir.Block, numbers: list[ir.Value], depth: int, size: int) -> None:
        for _ in range(self.random.randint(1, size)):
            kinds = ["pure"] * 5 + ["effect", "write", "unpack"]
            kinds += ["if", "loop", "while", "try", "closure"] if depth < 3 else []
            getattr(self, "make_" + self.random.choice(kinds))(block, numbers, depth)

    def number(self, block: ir.Block, numbers: list[ir.Value]) -> ir.Value:
        callee = self.random.choice(PURE[:-2])
        return self.call(block, callee, [self.pick(numbers), self.pick(numbers)])

    def make_pure(self, block, numbers, depth):
        numbers.append(self.number(block, numbers))
        if self.random.random() < 0.5:  # keep them small
            numbers[-1] = self.call(block, operator.mod, [numbers[-1], ir.Const(17)])

    def make_effect(self, block, numbers, depth):
        numbers.append(self.call(block, effect, [self.inputs[2], self.pick(numbers)]))

    def make_write(self, block, numbers, depth):
        """An owned buffer that starts afresh, is written to and read."""
        owner = self.call(block, list, [self.inputs[3]])
        index = ir.Const(self.random.randint(0, 2))
        before = self.call(block, operator.getitem, [owner, index])
        write = self.random.choice([index_add, set_item])
        owner = self.call(block, write, [owner, index, self.pick(numbers)])
        total = self.call(block, add_into, [self.pick(numbers), self.pick(numbers)])
        numbers += [before, self.call(block, operator.getitem, [owner, index]), total]

    def make_unpack(self, block, numbers, depth):
        pair = ir.Value()
        args = [self.pick(numbers), self.pick(numbers)]
        made = self.call(block, runtime.make_tuple, args)
        block.statements.append(
            ir.Call(pair, ir.Const(runtime.unpack_sequence), [made, ir.Const(2)])
        )
        for index in self.random.sample([0, 1], self.random.randint(0, 2)):
            numbers.append(self.call(block, operator.getitem, [pair, ir.Const(index)]))

    def inner(self, numbers, depth, extra, count, size=4):
        """A block that yields `count` numbers."""
        block = ir.Block()
        inside = [*numbers, *extra]
        if self.random.random() < 0.8:
            self.fill(block, inside, depth + 1, size)
        block.results = [self.pick(inside) for _ in range(count)]
        return block, inside

    def make_if(self, block, numbers, depth):
        targets = [self.value() for _ in range(self.random.randint(0, 3))]
        then, _ = self.inner(numbers, depth, [], len(targets))
        orelse, _ = self.inner(numbers, depth, [], len(targets))
        condition = self.call(block, operator.lt, [self.pick(numbers), self.pick(numbers)])
        if targets and self.random.random() < 0.2:
            then, orelse = ir.Block([], [condition]), ir.Block([], [self.pick(numbers)])
            targets = targets[:1]
        block.statements.append(ir.If(condition, then, orelse, targets))
        numbers += targets

    def carried(self, numbers):
        count = self.random.randint(0, 3)
        carried = [self.value() for _ in range(count)]
        targets = [ir.Value(c.name, named=c.named) for c in carried]
        return carried, targets, [self.pick(numbers) for _ in range(count)]

    def stop(self, body, inside):
        if self.random.random() < 0.6:
            return None
        test = self.call(body, operator.lt, [self.pick(inside), self.pick(inside)])
        if self.random.random() < 0.5:
            return test
        target, flags = self.value(), [True, False]
        self.random.shuffle(flags)
        more = self.value()
        then, orelse = (self.setting(flag, inside) for flag in flags)
        body.statements.append(ir.If(test, then, orelse, [target, more]))
        return target

    def setting(self, flag, inside, depth=2):
        """A block that yields a flag known while compiling, or a branch that does, and a number."""
        block, seen = ir.Block(), list(inside)
        if self.random.random() < 0.6:
            self.fill(block, seen, 3, 2)
        result = ir.Const(flag)
        if depth and self.random.random() < 0.3:
            test = self.call(block, operator.lt, [self.pick(seen), self.pick(seen)])
            inner = [self.setting(f, seen, depth - 1) for f in (flag, not flag)]
            result, number = self.value(), self.value()
            block.statements.append(ir.If(test, inner[0], inner[1], [result, number]))
            seen.append(number)
        block.results = [result, self.pick(seen)]
        return block

    def gathers(self, body, inside, numbers, block):
        found = []
        for _ in range(self.random.randint(0, 2)):
            elements = [self.pick(inside) for _ in range(self.random.randint(1, 2))]
            if self.random.random() < 0.5:
                elements[0] = self.number(body, inside)
            found.append(ir.Gather(self.value(), elements, self.random.random() < 0.2))
        return found

    def after(self, block, loop, numbers):
        block.statements.append(loop)
        for gather in loop.gathers:
            numbers.append(self.call(block, len, [gather.target]))
            if len(gather.elements) == 1 and not gather.pack:
                numbers.append(self.call(block, sum, [gather.target]))
        numbers += loop.targets

    def make_loop(self, block, numbers, depth):
        carried, targets, inits = self.carried(numbers)
        unpack = self.random.random() < 0.4
        items = [self.value() for _ in range(2 if unpack else 1)]
        length = self.call(block, operator.mod, [self.pick(numbers), ir.Const(4)])
        args = [self.call(block, range, [length])]
        iterable = self.call(block, enumerate if unpack else reversed, args)
        fixed = 0
        body, inside = self.inner(numbers, depth, [*carried, *items], len(carried))
        gathers = self.gathers(body, inside, numbers, block)
        stop = self.stop(body, inside)
        inside += [t for s in body.statements[-1:] if isinstance(s, ir.If) for t in s.targets[1:]]
        body.results[: len(carried) - fixed] = [self.pick(inside) for _ in carried[fixed:]]
        self.after(block, ir.Loop(
            body, carried, inits, targets, iterable, items, unpack, None, stop, gathers
        ), numbers)  # fmt: skip

    def make_while(self, block, numbers, depth):
        carried, targets, inits = self.carried(numbers)
        counter = self.value()
        carried.append(counter)
        targets.append(ir.Value(counter.name, named=counter.named))
        inits.append(ir.Const(0))
        test = ir.Block()
        if self.random.random() < 0.3:
            self.call(test, effect, [self.inputs[2], self.random.choice(carried)])
        test.results = [self.call(test, operator.lt, [counter, ir.Const(3)])]
        fixed = 1
        body, inside = self.inner(numbers, depth, carried, len(carried) - 1)
        body.results.append(self.call(body, operator.add, [counter, ir.Const(1)]))
        gathers = self.gathers(body, inside, numbers, block)
        stop = self.stop(body, inside)
        inside += [t for s in body.statements[-1:] if isinstance(s, ir.If) for t in s.targets[1:]]
        body.results[: len(carried) - fixed] = [self.pick(inside) for _ in carried[fixed:]]
        self.after(block, ir.Loop(
            body, carried, inits, targets, None, [], False, test, stop, gathers
        ), numbers)  # fmt: skip

    def make_try(self, block, numbers, depth):
        targets = [self.value() for _ in range(self.random.randint(0, 2))]
        body, inside = self.inner(numbers, depth, [], 0)
        if self.random.random() < 0.6:
            inside.append(
                self.call(body, operator.floordiv, [self.pick(inside), self.pick(inside)])
            )
        body.results = [self.pick(inside) for _ in targets]
        name = self.value()
        handler, _ = self.inner(numbers, depth, [], len(targets))
        if targets and self.random.random() < 0.4:
            handler.results[0] = self.call(handler, isinstance, [name, ir.Const(ValueError)])
        path = self.value()
        block.statements.append(ir.Try(
            body, [ir.Handler(ir.Const(ZeroDivisionError), name, handler)], targets, path
        ))  # fmt: skip
        numbers += [*targets, path]

    def make_closure(self, block, numbers, depth):
        """A generated closure, called here and there; those of the main block also at the end."""
        captured = [self.pick(numbers) for _ in range(self.random.randint(1, 3))]
        inside = [ir.Value(c.name if isinstance(c, ir.Value) else "k") for c in captured]
        outer_inputs, self.inputs = self.inputs, [*inside, *self.inputs[2:]]
        captures = [*inside, *self.inputs[-2:]]
        self.inputs = [None, None, *(ir.Value(v.name) for v in outer_inputs[2:])]
        captures[-2:] = self.inputs[2:]
        outer_closures, self.closures = self.closures, []
        body, _ = self.inner(inside, depth, [], 1, 3)
        self.inputs, self.closures = outer_inputs, outer_closures
        target = ir.Value("pullback")
        function = ir.Function("pullback", [], body, captures)
        block.statements.append(ir.Closure(target, function, [*captured, *self.inputs[2:]]))
        numbers.append(self.call(block, target, []))
        if depth == 0:
            self.closures.append(target)


def outcome(run) -> tuple:
    log: list = []
    try:
        return run([5, 3, log, [4, 5, 6]]), log
    except ZeroDivisionError as error:
        return repr(error), log


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.integers(0, 10**9))
def test_emitted_source_computes_what_the_ir_means(seed):
    function = Program(seed).function()
    emitted = emit(function)
    expected = outcome(lambda args: interpret(function, dict(zip(function.inputs, args))))
    try:
        actual = outcome(lambda args: load(emitted).function(*args))
    except Exception as error:
        pytest.fail(f"{error!r}\n{emitted.text}")
    assert actual == expected, emitted.text


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 10**9))
def test_the_same_ir_gives_the_same_text(seed):
    assert emit(Program(seed).function()).text == emit(Program(seed).function()).text
