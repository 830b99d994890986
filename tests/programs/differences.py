"""Reference gradients by finite differences, over nested arguments.

A *leaf* is a number or an array of numbers, reached from the tuple of the arguments by a path of
item and attribute accesses. Central differences are extrapolated (Ridders 1982) along every entry
of every leaf, in double precision whatever the leaf's own; the estimate of the error includes the
jump between the left and the right slope, so that a kink at the point itself is noticed too.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Path = tuple[tuple[str, Any], ...]  # (("item", 0), ("item", "W"), ("attribute", "bias"))

LEVELS = 6
WITHOUT_DERIVATIVE = (
    type(None), str, bytes, bool, np.bool_, range, slice, set, frozenset, type,
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, np.ufunc,
)  # fmt: skip


def is_leaf(value: Any) -> bool:
    """Whether `value` is a number or an array of numbers."""
    if isinstance(value, bool | np.bool_):
        return False
    if isinstance(value, int | float | complex | np.number):
        return True
    return isinstance(value, np.ndarray) and value.dtype.kind in "iufc"


def children(value: Any) -> list[tuple[tuple[str, Any], Any]]:
    """The accesses that lead into a container or an object, with what they give."""
    if isinstance(value, tuple | list):
        return [(("item", i), item) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return [(("item", key), item) for key, item in value.items()]
    if isinstance(value, (*WITHOUT_DERIVATIVE, np.ndarray)):
        return []
    return [(("attribute", name), item) for name, item in getattr(value, "__dict__", {}).items()]


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf of `tree` with its path, in order."""
    if is_leaf(tree):
        yield path, tree
        return
    for access, item in children(tree):
        yield from leaves(item, (*path, access))


def replaced(tree: Any, values: dict[Path, Any], path: Path = ()) -> Any:
    """`tree` with the leaves at the paths of `values` replaced; nothing is written into `tree`."""
    if path in values:
        return values[path]
    if is_leaf(tree) or isinstance(tree, WITHOUT_DERIVATIVE):
        return tree
    if not children(tree):
        return copy.copy(tree)
    new = {access[1]: replaced(item, values, (*path, access)) for access, item in children(tree)}
    if isinstance(tree, tuple):
        return type(tree)(*new.values()) if hasattr(tree, "_fields") else tuple(new.values())
    if isinstance(tree, list):
        return list(new.values())
    if isinstance(tree, dict):
        return new
    twin = copy.copy(tree)
    for name, item in new.items():
        object.__setattr__(twin, name, item)  # frozen dataclasses too
    return twin


def access_text(path: Path) -> str:
    """The path as it is written in Python: `[0]["W"].bias`."""
    return "".join(f".{key}" if kind == "attribute" else f"[{key!r}]" for kind, key in path)


def widened(leaf: Any) -> Any:
    """The leaf in double precision; a Python number stays one, and a NumPy scalar too."""
    if isinstance(leaf, int | float) and not isinstance(leaf, np.number):
        return float(leaf)
    if isinstance(leaf, complex) and not isinstance(leaf, np.number):
        return leaf
    array = np.asarray(leaf)
    array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return array if isinstance(leaf, np.ndarray) else array[()]


def moved(leaf: Any, index: tuple[int, ...], by: complex) -> Any:
    """The widened leaf with one entry moved."""
    if not isinstance(leaf, np.ndarray):
        return type(leaf)(leaf + by)
    leaf = leaf.copy()
    leaf[index] += by
    return leaf


@dataclass(frozen=True)
class Differences:
    """`gradient[path]` has the shape of the leaf at `path`; `error[path]` estimates how far off."""

    gradient: dict[Path, Any]
    error: dict[Path, Any]

    def reliable(self, rtol: float = 1e-6, atol: float = 1e-7) -> bool:
        """Whether every entry is finite and its estimated error within the tolerance."""
        return all(
            np.all(np.isfinite(value))
            and np.all(self.error[path] <= atol + rtol * max(1.0, np.max(np.abs(value), initial=0)))
            for path, value in self.gradient.items()
        )

    def agrees(self, other: Differences, rtol: float = 1e-6, atol: float = 1e-7) -> bool:
        return all(
            np.allclose(value, other.gradient[path], rtol=rtol, atol=atol)
            for path, value in self.gradient.items()
        )


def differentiate(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    static: frozenset[int] | set[int] = frozenset(),
    step: float = 1e-2,
) -> Differences:
    """The gradient of the real scalar `function(*arguments)` with respect to every leaf.

    The steps are `step`, `step/2`, ... `step/2**(LEVELS - 1)`, relative to entries larger than 1.
    A complex entry x + iy gets d/dx + i d/dy.
    """
    points = {
        path: widened(leaf)
        for path, leaf in leaves(arguments)
        if path[0][1] not in static  # the first access is the argument's position
    }
    gradient, error = {}, {}
    for path, point in points.items():
        slopes = np.zeros(np.shape(point), dtype=np.asarray(point).dtype)
        errors = np.zeros(np.shape(point))
        for index in np.ndindex(np.shape(point)):
            for unit in (1.0, 1j) if np.iscomplexobj(point) else (1.0,):

                def along(by: float, path=path, point=point, index=index, unit=unit) -> float:
                    values = points | {path: moved(point, index, by * unit)}
                    # a copy, since the function may write into its arguments
                    return value_of(function, copy.deepcopy(replaced(arguments, values)))

                size = float(np.abs(np.asarray(point)[index]))
                slope, wrong = derivative(along, step * max(1.0, size))
                slopes[index] += slope * unit
                errors[index] = max(errors[index], wrong)
        gradient[path] = slopes if isinstance(point, np.ndarray) else slopes[()]
        error[path] = errors
    return Differences(gradient, error)


def value_of(function: Callable[..., Any], arguments: tuple[Any, ...]) -> float:
    """The value as a float; NaN where the function is not defined."""
    try:
        with np.errstate(all="ignore"):
            return float(np.asarray(function(*arguments)).item())
    except (ArithmeticError, np.linalg.LinAlgError):
        return float("nan")
    except ValueError as raised:
        if "math domain" in str(raised) or "expected a" in str(raised):
            return float("nan")
        raise


def derivative(function: Callable[[float], float], step: float) -> tuple[float, float]:
    """The derivative at 0 of a function of one number, and an estimate of its error.

    Neville's table of central differences in h²; of its entries the one is taken that differs least
    from its two parents. One-sided slopes differ by h f''(0) + O(h³) where the function is smooth;
    what is left of that after extrapolation is a kink.
    """
    middle = function(0.0)
    table: list[list[float]] = []
    gaps = []
    best, error = float("nan"), float("inf")
    for level in range(LEVELS):
        h = step / 2**level
        right, left = function(h), function(-h)
        row = [(right - left) / (2 * h)]
        gaps.append((right - 2 * middle + left) / h)
        for order in range(1, level + 1):
            factor = 4.0**order
            row.append((factor * row[-1] - table[-1][order - 1]) / (factor - 1))
            wrong = max(abs(row[order] - row[order - 1]), abs(row[order] - table[-1][order - 1]))
            if wrong < error:  # never true of a NaN
                best, error = row[order], wrong
        table.append(row)
    kink = abs(2 * gaps[-1] - gaps[-2])
    return best, max(error, kink) if np.isfinite(kink) else float("inf")
