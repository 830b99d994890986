"""reverse: a typed program goes in, the same program followed by its reverse half comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from adjoint import slots
from adjoint.errors import UnsupportedSyntaxError
from adjoint.ir.nodes import Block, Call, Const, Function, Operand, Parameter, Statement, Value
from adjoint.ir.options import Sharing
from adjoint.ir.types import UNKNOWN, Opaque
from adjoint.reverse import state
from adjoint.reverse.cotangents import Scope, cotangent_type
from adjoint.reverse.hoist import hoist
from adjoint.reverse.mutation import check_residuals
from adjoint.reverse.norms import definitions_of
from adjoint.reverse.pieces import APART, take_apart
from adjoint.reverse.selection import selected_values
from adjoint.reverse.straight import Reverser, Watch
from adjoint.rules.activity import all_active, undefined_values
from adjoint.rules.aliasing import Memory
from adjoint.rules.refusals import refuse_writes
from adjoint.rules.signatures import operand_type
from adjoint.shadows import Shadows


def receive(y: object) -> object:
    """Stands in the IR where the reverse half begins: gives the cotangent of the result."""
    return y


@dataclass
class Expansion:
    """A rule as IR for operands of given types.

    `inputs` stand for the operands; `forward` computes `y`; `reverse`, which reads `y_bar`, computes
    `bars`, one per operand (None: no derivative). `primal` is the statement of `forward` that calls
    the function itself.
    """

    inputs: list[Value]
    forward: list[Statement]
    y: Operand
    y_bar: Value
    reverse: list[Statement]
    bars: list[Operand | None]
    primal: Call | None


@dataclass
class Derivative:
    """A program with its reverse half.

    The body of `function` is the forward half, a call of `receive` that defines `seed`, and the
    reverse half; it yields the value, then one cotangent per entry of `wrt` (Const(None): zero).
    """

    function: Function
    seed: Value
    wrt: list[Value]
    held: dict[Value, Value]
    """by input that changes, what it held when the program began"""
    writes_inputs: bool
    """whether the forward half may write into the inputs' memory"""
    shadows: Value | None = None
    """the input that takes the caller's shadows"""


def reverse(
    function: Function,
    wrt: list[Value],
    expand: Callable[[Call, bool], Expansion | None],
    watch: Watch | None = None,
    sharing: Sharing | None = None,
) -> Derivative:
    """The reverse of a typed function with respect to some of its inputs.

    `expand(call, guarded)` gives the rule of a call as IR, or None where the rule is found at run
    time; `guarded` tells that the cotangent may be zero where the derivative is infinite.
    `watch(reverser, scope, operand, bar)` is told of every contribution to an operand's cotangent,
    and may write into the reverse half there. With `sharing` the reverse half works on its caller's
    shadows, which the program then takes as its last input.
    """
    body = hoist(function)
    result = body.results[0]
    memory = Memory(body, function.inputs, sharing.names if sharing is not None else None)
    if sharing is not None:
        check_sharing(memory, sharing, function)
    active = all_active(body, set(wrt), memory)
    if APART.get():
        take_apart(body, active)
        memory = Memory(body, function.inputs, sharing.names if sharing is not None else None)
        active = all_active(body, set(wrt), memory)
    reverser = Reverser(active, selected_values(body), expand, memory, watch)
    reverser.definitions = definitions_of(body)
    refuse_writes(body, active)
    seed_type = cotangent_type(operand_type(result)) if sharing is None else UNKNOWN
    seed = Value(
        "y_bar" if not isinstance(result, Value) or not result.name else f"{result.name}_bar",
        seed_type,
        True,
    )
    reverser.seed = seed
    forward, steps = reverser.forward(body)
    before = {} if sharing is not None else state.note_inputs(wrt, memory)
    marker = Call(seed, Const(receive), [result], [], None)
    scope = Scope(local=None, memory=memory, undefined=undefined_values(body), before=dict(before))
    parameters = list(function.parameters)
    if sharing is not None:
        scope.shadows[None] = given = Value("shadows", Opaque(Shadows), True)
        parameters.append(Parameter(given))
    scope.add(result, seed)
    reverser.backward(steps, scope)
    bars: list[Operand] = []
    for value in wrt:
        bar = scope.take(value) if sharing is None else scope.take_rest(value)
        bars.append(Const(None) if bar is None else bar)
    check_residuals(reverser, scope.out, forward)
    notes, checks = state.notes(before, function.inputs, memory)
    statements = [*notes, *forward.statements, *checks, marker, *scope.out]
    new = dataclasses.replace(
        function, parameters=parameters, body=Block(statements, [result, *bars])
    )
    return Derivative(
        new,
        seed,
        wrt,
        before,
        memory.writes_inputs,
        scope.shadows[None] if sharing is not None else None,
    )


def check_sharing(memory: Memory, sharing: Sharing, function: Function) -> None:
    """Refuse to change what the caller knows nothing of."""
    names = set(memory.own_names) - set(sharing.names)
    if memory.writes_inputs and not sharing.writes or names:
        what = f"`{min(names).strip('&')}`" if names - {slots.ITEMS} else "what it can reach"
        raise UnsupportedSyntaxError(
            f"{function.name} changes {what}, and is called where this is not known",
            function.origin,
            "Call it by its name.",
        )
