"""Rules for which the entries of an array, or all arrays, belong together."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adjoint.optim.adaptive import Adam
from adjoint.optim.rule import Entry, Slot, UpdateRule, floor_eps, mix, norm, room, scratch, squared


@dataclass(eq=False)
class LARS(UpdateRule):
    """Momentum, with a learning rate for each array by the size of its weights (You et al. 2017, eq. 6).

    g = x̄ + decay · x;  v ← rho · v + eta · trust · ‖x‖ / ‖g‖ · g;  x ← x - v.  Where x or g is zero
    the factor trust · ‖x‖ / ‖g‖ is 1.
    """

    elementwise = False

    eta: float = 0.1
    rho: float = 0.9
    decay: float = 0.0
    trust: float = 0.001

    def start(self, x: np.ndarray) -> Slot:
        return Slot(velocity=np.zeros_like(x))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        if self.decay:
            dx += np.multiply(x, self.decay, out=scratch(dx))
        dx *= self.eta * trust_ratio(x, dx, self.trust)
        slot.velocity *= self.rho
        slot.velocity += dx
        dx[...] = slot.velocity


@dataclass(eq=False)
class LAMB(Adam):
    """Adam's direction a, with a length by the size of the weights (You et al. 2020, algorithm 2)

    u = a + decay · x;  x ← x - eta · ‖x‖ / ‖u‖ · u.  Where x or u is zero the ratio is 1.
    """

    elementwise = False

    eps: float = 1e-6
    decay: float = 0.0

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        self.direction(x, dx, slot, 1.0)
        if self.decay:
            dx += np.multiply(x, self.decay, out=scratch(dx))
        dx *= self.eta * trust_ratio(x, dx, 1.0)


def trust_ratio(x: np.ndarray, dx: np.ndarray, trust: float) -> float:
    """trust · ‖x‖ / ‖dx‖; 1 where one of them is zero."""
    size, length = norm(x), norm(dx)
    return trust * size / length if size and length else 1.0


@dataclass(eq=False)
class Muon(UpdateRule):
    """Momentum whose steps are made orthogonal, for matrices (Jordan et al. 2024).

    m ← rho · m + (1 - rho) x̄;  x ← x - eta · √max(1, out / in) · O - eta · decay · x, with O the
    matrix near rho · m + (1 - rho) x̄ (nesterov; else m) all of whose singular values are about 1: it
    comes from `steps` Newton-Schulz iterations.  x: (in, out).  Arrays that are not matrices are moved
    by `rest`, Adam by default.
    """

    eta: float = 0.02
    rho: float = 0.95
    nesterov: bool = True
    decay: float = 0.0
    steps: int = 5
    rest: UpdateRule = field(default_factory=Adam)

    def inside(self):
        yield self.rest

    def blockwise(self, slot: Slot) -> bool:
        return "inner" in slot.__dict__ and self.rest.blockwise(slot.inner)

    def start(self, x: np.ndarray) -> Slot:
        return Slot(mean=np.zeros_like(x)) if x.ndim == 2 else Slot(inner=self.rest.start(x))

    def advance(self, slot: Slot) -> None:
        slot.count += 1
        if "inner" in slot.__dict__:
            self.rest.advance(slot.inner)
            slot.ready = slot.inner.ready

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        if "inner" in slot.__dict__:
            self.rest.apply(x, dx, slot.inner)
            return
        mix(slot.mean, self.rho, dx, scratch(dx))
        if self.nesterov:
            dx *= 1 - self.rho
            dx += np.multiply(slot.mean, self.rho, out=scratch(dx))
        else:
            dx[...] = slot.mean
        orthogonalise(dx, self.steps)
        dx *= self.eta * math.sqrt(max(1.0, x.shape[1] / max(x.shape[0], 1)))
        if self.decay:
            dx += np.multiply(x, self.eta * self.decay, out=scratch(dx))


def orthogonalise(x: np.ndarray, steps: int = 5) -> None:
    """Turn a matrix, in place, into U S Vᵀ with singular values S near 1, from its own U and V.

    x ← a x + (b G + c G²) x with G = x xᵀ, on the shorter side; the coefficients make small singular
    values grow fastest, and leave them between about 0.7 and 1.2.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x /= norm(x) + 1e-7
    short = x.T if x.shape[0] > x.shape[1] else x
    other = scratch(x).reshape(-1).reshape(short.shape)
    rows = short.shape[0]
    gram, square = (room((rows, rows), x.dtype, name) for name in ("gram", "square"))
    for _ in range(steps):
        np.matmul(short, short.conj().T if x.dtype.kind == "c" else short.T, out=gram)
        np.matmul(gram, gram, out=square)
        square *= c
        gram *= b
        square += gram
        np.matmul(square, short, out=other)
        x *= a
        short += other


