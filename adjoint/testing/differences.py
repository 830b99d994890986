"""Derivatives along a direction by central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.testing.leaves import is_floating, leaves, with_leaves

STEP = 2.0**-10


def along(value: Callable[[float], Any], step: float = STEP) -> list[Any]:
    """The derivative at 0 of each real or complex leaf of `value(t)`; None for the other leaves.

    Central differences with the error of second order taken out (Richardson).
    """
    points = [[leaf for _, leaf in leaves(value(t))] for t in (step, -step, step / 2, -step / 2)]
    derivatives = []
    for far, far_back, near, near_back in zip(*points, strict=True):
        if not is_floating(near):
            derivatives.append(None)
            continue
        wide = np.result_type(np.asarray(near).dtype, np.float64)
        far, far_back, near, near_back = (
            np.asarray(p, wide) for p in (far, far_back, near, near_back)
        )
        coarse = (far - far_back) / (2 * step)
        fine = (near - near_back) / step
        derivatives.append((4 * fine - coarse) / 3)
    return derivatives


def moved(value: Any, position: int, v: Any, step: float) -> Any:
    """The value with `step * v` added to its leaf at a position."""
    items = [leaf for _, leaf in leaves(value)]
    leaf = items[position]
    items[position] = (
        np.asarray(leaf + step * v) if isinstance(leaf, np.ndarray) else leaf + step * v
    )
    return with_leaves(value, items)
