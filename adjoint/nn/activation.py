"""Activation functions.  x: a number or an array of any shape; y has its shape and dtype.

Each is a line of NumPy.  Where a derivative has a shorter form than the compiler would find, or an
edge has to be decided, it stands below its function.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

import adjoint as ad

SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717
ROOT_2_OVER_PI = math.sqrt(2 / math.pi)


def identity(x: Any) -> Any:
    """y = x"""
    return x


# -- sigmoids -----------------------------------------------------------------------------------------


def sigmoid(x: Any) -> Any:
    """y = 1 / (1 + exp(-x)); nothing overflows, and small values keep their digits.

    >>> float(sigmoid(0.0)), float(sigmoid(-800.0)), float(sigmoid(800.0))
    (0.5, 0.0, 1.0)
    """
    e = np.exp(-np.abs(x))
    return (np.where(x >= 0, 1, e) / (1 + e))[()]


@ad.partials(sigmoid)
def _(x: Any, y: Any) -> Any:
    return y * (1 - y)


def sigmoid_fast(x: Any) -> Any:
    """y = (1 + tanh(x/2)) / 2: `sigmoid` in half the time, exact to an ulp of 1 (not of y)."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


@ad.partials(sigmoid_fast)
def _(x: Any, y: Any) -> Any:
    return y * (1 - y)


def hard_sigmoid(x: Any) -> Any:
    """y = (x + 3) / 6 within 0 and 1"""
    return np.clip((x + 3) / 6, 0, 1)


@ad.partials(hard_sigmoid)
def _(x: Any, y: Any) -> Any:
    return (np.abs(x) < 3) / 6


def log_sigmoid(x: Any) -> Any:
    """y = log(sigmoid(x)) = -softplus(-x)"""
    return -softplus(-x)


def tanh(x: Any) -> Any:
    """y = tanh(x)"""
    return np.tanh(x)


tanh_fast = tanh  # NumPy's tanh is vectorised: there is nothing faster to approximate it by


def hard_tanh(x: Any) -> Any:
    """y = x within -1 and 1"""
    return np.clip(x, -1, 1)


@ad.partials(hard_tanh)
def _(x: Any, y: Any) -> Any:
    return np.abs(x) < 1


def softsign(x: Any) -> Any:
    """y = x / (1 + |x|)"""
    return x / (1 + np.abs(x))


def tanh_shrink(x: Any) -> Any:
    """y = x - tanh(x)"""
    return x - np.tanh(x)


# -- rectifiers ---------------------------------------------------------------------------------------


def relu(x: Any) -> Any:
    """y = max(x, 0); NaN stays NaN.  Its derivative at 0 is 0."""
    return np.maximum(x, 0)


@ad.partials(relu)  # not that of np.maximum, whose derivative where both are equal is one half
def _(x: Any, y: Any) -> Any:
    return y > 0


def relu6(x: Any) -> Any:
    """y = x within 0 and 6.  Its derivative at both ends is 0."""
    return np.clip(x, 0, 6)


@ad.partials(relu6)
def _(x: Any, y: Any) -> Any:
    return (x > 0) & (x < 6)


def leaky_relu(x: Any, slope: Any = 0.01) -> Any:
    """y = x where x > 0, else slope·x"""
    return np.where(x > 0, x, slope * x)


def threshold_relu(x: Any, theta: Any = 1.0) -> Any:
    """y = x where x > θ, else 0; NaN stays NaN (Konda et al. 2014)"""
    return np.where(x <= theta, np.zeros_like(x), x)


@ad.nondifferentiable(like=0)
def random_slopes(x: Any, low: float, high: float, rng: Any) -> Any:
    """Uniform in [low, high), of the shape and dtype of x.  rng: None, a seed or a generator."""
    return np.random.default_rng(rng).uniform(low, high, np.shape(x)).astype(x.dtype)


def randomised_relu(x: Any, low: float = 1 / 8, high: float = 1 / 3, rng: Any = None) -> Any:
    """y = x where x > 0, else x times a slope drawn from [low, high) (Xu et al. 2015).

    x: an array.  rng: None, a seed or a `np.random.Generator`.
    """
    return np.where(x > 0, x, random_slopes(x, low, high, rng) * x)


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """y = x where x > 0, else α (exp(x) - 1) (Clevert et al. 2016)"""
    return np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0, x)))


