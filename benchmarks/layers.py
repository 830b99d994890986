"""Models of `adjoint.nn`: the value and the gradient to all parameters, next to PyTorch's.

    python benchmarks/layers.py [--short] [--only WORD]

The same weights in both; the harness checks that the gradients agree. Without PyTorch the times of
adjoint stand alone. Heap memory that is given back to the system between calls costs the larger
models page faults: MALLOC_TRIM_THRESHOLD_=1000000000 in the environment shows what they cost.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import numpy as np
from harness import Candidate, Workload, main

import adjoint as ad
from adjoint import nn
from adjoint.nn.model import arrays

try:
    torch: Any = import_module("torch")
except ImportError:  # one candidate less
    torch = None

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
    name: str, model: Any, theirs: Any, loss: Any, x: np.ndarray, y: np.ndarray, shared: Any
) -> Workload:
    """shared: pairs of an array of ours and the tensor of theirs that is to hold it."""
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
    return Workload(name, candidates, tolerance=LEAST)


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
    return workload(f"LeNet, batch {BATCH}", model, theirs, labelled, x, y, shared)


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
    return workload(title, model, theirs, squared, x, y, shared)


def workloads() -> list[Workload]:
    return [lenet(), *map(recurrent, ("RNN", "LSTM", "GRU"))]


if __name__ == "__main__":
    raise SystemExit(main(workloads))
