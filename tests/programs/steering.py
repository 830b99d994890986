"""Programs whose derivatives are looked at, changed in flight, or computed again."""

import math

import numpy as np

import adjoint as ad
from tests.programs.registry import normal, program, static


def look(cotangent):
    return None


def same(cotangent):
    return 1.0 * cotangent


@program(normal(3), normal(3, 2))
def hooks_on_the_way(x, W):
    hidden = ad.hook(look, np.tanh(x @ W))
    return np.sum(ad.hook(same, hidden * hidden)) + ad.hook(look, hidden[0])


@program(0.7, static(4))
def hook_in_a_loop(x, n):
    for i in range(n):
        x = ad.hook(same, np.sin(x) + 0.1 * i) if i % 2 else ad.hook(look, x) * 1.5
    return x


@program({"a": 2.0, "b": normal(2)}, (1.5, normal(2)))
def hooks_of_containers(state, pair):
    state = ad.hook(look, state)
    scale, row = ad.hook(look, pair)
    return np.sum(state["b"] * row) * state["a"] * scale


@program(np.array([0.5, -2.0, 3.0]), expected=(np.array([1.0 * 0.5, -1.0 * 2.0, 1.0 * 3.0]) * 2.0,))
def clipped_in_flight(x):
    return np.sum(3.0 * ad.hook(lambda bar: np.clip(bar, -1.0, 1.0), x * x))


def step(x, W):
    return np.tanh(x @ W) + 0.5 * x


@program(normal(3), normal(3, 3))
def checkpointed_calls(x, W):
    return np.sum(ad.checkpoint(step)(ad.checkpoint(step)(x, W), W) ** 2)


@ad.checkpoint
def segment(x, W, steps):
    for _ in range(steps):
        x = step(x, W)
    return x


@program(normal(3), normal(3, 3), static(5))
def checkpointed_segments(x, W, n):
    length = math.isqrt(n)
    for start in range(0, n, length):
        x = segment(x, W, min(length, n - start))
    return np.sum(x * x)


@program(normal(3), normal(3, 3))
def checkpointed_closures(x, W):
    inner = ad.checkpoint(lambda v: np.tanh(v @ W))
    outer = ad.checkpoint(lambda v, scale=2.0: inner(v) * scale + inner(scale * v))
    return np.sum(outer(x) * outer(x, scale=x[0]))


@program(normal(3), normal(3, 3))
def hooks_inside_checkpoints(x, W):
    def layer(v):
        return ad.hook(same, np.tanh(ad.hook(look, v) @ W))

    return np.sum(ad.checkpoint(layer)(x) ** 3)


class Layer:
    def __init__(self, weight):
        self.weight = weight

    @ad.checkpoint
    def forward(self, x):
        return np.tanh(x @ self.weight)

    @ad.differentiable
    def readout(self, x):
        return np.sum(x * self.weight[0])


@program(normal(3), normal(3, 3))
def decorated_methods(x, W):
    layer = Layer(W)
    forward = layer.forward
    return layer.readout(layer.forward(forward(x)))