def selu(x: Any) -> Any:
    """y = λ elu(x, α) with the λ and α that keep mean 0 and variance 1 (Klambauer et al. 2017)"""
    return SELU_SCALE * elu(x, SELU_ALPHA)


def celu(x: Any, alpha: Any = 1.0) -> Any:
    """y = x where x > 0, else α (exp(x/α) - 1): continuous slope for every α (Barron 2017)"""
    return np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0, x) / alpha))


def softplus(x: Any) -> Any:
    """y = log(1 + exp(x)); nothing overflows"""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@ad.partials(softplus)
def _(x: Any, y: Any) -> Any:
    return sigmoid(x)


# -- gated by their own argument ----------------------------------------------------------------------


def swish(x: Any) -> Any:
    """y = x sigmoid(x) (Ramachandran et al. 2017); also called SiLU"""
    return x * sigmoid(x)


silu = swish


def hard_swish(x: Any) -> Any:
    """y = x hard_sigmoid(x) (Howard et al. 2019)"""
    return x * hard_sigmoid(x)


def gelu(x: Any) -> Any:
    """y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) (Hendrycks and Gimpel 2016)"""
    return 0.5 * x * (1 + np.tanh(ROOT_2_OVER_PI * x * (1 + 0.044715 * x * x)))


gelu_tanh = gelu


def gelu_sigmoid(x: Any) -> Any:
    """y = x sigmoid(1.702 x)"""
    return x * sigmoid(1.702 * x)


def gelu_erf(x: Any) -> Any:
    """y = x Φ(x), Φ the distribution function of the normal: what `gelu` approximates"""
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))


@functools.cache
def _erf() -> Any:
    try:
        from scipy.special import erf
    except ImportError:
        each = np.frompyfunc(math.erf, 1, 1)
        return lambda x: np.asarray(each(x), np.result_type(x, np.float32))[()]
    return erf


def erf(x: Any) -> Any:
    """y = 2/√π ∫₀ˣ exp(-t²) dt; by SciPy if it is installed, else by `math.erf`, which is slow"""
    return _erf()(x)


@ad.partials(erf)
def _(x: Any, y: Any) -> Any:
    return (2 / math.sqrt(math.pi)) * np.exp(-x * x)


def mish(x: Any) -> Any:
    """y = x tanh(softplus(x)) (Misra 2019)"""
    return x * np.tanh(softplus(x))


def lisht(x: Any) -> Any:
    """y = x tanh(x) (Roy et al. 2019)"""
    return x * np.tanh(x)


def log_cosh(x: Any) -> Any:
    """y = log(cosh(x)); nothing overflows"""
    size = np.abs(x)
    return size + np.log1p(np.exp(-2 * size)) - math.log(2)


@ad.partials(log_cosh)
def _(x: Any, y: Any) -> Any:
    return np.tanh(x)


def soft_shrink(x: Any, amount: float = 0.5) -> Any:
    """y = x moved towards 0 by `amount`, and not beyond 0; NaN stays NaN"""
    return np.where(np.abs(x) <= amount, np.zeros_like(x), x - amount * np.sign(x))


# -- along an axis ------------------------------------------------------------------------------------


def glu(x: Any, axis: int = -1) -> Any:
    """y = a sigmoid(b), a and b the two halves of x along `axis` (Dauphin et al. 2017)"""
    if x.shape[axis] % 2:
        raise ValueError(
            f"glu halves axis {axis} of x, whose shape is {x.shape}: its length is odd"
        )
    a, b = np.split(x, 2, axis=axis)
    return a * sigmoid(b)


def softmax(x: Any, axis: int = -1) -> Any:
    """y = exp(x) / Σ exp(x), the sum along `axis`; no entry overflows.

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    scores = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return scores / np.sum(scores, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """y = x - log Σ exp(x), the sum along `axis`; no entry overflows"""
    shifted = x - ad.stop_gradient(np.max(x, axis=axis, keepdims=True))
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def logsumexp(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """log Σ exp(x) along `axis`; no entry overflows"""
    top = np.max(x, axis=axis, keepdims=True)
    top = ad.stop_gradient(np.where(np.isfinite(top), top, 0))
    total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)
