"""`setup` and `update`: a rule applied to every array of a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.optim.identity import IdentityMap
from adjoint.optim.rules import UpdateRule


@dataclass(eq=False)
class State:
    """What a rule remembers of one model."""

    rule: UpdateRule
    slots: IdentityMap = field(default_factory=IdentityMap, repr=False)


def setup(rule: UpdateRule, model: Any) -> State:
    """The state of the rule before its first update of the model: an array, layer, list or dict."""
    state = State(rule)
    for x in ad.params(model):
        state.slots[x] = rule.start(x)
    return state


def update(state: State | UpdateRule, target: Any, grads: Any) -> None:
    """Move every array of `target` one step along its gradient, in place.

    target, grads: a `Params` and its `Grads`, or a model and its cotangent: the same attributes,
    items and keys.  What has no gradient is left alone.  An array found at several places moves
    once, along the sum.  Only arrays move: a number cannot be changed in place; make it an array
    of shape ().
    """
    rule = state.rule if isinstance(state, State) else state
    totals: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for x, x_bar in pairs(target, grads):
        if id(x) in totals:
            x_bar = totals[id(x)][1] + x_bar
        totals[id(x)] = x, x_bar
    for x, x_bar in totals.values():
        slot = state.slots.get(x)
        if slot is None:
            slot = state.slots[x] = rule.start(x)
        rule.step(x, x_bar, slot)


def pairs(target: Any, grads: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each array of reals or complex numbers in `target`, with its gradient."""
    if grads is None:
        return
    if isinstance(target, np.ndarray):
        if target.dtype.kind in "fc":
            yield target, grads
    elif isinstance(target, list | tuple):
        for item, item_bar in zip(target, grads, strict=True):
            yield from pairs(item, item_bar)
    elif isinstance(target, dict):
        for key in target:
            yield from pairs(target[key], grads.get(key))
    elif isinstance(target, ad.Params):
        for x in target:
            yield from pairs(x, grads[x])
    elif isinstance(grads, ad.Tangent):
        for name in grads:
            yield from pairs(attribute(target, name), getattr(grads, name))


def attribute(target: Any, name: str) -> Any:
    """An attribute of an object, or a variable that a function has captured."""
    if isinstance(target, FunctionType) and name in target.__code__.co_freevars:
        return (target.__closure__ or ())[target.__code__.co_freevars.index(name)].cell_contents
    return getattr(target, name)
