"""forward: a typed program goes in, the program that computes its value and tangent comes out.

hidden = np.tanh(x @ W)       ->      hidden = np.tanh(x @ W)
y = np.sum(hidden)                    hidden_dot = (1 - hidden * hidden) * (x @ W_dot)
                                      y = np.sum(hidden)
                                      y_dot = np.sum(hidden_dot)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from adjoint.errors import UnsupportedSyntaxError
from adjoint.forward.straight import Pusher
from adjoint.ir.nodes import Call, Function, Operand, Statement, Value, walk
from adjoint.ir.types import tangent_type
from adjoint.rules.activity import all_active
from adjoint.rules.aliasing import Memory
from adjoint.rules.memory import is_shared
from adjoint.rules.refusals import refuse_writes


@dataclass
class Pushforward:
    """The forward rule of a call as IR, for operands of given types.

    `inputs` stand for the operands and `dots` for their tangents (None: the operand is constant);
    `statements` compute `y` and `y_dot` (None: zero). `primal` is the one of them that calls the
    function itself.
    """

    inputs: list[Value]
    dots: list[Value | None]
    statements: list[Statement]
    y: Value
    y_dot: Operand | None
    primal: Call


@dataclass
class Pushed:
    """A program with tangents.

    The body of `function` yields the value and its tangent (Const(None): zero). `dots` are the
    tangents of the inputs `wrt`, which it takes besides its own inputs.
    """

    function: Function
    dots: list[Value]
    wrt: list[Value]
    writes_inputs: bool
    """whether it may write into the inputs' memory"""


Expand = Callable[[Call, "list[Value | None]"], "Pushforward | None"]
Watch = Callable[[Pusher, Call, Operand], None]


def refuse_shared(function: Function, active: set[Value]) -> bool:
    """Refuse calls, known only when the program runs, that may read a tangent in a global variable.

    The others are plain calls: whether they write to what they are given is asked when they run.
    """
    found = [s for s in walk(function.body) if is_shared(s)]
    for s in found:
        assert isinstance(s, Call)
        if any(v in active for v in function.globals):
            raise UnsupportedSyntaxError(
                "a function that is called when the program runs may read a global variable, or a "
                "captured one, that the program changes: its tangent is not known",
                s.origin,
                "Pass the variable as an argument, or take the derivative in reverse mode.",
            )
        s.callee, s.args = s.args[0], s.args[1:]  # type: ignore[assignment]
    return bool(found)


def forward(
    function: Function, wrt: list[Value], expand: Expand, watch: Watch | None = None
) -> Pushed:
    """The forward mode of a typed function along tangents of some of its inputs.

    `expand(call, kinds)` gives the forward rule of a call as IR, for tangents of these types (None:
    constant), or None where the rule is found at run time. `watch(pusher, call, dot)` is told of every
    tangent that the rule of a call gives.
    """
    body = function.body
    memory = Memory(body, function.inputs)
    memory.note_stores(body)
    active = all_active(body, set(wrt), memory)
    if refuse_shared(function, active):
        memory = Memory(body, function.inputs)
        active = all_active(body, set(wrt), memory)
    pusher = Pusher(active, expand, memory, watch)
    refuse_writes(body, active)
    dots = [Value(f"{v.name}_dot", tangent_type(v.type), True, v.origin) for v in wrt]
    new = pusher.program(body, function.inputs, dict(zip(wrt, dots, strict=True)))
    writes = any(memory.is_written(v) or memory.is_changed(v) for v in memory.inputs)
    return Pushed(dataclasses.replace(function, body=new), dots, wrt, writes)
