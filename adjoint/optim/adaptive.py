"""Rules that scale each entry by what its gradients were: Adam and its relatives.

β₁ and β₂ are the two numbers of `beta`, t counts the steps from 1.  A complex entry is scaled by
the modulus of its gradients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from adjoint.optim.rule import Slot, UpdateRule, floor_eps, mix, scratch, squared


@dataclass(eq=False)
class RMSProp(UpdateRule):
    """q ← rho · q + (1 - rho) x̄²;  x ← x - eta · x̄ / (√q + eps)  (Tieleman and Hinton 2012)

    centred: √(q - l²) instead, with l the running mean of the gradient (Graves 2013, eq. 38-42).
    """

    eta: float = 0.001
    rho: float = 0.9
    eps: float = 1e-8
    centred: bool = False

    def start(self, x: np.ndarray) -> Slot:
        mean = np.zeros_like(x) if self.centred else None
        return Slot(square=np.zeros_like(x), mean=mean)

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        a = scratch(dx)
        mix(slot.square, self.rho, squared(dx, a), a)
        if slot.mean is None:
            np.sqrt(slot.square, out=a)
        else:
            mix(slot.mean, self.rho, dx, a)
            np.subtract(slot.square, squared(slot.mean, a), out=a)
            np.sqrt(
                np.maximum(a, 0, out=a), out=a
            )  # it rounds to below 0 where gradients are equal
        a += floor_eps(self.eps, x)
        dx /= a
        dx *= self.eta


@dataclass(eq=False)
class AdaGrad(UpdateRule):
    """q ← q + x̄²;  x ← x - eta · x̄ / (√q + eps); q starts at eps  (Duchi et al. 2011)"""

    eta: float = 0.1
    eps: float = 1e-8

    def start(self, x: np.ndarray) -> Slot:
        return Slot(square=np.full_like(x, floor_eps(self.eps, x)))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        slot.square += squared(dx, scratch(dx))
        a = np.sqrt(slot.square, out=scratch(dx))
        a += floor_eps(self.eps, x)
        dx /= a
        dx *= self.eta


@dataclass(eq=False)
class AdaDelta(UpdateRule):
    """x ← x - Δ with Δ = √(d + eps) / √(q + eps) · x̄  (Zeiler 2012, algorithm 1)

    q and d are running means of x̄² and Δ² that forget by `rho`; d is that of the steps before.
    """

    rho: float = 0.9
    eps: float = 1e-8

    def start(self, x: np.ndarray) -> Slot:
        return Slot(square=np.zeros_like(x), moved=np.zeros_like(x))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        a, eps = scratch(dx), floor_eps(self.eps, x)
        mix(slot.square, self.rho, squared(dx, a), a)
        np.add(slot.moved, eps, out=a)
        a /= np.add(slot.square, eps, out=scratch(dx, "b"))
        dx *= np.sqrt(a, out=a)
        mix(slot.moved, self.rho, squared(dx, a), a)


@dataclass(eq=False)
class Adam(UpdateRule):
    """x ← x - eta · m̂ / (√v̂ + eps)  (Kingma and Ba 2015, algorithm 1)

    m ← β₁ m + (1 - β₁) x̄   m̂ = m / (1 - β₁ᵗ)
    v ← β₂ v + (1 - β₂) x̄²  v̂ = v / (1 - β₂ᵗ)
    """

    eta: float = 0.001
    beta: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def start(self, x: np.ndarray) -> Slot:
        return Slot(mean=np.zeros_like(x), square=np.zeros_like(x))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        self.direction(x, dx, slot, self.eta)

    def direction(self, x: np.ndarray, dx: np.ndarray, slot: Slot, eta: float) -> None:
        """dx ← eta · m̂ / (√v̂ + eps)"""
        (beta1, beta2), a = self.beta, scratch(dx)
        mix(slot.mean, beta1, dx, a)
        mix(slot.square, beta2, squared(dx, a), a)
        # Bias corrections as numbers, by m̂ / (√v̂ + eps) = root / (1 - β₁ᵗ) · m / (√v + eps·root)
        root = math.sqrt(1 - beta2**slot.count)
        np.sqrt(slot.square, out=a)
        a += floor_eps(self.eps * root, x)
        np.divide(slot.mean, a, out=dx)
        dx *= eta * root / (1 - beta1**slot.count)


@dataclass(eq=False)
class AdamW(Adam):
    """Adam, with the weights decaying besides: x ← x - eta · (m̂ / (√v̂ + eps) + decay · x)

    couple: False leaves eta out of the decay: x ← x - eta · m̂ / (√v̂ + eps) - decay · x, as in the
    paper (Loshchilov and Hutter 2019, algorithm 2); True is what most libraries do.
    """

    decay: float = 0.0
    couple: bool = True

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        self.direction(x, dx, slot, self.eta)
        dx += np.multiply(x, self.decay * (self.eta if self.couple else 1.0), out=scratch(dx))


@dataclass(eq=False)
class AMSGrad(UpdateRule):
    """x ← x - eta · m / (√u + eps), u the greatest v so far  (Reddi et al. 2018, algorithm 2)

    m and v are Adam's, without bias correction; m, v and u start at eps, as in Flux.
    """

    eta: float = 0.001
    beta: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def start(self, x: np.ndarray) -> Slot:
        mean, square, greatest = (np.full_like(x, floor_eps(self.eps, x)) for _ in range(3))
        return Slot(mean=mean, square=square, greatest=greatest)

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        (beta1, beta2), a = self.beta, scratch(dx)
        mix(slot.mean, beta1, dx, a)
        mix(slot.square, beta2, squared(dx, a), a)
        np.maximum(slot.greatest, slot.square, out=slot.greatest)
        np.sqrt(slot.greatest, out=a)
        a += floor_eps(self.eps, x)
        np.divide(slot.mean, a, out=dx)
        dx *= self.eta


@dataclass(eq=False)
class AdaMax(UpdateRule):
    """x ← x - eta / (1 - β₁ᵗ) · m / (u + eps), u ← max(β₂ u, |x̄|)  (Kingma and Ba 2015, algorithm 2)"""

    eta: float = 0.001
    beta: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def start(self, x: np.ndarray) -> Slot:
        return Slot(mean=np.zeros_like(x), greatest=np.zeros_like(x))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        (beta1, beta2), a = self.beta, scratch(dx)
        mix(slot.mean, beta1, dx, a)
        slot.greatest *= beta2
        np.maximum(slot.greatest, np.abs(dx, out=a), out=slot.greatest)
        np.add(slot.greatest, floor_eps(self.eps, x), out=a)
        np.divide(slot.mean, a, out=dx)
        dx *= self.eta / (1 - beta1**slot.count)


@dataclass(eq=False)
class NAdam(UpdateRule):
    """Adam with Nesterov's look ahead: x ← x - eta · m̂ / (√n̂ + eps)  (Dozat 2016, algorithm 2)

    m̂ = β₁ m / (1 - β₁ᵗ⁺¹) + (1 - β₁) x̄ / (1 - β₁ᵗ)  n̂ = β₂ v / (1 - β₂ᵗ), m and v being Adam's.
    """

    eta: float = 0.001
    beta: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def start(self, x: np.ndarray) -> Slot:
        return Slot(mean=np.zeros_like(x), square=np.zeros_like(x))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        (beta1, beta2), t, a = self.beta, slot.count, scratch(dx)
        mix(slot.mean, beta1, dx, a)
        mix(slot.square, beta2, squared(dx, a), a)
        dx *= (1 - beta1) / (1 - beta1**t)
        dx += np.multiply(slot.mean, beta1 / (1 - beta1 ** (t + 1)), out=a)
        np.multiply(slot.square, beta2 / (1 - beta2**t), out=a)
        np.sqrt(a, out=a)
        a += floor_eps(self.eps, x)
        dx /= a
        dx *= self.eta


@dataclass(eq=False)
class RAdam(Adam):
    """Adam that waits until it knows the variance of its scale  (Liu et al. 2020, algorithm 2)

    With ρ∞ = 2 / (1 - β₂) - 1 and ρ = ρ∞ - 2t β₂ᵗ / (1 - β₂ᵗ): while ρ ≤ 4, x ← x - eta · m̂; later
    Adam's step times √((ρ - 4)(ρ - 2)ρ∞ / ((ρ∞ - 4)(ρ∞ - 2)ρ)).
    """

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        (beta1, beta2), t = self.beta, slot.count
        limit = 2 / (1 - beta2) - 1
        length = limit - 2 * t * beta2**t / (1 - beta2**t)
        factor = 0.0
        if length > 4:
            known = (length - 4) * (length - 2) * limit
            factor = math.sqrt(known / ((limit - 4) * (limit - 2) * length))
        self.direction(x, dx, slot, self.eta * factor)
        if not factor:
            np.multiply(slot.mean, self.eta / (1 - beta1**t), out=dx)


@dataclass(eq=False)
class OAdam(Adam):
    """Optimistic Adam: x ← x - 2 s + s₀, with s Adam's step and s₀ the one before (Daskalakis et al. 2018)"""

    beta: tuple[float, float] = (0.5, 0.9)

    def start(self, x: np.ndarray) -> Slot:
        return Slot(mean=np.zeros_like(x), square=np.zeros_like(x), before=np.zeros_like(x))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        self.direction(x, dx, slot, self.eta)
        a = np.multiply(dx, 2.0, out=scratch(dx))
        a -= slot.before
        slot.before[...] = dx
        dx[...] = a


