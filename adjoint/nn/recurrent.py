"""Recurrent layers: cells over sequences, and layers that keep a state.

`Recur(cell)` keeps the state between calls, in `.state`; `RNN(10, 5)`, `LSTM(10, 5)`, `GRU(10, 5)` are
`Recur` of their cells.  Sequences are (batch, time, in).
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn.cells import Cell, GRUCell, GRUv3Cell, LSTMCell, RNNCell
from adjoint.nn.layer import Function, Layer, SizeMismatch, expect_sequences
from adjoint.nn.model import parts


@ad.nondifferentiable
def expect_steps(layer: str, shape: tuple[int, ...]) -> None:
    if shape[1] == 0:
        raise SizeMismatch(f"{layer} goes through sequences of at least one step, not {shape}")


def run(cell: Any, state: Any, x: Any) -> tuple[Any, Any]:
    """The state after a sequence, and the outputs.  x: (batch, time, in) → (batch, time, out)"""
    expect_steps(type(cell).__name__, x.shape)
    prepared = cell.prepared(x)
    state = cell.each(np.transpose, cell.widened(state, x))
    weight = cell.scaled(cell.hidden_weight).T
    y = [
        cell.output(state := cell.step(state, prepared[:, t], weight, True))
        for t in range(x.shape[1])
    ]
    return cell.each(np.transpose, state), np.transpose(np.stack(y), (2, 0, 1))


class Recurrence(Layer):
    """A cell over whole sequences, each from the initial state.  x: (batch, time, in)

    y: (batch, time, out); with `return_state=True` (y, state after the last step).
    """

    def __init__(self, cell: Cell, *, return_state: bool = False) -> None:
        self.cell, self.return_state = cell, return_state

    def __call__(self, x: Any, state: Any = None) -> Any:
        expect_sequences("Recurrence", x.shape)
        state = self.cell.initial_state() if state is None else state
        state, y = run(self.cell, state, x)
        return (y, state) if self.return_state else y

    def __repr__(self) -> str:
        return f"Recurrence({self.cell!r})"


class Recur(Layer):
    """A cell that keeps its state: each call moves `.state` on and returns the output.

    cell: one of the above, or any function with `h, y = cell(h, x)`; then the first state has to be
    given.  `reset` goes back to it.  x: (batch, in) or (in,), one step; or, for the cells above,
    (batch, time, in), as many steps, y (batch, time, out).

    Gradients flow through as many calls as are made within one `gradient`; the state that a
    `gradient` begins with is an array like any other.
    """

    transient = ("init", "state")
    title = "Recur"

    def __init__(self, cell: Function, state: Any = None) -> None:
        if state is None:
            if not isinstance(cell, Cell):
                raise TypeError("Recur of a function needs its first state: Recur(cell, state)")
            state = cell.initial_state()
        self.cell, self.init, self.state = cell, state, state
        self.sequences = isinstance(cell, Cell)

    def parameters(self) -> dict[str, Any]:
        return {"cell": self.cell}

    def __call__(self, x: Any) -> Any:
        if not self.sequences:
            self.state, y = self.cell(self.state, x)
        elif x.ndim == 3:
            self.state, y = run(self.cell, self.state, x)
        elif x.ndim == 2:
            self.state, y = self.cell(self.cell.widened(self.state, x), x)
        elif x.ndim == 1:
            row = x[None]
            self.state, rows = self.cell(self.cell.widened(self.state, row), row)
            y = rows[0]
        else:
            raise SizeMismatch(
                f"Recur takes x of shape (in,), (batch, in) or (batch, time, in), not {x.shape}"
            )
        return y

    def reset(self) -> None:
        """Back to the first state"""
        self.state = self.init

    def truncate(self) -> None:
        """Keep the state, and let no gradient through it to what came before"""
        self.state = ad.stop_gradient(self.state)

    def __repr__(self) -> str:
        name = repr(self.cell) if isinstance(self.cell, Layer) else self.cell.__name__
        return f"Recur({name})"


# Classes of their own, since of objects of one class the compiler takes an attribute to be of one type: a
# state of an LSTM is a pair, and that of the others an array.


class RNN(Recur):
    """`Recur(RNNCell(inputs, outputs, activation))`"""

    def __init__(
        self, inputs: int, outputs: int, activation: Function = np.tanh, **settings: Any
    ) -> None:
        super().__init__(RNNCell(inputs, outputs, activation, **settings))


class LSTM(Recur):
    """`Recur(LSTMCell(inputs, outputs))`"""

    def __init__(self, inputs: int, outputs: int, **settings: Any) -> None:
        super().__init__(LSTMCell(inputs, outputs, **settings))


class GRU(Recur):
    """`Recur(GRUCell(inputs, outputs))`"""

    def __init__(self, inputs: int, outputs: int, **settings: Any) -> None:
        super().__init__(GRUCell(inputs, outputs, **settings))


class GRUv3(Recur):
    """`Recur(GRUv3Cell(inputs, outputs))`"""

    def __init__(self, inputs: int, outputs: int, **settings: Any) -> None:
        super().__init__(GRUv3Cell(inputs, outputs, **settings))


def reset(model: Any) -> Any:
    """Every `Recur` in the model back to its first state.  Returns the model.  Also inside a gradient."""
    expect_tree("reset", model)
    to_each(False, model)
    return model


def truncate(model: Any) -> Any:
    """Every `Recur` in the model keeps its state, without gradients to what came before.  Returns the
    model.

    For the inside of a gradient; between gradients there is nothing to do: a state that is left there is
    an array.
    """
    expect_tree("truncate", model)
    to_each(True, model)
    return model


NO_MODELS = np.ndarray | np.ufunc | type | types.FunctionType | types.ModuleType


def to_each(cut: bool, thing: Any) -> None:
    """Cut or reset every `Recur` in a model: in a form that is resolved while compiling."""
    if isinstance(thing, Recur):
        if cut:
            thing.truncate()
        else:
            thing.reset()
    elif isinstance(thing, list | tuple):
        for part in thing:
            to_each(cut, part)
    elif isinstance(thing, dict):
        for key in thing:
            to_each(cut, thing[key])
    elif not isinstance(thing, NO_MODELS) and hasattr(thing, "__dict__"):
        for name in vars(thing):
            to_each(cut, getattr(thing, name))


@ad.nondifferentiable
def expect_tree(name: str, thing: Any, within: tuple[int, ...] = ()) -> None:
    """ValueError if something in a model leads back to itself."""
    if id(thing) in within:
        raise ValueError(
            f"nn.{name}: the model holds itself, by a {type(thing).__name__}: call {name}() of its layers"
        )
    for _, part in parts(thing):
        expect_tree(name, part, (*within, id(thing)))