@dataclass(eq=False)
class Adafactor(UpdateRule):
    """Adam's scale without its memory: of a matrix only means of rows and columns are kept.

    Algorithm 4 of Shazeer and Stern 2018.  With v̂ the mean square of the gradient, for arrays
    (..., in, out) estimated as rows × columns / mean of rows, and u = x̄ / √v̂, clipped to a root mean
    square of 1:  x ← x - max(eps, RMS(x)) · min(eta, 1/√t) · u - eta · decay · x.
    The memory of v̂ is 1 - t^fading.
    """

    elementwise = False

    eta: float = 0.01
    fading: float = -0.8
    eps: float = 1e-3
    decay: float = 0.0

    def start(self, x: np.ndarray) -> Slot:
        if x.ndim < 2:
            return Slot(square=np.zeros_like(x))
        rows = np.zeros_like(x, shape=(*x.shape[:-1], 1))
        return Slot(rows=rows, columns=np.zeros_like(x, shape=(*x.shape[:-2], 1, x.shape[-1])))

    def apply(self, x: np.ndarray, dx: np.ndarray, slot: Slot) -> None:
        forget, tiny = slot.count**self.fading, np.finfo(x.dtype).eps
        scale = max(self.eps, norm(x) / math.sqrt(max(x.size, 1))) * min(
            self.eta, 1 / math.sqrt(slot.count)
        )
        a = squared(dx, scratch(dx))
        if x.ndim < 2:
            mix(slot.square, 1 - forget, a, a)
            a[...] = slot.square
        else:
            for means, axis in ((slot.rows, -1), (slot.columns, -2)):
                mean = np.mean(a, axis=axis, keepdims=True)
                mix(means, 1 - forget, mean, mean)
            total = np.mean(slot.rows, axis=-2, keepdims=True)
            np.multiply(slot.rows / np.maximum(total, tiny), slot.columns, out=a)
        np.sqrt(np.maximum(a, tiny * tiny, out=a), out=a)
        dx /= a
        dx *= scale / max(1.0, norm(dx) / math.sqrt(max(dx.size, 1)))
        if self.decay:
            dx += np.multiply(x, self.eta * self.decay, out=scratch(dx))


@dataclass(eq=False)
class Prodigy(UpdateRule):
    """Adam that finds its learning rate, d (Mishchenko and Defazio 2024, algorithm 4).

    d grows with how far all arrays together have come from where they began: no smaller step could
    have led there.  eta multiplies it: 1, or a schedule that ends at 0.  d0: where d begins.
    """

    together = True

    eta: float = 1.0
    beta: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    decay: float = 0.0
    d0: float = 1e-6

    def start(self, x: np.ndarray) -> Slot:
        if x.dtype == np.float16:
            raise TypeError("d² is too small for half precision: take MixedPrecision(Prodigy())")
        zeros = {name: np.zeros_like(x) for name in ("mean", "square", "sum")}
        return Slot(origin=x.copy(), d=self.d0, towards=0.0, **zeros)

    def apply_all(self, entries: list[Entry]) -> None:
        if not entries:
            return
        (beta1, beta2), beta3 = self.beta, math.sqrt(self.beta[1])
        for _, _, slot in entries:
            self.advance(slot)
        first = max((slot for _, _, slot in entries), key=lambda slot: slot.count)
        d, t = first.d, first.count
        rate = self.eta * d * math.sqrt(1 - beta2**t) / (1 - beta1**t)
        inner = total = 0.0
        for x, dx, slot in entries:
            a = np.subtract(slot.origin, x, out=scratch(x))
            inner += float(np.vdot(dx, a).real)
            dx *= d
            mix(slot.mean, beta1, dx, a)
            mix(slot.square, beta2, squared(dx, a), a)
            slot.sum *= beta3
            slot.sum += np.multiply(dx, rate / self.d0, out=a)
            total += float(np.sum(np.abs(slot.sum, out=a)).real)
        towards = beta3 * first.towards + d / self.d0 * rate * inner
        d = max(d, towards / total) if total else d
        for x, dx, slot in entries:
            slot.d, slot.towards = d, towards
            a = np.sqrt(slot.square, out=scratch(x))
            a += d * floor_eps(self.eps, x)
            np.divide(slot.mean, a, out=dx)
            dx *= rate
            if self.decay:
                dx += np.multiply(x, rate * self.decay, out=a)


@dataclass(eq=False)
class Polyak(UpdateRule):
    """x ← x - eta · x̄ with eta = (loss - least) / ‖x̄‖², at most `eta` (Polyak 1987; Loizou et al. 2021).

    least: the smallest loss there can be.  It has to be told the loss: `update(…, value=loss)`.
    """

    together = True

    eta: float = 1.0
    least: float = 0.0
    value: float | None = field(default=None, init=False)

    def told(self, target: Any, value: float | None, curvature: Any) -> None:
        self.value = value

    def apply_all(self, entries: list[Entry]) -> None:
        if self.value is None:
            raise TypeError("Polyak's rule needs the loss: update(state, model, grads, value=loss)")
        square = sum(norm(dx) ** 2 for _, dx, _ in entries)
        eta = min(self.eta, (self.value - self.least) / square) if square else 0.0
        for _, dx, slot in entries:
            self.advance(slot)
            dx *= eta
        self.value = None
