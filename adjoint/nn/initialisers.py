"""Initial values of parameters.

`rng` is a seed, a `np.random.Generator`, or None for fresh entropy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def glorot_uniform(
    shape: tuple[int, ...], *, gain: float = 1.0, rng: Any = None, dtype: Any = np.float32
) -> np.ndarray:
    """Uniform in ±gain·√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16).

    shape: (..., in, out); the leading axes are those of a convolution's kernel and count in both
    fans.  The same seed gives the same numbers in every dtype, up to rounding.
    """
    *kernel, inputs, outputs = shape
    limit = gain * math.sqrt(6.0 / (math.prod(kernel) * (inputs + outputs)))
    return np.random.default_rng(rng).uniform(-limit, limit, shape).astype(dtype)
