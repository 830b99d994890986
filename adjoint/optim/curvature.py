"""How a loss curves, entry by entry, and the rule that goes by it.

`ad.hvp` and `ad.diaghessian` are exact, of functions of one array; what is here is of whole models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import adjoint as ad
from adjoint.optim.rule import Entry, Slot, UpdateRule, floor_eps, mix, scratch
from adjoint.optim.state import attribute, gathered


def fisher_diag(loss: Callable, model: Any, *args: Any, **kwargs: Any) -> Any:
    """The diagonal of the observed Fisher information: the squares of the gradient of `loss(model, *args)`.

    loss: a negative log-likelihood.  model: an array, which gives one of its shape; or a layer, list,
    dict or `Params` (of a loss without arguments), which gives `Grads`, by array.  An array that the
    model has in several places is one.
    """
    found = ad.gradient(loss, model, *args, **kwargs)
    bars = found if isinstance(model, ad.Params) else found[0]
    return diagonal(model, {id(x): np.real(g * np.conj(g)) for x, g in gathered(model, bars)})


def hutchinson(loss: Callable, model: Any, *args: Any, rng: Any = None, **kwargs: Any) -> Any:
    """An estimate of the diagonal of the Hessian of `loss(model, *args)`: z · H z, z random signs.

    Its expectation is the diagonal (Hutchinson 1989; Bekas et al. 2007), of which it is exactly that
    where H is diagonal.  It costs a gradient, and the derivative of one along z.  model, and what comes
    back: see `fisher_diag`; no `Params`.  rng: a seed, a generator, or None for fresh entropy.
    """
    if isinstance(model, ad.Params):
        raise TypeError(
            "hutchinson takes the model, of which the loss is a function, not its Params"
        )
    rng = np.random.default_rng(rng)
    signs = {id(x): rng.choice((-1.0, 1.0), x.shape).astype(x.dtype) for x in ad.params(model)}
    bars = ad.gradient(loss, model, *args, **kwargs)[0]
    z = along(model, bars, signs)
    bars = ad.jvp(lambda model: ad.gradient(loss, model, *args, **kwargs)[0], (model,), (z,))[1]
    return diagonal(model, {id(x): signs[id(x)] * g for x, g in gathered(model, bars)})


def along(target: Any, bars: Any, signs: dict[int, np.ndarray]) -> Any:
    """The tangent of a model that is `signs` at its arrays and zero elsewhere, of the form of `bars`."""
    if isinstance(target, np.ndarray) or bars is None:
        return signs.get(id(target))
    if isinstance(target, list | tuple):
        return [along(item, bar, signs) for item, bar in zip(target, bars, strict=True)]
    if isinstance(target, dict):
        return {key: along(target[key], bar, signs) for key, bar in bars.items()}
    if not isinstance(bars, ad.Tangent):
        return None
    return ad.Tangent(
        **{name: along(attribute(target, name), getattr(bars, name), signs) for name in bars}
    )


def diagonal(model: Any, found: dict[int, np.ndarray]) -> Any:
    """An array for an array, else `Grads`: zeros where nothing was found."""
    grads = ad.Grads(ad.params(model), found)
    return grads[model] if isinstance(model, np.ndarray) else grads


@dataclass(eq=False)
class Sophia(UpdateRule):
    """The mean gradient over the curvature, each entry at most `clip` (Liu et al. 2024, algorithm 3).

    m ← β₁ m + (1 - β₁) x̄;  at the first of every `every` steps h ← β₂ h + (1 - β₂) d;
    x ← x - eta · (clip(m / max(gamma · h, eps)) + decay · x), clipped to ±`clip`

    d is the curvature, an estimate of the diagonal of the Hessian, for which `update` is asked:

        update(state, model, grads, curvature=lambda rng: hutchinson(loss, model, x, y, rng=rng))

    A function is called at the steps that need d only, with a generator that depends on `seed` and the
    step; d itself, in the form of the gradient or as `Grads`, may be given as well.  `fit` does as above.
    Optax corrects the bias of m and is late by a step with h; this is the paper's.
    """

    together = True

    eta: float = 1e-3
    beta: tuple[float, float] = (0.965, 0.99)
    gamma: float = 0.01
    eps: float = 1e-8
    decay: float = 0.0
    clip: float = 1.0
    every: int = 10
    seed: int = 0
    given: Any = field(default=None, init=False, repr=False)

    def start(self, x: np.ndarray) -> Slot:
        if x.dtype.kind == "c":
            raise TypeError("Sophia is for real arrays: hold the real and imaginary parts as two")
        return Slot(mean=np.zeros_like(x), curvature=np.zeros_like(x))

    def told(self, target: Any, value: float | None, curvature: Any) -> None:
        self.given = target, curvature

    def apply_all(self, entries: list[Entry]) -> None:
        due = [entry for entry in entries if entry[2].count % self.every == 0]
        if due:
            self.look(due)
        self.given = None
        for x, dx, slot in entries:
            self.advance(slot)
            a, b = scratch(dx), scratch(dx, "b")
            mix(slot.mean, self.beta[0], dx, a)
            np.multiply(slot.curvature, self.gamma, out=a)
            np.maximum(a, floor_eps(self.eps, x), out=a)
            np.multiply(a, self.clip, out=b)  # clipped first: the quotient may overflow
            np.minimum(slot.mean, b, out=dx)
            np.maximum(dx, np.negative(b, out=b), out=dx)
            dx /= a
            if self.decay:
                dx += np.multiply(x, self.decay, out=a)
            dx *= self.eta

    def look(self, due: list[Entry]) -> None:
        """Take the curvature into the means."""
        count = due[0][2].count + 1
        target, curvature = self.given or (None, None)
        if callable(curvature):
            curvature = curvature(np.random.default_rng([self.seed, count]))
        if curvature is None:
            raise TypeError(
                f"Sophia needs the curvature at step {count}: update(state, model, grads, "
                "curvature=lambda rng: hutchinson(loss, model, x, y, rng=rng))"
            )
        found = {id(x): d for x, d in gathered(target, curvature)}
        for x, _, _ in due:
            if id(x) not in found or np.shape(found[id(x)]) != x.shape:
                raise ValueError(f"the curvature given to Sophia has none for an array {x.shape}")
        for x, dx, slot in due:
            a = scratch(dx)
            np.copyto(a, found[id(x)], casting="same_kind")
            mix(slot.curvature, self.beta[1], a, a)
