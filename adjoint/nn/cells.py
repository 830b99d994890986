"""Recurrent cells: a step of a recurrent layer.

A cell is a function of a state and an input: `h, y = cell(h, x)`, x: (batch, in) or (in,).
"""

from __future__ import annotations

from typing import Any

import numpy as np

import adjoint as ad
from adjoint.nn.activation import sigmoid_fast as sigmoid
from adjoint.nn.initialisers import glorot_uniform
from adjoint.nn.layer import Function, Layer, SizeMismatch, expect_axis, listed
from adjoint.nn.layers import affine

SEQUENCES = "`Recurrence` and `Recur` go through sequences"


def columns(x: Any) -> Any:
    """(batch, features) → (features, batch), and (features,) → (features, 1)"""
    return x.T if x.ndim == 2 else x[:, None]


def fitted(part: Any, zeros: Any) -> Any:
    """part, (1, out) or (batch, out), in the shape and dtype of `zeros`, (batch, out)"""
    return (part + zeros).astype(zeros.dtype, copy=False)


@ad.rule(fitted, linear="part", like=1)
def _(part: Any, zeros: Any) -> Any:
    # Of a state that a program changes no more may be known than that: its dtype follows that of x.
    y = fitted(part, zeros)
    rows, dtype = part.shape[0], part.dtype

    def pullback(y_bar: Any) -> Any:
        one = y_bar if rows == y_bar.shape[0] else np.sum(y_bar, axis=0, keepdims=True)
        return one.astype(dtype, copy=False)

    return y, pullback


@ad.nondifferentiable
def expect_state(
    layer: str, shape: tuple[int, ...], of_input: tuple[int, ...], weight: tuple[int, ...]
) -> None:
    """SizeMismatch unless a state, or a part of one, is (out,), (1, out) or (batch, out)."""
    batch = of_input[:-1] if len(of_input) > 1 else ()
    unlike = len(shape) == 2 and batch and shape[0] not in (1, *batch)
    if shape[-1:] != weight[:1] or len(shape) > 2 or unlike:
        form = ", ".join(map(str, (*batch, weight[0])))
        raise SizeMismatch(
            f"{layer} takes a state of shape ({form}), not {shape}, with inputs {of_input}; "
            "nn.reset(model) forgets the state of another batch"
        )


@ad.nondifferentiable
def expect_step(layer: str, shape: tuple[int, ...]) -> None:
    """SizeMismatch unless this is the input of one step."""
    if len(shape) > 2:
        raise SizeMismatch(
            f"{layer} takes a step, x of shape (batch, in) or (in,), not {shape}; {SEQUENCES}"
        )


@ad.nondifferentiable
def expect_pair(layer: str, state: Any) -> None:
    if not isinstance(state, tuple | list) or len(state) != 2:
        raise SizeMismatch(
            f"{layer} takes the state (h, c), a tuple of two arrays, not {type(state).__name__}"
        )


def only_column(x: Any) -> Any:
    """(features, 1) → (features,)"""
    return x[:, 0]


class Cell(Layer):
    """Base of the cells: `gates` blocks of weights side by side.

    input_weight: (in, gates · out)  hidden_weight: (out, gates · out)  bias: (gates · out,)
    """

    gates = 1

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        init: Function = glorot_uniform,
        recurrent_init: Function = glorot_uniform,
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        rng = np.random.default_rng(rng)
        self.input_weight = self.blocks(init, inputs, outputs, rng, dtype)
        self.hidden_weight = self.blocks(recurrent_init, outputs, outputs, rng, dtype)
        self.bias = np.zeros(self.gates * outputs, dtype) if bias else None

    def blocks(self, init: Function, inputs: int, outputs: int, rng: Any, dtype: Any) -> np.ndarray:
        made = [init((inputs, outputs), rng=rng, dtype=dtype) for _ in range(self.gates)]
        return np.concatenate(made, axis=1)

    def prepared(self, x: Any) -> Any:
        """x W + b, the part of the gates that the state has no part in.

        x: (batch, in) or (in,) → (gates · out, batch), or (batch, time, in) → (gates · out, time, batch)
        """
        expect_axis(type(self).__name__, x.shape, -1, self.input_weight.shape[0])
        if x.ndim < 3 and not isinstance(x, np.ndarray):  # one-hot: rows of the weight
            return columns(affine(x, self.input_weight, self.bias))
        if x.ndim < 3:  # in the order of memory that the product with the state has
            y = self.input_weight.T @ columns(x)
            return y if self.bias is None else y + self.bias[:, None]
        steps = np.transpose(x, (2, 1, 0))  # few numbers next to those of the gates
        y = self.scaled(self.input_weight).T @ steps.reshape(x.shape[2], -1)
        y = y if self.bias is None else y + self.scaled(self.bias)[:, None]
        return y.reshape(self.input_weight.shape[1], x.shape[1], x.shape[0])

    def scaled(self, weight: Any) -> Any:
        """Weights or bias, (..., gates · out), as a `step` of many wants them."""
        return weight

    def step(self, state: Any, prepared: Any, weight: Any, scaled: bool = False) -> Any:
        """The state after an input, `prepared`.  All have the features first: a gate is one block.

        state: (out, batch)  prepared: (gates · out, batch)  weight: Uᵀ, (gates · out, out).
        scaled: of a sequence, whose weights are scaled once.
        """
        raise NotImplementedError

    def each(self, f: Function, state: Any) -> Any:
        """f of each array in a state."""
        return f(state)

    def output(self, state: Any) -> Any:
        """The output, a part of the state."""
        return state

    def __call__(self, state: Any, x: Any) -> tuple[Any, Any]:
        expect_step(type(self).__name__, x.shape)
        self.expect(state, x.shape)
        single = x.ndim == self.output(state).ndim == 1
        prepared = self.prepared(x)
        state = self.step(self.each(columns, state), prepared, self.hidden_weight.T)
        state = self.each(only_column if single else np.transpose, state)
        return state, self.output(state)

    def expect(self, state: Any, of_input: tuple[int, ...]) -> None:
        """SizeMismatch unless the state is one for inputs of this shape."""
        expect_state(type(self).__name__, state.shape, of_input, self.hidden_weight.shape)

    def initial_state(self) -> Any:
        """Zeros, (1, out), which fit any batch."""
        return np.zeros((1, self.hidden_weight.shape[0]), self.hidden_weight.dtype)

    def widened(self, state: Any, x: Any) -> Any:
        """The state with one row for each sequence, and in the dtype of x W."""
        self.expect(state, (x.shape[0], x.shape[-1]))
        dtype = np.result_type(x.dtype, self.hidden_weight.dtype)
        zeros = np.zeros((x.shape[0], self.hidden_weight.shape[0]), dtype)
        return self.each(lambda part: fitted(part, zeros), state)

    def arguments(self) -> str:
        settings = {} if self.bias is not None else {"bias": False}
        return listed(self.input_weight.shape[0], self.hidden_weight.shape[0], **settings)


