"""One step of an optimiser on given gradients: ours in place in NumPy, and PyTorch's.

    python benchmarks/optimisers.py [--short] [--only WORD]

All in single precision and on one processor: NumPy's elementwise functions use no more, and PyTorch is
told to. "torch" is what its optimisers do by default, "torch, fused" its kernel written for the rule.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
from harness import Candidate, Workload, main

from adjoint import optim

try:
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
except ImportError:  # two candidates less
    torch = None

SHORT = "--short" in sys.argv
SIDE = 300 if SHORT else 2000
WIDTHS = (784, 128, 32, 10)
SHAPES = {
    "network 784-128-32-10": [s for pair in pairwise(WIDTHS) for s in (pair, pair[1:])],
    f"matrix {SIDE} x {SIDE}": [(SIDE, SIDE)],
    "40 small arrays": [(10, 10), (10,)] * 20,
}
RULES: dict[str, tuple[Callable, str, dict]] = {
    "Descent": (lambda: optim.Descent(0.001), "SGD", {"lr": 0.001}),
    "Momentum": (lambda: optim.Momentum(0.001), "SGD", {"lr": 0.001, "momentum": 0.9}),
    "RMSProp": (optim.RMSProp, "RMSprop", {"lr": 0.001, "alpha": 0.9}),
    "Adam": (optim.Adam, "Adam", {}),
    "AdamW": (lambda: optim.AdamW(decay=0.01), "AdamW", {"weight_decay": 0.01}),
}
FUSED = {"Descent", "Momentum", "Adam", "AdamW"}


def workload(name: str, where: str) -> Workload:
    make, torch_name, options = RULES[name]
    rng = np.random.default_rng(0)
    starts = [rng.normal(size=shape).astype(np.float32) for shape in SHAPES[where]]
    bars = [rng.normal(size=shape).astype(np.float32) for shape in SHAPES[where]]
    xs = [x.copy() for x in starts]
    state = optim.setup(make(), xs)

    def ours() -> list[np.ndarray]:
        optim.update(state, xs, bars)
        return xs

    def theirs(**more: Any) -> Candidate:
        tensors = [torch.tensor(x, requires_grad=True) for x in starts]
        for tensor, bar in zip(tensors, bars, strict=True):
            tensor.grad = torch.tensor(bar)
        rule = getattr(torch.optim, torch_name)(tensors, **options, **more)

        def step() -> list[np.ndarray]:
            rule.step()
            return [tensor.detach().numpy() for tensor in tensors]

        return step

    candidates: dict[str, Candidate] = {}
    if torch is not None:
        candidates["torch"] = theirs()
        if name in FUSED:
            candidates["torch, fused"] = theirs(fused=True)
    candidates["adjoint"] = ours
    return Workload(f"{name}, {where}", candidates, tolerance=1e-5)


def workloads() -> list[Workload]:
    return [workload(name, where) for where in SHAPES for name in RULES]


if __name__ == "__main__":
    raise SystemExit(main(workloads))
