"""Values and gradients that a careful person writes in NumPy: what `layers.py` measures the generated
code against. Buffers are made once, weights and images have the features first and the batch last.

Each function takes the arrays of a model and a batch, and gives a function that computes the loss and
the gradient to each of the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = list[np.ndarray]


def mlp(weights: Arrays, x: np.ndarray, labels: np.ndarray) -> Callable[[], Any]:
    """Dense layers with relu between them, softmax and cross entropy."""
    inputs = np.ascontiguousarray(x.T)
    head, slopes = dense_layers(weights, inputs, labels)

    def call() -> tuple[float, Arrays]:
        head()
        value, bars, _ = slopes(False)
        return value, bars

    return call


def dense_layers(
    weights: Arrays, x: np.ndarray, labels: np.ndarray
) -> tuple[Callable[[], None], Callable[[bool], tuple[float, Arrays, Any]]]:
    """x: (in, batch).  The forward half, and the reverse half: the loss, the gradients, and that to x."""
    pairs = list(zip(weights[::2], weights[1::2], strict=True))
    batch, rows = x.shape[1], np.arange(x.shape[1])
    hidden = [x, *[np.empty((len(b), batch), x.dtype) for _, b in pairs]]
    bars = [np.empty_like(h) for h in hidden]
    found = [np.empty_like(w) for w in weights]
    ones = np.ones(batch, x.dtype)

    def forward() -> None:
        for i, (W, b) in enumerate(pairs):
            h = np.dot(W.T, hidden[i], out=hidden[i + 1])
            h += b[:, None]
            if i < len(pairs) - 1:
                np.maximum(h, 0, out=h)

    def reverse(to_x: bool) -> tuple[float, Arrays, Any]:
        logits, bar = hidden[-1], bars[-1]
        np.subtract(logits, logits.max(axis=0), out=logits)
        picked = logits[labels, rows].sum()
        np.exp(logits, out=bar)
        sums = bar.sum(axis=0)
        value = (np.log(sums).sum() - picked) / batch
        bar /= sums
        bar[labels, rows] -= 1
        bar *= 1 / batch
        for i in reversed(range(len(pairs))):
            np.dot(hidden[i], bars[i + 1].T, out=found[2 * i])
            np.dot(bars[i + 1], ones, out=found[2 * i + 1])
            if i or to_x:
                np.dot(weights[2 * i], bars[i + 1], out=bars[i])
            if i:
                bars[i] *= hidden[i] > 0
        return float(value), found, bars[0]

    return forward, reverse


class Convolution:
    """A convolution of stride 1 without flipping, max pooling by 2 × 2, bias and relu.

    weight: (*kernel, in, out)  x: (in, height, width, batch)  → (out, height/2, width/2, batch)

    One product: windows are the rows of a matrix (kernel · in, height · width · batch) that is copied
    together in runs as long as the batch. Bias and relu come behind the pooling, at a quarter of the cost.
    """

    def __init__(self, weight: np.ndarray, bias: np.ndarray, shape: tuple[int, ...]) -> None:
        self.weight, self.bias = weight, bias
        height, width, inputs, outputs = weight.shape
        self.size = shape[1] - height + 1, shape[2] - width + 1, shape[3]
        self.places = [(i, j) for i in range(height) for j in range(width)]
        make = weight.dtype
        self.columns = np.empty((height * width, inputs, *self.size), make)
        self.columns_bar = np.empty_like(self.columns)
        self.y, self.y_bar = (np.empty((outputs, *self.size), make) for _ in range(2))
        half = outputs, self.size[0] // 2, self.size[1] // 2, self.size[2]
        self.pooled, self.above = np.empty(half, make), np.empty(half, make)
        self.x_bar = np.empty(shape, make)
        self.weight_bar, self.bias_bar = np.empty_like(weight), np.empty_like(bias)

    def window(self, x: np.ndarray, i: int, j: int) -> np.ndarray:
        return x[:, i : i + self.size[0], j : j + self.size[1]]

    def quarters(self, y: np.ndarray) -> list[np.ndarray]:
        return [y[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]

    def forward(self, x: np.ndarray) -> np.ndarray:
        for column, (i, j) in zip(self.columns, self.places, strict=True):
            column[...] = self.window(x, i, j)
        outputs = len(self.bias)
        kernel, columns = self.weight.reshape(-1, outputs), self.columns.reshape(-1, self.y[0].size)
        np.dot(kernel.T, columns, out=self.y.reshape(outputs, -1))
        a, b, c, d = self.quarters(self.y)
        np.maximum(a, b, out=self.pooled)
        np.maximum(self.pooled, c, out=self.pooled)
        np.maximum(self.pooled, d, out=self.pooled)
        np.add(self.pooled, self.bias[:, None, None, None], out=self.above)
        return np.maximum(self.above, 0, out=self.above)

    def reverse(self, bar: np.ndarray, to_x: bool) -> np.ndarray:
        """bar: the cotangent of the output, which is written to."""
        outputs = len(self.bias)
        bar *= self.above > 0
        np.sum(bar.reshape(outputs, -1), axis=1, out=self.bias_bar)
        for quarter, quarter_bar in zip(
            self.quarters(self.y), self.quarters(self.y_bar), strict=True
        ):
            np.multiply(bar, quarter == self.pooled, out=quarter_bar)
        y_bar, columns = (
            self.y_bar.reshape(outputs, -1),
            self.columns.reshape(-1, self.y[0].size),
        )
        np.dot(columns, y_bar.T, out=self.weight_bar.reshape(-1, outputs))
        if to_x:
            kernel = self.weight.reshape(-1, outputs)
            np.dot(kernel, y_bar, out=self.columns_bar.reshape(kernel.shape[0], -1))
            self.x_bar[...] = 0
            for column, (i, j) in zip(self.columns_bar, self.places, strict=True):
                self.window(self.x_bar, i, j)[...] += column
        return self.x_bar


def lenet(weights: Arrays, x: np.ndarray, labels: np.ndarray) -> Callable[[], Any]:
    """Two convolutions and three dense layers.  x: (batch, 1, 28, 28)"""
    batch = len(x)
    padded = np.zeros((1, 32, 32, batch), x.dtype)
    first = Convolution(weights[0], weights[1], padded.shape)
    second = Convolution(weights[2], weights[3], first.above.shape)
    flat = second.above.reshape(-1, batch)
    forward, reverse = dense_layers(weights[4:], flat, labels)

    def call() -> tuple[float, Arrays]:
        padded[:, 2:-2, 2:-2] = np.transpose(x, (1, 2, 3, 0))
        second.forward(first.forward(padded))
        forward()
        value, bars, bar = reverse(True)
        bar = second.reverse(bar.reshape(second.above.shape), True)
        first.reverse(bar, False)
        found = [first.weight_bar, first.bias_bar, second.weight_bar, second.bias_bar]
        return value, found + bars

    return call


def lstm(weights: Arrays, x: np.ndarray, y: np.ndarray) -> Callable[[], Any]:
    """An LSTM, a dense layer, and the mean square.  x: (batch, time, in)

    One tanh for all gates, σ(z) = ½ tanh(½ z) + ½ with the halves in the weights; products with the
    inputs and for the weights' gradients over all steps at once; slopes of the gates too.
    """
    W, U, b, V, c = weights
    batch, steps, inputs = x.shape
    n, make = len(U), x.dtype
    half = np.repeat(np.array([0.5, 0.5, 1, 0.5], make), n)
    shift = np.repeat(np.array([0.5, 0.5, 0, 0.5], make), n)[:, None]
    X = np.ascontiguousarray(np.transpose(x, (2, 1, 0))).reshape(inputs, -1)
    Y = np.ascontiguousarray(np.transpose(y, (2, 1, 0))).reshape(y.shape[2], -1)
    gates, slopes, bars = (np.empty((4 * n, steps, batch), make) for _ in range(3))
    h, memory = (np.zeros((n, steps + 1, batch), make) for _ in range(2))
    above = np.empty((n, steps, batch), make)
    ones = np.ones(steps * batch, make)

    def call() -> tuple[float, Arrays]:
        np.dot((W * half).T, X, out=gates.reshape(4 * n, -1))
        np.add(gates, (b * half)[:, None, None], out=gates)
        Us, column = (U * half).T, half[:, None]
        for t in range(steps):
            z = np.dot(Us, h[:, t])
            z += gates[:, t]
            np.tanh(z, out=z)
            z *= column
            z += shift
            gates[:, t] = z
            m = np.multiply(z[n : 2 * n], memory[:, t], out=memory[:, t + 1])
            m += z[:n] * z[2 * n : 3 * n]
            np.multiply(z[3 * n :], np.tanh(m, out=above[:, t]), out=h[:, t + 1])

        H = np.ascontiguousarray(h[:, 1:]).reshape(n, -1)
        error = np.dot(V.T, H)
        error += c[:, None]
        error -= Y
        value = float(np.vdot(error, error)) / error.size
        error *= 2 / error.size
        V_bar, c_bar = H @ error.T, error @ ones
        h_bar = np.dot(V, error).reshape(n, steps, batch)

        i, f, g, o = gates.reshape(4, n, steps, batch)
        np.subtract(1, gates, out=slopes)
        np.multiply(slopes, gates, out=slopes)
        slopes[:n] *= g
        slopes[n : 2 * n] *= memory[:, :-1]
        np.multiply(g, g, out=slopes[2 * n : 3 * n])
        np.subtract(1, slopes[2 * n : 3 * n], out=slopes[2 * n : 3 * n])
        slopes[2 * n : 3 * n] *= i
        slopes[3 * n :] *= above
        to_memory = o * (1 - above * above)
        of_memory, three = np.zeros((n, batch), make), slopes[: 3 * n].reshape(3, n, steps, batch)
        three_bars = bars[: 3 * n].reshape(3, n, steps, batch)
        for t in reversed(range(steps)):
            bar = h_bar[:, t]
            if t < steps - 1:
                bar += np.dot(U, bars[:, t + 1])
                of_memory *= f[:, t + 1]
            of_memory += bar * to_memory[:, t]
            np.multiply(three[:, :, t], of_memory, out=three_bars[:, :, t])
            np.multiply(slopes[3 * n :, t], bar, out=bars[3 * n :, t])
        flat = bars.reshape(4 * n, -1)
        before = np.ascontiguousarray(h[:, :-1]).reshape(n, -1)
        return value, [X @ flat.T, before @ flat.T, flat @ ones, V_bar, c_bar]

    return call
