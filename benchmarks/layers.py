"""Models of `adjoint.nn`: the value and the gradient to all parameters, next to those written by hand in
NumPy (`by_hand.py`), PyTorch's and JAX's.

    python benchmarks/layers.py [--short] [--only WORD]

The same weights in all; the harness checks that the gradients agree. PyTorch runs eagerly, JAX compiled
(`jax.jit`); they are left out where they are not installed.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import by_hand
import numpy as np
from harness import Candidate, Workload, main

import adjoint as ad
from adjoint import nn
from adjoint.nn.model import arrays

try:
    torch: Any = import_module("torch")
except ImportError:  # one candidate less
    torch = None

try:
    jax: Any = import_module("jax")
except ImportError:
    jax = None

SHORT = "--short" in sys.argv
BATCH = 2 if SHORT else 64
RNG = np.random.default_rng(0)
LEAST = 1e-3  # float32, summed in another order


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def labelled(model: Any, x: np.ndarray, y: np.ndarray) -> Any:
    return nn.logit_cross_entropy(model(x), y)


def squared(model: Any, x: np.ndarray, y: np.ndarray) -> Any:
    return nn.mse(model(x), y)


def workload(
    name: str,
    model: Any,
    theirs: Any,
    loss: Any,
    x: np.ndarray,
    y: np.ndarray,
    shared: Any,
    in_jax: Any = None,
    in_numpy: Any = None,
) -> Workload:
    """shared: pairs of an array of ours and the tensor of theirs that is to hold it.  in_jax: the model as
    a function of the arrays of ours, in this order, and of x.  in_numpy: makes its gradient from these
    arrays, x and y."""
    ours = ad.value_and_grad(loss)

    def adjoint() -> Any:
        value, bar = ours(model, x, y)
        by_name = dict(arrays(bar))
        return value, [by_name[path] for path, _ in shared]

    candidates: dict[str, Candidate] = {"adjoint": adjoint}
    if torch is not None:
        tensors = [getter(theirs) for _, getter in shared]
        with torch.no_grad():
            for (path, _), tensor in zip(shared, tensors, strict=True):
                tensor.copy_(torch.tensor(as_theirs(nn.state(model)[path])))
        tx, ty = torch.tensor(x), torch.tensor(y)
        function = torch.nn.functional
        their_loss = function.cross_entropy if loss is labelled else function.mse_loss

        def pytorch() -> Any:
            theirs.zero_grad()
            value = their_loss(theirs(tx), ty)
            value.backward()
            return value.item(), [as_ours(t.grad.numpy()) for t in tensors]

        candidates = {"pytorch": pytorch, **candidates}
    if jax is not None and in_jax is not None:
        candidates["jax"] = compiled(model, loss, x, y, [path for path, _ in shared], in_jax)
    if in_numpy is not None:
        weights = [nn.state(model)[path] for path, _ in shared]
        candidates = {"by hand": in_numpy(weights, x, y), **candidates}
    return Workload(name, candidates, tolerance=LEAST)


def compiled(
    model: Any, loss: Any, x: np.ndarray, y: np.ndarray, paths: list[str], in_jax: Any
) -> Candidate:
    """The value and the gradients by `jax.jit`."""
    jnp = jax.numpy
    weights = [jnp.asarray(nn.state(model)[path]) for path in paths]

    def total(weights: Any, x: Any, y: Any) -> Any:
        out = in_jax(weights, x)
        if loss is squared:
            return jnp.mean((out - y) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], 1))

    both = jax.jit(jax.value_and_grad(total))

    def call() -> Any:
        value, bars = both(weights, x, y)
        return float(value), [np.asarray(bar) for bar in bars]

    return call


def dense_layers(weights: Any, x: Any) -> Any:
    """Dense layers with relu between them, in JAX."""
    for i in range(0, len(weights), 2):
        x = x @ weights[i] + weights[i + 1]
        x = x if i == len(weights) - 2 else jax.nn.relu(x)
    return x


def lenet_in_jax(weights: Any, x: Any) -> Any:
    for i, pad in ((0, 2), (2, 0)):
        x = jax.lax.conv_general_dilated(
            x, weights[i], (1, 1), [(pad, pad)] * 2, dimension_numbers=("NCHW", "HWIO", "NCHW")
        )
        x = jax.nn.relu(x + weights[i + 1][:, None, None])
        x = jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return dense_layers(weights[4:], x.reshape(x.shape[0], -1))


def lstm_in_jax(weights: Any, x: Any) -> Any:
    W, U, b, V, c = weights
    jnp = jax.numpy

    def step(state: Any, x: Any) -> Any:
        h, memory = state
        i, f, g, o = jnp.split(x + h @ U, 4, axis=1)
        memory = jax.nn.sigmoid(f) * memory + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(memory)
        return (h, memory), h

    zeros = jnp.zeros((x.shape[0], U.shape[0]), x.dtype)
    y = jax.lax.scan(step, (zeros, zeros), jnp.swapaxes(x @ W + b, 0, 1))[1]
    return jnp.swapaxes(y, 0, 1) @ V + c


def as_theirs(array: np.ndarray) -> np.ndarray:
    """(in, out) → (out, in), (*kernel, in, out) → (out, in, *kernel)"""
    return np.moveaxis(array, (-1, -2), (0, 1)) if array.ndim > 1 else array


def as_ours(array: np.ndarray) -> np.ndarray:
    return np.moveaxis(array, (0, 1), (-1, -2)) if array.ndim > 1 else array


def paired(places: dict[int, Any]) -> list[tuple[str, Any]]:
    """Weights and biases of layers of a `Chain`, and of what their places in theirs are called."""
    return [
        (f"layers.{i}.{name}", lambda m, at=at, name=name: getattr(m[at], name))
        for i, at in places.items()
        for name in ("weight", "bias")
    ]


def mlp() -> Workload:
    model = nn.Chain(
        nn.Dense(784, 128, nn.relu, rng=0), nn.Dense(128, 32, nn.relu, rng=1), nn.Dense(32, 10, rng=2)
    )  # fmt: skip
    theirs = None
    if torch is not None:
        t = torch.nn
        theirs = t.Sequential(
            t.Linear(784, 128), t.ReLU(), t.Linear(128, 32), t.ReLU(), t.Linear(32, 10)
        )
    x, y = normal(BATCH, 784), RNG.integers(0, 10, BATCH)
    title = f"MLP 784-128-32-10, batch {BATCH}"
    shared = paired({0: 0, 1: 2, 2: 4})
    return workload(title, model, theirs, labelled, x, y, shared, dense_layers, by_hand.mlp)


def lenet() -> Workload:
    model = nn.Chain(
        nn.CrossCor((5, 5), 1, 6, nn.relu, pad=2, rng=0), nn.MaxPool((2, 2)),
        nn.CrossCor((5, 5), 6, 16, nn.relu, rng=1), nn.MaxPool((2, 2)), nn.flatten,
        nn.Dense(400, 120, nn.relu, rng=2), nn.Dense(120, 84, nn.relu, rng=3),
        nn.Dense(84, 10, rng=4),
    )  # fmt: skip
    theirs = None
    if torch is not None:
        t = torch.nn
        theirs = t.Sequential(
            t.Conv2d(1, 6, 5, padding=2), t.ReLU(), t.MaxPool2d(2), t.Conv2d(6, 16, 5), t.ReLU(),
            t.MaxPool2d(2), t.Flatten(), t.Linear(400, 120), t.ReLU(), t.Linear(120, 84), t.ReLU(),
            t.Linear(84, 10),
        )  # fmt: skip
    x, y = normal(BATCH, 1, 28, 28), RNG.integers(0, 10, BATCH)
    shared = paired({0: 0, 2: 3, 5: 7, 6: 9, 7: 11})
    title = f"LeNet, batch {BATCH}"
    return workload(title, model, theirs, labelled, x, y, shared, lenet_in_jax, by_hand.lenet)


def recurrent(name: str) -> Workload:
    cell = getattr(nn, f"{name}Cell")(10, 15, rng=0)
    model = nn.Chain(nn.Recurrence(cell), nn.Dense(15, 5, rng=1))
    theirs = None
    if torch is not None:

        class Theirs(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.recurrent = getattr(torch.nn, name)(10, 15, batch_first=True)
                self.dense = torch.nn.Linear(15, 5)
                torch.nn.init.zeros_(self.recurrent.bias_hh_l0)

            def forward(self, x: Any) -> Any:
                return self.dense(self.recurrent(x)[0])

        theirs = Theirs()
    shared = [
        ("layers.0.cell.input_weight", lambda m: m.recurrent.weight_ih_l0),
        ("layers.0.cell.hidden_weight", lambda m: m.recurrent.weight_hh_l0),
        ("layers.0.cell.bias", lambda m: m.recurrent.bias_ih_l0),
        ("layers.1.weight", lambda m: m.dense.weight),
        ("layers.1.bias", lambda m: m.dense.bias),
    ]
    batch, steps = (2, 5) if SHORT else (32, 50)
    x, y = normal(batch, steps, 10), normal(batch, steps, 5)
    title = f"{name} 10 to 15, {steps} steps, batch {batch}"
    others = (lstm_in_jax, by_hand.lstm) if name == "LSTM" else ()
    return workload(title, model, theirs, squared, x, y, shared, *others)


def workloads() -> list[Workload]:
    return [mlp(), lenet(), *map(recurrent, ("RNN", "LSTM", "GRU"))]


if __name__ == "__main__":
    raise SystemExit(main(workloads))
