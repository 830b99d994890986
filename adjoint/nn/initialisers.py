"""Initial values of parameters: `init(shape, *, rng=None, dtype=np.float32, ...)`.

shape: (..., in, out); leading axes are those of a convolution's kernel and count in both fans.
`rng` is a seed, a `np.random.Generator`, or None for fresh entropy.  The same seed gives the same
numbers in every dtype, up to rounding.  Called without a shape, an initialiser returns itself with
the keywords filled in: `Dense(3, 2, init=orthogonal(gain=2))`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Shape = Sequence[int]


def fans(shape: Shape) -> tuple[int, int]:
    """How many values go into one output, and come from one input.

    >>> fans((3, 2)), fans((5, 5, 3, 2)), fans((7,))
    ((3, 2), (75, 50), (1, 7))
    """
    if len(shape) < 2:
        return 1, math.prod(shape)
    *kernel, inputs, outputs = shape
    return math.prod(kernel) * inputs, math.prod(kernel) * outputs


def initialiser(draw: Callable[..., np.ndarray]) -> Callable[..., Any]:
    """An initialiser from `draw(generator, shape, **settings)`, which gives float64."""

    @functools.wraps(draw)
    def init(
        shape: Shape | None = None, *, rng: Any = None, dtype: Any = np.float32, **settings: Any
    ) -> Any:
        if shape is None:
            return functools.partial(
                init, **settings, **({} if rng is None else {"rng": np.random.default_rng(rng)})
            )
        return draw(np.random.default_rng(rng), tuple(shape), **settings).astype(dtype)

    del init.__wrapped__  # the signature that users see is that of `init`
    return init


@initialiser
def zeros(rng: Any, shape: Shape) -> np.ndarray:
    """All 0"""
    return np.zeros(shape)


@initialiser
def ones(rng: Any, shape: Shape) -> np.ndarray:
    """All 1"""
    return np.ones(shape)


@initialiser
def constant(rng: Any, shape: Shape, value: float = 0.0) -> np.ndarray:
    """All `value`"""
    return np.full(shape, value, float)


@initialiser
def uniform(rng: Any, shape: Shape, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Uniform in [low, high)"""
    return rng.uniform(low, high, shape)


@initialiser
def normal(rng: Any, shape: Shape, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    """Normal with this mean and standard deviation"""
    return rng.normal(mean, std, shape)


@initialiser
def glorot_uniform(rng: Any, shape: Shape, gain: float = 1.0) -> np.ndarray:
    """Uniform in ±gain·√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16)"""
    limit = gain * math.sqrt(6.0 / sum(fans(shape)))
    return rng.uniform(-limit, limit, shape)


@initialiser
def glorot_normal(rng: Any, shape: Shape, gain: float = 1.0) -> np.ndarray:
    """Normal with standard deviation gain·√(2 / (fan_in + fan_out)) (Glorot and Bengio 2010)"""
    return rng.normal(0.0, gain * math.sqrt(2.0 / sum(fans(shape))), shape)


@initialiser
def kaiming_uniform(rng: Any, shape: Shape, gain: float = math.sqrt(2)) -> np.ndarray:
    """Uniform in ±gain·√(3 / fan_in) (He et al. 2015)"""
    limit = gain * math.sqrt(3.0 / fans(shape)[0])
    return rng.uniform(-limit, limit, shape)


@initialiser
def kaiming_normal(rng: Any, shape: Shape, gain: float = math.sqrt(2)) -> np.ndarray:
    """Normal with standard deviation gain / √fan_in (He et al. 2015)"""
    return rng.normal(0.0, gain / math.sqrt(fans(shape)[0]), shape)


@initialiser
def truncated_normal(
    rng: Any,
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    low: float = -2.0,
    high: float = 2.0,
) -> np.ndarray:
    """Normal with this mean and standard deviation, values outside [low, high] drawn again"""
    if not low < high:
        raise ValueError(f"truncated_normal: low={low} is not below high={high}")
    inside = _normal_cdf((high - mean) / std) - _normal_cdf((low - mean) / std)
    if inside < 1e-3:
        raise ValueError(
            f"truncated_normal: less than a thousandth of the normal distribution with mean {mean} "
            f"and standard deviation {std} lies within [{low}, {high}]"
        )
    values = rng.normal(mean, std, shape)
    while (outside := (values < low) | (values > high)).any():
        values[outside] = rng.normal(mean, std, np.count_nonzero(outside))
    return values


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


#: Standard deviation of a standard normal truncated to [-2, 2].
TRUNCATED_STD = math.sqrt(
    1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / (2 * _normal_cdf(2.0) - 1)
)


@initialiser
def lecun_normal(rng: Any, shape: Shape) -> np.ndarray:
    """Truncated normal with variance 1 / fan_in (LeCun et al. 1998)"""
    std = math.sqrt(1.0 / fans(shape)[0]) / TRUNCATED_STD
    return truncated_normal(shape, std=std, low=-2 * std, high=2 * std, rng=rng, dtype=float)


@initialiser
def orthogonal(rng: Any, shape: Shape, gain: float = 1.0) -> np.ndarray:
    """gain times a uniformly random matrix (prod(shape[:-1]), shape[-1]) with orthonormal rows or
    columns, whichever are fewer (Saxe et al. 2014); the signs are fixed as in Mezzadri (2007)"""
    if len(shape) < 2:
        raise ValueError(f"orthogonal needs at least two axes, not the shape {tuple(shape)}")
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diagonal(r))
    return gain * (q if rows >= columns else q.T).reshape(shape)


@initialiser
def sparse(rng: Any, shape: Shape, sparsity: float = 0.9, std: float = 0.01) -> np.ndarray:
    """Normal with standard deviation `std`, in each column the share `sparsity` of the inputs set to
    zero (Martens 2010).  shape: (in, out)"""
    if len(shape) != 2:
        raise ValueError(f"sparse needs two axes, not the shape {tuple(shape)}")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse: sparsity={sparsity} is not a share between 0 and 1")
    values = rng.normal(0.0, std, shape)
    for column in range(shape[1]):
        values[rng.permutation(shape[0])[: math.ceil(sparsity * shape[0])], column] = 0
    return values


@initialiser
def identity_init(rng: Any, shape: Shape, gain: float = 1.0, shift: int = 0) -> np.ndarray:
    """gain times the identity: input i to output i + shift, at the centre of a convolution's kernel"""
    values = np.zeros(shape)
    if len(shape) == 1:
        return values
    centre = tuple((length - 1) // 2 for length in shape[:-2])
    values[centre] = gain * np.roll(np.eye(shape[-2], shape[-1]), shift, axis=1)
    return values
