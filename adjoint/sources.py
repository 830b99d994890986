"""Sets of the numbers that a number was computed from, which generated code handles as tangents.

    y_dot = x_dot * np.cos(x)         the set of y is that of x

An array of them is an array of objects, with which NumPy adds, multiplies, slices and sums.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from adjoint import shadows, tree
from adjoint.ir.nodes import Block, Call, Const, walk
from adjoint.rules.tangents import fit_tangent


class Sources:
    """A set of numbers of an argument, as the bits of an integer."""

    __slots__ = ("bits",)

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def union(self, other: Any) -> Sources:
        if isinstance(other, np.ndarray):
            return NotImplemented  # it goes through its items
        return Sources(self.bits | other.bits) if isinstance(other, Sources) else self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = union

    def conjugate(self) -> Sources:
        return self

    __neg__ = __pos__ = conjugate

    @property
    def real(self) -> Sources:
        return self


def begin(x: Any) -> Any:
    """Each number of an argument as the set of itself."""
    if not isinstance(x, np.ndarray):
        return Sources(1)
    sets = np.empty(x.size, object)
    sets[:] = [Sources(1 << i) for i in range(x.size)]
    return sets.reshape(x.shape)


def members(sources: Sources) -> list[int]:
    digits = bin(sources.bits)[:1:-1]
    return [i for i, digit in enumerate(digits) if digit == "1"]


# -- what stands in generated code for functions that make floating numbers ---------------------------


def zeros_like(x: Any) -> Any:
    return np.zeros(np.shape(x), object) if isinstance(x, np.ndarray) else 0.0


def zeros(shape: Any, *dtype: Any, **more: Any) -> np.ndarray:
    return np.zeros(shape, object)


def in_form(dot: Any, x: Any, *where: Any) -> Any:
    """A tangent in the shape of its primal, of which it may lack axes."""
    if not isinstance(x, np.ndarray | tree.Number):
        raise TypeError(f"the sets of a {type(x).__name__} are not known")
    if dot is None:
        return zeros_like(x)
    dot = tree.unbroadcast(dot, np.shape(x)) if np.shape(dot) != np.shape(x) else dot
    return dot if isinstance(x, np.ndarray) or not isinstance(dot, np.ndarray) else dot[()]


def unchanged(dot: Any, *dtype: Any, **more: Any) -> Any:
    return dot


def index_add(a: np.ndarray, index: Any, b: Any) -> np.ndarray:
    """`a[index] += b`, at indices that may repeat. (`np.add.at` loses objects.)"""
    places = np.arange(a.size).reshape(a.shape)[index]
    for place, item in zip(
        np.ravel(places), np.ravel(np.broadcast_to(b, np.shape(places))), strict=True
    ):
        a.flat[place] = a.flat[place] + item
    return a


STAND_INS = {
    tree.zeros_like: zeros_like, np.zeros_like: zeros_like, np.zeros: zeros, tree.instantiate: in_form,
    tree.project: in_form, fit_tangent: in_form, np.ndarray.astype: unchanged,
    tree.index_add: index_add, shadows.add_at: index_add, np.add.at: index_add,
}  # fmt: skip


def on_sources(block: Block) -> None:
    """Let the tangents of a program be sets, in place."""
    for s in walk(block):
        derived = s.origin is not None and s.origin.derived
        if derived and isinstance(s, Call) and isinstance(s.callee, Const):
            stand_in = next((new for old, new in STAND_INS.items() if s.callee.value == old), None)
            if stand_in is not None:
                s.callee = replace(s.callee, value=stand_in) if s.callee.name else Const(stand_in)