@dataclass(eq=False)
class AdaBelief(UpdateRule):
    """Adam, scaled by how far the gradient is from its mean  (Zhuang et al. 2020, algorithm 2)

    s ← β₂ s + (1 - β₂) (x̄ - m)² + eps;  x ← x - eta · m̂ / (√ŝ + eps)
    """

    eta: float = 0.001
    beta: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-16

    def start(self, x: np.ndarray) -> Slot:
        return Slot(mean=np.zeros_like(x), square=np.zeros_like(x))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        (beta1, beta2), t, a, eps = self.beta, slot.count, scratch(dx), floor_eps(self.eps, x)
        mix(slot.mean, beta1, dx, a)
        dx -= slot.mean
        mix(slot.square, beta2, squared(dx, a), a)
        slot.square += eps
        np.multiply(slot.square, 1 / (1 - beta2**t), out=a)
        np.sqrt(a, out=a)
        a += eps
        np.divide(slot.mean, a, out=dx)
        dx *= self.eta / (1 - beta1**t)


@dataclass(eq=False)
class Adan(UpdateRule):
    """Adam with a mean of the gradient's changes  (Xie et al. 2022, algorithm 1)

    With d = x̄ - x̄₀, the gradient's change (0 at first), and running means m of x̄, v of d and n of
    (x̄ + β₂ d)², of memory β₁, β₂ and β₃:  x ← (x - eta · (m̂ + β₂ v̂) / (√n̂ + eps)) / (1 + eta · decay)
    The betas are those of Adam's form: the paper writes 1 - β.
    """

    eta: float = 0.001
    beta: tuple[float, float, float] = (0.98, 0.92, 0.99)
    eps: float = 1e-8
    decay: float = 0.0

    def start(self, x: np.ndarray) -> Slot:
        names = ("mean", "change", "square", "before")
        return Slot(**{name: np.zeros_like(x) for name in names})

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        (beta1, beta2, beta3), t = self.beta, slot.count
        a, b = scratch(dx), scratch(dx, "b")
        if t == 1:
            slot.before[...] = dx
        change = np.subtract(dx, slot.before, out=b)
        slot.before[...] = dx
        mix(slot.mean, beta1, dx, a)
        mix(slot.change, beta2, change, a)
        change *= beta2
        dx += change
        mix(slot.square, beta3, squared(dx, a), a)
        np.multiply(slot.mean, 1 / (1 - beta1**t), out=dx)
        dx += np.multiply(slot.change, beta2 / (1 - beta2**t), out=a)
        np.multiply(slot.square, 1 / (1 - beta3**t), out=a)
        np.sqrt(a, out=a)
        a += floor_eps(self.eps, x)
        dx /= a
        dx *= self.eta
        if self.decay:  # x - (x - dx) / (1 + k) = (k x + dx) / (1 + k)
            dx += np.multiply(x, self.eta * self.decay, out=a)
            dx *= 1 / (1 + self.eta * self.decay)