class RNNCell(Cell):
    """h' = activation(x W + h U + b); the output is h'.  state h: (batch, out)"""

    def __init__(
        self, inputs: int, outputs: int, activation: Function = np.tanh, **settings: Any
    ) -> None:
        super().__init__(inputs, outputs, **settings)
        self.activation = activation

    def step(self, state: Any, prepared: Any, weight: Any, scaled: bool = False) -> Any:
        return self.activation((prepared + weight @ state).T).T

    def arguments(self) -> str:
        inputs, outputs = self.input_weight.shape
        settings = {} if self.bias is not None else {"bias": False}
        return listed(inputs, outputs, activation=self.activation, **settings)


class LSTMCell(Cell):
    """c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c'); the output is h' (Hochreiter and Schmidhuber 1997).

    [i f g o] = x W + h U + b.  The state is the tuple (h, c), each (batch, out).  The bias of the
    forget gate f starts at `forget_bias` (Jozefowicz et al. 2015), the others at 0.
    """

    gates = 4

    def __init__(
        self, inputs: int, outputs: int, *, forget_bias: float = 1.0, **settings: Any
    ) -> None:
        super().__init__(inputs, outputs, **settings)
        if self.bias is not None:
            self.bias[outputs : 2 * outputs] = forget_bias

    def scaled(self, weight: Any) -> Any:
        half = np.array([[0.5], [0.5], [1], [0.5]], weight.dtype)
        rows = weight.reshape(*weight.shape[:-1], 4, self.hidden_weight.shape[0])
        return (half * rows).reshape(weight.shape)

    def step(self, state: Any, prepared: Any, weight: Any, scaled: bool = False) -> Any:
        h, c = state
        gates = prepared + weight @ h
        gates = gates.reshape(4, len(h), gates.shape[1])
        if not scaled:
            gates = np.array([[[0.5]], [[0.5]], [[1]], [[0.5]]], gates.dtype) * gates
        i, f, g, o = np.tanh(gates)  # σ(x) = ½ tanh(½ x) + ½: one tanh does for all four
        c = (0.5 * f + 0.5) * c + (0.5 * i + 0.5) * g
        return (0.5 * o + 0.5) * np.tanh(c), c

    def each(self, f: Function, state: Any) -> Any:
        return f(state[0]), f(state[1])

    def output(self, state: Any) -> Any:
        return state[0]

    def expect(self, state: Any, of_input: tuple[int, ...]) -> None:
        expect_pair("LSTMCell", state)
        super().expect(state[0], of_input)
        super().expect(state[1], of_input)

    def initial_state(self) -> Any:
        return super().initial_state(), super().initial_state()


class GRUCell(Cell):
    """h' = (1 - z) h̃ + z h; the output is h' (Cho et al. 2014, the form of version 1).

    [a b d] = x W + b, [p q s] = h U: r = σ(a + p), z = σ(b + q), h̃ = tanh(d + r s)
    """

    gates = 3

    def step(self, state: Any, prepared: Any, weight: Any, scaled: bool = False) -> Any:
        n = len(state)
        inner = weight @ state
        gates = sigmoid(prepared[: 2 * n] + inner[: 2 * n])
        r, z = gates[:n], gates[n:]
        candidate = np.tanh(prepared[2 * n :] + r * inner[2 * n :])
        return candidate + z * (state - candidate)


class GRUv3Cell(Cell):
    """The `GRUCell` of version 3: the reset gate acts before the product, h̃ = tanh(d + (r h) U₃)."""

    gates = 3

    def step(self, state: Any, prepared: Any, weight: Any, scaled: bool = False) -> Any:
        n = len(state)
        gates = sigmoid(prepared[: 2 * n] + weight[: 2 * n] @ state)
        r, z = gates[:n], gates[n:]
        candidate = np.tanh(prepared[2 * n :] + weight[2 * n :] @ (r * state))
        return candidate + z * (state - candidate)
