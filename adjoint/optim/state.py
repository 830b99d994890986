"""`setup` and `update`: a rule applied to every array of a model; and changing one's mind about it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.optim.identity import IdentityMap
from adjoint.optim.rule import BLOCK, Slot, UpdateRule, assign, everywhere, scratch


@dataclass(eq=False)
class Leaf:
    """What is remembered of one array.  work: room for its step, where steps are taken together."""

    rule: UpdateRule
    slot: Slot
    frozen: bool = False
    work: np.ndarray | None = None


@dataclass(eq=False)
class State:
    """What a rule remembers of one model: a `Leaf` for each array."""

    rule: UpdateRule
    leaves: IdentityMap = field(default_factory=IdentityMap, repr=False)

    def leaf(self, x: np.ndarray) -> Leaf:
        """What is remembered of the array, from now on."""
        found = self.leaves.get(x)
        if found is None:
            found = self.leaves[x] = Leaf(self.rule, self.rule.start(x))
        return found


def state_of(state: State | UpdateRule) -> State:
    """The state, or that of a rule which keeps its own."""
    if isinstance(state, State):
        return state
    if state.state is None:
        state.state = State(state)
    return state.state


def setup(rule: UpdateRule, model: Any) -> State:
    """The state of the rule before its first update of the model: an array, layer, list or dict.

    An array that is found at several places is one.
    """
    state = State(rule)
    for x in ad.params(model):
        state.leaf(x)
    return state


def update(
    state: State | UpdateRule,
    target: Any,
    grads: Any,
    *,
    value: float | None = None,
    curvature: Any = None,
) -> None:
    """Move every array of `target` one step along its gradient, in place.

    target, grads: a `Params` or a model and its `Grads`, or a model and its cotangent: the same
    attributes, items and keys.  What has no gradient is left alone.  An array found at several places moves
    once, along the sum.  Only arrays move: a number cannot be changed in place; make it an array
    of shape ().

    value: the loss, for rules that ask for it (`Polyak`).  curvature: an estimate of the Hessian's
    diagonal, or a function that gives one, for `Sophia`.

    Raises ValueError, before anything moves, if a gradient has another shape than its array.
    """
    state = state_of(state)
    found = []
    for x, x_bar in gathered(target, grads):
        if np.shape(x_bar) != x.shape:
            raise ValueError(f"the gradient of an array {x.shape} has the shape {np.shape(x_bar)}")
        leaf = state.leaf(x)
        if not leaf.frozen:
            found.append((x, x_bar, leaf))
    if state.rule.together:
        for rule in everywhere(state.rule):
            rule.told(target, value, curvature)
        move_together(state.rule, found)
    else:
        for x, x_bar, leaf in found:
            move(leaf.rule, x, x_bar, leaf.slot)


def move(rule: UpdateRule, x: np.ndarray, x_bar: Any, slot: Slot) -> None:
    """One step of one array; block by block where the rule allows it."""
    rule.advance(slot)
    if (
        x.size > BLOCK
        and rule.blockwise(slot)
        and x.flags.c_contiguous
        and x_bar.flags.c_contiguous
    ):
        x, x_bar = x.reshape(-1), x_bar.reshape(-1)
        for begin in range(0, x.size, BLOCK):
            at = slice(begin, begin + BLOCK)
            step_in_place(rule, x[at], x_bar[at], slot.block(at))
    else:
        step_in_place(rule, x, x_bar, slot)


def step_in_place(rule: UpdateRule, x: np.ndarray, x_bar: Any, slot: Slot) -> None:
    dx = scratch(x, "step")
    np.copyto(dx, x_bar, casting="same_kind")
    rule.move(x, dx, slot)


def move_together(rule: UpdateRule, found: list[tuple[np.ndarray, Any, Leaf]]) -> None:
    """One step of all arrays, each with a work array of its own."""
    entries = []
    for x, x_bar, leaf in found:
        if leaf.rule is not rule:
            raise ValueError(
                f"{rule} looks at all arrays together, but some were adjusted to {leaf.rule}: "
                "give parts of the model rules of their own with Partition"
            )
        if leaf.work is None:
            leaf.work = np.empty_like(x)
        np.copyto(leaf.work, x_bar, casting="same_kind")
        entries.append((x, leaf.work, leaf.slot))
    rule.move_all(entries)


# -- changing one's mind -----------------------------------------------------------------------------


def adjust(
    state: State | UpdateRule, eta: float | None = None, *, part: Any = None, **others: Any
) -> None:
    """Change hyperparameters from the next step on; what was remembered stays.

        adjust(state, 0.01)                       # eta
        adjust(state, beta=(0.8, 0.99))
        adjust(state, 0.001, part=model[0])       # of the arrays in a part of the model

    In a chain every rule that has the hyperparameter gets it.  Without `part` the rule itself
    changes, and so for every state that was made with it.  Raises TypeError if no rule has it.
    """
    values = others if eta is None else {"eta": eta, **others}
    state = state_of(state)
    if part is None:
        assign(state.rule, values)
        own = {id(leaf.rule): leaf.rule for _, leaf in state.leaves.items()}
        for rule in own.values():
            if rule is not state.rule:
                assign(rule, values)
        return
    copies: dict[int, UpdateRule] = {}
    for leaf in leaves_of(state, part):
        if id(leaf.rule) not in copies:
            copies[id(leaf.rule)] = rule = copied_rule(leaf.rule)
            assign(rule, values)
        leaf.rule = copies[id(leaf.rule)]


def copied_rule(rule: UpdateRule) -> UpdateRule:
    """A copy with its own hyperparameters, which remembers nothing."""
    memo: dict[int, Any] = {}
    for r in everywhere(rule):
        memo[id(r.state)] = None
        label = getattr(r, "label", None)  # of arrays: it stays the same
        memo[id(label)] = label
    return copy.deepcopy(rule, memo)


def freeze(state: State | UpdateRule, part: Any) -> None:
    """Leave the arrays of a part of the model alone from now on, and what is remembered of them."""
    for leaf in leaves_of(state, part):
        leaf.frozen = True


def thaw(state: State | UpdateRule, part: Any) -> None:
    """Let the arrays of a part of the model move again."""
    for leaf in leaves_of(state, part):
        leaf.frozen = False


def leaves_of(state: State | UpdateRule, part: Any) -> list[Leaf]:
    found = ad.params(part)
    if not len(found):
        raise ValueError(f"there are no arrays of parameters in {part!r:.60}")
    return [state_of(state).leaf(x) for x in found]


# -- which gradient belongs to which array -----------------------------------------------------------


def gathered(target: Any, grads: Any) -> list[tuple[np.ndarray, Any]]:
    """Each array once, with its gradient, or the sum of its gradients."""
    totals: dict[int, tuple[np.ndarray, Any]] = {}
    for x, x_bar in pairs(target, grads):
        if id(x) in totals:
            x_bar = totals[id(x)][1] + x_bar
        totals[id(x)] = x, x_bar
    return list(totals.values())


def pairs(target: Any, grads: Any) -> Iterator[tuple[np.ndarray, Any]]:
    """Each array of reals or complex numbers in `target`, with its gradient."""
    if grads is None:
        return
    if isinstance(grads, ad.Grads):
        whole = isinstance(target, ad.Params)
        yield from [(x, grads[x]) for x in ad.params(target) if whole or x in grads]
    elif isinstance(target, np.ndarray):
        if target.dtype.kind in "fc":
            yield target, grads
    elif isinstance(target, list | tuple):
        if all(bar is None for bar in grads):  # a record that the program keeps may have grown
            return
        for item, item_bar in zip(target, grads, strict=True):
            yield from pairs(item, item_bar)
    elif isinstance(target, dict):
        for key in target:
            yield from pairs(target[key], grads.get(key))
    elif isinstance(target, ad.Params):
        for x in target:
            yield from pairs(x, grads[x])
    elif isinstance(grads, ad.Tangent):
        found = [
            pair for name in grads for pair in pairs(attribute(target, name), getattr(grads, name))
        ]
        if callable(getattr(target, "trainable", None)):  # running means and the like do not move
            moving = ad.params(target)
            found = [(x, x_bar) for x, x_bar in found if x in moving]
        yield from found


def attribute(target: Any, name: str) -> Any:
    """An attribute of an object, or a variable that a function has captured."""
    if isinstance(target, FunctionType) and name in target.__code__.co_freevars:
        return (target.__closure__ or ())[target.__code__.co_freevars.index(name)].cell_contents
    return getattr(target, name)
